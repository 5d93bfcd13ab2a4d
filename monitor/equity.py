"""The value of an account over time, against its watchlist bought and held."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal

import numpy as np

from monitor.metrics import drawdowns_of
from monitor.reading import ValueOf, inline_value
from monitor.trail import Mark, MarkKind, Trail, follow
from monitor.valuing import Valuer, basket
from services.domain.bars import Panel
from services.domain.events import Event
from services.domain.money import ZERO
from services.domain.value import Value


class EquityPoint(Value, frozen=True, kw_only=True):
    """The account's value at one mark, in CNY.

    `drawdown` is the fraction below the highest equity so far, 0 or negative. `benchmark_cny` is None
    where no prices are at hand. A day's end stands at the end of the day's last bar, or at its last
    session.
    """

    kind: MarkKind
    session: str
    day: date
    moment: datetime
    cash_cny: Decimal
    market_cny: Decimal
    equity_cny: Decimal
    drawdown: float
    benchmark_cny: float | None

    @property
    def exposure(self) -> float | None:
        """Holdings over equity, None where the equity is not positive."""
        return float(self.market_cny / self.equity_cny) if self.equity_cny > 0 else None


class Course(Value, frozen=True, kw_only=True):
    """An account's values, in CNY, at the opening and at the end of every day, and what its watchlist did.

    Days ascend, as sessions do. Empty for an account without a session. `benchmark_return` is the
    watchlist's, bought at the opening and held; None where no prices are at hand.
    """

    daily: tuple[tuple[date, Decimal], ...] = ()
    benchmark_return: float | None = None


def equity_curve(
    events: Iterable[Event], panel: Panel | None, value_of: ValueOf = inline_value
) -> tuple[EquityPoint, ...]:
    """Return the account's values, oldest first: the opening, every session, every day's end.

    A session's holdings count at what its quotes showed (the open of the bar in progress, else
    the last close), a day's end at the day's last close, or at the open of a bar that never
    closed. Without a panel prices are those in the journal. The last day has an end once the run
    is finished. Empty for a journal without a session.

    Raises:
        JournalFault: A body cannot be read.
    """
    return curve_of(follow(events, value_of, vendor_prices=panel is None), panel)


def curve_of(trail: Trail, panel: Panel | None) -> tuple[EquityPoint, ...]:
    """Return the values of an account whose events were followed already; see `equity_curve`."""
    marks = trail.marks
    if not marks:
        return ()
    valuer = Valuer(panel=panel)
    watchlist = trail.genesis.watchlist if trail.genesis else ()
    bench = basket(valuer, marks[0], watchlist, marks[0].book.cash_cny)
    market: list[Decimal] = []
    benchmark: list[float | None] = []
    for mark in marks:
        prices = valuer.prices(mark)
        market.append(valuer.market_cny(mark, prices))
        benchmark.append(None if bench is None else bench.worth_cny(mark.day, prices))
    equity = [worth + mark.book.cash_cny for worth, mark in zip(market, marks, strict=True)]
    below = drawdowns_of(np.array([float(one) for one in equity])).tolist()
    return tuple(
        EquityPoint(
            kind=mark.kind,
            session=mark.session,
            day=mark.day,
            moment=_stands_at(mark, valuer),
            cash_cny=mark.book.cash_cny,
            market_cny=market[i],
            equity_cny=equity[i],
            drawdown=below[i],
            benchmark_cny=benchmark[i],
        )
        for i, mark in enumerate(marks)
    )


def _stands_at(mark: Mark, valuer: Valuer) -> datetime:
    """Return where on the time axis a mark stands."""
    panel = valuer.panel
    if mark.kind is not MarkKind.DAY_END or panel is None:
        return mark.moment
    row = valuer.rows_until(mark.day) - 1
    if row < 0 or int(panel.days[row]) != mark.day.toordinal():
        return mark.moment
    return max(mark.moment, datetime.fromtimestamp(int(panel.ends[row]), mark.moment.tzinfo))


def course_of(trail: Trail, valuer: Valuer) -> Course:
    """Return the course of an account whose events were followed already: that of its curve.

    What lies between the days' ends is not valued for it.
    """
    marks = trail.marks
    if not marks:
        return Course()
    first, last = marks[0], marks[-1]
    watchlist = trail.genesis.watchlist if trail.genesis else ()
    bench = basket(valuer, first, watchlist, first.book.cash_cny)
    grown = None
    if bench is not None:
        began = bench.worth_cny(first.day, valuer.prices(first))
        grown = _grown(began, bench.worth_cny(last.day, valuer.prices(last)))
    ends = {mark.day: mark for mark in marks}
    return Course(
        daily=tuple((mark.day, valuer.equity_cny(mark)) for mark in (first, *ends.values())),
        benchmark_return=grown,
    )


def course_in(points: Sequence[EquityPoint]) -> Course:
    """Return the course that a curve tells of."""
    if not points:
        return Course()
    first, last = points[0], points[-1]
    ends = {point.day: point.equity_cny for point in points}
    return Course(
        daily=((first.day, first.equity_cny), *ends.items()),
        benchmark_return=_grown(first.benchmark_cny, last.benchmark_cny),
    )


def _grown(first: float | None, last: float | None) -> float | None:
    return None if first is None or last is None or first == 0.0 else float(last / first - 1.0)


def final_equity_cny(course: Course, trail: Trail) -> Decimal:
    """Return the last value of the account, its opening cash where no session was."""
    if course.daily:
        return course.daily[-1][1]
    return trail.genesis.cash_cny if trail.genesis else ZERO
