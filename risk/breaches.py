"""Limits of the whole account that stop it when reached, until a person lets it go on. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from risk.limits import Limits
from services.domain.events import Halt, HaltCause
from services.domain.orders import Rule


def breaches(
    limits: Limits, *, equity_cny: Decimal | None, peak_equity_cny: Decimal, losing_sales: int
) -> tuple[Halt, ...]:
    """Return a halt of the account for each limit that its equity or its last sales have reached.

    `peak_equity_cny` is the highest equity since the last such halt was lifted, this moment's included.
    A drawdown is a part of it, or of the capital that is let go live, where that is less. An equity
    of None is not known: how far it is down cannot be told, and the gate refuses every buy.
    """
    drawdown_max, streak_max = limits.portfolio.drawdown_ratio_max, limits.portfolio.losing_sales_max
    if drawdown_max is None and streak_max is None:
        return ()
    found: list[Halt] = []
    base = limits.degrees.base_cny(peak_equity_cny)
    lowest = None if drawdown_max is None else peak_equity_cny - drawdown_max * base
    if lowest is not None and equity_cny is not None and equity_cny <= lowest:
        of = "" if base == peak_equity_cny else f" of the capital {base}"
        why = f"the equity {equity_cny} is {drawdown_max}{of} or more below its peak {peak_equity_cny}"
        found.append(_halt(Rule.DRAWDOWN, why))
    if streak_max is not None and losing_sales >= streak_max:
        found.append(_halt(Rule.LOSING_STREAK, f"the last {losing_sales} sales in a row lost money"))
    return tuple(found)


def _halt(rule: Rule, why: str) -> Halt:
    return Halt(symbol="", why=why, cause=HaltCause.LIMIT, by=str(rule))


def drawn_down(halts: Iterable[Halt]) -> Halt | None:
    """Return the halt that the drawdown limit made, None where it made none."""
    return next((one for one in halts if one.cause is HaltCause.LIMIT and one.by == Rule.DRAWDOWN), None)
