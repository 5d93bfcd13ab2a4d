"""Tight limits on real prices: each acts, is counted and lives again in replay; skipped without prices."""

from __future__ import annotations

import json
from contextlib import closing
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from commands.folders import AccountFolder
from monitor.reading import inline_value, values
from services.domain.events import Opening
from services.domain.orders import OrderTerms, Rule, Side
from services.journal.sql_store import SqlStore
from tests.command_line import call, script

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no real prices beside the checkout")

FILES = {"daily": DATA / "astock-2025" / "daily.jsonl", "hourly": DATA / "astock-2026" / "hourly.jsonl"}
ENDS = {"daily": "2025-11-19", "hourly": "2025-11-28"}
"""The last day of the daily prices, and one of the others on which every limit has acted."""
BANKS = (
    "600036.SH",
    "601166.SH",
    "601288.SH",
    "601328.SH",
    "601398.SH",
    "601658.SH",
    "601939.SH",
    "601988.SH",
)
INSURERS = ("601318.SH", "601601.SH", "601628.SH")
SECTORS = {**dict.fromkeys(BANKS, "bank"), **dict.fromkeys(INSURERS, "insurance")}
EVERY_RESIZE = ["sellable", "lot", "cash", "cap"]

# What a buying mind runs into: the rule, and the configuration that makes it act.
TIGHT: list[tuple[Rule, dict[str, object]]] = [
    (Rule.NOT_ALLOWED, {"allowed_symbols": ["600519.SH", "601318.SH"]}),
    (Rule.PRICE_BAND, {"price_band_bp": 50}),
    (Rule.ORDER_CNY, {"order_value_max": 180000}),
    (Rule.ORDER_COUNT, {"orders_per_session_max": 2}),
    (Rule.ORDER_COUNT, {"orders_per_day_max": 3}),
    (Rule.ORDER_RATE, {"order_ttl_s": 2}),
    (Rule.NOTIONAL, {"session_value_max": 200000}),
    (Rule.NOTIONAL, {"day_value_max": 200000}),
    (Rule.TURNOVER, {"session_turnover_max": 0.2}),
    (Rule.TURNOVER, {"day_turnover_max": 0.2}),
    (Rule.SIZING, {"sizing": "atr", "sizing_bars": 5, "sizing_ratio": 0.1, "sizing_risk_ratio": 0.005}),
    (Rule.SIZING, {"sizing": "equal_weight", "sizing_positions": 10}),
    (Rule.CAPITAL, {"capital_max": 300000}),
    (Rule.POSITION_RATIO, {"max_single_position_ratio": 0.1}),
    (Rule.SECTOR, {"max_sector_ratio": 0.15, "max_unknown_sector_ratio": 0.45, "sectors": SECTORS}),
    (Rule.GROSS_EXPOSURE, {"max_gross_ratio": 0.5}),
    (Rule.CORRELATION, {"max_correlation": 0.5, "correlation_bars": 10}),
    (Rule.VAR, {"max_var_ratio": 0.015, "var_bars": 10}),
    (Rule.CASH_RESERVE, {"min_cash_reserve": 300000}),
]
# And what brings an order down instead, with the limits above.
RESIZED = {Rule.ORDER_CNY, Rule.NOTIONAL, Rule.TURNOVER, Rule.CAPITAL, Rule.POSITION_RATIO, Rule.SECTOR,
           Rule.GROSS_EXPOSURE, Rule.CASH_RESERVE}  # fmt: skip


def ran(
    folder: Path, frequency: str, risk: dict[str, object], agent: str = "rule:momentum"
) -> dict[str, object]:
    """Return the JSON of a backtest with a million, once verified and lived again."""
    folder.mkdir(exist_ok=True)
    config, data_dir = folder / "config.yaml", folder / "data"
    config.write_text(yaml.safe_dump({"risk_control": risk}), encoding="utf-8")
    done = call(
        "--mode", "backtest", "--frequency", frequency, "--prices", FILES[frequency], "--config", config,
        "--start", "2025-10-10", "--end", ENDS[frequency], "--agent", agent, "--cash", "1000000",
        "--data-dir", data_dir, "--no-report", "--json",
    )  # fmt: skip
    assert (done.code, done.err) == (0, "")
    assert call("verify", "--data-dir", data_dir).code == 0
    again = call("replay", "all", "--data-dir", data_dir, "--json").json
    assert (again["identical"], again["differing"]) == (done.json["sessions"], [])
    return done.json


def openings(folder: Path) -> list[tuple[str, Opening]]:
    """Return what each session of a run found, in order."""
    with closing(SqlStore.open_read_only(AccountFolder(folder / "data", "main").journal, "main")) as store:
        found = values(store.events(), (Opening,), inline_value)
        return [(event.session, value) for event, value in found if isinstance(value, Opening)]


def buyers(folder: Path) -> set[str]:
    """Return the sessions from which a buy left."""
    with closing(SqlStore.open_read_only(AccountFolder(folder / "data", "main").journal, "main")) as store:
        found = [value for _, value in values(store.events(), (OrderTerms,), inline_value)]
    return {one.session for one in found if isinstance(one, OrderTerms) and one.side is Side.BUY}


@pytest.mark.parametrize("frequency", FILES)
@pytest.mark.parametrize(("rule", "risk"), TIGHT, ids=[f"{rule}-{next(iter(risk))}" for rule, risk in TIGHT])
def test_every_limit_acts(rule: Rule, risk: dict[str, object], frequency: str, tmp_path: Path):
    found = ran(tmp_path, frequency, risk)

    counts = found["refusals"]
    changes = found["risk"]["changes"]
    assert counts.get(rule, 0) > 0
    assert (changes.get(rule, 0) > 0) is (rule is Rule.SIZING)
    if rule in RESIZED and frequency == "daily":
        resized = ran(tmp_path / "resized", frequency, {**risk, "resize": EVERY_RESIZE})
        assert resized["risk"]["changes"].get(rule, 0) > 0


def test_a_days_loss_stops_the_buys_of_that_day(tmp_path: Path):
    found = ran(tmp_path, "hourly", {"max_daily_loss_ratio": 0.005})

    assert found["refusals"][Rule.DAILY_LOSS] > 0
    bought = buyers(tmp_path)
    for session, opening in openings(tmp_path):
        if opening.equity_cny <= opening.day_equity_cny * Decimal("0.995"):
            assert session not in bought


@pytest.mark.parametrize("frequency", FILES)
def test_a_market_that_falls_or_is_volatile_scales_the_limits(frequency: str, tmp_path: Path):
    state = {"state_trend_bars": 10, "state_volatility_bars": 5, "max_single_position_ratio": 0.21}
    usual = ran(tmp_path / "usual", frequency, state)

    scaled = ran(tmp_path, frequency, {**state, "scale_in_downtrend": 0.5, "scale_when_volatile": 0.5})

    refused = Rule.POSITION_RATIO
    assert scaled["refusals"].get(refused, 0) > usual["refusals"].get(refused, 0)


@pytest.mark.parametrize("frequency", FILES)
def test_a_shadow_run_decides_and_sends_nothing(frequency: str, tmp_path: Path):
    found = ran(tmp_path, frequency, {"shadow": True})

    assert (found["orders"], found["fills"]) == (0, 0)
    assert found["risk"]["shadow_orders"] > 0
    assert found["final_equity"] == found["initial_cash"] == 1000000.0


@pytest.mark.parametrize("frequency", FILES)
def test_losing_sales_in_a_row_halt_the_account(frequency: str, tmp_path: Path):
    found = ran(tmp_path, frequency, {"max_losing_sales": 3})

    (halt,) = found["risk"]["halts"]
    assert (halt["cause"], halt["by"], halt["lifted"]) == ("limit", Rule.LOSING_STREAK, None)
    assert found["refusals"][Rule.HALTED] > 0
    assert found["outcomes"]["halted"] > 0


def fall_below(found: list[tuple[str, Opening]], ratio: Decimal) -> tuple[int, Decimal]:
    """Return the first session that found the account down by the ratio, and the level it fell through."""
    for place, (_, opening) in enumerate(found):
        level = opening.peak_equity_cny * (1 - ratio)
        if not opening.unpriced and opening.equity_cny <= level:
            return place, level
    raise AssertionError("the account never fell so far")


@pytest.mark.parametrize("frequency", FILES)
def test_the_drawdown_is_found_within_one_sessions_move_and_nothing_is_bought_from_then_on(
    frequency: str, tmp_path: Path
):
    found = ran(tmp_path, frequency, {"max_drawdown_ratio": 0.03})

    (halt,) = found["risk"]["halts"]
    assert (halt["cause"], halt["by"]) == ("limit", Rule.DRAWDOWN)
    assert found["refusals"][Rule.HALTED] > 0
    sessions = openings(tmp_path)
    place, level = fall_below(sessions, Decimal("0.03"))
    # The session before was above it still: what is beyond is less than one session's move.
    assert (
        level - sessions[place][1].equity_cny
        < sessions[place - 1][1].equity_cny - sessions[place][1].equity_cny
    )
    assert all(opening.halts for _, opening in sessions[place:])
    assert not any(opening.halts for _, opening in sessions[:place])
    assert not buyers(tmp_path) & {session for session, _ in sessions[place:]}


@pytest.mark.parametrize(
    ("frequency", "beside"),
    [
        ("daily", {}),
        ("hourly", {}),
        # Halted by its losing sales before it is down so far: the drawdown sells out all the same.
        ("hourly", {"max_losing_sales": 3, "max_drawdown_ratio": 0.05}),
    ],
)
def test_where_the_drawdown_sells_everything_equity_goes_no_further_below_than_one_sessions_move(
    tmp_path: Path, frequency: str, beside: dict[str, object]
):
    limits = {"max_drawdown_ratio": 0.03, "exit_on_drawdown": True, **beside}
    ratio = Decimal(str(limits["max_drawdown_ratio"]))

    found = ran(tmp_path, frequency, limits)

    sessions = [opening for _, opening in openings(tmp_path)]
    by = [halt["by"] for halt in found["risk"]["halts"]]
    assert by == [*([Rule.LOSING_STREAK] if beside else []), Rule.DRAWDOWN]
    place, level = fall_below(openings(tmp_path), ratio)
    moves = [before.equity_cny - after.equity_cny for before, after in pairwise(sessions)]
    assert level - min(one.equity_cny for one in sessions[place:]) <= max(moves)
    assert found["positions"] == {}


S, B = "601398.SH", "600036.SH"
Wish = dict[str, object]


def wish(side: str, symbol: str = S, shares: int | None = None, **more: object) -> Wish:
    size = {} if shares is None else {"shares": shares}
    return {"symbol": symbol, "side": side, "limit_price": None, "reason": "on purpose", **size, **more}


def said(*wishes: Wish) -> str:
    return json.dumps({"rationale": "as written", "orders": list(wishes)})


# 601398.SH opened at 7.29 on 2025-10-10 and stays near it; its day's limits lie 10 % from the last close.
DAILY: list[tuple[str, dict[Rule, int]]] = [
    (said(wish("buy", shares=1000)), {}),
    (said(wish("buy", shares=150)), {Rule.BOARD_LOT: 1}),
    (said(wish("buy", target_weight="0.00001")), {Rule.SIZE: 1}),
    (said(wish("buy", shares=100, limit_price="7.001")), {Rule.TICK: 1}),
    (said(wish("buy", shares=100, limit_price="20.00")), {Rule.PRICE_LIMIT: 1}),
    (said(wish("buy", shares=100, limit_price="7.90")), {Rule.CAGE: 1}),
    (said(wish("buy", shares=1_000_100)), {Rule.ORDER_MAX: 1}),
    (said(wish("buy", shares=900_000)), {Rule.CASH: 1}),
    (said(wish("buy", shares=100), wish("sell", shares=100)), {Rule.CONTRADICTORY: 2}),
    (said(wish("buy", shares=100), wish("buy", shares=200)), {Rule.DUPLICATE: 1}),
    (said(wish("sell", shares=50_000), wish("sell", B, 100)), {Rule.POSITION: 2}),
]
# Sessions at 10:35, 11:35, 14:05 and 15:05.
HOURLY: list[tuple[str, dict[Rule, int]]] = [
    (said(wish("buy", shares=1000)), {}),
    (said(wish("sell", shares=1000)), {Rule.T_PLUS_1: 1}),
    (said(wish("buy", shares=150)), {Rule.BOARD_LOT: 1}),
    (said(wish("buy", shares=100)), {Rule.PHASE: 1}),  # After hours was not for the main board yet.
    (said(wish("buy", shares=100, limit_price="7.90")), {Rule.CAGE: 1}),
    (said(wish("buy", shares=100, limit_price="20.00")), {Rule.PRICE_LIMIT: 1}),
    (said(wish("sell", B, 100)), {Rule.POSITION: 1}),
]


@pytest.mark.parametrize(("frequency", "steps"), [("daily", DAILY), ("hourly", HOURLY)])
def test_what_a_rule_never_asks_is_refused_by_name(
    frequency: str, steps: list[tuple[str, dict[Rule, int]]], tmp_path: Path
):
    expected: dict[str, int] = {}
    for _, counts in steps:
        for rule, count in counts.items():
            expected[rule] = expected.get(rule, 0) + count

    found = ran(tmp_path, frequency, {}, script(tmp_path / "script.jsonl", [text for text, _ in steps]))

    assert found["refusals"] == expected


def test_what_is_nearly_right_is_brought_down_by_name(tmp_path: Path):
    steps = [
        said(wish("buy", shares=1050)),  # 1000: a lot
        said(wish("sell", shares=5000)),  # 1000 are held, none may be sold today
        *[said()] * 2,
        said(wish("sell", shares=5000)),  # 1000
        said(),
        said(wish("buy", shares=500_000)),  # what a million pays
    ]

    found = ran(tmp_path, "hourly", {"resize": EVERY_RESIZE}, script(tmp_path / "script.jsonl", steps))

    assert found["risk"]["changes"] == {Rule.BOARD_LOT: 1, Rule.POSITION: 1, Rule.CASH: 1}
    assert found["refusals"] == {Rule.T_PLUS_1: 1}
