"""Ex-days by tushare's table `dividend`: amounts a share, one request a symbol and day."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from services.domain.instruments import Distribution, Symbol
from services.market.ex_day_chain import Announced, announced
from services.market.feeds.asking import known
from services.market.feeds.fields import local_moment, number_of, prefixed, text_of
from services.market.feeds.tushare_pro import HOST, NAME, Row, TushareCalls

_FIELDS = (
    "ts_code", "div_proc", "stk_div", "stk_bo_rate", "cash_div_tax", "record_date", "ex_date", "pay_date",
)  # fmt: skip
_DONE = "实施"


class TushareDistributions:
    """Ex-days by symbol."""

    name = NAME
    hosts = (HOST,)

    def __init__(self, calls: TushareCalls) -> None:
        self._calls = calls

    async def distributions(self, symbols: Sequence[Symbol], since: date, until: date) -> Announced:
        """Return the distributions of the symbols whose ex-day lies in [since, until].

        Raises:
            PriceFault: They were not told.
        """
        mine, _ = known(symbols, prefixed)
        answers = await asyncio.gather(
            *(
                self._calls.rows("dividend", {"ts_code": symbol}, _FIELDS, may_be_empty=True)
                for symbol in mine
            )
        )
        told = (one for symbol, rows in zip(mine, answers, strict=True) for one in read(rows, symbol))
        return announced(one for one in told if since <= one.ex_date <= until)


def read(rows: Sequence[Row], symbol: Symbol) -> Iterator[Distribution]:
    """Yield what is carried out and has an ex-day; plans are left out, and so is what is told twice."""
    seen: set[Distribution] = set()
    for row in rows:
        ex_date = _day(row, "ex_date")
        if text_of(row.get("div_proc")) != _DONE or text_of(row.get("ts_code")) != symbol or ex_date is None:
            continue
        one = Distribution(
            symbol=symbol,
            ex_date=ex_date,
            record_date=_day(row, "record_date"),
            pay_date=_day(row, "pay_date"),
            cash_per_share=number_of(row.get("cash_div_tax")) or Decimal(0),
            shares_per_share=number_of(row.get("stk_div")) or Decimal(0),
            bonus_per_share=number_of(row.get("stk_bo_rate")) or Decimal(0),
            source=NAME,
        )
        if one not in seen:
            seen.add(one)
            yield one


def _day(row: Row, name: str) -> date | None:
    moment = local_moment(row.get(name), "%Y%m%d", 8)
    return None if moment is None else moment.date()
