"""Which checks an account's limits ask for. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from risk.headroom import Check, MakeCheck
from risk.limits import Limits
from risk.order_checks import ORDER_CHECKS
from risk.portfolio_checks import PORTFOLIO_CHECKS


class Checks(NamedTuple):
    """The checks of the limits that are set, each tuple in order of precedence.

    `orders` hold every order, `portfolio` every buy beside them; `buys` are both.
    """

    orders: tuple[Check, ...] = ()
    portfolio: tuple[Check, ...] = ()
    buys: tuple[Check, ...] = ()


class _Known:
    """The limits seen last and their checks: an account's stay the same for days."""

    limits: Limits | None = None
    checks = Checks()


def checks_of(limits: Limits) -> Checks:
    """Return the checks of the limits that are set."""
    if limits is not _Known.limits:
        orders, portfolio = _made(ORDER_CHECKS, limits), _made(PORTFOLIO_CHECKS, limits)
        _Known.checks = Checks(orders, portfolio, orders + portfolio)
        _Known.limits = limits
    return _Known.checks


def _made(makers: Iterable[MakeCheck], limits: Limits) -> tuple[Check, ...]:
    checks = (make(limits) for make in makers)
    return tuple(check for check in checks if check is not None)
