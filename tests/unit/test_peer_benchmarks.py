from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers.guard import BOUNDS, NoBounds, bounds_of, exceeded, ratio_of
from benchmarks.peers.kept import KeptRuns, Run, of
from benchmarks.peers.made_market import BARS_A_DAY, MadeMarket, made_market
from benchmarks.peers.page import BEGIN, END, PAGE, NoMarkers, between
from benchmarks.peers.plot import plot
from benchmarks.peers.roster import BARE, OURS, PEERS, peers_named
from benchmarks.peers.rows import ROWS, Row, UnknownName, rows_named
from benchmarks.peers.runs import Bench, Measured, RunFailed
from benchmarks.peers.tables import tables
from services.domain.bars import Frequency

ROOT = Path(__file__).parents[2]
MEASURED = Measured(
    wall_s=2.0, cpu_s=1.5, peak_mib=100.0, version="x 1", sessions=4, orders=3, trades=2, equity=1000.0
)
NAMES = {peer.name: peer for peer in PEERS}
SMALL = Row(symbols=9, years=1, frequency=Frequency.HOURLY, every=1)


@pytest.fixture
def market() -> MadeMarket:
    return made_market(symbols=50, days=100, seed=7)


def test_every_price_of_the_market_is_inside_its_bar_and_its_days_limits(market: MadeMarket):
    assert (market.low <= np.minimum(market.open, market.close)).all()
    assert (market.high >= np.maximum(market.open, market.close)).all()
    assert (market.low >= market.down).all()
    assert (market.high <= market.up).all()


def test_the_limits_are_a_tenth_of_the_previous_close_to_the_cent(market: MadeMarket):
    up = [(int(prev) * 110 + 50) // 100 for prev in market.prev_close[0]]

    assert market.up[0].tolist() == up
    # The close of a day's last bar is what the next day's limits rest on.
    assert (market.prev_close[BARS_A_DAY] == market.close[BARS_A_DAY - 1]).all()


def test_there_are_days_at_both_limits_in_which_nobody_can_trade(market: MadeMarket):
    still = market.high == market.low

    assert (still & (market.close == market.up)).any()
    assert (still & (market.close == market.down)).any()


def test_the_market_is_the_same_every_time_and_another_from_another_seed(market: MadeMarket):
    again, other = made_market(50, 100, seed=7), made_market(50, 100, seed=8)

    assert (again.close == market.close).all()
    assert (other.close != market.close).any()


def test_a_day_is_its_four_bars(market: MadeMarket):
    day = market.by_day()

    assert day.open[0, 0] == market.open[0, 0]
    assert day.close[0, 0] == market.close[3, 0]
    assert day.high[0, 0] == max(market.high[row, 0] for row in range(4))
    assert day.low[0, 0] == min(market.low[row, 0] for row in range(4))
    assert day.volume[0, 0] == sum(market.volume[row, 0] for row in range(4))


def test_a_row_is_asked_for_by_name_or_by_market():
    assert [row.name for row in rows_named(["daily-50-every-20"])] == ["daily-50-every-20"]
    assert {row.market for row in rows_named(["hourly-300"])} == {"hourly-300"}
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert rows_named([]) == ROWS


def test_an_unknown_row_or_peer_is_told_which_there_are():
    with pytest.raises(UnknownName, match="hourly-50-every-1"):
        rows_named(["hourly"])
    with pytest.raises(UnknownName, match="backtrader"):
        peers_named(["backtradr"])


def test_a_peers_home_names_all_that_run_in_it():
    assert [peer.name for peer in peers_named(["rqalpha"])] == ["rqalpha", "rqalpha, own closes"]


def test_every_peer_is_pinned():
    assert all("==" in requirement for peer in PEERS for requirement in peer.requirements[:1])
    assert all(peer.requirements for peer in PEERS if peer.name not in (OURS, BARE))


def runs_of(peer: str, *walls_s: float, row: Row = ROWS[0]) -> list[Run]:
    return [
        Run(row=row.name, peer=peer, round=number, measured=replace(MEASURED, wall_s=wall_s))
        for number, wall_s in enumerate(walls_s)
    ]


def test_the_table_holds_medians_and_the_ratios_to_the_fastest_peer_and_the_bare_loop():
    runs = [*runs_of(OURS, 3.0, 9.0, 2.0), *runs_of(BARE, 0.5), *runs_of("bt", 4.0), *runs_of("vnpy", 2.0)]

    text = tables(runs, ROWS[:1], [NAMES[OURS], NAMES[BARE], NAMES["bt"], NAMES["vnpy"]])

    assert "| kaipan | 3.00 / 1.50 / 100 |" in text
    assert "| 1.50 (vnpy) | 6.0 |" in text


def test_a_peer_that_failed_stands_in_the_table_with_its_error():
    runs = [Run(row=ROWS[0].name, peer="bt", round=0, measured=None, error="No module named 'x'")]

    text = tables(runs, ROWS[:1], [NAMES["bt"]])

    assert "| bt | failed |" in text
    assert "No module named 'x'" in text


def test_the_picture_shows_every_peer_that_came_to_its_end():
    runs = [*runs_of(OURS, 3.0), *runs_of("bt", 4.0)]

    drawn = plot(runs, ROWS[:2], PEERS)

    assert drawn.startswith("<svg")
    assert ">kaipan<" in drawn
    assert ">bt<" in drawn
    assert ">vnpy<" not in drawn


def test_what_was_measured_is_found_again_until_its_version_or_our_code_changes(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(ROOT)
    path = tmp_path / "runs.jsonl"
    (run,) = runs_of("bt", 4.0)
    KeptRuns(path).add(run)
    newer = replace(NAMES["bt"], requirements=("bt==9",))
    of_yesterday = json.dumps(json.loads(path.read_text()) | {"code": "of yesterday"}) + "\n"

    assert of(KeptRuns(path).all(), ROWS[0], NAMES["bt"]) == (run,)
    assert KeptRuns(path, [newer]).all() == ()
    path.write_text(of_yesterday)
    assert KeptRuns(path).all() == ()


def test_the_page_keeps_what_stands_outside_the_markers():
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"

    assert between(page, "new") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"


@pytest.mark.parametrize("page", ["nothing", f"{BEGIN} alone", f"{END} alone"])
def test_a_page_without_its_markers_is_not_written(page: str):
    with pytest.raises(NoMarkers):
        between(page, "new")


def test_the_repositorys_page_has_its_markers():
    assert between((ROOT / PAGE).read_text(encoding="utf-8"), "new")


@pytest.mark.parametrize(
    ("ratio", "too_slow"), [(9.9, False), (10.0, False), (10.1, True), (float("nan"), True)]
)
def test_the_guard_fails_above_the_bound_alone(ratio: float, too_slow: bool):
    assert bool(exceeded({"row": ratio}, {"row": 10.0})) is too_slow


def test_the_guard_fails_for_a_row_that_was_not_measured():
    assert exceeded({}, {"row": 10.0})


def test_the_ratio_is_of_the_least_cpu_times():
    ours = [replace(MEASURED, cpu_s=cpu_s) for cpu_s in (6.0, 4.0)]
    bare = [replace(MEASURED, cpu_s=cpu_s) for cpu_s in (0.5, 2.0)]

    assert ratio_of(ours, bare) == 8.0


def test_there_is_no_ratio_of_two_that_did_not_do_the_same():
    with pytest.raises(NoBounds):
        ratio_of([MEASURED], [replace(MEASURED, trades=3)])


@pytest.mark.parametrize("text", ["{}", '{"hourly-50-every-1": 0}'])
def test_bounds_that_hold_nothing_are_no_bounds(text: str):
    with pytest.raises(NoBounds):
        bounds_of(text)


def test_the_repositorys_bounds_are_of_rows_there_are():
    bounds = bounds_of((ROOT / BOUNDS).read_text(encoding="utf-8"))

    assert {row.name for row in rows_named(tuple(bounds))} == set(bounds)


def test_a_run_that_ends_with_an_error_is_told_by_its_last_line(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(ROOT)
    bench = Bench(build=tmp_path, most_s=60)
    unknown = replace(NAMES[BARE], options=("--moon",))
    bench.prepare(NAMES[BARE], SMALL)

    with pytest.raises(RunFailed, match="--moon"):
        bench.run(unknown, SMALL)


def fills_of_ours(path: Path) -> dict[str, list[tuple[str, int, str]]]:
    """Return every session's fills as (symbol, shares, price), sells negative."""
    found: dict[str, list[tuple[str, int, str]]] = {}
    for text in path.read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        if line["session_id"] is None:
            continue
        fills = found.setdefault(line["session_id"], [])
        action = line["this_action"]
        if action["action"] in ("buy", "sell"):
            signed = action["amount"] if action["action"] == "buy" else -action["amount"]
            fills.append((action["symbol"], signed, line["price"]))
    return found


@pytest.mark.parametrize(
    ("frequency", "rotates"),
    [(Frequency.HOURLY, False), (Frequency.HOURLY, True), (Frequency.DAILY, False)],
)
def test_the_engine_and_a_bare_loop_of_the_same_rules_trade_the_same_to_the_cent(
    tmp_path: Path, monkeypatch, frequency: Frequency, rotates: bool
):
    monkeypatch.chdir(ROOT)
    row = replace(SMALL, frequency=frequency, rotates=rotates)
    bench, done = Bench(build=tmp_path, most_s=120), []

    for peer in (NAMES[OURS], NAMES[BARE]):
        bench.prepare(peer, row)
        done.append(bench.run(peer, row))

    work = tmp_path / "data"
    ours = fills_of_ours(work / f"kaipan-{row.market}/momentum/position/position.jsonl")
    lines = (work / f"bare-loop-{row.market}/audit.jsonl").read_text(encoding="utf-8").splitlines()
    symbols = [f"{600000 + number}.SH" for number in range(row.symbols)]
    bare = [
        [(symbols[column], shares, f"{cents // 100}.{cents % 100:02}") for column, shares, cents in traded]
        for traded in (json.loads(line)["traded"] for line in lines)
    ]
    assert [sorted(fills) for fills in ours.values()] == [sorted(fills) for fills in bare]
    assert sum(map(len, bare)) > 100
    assert done[0].equity == done[1].equity
