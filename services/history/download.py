"""Downloads of history: part by part, each checked before it counts, none of them twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time
from functools import cached_property

from msgspec.structs import replace as replaced

from services.calendars import FIRST_DAYS
from services.domain.bars import Adjustment
from services.domain.instruments import Instrument, Market, Symbol
from services.history.asking import Gap, beside, in_parts, unknown_days, with_anchors
from services.history.checking import findings_of
from services.history.coverage import Answered, answered, expected
from services.history.descriptions import Described, facts_known, together
from services.history.doubtful_days import doubtful_days
from services.history.findings import Certainty, Finding, condensed, ordered
from services.history.index import HistoryError, Index
from services.history.lengths import day_of, last_day_over
from services.history.series import PRICES, Series, conflicts, on_days, seconds_of
from services.history.spans import NOTHING, Cover, Covered, Days, covering
from services.history.store import Conflict, HistoryStore
from services.history.survey import Survey, survey
from services.history.tables import EX_DAYS, FACTORS, FactTables
from services.history.vendors import NO_BARS, ExDays, HistoryVendor, NotTold, Period, Told
from services.ports import Calendar, Clock


@dataclass(kw_only=True)
class Summary:
    """What came of a download.

    `short` are stored symbols whose bars do not reach over all that was asked for, with what they lack;
    `lacks` says what was not told beside the bars; both are asked for again next time. `told` are findings
    of stored bars that are no errors; `unreached` is set where the vendor gave nothing at all twice in a
    row: the rest was not asked for then.
    """

    already: int = 0
    stored: list[Symbol] = field(default_factory=list)
    bars: int = 0
    set_aside: dict[Symbol, str] = field(default_factory=dict)
    failed: dict[Symbol, str] = field(default_factory=dict)
    short: dict[Symbol, str] = field(default_factory=dict)
    told: list[Finding] = field(default_factory=list)
    lacks: dict[str, str] = field(default_factory=dict)
    unreached: bool = False

    @property
    def whole(self) -> bool:
        """Whether every symbol is there, with all that was asked for."""
        return not (self.set_aside or self.failed or self.short or self.lacks or self.unreached)


@dataclass(frozen=True, kw_only=True)
class Download:
    """One download: from whom, into which store, judged by which calendar."""

    vendor: HistoryVendor
    store: HistoryStore
    calendar: Calendar
    clock: Clock
    period: Period

    @property
    def topic(self) -> str:
        """Of what days are noted as known: raw bars of the length."""
        return f"{self.period.length} {Adjustment.RAW}"

    async def run(self, symbols: Sequence[Symbol], step: Callable[[], None] = lambda: None) -> Summary:
        """Return what came of asking for the days of the symbols that are not known yet.

        Raises:
            HistoryError: The store cannot be written; what is in it stays.
        """
        asked = tuple(dict.fromkeys(symbols))
        self._doubt(asked)
        self._note_quiet(asked)
        gaps = self._gaps(asked)
        summary = Summary(already=len(asked) - len(gaps))
        in_vain = 0
        parts = list(in_parts(gaps, self.vendor.at_a_time))
        for number, part in enumerate(parts, start=1):
            answers = await self._answers(part)
            self._take(part, answers, summary)
            in_vain = _in_vain(in_vain, answers.values())
            if in_vain == 2 and number < len(parts):
                summary.unreached = True
                return summary
            for _ in part:
                step()
        nothing = not (summary.stored or summary.set_aside)
        summary.unreached = nothing and _in_vain(0, summary.failed.values()) > 0
        if not summary.unreached:
            await self._ex_days(asked, summary, step)
        return summary

    def _doubt(self, symbols: Sequence[Symbol]) -> None:
        """Note days as unknown that lack bars by facts that came after them: they are asked for again."""
        days = Days(self.period.start, self.period.end)
        doubtful = doubtful_days(
            self.store, self.period.length, self.topic, symbols, days, self._described, self.calendar
        )
        if doubtful:
            self.store.note_unknown(doubtful)

    def _note_quiet(self, symbols: Sequence[Symbol]) -> None:
        """Note days of which nothing is to be told as known: nobody is asked for a weekend."""
        facts = self._facts
        # A share that does not trade may still have an ex-day.
        lives = {symbol: replaced(one, suspended=()) for symbol, one in facts.items()}
        quiet = [
            Cover(topic, symbol, days)
            for topic, known in ((self.topic, facts), (EX_DAYS, lives), (FACTORS, lives))
            for days, some in self._unknown(symbols, topic).items()
            if FIRST_DAYS[Market.CN] <= days.first and days.last <= self.calendar.known_until
            for symbol in some
            if not expected(self.calendar.trading_days(*days), known.get(symbol))
        ]
        if quiet:
            self.store.note_covered(quiet)

    def _gaps(self, symbols: Sequence[Symbol]) -> dict[Symbol, list[Gap]]:
        """Return what to ask for: the days that are not known, each span with a bar on both sides of it."""
        covered, period = self.store.covered(self.topic), Days(self.period.start, self.period.end)
        unknown = unknown_days(symbols, covered, period)
        near = beside(unknown, covered)
        there = self.store.bar_days(self.period.length, self.topic, near) if near else {}
        for one in self.store.held(self.period.length, unknown):
            if one.kind.topic == self.topic:
                # A suspension may have lasted longer than one looks back: the ends of parts are known.
                ends = (day_of(one.market, end) for end in (one.first, one.last))
                there.setdefault(one.symbol, set()).update(ends)
        return with_anchors(unknown, covered, there)

    async def _answers(self, part: Sequence[Gap]) -> dict[Gap, Told | str]:
        """Return what the vendor answers to each gap, those of other days asked for at the same time."""
        by_days: dict[Days, list[Gap]] = {}
        for gap in part:
            by_days.setdefault(gap.asked, []).append(gap)
        told = await asyncio.gather(
            *(
                self.vendor.bars([gap.symbol for gap in some], self._on(days))
                for days, some in by_days.items()
            )
        )
        answers = dict(zip(by_days, told, strict=True))
        return {gap: answers[gap.asked][gap.symbol] for gap in part}

    def _on(self, days: Days) -> Period:
        return replace(self.period, start=days.first, end=days.last)

    def _unknown(self, symbols: Sequence[Symbol], topic: str) -> dict[Days, list[Symbol]]:
        """Return the spans of the period that are not known, and of which symbols."""
        covered = self.store.covered(topic)
        found: dict[Days, list[Symbol]] = {}
        for symbol in symbols:
            for days in covered.get(symbol, NOTHING).missing(self.period.start, self.period.end):
                found.setdefault(days, []).append(symbol)
        return found

    async def _ex_days(self, symbols: Sequence[Symbol], summary: Summary, step: Callable[[], None]) -> None:
        """Ask for the ex-days and factors that did not come with bars, of symbols whose bars are there."""
        left: dict[Days, list[Symbol]] = {}
        for topic in (EX_DAYS, FACTORS):
            for days, some in self._unknown(symbols, topic).items():
                there = left.setdefault(days, [])
                there += [one for one in some if one not in there]
        out = {*summary.lacks, *summary.failed, *summary.set_aside}
        wanted = {days: [one for one in some if one not in out] for days, some in left.items()}
        for days, part in _parts(wanted, self.vendor.at_a_time):
            period = self._on(days)
            answers = await self.vendor.ex_days(part, period)
            self._keep_ex_days({symbol: answers[symbol] for symbol in part}, period, summary)
        for _ in range(summary.already):
            step()

    def _take(self, part: Sequence[Gap], answers: Mapping[Gap, Told | str], summary: Summary) -> None:
        """Store what passes its checks, all of a part in one commit."""
        sound: dict[Gap, Series] = {}
        ex_days: dict[Gap, ExDays] = {}
        for gap in part:
            told = answers[gap]
            if isinstance(told, str):
                summary.failed[gap.symbol] = told
                continue
            series = self._judged(gap, told, summary)
            if series is not None:
                sound[gap] = series
                ex_days[gap] = told.ex_days
        self._store(sound, summary)
        for gap, one in ex_days.items():
            if gap.symbol not in summary.set_aside:
                self._keep_ex_days({gap.symbol: one}, self._on(gap.asked), summary)

    def _judged(self, gap: Gap, told: Told, summary: Summary) -> Series | None:
        """Return a symbol's bars where they pass; else they are set aside."""
        symbol = gap.symbol
        ended = self._ended(symbol, told)
        findings = [*ended.findings, *findings_of(ended, self.calendar, (), told.ex_days.actions or ())]
        errors = [one for one in ordered(condensed(findings)) if one.certainty is Certainty.ERROR]
        series = next(iter(ended.series), None)
        why = f"{errors[0].kind}: {errors[0].detail}" if errors else ""
        if series is None:
            summary.failed[symbol] = NotTold(why or "no bar of the symbol has ended yet")
            return None
        if series.symbol != symbol:
            why = why or f"bars of {series.symbol}"
        why = why or self._contradicted(gap, series)
        if why:
            self._set_aside(gap, series, why, summary)
            return None
        summary.told += [one for one in findings if one.certainty is Certainty.SUSPECT]
        return series

    def _contradicted(self, gap: Gap, series: Series) -> str:
        """Return which bar of a day that is known has other prices than the one that is there, if one has.

        Its volume and amount may differ: vendors round to lots, and some tell no amounts.
        """
        held = self.store.held(self.period.length, [gap.symbol])
        kinds = dict.fromkeys(one.kind for one in held if one.kind.topic == self.topic)
        for days in gap.known:
            span = seconds_of(series.market, days)
            for there in (one for kind in kinds for one in self.store.read(kind, [gap.symbol], *span)):
                for end in conflicts(series, there, PRICES)[:1]:
                    return (
                        f"{gap.symbol} {self.topic}, {series.label_of(end)}: other prices are there already; "
                        "if the new ones are right, take the old ones away with `data remove`"
                    )
        return ""

    def _ended(self, symbol: Symbol, told: Told) -> Survey:
        """Return a vendor's bars of days that are over."""
        over = Days(FIRST_DAYS[Market.CN], last_day_over(self.clock.now(), Market.CN))
        found = survey(
            symbol,
            told.bars,
            adjustment=Adjustment.RAW,
            volume_unit=told.volume_unit,
            length=self.period.length,
            early_close=self.calendar.early_close,
        )
        whole = (series.between(*seconds_of(Market.CN, over)) for series in found.series)
        return Survey(
            name=found.name,
            length=found.length,
            series=tuple(one for one in whole if len(one)),
            findings=found.findings,
            units=found.units,
        )

    def _store(self, sound: Mapping[Gap, Series], summary: Summary) -> None:
        """Store the bars of days that were not known together; where one contradicts what is there, alone."""
        if not sound:
            return
        reached = {gap.symbol: self._reached(gap, series) for gap, series in sound.items()}
        covers = [
            Cover(self.topic, gap.symbol, days)
            for gap in sound
            for days in Covered(reached[gap.symbol].days).within(gap.days).spans
        ]
        try:
            summary.bars += self.store.add(
                [on_days(series, [gap.days]) for gap, series in sound.items()],
                source=self.vendor.name,
                fetched_at=self.clock.now(),
                covered=covers,
            )
            summary.stored += [one for one in reached if one not in summary.stored]
            summary.short |= {symbol: one.lacks for symbol, one in reached.items() if one.lacks}
        except Conflict as conflict:
            for gap, series in sound.items():
                if len(sound) > 1:
                    self._store({gap: series}, summary)
                else:
                    self._set_aside(gap, series, str(conflict), summary)

    def _set_aside(self, gap: Gap, series: Series, why: str, summary: Summary) -> None:
        self.store.set_aside(series, days=gap.asked, why=why, at=self.clock.now())
        summary.set_aside[gap.symbol] = why

    def _reached(self, gap: Gap, series: Series) -> Answered:
        """Return of which days a symbol's bars are whole, as far as these are over and known."""
        last = min(gap.asked.last, last_day_over(self.clock.now(), series.market))
        # Of days the calendar does not know nobody can say that a bar is missing.
        last = min(last, max(self.calendar.known_until, day_of(series.market, int(series.ends[-1]))))
        asked = Days(gap.asked.first, last)
        told = facts_known(self._described.get(gap.symbol, ())).within(gap.days)
        days, facts = self.calendar.trading_days(*asked), self._facts.get(gap.symbol)
        return answered(series, asked, days, facts, told, self._early_close)

    def _early_close(self, day: date) -> time | None:
        return self.calendar.early_close(day)

    @cached_property
    def _described(self) -> Mapping[Symbol, Sequence[Described]]:
        return FactTables(Index(self.store.folder)).described()

    @cached_property
    def _facts(self) -> Mapping[Symbol, Instrument]:
        return {symbol: together(some) for symbol, some in self._described.items()}

    def _keep_ex_days(self, answers: Mapping[Symbol, ExDays], period: Period, summary: Summary) -> None:
        """Keep what was told of ex-days, and of which days that is all."""
        tables = FactTables(Index(self.store.folder))
        days = Days(period.start, period.end)
        for symbol, told in answers.items():
            lacks = list(told.lacks)
            if told.actions is not None:
                tables.keep_actions(symbol, days, told.actions, self.vendor.name)
            if told.factors:
                lost = self._without_factor(symbol, days, told)
                for span in covering([days]).less(Days(day, day) for day in lost).spans:
                    first, last = span
                    some = {day: factor for day, factor in told.factors.items() if first <= day <= last}
                    tables.keep_factors(symbol, span, some, self.vendor.name)
                lacks += [f"{self.vendor.name} tells no factor of {_some(lost)}"] if lost else []
            if lacks:
                summary.lacks[symbol] = "; ".join(lacks)

    def _without_factor(self, symbol: Symbol, days: Days, told: ExDays) -> list[date]:
        """Return the days with bars, ascending, of which the vendor should have stated a factor."""
        if told.factor_days is None:
            return []
        there = self.store.bar_days(self.period.length, self.topic, {symbol: [days]}).get(symbol, set())
        return sorted(day for day in there - told.factor_days if days.first <= day <= days.last)


def _parts(left: Mapping[Days, Sequence[Symbol]], at_a_time: int) -> Iterator[tuple[Days, Sequence[Symbol]]]:
    """Yield the symbols of each span, so many at a time."""
    for days, symbols in left.items():
        for first in range(0, len(symbols), at_a_time):
            yield days, symbols[first : first + at_a_time]


def _some(days: Sequence[date]) -> str:
    more = f" and {len(days) - 1} more days" if len(days) > 1 else ""
    return f"{days[0]}{more}"


def _in_vain(before: int, answers: Iterable[Told | str]) -> int:
    """Return how often in a row a vendor gave no answer at all, with these.

    What a vendor does not serve says nothing of its hosts: it was not asked.
    """
    asked = [one for one in answers if one == NO_BARS or not isinstance(one, NotTold)]
    if not asked:
        return before
    return before + 1 if all(isinstance(one, str) and one != NO_BARS for one in asked) else 0


def require_period(period: Period) -> None:
    """Do nothing where there are days in a period.

    Raises:
        HistoryError: It ends before it begins.
    """
    if period.end < period.start:
        raise HistoryError(f"--end {period.end} lies before --start {period.start}; exchange the two")
