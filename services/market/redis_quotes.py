"""Quotes shared by the processes of one machine or network, in Redis. Needs the extra `redis`."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import msgspec

from services.domain.instruments import Symbol
from services.market.plausible_quote import is_plausible
from services.market.raw_quotes import RawQuote
from services.ports import Clock

ANSWER_S_MAX = 0.5
"""How long Redis may take; a local one takes a thousandth of that."""

RETRY_S = 60.0
"""How long nothing is asked of a Redis that failed."""

TURN_S = 3.0
"""How long another process's turn at a vendor is waited for."""

_LOOK_S = 0.05
_T = TypeVar("_T")
_Client = Callable[[str], Any]


class RedisMissing(RuntimeError):
    """The package `redis` is not installed."""


class RedisAddressWrong(ValueError):
    """The address is none. It is not quoted: it may hold a password."""


class RedisQuotes:
    """Keeps quotes under `kaipan:quote:<feed>:<symbol>`; a Redis that fails is told of once and gone without.

    `tell` gets the sentence on what failed, without the address, which may hold a password.
    """

    def __init__(
        self, url: str, clock: Clock, tell: Callable[[str], None], client: _Client | None = None
    ) -> None:
        self._make = partial(client or _connect, url)
        # Made at once: an address that is none is to be known now.
        self._unused: Any = self._make()
        # A connection is of one loop; a program may run one after the other.
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, Any] = WeakKeyDictionary()
        self._clock, self._tell = clock, tell
        self._down_until: datetime | None = None
        self._told = False

    async def get(self, feed: str, symbols: Iterable[Symbol]) -> Mapping[Symbol, RawQuote]:
        """Return the quotes of a feed that are there.

        Left out is a value that is none, another's, or nothing that a feed could have read.
        """
        wanted = tuple(symbols)
        empty: Sequence[bytes | None] = ()
        values = await self._asked(lambda: self._redis.mget([_key(feed, one) for one in wanted]), empty)
        found = zip(wanted, map(_read, values), strict=False)
        return {
            symbol: raw
            for symbol, raw in found
            if raw is not None and raw.source == feed and raw.symbol == symbol and is_plausible(raw)
        }

    async def put(self, feed: str, quotes: Iterable[RawQuote], keep_s: float) -> None:
        """Keep a feed's quotes for so long."""
        pipe = self._redis.pipeline(transaction=False)
        for raw in quotes:
            pipe.set(_key(feed, raw.symbol), msgspec.json.encode(raw), px=max(1, round(keep_s * 1000)))
        await self._asked(pipe.execute, ())

    async def claim(self, feed: str) -> bool:
        """Answer whether this process's turn at the feed has come; after `TURN_S` it goes without one."""
        for _ in range(round(TURN_S / _LOOK_S)):
            taken = await self._asked(
                lambda: self._redis.set(_turn(feed), b"1", nx=True, px=round(TURN_S * 1000)), None
            )
            if taken or self._is_down():
                return bool(taken)
            await asyncio.sleep(_LOOK_S)
        return False

    async def release(self, feed: str) -> None:
        """End this process's turn at the feed."""
        await self._asked(lambda: self._redis.delete(_turn(feed)), 0)

    @property
    def _redis(self) -> Any:
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            self._clients[loop], self._unused = self._unused or self._make(), None
        return self._clients[loop]

    async def _asked(self, ask: Callable[[], Awaitable[_T]], instead: _T) -> _T:
        """Return what Redis answers, `instead` where it does not."""
        if self._is_down():
            return instead
        errors = importlib.import_module("redis").RedisError
        try:
            async with asyncio.timeout(ANSWER_S_MAX):
                return await ask()
        except (errors, OSError, TimeoutError) as problem:
            self._down_until = self._clock.now() + timedelta(seconds=RETRY_S)
            if not self._told:
                self._told = True
                self._tell(type(problem).__name__)
            return instead

    def _is_down(self) -> bool:
        return self._down_until is not None and self._clock.now() < self._down_until


def _connect(url: str) -> Any:
    """Return a client; nothing is sent yet.

    Raises:
        RedisMissing: The package is not installed.
        RedisAddressWrong: The address is none.
    """
    try:
        module = importlib.import_module("redis.asyncio")
    except ImportError as error:
        raise RedisMissing("data_source.redis_url needs the extra `redis`: pip install redis") from error
    with suppress(ValueError):
        parts = urlsplit(url)
        # A password with one of these in it ends the host too early, and what follows holds the @.
        if parts.scheme == "unix" or "@" not in f"{parts.path}{parts.query}{parts.fragment}":
            return module.Redis.from_url(
                url, socket_timeout=ANSWER_S_MAX, socket_connect_timeout=ANSWER_S_MAX
            )
    raise RedisAddressWrong(
        "KAIPAN_REDIS_URL (data_source.redis_url) is no address of a Redis; write "
        "redis://:PASSWORD@HOST:PORT/0, with / # ? @ and : in the password as %2F %23 %3F %40 and %3A"
    )


def _key(feed: str, symbol: Symbol) -> str:
    return f"kaipan:quote:{feed}:{symbol}"


def _turn(feed: str) -> str:
    return f"kaipan:turn:{feed}"


def _read(value: object) -> RawQuote | None:
    if not isinstance(value, bytes):
        return None
    try:
        return msgspec.json.decode(value, type=RawQuote)
    except (msgspec.MsgspecError, ValueError):
        return None
