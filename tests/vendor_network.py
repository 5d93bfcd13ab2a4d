"""A network that is a function: what hosts answer, and what was asked of them when."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx2

from services.clock import VirtualClock
from services.market.feeds.throttle import Pace
from services.market.feeds.wire import Wire
from tests.simulation.virtual_time import MachineClock, VirtualLoop, run

NOW = datetime(2026, 7, 14, 2, 35, 5, tzinfo=UTC)
PACE = Pace(requests_per_s_max=50, burst_requests_max=20, concurrent_requests_max=8)

Answer = Callable[[httpx2.Request], Awaitable[httpx2.Response]]


@dataclass
class Network(httpx2.AsyncBaseTransport):
    """Answers every request by `answer`; `asked` holds when each came, in the loop's seconds, and its URL."""

    answer: Answer
    asked: list[tuple[float, str]] = field(default_factory=list)
    under_way: int = 0
    under_way_max: int = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append((asyncio.get_running_loop().time(), str(request.url)))
        self.under_way += 1
        self.under_way_max = max(self.under_way_max, self.under_way)
        try:
            return await self.answer(request)
        finally:
            self.under_way -= 1


def replies(body: bytes, status: int = 200, after_s: float = 0.0, **headers: str) -> Answer:
    """Return what answers everything with the same."""

    async def answer(request: httpx2.Request) -> httpx2.Response:
        await asyncio.sleep(after_s)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx2.Response(status, stream=httpx2.ByteStream(body), headers=named)

    return answer


def in_turn(*answers: Answer) -> Answer:
    """Return what answers with each in turn, and with the last for ever."""
    left = list(answers)

    async def answer(request: httpx2.Request) -> httpx2.Response:
        return await (left.pop(0) if len(left) > 1 else left[0])(request)

    return answer


async def hangs(request: httpx2.Request) -> httpx2.Response:
    """Never answer."""
    await asyncio.sleep(1e9)
    raise AssertionError("nobody waits so long")


async def refuses(request: httpx2.Request) -> httpx2.Response:
    """Take no connection."""
    raise httpx2.ConnectError("Connection refused", request=request)


async def resets(request: httpx2.Request) -> httpx2.Response:
    """Close the connection without a word."""
    raise httpx2.RemoteProtocolError("Server disconnected without sending a response.", request=request)


class Drip(httpx2.AsyncByteStream):
    """A body of which one byte comes a second."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self):
        for byte in self._body:
            await asyncio.sleep(1)
            yield bytes([byte])


def drips(body: bytes) -> Answer:
    """Return what answers one byte a second."""

    async def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, stream=Drip(body))

    return answer


class Time:
    """Virtual seconds: a loop, and a clock that goes by it."""

    def __init__(self) -> None:
        self.loop = VirtualLoop(0.0)
        self.clock: VirtualClock = MachineClock(NOW, self.loop)

    def wire(
        self,
        answer: Answer,
        *,
        pace: Pace = PACE,
        deadline_s: float = 10.0,
        environment: Mapping[str, str] | None = None,
    ) -> tuple[Wire, Network]:
        """Return a wire to a network that answers so."""
        network = Network(answer)
        wire = Wire(
            self.clock, pace, deadline_s=deadline_s, environment=environment or {}, transport=network,
            stopwatch=self.loop.time,
        )  # fmt: skip
        return wire, network

    def run(self, life: Awaitable[object]) -> None:
        """Run the coroutine to its end; the loop is of no use afterwards."""
        run(life, self.loop)
