"""How much of each limit the session's orders use, were they all filled. Pure."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from risk.limits import Desk, PortfolioLimits
from risk.portfolio import Portfolio
from services.domain.money import ZERO
from services.domain.orders import LimitUse, Rule

_RATIO = Decimal("0.000001")


def uses(desk: Desk, after: Portfolio, cash_cny: Decimal) -> tuple[LimitUse, ...]:
    """Return the use of each limit that is set, in order of precedence.

    `cash_cny` is the cash left above the reserve. What cannot be computed, a ratio of an equity that
    is not known, is left out. Among the orders and cancels of the day stands the cancel that each
    open or new order may need.
    """
    found: list[LimitUse] = []
    limits = desk.limits
    _counts(found, desk, after)
    if limits.caps.bound_traded:
        _traded(found, desk, after)
    if limits.bound_losses:
        _losses(found, desk, after)
    if limits.bound_portfolio:
        _portfolio(found, desk, after)
    reserve = limits.cash_reserve_cny_min
    if reserve:
        # A floor: what must stay over what stays.
        found.append(_use(Rule.CASH_RESERVE, reserve, max(ZERO, reserve + cash_cny)))
    return tuple(found)


def _counts(found: list[LimitUse], desk: Desk, after: Portfolio) -> None:
    caps = desk.limits.caps
    if caps.order_cny_max is not None:
        symbol, amount = after.largest or ("", ZERO)
        found.append(_use(Rule.ORDER_CNY, amount, caps.order_cny_max, symbol))
    session, day = caps.orders_session_max, caps.orders_day_max
    if session is not None:
        found.append(_orders(after.orders, session, "session"))
    if day is not None:
        found.append(_orders(after.orders_today, day, "day"))


@lru_cache(maxsize=1024)
def _orders(count: int, most: int, span: str) -> LimitUse:
    return _use(Rule.ORDER_COUNT, Decimal(count), Decimal(most), span)


def _traded(found: list[LimitUse], desk: Desk, after: Portfolio) -> None:
    caps = desk.limits.caps
    session, day = caps.notional_cny_session_max, caps.notional_cny_day_max
    if session is not None:
        found.append(_use(Rule.NOTIONAL, after.notional_cny, session, "session"))
    if day is not None:
        found.append(_use(Rule.NOTIONAL, desk.today.notional_cny + after.notional_cny, day, "day"))
    session, day = caps.turnover_ratio_session_max, caps.turnover_ratio_day_max
    if session is not None and after.has_ratios:
        used = after.notional_cny / after.base_cny
        found.append(_use(Rule.TURNOVER, used, session, "session"))
    if day is not None and after.has_ratios:
        used = (desk.today.notional_cny + after.notional_cny) / after.base_cny
        found.append(_use(Rule.TURNOVER, used, day, "day"))


def _losses(found: list[LimitUse], desk: Desk, after: Portfolio) -> None:
    bounds = desk.limits.portfolio
    daily, drawdown, streak = (
        desk.limits.daily_loss_ratio_max,
        bounds.drawdown_ratio_max,
        bounds.losing_sales_max,
    )
    if daily is not None:
        _lost(found, Rule.DAILY_LOSS, desk, after, desk.day_equity_cny, daily)
    if drawdown is not None:
        _lost(found, Rule.DRAWDOWN, desk, after, desk.peak_equity_cny, drawdown)
    if streak is not None:
        found.append(_use(Rule.LOSING_STREAK, Decimal(desk.losing_sales), Decimal(streak)))


def _lost(
    found: list[LimitUse], rule: Rule, desk: Desk, after: Portfolio, from_cny: Decimal, most: Decimal
) -> None:
    """Add what was lost since the equity was `from_cny`, where that and the equity of now are known."""
    if from_cny > 0 and not after.unpriced:
        lost = max(ZERO, from_cny - desk.equity_cny) / desk.limits.degrees.base_cny(from_cny)
        found.append(_use(rule, lost, most))


def _portfolio(found: list[LimitUse], desk: Desk, after: Portfolio) -> None:
    limits = desk.limits
    capital, position, bounds = limits.degrees.capital_cny_max, limits.position_ratio_max, limits.portfolio
    if capital is not None and after.has_ratios:
        found.append(_use(Rule.CAPITAL, after.gross_cny, capital))
    if position is not None and after.has_ratios and after.values_cny:
        symbol, value = max(after.values_cny.items(), key=lambda pair: pair[1])
        found.append(_use(Rule.POSITION_RATIO, value / after.base_cny, position * after.scale, symbol))
    if bounds.sector_ratio_max is not None or bounds.sector_unknown_ratio_max is not None:
        _sectors(found, bounds, after)
    if bounds.gross_ratio_max is not None and after.has_ratios:
        used = after.gross_cny / after.base_cny
        found.append(_use(Rule.GROSS_EXPOSURE, used, bounds.gross_ratio_max * after.scale))
    if bounds.correlation_max is not None and after.correlation is not None and after.has_ratios:
        other, correlated = after.correlation
        found.append(_use(Rule.CORRELATION, correlated, bounds.correlation_max, other))
    if bounds.var_ratio_max is not None and after.has_ratios:
        loss = after.value_at_risk_cny()
        if loss is not None:
            found.append(_use(Rule.VAR, loss / after.base_cny, bounds.var_ratio_max))


def _sectors(found: list[LimitUse], bounds: PortfolioLimits, after: Portfolio) -> None:
    """Add the fullest sector, and what is of no known sector."""
    for known in (True, False) if after.has_ratios else ():
        sectors = {name: value for name, value in after.sectors.items() if bool(name) is known}
        if sectors:
            name, value = max(sectors.items(), key=lambda pair: pair[1])
            ratio = bounds.sector_bound(name)
            if ratio is not None:
                found.append(_use(Rule.SECTOR, value / after.base_cny, ratio * after.scale, name))


def _use(rule: Rule, used: Decimal, allowed: Decimal, subject: str = "") -> LimitUse:
    return LimitUse(rule=rule, used=used.quantize(_RATIO), allowed=allowed, subject=subject)
