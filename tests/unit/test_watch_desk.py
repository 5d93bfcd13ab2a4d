"""A watch beside an account, in virtual time: what it tells, within which time, and what it does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from commands.watch_desk import STUCK
from monitor.outbox import OUTBOX_NAME
from services.clock import VirtualClock
from services.domain.events import Halt, HaltCause, Outcome
from services.domain.inbox import Command, Scope, Taken, meaning
from services.domain.vitals import LifeState
from services.domain.watched import Watched
from services.journal.inbox import INBOX_NAME, Inboxes
from services.process_table import ProcessFigures
from tests import channel_twins as twins
from tests.command_line import contents
from tests.provider_twin import ProviderTwin, hangs
from tests.watched_world import LivingAccount, Watch, at

CRITICAL = ("watchdog", "critical")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("calendar")


@pytest.fixture
def platform() -> Iterator[ProviderTwin]:
    with twins.twin(twins.says({})) as server:
        yield server


def commands(data_dir: Path) -> list[Command]:
    with closing(Inboxes(data_dir / "main" / "journal.sqlite3", "main", read_only=True)) as inboxes:
        return list(inboxes.unread(Taken()))


def seconds_after(moment: datetime, told: str) -> float:
    return (at(told) - moment).total_seconds()


def test_a_loop_that_stops_is_told_within_two_minutes_and_so_is_its_return(
    tmp_path: Path, cache: Path, platform: ProviderTwin
):
    clock = VirtualClock(at("09:00:00"))
    account, watch = LivingAccount(tmp_path / "data", clock), None
    watch = Watch(tmp_path / "data", cache, clock, platform)
    assert watch.run(account, at("09:10:00")) == []

    account.alive = False  # Killed, stopped by SIGSTOP or hung: it says nothing any more.
    ((when, *what),) = watch.run(account, at("09:20:00"))

    assert tuple(what) == CRITICAL
    assert seconds_after(at("09:10:00"), when) <= 120
    account.alive = True
    ((when, kind, severity),) = watch.run(account, at("09:30:00"))
    assert (kind, severity) == ("recovered", "info")
    assert seconds_after(at("09:20:00"), when) <= 120


def test_a_slot_that_did_not_run_is_told_within_two_minutes_of_its_grace(
    tmp_path: Path, cache: Path, platform: ProviderTwin
):
    clock = VirtualClock(at("10:00:00"))
    account = LivingAccount(tmp_path / "data", clock)
    watch = Watch(tmp_path / "data", cache, clock, platform)

    ((when, *what),) = watch.run(account, at("11:00:00"))

    assert tuple(what) == CRITICAL
    assert 0 < seconds_after(at("10:40:00"), when) <= 120  # 10:35 and 300 s of grace.


def test_a_slot_with_its_session_is_not_told_and_one_on_record_later_is_over(
    tmp_path: Path, cache: Path, platform: ProviderTwin
):
    clock = VirtualClock(at("10:00:00"))
    account = LivingAccount(tmp_path / "data", clock)
    watch = Watch(tmp_path / "data", cache, clock, platform)
    watch.run(account, at("10:35:30"))
    account.session(at("10:35:00"))

    assert watch.run(account, at("11:35:00"), every_s=59) == []
    assert [what for _, *what in watch.run(account, at("11:45:00"))] == [list(CRITICAL)]
    account.session(at("11:35:00"), Outcome.MISSED)
    assert [what for _, *what in watch.run(account, at("11:46:00"))] == [["recovered", "info"]]


def test_a_loop_that_was_never_started_today_is_told_of_every_slot(
    tmp_path: Path, cache: Path, platform: ProviderTwin
):
    clock = VirtualClock(at("14:00:00", "2026-11-20"))
    account = LivingAccount(tmp_path / "data", clock)
    account.beat(state=LifeState.STOPPED)
    account.session(at("14:05:00", "2026-11-20"))
    account.session(at("15:05:00", "2026-11-20"))
    clock.jump(at("09:00:00"))
    watch = Watch(tmp_path / "data", cache, clock, platform)

    told = watch.run(None, at("16:00:00"), every_s=60)

    # 10:35, 11:35, 14:05, 15:05 and six minutes.
    assert [when for when, *_ in told] == ["10:41:00", "11:41:00", "14:11:00", "15:11:00"]
    assert {tuple(what) for _, *what in told} == {CRITICAL}


def test_an_account_that_was_never_begun_is_told_of(tmp_path: Path, cache: Path, platform: ProviderTwin):
    (tmp_path / "data").mkdir()
    watch = Watch(tmp_path / "data", cache, VirtualClock(at("10:00:00")), platform)

    assert watch.run(None, at("10:00:15")) == [("10:00:15", *CRITICAL)]


def test_on_a_day_without_trading_nothing_has_to_run(tmp_path: Path, cache: Path, platform: ProviderTwin):
    clock = VirtualClock(at("09:00:00", "2026-11-21"))  # A Saturday.
    account = LivingAccount(tmp_path / "data", clock)
    watch = Watch(tmp_path / "data", cache, clock, platform)

    assert watch.run(account, at("16:00:00", "2026-11-21"), every_s=59) == []


def test_damaged_files_are_findings_and_no_crash(tmp_path: Path, cache: Path, platform: ProviderTwin):
    clock = VirtualClock(at("09:00:00"))
    account = LivingAccount(tmp_path / "data", clock)
    account.close()
    watch = Watch(tmp_path / "data", cache, clock, platform)
    (tmp_path / "data" / "main" / "vitals.json").write_bytes(b'{"account": "ma')
    (tmp_path / "data" / "main" / "journal.sqlite3").write_bytes(b"not a database at all" * 100)

    judged = watch.look()

    assert {one.what for one in judged.findings} == {Watched.BEAT, Watched.JOURNAL}
    assert Watched.SLOT in judged.untold


def test_a_journal_that_goes_away_is_a_finding(tmp_path: Path, cache: Path, platform: ProviderTwin):
    clock = VirtualClock(at("09:00:00"))
    account = LivingAccount(tmp_path / "data", clock)
    account.beat()
    account.close()
    watch = Watch(tmp_path / "data", cache, clock, platform)
    assert watch.look().findings == ()

    (tmp_path / "data" / "main" / "journal.sqlite3").unlink()

    assert [one.what for one in watch.look().findings] == [Watched.JOURNAL]


def test_nothing_in_the_accounts_folder_is_changed(tmp_path: Path, cache: Path, platform: ProviderTwin):
    clock = VirtualClock(at("09:00:00"))
    account = LivingAccount(tmp_path / "data", clock)
    account.beat()
    account.close()
    files = contents(tmp_path / "data")

    Watch(tmp_path / "data", cache, clock, platform).run(None, at("11:00:00"), every_s=60)

    assert contents(tmp_path / "data") == files
    assert (tmp_path / "data-watchdog" / "main" / OUTBOX_NAME).exists()


def test_a_restart_tells_nothing_twice(tmp_path: Path, cache: Path, platform: ProviderTwin):
    clock = VirtualClock(at("09:00:00"))
    account = LivingAccount(tmp_path / "data", clock)
    first = Watch(tmp_path / "data", cache, clock, platform)
    first.run(account, at("09:01:00"))
    account.alive = False
    assert len(first.run(account, at("09:10:00"))) == 1
    first.close()

    second = Watch(tmp_path / "data", cache, clock, platform)
    assert second.run(account, at("09:20:00")) == []

    account.alive = True
    assert [kind for _, kind, _ in second.run(account, at("09:21:00"))] == ["recovered"]


def test_what_lasts_is_told_again_after_the_time_set(tmp_path: Path, cache: Path, platform: ProviderTwin):
    clock = VirtualClock(at("08:00:00"))
    account = LivingAccount(tmp_path / "data", clock)
    account.beat()
    watch = Watch(tmp_path / "data", cache, clock, platform, repeat_s=1800)

    told = watch.run(None, at("09:30:00"), every_s=30)

    assert [what for _, *what in told] == [list(CRITICAL)] * 3  # At once, after 30 and after 60 minutes.


def test_an_alert_that_no_platform_takes_is_kept_and_arrives_later(tmp_path: Path, cache: Path):
    clock = VirtualClock(at("09:00:00"))
    account = LivingAccount(tmp_path / "data", clock)
    account.beat()
    with twins.twin(hangs) as dead:
        watch = Watch(tmp_path / "data", cache, clock, dead)
        watch.run(None, at("09:02:00"))
        watch.close()
    with twins.twin(twins.says({})) as platform:
        again = Watch(tmp_path / "data", cache, clock, platform)

        told = again.run(None, at("09:10:00"))

    assert [what for _, *what in told] == [list(CRITICAL)]


def test_a_loss_over_the_watchdogs_limit_halts_the_account_once(
    tmp_path: Path, cache: Path, platform: ProviderTwin
):
    clock = VirtualClock(at("09:00:00"))
    account = LivingAccount(tmp_path / "data", clock)
    watch = Watch(tmp_path / "data", cache, clock, platform, daily_loss_ratio_max="0.02")
    for _ in range(3):
        account.beat(pnl_today_cny=Decimal("-2000.00"), equity_cny=Decimal("98000.00"))
        watch.look()

    (command,) = commands(tmp_path / "data")
    halt = meaning(command)
    assert isinstance(halt, Halt)
    assert (halt.symbol, halt.cause, command.scope) == ("", HaltCause.ALERT, Scope.HERE)
    assert halt.by == "watchdog daily_loss"


@pytest.mark.parametrize(("halt_on", "count"), [([], 0), (["beat"], 1), (["slot"], 0)])
def test_what_else_halts_is_set(
    halt_on: list[str], count: int, tmp_path: Path, cache: Path, platform: ProviderTwin
):
    clock = VirtualClock(at("09:00:00"))
    LivingAccount(tmp_path / "data", clock).beat()
    watch = Watch(tmp_path / "data", cache, clock, platform, halt_on=halt_on)

    watch.run(None, at("09:05:00"))

    assert len(commands(tmp_path / "data")) == count


def test_what_lasts_halts_once_also_where_a_person_lifted_it(
    tmp_path: Path, cache: Path, platform: ProviderTwin
):
    clock = VirtualClock(at("08:00:00"))
    LivingAccount(tmp_path / "data", clock).beat()  # Nothing takes the halt, so that none is on record.
    watch = Watch(tmp_path / "data", cache, clock, platform, halt_on=["beat"], repeat_s=300)

    told = watch.run(None, at("08:15:00"), every_s=60)

    assert len(told) == 3
    assert len(commands(tmp_path / "data")) == 1


def test_an_account_that_is_halted_already_is_not_halted_again(
    tmp_path: Path, cache: Path, platform: ProviderTwin
):
    clock = VirtualClock(at("09:00:00"))
    account = LivingAccount(tmp_path / "data", clock)
    account.write("halt:1", Halt(symbol="", why="me", cause=HaltCause.PERSON))
    account.beat()
    watch = Watch(tmp_path / "data", cache, clock, platform, halt_on=["beat"])

    watch.run(None, at("09:05:00"))

    assert commands(tmp_path / "data") == []


def test_a_halt_that_the_watchdog_cannot_put_is_a_critical_alert(
    tmp_path: Path, cache: Path, platform: ProviderTwin
):
    clock = VirtualClock(at("09:00:00"))
    account = LivingAccount(tmp_path / "data", clock)
    (tmp_path / "data" / "main" / INBOX_NAME).write_bytes(b"not a database, and longer than its header" * 20)
    watch = Watch(tmp_path / "data", cache, clock, platform, daily_loss_ratio_max="0.02")
    account.beat(pnl_today_cny=Decimal("-2000.00"), equity_cny=Decimal("98000.00"))

    told = watch.run(None, at("09:00:30"), every_s=30)

    assert [(kind, severity) for _, kind, severity in told] == [
        ("not_halted", "critical"), ("watchdog", "critical"),
    ]  # fmt: skip
    assert INBOX_NAME in platform.requests[0].body["text"]


def test_where_the_outbox_cannot_be_written_it_is_told_all_the_same(
    tmp_path: Path, cache: Path, platform: ProviderTwin
):
    clock = VirtualClock(at("09:00:00"))
    LivingAccount(tmp_path / "data", clock).beat()
    (tmp_path / "data-watchdog").touch()  # A file where the folder should be.
    watch = Watch(tmp_path / "data", cache, clock, platform)

    watch.run(None, at("09:02:00"))

    titles = [asked.body["title"] for asked in platform.requests]
    assert len(titles) == len(set(titles)) == 2  # The outbox, and the silence.
    assert not watch.desk.well(clock.now())


def test_the_process_is_looked_at_on_its_own_machine_alone(
    tmp_path: Path, cache: Path, platform: ProviderTwin
):
    clock = VirtualClock(at("09:00:00"))
    account = LivingAccount(tmp_path / "data", clock)
    heavy = ProcessFigures(memory_bytes=2 * 1024**3, cpu_s=1.0, descriptors=1, descriptors_max=10)
    watch = Watch(tmp_path / "data", cache, clock, platform, figures=heavy)

    account.beat()
    assert [one.what for one in watch.look().findings] == [Watched.MEMORY]
    account.beat(host="another")
    assert watch.look().findings == ()


def test_a_sign_of_life_is_given_only_while_the_watchdog_does_its_work(tmp_path: Path, cache: Path):
    clock = VirtualClock(at("09:00:00"))
    account = LivingAccount(tmp_path / "data", clock)
    with twins.twin(hangs) as dead, twins.twin(twins.says({})) as elsewhere:
        url = f"{twins.address(elsewhere)}/ping/uuid-of-mine"
        watch = Watch(tmp_path / "data", cache, clock, dead, dead_man_url=url)

        def ping() -> bool:
            return asyncio.run(watch.desk.ping())

        assert not ping()  # It has not looked yet.
        account.beat()
        watch.look()
        assert ping()
        assert not ping()  # Not due.
        clock.jump(clock.now() + timedelta(seconds=59))
        account.beat()
        watch.look()
        assert not ping()
        clock.jump(clock.now() + timedelta(seconds=1))
        assert ping()
        assert elsewhere.requests[0].path == "/ping/uuid-of-mine"

        watch.run(None, clock.now() + timedelta(minutes=2))  # The loop is silent, and nobody takes the alert.
        clock.jump(clock.now() + STUCK)
        watch.look()
        assert not watch.desk.well(clock.now())
        assert not ping()


def test_a_sign_that_is_not_taken_is_found_without_its_address(
    tmp_path: Path, cache: Path, platform: ProviderTwin
):
    clock = VirtualClock(at("08:00:00"))
    account = LivingAccount(tmp_path / "data", clock)
    with twins.twin(twins.says({"error": "uuid-of-mine"}, status=404)) as elsewhere:
        url = f"{twins.address(elsewhere)}/ping/uuid-of-mine"
        watch = Watch(tmp_path / "data", cache, clock, platform, dead_man_url=url)
        for _ in range(17):
            clock.jump(clock.now() + timedelta(seconds=60))
            account.beat()
            judged = watch.look()
            asyncio.run(watch.desk.ping())

    assert [one.what for one in judged.findings] == [Watched.DEAD_MAN]
    assert platform.requests
    assert all("uuid-of-mine" not in str(asked.body) for asked in platform.requests)
