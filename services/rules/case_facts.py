"""What a worked case says of its instrument and its day's limits. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from services.domain.instruments import Instrument, Kind, Span, Symbol
from services.rules.boards import default_kind
from services.rules.case_input import CaseInput, Unsupported
from services.rules.limits import Band, price_band
from services.rules.terms import Rules

_DAYS_MAX = 10_000


def case_instrument(case: CaseInput, rules: Rules) -> Instrument:
    """Return an instrument with the facts the case states.

    Raises:
        Unsupported: A day number is not one of a listing or a delisting period.
    """
    day = rules.day
    listed, delisting = case.raw("list_day"), case.raw("delist_day")
    first_days = _weekdays_until(day, case.integer("list_day")) if listed is not None else ()
    since = _weekdays_until(day, case.integer("delist_day"))[0] if delisting is not None else None
    issue = case.price("issue_price")
    wide = case.flag("etf20")
    return Instrument(
        symbol=Symbol("CASE"),
        kind=Kind.ETF_EQUITY_20 if wide else case.kind(default_kind(rules.board)),
        first_days=first_days,
        st=(Span(since=day),) if case.flag("st") else (),
        delisting=None if since is None else Span(since=since),
        registration_regime=case.flag("registration", True),
        share_reform_pending=case.flag("s_share"),
        issue_price_cny=None if issue is None else str(issue),
    )


def case_band(case: CaseInput, rules: Rules, prev_close: Decimal) -> Band:
    """Return the day's limits of the case's instrument.

    Raises:
        Unsupported: The previous close is not a price.
    """
    if prev_close <= 0:
        raise Unsupported(f"a previous close of {prev_close} is no price")
    return price_band(rules, prev_close, case_instrument(case, rules))


def _weekdays_until(day: date, count: int) -> tuple[date, ...]:
    """Return `count` days ending at `day`, oldest first, the earlier ones weekdays."""
    if not 1 <= count <= _DAYS_MAX:
        raise Unsupported(f"day {count} of a listing or a delisting period is not a day")
    days = [day]
    while len(days) < count:
        earlier = days[-1] - timedelta(days=1)
        while earlier.weekday() >= 5:
            earlier -= timedelta(days=1)
        days.append(earlier)
    return tuple(reversed(days))
