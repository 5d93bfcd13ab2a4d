"""The account as it would be after the orders let through so far. Pure."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from risk.candidate import Proposal
from risk.limits import Desk
from risk.measures import Measures, loss_at
from services.domain.bars import FloatArray
from services.domain.instruments import Symbol
from services.domain.money import ZERO
from services.domain.orders import OrderTerms, Origin, Side

_WHOLE = Decimal(1)
"""The scale of limits that no state of the market makes smaller."""


class _Held(msgspec.Struct, kw_only=True):
    """What would be held: shares and CNY by symbol, CNY by sector and in all."""

    shares: dict[Symbol, int] = msgspec.field(default_factory=dict)
    values_cny: dict[Symbol, Decimal] = msgspec.field(default_factory=dict)
    sectors: dict[str, Decimal] = msgspec.field(default_factory=dict)
    gross_cny: Decimal = ZERO

    def add(self, symbol: Symbol, shares: int, value_cny: Decimal, sector: str) -> None:
        """Count shares that come in, or with a minus go out; a holding of none is no holding."""
        self.shares[symbol] = self.shares.get(symbol, 0) + shares
        self.values_cny[symbol] = self.values_cny.get(symbol, ZERO) + value_cny
        self.sectors[sector] = self.sectors.get(sector, ZERO) + value_cny
        self.gross_cny += value_cny
        if not self.shares[symbol]:
            del self.shares[symbol], self.values_cny[symbol]


_Sent = tuple[OrderTerms | Proposal, int]
"""An order of the session, and its shares when it was let through."""

_Taken = tuple[Proposal, int]
"""The same of an order that the account does not hold yet."""


class Portfolio(msgspec.Struct, kw_only=True):
    """What would be held, in shares and in CNY, and what this session has let through already.

    `base_cny` is the equity that ratios are of. Holdings count at the last price, buys that are not
    filled yet at their limit; what is held is valued once a limit asks for it. `correlation` is the
    highest that a buy let through has with another holding, and `nearest` that of the buy looked at
    last. `results_cny` is what the portfolio gains in each run of bars, once its value at risk was asked
    for. `orders` are the session's, `orders_today` the orders and cancels of the day with those, and with the
    cancels that open orders and new ones may still need. `_sent` are the orders that `_notional_cny` and
    `_largest` do not count yet, `_taken` those that `_held` does not.
    """

    desk: Desk
    measures: Measures
    base_cny: Decimal
    market: str = ""
    scale: Decimal = _WHOLE
    orders: int = 0
    orders_today: int = 0
    correlation: tuple[Symbol, Decimal] | None = None
    nearest: tuple[Symbol, Decimal] | None = None
    results_cny: FloatArray | None = None
    _unpriced: tuple[Symbol, ...] | None = None
    _held: _Held | None = None
    _taken: list[_Taken] = msgspec.field(default_factory=list)
    _notional_cny: Decimal = ZERO
    _largest: tuple[Symbol, Decimal] | None = None
    _sent: list[_Sent] = msgspec.field(default_factory=list)

    @property
    def notional_cny(self) -> Decimal:
        """What the session's orders come to."""
        self._count_sent()
        return self._notional_cny

    @property
    def largest(self) -> tuple[Symbol, Decimal] | None:
        """The order of the most CNY that the bound on one order holds."""
        self._count_sent()
        return self._largest

    @property
    def shares(self) -> dict[Symbol, int]:
        """What would be held, in shares."""
        return self._valued().shares

    @property
    def values_cny(self) -> dict[Symbol, Decimal]:
        """What each holding would be worth."""
        return self._valued().values_cny

    @property
    def sectors(self) -> dict[str, Decimal]:
        """What the holdings of each sector would be worth, in CNY."""
        return self._valued().sectors

    @property
    def gross_cny(self) -> Decimal:
        """What all holdings would be worth."""
        return self._valued().gross_cny

    @property
    def unpriced(self) -> tuple[Symbol, ...]:
        """Holdings that the equity leaves out."""
        if self._unpriced is None:
            self._unpriced = self.desk.unvalued
        return self._unpriced

    @property
    def has_ratios(self) -> bool:
        """Whether a ratio of the equity can be told: all of it has a price, and it is more than nothing."""
        return not self.unpriced and self.base_cny > 0

    def sector_of(self, symbol: Symbol) -> str:
        """Return the symbol's sector, empty where it is not known.

        The configured sectors count, and only where there are none at all the vendor's industries:
        the two give different names to the same thing.
        """
        named = self.desk.limits.portfolio.industries or self.desk.industries
        return named.get(symbol) or ""

    def count(self, order: OrderTerms) -> None:
        """Count an order of the session that left already: the book holds what it moved."""
        self.orders += 1
        self.orders_today += 1
        self._sent.append((order, order.shares))

    def take(self, order: Proposal) -> None:
        """Count an order that was let through, as if it were filled whole."""
        self.orders += 1
        # It, and its cancel.
        self.orders_today += 2
        taken = order, order.shares
        self._sent.append(taken)
        self._taken.append(taken)
        nearest = self.nearest
        if nearest and order.buys and (self.correlation is None or nearest[1] > self.correlation[1]):
            self.correlation = nearest

    def value_at_risk_cny(self) -> Decimal | None:
        """Return the value at risk of what would be held, None where it cannot be computed."""
        limits, values_cny = self.desk.limits.portfolio, self.values_cny
        if self.results_cny is not None:
            return loss_at(self.results_cny, limits.var_confidence)
        return self.measures.value_at_risk_cny(
            values_cny, limits.var_bars, limits.var_horizon_bars, limits.var_confidence
        )

    def value_at_risk_with_cny(self, symbol: Symbol, bought_cny: Decimal) -> Decimal | None:
        """Return the value at risk after one more buy, None where it cannot be computed."""
        limits, values_cny = self.desk.limits.portfolio, self.values_cny
        if self.results_cny is None:
            self.results_cny = self.measures.results_cny(values_cny, limits.var_bars, limits.var_horizon_bars)
        unit = self._unit_results(symbol)
        if self.results_cny is None or unit is None:
            return None
        return loss_at(self.results_cny + unit * float(bought_cny), limits.var_confidence)

    def _unit_results(self, symbol: Symbol) -> FloatArray | None:
        limits = self.desk.limits.portfolio
        return self.measures.unit_results(symbol, limits.var_bars, limits.var_horizon_bars)

    def _count_sent(self) -> None:
        for order, shares in self._sent:
            amount = order.limit_cny * shares
            self._notional_cny += amount
            bound = order.origin is Origin.DECISION
            if bound and (self._largest is None or amount > self._largest[1]):
                self._largest = order.symbol, amount
        self._sent.clear()

    def _valued(self) -> _Held:
        """Return what would be held, the orders let through meanwhile counted."""
        if self._held is None:
            self._held = self._now()
        if self._taken:
            for taken in self._taken:
                self._move(self._held, taken)
            self._taken.clear()
        return self._held

    def _now(self) -> _Held:
        """Return what the account holds now and would hold were its open buys filled."""
        found, desk = _Held(), self.desk
        for symbol, shares in desk.book.holdings().items():
            price = desk.snapshot.last(symbol) or desk.first.last(symbol) or ZERO
            found.add(symbol, shares, price * shares, self.sector_of(symbol))
        for order in desk.book.open_orders:
            if order.side is Side.BUY:
                amount = order.limit_cny * order.remaining
                found.add(order.symbol, order.remaining, amount, self.sector_of(order.symbol))
        return found

    def _move(self, held: _Held, taken: _Taken) -> None:
        order, shares = taken
        symbol, value = order.symbol, order.limit_cny * shares
        if not order.buys:
            before, worth = held.shares[symbol], held.values_cny.get(symbol, ZERO)
            value = worth * (before - shares) / before - worth
            shares = -shares
        held.add(symbol, shares, value, self.sector_of(symbol))
        if self.results_cny is not None:
            unit = self._unit_results(symbol)
            self.results_cny = None if unit is None else self.results_cny + unit * float(value)


def portfolio_of(desk: Desk) -> Portfolio:
    """Return what the account holds now and would hold were its open buys filled."""
    measures, today = Measures(desk.history), desk.today
    market, scale = _state(desk, measures) if desk.limits.state.active else ("", _WHOLE)
    return Portfolio(
        desk=desk,
        measures=measures,
        base_cny=desk.limits.degrees.base_cny(desk.equity_cny),
        market=market,
        scale=scale,
        orders_today=today.orders + today.cancels + len(desk.book.open_orders),
    )


def _state(desk: Desk, measures: Measures) -> tuple[str, Decimal]:
    """Return the market's state and by how much it scales the limits; all of it where it cannot be told."""
    scaling = desk.limits.state
    found = measures.market_state(sorted(desk.watchlist), scaling)
    if found is None:
        return "unknown", scaling.in_downtrend * scaling.when_volatile
    marks = [name for name, there in (("falling", found.falling), ("volatile", found.volatile)) if there]
    return "_".join(marks) or "calm", found.scale
