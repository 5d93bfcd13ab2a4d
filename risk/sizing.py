"""How many shares an intent asks for, and whether they are an order. Pure.

A target weight becomes shares here, each by itself: the weight of the equity that the session opened
with, at the last price, less what is held, rounded down to a valid size. So several weights of one
decision do not depend on one another, nor on their order, for how many shares they ask. Which of
them become orders does: the gate takes sells before buys, each side in the order given, and what
the cash or a limit no longer leaves room for is refused, or made smaller where `resize` lets it. A
sell to a weight takes from all that is held; bought today or not, what goes beyond the shares that
may be sold today is refused, or brought down to them by `sellable`. Weight 0 sells everything.
"""

from __future__ import annotations

from decimal import Decimal

from risk.candidate import Candidate, Rejected
from risk.limits import Desk, Resize
from services.domain.orders import Rule, Side
from services.rules import LotProblem, lot_problem, round_lot_down, settlement_days

_SHARES_MAX = 1_000_000_000
"""More than any account holds, and few enough that money stays exact where a board sets no maximum."""


def size(candidate: Candidate, desk: Desk) -> None:
    """Give the order its shares: a valid size, held and sellable today where it is a sell.

    Raises:
        Rejected: SIZE, POSITION, BOARD_LOT, ORDER_MAX or T_PLUS_1.
        OutsideRulebook: The settlement of the kind is not known on that day.
    """
    sells, shares, weight = not candidate.buys, candidate.intent.shares, candidate.intent.target_weight
    held = desk.book.held(candidate.symbol) if sells or weight is not None else 0
    if shares is None or weight is not None:
        shares = _weighed(candidate, desk, held)
    candidate.shares = shares
    if shares <= 0:
        raise Rejected(Rule.SIZE, f"{shares} shares are no order", shares)
    if sells and shares > held:
        _smaller(candidate, desk, Resize.SELLABLE, held, Rule.POSITION, f"asks {shares}, holds {held}")
    problem = lot_problem(
        candidate.rules, candidate.side, candidate.shares, held, after_hours=candidate.after_hours
    )
    if problem is not None or candidate.shares > _SHARES_MAX:
        _fit_lots(candidate, desk, held, problem)
    if sells:
        days = settlement_days(candidate.kind, desk.day, candidate.rules.board)
        sellable = desk.book.sellable(candidate.symbol, desk.day, days)
        if candidate.shares > sellable:
            _fit_sellable(candidate, desk, held, sellable)


def _fit_lots(candidate: Candidate, desk: Desk, held: int, problem: LotProblem | None) -> None:
    """Bring the order down to a valid size: its own is none, for the `problem` or for being absurd."""
    rules, side, shares = candidate.rules, candidate.side, candidate.shares
    rule = Rule.ORDER_MAX if problem is None or problem.over_max else Rule.BOARD_LOT
    reason = f"{shares} shares is over the {_SHARES_MAX} of one order" if problem is None else problem.detail
    fits = round_lot_down(rules, side, min(shares, _SHARES_MAX), held, after_hours=candidate.after_hours)
    _smaller(candidate, desk, Resize.LOT, fits, rule, reason)


def _fit_sellable(candidate: Candidate, desk: Desk, held: int, sellable: int) -> None:
    """Bring a sell down to what may be sold today."""
    fits = round_lot_down(candidate.rules, Side.SELL, sellable, held, after_hours=candidate.after_hours)
    reason = f"asks {candidate.shares}, sellable {sellable}"
    _smaller(candidate, desk, Resize.SELLABLE, fits, Rule.T_PLUS_1, reason)


def _smaller(candidate: Candidate, desk: Desk, policy: Resize, fits: int, rule: Rule, reason: str) -> None:
    """Bring the order down to `fits` shares where the policy lets it and that is an order, else refuse."""
    if fits <= 0 or policy not in desk.limits.resize:
        raise Rejected(rule, reason, candidate.shares)
    candidate.shrink(fits, rule, reason)


def _weighed(candidate: Candidate, desk: Desk, held: int) -> int:
    weight = candidate.intent.target_weight
    if weight is None or candidate.intent.shares is not None:
        raise Rejected(Rule.SIZE, "exactly one of shares and target weight makes an order")
    if not weight.is_finite() or not 0 <= weight <= 1:
        raise Rejected(Rule.SIZE, f"{weight} is not a weight of 0 to 1")
    return _shares_for_weight(candidate, desk, held, weight)


def _shares_for_weight(candidate: Candidate, desk: Desk, held: int, weight: Decimal) -> int:
    """Return the lot-valid shares that bring the holding to the weight of equity.

    Weighed at the last price. A weight within the account's own ratio is filled up only as far as
    the ratio allows at the price the order may come to pay.

    Raises:
        Rejected: SIZE: the holding has that weight already, or less than a lot is missing.
    """
    last, rules, ratio_max = candidate.quote.last_cny, candidate.rules, desk.limits.position_ratio_max
    equity_cny = _weighed_cny(desk)
    wanted = int(weight * equity_cny // last)
    if candidate.buys and ratio_max is not None and weight <= ratio_max:
        wanted = min(wanted, int(ratio_max * equity_cny // _dearest(candidate, desk)))
    missing = max(0, wanted - held if candidate.buys else held - wanted)
    shares = round_lot_down(rules, candidate.intent.side, missing, held, after_hours=candidate.after_hours)
    if not shares:
        reason = f"the weight {weight} is {wanted} shares, {held} are held: no lot to {candidate.intent.side}"
        raise Rejected(Rule.SIZE, reason, 0)
    return shares


def _weighed_cny(desk: Desk) -> Decimal:
    """Return the equity that weights are of: the account's, or the capital that is let go live."""
    capital = desk.limits.degrees.capital_cny_max
    return desk.equity_cny if capital is None else min(capital, desk.equity_cny)


def _dearest(candidate: Candidate, desk: Desk) -> Decimal:
    """Return a price that the limit of the buy will not exceed."""
    limit, last = candidate.intent.limit_cny, candidate.quote.last_cny
    if limit is None:
        return last * desk.limits.marketable[1]
    return max(last, limit) if limit.is_finite() else last
