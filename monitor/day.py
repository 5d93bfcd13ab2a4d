"""One trading day of an account, read off its journal after the close. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from monitor.reading import ValueOf, inline_value, values
from monitor.records import session_records
from monitor.trail import Mark, MarkKind, Trade, Trail, follow, within
from monitor.valuing import Valuer, cost_price_cny
from services.domain.bars import Panel
from services.domain.decision import RawAnswer
from services.domain.events import Event, Halt, Opening
from services.domain.instruments import Symbol
from services.domain.money import ZERO, to_cent


@dataclass(frozen=True, slots=True, kw_only=True)
class DayPosition:
    """A holding at the day's end; all in CNY, the cost without fees."""

    symbol: Symbol
    shares: int
    cost_cny: Decimal
    price_cny: Decimal
    value_cny: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySummary:
    """What became of an account on one trading day; money in CNY, times market-local.

    `profit_cny` counts from the account's value at the previous close, None where no session of the
    day could tell that. `sessions` are (time, state). `valued_at` is the time whose prices the
    positions count with, None where they are the day's closes. `next_slots` are those of the next
    trading day; `events` and `last_hash` are the journal's, when the summary was made.
    """

    account: str
    mode: str
    synthetic: bool
    day: date
    sessions: tuple[tuple[str, str], ...]
    trades: tuple[Trade, ...]
    positions: tuple[DayPosition, ...]
    cash_cny: Decimal
    equity_cny: Decimal
    profit_cny: Decimal | None
    before_cny: Decimal | None
    valued_at: str | None
    refusals: Mapping[str, int]
    halts: tuple[Halt, ...]
    model_cost_cny: Decimal
    model_tokens: int
    model_answers: int
    next_slots: tuple[str, ...]
    events: int
    last_hash: str

    @property
    def profit_ratio(self) -> float | None:
        """The profit over the value at the previous close, None where one is not known."""
        if self.profit_cny is None or not self.before_cny:
            return None
        return float(self.profit_cny / self.before_cny)


def day_summary(
    events: Iterable[Event],
    day: date,
    *,
    panel: Panel | None = None,
    value_of: ValueOf = inline_value,
    closes: Mapping[Symbol, Decimal] | None = None,
    next_slots: Sequence[str] = (),
) -> DaySummary:
    """Return the summary of one day of a journal.

    `closes` are the day's last prices where somebody asked for them; a holding without one, and
    every holding without `closes`, counts at the last price the panel or the journal tells of that day.

    Raises:
        JournalFault: A body cannot be read.
    """
    kept = tuple(events)
    whole = follow(kept, value_of, vendor_prices=panel is None)
    return summary_of(whole, kept, day, panel=panel, value_of=value_of, closes=closes, next_slots=next_slots)


def summary_of(
    whole: Trail,
    events: Sequence[Event],
    day: date,
    *,
    panel: Panel | None = None,
    value_of: ValueOf = inline_value,
    closes: Mapping[Symbol, Decimal] | None = None,
    next_slots: Sequence[str] = (),
) -> DaySummary:
    """Return the summary of one day of a journal that was folded up to its last event.

    Of `events` those of the day have to be there, and the last one; `whole` has to hold the day and what it
    began with. `closes` as in `day_summary`.

    Raises:
        JournalFault: A body cannot be read.
    """
    trail = within(whole, day, day)
    mark = trail.marks[-1] if trail.marks else None
    positions, priced = _positions(mark, Valuer(panel=panel), closes or {})
    of_day = [event for event in events if event.session in trail.sessions]
    before_cny, answers = _told(of_day, value_of)
    cash_cny = mark.book.cash_cny if mark else whole.book.cash_cny
    equity_cny = cash_cny + sum((one.value_cny for one in positions), ZERO)
    return DaySummary(
        account=whole.genesis.account if whole.genesis else "",
        mode=whole.genesis.mode if whole.genesis else "",
        synthetic=bool(whole.genesis and whole.genesis.synthetic),
        day=day,
        sessions=tuple((one.slot, one.state) for one in session_records(of_day, value_of)),
        trades=tuple(trail.trades),
        positions=positions,
        cash_cny=cash_cny,
        equity_cny=equity_cny,
        profit_cny=None if before_cny is None else equity_cny - before_cny,
        before_cny=before_cny,
        valued_at=None if priced or mark is None else _prices_of(mark, panel, whole.risk.zone),
        refusals=_refusals(trail),
        halts=_halts(whole, day),
        model_cost_cny=sum((one.usage.cost_cny for one in answers), ZERO),
        model_tokens=sum(one.usage.input_tokens + one.usage.output_tokens for one in answers),
        model_answers=len(answers),
        next_slots=tuple(next_slots),
        events=events[-1].seq if events else 0,
        last_hash=events[-1].hash if events else "",
    )


def _positions(
    mark: Mark | None, valuer: Valuer, closes: Mapping[Symbol, Decimal]
) -> tuple[tuple[DayPosition, ...], bool]:
    """Return the holdings of a mark, and whether each counts at its close."""
    if mark is None:
        return (), False
    found, priced = [], True
    for symbol, shares in mark.book.holdings().items():
        price = closes.get(symbol)
        priced = priced and price is not None
        if price is None:
            price = valuer.price_cny(mark, symbol)
        found.append(
            DayPosition(
                symbol=symbol,
                shares=shares,
                cost_cny=to_cent(cost_price_cny(mark.book, symbol) * shares),
                price_cny=price,
                value_cny=to_cent(price * shares),
            )
        )
    return tuple(found), priced


def _told(events: Sequence[Event], value_of: ValueOf) -> tuple[Decimal | None, list[RawAnswer]]:
    """Return the value at the previous close, as the day's first session knew it, and the answers."""
    before_cny: Decimal | None = None
    answers: list[RawAnswer] = []
    for _, value in values(events, (Opening, RawAnswer), value_of):
        if isinstance(value, RawAnswer):
            answers.append(value)
        elif isinstance(value, Opening) and before_cny is None and not value.unpriced:
            before_cny = value.day_equity_cny
    return before_cny, answers


def _refusals(trail: Trail) -> dict[str, int]:
    counts = Counter(str(one.rule) for one in trail.refusals)
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _halts(trail: Trail, day: date) -> tuple[Halt, ...]:
    """Return the halts in force at the end of `day`."""
    spans = (span for span in trail.risk.halts if span.since.date() <= day)
    return tuple(span.halt for span in spans if span.lifted is None or span.lifted.date() > day)


def _prices_of(mark: Mark, panel: Panel | None, zone: ZoneInfo) -> str | None:
    """Return of what time the prices are that a mark counts with, None where they are the closes."""
    if panel is not None and mark.kind is MarkKind.DAY_END:
        return None
    return f"{mark.moment.astimezone(zone):%H:%M}"
