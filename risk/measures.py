"""What the bars that have ended say of risk: correlation, value at risk, ranges, the market's state. Pure.

Every figure is computed in float64, in one fixed order, and given as a Decimal of six decimals. It is
None where it cannot be computed: without a history, where it holds too few bars, and where a price
among those looked at is missing or not positive. A measure over n bars needs n returns, so n + 1 closes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from math import isfinite, sqrt

import numpy as np

from risk.limits import StateScaling
from services.domain.bars import FloatArray, History
from services.domain.instruments import Symbol
from services.domain.value import Value

_STILL = 1e-9
"""A deviation of returns up to this is rounding: a price that moves by its tick deviates by far more."""

_BEYOND = 1e12
"""A gain of so many times the price is no gain of a market, and its sums would not stay exact."""


class MarketState(Value, frozen=True, kw_only=True):
    """Whether the market falls, whether it is volatile, and what both together scale limits by."""

    falling: bool
    volatile: bool
    scale: Decimal


class Measures:
    """Measures of the bars that one review may see; made once a review, it keeps what it computed."""

    def __init__(self, history: History | None) -> None:
        self._history = history
        self._windows: dict[int, _Window] = {}

    def correlation(self, one: Symbol, other: Symbol, bars: int) -> Decimal | None:
        """Return Pearson's correlation of the last `bars` returns, -1 to 1.

        None as well where the returns of either do not deviate at all.
        """
        window = self._window(bars)
        return None if window is None else _decimal(window.correlation(one, other))

    def closest(
        self, one: Symbol, others: Iterable[Symbol], bars: int
    ) -> tuple[Symbol, Decimal | None] | None:
        """Return which of `others` correlates most with `one`, and how; None where there are none.

        The first one of which that cannot be told stands for all of them.
        """
        window = self._window(bars)
        nearest: tuple[Symbol, float] | None = None
        for other in others:
            found = None if window is None else window.correlation(one, other)
            if found is None or not isfinite(found):
                return other, None
            if nearest is None or found > nearest[1]:
                nearest = other, found
        return None if nearest is None else (nearest[0], _decimal(nearest[1]))

    def value_at_risk_cny(
        self, values_cny: Mapping[Symbol, Decimal], bars: int, horizon: int, confidence: Decimal
    ) -> Decimal | None:
        """Return the most those holdings lose over `horizon` bars at `confidence`, in CNY, 0 for a gain.

        By historical simulation: of `results_cny` the quantile is taken as `quantile_loss` takes it.
        """
        with np.errstate(all="ignore"):
            results = self.results_cny(values_cny, bars, horizon)
        return None if results is None else loss_at(results, confidence)

    def results_cny(self, values_cny: Mapping[Symbol, Decimal], bars: int, horizon: int) -> FloatArray | None:
        """Return what those holdings gain in each run of `horizon` bars among the last `bars`, in CNY.

        Runs may overlap; each is applied to the values of today. What parts of a portfolio gain adds up
        to what the whole gains. Holdings worth nothing are left out; none at all gain a single 0.
        """
        results: FloatArray = np.zeros(1)
        for symbol, value in sorted(values_cny.items()):
            if value:
                unit = self.unit_results(symbol, bars, horizon)
                if unit is None:
                    return None
                results = results + unit * float(value)
        return results

    def unit_results(self, symbol: Symbol, bars: int, horizon: int) -> FloatArray | None:
        """Return what one CNY of the symbol gains in each run of `horizon` bars among the last `bars`."""
        window = self._window(bars) if 1 <= horizon <= bars else None
        return None if window is None else window.unit_results(symbol, horizon)

    def average_true_range_cny(self, symbol: Symbol, bars: int) -> Decimal | None:
        """Return the plain mean of the last `bars` true ranges, in CNY of one of today's shares."""
        window = self._window(bars)
        return None if window is None else _decimal(window.average_true_range(symbol))

    def deviation(self, symbol: Symbol, bars: int) -> Decimal | None:
        """Return the standard deviation of the last `bars` returns, as a ratio of the price a bar.

        That of a sample, by `bars` - 1; so None of a single bar.
        """
        window = self._window(bars)
        return None if window is None else _decimal(window.deviation(symbol))

    def quantile_loss(self, symbol: Symbol, bars: int, confidence: Decimal) -> Decimal | None:
        """Return the loss of one bar, as a ratio of the price, that `confidence` of the bars stay within.

        Of the n returns, worst first, it is the one at place (1 - `confidence`) x (n - 1), counted
        from 0 and rounded down: one that happened, never one between two, and the worse one in
        doubt. 0 where that is a gain; None where `confidence` is not between 0 and 1.
        """
        window = self._window(bars)
        place = None if window is None else window.place(symbol)
        return None if window is None or place is None else loss_at(window.growth[place] - 1, confidence)

    def market_state(self, watchlist: Sequence[Symbol], scaling: StateScaling) -> MarketState | None:
        """Return the state of the market after its last bar; how it is told, `StateScaling` says.

        The watchlist weighs equally in every bar. Symbols of it without all the bars are left out;
        None where fewer than half of it are left, and of a single bar.
        """
        bars = (scaling.trend_bars, scaling.volatility_bars)
        window = self._window(max(bars)) if min(bars) > 1 else None
        symbols = (scaling.symbol,) if scaling.symbol else watchlist
        with np.errstate(all="ignore"):
            growth = None if window is None else window.mean_growth([Symbol(symbol) for symbol in symbols])
            if growth is None:
                return None
            # In units of the price before those bars, and so is their mean.
            prices = np.multiply.accumulate(growth[-scaling.trend_bars :])
            mean = float(np.add.reduce(prices)) / scaling.trend_bars
            lately = _deviation(growth[-scaling.volatility_bars :])
            usually = _deviation(growth[-scaling.trend_bars :])
        if not (isfinite(mean) and isfinite(lately) and isfinite(usually)):
            return None
        falling = bool(prices[-1] < mean)
        volatile = lately > usually * float(scaling.volatile_multiple)
        scale = Decimal(1)
        if falling:
            scale *= scaling.in_downtrend
        if volatile:
            scale *= scaling.when_volatile
        return MarketState(falling=falling, volatile=volatile, scale=scale)

    def _window(self, bars: int) -> _Window | None:
        if self._history is None or not 1 <= bars < self._history.rows:
            return None
        if bars not in self._windows:
            self._windows[bars] = _Window(self._history, bars)
        return self._windows[bars]


class _Window:
    """The last bars of the symbols that were asked for, and what was computed of them.

    `growth` has a row a symbol, with a NaN in it where it is not known whole; whatever is computed
    of such a row is NaN too.
    """

    def __init__(self, history: History, bars: int) -> None:
        self._moves, self._bars = history.panel.moves, bars
        self._symbols, self._column = history.symbols, history.panel.column
        self._rows = slice(history.rows - bars, history.rows)
        self.growth: FloatArray = np.empty((0, bars))
        self._scores: FloatArray = np.empty((0, bars))
        self._squares: list[float] = []
        self._places: dict[Symbol, int] = {}
        self._ranges: dict[Symbol, float] = {}
        self._correlations: dict[int, list[float]] = {}
        self._units: dict[int, list[FloatArray | None]] = {}

    def places(self, symbols: Sequence[Symbol]) -> list[int]:
        """Return the rows of those symbols that the panel has, in the order given."""
        new = [symbol for symbol in symbols if symbol not in self._places and symbol in self._column]
        blocks = [self.growth] if self._places else []
        for symbol in new:
            if symbol not in self._places:
                columns = self._moves.columns(self._column[symbol])
                blocks.append(self._moves.growth(columns)[:, self._rows])
                for loaded in self._symbols[columns]:
                    self._places[loaded] = len(self._places)
        if new:
            self.growth = np.concatenate(blocks) if len(blocks) > 1 else blocks[0]
        return [self._places[symbol] for symbol in symbols if symbol in self._places]

    def place(self, symbol: Symbol) -> int | None:
        """Return the row of a symbol, None where the panel does not have it."""
        place = self._places.get(symbol)
        return place if place is not None else next(iter(self.places((symbol,))), None)

    def correlation(self, one: Symbol, other: Symbol) -> float | None:
        place, beside = self._places.get(one), self._places.get(other)
        if place is None or beside is None:
            place, beside = self.place(one), self.place(other)
            if place is None or beside is None:
                return None
        # All at once, for the next question is how the same symbol goes with another holding.
        found = self._correlations.get(place)
        if found is None or len(found) <= beside:
            self._score()
            found = np.add.reduce(self._scores * self._scores[place], axis=1).tolist()
            self._correlations[place] = found
        return found[beside]

    def deviation(self, symbol: Symbol) -> float | None:
        place = self.place(symbol)
        if place is None or self._bars == 1:
            return None
        self._score()
        return sqrt(self._squares[place] / (self._bars - 1))

    def average_true_range(self, symbol: Symbol) -> float | None:
        if symbol not in self._ranges:
            column = self._column.get(symbol)
            if column is None:
                return None
            columns = self._moves.columns(column)
            ranges, steps = (cells[:, self._rows] for cells in self._moves.true_ranges(columns))
            with np.errstate(all="ignore"):
                later = np.multiply.accumulate(steps[:, :0:-1], axis=1)[:, ::-1]
                sums = np.add.reduce(ranges[:, :-1] * later, axis=1) + ranges[:, -1]
                means = (sums / self._bars).tolist()
            self._ranges.update(zip(self._symbols[columns], means, strict=True))
        return self._ranges[symbol]

    def unit_results(self, symbol: Symbol, horizon: int) -> FloatArray | None:
        """Return what one CNY gains in each run of `horizon` bars, None where that is not known whole."""
        place, units = self.place(symbol), self._units.setdefault(horizon, [])
        if place is None:
            return None
        if len(units) <= place:
            single, runs = self.growth[len(units) :], self._bars - horizon + 1
            with np.errstate(all="ignore"):
                growth = single[:, :runs]
                for later in range(1, horizon):
                    growth = growth * single[:, later : later + runs]
                gains = growth - 1
                known = (gains.max(axis=1) < _BEYOND).tolist()
            units += [row if whole else None for row, whole in zip(gains, known, strict=True)]
        return units[place]

    def mean_growth(self, symbols: Sequence[Symbol]) -> FloatArray | None:
        """Return the growth of an equal-weighted market, None where less than half of it is known."""
        known = self.places(symbols)
        growth = self.growth[known]
        growth = growth[~np.isnan(growth).any(axis=1)]
        if not len(growth) or 2 * len(growth) < len(symbols):
            return None
        found: FloatArray = np.add.reduce(growth, axis=0) / len(growth)
        return found

    def _score(self) -> None:
        """Fill in the returns less their mean, scaled to a length of 1, and their summed squares before."""
        first = len(self._squares)
        if first == len(self.growth):
            return
        with np.errstate(all="ignore"):
            away = self.growth[first:] - 1
            away -= (np.add.reduce(away, axis=1) / self._bars)[:, None]
            squares = np.add.reduce(away * away, axis=1)
            squares[squares <= self._bars * _STILL**2] = 0
            scores = away / np.where(squares > 0, np.sqrt(squares), np.nan)[:, None]
        self._scores = np.concatenate((self._scores, scores)) if first else scores
        self._squares += squares.tolist()


def _deviation(growth: FloatArray) -> float:
    """Return the standard deviation of a sample of two returns or more."""
    bars = len(growth)
    away = growth - np.add.reduce(growth) / bars
    squares = float(np.add.reduce(away * away))
    return 0.0 if squares <= bars * _STILL**2 else sqrt(squares / (bars - 1))


def loss_at(results: FloatArray, confidence: Decimal) -> Decimal | None:
    """Return what is lost at the quantile of results that `confidence` leaves below, 0 for a gain."""
    ordered = np.sort(results)
    if not (isfinite(ordered[0]) and isfinite(ordered[-1]) and 0 < confidence < 1):
        return None
    return _decimal(max(0.0, -float(ordered[int((1 - confidence) * (len(ordered) - 1))])))


def _decimal(number: float | None) -> Decimal | None:
    """Return the number to six decimals, half to even; None where it is none."""
    return None if number is None or not isfinite(number) else Decimal(f"{number:z.6f}")
