"""An approved order's way to its end: intended, sent, working, filled, cancelled or expired."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from types import MappingProxyType

from services.domain.book import OrderEnded
from services.domain.events import FaultRecord, Halt, HaltCause, Lift
from services.domain.fills import Fill
from services.domain.inbox import in_force
from services.domain.orders import ApprovedOrder, OrderId, OrderState, OrderTerms, Origin, Side
from services.domain.statement import CANCEL, Ack, AckKind, Sight, Sighting
from services.journal.journal import Journal, Log
from services.pacing import Pace, at_once
from services.ports import Broker, BrokerFault, Clock, Commands, JournalFault

_SELL, _ACCEPTED, _NO_ANSWER = Side.SELL, AckKind.ACCEPTED, AckKind.NO_ANSWER
_NO_LOGS: Mapping[OrderId, Log] = MappingProxyType({})


class Executor:
    """Sends approved orders, at most once each, and writes what became of them.

    `stop` returns why nothing may leave now (a kill file, a lost lock), empty while all is well; it
    is asked immediately before every send, and so is `commands` for a halt that the loop has not
    taken yet. With `exits_while_halted` such a halt does not hold back what stops want sold. `pace`
    is awaited before each order and each cancel. Halts that the journal holds count too: they may have come
    since the gate judged.
    """

    def __init__(
        self,
        broker: Broker,
        clock: Clock,
        journal: Journal,
        stop: Callable[[], str],
        commands: Commands,
        *,
        exits_while_halted: bool = False,
        pace: Pace = at_once,
    ) -> None:
        self._broker, self._clock, self._journal = broker, clock, journal
        self._stop, self._commands = stop, commands
        self._exits_while_halted, self._pace = exits_while_halted, pace

    def barred(self, why: str) -> Executor:
        """Return one that sends nothing, for that reason; it looks up and cancels as this one does."""
        return Executor(
            self._broker, self._clock, self._journal, lambda: why, self._commands, pace=self._pace
        )

    async def send(self, orders: Sequence[ApprovedOrder], log: Log, *, listed: bool = False) -> None:
        """Send the orders in turn, then write what was filled at once.

        `listed` tells that this was done before a cut: what came after it is on record, and must be gone on
        with whether or not the fills can be listed again.

        Raises:
            BrokerFault: The fills could not be listed; the orders stay open and are asked for later.
        """
        for order in orders:
            await self._send(order, log)
        if orders and not listed:
            await self._collect_sent(orders, log)

    async def _collect_sent(self, sent: Sequence[ApprovedOrder], log: Log) -> None:
        """Collect; a listing that fails is on record, and where it is the broker is not asked again.

        All of them are orders of one session, and so of its day.

        Raises:
            BrokerFault: The listing failed, now or then.
        """
        first = sent[0].terms
        step, since = f"unlisted:{first.order_id}", first.day
        if self._journal.holds(log.session, step):
            await log.once(step, lambda: self.collect(since))
        try:
            await self._collect(since, {order.terms.order_id: log for order in sent})
        except BrokerFault as fault:
            log.settle(step, FaultRecord(door=fault.door, asked=fault.asked, why=fault.why))
            raise

    async def collect(self, since: date) -> None:
        """Write the fills of `since` and later, and the tax on them, that the journal does not hold yet.

        Raises:
            BrokerFault: The listing failed.
        """
        await self._collect(since, _NO_LOGS)

    async def _collect(self, since: date, answered: Mapping[OrderId, Log]) -> None:
        """Do as `collect` does; of orders known to be answered the logs of their session are at hand."""
        sold, known = False, self._journal.account.fills
        for fill in await self._broker.get_fills(since):
            if fill.fill_id not in known:
                self._take(fill, answered.get(fill.order_id))
            sold = sold or fill.side is _SELL
        if not sold:
            return
        booked = self._journal.account.movements
        for movement in await self._broker.get_movements(since):
            if movement.order_id is not None and movement.movement_id not in booked:
                log = self._log_of(movement.order_id)
                if log is not None:
                    log.settle(f"movement:{movement.movement_id}", movement)

    async def resolve(self, terms: OrderTerms, log: Log) -> None:
        """Write what the broker has of an order that was about to leave when its process ended.

        One that certainly never arrived may still be sent, by the session that goes on. Where its answer
        is on record, what follows from that is written, if it is not yet; from a failure nothing does.
        """
        sent = f"sent:{terms.order_id}"
        found: Ack | None
        if log.has(sent):
            found = await self._answer(terms.order_id, log)
        else:
            found = await self._look_up(terms.order_id, log, "recovery")
        if found is not None:
            self._answered(terms, log.settle(sent, found), log)

    async def _answer(self, order_id: OrderId, log: Log) -> Ack | None:
        """Return the recorded answer to an order, None where the broker failed then."""

        async def none() -> Ack:
            raise LookupError(f"no answer to order {order_id} is on record")

        try:
            return await log.once(f"sent:{order_id}", none)
        except BrokerFault:
            return None

    async def look_after(
        self, order_id: OrderId, log: Log, *, stage: str, cancel: bool, resolving: bool = False
    ) -> None:
        """Write what became of an open order; with `cancel` ask for its end first.

        `stage` is the prefix of the stage's steps: each stage asks anew, but not what it is on record to
        have got no answer to. An order that the broker certainly never got has ended. With `resolving`
        one of which the broker cannot tell halts its symbol; one it tells of ends such a halt.

        Raises:
            BrokerFault: The fills could not be listed.
        """
        if cancel:
            await log.once(f"{stage}{CANCEL}{order_id}", lambda: self._cancel(order_id))
        terms = self._journal.account.sessions[log.session].orders[order_id]
        if not log.has(f"sent:{order_id}"):
            # Fills count once the answer to their order is on record: a session that failed may lack it.
            await self.resolve(terms, log)
        sighting = await self._status(order_id, log, f"{stage}fault:{order_id}")
        await self.collect(terms.day)
        order = self._journal.account.book.order(order_id)
        status = sighting.status
        if sighting.sight is not Sight.CANNOT_TELL:
            self.resolved(order_id, f"the broker tells of it: {status.state if status else sighting.sight}")
        elif resolving and order is not None and order_id not in self._journal.account.unresolved:
            log.settle(f"{stage}halt:{order_id}", unresolved(terms, sighting.reason))
        if order is not None and sighting.sight is Sight.ABSENT:
            self._end(order_id, log, OrderState.EXPIRED, f"the broker does not have it: {sighting.reason}")
        if order is None or status is None or not status.state.terminal:
            return
        if status.state is not OrderState.FILLED and status.filled == order.filled:
            self._end(order_id, log, status.state, status.reason)

    def resolved(self, order_id: OrderId, why: str) -> None:
        """End the halt of an order that was unresolved; do nothing where it was not."""
        account = self._journal.account
        halt = account.unresolved.get(order_id)
        if halt is None:
            return
        log, number = self._journal.log(account.order_session[order_id]), 1
        while log.has(f"lift:{order_id}:{number}"):
            number += 1
        log.settle(f"lift:{order_id}:{number}", Lift(symbol=halt.symbol, why=why, order_id=order_id))

    async def _status(self, order_id: OrderId, log: Log, failed: str) -> Sighting:
        """Return the broker's word on an order; where the step `failed` is on record, that it gave none.

        Raises:
            BrokerFault: It gave none then.
        """

        async def ask() -> Sighting:
            return await self._broker.get_order_status(order_id)

        return await (log.once(failed, ask) if self._journal.holds(log.session, failed) else ask())

    def withheld(self, order: ApprovedOrder) -> Ack | None:
        """Return why the order may not leave at this moment, None where it may."""
        terms = order.terms
        stopped = self._stop() or self._halted_since(terms) or self._halted(terms)
        if stopped:
            return Ack(kind=AckKind.WITHHELD, reason=stopped)
        if self._clock.now() > terms.send_by:
            return Ack(kind=AckKind.WITHHELD, reason=f"its last moment {terms.send_by} passed")
        return None

    def _halted_since(self, terms: OrderTerms) -> str:
        """Return the halt in force by the journal, empty where none is; limits' halts are for the gate."""
        halts = self._journal.account.halts
        if not halts:
            return ""
        let = self._exits_while_halted and terms.origin is Origin.EXIT
        for halt in halts.values():
            passes = let and (not halt.symbol or not halt.cause.uncertain)
            if halt.symbol in ("", terms.symbol) and halt.cause is not HaltCause.LIMIT and not passes:
                return f"halted: {halt.why}"
        return ""

    def _halted(self, terms: OrderTerms) -> str:
        """Return the halt that was asked for and is not in the journal yet, empty where none was."""
        try:
            unread = self._commands.unread(self._journal.account.taken)
        except JournalFault as fault:
            return f"whether it was halted meanwhile cannot be told: {fault}"
        if not unread:
            return ""
        if self._exits_while_halted and terms.origin is Origin.EXIT:
            return ""
        for halt in in_force({}, unread).values():
            if halt.symbol in ("", terms.symbol):
                return f"halted: {halt.why}"
        return ""

    async def _send(self, order: ApprovedOrder, log: Log) -> None:
        terms = order.terms
        order_id = terms.order_id
        # What was about to leave when its process ended, and has no answer on record, is looked up first.
        cut_off = order_id in self._journal.account.order_session
        log.settle(f"intended:{order_id}", terms)
        ack = await log.once(f"sent:{order_id}", lambda: self._leave(order, log, look_first=cut_off))
        if ack.kind is not _ACCEPTED:
            self._answered(terms, ack, log)

    def _answered(self, terms: OrderTerms, ack: Ack, log: Log) -> None:
        """Write what follows from the answer to an order."""
        order_id = terms.order_id
        match ack.kind:
            case AckKind.REJECTED:
                self._end(order_id, log, OrderState.REJECTED, ack.reason)
            case AckKind.WITHHELD:
                self._end(order_id, log, OrderState.EXPIRED, ack.reason)
            case AckKind.NO_ANSWER:
                log.settle(f"halt:{order_id}", unresolved(terms, ack.reason))
            case AckKind.ACCEPTED:
                pass

    async def _leave(self, order: ApprovedOrder, log: Log, *, look_first: bool) -> Ack:
        """Return the broker's answer to an order, found there, sent now or withheld."""
        if look_first:
            if log.has(f"ended:{order.order_id}"):
                return Ack(kind=AckKind.WITHHELD, reason="it has come to its end")
            found = await self._look_up(order.order_id, log, "recovery")
            if found is not None:
                return found
        await self._pace()
        ack = self.withheld(order) or await self._broker.submit_order(order)
        if ack.kind is not _NO_ANSWER:
            return ack
        found = await self._look_up(order.order_id, log, "no-answer")
        if found is not None:
            return found
        await self._pace()
        return self.withheld(order) or await self._broker.submit_order(order)

    async def _cancel(self, order_id: OrderId) -> Ack:
        await self._pace()
        return await self._broker.cancel_order(order_id)

    async def _look_up(self, order_id: OrderId, log: Log, why: str) -> Ack | None:
        """Return what the broker has of the order, None where it certainly never arrived.

        Each look-up asks anew: what was absent before a crash may have been sent before the next.
        """
        step, number = f"sighting:{order_id}:{why}", 1
        while log.has(f"{step}:{number}"):
            number += 1
        sighting = await log.once(f"{step}:{number}", lambda: self._broker.get_order_status(order_id))
        if sighting.sight is Sight.ABSENT:
            return None
        if sighting.status is None:
            return Ack(kind=AckKind.NO_ANSWER, reason=sighting.reason)
        if sighting.status.state is OrderState.REJECTED:
            return Ack(kind=AckKind.REJECTED, reason=sighting.status.reason)
        return Ack(kind=AckKind.ACCEPTED)

    def _end(self, order_id: OrderId, log: Log, state: OrderState, reason: str) -> None:
        step = f"ended:{order_id}"
        if not log.has(step):
            log.settle(step, OrderEnded(order_id=order_id, state=state, reason=reason))

    def _take(self, fill: Fill, log: Log | None) -> None:
        """Write a fill that the journal does not hold, in the session that sent its order.

        `log` is that session's where the order is known to be answered, else it is looked for.
        """
        account, order_id = self._journal.account, fill.order_id
        # What a person told of an order stands: the broker's own later word would count it a second time.
        if order_id in account.settlements:
            return
        if log is None:
            log = self._log_of(order_id)
        if log is None:
            return
        log.settle(f"fill:{fill.fill_id}", fill)
        if order_id in account.unresolved:
            self.resolved(order_id, "the broker lists a fill of it")

    def _log_of(self, order_id: OrderId) -> Log | None:
        """Return the log of the session that sent an order, None while its answer is not on record.

        After a crash a fill may be known before the answer to its order, which is asked for first.
        """
        session = self._journal.account.order_session.get(order_id)
        if session is None or self._journal.find(session, f"sent:{order_id}") is None:
            return None
        return self._journal.log(session)


def unresolved(terms: OrderTerms, why: str) -> Halt:
    """Return the halt that an order asks for of which the broker cannot tell."""
    return Halt(
        symbol=terms.symbol,
        why=f"order {terms.order_id} may or may not be at the broker: {why}",
        cause=HaltCause.UNRESOLVED,
        by=str(terms.order_id),
    )
