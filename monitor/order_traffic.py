"""The orders and cancels of an account against what makes it a high-frequency one, and its own caps. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from monitor.json_value import Json
from monitor.wording import say
from services.domain.events import Event
from services.domain.statement import CANCEL, Ack, AckKind
from services.domain.value import Value
from services.rules import OrderTraffic, OutsideRulebook, order_traffic
from services.rules.programmatic import PROGRAMMATIC, ProgrammaticRule

NEAR_RATIO = Decimal("0.8")
"""The part of a bound from which on an account is near it."""

_WITHHELD = AckKind.WITHHELD


class Standing(StrEnum):
    """How the busiest day or second stands to a bound."""

    BELOW = "below"
    NEAR = "near"
    OVER = "over"
    UNKNOWN = "unknown"


class By(StrEnum):
    """Whose bound it is: the account's own cap, or the exchanges' for high-frequency trading."""

    ACCOUNT = "account"
    HIGH_FREQUENCY = "high_frequency"


class Span(StrEnum):
    """What is counted together: a Shanghai day, or any span of one second."""

    DAY = "day"
    SECOND = "second"


class BoundUse(Value, frozen=True, kw_only=True):
    """What was used of one bound, in orders and cancels, and on which day; `allowed` None: not known.

    An own cap may be reached, the exchanges' may not: from it on an account is a high-frequency one.
    """

    by: By
    span: Span
    day: date
    used: int
    allowed: int | None

    @property
    def standing(self) -> Standing:
        """How the use stands to the bound."""
        if self.allowed is None:
            return Standing.UNKNOWN
        if self.used > self.allowed or (self.by is By.HIGH_FREQUENCY and self.used == self.allowed):
            return Standing.OVER
        return Standing.NEAR if self.used >= NEAR_RATIO * self.allowed else Standing.BELOW

    def words(self, lang: str) -> str:
        """Return the use as a person reads it."""
        allowed = "?" if self.allowed is None else f"{self.allowed:,}"
        bound = say(f"risk.traffic.{self.by}", lang)
        standing = say(f"risk.traffic.{self.standing}", lang)
        return f"{self.used:,} / {allowed} ({bound}, {self.day.isoformat()}): {standing}"

    def as_json(self) -> dict[str, Json]:
        """Return it as `--json` prints it."""
        return {
            "by": str(self.by),
            "per": str(self.span),
            "day": self.day.isoformat(),
            "used": self.used,
            "allowed": self.allowed,
            "standing": str(self.standing),
        }


class Sent(msgspec.Struct, kw_only=True):
    """When orders and cancels left, as a journal tells it, event by event: UTC text.

    An order leaves when it is answered, or, where no answer was written down, when it was intended;
    one that was withheld never left. `orders` are by their ids.
    """

    orders: dict[str, str] = msgspec.field(default_factory=dict)
    cancels: list[str] = msgspec.field(default_factory=list)

    def answered(self, event: Event, value: Ack) -> None:
        """Move over the answer to an order or a cancel: of a step `sent:ORDER` or `late1:cancel:ORDER`."""
        if CANCEL in event.step:
            self.cancels.append(event.at)
            return
        what, _, order_id = event.step.rpartition(":")
        if what.endswith("sent"):
            if value.kind is _WITHHELD:
                self.orders.pop(order_id, None)
            else:
                self.orders[order_id] = event.at

    def where(self, wanted: Callable[[datetime], bool]) -> Sent:
        """Return what left at the moments that are wanted."""
        kept = {at for at in {*self.orders.values(), *self.cancels} if wanted(datetime.fromisoformat(at))}
        return Sent(
            orders={order_id: at for order_id, at in self.orders.items() if at in kept},
            cancels=[at for at in self.cancels if at in kept],
        )

    def moments(self) -> Mapping[datetime, int]:
        """Return how many orders and cancels left at each moment; what left together is read once."""
        texts = Counter(self.orders.values())
        texts.update(self.cancels)
        left = Counter[datetime]()
        for at, count in texts.items():
            left[datetime.fromisoformat(at)] += count
        return left


def bound_uses(
    moments: Mapping[datetime, int],
    *,
    day_max: int | None,
    second_max: int | None,
    real_time: bool,
) -> tuple[BoundUse, ...]:
    """Return the highest use of each bound that there is; empty where nothing left.

    `moments` tells how many orders and cancels left at each.
    `day_max` and `second_max` are the account's own caps, None where it has none. Where time was not
    `real_time`, as in a backtest, a session takes no time, and what left in one second says nothing.
    """
    days = order_traffic(moments)
    if not days:
        return ()
    used = [(Span.DAY, lambda of: of.orders_and_cancels, day_max)]
    if real_time:
        used.append((Span.SECOND, lambda of: of.in_fullest_second, second_max))
    return tuple(use for span, count, own in used for use in _uses(days, span, count, own))


def _uses(
    days: tuple[OrderTraffic, ...], span: Span, count: Callable[[OrderTraffic], int], own: int | None
) -> Iterator[BoundUse]:
    most = max(days, key=count)
    if own is not None:
        yield BoundUse(by=By.ACCOUNT, span=span, day=most.day, used=count(most), allowed=own)
    try:
        allowed = _threshold(PROGRAMMATIC.on(most.day), span)
    except OutsideRulebook:
        yield BoundUse(by=By.HIGH_FREQUENCY, span=span, day=most.day, used=count(most), allowed=None)
        return
    if allowed is not None:
        yield BoundUse(by=By.HIGH_FREQUENCY, span=span, day=most.day, used=count(most), allowed=allowed)


def _threshold(rule: ProgrammaticRule, span: Span) -> int | None:
    return rule.high_frequency_per_day if span is Span.DAY else rule.high_frequency_per_second
