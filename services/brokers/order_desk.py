"""Where the simulated exchange judges an order and looks for its trade; it writes nothing down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta

from msgspec.structs import replace

from services.brokers.acceptance import rejected
from services.brokers.hours import Hours, hours_at
from services.brokers.ledger import Accepted, Cancelled, Filled, Rejected, Triggered
from services.brokers.ledger_state import LedgerState, PlacedOrder
from services.brokers.market_view import MarketView, Offer
from services.brokers.matcher import Attempt, Matcher, Trades
from services.brokers.pricing import Frictions
from services.brokers.request import Facts, Request, rulebook_facts
from services.domain.book import Book
from services.domain.events import TradingDay
from services.domain.instruments import Board, Instrument, Kind, Symbol
from services.domain.orders import OrderKind, OrderTerms, Rule
from services.ports import Calendar, PriceFault
from services.rules import (
    Commission,
    OutsideRulebook,
    Phase,
    Rules,
    default_kind,
    last_board_of,
    phase_at,
    trading_time,
)

_LIMIT, _STOP = OrderKind.LIMIT, OrderKind.STOP


class OrderDesk:
    """Judges new orders and tries accepted ones, at a moment given in market time.

    Nothing here remembers an order: what becomes of one is in the entries that come back. What the
    calendar and the timetables say is asked once a moment, what the rulebook says of a symbol once a day.
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
        self._facts: dict[Symbol, Facts] = {}
        self._at: datetime | None = None
        self._day = date.min
        self._is_open = False
        self._early_close: time | None = None
        self._hours: list[Hours] = []

    async def offer(self, symbol: Symbol, at: datetime) -> Offer | str:
        """Return what the market shows of a symbol, or why it does not: empty where it does not know it.

        Nobody stands in an old quote any more.
        """
        try:
            offer = await self._market.offer(symbol, at)
        except PriceFault as fault:
            return str(fault)
        if offer is None:
            return ""
        if offer.seen_at is None or self._is_fresh(symbol, offer.seen_at, at):
            return offer
        return replace(offer, buy_cny=None, sell_cny=None, bids=None, asks=None)

    def request(self, terms: OrderTerms, shown: Offer | str, book: Book, at: datetime) -> Request | Rejected:
        """Return what a new order is judged by on what `offer` returned, or the entry that turns it away."""
        if isinstance(shown, str):
            rule = Rule.QUOTE_MISSING if shown else Rule.SYMBOL_UNKNOWN
            return rejected(terms, at, rule, shown or f"the market does not know {terms.symbol}")
        if at is not self._at:
            self._stand_at(at)
        day = self._day
        if not self._is_open:
            return rejected(terms, at, Rule.PHASE, f"{day} is not known as a trading day")
        try:
            facts = self.facts(terms.symbol, day)
            hours = self._hours_of(facts.rules, at)
        except OutsideRulebook as unknown:
            return rejected(terms, at, Rule.RULES_UNKNOWN, str(unknown))
        commission = self._commission
        return Request(terms=terms, hours=hours, book=book, facts=facts, offer=shown, commission=commission)

    def _stand_at(self, at: datetime) -> None:
        """Ask the calendar what holds for all orders of a moment."""
        day = at.date()
        self._is_open = self._calendar.trading_day(day) is TradingDay.OPEN
        self._early_close = self._calendar.early_close(day)
        self._at, self._day, self._hours = at, day, []

    def at_once(
        self, request: Request, placed: PlacedOrder, accepted: Accepted, state: LedgerState
    ) -> Sequence[Filled | Triggered | Cancelled]:
        """Return what an order trades on the offer that it was accepted on.

        What is left of a market order is cancelled, or goes on at the last price it paid.
        """
        terms, at = accepted.terms, accepted.at
        attempt = Attempt(placed=placed, accepted=accepted, facts=request.facts, state=state, at=at)
        trades = self._matcher.on_offer(attempt, request.offer, new=True)
        if terms.kind is _LIMIT or terms.kind is _STOP:
            return trades
        shares = sum(trade.fill.shares for trade in trades if isinstance(trade, Filled))
        rests = terms.kind is OrderKind.MARKET_TO_LIMIT and shares
        if shares == terms.shares or rests:
            return trades
        reason = "nobody else stood within its protection"
        return [*trades, Cancelled(at=at, order_id=terms.order_id, reason=reason)]

    def in_bar(self, placed: PlacedOrder, accepted: Accepted, state: LedgerState, at: datetime) -> Trades:
        """Return what a working order traded in a bar that ended at `at`; nothing where none did."""
        traded = self._market.traded(placed.terms.symbol, at.timestamp())
        if traded is None:
            return []
        return self._matcher.in_bar(self._attempt(placed, accepted, state, at), traded)

    async def on_offer(
        self, placed: PlacedOrder, accepted: Accepted, state: LedgerState, at: datetime
    ) -> Trades:
        """Return what a working order trades on what is offered at `at`.

        Once its day is over that is the closing call alone, which takes what is awake and rests until its
        end. On bars the bar that ends there tells what it traded.
        """
        attempt = self._attempt(placed, accepted, state, at)
        over = at >= accepted.expires_at
        if over and (placed.asleep or not _ends_in_call(accepted, attempt.facts.rules)):
            return []
        offer = await self.offer(placed.terms.symbol, at)
        if isinstance(offer, str) or (over and accepted.call_at is None and not offer.live):
            return []
        return self._matcher.on_offer(attempt, offer)

    def facts(self, symbol: Symbol, day: date) -> Facts:
        """Return the rulebook's word on `symbol` on `day`.

        Raises:
            OutsideRulebook: The code or the day is not in the book.
        """
        told, facts = self._instruments.get(symbol), self._facts.get(symbol)
        if facts is None or facts.rules.day != day or (told is not None and facts.told is not told):
            facts = self._facts[symbol] = rulebook_facts(symbol, day, told, facts)
        return facts

    def traded_as(self, symbol: Symbol) -> tuple[Board, Kind]:
        """Return the board of `symbol`, now or when it last traded, and what kind of instrument it is."""
        board, told = last_board_of(symbol), self._instruments.get(symbol)
        return board, (told and told.kind) or default_kind(board)

    def phase(self, symbol: Symbol, at: datetime) -> Phase:
        """Return the phase of the symbol's exchange at `at`."""
        return phase_at(self.facts(symbol, at.date()).rules, at.time()).phase

    def _attempt(self, placed: PlacedOrder, accepted: Accepted, state: LedgerState, at: datetime) -> Attempt:
        facts = self.facts(accepted.terms.symbol, at.date())
        return Attempt(placed=placed, accepted=accepted, facts=facts, state=state, at=at)

    def _hours_of(self, rules: Rules, at: datetime) -> Hours:
        """Return the hours of the present moment; a handful of boards share them.

        Raises:
            OutsideRulebook: The timetable of that day is not known.
        """
        for hours in self._hours:
            if hours.rules is rules:
                return hours
        hours = hours_at(rules, at, self._early_close)
        self._hours.append(hours)
        return hours

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
