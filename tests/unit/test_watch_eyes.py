"""What a watch sees of an account and a machine: silence, trading hours, growth, space, time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from services.alerts.dead_man import DeadManPing
from services.calendar_check import Compared
from services.calendars import FollowedCalendar
from services.clock import VirtualClock
from services.clock_offset import Offset
from services.domain.events import Halt, HaltCause
from services.domain.instruments import Market
from services.domain.vitals import LifeState
from services.domain.watched import DayDiffers
from services.ports import AlertFault, JournalFault
from services.process_table import ProcessFigures
from services.settings import Settings, SettingsError
from services.settings_file import load_settings
from services.settings_reading import read_section
from services.watched_account import AccountEye, WatchedPlace
from services.watched_machine import MachineEye, MachinePlace
from tests import channel_twins as twins
from tests.provider_twin import hangs
from tests.watched_world import LivingAccount, at


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture(scope="module")
def calendar(tmp_path_factory: pytest.TempPathFactory) -> FollowedCalendar:
    return FollowedCalendar(Market.CN, tmp_path_factory.mktemp("calendar"), None)


class Looks:
    """An eye on an account, with a stopwatch and a process table in hand."""

    def __init__(self, tmp_path: Path, calendar: FollowedCalendar, began: datetime, **place: object) -> None:
        self.clock, self.stopwatch_s = VirtualClock(began), 1000.0
        self.account = LivingAccount(tmp_path / "data", self.clock)
        self.figures: Callable[[int], ProcessFigures | None] = lambda _pid: None
        given: dict[str, object] = {
            "account": "main",
            "folder": tmp_path / "data" / "main",
            "journal": tmp_path / "data" / "main" / "journal.sqlite3",
            "market": Market.CN,
            "calendar": calendar,
            "due": lambda _after, _until: (),
            "grace_s": 300,
            "host": "box",
            "figures": lambda pid: self.figures(pid),
            "stopwatch": lambda: self.stopwatch_s,
            **place,
        }
        self.eye = AccountEye(WatchedPlace(**given), began)  # type: ignore[arg-type]  # Fields by name.

    def wait(self, seconds: float, clock_too: bool = True) -> None:
        self.stopwatch_s += seconds
        if clock_too:
            self.clock.jump(self.clock.now() + timedelta(seconds=seconds))


@pytest.fixture
def looks(tmp_path: Path, calendar: FollowedCalendar) -> Looks:
    return Looks(tmp_path, calendar, at("10:00:00"))


def test_silence_is_counted_from_the_last_word_that_was_seen(looks: Looks):
    looks.account.beat()
    looks.wait(20)
    assert looks.eye.look(looks.clock.now()).silent_s == 20.0  # Said before it was first looked at.
    looks.wait(30)
    assert looks.eye.look(looks.clock.now()).silent_s == 50.0

    looks.account.beat()
    assert looks.eye.look(looks.clock.now()).silent_s == 0.0


def test_a_clock_set_forward_makes_no_silence_and_one_set_back_hides_none(looks: Looks):
    looks.account.beat()
    looks.eye.look(looks.clock.now())

    assert looks.eye.look(looks.clock.now() + timedelta(hours=1)).silent_s == 0.0
    looks.wait(90, clock_too=False)
    assert looks.eye.look(looks.clock.now() - timedelta(hours=1)).silent_s == 90.0


@pytest.mark.parametrize(("moment", "since"), [
    ("09:29:59", None),
    ("09:30:00", "09:30:00"),
    ("11:29:59", "09:30:00"),
    ("11:30:00", None),
    ("13:00:00", "13:00:00"),
    ("15:10:00", None),
])  # fmt: skip
def test_trading_hours_are_the_rulebooks(moment: str, since: str | None, looks: Looks):
    seen = looks.eye.look(at(moment))

    assert seen.trading_since == (None if since is None else at(since))


def test_on_a_saturday_nothing_trades(looks: Looks):
    assert looks.eye.look(at("10:00:00", "2026-11-28")).trading_since is None


def test_what_starts_is_shut_since_its_start_and_what_is_unreconciled_since_it_was_seen(looks: Looks):
    begun = looks.clock.now()
    looks.account.beat(state=LifeState.STARTING, reconciled=False)
    looks.wait(60)
    assert looks.eye.look(looks.clock.now()).shut_since == begun
    looks.account.beat()
    assert looks.eye.look(looks.clock.now()).shut_since is None

    looks.account.beat(reconciled=False)
    first = looks.clock.now()
    assert looks.eye.look(first).shut_since == first
    looks.wait(60)
    assert looks.eye.look(looks.clock.now()).shut_since == first
    looks.account.beat(state=LifeState.STOPPED, reconciled=False)
    assert looks.eye.look(looks.clock.now()).shut_since is None


def test_growth_counts_from_ten_minutes_after_the_start(looks: Looks):
    sizes = iter([100, 200, 300])
    looks.figures = lambda _pid: ProcessFigures(
        memory_bytes=next(sizes), cpu_s=0.0, descriptors=None, descriptors_max=None
    )
    seen = []
    for seconds in (0, 600, 600):
        looks.wait(seconds)
        looks.account.beat(started_at=at("10:00:00"))
        process = looks.eye.look(looks.clock.now()).process
        assert process is not None
        seen.append((process.memory_bytes, process.memory_then_bytes))

    assert seen == [(100, None), (200, 200), (300, 200)]


def test_the_share_of_a_processor_is_that_of_the_last_ten_minutes(looks: Looks):
    used = 0.0
    looks.figures = lambda _pid: ProcessFigures(
        memory_bytes=1, cpu_s=used, descriptors=None, descriptors_max=None
    )
    shares = []
    for busy in [False] * 10 + [True] * 10:
        looks.account.beat(started_at=at("10:00:00"))
        process = looks.eye.look(looks.clock.now()).process
        assert process is not None
        shares.append(process.cpu_ratio)
        looks.wait(60)
        used += 60.0 if busy else 0.0

    # Nothing is said of less than five minutes; at the end nine of the last ten minutes were busy.
    assert shares[:6] == [None] * 5 + [0.0]
    assert shares[-1] == 0.9


def test_another_process_is_measured_from_its_own_beginning(looks: Looks):
    looks.figures = lambda pid: ProcessFigures(
        memory_bytes=pid, cpu_s=0.0, descriptors=None, descriptors_max=None
    )
    looks.wait(3600)
    looks.account.beat(pid=1, started_at=at("10:00:00"))
    looks.eye.look(looks.clock.now())
    looks.account.beat(pid=2, started_at=looks.clock.now())

    process = looks.eye.look(looks.clock.now()).process

    assert process is not None
    assert (process.memory_bytes, process.memory_then_bytes) == (2, None)


def test_halts_are_told_with_their_moment(looks: Looks):
    looks.account.write("halt:1", Halt(symbol="600519.SH", why="w", cause=HaltCause.UNRESOLVED))
    assert looks.eye.follow() == ""

    (seen,) = looks.eye.look(looks.clock.now()).halts

    assert (seen.halt.symbol, seen.since) == ("600519.SH", at("10:00:00"))


class Machine:
    """An eye on a machine whose hosts and sources are in hand."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[str] = []
        self.offset: Offset | None = None
        self.compared = Compared(until={}, faults={"a": "down"}, differs=(), beyond=())
        self.decided: frozenset[date] = frozenset()
        place = MachinePlace(
            data_dir=folder,
            market=Market.CN,
            known_until=lambda: (date(2026, 12, 31), ""),
            decided=lambda: self.decided,
            offset=self._offset,
            compare=self._compare,
            clock_every_s=900.0,
        )
        self.eye = MachineEye(place, at("09:00:00"))

    async def _offset(self) -> Offset | None:
        self.asked.append("time")
        return self.offset

    async def _compare(self) -> Compared:
        self.asked.append("days")
        return self.compared

    def ask(self, moment: datetime) -> list[str]:
        before = len(self.asked)
        asyncio.run(self.eye.ask(moment))
        return self.asked[before:]


def test_the_network_is_asked_only_when_that_is_due(tmp_path: Path):
    machine = Machine(tmp_path)

    assert machine.ask(at("09:00:00")) == ["time", "days"]
    assert machine.ask(at("09:14:59")) == []
    assert machine.ask(at("09:15:00")) == ["time"]
    # Nobody told the days: again after an hour, and once somebody did, the next day.
    machine.compared = Compared(until={"a": date(2026, 12, 31)}, faults={}, differs=(), beyond=())
    assert machine.ask(at("10:00:00")) == ["time", "days"]
    assert machine.ask(at("12:00:00")) == ["time"]
    assert machine.ask(at("12:00:00", "2026-11-24")) == ["time", "days"]


def test_a_clock_that_was_set_back_does_not_put_the_asking_off(tmp_path: Path):
    machine = Machine(tmp_path)
    machine.ask(at("09:00:00", "2027-11-23"))

    assert "time" in machine.ask(at("09:00:00"))


def test_what_was_answered_is_seen_with_its_moment(tmp_path: Path):
    machine = Machine(tmp_path)
    assert machine.eye.look(at("09:00:00")).clock_at is None
    machine.offset = Offset(host="h", offset_s=3.0, within_s=0.5)
    machine.ask(at("09:00:00"))
    machine.offset = None
    machine.ask(at("09:15:00"))

    seen = machine.eye.look(at("09:20:00"))

    assert (seen.clock_offset_s, seen.clock_within_s, seen.clock_host) == (3.0, 0.5, "h")
    assert seen.clock_at == at("09:00:00")


def test_a_day_that_was_decided_since_is_no_difference_any_more(tmp_path: Path):
    machine = Machine(tmp_path)
    one = DayDiffers(day=date(2026, 11, 24), source="a", ours="open", theirs="closed")
    machine.compared = Compared(until={"a": date(2026, 12, 31)}, faults={}, differs=(one,), beyond=())
    machine.ask(at("09:00:00"))
    assert machine.eye.look(at("09:00:00")).differs == (one,)

    machine.decided = frozenset({one.day})

    assert machine.eye.look(at("09:00:00")).differs == ()


def test_log_files_of_the_folder_and_of_its_accounts_are_counted(tmp_path: Path):
    (tmp_path / "main" / "logs").mkdir(parents=True)
    sizes = {"a.log": 1, "main/b.log": 10, "main/logs/c.log.1": 100, "main/journal.sqlite3": 9}
    for name, size in sizes.items():
        (tmp_path / name).write_bytes(b"x" * size)

    seen = Machine(tmp_path).eye.look(at("09:00:00"))

    assert (seen.log_bytes, seen.disk_fault) == (111, "")
    assert seen.free_bytes is not None
    assert seen.today == date(2026, 11, 23)


def test_a_folder_that_is_gone_is_a_fault_of_the_disk(tmp_path: Path):
    seen = Machine(tmp_path / "gone").eye.look(at("09:00:00"))

    assert seen.free_bytes is None
    assert "gone" in seen.disk_fault


@pytest.mark.parametrize("behaviour", [twins.says({"why": "mine"}, status=500), hangs])
def test_a_sign_of_life_that_is_not_taken_is_a_fault_without_its_address(
    behaviour: object, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("services.alerts.dead_man.DEADLINE_S", 0.5)
    with twins.twin(behaviour) as server:  # type: ignore[arg-type]
        ping = DeadManPing(f"{twins.address(server)}/ping/uuid-mine?key=secret")
        with pytest.raises(AlertFault) as fault:
            asyncio.run(ping.send())

    assert not any(secret in f"{fault.value}" for secret in ("uuid-mine", "key=secret"))


def test_the_dead_mans_address_comes_from_the_environment_alone(tmp_path: Path):
    url = "https://hc.example.com/uuid-of-mine"
    path = tmp_path / "c.yaml"
    path.write_text("watchdog: {dead_man_url: xxx}\n", encoding="utf-8")
    settings = load_settings(path, environment={"KAIPAN_DEAD_MAN_URL": url}, dotenv=None)

    assert settings.watchdog.dead_man_url is not None
    assert settings.watchdog.dead_man_url.reveal() == url
    assert "uuid-of-mine" not in repr(settings)
    path.write_text(f"watchdog: {{dead_man_url: {url}}}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="KAIPAN_DEAD_MAN_URL") as refused:
        load_settings(path, environment={}, dotenv=None)
    assert "uuid-of-mine" not in str(refused.value)
    with pytest.raises(SettingsError) as wrong:
        load_settings(None, environment={"KAIPAN_DEAD_MAN_URL": "no-address-mine"}, dotenv=None)
    assert "no-address-mine" not in str(wrong.value)


def test_who_watches_an_account_changes_nothing_of_its_runs():
    changed = read_section(Settings, {"watchdog": {"look_s": 5, "daily_loss_ratio_max": "0.1"}})

    assert changed.config_hash == Settings().config_hash
    assert changed.watchdog.daily_loss_ratio_max == Decimal("0.1")


@pytest.mark.parametrize(
    ("locked", "state", "left"),
    [
        (lambda: False, LifeState.RUNNING, True),
        (lambda: True, LifeState.RUNNING, False),
        (lambda: False, LifeState.STOPPED, False),
        (None, LifeState.RUNNING, False),
    ],
)
def test_a_process_that_never_said_its_end_and_has_no_lock_left(
    tmp_path: Path, calendar: FollowedCalendar, locked: object, state: LifeState, left: bool
):
    looks = Looks(tmp_path, calendar, at("10:00:00"), locked=locked)
    looks.account.beat(state=state)

    assert looks.eye.look(looks.clock.now()).left is left


def test_a_lock_that_cannot_be_looked_at_says_nothing(tmp_path: Path, calendar: FollowedCalendar):
    def fails() -> bool:
        raise JournalFault("look at the lock", "permission denied")

    looks = Looks(tmp_path, calendar, at("10:00:00"), locked=fails)
    looks.account.beat()

    assert not looks.eye.look(looks.clock.now()).left


def test_the_session_begun_last_is_seen_in_the_markets_time(tmp_path: Path, calendar: FollowedCalendar):
    looks = Looks(tmp_path, calendar, at("10:00:00"))
    before = looks.eye.look(looks.clock.now()).last_slot
    for slot in ("10:35:00", "11:35:00"):
        looks.account.session(at(slot))
    looks.eye.follow()

    seen = looks.eye.look(looks.clock.now()).last_slot

    assert before is None
    assert seen is not None
    assert seen.isoformat() == "2026-11-23T11:35:00+08:00"
