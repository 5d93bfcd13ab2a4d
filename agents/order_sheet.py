"""The orders of a rule's answer, written so that the gate has nothing to refuse for their form. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from math import isnan
from typing import NamedTuple, TypedDict

import msgspec
import orjson

from agents.parsing import ORDERS_MAX, SHARES_MAX
from agents.sizing import cost_cny, proceeds_cny, shares_for, shares_to_sell, tradable_rules
from services.domain.decision import Briefing
from services.domain.instruments import Symbol
from services.domain.money import from_float
from services.domain.orders import Side
from services.rules import Rules, round_lot_down

INVESTED = Decimal("0.95")
"""The share of equity that is spread over the holdings; the rest pays fees and rounding."""


class WrittenOrder(TypedDict):
    """One order as the answer contract writes it."""

    symbol: str
    side: str
    shares: int
    limit_price: None
    reason: str


class _Terms(NamedTuple):
    """On what terms a symbol trades at this slot: its rules, its price, the shares of one holding."""

    rules: Rules
    price_cny: Decimal
    share: int


class OrderSheet(msgspec.Struct):
    """The orders of one answer, and the cash they leave: what is available, plus what the sells bring.

    `target_cny` is one holding's share of the equity, `held` what the book holds. Orders beyond what an
    answer may hold are not written, nor are those of a symbol whose `last` price is NaN or not above 0. On
    what terms a symbol trades is worked out once.
    """

    briefing: Briefing
    target_cny: Decimal
    cash_cny: Decimal
    held: Mapping[Symbol, int]
    orders: list[WrittenOrder] = msgspec.field(default_factory=list)
    _terms: dict[Symbol, _Terms | None] = msgspec.field(default_factory=dict)

    def fits(self, symbol: Symbol, last: float) -> bool:
        """Answer whether a valid lot fits into one holding's share of the equity and trades at this slot."""
        terms = self._terms_of(symbol, last)
        return terms is not None and terms.share > 0

    def sell_all(self, symbol: Symbol, last: float, reason: str) -> None:
        """Sell what may be sold today; nothing is written when that is nothing."""
        terms = self._terms_of(symbol, last)
        if terms is not None:
            self._sell(symbol, terms, SHARES_MAX, reason)

    def sell_down(self, symbol: Symbol, excess_cny: Decimal, last: float, reason: str) -> None:
        """Sell as many whole lots as `excess_cny` is worth, as far as they may be sold today."""
        terms = self._terms_of(symbol, last)
        if terms is not None:
            self._sell(symbol, terms, int(excess_cny / terms.price_cny), reason)

    def sell_over(self, symbol: Symbol, last: float, reason: str) -> None:
        """Sell the whole lots held beyond what one holding's share buys, as far as T+1 allows."""
        terms = self._terms_of(symbol, last)
        if terms is not None and (over := self.held.get(symbol, 0) - terms.share) > 0:
            self._sell(symbol, terms, over, reason)

    def buy_short_of(self, symbol: Symbol, last: float, reason: str) -> None:
        """Buy the lots that are short of what one holding's share buys, or what of them the cash buys."""
        terms = self._terms_of(symbol, last)
        if terms is not None and (short := terms.share - self.held.get(symbol, 0)) > 0:
            rules, price, _ = terms
            most = min(short, shares_for(rules, self.cash_cny, price))
            self._buy(symbol, round_lot_down(rules, Side.BUY, most, 0), price, reason)

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

    def text(self, rationale: str) -> str:
        """Return the answer's JSON text."""
        return orjson.dumps({"rationale": rationale, "orders": self.orders}).decode()

    def _terms_of(self, symbol: Symbol, last: float) -> _Terms | None:
        """Return the terms of a symbol, None where it cannot be traded at this slot."""
        known = self._terms
        if symbol not in known:
            rules = tradable_rules(self.briefing, symbol) if last > 0 else None
            if rules is None:
                known[symbol] = None
            else:
                price = from_float(last)
                known[symbol] = _Terms(rules, price, shares_for(rules, self.target_cny, price))
        return known[symbol]

    def _sell(self, symbol: Symbol, terms: _Terms, most: int, reason: str) -> None:
        rules, price, _ = terms
        shares = shares_to_sell(self.briefing, rules, symbol, self.held.get(symbol, 0), most)
        if shares > 0 and self._write(symbol, "sell", shares, reason):
            self.cash_cny += proceeds_cny(shares, price)

    def _buy(self, symbol: Symbol, shares: int, price_cny: Decimal, reason: str) -> None:
        if shares > 0 and self._write(symbol, "buy", shares, reason):
            self.cash_cny -= cost_cny(shares, price_cny)

    def _write(self, symbol: Symbol, side: str, shares: int, reason: str) -> bool:
        if len(self.orders) == ORDERS_MAX:
            return False
        self.orders.append(
            {"symbol": symbol, "side": side, "shares": shares, "limit_price": None, "reason": reason}
        )
        return True


def order_sheet(briefing: Briefing, holdings: int) -> OrderSheet:
    """Return an empty sheet on which `holdings` symbols share the equity that is to be invested."""
    return OrderSheet(
        briefing=briefing,
        target_cny=briefing.equity_cny * INVESTED / holdings,
        cash_cny=briefing.book.available_cny,
        held=briefing.book.holdings(),
    )


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
            sheet.sell_all(symbol, lasts[symbol], left)
    for symbol in chosen:
        if symbol not in held and symbol not in busy and symbol in lasts:
            sheet.buy(symbol, lasts[symbol], entered)
