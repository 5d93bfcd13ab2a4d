"""Which ex-days the store's own factors call wrong or missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from services.domain.bars import Adjustment, CorporateAction
from services.domain.instruments import Symbol
from services.history.ex_days import unexplained
from services.history.findings import Certainty, Finding, FindingKind
from services.history.required import TradingDays
from services.history.series import Series
from services.history.spans import NOTHING, Covered, Days
from services.history.tables import EX_DAYS, FACTORS, FactTables


def unexplained_days(
    all_series: Sequence[Series], tables: FactTables, trading: TradingDays
) -> dict[Symbol, dict[date, str]]:
    """Return of raw bars the days on which factors and ex-days say different things, and the numbers.

    Raises:
        HistoryError: The index cannot be read.
    """
    raw = [one for one in all_series if len(one) and one.kind.adjustment is Adjustment.RAW]
    known = tables.covered(FACTORS)
    by_symbol: dict[Symbol, list[CorporateAction]] = {}
    for action in tables.actions():
        by_symbol.setdefault(action.symbol, []).append(action)
    found = {
        one.symbol: unexplained(
            one, tables.factors(one.symbol), known[one.symbol], by_symbol.get(one.symbol, ()), trading
        )
        for one in raw
        if one.symbol in known
    }
    return {symbol: days for symbol, days in found.items() if days}


def ex_days_known(
    all_series: Sequence[Series], tables: FactTables, trading: TradingDays
) -> Mapping[Symbol, Covered]:
    """Return the days of which all ex-days are known, of each symbol: those its factors deny are not.

    Raises:
        HistoryError: The index cannot be read.
    """
    told, denied = tables.covered(EX_DAYS), unexplained_days(all_series, tables, trading)
    return {
        one.symbol: told.get(one.symbol, NOTHING).less(Days(day, day) for day in denied.get(one.symbol, ()))
        for one in all_series
    }


def factor_findings(all_series: Sequence[Series], tables: FactTables, trading: TradingDays) -> list[Finding]:
    """Return the days on which a vendor's factor and the ex-days say different things.

    Raises:
        HistoryError: The index cannot be read.
    """
    return [
        Finding(
            kind=FindingKind.FACTOR,
            certainty=Certainty.SUSPECT,
            symbols=(symbol,),
            first=str(day),
            last=str(day),
            detail=detail,
            mend="declare the right ex-day (a rights issue, say) in a facts file, and `data import` it; a "
            "wrong one goes with `data remove --facts`",
        )
        for symbol, days in unexplained_days(all_series, tables, trading).items()
        for day, detail in days.items()
    ]
