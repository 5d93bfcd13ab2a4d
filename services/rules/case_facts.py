"""What a worked case says of its instrument and its day's limits. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType

from services.domain.instruments import Instrument, Kind, Span, Symbol, marks_of
from services.rules.boards import default_kind
from services.rules.case_input import CaseInput, Unsupported
from services.rules.limits import Band, price_band
from services.rules.rulebook import rules_on
from services.rules.terms import Rules

_DAYS_MAX = 10_000


def case_rules(case: CaseInput, day: date | None = None, *, board: str | None = None) -> Rules:
    """Return the rules of the case's board and exchange on `day`, else on the case's own.

    `board` stands in where the case names none.

    Raises:
        Unsupported: The case names no board, or one that is not known.
        OutsideRulebook: The rules of that day are not known.
    """
    return rules_on(case.board(board), day or case.day("date"), case.venue())


def case_instrument(case: CaseInput, rules: Rules) -> Instrument:
    """Return an instrument with the facts the case states, and what its `name` says where it states none.

    Raises:
        Unsupported: A day number is not one of a listing, a new listing or a delisting period.
    """
    name, day = case.text("name", ""), rules.day
    listed = _days_since(
        case, "list_day", day, _NAMED_DAYS.get(_plain(name)[:1]) if marks_of(name).new else None
    )
    leaving = _days_since(case, "delist_day", day)
    if marks_of(name).leaving and not leaving:
        raise Unsupported(f"{name!r} is in its delisting period: give delist_day")
    again = _days_since(case, "relist_day", day)
    issue = case.price("issue_price")
    kind, wide = case.kind(default_kind(rules.board)), case.flag("etf20")
    return Instrument(
        symbol=Symbol("CASE"),
        kind=Kind.ETF_EQUITY_20 if wide else kind,
        first_days=listed,
        st=(Span(since=day),) if case.flag("st", marks_of(name).warned) else (),
        delisting=Span(since=leaving[0]) if leaving else None,
        registration_regime=case.flag("registration", True),
        share_reform_pending=case.flag("s_share", marks_of(name).unreformed),
        issue_price_cny=None if issue is None else str(issue),
        relisted_on=again[0] if again else None,
    )


_NAMED_DAYS: Mapping[str, int] = MappingProxyType({"N": 1, "C": 2})
"""Days of a listing by the letter before a name; `C` stands for the second to the fifth, which are alike."""


def _plain(name: str) -> str:
    """Return a name without the mark of an ex-day."""
    return name[2:] if name.startswith(("XD", "XR", "DR")) else name


def _days_since(case: CaseInput, field: str, day: date, default: int | None = None) -> tuple[date, ...]:
    """Return the days up to `day`, which is the one the case numbers in `field`; empty where it does not."""
    known = default is not None or case.raw(field) is not None
    return _weekdays_until(day, case.integer(field, default)) if known else ()


def case_band(case: CaseInput, rules: Rules, prev_close: Decimal) -> Band:
    """Return the day's limits of the case's instrument.

    Raises:
        Unsupported: The previous close is not a price.
    """
    if prev_close <= 0:
        raise Unsupported(f"a previous close of {prev_close} is no price")
    return price_band(rules, prev_close, case_instrument(case, rules))


def open_end_fund(case: CaseInput) -> bool:
    """Answer whether the case is about a listed open-end fund, which its board does not tell."""
    return case.raw("kind") == "lof" or str(case.raw("board")).endswith("LOF")


def _weekdays_until(day: date, count: int) -> tuple[date, ...]:
    """Return `count` days ending at `day`, oldest first, the earlier ones weekdays."""
    if not 1 <= count <= _DAYS_MAX:
        raise Unsupported(f"day {count} of a listing, a new listing or a delisting period is not a day")
    days = [day]
    while len(days) < count:
        earlier = days[-1] - timedelta(days=1)
        while earlier.weekday() >= 5:
            earlier -= timedelta(days=1)
        days.append(earlier)
    return tuple(reversed(days))
