"""Answers worked cases from the rulebook and the calendars together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType

from services.domain.events import TradingDay
from services.domain.instruments import Board, Kind, Market
from services.ports import Calendar
from services.rules import KNOWN_UNTIL, Phase, phase_at, rules_on, settlement_days
from services.rules.boards import default_kind
from services.rules.breakers import breaker_at
from services.rules.case_input import CaseInput, Unsupported
from services.rules.cases import Answer, run_case
from services.rules.proceeds import US_SETTLEMENT_DAYS
from services.slots import ZONES

__all__ = ["Calendars", "Unsupported", "answer_case", "next_session"]

Calendars = Callable[[Market], Calendar]
"""Gives the calendar of a market, and is asked only for what a case needs."""

UNKNOWN = "unknown"

_DAY = timedelta(days=1)
_SATURDAY = 5
_NOON = time(12, 0)

_MARKETS: Mapping[str, Market] = MappingProxyType(
    {
        **dict.fromkeys(("XSHG", "XSHE", "SSE", "SZSE", "BSE", "CN"), Market.CN),
        **dict.fromkeys(("XNYS", "XNAS", "NYSE", "NASDAQ", "US"), Market.US),
    }
)
"""Exchanges by name. XBSE is not here: it is Bucharest."""


def answer_case(category: str, input: Mapping[str, object], calendars: Calendars) -> Answer:
    """Return what rulebook and calendars answer to a case; what no calendar knows yet is `unknown`.

    A case of the category `us` that names a day is told everything known of the day.

    Raises:
        Unsupported: The category is unknown, a field is, or the input cannot be read.
        OutsideRulebook: The rules of that day are not known.
    """
    asked = _CALENDAR_CATEGORIES.get(category)
    fields = CaseInput(input)
    answer = None if asked is None else asked(fields, calendars)
    if answer is None:
        return run_case(category, input, full=True)
    fields.done()
    return answer


def next_session(calendar: Calendar, day: date, step: int = 1) -> date | None:
    """Return the first open day after `day` (`step` -1: before it), None where a day between is unknown."""
    while True:
        day += _DAY * step
        state = calendar.trading_day(day)
        if state is TradingDay.OPEN:
            return day
        if state is TradingDay.UNKNOWN and day.weekday() < _SATURDAY:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trading:
    """Whether a market trades at a moment, and if not, why."""

    open: bool
    reason: str | None = None

    def answer(self) -> Answer:
        return {"open": self.open} if self.reason is None else {"open": self.open, "reason": self.reason}


def _calendar(case: CaseInput, calendars: Calendars) -> Answer:
    name = case.text("exchange", "XSHG")
    market = _MARKETS.get(name)
    if market is None:
        raise Unsupported(f"the exchange {name!r} is not known; mainland exchanges are XSHG, the US is XNYS")
    calendar = calendars(market)
    operation = case.text("op", "session")
    if operation == "next_session":
        return {"result": _iso(next_session(calendar, _from(case, "after")))}
    if operation in ("previous_session", "prev_session"):
        return {"result": _iso(next_session(calendar, _from(case, "before"), -1))}
    if operation in ("count", "session_count", "sessions"):
        return {"result": _count(case, calendar)}
    if operation not in ("session", "is_session", "is_open"):
        raise Unsupported(f"the operation {operation!r} is not known")
    if not case.has("time"):
        return {"session": _session(calendar, case.day("date", None))}
    day, at = case.moment("time")
    if _session(calendar, day) == UNKNOWN:
        return {"open": UNKNOWN}
    return _trading(market, calendar, day, at).answer()


def _from(case: CaseInput, name: str) -> date:
    return case.day(name if case.has(name) else "date", None)


def _iso(day: date | None) -> str:
    return UNKNOWN if day is None else day.isoformat()


def _session(calendar: Calendar, day: date) -> bool | str:
    state = calendar.trading_day(day)
    return UNKNOWN if state is TradingDay.UNKNOWN else state is TradingDay.OPEN


def _count(case: CaseInput, calendar: Calendar) -> int | str:
    """Return the sessions of a year or of a span, both ends included."""
    if case.has("year"):
        year = case.integer("year")
        if not date.min.year < year < date.max.year:
            raise Unsupported(f"{year} is not a year of any calendar")
        start, end = date(year, 1, 1), date(year, 12, 31)
    else:
        start, end = case.day("start", None), case.day("end", None)
    known = end <= calendar.known_until and calendar.trading_day(start) is not TradingDay.UNKNOWN
    return len(calendar.trading_days(start, end)) if known else UNKNOWN


def _trading(market: Market, calendar: Calendar, day: date, at: time) -> _Trading:
    """Return whether a market trades at a local time: calls and continuous trading, not after hours."""
    if calendar.trading_day(day) is not TradingDay.OPEN:
        return _Trading(open=False, reason="not_a_session")
    breaker = breaker_at(day) if market is Market.CN else None
    if breaker is not None and at >= breaker:
        return _Trading(open=False, reason="circuit_breaker")
    early = calendar.early_close(day)
    if early is not None and at >= early:
        return _Trading(open=False, reason="early_close")
    phase = phase_at(rules_on(Board.US if market is Market.US else Board.SSE_MAIN, day), at)
    opened = phase.accepts_auction_orders
    return _Trading(open=opened, reason=None if opened else phase.phase.value)


def _phase(case: CaseInput, calendars: Calendars) -> Answer | None:
    """Answer for a moment at which no trading is held; None where the timetable alone tells."""
    board = case.board()
    market = Market.US if board is Board.US else Market.CN
    day, at = case.moment("time")
    calendar = calendars(market)
    ended = _trading(market, calendar, day, at).reason in ("circuit_breaker", "early_close")
    if calendar.trading_day(day) is TradingDay.CLOSED or ended:
        return {
            "phase": Phase.CLOSED.value,
            "exchange_accepts_auction_orders": False,
            "exchange_accepts_cancel": False,
        }
    return None


def _after_hours(case: CaseInput, calendars: Calendars) -> Answer | None:
    """Answer for a day without trading; None where the rulebook alone tells."""
    stated = str(case.raw("time"))
    if not (case.has("date") or "T" in stated or " " in stated):
        return None
    day = case.moment("time")[0] if case.has("time") else case.day("date")
    if calendars(Market.CN).trading_day(day) is not TradingDay.CLOSED:
        return None
    order = case.has("limit") or case.has("close")
    case.ignore_rest()
    if order:
        return {"eligible": False}
    return {"after_hours_trading": False, "accepts_after_hours_orders": False, "matching": False}


def _sellable(case: CaseInput, calendars: Calendars) -> Answer | None:
    """Answer from when shares may be sold; None where the case asks how many of them today."""
    if not case.has("buy_date"):
        return None
    board = case.board() if case.has("board") else None
    kind = case.kind(Kind.STOCK if board is None else default_kind(board))
    bought = case.day("buy_date", None)
    calendar = calendars(Market.US if board is Board.US else Market.CN)
    first: date | None = bought
    if settlement_days(kind, bought, board):
        first = next_session(calendar, bought)
    answer: Answer = {"sellable_from": _iso(first)}
    if case.raw("query_date") is not None:
        queried = case.day("query_date", None)
        answer["sellable"] = UNKNOWN if first is None else queried >= first
    return answer


def _us(case: CaseInput, calendars: Calendars) -> Answer | None:
    """Answer for a day or a settlement; None where the case asks for a price band or a day-trader block."""
    if case.has("trade_date"):
        return _us_settlement(case.day("trade_date", None), calendars(Market.US))
    if case.has("tier") or case.has("day_trades_5d") or not case.has("date"):
        return None
    day, calendar = case.day("date", None), calendars(Market.US)
    if case.has("time_et"):
        if _session(calendar, day) == UNKNOWN:
            return {"open": UNKNOWN}
        return _trading(Market.US, calendar, day, case.moment("time_et")[1]).answer()
    return _us_day(day, calendar)


def _us_settlement(day: date, calendar: Calendar) -> Answer:
    settled: date | None = day
    for _ in range(US_SETTLEMENT_DAYS.on(day)):
        settled = None if settled is None else next_session(calendar, settled)
    return {"settle": _iso(settled)}


def _us_day(day: date, calendar: Calendar) -> Answer:
    """Return whether a day is a session, and its opening and close as clocks in three places show them."""
    session = _session(calendar, day)
    if session is not True:
        return {"session": session}
    early = calendar.early_close(day)
    # US sessions are announced a year beyond the rulebook; the hours are then the last known ones.
    trading = phase_at(rules_on(Board.US, min(day, KNOWN_UNTIL)), _NOON)
    opening = datetime.combine(day, trading.start, ZONES[Market.US])
    close = datetime.combine(day, early or trading.end, ZONES[Market.US])
    return {
        "session": True,
        "early_close": early is not None,
        "open_et": f"{opening:%H:%M}",
        "close_et": f"{close:%H:%M}",
        "open_utc": f"{opening.astimezone(UTC):%H:%M}",
        "close_utc": f"{close.astimezone(UTC):%H:%M}",
        "open_shanghai": f"{opening.astimezone(ZONES[Market.CN]):%Y-%m-%dT%H:%M}",
        "close_shanghai": f"{close.astimezone(ZONES[Market.CN]):%Y-%m-%dT%H:%M}",
    }


_CALENDAR_CATEGORIES: Mapping[str, Callable[[CaseInput, Calendars], Answer | None]] = MappingProxyType(
    {
        "calendar": _calendar,
        "phase": _phase,
        "after_hours": _after_hours,
        "sellable": _sellable,
        "us": _us,
    }
)
