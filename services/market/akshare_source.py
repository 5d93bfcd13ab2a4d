"""Live A-share quotes and recent bars by way of akshare (East Money). A translator and nothing else.

akshare's order book has no time stamp and its request no timeout. So each quote is dated by the
symbol's last 1-minute bar, and every request made here gets a timeout from outside.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from threading import Event
from typing import Any, Protocol, TypeVar

from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_when_event_set,
    wait_exponential,
)
from tenacity.nap import sleep_using_event

from services.domain.bars import Frequency, Panel
from services.domain.instruments import Board, Instrument, Market, Symbol
from services.domain.quotes import Quote, VendorSnapshot
from services.market.akshare_history import NoBars, ended_bars, first_day, history_panel
from services.market.akshare_quotes import NotAQuote, quote_of, stamp_of
from services.market.raw_bars import RawBar
from services.market.request_timeout import limit_requests_of_this_thread
from services.ports import Clock, PriceFault
from services.rules import OutsideRulebook, board_of
from services.slots import local

BOARDS = frozenset({Board.SSE_MAIN, Board.SZSE_MAIN, Board.STAR, Board.CHINEXT, Board.BSE})
"""Stocks only: akshare takes a code that does not begin with 6 for a Shenzhen one."""

HOSTS = ("push2.eastmoney.com", "push2his.eastmoney.com")
"""Where the calls used here go, by HTTPS: quotes, then bars."""

ATTEMPTS = 3
REQUEST_S_MAX = 6.0

_T = TypeVar("_T")


class AkshareApi(Protocol):
    """The calls of akshare that are used; frames are pandas'."""

    def stock_bid_ask_em(self, symbol: str) -> Any:
        """Return a frame of `item` and `value`."""

    def stock_zh_a_hist_min_em(self, symbol: str, start_date: str, period: str, adjust: str = "") -> Any:
        """Return a frame with a `时间` column, one row a bar of `period` minutes."""

    def stock_zh_a_hist(self, symbol: str, period: str, start_date: str, end_date: str, adjust: str) -> Any:
        """Return a frame with a `日期` column, one row a bar; empty where the vendor has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """One symbol's turn with the vendor: its code there (`600519`), and how to ask.

    `again` calls what it is given, and again on network errors; once `late` is set nothing more is asked.
    """

    symbol: Symbol
    code: str
    api: AkshareApi
    again: Callable[..., Any]
    late: Event


@dataclass(frozen=True, slots=True)
class _NoAnswer:
    """Why there is no answer for a symbol."""

    why: str


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
    ) -> None:
        self._clock = clock
        self._deadline_s = deadline_s
        self._workers = workers
        self._name = name
        self._api = api
        self._pause_s = pause_s

    @property
    def name(self) -> str:
        """The source's name, as every quote of it states."""
        return self._name

    @property
    def panel(self) -> Panel | None:
        """None: a vendor has no bars in hand."""
        return None

    async def get_instruments(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, Instrument]:
        """Return nothing: akshare's quotes hold no such facts."""
        return {}

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
            faults=faults,
        )

    async def get_history(self, symbols: Sequence[Symbol], frequency: Frequency) -> Panel:
        """Return the ended bars of the last weeks, about 60 a symbol, adjusted forward, volume in lots.

        A symbol whose bars did not come in time, or cannot be bars, is left out. The columns stand in
        the order of `symbols`.

        Raises:
            PriceFault: No symbol has bars.
        """
        # Taken before the first request: a bar that ends while they run may come unfinished.
        now = self._clock.now()
        answers, faults = await self._ask_all(symbols, partial(_bars, frequency, now))
        if not answers:
            raise self._nothing(len(set(symbols)), f"no {frequency} bars at all", faults)
        return history_panel(answers, frequency, self._name)

    def _nothing(self, asked: int, what: str, faults: Mapping[str, str]) -> PriceFault:
        why = next((f"{symbol}: {fault}" for symbol, fault in faults.items()), "no symbol was asked for")
        return PriceFault(f"{self._name}, {asked} symbols", f"{what}; {why}")

    async def _ask_all(
        self, symbols: Sequence[Symbol], ask: Callable[[_Turn], _T]
    ) -> tuple[dict[Symbol, _T], dict[str, str]]:
        """Return the answer for each symbol, in their order, and for the others why there is none."""
        late = Event()
        pool = ThreadPoolExecutor(max_workers=self._workers, thread_name_prefix=self._name)
        answers: dict[Symbol, _T] = {}
        faults: dict[str, str] = {}
        try:
            asked = {
                symbol: asyncio.wrap_future(pool.submit(self._answer, symbol, ask, late))
                for symbol in dict.fromkeys(symbols)
            }
            if asked:
                await asyncio.wait(asked.values(), timeout=self._deadline_s)
        finally:
            late.set()
            pool.shutdown(wait=False, cancel_futures=True)
        for symbol, future in asked.items():
            if not future.done() or future.cancelled():
                faults[symbol] = f"no answer within {self._deadline_s:g} s"
            elif isinstance(answer := future.result(), _NoAnswer):
                faults[symbol] = answer.why
            else:
                answers[symbol] = answer
        return answers, faults

    def _answer(self, symbol: Symbol, ask: Callable[[_Turn], _T], late: Event) -> _T | _NoAnswer:
        """Return the answer for one symbol, or why there is none. Runs in a thread of its own."""
        try:
            if board_of(symbol, local(self._clock.now(), Market.CN).date()) not in BOARDS:
                return _NoAnswer("not a stock; this source knows mainland stocks only")
        except OutsideRulebook as problem:
            return _NoAnswer(str(problem))
        requests = importlib.import_module("requests")
        limit_requests_of_this_thread(min(REQUEST_S_MAX, self._deadline_s))
        again = self._bounded((requests.ConnectionError, requests.Timeout), late)
        try:
            api = self._loaded()
            code = symbol.partition(".")[0]
            return ask(_Turn(symbol=symbol, code=code, api=api, again=again, late=late))
        except (NotAQuote, NoBars, requests.RequestException) as problem:
            return _NoAnswer(str(problem) or type(problem).__name__)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as problem:
            # akshare does not check what it got, so a foreign answer surfaces as one of these.
            return _NoAnswer(f"the answer has another form ({type(problem).__name__}: {problem})")

    def _quote(self, turn: _Turn) -> Quote:
        """Return the quote of one symbol.

        Raises:
            NotAQuote: There is none, or time is up.
        """
        # The minute comes first: what dates the book must not be newer than the book.
        minutes = turn.again(self._minutes, turn.api, turn.code)
        if turn.late.is_set():
            raise NotAQuote("too late")
        items = turn.again(_items, turn.api, turn.code)
        return quote_of(turn.symbol, items, stamp_of(minutes, self._clock.now()), self._name)

    def _loaded(self) -> AkshareApi:
        if self._api is None:
            try:
                self._api = importlib.import_module("akshare")
            except ImportError as error:
                why = f"cannot be loaded ({error}); install requirements.lock"
                raise PriceFault("akshare", why) from error
        return self._api

    def _bounded(self, network: tuple[type[Exception], ...], late: Event) -> Callable[..., Any]:
        """Return a caller that tries again on network errors: `ATTEMPTS` times, never when late."""
        return Retrying(
            retry=retry_if_exception_type(network),
            stop=stop_after_attempt(ATTEMPTS) | stop_when_event_set(late),
            wait=wait_exponential(multiplier=self._pause_s, max=4),
            sleep=sleep_using_event(late),
            reraise=True,
        )

    def _minutes(self, api: AkshareApi, code: str) -> list[str]:
        """Return the labels of today's 1-minute bars, ascending."""
        today = local(self._clock.now(), Market.CN).date()
        frame = api.stock_zh_a_hist_min_em(symbol=code, start_date=f"{today} 00:00:00", period="1")
        return [str(label) for label in frame["时间"]]


def _items(api: AkshareApi, code: str) -> dict[str, object]:
    frame = api.stock_bid_ask_em(symbol=code)
    return dict(zip(frame["item"], frame["value"], strict=True))


def _bars(frequency: Frequency, now: datetime, turn: _Turn) -> tuple[RawBar, ...]:
    """Return the bars of one symbol that had ended at `now`.

    Raises:
        NoBars: There are none.
    """
    since, today = first_day(frequency, now), local(now, Market.CN)
    if frequency is Frequency.DAILY:
        days = {"start_date": f"{since:%Y%m%d}", "end_date": f"{today:%Y%m%d}"}
        frame = turn.again(turn.api.stock_zh_a_hist, symbol=turn.code, period="daily", adjust="qfq", **days)
    else:
        start = f"{since} 00:00:00"
        ask = turn.api.stock_zh_a_hist_min_em
        frame = turn.again(ask, symbol=turn.code, start_date=start, period="60", adjust="qfq")
    return ended_bars(turn.symbol, frame, frequency, now)
