"""Which bars are missing, by the calendar and the market's sessions. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time

from services.domain.bars import CorporateAction
from services.domain.instruments import Instrument, Market, Symbol
from services.history.coverage import ends_on
from services.history.findings import Certainty, Finding, FindingKind
from services.history.lengths import BarLength, day_of
from services.history.series import Series
from services.history.spans import Covered


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known beside the bars: `days` with trading, ascending, early closes, facts, ex-days.

    Of days before `days_since` and after `days_until` nobody knows whether they had trading. Of a symbol in
    `covered` bars of other days were never asked for.
    """

    days: tuple[date, ...]
    days_since: date
    days_until: date
    early_closes: Mapping[date, time] = field(default_factory=dict)
    instruments: Mapping[Symbol, Instrument] = field(default_factory=dict)
    actions: tuple[CorporateAction, ...] = ()
    covered: Mapping[Symbol, Covered] = field(default_factory=dict)

    def is_asked_for(self, symbol: Symbol, day: date) -> bool:
        """Answer whether a symbol's bars of a day came with an answer that was whole of it."""
        covered = self.covered.get(symbol)
        return covered is None or covered.holds(day)

    def is_suspended(self, symbol: Symbol, day: date) -> bool:
        """Answer whether a symbol is known not to have traded on a day."""
        facts = self.instruments.get(symbol)
        return facts is not None and facts.is_suspended(day)


def gap_findings(all_series: Sequence[Series], known: Known) -> list[Finding]:
    """Return the bars and days that series of one market and length lack.

    What is judged reaches from a symbol's first bar to the last one of all: where a symbol begins later
    than the others, or ends earlier, that is said by itself.
    """
    held = [one for one in all_series if len(one)]
    if not held or held[0].kind.length is BarLength.WEEK:
        return []
    market, length = held[0].market, held[0].kind.length
    grid = _Grid(market, length, known)
    first, last = min(int(one.ends[0]) for one in held), max(int(one.ends[-1]) for one in held)
    found: list[Finding] = []
    lacks = {series.symbol: _lack(series, grid) for series in held}
    ends = Counter(end for lack in lacks.values() for end in lack.ends)
    days = Counter(day for lack in lacks.values() for day in lack.days)
    of_all = frozenset(end for end, count in ends.items() if _is_most(count, held, end, end, known))
    no_day = frozenset(
        day
        for day, count in days.items()
        if _is_most(count, held, grid.ends(day)[0], grid.ends(day)[-1], known)
    )
    for series in held:
        lack = lacks[series.symbol]
        found += [*_edges(series, grid, first, last), *_unserved(series, lack, known)]
        found += _whole_days(series, lack, grid, no_day)
        found += _single_bars(series, lack.ends, grid, of_all)
        found += _closed_days(series, known)
    return found


@dataclass(frozen=True, kw_only=True)
class _Lack:
    """What a symbol lacks: whole days, and the ends of bars of days that have others.

    `suspended` are whole days too, on which it is known not to have traded; `unknown` are days that are not
    known to be whole.
    """

    days: tuple[date, ...]
    ends: tuple[int, ...]
    suspended: tuple[date, ...]
    unknown: tuple[date, ...]


class _Grid:
    """The ends of all bars there should be."""

    def __init__(self, market: Market, length: BarLength, known: Known) -> None:
        self.market, self.length, self.known = market, length, known

    def ends(self, day: date) -> tuple[int, ...]:
        return ends_on(self.market, self.length, day, self.known.early_closes.get)

    def between(self, first: int, last: int) -> list[int]:
        """Return the ends in [first, last], ascending."""
        begin, until = day_of(self.market, first), day_of(self.market, last)
        days = [day for day in self.known.days if begin <= day <= until]
        return [end for day in days for end in self.ends(day) if first <= end <= last]


def _lack(series: Series, grid: _Grid) -> _Lack:
    there = set(series.ends.tolist())
    by_day: dict[date, list[int]] = {}
    for end in grid.between(int(series.ends[0]), int(series.ends[-1])):
        if end not in there:
            by_day.setdefault(day_of(series.market, end), []).append(end)
    whole = tuple(day for day, ends in by_day.items() if len(ends) == len(grid.ends(day)))
    halted = frozenset(day for day in by_day if grid.known.is_suspended(series.symbol, day))
    unknown = tuple(
        day for day in by_day if day not in halted and not grid.known.is_asked_for(series.symbol, day)
    )
    by_day = {day: ends for day, ends in by_day.items() if day not in unknown}
    whole = tuple(day for day in whole if day not in unknown)
    return _Lack(
        days=tuple(day for day in whole if day not in halted),
        ends=tuple(
            end for day, ends in by_day.items() if day not in whole and day not in halted for end in ends
        ),
        suspended=tuple(day for day in whole if day in halted),
        unknown=unknown,
    )


def _is_most(count: int, held: Sequence[Series], first: int, last: int, known: Known) -> bool:
    """Answer whether so many are several, and most of the series that reach over a span of one day.

    Who is known to be suspended on that day is left out.
    """
    there = sum(
        int(one.ends[0]) <= last
        and first <= int(one.ends[-1])
        and not known.is_suspended(one.symbol, day_of(one.market, last))
        for one in held
    )
    return count > 1 and count * 2 > there


def _edges(series: Series, grid: _Grid, first: int, last: int) -> list[Finding]:
    """Return that a symbol's bars begin later or end earlier than those of the others."""
    found = []
    begins, ends = int(series.ends[0]), int(series.ends[-1])
    before = len(grid.between(first, begins)) - 1
    facts = grid.known.instruments.get(series.symbol)
    listed = facts is not None and facts.listed_on == day_of(series.market, begins)
    if before > 0 and not listed:
        detail = f"begins {before} bars after the others; listed then, or the bars before are missing"
        found.append(_note(FindingKind.BEGINS_LATE, series, before, 0, detail))
    after = len(grid.between(ends, last)) - 1
    if after > 0:
        detail = f"ends {after} bars before the others; halted, delisted, or the bars after are missing"
        found.append(_note(FindingKind.ENDS_EARLY, series, after, len(series) - 1, detail))
    return found


def _unserved(series: Series, lack: _Lack, known: Known) -> list[Finding]:
    """Return the first or last day of a series where it is not known to be whole: no run sees its bars."""
    rows = {day_of(series.market, int(series.ends[row])): row for row in (0, len(series) - 1)}
    detail = "bars of a day that did not come whole; runs leave them out"
    return [
        _note(FindingKind.NOT_COVERED, series, 1, row, detail)
        for day, row in rows.items()
        if day not in lack.unknown and not known.is_asked_for(series.symbol, day)
    ]


_OF_ALL = "most symbols lack it: the data's gap, not a share's"


def _whole_days(series: Series, lack: _Lack, grid: _Grid, no_day: frozenset[date]) -> list[Finding]:
    """Return the days without a bar, in runs of days that follow each other."""
    lost = _runs([day for day in lack.days if day in no_day], grid.known.days)
    own = _runs([day for day in lack.days if day not in no_day], grid.known.days)
    halted = _runs(lack.suspended, grid.known.days)
    unknown = _runs(lack.unknown, grid.known.days)
    return [
        *(_not_asked_for(series, run, grid) for run in unknown),
        *(_gap(series, run, grid, Certainty.ERROR, _OF_ALL, "fetch the day again") for run in lost),
        *(_own_gap(series, run, grid) for run in own),
        *(_suspension(series, run, grid) for run in halted),
    ]


def _own_gap(series: Series, run: Sequence[date], grid: _Grid) -> Finding:
    detail = f"{_days(run)} without a bar: suspended, or missing"
    mend = "fetch them, or declare the suspension"
    return _gap(series, run, grid, Certainty.SUSPECT, detail, mend)


def _not_asked_for(series: Series, run: Sequence[date], grid: _Grid) -> Finding:
    detail = f"{_days(run)} between others that no download or import was whole of"
    mend = (
        f"`data download --symbols {series.symbol} --frequency {grid.length} --start {run[0]} "
        f"--end {run[-1]}`, or import them"
    )
    found = _gap(series, run, grid, Certainty.SUSPECT, detail, mend)
    return replace(found, kind=FindingKind.NOT_COVERED)


def _suspension(series: Series, run: Sequence[date], grid: _Grid) -> Finding:
    found = _gap(series, run, grid, Certainty.NOTE, f"{_days(run)} without a bar: suspended", "")
    return replace(found, kind=FindingKind.SUSPENDED)


def _days(run: Sequence[date]) -> str:
    return "a trading day" if len(run) == 1 else f"{len(run)} trading days in a row"


def _gap(
    series: Series, run: Sequence[date], grid: _Grid, certainty: Certainty, detail: str, mend: str
) -> Finding:
    return Finding(
        kind=FindingKind.MISSING_DAYS,
        certainty=certainty,
        symbols=(series.symbol,),
        bars=sum(len(grid.ends(day)) for day in run),
        first=str(run[0]),
        last=str(run[-1]),
        detail=detail,
        mend=mend,
    )


def _single_bars(
    series: Series, missing: Sequence[int], grid: _Grid, of_all: frozenset[int]
) -> list[Finding]:
    """Return the bars that days lack, together by day; those that most symbols lack by themselves."""
    by_day: dict[tuple[date, bool], list[int]] = {}
    for end in missing:
        by_day.setdefault((day_of(series.market, end), end in of_all), []).append(end)
    found = []
    for (day, of_most), ends in by_day.items():
        some = f"{len(ends)} of {len(grid.ends(day))} bars of the day are missing"
        found.append(
            Finding(
                kind=FindingKind.MISSING_BARS,
                certainty=Certainty.ERROR if of_most else Certainty.SUSPECT,
                symbols=(series.symbol,),
                bars=len(ends),
                first=series.label_of(ends[0]),
                last=series.label_of(ends[-1]),
                detail=f"{some}; {_OF_ALL}" if of_most else f"{some}: halted, or lost",
                mend="fetch the day again",
            )
        )
    return found


def _runs(days: Sequence[date], trading: Sequence[date]) -> list[list[date]]:
    """Return the days in runs without a trading day between."""
    place = {day: number for number, day in enumerate(trading)}
    runs: list[list[date]] = []
    for day in days:
        if runs and place[day] == place[runs[-1][-1]] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs


def _closed_days(series: Series, known: Known) -> list[Finding]:
    open_days = frozenset(known.days)
    rows = {day_of(series.market, end): row for row, end in enumerate(series.ends.tolist())}
    return [
        Finding(
            kind=FindingKind.CLOSED_DAY,
            certainty=Certainty.ERROR,
            symbols=(series.symbol,),
            bars=1,
            first=series.label(row),
            last=series.label(row),
            detail="a bar of a day without trading",
            mend="leave it out",
        )
        for day, row in rows.items()
        if day not in open_days and known.days_since <= day <= known.days_until
    ]


def _note(kind: FindingKind, series: Series, bars: int, row: int, detail: str) -> Finding:
    return Finding(
        kind=kind,
        certainty=Certainty.NOTE,
        symbols=(series.symbol,),
        bars=bars,
        first=series.label(row),
        last=series.label(row),
        detail=detail,
        mend="",
    )
