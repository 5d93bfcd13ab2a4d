"""akshare's functions, called in threads of their own under one deadline."""

from __future__ import annotations

import asyncio
import importlib
import struct
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partialmethod
from threading import Event
from typing import Any, Protocol, TypeVar
from zipfile import BadZipFile

from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_when_event_set,
    wait_exponential,
)
from tenacity.nap import sleep_using_event

from services.market.call_gate import LibraryGate, NotAsked
from services.market.feeds.breaker import HostState
from services.market.request_timeout import limit_requests_of_this_thread
from services.ports import PriceFault

ATTEMPTS = 3
REQUEST_S_MAX = 6.0

FOREIGN_ANSWER = (
    TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError, EOFError,
    SyntaxError,  # lxml's at a page that is empty or no page
    ImportError,  # pandas', for a kind of workbook that nothing here reads
    BadZipFile, zlib.error, struct.error,  # a workbook cut short or damaged
)  # fmt: skip
"""As which an answer of another form surfaces: akshare does not check what it got, and divides by it."""

_K = TypeVar("_K")
_T = TypeVar("_T")


class NoAnswer(ValueError):
    """The vendor answered, but with nothing one may reason about."""


class AkshareApi(Protocol):
    """The calls of akshare that are used; frames are pandas'."""

    def stock_bid_ask_em(self, symbol: str) -> Any:
        """Return a frame of `item` and `value`."""

    def stock_zh_a_hist_min_em(self, symbol: str, start_date: str, period: str, adjust: str = "") -> Any:
        """Return a frame with a `时间` column, one row a bar of `period` minutes."""

    def stock_zh_a_hist(self, symbol: str, period: str, start_date: str, end_date: str, adjust: str) -> Any:
        """Return a frame with a `日期` column, one row a bar; empty where the vendor has none."""

    def stock_info_sh_name_code(self, symbol: str) -> Any:
        """Return a frame with `证券代码`, `证券简称` and `上市日期`: the SSE's shares of one board."""

    def stock_info_sz_name_code(self, symbol: str) -> Any:
        """Return a frame with `A股代码`, `A股简称` and `A股上市日期`: the SZSE's shares."""

    def stock_info_bj_name_code(self) -> Any:
        """Return a frame with `证券代码`, `证券简称` and `上市日期`: the BSE's shares."""

    def stock_zh_a_st_em(self) -> Any:
        """Return a frame with `代码` and `名称`: the shares that carry a risk warning."""

    def stock_tfp_em(self, date: str) -> Any:
        """Return a frame with `代码` and the dates of each suspension that touches the day (`20260713`)."""

    def tool_trade_date_hist_sina(self) -> Any:
        """Return a frame with `trade_date`: every mainland trading day up to the last one announced."""

    def fund_overview_em(self, symbol: str) -> Any:
        """Return a frame of one row: the profile of one fund."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A question's turn with the vendor.

    `again` calls what it is given, and again on network errors; once `late` is set nothing more is asked.
    """

    api: AkshareApi
    again: Callable[..., Any]
    late: Event


class AkshareCalls:
    """Asks several questions at a time, all of them within `deadline_s`; a request gets at most 6 s.

    Each call of the library passes the `gate`, once more for each further attempt; without one nothing
    holds it back.
    """

    def __init__(
        self,
        *,
        deadline_s: float,
        workers: int,
        name: str,
        api: AkshareApi | None,
        pause_s: float,
        gate: LibraryGate | None = None,
    ) -> None:
        self._deadline_s, self._workers, self._name = deadline_s, workers, name
        self._api, self._pause_s, self._gate = api, pause_s, gate

    def host_states(self) -> tuple[HostState, ...]:
        """Return how each call of the library is treated now."""
        return () if self._gate is None else self._gate.host_states()

    async def answers(self, asked: Mapping[_K, Callable[[Turn], _T]]) -> tuple[dict[_K, _T], dict[_K, str]]:
        """Return the answers that came in time, in the order of the questions, and for the others why not."""
        late = Event()
        pool = ThreadPoolExecutor(max_workers=self._workers, thread_name_prefix=self._name)
        answers: dict[_K, _T] = {}
        faults: dict[_K, str] = {}
        try:
            futures = {
                key: asyncio.wrap_future(pool.submit(self._answer, ask, late)) for key, ask in asked.items()
            }
            if futures:
                await asyncio.wait(futures.values(), timeout=self._deadline_s)
        finally:
            late.set()
            pool.shutdown(wait=False, cancel_futures=True)
        for key, future in futures.items():
            if not future.done() or future.cancelled():
                faults[key] = f"no answer within {self._deadline_s:g} s"
            elif isinstance(answer := future.result(), _Fault):
                faults[key] = answer.why
            else:
                answers[key] = answer
        return answers, faults

    def _answer(self, ask: Callable[[Turn], _T], late: Event) -> _T | _Fault:
        """Return one answer, or why there is none. Runs in a thread of its own."""
        requests = importlib.import_module("requests")
        limit_requests_of_this_thread(min(REQUEST_S_MAX, self._deadline_s))
        bounded = self._bounded((requests.ConnectionError, requests.Timeout), late)

        def again(call: Callable[..., Any], *args: Any, **options: Any) -> Any:
            return bounded(self._gated(call, late, requests.RequestException), *args, **options)

        try:
            return ask(Turn(api=self._loaded(), again=again, late=late))
        except (NoAnswer, NotAsked, requests.RequestException) as problem:
            return _Fault(str(problem) or type(problem).__name__)
        except FOREIGN_ANSWER as problem:
            return _Fault(f"the answer has another form ({type(problem).__name__}: {problem})")

    def _gated(self, call: Callable[..., Any], late: Event, failure: type[Exception]) -> Callable[..., Any]:
        if self._gate is None:
            return call
        name = f"akshare.{getattr(call, '__name__', 'call')}"
        return self._gate.around(name, call, most_s=self._deadline_s, wait=late.wait, failures=(failure,))

    def _loaded(self) -> AkshareApi:
        if self._api is None:
            try:
                self._api = importlib.import_module("akshare")
            except ImportError as error:
                why = f"cannot be loaded ({error}); install requirements.lock"
                raise PriceFault("akshare", why) from error
            _hide_progress()
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


@dataclass(frozen=True, slots=True)
class _Fault:
    """Why there is no answer."""

    why: str


def _hide_progress() -> None:
    """Let the bars that akshare draws while it turns pages stay away from the terminal."""
    bar: Any = importlib.import_module("tqdm").tqdm
    bar.__init__ = partialmethod(bar.__init__, disable=True)
