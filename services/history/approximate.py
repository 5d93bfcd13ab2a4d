"""What a run on the store takes for so and nobody told: said at the end of its source's name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.domain.bars import Adjustment
from services.domain.instruments import Market, Symbol
from services.history.descriptions import Described, facts_by_vendors, facts_known
from services.history.factor_check import ex_days_known
from services.history.lengths import day_of
from services.history.required import TradingDays
from services.history.series import Series
from services.history.spans import NOTHING, Covered, Days
from services.history.tables import FactTables

_NAMED = 5
"""So many symbols are named; of the others it is said how many there are."""


def taken_for_so(
    all_series: Sequence[Series],
    tables: FactTables,
    told: Mapping[Symbol, Sequence[Described]],
    days: Days,
    trading: TradingDays,
) -> str:
    """Return, for the end of a source's name, what is not known of which symbols; empty where all is.

    Raises:
        HistoryError: The index cannot be read.
    """
    unwarned = [one.symbol for one in all_series if _unwarned(one, told.get(one.symbol, ()), days, trading)]
    found = [
        f"{what} {_listed(symbols)}"
        for what, symbols in (
            ("ex-days not known of", _without_ex_days(all_series, tables, days, trading)),
            ("no vendor told risk warnings of", unwarned),
        )
        if symbols
    ]
    return f", approximate: {'; '.join(found)}" if found else ""


def _without_ex_days(
    all_series: Sequence[Series], tables: FactTables, days: Days, trading: TradingDays
) -> list[Symbol]:
    """Return the symbols whose raw bars stand without all their ex-days."""
    if all_series[0].kind.adjustment is not Adjustment.RAW:
        return []
    covered = ex_days_known(all_series, tables, trading)
    return [
        one.symbol
        for one in all_series
        if not _all_known(one, covered.get(one.symbol, NOTHING), days, trading)
    ]


def _unwarned(series: Series, told: Sequence[Described], days: Days, trading: TradingDays) -> bool:
    """Answer whether a file alone tells facts of days of a run, and no risk warning.

    It may have left one out. Where nobody told any facts the records say so themselves.
    """
    if series.market is not Market.CN:
        return False
    silent = facts_known(one for one in told if not one.instrument.st).less(facts_by_vendors(told).spans)
    return any(trading(*span) for span in silent.within(days).spans)


def _all_known(series: Series, covered: Covered, days: Days, trading: TradingDays) -> bool:
    """Answer whether all ex-days are known on the days of a run on which a symbol has bars."""
    first, last = (day_of(series.market, int(series.ends[row])) for row in (0, -1))
    missing = covered.missing(max(first, days.first), min(last, days.last))
    return not any(trading(*span) for span in missing)


def _listed(symbols: Sequence[Symbol]) -> str:
    more = f" and {len(symbols) - _NAMED} more" if len(symbols) > _NAMED else ""
    return f"{', '.join(symbols[:_NAMED])}{more}"
