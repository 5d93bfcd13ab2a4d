"""Histories of daily bars from closes written by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from services.domain.bars import CorporateAction, History
from services.domain.instruments import Symbol
from tests.exchange_market import MAIN, MON, OTHER, WHOLE_DAY, panel

# Returns 0.1, -0.1, 0 and 0.1; and 0, -0.1, 0.1 and 0.
FOUR_RETURNS: Mapping[Symbol, Sequence[float | None]] = {
    MAIN: (100.0, 110.0, 99.0, 99.0, 108.9),
    OTHER: (50.0, 50.0, 45.0, 49.5, 49.5),
}

# Returns -0.3, -0.2, -0.1, 0.1 and 0.2.
FIVE_RETURNS = (100.0, 70.0, 56.0, 50.4, 55.44, 66.528)


def days(count: int) -> tuple[date, ...]:
    """Return so many days in a row, from Monday on; weekends are no matter to a panel."""
    return tuple(MON + timedelta(days=n) for n in range(count))


def history(series: Mapping[Symbol, Sequence[float | None]], **stated: Any) -> History:
    """Return all the bars, of which open, high, low and close are the one price given."""
    bars = {
        symbol: [None if close is None else (close,) * 4 for close in closes]
        for symbol, closes in series.items()
    }
    return of_bars(bars, **stated)


def of_bars(bars: Mapping[Symbol, Sequence[Any]], **stated: Any) -> History:
    count = len(next(iter(bars.values())))
    made = panel(bars, **{"days": days(count), "hours": WHOLE_DAY, **stated})
    return History(panel=made, rows=len(made.ends))


def ex_day(row: int, cash: str = "0", shares: str = "0", *, symbol: Symbol = MAIN) -> CorporateAction:
    return CorporateAction(
        symbol=symbol,
        ex_date=MON + timedelta(days=row),
        cash_per_share=Decimal(cash),
        shares_per_share=Decimal(shares),
    )
