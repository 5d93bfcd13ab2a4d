"""A file's bars as series, with everything found that keeps one of them from being a bar. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from services.domain.bars import Adjustment, IntArray, VolumeUnit
from services.domain.instruments import Market, NotASymbol, Symbol, parse_symbol
from services.history.findings import Certainty, Finding, FindingKind
from services.history.labels import Label, length_of, read_label, starts_of_day
from services.history.lengths import STRETCHES, BarLength, day_end, ends_of_day, moment_of
from services.history.series import AMOUNT_UNIT, NONE, PRICES, SCALE, Kind, Series, rounded
from services.history.volume_units import AmountScale, Reading, read_units
from services.market.bar_times import market_of
from services.market.feeds.fields import LOT_SHARES
from services.market.raw_bars import RawBar

EarlyClose = Callable[[date], time | None]


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What a file holds: series of sound bars, and what was found beside them.

    `amounts` is what its amounts count, None where it has none or they do not tell.
    """

    name: str
    length: BarLength | None
    series: tuple[Series, ...]
    findings: tuple[Finding, ...]
    units: Reading
    names: Mapping[Symbol, str] = field(default_factory=dict)


_MOST = {**dict.fromkeys(PRICES, 1e9), "volume": 1e13, "amount": 1e13}
"""What no bar of a market has reached, and what the whole numbers of a series hold with room for sums."""


class _Bar(NamedTuple):
    """A bar with its label read."""

    bar: RawBar
    label: Label


def survey(
    name: str,
    bars: Iterable[RawBar],
    *,
    adjustment: Adjustment = Adjustment.UNKNOWN,
    volume_unit: VolumeUnit = VolumeUnit.UNKNOWN,
    length: BarLength | None = None,
    early_close: EarlyClose = lambda _day: None,
) -> Survey:
    """Return the bars that can be ones, and why the others cannot.

    `length` is what the bars are said to be; None goes by their labels.
    """
    findings: list[Finding] = []
    labelled = _labelled(bars, findings)
    market = market_of(next(iter(labelled))) if labelled else Market.CN
    by_labels = length_of([[one.label for one in rows] for rows in labelled.values()], market)
    length = length or by_labels
    if length is None:
        if labelled:
            findings.append(_no_length(tuple(labelled)))
        return Survey(
            name=name,
            length=None,
            series=(),
            findings=tuple(findings),
            units=Reading(),
            names=_names(labelled),
        )
    timed = _Times(market, length, early_close)
    findings += _start_labels(labelled, market, length)
    unit, times = _counted(labelled, volume_unit, findings)
    kind = Kind(length=length, adjustment=adjustment, volume_unit=unit)
    shifted = any(one.kind is FindingKind.START_LABEL for one in findings)
    found = (
        []
        if shifted
        else [_series(symbol, rows, kind, timed, findings, times) for symbol, rows in labelled.items()]
    )
    units = read_units([(series, amounts) for series, amounts in found])
    whole = tuple(
        replace(series, amount=_amounts(amounts, units.scale)) for series, amounts in found if len(series)
    )
    return Survey(
        name=name,
        length=length,
        series=whole,
        findings=tuple(findings),
        units=units,
        names=_names(labelled),
    )


def _names(labelled: Mapping[Symbol, Sequence[_Bar]]) -> dict[Symbol, str]:
    return {symbol: rows[0].bar.name for symbol, rows in labelled.items()}


def _labelled(bars: Iterable[RawBar], findings: list[Finding]) -> dict[Symbol, list[_Bar]]:
    """Return the bars by symbol, in the file's order, without those whose symbol or label cannot be read."""
    found: dict[Symbol, list[_Bar]] = {}
    bad_names: dict[str, Finding] = {}
    for bar in bars:
        try:
            symbol = parse_symbol(bar.symbol)
            found.setdefault(symbol, []).append(_Bar(bar, read_label(bar.label)))
        except NotASymbol as problem:
            bad_names.setdefault(bar.symbol, _error(FindingKind.BAD_LABEL, None, bar, str(problem)))
        except ValueError as problem:
            findings.append(_error(FindingKind.BAD_LABEL, symbol, bar, str(problem)))
    findings += bad_names.values()
    return {symbol: rows for symbol, rows in found.items() if rows}


def _counted(
    labelled: dict[Symbol, list[_Bar]], declared: VolumeUnit, findings: list[Finding]
) -> tuple[VolumeUnit, int]:
    """Return the unit in which volumes are kept, and how many of it one of the file's is.

    Lots with decimals hold odd shares: they are kept as shares, so that none is lost.
    """
    broken = tuple(
        symbol
        for symbol, rows in labelled.items()
        if any(bar.volume is not None and bar.volume % 1 for bar, _ in rows)
    )
    if not broken:
        return declared, 1
    if declared is VolumeUnit.LOT:
        return VolumeUnit.SHARE, LOT_SHARES
    findings.append(
        Finding(
            kind=FindingKind.UNIT_UNLIKELY,
            certainty=Certainty.SUSPECT,
            symbols=broken,
            detail="volumes have decimals, and no share is traded in part: they count lots",
            mend="declare --volume-unit lot",
        )
    )
    return declared, 1


class _Times:
    """When bars of one length end, as seconds; why a label is none of them."""

    def __init__(self, market: Market, length: BarLength, early_close: EarlyClose) -> None:
        self._market, self._length, self._early_close = market, length, early_close
        self._ends: dict[Label, int | FindingKind] = {}

    def end(self, label: Label) -> int | FindingKind:
        """Return the end of the bar labelled so, or what is wrong with the label."""
        if label not in self._ends:
            self._ends[label] = self._end(label)
        return self._ends[label]

    def _end(self, label: Label) -> int | FindingKind:
        close = self._early_close(label.day)
        if self._length.minutes is None:
            at = day_end(self._market, close)
            if label.at not in (None, at):
                return FindingKind.MIXED_LENGTHS
            return moment_of(self._market, label.day, at)
        if label.at is None:
            return FindingKind.MIXED_LENGTHS
        # The opening call's own bar is labelled with the opening, where bars are short enough to have one.
        opening = label.at == STRETCHES[self._market][0][0] and self._length.minutes < 60
        if opening or label.at in ends_of_day(self._market, self._length, close):
            return moment_of(self._market, label.day, label.at)
        return FindingKind.OFF_SESSION


def _start_labels(labelled: dict[Symbol, list[_Bar]], market: Market, length: BarLength) -> list[Finding]:
    """Return that bars are labelled with their beginning: days have its first label and lack the last one."""
    if length.minutes is None:
        return []
    first, last = STRETCHES[market][0][0], STRETCHES[market][-1][1]
    starts = starts_of_day(market, length)
    days: dict[tuple[Symbol, date], set[time]] = {}
    for symbol, rows in labelled.items():
        for one in rows:
            if one.label.at is not None:
                days.setdefault((symbol, one.label.day), set()).add(one.label.at)
    full = [times for times in days.values() if len(times) > 1]
    shifted = [times for times in full if first in times and last not in times and times <= starts]
    if len(shifted) * 2 <= len(full):
        return []
    every = [one.label for rows in labelled.values() for one in rows]
    return [
        Finding(
            kind=FindingKind.START_LABEL,
            certainty=Certainty.ERROR,
            symbols=tuple(sorted(labelled)),
            bars=len(every),
            detail=f"bars labelled {first:%H:%M} and none {last:%H:%M}: by their beginning, not their end",
            mend=f"label each bar with its end, {length.minutes} minutes later",
        )
    ]


def _series(
    symbol: Symbol,
    rows: Sequence[_Bar],
    kind: Kind,
    times: _Times,
    findings: list[Finding],
    unit: int,
) -> tuple[Series, list[float]]:
    """Return the sound bars of a symbol in ascending order, and the amounts stated of them."""
    kept: dict[int, RawBar] = {}
    ends: list[int] = []
    last = max(range(len(rows)), key=lambda row: (rows[row].label.day, rows[row].label.at or time(0)))
    for place, (bar, label) in enumerate(rows):
        end = times.end(label)
        if not isinstance(end, int):
            findings.append(_error(end, symbol, bar, *_LABEL_WORDS[end]))
            continue
        if end in kept:
            findings.append(_twice(symbol, bar, kept[end]))
            continue
        ends.append(end)
        problem = _problem(bar, is_last=place == last)
        if problem is not None:
            findings.append(replace(problem, symbols=(symbol,)))
            continue
        kept[end] = bar
    disordered = sum(two < one for one, two in pairwise(ends))
    if disordered:
        findings.append(_disordered(symbol, rows, disordered))
    return _arrays(symbol, kind, kept, unit)


def _disordered(symbol: Symbol, rows: Sequence[_Bar], bars: int) -> Finding:
    return Finding(
        kind=FindingKind.OUT_OF_ORDER,
        certainty=Certainty.ERROR,
        symbols=(symbol,),
        bars=bars,
        first=rows[0].bar.label,
        last=rows[-1].bar.label,
        detail=f"{bars} bars are earlier than the bar before them",
        mend="sort each symbol's bars by time, oldest first",
    )


def _problem(bar: RawBar, *, is_last: bool) -> Finding | None:
    """Return why a bar is none, None where it is one."""
    missing = [name for name in (*PRICES, "volume") if getattr(bar, name) is None]
    if missing and is_last and missing == ["high", "low", "close", "volume"]:
        words = "the last bar has its open alone: it was in progress, and is left out"
        found = _error(FindingKind.IN_PROGRESS, None, bar, "")
        return replace(found, certainty=Certainty.NOTE, detail=words)
    if missing:
        return _error(FindingKind.INCOMPLETE, None, bar, f"{', '.join(missing)} missing", _COMPLETE)
    low_ones = [name for name in PRICES if not getattr(bar, name) > 0]
    if low_ones:
        detail = ", ".join(f"{name} {getattr(bar, name):g}" for name in low_ones)
        return _error(FindingKind.NO_PRICE, None, bar, detail, _COMPLETE)
    if bar.volume is not None and bar.volume < 0:
        return _error(FindingKind.NO_PRICE, None, bar, f"volume {bar.volume:g}", _COMPLETE)
    large = [name for name, most in _MOST.items() if (getattr(bar, name) or 0) > most]
    if large:
        detail = ", ".join(f"{name} {getattr(bar, name):g}" for name in large)
        return _error(FindingKind.TOO_LARGE, None, bar, detail, _COMPLETE)
    fine = [name for name in PRICES if not _is_kept(getattr(bar, name))]
    if fine:
        detail = ", ".join(f"{name} {getattr(bar, name)!r}" for name in fine)
        words = f"{detail} has more than {SCALE} decimals, which are kept"
        return _error(FindingKind.TOO_FINE, None, bar, words, f"round prices to {SCALE} decimals")
    return _span_problem(bar)


def _is_kept(price: float) -> bool:
    """Answer whether a price is told by the decimals that are kept."""
    return round(price, SCALE) == price


def _span_problem(bar: RawBar) -> Finding | None:
    low, high = bar.low or 0.0, bar.high or 0.0
    if low > high:
        return _error(FindingKind.HIGH_LOW, None, bar, f"high {high:g} below low {low:g}", _COMPLETE)
    for name in ("open", "close"):
        price = getattr(bar, name)
        if not low <= price <= high:
            detail = f"{name} {price:g} outside low {low:g} to high {high:g}"
            return _error(FindingKind.HIGH_LOW, None, bar, detail, _COMPLETE)
    return None


_COMPLETE = "fetch the bar again, or leave it out"
_LABEL_WORDS = {
    FindingKind.MIXED_LENGTHS: (
        "bars of another length than the others",
        "keep each length in a file of its own",
    ),
    FindingKind.OFF_SESSION: (
        "no bar of this length ends then",
        "label bars with their end; leave out what lies outside trading",
    ),
}


def _arrays(symbol: Symbol, kind: Kind, kept: dict[int, RawBar], unit: int) -> tuple[Series, list[float]]:
    rows = [kept[end] for end in sorted(kept)]
    columns = {
        name: np.array([rounded(getattr(bar, name)) for bar in rows], dtype=np.int64) for name in PRICES
    }
    series = Series(
        symbol=symbol,
        kind=kind,
        ends=np.array(sorted(kept), dtype=np.int64),
        volume=np.array([round((bar.volume or 0.0) * unit) for bar in rows], dtype=np.int64),
        amount=np.full(len(rows), NONE, dtype=np.int64),
        **columns,
    )
    return series, [NONE if bar.amount is None else bar.amount for bar in rows]


def _amounts(stated: Sequence[float], scale: AmountScale | None) -> IntArray:
    """Return amounts as they are stored, `NONE` where nobody can tell what they count."""
    if scale is None:
        return np.full(len(stated), NONE, dtype=np.int64)
    unit = AMOUNT_UNIT * int(scale)
    return np.array([NONE if one < 0 else round(one * unit) for one in stated], dtype=np.int64)


def _twice(symbol: Symbol, bar: RawBar, there: RawBar) -> Finding:
    same = bar[4:] == there[4:]
    detail = f"stands at line {there.line} too, {'the same' if same else 'with other numbers'}"
    return _error(FindingKind.DUPLICATE, symbol, bar, detail, "leave one of them")


def _no_length(symbols: tuple[Symbol, ...]) -> Finding:
    return Finding(
        kind=FindingKind.BAD_LABEL,
        certainty=Certainty.ERROR,
        symbols=symbols,
        detail="the labels do not tell how long the bars are",
        mend="say so with --frequency",
    )


def _error(kind: FindingKind, symbol: Symbol | None, bar: RawBar, detail: str, mend: str = "") -> Finding:
    return Finding(
        kind=kind,
        certainty=Certainty.ERROR,
        symbols=() if symbol is None else (symbol,),
        bars=1,
        first=bar.label,
        last=bar.label,
        detail=f"line {bar.line}: {detail}",
        mend=mend,
    )
