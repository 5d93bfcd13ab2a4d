"""How much of each limit the session's orders use, were they all filled. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from risk.limits import Desk
from risk.portfolio import Portfolio
from services.domain.money import ZERO
from services.domain.orders import LimitUse, Rule

_RATIO = Decimal("0.000001")


def uses(desk: Desk, after: Portfolio, cash_cny: Decimal) -> tuple[LimitUse, ...]:
    """Return the use of each limit that is set, in order of precedence.

    `cash_cny` is the cash left above the reserve. What cannot be computed, a ratio of an equity that
    is not known, is left out.
    """
    found = [*_orders(desk, after), *_losses(desk)]
    if not after.unpriced and after.base_cny > 0:
        found += _portfolio(desk, after)
    reserve = desk.limits.cash_reserve_cny_min
    if reserve:
        # A floor: what must stay over what stays.
        found.append(_use(Rule.CASH_RESERVE, reserve, reserve + max(ZERO, cash_cny)))
    return tuple(found)


def _orders(desk: Desk, after: Portfolio) -> Iterator[LimitUse]:
    caps, today = desk.limits.caps, desk.today
    if caps.orders_session_max is not None:
        yield _use(Rule.ORDER_COUNT, Decimal(after.orders), Decimal(caps.orders_session_max), "session")
    if caps.orders_day_max is not None:
        sent = today.orders + today.cancels + after.orders
        yield _use(Rule.ORDER_COUNT, Decimal(sent), Decimal(caps.orders_day_max), "day")
    if caps.notional_cny_session_max is not None:
        yield _use(Rule.NOTIONAL, after.notional_cny, caps.notional_cny_session_max, "session")
    whole = today.notional_cny + after.notional_cny
    if caps.notional_cny_day_max is not None:
        yield _use(Rule.NOTIONAL, whole, caps.notional_cny_day_max, "day")
    if after.unpriced or after.base_cny <= 0:
        return
    if caps.turnover_ratio_session_max is not None:
        used = after.notional_cny / after.base_cny
        yield _use(Rule.TURNOVER, used, caps.turnover_ratio_session_max, "session")
    if caps.turnover_ratio_day_max is not None:
        yield _use(Rule.TURNOVER, whole / after.base_cny, caps.turnover_ratio_day_max, "day")


def _losses(desk: Desk) -> Iterator[LimitUse]:
    limits, equity = desk.limits, desk.equity_cny
    if limits.daily_loss_ratio_max is not None and desk.day_equity_cny > 0:
        yield _use(Rule.DAILY_LOSS, _lost(equity, desk.day_equity_cny), limits.daily_loss_ratio_max)
    drawdown, streak = limits.portfolio.drawdown_ratio_max, limits.portfolio.losing_sales_max
    if drawdown is not None and desk.peak_equity_cny > 0:
        yield _use(Rule.DRAWDOWN, _lost(equity, desk.peak_equity_cny), drawdown)
    if streak is not None:
        yield _use(Rule.LOSING_STREAK, Decimal(desk.losing_sales), Decimal(streak))


def _portfolio(desk: Desk, after: Portfolio) -> Iterator[LimitUse]:
    limits, base, scale = desk.limits.portfolio, after.base_cny, after.scale
    if desk.limits.degrees.capital_cny_max is not None:
        yield _use(Rule.CAPITAL, after.gross_cny, desk.limits.degrees.capital_cny_max)
    if desk.limits.position_ratio_max is not None and after.values_cny:
        symbol, value = max(after.values_cny.items(), key=lambda pair: pair[1])
        yield _use(Rule.POSITION_RATIO, value / base, desk.limits.position_ratio_max * scale, symbol)
    yield from _sectors(desk, after)
    if limits.gross_ratio_max is not None:
        yield _use(Rule.GROSS_EXPOSURE, after.gross_cny / base, limits.gross_ratio_max * scale)
    if limits.correlation_max is not None and after.correlation is not None:
        yield _use(Rule.CORRELATION, after.correlation[1], limits.correlation_max, after.correlation[0])
    if limits.var_ratio_max is not None:
        loss = after.value_at_risk_cny()
        if loss is not None:
            yield _use(Rule.VAR, loss / base, limits.var_ratio_max)


def _sectors(desk: Desk, after: Portfolio) -> Iterator[LimitUse]:
    limits = desk.limits.portfolio
    for known, ratio in ((True, limits.sector_ratio_max), (False, limits.sector_unknown_ratio_max)):
        sectors = {name: value for name, value in after.sectors.items() if bool(name) is known}
        if ratio is not None and sectors:
            name, value = max(sectors.items(), key=lambda pair: pair[1])
            yield _use(Rule.SECTOR, value / after.base_cny, ratio * after.scale, name)


def _lost(equity_cny: Decimal, from_cny: Decimal) -> Decimal:
    return max(ZERO, 1 - equity_cny / from_cny)


def _use(rule: Rule, used: Decimal, allowed: Decimal, subject: str = "") -> LimitUse:
    return LimitUse(rule=rule, used=used.quantize(_RATIO), allowed=allowed, subject=subject)
