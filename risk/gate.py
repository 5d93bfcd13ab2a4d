"""The only place where an intent becomes an order. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from risk.candidate import Candidate, Rejected
from risk.examination import examine
from risk.limits import Desk
from services.domain.events import Deferred, Verdicts
from services.domain.money import ZERO, to_cent
from services.domain.orders import ApprovedOrder, Intent, OrderTerms, Refusal, Rule, Side, order_id
from services.rules import OutsideRulebook, Phase, board_of, fees_of, phase_at, rules_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What may be sent now, and the verdicts as the journal keeps them."""

    approved: tuple[ApprovedOrder, ...]
    verdicts: Verdicts


class _Tally:
    """The account as it would be after the orders approved so far."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.spendable = desk.book.available_cny - desk.limits.cash_reserve_cny_min
        self.expected = ZERO
        self.seen: set[tuple[str, Side]] = set()
        self.approved: list[OrderTerms] = []
        self.waiting: list[OrderTerms] = []
        self.deferred: list[Deferred] = []
        self.refused: list[Refusal] = []

    def judge(self, intent: Intent) -> None:
        try:
            if (intent.symbol, intent.side) in self.seen:
                raise Rejected(Rule.DUPLICATE, f"a second {intent.side} of {intent.symbol} in one session")
            candidate = examine(intent, self.desk)
            self._place(candidate)
        except Rejected as rejected:
            self.refused.append(_refusal(intent, rejected))
        except OutsideRulebook as unknown:
            self.refused.append(_refusal(intent, Rejected(Rule.RULES_UNKNOWN, str(unknown))))
        else:
            self.seen.add((intent.symbol, intent.side))

    def _place(self, candidate: Candidate) -> None:
        amount = to_cent(candidate.limit_cny * candidate.shares)
        fees = fees_of(
            candidate.rules,
            candidate.kind,
            candidate.intent.side,
            amount,
            self.desk.commission,
            shares=candidate.shares,
        )
        if candidate.buys:
            self._buy(candidate, amount + fees.total)
        else:
            self._sell(candidate, amount - fees.total)

    def _sell(self, candidate: Candidate, net_cny: Decimal) -> None:
        """Count on what the sell brings at its limit, the least it can bring when filled whole."""
        if net_cny >= 0:
            self.expected += net_cny
        else:
            # The least commission can be more than a small sale brings.
            cash = self.spendable + self.desk.limits.cash_reserve_cny_min
            if cash + net_cny < 0:
                reason = f"costs {-net_cny} CNY more than it brings, {max(cash, ZERO)} available"
                raise Rejected(Rule.CASH, reason, candidate.shares)
            self.spendable += net_cny
        self._let_through(_terms(candidate, self.desk, ZERO), candidate)

    def _buy(self, candidate: Candidate, freeze_cny: Decimal) -> None:
        terms = _terms(candidate, self.desk, freeze_cny)
        short = max(ZERO, freeze_cny - self.spendable)
        if short > self.expected:
            raise _short(terms, self.spendable + self.expected, self.desk)
        self.spendable, self.expected = self.spendable - freeze_cny + short, self.expected - short
        sold_too = (terms.symbol, Side.SELL) in self.seen
        if (short or sold_too) and not candidate.during(Phase.LUNCH):
            self.deferred.append(Deferred(terms=terms, short_cny=short))
        else:
            self._let_through(terms, candidate)

    def _let_through(self, terms: OrderTerms, candidate: Candidate) -> None:
        (self.waiting if candidate.during(Phase.LUNCH) else self.approved).append(terms)

    def review(self) -> Review:
        return Review(
            approved=tuple(ApprovedOrder(terms=terms) for terms in self.approved),
            verdicts=Verdicts(
                approved=tuple(self.approved),
                waiting=tuple(self.waiting),
                deferred=tuple(self.deferred),
                refused=tuple(self.refused),
            ),
        )


def review(intents: Sequence[Intent], desk: Desk) -> Review:
    """Return a verdict on every intent, sells before buys, each side in the order given.

    A buy that needs the proceeds of this session's sells, or whose symbol the session also sells, is
    deferred, to be judged by `fund` on what became of them. During lunch an order that passes waits
    for the afternoon, when it is reviewed again.
    """
    tally = _Tally(desk)
    for side in (Side.SELL, Side.BUY):
        for intent in intents:
            if intent.side is side:
                tally.judge(intent)
    return tally.review()


def fund(deferred: Iterable[Deferred], desk: Desk, send_by: datetime) -> Review:
    """Return verdicts on deferred buys, on the cash the sells really brought; what is short is refused.

    So is a buy in whose symbol an order is still open: one never trades with oneself, and nothing
    is sent where an order's fate is unknown. `desk.book` is the account after those sells.
    `send_by` replaces the orders' last moment, which the sells may have used up, but never goes past
    the end of the phase.
    """
    spendable = desk.book.available_cny - desk.limits.cash_reserve_cny_min
    approved: list[OrderTerms] = []
    refused: list[Refusal] = []
    still_open = {order.symbol: order.order_id for order in desk.book.open_orders}
    for one in deferred:
        terms = one.terms
        if terms.symbol in still_open:
            reason = f"order {still_open[terms.symbol]} in {terms.symbol} is still open"
            refused.append(_unfunded(terms, Rejected(Rule.UNRESOLVED, reason)))
        elif terms.freeze_cny <= spendable:
            spendable -= terms.freeze_cny
            last = min(max(send_by, terms.send_by), _phase_end(terms, desk))
            approved.append(terms if last == terms.send_by else replace(terms, send_by=last))
        else:
            refused.append(_unfunded(terms, _short(terms, spendable, desk)))
    return Review(
        approved=tuple(ApprovedOrder(terms=terms) for terms in approved),
        verdicts=Verdicts(approved=tuple(approved), refused=tuple(refused)),
    )


def _terms(candidate: Candidate, desk: Desk, freeze_cny: Decimal) -> OrderTerms:
    intent = candidate.intent
    not_before, send_by = _window(desk, candidate)
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


def _window(desk: Desk, candidate: Candidate) -> tuple[datetime, datetime]:
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
    rules = rules_on(board_of(terms.symbol, desk.day), desk.day)
    end = datetime.combine(desk.day, phase_at(rules, desk.local).end, desk.slot_zone)
    return end.astimezone(desk.moment.tzinfo)


def _short(terms: OrderTerms, spendable: Decimal, desk: Desk) -> Rejected:
    reserve = desk.limits.cash_reserve_cny_min
    if terms.freeze_cny <= spendable + reserve:
        return Rejected(
            Rule.CASH_RESERVE,
            f"needs {terms.freeze_cny} CNY with fees, {spendable} above the reserve of {reserve}",
        )
    return Rejected(Rule.CASH, f"needs {terms.freeze_cny} CNY with fees, {max(spendable, ZERO)} available")


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
