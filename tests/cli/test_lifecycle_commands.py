"""`pause`, `resume`, `stop`, `start`, `list` and `status` on accounts with and without a process."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from commands.account_list import list_accounts
from commands.failures import Exit
from commands.lifecycle import say
from commands.screen import Screen
from commands.taking import Patience
from commands.views import status
from services.clock import SystemClock
from services.domain.inbox import LifeWord, Scope
from services.domain.vitals import LifeState, Vitals
from services.journal.account_lock import AccountLock
from services.settings import Settings
from services.vitals_file import VITALS_NAME, write_vitals
from tests.cli.test_recorded_safety import cut_off_after_a_session
from tests.command_line import Ran, call, contents, four_days
from tests.unit.staying_up import Process, settings_in, ticks

DEMO = ("--mode", "paper", "--frequency", "hourly", "--demo", "--no-report", "--json")


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("commands.ticking.INBOX_LOOK_S", 0.01)


def accounts(done: Ran) -> list[dict[str, Any]]:
    found = done.json["accounts"]
    assert isinstance(found, list)
    return found


def outcomes(data_dir: Path, account: str = "main") -> list[str]:
    listed = call("sessions", "--data-dir", data_dir, "--account", account, "--json").json["sessions"]
    assert isinstance(listed, list)
    return [one["outcome"] for one in listed]


# Where no process runs.


def test_a_pause_waits_for_the_next_process_which_begins_nothing(tmp_path: Path):
    cut_off_after_a_session(tmp_path)

    put = call("pause", "--why", "lunch", "--data-dir", tmp_path, "--json")
    ran = call(*DEMO, "--data-dir", tmp_path)

    assert (put.code, [one["outcome"] for one in accounts(put)]) == (0, ["waits"])
    assert (put.json["command"], put.json["why"]) == ("pause", "lunch")
    assert ran.code == 0
    assert outcomes(tmp_path)[1:] == ["missed"] * 19
    assert call("verify", "--data-dir", tmp_path).code == 0
    assert call("replay", "all", "--data-dir", tmp_path).code == 0


def test_resumed_before_anybody_took_the_pause_it_runs_as_if_nothing_had_been(tmp_path: Path):
    cut_off_after_a_session(tmp_path)
    call("pause", "--data-dir", tmp_path)

    resumed = call("resume", "--data-dir", tmp_path, "--json")
    call(*DEMO, "--data-dir", tmp_path)

    assert (resumed.code, accounts(resumed)[0]["outcome"]) == (0, "waits")
    assert "missed" not in outcomes(tmp_path)


def test_what_is_so_already_changes_nothing(tmp_path: Path):
    cut_off_after_a_session(tmp_path)
    call("pause", "--data-dir", tmp_path)
    before = contents(tmp_path)

    assert accounts(call("pause", "--data-dir", tmp_path, "--json"))[0]["outcome"] == "already"
    assert accounts(call("stop", "--data-dir", tmp_path, "--json"))[0]["outcome"] == "already"
    assert contents(tmp_path) == before


def test_all_is_every_account_of_the_folder(tmp_path: Path):
    for account in ("one", "two"):
        call(*DEMO, "--data-dir", tmp_path, "--account", account, "--end", "2026-07-13")

    done = call("pause", "--all", "--data-dir", tmp_path, "--json")

    told = [(one["account"], one["outcome"]) for one in accounts(done)]
    assert told == [("one", "failed"), ("two", "failed")]
    assert done.code == 3  # Both runs are finished: there is nothing to pause.


@pytest.mark.parametrize(("arguments", "names"), [
    (("pause", "--account", "nobody"), "nobody"),
    (("pause", "--all", "--account", "main"), "--all"),
    (("stop", "--data-dir", "nowhere"), "nowhere"),
    (("resume", "--why", "x" * 501), "--why"),
    (("list", "--data-dir", "nowhere"), "nowhere"),
    (("up", "nowhere.yaml"), "nowhere.yaml"),
])  # fmt: skip
def test_a_mistake_is_one_line(tmp_path: Path, arguments: tuple[str, ...], names: str):
    cut_off_after_a_session(tmp_path / "data")
    there = () if "--data-dir" in arguments else ("--data-dir", tmp_path / "data")

    done = call(*arguments, *there)

    assert (done.code, len(done.err.strip().splitlines())) == (2, 1)
    assert names in done.err


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_start_without_a_process_says_which_line_to_run(tmp_path: Path, lang: str):
    cut_off_after_a_session(tmp_path)

    done = call("start", "--data-dir", tmp_path, "--lang", lang)

    assert done.code == 3
    assert f"run_live.py --mode paper --config FILE --data-dir {tmp_path} --account main" in done.out


# Where a process runs.


def said(process: Process, word: LifeWord, capsys: pytest.CaptureFixture[str]) -> tuple[Exit, dict[str, Any]]:
    """Say a word as another process does, and return the exit code and what it printed."""
    patience = Patience(clock=process.clock)
    capsys.readouterr()
    code = say(word, process.settings, Scope.HERE, "w", Screen("en", as_json=True), patience)
    (one,) = json.loads(capsys.readouterr().out)["accounts"]
    return code, one


def test_a_process_that_is_there_takes_the_word_and_that_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    found: list[tuple[Exit, str, str]] = []

    async def act(process: Process) -> None:
        for word in (LifeWord.PAUSE, LifeWord.PAUSE, LifeWord.RESUME, LifeWord.START, LifeWord.STOP):
            code, one = await asyncio.to_thread(said, process, word, capsys)
            found.append((code, one["outcome"], one["state"]))

    process = Process(settings_in(tmp_path))
    process.live(act)

    assert found[:4] == [
        (Exit.DONE, "taken", "paused"),
        (Exit.DONE, "already", "paused"),
        (Exit.DONE, "taken", "running"),
        (Exit.DONE, "already", "running"),
    ]
    assert found[4][:2] == (Exit.DONE, "taken")
    assert process.up.commanded


def test_a_process_in_a_session_has_not_taken_it_yet(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    found = []

    async def act(process: Process) -> None:
        async with process.up._ticker._turn:  # A session is under way.
            patience = Patience(clock=process.clock, wait_s=0.5)
            args = (LifeWord.PAUSE, process.settings, Scope.HERE, "w", Screen("en", as_json=False), patience)
            found.append(await asyncio.to_thread(say, *args))

    capsys.readouterr()
    Process(settings_in(tmp_path)).live(act)

    assert found == [Exit.DONE]
    assert "pauses once the session under way is through" in capsys.readouterr().out


# What is shown.


def shown(settings: Settings, process: Process, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    status(settings, Screen("en", as_json=True), process.clock.now())
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def test_status_tells_state_figures_and_next_slot_of_a_process(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    found: list[dict[str, Any]] = []

    async def act(process: Process) -> None:
        await ticks("10:35")(process)
        process.up.account.beats.write()
        process.clock.jump(process.clock.now() + timedelta(seconds=10))
        found.append(await asyncio.to_thread(shown, process.settings, process, capsys))

    Process(settings_in(tmp_path)).live(act)

    (told,) = found
    expected = {
        "state": "running", "started_at": "2025-10-10 10:00:00+08:00", "uptime_s": 2110.0, "sessions_run": 1,
        "orders_placed": 0, "orders_filled": 0, "pnl_today": 0.0, "next_slot": "2025-10-10 11:35:00",
        "halts": [], "paused": None, "alerts_given_up": 0, "not_answering_since": None, "trouble": "",
        "ended_without_a_word": False,
    }  # fmt: skip
    assert {name: told[name] for name in expected} == expected


@pytest.fixture
def left(tmp_path: Path) -> Process:
    """An account whose process ended, with an old word to write into its vitals."""
    process = Process(settings_in(tmp_path))
    process.live(ticks("10:35"))
    return process


def vitals(process: Process, **changed: Any) -> Vitals:
    return replace(process.vitals, **changed)


def test_a_process_that_has_not_beaten_for_three_beats_does_not_answer(
    left: Process, capsys: pytest.CaptureFixture[str]
):
    lock = AccountLock(left.folder.root)
    lock.acquire()
    write_vitals(left.folder.root, vitals(left, state=LifeState.RUNNING, at=left.clock.now()))
    left.clock.jump(left.clock.now() + timedelta(seconds=45))
    just = shown(left.settings, left, capsys)
    left.clock.jump(left.clock.now() + timedelta(seconds=1))

    found = shown(left.settings, left, capsys)
    status(left.settings, Screen("en", as_json=False), left.clock.now())
    printed = capsys.readouterr().out
    patience = Patience(clock=left.clock)
    code = say(LifeWord.STOP, left.settings, Scope.HERE, "", Screen("en", as_json=False), patience)
    lock.release()

    assert just["not_answering_since"] is None
    assert (found["state"], found["not_answering_since"]) == ("running", "2025-10-10 10:35:00+08:00")
    assert "NOT ANSWERING since 2025-10-10 10:35:00+08:00" in printed
    assert code is Exit.UNAVAILABLE


def test_a_process_that_was_killed_is_told_as_ended_without_a_word(
    left: Process, capsys: pytest.CaptureFixture[str]
):
    write_vitals(left.folder.root, vitals(left, state=LifeState.RUNNING))
    left.clock.jump(left.clock.now() + timedelta(minutes=2))

    found = shown(left.settings, left, capsys)

    assert (found["state"], found["ended_without_a_word"], found["uptime_s"]) == ("stopped", True, None)


@pytest.mark.parametrize("ago_s", [0, 44, -44, -3600, -1e6])
def test_a_process_whose_lock_is_free_is_dead_whatever_it_said_last(
    left: Process, ago_s: float, capsys: pytest.CaptureFixture[str]
):
    now = left.clock.now()
    at = now - timedelta(seconds=ago_s)
    write_vitals(left.folder.root, vitals(left, state=LifeState.RUNNING, at=at))

    found = shown(left.settings, left, capsys)
    list_accounts(left.settings, Screen("en", as_json=True), now)
    (listed,) = json.loads(capsys.readouterr().out)["accounts"]
    code, stopped = said(left, LifeWord.STOP, capsys)
    _, started = said(left, LifeWord.START, capsys)

    assert (found["state"], found["ended_without_a_word"]) == ("stopped", True)
    assert listed["state"] == "stopped"
    assert (code, stopped["outcome"]) == (Exit.DONE, "already")
    assert (started["outcome"], "no process listens" in started["why"]) == ("failed", True)


def test_what_was_said_under_a_clock_far_ahead_makes_nobody_alive(
    left: Process, capsys: pytest.CaptureFixture[str]
):
    lock = AccountLock(left.folder.root)
    lock.acquire()
    at = left.clock.now() + timedelta(days=17)
    write_vitals(left.folder.root, vitals(left, state=LifeState.RUNNING, at=at))

    found = shown(left.settings, left, capsys)
    lock.release()

    assert (found["state"], found["not_answering_since"]) == ("running", "2025-10-27 10:35:00+08:00")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_account_that_failed_says_with_what(left: Process, lang: str, capsys: pytest.CaptureFixture[str]):
    failed = vitals(left, state=LifeState.ERROR, why="the disk is full", alerts_given_up=2)
    write_vitals(left.folder.root, failed)

    found = shown(left.settings, left, capsys)
    status(left.settings, Screen(lang, as_json=False), left.clock.now())

    assert (found["state"], found["trouble"], found["alerts_given_up"]) == ("error", "the disk is full", 2)
    assert "the disk is full" in capsys.readouterr().out


def test_vitals_that_are_damaged_are_passed_over(left: Process, capsys: pytest.CaptureFixture[str]):
    (left.folder.root / VITALS_NAME).write_text("{", encoding="utf-8")

    found = shown(left.settings, left, capsys)

    assert (found["state"], found["started_at"]) == ("stopped", None)


def test_a_stopped_account_is_started_by_nobody_once_its_host_is_silent(left: Process):
    patience = Patience(clock=left.clock)
    left.clock.jump(left.clock.now() + timedelta(minutes=1))

    assert say(LifeWord.START, left.settings, Scope.HERE, "", Screen("en", as_json=False), patience) == 3


def test_list_shows_each_account_with_state_mode_equity_slot_and_halts(tmp_path: Path):
    prices = four_days(tmp_path)  # Each day opens, when a daily session looks, below its close.
    terms = ("--agent", "rule:buy_and_hold", "--no-report", "--json", "--account", "file")
    call("--mode", "backtest", "--prices", prices, *terms, "--data-dir", tmp_path)
    Process(settings_in(tmp_path, account="live")).live(ticks("10:35"))
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "journal.sqlite3").write_bytes(b"no journal")
    call("halt", "--why", "to see", "--account", "live", "--data-dir", tmp_path)
    call("pause", "--account", "live", "--data-dir", tmp_path)

    done = call("list", "--data-dir", tmp_path, "--json")
    table = call("list", "--data-dir", tmp_path)

    rows = {one["account"]: one for one in accounts(done)}
    assert list(rows) == ["file", "live", "torn"]
    assert [one["state"] for one in rows.values()] == ["finished", "stopped", "unreadable"]
    live = rows["live"]
    assert (live["mode"], live["equity"], live["paused"], len(live["halts"])) == ("paper", 100000.0, True, 1)
    assert live["next_slot"] is not None
    final = call("status", "--account", "file", "--data-dir", tmp_path, "--json").json["final_equity"]
    assert rows["file"]["equity"] == final
    assert rows["torn"]["why"]
    assert done.code == table.code == 0
    assert all(name in table.out for name in rows)
    chinese = call("list", "--data-dir", tmp_path, "--lang", "zh").out
    assert all(mode in chinese for mode in ("回测", "模拟盘"))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_empty_folder_lists_no_account(tmp_path: Path, lang: str):
    done = call("list", "--data-dir", tmp_path, "--lang", lang)

    assert done.code == 0
    assert str(tmp_path) in done.out


def test_stopping_what_has_just_stopped_is_no_mistake(left: Process):
    assert left.vitals.state is LifeState.STOPPED
    assert say(LifeWord.STOP, left.settings, Scope.HERE, "", Screen("en", as_json=False)) is Exit.DONE


def test_list_is_of_now(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    process = Process(settings_in(tmp_path))
    process.live(ticks("10:35"))
    capsys.readouterr()

    list_accounts(process.settings, Screen("en", as_json=True), SystemClock().now())

    (row,) = json.loads(capsys.readouterr().out)["accounts"]
    assert row["pnl_today"] is None  # Its last day is long over.
