"""Live A-share quotes and recent bars by way of akshare (East Money). A translator and nothing else.

akshare's order book has no time stamp and its request no timeout. So each quote is dated by the
symbol's last 1-minute bar, and every request made here gets a timeout from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import TypeVar

from services.domain.bars import Frequency, Panel
from services.domain.instruments import Board, Facts, Market, Symbol
from services.domain.quotes import Quote, VendorSnapshot
from services.market.akshare_calls import AkshareApi, AkshareCalls, Turn
from services.market.akshare_facts import HOSTS as FACT_HOSTS
from services.market.akshare_facts import AkshareFacts
from services.market.akshare_history import ended_bars
from services.market.akshare_quotes import NotAQuote, quote_of, stamp_of
from services.market.call_gate import LibraryGate
from services.market.raw_bars import RawBar
from services.market.recent_bars import BarsTold, first_day, history_panel
from services.ports import Clock, PriceFault
from services.rules import OutsideRulebook, board_of
from services.slots import local

BOARDS = frozenset({Board.SSE_MAIN, Board.SZSE_MAIN, Board.STAR, Board.CHINEXT, Board.BSE})
"""Stocks only: akshare takes a code that does not begin with 6 for a Shenzhen one."""

BAR_HOST = "push2his.eastmoney.com"
"""Where bars come from, by HTTPS."""

HOSTS = ("push2.eastmoney.com", BAR_HOST)
"""Where this source's own quotes, then bars come from; instrument facts come from elsewhere and may fail."""

_T = TypeVar("_T")


class AkshareSource:
    """Asks East Money for each symbol through akshare, several at a time, under one deadline."""

    def __init__(
        self,
        clock: Clock,
        *,
        deadline_s: float = 20.0,
        workers: int = 8,
        name: str = "akshare",
        api: AkshareApi | None = None,
        pause_s: float = 0.5,
        gate: LibraryGate | None = None,
    ) -> None:
        self._clock, self._name = clock, name
        self._calls = AkshareCalls(
            deadline_s=deadline_s,
            workers=workers,
            name=name,
            api=api,
            pause_s=pause_s,
            gate=gate or LibraryGate(clock),
        )
        self._facts = AkshareFacts(self._calls, name)

    @property
    def name(self) -> str:
        """The source's name, as every quote of it states."""
        return self._name

    @property
    def panel(self) -> Panel | None:
        """None: a vendor has no bars in hand."""
        return None

    @property
    def bar_hosts(self) -> tuple[str, ...]:
        """The hosts its bars come from."""
        return (BAR_HOST,)

    @property
    def fact_hosts(self) -> tuple[str, ...]:
        """The hosts its facts come from."""
        return FACT_HOSTS

    async def get_instruments(self, symbols: Sequence[Symbol]) -> Facts:
        """Return what the lists of the exchanges and the vendor tell of the symbols today.

        Raises:
            PriceFault: None of the lists came.
        """
        return await self.told(symbols, local(self._clock.now(), Market.CN).date())

    async def told(self, symbols: Sequence[Symbol], day: date) -> Facts:
        """Return what the lists of the exchanges and the vendor tell of the symbols on `day`.

        A list is asked for once a day; one that did not come leaves its facts unknown.

        Raises:
            PriceFault: None of the lists came.
        """
        return await self._facts.told(symbols, day)

    async def get_current_prices(self, symbols: Sequence[Symbol]) -> VendorSnapshot:
        """Return the quotes that came in time; a symbol without one is in `faults` with the reason.

        Raises:
            PriceFault: No symbol got a quote.
        """
        answers, faults = await self._ask_all(symbols, self._quote)
        if not answers:
            raise self._nothing(len(set(symbols)), "no quote at all", faults)
        return VendorSnapshot(
            moment=self._clock.now(),
            source=self._name,
            symbols=tuple(symbols),
            quotes=tuple(answers.values()),
            faults={str(symbol): why for symbol, why in faults.items()},
        )

    async def get_history(self, symbols: Sequence[Symbol], frequency: Frequency) -> Panel:
        """Return the ended bars of the last weeks, about 60 a symbol, adjusted forward, volume in lots.

        A symbol whose bars did not come in time, or cannot be bars, is left out. The columns stand in
        the order of `symbols`.

        Raises:
            PriceFault: No symbol has bars.
        """
        # Taken before the first request: a bar that ends while they run may come unfinished.
        told = await self.bars(symbols, frequency, self._clock.now())
        if not told.bars:
            raise self._nothing(len(set(symbols)), f"no {frequency} bars at all", told.faults)
        return history_panel(told.bars, frequency, self._name)

    async def bars(self, symbols: Sequence[Symbol], frequency: Frequency, now: datetime) -> BarsTold:
        """Return the bars that had ended at `now`, and for each other symbol why there are none."""
        answers, faults = await self._ask_all(symbols, partial(_bars, frequency, now))
        return BarsTold(bars=answers, faults=faults)

    def _nothing(self, asked: int, what: str, faults: Mapping[Symbol, str]) -> PriceFault:
        why = next((f"{symbol}: {fault}" for symbol, fault in faults.items()), "no symbol was asked for")
        return PriceFault(f"{self._name}, {asked} symbols", f"{what}; {why}")

    async def _ask_all(
        self, symbols: Sequence[Symbol], ask: Callable[[Symbol, Turn], _T]
    ) -> tuple[dict[Symbol, _T], dict[Symbol, str]]:
        """Return the answer for each symbol, in their order, and for the others why there is none."""
        foreign = {symbol: why for symbol in symbols if (why := self._foreign(symbol))}
        mine = [symbol for symbol in dict.fromkeys(symbols) if symbol not in foreign]
        answers, faults = await self._calls.answers({symbol: partial(ask, symbol) for symbol in mine})
        return answers, foreign | faults

    def _foreign(self, symbol: Symbol) -> str:
        """Return why the vendor is not asked for the symbol, empty where it is."""
        try:
            known = board_of(symbol, local(self._clock.now(), Market.CN).date()) in BOARDS
        except OutsideRulebook as problem:
            return str(problem)
        return "" if known else "not a stock; this source knows mainland stocks only"

    def _quote(self, symbol: Symbol, turn: Turn) -> Quote:
        """Return the quote of one symbol.

        Raises:
            NotAQuote: There is none, or time is up.
        """
        # The minute comes first: what dates the book must not be newer than the book.
        minutes = turn.again(self._minutes, turn.api, _code(symbol))
        if turn.late.is_set():
            raise NotAQuote("too late")
        items = turn.again(_items, turn.api, _code(symbol))
        return quote_of(symbol, items, stamp_of(minutes, self._clock.now()), self._name)

    def _minutes(self, api: AkshareApi, code: str) -> list[str]:
        """Return the labels of today's 1-minute bars, ascending."""
        today = local(self._clock.now(), Market.CN).date()
        frame = api.stock_zh_a_hist_min_em(symbol=code, start_date=f"{today} 00:00:00", period="1")
        return [str(label) for label in frame["时间"]]


def _code(symbol: Symbol) -> str:
    """Return what the vendor calls the symbol: `600519`."""
    return symbol.partition(".")[0]


def _items(api: AkshareApi, code: str) -> dict[str, object]:
    frame = api.stock_bid_ask_em(symbol=code)
    return dict(zip(frame["item"], frame["value"], strict=True))


def _bars(frequency: Frequency, now: datetime, symbol: Symbol, turn: Turn) -> tuple[RawBar, ...]:
    """Return the bars of one symbol that had ended at `now`.

    Raises:
        NoBars: There are none.
    """
    since, today = first_day(frequency, now), local(now, Market.CN)
    if frequency is Frequency.DAILY:
        days = {"start_date": f"{since:%Y%m%d}", "end_date": f"{today:%Y%m%d}"}
        frame = turn.again(
            turn.api.stock_zh_a_hist, symbol=_code(symbol), period="daily", adjust="qfq", **days
        )
    else:
        start = f"{since} 00:00:00"
        ask = turn.api.stock_zh_a_hist_min_em
        frame = turn.again(ask, symbol=_code(symbol), start_date=start, period="60", adjust="qfq")
    return ended_bars(symbol, frame, frequency, now)
