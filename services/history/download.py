"""Downloads of history: part by part, each checked before it counts, none of them twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from services.domain.bars import Adjustment
from services.domain.instruments import Instrument, Symbol
from services.history.checking import findings_of
from services.history.coverage import unreached
from services.history.findings import Certainty, Finding, condensed, ordered
from services.history.index import HistoryError, Index
from services.history.lengths import day_end, moment_of
from services.history.series import Series
from services.history.store import Conflict, HistoryStore
from services.history.survey import Survey, survey
from services.history.tables import FactTables
from services.history.vendors import ExDays, HistoryVendor, Period, Told
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
    lacks: dict[Symbol, str] = field(default_factory=dict)
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
    def job(self) -> str:
        """The name under which bars are noted as done; the same asked again goes on with it."""
        period = self.period
        return f"{period.length} {self.vendor.name} {period.start}..{period.end}"

    @property
    def ex_day_job(self) -> str:
        """The name under which ex-days are noted as done."""
        return f"{self.job} ex-days"

    async def run(self, symbols: Sequence[Symbol], step: Callable[[], None] = lambda: None) -> Summary:
        """Return what came of asking for the symbols that are not done yet.

        Raises:
            HistoryError: The store cannot be written; what is in it stays.
        """
        done = self.store.done(self.job)
        left = [symbol for symbol in dict.fromkeys(symbols) if symbol not in done]
        there = [symbol for symbol in dict.fromkeys(symbols) if symbol in done]
        summary = Summary(already=len(there))
        await self._again(there, summary, step)
        in_vain = 0
        for first in range(0, len(left), self.vendor.at_a_time):
            part = left[first : first + self.vendor.at_a_time]
            answers = await self.vendor.bars(part, self.period)
            self._take(part, answers, summary)
            for _ in part:
                step()
            in_vain = in_vain + 1 if all(isinstance(answers[one], str) for one in part) else 0
            if in_vain == 2 and len(left) > first + len(part):
                summary.unreached = True
                break
        summary.unreached = summary.unreached or (bool(left) and len(summary.failed) == len(left))
        return summary

    async def _again(self, there: Sequence[Symbol], summary: Summary, step: Callable[[], None]) -> None:
        """Ask for the ex-days of symbols whose bars are there and whose ex-days did not come."""
        known = self.store.done(self.ex_day_job)
        left = [symbol for symbol in there if symbol not in known]
        for first in range(0, len(left), self.vendor.at_a_time):
            part = left[first : first + self.vendor.at_a_time]
            answers = await self.vendor.ex_days(part, self.period)
            self._keep_ex_days({symbol: answers[symbol] for symbol in part}, summary)
        for _ in there:
            step()

    def _take(self, part: Sequence[Symbol], answers: Mapping[Symbol, Told | str], summary: Summary) -> None:
        """Store what passes its checks, all of a part in one commit."""
        sound: list[Series] = []
        ex_days: dict[Symbol, ExDays] = {}
        for symbol in part:
            told = answers[symbol]
            if isinstance(told, str):
                summary.failed[symbol] = told
                continue
            series = self._judged(symbol, told, summary)
            if series is not None:
                sound.append(series)
                ex_days[symbol] = told.ex_days
        self._store(sound, summary)
        kept = {symbol: one for symbol, one in ex_days.items() if symbol not in summary.set_aside}
        self._keep_ex_days(kept, summary)

    def _judged(self, symbol: Symbol, told: Told, summary: Summary) -> Series | None:
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
            self.store.set_aside(series, job=self.job, why=why, at=self.clock.now())
            summary.set_aside[symbol] = why
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

    def _store(self, sound: Sequence[Series], summary: Summary) -> None:
        """Store series together; where one contradicts what is there, the others by themselves."""
        if not sound:
            return
        source = self.vendor.name
        short = {one.symbol: lack for one in sound if (lack := self._unreached(one))}
        done = {self.job: [one.symbol for one in sound if one.symbol not in short]}
        try:
            summary.bars += self.store.add(sound, source=source, fetched_at=self.clock.now(), done=done)
            summary.stored += [one.symbol for one in sound]
            summary.short |= short
        except Conflict as conflict:
            if len(sound) > 1:
                for one in sound:
                    self._store([one], summary)
                return
            self.store.set_aside(sound[0], job=self.job, why=str(conflict), at=self.clock.now())
            summary.set_aside[sound[0].symbol] = str(conflict)

    def _unreached(self, series: Series) -> str:
        """Return what a symbol's bars lack at the ends of the period, as far as it is over and known."""
        now, market = self.clock.now().timestamp(), series.market
        days = list(self._days)
        while (
            days and moment_of(market, days[-1], day_end(market, self.calendar.early_close(days[-1]))) > now
        ):
            days.pop()
        return unreached(series, days, self._facts.get(series.symbol), self.calendar.early_close)

    @cached_property
    def _days(self) -> tuple[date, ...]:
        return self.calendar.trading_days(self.period.start, self.period.end)

    @cached_property
    def _facts(self) -> Mapping[Symbol, Instrument]:
        return {one.symbol: one for one in FactTables(Index(self.store.folder)).instruments()}

    def _keep_ex_days(self, answers: Mapping[Symbol, ExDays], summary: Summary) -> None:
        """Keep what was told of ex-days, and note who needs not be asked for again."""
        tables = FactTables(Index(self.store.folder))
        period = self.period
        for symbol, told in answers.items():
            if told.actions is not None:
                tables.keep_actions(symbol, period.start, period.end, told.actions, self.vendor.name)
            if told.factors:
                tables.keep_factors(symbol, told.factors, self.vendor.name)
            if told.lacks:
                summary.lacks[symbol] = "; ".join(told.lacks)
        self.store.note_done(self.ex_day_job, [symbol for symbol, told in answers.items() if not told.lacks])


def require_period(period: Period) -> None:
    """Do nothing where there are days in a period.

    Raises:
        HistoryError: It ends before it begins.
    """
    if period.end < period.start:
        raise HistoryError(f"--end {period.end} lies before --start {period.start}; exchange the two")
