"""What follows from a person's word on an order of which the broker cannot tell."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from scheduler.world import World
from services.domain.book import BookBroken, OrderEnded, fold
from services.domain.events import Settlement
from services.domain.fills import Fees, Fill, FillId
from services.domain.instruments import Facts, Instrument, Kind, Symbol, facts_of
from services.domain.money import ZERO, to_cent
from services.domain.orders import OrderState, OrderTerms, Side
from services.domain.value import Value
from services.journal.journal import Journal
from services.rules import Commission, OutsideRulebook, default_kind, fees_of, rules_of

FEES_RATIO_MAX, FEES_CNY_LEAST = Decimal("0.005"), Decimal(6)
"""What may be charged for a trade: a commission of at most 0.3 % of the amount, or 5 CNY where that is more
(CSRC, notice 21 of 2002 on commissions), with duty and transfer fee beside it."""


class NotSettled(ValueError):
    """A person's word that cannot be carried out: on another order, or the account cannot have traded so."""


class Settling(Value, frozen=True, kw_only=True):
    """An account whose orders a person may settle, and what its trades cost."""

    journal: Journal
    commission: Commission
    instruments: Mapping[Symbol, Instrument]

    def require(self, word: Settlement) -> tuple[Fill | OrderEnded, ...]:
        """Return what follows from a word.

        Raises:
            NotSettled: The order is not unresolved, or the account cannot have traded so.
        """
        account = self.journal.account
        if word.order_id not in account.unresolved or account.book.order(word.order_id) is None:
            known = [one for one in account.unresolved if account.book.order(one) is not None]
            raise NotSettled(f"order {word.order_id} is not one of them: {', '.join(known) or 'none there'}")
        try:
            events = self.following(word)
            after = fold(account.book, events)
        except (BookBroken, OutsideRulebook) as error:
            raise NotSettled(str(error)) from error
        short_cny = min(account.book.available_cny, ZERO) - after.available_cny
        if short_cny > ZERO and not _may_be_charged(word):
            raise NotSettled(f"what other open orders need would be short of {short_cny} CNY")
        _require_within(self._terms(word), word)
        return events

    def following(self, word: Settlement) -> tuple[Fill | OrderEnded, ...]:
        """Return what becomes of the order: a fill of the shares that traded, and the end of the rest.

        Raises:
            OutsideRulebook: What it cost cannot be told.
        """
        terms = self._terms(word)
        fill_id, events = FillId(f"{word.order_id}-settled"), list[Fill | OrderEnded]()
        before = self._fills_of(terms, fill_id)
        if word.shares:
            events.append(self._fill(fill_id, word, terms, before))
        if sum(fill.shares for fill in before) + word.shares != terms.shares:
            reason = f"settled by {word.by}: {word.why}"
            events.append(OrderEnded(order_id=terms.order_id, state=OrderState.EXPIRED, reason=reason))
        return tuple(events)

    def _terms(self, word: Settlement) -> OrderTerms:
        account = self.journal.account
        return account.sessions[account.order_session[word.order_id]].orders[word.order_id]

    def _fill(self, fill_id: FillId, word: Settlement, terms: OrderTerms, before: tuple[Fill, ...]) -> Fill:
        amount = to_cent(word.price_cny * word.shares)
        return Fill(
            fill_id=fill_id,
            order_id=terms.order_id,
            symbol=terms.symbol,
            side=terms.side,
            shares=word.shares,
            price_cny=word.price_cny,
            amount_cny=amount,
            fees=self._fees(word, terms, amount, before),
            trade_date=terms.day,
            traded_at=word.at,
        )

    def _fills_of(self, terms: OrderTerms, own: FillId) -> tuple[Fill, ...]:
        """Return the fills of the order that the broker had told of."""
        values = (
            self.journal.value(event)
            for event in self.journal.events
            if event.kind == "fill" and event.session == terms.session
        )
        return tuple(
            one
            for one in values
            if isinstance(one, Fill) and one.order_id == terms.order_id and one.fill_id != own
        )

    def _fees(self, word: Settlement, terms: OrderTerms, amount: Decimal, before: tuple[Fill, ...]) -> Fees:
        """Return what the person said the fill cost, as commission, or what the rulebook says."""
        if word.fees_cny is not None:
            return Fees(commission=to_cent(word.fees_cny))
        rules = rules_of(terms.symbol, terms.day)
        return fees_of(
            rules,
            self._kind(terms) or default_kind(rules.board),
            terms.side,
            amount,
            self.commission,
            commission_paid=sum((fill.fees.commission for fill in before), ZERO),
            amount_before=sum((fill.amount_cny for fill in before), ZERO),
            shares=word.shares,
        )

    def _kind(self, terms: OrderTerms) -> Kind | None:
        """Return what the order's symbol is, as its session knew it."""
        event = self.journal.find(terms.session, "facts")
        told = None if event is None else self.journal.value(event)
        known = {one.symbol: one for one in told.instruments} if isinstance(told, Facts) else self.instruments
        return facts_of(terms.symbol, "", known.get(terms.symbol)).kind


def _may_be_charged(word: Settlement) -> bool:
    """Answer whether a person states fees that a broker may charge: they may be more than was frozen."""
    most_cny = max(FEES_CNY_LEAST, word.price_cny * word.shares * FEES_RATIO_MAX)
    return word.fees_cny is not None and word.fees_cny <= most_cny


def _require_within(terms: OrderTerms, word: Settlement) -> None:
    """Check the price said against the order's limit.

    Raises:
        NotSettled: It is worse, and nobody can have traded the order at it.
    """
    beyond = word.price_cny > terms.limit_cny if terms.side is Side.BUY else word.price_cny < terms.limit_cny
    if word.shares and beyond:
        limit = f"the limit of the {terms.side} is {terms.limit_cny} CNY"
        raise NotSettled(f"it cannot have traded at {word.price_cny} CNY a share, {limit}")


def settling_in(world: World) -> Settling:
    """Return the settling of a world's account."""
    return Settling(journal=world.journal, commission=world.commission, instruments=world.instruments)


def settle_what_was_said(world: World) -> None:
    """Write what follows from each word taken and not carried out yet; however often it was cut off.

    Raises:
        JournalFault: It cannot be written.
    """
    account = world.journal.account
    if not account.unresolved:
        return
    for order_id, word in tuple(account.settlements.items()):
        if order_id in account.unresolved:
            settle(world, word)


def settle(world: World, word: Settlement) -> None:
    """Write the fill, the order's end, and the end of its halt, in the session that sent the order.

    Raises:
        JournalFault: It cannot be written.
    """
    account = world.journal.account
    log = world.journal.log(account.order_session[word.order_id])
    if account.book.order(word.order_id) is not None:
        for event in settling_in(world).following(word):
            step = f"fill:{event.fill_id}" if isinstance(event, Fill) else f"ended:{word.order_id}"
            log.settle(step, event)
    world.executor.resolved(word.order_id, f"settled by {word.by}: {word.why}")
