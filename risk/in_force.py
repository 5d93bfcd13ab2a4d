"""The limits an account is held to before any order, and what is used of each already. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from risk.limit_use import uses
from risk.limits import Desk
from risk.portfolio import portfolio_of
from services.domain.money import ZERO
from services.domain.orders import LimitUse, Rule

_ORDER = {rule: at for at, rule in enumerate(Rule)}


def limits_in_force(desk: Desk) -> tuple[LimitUse, ...]:
    """Return each limit that is set, in the rules' order, with what is used of it before any order.

    A limit of which nothing can be used yet, as that of one position where nothing is held, stands
    there with 0.
    """
    after = portfolio_of(desk)
    spendable = desk.book.available_cny - desk.limits.cash_reserve_cny_min
    found = uses(desk, after, spendable)
    counted = {use.rule for use in found}
    unused = [use for use in _unused(desk, after.scale) if use.rule not in counted]
    return tuple(sorted((*found, *unused), key=lambda use: _ORDER[use.rule]))


def _unused(desk: Desk, scale: Decimal) -> Iterator[LimitUse]:
    limits, bounds = desk.limits, desk.limits.portfolio
    scaled = {
        Rule.POSITION_RATIO: limits.position_ratio_max,
        Rule.SECTOR: bounds.sector_ratio_max,
        Rule.GROSS_EXPOSURE: bounds.gross_ratio_max,
    }
    plain = {
        Rule.CORRELATION: bounds.correlation_max,
        Rule.VAR: bounds.var_ratio_max,
    }
    for rule, allowed in scaled.items():
        if allowed is not None:
            yield LimitUse(rule=rule, used=ZERO, allowed=allowed * scale)
    for rule, allowed in plain.items():
        if allowed is not None:
            yield LimitUse(rule=rule, used=ZERO, allowed=allowed)
