"""Bars of the store as the panel a run is made on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from services.domain.bars import (
    Adjustment,
    CorporateAction,
    FloatArray,
    Frequency,
    IntArray,
    Panel,
    VolumeUnit,
)
from services.domain.instruments import Instrument, Market, Symbol
from services.history.index import HistoryError, Index
from services.history.lengths import BarLength
from services.history.membership import membership
from services.history.series import UNIT, Kind, Series
from services.history.store import HistoryStore, in_unit
from services.history.tables import FactTables
from services.market.bar_times import BarTime, bar_time
from services.market.ex_references import with_ex_references

PREFIX = "history:"
"""What `--prices` begins with where bars come from the store: `history:60m`."""

_FREQUENCIES = {BarLength.DAY: Frequency.DAILY, BarLength.MIN_60: Frequency.HOURLY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which bars of the store a run takes.

    `symbols` empty: the index's members, or all there are. With `index` a symbol is bought only on days
    on which it was a member, in [`start`, `end`]. Adjustment and unit None: the only ones there are.
    """

    length: BarLength
    market: Market
    symbols: tuple[Symbol, ...] = ()
    also: tuple[Symbol, ...] = ()
    index: str = ""
    start: date | None = None
    end: date | None = None
    adjustment: Adjustment | None = None
    volume_unit: VolumeUnit | None = None


def length_in(text: str) -> BarLength:
    """Return the length that `history:60m` names.

    Raises:
        HistoryError: It is none on which sessions are run.
    """
    stated = text.removeprefix(PREFIX)
    known = {str(length): length for length in _FREQUENCIES}
    if stated not in known:
        raise HistoryError(
            f"--prices {text}: sessions run on {' or '.join(PREFIX + name for name in known)}; make bars of "
            "that length with `data resample`"
        )
    return known[stated]


def history_panel(store: HistoryStore, wanted: Wanted) -> Panel:
    """Return the bars as a panel whose `digest` is still empty.

    Raises:
        HistoryError: There are none, they are of several kinds, or the index's members are not known.
    """
    tables = FactTables(Index(store.folder))
    kinds = _kinds(store, wanted)
    rolled = tables.rolls(wanted.index) if wanted.index else ()
    if wanted.index and not rolled:
        membership((), wanted.index, wanted.start or date.min, wanted.end or date.max)
    members = tuple(dict.fromkeys(symbol for roll in rolled for symbol in roll.members))
    asked = wanted.symbols or members or _all_held(store, wanted)
    unit = VolumeUnit.SHARE if len(kinds) > 1 else kinds[0].volume_unit
    symbols = tuple(dict.fromkeys((*asked, *wanted.also)))
    found = {series.symbol: in_unit(series, unit) for kind in kinds for series in store.read(kind, symbols)}
    lacking = [symbol for symbol in wanted.symbols if symbol not in found]
    if lacking or not found:
        raise _nothing(wanted, lacking)
    panel = _panel([found[symbol] for symbol in symbols if symbol in found], tables)
    if wanted.index:
        first = wanted.start or date.fromordinal(int(panel.days[0]))
        last = wanted.end or date.fromordinal(int(panel.days[-1]))
        spans = membership(rolled, wanted.index, first, last)
        panel = replace(panel, members={one: days for one, days in spans.items() if one in panel.column})
    try:
        return with_ex_references(panel)
    except ValueError as problem:
        raise HistoryError(f"the history's actions: {problem}; import the right one") from problem


def _kinds(store: HistoryStore, wanted: Wanted) -> list[Kind]:
    """Return the kinds of bars that are read together: they differ in shares and lots at most.

    Raises:
        HistoryError: There is none, or they must not be mixed.
    """
    held = store.held(wanted.length, wanted.symbols or None)
    kinds = list(dict.fromkeys(one.kind for one in held if one.market is wanted.market))
    adjusted = [one for one in kinds if wanted.adjustment in (None, one.adjustment)]
    fitting = [one for one in adjusted if wanted.volume_unit in (None, one.volume_unit)]
    if not fitting:
        if kinds:
            raise HistoryError(
                f"the history holds {_listed(kinds)}, not what is asked for; ask for one of them"
            )
        raise _nothing(wanted, ())
    units = {one.volume_unit for one in fitting}
    if len({one.adjustment for one in fitting}) > 1 or (len(units) > 1 and VolumeUnit.UNKNOWN in units):
        raise HistoryError(
            f"the history holds {_listed(fitting)}, which must not be mixed; choose with --adjustment and "
            "--volume-unit"
        )
    return fitting


def _all_held(store: HistoryStore, wanted: Wanted) -> tuple[Symbol, ...]:
    held = store.held(wanted.length)
    return tuple(dict.fromkeys(one.symbol for one in held if one.market is wanted.market))


def _nothing(wanted: Wanted, lacking: Sequence[Symbol]) -> HistoryError:
    of = f" of {', '.join(lacking[:5])}" if lacking else ""
    return HistoryError(
        f"the history holds no {wanted.length} bars{of} on market {wanted.market}; see `data list`, and get "
        "them with `data download` or `data import`"
    )


def _listed(kinds: Sequence[Kind]) -> str:
    return " and ".join(map(str, kinds))


def _panel(all_series: Sequence[Series], tables: FactTables) -> Panel:
    first = all_series[0]
    times = _times(all_series)
    ends = np.array([when.end_s for when in times], dtype=np.int64)
    facts = {one.symbol: one for one in tables.instruments()}
    symbols = tuple(one.symbol for one in all_series)
    return Panel(
        symbols=symbols,
        names=tuple(facts[symbol].name if symbol in facts else "" for symbol in symbols),
        starts=np.array([when.start_s for when in times], dtype=np.int64),
        ends=ends,
        days=np.array([when.day for when in times], dtype=np.int64),
        open=_matrix([(one, one.open) for one in all_series], ends, UNIT),
        high=_matrix([(one, one.high) for one in all_series], ends, UNIT),
        low=_matrix([(one, one.low) for one in all_series], ends, UNIT),
        close=_matrix([(one, one.close) for one in all_series], ends, UNIT),
        volume=_matrix([(one, one.volume) for one in all_series], ends, 1),
        frequency=_FREQUENCIES[first.kind.length],
        adjustment=first.kind.adjustment,
        volume_unit=first.kind.volume_unit,
        source=f"{PREFIX}{first.kind.length}",
        digest="",
        instruments=_told(facts, symbols),
        actions=_actions(first.kind, frozenset(symbols), tables),
    )


def _told(facts: dict[Symbol, Instrument], symbols: Sequence[Symbol]) -> dict[Symbol, Instrument]:
    """Return the facts that say more than a name."""
    told = {symbol: facts[symbol] for symbol in symbols if symbol in facts}
    return {symbol: one for symbol, one in told.items() if one != Instrument(symbol=symbol, name=one.name)}


def _actions(kind: Kind, symbols: frozenset[Symbol], tables: FactTables) -> tuple[CorporateAction, ...]:
    """Return the ex-days of the symbols; adjusted prices hold theirs already."""
    if kind.adjustment is not Adjustment.RAW:
        return ()
    return tuple(one for one in tables.actions() if one.symbol in symbols)


def _times(all_series: Sequence[Series]) -> list[BarTime]:
    """Return the spans of all bars, ascending.

    Raises:
        HistoryError: A bar ends when none of its length does.
    """
    example = all_series[0]
    ends: list[int] = np.unique(np.concatenate([one.ends for one in all_series])).tolist()
    try:
        return [bar_time(example.label_of(end), example.market) for end in ends]
    except ValueError as problem:
        raise HistoryError(f"history:{example.kind.length}: {problem}; see `data check`") from problem


def _matrix(columns: Sequence[tuple[Series, IntArray]], ends: IntArray, unit: int) -> FloatArray:
    """Return the columns as float64, time x symbol, NaN where there is no bar or no number."""
    matrix = np.full((len(ends), len(columns)), np.nan)
    for place, (series, values) in enumerate(columns):
        rows = np.searchsorted(ends, series.ends)
        matrix[rows, place] = np.where(values < 0, np.nan, values / unit)
    return matrix
