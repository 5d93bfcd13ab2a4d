"""One vendor behind many accounts: asked once for what sessions begin with, and never for anybody else's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import pytest

from services.clock import VirtualClock
from services.domain.bars import Frequency, Panel
from services.domain.events import Event
from services.domain.instruments import Distribution, Fact, Facts, Instrument, Symbol
from services.domain.quotes import Snapshot, VendorSnapshot
from services.journal.account import Account
from services.market.quote_terms import GateTerms
from services.market.shared_prices import PARALLEL_MAX, SharedPrices, SharedSeat
from services.market.vendor_source import VendorSource
from services.ports import PriceFault
from tests.unit.raw_market import FakeFeed, raw
from tests.unit.test_vendor_source import Rest
from tests.unit.test_waiting_for_the_afternoon import SetBack
from tests.unit.vendor import Vendor
from tests.unit.world import quiet

A, B, C = map(Symbol, ("600001.SH", "600002.SH", "600003.SH"))
SLOT = datetime.fromisoformat("2025-10-10T09:35:00+08:00")
T = TypeVar("T")


class Asked(Vendor):
    """A vendor that remembers what it was asked, and answers once it is let."""

    def __init__(self, clock: VirtualClock, **more: Any) -> None:
        super().__init__(clock, lambda _symbol, _moment: "10.00", bars=quiet(), facts=self._told, **more)
        self.questions: list[tuple[str, tuple[Symbol, ...]]] = []
        self.let: Callable[[], Awaitable[None]] = self._at_once
        self.under_way = self.most = 0

    async def get_current_prices(self, symbols: Sequence[Symbol]) -> VendorSnapshot:
        self.questions.append(("prices", tuple(symbols)))
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await self.let()
        self.under_way -= 1
        return await super().get_current_prices(symbols)

    async def get_history(self, symbols: Sequence[Symbol], frequency: Frequency) -> Panel:
        self.questions.append((f"bars {frequency}", tuple(symbols)))
        return await super().get_history(symbols, frequency)

    async def get_instruments(self, symbols: Sequence[Symbol]) -> Facts:
        self.questions.append(("facts", tuple(symbols)))
        return await super().get_instruments(symbols)

    @staticmethod
    async def _at_once() -> None:
        await asyncio.sleep(0)

    @staticmethod
    def _told(_day: date) -> Facts:
        return Facts(instruments=tuple(Instrument(symbol=one) for one in (A, B, C)))


class Desk:
    """A vendor shared by as many accounts as there are watchlists."""

    def __init__(self, *watchlists: Sequence[Symbol], **more: Any) -> None:
        self.clock = SetBack(SLOT)
        self.vendor = Asked(self.clock, **more)
        self.shared = SharedPrices(self.vendor, self.clock)
        self.accounts = [Account() for _ in watchlists]
        self.seats = [self.shared.seat(watchlist) for watchlist in watchlists]
        for at in range(len(watchlists)):
            self.step("opened", at)

    def step(self, step: str, at: int) -> None:
        """Let an account's journal tell of a step."""
        event = Event(
            seq=1, account="a", session="s", step=step, kind="", version=1, at=SLOT.isoformat(), body="",
            prev="", hash="",
        )  # fmt: skip
        self.seats[at].listen(event, None, self.accounts[at])

    def later(self, seconds: float) -> None:
        self.clock.jump(self.clock.now() + timedelta(seconds=seconds))


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


async def all_of(*asked: Awaitable[T]) -> list[T]:
    return list(await asyncio.gather(*asked))


def test_sessions_that_begin_together_are_shown_one_snapshot_of_what_any_of_them_watches():
    desk = Desk((A, B), (B, C), (A,))

    async def begin() -> list[Snapshot]:
        return await all_of(*(seat.get_current_prices(seat.watchlist) for seat in desk.seats))

    first, second, third = run(begin())

    assert desk.vendor.questions == [("prices", (A, B, C))]
    assert first is second is third
    assert first.symbols == (A, B, C)


def test_a_session_that_begins_within_half_a_minute_is_shown_what_the_others_were():
    desk = Desk((A,), (A,), (A,))

    async def begin() -> list[Snapshot]:
        found = [await desk.seats[0].get_current_prices((A,))]
        desk.later(30)
        found.append(await desk.seats[1].get_current_prices((A,)))
        desk.later(0.1)
        return [*found, await desk.seats[2].get_current_prices((A,))]

    first, within, after = run(begin())

    assert within is first
    assert after is not first
    assert after.moment == SLOT + timedelta(seconds=30.1)


def test_what_an_account_holds_beside_its_watchlist_is_asked_for_too():
    desk = Desk((A,), (A,))
    holds = desk.accounts[1].book

    class Holding:
        def holdings(self) -> dict[Symbol, int]:
            return {**holds.holdings(), C: 100}

    desk.accounts[1].book = Holding()  # type: ignore[assignment]  # Only what it holds is asked of it.

    run(all_of(*(seat.get_current_prices((A,)) for seat in desk.seats)))

    assert desk.vendor.questions == [("prices", (A, C))]


def test_symbols_nobody_was_known_to_want_are_asked_for_anew_with_all_others():
    desk = Desk((A,), (A,))

    async def begin() -> None:
        await desk.seats[0].get_current_prices((A,))
        await desk.seats[1].get_current_prices((A, B))

    run(begin())

    assert desk.vendor.questions == [("prices", (A,)), ("prices", (A, B))]


@pytest.mark.parametrize("step", ["prices", "closed"])
def test_a_session_that_has_begun_is_told_present_prices(step: str):
    desk = Desk((A, B), (A, B))

    async def ask() -> list[Snapshot]:
        first = await desk.seats[0].get_current_prices((A, B))
        desk.step(step, 0)
        desk.later(5)
        return [first, await desk.seats[0].get_current_prices((A, B))]

    opening, requote = run(ask())

    assert requote.moment - opening.moment == timedelta(seconds=5)


def test_prices_asked_again_are_the_accounts_own_unless_another_asked_for_them_this_second():
    desk = Desk((A, B), (A, B), (A, B))
    for at in range(3):
        desk.step("prices", at)

    async def ask() -> list[Snapshot]:
        found = [await desk.seats[0].get_current_prices((A, B))]
        desk.later(1)
        found.append(await desk.seats[1].get_current_prices((B,)))
        desk.later(0.1)
        return [*found, await desk.seats[2].get_current_prices((B,))]

    first, within, after = run(ask())

    assert within is first
    assert after is not first
    assert desk.vendor.questions == [("prices", (A, B)), ("prices", (B,))]


def test_prices_from_before_the_clock_was_set_back_begin_no_session():
    desk = Desk((A,), (A,))

    async def begin() -> list[Snapshot]:
        before = await desk.seats[0].get_current_prices((A,))
        desk.clock.back(900)
        return [before, await desk.seats[1].get_current_prices((A,))]

    before, after = run(begin())

    assert (before.moment, after.moment) == (SLOT, SLOT - timedelta(seconds=900))


def test_prices_of_the_lunch_break_do_not_open_the_afternoon():
    desk = Desk((A,), (A,))
    desk.clock.jump(datetime.fromisoformat("2025-10-10T12:59:59.500+08:00"))
    for at in range(2):
        desk.step("closed", at)

    async def ask() -> list[Snapshot]:
        before = await desk.seats[0].get_current_prices((A,))
        desk.later(0.5)
        return [before, await desk.seats[1].get_current_prices((A,))]

    before, after = run(ask())

    assert before is not after
    assert after.moment.second == 0


def test_bars_and_facts_are_asked_for_once():
    desk = Desk((A, B), (A, B))

    async def ask() -> None:
        await all_of(*(seat.get_instruments((A, B)) for seat in desk.seats))
        await all_of(*(seat.get_history((A, B), Frequency.DAILY) for seat in desk.seats))
        await desk.seats[0].get_history((A, B), Frequency.HOURLY)

    run(ask())

    assert desk.vendor.questions == [("facts", (A, B)), ("bars daily", (A, B)), ("bars hourly", (A, B))]


def test_a_fault_is_everybodys_and_forgotten_with_the_question():
    desk = Desk((A,), (A,), down=(1,))

    async def ask() -> list[object]:
        both = await asyncio.gather(
            *(seat.get_current_prices((A,)) for seat in desk.seats), return_exceptions=True
        )
        desk.later(31)
        return [*both, await desk.seats[0].get_current_prices((A,))]

    first, second, third = run(ask())

    assert isinstance(first, PriceFault)
    assert isinstance(second, PriceFault)
    assert isinstance(third, VendorSnapshot)
    assert desk.vendor.asked == 2


def test_after_a_fault_the_source_is_asked_again_within_seconds():
    desk = Desk((A,), (A,), down=(1,))

    async def ask() -> list[int]:
        asked = []
        for _ in range(3):
            await asyncio.gather(desk.seats[0].get_current_prices((A,)), return_exceptions=True)
            asked.append(desk.vendor.asked)
            desk.later(2)
        return asked

    # After 0, 2 and 4 seconds.
    assert run(ask()) == [1, 1, 2]


def test_of_the_facts_each_account_is_told_its_own_whole():
    dividend = Distribution(symbol=A, ex_date=date(2025, 10, 10), cash_per_share=Decimal("0.5"))

    class Telling(Asked):
        @staticmethod
        def _told(_day: date) -> Facts:
            return Facts(
                instruments=(Instrument(symbol=A), Instrument(symbol=B)), industries={A: "banks", B: "coal"},
                source="one", distributions=(dividend, replace(dividend, symbol=B)),
                disputed={A: "why", B: "why"}, unknown={B: {Fact.LISTING: "no list"}},
            )  # fmt: skip

    desk = Desk((A,), (A, B))
    desk.shared.source = Telling(desk.clock)

    told = run(desk.seats[0].get_instruments((A,)))

    assert told == Facts(
        instruments=(Instrument(symbol=A),), industries={A: "banks"}, source="one",
        distributions=(dividend,), disputed={A: "why"},
    )  # fmt: skip


def test_a_source_that_listens_is_told_what_the_accounts_journals_hold():
    clock = VirtualClock(SLOT)
    feed = FakeFeed("one", clock, lambda symbol, _now: raw(symbol))
    made = VendorSource([feed], Rest(), clock, GateTerms())
    event = Event(
        seq=1, account="a", session="s", step="facts", kind="facts", version=1, at=SLOT.isoformat(), body="",
        prev="", hash="",
    )  # fmt: skip

    SharedPrices(made, clock).seat((A,)).listen(event, Facts(instruments=(Instrument(symbol=A),)), Account())

    assert made._facts.of(A, SLOT).instrument == Instrument(symbol=A)


def test_an_account_that_goes_away_takes_the_answer_from_nobody():
    desk = Desk((A,), (A,))

    async def ask() -> Snapshot:
        let = asyncio.Event()

        async def wait() -> None:
            await let.wait()

        desk.vendor.let = wait
        gone, stays = (asyncio.create_task(seat.get_current_prices((A,))) for seat in desk.seats)
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        let.set()
        return await stays

    assert run(ask()).symbols == (A,)
    assert len(desk.vendor.questions) == 1


def test_no_more_questions_than_the_vendor_bears_are_put_at_a_time():
    symbols = [Symbol(f"60010{at}.SH") for at in range(9)]
    desk = Desk(*([symbol] for symbol in symbols))
    for at in range(len(symbols)):
        desk.step("prices", at)

    run(all_of(*(seat.get_current_prices(seat.watchlist) for seat in desk.seats)))

    assert len(desk.vendor.questions) == 9
    assert desk.vendor.most == PARALLEL_MAX


def test_a_seat_is_called_what_the_vendor_is_and_has_no_bars_in_hand():
    seat = Desk((A,)).seats[0]

    assert isinstance(seat, SharedSeat)
    assert (seat.name, seat.panel) == ("fake", None)
