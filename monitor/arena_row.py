"""One line of a leaderboard: what became of an entrant's account. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from math import ceil

from monitor.equity import EquityPoint, course_in, curve_of
from monitor.metrics import Metrics, metrics_of
from monitor.reading import ValueOf, values
from monitor.record_audit import RecordAudit
from monitor.record_prices import LabelledPrices
from monitor.summary import summary_of
from monitor.trail import MarkKind, Trail, follow
from monitor.valuing import Valuer
from services.domain.bars import Panel
from services.domain.decision import BadAnswer, BadAnswerKind, RawAnswer
from services.domain.events import Event, FaultRecord, Outcome
from services.domain.instruments import Symbol
from services.domain.money import ZERO


class EntrantKind(StrEnum):
    """Who is behind a line."""

    MODEL = "model"
    ENTRANT = "entrant"
    RECORD = "record"
    LEGACY = "legacy"
    BASELINE = "baseline"
    INDEX = "index"


class RowState(StrEnum):
    """How far the account came."""

    FINISHED = "finished"
    UNDER_WAY = "under_way"
    KILLED = "killed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What an account's answers took. Latency in ms, None where no model was asked."""

    asked: int = 0
    faults: int = 0
    bad: Mapping[str, int] = field(default_factory=dict)
    input_tokens: int = 0
    output_tokens: int = 0
    cost_cny: Decimal = ZERO
    latency_p50_ms: int | None = None
    latency_p95_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An entrant and what became of it; money in CNY, ratios as fractions, None where not defined.

    `daily` is the opening equity and that of every day's end. `turnover_ratio` is what was traded over
    the mean equity. `refusals` counts by rule. `cutoff` is the last day its model's training data may
    hold, None where nobody said. `approximate`: some order or fill rests on bars, or on a fact not known.
    """

    name: str
    kind: EntrantKind
    agent: str = ""
    account: str = ""
    state: RowState = RowState.FINISHED
    why: str = ""
    daily: tuple[tuple[date, Decimal], ...] = ()
    final_cash_cny: Decimal | None = None
    positions: Mapping[str, int] = field(default_factory=dict)
    sessions: int | None = None
    risk_only: int | None = None
    orders: int | None = None
    fills: int | None = None
    traded_cny: Decimal | None = None
    fees_cny: Decimal | None = None
    refusals: Mapping[str, int] = field(default_factory=dict)
    answers: Answers | None = None
    cutoff: date | None = None
    approximate: bool = False

    @property
    def metrics(self) -> Metrics:
        """The ratios of end-of-day equity."""
        return metrics_of(self.daily)

    @property
    def total_return(self) -> float | None:
        """The last equity over the first, less one; None where there is none."""
        if not self.daily or self.daily[0][1] <= 0:
            return None
        return float(self.daily[-1][1] / self.daily[0][1] - 1)

    @property
    def returns(self) -> dict[date, float]:
        """Each day's return; empty where an equity was not above 0."""
        if any(equity <= 0 for _, equity in self.daily[:-1]):
            return {}
        return {
            day: float(equity / before - 1)
            for (_, before), (day, equity) in zip(self.daily, self.daily[1:], strict=False)
        }

    @property
    def turnover_ratio(self) -> float | None:
        """What was bought and sold over the mean equity."""
        if self.traded_cny is None or not self.daily:
            return None
        mean = sum((equity for _, equity in self.daily), ZERO) / len(self.daily)
        return None if mean <= 0 else float(self.traded_cny / mean)

    @property
    def days_known_before(self) -> int | None:
        """How many of its days lie up to the training cut-off; None where that is not known."""
        return None if self.cutoff is None else sum(day <= self.cutoff for day in self.returns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """Who entered: what its line is called and what is said of it."""

    name: str
    kind: EntrantKind
    agent: str
    account: str
    cutoff: date | None = None


def failed_row(entered: Entered, why: str) -> Row:
    """Return the line of an entrant whose account could not be run."""
    return Row(
        name=entered.name,
        kind=entered.kind,
        agent=entered.agent,
        account=entered.account,
        state=RowState.FAILED,
        why=why,
        cutoff=entered.cutoff,
    )


def row_of(
    entered: Entered,
    events: Sequence[Event],
    panel: Panel | None,
    value_of: ValueOf,
    state: RowState = RowState.FINISHED,
) -> tuple[Row, Row | None]:
    """Return an account's line, and that of its watchlist at equal weight over the same marks.

    Without a panel both are valued at the prices a vendor showed the account.

    Raises:
        JournalFault: A body cannot be read.
    """
    trail = follow(events, value_of, vendor_prices=panel is None)
    points = curve_of(trail, panel)
    course = course_in(points)
    summary = summary_of(trail, course, Valuer(panel=panel))
    row = Row(
        name=entered.name,
        kind=entered.kind,
        agent=entered.agent,
        account=entered.account,
        state=state,
        daily=course.daily,
        final_cash_cny=summary.final_cash_cny,
        positions={one.symbol: one.shares for one in summary.positions},
        sessions=summary.sessions,
        risk_only=summary.outcomes.get(Outcome.RISK_ONLY, 0),
        orders=summary.orders,
        fills=summary.fills,
        traded_cny=sum((trade.fill.amount_cny for trade in trail.trades), ZERO),
        fees_cny=summary.fees.total,
        refusals=summary.refusals,
        answers=answers_of(events, value_of),
        cutoff=entered.cutoff,
        approximate=summary.approximate,
    )
    return row, _basket(points) if panel is not None else _seen_basket(trail)


def _basket(points: Sequence[EquityPoint]) -> Row | None:
    last = {point.day: point.benchmark_cny for point in points}
    if not points or points[0].benchmark_cny is None:
        return None
    found = ((points[0].day, points[0].benchmark_cny), *last.items())
    daily = tuple((day, Decimal(repr(float(worth)))) for day, worth in found if worth is not None)
    return Row(name="index", kind=EntrantKind.INDEX, daily=daily)


def _seen_basket(trail: Trail) -> Row | None:
    """Return the watchlist at equal weight, bought without costs at the first prices the account saw.

    None where it saw none. Dividends are not in it: the prices of a vendor do not tell of them.
    """
    shown = [mark for mark in trail.marks if mark.kind is not MarkKind.OPENING]
    if trail.genesis is None or not shown:
        return None
    first = shown[0]
    watched = [Symbol(one) for one in trail.genesis.watchlist if Symbol(one) in first.seen]
    if not watched:
        return None
    part_cny = trail.genesis.cash_cny / len(watched)
    worth = {
        mark.day: sum((part_cny * mark.seen[one] / first.seen[one] for one in watched), ZERO)
        for mark in shown
    }
    daily = ((first.day, trail.genesis.cash_cny), *worth.items())
    return Row(name="index", kind=EntrantKind.INDEX, daily=daily)


def legacy_row(name: str, found: RecordAudit, prices: LabelledPrices) -> Row:
    """Return a record's line by the arena's own terms: the labelled bar's open, no fees."""
    ends: dict[date, Decimal] = {}
    for label, equity in found.equity.items():
        day = prices.day(label)
        if day is not None:
            ends[day] = equity
    first = min(ends, default=None)
    return Row(
        name=name,
        kind=EntrantKind.LEGACY,
        daily=() if first is None else ((first, found.initial_cash), *ends.items()),
        final_cash_cny=found.final_cash,
        positions=found.positions,
        orders=found.trades,
        fills=found.trades,
        traded_cny=found.turnover,
        fees_cny=ZERO,
        refusals=dict(Counter(str(one.rule) for one in found.violations).most_common()),
    )


def answers_of(events: Iterable[Event], value_of: ValueOf) -> Answers:
    """Return what the answers of a journal took.

    Raises:
        JournalFault: A body cannot be read.
    """
    given: list[RawAnswer] = []
    bad: Counter[str] = Counter()
    faults, lost_cny = 0, ZERO
    for event, value in values(events, (RawAnswer, BadAnswer, FaultRecord), value_of):
        match value:
            case RawAnswer():
                given.append(value)
            case BadAnswer(kind=BadAnswerKind.NOT_GIVEN):
                faults += 1
            case BadAnswer():
                bad[str(value.kind)] += 1
            case FaultRecord() if event.step == "answer":
                faults, lost_cny = faults + 1, lost_cny + value.cost_cny
    waits_ms = sorted(one.usage.latency_ms for one in given if one.calls)
    return Answers(
        asked=sum(bool(one.calls) for one in given),
        faults=faults,
        bad=dict(bad.most_common()),
        input_tokens=sum(one.usage.input_tokens for one in given),
        output_tokens=sum(one.usage.output_tokens for one in given),
        cost_cny=sum((one.usage.cost_cny for one in given), lost_cny),
        latency_p50_ms=_percentile(waits_ms, 50),
        latency_p95_ms=_percentile(waits_ms, 95),
    )


def _percentile(ascending: Sequence[int], percent: int) -> int | None:
    """Return the smallest value that at least `percent` of 100 do not exceed (the nearest rank)."""
    if not ascending:
        return None
    return ascending[ceil(len(ascending) * percent / 100) - 1]
