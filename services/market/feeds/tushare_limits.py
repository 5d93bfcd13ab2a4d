"""tushare's daily limits: the table `stk_limit`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta

from services.domain.instruments import Market, Symbol
from services.market.feeds.fields import price_of, text_of
from services.market.feeds.tushare_pro import Limits, Row, TushareCalls
from services.ports import Clock, PriceFault
from services.slots import local

_FIELDS = ("ts_code", "down_limit", "up_limit")
_AGAIN = timedelta(minutes=1)
_WAIT_S = 3.0
"""How long quotes wait for the day's limits."""


class LimitTable:
    """The limits of all shares, asked for once a day; where that failed, again after a minute.

    The vendor has them from about 08:40, for accounts with a right to the table.
    """

    def __init__(self, calls: TushareCalls, clock: Clock) -> None:
        self._calls, self._clock = calls, clock
        self._day, self._limits = date.min, dict[Symbol, Limits]()
        self._again_at = datetime.min.replace(tzinfo=UTC)
        self._turn = asyncio.Lock()

    async def today(self) -> Mapping[Symbol, Limits]:
        """Return the limits that the table states of today, none where it does not come in time."""
        async with self._turn:
            now = self._clock.now()
            day = local(now, Market.CN).date()
            if day != self._day and now >= self._again_at:
                self._again_at = now + _AGAIN
                try:
                    rows = await asyncio.wait_for(self._ask(day), _WAIT_S)
                except (PriceFault, TimeoutError):
                    return {}
                self._day, self._limits = day, read_limits(rows)
            return self._limits if day == self._day else {}

    async def _ask(self, day: date) -> tuple[Row, ...]:
        return await self._calls.rows("stk_limit", {"trade_date": f"{day:%Y%m%d}"}, _FIELDS)


def read_limits(rows: Iterable[Row]) -> dict[Symbol, Limits]:
    """Return the limits that rows of `stk_limit` state."""
    return {
        Symbol(text_of(row.get("ts_code"))): (price_of(row.get("down_limit")), price_of(row.get("up_limit")))
        for row in rows
    }
