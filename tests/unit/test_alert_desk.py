"""What tells a person while an account runs: off its journal, once, also after a kill; what acts too."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack, closing
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from commands.alert_desk import AlertDesk
from commands.folders import AccountFolder
from commands.screen import Screen
from monitor.outbox import OUTBOX_NAME
from monitor.sender import Sender
from services.domain.bars import Panel
from services.domain.events import Halt, HaltCause, Lift
from services.domain.inbox import Command, Scope, Taken, meaning
from services.domain.instruments import Facts, Symbol
from services.domain.quotes import Quote, Snapshot, VendorSnapshot
from services.journal.database import DamagedFile
from services.journal.inbox import INBOX_NAME, Inboxes
from services.ports import PriceFault
from services.settings import Settings
from services.settings_reading import read_section
from tests import channel_twins as twins
from tests.exchange_market import MAIN, MON, TUE, at
from tests.provider_twin import ProviderTwin, hangs
from tests.unit.world import HOLD, Live, Setup, answer, order

BUY = answer(order("buy", MAIN, 1000))
UNSURE = Halt(symbol=MAIN, why="nobody knows", cause=HaltCause.UNRESOLVED, by="ORDER1")


class Closes:
    """A price source that knows one close of one day, or is down."""

    name = "closes"
    panel = None

    def __init__(self, day: date | None, price: str = "11.00") -> None:
        self._day, self._price = day, Decimal(price)

    async def get_current_prices(self, symbols: Sequence[Symbol]) -> Snapshot:
        if self._day is None:
            raise PriceFault("quotes", "down")
        seen_at = at(self._day, "15:30")
        quotes = tuple(
            Quote(
                symbol=symbol,
                last_cny=self._price,
                prev_close_cny=None,
                seen_at=seen_at,
                source="closes",
            )
            for symbol in symbols
        )
        return VendorSnapshot(
            moment=seen_at, source="closes", symbols=tuple(symbols), quotes=quotes, faults={}
        )

    async def get_history(self, symbols: Sequence[Symbol], frequency: object) -> Panel:
        raise PriceFault("bars", "none")

    async def get_instruments(self, symbols: Sequence[Symbol]) -> Facts:
        raise PriceFault("facts", "none")


class Office:
    """An account's desk over a world of the tests, and the platform it writes to."""

    def __init__(self, folder: Path, platform: ProviderTwin, live: Live, **alerts: object) -> None:
        hook = {
            "name": "hook",
            "type": "webhook",
            "url": twins.address(platform),
            "body": {"kind": "{kind}", "title": "{title}", "text": "{text}"},
            "per_minute_max": 60,
            "deadline_s": 2,
        }
        section = {"channels": [hook], **alerts}
        settings = read_section(Settings, {"data_dir": str(folder), "alerts": section})
        self.account = AccountFolder(folder, "main")
        self.platform, self.live, self.opened = platform, live, ExitStack()
        self.desk = AlertDesk(
            settings, self.account, self.account.journal, live.clock, Screen("en", as_json=False), Closes(MON)
        )

    def begin(self, head_seq: int = 0) -> Office:
        """Open the outbox and follow the journal up to its end."""
        self.desk.begin(head_seq, self.opened)
        for event in self.live.journal.events:
            self.desk.listen(event, self.live.journal.value(event), self.live.journal.account)
        return self

    def write(self, step: str, value: object) -> None:
        """Write an event, as the loop would, while the desk listens."""
        event = self.live.journal.write("", step, value)
        self.desk.listen(event, value, self.live.journal.account)

    def tell(self) -> list[str]:
        """Send all that is due, and return the kinds that reached the platform since."""
        before = len(self.platform.requests)

        async def turns() -> None:
            due: datetime | None = self.live.clock.now()
            while due is not None and due <= self.live.clock.now():
                due = await self.desk.turn(self.live.world)

        asyncio.run(turns())
        return [asked.body["kind"] for asked in self.platform.requests[before:]]

    def commands(self) -> list[Command]:
        """Return what was put into the account's inbox."""
        with closing(Inboxes(self.account.journal, "main", read_only=True)) as inboxes:
            return list(inboxes.unread(Taken()))


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


def ran(until: str, day: date = MON, **setup: object) -> Live:
    live = Setup(answers=[BUY, HOLD], **setup).open()
    live.run(at(day, until))
    live.clock.jump(at(day, until))
    return live


def test_a_halt_reaches_the_platform_and_stops_the_account(tmp_path: Path):
    with twins.twin(twins.says({})) as platform:
        office = Office(tmp_path, platform, ran("10:40")).begin()
        office.write("halt:x", UNSURE)

        assert office.tell() == ["unresolved"]

    (command,) = office.commands()
    halt = meaning(command)
    assert isinstance(halt, Halt)
    assert (halt.symbol, halt.cause, halt.by, halt.everywhere) == ("", HaltCause.ALERT, "unresolved", False)
    assert command.scope is Scope.HERE


def test_an_account_that_is_halted_already_is_not_halted_again(tmp_path: Path):
    with twins.twin(twins.says({})) as platform:
        office = Office(tmp_path, platform, ran("10:40")).begin()
        office.write("halt:all", Halt(symbol="", why="me", cause=HaltCause.PERSON))
        office.write("halt:x", UNSURE)
        office.tell()

    assert office.commands() == []


@pytest.mark.parametrize(("halt_on", "commands"), [([], 0), (["unresolved"], 1), (["say_do"], 0)])
def test_what_acts_is_set_by_kind(halt_on: list[str], commands: int, tmp_path: Path):
    with twins.twin(twins.says({})) as platform:
        office = Office(tmp_path, platform, ran("10:40"), halt_on=halt_on).begin()
        office.write("halt:x", UNSURE)
        office.tell()

    assert len(office.commands()) == commands


def test_a_warning_does_not_act(tmp_path: Path):
    with twins.twin(twins.says({})) as platform:
        office = Office(tmp_path, platform, ran("10:40"), halt_on=["halt"]).begin()
        office.write("halt:x", Halt(symbol=MAIN, why="me", cause=HaltCause.PERSON))

        assert office.tell() == ["halt"]

    assert office.commands() == []


def test_an_alert_survives_a_kill_before_it_was_written(tmp_path: Path):
    live = ran("10:40")
    with twins.twin(twins.says({})) as platform:
        first = Office(tmp_path, platform, live).begin(len(live.journal.events))
        assert first.tell() == []
        first.write("lift", Lift(symbol=MAIN, why="w"))  # Killed here: nothing of it is in the outbox.

        second = Office(tmp_path, platform, live).begin(len(live.journal.events))
        assert second.tell() == ["lifted"]
        third = Office(tmp_path, platform, live).begin(len(live.journal.events))
        assert third.tell() == []


def test_an_alert_survives_a_kill_before_it_was_sent(tmp_path: Path):
    live = ran("10:40")
    with twins.twin(hangs) as dead:
        first = Office(tmp_path, dead, live).begin()
        first.write("lift", Lift(symbol=MAIN, why="w"))
        first.tell()
    with twins.twin(twins.says({})) as platform:
        live.clock.jump(live.clock.now() + timedelta(minutes=1))

        assert Office(tmp_path, platform, live).begin().tell() == ["lifted"]


def test_a_first_start_tells_nothing_of_what_was_before_it(tmp_path: Path):
    live = ran("10:40")
    live.journal.write("", "lift", Lift(symbol=MAIN, why="w"))

    with twins.twin(twins.says({})) as platform:
        assert Office(tmp_path, platform, live).begin(len(live.journal.events)).tell() == []


def test_a_missed_slot_is_told(tmp_path: Path):
    live = Setup().open()
    live.tick(at(MON, "10:41"))

    with twins.twin(twins.says({})) as platform:
        assert Office(tmp_path, platform, live).begin().tell() == ["missed"]


def test_a_session_without_fault_is_not_told(tmp_path: Path):
    with twins.twin(twins.says({})) as platform:
        assert Office(tmp_path, platform, ran("14:10")).begin().tell() == []


def test_where_the_outbox_cannot_be_written_an_alert_is_tried_once_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "main").write_text("a file where the folder should be")
    with twins.twin(twins.says({})) as platform:
        office = Office(tmp_path, platform, ran("10:40"), halt_on=[])
        office.desk._alarms.after_seq = 0
        office.write("lift", Lift(symbol=MAIN, why="w"))

        assert office.tell() == ["lifted"]
        assert office.tell() == []

    assert "alerts cannot be kept" in capsys.readouterr().out


DAMAGED = b"not a database at all, and longer than the header of one would be" * 20


def test_a_halt_that_cannot_be_put_is_told_as_what_it_is(tmp_path: Path):
    with twins.twin(twins.says({})) as platform:
        office = Office(tmp_path, platform, ran("10:40"), halt_on=["unresolved", "not_halted"]).begin()
        (tmp_path / "main" / INBOX_NAME).parent.mkdir(exist_ok=True)
        (tmp_path / "main" / INBOX_NAME).write_bytes(DAMAGED)
        office.write("halt:x", UNSURE)

        assert office.tell() == ["unresolved", "not_halted"]
        assert office.tell() == []

    assert INBOX_NAME in platform.bodies[1]["text"]
    assert "kill" in platform.bodies[1]["text"]


def test_a_damaged_outbox_is_set_aside_and_told_of_and_the_account_goes_on(tmp_path: Path):
    path = tmp_path / "main" / OUTBOX_NAME
    path.parent.mkdir()
    path.write_bytes(DAMAGED)
    live = ran("10:40")
    with twins.twin(twins.says({})) as platform:
        office = Office(tmp_path, platform, live).begin(len(live.journal.events))
        office.write("lift", Lift(symbol=MAIN, why="w"))

        assert office.tell() == ["outbox", "lifted"]
        assert Office(tmp_path, platform, live).begin(len(live.journal.events)).tell() == []

    (aside,) = path.parent.glob(f"{OUTBOX_NAME}.damaged-*")
    assert aside.name == f"{OUTBOX_NAME}.damaged-20260713T024000Z"  # 10:40 in Shanghai.
    assert aside.read_bytes() == DAMAGED
    assert aside.name in platform.bodies[0]["text"]


def test_an_outbox_that_is_damaged_on_the_way_is_set_aside_too(tmp_path: Path):
    path = tmp_path / "main" / OUTBOX_NAME
    live = ran("10:40")
    with twins.twin(twins.says({})) as platform:
        office = Office(tmp_path, platform, live).begin()
        office.write("lift", Lift(symbol=MAIN, why="w"))
        assert office.tell() == ["lifted"]
        office.desk.close()
        path.write_bytes(DAMAGED)

        assert office.tell() == ["outbox"]
        office.desk.close()
        path.write_bytes(DAMAGED)
        live.clock.jump(live.clock.now() + timedelta(hours=5))
        office.write("lift2", Lift(symbol=MAIN, why="w"))
        assert office.tell() == ["outbox", "lifted"]

    assert len(list(path.parent.glob(f"{OUTBOX_NAME}.damaged-*"))) == 2


def test_an_outbox_that_holds_what_nobody_knows_here_is_set_aside(tmp_path: Path):
    live = ran("10:40")
    with twins.twin(hangs) as dead:
        first = Office(tmp_path, dead, live).begin()
        first.write("lift", Lift(symbol=MAIN, why="w"))
        first.tell()
        first.desk.close()
    with closing(sqlite3.connect(tmp_path / "main" / OUTBOX_NAME, isolation_level=None)) as connection:
        connection.execute("UPDATE alerts SET kind = 'of next year'")
    live.clock.jump(live.clock.now() + timedelta(minutes=1))

    with twins.twin(twins.says({})) as platform:
        assert Office(tmp_path, platform, live).begin().tell() == ["outbox"]


def test_a_damaged_outbox_that_cannot_be_set_aside_stops_nobody_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    live = ran("10:40")
    with twins.twin(twins.says({})) as platform:
        office = Office(tmp_path, platform, live).begin()
        (tmp_path / "main").mkdir(exist_ok=True)
        (tmp_path / "main" / OUTBOX_NAME).write_bytes(DAMAGED)

        def refused(*_asked: object) -> Path:
            raise PermissionError(13, "no")

        monkeypatch.setattr(Path, "replace", refused)
        office.write("lift", Lift(symbol=MAIN, why="w"))

        assert office.tell() == ["lifted"]


def test_an_outbox_that_is_damaged_again_at_once_is_not_looked_at_again_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    live = ran("10:40")
    with twins.twin(twins.says({})) as platform:
        office = Office(tmp_path, platform, live).begin()

        async def damaged(_sender: Sender) -> None:
            raise DamagedFile("read", "not a database")

        monkeypatch.setattr(Sender, "turn", damaged)

        assert asyncio.run(office.desk.turn(live.world)) is None


# The day's summary.


def test_a_days_summary_is_sent_once_after_its_close_with_its_page(tmp_path: Path):
    live = ran("15:44")
    with twins.twin(twins.says({})) as platform:
        office = Office(tmp_path, platform, live).begin()
        assert office.tell() == []
        live.clock.jump(at(MON, "15:45"))
        assert office.tell() == ["day"]
        live.clock.jump(at(MON, "20:00"))
        assert office.tell() == []
        assert Office(tmp_path, platform, live).begin().tell() == []

    told = platform.bodies[0]
    # 1000 MAIN for 10.00 and 5.00, worth 11.00 at the close: 100000 - 10000 - 5 - 0.10 + 11000.
    assert "100,994.90" in told["text"]
    assert "closes" in told["text"]
    assert live.journal.events[-1].hash in told["text"]
    assert "100,994.90" in (tmp_path / "main" / "days" / f"{MON}.html").read_text(encoding="utf-8")


def test_a_summary_that_was_made_is_not_made_again(tmp_path: Path):
    live = ran("15:50")
    page = tmp_path / "main" / "days" / f"{MON}.html"
    with twins.twin(twins.says({})) as platform:
        Office(tmp_path, platform, live).begin().tell()
        page.unlink()
        Office(tmp_path, platform, live).begin().tell()

    assert not page.exists()


def test_a_channel_without_its_secret_is_named_and_not_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with twins.twin(twins.says({})) as platform:
        bare = {"name": "bare", "type": "wecom", "url": twins.address(platform)}
        office = Office(tmp_path, platform, ran("10:40"), channels=[bare]).begin()
        office.write("lift", Lift(symbol=MAIN, why="w"))

        assert office.tell() == []

    assert "KAIPAN_ALERT_BARE_TOKEN" in capsys.readouterr().out


def test_a_process_that_starts_the_next_morning_makes_the_summary_then(tmp_path: Path):
    live = ran("15:10")
    live.clock.jump(at(TUE, "09:00"))

    with twins.twin(twins.says({})) as platform:
        assert Office(tmp_path, platform, live).begin().tell() == ["day"]

    assert str(MON) in platform.bodies[0]["title"]


def test_an_account_opened_after_the_close_has_no_summary_of_that_day(tmp_path: Path):
    live = Setup(first=TUE).open(at(TUE, "00:00"))

    with twins.twin(twins.says({})) as platform:
        assert Office(tmp_path, platform, live).begin().tell() == []


def test_the_summary_can_be_left_out_and_moved(tmp_path: Path):
    live = ran("15:50")
    with twins.twin(twins.says({})) as platform:
        assert Office(tmp_path / "a", platform, live, day_summary=False).begin().tell() == []
        assert Office(tmp_path / "b", platform, live, day_summary_at="16:00").begin().tell() == []


def test_the_task_ends_when_it_is_asked_to_and_sends_what_is_left(tmp_path: Path):
    live = ran("10:40")

    async def run(office: Office) -> None:
        task = asyncio.create_task(office.desk.run(live.world))
        await asyncio.sleep(0)
        office.write("lift", Lift(symbol=MAIN, why="w"))
        await office.desk.end(live.world, task)
        assert task.done()

    with twins.twin(twins.says({})) as platform:
        asyncio.run(run(Office(tmp_path, platform, live).begin()))

    assert [one["kind"] for one in platform.bodies] == ["lifted"]
