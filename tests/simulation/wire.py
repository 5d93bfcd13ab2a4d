"""The way to an exchange somewhere else, which loses, delays and doubles what is said on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TypeVar

from services.domain.fills import Fill, Movement
from services.domain.orders import ApprovedOrder, OrderId, OrderState
from services.domain.statement import Ack, AckKind, Balance, Holding, OrderStatus, Sight, Sighting
from services.ports import BrokerFault
from tests.simulation.exchange import Held
from tests.simulation.process import Process

T = TypeVar("T")

TIMEOUT_S = 5.0


class Wire:
    """One process's end of it. What is on its way arrives, whoever is dead by then."""

    name = "wire"
    simulated = False

    def __init__(self, process: Process) -> None:
        self._process, self._exchange = process, process.outside.exchange
        self._knows = process.outside.scenario.rng("broker").random() < 0.7

    async def submit_order(self, order: ApprovedOrder) -> Ack:
        process, exchange = self._process, self._exchange
        before = process.before(order)
        process.touch("submit")
        exchange.advance(process.true_s)
        there = exchange.knows(order.order_id)
        process.left(order, before, exchange.live_in(order.terms.symbol), there)
        if self._away or process.strikes("never_arrived"):
            return await self._no_answer()
        if process.strikes("late_arrival"):
            exchange.travel(order.terms, process.true_s + TIMEOUT_S + process.chance.choice((0.5, 20.0)))
            return await self._no_answer()
        exchange.travel(order.terms, process.true_s + 0.1)
        if process.strikes("doubled"):
            exchange.travel(order.terms, process.true_s + process.chance.choice((0.1, 9.0)))
        if process.strikes("ack_lost"):
            return await self._no_answer()
        await self._there("submitted")
        held = exchange.orders[order.order_id]
        if held.state is OrderState.REJECTED:
            return Ack(kind=AckKind.REJECTED, reason=held.reason)
        return Ack(kind=AckKind.ACCEPTED)

    async def cancel_order(self, order_id: OrderId) -> Ack:
        process = self._process
        process.touch("cancel")
        process.outside.cancels.append((process.number, order_id))
        lost = process.strikes("cancel_lost")
        if self._away or (lost and process.chance.random() < 0.5):
            return await self._no_answer()
        await self._there("cancelled")
        done = self._exchange.cancel(order_id)
        if lost:
            return await self._no_answer()
        return Ack(kind=AckKind.ACCEPTED if done else AckKind.REJECTED, reason="" if done else "too late")

    async def get_order_status(self, order_id: OrderId) -> Sighting:
        self._process.touch("status")
        if self._away:
            await self._process.wait(TIMEOUT_S)
            return Sighting(sight=Sight.CANNOT_TELL, reason="no connection")
        await self._there("status answered")
        if self._process.strikes("status_unknown"):
            return Sighting(sight=Sight.CANNOT_TELL, reason="try again later")
        held = self._exchange.orders.get(order_id)
        if held is not None and held.seen_from_s <= self._process.true_s:
            return Sighting(sight=Sight.FOUND, status=_status(held))
        if self._knows and not self._exchange.knows(order_id):
            return Sighting(sight=Sight.ABSENT, reason="it never came")
        return Sighting(sight=Sight.CANNOT_TELL, reason="not in the listing, which may lag")

    async def get_open_orders(self) -> tuple[OrderStatus, ...]:
        if await self._listing("open orders"):
            return ()
        now_s = self._process.true_s
        found = [
            _status(one)
            for one in self._exchange.orders.values()
            if one.state is OrderState.WORKING and one.seen_from_s <= now_s
        ]
        return self._shuffled(found)

    async def get_fills(self, since: date) -> tuple[Fill, ...]:
        if await self._listing("fills"):
            return ()
        now_s = self._process.true_s
        found = [
            one.fill
            for one in self._exchange.traded
            if one.fill.trade_date >= since and one.seen_from_s <= now_s
        ]
        if found and self._process.strikes("doubled"):
            found.append(self._process.chance.choice(found))
        return self._shuffled(found)

    async def get_movements(self, since: date) -> tuple[Movement, ...]:
        if await self._listing("movements"):
            return ()
        return tuple(one for one in self._exchange.movements if one.day >= since)

    async def get_positions(self) -> tuple[Holding, ...]:
        empty = await self._listing("positions")
        now_s, held = self._process.true_s, {s: n for s, n in self._exchange.shares.items() if n}
        answer = {} if empty else dict(held)
        if answer and self._process.strikes("statement_wrong"):
            answer[self._process.chance.choice(sorted(answer))] += 100
        false = tuple(s for s in held if answer.get(s) != held[s])
        self._process.told("positions", false)
        return tuple(
            Holding(symbol=symbol, shares=shares, sellable=self._exchange.sellable(symbol, now_s))
            for symbol, shares in answer.items()
        )

    async def get_balance(self) -> Balance:
        await self._listing("balance")
        exchange = self._exchange
        cash = exchange.cash_cny + exchange.by_hand_cny
        frozen = exchange.frozen_cny()
        wrong = self._process.strikes("statement_wrong")
        self._process.told("balance", ("",) if wrong else ())
        if wrong:
            cash += Decimal("0.01")
        return Balance(
            cash_cny=cash, available_cny=cash - frozen, withdrawable_cny=cash - frozen, frozen_cny=frozen
        )

    @property
    def _away(self) -> bool:
        return self._process.true_s < self._process.outside.away_until_s

    async def _there(self, what: str) -> None:
        """Wait for the answer, and see what the exchange has become meanwhile."""
        await self._process.wait(0.2)
        self._exchange.advance(self._process.true_s)
        self._process.touch(what)

    async def _no_answer(self) -> Ack:
        await self._process.wait(TIMEOUT_S)
        self._exchange.advance(self._process.true_s)
        self._process.touch("no answer")
        return Ack(kind=AckKind.NO_ANSWER, reason="no answer within 5 s")

    async def _listing(self, what: str) -> bool:
        """Wait for a listing; answer whether it comes back empty whatever there is.

        Raises:
            BrokerFault: It does not come back.
        """
        self._process.touch(what)
        if self._away or self._process.strikes("listing_error"):
            await self._process.wait(TIMEOUT_S)
            raise BrokerFault(what, "no connection")
        await self._there(f"{what} listed")
        struck = self._process.strikes("listing_empty")
        return struck or self._process.outside.touches < self._process.outside.empty_until

    def _shuffled(self, found: Sequence[T]) -> tuple[T, ...]:
        found = list(found)
        if self._process.strikes("disorder"):
            self._process.chance.shuffle(found)
        return tuple(found)


def _status(held: Held) -> OrderStatus:
    terms = held.terms
    return OrderStatus(
        order_id=terms.order_id,
        symbol=terms.symbol,
        side=terms.side,
        shares=terms.shares,
        filled=held.filled,
        limit_cny=terms.limit_cny,
        state=held.state,
        reason=held.reason,
    )
