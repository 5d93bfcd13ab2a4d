"""Live A-share quotes by way of akshare (East Money). A translator and nothing else.

akshare's order book has no time stamp and its request no timeout. So each quote is dated by the
symbol's last 1-minute bar, and every request made here gets a timeout from outside.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any, Protocol

from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_when_event_set,
    wait_exponential,
)
from tenacity.nap import sleep_using_event

from services.domain.bars import Panel
from services.domain.instruments import Board, Instrument, Market, Symbol
from services.domain.quotes import Quote, VendorSnapshot
from services.market.akshare_quotes import NotAQuote, quote_of, stamp_of
from services.market.request_timeout import limit_requests_of_this_thread
from services.ports import Clock, PriceFault
from services.rules import OutsideRulebook, board_of
from services.slots import local

BOARDS = frozenset({Board.SSE_MAIN, Board.SZSE_MAIN, Board.STAR, Board.CHINEXT, Board.BSE})
"""Stocks only: akshare takes a code that does not begin with 6 for a Shenzhen one."""

ATTEMPTS = 3
REQUEST_S_MAX = 6.0


class AkshareApi(Protocol):
    """The two calls of akshare that are used; frames are pandas'."""

    def stock_bid_ask_em(self, symbol: str) -> Any:
        """Return a frame of `item` and `value`."""

    def stock_zh_a_hist_min_em(self, symbol: str, start_date: str, period: str) -> Any:
        """Return a frame with a `时间` column, one row a minute."""


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
        wanted = tuple(dict.fromkeys(symbols))
        answers = await self._ask_all(wanted) if wanted else {}
        quotes = tuple(answer for answer in answers.values() if isinstance(answer, Quote))
        faults: dict[str, str] = {
            symbol: answer for symbol, answer in answers.items() if isinstance(answer, str)
        }
        if not quotes:
            why = next((f"{symbol}: {fault}" for symbol, fault in faults.items()), "no symbol was asked for")
            raise PriceFault(f"{self._name}, {len(wanted)} symbols", f"no quote at all; {why}")
        return VendorSnapshot(
            moment=self._clock.now(), source=self._name, symbols=tuple(symbols), quotes=quotes, faults=faults
        )

    async def _ask_all(self, symbols: Sequence[Symbol]) -> dict[Symbol, Quote | str]:
        """Return for each symbol its quote, or why there is none."""
        late = Event()
        pool = ThreadPoolExecutor(max_workers=self._workers, thread_name_prefix=self._name)
        try:
            asked = {symbol: asyncio.wrap_future(pool.submit(self._ask, symbol, late)) for symbol in symbols}
            _, unanswered = await asyncio.wait(asked.values(), timeout=self._deadline_s)
        finally:
            late.set()
            pool.shutdown(wait=False, cancel_futures=True)
        no_answer = f"no answer within {self._deadline_s:g} s"
        return {
            symbol: no_answer if future in unanswered else future.result() for symbol, future in asked.items()
        }

    def _ask(self, symbol: Symbol, late: Event) -> Quote | str:
        """Return the quote of one symbol, or why there is none. Runs in a thread of its own."""
        code = symbol.partition(".")[0]
        try:
            if board_of(symbol, local(self._clock.now(), Market.CN).date()) not in BOARDS:
                return "not a stock; this source knows mainland stocks only"
        except OutsideRulebook as problem:
            return str(problem)
        requests = importlib.import_module("requests")
        limit_requests_of_this_thread(min(REQUEST_S_MAX, self._deadline_s))
        network = (requests.ConnectionError, requests.Timeout)
        try:
            api = self._loaded()
            # The minute comes first: what dates the book must not be newer than the book.
            minutes = self._bounded(network, late)(self._minutes, api, code)
            if late.is_set():
                return "too late"
            items = self._bounded(network, late)(_items, api, code)
            return quote_of(symbol, items, stamp_of(minutes, self._clock.now()), self._name)
        except (NotAQuote, requests.RequestException) as problem:
            return str(problem) or type(problem).__name__
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as problem:
            # akshare does not check what it got, so a foreign answer surfaces as one of these.
            return f"the answer has another form ({type(problem).__name__}: {problem})"

    def _loaded(self) -> AkshareApi:
        if self._api is None:
            self._api = importlib.import_module("akshare")
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
