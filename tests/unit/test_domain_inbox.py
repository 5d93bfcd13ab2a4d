"""What a command from outside means, and which halts are in force after several."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from services.domain.events import Asked, Halt, HaltCause, Lift
from services.domain.inbox import (
    Command,
    HaltKey,
    Place,
    Scope,
    Taken,
    cut_short,
    in_force,
    key_of,
    meaning,
    place_of,
)

MAIN, OTHER = "600000.SH", "000001.SZ"


def put(command: str, *, seq: int = 1, scope: Scope = Scope.HERE, **args: str) -> Command:
    return Command(seq=seq, command=command, args=args, scope=scope)


def test_a_halt_is_a_persons_unless_it_says_an_alert():
    by_hand = meaning(put("halt", symbol=MAIN, why="news", by="ann"))
    alarm = meaning(put("halt", why="no quotes", by="quotes_stale", cause="alert"))
    boast = meaning(put("halt", why="x", cause="limit"))

    assert by_hand == Halt(symbol=MAIN, why="news", cause=HaltCause.PERSON, by="ann")
    assert alarm == Halt(symbol="", why="no quotes", cause=HaltCause.ALERT, by="quotes_stale")
    assert isinstance(boast, Halt)
    assert boast.cause is HaltCause.PERSON


def test_a_command_to_every_account_says_so():
    halted = meaning(put("halt", scope=Scope.EVERYWHERE, why="x"))
    lifted = meaning(put("lift", scope=Scope.EVERYWHERE, why="y", by="bob"))

    assert halted == Halt(symbol="", why="x", cause=HaltCause.PERSON, everywhere=True)
    assert lifted == Lift(symbol="", why="y", by="bob", everywhere=True)


@pytest.mark.parametrize("symbol", ["600000.sh", "600000", "moon", "600000.SH "])
def test_a_halt_of_what_is_no_symbol_halts_all_of_them(symbol: str):
    halted = meaning(put("halt", symbol=symbol, why="odd"))

    assert isinstance(halted, Halt)
    assert (halted.symbol, halted.cause) == ("", HaltCause.PERSON)
    assert repr(symbol) in halted.why


def test_what_is_not_known_asks_for_nothing_and_is_kept():
    assert meaning(put("dance", tempo="slow")) == Asked(command="dance", args={"tempo": "slow"})


def test_a_halt_without_a_word_is_a_halt():
    assert meaning(put("halt")) == Halt(symbol="", why="", cause=HaltCause.PERSON)


HALT, LIFT = put("halt", why="one"), put("lift")
OF_MAIN, LIFT_MAIN = put("halt", symbol=MAIN), put("lift", symbol=MAIN)
ALL, LIFT_ALL = put("halt", scope=Scope.EVERYWHERE), put("lift", scope=Scope.EVERYWHERE)


@pytest.mark.parametrize(("commands", "left"), [
    ([], []),
    ([HALT], [("", False, "")]),
    ([HALT, LIFT], []),
    ([HALT, LIFT, HALT], [("", False, "")]),
    ([LIFT, HALT], [("", False, "")]),
    ([HALT, OF_MAIN, LIFT], [(MAIN, False, "")]),
    ([HALT, LIFT_MAIN], [("", False, "")]),
    ([HALT, ALL, LIFT], [("", True, "")]),  # Lifted here is not lifted everywhere,
    ([HALT, ALL, LIFT_ALL], [("", False, "")]),  # nor the other way round.
    ([HALT, put("dance")], [("", False, "")]),
])  # fmt: skip
def test_halts_of_account_symbol_and_all_accounts_are_lifted_each_by_itself(
    commands: Sequence[Command], left: Sequence[HaltKey]
):
    assert list(in_force({}, commands)) == left


def test_the_first_halt_stays_until_it_is_lifted():
    there = {("", False, ""): Halt(symbol="", why="cash differs")}

    assert in_force(there, [put("halt", why="later")]) == there
    assert in_force(there, [put("lift"), put("halt", why="later")])[("", False, "")].why == "later"


def test_a_persons_halt_stands_beside_a_limits_and_one_lift_ends_both():
    drawdown = Halt(symbol="", why="down", cause=HaltCause.LIMIT, by="drawdown")
    streak = Halt(symbol="", why="lost", cause=HaltCause.LIMIT, by="losing_streak")
    there = {key_of(one): one for one in (drawdown, streak)}

    both = in_force(there, [HALT])

    assert list(both) == [("", False, "drawdown"), ("", False, "losing_streak"), ("", False, "")]
    assert in_force(both, [ALL, LIFT]).keys() == {("", True, "")}


def test_a_stricter_halt_takes_the_place_of_another_but_of_no_limits():
    person = Halt(symbol="", why="stop", cause=HaltCause.PERSON)
    alert = put("halt", cause="alert")

    assert in_force({key_of(person): person}, [alert])[key_of(person)] is person
    differs = Halt(symbol="", why="differs")
    assert in_force({key_of(differs): differs}, [HALT]) == {key_of(differs): differs}


def test_a_step_names_the_command_it_holds():
    assert put("halt", seq=7).step == "command:here:7"
    assert place_of("command:everywhere:12") == Place(Scope.EVERYWHERE, 12)
    assert place_of(put("lift", seq=3).step) == Place(Scope.HERE, 3)
    named = Command(seq=2, command="halt", args={}, scope=Scope.EVERYWHERE, list_id="a1", mark="b2")
    assert named.step == "command:everywhere:2:a1:b2"
    assert place_of(named.step) == named.place == Place(Scope.EVERYWHERE, 2, "a1", "b2")
    for other in ("halt:600000.SH", "opened", "kill:4", "sent:command"):
        assert place_of(other) is None


def test_a_command_without_a_mark_goes_by_its_number_and_one_with_a_mark_by_that():
    taken = Taken([Place(Scope.HERE, 2), Place(Scope.HERE, 1, "list", "x")])

    assert [taken.holds(Place(Scope.HERE, seq)) for seq in (1, 2, 3)] == [True, True, False]
    assert not taken.holds(Place(Scope.EVERYWHERE, 1))
    assert taken.holds(Place(Scope.HERE, 1, "list", "x"))
    assert not taken.holds(Place(Scope.HERE, 1, "list", "y"))
    assert not taken.holds(Place(Scope.HERE, 1, "another", "x"))


def test_what_says_that_a_list_was_cut_halts_the_account_alone_and_is_no_command_of_that_list():
    last = Place(Scope.EVERYWHERE, 4, "list", "x")
    command = cut_short(last)
    taken = Taken([last, command.place])

    halt = meaning(command)

    assert isinstance(halt, Halt)
    assert (halt.symbol, halt.cause, halt.by, halt.everywhere) == ("", HaltCause.ALERT, "inbox", False)
    assert place_of(command.step) == command.place
    assert taken.holds(command.place)
    assert taken.last(Scope.EVERYWHERE, "list") == last
    assert taken.last(Scope.HERE, "list") is None
    # That of every account's list and that of the account's own are two, also of lists without a name.
    assert cut_short(Place(Scope.HERE, 4)).step != cut_short(Place(Scope.EVERYWHERE, 4)).step
