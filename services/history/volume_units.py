"""Whether volumes count shares or lots, as far as amounts and other shares tell. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from services.domain.bars import VolumeUnit
from services.domain.instruments import Symbol
from services.history.findings import Certainty, Finding, FindingKind
from services.history.series import UNIT, Series

_APART = 0.45
"""How far, in powers of ten, an average price may lie from the close; units lie at least one apart."""

_UNLIKELY_TIMES = 30.0
"""By how much a share's usual turnover may exceed that of the middle one, or fall short of it.

In the fifty largest of Shanghai it lies between a fifth and seven times; lots for shares are a hundred.
"""

_SYMBOLS_MIN = 10
_BARS_MIN = 5


class AmountScale(IntEnum):
    """How many CNY a stated amount counts."""

    CNY = 1
    THOUSAND_CNY = 1000


_BY_POWER = {
    0: (VolumeUnit.SHARE, AmountScale.CNY),
    2: (VolumeUnit.LOT, AmountScale.CNY),
    -3: (VolumeUnit.SHARE, AmountScale.THOUSAND_CNY),
    -1: (VolumeUnit.LOT, AmountScale.THOUSAND_CNY),
}
"""What volume and amount count, by the power of ten of amount / (volume x price)."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What amounts say: by symbol the unit of its volume, what amounts count, bars of which no unit fits.

    `scale` is None where no amount is stated, or they do not agree on what they count.
    """

    units: tuple[tuple[Symbol, VolumeUnit, int], ...] = ()
    scale: AmountScale | None = None
    unfit: tuple[tuple[Symbol, int], ...] = ()


def read_units(found: Sequence[tuple[Series, Sequence[float]]]) -> Reading:
    """Return what the stated amounts (negative: none) of the bars of each series say."""
    units: Counter[tuple[Symbol, VolumeUnit]] = Counter()
    scales: Counter[AmountScale] = Counter()
    unfit: Counter[Symbol] = Counter()
    for series, amounts in found:
        for power, bars in _powers(series, amounts).items():
            if power is None:
                unfit[series.symbol] += bars
            else:
                unit, scale = _BY_POWER[power]
                units[series.symbol, unit] += bars
                scales[scale] += bars
    return Reading(
        units=tuple((symbol, unit, bars) for (symbol, unit), bars in sorted(units.items())),
        scale=next(iter(scales)) if len(scales) == 1 else None,
        unfit=tuple(sorted(unfit.items())),
    )


def reading_of(all_series: Sequence[Series]) -> Reading:
    """Return what the amounts of stored series say, which are in CNY."""
    return read_units([(series, (series.amount / 100).tolist()) for series in all_series])


def unit_findings(all_series: Sequence[Series], reading: Reading) -> list[Finding]:
    """Return what is wrong with the volumes: certain where amounts tell, else likely at most."""
    if not reading.units:
        return [*_unlikely(all_series), *_jumps(all_series)]
    bars = Counter[VolumeUnit]()
    for _, unit, count in reading.units:
        bars[unit] += count
    usual = bars.most_common(1)[0][0]
    found = [
        Finding(
            kind=FindingKind.UNIT_MIXED,
            certainty=Certainty.ERROR,
            symbols=(symbol,),
            bars=count,
            detail=f"by the amounts volumes count {unit}s, in most bars of the file {usual}s",
            mend=f"bring these volumes to {usual}s",
        )
        for symbol, unit, count in reading.units
        if unit is not usual
    ]
    found += [
        Finding(
            kind=FindingKind.UNIT_UNLIKELY,
            certainty=Certainty.SUSPECT,
            symbols=(symbol,),
            bars=count,
            detail="amount, volume and price fit neither shares nor lots",
            mend="fetch these bars again",
        )
        for symbol, count in reading.unfit
    ]
    return found + _against_declared(all_series, usual)


def _powers(series: Series, amounts: Sequence[float]) -> Counter[int | None]:
    stated = np.array(amounts, dtype=np.float64)
    told = (stated > 0) & (series.volume > 0)
    if not told.any():
        return Counter()
    worth = series.volume[told] * (series.close[told] / UNIT)
    exponents = np.log10(stated[told] / worth)
    nearest = np.round(exponents)
    fits = (np.abs(exponents - nearest) <= _APART) & np.isin(nearest, list(_BY_POWER))
    return Counter(int(power) if fit else None for power, fit in zip(nearest, fits, strict=True))


def _against_declared(all_series: Sequence[Series], usual: VolumeUnit) -> list[Finding]:
    wrong = [one for one in all_series if one.kind.volume_unit not in (usual, VolumeUnit.UNKNOWN)]
    if not wrong:
        return []
    return [
        Finding(
            kind=FindingKind.UNIT_DECLARED,
            certainty=Certainty.ERROR,
            symbols=tuple(one.symbol for one in wrong),
            bars=sum(map(len, wrong)),
            detail=f"declared as {wrong[0].kind.volume_unit}s; by the amounts volumes count {usual}s",
            mend=f"declare the volume unit {usual}",
        )
    ]


def _unlikely(all_series: Sequence[Series]) -> list[Finding]:
    """Return shares whose usual turnover is far from what is usual: perhaps in another unit."""
    usual = {one.symbol: float(np.median(one.volume * (one.close / UNIT))) for one in all_series if len(one)}
    if len(usual) < _SYMBOLS_MIN or not (middle := float(np.median(list(usual.values())))):
        return []
    return [
        Finding(
            kind=FindingKind.UNIT_UNLIKELY,
            certainty=Certainty.SUSPECT,
            symbols=(symbol,),
            bars=0,
            detail=f"usual turnover is {turnover / middle:.3g} times that of the middle one of {len(usual)} "
            "symbols; its volume may count another unit than theirs",
            mend="compare with a file of another length or source: data check THIS OTHER",
        )
        for symbol, turnover in usual.items()
        if not 1 / _UNLIKELY_TIMES <= turnover / middle <= _UNLIKELY_TIMES
    ]


def _jumps(all_series: Sequence[Series]) -> list[Finding]:
    """Return series whose volumes lie a hundredfold higher on one side of a bar than on the other."""
    found = []
    for series in all_series:
        row = _jump(series)
        if row is not None:
            found.append(
                Finding(
                    kind=FindingKind.UNIT_UNLIKELY,
                    certainty=Certainty.SUSPECT,
                    symbols=(series.symbol,),
                    bars=len(series),
                    first=series.label(row),
                    last=series.label(row),
                    detail="volumes jump some hundredfold here and stay: lots and shares may be mixed",
                    mend="bring all volumes to one unit",
                )
            )
    return found


def _jump(series: Series) -> int | None:
    """Return the first bar from which volumes stay at a hundred times, or a hundredth, of those before."""
    volume = series.volume
    if len(volume) < 2 * _BARS_MIN or not (volume > 0).all():
        return None
    logs = np.log10(volume.astype(np.float64))
    for row in range(_BARS_MIN, len(logs) - _BARS_MIN + 1):
        before, after = logs[row - _BARS_MIN : row], logs[row : row + _BARS_MIN]
        apart = max(after.min() - before.max(), before.min() - after.max())
        if apart > 1 and 1.6 <= abs(float(np.median(after) - np.median(before))) <= 2.4:
            return row
    return None
