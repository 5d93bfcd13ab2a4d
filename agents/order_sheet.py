"""The orders of a rule's answer, written so that the gate has nothing to refuse for their form. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from math import isnan
from typing import TypedDict

import orjson

from agents.parsing import ORDERS_MAX, SHARES_MAX
from agents.sizing import (
    BUY_MARGIN,
    FEE_FLOOR_CNY,
    SELL_MARGIN,
    TradableRules,
    shares_for,
    shares_to_sell,
    shares_worth,
)
from services.domain.decision import Briefing
from services.domain.instruments import Symbol
from services.domain.money import from_float
from services.domain.orders import Side
from services.rules import Rules, round_lot_down

_BUY = Side.BUY
INVESTED = Decimal("0.95")
"""The share of equity that is spread over the holdings; the rest pays fees and rounding."""


class WrittenOrder(TypedDict):
    """One order as the answer contract writes it."""

    symbol: str
    side: str
    shares: int
    limit_price: None
    reason: str


_Terms = tuple[Rules, Decimal, int]
"""On what terms a symbol trades at this slot: its rules, its price in CNY, the shares of one holding."""


class OrderSheet:
    """The orders of one answer, what is `held`, and the cash left: what is available, plus what sells bring.

    Orders beyond what an answer may hold are not written, nor are those of a symbol whose `last` price is
    NaN or not above 0. On what terms a symbol trades is worked out once, and nothing before it is asked for.
    """

    __slots__ = ("_holdings", "_start", "_target_cny", "_terms", "briefing", "cash_cny", "held", "orders")

    def __init__(self, briefing: Briefing, holdings: int) -> None:
        """Begin an empty sheet on which `holdings` symbols share the equity that is to be invested."""
        self.briefing, self._holdings = briefing, holdings
        self.held = briefing.book.holdings()
        self.cash_cny = briefing.book.available_cny
        self.orders: list[WrittenOrder] = []
        self._target_cny: Decimal | None = None
        self._start: tuple[TradableRules, Decimal] | None = None
        self._terms: dict[Symbol, _Terms | None] = {}

    @property
    def target_cny(self) -> Decimal:
        """One holding's share of the equity."""
        if self._target_cny is None:
            self._target_cny = self.briefing.equity_cny * INVESTED / self._holdings
        return self._target_cny

    def share(self, symbol: Symbol, last: float) -> int | None:
        """Return the shares that one holding's part of the equity buys, None for what trades no more."""
        terms = self._terms_of(symbol, last)
        if terms is None:
            return None
        _rules, _price, share = terms
        return share

    def fits(self, symbol: Symbol, last: float) -> bool:
        """Answer whether a valid lot fits into one holding's share of the equity and trades at this slot."""
        return bool(self.share(symbol, last))

    def sell(self, symbol: Symbol, last: float, reason: str, most: int = SHARES_MAX) -> None:
        """Sell whole lots of `most` shares as far as they may be sold today; none where that is nothing."""
        terms = self._terms_of(symbol, last)
        if terms is not None:
            rules, price, _ = terms
            shares = shares_to_sell(self.briefing, rules, symbol, self.held.get(symbol, 0), most)
            if shares > 0 and self._write(symbol, "sell", shares, reason):
                self.cash_cny += shares * price * SELL_MARGIN

    def sell_worth(self, symbol: Symbol, last: float, reason: str, excess_cny: Decimal) -> None:
        """Sell as many whole lots as `excess_cny` is worth, as far as they may be sold today."""
        terms = self._terms_of(symbol, last)
        if terms is not None:
            _rules, price, _share = terms
            self.sell(symbol, last, reason, int(excess_cny / price))

    def buy(self, symbol: Symbol, last: float, reason: str, wanted_cny: Decimal | None = None) -> None:
        """Buy for `wanted_cny`, else for one holding's share of the equity, or for what cash is left.

        Nothing is written where that is less than a lot.
        """
        terms = self._terms_of(symbol, last)
        if terms is not None:
            rules, price, share = terms
            if wanted_cny is not None or self.cash_cny < self.target_cny:
                most_cny = self.target_cny if wanted_cny is None else wanted_cny
                share = shares_for(rules, min(most_cny, self.cash_cny), price)
            self._buy(symbol, share, price, reason)

    def buy_more(self, symbol: Symbol, last: float, reason: str, most: int) -> None:
        """Buy whole lots of `most` shares, or of what the cash buys of them; none where that is nothing."""
        terms = self._terms_of(symbol, last)
        if terms is not None:
            rules, price, _ = terms
            shares = shares_for(rules, self.cash_cny, price)
            if shares > most:
                shares = round_lot_down(rules, _BUY, most, 0)
            self._buy(symbol, shares, price, reason)

    def text(self, rationale: str) -> str:
        """Return the answer's JSON text."""
        return orjson.dumps({"rationale": rationale, "orders": self.orders}).decode()

    def _terms_of(self, symbol: Symbol, last: float) -> _Terms | None:
        """Return the terms of a symbol, None where it cannot be traded at this slot."""
        known = self._terms
        if symbol not in known:
            if self._start is None:
                self._start = TradableRules(self.briefing), self.target_cny - FEE_FLOOR_CNY
            tradable, spare_cny = self._start
            rules = tradable.of(symbol) if last > 0 else None
            if rules is None:
                known[symbol] = None
            else:
                price = from_float(last)
                known[symbol] = rules, price, shares_worth(rules, spare_cny, price)
        return known[symbol]

    def _buy(self, symbol: Symbol, shares: int, price_cny: Decimal, reason: str) -> None:
        if shares > 0 and self._write(symbol, "buy", shares, reason):
            self.cash_cny -= shares * price_cny * BUY_MARGIN + FEE_FLOOR_CNY

    def _write(self, symbol: Symbol, side: str, shares: int, reason: str) -> bool:
        if len(self.orders) == ORDERS_MAX:
            return False
        self.orders.append(
            {"symbol": symbol, "side": side, "shares": shares, "limit_price": None, "reason": reason}
        )
        return True


def quoted(briefing: Briefing) -> Iterable[tuple[Symbol, float]]:
    """Yield the watchlist's symbols in its order with their last prices, without those that have none."""
    lasts = dict(zip(briefing.snapshot.symbols, briefing.snapshot.lasts().tolist(), strict=True))
    for symbol in briefing.watchlist:
        last = lasts.get(symbol, float("nan"))
        if not isnan(last):
            yield symbol, last


def working(briefing: Briefing) -> set[Symbol]:
    """Return the symbols with an order at the exchange, which a rule leaves alone."""
    return {order.symbol for order in briefing.book.open_orders}


def hold_only(
    sheet: OrderSheet, wanted: Iterable[Symbol], lasts: dict[Symbol, float], left: str, entered: str
) -> None:
    """Write the sells of what is held and not wanted, then the buys of what is wanted and not held.

    `lasts` are the prices known; what has none is neither sold nor bought. Sells stand in the order
    of the symbols, buys in that of `wanted`.
    """
    held, busy = sheet.held, working(sheet.briefing)
    chosen = list(wanted)
    for symbol in sorted(held.keys() - set(chosen) - busy):
        if symbol in lasts:
            sheet.sell(symbol, lasts[symbol], left)
    for symbol in chosen:
        if symbol not in held and symbol not in busy and symbol in lasts:
            sheet.buy(symbol, lasts[symbol], entered)
