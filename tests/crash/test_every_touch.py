"""Dying at any touch of the outside and starting again ends as if nobody had died."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from services.brokers.ledger import Entry, LedgerStore, MemoryLedger
from services.brokers.ledger_file import FileLedger
from services.clock import VirtualClock
from services.domain.events import Event
from services.journal.memory_store import MemoryStore
from services.journal.sql_store import SqlStore
from services.journal.verify import verify
from services.ports import EventStore
from tests.crash.touches import Crash, Fate, MortalRun, accepted_ids, demo_run

START, END = date(2026, 7, 14), date(2026, 7, 15)
"""Two days with orders waiting over lunch, funded buys, cancels, lapses and a dividend."""

SQL_STRIDE = 41
"""Every how-manieth touch is tried on files that survive a real close and open."""

TWICE_STRIDE = 7
"""Every how-manieth state a death can leave is followed by a second death within the recovery."""

REAL_STRIDE = 29
"""Every how-manieth touch is really died at, to see that a death leaves what was on record then."""


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
class Left:
    """What a death leaves: journal, ledger, audit trail. A restart knows no more."""

    events: tuple[Event, ...]
    bodies: dict[str, bytes]
    entries: tuple[Entry, ...]
    audit: bytes

    @classmethod
    def at(cls, site: Site) -> Left:
        bodies = {digest: site.store.body(digest) for digest in site.store.body_digests()}
        return cls(tuple(site.store.events()), bodies, tuple(site.ledger.entries()), site.text())

    def site(self, run: MortalRun, folder: Path) -> Site:
        """Return a site where just this is left, as a new process finds it."""
        site = Site(run, folder)
        site.store.append(self.events, self.bodies)
        if self.entries:
            site.ledger.append(self.entries)
        if self.audit:
            site.audit.parent.mkdir(parents=True)
            site.audit.write_bytes(self.audit)
        return site


class Watching(Fate):
    """Keeps what a death before and after each touch would leave."""

    def __init__(self, site: Site) -> None:
        super().__init__()
        self._site = site
        self.left: dict[tuple[int, bool], Left] = {}

    def before_touch(self, what: str) -> None:
        super().before_touch(what)
        self.left[self.count, True] = Left.at(self._site)

    def after_touch(self, number: int) -> None:
        self.left[number, False] = Left.at(self._site)


@dataclass(frozen=True)
class Uncut:
    """A run nobody interrupted: its audit trail, its orders, what it touched, what deaths would leave."""

    run: MortalRun
    audit: bytes
    accepted: list[str]
    touched: list[str]
    left: dict[tuple[int, bool], Left]

    @property
    def states(self) -> list[Left]:
        """Every state a death can leave, each once: a touch that only reads leaves no new one."""
        different: list[Left] = []
        for left in self.left.values():
            if not different or left != different[-1]:
                different.append(left)
        return different


@pytest.fixture(scope="module")
def uncut(tmp_path_factory: pytest.TempPathFactory) -> Uncut:
    folder = tmp_path_factory.mktemp("uncut")
    site = Site(demo_run(folder, START, END), folder)
    fate = Watching(site)
    assert site.live(fate)
    return Uncut(site.run, site.text(), accepted_ids(site.ledger), fate.touched, fate.left)


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


def test_a_death_leaves_what_was_on_record_when_it_came(uncut, tmp_path):
    for dies_at in range(1, len(uncut.touched) + 1, REAL_STRIDE):
        for before in (True, False):
            folder = tmp_path / f"{dies_at}-{before}"
            folder.mkdir()
            site = Site(uncut.run, folder)

            assert not site.live(Fate(dies_at, before))

            assert Left.at(site) == uncut.left[dies_at, before]


@pytest.mark.parametrize("fourth", range(4))
def test_a_death_at_any_touch_changes_nothing(uncut, tmp_path, fourth):
    states = uncut.states
    # Of the 355 touches 226 leave something new; the rest ask, and leave what the one before them left.
    assert len(uncut.left) == 2 * len(uncut.touched)
    assert len(states) >= 200
    for number, left in enumerate(states[fourth::4]):
        folder = tmp_path / str(number)
        folder.mkdir()

        require_whole(left.site(uncut.run, folder), uncut, [], left.audit)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_second_death_within_the_recovery_changes_nothing(uncut, tmp_path, before):
    tried = 0
    for number, left in enumerate(uncut.states[::TWICE_STRIDE]):
        for then in (1, 2, 3, 5, 8):
            folder = tmp_path / f"{number}-{then}"
            folder.mkdir()
            site, fate = left.site(uncut.run, folder), Fate(then, before)

            died_again = not site.live(fate)

            require_whole(site, uncut, [fate], site.text())
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
        site = uncut.left[dies_at, False].site(uncut.run, folder)
        torn = site.text()[:-7]
        site.audit.write_bytes(torn)

        require_whole(site, uncut, [], torn)

        kinds = [event.kind for event in site.store.events()]
        assert kinds.count("repaired") == 1
