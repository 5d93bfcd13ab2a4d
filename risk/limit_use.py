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
    is not known, is left out. Among the orders and cancels of the day stands the cancel that each
    open or new order may need.
    """
    found = [*_counts(desk, after), *_traded(desk, after), *_losses(desk, after), *_portfolio(desk, after)]
    reserve = desk.limits.cash_reserve_cny_min
    if reserve:
        # A floor: what must stay over what stays.
        found.append(_use(Rule.CASH_RESERVE, reserve, max(ZERO, reserve + cash_cny)))
    return tuple(found)


def _counts(desk: Desk, after: Portfolio) -> Iterator[LimitUse]:
    caps = desk.limits.caps
    if caps.order_cny_max is not None:
        symbol, amount = after.largest or ("", ZERO)
        yield _use(Rule.ORDER_CNY, amount, caps.order_cny_max, symbol)
    if caps.orders_session_max is not None:
        yield _use(Rule.ORDER_COUNT, Decimal(after.orders), Decimal(caps.orders_session_max), "session")
    if caps.orders_day_max is not None:
        yield _use(Rule.ORDER_COUNT, Decimal(after.orders_today), Decimal(caps.orders_day_max), "day")


def _traded(desk: Desk, after: Portfolio) -> Iterator[LimitUse]:
    caps = desk.limits.caps
    if caps.notional_cny_session_max is not None:
        yield _use(Rule.NOTIONAL, after.notional_cny, caps.notional_cny_session_max, "session")
    whole = desk.today.notional_cny + after.notional_cny
    if caps.notional_cny_day_max is not None:
        yield _use(Rule.NOTIONAL, whole, caps.notional_cny_day_max, "day")
    if caps.turnover_ratio_session_max is not None and after.has_ratios:
        used = after.notional_cny / after.base_cny
        yield _use(Rule.TURNOVER, used, caps.turnover_ratio_session_max, "session")
    if caps.turnover_ratio_day_max is not None and after.has_ratios:
        yield _use(Rule.TURNOVER, whole / after.base_cny, caps.turnover_ratio_day_max, "day")


def _losses(desk: Desk, after: Portfolio) -> Iterator[LimitUse]:
    drawdown, streak = desk.limits.portfolio.drawdown_ratio_max, desk.limits.portfolio.losing_sales_max
    losses = (
        (Rule.DAILY_LOSS, desk.day_equity_cny, desk.limits.daily_loss_ratio_max),
        (Rule.DRAWDOWN, desk.peak_equity_cny, drawdown),
    )
    for rule, before_cny, most in losses:
        if most is not None and before_cny > 0 and not after.unpriced:
            yield _use(rule, _lost(desk, before_cny), most)
    if streak is not None:
        yield _use(Rule.LOSING_STREAK, Decimal(desk.losing_sales), Decimal(streak))


def _portfolio(desk: Desk, after: Portfolio) -> Iterator[LimitUse]:
    limits, base, scale = desk.limits.portfolio, after.base_cny, after.scale
    if desk.limits.degrees.capital_cny_max is not None and after.has_ratios:
        yield _use(Rule.CAPITAL, after.gross_cny, desk.limits.degrees.capital_cny_max)
    if desk.limits.position_ratio_max is not None and after.has_ratios and after.values_cny:
        symbol, value = max(after.values_cny.items(), key=lambda pair: pair[1])
        yield _use(Rule.POSITION_RATIO, value / base, desk.limits.position_ratio_max * scale, symbol)
    yield from _sectors(desk, after)
    if limits.gross_ratio_max is not None and after.has_ratios:
        yield _use(Rule.GROSS_EXPOSURE, after.gross_cny / base, limits.gross_ratio_max * scale)
    if limits.correlation_max is not None and after.correlation is not None and after.has_ratios:
        yield _use(Rule.CORRELATION, after.correlation[1], limits.correlation_max, after.correlation[0])
    if limits.var_ratio_max is not None and after.has_ratios:
        loss = after.value_at_risk_cny()
        if loss is not None:
            yield _use(Rule.VAR, loss / base, limits.var_ratio_max)


def _sectors(desk: Desk, after: Portfolio) -> Iterator[LimitUse]:
    bounds = desk.limits.portfolio
    if bounds.sector_ratio_max is None and bounds.sector_unknown_ratio_max is None:
        return
    for known in (True, False) if after.has_ratios else ():
        sectors = {name: value for name, value in after.sectors.items() if bool(name) is known}
        if sectors:
            name, value = max(sectors.items(), key=lambda pair: pair[1])
            ratio = bounds.sector_bound(name)
            if ratio is not None:
                yield _use(Rule.SECTOR, value / after.base_cny, ratio * after.scale, name)


def _lost(desk: Desk, from_cny: Decimal) -> Decimal:
    return max(ZERO, from_cny - desk.equity_cny) / desk.limits.degrees.base_cny(from_cny)


def _use(rule: Rule, used: Decimal, allowed: Decimal, subject: str = "") -> LimitUse:
    return LimitUse(rule=rule, used=used.quantize(_RATIO), allowed=allowed, subject=subject)
