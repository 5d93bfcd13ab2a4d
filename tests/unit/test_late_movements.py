"""What a broker books is taken once, however late its listing tells of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from services.domain.bars import CorporateAction
from services.domain.decision import Briefing, RawAnswer
from services.domain.events import Opening
from services.domain.fills import Movement, MovementKind
from services.domain.instruments import Symbol
from services.journal.journal import Journal
from services.ports import Agent, Broker
from tests.exchange_market import CHINEXT, WED, at
from tests.unit.world import HOLD, MAIN, MON, OTHER, TUE, Live, Setup, answer, flat, order, panel

DAYS = (MON, TUE, WED)


class Late:
    """A broker whose listing of movements is empty the first times it is asked; `since` is what was asked."""

    def __init__(self, inner: Broker, empty: int) -> None:
        self._inner, self._empty = inner, empty
        self.since: list[date] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def get_movements(self, since: date) -> tuple[Movement, ...]:
        self.since.append(since)
        found = await self._inner.get_movements(since)
        return () if len(self.since) <= self._empty else found


def lived(empty: int) -> Live:
    def late(broker: Broker, _journal: Journal) -> Broker:
        door: Broker = Late(broker, empty)  # type: ignore[assignment]  # It passes all on.
        return door

    paid = CorporateAction(symbol=MAIN, ex_date=TUE, cash_per_share=Decimal("0.10"))
    market = panel(flat(days=3), days=DAYS, prev_close={MAIN: [10.0] * 3, OTHER: [10.0] * 3}, actions=(paid,))
    buy = answer(order("buy", MAIN, 1000))
    return Setup(market=market, answers=[buy], broker=late, last=WED).open().run()


def test_a_dividend_listed_a_day_late_is_taken_the_day_after():
    # Four sessions a day: those of Monday and Tuesday and Wednesday's first see an empty listing.
    live = lived(empty=9)

    (movement,) = (live.journal.value(event) for event in live.kinds("movement"))
    assert isinstance(movement, Movement)
    # 1,000 shares at 0.10.
    assert (movement.day, movement.cash_cny) == (TUE, Decimal("100.00"))
    before, after = (live.value(f"{WED:%Y%m%d}-{at}", "book") for at in ("1035", "1135"))
    assert isinstance(before, Opening)
    assert isinstance(after, Opening)
    assert after.book.cash_cny - before.book.cash_cny == Decimal("100.00")


def test_a_dividend_is_taken_once_though_it_stays_in_the_listing():
    live = lived(empty=0)

    assert len(live.kinds("movement")) == 1
    assert live.kinds("halt") == []


def test_what_was_booked_before_the_accounts_first_session_is_not_asked_for():
    live = lived(empty=0)

    broker: Any = live.broker
    assert set(broker.since) == {MON}


class Granting:
    """A broker that books shares of a symbol nobody watches, without an order."""

    granted = Movement(
        movement_id="granted",
        kind=MovementKind.ADJUST,
        symbol=CHINEXT,
        shares=300,
        cash_cny=Decimal("0.00"),
        day=MON,
        why="split off",
    )

    def __init__(self, inner: Broker) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def get_movements(self, since: date) -> tuple[Movement, ...]:
        return (*await self._inner.get_movements(since), self.granted)


class Told:
    """A mind that keeps which symbols it was told of."""

    def __init__(self, inner: Agent) -> None:
        self._inner = inner
        self.symbols: list[tuple[Symbol, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def decide(self, briefing: Briefing) -> RawAnswer:
        self.symbols.append(briefing.watchlist)
        return await self._inner.decide(briefing)


def test_a_symbol_that_comes_to_the_account_in_a_session_is_shown_to_the_mind_in_it():
    def granting(broker: Broker, _journal: Journal) -> Broker:
        door: Broker = Granting(broker)  # type: ignore[assignment]  # It passes all on.
        return door

    def told(agent: Agent) -> Agent:
        door: Agent = Told(agent)  # type: ignore[assignment]  # It passes all on.
        return door

    live = Setup(broker=granting, agent=told).open().run(at(MON, "10:35"))

    mind: Any = live.world.agent
    assert mind.symbols == [(MAIN, OTHER, CHINEXT)]


class Retold:
    """A broker that tells of a movement in other words each time it lists it."""

    def __init__(self, inner: Broker) -> None:
        self._inner, self._listings = inner, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def get_movements(self, since: date) -> tuple[Movement, ...]:
        self._listings += 1
        found = await self._inner.get_movements(since)
        return tuple(replace(one, why=f"{one.why}, listing {self._listings}") for one in found)


def test_the_tax_on_a_sale_is_taken_once_whatever_the_broker_says_of_it_later():
    def retold(broker: Broker, _journal: Journal) -> Broker:
        door: Broker = Retold(broker)  # type: ignore[assignment]  # It passes all on.
        return door

    paid = CorporateAction(symbol=MAIN, ex_date=TUE, cash_per_share=Decimal("0.10"))
    market = panel(flat(), prev_close={MAIN: [10.0] * 2, OTHER: [10.0] * 2}, actions=(paid,))
    buy, sell = (answer(order(side, MAIN, 1000)) for side in ("buy", "sell"))
    other = answer(order("buy", OTHER, 100))
    answers = [buy, HOLD, HOLD, HOLD, sell, HOLD, other]

    live = Setup(market=market, answers=answers, broker=retold, dividend_tax=True).open().run()

    movements = [live.journal.value(event) for event in live.kinds("movement")]
    told = [(one.cash_cny, one.order_id is not None) for one in movements if isinstance(one, Movement)]
    # 1,000 shares at 0.10, of which what was held for less than a month pays 20 %; listed again with OTHER's.
    assert told == [(Decimal("100.00"), False), (Decimal("-20.00"), True)]
    assert live.journal.account.book.holdings() == {OTHER: 100}
    assert live.kinds("halt") == []
