"""The process that is never killed: the exchange, the seed's plan, and the record of what happened."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path

from services.brokers.ledger import Accepted
from services.brokers.ledger_file import read_entries
from services.domain.events import Event
from services.journal.database import Where
from services.journal.inbox import Inboxes
from services.journal.sql_store import SqlStore
from services.ports import BrokerFault, JournalFault
from tests.crash.kills.far import Host
from tests.simulation.disk import AuditPath
from tests.simulation.life import History
from tests.simulation.process import Lived, Outside
from tests.simulation.promises import violations
from tests.simulation.scenario import Act, Deed, Kind, Scenario


class Truth:
    """One history at a time: begun, told of, brought up to what lies on the disk, and judged."""

    def __init__(self) -> None:
        self.outside: Outside
        self.now_s, self.end, self.full_until = 0.0, "", 0

    def begin(self, scenario: Scenario, folder: Path, where: Where) -> None:
        """Begin the history of a scenario whose files lie in `folder`."""
        history = History(scenario, folder)  # It lets the exchange's days begin.
        self.outside, self._folder, self._where = history.outside, folder, where
        self.outside.commands = Inboxes(where, "main")  # type: ignore[assignment]  # It does the same on files.
        self.now_s, self.end, self.full_until = 0.0, "", 0
        self._at_s: dict[tuple[str, str], float] = {}

    def touched(self, now_s: float) -> tuple[int, tuple[Act, ...]]:
        """Count a touch; return its number and what was to happen there."""
        outside = self.outside
        self.now_s = max(self.now_s, now_s)
        outside.touches += 1
        due: list[Act] = []
        while outside.acts and outside.acts[0].touch <= outside.touches:
            due.append(outside.acts.popleft())
            if due[-1].deed is Deed.KILL:
                break
        return outside.touches, tuple(due)

    def wrote(self, keys: Iterable[tuple[str, str]], at_s: float) -> None:
        """Take note of records that a process says it wrote."""
        for key in keys:
            self._at_s.setdefault(key, at_s)

    def durable(self, session: str, step: str) -> bool:
        """Answer whether a record lies on the disk, as another process sees it."""
        return any((event.session, event.step) == (session, step) for event in self._events())

    def ended(self, how: str) -> None:
        """Take note of how a process ended by itself."""
        self.end = how

    def buried(self, number: int, began_s: float, end: str) -> None:
        """Take note of a process that is gone, and of what it left on the disk."""
        outside = self.outside
        outside.lives.append(
            Lived(
                number=number,
                events=len(outside.events),
                began_s=began_s,
                ended_s=self.now_s,
                end=end,
            )
        )
        events = self._events()
        keys = [(event.session, event.step) for event in events]
        # What a process wrote and did not live to say was written last.
        outside.event_s = [self._at_s.setdefault(key, self.now_s) for key in keys]
        outside.events = events
        # A file that a death left without its table holds nothing yet.
        with suppress(BrokerFault, JournalFault):
            entries = read_entries(self._folder / "exchange.sqlite3")
            outside.accepted = [one.terms.order_id for one in entries if isinstance(one, Accepted)]

    def trail(self) -> bytes:
        """Return the audit trail as it lies on the disk."""
        path = self._folder / "position.jsonl"
        return path.read_bytes() if path.exists() else b""

    def kinds(self) -> tuple[str, ...]:
        """Return the kinds of all records, in order."""
        return tuple(event.kind for event in self.outside.events)

    def again(self, same: bool) -> None:
        """Take note of whether a start after the end changed nothing."""
        self.outside.again.append(same)

    def be_quiet(self) -> None:
        """Let nothing go wrong from now on."""
        self.outside.be_quiet()

    def put(self, command: str, symbol: str) -> None:
        """Put a command to the account, as a person would; who is told that it failed has halted nothing."""
        with suppress(JournalFault):
            self.outside.put(command, symbol)

    def unkill(self) -> None:
        """Take the kill file away, as a person does before a start."""
        self.outside.kill_file = False

    def judged(self) -> tuple[list[str], int, int]:
        """Return which promises were broken, how many orders left, and how many records there are."""
        outside = self.outside
        with closing(SqlStore.open_read_only(self._where, "main")) as store:
            events = tuple(store.events())
            bodies = {digest: store.body(digest) for digest in store.body_digests()}
        outside.store.append(events, bodies)
        if outside.scenario.kind is not Kind.WIRE:
            outside.ledger.append(read_entries(self._folder / "exchange.sqlite3"))
        path = AuditPath()
        path.there, path.synced = True, self.trail()
        outside.audit = path
        broken = [str(one) for one in violations(outside)]
        return broken, len(outside.sent), len(events)

    def _events(self) -> list[Event]:
        try:
            with closing(SqlStore.open_read_only(self._where, "main")) as store:
                return list(store.events())
        except JournalFault:
            return []


def start_truth() -> tuple[int, tuple[str, int]]:
    """Return the process id and the address of a truth, in a process forked from this one."""
    host = Host(Truth())
    pid = os.fork()
    if pid == 0:
        try:
            host.serve()
        finally:
            os._exit(1)
    return pid, host.address
