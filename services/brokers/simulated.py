"""The simulated exchange: a broker with its own ledger, matching against whatever market it is shown."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from services.brokers.acceptance import examine
from services.brokers.dividend_dues import dues_of, paid_out_of
from services.brokers.ex_days import ExDays
from services.brokers.ledger import (
    Accepted,
    AccountOpened,
    Cancelled,
    Entry,
    Expired,
    Filled,
    LedgerStore,
    Moved,
    Rejected,
    TaxDue,
    Triggered,
)
from services.brokers.ledger_state import LedgerState, PlacedOrder
from services.brokers.market_view import MarketView
from services.brokers.order_desk import OrderDesk
from services.brokers.pricing import Frictions
from services.brokers.request import Request
from services.brokers.statement_cache import StatementCache
from services.domain.fills import Fill, Movement
from services.domain.instruments import Instrument, Market, Symbol
from services.domain.orders import ApprovedOrder, OrderId, OrderState, Side
from services.domain.statement import Ack, AckKind, Balance, Holding, OrderStatus, Sight, Sighting
from services.ports import BrokerFault, Calendar, Clock
from services.rules import Commission, Phase, individuals_taxed
from services.slots import ZONES

_ACCEPTED = Ack(kind=AckKind.ACCEPTED)
_NONE = Frictions()
_SELL = Side.SELL
_CANCEL_LOCKED = frozenset({Phase.OPEN_CALL_LOCKED, Phase.CLOSE_CALL})


class SimulatedExchange:
    """A broker and its exchange in one, keyed by order id; it reads no journal.

    Every call first brings the ledger up to the clock: ex-days, trades of working orders, orders
    whose day is over; each at the moment it happened, whenever that is found out. One call makes at
    most one commit, and answers after it. An order that breaks a rule is rejected, whoever
    approved it. A look-up of an id that is not in the ledger is certain: ABSENT.

    An account whose ledger holds entries goes on from them; `cash_cny` opens a new one only.
    """

    name = "simulated"
    simulated = True

    def __init__(
        self,
        *,
        market: MarketView,
        clock: Clock,
        calendar: Calendar,
        cash_cny: Decimal,
        commission: Commission,
        ledger: LedgerStore,
        instruments: Mapping[Symbol, Instrument],
        frictions: Frictions = _NONE,
        zone: ZoneInfo = ZONES[Market.CN],
    ) -> None:
        self._market, self._clock, self._ledger, self._zone = market, clock, ledger, zone
        self._desk = OrderDesk(
            market=market,
            calendar=calendar,
            commission=commission,
            frictions=frictions,
            instruments=instruments,
        )
        self._dividend_tax = frictions.dividend_tax
        self._actions = market.actions
        self._ex_days = ExDays(self._actions, zone)
        self._turn = asyncio.Lock()
        if not ledger.entries():
            ledger.append([AccountOpened(at=clock.now().astimezone(zone), cash_cny=cash_cny)])
        self._restore()

    async def submit_order(self, order: ApprovedOrder) -> Ack:
        """Take or reject the order, trade it if it can trade now; a known id gets its first answer again."""
        terms = order.terms
        # As `async with` does it, in half of its time.
        await self._turn.acquire()
        try:
            if self._behind():
                await self._bring_up()
            placed = self._state.orders.get(terms.order_id)
            if placed is None:
                if self._ahead:
                    self._release_ahead()
                shown = await self._desk.offer(terms.symbol, self._moment)
                placed = self._take(self._desk.request(terms, shown, self._state.book, self._moment))
        finally:
            self._turn.release()
        if placed.accepted is None:
            return Ack(kind=AckKind.REJECTED, reason=placed.reason)
        return _ACCEPTED

    async def cancel_order(self, order_id: OrderId) -> Ack:
        """Withdraw a working order; one withdrawn before is confirmed again.

        Refused in the call auctions' locked minutes. Over lunch, when the exchange takes nothing
        and trades nothing, the broker's queue does the same as an immediate cancel.
        """
        async with self._turn:
            await self._bring_up()
            placed = self._state.orders.get(order_id)
            if placed is None:
                return Ack(kind=AckKind.REJECTED, reason=f"there is no order {order_id}")
            self._release_ahead()
            if placed.state is OrderState.WORKING:
                phase = self._desk.phase(placed.terms.symbol, self._moment)
                if phase in _CANCEL_LOCKED:
                    return Ack(kind=AckKind.REJECTED, reason=f"no cancels in {phase}")
                self._withdraw(order_id)
        if placed.state is OrderState.CANCELLED:
            return Ack(kind=AckKind.ACCEPTED)
        return Ack(kind=AckKind.REJECTED, reason=f"the order is {placed.state}")

    async def get_order_status(self, order_id: OrderId) -> Sighting:
        """Return the order, or the certainty that it never arrived."""
        if self._behind():
            await self._advance()
        placed = self._state.orders.get(order_id)
        if placed is None:
            return Sighting(sight=Sight.ABSENT, reason="not in the ledger")
        return Sighting(sight=Sight.FOUND, status=placed.status)

    async def get_open_orders(self) -> tuple[OrderStatus, ...]:
        """Return the working orders, in order of acceptance."""
        if self._behind():
            await self._advance()
        if not self._state.working:
            return ()
        return tuple(placed.status for placed in self._state.working.values())

    async def get_fills(self, since: date) -> tuple[Fill, ...]:
        """Return the fills of `since` and later, oldest first."""
        if self._behind():
            await self._advance()
        return self._state.fills_since(since)

    async def get_movements(self, since: date) -> tuple[Movement, ...]:
        """Return dividends, new shares and dividend tax of `since` and later, oldest first."""
        if self._behind():
            await self._advance()
        movements = self._state.movements
        first = len(movements)
        while first and movements[first - 1].day >= since:
            first -= 1
        return tuple(movements[first:])

    async def get_positions(self) -> tuple[Holding, ...]:
        """Return what is held, in order of first purchase, with sellable shares."""
        if self._behind():
            await self._advance()
        return self._statement.holdings(self._state, self._moment.date(), self._settlement_days)

    async def get_balance(self) -> Balance:
        """Return the cash."""
        if self._behind():
            await self._advance()
        return self._statement.balance(self._state, self._moment.date())

    def close(self) -> None:
        """Give the ledger back."""
        self._ledger.close()

    def _restore(self) -> None:
        """Read the ledger anew.

        What time alone brought about after the clock's moment is held back until the clock is
        there again, so that a run taken up at an earlier moment sees what it saw the first time.
        """
        self._stale = True
        entries = self._ledger.entries()
        now = self._clock.now()
        shown = _asked(entries)
        while shown < len(entries) and entries[shown].at <= now:
            shown += 1
        self._state = LedgerState()
        for entry in entries[:shown]:
            self._state.apply(entry)
        self._ahead = deque(entries[shown:])
        self._until = entries[-1].at.timestamp()
        self._statement = StatementCache()
        self._show(max(now, entries[shown - 1].at))
        self._seen: datetime | None = None
        self._due = 0.0
        self._stale = False

    def _show(self, moment: datetime) -> None:
        """Let the exchange stand at `moment`; a second tells moments apart to the microsecond."""
        self._moment, self._second = moment.astimezone(self._zone), moment.timestamp()

    def _behind(self) -> bool:
        """Answer whether the exchange is not up to the clock; within one moment it is, most of the time."""
        return self._stale or self._clock.now() is not self._seen

    async def _advance(self) -> None:
        """Bring the exchange up to the clock before a listing."""
        async with self._turn:
            await self._bring_up()

    async def _bring_up(self) -> None:
        """Let everything happen that was due until now. Time it has passed before does not come back."""
        if self._stale:
            self._restore()
        now = self._clock.now()
        if now is self._seen:
            return
        second = now.timestamp()
        if self._market.actions is not self._actions:
            self._learn_ex_days()
        if second >= self._due:
            await self._catch_up(second)
        if second > self._second:
            self._moment, self._second = now.astimezone(self._zone), second
        if not self._ahead and second > self._until:
            self._until = second
        self._seen = now

    def _learn_ex_days(self) -> None:
        """Take up ex-days announced meanwhile; one that began before the last look is not booked any more."""
        self._actions = self._market.actions
        self._ex_days = ExDays(self._actions, self._zone)
        self._schedule()

    async def _catch_up(self, second: float) -> None:
        while self._ahead and self._ahead[0].at.timestamp() <= second:
            self._state.apply(self._ahead.popleft())
        if not self._ahead and second > self._until:
            # Until they are committed the state is ahead of the ledger; cut off here, it is read again.
            self._stale = True
            entries = await self._derive(second)
            if entries:
                self._ledger.append(entries)
            self._until, self._stale = second, False
        self._schedule()

    def _schedule(self) -> None:
        """Reckon the next second at which something can happen."""
        if self._ahead:
            self._due = self._ahead[0].at.timestamp()
            return
        due = self._ex_days.next_after(self._until)
        if self._state.working:
            due = min(due, self._market.next_look(self._until), *self._own_times())
        self._due = due

    def _own_times(self) -> list[float]:
        """Return the seconds after the last look at which working orders lapse or meet the close."""
        times = []
        for placed in self._state.working.values():
            accepted = _accepted(placed)
            times.append(accepted.expires_at.timestamp())
            if accepted.fixed_from is not None:
                times.append(accepted.fixed_from.timestamp())
        return [time for time in times if time > self._until]

    async def _derive(self, second: float) -> list[Entry]:
        """Return what happened after the last look up to `second`, each at its own moment; state follows."""
        entries: list[Entry] = []
        times = set(self._ex_days.between(self._until, second))
        if self._state.working:
            times.update(time for time in self._own_times() if time <= second)
            times.update(self._market.looks(self._until, second))
        for time in sorted(times):
            at = datetime.fromtimestamp(time, UTC).astimezone(self._zone)
            for credit in self._ex_days.credits(time, self._state.book, self._pays_tax):
                moved = Moved(at=at, movement=credit.movement, taxable_per_share=credit.taxable_per_share)
                self._apply([moved], entries)
            for placed in tuple(self._state.working.values()):
                await self._look(placed, at, entries)
        return entries

    async def _look(self, placed: PlacedOrder, at: datetime, entries: list[Entry]) -> None:
        """Try one working order at one moment, and let it lapse if its day is over."""
        accepted = _accepted(placed)
        self._apply(self._desk.in_bar(placed, accepted, self._state, at), entries)
        if placed.state is OrderState.WORKING:
            self._apply(await self._desk.on_offer(placed, accepted, self._state, at), entries)
        if placed.state is OrderState.WORKING and accepted.expires_at <= at:
            self._apply([Expired(at=at, order_id=placed.terms.order_id)], entries)

    def _settlement_days(self, symbol: Symbol) -> int:
        return self._desk.facts(symbol, self._moment.date()).settlement_days

    def _release_ahead(self) -> None:
        """Show everything the ledger holds: nothing can be added before its last entry."""
        while self._ahead:
            entry = self._ahead.popleft()
            self._state.apply(entry)
            self._show(max(self._moment, entry.at))

    def _pays_tax(self, symbol: Symbol) -> bool:
        """Answer whether the account owes dividend tax on what the symbol distributes.

        What is held pays its dividends on a day of which the rulebook does not speak, too.
        """
        return self._dividend_tax and individuals_taxed(*self._desk.traded_as(symbol))

    def _apply(self, happened: Sequence[Entry], entries: list[Entry]) -> None:
        """Move the state over what happened at one moment, and over the dividend tax that follows from it.

        Tax is taken after all of it: what one part of an order brought pays the fees of the next.
        """
        for entry in happened:
            self._state.apply(entry)
        entries.extend(happened)
        if not self._state.distributions:
            return
        for entry in happened:
            if isinstance(entry, Filled) and entry.fill.side is _SELL:
                for due in dues_of(entry.fill, self._state, entry.at):
                    self._note(due, entries)
            elif isinstance(entry, Moved) and self._state.owed_cny:
                paid = paid_out_of(entry.movement, self._state, entry.at)
                if paid is not None:
                    self._note(paid, entries)

    def _note(self, entry: Entry, entries: list[Entry]) -> None:
        self._state.apply(entry)
        entries.append(entry)

    def _take(self, request: Request | Rejected) -> PlacedOrder:
        """Judge a new order, trade it if it can trade now, and write both down."""
        verdict = examine(request) if isinstance(request, Request) else request
        written: list[Entry] = [verdict]
        self._stale = True
        self._state.apply(verdict)
        placed = self._state.orders[request.terms.order_id]
        if isinstance(verdict, Accepted) and isinstance(request, Request):
            self._apply(self._desk.at_once(request, placed, verdict, self._state), written)
        self._commit(written)
        return placed

    def _withdraw(self, order_id: OrderId) -> None:
        """Cancel a working order, and write it down."""
        written: list[Entry] = []
        self._stale = True
        self._note(Cancelled(at=self._moment, order_id=order_id), written)
        self._commit(written)

    def _commit(self, written: Sequence[Entry]) -> None:
        """Write down what the state holds already; where that fails it stays stale, and is read again."""
        self._ledger.append(written)
        self._stale = False
        if self._state.working:
            self._schedule()


def _accepted(placed: PlacedOrder) -> Accepted:
    if placed.accepted is None:
        raise BrokerFault(f"order {placed.terms.order_id}", "it works without having been accepted")
    return placed.accepted


def _asked(entries: Sequence[Entry]) -> int:
    """Return how many entries there are up to the last that answers a request, with its immediate trades."""
    answers = (AccountOpened, Accepted, Rejected, Cancelled)
    last = max(i for i, entry in enumerate(entries) if isinstance(entry, answers))
    end = last + 1
    at_once = (Filled, Triggered, Moved, TaxDue)
    while end < len(entries) and isinstance(entries[end], at_once) and entries[end].at == entries[last].at:
        end += 1
    return end
