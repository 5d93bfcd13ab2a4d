"""What the account's own limits leave an order, and how it is brought down to that. Pure."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from risk.candidate import Proposal, Rejected
from risk.limits import Desk, Limits, Resize
from risk.portfolio import Portfolio
from services.domain.orders import Rule
from services.domain.value import Value
from services.rules import round_lot_down


class Headroom(Value, frozen=True, kw_only=True):
    """The most shares a limit leaves an order that asks for more, and the sentence that says why."""

    rule: Rule
    shares: int
    reason: str


Check = Callable[[Proposal, Desk, Portfolio], Headroom | None]
"""Returns None where the order keeps to the limit."""

MakeCheck = Callable[[Limits], Check | None]
"""Returns the check of one limit, None where that limit is switched off."""


def fitted(order: Proposal, desk: Desk, after: Portfolio, checks: tuple[Check, ...]) -> None:
    """Bring the order down to what every check leaves it.

    A configured sizing rule always makes it smaller; the other limits only where `Resize.CAP` is set.

    Raises:
        Rejected: A limit leaves less, and the size may not be changed; or what it leaves is no order.
    """
    for check in checks:
        room = check(order, desk, after)
        if room is None:
            continue
        left = 0
        if Resize.CAP in desk.limits.resize or room.rule is Rule.SIZING:
            held = desk.book.held(order.symbol)
            left = round_lot_down(order.rules, order.side, room.shares, held, after_hours=order.after_hours)
        if left <= 0:
            raise Rejected(room.rule, room.reason, order.shares)
        order.shrink(left, room.rule, room.reason)


def within(order: Proposal, desk: Desk, after: Portfolio, checks: tuple[Check, ...]) -> bool:
    """Answer whether every check lets the order through as large as it is."""
    return all(check(order, desk, after) is None for check in checks)


def room(order: Proposal, rule: Rule, shares: int, why: Callable[[], str]) -> Headroom | None:
    """Return what is left where the order asks for more; `why` is not put into words before."""
    return None if order.shares <= shares else Headroom(rule=rule, shares=shares, reason=why())


def whole_shares(amount_cny: Decimal, limit_cny: Decimal) -> int:
    """Return how many shares `amount_cny` buys at the limit."""
    return max(0, int(amount_cny // limit_cny))


def base_of(after: Portfolio) -> Decimal:
    """Return the equity that ratios are of.

    Raises:
        Rejected: QUOTE_MISSING: a holding has no price, so the equity is not known.
    """
    if after.unpriced:
        raise Rejected(Rule.QUOTE_MISSING, f"no quote of {after.unpriced[0]}, so the equity is not known")
    return after.base_cny
