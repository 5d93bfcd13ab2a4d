"""Bars of the past by akshare: East Money's, raw, with its amounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any, Protocol, cast

from services.domain.bars import VolumeUnit
from services.domain.instruments import Symbol, parse_symbol
from services.history.descriptions import Described
from services.history.lengths import BarLength
from services.history.tables import Roll, Stay
from services.history.vendors import NO_BARS, NOT_SERVED, ExDays, NotTold, Period, Told
from services.market.akshare_calls import AkshareApi, AkshareCalls, NoAnswer, Turn
from services.market.call_gate import LibraryGate
from services.market.feeds.throttle import Pace
from services.market.raw_bars import RawBar, read_number
from services.ports import Clock, PriceFault

NAME = "akshare"
HOSTS = ("push2his.eastmoney.com", "oss-ch.csindex.com.cn", "vip.stock.finance.sina.com.cn")

_COLUMNS = ("开盘", "最高", "最低", "收盘", "成交量", "成交额")
_SUFFIXES = {"上海证券交易所": "SH", "深圳证券交易所": "SZ", "北京证券交易所": "BJ"}
_PLACES = {"6": "SH", "0": "SZ", "3": "SZ", "9": "BJ"}
"""Where a share of an index is listed, by the first digit of its code: no index here holds B shares."""

_PAUSE_S = 1.0


class _IndexApi(Protocol):
    def index_stock_cons_csindex(self, symbol: str) -> Any:
        """Return a frame with `日期`, `成分券代码` and `交易所`: an index's members by its publisher."""

    def index_stock_cons(self, symbol: str) -> Any:
        """Return a frame with `品种代码` and `纳入日期`: an index's members now, and since when each is."""


class AkshareHistory:
    """Bars by `stock_zh_a_hist` and `stock_zh_a_hist_min_em`, an index's members of today by its publisher.

    Of bars shorter than a day the vendor keeps some months at most, of one minute five days. It tells no
    facts, no factors, and no members of the past.
    """

    name = NAME
    hosts = HOSTS

    def __init__(self, clock: Clock, pace: Pace, *, deadline_s: float, api: AkshareApi | None = None) -> None:
        self.at_a_time = pace.concurrent_requests_max
        self._calls = AkshareCalls(
            deadline_s=deadline_s,
            workers=pace.concurrent_requests_max,
            name=NAME,
            api=api,
            pause_s=_PAUSE_S,
            gate=LibraryGate(clock, pace),
        )

    async def bars(self, symbols: Sequence[Symbol], period: Period) -> Mapping[Symbol, Told | str]:
        """Return what is told of each symbol, or why nothing is."""
        unserved = {symbol: why for symbol in symbols if (why := _unserved(symbol, period))}
        answers, faults = await self._calls.answers(
            {symbol: partial(_told, symbol, period) for symbol in symbols if symbol not in unserved}
        )
        reasons = {symbol: NO_BARS if why == NO_BARS else why for symbol, why in faults.items()}
        return {**unserved, **answers, **reasons}

    async def ex_days(self, symbols: Sequence[Symbol], period: Period) -> Mapping[Symbol, ExDays]:
        """Return that nothing is told of ex-days."""
        return dict.fromkeys(symbols, ExDays())

    async def rolls(self, index: str, start: date, end: date) -> tuple[Roll, ...]:
        """Return the members of an index as its publisher lists them now, dated by the list.

        Raises:
            PriceFault: The list did not come.
        """
        answers, faults = await self._calls.answers({index: partial(_roll, index)})
        if index in faults:
            raise PriceFault(f"{NAME} members of {index}", faults[index])
        return (answers[index],)

    async def stays(self, index: str) -> tuple[Stay, ...]:
        """Return since when the members of today belong to an index, by Sina.

        Raises:
            PriceFault: It did not come.
        """
        answers, faults = await self._calls.answers({index: partial(_stays, index)})
        if index in faults:
            raise PriceFault(f"{NAME} in-days of {index}", faults[index])
        return answers[index]

    async def described(self, symbols: Sequence[Symbol], start: date, end: date) -> tuple[Described, ...]:
        """Return nothing: of facts this vendor tells those of today alone."""
        return ()

    async def days(self, start: date, end: date) -> Mapping[date, bool]:
        """Return nothing: the calendar is asked elsewhere."""
        return {}


def _unserved(symbol: Symbol, period: Period) -> NotTold | None:
    """Return why the library cannot ask for a symbol's bars, None where it can."""
    if symbol.endswith(".SH") and not symbol.startswith("6"):
        return NotTold("the library takes a Shanghai code that does not begin with 6 for a Shenzhen one")
    return NOT_SERVED if symbol.endswith(".US") or period.length is BarLength.WEEK else None


def _told(symbol: Symbol, period: Period, turn: Turn) -> Told:
    """Return the bars of a symbol.

    Raises:
        NoAnswer: There are none.
    """
    frame = _frame(symbol, period, turn)
    if not len(frame):
        raise NoAnswer(NO_BARS)
    label = "日期" if period.length is BarLength.DAY else "时间"
    # The library cuts bars of minutes at the beginning alone.
    bars = (bar for bar in _raw_bars(symbol, frame, label) if bar.label[:10] <= str(period.end))
    return Told(bars=tuple(bars), volume_unit=VolumeUnit.LOT)


def _frame(symbol: Symbol, period: Period, turn: Turn) -> Any:
    code = symbol[:6]
    if period.length is BarLength.DAY:
        return turn.again(
            turn.api.stock_zh_a_hist,
            symbol=code,
            period="daily",
            start_date=f"{period.start:%Y%m%d}",
            end_date=f"{period.end:%Y%m%d}",
            adjust="",
        )
    return turn.again(
        turn.api.stock_zh_a_hist_min_em,
        symbol=code,
        start_date=f"{period.start} 00:00:00",
        period=str(period.length.minutes),
        adjust="",
    )


def _raw_bars(symbol: Symbol, frame: Any, label: str) -> Iterator[RawBar]:
    columns = [frame[name] for name in (label, *_COLUMNS)]
    for line, (at, *stated) in enumerate(zip(*columns, strict=True), start=1):
        values = [read_number(float(one), name) for one, name in zip(stated, _COLUMNS, strict=True)]
        opening, high, low, close, volume, amount = values
        yield RawBar(line, symbol, "", str(at), opening, high, low, close, volume, amount=amount)


def _roll(index: str, turn: Turn) -> Roll:
    """Return an index's members by its publisher's list.

    Raises:
        NoAnswer: The list is of another form, or names no day.
    """
    frame = turn.again(cast(_IndexApi, turn.api).index_stock_cons_csindex, symbol=index[:6])
    codes, places = ([str(one) for one in frame[name]] for name in ("成分券代码", "交易所"))
    days = {one for one in frame["日期"] if isinstance(one, date) and not isinstance(one, datetime)}
    unknown = [place for place in places if place not in _SUFFIXES]
    if len(days) != 1 or not codes or unknown:
        raise NoAnswer("the list of members names no single day, no members, or an exchange not known")
    members = (Symbol(f"{code}.{_SUFFIXES[place]}") for code, place in zip(codes, places, strict=True))
    return Roll(index=index, day=days.pop(), members=tuple(sorted(members)), source=NAME)


def _stays(index: str, turn: Turn) -> tuple[Stay, ...]:
    """Return since when an index's members of today belong to it.

    Raises:
        NoAnswer: The table is of another form.
    """
    frame = turn.again(cast(_IndexApi, turn.api).index_stock_cons, symbol=index[:6])
    try:
        rows = {
            (parse_symbol(f"{code}.{_PLACES[str(code)[0]]}"), date.fromisoformat(str(day)[:10]))
            for code, day in zip(frame["品种代码"], frame["纳入日期"], strict=True)
        }
    except (KeyError, ValueError) as problem:
        raise NoAnswer(f"the table of members and their days is of another form ({problem})") from problem
    return tuple(
        Stay(index=index, symbol=symbol, since=since, until=None, source=NAME)
        for symbol, since in sorted(rows)
    )
