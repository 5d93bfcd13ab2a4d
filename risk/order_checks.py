"""The account's own limits on single orders, and on how many there are. Pure."""

from __future__ import annotations

from decimal import Decimal

from risk.candidate import Proposal
from risk.headroom import Check, Headroom, MakeCheck, base_of, room, whole_shares
from risk.limits import Desk, Limits
from risk.portfolio import Portfolio
from services.domain.money import ZERO
from services.domain.orders import Origin, Rule


def _order_cny(limits: Limits) -> Check | None:
    most = limits.caps.order_cny_max
    if most is None:
        return None

    def check(order: Proposal, _desk: Desk, _after: Portfolio) -> Headroom | None:
        if order.origin is Origin.EXIT:
            return None
        return room(
            order,
            Rule.ORDER_CNY,
            whole_shares(most, order.limit_cny),
            lambda: f"{order.shares * order.limit_cny} CNY is over the {most} of one order",
        )

    return check


def _order_count(limits: Limits) -> Check | None:
    session_max, day_max = limits.caps.orders_session_max, limits.caps.orders_day_max
    if session_max is None and day_max is None:
        return None

    def check(_order: Proposal, _desk: Desk, after: Portfolio) -> Headroom | None:
        if session_max is not None and after.orders >= session_max:
            reason = f"the session has {after.orders} orders, at most {session_max} are allowed"
            return Headroom(rule=Rule.ORDER_COUNT, shares=0, reason=reason)
        if day_max is not None and after.orders_today + 2 > day_max:
            reason = (
                f"the day has {after.orders_today} orders and cancels, those that may still be needed "
                f"counted; this one and its cancel are over the {day_max} allowed"
            )
            return Headroom(rule=Rule.ORDER_COUNT, shares=0, reason=reason)
        return None

    return check


def _order_rate(limits: Limits) -> Check | None:
    per_second, ttl_s = limits.caps.orders_per_second_max, limits.order_ttl_s
    most, session_max = per_second * ttl_s, limits.caps.orders_session_max
    if session_max is not None and session_max <= most:
        # The count of the session comes first, and refuses as early.
        return None

    def check(_order: Proposal, _desk: Desk, after: Portfolio) -> Headroom | None:
        if after.orders < most:
            return None
        reason = f"{after.orders} orders are all that {per_second} a second send in {ttl_s} s"
        return Headroom(rule=Rule.ORDER_RATE, shares=0, reason=reason)

    return check


def _notional(limits: Limits) -> Check | None:
    session, day = limits.caps.notional_cny_session_max, limits.caps.notional_cny_day_max
    if session is None and day is None:
        return None

    def check(order: Proposal, desk: Desk, after: Portfolio) -> Headroom | None:
        return _traded(order, desk, after, Rule.NOTIONAL, session, day)

    return check


def _turnover(limits: Limits) -> Check | None:
    session, day = limits.caps.turnover_ratio_session_max, limits.caps.turnover_ratio_day_max
    if session is None and day is None:
        return None

    def check(order: Proposal, desk: Desk, after: Portfolio) -> Headroom | None:
        if order.origin is Origin.EXIT:
            return None
        base = base_of(after)
        session_cny = None if session is None else session * base
        day_cny = None if day is None else day * base
        return _traded(order, desk, after, Rule.TURNOVER, session_cny, day_cny)

    return check


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
    return room(
        order,
        rule,
        whole_shares(left_cny, order.limit_cny),
        lambda: f"orders of {most - left_cny} CNY this {span} leave {max(ZERO, left_cny)} of {most}",
    )


ORDER_CHECKS: tuple[MakeCheck, ...] = (_order_cny, _order_count, _order_rate, _notional, _turnover)
"""What every order is held to, in order of precedence; exits to the counts alone."""
