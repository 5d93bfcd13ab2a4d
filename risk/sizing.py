"""How many shares an intent asks for, and whether they are an order. Pure."""

from __future__ import annotations

from decimal import Decimal

from risk.candidate import Candidate, Rejected
from risk.limits import BP, Desk
from services.domain.orders import Rule, Side
from services.rules import lot_problem, round_lot_down, settlement_days

_SHARES_MAX = 1_000_000_000
"""More than any account holds, and few enough that money stays exact where a board sets no maximum."""


def shares_of(candidate: Candidate, desk: Desk) -> int:
    """Return the shares of the order: a valid size, held and sellable today where it is a sell.

    Raises:
        Rejected: SIZE, POSITION, BOARD_LOT, ORDER_MAX or T_PLUS_1.
        OutsideRulebook: The settlement of the kind is not known on that day.
    """
    intent, rules = candidate.intent, candidate.rules
    held = desk.book.held(intent.symbol)
    shares = _wanted(candidate, desk, held)
    if shares <= 0:
        raise Rejected(Rule.SIZE, f"{shares} shares are no order", shares)
    if intent.side is Side.SELL and shares > held:
        raise Rejected(Rule.POSITION, f"asks {shares}, holds {held}", shares)
    problem = lot_problem(rules, intent.side, shares, held)
    if problem is not None:
        raise Rejected(Rule.ORDER_MAX if problem.over_max else Rule.BOARD_LOT, problem.detail, shares)
    if shares > _SHARES_MAX:
        raise Rejected(Rule.ORDER_MAX, f"{shares} shares is over the {_SHARES_MAX} of one order", shares)
    if intent.side is Side.SELL:
        days = settlement_days(candidate.kind, desk.day, rules.board)
        sellable = desk.book.sellable(intent.symbol, desk.day, days)
        if shares > sellable:
            raise Rejected(Rule.T_PLUS_1, f"asks {shares}, sellable {sellable}", shares)
    return shares


def _wanted(candidate: Candidate, desk: Desk, held: int) -> int:
    shares, weight = candidate.intent.shares, candidate.intent.target_weight
    if (shares is None) is (weight is None):
        raise Rejected(Rule.SIZE, "exactly one of shares and target weight makes an order")
    if shares is not None:
        return shares
    if weight is None or not weight.is_finite() or not 0 <= weight <= 1:
        raise Rejected(Rule.SIZE, f"{weight} is not a weight of 0 to 1")
    return _shares_for_weight(candidate, desk, held, weight)


def _shares_for_weight(candidate: Candidate, desk: Desk, held: int, weight: Decimal) -> int:
    """Return the lot-valid shares that bring the holding to the weight of equity, 0 if none do.

    Weighed at the last price. A weight within the account's own ratio is filled up only as far as
    the ratio allows at the price the order may come to pay.
    """
    last, rules, ratio_max = candidate.quote.last_cny, candidate.rules, desk.limits.position_ratio_max
    wanted = int(weight * desk.equity_cny / last)
    if not candidate.buys:
        return round_lot_down(rules, Side.SELL, max(0, held - wanted), held)
    if ratio_max is not None and weight <= ratio_max:
        wanted = min(wanted, int(ratio_max * desk.equity_cny / _dearest(candidate, desk)))
    return round_lot_down(rules, Side.BUY, max(0, wanted - held), held)


def _dearest(candidate: Candidate, desk: Desk) -> Decimal:
    """Return a price that the limit of the buy will not exceed."""
    limit, last = candidate.intent.limit_cny, candidate.quote.last_cny
    if limit is None:
        return last * (1 + desk.limits.marketable_bp / BP)
    return max(last, limit) if limit.is_finite() else last
