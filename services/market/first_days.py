"""The trading days after a listing, by the published calendar."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

from msgspec.structs import replace

from services.domain.instruments import Instrument, Market
from services.market.bar_times import market_of
from services.ports import Calendar

FIRST_DAYS = 5
"""The most trading days after a listing for which any board has rules of their own."""

_LISTED_LONG = timedelta(days=60)


def with_first_days(facts: Instrument, first: date) -> Instrument:
    """Return the facts with the trading days after a listing that may matter from the day `first` on.

    They are the published calendar's, not the run's: a replay knows only the days it lived. Where
    that does not know them all, or the listing was on none of them, the facts are as they were.
    """
    listed = facts.listed_on
    if listed is None or facts.first_days or listed < first - _LISTED_LONG:
        return facts
    days = _published_calendar(market_of(facts.symbol)).trading_days(listed, listed + _LISTED_LONG)
    days = days[:FIRST_DAYS]
    return replace(facts, first_days=days) if len(days) == FIRST_DAYS and days[0] == listed else facts


@cache
def _published_calendar(market: Market) -> Calendar:
    from services.calendars import MarketCalendar

    return MarketCalendar(market, None)
