"""tushare pro: its tables as rows, and its real-time table as quotes.

Wire: POST of `{api_name, token, params, fields}` as JSON to `https://api.tushare.pro`; it answers
`{code, msg, data: {fields, items, has_more}}`. The vendor's own library sends the token by plain HTTP and
turns HTTP 500 and 429 into an empty table. Here they are faults, and so is an empty table nobody expects.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from services.domain.instruments import Symbol
from services.domain.quotes import Level
from services.market.feeds.asking import Part, known, require_some, split
from services.market.feeds.breaker import HostState
from services.market.feeds.fields import (
    BadAnswer,
    amount_of,
    count_of,
    json_object,
    levels_of,
    local_moment,
    prefixed,
    price_of,
    text_of,
)
from services.market.feeds.wire import Line, Request, Wire
from services.market.raw_quotes import RawQuote, RawQuotes
from services.ports import Clock, PriceFault

NAME = "tushare"
HOST = "api.tushare.pro"
REQUESTS_PER_S_MAX = 8.0
"""Most tables may be asked for 500 times a minute."""

TOKEN_VARIABLE = "KAIPAN_DATA_API_KEY"

_URL = f"https://{HOST}"
_PAGES_MAX = 200
_PART_SYMBOLS = 100
_NO_RIGHT = frozenset({40203, 2002, -2002})
_TOO_OFTEN = "最多访问"
_SECRET_CHARACTERS_MIN = 4
_WHY_CHARACTERS_MAX = 200
_FIELDS = (
    "ts_code", "name", "pre_close", "open", "high", "low", "close", "vol", "amount", "trade_time",
    "bid_price1", "bid_volume1", "ask_price1", "ask_volume1",
)  # fmt: skip

Row = Mapping[str, object]

Limits = tuple[Decimal | None, Decimal | None]
"""The lower and the upper limit in CNY a share."""


class DayLimits(Protocol):
    """The limits of a day by a table of their own."""

    async def today(self) -> Mapping[Symbol, Limits]:
        """Return the limits of today, of as many shares as are known, none where they do not come in time."""


class AskedTooOften(PriceFault):
    """The account's own limit on calls a minute, an hour or a day is reached; the host is well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer: its rows and whether more follow, or, where `code` is not 0, what the vendor says."""

    rows: tuple[Row, ...] = ()
    more: bool = False
    code: int = 0
    says: str = ""


class TushareCalls:
    """Asks for tables. The token goes into the body of requests by HTTPS and nowhere else."""

    def __init__(self, wire: Wire, token: str) -> None:
        self._wire, self._token = wire, token

    async def rows(
        self,
        api_name: str,
        params: Mapping[str, object],
        fields: Sequence[str],
        *,
        may_be_empty: bool = False,
    ) -> tuple[Row, ...]:
        """Return the rows of a table, all its pages, each by field name; numbers with a point are Decimal.

        `params` are the table's own. An empty table is a fault unless it `may_be_empty`, as a day's
        suspensions may be.

        Raises:
            AskedTooOften: The account may ask for this table again later.
            PriceFault: There is no token, no right, or no usable answer within the deadline.
        """
        if not self._token:
            raise PriceFault(NAME, f"there is no token; set {TOKEN_VARIABLE} in the environment or .env")
        found: list[Row] = []
        async with self._wire.line() as line:
            for _ in range(_PAGES_MAX):
                page = await self._page(line, api_name, {**params, **_from(len(found))}, fields)
                found += page.rows
                if not page.more or not page.rows:
                    break
            else:
                raise PriceFault(f"{NAME} {api_name}", f"more than {_PAGES_MAX} pages; ask for fewer rows")
        if not found and not may_be_empty:
            raise PriceFault(f"{NAME} {api_name}", "the table is empty")
        return tuple(found)

    def host_states(self) -> tuple[HostState, ...]:
        """Return how each host asked so far is treated now."""
        return self._wire.states()

    async def _page(
        self, line: Line, api_name: str, params: Mapping[str, object], fields: Sequence[str]
    ) -> Page:
        asked = {
            "api_name": api_name, "token": self._token, "params": dict(params), "fields": ",".join(fields)
        }  # fmt: skip
        body = json.dumps(asked, ensure_ascii=False).encode()
        request = Request(url=_URL, headers={"content-type": "application/json"}, body=body)
        try:
            page = await line.ask(request, read_page)
        except PriceFault as fault:
            raise PriceFault(f"{NAME} {api_name}", self._without_token(fault.why)) from None
        if page.code != 0:
            raise self._refused(api_name, page)
        # A renamed column would read as one in which nothing is stated.
        absent = [name for name in fields if any(name not in row for row in page.rows[:1])]
        if absent:
            raise PriceFault(f"{NAME} {api_name}", f"the table lacks the column {absent[0]}")
        return page

    def _refused(self, api_name: str, page: Page) -> PriceFault:
        says = self._without_token(page.says)[:_WHY_CHARACTERS_MAX]
        asked = f"{NAME} {api_name}"
        if _TOO_OFTEN in page.says:
            return AskedTooOften(asked, f"asked too often (code {page.code}: {says})")
        if page.code in _NO_RIGHT:
            return PriceFault(asked, f"the account has no right to {api_name} (code {page.code}: {says})")
        return PriceFault(asked, f"code {page.code}: {says}")

    def _without_token(self, text: str) -> str:
        whole = " ".join(text.split())
        return whole.replace(self._token, "[secret]") if len(self._token) >= _SECRET_CHARACTERS_MIN else whole


class TushareFeed:
    """Quotes by the table `rt_k`, to which an account needs a right of its own; shares only, one level.

    The table states no limits; `limits` does, where given.
    """

    name = NAME
    family = NAME
    hosts = (HOST,)

    def __init__(self, calls: TushareCalls, clock: Clock, limits: DayLimits | None = None) -> None:
        self._calls, self._clock, self._limits = calls, clock, limits

    async def quotes(self, symbols: Sequence[Symbol]) -> RawQuotes:
        """Return what came within the deadline.

        Raises:
            PriceFault: Nothing usable came at all.
        """
        mine, foreign = known(symbols, prefixed)
        asking = asyncio.gather(*(self._part(part) for part in split(mine, _PART_SYMBOLS)))
        limits, answers = await asyncio.gather(self._limits_today(), asking)
        quotes = {symbol: quote for answer in answers for symbol, quote in answer.quotes.items()}
        for symbol in quotes.keys() & limits.keys():
            down, up = limits[symbol]
            quotes[symbol] = replace(quotes[symbol], limit_down_cny=down, limit_up_cny=up)
        faults = {symbol: why for answer in answers for symbol, why in answer.faults.items()}
        answered = not mine or any(answer.answered for answer in answers)
        told = RawQuotes(source=NAME, quotes=quotes, faults=foreign | faults, answered=answered)
        return require_some(told)

    def host_states(self) -> tuple[HostState, ...]:
        """Return how each host asked so far is treated now."""
        return self._calls.host_states()

    async def _limits_today(self) -> Mapping[Symbol, Limits]:
        return {} if self._limits is None else await self._limits.today()

    async def _part(self, part: Part) -> RawQuotes:
        try:
            rows = await self._calls.rows("rt_k", {"ts_code": ",".join(part)}, _FIELDS)
        except PriceFault as fault:
            faults = dict.fromkeys(part, f"{fault.asked}: {fault.why}")
            return RawQuotes(source=NAME, faults=faults, answered=False)
        return read_quotes(rows, part, self._clock.now())


def read_page(body: bytes) -> Page:
    """Return what one answer holds.

    Raises:
        BadAnswer: The bytes are no such answer.
    """
    answer = json_object(body)
    code = answer.get("code")
    if isinstance(code, bool) or not isinstance(code, int):
        raise BadAnswer("without a code")
    if code != 0:
        return Page(code=code, says=text_of(answer.get("msg")))
    data = answer.get("data")
    fields, items = (data.get("fields"), data.get("items")) if isinstance(data, dict) else (None, None)
    if not isinstance(data, dict) or not isinstance(fields, list) or not isinstance(items, list):
        raise BadAnswer("without a table")
    if not all(isinstance(name, str) for name in fields):
        raise BadAnswer("a table whose columns have no names")
    if not all(isinstance(item, list) and len(item) == len(fields) for item in items):
        raise BadAnswer("a table whose rows have other columns than its head")
    rows = tuple(dict(zip(fields, item, strict=True)) for item in items)
    return Page(rows=rows, more=data.get("has_more") is True)


def read_quotes(rows: Sequence[Row], symbols: Sequence[Symbol], received_at: datetime) -> RawQuotes:
    """Return the quotes that rows of `rt_k` state of the symbols, and why others are missing."""
    found = {text_of(row.get("ts_code")): row for row in rows}
    quotes = {symbol: _quote(found[symbol], symbol, received_at) for symbol in symbols if symbol in found}
    faults = {symbol: "not in the answer" for symbol in symbols if symbol not in found}
    return RawQuotes(source=NAME, quotes=quotes, faults=faults)


def _quote(row: Row, symbol: Symbol, received_at: datetime) -> RawQuote:
    return RawQuote(
        symbol=symbol,
        source=NAME,
        received_at=received_at,
        stamped_at=local_moment(row.get("trade_time"), "%Y-%m-%d %H:%M:%S", 19),
        name=text_of(row.get("name")),
        last_cny=price_of(row.get("close")),
        prev_close_cny=price_of(row.get("pre_close")),
        open_cny=price_of(row.get("open")),
        high_cny=price_of(row.get("high")),
        low_cny=price_of(row.get("low")),
        bids=_best(row, "bid"),
        asks=_best(row, "ask"),
        volume_shares=count_of(row.get("vol")),
        amount_cny=amount_of(row.get("amount")),
    )


def _best(row: Row, side: str) -> tuple[Level, ...] | None:
    """Return the best level of one side, None where the row does not state its shares."""
    price, shares = row.get(f"{side}_price1"), row.get(f"{side}_volume1")
    return None if count_of(shares) is None else levels_of([(price, shares)], 1)


def _from(offset: int) -> dict[str, object]:
    return {"offset": offset} if offset else {}
