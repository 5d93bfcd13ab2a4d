"""`halt` and `lift` end to end, with the real paper run on the demo market."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.domain.inbox import Scope
from services.journal.inbox import INBOX_NAME, Inboxes
from tests.cli.test_recorded_safety import cut_off_after_a_session
from tests.command_line import Ran, call, contents

DEMO = ("--mode", "paper", "--frequency", "hourly", "--demo", "--no-report", "--json")


def say(*arguments: object) -> Ran:
    return call(*arguments, "--why", "to see")


def outcomes(data_dir: Path, account: str = "main") -> set[str]:
    listed = call("sessions", "--data-dir", data_dir, "--account", account, "--json").json["sessions"]
    assert isinstance(listed, list)
    return {one["outcome"] for one in listed}


def halts(data_dir: Path, account: str = "main", command: str = "status") -> list[dict[str, object]]:
    found = call(command, "--data-dir", data_dir, "--account", account, "--json").json["halts"]
    assert isinstance(found, list)
    return found


def whole(data_dir: Path, account: str = "main") -> bool:
    there = ("--data-dir", data_dir, "--account", account)
    return call("verify", *there).code == 0 and call("replay", "all", *there).code == 0


def test_two_accounts_with_one_halt_everywhere_trade_nothing_also_one_that_is_made_later(tmp_path: Path):
    assert say("halt", "--data-dir", tmp_path).code == 0

    for account in ("one", "two"):
        ran = call(*DEMO, "--data-dir", tmp_path, "--account", account)
        assert (ran.code, ran.json["fills"], ran.json["orders"]) == (0, 0, 0)

    assert outcomes(tmp_path, "one") == outcomes(tmp_path, "two") == {"halted"}
    assert whole(tmp_path, "one")
    assert whole(tmp_path, "two")


def test_one_account_halted_half_way_sends_nothing_more_and_the_other_trades(tmp_path: Path):
    folder = cut_off_after_a_session(tmp_path)
    before = len(list(folder.audit.read_text(encoding="utf-8").splitlines()))
    assert before > 1

    assert say("halt", "--account", "main", "--data-dir", tmp_path).code == 0
    ran = call(*DEMO, "--data-dir", tmp_path)
    other = call(*DEMO, "--data-dir", tmp_path, "--account", "other")

    fills = [json.loads(line)["fill_id"] for line in folder.audit.read_text(encoding="utf-8").splitlines()]
    assert ran.code == 0
    assert all(fill is None for fill in fills[before:])
    assert outcomes(tmp_path) == {"done", "halted"}
    assert other.json["fills"] != 0
    assert "halted" not in outcomes(tmp_path, "other")
    assert whole(tmp_path)


def test_lifted_before_it_goes_on_it_trades_as_if_nothing_had_been(tmp_path: Path):
    cut_off_after_a_session(tmp_path)
    say("halt", "--account", "main", "--data-dir", tmp_path)
    lifted = say("lift", "--account", "main", "--data-dir", tmp_path)

    ran = call(*DEMO, "--data-dir", tmp_path)

    assert (lifted.code, ran.code) == (0, 0)
    assert "halted" not in outcomes(tmp_path)
    assert whole(tmp_path)


@pytest.mark.parametrize("command", ["status", "sessions"])
def test_what_is_in_force_is_listed_with_scope_cause_reason_and_the_call_that_lifts_it(
    tmp_path: Path, command: str
):
    call(*DEMO, "--data-dir", tmp_path, "--end", "2026-07-13")
    say("halt", "--data-dir", tmp_path, "--account", "main", "--symbol", "600519.SH")
    say("halt", "--data-dir", tmp_path)

    found = halts(tmp_path, command=command)

    assert [(one["scope"], one["symbol"], one["cause"], one["why"], one["taken"]) for one in found] == [
        ("account", "600519.SH", "person", "to see", False),
        ("everywhere", "", "person", "to see", False),
    ]
    assert all(one["since"] and one["by"] for one in found)
    assert "--account main --symbol 600519.SH" in str(found[0]["lift"])
    assert "--account" not in str(found[1]["lift"])


def test_the_call_that_is_told_lifts_the_halt_it_is_told_for(tmp_path: Path):
    call(*DEMO, "--data-dir", tmp_path, "--end", "2026-07-13")
    say("halt", "--data-dir", tmp_path, "--account", "main", "--symbol", "600519.SH")
    say("halt", "--data-dir", tmp_path)

    for one in halts(tmp_path):
        words = str(one["lift"]).split()
        assert words[0] == "run_live.py"
        assert call(*words[1:-1], "settled").code == 0

    assert halts(tmp_path) == []


def test_a_halt_that_a_run_took_is_told_with_the_runs_own_time(tmp_path: Path):
    say("halt", "--data-dir", tmp_path)
    call(*DEMO, "--data-dir", tmp_path)

    (found,) = halts(tmp_path)
    session = call("sessions", "--data-dir", tmp_path, "--json").json["sessions"][0]["id"]  # type: ignore[index]
    shown = call("show", session, "--data-dir", tmp_path, "--json").json

    assert (found["taken"], str(found["since"])[:10]) == (True, "2026-07-13")
    assert shown["halts_in_force"] == [found]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_person_reads_them_in_both_languages(tmp_path: Path, lang: str):
    call(*DEMO, "--data-dir", tmp_path, "--end", "2026-07-13")
    put = say("halt", "--data-dir", tmp_path, "--symbol", "600519.SH", "--lang", lang)
    session = call("sessions", "--data-dir", tmp_path, "--json").json["sessions"][0]["id"]  # type: ignore[index]

    for command in (("status",), ("sessions",), ("show", session)):
        out = call(*command, "--data-dir", tmp_path, "--lang", lang).out

        assert "600519.SH" in out
        assert "to see" in out
        assert "run_live.py lift" in out
    assert "600519.SH" in put.out


def test_looking_at_halts_changes_no_byte(tmp_path: Path):
    call(*DEMO, "--data-dir", tmp_path, "--end", "2026-07-13")
    say("halt", "--data-dir", tmp_path)
    before = contents(tmp_path)

    for command in ("status", "sessions", "verify"):
        assert call(command, "--data-dir", tmp_path).code == 0

    assert contents(tmp_path) == before


def test_what_was_put_is_one_json_object(tmp_path: Path):
    done = say("halt", "--data-dir", tmp_path, "--json")

    assert done.err == ""
    assert {"command", "scope", "account", "symbol", "why", "by", "at", "seq"} <= done.json.keys()
    assert (done.json["command"], done.json["scope"], done.json["seq"]) == ("halt", "everywhere", 1)


@pytest.mark.parametrize(("arguments", "names"), [
    (("halt", "--why", "x", "--data-dir", "nowhere"), "nowhere"),
    (("halt", "--why", "x", "--account", "nobody"), "nobody"),
    (("halt", "--why", "  "), "--why"),
    (("halt", "--why", "x" * 501), "501"),
    (("halt",), "--why"),
    (("halt", "--why", "x", "--symbol", "600519"), "600519.SH"),
    (("halt", "--why", "x", "--symbol", "600519.SZ"), "600519.SZ"),
    (("halt", "--why", "x", "--account", "../x"), "--account"),
    (("lift", "--why", "x"), "not halted"),
    (("lift", "--why", "x", "--account", "main"), "not halted"),
    (("lift", "--why", "x", "--account", "main", "--symbol", "600519.SH"), "600519.SH"),
    (("lift", "--why", "x", "--account", "nobody"), "nobody"),
])  # fmt: skip
def test_a_mistake_is_one_line_and_puts_nothing(tmp_path: Path, arguments: tuple[str, ...], names: str):
    data = tmp_path / "data"
    call(*DEMO, "--data-dir", data, "--end", "2026-07-13")
    before = contents(tmp_path)
    there = () if "--data-dir" in arguments else ("--data-dir", data)

    done = call(*arguments, *there, "--json")

    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert names in done.err
    assert contents(tmp_path) == before


def test_a_halt_of_all_is_not_lifted_for_one_account(tmp_path: Path):
    call(*DEMO, "--data-dir", tmp_path, "--end", "2026-07-13")
    say("halt", "--data-dir", tmp_path)

    assert say("lift", "--account", "main", "--data-dir", tmp_path).code == 2
    assert say("lift", "--data-dir", tmp_path).code == 0


def test_an_inbox_that_is_damaged_lets_no_run_begin_and_is_named(tmp_path: Path):
    (tmp_path / "main").mkdir()
    (tmp_path / "main" / INBOX_NAME).write_bytes(b"not a database at all, and longer than its header" * 20)

    ran = call(*DEMO, "--data-dir", tmp_path)

    assert (ran.code, len(ran.err.splitlines())) == (3, 1)
    assert INBOX_NAME in ran.err


def test_status_says_that_the_inbox_cannot_be_read(tmp_path: Path):
    call(*DEMO, "--data-dir", tmp_path, "--end", "2026-07-13")
    (tmp_path / "main" / INBOX_NAME).write_bytes(b"not a database at all, and longer than its header" * 20)

    done = call("status", "--data-dir", tmp_path)

    assert done.code == 0
    assert INBOX_NAME in done.out


def test_a_command_from_elsewhere_without_a_moment_is_listed_too(tmp_path: Path):
    call(*DEMO, "--data-dir", tmp_path, "--end", "2026-07-13")
    inboxes = Inboxes(tmp_path / "main" / "journal.sqlite3", "main")
    said = {"why": "no quotes", "by": "quotes_stale", "cause": "alert", "at": "noon"}
    inboxes.put(Scope.HERE, "halt", said)
    inboxes.close()

    (found,) = halts(tmp_path)

    assert (found["cause"], found["by"], found["since"]) == ("alert", "quotes_stale", "")
    assert "quotes_stale" in call("status", "--data-dir", tmp_path).out
