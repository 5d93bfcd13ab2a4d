"""The only place where an intent becomes an order. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from risk.candidate import Candidate, Rejected, examine
from risk.limits import Desk
from services.domain.events import Deferred, Verdicts
from services.domain.money import ZERO
from services.domain.orders import ApprovedOrder, Intent, OrderTerms, Refusal, Rule, Side, order_id
from services.rules import Phase, fees_of


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
            terms = self._terms(candidate)
            self._place(terms, candidate)
        except Rejected as rejected:
            self.refused.append(_refusal(intent, rejected))
        else:
            self.seen.add((intent.symbol, intent.side))

    def _terms(self, candidate: Candidate) -> OrderTerms:
        desk, intent = self.desk, candidate.intent
        amount = candidate.limit_cny * candidate.shares
        freeze = ZERO
        if intent.side is Side.BUY:
            fees = fees_of(candidate.rules, candidate.kind, Side.BUY, amount, desk.commission)
            freeze = amount + fees.total
        not_before, send_by = _window(desk, candidate)
        return OrderTerms(
            order_id=order_id(*desk.names, intent.origin, intent.index, intent.symbol, intent.side, 0),
            session=desk.session,
            symbol=intent.symbol,
            side=intent.side,
            shares=candidate.shares,
            limit_cny=candidate.limit_cny,
            freeze_cny=freeze,
            not_before=not_before,
            send_by=send_by,
            day=desk.day,
            why=intent.why,
            origin=intent.origin,
            index=intent.index,
            rules_version=candidate.rules.version,
            approximate=candidate.quote.approximate,
        )

    def _place(self, terms: OrderTerms, candidate: Candidate) -> None:
        waits = candidate.phase.phase is Phase.LUNCH
        if terms.side is Side.SELL:
            self.expected += _proceeds(terms, candidate, self.desk)
        elif terms.freeze_cny <= self.spendable:
            self.spendable -= terms.freeze_cny
        elif terms.freeze_cny <= self.spendable + self.expected:
            short = terms.freeze_cny - self.spendable
            self.spendable, self.expected = ZERO, self.expected - short
            if not waits:
                self.deferred.append(Deferred(terms=terms, short_cny=short))
                return
        else:
            raise _short(terms, self.spendable + self.expected, self.desk)
        (self.waiting if waits else self.approved).append(terms)

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

    A buy that needs the proceeds of this session's sells is deferred, to be judged by `fund` on
    what they brought. During lunch an order that passes waits for the afternoon, when it is
    reviewed again.
    """
    tally = _Tally(desk)
    for side in (Side.SELL, Side.BUY):
        for intent in intents:
            if intent.side is side:
                tally.judge(intent)
    return tally.review()


def fund(deferred: Iterable[Deferred], desk: Desk, send_by: datetime) -> Review:
    """Return verdicts on deferred buys, on the cash the sells really brought; what is short is refused.

    `desk.book` is the account after those sells. `send_by` replaces the orders' last moment, which
    the sells may have used up.
    """
    spendable = desk.book.available_cny - desk.limits.cash_reserve_cny_min
    approved: list[OrderTerms] = []
    refused: list[Refusal] = []
    for one in deferred:
        terms = replace(one.terms, send_by=max(send_by, one.terms.send_by))
        if terms.freeze_cny <= spendable:
            spendable -= terms.freeze_cny
            approved.append(terms)
        else:
            rejected = _short(terms, spendable, desk)
            refused.append(
                Refusal(
                    symbol=terms.symbol,
                    side=terms.side,
                    shares=terms.shares,
                    rule=rejected.rule,
                    reason=rejected.reason,
                    origin=terms.origin,
                    index=terms.index,
                )
            )
    return Review(
        approved=tuple(ApprovedOrder(terms=terms) for terms in approved),
        verdicts=Verdicts(approved=tuple(approved), refused=tuple(refused)),
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


def _proceeds(terms: OrderTerms, candidate: Candidate, desk: Desk) -> Decimal:
    """Return what a sell brings at its limit, after fees: the least it can bring when filled whole."""
    amount = terms.limit_cny * terms.shares
    return amount - fees_of(candidate.rules, candidate.kind, Side.SELL, amount, desk.commission).total


def _short(terms: OrderTerms, spendable: Decimal, desk: Desk) -> Rejected:
    reserve = desk.limits.cash_reserve_cny_min
    if terms.freeze_cny <= spendable + reserve:
        return Rejected(
            Rule.CASH_RESERVE,
            f"needs {terms.freeze_cny} CNY with fees, {spendable} above the reserve of {reserve}",
        )
    return Rejected(Rule.CASH, f"needs {terms.freeze_cny} CNY with fees, {max(spendable, ZERO)} available")


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
