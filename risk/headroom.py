"""How large an order may be under each of the account's own limits, in order of precedence. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from risk.candidate import Proposal, Rejected
from risk.limits import Desk, Resize
from risk.portfolio import Portfolio
from risk.position_size import Unsized, most_shares
from services.domain.money import ZERO
from services.domain.orders import Origin, Rule
from services.rules import round_lot_down


@dataclass(frozen=True, slots=True, kw_only=True)
class Headroom:
    """The most shares a limit leaves an order that asks for more, and the sentence that says why."""

    rule: Rule
    shares: int
    reason: str


Check = Callable[[Proposal, Desk, Portfolio], Headroom | None]
"""Returns None where the order keeps to the limit."""


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
            left = round_lot_down(order.rules, order.side, room.shares, desk.book.held(order.symbol))
        if left <= 0:
            raise Rejected(room.rule, room.reason, order.shares)
        order.shrink(left, room.rule, room.reason)


def within(order: Proposal, desk: Desk, after: Portfolio, checks: tuple[Check, ...]) -> bool:
    """Answer whether every check lets the order through as large as it is."""
    return all(check(order, desk, after) is None for check in checks)


def _room(order: Proposal, rule: Rule, shares: int, why: Callable[[], str]) -> Headroom | None:
    """Return what is left where the order asks for more; `why` is not put into words before."""
    return None if order.shares <= shares else Headroom(rule=rule, shares=shares, reason=why())


def _floor(amount_cny: Decimal, limit_cny: Decimal) -> int:
    return max(0, int(amount_cny // limit_cny))


def _order_cny(order: Proposal, desk: Desk, _after: Portfolio) -> Headroom | None:
    most = desk.limits.caps.order_cny_max
    if most is None or order.origin is Origin.EXIT:
        return None
    return _room(
        order,
        Rule.ORDER_CNY,
        _floor(most, order.limit_cny),
        lambda: f"{order.shares * order.limit_cny} CNY is over the {most} of one order",
    )


def _order_count(order: Proposal, desk: Desk, after: Portfolio) -> Headroom | None:
    caps = desk.limits.caps
    session_max, day_max = caps.orders_session_max, caps.orders_day_max
    if session_max is not None and after.orders >= session_max:
        reason = f"the session has {after.orders} orders, at most {session_max} are allowed"
        return Headroom(rule=Rule.ORDER_COUNT, shares=0, reason=reason)
    if day_max is not None and after.orders_today + 2 > day_max:
        reason = (
            f"the day has {after.orders_today} orders and cancels, those that may still be needed counted; "
            f"this one and its cancel are over the {day_max} allowed"
        )
        return Headroom(rule=Rule.ORDER_COUNT, shares=0, reason=reason)
    return None


def _order_rate(_order: Proposal, desk: Desk, after: Portfolio) -> Headroom | None:
    most = desk.limits.caps.orders_per_second_max * desk.limits.order_ttl_s
    if after.orders < most:
        return None
    reason = (
        f"{after.orders} orders are all that {desk.limits.caps.orders_per_second_max} a second "
        f"send in {desk.limits.order_ttl_s} s"
    )
    return Headroom(rule=Rule.ORDER_RATE, shares=0, reason=reason)


def _notional(order: Proposal, desk: Desk, after: Portfolio) -> Headroom | None:
    caps = desk.limits.caps
    session, day = caps.notional_cny_session_max, caps.notional_cny_day_max
    if session is None and day is None:
        return None
    return _traded(order, desk, after, Rule.NOTIONAL, session, day)


def _turnover(order: Proposal, desk: Desk, after: Portfolio) -> Headroom | None:
    caps = desk.limits.caps
    session, day = caps.turnover_ratio_session_max, caps.turnover_ratio_day_max
    if order.origin is Origin.EXIT or (session is None and day is None):
        return None
    base = _base(after)
    session_cny = None if session is None else session * base
    day_cny = None if day is None else day * base
    return _traded(order, desk, after, Rule.TURNOVER, session_cny, day_cny)


def _traded(
    order: Proposal,
    desk: Desk,
    after: Portfolio,
    rule: Rule,
    session_cny: Decimal | None,
    day_cny: Decimal | None,
) -> Headroom | None:
    """Return what is left of the CNY that orders of a session and a day may come to, one of them at least.

    Exits are not bound.
    """
    if order.origin is Origin.EXIT:
        return None
    spans = (("session", session_cny, ZERO), ("day", day_cny, desk.today.notional_cny))
    left = [
        (most - before - after.notional_cny, most, span) for span, most, before in spans if most is not None
    ]
    left_cny, most, span = min(left)
    return _room(
        order,
        rule,
        _floor(left_cny, order.limit_cny),
        lambda: f"orders of {most - left_cny} CNY this {span} leave {max(ZERO, left_cny)} of {most}",
    )


def _daily_loss(_order: Proposal, desk: Desk, after: Portfolio) -> Headroom | None:
    most = desk.limits.daily_loss_ratio_max
    if most is None:
        return None
    _base(after)
    base = desk.limits.degrees.base_cny(desk.day_equity_cny)
    if desk.equity_cny > desk.day_equity_cny - most * base:
        return None
    reason = (
        f"equity {desk.equity_cny} is {most} of {base} or more below the {desk.day_equity_cny} of the "
        "previous close"
    )
    return Headroom(rule=Rule.DAILY_LOSS, shares=0, reason=reason)


def _drawdown(_order: Proposal, desk: Desk, after: Portfolio) -> Headroom | None:
    """Refuse where nobody can tell how far the account is down; one that is as far as allowed is halted."""
    if desk.limits.portfolio.drawdown_ratio_max is not None:
        _base(after)
    return None


def _sizing(order: Proposal, desk: Desk, after: Portfolio) -> Headroom | None:
    most = most_shares(
        order.symbol,
        equity_cny=after.base_cny,
        price_cny=order.limit_cny,
        sizing=desk.limits.sizing,
        measures=after.measures,
        scale=after.scale,
    )
    if most is None:
        return None
    _base(after)
    if isinstance(most, Unsized):
        return Headroom(rule=Rule.SIZING, shares=0, reason=most.why)
    held, method = after.shares.get(order.symbol, 0), desk.limits.sizing.method
    return _room(
        order,
        Rule.SIZING,
        max(0, most - held),
        lambda: f"{method} sizing lets a position have {most} shares, {held} are held",
    )


def _capital(order: Proposal, desk: Desk, after: Portfolio) -> Headroom | None:
    most = desk.limits.degrees.capital_cny_max
    if most is None:
        return None
    _base(after)
    return _room(
        order,
        Rule.CAPITAL,
        _floor(most - after.gross_cny, order.limit_cny),
        lambda: f"{after.gross_cny} CNY are invested of the {most} that are let go live",
    )


def _position_ratio(order: Proposal, desk: Desk, after: Portfolio) -> Headroom | None:
    ratio = desk.limits.position_ratio_max
    if ratio is None:
        return None
    most, held = ratio * after.scale * _base(after), after.shares.get(order.symbol, 0)
    # What is held counts at its last price or at the limit, whichever is dearer.
    worth = max(after.values_cny.get(order.symbol, ZERO), held * order.limit_cny)
    return _room(
        order,
        Rule.POSITION_RATIO,
        _floor(most - worth, order.limit_cny),
        lambda: f"the position would be {worth + order.shares * order.limit_cny} CNY, "
        f"over {ratio * after.scale} of the equity {after.base_cny}",
    )


def _sector(order: Proposal, desk: Desk, after: Portfolio) -> Headroom | None:
    sector = after.sector_of(order.symbol)
    ratio = desk.limits.portfolio.sector_bound(sector)
    if ratio is None:
        return None
    most, value = ratio * after.scale * _base(after), after.sectors.get(sector, ZERO)
    return _room(
        order,
        Rule.SECTOR,
        _floor(most - value, order.limit_cny),
        lambda: f"sector {sector or 'unknown'} holds {value} CNY of at most {ratio * after.scale} of "
        f"the equity {after.base_cny}",
    )


def _gross(order: Proposal, desk: Desk, after: Portfolio) -> Headroom | None:
    ratio = desk.limits.portfolio.gross_ratio_max
    if ratio is None:
        return None
    most, value = ratio * after.scale * _base(after), after.gross_cny
    return _room(
        order,
        Rule.GROSS_EXPOSURE,
        _floor(most - value, order.limit_cny),
        lambda: f"{value} CNY are invested of at most {ratio * after.scale} of the equity {after.base_cny}",
    )


def _correlation(order: Proposal, desk: Desk, after: Portfolio) -> Headroom | None:
    limits, after.nearest = desk.limits.portfolio, None
    if limits.correlation_max is None:
        return None
    others = (symbol for symbol in after.shares if symbol != order.symbol)
    closest = after.measures.closest(order.symbol, others, limits.correlation_bars)
    if closest is None:
        return None
    other, found = closest
    if found is None:
        reason = f"how {order.symbol} correlates with {other}, which is held, is not known"
        return Headroom(rule=Rule.CORRELATION, shares=0, reason=reason)
    if found > limits.correlation_max:
        reason = f"correlates {found} with {other}, which is held; at most {limits.correlation_max}"
        return Headroom(rule=Rule.CORRELATION, shares=0, reason=reason)
    after.nearest = (order.symbol, found)
    return None


def _var(order: Proposal, desk: Desk, after: Portfolio) -> Headroom | None:
    limits = desk.limits.portfolio
    if limits.var_ratio_max is None:
        return None
    base = _base(after)
    loss = after.value_at_risk_with_cny(order.symbol, order.shares * order.limit_cny)
    if loss is None:
        reason = f"the value at risk needs {limits.var_bars} bars of all that is held, which are not there"
        return Headroom(rule=Rule.VAR, shares=0, reason=reason)
    if loss <= limits.var_ratio_max * base:
        return None
    reason = f"the portfolio's value at risk would be {loss} CNY, over {limits.var_ratio_max} of {base}"
    return Headroom(rule=Rule.VAR, shares=0, reason=reason)


def _base(after: Portfolio) -> Decimal:
    """Return the equity that ratios are of.

    Raises:
        Rejected: QUOTE_MISSING: a holding has no price, so the equity is not known.
    """
    if after.unpriced:
        raise Rejected(
            Rule.QUOTE_MISSING, f"no quote of {after.unpriced[0]}, so the equity is not known"
        )
    return after.base_cny


ORDER_CHECKS: tuple[Check, ...] = (_order_cny, _order_count, _order_rate, _notional, _turnover)
"""What every order is held to; exits to the counts alone."""

PORTFOLIO_CHECKS: tuple[Check, ...] = (
    _daily_loss,
    _drawdown,
    _sizing,
    _capital,
    _position_ratio,
    _sector,
    _gross,
    _correlation,
    _var,
)
"""What every buy is held to beside those."""

BUY_CHECKS: tuple[Check, ...] = ORDER_CHECKS + PORTFOLIO_CHECKS
