"""Bars of the store as the panel a run is made on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, time

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
from services.domain.instruments import Instrument, Market, Span, Symbol
from services.history.approximate import taken_for_so
from services.history.descriptions import Described, on_run
from services.history.index import HistoryError
from services.history.lengths import BarLength, day_of, moment_of
from services.history.membership import ever_listed, membership
from services.history.read_units import read_together
from services.history.required import (
    TradingDays,
    every_day,
    require_covered,
    require_facts,
    require_one_adjustment,
)
from services.history.series import UNIT, Kind, Series, on_days
from services.history.spans import NOTHING, Covered, Days
from services.history.store import Held, HistoryStore
from services.history.tables import FactTables, Roll
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


def history_panel(store: HistoryStore, wanted: Wanted, trading: TradingDays = every_day) -> Panel:
    """Return the bars as a panel whose `digest` is still empty; all of it as it is at one moment.

    `trading` tells the days that are not known to be without trading.

    Raises:
        HistoryError: There are none, they are of several kinds, or days of the period, facts of them, or the
            index's members are not known.
    """
    with store.index.reading():
        return _panel_of(store, wanted, trading)


def _panel_of(store: HistoryStore, wanted: Wanted, trading: TradingDays) -> Panel:
    tables = FactTables(store.index)
    kinds = _kinds(store, wanted)
    covered = store.covered(kinds[0].topic)
    rolled = _rolls(tables, wanted)
    stays = tables.stays(wanted.index) if rolled else ()
    ever = wanted.symbols or ever_listed(rolled, stays) or _all_held(store, kinds, wanted)
    found = _of_known_days(read_together(store, kinds, wanted.volume_unit, (*ever, *wanted.also)), covered)
    lacking = [symbol for symbol in wanted.symbols if symbol not in found]
    if lacking or not found:
        raise _nothing(wanted, lacking)
    require_one_adjustment(store.apart(kinds, found))
    days = _days(wanted, found.values())
    spans = membership(rolled, wanted.index, days, stays) if rolled else {}
    asked = wanted.symbols or tuple(spans) or ever
    told = tables.described()
    facts = {symbol: on_run(days, some) for symbol, some in told.items()}
    joined_on = {symbol: some[0].since for symbol, some in spans.items()}
    needed = tuple(dict.fromkeys((*asked, *wanted.also)))
    # Of the days before it joined a member's bars are not needed; whoever sets the market's state has all.
    joined_on = {symbol: day for symbol, day in joined_on.items() if symbol not in wanted.also}
    require_covered(needed, days, covered, facts, wanted.length, trading, joined_on)
    require_facts(needed, days, told, trading, joined_on)
    _require_members(spans, found, wanted, facts)
    symbols = [one for one in needed if one in found]
    if not symbols:
        raise _nothing(wanted, asked)
    panel = _panel([found[one] for one in symbols], tables, told, facts, days, trading)
    panel = replace(panel, members={one: some for one, some in spans.items() if one in panel.column})
    try:
        return with_ex_references(panel)
    except ValueError as problem:
        raise HistoryError(f"the history's actions: {problem}; import the right one") from problem


def _rolls(tables: FactTables, wanted: Wanted) -> tuple[Roll, ...]:
    """Return the lists of the index's members, none where no index is named.

    Raises:
        HistoryError: None is known of the index.
    """
    if not wanted.index:
        return ()
    rolls = tables.rolls(wanted.index)
    if not rolls:
        membership((), wanted.index, Days(wanted.start or date.min, wanted.end or date.max))
    return rolls


def _days(wanted: Wanted, found: Iterable[Series]) -> Days:
    """Return the days of the run: those stated, else from the first bar to the last."""
    held = list(found)
    market = held[0].market
    first = min(int(one.ends[0]) for one in held)
    last = max(int(one.ends[-1]) for one in held)
    return Days(wanted.start or day_of(market, first), wanted.end or day_of(market, last))


def _of_known_days(found: Mapping[Symbol, Series], covered: Mapping[Symbol, Covered]) -> dict[Symbol, Series]:
    """Return the bars of days that are known: of others there may be more than those."""
    known: dict[Symbol, Series] = {}
    for symbol, series in found.items():
        of_known = on_days(series, covered.get(symbol, NOTHING).spans)
        if len(of_known):
            known[symbol] = of_known
    return known


def _require_members(
    spans: Mapping[Symbol, tuple[Span, ...]],
    found: Mapping[Symbol, Series],
    wanted: Wanted,
    facts: Mapping[Symbol, Instrument],
) -> None:
    """Do nothing where every member has bars of its days in the index, as far as it is to be traded.

    Raises:
        HistoryError: One has none, and is not known to have been suspended: the run would be on the others
            alone, and nobody would see it.
    """
    lacking = [
        symbol
        for symbol, days in spans.items()
        if (not wanted.symbols or symbol in wanted.symbols)
        and not any(_has_bars(found.get(symbol), span) for span in days)
        and not (symbol in facts and all(facts[symbol].is_suspended(span.since) for span in days))
    ]
    if lacking:
        raise HistoryError(
            f"the history holds no {wanted.length} bars of {', '.join(lacking)} from when they belonged to "
            f"{wanted.index}; get them with `data download --index {wanted.index}` or `data import`, or name "
            "a watchlist"
        )


def _has_bars(series: Series | None, span: Span) -> bool:
    if series is None:
        return False
    market = series.market
    first = moment_of(market, span.since, time(0))
    last = moment_of(market, span.until or date.max, time(23, 59))
    return len(series.between(first, last)) > 0


def _kinds(store: HistoryStore, wanted: Wanted) -> list[Kind]:
    """Return the kinds of bars that are read together: they differ in shares and lots at most.

    Shares can be told of lots, so that both are read whatever unit is chosen; what counts something unknown
    is read by itself.

    Raises:
        HistoryError: There is none, or they must not be mixed.
    """
    held = store.held(wanted.length, wanted.symbols or None)
    kinds = list(dict.fromkeys(one.kind for one in held if one.market is wanted.market))
    adjusted = [one for one in kinds if wanted.adjustment in (None, one.adjustment)]
    apart = wanted.volume_unit is VolumeUnit.UNKNOWN
    fitting = [
        one
        for one in adjusted
        if wanted.volume_unit is None or (one.volume_unit is VolumeUnit.UNKNOWN) is apart
    ]
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
    _require_alone(held, adjusted, fitting)
    return fitting


def _require_alone(held: Sequence[Held], adjusted: Sequence[Kind], fitting: Sequence[Kind]) -> None:
    """Do nothing where no symbol has bars both of the kinds that are read and of one left out for its unit.

    Raises:
        HistoryError: One has: the days that are known may be those of the others.
    """
    read = {one.symbol for one in held if one.kind in fitting}
    both = [one for one in held if one.kind in adjusted and one.kind not in fitting and one.symbol in read]
    if both:
        raise HistoryError(
            f"the history holds {both[0].symbol} {both[0].kind} beside {_listed(fitting)}; take one of them "
            f"away with `data remove --symbols {both[0].symbol} --frequency {both[0].kind.length}`, and "
            "import it with its --volume-unit"
        )


def _all_held(store: HistoryStore, kinds: Sequence[Kind], wanted: Wanted) -> tuple[Symbol, ...]:
    held = (one for one in store.held(wanted.length) if one.kind in kinds)
    return tuple(dict.fromkeys(one.symbol for one in held if one.market is wanted.market))


def _nothing(wanted: Wanted, lacking: Sequence[Symbol]) -> HistoryError:
    of = f" of {', '.join(lacking[:5])}" if lacking else ""
    return HistoryError(
        f"the history holds no {wanted.length} bars{of} on market {wanted.market}; see `data list`, and get "
        "them with `data download` or `data import`"
    )


def _listed(kinds: Sequence[Kind]) -> str:
    return " and ".join(map(str, kinds))


def _panel(
    all_series: Sequence[Series],
    tables: FactTables,
    told: Mapping[Symbol, Sequence[Described]],
    facts: Mapping[Symbol, Instrument],
    days: Days,
    trading: TradingDays,
) -> Panel:
    first = all_series[0]
    times = _times(all_series)
    ends = np.array([when.end_s for when in times], dtype=np.int64)
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
        source=f"{PREFIX}{first.kind.length}{taken_for_so(all_series, tables, told, days, trading)}",
        digest="",
        instruments=_told(facts, symbols),
        actions=_actions(first.kind, frozenset(symbols), tables),
    )


def _told(facts: Mapping[Symbol, Instrument], symbols: Sequence[Symbol]) -> dict[Symbol, Instrument]:
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
