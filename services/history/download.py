"""Downloads of history: part by part, each checked before it counts, none of them twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time, timedelta
from functools import cached_property

from msgspec.structs import replace as replaced

from services.calendars import FIRST_DAYS
from services.domain.bars import Adjustment
from services.domain.instruments import Instrument, Market, Symbol
from services.history.checking import findings_of
from services.history.coverage import Reach, expected, reach
from services.history.findings import Certainty, Finding, condensed, ordered
from services.history.index import HistoryError, Index
from services.history.lengths import day_end, day_of, moment_of
from services.history.series import Series
from services.history.spans import NOTHING, Cover, Days
from services.history.store import Conflict, HistoryStore
from services.history.survey import Survey, survey
from services.history.tables import EX_DAYS, FACTORS, FactTables
from services.history.vendors import NO_BARS, ExDays, HistoryVendor, Period, Told
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
        self._note_quiet(asked)
        left = self._left(asked)
        summary = Summary(already=len(asked) - len({symbol for some in left.values() for symbol in some}))
        in_vain = 0
        parts = list(_parts(left, self.vendor.at_a_time))
        for number, (days, part) in enumerate(parts, start=1):
            period = replace(self.period, start=days.first, end=days.last)
            answers = await self.vendor.bars(part, period)
            self._take(part, period, answers, summary)
            in_vain = in_vain + 1 if all(_is_fault(answers[one]) for one in part) else 0
            if in_vain == 2 and number < len(parts):
                summary.unreached = True
                return summary
            for _ in part:
                step()
        nothing = bool(parts) and not (summary.stored or summary.set_aside)
        summary.unreached = nothing and all(map(_is_fault, summary.failed.values()))
        if not summary.unreached:
            await self._ex_days(asked, summary, step)
        return summary

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

    def _left(self, symbols: Sequence[Symbol]) -> dict[Days, list[Symbol]]:
        """Return the spans to ask for: those not known, each from and to a bar that is known, where one is.

        Where an answer holds the bars on both sides, it was not cut off at the one or the other.
        """
        covered, bars = self.store.covered(self.topic), self._bar_days(symbols)
        found: dict[Days, list[Symbol]] = {}
        for days, some in self._unknown(symbols, self.topic).items():
            for symbol in some:
                known = covered.get(symbol, NOTHING)
                before = [one for one in bars.get(symbol, ()) if one < days.first]
                after = [one for one in bars.get(symbol, ()) if one > days.last]
                first = max((one for one in before if not known.gap(one, days.first)), default=days.first)
                last = min((one for one in after if not known.gap(days.last, one)), default=days.last)
                found.setdefault(Days(first, last), []).append(symbol)
        return found

    def _bar_days(self, symbols: Sequence[Symbol]) -> dict[Symbol, set[date]]:
        """Return days on which the symbols have bars: those with which stored parts begin and end."""
        found: dict[Symbol, set[date]] = {}
        for one in self.store.held(self.period.length, symbols):
            if one.kind.topic == self.topic:
                found.setdefault(one.symbol, set()).update(
                    day_of(one.market, end) for end in (one.first, one.last)
                )
        return found

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
            period = replace(self.period, start=days.first, end=days.last)
            answers = await self.vendor.ex_days(part, period)
            self._keep_ex_days({symbol: answers[symbol] for symbol in part}, period, summary)
        for _ in range(summary.already):
            step()

    def _take(
        self,
        part: Sequence[Symbol],
        period: Period,
        answers: Mapping[Symbol, Told | str],
        summary: Summary,
    ) -> None:
        """Store what passes its checks, all of a part in one commit."""
        sound: list[Series] = []
        ex_days: dict[Symbol, ExDays] = {}
        for symbol in part:
            told = answers[symbol]
            if isinstance(told, str):
                summary.failed[symbol] = told
                continue
            series = self._judged(symbol, told, period, summary)
            if series is not None:
                sound.append(series)
                ex_days[symbol] = told.ex_days
        self._store(sound, period, summary)
        kept = {symbol: one for symbol, one in ex_days.items() if symbol not in summary.set_aside}
        self._keep_ex_days(kept, period, summary)

    def _judged(self, symbol: Symbol, told: Told, period: Period, summary: Summary) -> Series | None:
        """Return a symbol's bars where they pass; else they are set aside."""
        ended = self._ended(symbol, told)
        findings = [*ended.findings, *findings_of(ended, self.calendar, (), told.ex_days.actions or ())]
        errors = [one for one in ordered(condensed(findings)) if one.certainty is Certainty.ERROR]
        series = next(iter(ended.series), None)
        if not errors and series is not None and series.symbol == symbol:
            summary.told += [one for one in findings if one.certainty is Certainty.SUSPECT]
            return series
        why = f"{errors[0].kind}: {errors[0].detail}" if errors else "no bar of the symbol has ended yet"
        if series is None:
            summary.failed[symbol] = why
        else:
            self._set_aside(symbol, series, period, why, summary)
        return None

    def _ended(self, symbol: Symbol, told: Told) -> Survey:
        """Return a vendor's bars as far as they had ended by now."""
        now = self.clock.now().timestamp()
        found = survey(
            symbol,
            told.bars,
            adjustment=Adjustment.RAW,
            volume_unit=told.volume_unit,
            length=self.period.length,
            early_close=self.calendar.early_close,
        )
        whole = (series.between(0, int(now)) for series in found.series)
        return Survey(
            name=found.name,
            length=found.length,
            series=tuple(one for one in whole if len(one)),
            findings=found.findings,
            units=found.units,
        )

    def _store(self, sound: Sequence[Series], period: Period, summary: Summary) -> None:
        """Store series together; where one contradicts what is there, the others by themselves."""
        if not sound:
            return
        reached = {one.symbol: self._reach(one, period) for one in sound}
        covers = [Cover(self.topic, symbol, one.days) for symbol, one in reached.items() if one.days]
        try:
            summary.bars += self.store.add(
                sound, source=self.vendor.name, fetched_at=self.clock.now(), covered=covers
            )
            summary.stored += [one for one in reached if one not in summary.stored]
            summary.short |= {symbol: one.lacks for symbol, one in reached.items() if one.lacks}
        except Conflict as conflict:
            if len(sound) > 1:
                for one in sound:
                    self._store([one], period, summary)
                return
            self._set_aside(sound[0].symbol, sound[0], period, str(conflict), summary)

    def _set_aside(self, symbol: Symbol, series: Series, period: Period, why: str, summary: Summary) -> None:
        days = Days(period.start, period.end)
        self.store.set_aside(series, days=days, why=why, at=self.clock.now())
        summary.set_aside[symbol] = why

    def _reach(self, series: Series, period: Period) -> Reach:
        """Return how far a symbol's bars reach over a period, as far as it is over and known."""
        now, market = self.clock.now().timestamp(), series.market
        days, last = list(self.calendar.trading_days(period.start, period.end)), period.end
        while days and moment_of(market, days[-1], day_end(market, self._early_close(days[-1]))) > now:
            last = days.pop() - timedelta(days=1)
        # Of days the calendar does not know nobody can say that a bar is missing.
        last = min(last, max(self.calendar.known_until, day_of(market, int(series.ends[-1]))))
        facts = self._facts.get(series.symbol)
        return reach(series, Days(period.start, last), days, facts, self._early_close)

    def _early_close(self, day: date) -> time | None:
        return self.calendar.early_close(day)

    @cached_property
    def _facts(self) -> Mapping[Symbol, Instrument]:
        return {one.symbol: one for one in FactTables(Index(self.store.folder)).instruments()}

    def _keep_ex_days(self, answers: Mapping[Symbol, ExDays], period: Period, summary: Summary) -> None:
        """Keep what was told of ex-days, and of which days that is all."""
        tables = FactTables(Index(self.store.folder))
        days = Days(period.start, period.end)
        for symbol, told in answers.items():
            if told.actions is not None:
                tables.keep_actions(symbol, days, told.actions, self.vendor.name)
            if told.factors:
                tables.keep_factors(symbol, days, told.factors, self.vendor.name)
            if told.lacks:
                summary.lacks[symbol] = "; ".join(told.lacks)


def _parts(left: Mapping[Days, Sequence[Symbol]], at_a_time: int) -> Iterator[tuple[Days, Sequence[Symbol]]]:
    """Yield the symbols of each span, so many at a time."""
    for days, symbols in left.items():
        for first in range(0, len(symbols), at_a_time):
            yield days, symbols[first : first + at_a_time]


def _is_fault(answer: Told | str) -> bool:
    """Answer whether a vendor gave no answer at all."""
    return isinstance(answer, str) and answer != NO_BARS


def require_period(period: Period) -> None:
    """Do nothing where there are days in a period.

    Raises:
        HistoryError: It ends before it begins.
    """
    if period.end < period.start:
        raise HistoryError(f"--end {period.end} lies before --start {period.start}; exchange the two")
