"""Checks of bars: one file, several against each other, the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import combinations
from pathlib import Path

from services.calendars import FIRST_DAYS
from services.domain.bars import Adjustment, CorporateAction, VolumeUnit
from services.domain.instruments import Instrument, Market, Symbol
from services.history.comparison import compared
from services.history.factor_check import factor_findings
from services.history.findings import Certainty, Finding, FindingKind, condensed, ordered
from services.history.gaps import Known, gap_findings
from services.history.index import INDEX_NAME
from services.history.index_sizes import roll_problem
from services.history.lengths import BarLength, day_of
from services.history.moves import move_findings
from services.history.required import may_trade
from services.history.series import BarsDiffer, Series
from services.history.spans import NOTHING, Covered
from services.history.store import FOREVER, HistoryStore
from services.history.survey import Survey, survey
from services.history.tables import FactTables
from services.history.volume_units import Reading, reading_of, unit_findings
from services.market.bar_times import market_of
from services.market.declared_facts import read_declared_facts
from services.market.panel_builder import DeclaredFacts
from services.market.price_files import PriceFileError, raw_bars, require_file
from services.ports import Calendar
from services.text_encoding import first_line_not_utf8


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What was checked, the sound bars in it, and what was found."""

    name: str
    series: tuple[Series, ...]
    findings: tuple[Finding, ...]
    facts: DeclaredFacts = field(default_factory=DeclaredFacts)
    names: Mapping[Symbol, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What a person says of files: how long their bars are, adjusted how, volumes in what. None: nothing."""

    length: BarLength | None = None
    adjustment: Adjustment | None = None
    volume_unit: VolumeUnit | None = None


def check_file(
    path: Path, declared: Declared, calendar: Calendar, now: datetime, market: Market = Market.CN
) -> Checked:
    """Return what a price file holds and what is wrong with it; nothing is raised for its content.

    No bar may end after `now`; the calendar is that of the market.
    """
    try:
        require_file(path)
        facts = read_declared_facts(path, declared.adjustment, declared.volume_unit)
        found = survey(
            path.name,
            raw_bars(path),
            adjustment=facts.adjustment,
            volume_unit=facts.volume_unit,
            length=declared.length,
            early_close=calendar.early_close,
        )
    except PriceFileError as problem:
        return Checked(name=path.name, series=(), findings=(unreadable(str(problem)),))
    except UnicodeDecodeError:
        words = f"{path}:{first_line_not_utf8(path)}: is not UTF-8 text; save it as UTF-8"
        return Checked(name=path.name, series=(), findings=(unreadable(words),))
    findings = [
        *found.findings,
        *_of_another_market(found, market),
        *_not_over(found.series, now),
        *findings_of(found, calendar, facts.instruments, facts.actions),
    ]
    return Checked(
        name=path.name,
        series=found.series,
        findings=ordered(condensed(findings)),
        facts=facts,
        names=found.names,
    )


def _of_another_market(found: Survey, market: Market) -> list[Finding]:
    """Return that symbols of a file are traded on another market than is asked for."""
    symbols = tuple(sorted(symbol for symbol in found.names if market_of(symbol) is not market))
    if not symbols:
        return []
    other = market_of(symbols[0])
    words = f"{symbols[0]} is traded on market {other}, asked for is {market}"
    mend = f"give --market {other}; keep the symbols of each market in a file of their own"
    return [
        Finding(
            kind=FindingKind.OTHER_MARKET,
            certainty=Certainty.ERROR,
            symbols=symbols,
            detail=words,
            mend=mend,
        )
    ]


def _not_over(all_series: Sequence[Series], now: datetime) -> list[Finding]:
    """Return the bars that end after a moment."""
    late = ((one, one.between(int(now.timestamp()) + 1, FOREVER[1])) for one in all_series)
    return [
        Finding(
            kind=FindingKind.IN_PROGRESS,
            certainty=Certainty.ERROR,
            symbols=(series.symbol,),
            bars=len(bars),
            first=bars.label(0),
            last=bars.label(len(bars) - 1),
            detail=f"{len(bars)} bars that are not over yet, the first {bars.label(0)}",
            mend="leave them out, or correct their dates",
        )
        for series, bars in late
        if len(bars)
    ]


def findings_of(
    found: Survey,
    calendar: Calendar,
    instruments: Iterable[Instrument] = (),
    actions: Sequence[CorporateAction] = (),
) -> list[Finding]:
    """Return what is wrong with the sound bars of a survey."""
    return series_findings(found.series, calendar, instruments, actions, found.units)


def series_findings(
    all_series: Sequence[Series],
    calendar: Calendar,
    instruments: Iterable[Instrument] = (),
    actions: Sequence[CorporateAction] = (),
    units: Reading | None = None,
    covered: Mapping[Symbol, Covered] | None = None,
) -> list[Finding]:
    """Return what is wrong with series of one length and market; None of `covered`: all was asked for."""
    held = [one for one in all_series if len(one)]
    if not held:
        return []
    facts = {one.symbol: one for one in instruments}
    known = replace(known_of(held, calendar, facts, tuple(actions)), covered=covered or {})
    return [
        *gap_findings(held, known),
        *move_findings(held, known),
        *unit_findings(held, reading_of(held) if units is None else units),
    ]


def known_of(
    held: Sequence[Series],
    calendar: Calendar,
    instruments: dict[Symbol, Instrument],
    actions: tuple[CorporateAction, ...],
) -> Known:
    """Return what is known of the days over which the series reach."""
    market = held[0].market
    first = day_of(market, min(int(one.ends[0]) for one in held))
    last = day_of(market, max(int(one.ends[-1]) for one in held))
    since = max(first, FIRST_DAYS[market])
    until = min(last, calendar.known_until)
    days = calendar.trading_days(since, until) if since <= until else ()
    closes = {day: close for day in days if (close := calendar.early_close(day)) is not None}
    return Known(
        days=days,
        days_since=since,
        days_until=until,
        early_closes=closes,
        instruments=instruments,
        actions=actions,
    )


def check_pairs(checked: Sequence[Checked]) -> tuple[Finding, ...]:
    """Return in what files contradict each other, each with each."""
    found: list[Finding] = []
    for one, two in combinations(checked, 2):
        if _market(one) is _market(two):
            found += condensed(compared((one.name, one.series), (two.name, two.series)))
    return ordered(found)


def check_store(
    store: HistoryStore, tables: FactTables, calendar: Calendar, market: Market, now: datetime
) -> list[Checked]:
    """Return what each kind of bars in the store holds and what is wrong with it, the files first.

    No bar may end after `now`.

    Raises:
        HistoryError: The index cannot be read.
    """
    damaged = [
        Finding(kind=FindingKind.DAMAGED, certainty=Certainty.ERROR, detail=problem)
        for problem in store.problems()
    ]
    beside = [*damaged, *_orphaned(store), *_short_rolls(tables), *_aside(store)]
    name = str(store.folder)
    checked = [Checked(name=name, series=(), findings=ordered(beside))] if beside else []
    if damaged:
        return checked
    instruments, actions = tables.instruments(), tables.actions()
    kinds = dict.fromkeys(one.kind for one in store.held() if one.market is market)
    for kind in kinds:
        symbols = {one.symbol for one in store.held(kind.length) if one.kind == kind and one.market is market}
        series, differ = store.read_sound(kind, symbols)
        covered = store.covered(kind.topic)
        asked = {one.symbol: covered.get(one.symbol, NOTHING) for one in series}
        findings = [
            *map(_contradiction, differ),
            *_not_over(series, now),
            *series_findings(series, calendar, instruments, actions, covered=asked),
            *factor_findings(series, tables, partial(may_trade, calendar)),
        ]
        checked.append(Checked(name=f"history:{kind}", series=series, findings=ordered(condensed(findings))))
    return checked


def _orphaned(store: HistoryStore) -> list[Finding]:
    """Return that there are files of bars which no index names; without any that is, all are lost to view."""
    orphans = store.orphans()
    if not orphans:
        return []
    lost = not store.held()
    words = f"{len(orphans)} files of bars that the index does not name, the first {orphans[0].name}"
    mend = "take them away with `data remove --orphans`"
    if lost:
        words = f"{len(orphans)} files of bars, and no index ({INDEX_NAME}) that tells what is in them"
        path = store.folder / INDEX_NAME
        mend = f"put {path} back from a copy; or {mend}, then download or import the bars again"
    certainty = Certainty.ERROR if lost else Certainty.NOTE
    return [Finding(kind=FindingKind.ORPHANED, certainty=certainty, detail=words, mend=mend)]


def _short_rolls(tables: FactTables) -> list[Finding]:
    """Return the lists of an index's members that are not whole."""
    problems = (roll_problem(roll) for index in tables.indexes() for roll in tables.rolls(index))
    return [
        Finding(
            kind=FindingKind.MEMBERS_SHORT,
            certainty=Certainty.ERROR,
            detail=problem,
            mend="download the index again, or import the whole list",
        )
        for problem in problems
        if problem
    ]


def _aside(store: HistoryStore) -> list[Finding]:
    return [
        Finding(
            kind=FindingKind.SET_ASIDE,
            certainty=Certainty.NOTE,
            symbols=(one.symbol,),
            detail=f"{one.topic} {one.days}: {one.why}",
            mend="download it again",
        )
        for one in store.all_set_aside()
    ]


def _contradiction(found: BarsDiffer) -> Finding:
    """Return that the store holds two bars of one moment, of a symbol that is not checked any further."""
    return Finding(
        kind=FindingKind.BARS_DIFFER,
        certainty=Certainty.ERROR,
        symbols=(found.symbol,),
        bars=1,
        first=found.label,
        last=found.label,
        detail=str(found),
        mend=f"`data remove --symbols {found.symbol} --frequency {found.kind.length}`, then download or "
        "import its bars again",
    )


def unreadable(words: str) -> Finding:
    """Return that a file cannot be read, in the reader's words."""
    return Finding(kind=FindingKind.UNREADABLE, certainty=Certainty.ERROR, detail=words)


def renamed(checked: Checked, name: str) -> Checked:
    """Return it under another name, where two files are called alike."""
    return replace(checked, name=name)


def _market(checked: Checked) -> Market | None:
    return checked.series[0].market if checked.series else None
