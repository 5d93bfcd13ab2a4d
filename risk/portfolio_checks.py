"""The account's own limits on the portfolio as it would be after a buy. Pure."""

from __future__ import annotations

from risk.candidate import Proposal
from risk.headroom import Check, Headroom, MakeCheck, base_of, room, whole_shares
from risk.limits import Desk, Limits, SizingMethod
from risk.portfolio import Portfolio
from risk.position_size import Unsized, most_shares
from services.domain.money import ZERO
from services.domain.orders import Rule


def _daily_loss(limits: Limits) -> Check | None:
    most, degrees = limits.daily_loss_ratio_max, limits.degrees
    if most is None:
        return None

    def check(_order: Proposal, desk: Desk, after: Portfolio) -> Headroom | None:
        base_of(after)
        base = degrees.base_cny(desk.day_equity_cny)
        if desk.equity_cny > desk.day_equity_cny - most * base:
            return None
        reason = (
            f"equity {desk.equity_cny} is {most} of {base} or more below the {desk.day_equity_cny} of the "
            "previous close"
        )
        return Headroom(rule=Rule.DAILY_LOSS, shares=0, reason=reason)

    return check


def _drawdown(limits: Limits) -> Check | None:
    if limits.portfolio.drawdown_ratio_max is None:
        return None

    def check(_order: Proposal, _desk: Desk, after: Portfolio) -> Headroom | None:
        """Refuse where nobody can tell how far the account is down; as far as allowed, it is halted."""
        base_of(after)
        return None

    return check


def _sizing(limits: Limits) -> Check | None:
    sizing = limits.sizing
    if sizing.method is SizingMethod.MODEL:
        return None

    def check(order: Proposal, _desk: Desk, after: Portfolio) -> Headroom | None:
        most = most_shares(
            order.symbol,
            equity_cny=after.base_cny,
            price_cny=order.limit_cny,
            sizing=sizing,
            measures=after.measures,
            scale=after.scale,
        )
        base_of(after)
        if isinstance(most, Unsized):
            return Headroom(rule=Rule.SIZING, shares=0, reason=most.why)
        held = after.shares.get(order.symbol, 0)
        return room(
            order,
            Rule.SIZING,
            max(0, most - held),
            lambda: f"{sizing.method} sizing lets a position have {most} shares, {held} are held",
        )

    return check


def _capital(limits: Limits) -> Check | None:
    most = limits.degrees.capital_cny_max
    if most is None:
        return None

    def check(order: Proposal, _desk: Desk, after: Portfolio) -> Headroom | None:
        base_of(after)
        return room(
            order,
            Rule.CAPITAL,
            whole_shares(most - after.gross_cny, order.limit_cny),
            lambda: f"{after.gross_cny} CNY are invested of the {most} that are let go live",
        )

    return check


def _position_ratio(limits: Limits) -> Check | None:
    ratio = limits.position_ratio_max
    if ratio is None:
        return None

    def check(order: Proposal, _desk: Desk, after: Portfolio) -> Headroom | None:
        most, held = ratio * after.scale * base_of(after), after.shares.get(order.symbol, 0)
        # What is held counts at its last price or at the limit, whichever is dearer.
        worth = max(after.values_cny.get(order.symbol, ZERO), held * order.limit_cny)
        return room(
            order,
            Rule.POSITION_RATIO,
            whole_shares(most - worth, order.limit_cny),
            lambda: (
                f"the position would be {worth + order.shares * order.limit_cny} CNY, "
                f"over {ratio * after.scale} of the equity {after.base_cny}"
            ),
        )

    return check


def _sector(limits: Limits) -> Check | None:
    bounds = limits.portfolio
    if bounds.sector_ratio_max is None and bounds.sector_unknown_ratio_max is None:
        return None

    def check(order: Proposal, _desk: Desk, after: Portfolio) -> Headroom | None:
        sector = after.sector_of(order.symbol)
        ratio = bounds.sector_bound(sector)
        if ratio is None:
            return None
        most, value = ratio * after.scale * base_of(after), after.sectors.get(sector, ZERO)
        return room(
            order,
            Rule.SECTOR,
            whole_shares(most - value, order.limit_cny),
            lambda: (
                f"sector {sector or 'unknown'} holds {value} CNY of at most {ratio * after.scale} of "
                f"the equity {after.base_cny}"
            ),
        )

    return check


def _gross(limits: Limits) -> Check | None:
    ratio = limits.portfolio.gross_ratio_max
    if ratio is None:
        return None

    def check(order: Proposal, _desk: Desk, after: Portfolio) -> Headroom | None:
        most, value = ratio * after.scale * base_of(after), after.gross_cny
        return room(
            order,
            Rule.GROSS_EXPOSURE,
            whole_shares(most - value, order.limit_cny),
            lambda: (
                f"{value} CNY are invested of at most {ratio * after.scale} of the equity {after.base_cny}"
            ),
        )

    return check


def _correlation(limits: Limits) -> Check | None:
    most, bars = limits.portfolio.correlation_max, limits.portfolio.correlation_bars
    if most is None:
        return None

    def check(order: Proposal, _desk: Desk, after: Portfolio) -> Headroom | None:
        after.nearest = None
        others = (symbol for symbol in after.shares if symbol != order.symbol)
        closest = after.measures.closest(order.symbol, others, bars)
        if closest is None:
            return None
        other, found = closest
        if found is None:
            reason = f"how {order.symbol} correlates with {other}, which is held, is not known"
            return Headroom(rule=Rule.CORRELATION, shares=0, reason=reason)
        if found > most:
            reason = f"correlates {found} with {other}, which is held; at most {most}"
            return Headroom(rule=Rule.CORRELATION, shares=0, reason=reason)
        after.nearest = (order.symbol, found)
        return None

    return check


def _var(limits: Limits) -> Check | None:
    most, bars = limits.portfolio.var_ratio_max, limits.portfolio.var_bars
    if most is None:
        return None

    def check(order: Proposal, _desk: Desk, after: Portfolio) -> Headroom | None:
        base = base_of(after)
        loss = after.value_at_risk_with_cny(order.symbol, order.shares * order.limit_cny)
        if loss is None:
            reason = f"the value at risk needs {bars} bars of all that is held, which are not there"
            return Headroom(rule=Rule.VAR, shares=0, reason=reason)
        if loss <= most * base:
            return None
        reason = f"the portfolio's value at risk would be {loss} CNY, over {most} of {base}"
        return Headroom(rule=Rule.VAR, shares=0, reason=reason)

    return check


PORTFOLIO_CHECKS: tuple[MakeCheck, ...] = (
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
"""What every buy is held to beside the limits on orders, in order of precedence."""
