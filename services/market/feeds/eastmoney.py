"""East Money's quotes: one by one with the book, limits and status, or a hundred at a time without.

Wire: `push2.eastmoney.com`, JSON. A field it has no value for is a hyphen. `f86` (in a list `f124`) is the
quote's own time, in seconds since 1970. Volumes count lots of 100 shares; the day's average price is
the check.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.domain.instruments import Symbol
from services.domain.quotes import Level
from services.market.feeds.asking import REQUEST_SYMBOLS_MAX, Part, ask_parts, known, split
from services.market.feeds.breaker import HostState
from services.market.feeds.fields import (
    LOT_SHARES,
    amount_of,
    count_of,
    counted_in,
    epoch_moment,
    json_object,
    levels_of,
    price_of,
    text_of,
)
from services.market.feeds.wire import Request, Wire
from services.market.raw_quotes import RawQuote, RawQuotes, Status

NAME = "eastmoney"
HOST = "push2.eastmoney.com"

_ONE = f"https://{HOST}/api/qt/stock/get"
_LIST = f"https://{HOST}/api/qt/ulist.np/get"
_HEADERS = {"referer": "https://quote.eastmoney.com/"}
_MARKETS = {"SH": "1", "SZ": "0", "BJ": "0"}

_BIDS = (("f19", "f20"), ("f17", "f18"), ("f15", "f16"), ("f13", "f14"), ("f11", "f12"))
_ASKS = (("f39", "f40"), ("f37", "f38"), ("f35", "f36"), ("f33", "f34"), ("f31", "f32"))
"""Price and lots of each level, best first."""

_ONE_FIELDS = {
    "code": "f57", "market": "f107", "name": "f58", "last": "f43", "prev_close": "f60", "open": "f46",
    "high": "f44", "low": "f45", "limit_up": "f51", "limit_down": "f52", "volume": "f47", "amount": "f48",
    "stamp": "f86", "status": "f292",
}  # fmt: skip
_LIST_FIELDS = {
    "code": "f12", "market": "f13", "name": "f14", "last": "f2", "prev_close": "f18", "open": "f17",
    "high": "f15", "low": "f16", "volume": "f5", "amount": "f6", "stamp": "f124", "status": "f292",
}  # fmt: skip

_STATUSES = {
    2: Status.TRADING,
    6: Status.SUSPENDED,
    7: Status.SUSPENDED,  # delisted
    8: Status.SUSPENDED,  # listing suspended
    9: Status.SUSPENDED,  # not listed yet
    14: Status.HALTED,
    16: Status.HALTED,  # volatility interruption
}
"""By f292, as the vendor's own quote page names them; its other numbers are phases of the whole market."""


class EastMoneyFeed:
    """Quotes by East Money: up to `book_symbols_max` symbols each with its book, more of them in lists."""

    name = NAME
    family = NAME
    hosts = (HOST,)

    def __init__(self, wire: Wire, *, book_symbols_max: int) -> None:
        self._wire, self._book_symbols_max = wire, book_symbols_max

    async def quotes(self, symbols: Sequence[Symbol]) -> RawQuotes:
        """Return what came within the deadline.

        Raises:
            PriceFault: Nothing usable came at all.
        """
        mine, foreign = known(symbols, secid)
        parts: dict[Part, Request]
        if len(mine) <= self._book_symbols_max:
            parts = {(symbol,): book_request(symbol) for symbol in mine}
            read = self._read_book
        else:
            parts = {part: list_request(part) for part in split(mine, REQUEST_SYMBOLS_MAX)}
            read = self._read_list
        async with self._wire.line() as line:
            return await ask_parts(line, self.name, parts, foreign, read)

    def host_states(self) -> tuple[HostState, ...]:
        """Return how each host asked so far is treated now."""
        return self._wire.states()

    def _read_book(self, body: bytes, part: Part) -> RawQuotes:
        return read_book(body, part[0], self._wire.clock.now())

    def _read_list(self, body: bytes, part: Part) -> RawQuotes:
        return read_list(body, part, self._wire.clock.now())


def secid(symbol: Symbol) -> str:
    """Return what the vendor calls a mainland symbol: `1.600519`, `0.300750`; empty for any other."""
    code, _, exchange = symbol.partition(".")
    return f"{_MARKETS[exchange]}.{code}" if exchange in _MARKETS else ""


def book_request(symbol: Symbol) -> Request:
    """Return what asks for one symbol with its book."""
    levels = [name for pair in (*_BIDS, *_ASKS) for name in pair]
    fields = ",".join((*_ONE_FIELDS.values(), *levels))
    return Request(url=f"{_ONE}?fltt=2&invt=2&fields={fields}&secid={secid(symbol)}", headers=_HEADERS)


def list_request(symbols: Sequence[Symbol]) -> Request:
    """Return what asks for many symbols at once, without books."""
    fields, secids = ",".join(_LIST_FIELDS.values()), ",".join(map(secid, symbols))
    return Request(url=f"{_LIST}?fltt=2&invt=2&np=1&fields={fields}&secids={secids}", headers=_HEADERS)


def read_book(body: bytes, symbol: Symbol, received_at: datetime) -> RawQuotes:
    """Return the quote of `symbol` with its book, or why the answer holds none.

    Raises:
        BadAnswer: The bytes are no such answer.
    """
    data = json_object(body).get("data")
    if not isinstance(data, dict):
        return RawQuotes(source=NAME, faults={symbol: "the vendor states nothing of it"})
    return _one(data, _ONE_FIELDS, symbol, received_at)


def read_list(body: bytes, symbols: Sequence[Symbol], received_at: datetime) -> RawQuotes:
    """Return the quotes of the symbols, without books and limits, and why others are missing.

    Raises:
        BadAnswer: The bytes are no such answer.
    """
    data = json_object(body).get("data")
    rows = data.get("diff") if isinstance(data, dict) else None
    listed = list(rows.values()) if isinstance(rows, dict) else rows if isinstance(rows, list) else []
    found = {_stated_secid(row, _LIST_FIELDS, "?"): row for row in listed if isinstance(row, dict)}
    quotes: dict[Symbol, RawQuote] = {}
    faults: dict[Symbol, str] = {}
    for symbol in symbols:
        row = found.get(secid(symbol))
        answer = _one(row, _LIST_FIELDS, symbol, received_at) if row is not None else None
        quotes |= answer.quotes if answer is not None else {}
        faults |= answer.faults if answer is not None else {symbol: "not in the answer"}
    return RawQuotes(source=NAME, quotes=quotes, faults=faults)


def _stated_secid(row: Mapping[str, object], fields: Mapping[str, str], asked: str) -> str:
    """Return whom a row is about; where it states no market it is that of `asked`."""
    market = count_of(row.get(fields["market"]))
    return f"{asked[:1] if market is None else market}.{text_of(row.get(fields['code']))}"


def _one(
    row: Mapping[str, object], fields: Mapping[str, str], symbol: Symbol, received_at: datetime
) -> RawQuotes:
    stated = _stated_secid(row, fields, secid(symbol))
    if stated != secid(symbol):
        return RawQuotes(source=NAME, faults={symbol: f"the answer is about {stated[:20]}"})
    priced = {key: price_of(row.get(fields[key])) for key in ("last", "prev_close", "open", "high", "low")}
    amount, volume = amount_of(row.get(fields["amount"])), count_of(row.get(fields["volume"]))
    unit = counted_in(volume, amount, priced["low"], priced["high"], LOT_SHARES)
    code = count_of(row.get(fields["status"]))
    quote = RawQuote(
        symbol=symbol,
        source=NAME,
        received_at=received_at,
        stamped_at=epoch_moment(row.get(fields["stamp"])),
        name=text_of(row.get(fields["name"])),
        last_cny=priced["last"],
        prev_close_cny=priced["prev_close"],
        open_cny=priced["open"],
        high_cny=priced["high"],
        low_cny=priced["low"],
        limit_up_cny=price_of(row.get(fields.get("limit_up", ""))),
        limit_down_cny=price_of(row.get(fields.get("limit_down", ""))),
        bids=_side(row, _BIDS, unit) if fields is _ONE_FIELDS else None,
        asks=_side(row, _ASKS, unit) if fields is _ONE_FIELDS else None,
        volume_shares=None if volume is None or unit is None else volume * unit,
        amount_cny=amount,
        status=None if code is None else _STATUSES.get(code),
    )
    return RawQuotes(source=NAME, quotes={symbol: quote})


def _side(
    row: Mapping[str, object], side: tuple[tuple[str, str], ...], unit: int | None
) -> tuple[Level, ...] | None:
    """Return one side of the book, None where none of its fields is stated at all."""
    if not any(price in row for price, _ in side):
        return None
    return levels_of([(row.get(price), row.get(lots)) for price, lots in side], unit or LOT_SHARES)
