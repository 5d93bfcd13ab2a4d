"""Two sets of bars of the same symbols held against each other: adjustments, units, other numbers. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.domain.bars import FloatArray
from services.domain.instruments import Symbol
from services.history.findings import Certainty, Finding, FindingKind
from services.history.lengths import BarLength, day_of, ends_of_day
from services.history.series import Kind, Series

_SAME_PRICE = 1e-6
_SAME_RATIO = 0.02
_SAME_DIFFERENCE = 0.011
"""A vendor rounds adjusted prices to the cent: differences within one are one difference."""


@dataclass(frozen=True, kw_only=True)
class _Days:
    """A symbol's whole days: their last close and all their volume."""

    days: tuple[date, ...]
    close: FloatArray
    volume: FloatArray


def compared(ours: tuple[str, Sequence[Series]], theirs: tuple[str, Sequence[Series]]) -> list[Finding]:
    """Return in what two files, each with its name, contradict each other.

    They are compared by whole days: what a file's shorter bars make of a day against the other's.
    """
    names = (ours[0], theirs[0])
    left, right = ({one.symbol: one for one in each if len(one)} for each in (ours[1], theirs[1]))
    found: list[Finding] = []
    ratios: dict[Symbol, tuple[float, int]] = {}
    for symbol in sorted(left.keys() & right.keys()):
        one, two = _common(left[symbol], right[symbol])
        if not one.days:
            continue
        finding = _closes(symbol, names, (left[symbol].kind, right[symbol].kind), one, two)
        found += [] if finding is None else [finding]
        told = (one.volume > 0) & (two.volume > 0)
        if told.any():
            ratio = float(np.median(one.volume[told] / two.volume[told]))
            ratios[symbol] = (ratio, int(told.sum()))
    kinds = {(left[symbol].kind, right[symbol].kind) for symbol in ratios}
    return found + _volumes(names, ratios, kinds)


def _common(one: Series, two: Series) -> tuple[_Days, _Days]:
    left, right = _whole_days(one), _whole_days(two)
    days = tuple(sorted(left.keys() & right.keys()))

    def taken(found: Mapping[date, tuple[float, float]]) -> _Days:
        closes, volumes = [found[day][0] for day in days], [found[day][1] for day in days]
        return _Days(days=days, close=np.array(closes), volume=np.array(volumes))

    return taken(left), taken(right)


def _whole_days(series: Series) -> dict[date, tuple[float, float]]:
    """Return close and volume of the days that have all their bars."""
    length, market = series.kind.length, series.market
    if length is BarLength.WEEK:
        return {}
    wanted = 1 if length.minutes is None else len(ends_of_day(market, length))
    found: dict[date, tuple[float, float]] = {}
    days = np.array([day_of(market, end).toordinal() for end in series.ends.tolist()])
    firsts = np.flatnonzero(np.concatenate(([True], days[1:] != days[:-1])))
    lasts = np.concatenate((firsts[1:], [len(days)]))
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        if last - first >= wanted:
            close = float(series.close[last - 1])
            found[date.fromordinal(int(days[first]))] = close, float(series.volume[first:last].sum())
    return found


def _closes(
    symbol: Symbol, names: tuple[str, str], kinds: tuple[Kind, Kind], one: _Days, two: _Days
) -> Finding | None:
    """Return that closes differ: by an adjustment, of which each stretch shows, or otherwise."""
    differs: NDArray[np.bool_] = np.abs(one.close / two.close - 1) > _SAME_PRICE
    if not differs.any():
        return None
    rows = np.flatnonzero(differs)
    first, last = one.days[int(rows[0])], one.days[int(rows[-1])]
    one_stretch = len(rows) == rows[-1] - rows[0] + 1
    steady = one_stretch and _is_steady(one.close[differs], two.close[differs])
    declared = {kind.adjustment for kind in kinds}
    detail = f"closes of {names[0]} and {names[1]} differ on {len(rows)} of {len(one.days)} days"
    if not steady:
        return _finding(FindingKind.BARS_DIFFER, (symbol,), len(rows), (first, last), detail, _WHICH)
    after = one.days[rows[-1] + 1] if rows[-1] + 1 < len(one.days) else None
    ending = f", up to an ex-day on {after}" if after else ", to the last"
    in_part = rows[0] > 0
    adjusted_as_said = len(declared) == 2 and "unknown" not in declared and not in_part
    why = (
        "and not before: one of the two is adjusted in part" if in_part else "only one of the two is adjusted"
    )
    return Finding(
        kind=FindingKind.ADJUSTMENT_DIFFERS,
        certainty=Certainty.NOTE if adjusted_as_said else Certainty.ERROR,
        symbols=(symbol,),
        bars=len(rows),
        first=str(first),
        last=str(last),
        detail=f"{detail} by a constant{ending}, {why}",
        mend="" if adjusted_as_said else "declare the adjustment of each; never mix the two",
    )


_WHICH = "fetch both again, or see which of them a third source confirms"


def _is_steady(one: FloatArray, two: FloatArray) -> bool:
    """Answer whether prices differ by one ratio, or by one amount, in steps that are few."""
    ratio, difference = one / two, (one - two) / 1e6
    return _steps(ratio, _SAME_RATIO / 10) <= _STEPS_MAX or _steps(difference, _SAME_DIFFERENCE) <= _STEPS_MAX


_STEPS_MAX = 2


def _steps(values: FloatArray, tolerance: float) -> int:
    """Return how many times a row of values moves on to another one."""
    found, level = 0, float(values[0])
    for value in values.tolist():
        if abs(value - level) > tolerance:
            found, level = found + 1, value
    return found


def _volumes(
    names: tuple[str, str], ratios: Mapping[Symbol, tuple[float, int]], kinds: set[tuple[Kind, Kind]]
) -> list[Finding]:
    """Return the symbols whose volumes count another unit in one file than in the other."""
    expected = _expected(kinds)
    groups: dict[int, list[Symbol]] = {}
    other: list[Symbol] = []
    for symbol, (ratio, _) in ratios.items():
        power = round(float(np.log10(ratio)))
        if abs(ratio / 10.0**power - 1) <= _SAME_RATIO and power in (-2, 0, 2):
            groups.setdefault(power, []).append(symbol)
        else:
            other.append(symbol)
    found = [
        _unit(names, power, symbols, groups, ratios) for power, symbols in groups.items() if power != expected
    ]
    if other:
        days = sum(ratios[symbol][1] for symbol in other)
        detail = f"volumes of {names[0]} and {names[1]} differ, and not as shares and lots do"
        found.append(_finding(FindingKind.BARS_DIFFER, tuple(other), days, None, detail, _WHICH))
    return found


def _expected(kinds: set[tuple[Kind, Kind]]) -> int:
    """Return the power of ten between volumes by what is declared, 0 where that is not known."""
    if len(kinds) != 1:
        return 0
    one, two = ({"share": 0, "lot": -2}.get(kind.volume_unit) for kind in next(iter(kinds)))
    return 0 if one is None or two is None else one - two


def _unit(
    names: tuple[str, str],
    power: int,
    symbols: Sequence[Symbol],
    groups: Mapping[int, Sequence[Symbol]],
    ratios: Mapping[Symbol, tuple[float, int]],
) -> Finding:
    few = len(groups) > 1 and len(symbols) < max(map(len, groups.values()))
    times = f"{10 ** abs(power)} times" if power else "the same as"
    lead, follow = names if power >= 0 else names[::-1]
    detail = f"volumes of {lead} are {times} those of {follow}"
    mixed = ": one of the files mixes shares and lots" if few else ""
    return _finding(
        FindingKind.UNIT_MIXED if few else FindingKind.UNIT_DIFFERS,
        tuple(symbols),
        sum(ratios[symbol][1] for symbol in symbols),
        None,
        detail + mixed,
        "bring these symbols' volumes to one unit" if few else "declare the volume unit of each file",
    )


def _finding(
    kind: FindingKind,
    symbols: tuple[Symbol, ...],
    days: int,
    span: tuple[Any, Any] | None,
    detail: str,
    mend: str,
) -> Finding:
    first, last = ("", "") if span is None else map(str, span)
    return Finding(
        kind=kind,
        certainty=Certainty.ERROR,
        symbols=symbols,
        bars=days,
        first=first,
        last=last,
        detail=detail,
        mend=mend,
    )
