"""One source of live prices asked for many accounts: what one asked just now, the next is told too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from msgspec.structs import replace

from services.domain.bars import Frequency, Panel
from services.domain.events import Event
from services.domain.instruments import Facts, Symbol
from services.domain.quotes import Snapshot
from services.journal.account import Account
from services.market.vendor_source import VendorSource
from services.ports import Clock, PriceFault, PriceSource

OPENING_S = 30.0
"""How long accounts whose sessions begin are told the same prices, bars and facts.

Longer than a source takes at most, far shorter than the time between two slots.
"""

REQUOTE_S = 1.0
"""How long the prices asked for just before orders leave are told to others too."""

FAILED_S = 3.0
"""How long a question that nobody could answer is not put again."""

PARALLEL_MAX = 4
"""Questions put to the source at the same time: it shuts out who asks too often."""

_T = TypeVar("_T")
_Ask = Callable[[], Coroutine[Any, Any, _T]]


@dataclass(frozen=True, slots=True)
class _Question(Generic[_T]):
    """What was asked about which symbols, and the answer, there or under way."""

    symbols: frozenset[Symbol]
    asked_at: datetime
    answer: asyncio.Task[_T]


class _Answers(Generic[_T]):
    """Answers of one kind: for `keep_s` after a question it is not put again, where it failed `FAILED_S`."""

    def __init__(
        self, clock: Clock, keep_s: float, turns: asyncio.Semaphore, *, this_minute: bool = False
    ) -> None:
        self._clock, self._keep_s, self._turns, self._this_minute = clock, keep_s, turns, this_minute
        self._kept: list[_Question[_T]] = []

    async def answer(self, wanted: Sequence[Symbol], asked: Sequence[Symbol], ask: _Ask[_T]) -> _T:
        """Return the answer to a question about at least the `wanted` symbols; a new one is about `asked`.

        Raises:
            PriceFault: The source gave nothing usable, now or to whoever asked before.
        """
        now = self._clock.now()
        self._kept = [one for one in self._kept if self._is_new(one, now)]
        for kept in self._kept:
            if kept.symbols.issuperset(wanted):
                break
        else:
            kept = _Question(frozenset(asked), now, asyncio.create_task(self._in_turn(ask)))
            self._kept.append(kept)
        # Who goes away while it is under way takes the answer from nobody else.
        return await asyncio.shield(kept.answer)

    async def _in_turn(self, ask: _Ask[_T]) -> _T:
        async with self._turns:
            return await ask()

    def _is_new(self, one: _Question[_T], now: datetime) -> bool:
        # Phases begin on whole minutes: prices of the one before must not open the next.
        turned = self._this_minute and (one.asked_at.minute != now.minute)
        keep_s = min(self._keep_s, FAILED_S) if _failed(one.answer) else self._keep_s
        # A clock set back does not make an answer younger.
        return not turned and 0 <= (now - one.asked_at).total_seconds() <= keep_s


def _failed(answer: asyncio.Task[_T]) -> bool:
    return answer.done() and not answer.cancelled() and isinstance(answer.exception(), PriceFault)


class SharedPrices:
    """A source behind the seats of many accounts.

    What a session begins with is asked once for all of them: their watchlists and what they hold
    beside, one snapshot. Prices asked again are an account's own question.
    """

    def __init__(self, source: PriceSource, clock: Clock) -> None:
        turns = asyncio.Semaphore(PARALLEL_MAX)
        self.source = source
        self._seats: list[SharedSeat] = []
        self._openings = _Answers[Snapshot](clock, OPENING_S, turns)
        self._requotes = _Answers[Snapshot](clock, REQUOTE_S, turns, this_minute=True)
        self._bars: dict[Frequency, _Answers[Panel]] = {
            frequency: _Answers(clock, OPENING_S, turns) for frequency in Frequency
        }
        self._facts = _Answers[Facts](clock, OPENING_S, turns)

    def seat(self, watchlist: Sequence[Symbol]) -> SharedSeat:
        """Return the place of one account that watches these symbols."""
        seat = SharedSeat(self, watchlist)
        self._seats.append(seat)
        return seat

    def everybodys(self, symbols: Sequence[Symbol]) -> tuple[Symbol, ...]:
        """Return what the accounts watch, then what they hold beside it, then the symbols that are left."""
        watched = (symbol for seat in self._seats for symbol in seat.watchlist)
        held = (symbol for seat in self._seats for symbol in seat.held)
        return tuple(dict.fromkeys((*watched, *held, *symbols)))

    async def opening(self, symbols: Sequence[Symbol]) -> Snapshot:
        """Return the snapshot that sessions begin with.

        Raises:
            PriceFault: The source gave nothing usable.
        """
        union = self.everybodys(symbols)
        return await self._openings.answer(symbols, union, lambda: self.source.get_current_prices(union))

    async def requote(self, symbols: Sequence[Symbol]) -> Snapshot:
        """Return present prices.

        Raises:
            PriceFault: The source gave nothing usable.
        """
        return await self._requotes.answer(symbols, symbols, lambda: self.source.get_current_prices(symbols))

    async def history(self, symbols: Sequence[Symbol], frequency: Frequency) -> Panel:
        """Return the source's recent bars.

        Raises:
            PriceFault: It has none.
        """
        return await self._bars[frequency].answer(
            symbols, symbols, lambda: self.source.get_history(symbols, frequency)
        )

    async def facts(self, symbols: Sequence[Symbol]) -> Facts:
        """Return what the source tells of the symbols today, and of no others.

        Raises:
            PriceFault: It could tell nothing at all.
        """
        union = self.everybodys(symbols)
        told = await self._facts.answer(symbols, union, lambda: self.source.get_instruments(union))
        wanted = frozenset(symbols)
        return replace(
            told,
            instruments=tuple(one for one in told.instruments if one.symbol in wanted),
            unknown={symbol: why for symbol, why in told.unknown.items() if symbol in wanted},
            industries={symbol: one for symbol, one in told.industries.items() if symbol in wanted},
            distributions=tuple(one for one in told.distributions if one.symbol in wanted),
            disputed={symbol: why for symbol, why in told.disputed.items() if symbol in wanted},
        )


class SharedSeat:
    """An account's place at shared prices: a source of its own to whoever asks it.

    It listens to the account's journal, which says whether a session is about to begin.
    """

    panel: Panel | None = None

    def __init__(self, shared: SharedPrices, watchlist: Sequence[Symbol]) -> None:
        self._shared, self.watchlist = shared, tuple(watchlist)
        self._account: Account | None = None
        self._begins = False

    @property
    def name(self) -> str:
        """The source's name."""
        return self._shared.source.name

    @property
    def held(self) -> tuple[Symbol, ...]:
        """What the account holds now."""
        return () if self._account is None else tuple(self._account.book.holdings())

    def listen(self, event: Event, value: object, account: Account) -> None:
        """Take one event of the account's journal."""
        self._account = account
        if isinstance(self._shared.source, VendorSource):
            self._shared.source.listen(event, value, account)
        if event.step == "opened":
            self._begins = True
        elif event.step in ("prices", "closed"):
            self._begins = False

    async def get_current_prices(self, symbols: Sequence[Symbol]) -> Snapshot:
        """Return the snapshot all sessions begin with, or present prices where this one has it already.

        Raises:
            PriceFault: The source gave nothing usable.
        """
        return await (self._shared.opening if self._begins else self._shared.requote)(symbols)

    async def get_history(self, symbols: Sequence[Symbol], frequency: Frequency) -> Panel:
        """Return the source's recent bars.

        Raises:
            PriceFault: It has none.
        """
        return await self._shared.history(symbols, frequency)

    async def get_instruments(self, symbols: Sequence[Symbol]) -> Facts:
        """Return the facts the source knows.

        Raises:
            PriceFault: It could tell nothing at all.
        """
        return await self._shared.facts(symbols)
