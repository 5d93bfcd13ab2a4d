"""The only place where an intent becomes an order. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal

from msgspec.structs import replace

from risk.candidate import Candidate, Proposal, Rejected
from risk.checks import checks_of
from risk.examination import Earlier, examine
from risk.headroom import fitted, within
from risk.limit_use import uses
from risk.limits import Desk, Resize
from risk.portfolio import Portfolio, portfolio_of
from services.domain.events import Deferred, Verdicts
from services.domain.instruments import Symbol
from services.domain.money import ZERO, to_cent
from services.domain.orders import (
    ApprovedOrder,
    Change,
    Intent,
    OrderTerms,
    Refusal,
    Rule,
    Side,
    order_id,
)
from services.domain.value import Value
from services.rules import (
    OutsideRulebook,
    Phase,
    PhaseSpan,
    default_kind,
    fees_of,
    phase_at,
    round_lot_down,
    rules_of,
)

_Window = tuple[datetime, datetime]
"""The first and the last moment at which an order may be sent."""


class Review(Value, frozen=True, kw_only=True):
    """What may be sent now, and the verdicts as the journal keeps them."""

    approved: tuple[ApprovedOrder, ...]
    verdicts: Verdicts


class _Tally:
    """The account as it would be after the orders approved so far; `unsold` is it without their sells."""

    def __init__(self, desk: Desk, intents: Sequence[Intent]) -> None:
        self.desk, self.checks = desk, checks_of(desk.limits)
        self.spendable = desk.book.available_cny - desk.limits.cash_reserve_cny_min
        self.expected = ZERO
        self.earlier = Earlier(contradicted=_contradicted(intents))
        self.after = portfolio_of(desk)
        self.unsold: Portfolio | None = None
        self.sells = False
        self.spans: tuple[PhaseSpan, time | None] | None = None
        self.window: _Window = (desk.moment, desk.moment)
        self.approved: list[OrderTerms] = []
        self.waiting: list[OrderTerms] = []
        self.deferred: list[Deferred] = []
        self.refused: list[Refusal] = []
        self.changed: list[Change] = []

    def judge(self, intent: Intent) -> None:
        try:
            candidate = examine(intent, self.desk, self.earlier)
            if candidate.buys:
                fitted(candidate, self.desk, self.after, self.checks.buys)
                self._buy(candidate)
            else:
                fitted(candidate, self.desk, self.after, self.checks.orders)
                self._sell(candidate)
        except Rejected as rejected:
            self.refused.append(_refusal(intent, rejected))
        except OutsideRulebook as unknown:
            self.refused.append(_refusal(intent, Rejected(Rule.RULES_UNKNOWN, str(unknown))))
        else:
            self.after.take(candidate)
            self.changed += candidate.changes
        finally:
            # Whatever becomes of it, its symbol and side were asked for.
            self.earlier.seen.add((intent.symbol, intent.side))

    def _sell(self, candidate: Candidate) -> None:
        """Count on what the sell brings at its limit, the least it can bring when filled whole."""
        self.sells = True
        amount = to_cent(candidate.limit_cny * candidate.shares)
        net_cny = amount - _fees_cny(candidate, candidate.shares, amount, self.desk)
        if net_cny >= 0:
            self.expected += net_cny
        else:
            # The least commission can be more than a small sale brings.
            cash = self.spendable + self.desk.limits.cash_reserve_cny_min
            if cash + net_cny < 0:
                reason = f"costs {-net_cny} CNY more than it brings, {max(cash, ZERO)} available"
                raise Rejected(Rule.CASH, reason, candidate.shares)
            self.spendable += net_cny
        self._let_through(self._terms(candidate, ZERO), candidate)

    def _buy(self, candidate: Candidate) -> None:
        freeze_cny = _paid(candidate, self.desk, self.spendable + self.expected, self.after)
        short = max(ZERO, freeze_cny - self.spendable)
        terms = self._terms(candidate, freeze_cny)
        leans = self._leans_on_sells(candidate)
        self.spendable, self.expected = self.spendable - freeze_cny + short, self.expected - short
        if (short or leans) and not candidate.during(Phase.LUNCH):
            self.deferred.append(Deferred(terms=terms, short_cny=short))
        else:
            self._let_through(terms, candidate)

    def _terms(self, candidate: Candidate, freeze_cny: Decimal) -> OrderTerms:
        """Return the order; when it may be sent is the same for all that stand in one phase."""
        spans = candidate.phase, candidate.afternoon_end
        if spans != self.spans:
            self.spans, self.window = spans, _window(self.desk, candidate)
        return _terms(candidate, self.desk, freeze_cny, self.window)

    def _leans_on_sells(self, candidate: Candidate) -> bool:
        """Answer whether a limit would refuse the buy if none of the session's sells were filled."""
        if self.unsold is None:
            if not (self.sells and self.checks.portfolio):
                return False
            self.unsold = portfolio_of(self.desk)
        leans = not within(candidate, self.desk, self.unsold, self.checks.portfolio)
        self.unsold.take(candidate)
        return leans

    def _let_through(self, terms: OrderTerms, candidate: Candidate) -> None:
        (self.waiting if candidate.during(Phase.LUNCH) else self.approved).append(terms)

    def review(self) -> Review:
        sent, shadow = tuple(self.approved), self.desk.limits.degrees.shadow
        deferred = tuple(self.deferred)
        watched = (*sent, *self.waiting, *(one.terms for one in deferred)) if shadow else ()
        return Review(
            approved=() if shadow else tuple(ApprovedOrder(terms=terms) for terms in sent),
            verdicts=Verdicts(
                approved=() if shadow else sent,
                waiting=() if shadow else tuple(self.waiting),
                deferred=() if shadow else deferred,
                refused=tuple(self.refused),
                changed=tuple(self.changed),
                shadow=watched,
                used=uses(self.desk, self.after, self.spendable + self.expected),
                market=self.after.market,
                scale=self.after.scale,
            ),
        )


def review(intents: Sequence[Intent], desk: Desk) -> Review:
    """Return a verdict on every intent, sells before buys, each side in the order given.

    Each is held to the account as it would be after those let through before it. A buy that needs
    the proceeds of this session's sells, or the room they make under a limit, is deferred, to be
    judged by `fund` on what became of them.
    During lunch an order that passes waits for the afternoon, when it is reviewed again.
    """
    tally = _Tally(desk, intents)
    for side in (Side.SELL, Side.BUY):
        for intent in intents:
            if intent.side is side:
                tally.judge(intent)
    return tally.review()


def fund(
    deferred: Iterable[Deferred], desk: Desk, send_by: datetime, sent: Sequence[OrderTerms] = ()
) -> Review:
    """Return verdicts on deferred buys, on the cash and the portfolio the sells really left.

    What is short is refused, and so is a buy in whose symbol an order is still open: nothing is sent
    where an order's fate is unknown. `desk.book` is the account after those sells. `send_by` replaces
    the orders' last moment, which the sells may have used up, but never goes past the end of the phase.
    `sent` are the session's other orders, which count with these in what is used of the limits.
    """
    spendable = desk.book.available_cny - desk.limits.cash_reserve_cny_min
    after, checks = portfolio_of(desk), checks_of(desk.limits).portfolio
    for earlier in sent:
        after.count(earlier)
    approved: list[OrderTerms] = []
    refused: list[Refusal] = []
    changed: list[Change] = []
    still_open = {order.symbol: order.order_id for order in desk.book.open_orders}
    for one in deferred:
        order = _proposal(one.terms, desk)
        try:
            if order.symbol in still_open:
                reason = f"order {still_open[order.symbol]} in {order.symbol} is still open"
                raise Rejected(Rule.UNRESOLVED, reason)
            fitted(order, desk, after, checks)
            freeze_cny = _paid(order, desk, spendable, after)
        except Rejected as rejected:
            refused.append(_unfunded(one.terms, rejected))
            continue
        spendable -= freeze_cny
        after.take(order)
        changed += order.changes
        last = min(max(send_by, one.terms.send_by), _phase_end(one.terms, desk))
        approved.append(replace(one.terms, shares=order.shares, freeze_cny=freeze_cny, send_by=last))
    return Review(
        approved=tuple(ApprovedOrder(terms=terms) for terms in approved),
        verdicts=Verdicts(
            approved=tuple(approved),
            refused=tuple(refused),
            changed=tuple(changed),
            used=uses(desk, after, spendable),
            market=after.market,
            scale=after.scale,
        ),
    )


def _terms(candidate: Candidate, desk: Desk, freeze_cny: Decimal, window: _Window) -> OrderTerms:
    intent, (not_before, send_by) = candidate.intent, window
    return OrderTerms(
        order_id=order_id(*desk.names, intent.origin, intent.index, intent.symbol, intent.side, 0),
        session=desk.session,
        symbol=intent.symbol,
        side=intent.side,
        shares=candidate.shares,
        limit_cny=candidate.limit_cny,
        freeze_cny=freeze_cny,
        not_before=not_before,
        send_by=send_by,
        day=desk.day,
        why=intent.why,
        origin=intent.origin,
        index=intent.index,
        rules_version=candidate.rules.version,
        approximate=candidate.quote.approximate,
    )


def _window(desk: Desk, candidate: Candidate) -> _Window:
    """Return the first and the last moment at which the order may be sent."""
    phase, zone = candidate.phase, desk.moment.tzinfo
    not_before, span_end = desk.moment, phase.end
    if phase.phase is Phase.LUNCH:
        not_before = datetime.combine(desk.day, phase.end, desk.slot_zone)
        span_end = candidate.afternoon_end or phase.end
    last = datetime.combine(desk.day, span_end, desk.slot_zone)
    send_by = max(desk.moment, not_before) + timedelta(seconds=desk.limits.order_ttl_s)
    return not_before.astimezone(zone), min(send_by, last).astimezone(zone)


def _phase_end(terms: OrderTerms, desk: Desk) -> datetime:
    rules = rules_of(terms.symbol, desk.day)
    end = datetime.combine(desk.day, phase_at(rules, desk.local).end, desk.slot_zone)
    return end.astimezone(desk.moment.tzinfo)


def _contradicted(intents: Sequence[Intent]) -> frozenset[Symbol]:
    """Return the symbols that the session asks both to buy and to sell."""
    sides = {(intent.symbol, intent.side) for intent in intents}
    return frozenset(symbol for symbol, side in sides if side is Side.BUY and (symbol, Side.SELL) in sides)


def _proposal(terms: OrderTerms, desk: Desk) -> Proposal:
    """Return a deferred order as what is held against the account's limits."""
    rules, facts = rules_of(terms.symbol, desk.day), desk.instruments.get(terms.symbol)
    return Proposal(
        symbol=terms.symbol,
        side=terms.side,
        origin=terms.origin,
        index=terms.index,
        rules=rules,
        kind=(facts and facts.kind) or default_kind(rules.board),
        shares=terms.shares,
        limit_cny=terms.limit_cny,
    )


def _cost_cny(order: Proposal, shares: int, desk: Desk) -> Decimal:
    """Return what a buy of `shares` freezes: its amount at the limit, and the fees on it."""
    amount = to_cent(order.limit_cny * shares)
    return amount + _fees_cny(order, shares, amount, desk)


def _fees_cny(order: Proposal, shares: int, amount: Decimal, desk: Desk) -> Decimal:
    return fees_of(order.rules, order.kind, order.side, amount, desk.commission, shares=shares).total


def _affordable(order: Proposal, desk: Desk, cash_cny: Decimal) -> Decimal:
    """Return what a buy freezes, once it was brought down to what `cash_cny` pays where that is let.

    Raises:
        Rejected: CASH or CASH_RESERVE.
    """
    freeze = _cost_cny(order, order.shares, desk)
    if freeze <= cash_cny:
        return freeze
    short = _short(order.shares, freeze, cash_cny, desk)
    fits = _shares_for_cash(order, desk, cash_cny) if Resize.CASH in desk.limits.resize else 0
    if fits <= 0:
        raise short
    order.shrink(fits, short.rule, short.reason)
    return _cost_cny(order, fits, desk)


def _paid(order: Proposal, desk: Desk, cash_cny: Decimal, after: Portfolio) -> Decimal:
    """Return what a buy freezes, once it was brought down to the cash where that is let.

    A smaller buy may leave more value at risk than the larger one would: it is held to the limits anew.

    Raises:
        Rejected: CASH, CASH_RESERVE, or the limit that the smaller buy breaks.
    """
    asked = order.shares
    freeze_cny = _affordable(order, desk, cash_cny)
    if order.shares < asked:
        fitted(order, desk, after, checks_of(desk.limits).portfolio)
    return freeze_cny


def _shares_for_cash(order: Proposal, desk: Desk, cash_cny: Decimal) -> int:
    """Return the most lot-valid shares that `cash_cny` pays with their fees, 0 where it pays none."""
    shares = max(0, int(cash_cny // order.limit_cny))
    while shares > 0:
        shares = round_lot_down(order.rules, Side.BUY, shares, 0)
        over = _cost_cny(order, shares, desk) - cash_cny if shares else ZERO
        if over <= 0:
            return shares
        shares -= max(1, int(over // order.limit_cny))
    return 0


def _short(shares: int, freeze_cny: Decimal, spendable: Decimal, desk: Desk) -> Rejected:
    reserve = desk.limits.cash_reserve_cny_min
    if freeze_cny <= spendable + reserve:
        return Rejected(
            Rule.CASH_RESERVE,
            f"needs {freeze_cny} CNY with fees, {spendable} above the reserve of {reserve}",
            shares,
        )
    reason = f"needs {freeze_cny} CNY with fees, {max(spendable, ZERO)} available"
    return Rejected(Rule.CASH, reason, shares)


def _unfunded(terms: OrderTerms, rejected: Rejected) -> Refusal:
    return Refusal(
        symbol=terms.symbol,
        side=terms.side,
        shares=terms.shares,
        rule=rejected.rule,
        reason=rejected.reason,
        origin=terms.origin,
        index=terms.index,
    )


def _refusal(intent: Intent, rejected: Rejected) -> Refusal:
    return Refusal(
        symbol=intent.symbol,
        side=intent.side,
        shares=rejected.shares if rejected.shares is not None else intent.shares or 0,
        rule=rejected.rule,
        reason=rejected.reason,
        origin=intent.origin,
        index=intent.index,
    )
