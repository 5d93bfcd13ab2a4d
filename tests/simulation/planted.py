"""Bugs put into the product on purpose: a simulation that does not find them proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any

import agents.parsing
import risk.examination
import risk.gate
import scheduler.commands_inbox
import scheduler.loop
import scheduler.reconciliation
import scheduler.session
import scheduler.stages
import scheduler.statement_check
import scheduler.stocktaking
import services.journal.account
import services.journal.verify
import services.steady_clock
from scheduler.loop import Loop
from scheduler.reconciler import Reconciler
from scheduler.settling import Settling
from scheduler.world import World
from services.domain.book import Book, OrderEnded
from services.domain.decision import BadAnswer, Decision
from services.domain.events import CheckOccasion, Repaired, Rested, Settlement
from services.domain.fills import Fill
from services.domain.orders import ApprovedOrder, OrderId, OrderState, OrderTerms
from services.domain.slot import Slot
from services.domain.statement import Ack, AckKind, Balance, Holding, Sight, Statement
from services.executor import Executor
from services.journal.account import Account, SessionState
from services.journal.audit_file import AuditFile
from services.journal.chain import link
from services.journal.journal import Journal, Log, pack
from services.ports import BrokerFault, JournalFault

Put = Callable[[type[Any] | Any, str, Any], None]
"""Puts something else in the place of a module's or a class's own."""


@dataclass(frozen=True, kw_only=True)
class Planted:
    """A bug: how it is put in, the promise it breaks, and how many seeds from `first` on must show that.

    `first` is above 0 for a bug that few seeds show: nobody has to live those known not to.
    """

    plant: Callable[[Put], None]
    promise: str
    seeds_max: int
    first: int = 0


@contextmanager
def planted(name: str) -> Iterator[None]:
    """Let the product have the bug of that name; empty: none."""
    undone: list[tuple[Any, str, Any]] = []

    def put(where: Any, what: str, instead: Any) -> None:
        undone.append((where, what, getattr(where, what)))
        setattr(where, what, instead)

    try:
        if name:
            TABLE[name].plant(put)
        yield
    finally:
        for where, what, before in reversed(undone):
            setattr(where, what, before)


def _intent_after_the_send(put: Put) -> None:
    original = Executor._send

    async def send(self: Executor, order: ApprovedOrder, log: Log) -> None:
        if not log.has(f"intended:{order.order_id}") and self.withheld(order) is None:
            await self._broker.submit_order(order)
        await original(self, order, log)

    put(Executor, "_send", send)


def _ask_nobody_after_a_crash(put: Put) -> None:
    original = Executor._leave

    async def leave(self: Executor, order: ApprovedOrder, log: Log, *, look_first: bool) -> Ack:
        return await original(self, order, log, look_first=False)

    async def resolve(_self: Executor, _terms: OrderTerms, _log: Log) -> None:
        return None

    put(Executor, "_leave", leave)
    put(Executor, "resolve", resolve)
    _go_on_with_the_old_statement(put)


def _resend_when_unsure(put: Put) -> None:
    original = Executor._look_up

    async def look_up(self: Executor, order_id: OrderId, log: Log, why: str) -> Ack | None:
        found = await original(self, order_id, log, why)
        return None if found is not None and found.kind is AckKind.NO_ANSWER else found

    put(Executor, "_look_up", look_up)


def _unknown_is_rejected(put: Put) -> None:
    original = Executor._leave

    async def leave(self: Executor, order: ApprovedOrder, log: Log, *, look_first: bool) -> Ack:
        ack = await original(self, order, log, look_first=look_first)
        return replace(ack, kind=AckKind.REJECTED) if ack.kind is AckKind.NO_ANSWER else ack

    put(Executor, "_leave", leave)


def _random_ids(put: Put) -> None:
    numbers = count(1)
    put(risk.gate, "order_id", lambda *_parts: OrderId(f"{next(numbers):020}"))


def _keep_a_torn_tail(put: Put) -> None:
    original = AuditFile.repair

    def repair(self: AuditFile) -> object:
        there = self._read()
        mended = original(self)
        torn = len(there) - there.rfind(b"\n") - 1
        if torn:
            self.path.synced += b"\n"  # type: ignore[attr-defined]  # The simulation's own path.
        return mended

    put(AuditFile, "repair", repair)


def _fold_a_fill_twice(put: Put) -> None:
    def take(self: Executor, fill: Fill, _log: Log | None) -> None:
        account = self._journal.account
        session = account.order_session.get(fill.order_id)
        step = f"sent:{fill.order_id}"
        if session is not None and self._journal.find(session, step) and account.book.order(fill.order_id):
            self._journal.write(session, f"fill:{fill.fill_id}:{len(self._journal.events)}", fill)

    original = Account._fill

    def fold(self: Account, event: Any, value: Fill) -> None:
        original(self, event, value)
        self.fills.discard(value.fill_id)

    put(Executor, "_take", take)
    put(Account, "_fill", fold)
    put(services.journal.account, "_STEPS", {**services.journal.account._STEPS, Fill: fold})


def _ignore_send_by(put: Put) -> None:
    def withheld(self: Executor, order: ApprovedOrder) -> Ack | None:
        stopped = self._stop() or self._halted(order.terms)
        return Ack(kind=AckKind.WITHHELD, reason=stopped) if stopped else None

    put(Executor, "withheld", withheld)


def _trade_before_reconciliation(put: Put) -> None:
    original = World.statement

    async def statement(self: World, slot: Slot) -> Statement:
        try:
            return await original(self, slot)
        except BrokerFault:
            return _as_the_journal_has_it(self)

    put(World, "statement", statement)


def _as_the_journal_has_it(world: World) -> Statement:
    book = world.journal.account.book
    balance = Balance(
        cash_cny=book.cash_cny,
        available_cny=book.available_cny,
        withdrawable_cny=book.available_cny,
        frozen_cny=book.frozen_cny,
    )
    held = tuple(Holding(symbol=symbol, shares=n, sellable=n) for symbol, n in book.holdings().items())
    return Statement(balance=balance, holdings=held, open_orders=())


def _an_empty_listing_is_flat(put: Put) -> None:
    original = scheduler.reconciliation.differences

    def differences(book: Any, statement: Statement) -> Any:
        listed = {holding.symbol for holding in statement.holdings}
        return tuple(one for one in original(book, statement) if not one.symbol or one.symbol in listed)

    put(scheduler.stocktaking, "differences", differences)
    put(scheduler.statement_check, "differences", differences)


def _skip_the_start(put: Put) -> None:
    async def start(self: Reconciler, _now: Any) -> bool:
        self.done = True
        return True

    put(Reconciler, "start", start)


def _go_on_with_the_old_statement(put: Put) -> None:
    original = Reconciler.compare

    async def compare(self: Reconciler, occasion: CheckOccasion, now: Any) -> bool:
        return occasion is CheckOccasion.GOING_ON or await original(self, occasion, now)

    put(Reconciler, "compare", compare)


def _a_fault_at_the_start_is_an_answer(put: Put) -> None:
    original = Reconciler.compare

    async def compare(self: Reconciler, occasion: CheckOccasion, now: Any) -> bool:
        await original(self, occasion, now)
        return True

    put(Reconciler, "compare", compare)


def _send_on_though_the_start_differs(put: Put) -> None:
    put(Executor, "_halted_since", lambda _self, _terms: "")


def _adopt_and_forget(put: Put) -> None:
    original = Executor.resolve

    async def resolve(self: Executor, terms: OrderTerms, log: Log) -> None:
        was_known = log.has(f"sent:{terms.order_id}")
        await original(self, terms, log)
        if not was_known and log.has(f"sent:{terms.order_id}"):
            self._end(terms.order_id, log, OrderState.EXPIRED, "it was the process before that sent it")

    put(Executor, "resolve", resolve)


def _unresolved_for_ever(put: Put) -> None:
    put(Executor, "resolved", lambda _self, _order_id, _why: None)


def _no_halt_after_cannot_tell(put: Put) -> None:
    original = Executor._send

    async def send(self: Executor, order: ApprovedOrder, log: Log) -> None:
        class Quiet:
            session = log.session
            has, once, close = log.has, log.once, log.close

            @staticmethod
            def settle(step: str, value: Any) -> Any:
                return value if step.startswith("halt:") else log.settle(step, value)

        await original(self, order, Quiet())

    put(Executor, "_send", send)


def _a_second_session_for_a_slot(put: Put) -> None:
    original = World.session_id

    def session_id(self: World, slot: Slot) -> str:
        return f"{original(self, slot)}-{self.clock.now():%H%M%S}"

    put(World, "session_id", session_id)
    put(Loop, "_handled", _the_last_ended_slot)


def _the_last_ended_slot(loop: Loop) -> Any:
    account = loop._world.journal.account
    ended = [one for one in account.sessions.values() if one.outcome is not None]
    return ended[-1].opened.slot if ended else account.genesis.opened_at  # type: ignore[union-attr]  # Always there.


def _swallow_a_journal_fault(put: Put) -> None:
    original = Journal.write

    def write(self: Journal, session: str, step: str, value: object) -> Any:
        try:
            return original(self, session, step, value)
        except JournalFault:
            kind, version, body = pack(value, {})
            seq, at = len(self.events) + 1, self._stamp(self._clock.now())
            event = link(seq, self.name, session, step, kind, version, at, body, self._hash)
            self._take(event, value)
            return event

    put(Journal, "write", write)


def _skip_a_slot_silently(put: Put) -> None:
    put(Loop, "_missed", lambda _self, _slot, _now: None)


def _take_no_word_before_the_send(put: Put) -> None:
    put(Executor, "_halted", lambda _self, _terms: "")


def _send_on_beside_the_kill_file(put: Put) -> None:
    original = Executor.withheld

    def withheld(self: Executor, order: ApprovedOrder) -> Ack | None:
        deaf = SimpleNamespace(
            _stop=lambda: "",
            _halted=self._halted,
            _halted_since=self._halted_since,
            _clock=self._clock,
            _journal=self._journal,
        )
        return original(deaf, order)  # type: ignore[arg-type]  # It has all that is asked of it.

    put(Executor, "withheld", withheld)


def _trade_beside_an_open_order(put: Put) -> None:
    original = risk.examination._free

    def free(intent: Any, desk: Any, earlier: Any) -> None:
        original(intent, replace(desk, book=replace(desk.book, open_orders=())), earlier)

    put(risk.examination, "_free", free)


def _end_before_the_last_fill(put: Put) -> None:
    original = Executor.look_after

    async def look_after(
        self: Executor, order_id: OrderId, log: Log, *, stage: str, cancel: bool, resolving: bool = False
    ) -> None:
        sighting = await self._broker.get_order_status(order_id)
        status = sighting.status
        if status is not None and status.state.terminal and status.state is not OrderState.FILLED:
            log.settle(
                f"ended:{order_id}",
                OrderEnded(order_id=order_id, state=status.state, reason=status.reason),
            )
            return
        await original(self, order_id, log, stage=stage, cancel=cancel, resolving=resolving)

    put(Executor, "look_after", look_after)


def _what_is_not_found_never_was(put: Put) -> None:
    original = Executor.look_after

    async def look_after(
        self: Executor, order_id: OrderId, log: Log, *, stage: str, cancel: bool, resolving: bool = False
    ) -> None:
        sighting = await self._broker.get_order_status(order_id)
        if sighting.sight is Sight.CANNOT_TELL:
            self._end(order_id, log, OrderState.EXPIRED, "nobody knows it")
            return
        await original(self, order_id, log, stage=stage, cancel=cancel, resolving=resolving)

    put(Executor, "look_after", look_after)


def _a_fault_after_the_stop_cancels_nothing(put: Put) -> None:
    async def nothing(_self: Loop) -> None:
        return None

    put(Loop, "_cancel_unrecorded", nothing)


def _end_twice(put: Put) -> None:
    original = Executor._end

    def end(self: Executor, order_id: OrderId, log: Log, state: OrderState, reason: str) -> None:
        original(self, order_id, log, state, reason)
        if not log.has(f"ended:{order_id}:again"):
            log.settle(f"ended:{order_id}:again", OrderEnded(order_id=order_id, state=state, reason=reason))

    def after_ended(self: Book, ended: OrderEnded) -> Book:
        return self if self.order(ended.order_id) is None else change(self, ended)

    change = Book.after_ended
    put(Executor, "_end", end)
    put(Book, "after_ended", after_ended)


def _decide_on_what_is_not_recorded(put: Put) -> None:
    asked = count(1)

    def parse(answer: Any, known: Any) -> Decision | BadAnswer:
        decision = agents.parsing.parse(answer, known)
        return decision if isinstance(decision, BadAnswer) else replace(decision, rationale=f"{next(asked)}")

    put(scheduler.session, "parse", parse)


def _say_at_every_start_that_something_was_mended(put: Put) -> None:
    original = AuditFile.repair

    def repair(self: AuditFile) -> Repaired:
        return original(self) or Repaired(torn_bytes=0, lines_added=0)

    put(AuditFile, "repair", repair)


def _run_on_in_a_pause(put: Put) -> None:
    def why_not(self: Loop, slot: Slot, now: Any, _opened_in: Any = None) -> str:
        return self._late(slot, now) if self._too_late(slot, now) else ""

    put(Loop, "_why_not", why_not)


def _believe_any_clock(put: Put) -> None:
    put(services.steady_clock, "STEP_MAX", timedelta.max)


def _count_what_was_settled(put: Put) -> None:
    original = Executor._take

    def take(self: Executor, fill: Fill, log: Log | None) -> None:
        settlements = self._journal.account.settlements
        word = settlements.pop(fill.order_id, None)
        original(self, fill, log)
        if word is not None:
            settlements[fill.order_id] = word

    put(Executor, "_take", take)


def _carry_out_half_a_word(put: Put) -> None:
    original = Settling.following

    def following(self: Settling, word: Settlement) -> tuple[Fill | OrderEnded, ...]:
        return original(self, word)[:1]

    put(Settling, "following", following)


def _settle_whatever_is_said(put: Put) -> None:
    put(scheduler.commands_inbox, "settling_in", lambda _world: SimpleNamespace(require=lambda _word: ()))

    def fold(self: Account, event: Any, value: Settlement) -> None:
        self._took(event)
        self.settlements[value.order_id] = value

    put(services.journal.account, "_STEPS", {**services.journal.account._STEPS, Settlement: fold})


def _a_person_is_always_right(put: Put) -> None:
    original = World.statement_on

    async def statement_on(self: World, day: Any) -> Statement:
        told = await original(self, day)
        return _as_the_journal_has_it(self) if self.journal.account.settlements else told

    put(World, "statement_on", statement_on)


def _look_at_no_order_of_others(put: Put) -> None:
    put(scheduler.stocktaking, "not_ours", lambda _book, _statement: ())


def _believe_the_trail(put: Put) -> None:
    put(services.journal.verify, "_lines", lambda *_there: ())
    put(services.journal.verify, "_agreement", lambda *_there: ())


def _forget_what_waits_on(put: Put) -> None:
    original = Account._rested

    def rested(self: Account, event: Any, value: Rested) -> None:
        self.sessions[event.session].waits_on = ()
        original(self, event, value)

    put(services.journal.account, "_STEPS", {**services.journal.account._STEPS, Rested: rested})


def _wake_once_and_then_with_the_next_slot(put: Put) -> None:
    original = scheduler.loop.wake_due

    def wake_due(state: SessionState) -> datetime:
        return original(state) + (timedelta(hours=1) if state.woken_at is not None else timedelta(0))

    put(scheduler.loop, "wake_due", wake_due)


def _refuse_what_waits_on(put: Put) -> None:
    original = scheduler.stages._waiting_on

    class Unnoticed(tuple[OrderId, ...]):
        """Orders that wait on, and are judged beside it."""

        __slots__ = ()

        def __contains__(self, _one: object) -> bool:
            return False

    def waiting_on(*asked: Any) -> tuple[OrderId, ...]:
        return Unnoticed(original(*asked))

    put(scheduler.stages, "_waiting_on", waiting_on)


def _let_what_waits_outlive_a_kill(put: Put) -> None:
    async def nothing(_self: Loop) -> None:
        return None

    put(Loop, "_give_up_what_a_kill_found", nothing)


def _forget_the_rest_after_a_crash(put: Put) -> None:
    original = Executor.send

    async def send(
        self: Executor, orders: Sequence[ApprovedOrder], log: Log, *, listed: bool = False
    ) -> None:
        begun = [order for order in orders if log.has(f"intended:{order.order_id}")]
        await original(self, begun or orders, log, listed=listed)

    put(Executor, "send", send)


def _give_up_what_was_leaving(put: Put) -> None:
    send_whole, look_whole = Executor.send, Executor.look_after

    async def send(
        self: Executor, orders: Sequence[ApprovedOrder], log: Log, *, listed: bool = False
    ) -> None:
        await send_whole(self, orders, log)

    async def look_after(self: Executor, *asked: Any, **more: Any) -> None:
        async def nothing(_terms: OrderTerms, _log: Log) -> None:
            return None

        deaf = copy(self)
        deaf.resolve = nothing  # type: ignore[method-assign]  # Nobody is asked about it.
        await look_whole(deaf, *asked, **more)

    put(Executor, "send", send)
    put(Executor, "look_after", look_after)


TABLE: Mapping[str, Planted] = {
    "intent-after-the-send": Planted(plant=_intent_after_the_send, promise="2", seeds_max=20),
    "ask-nobody-after-a-crash": Planted(plant=_ask_nobody_after_a_crash, promise="1", seeds_max=200),
    "resend-when-unsure": Planted(plant=_resend_when_unsure, promise="4", seeds_max=50),
    "unknown-is-rejected": Planted(plant=_unknown_is_rejected, promise="4", seeds_max=50),
    "random-ids": Planted(plant=_random_ids, promise="0", seeds_max=100),
    "keep-a-torn-tail": Planted(plant=_keep_a_torn_tail, promise="record", seeds_max=400),
    "fold-a-fill-twice": Planted(plant=_fold_a_fill_twice, promise="3", seeds_max=100),
    "ignore-send-by": Planted(plant=_ignore_send_by, promise="9", seeds_max=400),
    "trade-before-reconciliation": Planted(plant=_trade_before_reconciliation, promise="7", seeds_max=100),
    "an-empty-listing-is-flat": Planted(plant=_an_empty_listing_is_flat, promise="7", seeds_max=600),
    "skip-the-start": Planted(plant=_skip_the_start, promise="7", seeds_max=50),
    "go-on-with-the-old-statement": Planted(plant=_go_on_with_the_old_statement, promise="7", seeds_max=100),
    "a-fault-at-the-start-is-an-answer": Planted(
        plant=_a_fault_at_the_start_is_an_answer, promise="7", seeds_max=400
    ),
    "send-on-though-the-start-differs": Planted(
        plant=_send_on_though_the_start_differs, promise="7", seeds_max=400, first=700
    ),
    "adopt-and-forget": Planted(plant=_adopt_and_forget, promise="4", seeds_max=200),
    "unresolved-for-ever": Planted(plant=_unresolved_for_ever, promise="4", seeds_max=100),
    "no-halt-after-cannot-tell": Planted(plant=_no_halt_after_cannot_tell, promise="4", seeds_max=50),
    "a-second-session-for-a-slot": Planted(plant=_a_second_session_for_a_slot, promise="8", seeds_max=50),
    "swallow-a-journal-fault": Planted(plant=_swallow_a_journal_fault, promise="11", seeds_max=100),
    "skip-a-slot-silently": Planted(plant=_skip_a_slot_silently, promise="16", seeds_max=50),
    "take-no-word-before-the-send": Planted(
        plant=_take_no_word_before_the_send, promise="stop", seeds_max=400
    ),
    "send-on-beside-the-kill-file": Planted(
        plant=_send_on_beside_the_kill_file, promise="stop", seeds_max=1000
    ),
    "believe-any-clock": Planted(plant=_believe_any_clock, promise="clock", seeds_max=200),
    "run-on-in-a-pause": Planted(plant=_run_on_in_a_pause, promise="stop", seeds_max=400),
    "trade-beside-an-open-order": Planted(plant=_trade_beside_an_open_order, promise="5", seeds_max=800),
    "end-before-the-last-fill": Planted(
        plant=_end_before_the_last_fill, promise="0", seeds_max=400, first=1000
    ),
    "what-is-not-found-never-was": Planted(plant=_what_is_not_found_never_was, promise="4", seeds_max=200),
    "a-fault-after-the-stop-cancels-nothing": Planted(
        plant=_a_fault_after_the_stop_cancels_nothing, promise="11", seeds_max=600
    ),
    "end-twice": Planted(plant=_end_twice, promise="6", seeds_max=50),
    "decide-on-what-is-not-recorded": Planted(
        plant=_decide_on_what_is_not_recorded, promise="17", seeds_max=50
    ),
    "mended-at-every-start": Planted(
        plant=_say_at_every_start_that_something_was_mended, promise="10", seeds_max=20
    ),
    "count-what-was-settled": Planted(plant=_count_what_was_settled, promise="0", seeds_max=200),
    "carry-out-half-a-word": Planted(plant=_carry_out_half_a_word, promise="word", seeds_max=200),
    "settle-whatever-is-said": Planted(plant=_settle_whatever_is_said, promise="word", seeds_max=200),
    "a-person-is-always-right": Planted(plant=_a_person_is_always_right, promise="found", seeds_max=200),
    "look-at-no-order-of-others": Planted(plant=_look_at_no_order_of_others, promise="5", seeds_max=400),
    "forget-what-waits-on": Planted(plant=_forget_what_waits_on, promise="wait", seeds_max=200),
    "wake-once-and-then-with-the-next-slot": Planted(
        plant=_wake_once_and_then_with_the_next_slot, promise="wait", seeds_max=200
    ),
    "forget-the-rest-after-a-crash": Planted(
        plant=_forget_the_rest_after_a_crash, promise="leave", seeds_max=400
    ),
    "give-up-what-was-leaving": Planted(
        plant=_give_up_what_was_leaving, promise="3", seeds_max=100, first=1500
    ),
    "refuse-what-waits-on": Planted(plant=_refuse_what_waits_on, promise="wait", seeds_max=200),
    "let-what-waits-outlive-a-kill": Planted(
        plant=_let_what_waits_outlive_a_kill, promise="killed", seeds_max=200, first=150
    ),
    "believe-the-trail": Planted(plant=_believe_the_trail, promise="18", seeds_max=50),
}
