"""A journal's events in order: the last ones at hand, earlier ones read from the store when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import overload

from services.domain.events import Event

PAGE_EVENTS = 500

Read = Callable[[int, int], Sequence[Event]]
"""Returns the events of the numbers first to last, both included."""


def paged(read: Read) -> Iterator[Event]:
    """Yield every event there is, a page at a time."""
    first = 1
    while page := read(first, first + PAGE_EVENTS - 1):
        yield from page
        first += len(page)


class Shelf(Sequence[Event]):
    """Every event of a journal. What `forget` let go costs a read of the store, not memory."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._kept: list[Event] = []
        self._gone = 0
        self.append: Callable[[Event], None] = self._kept.append
        """Takes the next event."""

    @property
    def at_hand(self) -> Sequence[Event]:
        """The last events, those that are held."""
        return tuple(self._kept)

    def forget(self, before_seq: int) -> None:
        """Hold no event before that number any more."""
        count = before_seq - 1 - self._gone
        if count > 0:
            del self._kept[:count]
            self._gone += count

    def __len__(self) -> int:
        """Return how many there are, at hand or not."""
        return self._gone + len(self._kept)

    @overload
    def __getitem__(self, index: int) -> Event: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Event]: ...

    def __getitem__(self, index: int | slice) -> Event | Sequence[Event]:
        """Return an event, or some."""
        if isinstance(index, slice):
            first, last, step = index.indices(len(self))
            if step != 1:
                raise ValueError("events are cut in their order, without gaps")
            return self._cut(first, last)
        at = range(len(self))[index]
        return self._kept[at - self._gone] if at >= self._gone else self._read(at + 1, at + 1)[0]

    def _cut(self, first: int, last: int) -> Sequence[Event]:
        """Return those from position `first` on and before `last`, counted from 0."""
        earlier: list[Event] = []
        while first < min(last, self._gone):
            earlier += self._read(first + 1, min(first + PAGE_EVENTS, last, self._gone))
            first = earlier[-1].seq
        return (*earlier, *self._kept[max(first - self._gone, 0) : max(last - self._gone, 0)])

    def __iter__(self) -> Iterator[Event]:
        """Yield them, oldest first."""
        for first in range(0, self._gone, PAGE_EVENTS):
            yield from self._read(first + 1, min(first + PAGE_EVENTS, self._gone))
        yield from tuple(self._kept)

    def __reversed__(self) -> Iterator[Event]:
        """Yield them, newest first."""
        gone = self._gone
        yield from reversed(tuple(self._kept))
        last = gone
        while last > 0:
            first = max(1, last - PAGE_EVENTS + 1)
            yield from reversed(self._read(first, last))
            last = first - 1
