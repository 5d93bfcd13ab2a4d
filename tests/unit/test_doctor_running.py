"""What `doctor` tells of a process, its inbox and the days; and of a machine on its worst day."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from commands.doctor import Surroundings, doctor
from commands.doctor_check import Check, Words
from commands.doctor_network import Host
from commands.doctor_running import inbox, other_days, vitals, watched
from commands.failures import Exit
from commands.folders import AccountFolder
from commands.screen import Screen
from services.calendar_check import DaySource, ToldDays
from services.clock import VirtualClock
from services.domain.inbox import Scope
from services.domain.vitals import LifeState
from services.journal.inbox import INBOX_NAME, Inboxes
from services.ports import PriceFault
from services.settings import Settings
from services.settings_file import load_settings
from services.settings_reading import read_section
from tests.command_line import contents
from tests.loopback_server import web_server
from tests.watched_world import LivingAccount, at

NOW = datetime(2026, 11, 20, 2, 35, 10, tzinfo=UTC)
WORDS = Words("en")


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("no_proxy", "*")


def settings(tmp_path: Path, **values: object) -> Settings:
    return read_section(Settings, {"data_dir": str(tmp_path / "data"), **values})


@pytest.mark.parametrize(("changes", "ok"), [
    ({}, True),
    ({"state": LifeState.STOPPED, "at": NOW - timedelta(days=3)}, True),
    ({"at": NOW - timedelta(seconds=60)}, True),
    ({"at": NOW - timedelta(seconds=61)}, None),
    ({"state": LifeState.ERROR, "why": "the disk is full"}, False),
])  # fmt: skip
def test_what_the_process_said_last_is_told(changes: dict[str, object], ok: bool | None, tmp_path: Path):
    account = LivingAccount(tmp_path / "data", VirtualClock(NOW))
    account.beat(**changes)
    account.close()

    assert vitals(WORDS, settings(tmp_path), NOW).ok is ok


def test_a_process_that_never_ran_lacks_nothing_and_damaged_vitals_do(tmp_path: Path):
    assert vitals(WORDS, settings(tmp_path), NOW).ok is True

    (tmp_path / "data" / "main").mkdir(parents=True)
    (tmp_path / "data" / "main" / "vitals.json").write_bytes(b"{")

    assert vitals(WORDS, settings(tmp_path), NOW).ok is False


def test_an_inbox_is_read_and_not_changed(tmp_path: Path):
    assert inbox(WORDS, settings(tmp_path)).ok is True
    folder = AccountFolder(tmp_path / "data", "main")
    with closing(Inboxes(folder.journal, "main")) as inboxes:
        inboxes.put(Scope.HERE, "halt", {"why": "x"})
    before = contents(tmp_path)

    found = inbox(WORDS, settings(tmp_path))

    assert (found.ok, "1" in found.detail) == (True, True)
    assert contents(tmp_path) == before
    (folder.root / INBOX_NAME).write_bytes(b"x" * 4096)
    assert inbox(WORDS, settings(tmp_path)).ok is False


@pytest.mark.parametrize(("mode", "url", "found"), [
    ("paper", None, []), ("live", None, [None]), ("live", "https://example.com/x", [True]),
])  # fmt: skip
def test_real_money_wants_somebody_elsewhere_to_miss_this_machine(
    mode: str, url: str | None, found: list[bool | None], tmp_path: Path
):
    given = settings(tmp_path, mode=mode, watchdog={"dead_man_url": url})

    assert [one.ok for one in watched(WORDS, given)] == found


class Other:
    """A source that knows Friday and Monday, one of them closed or not, or nothing."""

    name = "other"

    def __init__(self, open_days: Sequence[date] | None) -> None:
        self._open = open_days

    async def days(self, first: date, until: date) -> ToldDays:
        if self._open is None:
            raise PriceFault("other", "down")
        first, last = date(2026, 11, 20), date(2026, 11, 23)
        return ToldDays(source="other", first=first, until=last, open=frozenset(self._open))


def days(tmp_path: Path, *sources: DaySource, **values: object) -> list[Check]:
    return asyncio.run(other_days(WORDS, settings(tmp_path, **values), NOW, sources))


def test_days_are_set_beside_what_others_say(tmp_path: Path):
    friday, monday = date(2026, 11, 20), date(2026, 11, 23)

    assert days(tmp_path) == []
    assert [one.ok for one in days(tmp_path, Other([friday, monday]))] == [True]
    (differs,) = days(tmp_path, Other([friday]))
    assert (differs.ok, "2026-11-23" in differs.detail) == (False, True)
    assert [one.ok for one in days(tmp_path, Other(None))] == [None]


def test_an_overlay_that_cannot_be_read_is_said_of_the_calendar_alone(tmp_path: Path):
    assert days(tmp_path, Other(None), calendar_overlay=str(tmp_path / "none.yaml")) == []


def test_on_its_worst_day_a_machine_is_told_all_that_is_missing_in_one_screen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    # The host says 02:35:10; this machine's clock shows a day of January after the calendar's end.
    now = datetime(2027, 1, 20, 2, 35, 10, tzinfo=UTC)
    (tmp_path / "worst.yaml").write_text(
        "agent_type: llm\n"
        "models: [{name: deep, model: m, base_url: https://llm.example/v1}]\n"
        "alerts: {channels: [{name: team, type: wecom}]}\n",
        encoding="utf-8",
    )
    given = load_settings(
        tmp_path / "worst.yaml", overrides={"data_dir": str(tmp_path / "data")}, environment={}
    )
    account = LivingAccount(tmp_path / "data", VirtualClock(at("09:00:00")))
    account.beat(state=LifeState.ERROR, why="no space left", equity_cny=Decimal(1))
    account.close()

    with web_server(404, {"Date": "Fri, 20 Nov 2026 02:35:10 GMT"}) as address:
        host = Host(name="host", address=address)
        around = Surroundings(
            environment={},
            hosts=(host,),
            load_source=object,
            day_sources=lambda _settings: (Other(None),),
            free_bytes=lambda _place: 5 * 1024**2,
            stopwatch=lambda: 0.0,
            is_local=lambda _address: False,  # It stands for a machine elsewhere.
        )
        code = doctor(given, tmp_path / "worst.yaml", Screen("en", as_json=True), now, around)
        found = json.loads(capsys.readouterr().out)
        doctor(given, tmp_path / "worst.yaml", Screen("en", as_json=False), now, around)

    assert code is Exit.DIFFERENCES
    failing = {one["name"] for one in found["checks"] if one["state"] == "fail"}
    assert {"clock", "disk", "secrets", "calendar", "alerts", "vitals"} <= failing
    assert all(one["mend"] for one in found["checks"] if one["state"] != "ok")
    assert len(capsys.readouterr().out.splitlines()) <= 40
