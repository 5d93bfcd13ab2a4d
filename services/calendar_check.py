"""Trading days compared with what other sources say of them: akshare's list of Sina, tushare's calendar."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol

from services.domain.events import TradingDay
from services.domain.instruments import Market
from services.domain.watched import DayDiffers
from services.market.akshare_calls import AkshareApi, AkshareCalls, NoAnswer, Turn
from services.market.feeds.throttle import Pace
from services.market.feeds.tushare_pro import REQUESTS_PER_S_MAX, TushareCalls
from services.market.feeds.wire import Wire
from services.ports import Calendar, Clock, PriceFault

DEADLINE_S = 20.0
"""How long a source may take, its library's import included."""

DAYS_BACK = 366
"""How far back days are compared; what lies further back has been traded on and compared often."""

_SATURDAY = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldDays:
    """What a source says of every day in [first, until]: those in `open` are trading days, the others not."""

    source: str
    first: date
    until: date
    open: frozenset[date]

    def state(self, day: date) -> TradingDay:
        """Return what the source says of a day."""
        if not self.first <= day <= self.until:
            return TradingDay.UNKNOWN
        return TradingDay.OPEN if day in self.open else TradingDay.CLOSED


class DaySource(Protocol):
    """Somebody else who knows trading days of the mainland."""

    @property
    def name(self) -> str:
        """Who that is."""

    async def days(self, first: date, until: date) -> ToldDays:
        """Return what the source says, at least of the days in between that it knows.

        Raises:
            PriceFault: It gave no usable answer in time.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What came of a comparison.

    `until` tells of each source that answered how far it knows days, `faults` of each other why it did
    not. `differs` are the days told otherwise. `beyond` are weekdays that the calendar does not know and
    a source does, with its state; where two say it differently, it is left out.
    """

    until: Mapping[str, date]
    faults: Mapping[str, str]
    differs: tuple[DayDiffers, ...]
    beyond: tuple[tuple[date, TradingDay], ...]


async def compare(
    calendar: Calendar, sources: Sequence[DaySource], today: date, decided: Collection[date] = ()
) -> Compared:
    """Return where the sources and the calendar differ, from a year back on as far as both know days.

    `decided` are days that a person has decided, by the overlay: they are not compared.
    """
    first, until = today - timedelta(days=DAYS_BACK), date(today.year + 1, 12, 31)
    answers = await asyncio.gather(*(_asked(source, first, until) for source in sources))
    told = [one for one in answers if isinstance(one, ToldDays)]
    return Compared(
        until={one.source: one.until for one in told},
        faults={
            source.name: one.why
            for source, one in zip(sources, answers, strict=True)
            if isinstance(one, PriceFault)
        },
        differs=tuple(
            difference for one in told for difference in differences(calendar, one, first, until, decided)
        ),
        beyond=_beyond(calendar, told, today, until),
    )


def differences(
    calendar: Calendar, told: ToldDays, first: date, until: date, decided: Collection[date] = ()
) -> tuple[DayDiffers, ...]:
    """Return the days in [first, until] of which both know something, and not the same."""
    found = []
    for day in _days(max(first, told.first), min(until, told.until)):
        ours, theirs = calendar.trading_day(day), told.state(day)
        if ours not in (TradingDay.UNKNOWN, theirs) and day not in decided:
            found.append(DayDiffers(day=day, source=told.source, ours=str(ours), theirs=str(theirs)))
    return tuple(found)


def _beyond(
    calendar: Calendar, told: Sequence[ToldDays], today: date, until: date
) -> tuple[tuple[date, TradingDay], ...]:
    """Return the weekdays ahead that sources know and the calendar does not."""
    found = []
    for day in _days(today, until):
        states = {state for one in told if (state := one.state(day)) is not TradingDay.UNKNOWN}
        unknown = calendar.trading_day(day) is TradingDay.UNKNOWN
        if unknown and len(states) == 1 and day.weekday() < _SATURDAY:
            found.append((day, states.pop()))
    return tuple(found)


def overlay_lines(compared: Compared) -> tuple[str, ...]:
    """Return the lines of an overlay that knows what the sources do; a day that differs is a person's."""
    return tuple(f"{day}: {state}" for day, state in compared.beyond)


def day_sources(
    market: Market, clock: Clock, token: str, environment: Mapping[str, str], akshare: DaySource
) -> tuple[DaySource, ...]:
    """Return who may be asked of the market's days: tushare where there is a token; nobody of the US."""
    if market is not Market.CN:
        return ()
    sources: tuple[DaySource, ...] = (akshare,)
    if token:
        pace = Pace(requests_per_s_max=REQUESTS_PER_S_MAX, burst_requests_max=2, concurrent_requests_max=1)
        wire = Wire(clock, pace, deadline_s=DEADLINE_S, environment=environment)
        sources += (TushareDays(TushareCalls(wire, token)),)
    return sources


class AkshareDays:
    """Sina's list of trading days since 1990, as akshare reads it; it ends with the last announced one."""

    name = "akshare"

    def __init__(self, api: AkshareApi | None = None, deadline_s: float = DEADLINE_S) -> None:
        self._calls = AkshareCalls(
            deadline_s=deadline_s, workers=1, name="akshare-days", api=api, pause_s=0.5
        )

    async def days(self, first: date, until: date) -> ToldDays:
        """Return the whole list."""
        answers, faults = await self._calls.answers({"days": _listed})
        if "days" not in answers:
            raise PriceFault("akshare tool_trade_date_hist_sina", faults["days"])
        listed = answers["days"]
        return ToldDays(source=self.name, first=min(listed), until=max(listed), open=frozenset(listed))


class TushareDays:
    """tushare's calendar of the Shanghai exchange."""

    name = "tushare"

    def __init__(self, calls: TushareCalls) -> None:
        self._calls = calls

    async def days(self, first: date, until: date) -> ToldDays:
        """Return the days asked for that it knows."""
        params = {"exchange": "SSE", "start_date": f"{first:%Y%m%d}", "end_date": f"{until:%Y%m%d}"}
        rows = await self._calls.rows("trade_cal", params, ("cal_date", "is_open"))
        try:
            told = {date.fromisoformat(str(row["cal_date"])): str(row["is_open"]) for row in rows}
        except (KeyError, ValueError) as error:
            raise PriceFault("tushare trade_cal", f"the answer has another form ({error})") from error
        days = frozenset(day for day, state in told.items() if state == "1")
        return ToldDays(source=self.name, first=min(told), until=max(told), open=days)


async def _asked(source: DaySource, first: date, until: date) -> ToldDays | PriceFault:
    try:
        return await source.days(first, until)
    except PriceFault as fault:
        return fault


def _listed(turn: Turn) -> frozenset[date]:
    frame: Any = turn.again(turn.api.tool_trade_date_hist_sina)
    days = frozenset(frame["trade_date"].tolist())
    if not days or not all(type(day) is date for day in days):
        raise NoAnswer("the list of trading days is empty, or holds something else")
    return days


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
