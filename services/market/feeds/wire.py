"""The one way all feeds ask a host: bounded in time, size, rate and retries, and given up on when banned."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from services.clock import stopwatch_s
from services.market.feeds.breaker import Breaker, HostState, Standing
from services.market.feeds.fields import BadAnswer
from services.market.feeds.host_registry import HostDoor, HostRegistry
from services.market.feeds.throttle import Pace
from services.market.feeds.web_client import WebClients, trusted_by
from services.market.reachability import stated_time
from services.ports import Clock, PriceFault

if TYPE_CHECKING:
    import httpx2
    from tenacity import RetryCallState

ATTEMPTS = 3
ATTEMPT_S_MAX = 3.0
SLOW_S = 1.0
BODY_BYTES_MAX = 4_000_000
_FIRST_PAUSE_S = 0.2
_END_S = 0.02
"""An attempt ends this long before the call does, so that it is the host that is known to hang."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request. With a `body` it is a POST. `charsets` are those its text may be declared in."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)
    charsets: tuple[str, ...] = ("utf-8",)

    @property
    def host(self) -> str:
        """The host asked."""
        return urlsplit(self.url).netloc


class _Failed(Exception):
    """An attempt came to nothing. `again`: another may do better, not before `wait_s`."""

    def __init__(self, why: str, *, again: bool = False, banned: bool = False, wait_s: float = 0.0) -> None:
        super().__init__(why)
        self.why, self.again, self.banned, self.wait_s = why, again, banned, wait_s


class _NotAsked(_Failed):
    """Nothing was sent: it says nothing of the host."""


class Wire:
    """Asks the hosts of one feed. Connections are kept alive within a call; redirects are not followed.

    Rate, requests under way and bans are counted in `hosts`, for all who share it; None: for this wire
    alone. `environment` holds the process's variables; proxies are those it names.
    """

    def __init__(
        self,
        clock: Clock,
        pace: Pace,
        *,
        deadline_s: float,
        environment: Mapping[str, str],
        hosts: HostRegistry | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
        stopwatch: Callable[[], float] = stopwatch_s,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.clock, self.pace, self.deadline_s, self.sleep = clock, pace, deadline_s, sleep
        self.hosts = hosts or HostRegistry(clock, stopwatch)
        self._environment, self._transport = environment, transport
        self._trusted: ssl.SSLContext | None = None
        self._doors: dict[str, HostDoor] = {}

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        """Return what one call asks by; all it asks is over within `deadline_s` from now.

        Raises:
            PriceFault: The certificates that the environment names cannot be used.
        """
        if self._trusted is None:
            self._trusted = trusted_by(self._environment)
        async with WebClients(self._environment, self._trusted, self._transport) as clients:
            yield Line(self, clients, asyncio.get_running_loop().time() + self.deadline_s)

    def states(self) -> tuple[HostState, ...]:
        """Return how each host asked so far is treated now."""
        return tuple(door.breaker.state() for door in self._doors.values())

    def door(self, host: str) -> HostDoor:
        """Return how the host is asked."""
        if host not in self._doors:
            self._doors[host] = self.hosts.door(host, self.pace)
        return self._doors[host]


class Line:
    """The requests of one call: its connections, its deadline."""

    def __init__(self, wire: Wire, clients: WebClients, until_s: float) -> None:
        self._wire, self._clients, self._until_s = wire, clients, until_s

    async def ask(self, request: Request, read: Callable[[bytes], _T]) -> _T:
        """Return what `read` makes of the answer's body; it raises BadAnswer at a body of another kind.

        Raises:
            PriceFault: There is no such answer within the deadline, the host rests after a ban, or the
                proxy that the environment names cannot be used.
        """
        # Imported here: a run that asks no vendor does without it.
        from tenacity import AsyncRetrying, retry_if_exception

        retrying = AsyncRetrying(
            retry=retry_if_exception(lambda error: isinstance(error, _Failed) and error.again),
            wait=_Pauses(request.url),
            stop=self._enough,
            sleep=self._wire.sleep,
            reraise=True,
        )
        try:
            async with asyncio.timeout_at(self._until_s):
                return await retrying(self._attempt, request, read)
        except TimeoutError as error:
            raise PriceFault(request.host, f"no answer within {self._wire.deadline_s:g} s") from error
        except _Failed as failed:
            if failed.wait_s:
                self._wire.door(request.host).breaker.failed(failed.why, banned=True, rest_s=failed.wait_s)
            # Not chained: the cause may quote what was sent.
            raise PriceFault(request.host, failed.why) from None

    def _left_s(self) -> float:
        return self._until_s - asyncio.get_running_loop().time()

    def _enough(self, state: RetryCallState) -> bool:
        """Answer whether there is neither a try nor the time for another attempt."""
        return state.attempt_number >= ATTEMPTS or state.upcoming_sleep >= self._left_s() - _END_S

    async def _attempt(self, request: Request, read: Callable[[bytes], _T]) -> _T:
        """Return the answer to one attempt, and count it for or against the host."""
        door = self._wire.door(request.host)
        async with door.room:
            if door.breaker.standing() is Standing.PROBED:
                async with door.probing:
                    # Whoever waited here learns what the first one met.
                    if door.breaker.standing() is Standing.PROBED:
                        return await self._counted(request, read, door)
            return await self._counted(request, read, door)

    async def _counted(self, request: Request, read: Callable[[bytes], _T], door: HostDoor) -> _T:
        await self._turn(door)
        breaker = door.breaker
        began_s = asyncio.get_running_loop().time()
        attempt_s = min(ATTEMPT_S_MAX, max(0.0, self._left_s() - _END_S))
        try:
            try:
                async with asyncio.timeout(attempt_s):
                    body = await self._fetched(request)
            except TimeoutError:
                raise _Failed(f"no answer within {attempt_s:.3g} s", again=True) from None
            try:
                answer = read(body)
            except BadAnswer as error:
                raise _Failed(f"the answer is {error}") from error
        except _Failed as failed:
            breaker.failed(failed.why, banned=failed.banned, rest_s=failed.wait_s)
            raise
        except asyncio.CancelledError:
            # Who asked has done without it; a host that let him wait for long is slow all the same.
            if asyncio.get_running_loop().time() - began_s >= SLOW_S:
                breaker.failed(f"no answer within {SLOW_S:g} s, and not waited for longer")
            raise
        breaker.succeeded()
        return answer

    async def _turn(self, door: HostDoor) -> None:
        """Return when the host may be asked."""
        self._require_standing(door.breaker)
        wait_s = door.throttle.turn_in_s(self._left_s() - _END_S)
        if wait_s is None:
            raise _NotAsked(f"not asked: at {self._wire.pace.requests_per_s_max:g} requests a second no time")
        if wait_s:
            await self._wire.sleep(wait_s)
            # The host may have turned others away meanwhile.
            self._require_standing(door.breaker)

    def _require_standing(self, breaker: Breaker) -> None:
        state = breaker.state()
        if state.standing is Standing.RESTING and state.resumes_at is not None:
            raise _NotAsked(f"left alone until {state.resumes_at:%H:%M:%S} UTC after: {state.why}")

    async def _fetched(self, request: Request) -> bytes:
        """Return the body of an answer that is one by its status, size and charset."""
        import httpx2

        method = "GET" if request.body is None else "POST"
        client, asked_at = await self._clients.client(request.url), self._wire.clock.now()
        try:
            async with client.stream(
                method, request.url, content=request.body, headers=request.headers
            ) as response:
                self._read_time(request.host, response, asked_at)
                self._require_usable(request, response)
                return await _read(response)
        except httpx2.HTTPError as error:
            raise _Failed(f"cannot be reached: {error or type(error).__name__}", again=True) from error

    def _read_time(self, host: str, response: httpx2.Response, asked_at: datetime) -> None:
        """Hold our clock against the time an answer states, if it does."""
        stated = stated_time(response.headers.get("date", ""), response.headers.get("age", "0"))
        if stated is not None:
            self._wire.hosts.own_clock.take(host, stated, asked_at, self._wire.clock.now())

    def _require_usable(self, request: Request, response: httpx2.Response) -> None:
        status = response.status_code
        if status == 429:
            wait_s = _seconds(response.headers.get("retry-after", ""))
            fits = 0 < wait_s < self._left_s()
            raise _Failed("HTTP 429: too many requests", again=fits, banned=not fits, wait_s=wait_s)
        if status == 403:
            raise _Failed("HTTP 403: turned away", banned=True)
        if response.is_redirect:
            raise _Failed(f"HTTP {status}: it redirects, which is not followed")
        if status != 200:
            raise _Failed(f"HTTP {status}", again=status >= 500)
        if "content-encoding" in response.headers and response.headers["content-encoding"] != "identity":
            raise _Failed("packed, though asked not to be")
        charset = (response.charset_encoding or request.charsets[0]).lower()
        if charset not in request.charsets:
            raise _Failed(f"in charset {charset!r}, not {request.charsets[0]}")


class _Pauses:
    """How long to wait before each further attempt: doubling, drawn by the address, or as the host says."""

    def __init__(self, url: str) -> None:
        self._draw = random.Random(url)

    def __call__(self, state: RetryCallState) -> float:
        """Return the seconds until the next attempt."""
        failed = state.outcome.exception() if state.outcome is not None else None
        told_s = failed.wait_s if isinstance(failed, _Failed) else 0.0
        grown_s = _FIRST_PAUSE_S * 2.0 ** (state.attempt_number - 1)
        return max(told_s, grown_s * self._draw.uniform(0.5, 1.0))


async def _read(response: httpx2.Response) -> bytes:
    """Return the body; as much of it as is too long, and nothing, are failures."""
    read = bytearray()
    async for part in response.aiter_raw():
        read += part
        if len(read) > BODY_BYTES_MAX:
            raise _Failed(f"longer than {BODY_BYTES_MAX} bytes")
    if not read:
        raise _Failed("empty", banned=True)
    return bytes(read)


def _seconds(stated: str) -> float:
    """Return the whole seconds a Retry-After states; a date and anything else count as none."""
    return float(stated) if stated.isdecimal() and len(stated) <= 6 else 0.0
