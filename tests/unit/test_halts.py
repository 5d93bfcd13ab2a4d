"""Halts from outside: taken between sessions, in force until lifted, peeked at before every send."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from risk.limits import ExitTerms, Limits
from services.domain.events import Asked, Closed, Halt, HaltCause, Lift, Opening, Outcome, Verdicts
from services.domain.inbox import Scope
from services.domain.orders import ApprovedOrder, OrderState, Origin, Rule
from services.domain.statement import Ack, AckKind
from services.executor import Executor
from services.journal.memory_inbox import MemoryInboxes
from services.ports import JournalFault
from tests.exchange_market import FLAT, MAIN, MON, OTHER, TUE, Bar, at, panel
from tests.unit.test_executor import Desk
from tests.unit.test_session import refused
from tests.unit.world import HOLD, Live, Setup, answer, flat, order

MORNING, LUNCH, AFTERNOON = (f"20260713-{slot}" for slot in ("1035", "1135", "1405"))
BUY = answer(order("buy", MAIN, 1000))
BOTH = answer(order("buy", MAIN, 1000), order("buy", OTHER, 1000))


def outcome(live: Live, label: str) -> Outcome | None:
    closed = live.value(label, "closed")
    assert isinstance(closed, Closed)
    return closed.outcome


def bought(live: Live) -> dict[str, int]:
    return dict(live.journal.account.book.holdings())


def test_a_halt_put_while_the_loop_idles_stops_the_next_sessions_orders():
    box = MemoryInboxes()
    live = Setup(answers=[HOLD, HOLD, BUY], commands=box).open().run(at(MON, "13:00"))
    box.put(Scope.HERE, "halt", {"why": "a rumour", "by": "ann"})

    live.run(at(MON, "14:10"))

    assert outcome(live, AFTERNOON) is Outcome.HALTED
    assert refused(live.value(AFTERNOON, "verdicts")) == [(MAIN, Rule.HALTED)]
    opening = live.value(AFTERNOON, "book")
    assert isinstance(opening, Opening)
    assert opening.halts == (Halt(symbol="", why="a rumour", cause=HaltCause.PERSON, by="ann"),)
    assert bought(live) == {}


def test_a_command_is_one_event_of_the_account_written_before_the_session_and_once():
    box = MemoryInboxes()
    box.put(Scope.HERE, "halt", {"why": "x"})
    box.put(Scope.EVERYWHERE, "halt", {"why": "y"})
    live = Setup(commands=box).open()

    for minute in ("10:30", "10:31", "10:35"):
        live.tick(at(MON, minute))

    halts = live.kinds("halt")
    assert [one.session for one in halts] == ["", ""]
    assert [one.step for one in halts] == ["command:here:1:memory:1", "command:everywhere:1:memory:1"]
    opened = live.journal.find(live.session(MORNING), "opened")
    assert opened is not None
    assert max(one.seq for one in halts) < opened.seq
    assert list(box.unread(live.journal.account.taken)) == []
    assert live.journal.account.halted_at[("", False, "")] == at(MON, "10:30")


def test_lifted_it_trades_again():
    box = MemoryInboxes()
    box.put(Scope.HERE, "halt", {"why": "x"})
    live = Setup(answers=[BUY, HOLD, BUY], commands=box).open().run(at(MON, "13:00"))
    box.put(Scope.HERE, "lift", {"why": "settled", "by": "bob"})

    live.run(at(MON, "14:10"))

    assert [outcome(live, label) for label in (MORNING, AFTERNOON)] == [Outcome.HALTED, Outcome.DONE]
    assert bought(live) == {MAIN: 1000}
    (event,) = live.kinds("lift")
    assert live.journal.value(event) == Lift(symbol="", why="settled", by="bob")
    assert live.journal.account.halted_at == {}


@pytest.mark.parametrize(("put", "lifted", "left"), [
    (Scope.HERE, Scope.EVERYWHERE, {MAIN}),
    (Scope.EVERYWHERE, Scope.HERE, {MAIN}),
    (Scope.EVERYWHERE, Scope.EVERYWHERE, set()),
])  # fmt: skip
def test_a_halt_of_all_accounts_and_one_of_this_are_lifted_each_by_itself(put, lifted, left):
    box = MemoryInboxes()
    box.put(put, "halt", {"symbol": MAIN, "why": "x"})
    box.put(lifted, "lift", {"symbol": MAIN, "why": "y"})
    live = Setup(answers=[BUY], commands=box).open().run(at(MON, "10:40"))

    assert {halt.symbol for halt in live.journal.account.halts.values()} == left
    assert bought(live) == ({} if left else {MAIN: 1000})


def test_halted_again_after_a_lift_it_stays_halted():
    box = MemoryInboxes()
    for command in ("halt", "lift", "halt"):
        box.put(Scope.HERE, command, {"why": command})

    live = Setup(answers=[BUY], commands=box).open().run(at(MON, "10:40"))

    assert outcome(live, MORNING) is Outcome.HALTED
    assert len(live.kinds("halt")) == 2


def test_a_halted_symbol_leaves_the_others_alone():
    box = MemoryInboxes()
    box.put(Scope.HERE, "halt", {"symbol": MAIN, "why": "x"})

    live = Setup(answers=[BOTH], commands=box).open().run(at(MON, "10:40"))

    assert refused(live.value(MORNING, "verdicts")) == [(MAIN, Rule.HALTED)]
    assert (outcome(live, MORNING), bought(live)) == (Outcome.DONE, {OTHER: 1000})


def test_one_halt_everywhere_stops_two_accounts_and_one_made_later():
    everywhere = MemoryInboxes()
    first = Setup(answers=[HOLD, HOLD, BUY], commands=everywhere).open().run(at(MON, "13:00"))
    second = Setup(answers=[HOLD, HOLD, BUY], commands=everywhere).open().run(at(MON, "13:00"))
    everywhere.put(Scope.EVERYWHERE, "halt", {"why": "all of it"})

    for live in (first, second):
        live.run(at(MON, "14:10"))
    later = Setup(answers=[BUY], commands=everywhere).open().run(at(MON, "10:40"))

    assert [outcome(live, AFTERNOON) for live in (first, second)] == [Outcome.HALTED] * 2
    assert outcome(later, MORNING) is Outcome.HALTED
    assert [bought(live) for live in (first, second, later)] == [{}, {}, {}]


def test_an_unknown_command_is_kept_and_changes_nothing():
    box = MemoryInboxes()
    box.put(Scope.HERE, "dance", {"tempo": "slow"})

    live = Setup(answers=[BUY], commands=box).open().run(at(MON, "10:40"))

    (event,) = live.kinds("asked")
    assert live.journal.value(event) == Asked(command="dance", args={"tempo": "slow"})
    assert bought(live) == {MAIN: 1000}
    assert list(box.unread(live.journal.account.taken)) == []


def test_a_waiting_order_is_refused_at_one_where_the_account_was_halted_over_lunch():
    box = MemoryInboxes()
    live = Setup(answers=[HOLD, BUY], commands=box).open().run(at(MON, "12:59"))
    box.put(Scope.HERE, "halt", {"symbol": MAIN, "why": "over lunch"})

    live.run(at(MON, "13:00"))

    verdicts = live.value(LUNCH, "late1:verdicts")
    assert isinstance(verdicts, Verdicts)
    assert [one.rule for one in verdicts.refused] == [Rule.HALTED]
    assert bought(live) == {}


def test_a_waiting_order_is_sent_at_one_where_the_halt_of_another_symbol_was_lifted_over_lunch():
    box = MemoryInboxes()
    box.put(Scope.HERE, "halt", {"symbol": OTHER, "why": "x"})
    live = Setup(answers=[HOLD, BUY], commands=box).open().run(at(MON, "12:59"))
    box.put(Scope.HERE, "lift", {"symbol": OTHER, "why": "y"})

    live.run(at(MON, "13:00"))

    assert bought(live) == {MAIN: 1000}


# A difference with the broker: lifted, it is looked at again.


class Richer:
    """A broker that states a cent too much."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def get_balance(self) -> Any:
        balance = await self._inner.get_balance()
        return replace(balance, cash_cny=balance.cash_cny + Decimal("0.01"))


def test_a_reconciliation_halt_lifted_while_the_difference_is_there_halts_again():
    box = MemoryInboxes()
    setup = Setup(answers=[BUY, HOLD, BUY], commands=box, broker=lambda broker, _journal: Richer(broker))
    live = setup.open().run(at(MON, "13:00"))
    assert [halt.cause for halt in live.journal.account.halts.values()] == [HaltCause.RECONCILIATION]
    box.put(Scope.HERE, "lift", {"why": "I looked"})

    live.run(at(MON, "14:10"))

    assert outcome(live, AFTERNOON) is Outcome.HALTED
    assert [event.session for event in live.kinds("halt")][-1] == live.session(AFTERNOON)
    assert bought(live) == {}


def test_a_reconciliation_halt_lifted_once_the_difference_is_gone_stays_lifted():
    box = MemoryInboxes()
    setup = Setup(answers=[BUY, HOLD, BUY], commands=box)
    replace(setup, broker=lambda broker, _journal: Richer(broker)).open().run(at(MON, "13:00"))
    box.put(Scope.HERE, "lift", {"why": "the broker put it right"})

    live = setup.open().run(at(MON, "14:10"))

    assert outcome(live, AFTERNOON) is Outcome.DONE
    assert bought(live) == {MAIN: 1000}


def test_a_difference_found_under_a_persons_halt_is_the_one_in_force_until_both_are_lifted():
    box = MemoryInboxes()
    setup = Setup(commands=box, broker=lambda broker, _journal: Richer(broker))
    box.put(Scope.HERE, "halt", {"why": "x"})

    live = setup.open().run(at(MON, "10:40"))
    account = live.journal.account
    found = [(one.cause, account.halted_at[key]) for key, one in account.halts.items()]
    box.put(Scope.HERE, "halt", {"why": "again"})
    live.tick(at(MON, "10:41"))

    assert found == [(HaltCause.RECONCILIATION, at(MON, "10:35"))]
    assert [one.cause for one in account.halts.values()] == [HaltCause.RECONCILIATION]


# Inside a session: the executor looks before every send.


def halting(box: MemoryInboxes, scope: Scope = Scope.HERE, symbol: str = "", **more: str) -> Any:
    """Return the door of a mind while which thinks the command is put."""

    class Thinking:
        def __init__(self, inner: Any) -> None:
            self._inner, self.put = inner, False

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

        async def decide(self, briefing: Any) -> Any:
            if not self.put:
                box.put(scope, "halt", {"why": "just now", "symbol": symbol, **more})
                self.put = True
            return await self._inner.decide(briefing)

    return Thinking


def acks(live: Live) -> list[Ack]:
    values = [live.journal.value(event) for event in live.kinds("ack")]
    return [value for value in values if isinstance(value, Ack)]


@pytest.mark.parametrize("scope", list(Scope))
def test_a_halt_put_while_the_mind_thinks_holds_back_the_orders_of_that_very_session(scope: Scope):
    box, desk = MemoryInboxes(), Desk()
    setup = Setup(answers=[BOTH], commands=box, agent=halting(box, scope), broker=desk.door)

    live = setup.open().run(at(MON, "10:40"))

    assert desk.sent == []
    assert acks(live) == [Ack(kind=AckKind.WITHHELD, reason="halted: just now")] * 2
    ended = [live.journal.value(event) for event in live.kinds("order_ended")]
    assert {one.state for one in ended} == {OrderState.EXPIRED}  # type: ignore[attr-defined]  # Orders' ends.
    assert live.journal.account.book.available_cny == Decimal("100000.00")


def test_it_is_an_event_only_after_the_session():
    box = MemoryInboxes()
    live = Setup(answers=[BUY, BUY], commands=box, agent=halting(box)).open().run(at(MON, "11:40"))

    closed = live.journal.find(live.session(MORNING), "closed")
    assert closed is not None
    assert [event.seq > closed.seq for event in live.kinds("halt")] == [True]
    assert outcome(live, LUNCH) is Outcome.HALTED


def test_a_halt_of_one_symbol_put_meanwhile_holds_back_that_symbol_alone():
    box, desk = MemoryInboxes(), Desk()
    setup = Setup(answers=[BOTH], commands=box, agent=halting(box, symbol=MAIN), broker=desk.door)

    live = setup.open().run(at(MON, "10:40"))

    assert len(desk.sent) == 1
    assert bought(live) == {OTHER: 1000}


def test_a_halt_put_and_lifted_again_meanwhile_holds_back_nothing():
    class Calm(MemoryInboxes):
        def put(self, scope: Scope, command: str, args: Any) -> int:
            super().put(scope, command, args)
            return super().put(scope, "lift", {"why": "no, go on"})

    calm = Calm()
    live = Setup(answers=[BUY], commands=calm, agent=halting(calm)).open().run(at(MON, "10:40"))

    assert bought(live) == {MAIN: 1000}


def test_commands_that_cannot_be_read_hold_back_everything():
    class Broken(MemoryInboxes):
        def __init__(self) -> None:
            super().__init__()
            self.broken = False

        def unread(self, taken: Any) -> Any:
            if self.broken:
                raise JournalFault("read the commands in inbox", "it is damaged")
            return super().unread(taken)

    box, desk = Broken(), Desk()

    class Breaking:
        def __init__(self, inner: Any) -> None:
            self._inner = inner

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

        async def decide(self, briefing: Any) -> Any:
            box.broken = True
            return await self._inner.decide(briefing)

    live = Setup(answers=[BUY], commands=box, agent=Breaking, broker=desk.door).open()
    live.tick(at(MON, "10:35"))

    assert desk.sent == []
    assert [ack.kind for ack in acks(live)] == [AckKind.WITHHELD]
    with pytest.raises(JournalFault, match="damaged"):
        live.tick(at(MON, "10:36"))


def test_an_exit_too_is_held_back_while_commands_cannot_be_read():
    class Broken(MemoryInboxes):
        def unread(self, taken: Any) -> Any:
            raise JournalFault("read the commands in inbox", "it is damaged")

    live = Setup(answers=[BUY]).open().run(at(MON, "10:40"))
    executor = Executor(
        live.world.broker, live.world.clock, live.journal, lambda: "", Broken(), exits_while_halted=True
    )
    terms = next(iter(live.journal.account.sessions.values())).orders[live.only_order()]

    held = executor.withheld(ApprovedOrder(terms=replace(terms, origin=Origin.EXIT)))

    assert held is not None
    assert held.kind is AckKind.WITHHELD


@pytest.mark.parametrize(("while_halted", "held"), [(True, {}), (False, {MAIN: 1000})])
@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_exits_go_on_while_halted_where_the_configuration_lets_them(while_halted, held, when):
    limits = Limits(stop_loss_ratio=Decimal("0.05"), exits=ExitTerms(while_halted=while_halted))
    # MAIN opens on Tuesday 8 % lower, past a stop loss of 5 %.
    bars: list[Bar] = [FLAT] * 4 + [(9.2, 9.2, 9.2, 9.2)] * 4
    market = panel({MAIN: bars, OTHER: flat()[OTHER]}, prev_close={MAIN: [10.0, 10.0], OTHER: [10.0, 10.0]})
    box = MemoryInboxes()
    setup = Setup(
        answers=[BUY, HOLD, HOLD, HOLD, answer(order("buy", OTHER, 100))],
        commands=box, market=market, limits=limits,
    )  # fmt: skip
    live = setup.open().run(at(MON, "16:00"))
    if when == "before":
        box.put(Scope.HERE, "halt", {"why": "x"})
    else:
        live = replace(setup, agent=halting(box)).open()

    live.run(at(TUE, "10:40"))

    assert bought(live) == held
    sent = [live.journal.value(event) for event in live.kinds("order_terms")]
    assert {one.origin for one in sent if one.day == TUE and one.symbol == MAIN} <= {Origin.EXIT}  # type: ignore[attr-defined]  # Terms.
