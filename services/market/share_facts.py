"""What one day's lists say of a share, and which facts no list tells or two tell differently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from services.domain.instruments import LONG_AGO, Fact, Instrument, Span, Symbol, marks_of
from services.market.akshare_lists import Listed

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class NoList:
    """A list that did not come, and why."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareLists:
    """The lists that speak of one share, each by six digits: its exchange's, the warned, the suspended."""

    listed: Mapping[str, Listed] | NoList
    warned: Mapping[str, str] | NoList
    suspended: Mapping[str, tuple[Span, ...]] | NoList


def share_facts(symbol: Symbol, day: date, lists: ShareLists) -> tuple[Instrument, Mapping[Fact, str]]:
    """Return what is known of a share on `day`, and why the rest is not.

    A risk warning is told by the exchange's name and by the list of warned shares; where only one
    came, that one counts, and where they differ it is unknown. When a delisting period began is told
    by no list, only by the name that there is one.
    """
    code = symbol.partition(".")[0]
    listed, no_listing = _row(lists.listed, code, "is not on the list of its exchange")
    warned_as, _ = _row(lists.warned, code, "")
    name = listed.name if listed is not None else warned_as or ""
    listed_on = None if listed is None else listed.listed_on
    suspended, no_suspension = _row(lists.suspended, code, "")
    warned, no_warning = _warning(name, code, lists.warned, no_listing)
    leaving = marks_of(name).leaving
    unknown = {
        Fact.RISK_WARNING: no_warning,
        Fact.LISTING: "" if listed_on else no_listing or "the list of its exchange gives no day",
        Fact.DELISTING: f"it is named {name!r}, and no list tells the day" if leaving else "",
        Fact.SUSPENSION: no_suspension,
    }
    facts = Instrument(
        symbol=symbol,
        name=name,
        listed_on=listed_on,
        st=(Span(since=day, until=day),) if warned else (),
        delisting=Span(since=LONG_AGO) if leaving else None,
        share_reform_pending=marks_of(name).unreformed,
        suspended=suspended or (),
    )
    return facts, {fact: why for fact, why in unknown.items() if why}


def _row(rows: Mapping[str, _T] | NoList, code: str, absent: str) -> tuple[_T | None, str]:
    """Return the row of a code, or why there is none: `absent` where the list came without it."""
    if isinstance(rows, NoList):
        return None, rows.why
    return (rows[code], "") if code in rows else (None, absent)


def _warning(name: str, code: str, rows: Mapping[str, str] | NoList, no_name: str) -> tuple[bool, str]:
    """Return whether the share carries a risk warning, and why that is not known; empty where it is."""
    marks = marks_of(name)
    by_name = marks.warned if name and not marks.leaving else None
    if isinstance(rows, NoList):
        return bool(by_name), f"{no_name}; {rows.why}".lstrip("; ") if by_name is None else ""
    by_list = code in rows
    if by_name is None or by_name is by_list:
        return by_list, ""
    verb = "holds" if by_list else "does not hold"
    return False, f"the list of its exchange names it {name!r}, the list of warned shares {verb} it"
