"""The simulated exchange's ledger on disk: durable, complete, untouched when nothing is added."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from services.brokers.ledger import Accepted, Entry, Filled, LedgerStore, MemoryLedger, Triggered
from services.brokers.ledger_file import FileLedger, read_entries
from services.clock import VirtualClock
from services.domain.bars import CorporateAction
from services.domain.orders import OrderId, OrderState
from services.domain.statement import AckKind, Sight
from services.ports import BrokerFault
from tests.exchange_market import FLAT, MAIN, MON, TUE, WED, at, buy, exchange, panel, sell

# Monday flat at 10.00; on Tuesday the second hour falls to 9.80; Wednesday is an ex-day.
MARKET = panel(
    {MAIN: [*[FLAT] * 5, (10.0, 10.0, 9.80, 10.0), *[FLAT] * 6]},
    days=(MON, TUE, WED),
    prev_close={MAIN: (10.0, 10.0, 10.0)},
    actions=(CorporateAction(symbol=MAIN, ex_date=WED, cash_per_share=Decimal("0.10")),),
)


def a_full_run(ledger: LedgerStore) -> None:
    """Write every kind of entry: filled, working, cancelled, rejected, expired, a dividend."""
    clock = VirtualClock(at(MON, "09:35"))
    broker = exchange(MARKET, clock, ledger=ledger)
    asyncio.run(broker.submit_order(buy(MAIN, 300, "10.00", name="FILLED")))
    asyncio.run(broker.submit_order(buy(MAIN, 100, "9.50", name="EXPIRES")))
    asyncio.run(broker.submit_order(buy(MAIN, 150, "10.00", name="REJECTED")))
    gone = buy(MAIN, 100, "9.60", name="CANCELLED")
    asyncio.run(broker.submit_order(gone))
    asyncio.run(broker.cancel_order(gone.order_id))
    clock.jump(at(WED, "09:35"))
    asyncio.run(broker.get_balance())


def test_what_a_file_gives_back_is_what_was_written(tmp_path: Path) -> None:
    memory, file = MemoryLedger(), FileLedger(tmp_path / "exchange.sqlite3")
    for ledger in (memory, file):
        a_full_run(ledger)

    file.close()

    again = FileLedger(tmp_path / "exchange.sqlite3")
    assert again.entries() == memory.entries()
    assert [type(entry).__name__ for entry in again.entries()] == [
        "AccountOpened",
        "Accepted",
        "Filled",
        "Accepted",
        "Rejected",
        "Accepted",
        "Cancelled",
        "Expired",
        "Moved",
    ]
    again.close()


def test_a_closed_ledger_is_one_file_and_looking_at_it_changes_no_byte(tmp_path: Path) -> None:
    path = tmp_path / "exchange.sqlite3"
    ledger = FileLedger(path)
    a_full_run(ledger)
    ledger.close()
    before = path.read_bytes()
    assert [file.name for file in tmp_path.iterdir()] == [path.name]

    again = FileLedger(path)
    broker = exchange(MARKET, VirtualClock(at(WED, "09:35")), ledger=again)
    asyncio.run(broker.get_balance())
    broker.close()

    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


class Dying:
    """A ledger whose process dies at its n-th write, before or after the write reached the disk."""

    def __init__(self, kept: LedgerStore, *, at_write: int, after: bool) -> None:
        self._kept, self._left, self._after = kept, at_write, after

    def entries(self) -> Sequence[Entry]:
        return self._kept.entries()

    def append(self, entries: Sequence[Entry]) -> None:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise KeyboardInterrupt
        self._kept.append(entries)
        if self._left == 0:
            raise KeyboardInterrupt

    def close(self) -> None:
        self._kept.close()


@pytest.mark.parametrize(("after", "sight"), [(False, Sight.ABSENT), (True, Sight.FOUND)])
def test_a_submit_cut_off_is_there_with_its_trade_or_not_at_all(
    tmp_path: Path, after: bool, sight: Sight
) -> None:
    path, clock, order = (
        tmp_path / "exchange.sqlite3",
        VirtualClock(at(MON, "09:35")),
        buy(MAIN, 300, "10.00"),
    )
    FileLedger(path).close()
    dying = Dying(FileLedger(path), at_write=2, after=after)  # the first write opens the account
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(exchange(MARKET, clock, ledger=dying).submit_order(order))
    dying.close()

    broker = exchange(MARKET, clock, ledger=FileLedger(path))

    sighting = asyncio.run(broker.get_order_status(order.order_id))
    assert sighting.sight is sight
    assert len(asyncio.run(broker.get_fills(MON))) == (1 if after else 0)
    assert asyncio.run(broker.submit_order(order)).kind is AckKind.ACCEPTED
    assert len(asyncio.run(broker.get_fills(MON))) == 1
    broker.close()


def test_a_process_killed_with_its_write_ahead_log_open_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "exchange.sqlite3"
    ledger = FileLedger(path)
    a_full_run(ledger)
    copy = tmp_path / "after the kill"
    copy.mkdir()
    for file in tmp_path.glob("exchange.sqlite3*"):
        (copy / file.name).write_bytes(file.read_bytes())
    assert (copy / "exchange.sqlite3-wal").exists()

    found = FileLedger(copy / "exchange.sqlite3")

    assert found.entries() == ledger.entries()
    found.close()
    ledger.close()
    assert [file.name for file in copy.iterdir()] == ["exchange.sqlite3"]


class Refusing:
    """A ledger on a disk that is full while `full` is set; `writes_all_the_same` lies about it."""

    def __init__(self) -> None:
        self._kept, self.full, self.writes_all_the_same = MemoryLedger(), False, False

    def entries(self) -> Sequence[Entry]:
        return self._kept.entries()

    def append(self, entries: Sequence[Entry]) -> None:
        if self.full:
            if self.writes_all_the_same:
                self._kept.append(entries)
            raise BrokerFault("write the ledger", "disk full")
        self._kept.append(entries)

    def close(self) -> None:
        pass


def test_what_cannot_be_written_did_not_happen() -> None:
    ledger, clock = Refusing(), VirtualClock(at(TUE, "09:35"))
    broker = exchange(MARKET, clock, ledger=ledger)
    works, never = (
        buy(MAIN, 100, "9.90", name="WORKS", day=TUE),
        buy(MAIN, 100, "10.00", name="NEVER", day=TUE),
    )
    asyncio.run(broker.submit_order(works))
    ledger.full = True

    with pytest.raises(BrokerFault):
        asyncio.run(broker.submit_order(never))
    assert asyncio.run(broker.get_order_status(never.order_id)).sight is Sight.ABSENT
    clock.jump(at(TUE, "14:05"))
    for _ in range(2):
        with pytest.raises(BrokerFault):
            asyncio.run(broker.get_fills(TUE))

    ledger.full = False
    assert [fill.order_id for fill in asyncio.run(broker.get_fills(TUE))] == [works.order_id]


def test_a_cancel_that_cannot_be_written_did_not_happen() -> None:
    ledger, clock = Refusing(), VirtualClock(at(TUE, "09:35"))
    broker = exchange(MARKET, clock, ledger=ledger)
    works = buy(MAIN, 100, "9.90", name="WORKS", day=TUE)
    asyncio.run(broker.submit_order(works))
    ledger.full = True

    with pytest.raises(BrokerFault):
        asyncio.run(broker.cancel_order(works.order_id))

    ledger.full = False
    found = asyncio.run(broker.get_order_status(works.order_id)).status
    assert found is not None
    assert found.state is OrderState.WORKING


def test_after_a_write_of_doubtful_end_the_ledger_itself_is_asked() -> None:
    ledger, order = Refusing(), buy(MAIN, 100, "10.00", day=TUE)
    broker = exchange(MARKET, VirtualClock(at(TUE, "09:35")), ledger=ledger)
    ledger.full = ledger.writes_all_the_same = True

    with pytest.raises(BrokerFault):
        asyncio.run(broker.submit_order(order))

    assert asyncio.run(broker.get_order_status(order.order_id)).sight is Sight.FOUND
    assert len(asyncio.run(broker.get_fills(TUE))) == 1


def test_a_run_taken_up_at_an_earlier_moment_sees_what_it_saw_the_first_time() -> None:
    ledger, first = MemoryLedger(), VirtualClock(at(TUE, "09:35"))
    order = buy(MAIN, 100, "9.90", day=TUE)
    asyncio.run(exchange(MARKET, first, ledger=ledger).submit_order(order))
    first.jump(at(WED, "09:35"))
    asyncio.run(exchange(MARKET, first, ledger=ledger).get_balance())
    whole = ledger.entries()

    again = VirtualClock(at(TUE, "10:35"))
    broker = exchange(MARKET, again, ledger=ledger)

    assert asyncio.run(broker.get_fills(MON)) == ()
    assert len(asyncio.run(broker.get_open_orders())) == 1
    again.jump(at(TUE, "14:05"))
    assert len(asyncio.run(broker.get_fills(MON))) == 1
    assert asyncio.run(broker.get_movements(MON)) == ()
    again.jump(at(WED, "09:35"))
    assert len(asyncio.run(broker.get_movements(MON))) == 1
    assert ledger.entries() == whole


def test_an_order_sent_before_the_ledgers_last_entry_is_taken_after_it() -> None:
    ledger, first = MemoryLedger(), VirtualClock(at(TUE, "09:35"))
    works = buy(MAIN, 100, "9.90", name="WORKS", day=TUE)
    broker = exchange(MARKET, first, ledger=ledger)
    asyncio.run(broker.submit_order(works))
    first.jump(at(TUE, "14:05"))
    asyncio.run(broker.get_balance())  # filled at 11:30

    clock = VirtualClock(at(TUE, "10:35"))
    late = exchange(MARKET, clock, ledger=ledger)
    first_ack = asyncio.run(late.submit_order(buy(MAIN, 100, "10.00", name="NEW", day=TUE)))
    clock.jump(at(TUE, "10:36"))
    second_ack = asyncio.run(late.submit_order(buy(MAIN, 100, "10.00", name="NEWER", day=TUE)))

    # The exchange stands at 11:30, its lunch: nothing can be put before what is written.
    assert [ack.reason.split(":")[0] for ack in (first_ack, second_ack)] == ["phase", "phase"]
    assert len(asyncio.run(late.get_fills(TUE))) == 1


def test_a_cancel_before_the_ledgers_last_entry_finds_the_order_as_the_ledger_has_it() -> None:
    ledger, first = MemoryLedger(), VirtualClock(at(TUE, "09:35"))
    works = buy(MAIN, 100, "9.90", name="WORKS", day=TUE)
    broker = exchange(MARKET, first, ledger=ledger)
    asyncio.run(broker.submit_order(works))
    first.jump(at(TUE, "14:05"))
    asyncio.run(broker.get_balance())

    late = exchange(MARKET, VirtualClock(at(TUE, "10:35")), ledger=ledger)

    assert asyncio.run(late.cancel_order(works.order_id)).kind is AckKind.REJECTED
    status = asyncio.run(late.get_order_status(works.order_id)).status
    assert status is not None
    assert status.state is OrderState.FILLED


def test_a_clock_set_back_hides_no_answered_order() -> None:
    ledger, order = MemoryLedger(), buy(MAIN, 100, "10.00", day=TUE)
    asyncio.run(exchange(MARKET, VirtualClock(at(TUE, "09:35")), ledger=ledger).submit_order(order))

    back = exchange(MARKET, VirtualClock(at(TUE, "09:35") - timedelta(seconds=2)), ledger=ledger)

    assert asyncio.run(back.get_order_status(order.order_id)).sight is Sight.FOUND
    assert len(asyncio.run(back.get_fills(TUE))) == 1


def test_an_account_with_entries_keeps_its_cash_whatever_a_new_one_would_get(tmp_path: Path) -> None:
    path = tmp_path / "exchange.sqlite3"
    exchange(MARKET, VirtualClock(at(MON, "09:35")), ledger=FileLedger(path), cash="5000.00").close()

    broker = exchange(MARKET, VirtualClock(at(MON, "09:35")), ledger=FileLedger(path), cash="9.00")

    assert asyncio.run(broker.get_balance()).cash_cny == Decimal("5000.00")
    broker.close()


def test_an_idle_exchange_writes_nothing(tmp_path: Path) -> None:
    ledger, clock = MemoryLedger(), VirtualClock(at(MON, "09:35"))
    broker = exchange(MARKET, clock, ledger=ledger)
    for moment in (at(MON, "10:35"), at(TUE, "09:35"), at(WED, "15:05")):
        clock.jump(moment)
        asyncio.run(broker.get_balance())
        asyncio.run(broker.get_positions())

    assert len(ledger.entries()) == 1


def test_a_ledger_of_an_older_version_goes_on_and_is_of_this_one_from_its_next_entry(tmp_path: Path) -> None:
    path = tmp_path / "exchange.sqlite3"
    a_full_run(FileLedger(path))
    with sqlite3.connect(path) as older:
        older.execute("PRAGMA user_version = 1")
    older.close()
    before = path.read_bytes()

    ledger = FileLedger(path)
    entries = ledger.entries()
    ledger.close()

    assert path.read_bytes() == before
    assert read_entries(path) == entries
    again = FileLedger(path)
    again.entries()
    again.append([Triggered(at=at(WED, "09:40"), order_id=OrderId("A"))])
    again.close()
    with sqlite3.connect(path) as now:
        assert now.execute("PRAGMA user_version").fetchone() == (3,)
    now.close()
    assert read_entries(path)[:-1] == entries


def test_a_ledger_from_before_parked_orders_and_debts_is_read_as_it_was_meant(tmp_path: Path) -> None:
    path = tmp_path / "exchange.sqlite3"
    ledger = FileLedger(path)
    a_full_run(ledger)
    ledger.close()
    entries = read_entries(path)
    with sqlite3.connect(path) as older:
        older.execute("PRAGMA user_version = 2")
        for key in ("parked_until_cny", "approximate", "pays_tax"):
            older.execute(f"UPDATE entries SET body = json_remove(body, '$.{key}')")
        bodies = [body for (body,) in older.execute("SELECT body FROM entries")]
    older.close()
    assert not any("parked" in body or "pays_tax" in body for body in bodies)

    again = exchange(MARKET, VirtualClock(at(WED, "09:35")), ledger=FileLedger(path))

    assert asyncio.run(again.get_balance()).owed_cny == Decimal("0.00")
    # On bars the cage has always been reckoned without a book; that nobody wrote down.
    assert read_entries(path) == tuple(
        replace(entry, approximate=False) if isinstance(entry, Accepted) else entry for entry in entries
    )
    again.close()


def test_a_ledger_is_read_without_a_byte_of_it_changing_and_damage_is_named(tmp_path: Path) -> None:
    path = tmp_path / "exchange.sqlite3"
    ledger = FileLedger(path)
    a_full_run(ledger)
    ledger.close()
    before = path.read_bytes()

    read_entries(path)

    assert (path.read_bytes(), [one.name for one in tmp_path.iterdir()]) == (before, [path.name])
    with sqlite3.connect(path) as damaged:
        damaged.execute("DELETE FROM entries WHERE seq = 3")
    damaged.close()
    with pytest.raises(BrokerFault):
        read_entries(path)


def test_a_ledger_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "exchange.sqlite3"
    FileLedger(path).close()
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()

    with pytest.raises(BrokerFault):
        FileLedger(path)


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM entries WHERE seq = 2",
        "UPDATE entries SET body = '{' WHERE seq = 2",
        "UPDATE entries SET kind = 'gift' WHERE seq = 2",
        "DROP TABLE entries",
    ],
)
def test_a_damaged_ledger_is_a_fault_and_no_empty_account(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "exchange.sqlite3"
    ledger = FileLedger(path)
    a_full_run(ledger)
    ledger.close()
    with sqlite3.connect(path) as hand:
        hand.execute(damage)
    hand.close()

    damaged = FileLedger(path)

    with pytest.raises(BrokerFault):
        exchange(MARKET, VirtualClock(at(WED, "09:35")), ledger=damaged)
    damaged.close()


def test_a_file_that_is_no_ledger_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "exchange.sqlite3"
    path.write_text("not a database, but long enough to be read as a header of one " * 20)

    with pytest.raises(BrokerFault):
        FileLedger(path)


def test_a_write_that_fails_is_a_fault_and_leaves_the_ledger_as_it_was(tmp_path: Path) -> None:
    ledger = FileLedger(tmp_path / "exchange.sqlite3")
    a_full_run(ledger)
    whole = ledger.entries()
    with sqlite3.connect(tmp_path / "exchange.sqlite3") as other:
        other.execute("INSERT INTO entries VALUES (10, 'moved', '{}')")  # the tenth is taken
    other.close()

    with pytest.raises(BrokerFault):
        ledger.append([entry for entry in whole if isinstance(entry, Filled)])

    with sqlite3.connect(tmp_path / "exchange.sqlite3") as other:
        other.execute("DELETE FROM entries WHERE seq = 10")
    other.close()
    assert ledger.entries() == whole
    ledger.close()


def test_a_sale_after_a_restart_finds_the_shares(tmp_path: Path) -> None:
    path, clock = tmp_path / "exchange.sqlite3", VirtualClock(at(MON, "09:35"))
    broker = exchange(MARKET, clock, ledger=FileLedger(path))
    asyncio.run(broker.submit_order(buy(MAIN, 300, "10.00", name="BUY")))
    broker.close()
    clock.jump(at(TUE, "09:35"))

    broker = exchange(MARKET, clock, ledger=FileLedger(path))
    asyncio.run(broker.submit_order(sell(MAIN, 300, "10.00", name="SELL", day=TUE)))

    assert asyncio.run(broker.get_positions()) == ()
    broker.close()
