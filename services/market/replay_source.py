"""Prices from the record, in the order in which they were asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from services.domain.bars import Frequency, Panel
from services.domain.events import Event, FaultRecord
from services.domain.instruments import Facts, Symbol
from services.domain.quotes import Snapshot, VendorSnapshot
from services.ports import PriceFault


class ReplaySource:
    """Answers with what the journal recorded: snapshots, bars, facts and faults, each once, in order.

    `value_of` returns an event's body. A question that was never asked is a fault.
    """

    panel: Panel | None = None

    def __init__(
        self, events: Iterable[Event], value_of: Callable[[Event], object], name: str = "replay"
    ) -> None:
        self.name = name
        self._snapshots: deque[object] = deque()
        self._bars: deque[object] = deque()
        self._facts: deque[object] = deque()
        for event in events:
            step = event.step.rpartition(":")[2]
            if step in ("prices", "requote"):
                self._snapshots.append(value_of(event))
            elif step == "history":
                self._bars.append(value_of(event))
            elif step == "facts":
                self._facts.append(value_of(event))

    async def get_current_prices(self, symbols: Sequence[Symbol]) -> Snapshot:
        """Return the next recorded snapshot.

        Raises:
            PriceFault: The record holds a fault here, or nothing more.
        """
        answer = _next(self._snapshots, "snapshot")
        if not isinstance(answer, VendorSnapshot):
            raise PriceFault("recorded snapshot", f"the record holds a {type(answer).__name__}")
        return answer

    async def get_history(self, symbols: Sequence[Symbol], frequency: Frequency) -> Panel:
        """Return the next recorded bars.

        Raises:
            PriceFault: The record holds a fault here, or nothing more.
        """
        answer = _next(self._bars, "bars")
        if not isinstance(answer, Panel):
            raise PriceFault("recorded bars", f"the record holds a {type(answer).__name__}")
        return answer

    async def get_instruments(self, symbols: Sequence[Symbol]) -> Facts:
        """Return the next recorded facts.

        Raises:
            PriceFault: The record holds a fault here, or nothing more.
        """
        answer = _next(self._facts, "facts")
        if not isinstance(answer, Facts):
            raise PriceFault("recorded facts", f"the record holds a {type(answer).__name__}")
        return answer


def _next(answers: deque[object], what: str) -> object:
    if not answers:
        raise PriceFault(f"recorded {what}", "nothing more is on record")
    answer = answers.popleft()
    if isinstance(answer, FaultRecord):
        raise PriceFault(answer.asked, answer.why)
    return answer
