"""Dying at any touch of the outside and starting again ends as if nobody had died."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from services.brokers.ledger import LedgerStore, MemoryLedger
from services.brokers.ledger_file import FileLedger
from services.clock import VirtualClock
from services.journal.memory_store import MemoryStore
from services.journal.sql_store import SqlStore
from services.journal.verify import verify
from services.ports import EventStore
from tests.crash.touches import Crash, Fate, MortalRun, accepted_ids, demo_run

START, END = date(2026, 7, 14), date(2026, 7, 15)
"""Two days with orders waiting over lunch, funded buys, cancels, lapses and a dividend."""

SQL_STRIDE = 23
"""Every how-manieth touch is tried on files that survive a real close and open."""

TWICE_STRIDE = 9
"""Every how-manieth first death is followed by a second one within the recovery."""


@dataclass
class Site:
    """What survives a death. `open` yields store and ledger as a new process finds them."""

    run: MortalRun
    folder: Path
    store: MemoryStore = field(default_factory=MemoryStore)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)

    @property
    def audit(self) -> Path:
        return self.folder / "position" / "position.jsonl"

    @contextmanager
    def open(self) -> Iterator[tuple[EventStore, LedgerStore]]:
        yield self.store, self.ledger

    def live(self, fate: Fate) -> bool:
        """Run until finished or dead; answer whether finished. What is finished is not run again."""
        with self.open() as (store, ledger), suppress(Crash):
            if not any(event.kind == "run_finished" for event in store.events()):
                self.run.live(store, ledger, self.audit, fate)
            return True
        return False

    def text(self) -> bytes:
        return self.audit.read_bytes() if self.audit.exists() else b""


class OnDisk(Site):
    """The same in SQLite files, opened by each process anew."""

    @contextmanager
    def open(self) -> Iterator[tuple[EventStore, LedgerStore]]:
        store = SqlStore.open(self.folder / "journal.sqlite3", "main")
        store.take_fence()
        ledger = FileLedger(self.folder / "exchange.sqlite3")
        try:
            yield store, ledger
        finally:
            ledger.close()
            store.close()


@dataclass(frozen=True)
class Uncut:
    """A run nobody interrupted: its audit trail, the orders it placed, and what it touched."""

    run: MortalRun
    audit: bytes
    accepted: list[str]
    touched: list[str]


@pytest.fixture(scope="module")
def uncut(tmp_path_factory: pytest.TempPathFactory) -> Uncut:
    folder = tmp_path_factory.mktemp("uncut")
    fate = Fate()
    site = Site(demo_run(folder, START, END), folder)
    assert site.live(fate)
    return Uncut(site.run, site.text(), accepted_ids(site.ledger), fate.touched)


def require_whole(site: Site, uncut: Uncut, deaths: list[Fate], before: bytes) -> None:
    """Start again until finished, and compare with the run nobody interrupted."""
    last = Fate()
    assert site.live(last)
    assert site.text() == uncut.audit
    complete = before[: before.rfind(b"\n") + 1]
    assert site.text().startswith(complete)
    with site.open() as (_, ledger):
        assert accepted_ids(ledger) == uncut.accepted
    assert [twice for fate in (*deaths, last) for twice in fate.sent_twice] == []


def test_the_days_touch_every_door(uncut):
    doors = {touch.split()[0] for touch in uncut.touched}

    assert doors == {
        "append",
        "ledger",
        "audit",
        "agent.decide",
        "prices.get_current_prices",
        "broker.submit_order",
        "broker.cancel_order",
        "broker.get_order_status",
        "broker.get_open_orders",
        "broker.get_fills",
        "broker.get_movements",
        "broker.get_positions",
        "broker.get_balance",
    }
    steps = " ".join(uncut.touched)
    for kind in ("funded", "late1:look", "late1:requote", "cancel:", "movement:", "ended:", "finished"):
        assert kind in steps


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("eighth", range(8))
def test_a_death_at_any_touch_changes_nothing(uncut, tmp_path, before, eighth):
    tried = 0
    for dies_at in range(1 + eighth, len(uncut.touched) + 1, 8):
        folder = tmp_path / str(dies_at)
        folder.mkdir()
        site, fate = Site(uncut.run, folder), Fate(dies_at, before)

        assert not site.live(fate)

        require_whole(site, uncut, [fate], site.text())
        tried += 1
    assert tried >= 40


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_second_death_within_the_recovery_changes_nothing(uncut, tmp_path, before):
    tried = 0
    for dies_at in range(1, len(uncut.touched), TWICE_STRIDE):
        for then in (1, 2, 3, 5, 8):
            folder = tmp_path / f"{dies_at}-{then}"
            folder.mkdir()
            site, fates = Site(uncut.run, folder), [Fate(dies_at, before), Fate(then, not before)]

            assert not site.live(fates[0])
            died_again = not site.live(fates[1])

            require_whole(site, uncut, fates, site.text())
            tried += died_again
    assert tried >= 150


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_death_is_survived_on_files_that_verify_and_hold_no_second_order(uncut, tmp_path, before):
    for dies_at in range(1, len(uncut.touched) + 1, SQL_STRIDE):
        folder = tmp_path / str(dies_at)
        folder.mkdir()
        site, fate = OnDisk(uncut.run, folder), Fate(dies_at, before)

        assert not site.live(fate)

        require_whole(site, uncut, [fate], site.text())
        store = SqlStore.open_read_only(folder / "journal.sqlite3", "main")
        clock = VirtualClock(uncut.run._run.genesis.opened_at)
        found = verify(store, site.audit, "main", clock, uncut.run._run.panels.get)
        store.close()
        assert found.problems == ()


def test_a_line_torn_by_a_death_is_completed_and_the_repair_is_on_record(uncut, tmp_path):
    flushes = [number for number, touch in enumerate(uncut.touched, 1) if touch == "audit"]
    assert len(flushes) >= 8
    for dies_at in flushes:
        folder = tmp_path / str(dies_at)
        folder.mkdir()
        site, fate = Site(uncut.run, folder), Fate(dies_at, before=False)
        assert not site.live(fate)
        torn = site.text()[:-7]
        site.audit.write_bytes(torn)

        require_whole(site, uncut, [fate], torn)

        kinds = [event.kind for event in site.store.events()]
        assert kinds.count("repaired") == 1
