"""Where the simulated exchange judges an order and prices its trade; it writes nothing down."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from services.brokers.acceptance import Facts, Request, examine, facts_of, rejected
from services.brokers.ledger import Accepted, Filled, PlacedOrder, Rejected
from services.brokers.market_view import MarketView, Offer
from services.brokers.pricing import price_after_hours, price_in_bar, price_on_offer
from services.domain.book import Book
from services.domain.events import TradingDay
from services.domain.fills import Fill, FillId
from services.domain.instruments import Instrument, Symbol
from services.domain.money import to_cent
from services.domain.orders import OrderState, OrderTerms, Rule
from services.ports import Calendar, PriceFault
from services.rules import Commission, OutsideRulebook, Phase, fees_of, phase_at


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
        slippage_bp: Decimal,
        instruments: Mapping[Symbol, Instrument],
    ) -> None:
        self._market, self._calendar = market, calendar
        self._commission, self._slippage_bp = commission, slippage_bp
        self._instruments = instruments
        self._facts: dict[Symbol, Facts] = {}
        self._facts_day = date.min

    async def receive(
        self, terms: OrderTerms, book: Book, at: datetime
    ) -> list[Accepted | Rejected | Filled]:
        """Return what becomes of a new order: a rejection, or its acceptance and its immediate trade."""
        offer, why = await self._offer(terms.symbol, at)
        if offer is None:
            rule = Rule.QUOTE_MISSING if why else Rule.SYMBOL_UNKNOWN
            return [rejected(terms, at, rule, why or f"the market does not know {terms.symbol}")]
        verdict = self._verdict(terms, offer, book, at)
        if isinstance(verdict, Rejected):
            return [verdict]
        placed = PlacedOrder(terms, OrderState.WORKING, accepted=verdict)
        trade = self._trade_now(placed, verdict, offer, at)
        return [verdict] if trade is None else [verdict, trade]

    async def look(self, placed: PlacedOrder, accepted: Accepted, at: datetime) -> Filled | None:
        """Return the trade a working order makes at a later moment, None where it goes on working."""
        if accepted.fixed_from is None:
            traded = self._market.traded(placed.terms.symbol, at.timestamp())
            tick = self.facts(placed.terms.symbol, at.date()).rules.tick
            price = None if traded is None else price_in_bar(accepted, traded, tick)
            if price is not None:
                return self._filled(placed, price, at, approximate=True)
        if at >= accepted.expires_at:
            return None
        offer, _ = await self._offer(placed.terms.symbol, at)
        return None if offer is None else self._trade_now(placed, accepted, offer, at)

    def facts(self, symbol: Symbol, day: date) -> Facts:
        """Return the rulebook's word on `symbol` on `day`.

        Raises:
            OutsideRulebook: The code or the day is not in the book.
        """
        if day != self._facts_day:
            self._facts_day, self._facts = day, {}
        facts = self._facts.get(symbol)
        if facts is None:
            facts = self._facts[symbol] = facts_of(symbol, day, self._instruments)
        return facts

    def phase(self, symbol: Symbol, at: datetime) -> Phase:
        """Return the phase of the symbol's exchange at `at`."""
        return phase_at(self.facts(symbol, at.date()).rules, at.time()).phase

    async def _offer(self, symbol: Symbol, at: datetime) -> tuple[Offer | None, str]:
        """Return what the market shows, or why it cannot be seen."""
        try:
            return await self._market.offer(symbol, at), ""
        except PriceFault as fault:
            return None, str(fault)

    def _verdict(self, terms: OrderTerms, offer: Offer, book: Book, at: datetime) -> Accepted | Rejected:
        if self._calendar.trading_day(at.date()) is not TradingDay.OPEN:
            return rejected(terms, at, Rule.PHASE, f"{at.date()} is not known as a trading day")
        try:
            facts = self.facts(terms.symbol, at.date())
        except OutsideRulebook as unknown:
            return rejected(terms, at, Rule.RULES_UNKNOWN, str(unknown))
        request = Request(
            at=at,
            book=book,
            facts=facts,
            offer=offer,
            commission=self._commission,
            early_close=self._calendar.early_close(at.date()),
        )
        return examine(terms, request)

    def _trade_now(
        self, placed: PlacedOrder, accepted: Accepted, offer: Offer, at: datetime
    ) -> Filled | None:
        """Return the trade an accepted order makes on `offer`, None where it does not trade."""
        if offer.suspended:
            return None
        rules = self.facts(accepted.terms.symbol, at.date()).rules
        price = None
        if accepted.fixed_from is not None:
            if accepted.fixed_from <= at:
                price = price_after_hours(accepted, offer.last_cny, rules.tick)
        elif not offer.live or phase_at(rules, at.time()).phase is Phase.CONTINUOUS:
            price = price_on_offer(accepted, offer, self._slippage_bp, rules.tick)
        return None if price is None else self._filled(placed, price, at, approximate=offer.from_trades)

    def _filled(self, placed: PlacedOrder, price: Decimal, at: datetime, *, approximate: bool) -> Filled:
        """Return the trade of all that is left of an order."""
        terms = placed.terms
        facts = self.facts(terms.symbol, at.date())
        shares = terms.shares - placed.filled
        amount = to_cent(price * shares)
        fees = fees_of(
            facts.rules,
            facts.kind,
            terms.side,
            amount,
            self._commission,
            commission_paid=placed.commission_cny,
            amount_before=placed.amount_cny,
            shares=shares,
        )
        fill = Fill(
            fill_id=FillId(f"{terms.order_id}-{placed.fills + 1}"),
            order_id=terms.order_id,
            symbol=terms.symbol,
            side=terms.side,
            shares=shares,
            price_cny=price,
            amount_cny=amount,
            fees=fees,
            trade_date=at.date(),
            traded_at=at,
            approximate=approximate,
        )
        return Filled(at=at, fill=fill)
