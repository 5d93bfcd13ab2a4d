"""The rules that any model is compared with, run as a user runs them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from commands.rule_minds import rule_of
from services.ports import AgentFault
from services.settings_file import load_settings
from tests.command_line import DAYS as PRICED
from tests.command_line import bar, call, table, trail
from tests.unit.agents_market import Setting, answer_of, panel_of

DATA = Path(__file__).parents[3] / "shared" / "data"
real = pytest.mark.skipif(not DATA.is_dir(), reason="no real prices beside the checkout")
A, B = "600000.SH", "600004.SH"

RULES = [
    "momentum",
    "buy_and_hold",
    "equal_weight:every=4",
    "mean_reversion:lookback=10",
    "random:seed=3,every=4",
    "signals",
    "signals:rsi=1,bollinger=1,macd=0.5,atr=0.1,volatility=0.1,volume=0.1,ema=-0.2,buy=0.6,sell=-0.1",
]


def require_t_plus_1(data_dir: Path) -> int:
    """Return the fills; after every sell all that was bought that day must still be there."""
    bought: dict[str, int] = {}
    day, fills = "", 0
    for line in trail(data_dir)[1:]:
        action, positions = line["this_action"], line["positions"]
        assert isinstance(action, dict)
        assert isinstance(positions, dict)
        if str(line["date"])[:10] != day:
            day, bought = str(line["date"])[:10], {}
        if action["action"] == "buy":
            bought[action["symbol"]] = bought.get(action["symbol"], 0) + action["amount"]
        if action["action"] == "sell":
            assert positions.get(action["symbol"], 0) >= bought.get(action["symbol"], 0)
        fills += action["action"] in ("buy", "sell")
    return fills


def require_whole(data_dir: Path) -> None:
    assert call("verify", "--data-dir", data_dir).code == 0
    assert call("replay", "all", "--data-dir", data_dir, "--json").json["differing"] == []


@pytest.mark.parametrize("rule", [*RULES, "hold"])
def test_every_rule_runs_on_the_demo_verifies_and_replays(rule: str, tmp_path: Path):
    done = call("--demo", "--agent", f"rule:{rule}", "--data-dir", tmp_path, "--no-report", "--json")

    assert (done.code, done.err) == (0, "")
    assert done.json["sessions"] == 20
    assert "bad_answer" not in str(done.json["outcomes"])
    fills = require_t_plus_1(tmp_path)
    assert fills == done.json["fills"]
    assert (fills > 0) is (rule != "hold")
    require_whole(tmp_path)


@real
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("year", "frequency", "start", "end"), [
    (2025, "daily", "2025-10-10", "2025-11-19"),
    (2026, "hourly", "2026-01-05", "2026-01-26"),  # With 688012's halt and 600028's limit-up open.
])  # fmt: skip
def test_every_rule_runs_on_real_prices_verifies_and_replays(
    rule: str, year: int, frequency: str, start: str, end: str, tmp_path: Path
):
    done = call(
        "--mode", "backtest", "--frequency", frequency, "--agent", f"rule:{rule}", "--data-dir", tmp_path,
        "--prices", DATA / f"astock-{year}" / f"{frequency}.jsonl", "--start", start, "--end", end,
        "--no-report", "--json",
    )  # fmt: skip

    assert (done.code, done.err) == (0, "")
    refusals = done.json["refusals"]
    assert isinstance(refusals, dict)
    # A market may refuse what was well asked; its form may not be the reason.
    assert refusals.keys() <= {"cash", "limit_up", "limit_down", "drift"}
    assert require_t_plus_1(tmp_path) == done.json["fills"]
    require_whole(tmp_path)


def prices(folder: Path) -> Path:
    return table(folder / "prices.csv", [bar(one, day) for one in (A, B) for day in PRICED])


def with_scores(folder: Path, text: str, data_dir: str = "data") -> list[object]:
    (folder / "scores.csv").write_text(f"date,symbol,score\n{text}", encoding="utf-8")
    agent = f"rule:signals:file={folder / 'scores.csv'},buy=0.6,top=1"
    return [
        "--mode", "backtest", "--frequency", "daily", "--prices", prices(folder), "--no-report", "--json",
        "--agent", agent, "--data-dir", folder / data_dir,
    ]  # fmt: skip


def test_scores_are_traded_from_the_session_after_their_date(tmp_path: Path):
    # Thursday's score is bought on Friday, Friday's is sold on Monday.
    done = call(*with_scores(tmp_path, f"2025-10-09,{A},0.7\n2025-10-10,{A},-1\n"))

    assert done.code == 0
    acts = [
        (str(line["date"])[:10], line["this_action"]["action"])  # type: ignore[index]
        for line in trail(tmp_path / "data")[1:]
    ]
    assert [act for act in acts if act[1] != "no_trade"] == [("2025-10-10", "buy"), ("2025-10-13", "sell")]


def test_a_run_on_scores_replays_from_its_data_folder_alone(tmp_path: Path):
    call(*with_scores(tmp_path, f"2025-10-09,{A},0.7\n2025-10-10,{A},-1\n"))
    (tmp_path / "scores.csv").unlink()
    (tmp_path / "prices.csv").unlink()

    require_whole(tmp_path / "data")
    session = call("sessions", "--data-dir", tmp_path / "data", "--json").json["sessions"]
    assert isinstance(session, list)
    shown = call("show", session[1]["id"], "--data-dir", tmp_path / "data", "--json")
    assert shown.code == 0


def test_another_content_of_the_score_file_is_another_run(tmp_path: Path):
    first = call(*with_scores(tmp_path, f"2025-10-09,{A},0.7\n")).json["run_id"]
    again = call(*with_scores(tmp_path, f"2025-10-09,{A},0.7\n")).json["run_id"]
    refused = call(*with_scores(tmp_path, f"2025-10-09,{A},0.8\n"))

    assert first == again
    assert refused.code == 2
    assert "holds another run" in refused.err
    assert call(*with_scores(tmp_path, f"2025-10-09,{A},0.8\n", "other")).json["run_id"] != first


@pytest.mark.parametrize(
    ("agent", "named"),
    [
        ("rule:signals:file=none.csv", "none.csv"),
        ("rule:signals:moon=1", "moon"),
        ("rule:equal_weight:lookback=3", "lookback"),
        ("rule:random:seed=-1", "seed=-1"),
        ("rule:hold_on", "buy_and_hold"),
    ],
)
def test_a_rule_that_cannot_be_is_one_line(agent: str, named: str, tmp_path: Path):
    refused = call("--demo", "--agent", agent, "--data-dir", tmp_path / "data")

    assert refused.code == 2
    assert named in refused.err
    assert refused.err.count("\n") == 1
    assert not (tmp_path / "data").exists()


def test_a_bad_score_is_one_line_naming_file_and_line(tmp_path: Path):
    refused = call(*with_scores(tmp_path, f"2025-10-09,{A},high\n"))

    assert refused.code == 2
    assert f"{tmp_path / 'scores.csv'}: line 2: " in refused.err


def test_the_configuration_weighs_what_a_specification_does_not(tmp_path: Path):
    (tmp_path / "scores.csv").write_text(f"date,symbol,score\n2025-10-09,{B},3\n", encoding="utf-8")
    config = tmp_path / "config.yaml"
    config.write_text(
        "agent_type: rule:signals\n"
        "agent_config:\n"
        "  signals:\n"
        "    weights: {score: 0.5}\n"
        "    buy: 1.5\n"
        "    top: 1\n"
        f"    score_file: {tmp_path / 'scores.csv'}\n",
        encoding="utf-8",
    )
    done = call(
        "--config", config, "--mode", "backtest", "--frequency", "daily", "--prices", prices(tmp_path),
        "--no-report", "--json", "--data-dir", tmp_path / "data",
    )  # fmt: skip

    assert done.json["agent"] == "rule:signals:score=0.5,buy=1.5,top=1,file=scores.csv"
    assert done.json["fills"] == 1
    config.write_text(config.read_text(encoding="utf-8").replace("score: 0.5", "moon: 0.5"), encoding="utf-8")
    refused = call("--config", config, "--demo", "--data-dir", tmp_path / "other")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "moon" in refused.err


def test_on_live_prices_the_file_is_read_again_in_every_session(tmp_path: Path):
    path = tmp_path / "scores.csv"
    path.write_text(f"date,symbol,score\n2025-10-09,{A},0.7\n", encoding="utf-8")
    settings = load_settings(None, overrides={}, environment={}, dotenv=None)
    spec = f"signals:file={path},buy=0.6"
    live, _ = rule_of(spec, settings, live=True)
    pinned, digest = rule_of(spec, settings, live=False)
    briefing = Setting(panel=panel_of({A: [10.0, 10.0], B: [10.0, 10.0]})).brief()
    before = answer_of(pinned, briefing).text
    assert answer_of(live, briefing).text == before

    path.write_text(f"date,symbol,score\n2025-10-09,{B},0.7\n", encoding="utf-8")

    assert B in answer_of(live, briefing).text
    assert answer_of(pinned, briefing).text == before
    assert digest
    path.write_text("date,symbol\n", encoding="utf-8")
    with pytest.raises(AgentFault, match="line 1"):
        asyncio.run(live.decide(briefing))
