"""The contract of the command line: calls, exit codes, and the fields of each JSON object."""

from __future__ import annotations

import json
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from tests.command_line import (
    COMMANDS,
    ROOT,
    Ran,
    answer,
    call,
    call_process,
    four_days,
    order,
    script,
    trail,
)

PERIOD = ("--frequency", "daily", "--start", "2025-10-10", "--end", "2025-10-14")
# Friday buys 100, Monday sells them, Tuesday asks for half a lot.
ANSWERS = (answer(order("buy", 100)), answer(order("sell", 100)), answer(order("buy", 50)))


@pytest.fixture(scope="module", params=["backtest", "paper"])
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, Ran]:
    """One run in each mode, its data folder, and what it printed; read only."""
    folder = tmp_path_factory.mktemp("contract")
    agent = script(folder / "answers.jsonl", ANSWERS)
    data_dir = folder / "data"
    done = call(
        "--mode", request.param, *PERIOD, "--prices", four_days(folder), "--agent", agent,
        "--data-dir", data_dir, "--json",
    )  # fmt: skip
    assert (done.code, done.err) == (0, "")
    return request.param, data_dir, done


def first_session(data_dir: Path) -> str:
    listed = call("sessions", "--data-dir", data_dir, "--json").json["sessions"]
    assert isinstance(listed, list)
    return str(listed[0]["id"])


def test_a_run_prints_what_it_came_to(ran: tuple[str, Path, Ran]):
    mode, data_dir, done = ran

    found = done.json

    assert (found["mode"], found["frequency"], found["account"]) == (mode, "daily", "main")
    assert isinstance(found["run_id"], str)
    assert (found["sessions"], found["completed"], found["no_trade"]) == (3, 2, 1)
    assert (found["orders"], found["fills"], found["refusals"]) == (2, 2, {"board_lot": 1})
    # 100000.00 - 1000.00 - 5.00 - 0.01, then + 1000.00 - 5.00 - 0.50 - 0.01: commission is 0.25, its
    # minimum 5.00; transfer fee 0.001% each way; stamp duty 0.05% of the sell.
    assert (found["initial_cash"], found["final_cash"], found["final_equity"]) == (
        100000.0,
        99989.48,
        99989.48,
    )
    fees = found["fees"]
    assert isinstance(fees, dict)
    assert (fees["commission"], fees["stamp_duty"], fees["transfer_fee"], fees["total"]) == (
        10.0, 0.5, 0.02, 10.52,
    )  # fmt: skip
    assert found["return"] == pytest.approx(-0.0001052)
    assert {"max_drawdown", "sharpe"} <= found.keys()
    assert found["positions"] == {}
    for name, file in (
        ("journal", "journal.sqlite3"), ("audit", "position/position.jsonl"), ("report", "report.html"),
    ):  # fmt: skip
        assert found[name] == str(data_dir / "main" / file)
        assert Path(str(found[name])).is_file()
    assert isinstance(found["elapsed_s"], float)


def test_a_run_prints_the_defaults_it_traded_under(ran: tuple[str, Path, Ran]):
    found = ran[2].json

    assert found["defaults"] == {
        "cash": 100000.0,
        "commission_rate": 0.00025,
        "commission_min": 5.0,
        "commission_all_in": True,
        "slippage_bp": 0.0,
        "slippage_ticks": 0,
        "volume_cap_ratio": 0.25,
        "dividend_tax": True,
    }
    assert found["watchlist"] == ["600000.SH"]


def test_the_demo_starts_with_ten_times_the_cash_on_prices_marked_as_made_up():
    found = call("--demo", "--mode", "backtest", "--data-dir", "data", "--no-report", "--json").json

    assert (found["frequency"], found["initial_cash"], found["synthetic"]) == ("hourly", 1000000.0, True)
    assert (found["sessions"], found["report"]) == (20, None)  # Five days of four slots.


def test_cash_is_what_the_option_says_also_in_the_demo():
    found = call("--demo", "--mode", "backtest", "--cash", "5000.00", "--data-dir", "data", "--json").json

    assert found["initial_cash"] == 5000.0


def test_backtest_and_paper_leave_the_same_audit_lines_but_for_their_names(tmp_path: Path):
    prices, agent = four_days(tmp_path), script(tmp_path / "answers.jsonl", ANSWERS)
    for mode in ("backtest", "paper"):
        call("--mode", mode, *PERIOD, "--prices", prices, "--agent", agent, "--data-dir", mode, "--no-report")

    names = {"mode", "session_id", "order_id", "fill_id", "prev", "hash"}
    backtest, paper = (
        [{key: line[key] for key in line if key not in names} for line in trail(tmp_path / mode)]
        for mode in ("backtest", "paper")
    )

    assert len(backtest) == 4  # The opening balance, two fills, a session without a trade.
    assert backtest == paper


def test_sessions_lists_each_with_its_outcome(ran: tuple[str, Path, Ran]):
    found = call("sessions", "--data-dir", ran[1], "--json").json["sessions"]

    assert isinstance(found, list)
    assert all(set(one) == {"id", "date", "slot", "outcome", "orders", "fills"} for one in found)
    assert [(one["date"], one["slot"], one["outcome"], one["orders"], one["fills"]) for one in found] == [
        ("2025-10-10", "09:35", "done", 1, 1),
        ("2025-10-13", "09:35", "done", 1, 1),
        ("2025-10-14", "09:35", "no_trade", 0, 0),
    ]


def test_verify_counts_what_it_looked_at(ran: tuple[str, Path, Ran]):
    done = call("verify", "--data-dir", ran[1], "--json")

    assert done.code == 0
    assert set(done.json) == {"ok", "events", "audit_lines", "problems", "say_do", "last_hash"}
    assert (done.json["ok"], done.json["audit_lines"], done.json["problems"]) == (True, 4, [])


def test_verify_exits_1_and_names_the_line_that_was_changed(ran: tuple[str, Path, Ran], tmp_path: Path):
    copy = tmp_path / "copy"
    for path in (one for one in ran[1].rglob("*") if one.is_file()):
        target = copy / path.relative_to(ran[1])
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    audit = copy / "main" / "position" / "position.jsonl"
    audit.write_bytes(audit.read_bytes().replace(b"sell it", b"keep it"))

    done = call("verify", "--data-dir", copy, "--json")

    assert (done.code, done.json["ok"]) == (1, False)
    assert "2" in json.dumps(done.json["problems"])


@pytest.mark.parametrize("how", ["replay", "--session"])
def test_a_session_replays_identical(ran: tuple[str, Path, Ran], how: str):
    session = first_session(ran[1])
    way = ("replay", session) if how == "replay" else ("--mode", "backtest", "--session", session)

    done = call(*way, "--data-dir", ran[1], "--json")

    assert done.code == 0
    assert {"session", "identical", "events", "first_difference"} <= done.json.keys()
    assert (done.json["session"], done.json["identical"]) == (session, True)
    assert done.json["first_difference"] is None


def test_all_sessions_replay_identical(ran: tuple[str, Path, Ran]):
    found = call("replay", "all", "--data-dir", ran[1], "--json").json

    assert found == {"sessions": 3, "identical": 3, "differing": []}


def test_another_mind_in_its_place_shows_what_would_differ(ran: tuple[str, Path, Ran]):
    done = call("replay", first_session(ran[1]), "--agent", "rule:hold", "--data-dir", ran[1], "--json")

    assert done.code == 0
    recorded, other = done.json["recorded"], done.json["other"]
    assert isinstance(recorded, dict)
    assert isinstance(other, dict)
    assert (len(recorded["fills"]), other["agent"], other["fills"]) == (1, "rule:hold", [])


def test_a_buy_that_waits_for_the_proceeds_of_sells_is_shown_as_one_order(tmp_path: Path):
    # On Tuesday's first slot of the demo week two leave the top; one enters it, bought with what they bring.
    days = ("--frequency", "hourly", "--start", "2026-07-13", "--end", "2026-07-14", "--no-report")
    assert call("--mode", "backtest", "--demo", *days, "--data-dir", tmp_path).code == 0
    listed = call("sessions", "--data-dir", tmp_path, "--json").json["sessions"]
    assert isinstance(listed, list)

    done = call("replay", listed[4]["id"], "--agent", "rule:hold", "--data-dir", tmp_path, "--json")

    shown = call("show", listed[4]["id"], "--data-dir", tmp_path).out
    # Judged twice, it uses each limit once: the most of both times.
    assert [shown.count(f"orders_per_{span}_max: ") for span in ("session", "day")] == [1, 1]
    recorded = done.json["recorded"]
    assert isinstance(recorded, dict)
    assert [one.split()[0] for one in recorded["decision"]] == ["sell", "sell", "buy"]
    assert [one.split()[0] for one in recorded["orders"]] == ["sell", "sell", "buy"]


def test_show_holds_everything_of_a_session(ran: tuple[str, Path, Ran]):
    found = call("show", first_session(ran[1]), "--data-dir", ran[1], "--json").json

    assert {"statement", "decision", "verdicts", "orders", "fills", "refusals", "reason"} <= found.keys()
    assert (found["slot"], found["outcome"]) == ("09:35", "done")


def test_status_tells_what_is_held_and_that_the_run_is_over(ran: tuple[str, Path, Ran]):
    found = call("status", "--data-dir", ran[1], "--json").json

    assert (found["state"], found["next_slot"], found["final_cash"]) == ("finished", None, 99989.48)


def test_report_is_written_where_it_is_asked_for(ran: tuple[str, Path, Ran], tmp_path: Path):
    page = tmp_path / "elsewhere" / "page.html"
    page.parent.mkdir()

    done = call("report", "--out", page, "--start", "20251013", "--data-dir", ran[1], "--json")

    assert (done.code, done.json["report"]) == (0, str(page))
    assert page.read_text(encoding="utf-8").startswith("<!")


def test_a_report_is_not_written_where_there_is_no_folder(ran: tuple[str, Path, Ran], tmp_path: Path):
    page = tmp_path / "mistyped" / "page.html"

    done = call("report", "--out", page, "--data-dir", ran[1])

    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert str(page) in done.err
    assert not page.parent.exists()


def test_looking_changes_no_byte(ran: tuple[str, Path, Ran]):
    session = first_session(ran[1])
    before = {path: path.stat().st_mtime_ns for path in ran[1].rglob("*")}

    for command in (("status",), ("sessions",), ("show", session), ("replay", session), ("verify",)):
        assert call(*command, "--data-dir", ran[1]).code == 0

    assert {path: path.stat().st_mtime_ns for path in ran[1].rglob("*")} == before


def test_dates_are_taken_with_and_without_hyphens(tmp_path: Path):
    prices = four_days(tmp_path)

    one, other = (
        call("--mode", "backtest", "--prices", prices, "--start", start, "--end", end, "--data-dir", start,
             "--no-report", "--json").json["run_id"]
        for start, end in (("2025-10-10", "2025-10-14"), ("20251010", "20251014"))
    )  # fmt: skip

    assert one == other


def test_a_backtest_begun_again_changes_no_byte_and_exits_0(ran: tuple[str, Path, Ran], tmp_path: Path):
    mode, data_dir, done = ran
    prices = four_days(tmp_path)
    agent = f"scripted:{data_dir.parent / 'answers.jsonl'}"
    before = {path: path.stat().st_mtime_ns for path in data_dir.rglob("*") if path.is_file()}

    again = call(
        "--mode", mode, *PERIOD, "--prices", prices, "--agent", agent, "--data-dir", data_dir, "--json"
    )

    assert again.code == 0
    assert {**again.json, "elapsed_s": 0} == {**done.json, "elapsed_s": 0}
    assert {path: path.stat().st_mtime_ns for path in data_dir.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(("arguments", "code", "names"), [
    (("--mode", "swing"), 2, "--mode"),
    (("--frequency", "weekly"), 2, "--frequency"),
    (("--market", "hk"), 2, "--market"),
    (("--lang", "fr"), 2, "--lang"),
    (("--cash", "much"), 2, "--cash"),
    (("--account", "../x"), 2, "--account"),
    (("--agent", "oracle"), 2, "--agent"),
    (("--demo", "--agent", "rule:oracle"), 2, "oracle"),
    (("--demo", "--agent", "llm:oracle"), 2, "oracle"),
    (("--demo", "--agent", "scripted:oracle.jsonl"), 2, "oracle.jsonl"),
    (("--demo", "--prices", "x.csv"), 2, "--prices"),
    (("--demo", "--once"), 2, "--once"),
    (("--demo", "--market", "us"), 2, "--market"),
    (("--mode", "backtest"), 2, "--prices"),
    (("--start", "2025-10-10"), 2, "--start"),
    (("--mode", "paper", "--session", "x"), 2, "--session"),
    (("--start", "tomorrow"), 2, "--start"),
    (("--moon",), 2, "--moon"),
    (("moon",), 2, "moon"),
    (("show",), 2, "ID"),
    (("status",), 2, "--data-dir"),
    (("sessions",), 2, "--data-dir"),
    (("verify",), 2, "--data-dir"),
    (("report",), 2, "--data-dir"),
    (("show", "x"), 2, "--data-dir"),
    (("replay", "x"), 2, "--data-dir"),
])  # fmt: skip
def test_a_wrong_call_is_one_line_and_its_exit_code(
    arguments: tuple[str, ...], code: int, names: str, tmp_path: Path
):
    done = call(*arguments, "--json")

    assert done.code == code
    assert len(done.err.splitlines()) == 1
    assert names in done.err
    assert done.json == {"error": done.err.rstrip("\n"), "exit_code": code}
    assert list(tmp_path.iterdir()) == []


def test_a_session_that_is_not_there_is_named(ran: tuple[str, Path, Ran]):
    for command in ("show", "replay"):
        done = call(command, "20300101-0935-main-nothing", "--data-dir", ran[1])

        assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
        assert "20300101-0935-main-nothing" in done.err


@pytest.mark.parametrize("command", ["show", "replay"])
def test_a_session_is_named_by_a_beginning_of_its_id_or_as_the_latest(
    command: str, ran: tuple[str, Path, Ran]
):
    listed = call("sessions", "--data-dir", ran[1], "--json").json["sessions"]
    assert isinstance(listed, list)
    first, last = listed[0]["id"], listed[-1]["id"]
    assert first[:8] != listed[1]["id"][:8]

    shown = [call(command, one, "--data-dir", ran[1], "--json") for one in (first[:8], first, "latest", last)]

    assert [one.code for one in shown] == [0, 0, 0, 0]
    assert (shown[0].json, shown[2].json) == (shown[1].json, shown[3].json)
    several = call(command, first[:4], "--data-dir", ran[1])
    assert (several.code, several.out, len(several.err.splitlines())) == (2, "", 1)
    assert first in several.err
    assert last in several.err


def test_in_a_process_of_its_own_stdout_is_the_json_and_stderr_is_empty(tmp_path: Path):
    done = call_process(
        "--mode", "backtest", *PERIOD, "--prices", four_days(tmp_path),
        "--data-dir", tmp_path / "data", "--json",
    )  # fmt: skip

    assert (done.code, done.err) == (0, "")
    assert done.json["sessions"] == 3


def test_the_console_script_is_there():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]

    module, _, name = scripts["kaipan"].partition(":")

    assert callable(getattr(import_module(module), name))
    assert len(COMMANDS) == 7
