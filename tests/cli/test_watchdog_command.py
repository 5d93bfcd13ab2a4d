"""`watchdog` and `calendar` as a person or a script calls them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from commands import calendar_view
from commands.failures import Exit
from commands.screen import Screen
from services.calendar_check import ToldDays
from services.clock import SystemClock, VirtualClock
from services.domain.vitals import LifeState
from services.journal.account_lock import AccountLock
from services.ports import PriceFault
from services.settings import Settings
from services.settings_reading import read_section
from tests import channel_twins as twins
from tests.command_line import PROGRAM, call, contents, four_days
from tests.watched_world import LivingAccount, at


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KAIPAN_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")


def living(data_dir: Path, **vitals: object) -> None:
    """Leave an account that has just been begun, and what its process says now."""
    now = SystemClock().now()
    account = LivingAccount(data_dir, VirtualClock(now))
    account.beat(**vitals)
    account.close()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[None]:
    """Hold the lock of the account, as its process does."""
    lock = AccountLock(tmp_path / "data" / "main")
    lock.acquire()
    yield
    lock.release()


def whats(found: object) -> set[str]:
    assert isinstance(found, dict)
    return {one["what"] for account in found["accounts"] for one in account["findings"]}


def test_a_process_that_was_killed_a_moment_ago_is_found(tmp_path: Path):
    living(tmp_path / "data")

    done = call("watchdog", "--once", "--data-dir", tmp_path / "data", "--json")

    assert "beat" in whats(done.json)
    assert done.code == 2


@pytest.mark.usefixtures("running")
def test_looking_once_tells_by_its_exit_code_and_changes_nothing(tmp_path: Path):
    living(tmp_path / "data")
    before = contents(tmp_path / "data")
    quiet = tmp_path / "quiet.yaml"
    # The end of the calendar and the disk of this machine are not what this is about.
    quiet.write_text("watchdog: {disk_free_mib_min: 10, disk_free_ratio_min: 0}\n", encoding="utf-8")

    done = call("watchdog", "--once", "--config", quiet, "--data-dir", tmp_path / "data", "--json")

    assert whats(done.json) <= {"calendar"}
    assert done.code == done.json["exit_code"]
    assert contents(tmp_path / "data") == before
    assert not (tmp_path / "data-watchdog").exists()


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize(("vitals", "code", "what"), [
    ({"state": LifeState.ERROR, "why": "boom"}, 2, "state"),
    ({"alerts_given_up": 3}, 1, "outbox"),
    ({"at": datetime(2026, 1, 5, tzinfo=UTC)}, 2, "beat"),
])  # fmt: skip
def test_what_is_wrong_is_in_the_answer(vitals: dict[str, object], code: int, what: str, tmp_path: Path):
    living(tmp_path / "data", **vitals)

    done = call("watchdog", "--once", "--data-dir", tmp_path / "data", "--json")

    assert what in whats(done.json)
    assert done.code >= code


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_person_gets_a_line_for_each_thing_looked_at(lang: str, tmp_path: Path):
    living(tmp_path / "data")

    done = call("watchdog", "--once", "--data-dir", tmp_path / "data", "--lang", lang)

    assert len(done.out.splitlines()) >= 20


def test_an_account_that_is_not_there_is_a_finding(tmp_path: Path):
    done = call("watchdog", "--once", "--data-dir", tmp_path / "nowhere", "--json")

    assert (done.code, "journal" in whats(done.json)) == (2, True)


def test_all_accounts_of_a_folder_are_those_on_live_prices(tmp_path: Path):
    data = tmp_path / "data"
    for name in ("one", "two"):
        living(tmp_path / "made")
        data.mkdir(exist_ok=True)
        (tmp_path / "made" / "main").rename(data / name)
    prices = four_days(tmp_path)
    assert call("--mode", "backtest", "--prices", prices, "--data-dir", data, "--account", "past").code == 0

    done = call("watchdog", "--once", "--all", "--data-dir", data, "--json")

    # The journals are of an account of another name, which is another matter.
    assert [one["account"] for one in done.json["accounts"]] == ["one", "two"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("arguments", [
    ("--data-dir", "past"),  # A run over recorded prices.
    ("--data-dir", "empty", "--all"),
    ("--config", "one.yaml", "--config", "one.yaml"),
    ("--config", "bad.yaml"),
])  # fmt: skip
def test_what_cannot_be_watched_is_one_line(arguments: tuple[str, ...], tmp_path: Path):
    prices = four_days(tmp_path)
    assert call("--mode", "backtest", "--prices", prices, "--data-dir", "past").code == 0
    (tmp_path / "one.yaml").write_text("data_dir: one\n", encoding="utf-8")
    (tmp_path / "bad.yaml").write_text("watchdog: {look_s: 0}\n", encoding="utf-8")

    done = call("watchdog", "--once", *arguments)

    assert (done.code, len(done.err.splitlines())) == (2, 1)


def test_the_process_tells_the_platform_and_ends_when_asked(tmp_path: Path):
    account = LivingAccount(tmp_path / "data", VirtualClock(at("09:00:00", "2026-11-16")))
    account.beat()
    account.close()
    told = threading.Event()

    def hears(asked: object, line: object) -> None:
        twins.says({})(asked, line)  # type: ignore[arg-type]  # As the twin calls it.
        told.set()

    with twins.twin(hears) as platform:
        hook = {"name": "hook", "type": "webhook", "url": twins.address(platform), "body": {"t": "{title}"}}
        config = {"data_dir": str(tmp_path / "data"), "alerts": {"channels": [hook]}}
        (tmp_path / "watch.json").write_text(json.dumps(config), encoding="utf-8")
        environment = {**os.environ, "KAIPAN_DEAD_MAN_URL": f"{twins.address(platform)}/ping/mine"}
        process = subprocess.Popen(
            [*PROGRAM, "watchdog", "--config", "watch.json"],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
        )  # fmt: skip
        try:
            assert told.wait(50)
        finally:
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=30)

    assert process.returncode == 0, err
    assert "ping/mine" not in out + err
    assert sys.platform == "win32" or (tmp_path / "data-watchdog" / "main" / "alerts.sqlite3").exists()


def test_the_days_ahead_name_state_source_and_slots(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    overlay = tmp_path / "days.yaml"
    overlay.write_text("2027-01-01: closed\n2027-01-04: open\n", encoding="utf-8")
    settings = read_section(Settings, {"calendar_overlay": str(overlay)})
    clock = VirtualClock(at("09:00:00", "2026-12-31"))

    code = calendar_view.show_days(settings, 6, tmp_path / "cache", Screen("en", as_json=True), clock)

    found = json.loads(capsys.readouterr().out)
    assert code is Exit.DONE
    assert [(one["day"], one["state"]) for one in found["days"]] == [
        ("2026-12-31", "open"), ("2027-01-01", "closed"), ("2027-01-02", "unknown"),
        ("2027-01-03", "unknown"), ("2027-01-04", "open"), ("2027-01-05", "unknown"),
    ]  # fmt: skip
    by_overlay = [one["day"] for one in found["days"] if one["source"] == str(overlay)]
    assert by_overlay == ["2027-01-01", "2027-01-04"]
    assert [one["slots"] for one in found["days"]] == [["09:35"], [], [], [], ["09:35"], ["09:35"]]
    assert (found["known_until"], found["runway_days"]) == ("2027-01-04", 4)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_days_ahead_are_lines_for_a_person(lang: str):
    done = call("calendar", "--days", "3", "--lang", lang)

    assert (done.code, len(done.out.splitlines())) == (0, 5)


def test_the_days_ahead_stand_in_columns():
    days = call("calendar", "--days", "7").out.splitlines()[:7]  # A weekend is among them.

    assert len({line.index("exchange_calendars") for line in days}) == 1


class Other:
    """A source that knows one day otherwise, or is down."""

    name = "other"

    def __init__(self, closed: str | None) -> None:
        self._closed = closed

    async def days(self, first: object, until: object) -> ToldDays:
        if self._closed is None:
            raise PriceFault("other", "down")
        day = datetime.fromisoformat(self._closed).date()
        span = frozenset(day + timedelta(days=number) for number in range(1, 4))
        return ToldDays(source="other", first=day, until=day + timedelta(days=3), open=span)


@pytest.mark.parametrize(("closed", "code", "differs"), [
    ("2026-11-23", Exit.DIFFERENCES, ["2026-11-23"]),  # A Monday on which the exchanges trade.
    ("2026-11-22", Exit.DONE, []),  # A Sunday.
    (None, Exit.UNAVAILABLE, []),
])  # fmt: skip
def test_a_comparison_tells_by_its_exit_code(
    closed: str | None, code: Exit, differs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    clock = VirtualClock(at("09:00:00", "2026-11-20"))

    found = calendar_view.check_days(
        Settings(), tmp_path / "cache", Screen("en", as_json=True), lines=False, clock=clock,
        sources=[Other(closed)],
    )  # fmt: skip

    assert found is code
    assert [one["day"] for one in json.loads(capsys.readouterr().out)["differs"]] == differs


def test_lines_of_an_overlay_are_printed_where_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    clock = VirtualClock(at("09:00:00", "2026-12-30"))

    calendar_view.check_days(
        Settings(), tmp_path / "cache", Screen("zh", as_json=False), lines=True, clock=clock,
        sources=[Other("2027-01-03")],
    )  # fmt: skip

    assert capsys.readouterr().out.splitlines()[-3:] == [f"2027-01-0{day}: open" for day in (4, 5, 6)]


def test_a_market_nobody_else_knows_is_said(tmp_path: Path):
    (tmp_path / "us.yaml").write_text("market: us\n", encoding="utf-8")

    done = call("calendar", "check", "--config", "us.yaml")

    assert (done.code, len(done.out.splitlines())) == (3, 1)
