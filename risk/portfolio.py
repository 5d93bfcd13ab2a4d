"""The account as it would be after the orders let through so far. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from risk.limits import Desk
from risk.measures import Measures, loss_at
from services.domain.bars import FloatArray
from services.domain.instruments import Symbol
from services.domain.money import ZERO
from services.domain.orders import Side


@dataclass(slots=True, kw_only=True)
class Portfolio:
    """What would be held, in shares and in CNY, and what this session has let through already.

    Holdings count at the last price, buys that are not filled yet at their limit. `unpriced` are
    holdings of which no price is known. `correlation` is the highest that a buy let through has with
    another holding, and `nearest` that of the buy looked at last. `results` is what the portfolio
    gains in each run of bars, once its value at risk was asked for.
    """

    desk: Desk
    shares: dict[Symbol, int]
    values_cny: dict[Symbol, Decimal]
    unpriced: tuple[Symbol, ...]
    measures: Measures
    scale: Decimal = Decimal(1)
    orders: int = 0
    notional_cny: Decimal = ZERO
    correlation: tuple[Symbol, Decimal] | None = None
    nearest: tuple[Symbol, Decimal] | None = None
    sectors: dict[str, Decimal] = field(default_factory=dict)
    gross_cny: Decimal = ZERO
    results_cny: FloatArray | None = None

    @property
    def base_cny(self) -> Decimal:
        """The equity that ratios are of: the account's, or the capital that is let go live."""
        capital = self.desk.limits.degrees.capital_cny_max
        return self.desk.equity_cny if capital is None else min(capital, self.desk.equity_cny)

    def sector_of(self, symbol: Symbol) -> str:
        """Return the symbol's sector, empty where it is not known."""
        return self.desk.limits.portfolio.industries.get(symbol) or ""

    def take(self, symbol: Symbol, side: Side, shares: int, limit_cny: Decimal) -> None:
        """Count an order that was let through, as if it were filled whole."""
        amount = limit_cny * shares
        self.orders += 1
        self.notional_cny += amount
        if side is Side.BUY:
            self._add(symbol, shares, amount)
            if self.nearest and (self.correlation is None or self.nearest[1] > self.correlation[1]):
                self.correlation = self.nearest
            return
        held = self.shares[symbol]
        left = self.values_cny.get(symbol, ZERO) * (held - shares) / held
        self._add(symbol, -shares, left - self.values_cny.get(symbol, ZERO))

    def value_at_risk_cny(self) -> Decimal | None:
        """Return the value at risk of what would be held, None where it cannot be computed."""
        limits = self.desk.limits.portfolio
        if self.results_cny is not None:
            return loss_at(self.results_cny, limits.var_confidence)
        return self.measures.value_at_risk_cny(
            self.values_cny, limits.var_bars, limits.var_horizon_bars, limits.var_confidence
        )

    def value_at_risk_with_cny(self, symbol: Symbol, bought_cny: Decimal) -> Decimal | None:
        """Return the value at risk after one more buy, None where it cannot be computed."""
        limits = self.desk.limits.portfolio
        if self.results_cny is None:
            self.results_cny = self.measures.results_cny(
                self.values_cny, limits.var_bars, limits.var_horizon_bars
            )
        unit = self._unit_results(symbol)
        if self.results_cny is None or unit is None:
            return None
        return loss_at(self.results_cny + unit * float(bought_cny), limits.var_confidence)

    def _unit_results(self, symbol: Symbol) -> FloatArray | None:
        limits = self.desk.limits.portfolio
        return self.measures.unit_results(symbol, limits.var_bars, limits.var_horizon_bars)

    def _add(self, symbol: Symbol, shares: int, value_cny: Decimal) -> None:
        self.shares[symbol] = self.shares.get(symbol, 0) + shares
        self.values_cny[symbol] = self.values_cny.get(symbol, ZERO) + value_cny
        sector = self.sector_of(symbol)
        self.sectors[sector] = self.sectors.get(sector, ZERO) + value_cny
        self.gross_cny += value_cny
        if self.results_cny is not None:
            unit = self._unit_results(symbol)
            self.results_cny = None if unit is None else self.results_cny + unit * float(value_cny)
        if not self.shares[symbol]:
            del self.shares[symbol], self.values_cny[symbol]


def portfolio_of(desk: Desk) -> Portfolio:
    """Return what the account holds now and would hold were its open buys filled."""
    held = desk.book.holdings()
    prices = {symbol: desk.snapshot.last(symbol) or desk.first.last(symbol) for symbol in held}
    measures = Measures(desk.history)
    found = Portfolio(
        desk=desk,
        shares={},
        values_cny={},
        unpriced=tuple(symbol for symbol, price in prices.items() if price is None),
        measures=measures,
        scale=_scale(desk, measures),
    )
    for symbol, shares in held.items():
        found._add(symbol, shares, (prices[symbol] or ZERO) * shares)
    for order in desk.book.open_orders:
        if order.side is Side.BUY:
            found._add(order.symbol, order.remaining, order.limit_cny * order.remaining)
    return found


def _scale(desk: Desk, measures: Measures) -> Decimal:
    """Return by how much the market's state scales the limits; all of it where that cannot be told."""
    scaling = desk.limits.state
    if not scaling.active:
        return Decimal(1)
    state = measures.market_state(sorted(desk.watchlist), scaling)
    return scaling.in_downtrend * scaling.when_volatile if state is None else state.scale
