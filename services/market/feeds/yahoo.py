"""Yahoo's quotes of US shares by way of the yfinance library (extra `us`), loaded only when it is asked.

The library asks `query1` and `query2.finance.yahoo.com`, and `fc.yahoo.com` for a cookie, by proxies of the
environment. The head of a day's chart states the last price, its time and the previous close; no book.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import sys
import warnings
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any, Protocol

from services.domain.instruments import Market, Symbol
from services.market.call_gate import Failures, LibraryGate
from services.market.feeds.asking import known, require_some
from services.market.feeds.breaker import HostState
from services.market.feeds.fields import count_of, epoch_moment, price_of, text_of
from services.market.feeds.throttle import USUAL_PACE, Pace
from services.market.raw_quotes import RawQuote, RawQuotes
from services.market.reachability import answer_within
from services.ports import Clock, PriceFault
from services.slots import ZONES

if TYPE_CHECKING:
    from tenacity import Retrying

NAME = "yahoo"
HOSTS = ("query1.finance.yahoo.com", "query2.finance.yahoo.com", "fc.yahoo.com")

_DECIMALS = 4
_ZONE = str(ZONES[Market.US])
_ATTEMPTS = 3
_PAUSE_S = 0.2
_FAILURES: Failures = (
    OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError
)  # fmt: skip
"""What the library lets through where the network fails or an answer has another form."""


class YahooApi(Protocol):
    """What is used of the library."""

    config: Any
    """Its settings; those of `debug` say whether a failure is raised."""

    def Ticker(self, code: str) -> Any:
        """Return an object with `history` and `history_metadata`."""


class YahooFeed:
    """Quotes by the library, a few symbols at a time, under one deadline."""

    name = NAME
    family = NAME
    hosts = HOSTS

    def __init__(
        self,
        clock: Clock,
        *,
        deadline_s: float,
        pace: Pace = USUAL_PACE,
        api: YahooApi | None = None,
        gate: LibraryGate | None = None,
    ) -> None:
        self._clock, self._deadline_s, self._pace, self._api = clock, deadline_s, pace, api
        self._gate = gate or LibraryGate(clock, pace)

    async def quotes(self, symbols: Sequence[Symbol]) -> RawQuotes:
        """Return what came within the deadline.

        Raises:
            PriceFault: Nothing usable came at all, or the library is not installed.
        """
        mine, foreign = known(symbols, called)
        api, room = self._loaded(), asyncio.Semaphore(self._pace.concurrent_requests_max)
        until_s = asyncio.get_running_loop().time() + self._deadline_s
        answers = await asyncio.gather(*(self._asked(symbol, api, room, until_s) for symbol in mine))
        came = dict(zip(mine, answers, strict=True))
        quotes = {symbol: quote for symbol, quote in came.items() if isinstance(quote, RawQuote)}
        faults = {symbol: why for symbol, why in came.items() if isinstance(why, str)}
        told = RawQuotes(source=NAME, quotes=quotes, faults=foreign | faults, answered=not mine)
        return require_some(told)

    def host_states(self) -> tuple[HostState, ...]:
        """Return how the library's call is treated now."""
        return self._gate.host_states()

    async def _asked(
        self, symbol: Symbol, api: YahooApi, room: asyncio.Semaphore, until_s: float
    ) -> RawQuote | str:
        """Return one quote, or why there is none."""
        late = f"no answer within {self._deadline_s:g} s"
        async with room:
            left_s = until_s - asyncio.get_running_loop().time()
            if left_s <= 0:
                return late
            return await answer_within(left_s, partial(self._quote, symbol, api, left_s), late)

    def _quote(self, symbol: Symbol, api: YahooApi, timeout_s: float) -> RawQuote | str:
        """Return one quote, or why there is none. Runs in a thread of its own."""
        own, bans = _library_failures("YFException"), _library_failures("YFRateLimitError")
        # That it knows no such share is one of its own failures too, and no sign of a host that fails.
        failures: Failures = (OSError, ValueError, *_library_failures("YFDataException"))
        try:
            ticker = api.Ticker(called(symbol))
            # Asked for, the answer would be kept as long as the process lives, an error page too.
            ticker._tz = _ZONE
            history = self._gate.around(
                "yfinance.history", ticker.history, most_s=timeout_s, wait=_wait,
                failures=failures, bans=bans,
            )  # fmt: skip
            asked = partial(history, period="1d", interval="1m", prepost=False, timeout=timeout_s)
            if _again(timeout_s)(asked).empty:
                # What it knows of the symbol all the same it would ask a dozen other addresses for.
                return "no minute of trading in the answer"
            stated = dict(ticker.history_metadata)
        except (*_FAILURES, *own) as problem:
            return f"{type(problem).__name__}: {problem}"
        return read_head(stated, symbol, self._clock.now())

    def _loaded(self) -> YahooApi:
        if self._api is None:
            try:
                self._api = importlib.import_module("yfinance")
            except ImportError as error:
                why = f"cannot be loaded ({error}); install the extra `us`: pip install 'kaipan[us]'"
                raise PriceFault(NAME, why) from error
            _keep_quiet()
            # Else it writes down why it failed, gives an empty frame, and nobody counts the failure.
            self._api.config.debug.hide_exceptions = False
        return self._api


def called(symbol: Symbol) -> str:
    """Return what the vendor calls a US share: `AAPL`, `BRK-B`; empty for any other."""
    code, _, market = symbol.rpartition(".")
    return code.replace(".", "-") if market == "US" else ""


def read_head(stated: Mapping[str, object], symbol: Symbol, received_at: datetime) -> RawQuote | str:
    """Return the quote that the head of a day's chart states, in USD a share, or why there is none."""
    if text_of(stated.get("symbol")) != called(symbol):
        return "the answer is about another symbol, or about none"
    if stated.get("currency") != "USD":
        return "its prices are not in USD"
    before = stated.get("previousClose") or stated.get("chartPreviousClose")
    return RawQuote(
        symbol=symbol,
        source=NAME,
        received_at=received_at,
        stamped_at=_moment(stated.get("regularMarketTime")),
        name=text_of(stated.get("shortName")),
        last_cny=price_of(_rounded(stated.get("regularMarketPrice"))),
        prev_close_cny=price_of(_rounded(before)),
        high_cny=price_of(_rounded(stated.get("regularMarketDayHigh"))),
        low_cny=price_of(_rounded(stated.get("regularMarketDayLow"))),
        volume_shares=count_of(stated.get("regularMarketVolume")),
    )


def _again(timeout_s: float) -> Retrying:
    """Return what calls again where the connection fails, with growing pauses, as long as there is time."""
    # Imported here: a run that asks no vendor does without it.
    from tenacity import (
        Retrying,
        retry_if_exception_type,
        stop_after_attempt,
        stop_after_delay,
        wait_exponential,
    )

    return Retrying(
        retry=retry_if_exception_type(OSError),
        stop=stop_after_attempt(_ATTEMPTS) | stop_after_delay(timeout_s),
        wait=wait_exponential(multiplier=_PAUSE_S, max=timeout_s),
        sleep=_pause,
        reraise=True,
    )


def _keep_quiet() -> None:
    """Let what the library says to a person's screen be said by faults alone."""
    logging.getLogger("yfinance").setLevel(logging.CRITICAL + 1)
    warnings.filterwarnings("ignore", module=r"yfinance\.")


def _moment(stated: object) -> datetime | None:
    """Return a time that is stated in seconds since 1970, or that the library turned into a moment."""
    if isinstance(stated, datetime):
        # The library's own kind of moment is no plain one, which a record could hold.
        return datetime.fromtimestamp(stated.timestamp(), UTC) if stated.tzinfo is not None else None
    return epoch_moment(stated)


def _rounded(stated: object) -> object:
    """Return a price without the digits that 32-bit numbers add; ten-thousandths of a dollar stay."""
    return round(stated, _DECIMALS) if isinstance(stated, float) else stated


def _library_failures(kind: str) -> Failures:
    """Return a kind of failure of the library's own, nothing where it is not loaded or knows none such."""
    found = getattr(sys.modules.get("yfinance.exceptions"), kind, None)
    return () if found is None else (found,)


def _pause(wait_s: float) -> None:
    Event().wait(wait_s)


def _wait(wait_s: float) -> bool:
    """Wait for a turn; who asked does without it when time is up."""
    _pause(wait_s)
    return False
