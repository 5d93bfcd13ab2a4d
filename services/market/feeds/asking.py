"""Asks a vendor in parts and puts the answers together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from services.domain.instruments import Symbol
from services.market.feeds.breaker import HostState
from services.market.feeds.wire import Line, Request, Wire
from services.market.raw_quotes import NothingStated, RawQuote, RawQuotes
from services.ports import PriceFault

REQUEST_SYMBOLS_MAX = 100

Part = tuple[Symbol, ...]
Read = Callable[[bytes, Part], RawQuotes]


class ListFeed:
    """Quotes of a vendor that takes a list of symbols in one address, a hundred at a time.

    `called` says what the vendor calls a symbol, empty where it does not know its market. `read` raises
    BadAnswer at bytes of another kind.
    """

    def __init__(
        self,
        wire: Wire,
        *,
        name: str,
        family: str,
        host: str,
        called: Callable[[Symbol], str],
        request_of: Callable[[Part], Request],
        read: Callable[[bytes, Part, datetime], RawQuotes],
    ) -> None:
        self.name, self.family, self.hosts = name, family, (host,)
        self._wire, self._called = wire, called
        self._request_of, self._read = request_of, read

    async def quotes(self, symbols: Sequence[Symbol]) -> RawQuotes:
        """Return what came within the deadline.

        Raises:
            PriceFault: Nothing usable came at all.
        """
        mine, foreign = known(symbols, self._called)
        parts = {part: self._request_of(part) for part in split(mine, REQUEST_SYMBOLS_MAX)}
        async with self._wire.line() as line:
            return await ask_parts(line, self.name, parts, foreign, self._dated)

    def host_states(self) -> tuple[HostState, ...]:
        """Return how each host asked so far is treated now."""
        return self._wire.states()

    def _dated(self, body: bytes, part: Part) -> RawQuotes:
        return self._read(body, part, self._wire.clock.now())


def known(symbols: Sequence[Symbol], called: Callable[[Symbol], str]) -> tuple[Part, dict[Symbol, str]]:
    """Return the symbols the vendor has a name for, each once, and for the others why it is not asked."""
    wanted = tuple(dict.fromkeys(symbols))
    foreign = {symbol: "not of a market this source knows" for symbol in wanted if not called(symbol)}
    return tuple(symbol for symbol in wanted if symbol not in foreign), foreign


async def ask_parts(
    line: Line, name: str, parts: Mapping[Part, Request], foreign: Mapping[Symbol, str], read: Read
) -> RawQuotes:
    """Return what the answers to all parts state; each symbol asked has a quote or a fault.

    `foreign` are the symbols not asked for, with the reason.

    Raises:
        PriceFault: There is not one quote.
    """
    quotes: dict[Symbol, RawQuote] = {}
    faults: dict[Symbol, str] = dict(foreign)
    asking = (_asked(line, name, part, request, read) for part, request in parts.items())
    answers = await asyncio.gather(*asking)
    for part, answer in zip(parts, answers, strict=True):
        quotes |= answer.quotes
        faults |= {
            symbol: answer.faults.get(symbol, "not in the answer")
            for symbol in part
            if symbol not in answer.quotes
        }
    answered = not answers or any(answer.answered for answer in answers)
    return require_some(RawQuotes(source=name, quotes=quotes, faults=faults, answered=answered))


def require_some(answer: RawQuotes) -> RawQuotes:
    """Return the answer.

    Raises:
        PriceFault: It holds no quote; NothingStated where the vendor answered.
    """
    if not answer.quotes:
        first = next(iter(answer.faults.items()), None)
        why = "no symbol was asked for" if first is None else f"{first[0]}: {first[1]}"
        fault = NothingStated if answer.answered else PriceFault
        raise fault(f"{answer.source}, {len(answer.faults)} symbols", f"no quote at all; {why}")
    return answer


def split(symbols: Sequence[Symbol], size: int) -> Iterator[Part]:
    """Yield the symbols in parts of at most `size`."""
    for start in range(0, len(symbols), size):
        yield tuple(symbols[start : start + size])


async def _asked(line: Line, name: str, part: Part, request: Request, read: Read) -> RawQuotes:
    try:
        return await line.ask(request, lambda body: read(body, part))
    except PriceFault as fault:
        faults = dict.fromkeys(part, f"{fault.asked}: {fault.why}")
        return RawQuotes(source=name, faults=faults, answered=False)
