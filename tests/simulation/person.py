"""A person who says what became of an order of which the broker could not tell: rightly, wrongly, twice."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from services.domain.events import Event
from services.domain.inbox import Scope
from services.domain.orders import OrderId
from tests.simulation.exchange import NOTHING
from tests.simulation.scenario import Word

if TYPE_CHECKING:
    from tests.simulation.process import Outside, Process

_MICRO = Decimal("0.000001")


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a person says of an order: shares the journal lacks, at what they traded, and what they cost."""

    shares: int = 0
    price_cny: Decimal = NOTHING
    fees_cny: Decimal | None = None


class Person:
    """Reads what the journal's disk holds, as `status` shows it, and says what the seed lets them say."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._sayings = deque(outside.scenario.sayings)
        self._since_s: dict[OrderId, float] = {}
        self._fills: set[str] = set()
        self._left: dict[OrderId, int] = {}
        self._limit_cny: dict[OrderId, Decimal] = {}
        self.said = 0

    def wrote(self, event: Event, at_s: float) -> None:
        """Take note of what `status` shows from now on: what is unresolved, what traded."""
        if event.kind not in ("order_terms", "halt", "lift", "fill"):
            return
        body = json.loads(event.body)
        if event.kind == "order_terms":
            self._left[body["order_id"]] = int(body["shares"])
            self._limit_cny[body["order_id"]] = Decimal(body["limit_cny"])
        elif event.kind == "fill":
            self._fills.add(body["fill_id"])
            self._left[body["order_id"]] -= int(body["shares"])
        elif body.get("cause") == "unresolved":
            self._since_s.setdefault(OrderId(body["by"]), at_s)
        elif event.kind == "lift":
            self._since_s.pop(OrderId(body["order_id"]), None)

    def be_quiet(self) -> None:
        """Say nothing any more."""
        self._sayings.clear()

    def look(self, process: Process) -> None:
        """Look whether an order is unresolved for so long that it is time to say what became of it."""
        if not self._sayings or not self._since_s:
            return
        order_id, since_s = next(iter(self._since_s.items()))
        if process.true_s - since_s < self._sayings[0].wait_s:
            return
        saying = self._sayings.popleft()
        for word in saying.words:
            self._put(order_id, self._told(order_id, word, process.true_s), process)
            self._outside.note(f"!! settle {order_id} {word}")
        self._outside.kill_in(saying.kill_in)

    def _put(self, order_id: OrderId, told: Told, process: Process) -> None:
        self.said += 1
        args: Mapping[str, str] = {
            "order_id": order_id,
            "shares": str(told.shares),
            "price_cny": str(told.price_cny),
            "fees_cny": "" if told.fees_cny is None else str(told.fees_cny),
            "why": "asked the desk",
            "by": "p",
            "at": process.clock.now().isoformat(),
        }
        self._outside.commands.put(Scope.HERE, "settle", args)

    def _told(self, order_id: OrderId, word: Word, now_s: float) -> Told:
        if word is Word.GONE:
            return Told()
        if word is Word.TRUE:
            return self._true(order_id, now_s)
        left, limit_cny = self._left[order_id], self._limit_cny[order_id]
        price = limit_cny * 10 if word is Word.TYPO else limit_cny
        return Told(shares=min(left, 100) if word is Word.PART else left, price_cny=price)

    def _true(self, order_id: OrderId, now_s: float) -> Told:
        """Return what the exchange has; what still works there is cancelled on its own screen first."""
        exchange = self._outside.exchange
        exchange.advance(now_s)
        exchange.cancel(order_id)
        lacking = [
            one.fill
            for one in exchange.traded
            if one.fill.order_id == order_id and one.fill.fill_id not in self._fills
        ]
        shares = sum(fill.shares for fill in lacking)
        if not shares:
            return Told()
        amount = sum((fill.amount_cny for fill in lacking), NOTHING)
        return Told(
            shares=shares,
            price_cny=(amount / shares).quantize(_MICRO),
            fees_cny=sum((fill.fees.total for fill in lacking), NOTHING),
        )
