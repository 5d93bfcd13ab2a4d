"""How far chance alone may have carried a row of daily returns: intervals by block bootstrap. Pure.

Returns of neighbouring days are not independent, so days are drawn in blocks, which wrap around at the
end of the sample (the circular block bootstrap of Politis and Romano, 1992). An interval is that between
percentiles of the resampled figure. All figures over the same number of days rest on the same draws, so
that a difference of two is a paired one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from services.domain.bars import FloatArray, IntArray

CONFIDENCE = 0.95
DAYS_MIN = 5
"""From so few days no interval is read off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A figure as it was, and the ends between which 95 of 100 resamples lie; None where days are too few."""

    value: float
    low: float | None = None
    high: float | None = None

    @property
    def clear(self) -> bool:
        """Whether 0 lies outside."""
        if self.low is None or self.high is None:
            return False
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, kw_only=True)
class Resampler:
    """Draws days with replacement, in blocks of `block_days`: `draws` resamples, the same by `seed`."""

    draws: int
    block_days: int
    seed: int
    _days: dict[int, IntArray] = field(default_factory=dict, repr=False, compare=False)

    def block(self, days: int) -> int:
        """Return how many days a block has: a third of the sample at most, else all draws were alike."""
        return max(1, min(self.block_days, days // 3))

    def mean(self, returns: Sequence[float]) -> Interval:
        """Return the mean of a day's returns.

        Raises:
            ValueError: There is none.
        """
        values = _array(returns)
        if len(values) < DAYS_MIN:
            return Interval(value=float(values.mean()))
        return _interval(float(values.mean()), self._drawn(values).mean(axis=1))

    def growth(self, returns: Sequence[float]) -> Interval:
        """Return what all days' returns together come to, as a fraction.

        Raises:
            ValueError: There is none.
        """
        values = _array(returns)
        if len(values) < DAYS_MIN:
            return Interval(value=_growth(values))
        return _interval(_growth(values), self._growths(values))

    def growth_difference(self, ours: Sequence[float], theirs: Sequence[float]) -> Interval:
        """Return by how much one growth exceeds another over the same days.

        Raises:
            ValueError: There is no day, or the days are not as many.
        """
        left, right = _array(ours), _array(theirs)
        if len(left) != len(right):
            raise ValueError(f"{len(left)} days cannot be paired with {len(right)}")
        value = _growth(left) - _growth(right)
        if len(left) < DAYS_MIN:
            return Interval(value=value)
        return _interval(value, self._growths(left) - self._growths(right))

    def _growths(self, values: FloatArray) -> FloatArray:
        growths: FloatArray = np.prod(1.0 + self._drawn(values), axis=1) - 1.0
        return growths

    def _drawn(self, values: FloatArray) -> FloatArray:
        drawn: FloatArray = values[self._indexes(len(values))]
        return drawn

    def _indexes(self, days: int) -> IntArray:
        """Return which days each resample is made of, draws x days."""
        if days not in self._days:
            block = self.block(days)
            blocks = -(-days // block)
            # The raw stream of this generator is the same on every version of NumPy; what is drawn from
            # it by Generator's own methods need not be.
            raw = np.random.PCG64(self.seed).random_raw(self.draws * blocks)
            starts = (raw % np.uint64(days)).astype(np.int64).reshape(self.draws, blocks, 1)
            drawn = (starts + np.arange(block)) % days
            self._days[days] = drawn.reshape(self.draws, -1)[:, :days]
        return self._days[days]


def _array(returns: Sequence[float]) -> FloatArray:
    values = np.array(returns, dtype=np.float64)
    if not len(values):
        raise ValueError("there is no day to draw from")
    return values


def _growth(values: FloatArray) -> float:
    return float(np.prod(1.0 + values) - 1.0)


def _interval(value: float, resampled: FloatArray) -> Interval:
    tail = (1.0 - CONFIDENCE) / 2.0
    low, high = np.quantile(resampled, (tail, 1.0 - tail))
    return Interval(value=value, low=float(low), high=float(high))
