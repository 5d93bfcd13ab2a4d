"""Where the simulated exchange judges an order and looks for its trade; it writes nothing down."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from services.brokers.acceptance import examine, rejected
from services.brokers.ledger import Accepted, Cancelled, Filled, Rejected, Triggered
from services.brokers.ledger_state import LedgerState, PlacedOrder
from services.brokers.market_view import MarketView, Offer
from services.brokers.matcher import Attempt, Matcher, Trades
from services.brokers.pricing import Frictions
from services.brokers.request import Facts, Request, rulebook_facts
from services.domain.events import TradingDay
from services.domain.instruments import Instrument, Symbol
from services.domain.orders import OrderKind, OrderState, OrderTerms, Rule
from services.ports import Calendar, PriceFault
from services.rules import Commission, OutsideRulebook, Phase, Rules, phase_at, trading_time


class OrderDesk:
    """Judges new orders and tries accepted ones, at a moment given in market time.

    Nothing here remembers an order: what becomes of one is in the entries that come back.
    """

    def __init__(
        self,
        *,
        market: MarketView,
        calendar: Calendar,
        commission: Commission,
        frictions: Frictions,
        instruments: Mapping[Symbol, Instrument],
    ) -> None:
        self._market, self._calendar = market, calendar
        self._commission, self._matcher = commission, Matcher(commission, frictions)
        self._quote_age_max = timedelta(seconds=frictions.quote_age_s_max)
        self._instruments = instruments
        self._facts: dict[Symbol, tuple[Instrument | None, Facts]] = {}
        self._facts_day = date.min

    async def receive(
        self, terms: OrderTerms, state: LedgerState, at: datetime
    ) -> list[Accepted | Rejected | Filled | Triggered | Cancelled]:
        """Return what becomes of a new order: a rejection, or its acceptance and its immediate trades.

        What is left of a market order is cancelled, or goes on at the last price it paid.
        """
        offer, why = await self._offer(terms.symbol, at)
        if offer is None:
            rule = Rule.QUOTE_MISSING if why else Rule.SYMBOL_UNKNOWN
            return [rejected(terms, at, rule, why or f"the market does not know {terms.symbol}")]
        day = at.date()
        if self._calendar.trading_day(day) is not TradingDay.OPEN:
            return [rejected(terms, at, Rule.PHASE, f"{day} is not known as a trading day")]
        try:
            facts = self.facts(terms.symbol, day)
        except OutsideRulebook as unknown:
            return [rejected(terms, at, Rule.RULES_UNKNOWN, str(unknown))]
        early_close = self._calendar.early_close(day)
        verdict = examine(terms, Request(at, state.book, facts, offer, self._commission, early_close))
        if isinstance(verdict, Rejected):
            return [verdict]
        placed = PlacedOrder(terms, OrderState.WORKING, accepted=verdict)
        attempt = Attempt(placed, verdict, facts, state, at)
        trades = self._matcher.on_offer(attempt, offer, new=True)
        if terms.kind is OrderKind.LIMIT or terms.kind is OrderKind.STOP:
            return [verdict, *trades]
        shares = sum(trade.fill.shares for trade in trades if isinstance(trade, Filled))
        rests = terms.kind is OrderKind.MARKET_TO_LIMIT and shares
        if shares == terms.shares or rests:
            return [verdict, *trades]
        ended = Cancelled(at=at, order_id=terms.order_id, reason="nobody else stood within its protection")
        return [verdict, *trades, ended]

    def in_bar(self, placed: PlacedOrder, accepted: Accepted, state: LedgerState, at: datetime) -> Trades:
        """Return what a working order traded in a bar that ended at `at`; nothing where none did."""
        traded = self._market.traded(placed.terms.symbol, at.timestamp())
        if traded is None:
            return []
        facts = self.facts(placed.terms.symbol, at.date())
        return self._matcher.in_bar(Attempt(placed, accepted, facts, state, at), traded)

    async def on_offer(
        self, placed: PlacedOrder, accepted: Accepted, state: LedgerState, at: datetime
    ) -> Trades:
        """Return what a working order trades on what is offered at `at`.

        Once its day is over that is the closing call alone, which takes what is awake and rests until its
        end. On bars the bar that ends there tells what it traded.
        """
        facts = self.facts(placed.terms.symbol, at.date())
        over = at >= accepted.expires_at
        if over and (placed.asleep or not _ends_in_call(accepted, facts.rules)):
            return []
        offer, _ = await self._offer(placed.terms.symbol, at)
        if offer is None or (over and accepted.call_at is None and not offer.live):
            return []
        return self._matcher.on_offer(Attempt(placed, accepted, facts, state, at), offer)

    def facts(self, symbol: Symbol, day: date) -> Facts:
        """Return the rulebook's word on `symbol` on `day`.

        Raises:
            OutsideRulebook: The code or the day is not in the book.
        """
        if day != self._facts_day:
            self._facts_day, self._facts = day, {}
        told, kept = self._instruments.get(symbol), self._facts.get(symbol)
        if kept is None or (told is not None and kept[0] is not told):
            kept = self._facts[symbol] = told, rulebook_facts(symbol, day, told)
        return kept[1]

    def phase(self, symbol: Symbol, at: datetime) -> Phase:
        """Return the phase of the symbol's exchange at `at`."""
        return phase_at(self.facts(symbol, at.date()).rules, at.time()).phase

    async def _offer(self, symbol: Symbol, at: datetime) -> tuple[Offer | None, str]:
        """Return what the market shows, or why it cannot be seen; nobody stands in an old quote any more."""
        try:
            offer = await self._market.offer(symbol, at)
        except PriceFault as fault:
            return None, str(fault)
        if offer is None or offer.seen_at is None or self._is_fresh(symbol, offer.seen_at, at):
            return offer, ""
        return offer._replace(buy_cny=None, sell_cny=None, bids=None, asks=None), ""

    def _is_fresh(self, symbol: Symbol, seen: datetime, at: datetime) -> bool:
        """Answer whether a quote is of that day, and the market has hardly traded since."""
        if seen.date() != at.date():
            return False
        try:
            rules = self.facts(symbol, at.date()).rules
        except OutsideRulebook:
            return False
        return trading_time(rules, seen.time(), at.time()) <= self._quote_age_max


def _ends_in_call(accepted: Accepted, rules: Rules) -> bool:
    """Answer whether an order's day ends with the closing call's uncross."""
    end = accepted.expires_at.time()
    return any(span.phase is Phase.CLOSE_CALL and span.end == end for span in rules.phases)
