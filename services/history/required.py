"""What a run needs to be known of its days before it may be made on them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from services.domain.events import TradingDay
from services.domain.instruments import Instrument, Symbol
from services.history.coverage import expected
from services.history.descriptions import Described, facts_known
from services.history.index import HistoryError
from services.history.lengths import BarLength
from services.history.spans import NOTHING, Covered, Days, covering
from services.ports import Calendar

_NAMED = 5

TradingDays = Callable[[date, date], Sequence[date]]
"""Tells the days from one to another, both included, on which there may be trading."""


def require_covered(
    symbols: Sequence[Symbol],
    days: Days,
    covered: Mapping[Symbol, Covered],
    facts: Mapping[Symbol, Instrument],
    length: BarLength,
    trading: TradingDays,
    needed_from: Mapping[Symbol, date],
) -> None:
    """Do nothing where the bars of all symbols are known on all of the days on which they are to have any.

    `trading` tells the days that are not known to be without trading, `needed_from` of some symbols the first
    day on which they can be bought: of those before nobody needs bars.

    Raises:
        HistoryError: They are not: that there are none on the others is not known either.
    """
    unknown: dict[Symbol, list[Days]] = {}
    for symbol in symbols:
        first = max(days.first, needed_from.get(symbol, days.first))
        missing = covered.get(symbol, NOTHING).missing(first, days.last)
        due = [span for span in missing if expected(trading(*span), facts.get(symbol))]
        if due:
            unknown[symbol] = due
    if unknown:
        raise _not_known(f"{length} bars", unknown, days, f" --frequency {length}")


def require_facts(
    symbols: Sequence[Symbol],
    days: Days,
    told: Mapping[Symbol, Sequence[Described]],
    trading: TradingDays,
    needed_from: Mapping[Symbol, date],
) -> None:
    """Do nothing where of each symbol facts are told of all of the days with trading, or of none at all.

    Of days before `needed_from` they need not be.

    Raises:
        HistoryError: Of some days they are not told: a suspension or risk warning on them would read as none.
    """
    unknown: dict[Symbol, list[Days]] = {}
    for symbol in symbols:
        known = facts_known(told.get(symbol, ()))
        first = max(days.first, needed_from.get(symbol, days.first))
        missing = [span for span in known.missing(first, days.last) if trading(*span)]
        if known.spans and missing:
            unknown[symbol] = missing
    if unknown:
        raise _not_known("facts", unknown, days, " --source tushare")


def require_one_adjustment(apart: Mapping[Symbol, Sequence[str]]) -> None:
    """Do nothing where there are no symbols whose adjusted bars came `apart`, from the sources named.

    Raises:
        HistoryError: There are: adjusted prices are those of the day they were told on.
    """
    if apart:
        named = ",".join(list(apart)[:_NAMED])
        more = f" and {len(apart) - _NAMED} more" if len(apart) > _NAMED else ""
        files = " and ".join(next(iter(apart.values())))
        raise HistoryError(
            f"the history holds bars of {named}{more} that are not known to be raw, from {files}, without a "
            "bar in common by which they would be known to be adjusted alike: prices may jump from one to "
            "the other; import a file that has bars of each, or take them away with `data remove` and import "
            "them again with --adjustment raw, or as one file"
        )


def _not_known(what: str, unknown: Mapping[Symbol, Sequence[Days]], days: Days, option: str) -> HistoryError:
    named = ",".join(list(unknown)[:_NAMED])
    more = f" and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""
    spans = covering(span for some in unknown.values() for span in some).spans
    known = covering([days]).less(spans).spans
    shorter = ""
    if known:
        first, last = max(known, key=lambda span: span.last - span.first)
        shorter = f", or run with --start {first} --end {last}"
    return HistoryError(
        f"the history does not know the {what} of {named}{more} on {', '.join(map(str, spans[:_NAMED]))}; "
        f"get them with `data download --symbols {named}{option} --start {spans[0].first} "
        f"--end {spans[-1].last}`; or declare them in a file of facts, a suspension or a listing say, and "
        "`data import` it; where facts were told too early or are wrong, `data remove --facts --symbols "
        f"{named}` makes room for others{shorter}"
    )


def may_trade(calendar: Calendar, first: date, last: date) -> list[date]:
    """Return the days from one to another that a calendar does not know to be without trading."""
    return [day for day in every_day(first, last) if calendar.trading_day(day) is not TradingDay.CLOSED]


def every_day(first: date, last: date) -> list[date]:
    """Return all calendar days: where no calendar is at hand there may be trading on each."""
    return [date.fromordinal(one) for one in range(first.toordinal(), last.toordinal() + 1)]
