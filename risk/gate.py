"""The only place where an intent becomes an order. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from msgspec.structs import replace

from risk.candidate import Candidate, Proposal, Rejected
from risk.checks import checks_of
from risk.examination import Earlier, examine
from risk.headroom import fitted, within
from risk.hours import phase_end
from risk.limit_use import uses
from risk.limits import Desk, Resize
from risk.portfolio import Portfolio, portfolio_of
from services.domain.events import Deferred, Verdicts
from services.domain.instruments import Symbol
from services.domain.money import CENT, ZERO, to_cent
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
    fees_of,
    phase_at,
    round_lot_down,
    rules_of,
)

_SELL = Side.SELL


class Review(Value, frozen=True, kw_only=True):
    """What may be sent now, and the verdicts as the journal keeps them."""

    approved: tuple[ApprovedOrder, ...]
    verdicts: Verdicts


class _Tally:
    """The account as it would be after the orders approved so far; `unsold` is it without their sells."""

    def __init__(self, desk: Desk, repeated: Collection[Symbol], contradicted: Collection[Symbol]) -> None:
        self.desk, self.checks = desk, checks_of(desk.limits)
        self.spendable = desk.book.available_cny - desk.limits.cash_reserve_cny_min
        self.expected = ZERO
        later = desk.first.moment != desk.snapshot.moment
        self.earlier = Earlier(repeated=repeated, contradicted=contradicted, later=later)
        self.after = portfolio_of(desk)
        self.unsold: Portfolio | None = None
        self.sells = False
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
            if intent.symbol in self.earlier.repeated:
                # Whatever becomes of it, its symbol and side were asked for.
                self.earlier.seen.add((intent.symbol, intent.side))

    def _sell(self, candidate: Candidate) -> None:
        """Count on what the sell brings at its limit, the least it can bring when filled whole."""
        self.sells = True
        amount, fees_cny = _traded_cny(candidate, candidate.shares, self.desk)
        net_cny = amount - fees_cny
        if net_cny >= ZERO:
            self.expected += net_cny
        else:
            # The least commission can be more than a small sale brings.
            cash = self.spendable + self.desk.limits.cash_reserve_cny_min
            if cash + net_cny < 0:
                reason = f"costs {-net_cny} CNY more than it brings, {max(cash, ZERO)} available"
                raise Rejected(Rule.CASH, reason, candidate.shares)
            self.spendable += net_cny
        terms, waits = self._terms(candidate, ZERO), candidate.hours.waits
        (self.waiting if waits else self.approved).append(terms)

    def _buy(self, candidate: Candidate) -> None:
        freeze_cny, cash_cny = _freeze_cny(candidate, self.desk), self.spendable + self.expected
        if freeze_cny > cash_cny:
            freeze_cny = _cut_to_cash(candidate, freeze_cny, self.desk, cash_cny, self.after)
        short = freeze_cny - self.spendable if freeze_cny > self.spendable else ZERO
        terms, waits = self._terms(candidate, freeze_cny), candidate.hours.waits
        leans = self.sells and bool(self.checks.portfolio) and self._leans_on_sells(candidate)
        self.spendable, self.expected = self.spendable - freeze_cny + short, self.expected - short
        if (short or leans) and not waits:
            self.deferred.append(Deferred(terms=terms, short_cny=short))
        else:
            (self.waiting if waits else self.approved).append(terms)

    def _terms(self, candidate: Candidate, freeze_cny: Decimal) -> OrderTerms:
        desk, intent, hours = self.desk, candidate.intent, candidate.hours
        return OrderTerms(
            order_id=order_id(*desk.names, intent.origin, str(intent.index), intent.symbol, intent.side, "0"),
            session=desk.session,
            symbol=intent.symbol,
            side=intent.side,
            shares=candidate.shares,
            limit_cny=candidate.limit_cny,
            freeze_cny=freeze_cny,
            not_before=hours.not_before,
            send_by=hours.send_by,
            day=desk.day,
            why=intent.why,
            origin=intent.origin,
            index=intent.index,
            rules_version=candidate.rules.version,
            approximate=candidate.quote.approximate,
        )

    def _leans_on_sells(self, candidate: Candidate) -> bool:
        """Answer whether a limit would refuse the buy if none of the session's sells were filled."""
        if self.unsold is None:
            self.unsold = portfolio_of(self.desk)
        leans = not within(candidate, self.desk, self.unsold, self.checks.portfolio)
        self.unsold.take(candidate)
        return leans

    def review(self) -> Review:
        sent, waiting, deferred = self.approved, self.waiting, self.deferred
        watched: tuple[OrderTerms, ...] = ()
        if self.desk.limits.degrees.shadow:
            watched = (*sent, *waiting, *(one.terms for one in deferred))
            sent, waiting, deferred = [], [], []
        return Review(
            approved=tuple([ApprovedOrder(terms=terms) for terms in sent]),
            verdicts=Verdicts(
                approved=tuple(sent),
                waiting=tuple(waiting),
                deferred=tuple(deferred),
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
    sells: list[Intent] = []
    buys: list[Intent] = []
    for intent in intents:
        (sells if intent.side is _SELL else buys).append(intent)
    repeated = contradicted = frozenset[Symbol]()
    if len({intent.symbol for intent in intents}) < len(intents):
        counts = Counter([intent.symbol for intent in intents])
        repeated = frozenset([symbol for symbol, times in counts.items() if times > 1])
        contradicted = frozenset([one.symbol for one in sells]).intersection([one.symbol for one in buys])
    tally = _Tally(desk, repeated, contradicted)
    for intent in sells + buys:
        tally.judge(intent)
    return tally.review()


def fund(
    deferred: Iterable[Deferred], desk: Desk, send_by: datetime, sent: Sequence[OrderTerms] = ()
) -> Review:
    """Return verdicts on deferred buys, on the cash and the portfolio the sells really left.

    What is short is refused, and so is a buy in whose symbol an order is still open: nothing is sent
    where an order's fate is unknown. `desk.book` is the account after those sells. `send_by` replaces
    the orders' last moment, which the sells may have used up, but never goes past the end of the phase,
    nor back. What an order freezes was found with it, and holds as long as it is not made smaller.
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
        terms = one.terms
        order = _proposal(terms, desk)
        try:
            if order.symbol in still_open:
                reason = f"order {still_open[order.symbol]} in {order.symbol} is still open"
                raise Rejected(Rule.UNRESOLVED, reason)
            fitted(order, desk, after, checks)
            freeze_cny = terms.freeze_cny if order.shares == terms.shares else _freeze_cny(order, desk)
            if freeze_cny > spendable:
                freeze_cny = _cut_to_cash(order, freeze_cny, desk, spendable, after)
        except Rejected as rejected:
            refused.append(_unfunded(terms, rejected))
            continue
        spendable -= freeze_cny
        after.take(order)
        changed += order.changes
        last = terms.send_by
        if send_by > last:
            last = min(send_by, phase_end(order.rules, desk))
        approved.append(replace(terms, shares=order.shares, freeze_cny=freeze_cny, send_by=last))
    return Review(
        approved=tuple([ApprovedOrder(terms=terms) for terms in approved]),
        verdicts=Verdicts(
            approved=tuple(approved),
            refused=tuple(refused),
            changed=tuple(changed),
            used=uses(desk, after, spendable),
            market=after.market,
            scale=after.scale,
        ),
    )


def _proposal(terms: OrderTerms, desk: Desk) -> Proposal:
    """Return a deferred order as what is held against the account's limits."""
    rules, facts = rules_of(terms.symbol, desk.day), desk.instruments.get(terms.symbol)
    return Proposal(
        symbol=terms.symbol,
        side=terms.side,
        buys=terms.side is Side.BUY,
        origin=terms.origin,
        index=terms.index,
        rules=rules,
        kind=(facts and facts.kind) or rules.kind,
        after_hours=phase_at(rules, desk.local).phase is Phase.AFTER_HOURS,
        shares=terms.shares,
        limit_cny=terms.limit_cny,
    )


def _traded_cny(order: Proposal, shares: int, desk: Desk) -> tuple[Decimal, Decimal]:
    """Return what `shares` amount to at the order's limit, and the fees on it."""
    amount = order.limit_cny * shares
    if order.rules.tick < CENT:
        amount = to_cent(amount)
    fees = fees_of(order.rules, order.kind, order.side, amount, desk.commission, shares=shares)
    return amount, fees.total


def _freeze_cny(order: Proposal, desk: Desk) -> Decimal:
    """Return what a buy freezes as large as it is."""
    amount, fees_cny = _traded_cny(order, order.shares, desk)
    return amount + fees_cny


def _cut_to_cash(
    order: Proposal, asked_cny: Decimal, desk: Desk, cash_cny: Decimal, after: Portfolio
) -> Decimal:
    """Bring a buy that asks for more than there is down to the cash where let, and return what it freezes.

    A smaller buy may leave more value at risk than the larger one would: it is held to the limits anew.

    Raises:
        Rejected: CASH, CASH_RESERVE, or the limit that the smaller buy breaks.
    """
    short = _short(order.shares, asked_cny, cash_cny, desk)
    fits, freeze = _fitting_cash(order, desk, cash_cny) if Resize.CASH in desk.limits.resize else (0, ZERO)
    if fits <= 0:
        raise short
    order.shrink(fits, short.rule, short.reason)
    fitted(order, desk, after, checks_of(desk.limits).portfolio)
    return freeze


def _fitting_cash(order: Proposal, desk: Desk, cash_cny: Decimal) -> tuple[int, Decimal]:
    """Return the most lot-valid shares that `cash_cny` pays with their fees, and what they freeze.

    0 shares where it pays none.
    """
    shares = max(0, int(cash_cny // order.limit_cny))
    rules, after_hours = order.rules, order.after_hours
    while (shares := round_lot_down(rules, Side.BUY, shares, 0, after_hours=after_hours)) > 0:
        amount, fees_cny = _traded_cny(order, shares, desk)
        over = amount + fees_cny - cash_cny
        if over <= ZERO:
            return shares, amount + fees_cny
        shares -= max(1, int(over // order.limit_cny))
    return 0, ZERO


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
