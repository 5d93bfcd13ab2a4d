"""What people and other processes put to an account, and what each command means. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import NamedTuple

from services.domain.events import Asked, Halt, HaltCause, Lift, Settlement
from services.domain.instruments import NotASymbol, parse_symbol
from services.domain.money import ZERO
from services.domain.orders import OrderId
from services.domain.value import Value

HaltKey = tuple[str, bool, str]
"""What a halt is of: a symbol (empty: all), whether it is of every account, which limit or order.

Each limit's and each unresolved order's halt stands beside the others, empty for another cause: of these
one is in force at a time.
"""


KILL = "kill"
"""The command under which the journal holds that the kill file was found."""


class Scope(StrEnum):
    """Whose list a command was put on: the account's own, or that of every account of the data folder."""

    HERE = "here"
    EVERYWHERE = "everywhere"


class LifeWord(StrEnum):
    """What is asked of an account's life.

    PAUSE: begin no session until RESUME, whatever process runs it. STOP: end the loop that runs it. START:
    let the process that stopped it run it again.
    """

    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    START = "start"


class Pause(Value, frozen=True, kw_only=True):
    """An account that begins no session until it is resumed: since when, by whom and why."""

    since: datetime
    by: str
    why: str

    @property
    def words(self) -> str:
        """The reason a session that did not begin is given."""
        return f"paused by {self.by or 'somebody unnamed'}: {self.why or 'no reason given'}"


def pause_after(pause: Pause | None, asked: Asked, at: datetime) -> Pause | None:
    """Return the pause in force once `asked` was taken at `at`; the first of several counts.

    It is in force since the command was put, and since `at` where the command tells no moment before it.
    """
    if asked.command == LifeWord.RESUME:
        return None
    if asked.command != LifeWord.PAUSE or pause is not None:
        return pause
    put = put_at(asked.args)
    since = at if put is None else min(put, at)
    return Pause(since=since, by=asked.args.get("by", ""), why=asked.args.get("why", ""))


def killed_by(step: str, asked: Asked) -> str:
    """Return why what waits when `asked` is written is given up: the kill file was found; else empty.

    A command of that name that somebody put on a list is none of it.
    """
    if asked.command != KILL or place_of(step) is not None:
        return ""
    why = asked.args.get("why", "")
    return f"the kill file was there: {why}" if why else "the kill file was there"


def put_at(args: Mapping[str, str]) -> datetime | None:
    """Return when a command was put, as whoever put it says; None where that is no aware moment."""
    try:
        moment = datetime.fromisoformat(args.get("at", ""))
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment


class Place(NamedTuple):
    """Which command of which list: `list_id` names the list, `mark` the command.

    A list that was put back as it had been goes on with numbers given before, but never with marks: a
    number given twice is two commands. Both names are empty in lists of before they were kept.
    """

    scope: Scope
    seq: int
    list_id: str = ""
    mark: str = ""


class Command(Value, frozen=True, kw_only=True):
    """One command as it was put; `seq` counts from 1 in its list. See `Place` for its names."""

    seq: int
    command: str
    args: Mapping[str, str]
    scope: Scope = Scope.HERE
    list_id: str = ""
    mark: str = ""

    @property
    def place(self) -> Place:
        """Which command of which list it is."""
        return Place(self.scope, self.seq, self.list_id, self.mark)

    @property
    def step(self) -> str:
        """The step under which the account's journal holds it."""
        step = f"command:{self.scope}:{self.seq}"
        return f"{step}:{self.list_id}:{self.mark}" if self.mark else step


def place_of(step: str) -> Place | None:
    """Return which command a step of the journal holds, None for another step."""
    first, _, rest = step.partition(":")
    if first != "command":
        return None
    scope, seq, *names = rest.split(":")
    return Place(Scope(scope), int(seq), *names)


_CUT = "cut-"


class Taken:
    """Which commands a journal holds, of any list it ever read: those of `places`."""

    def __init__(self, places: Iterable[Place] = ()) -> None:
        self.places: set[Place] = set()
        self._last: dict[tuple[Scope, str], Place] = {}
        for place in places:
            self.take(place)

    def take(self, place: Place) -> None:
        """Add the command taken next."""
        self.places.add(place)
        if not place.mark.startswith(_CUT):
            self._last[place.scope, place.list_id] = place

    def last(self, scope: Scope, list_id: str) -> Place | None:
        """Return the command taken last of a list, None of one that is not known."""
        return self._last.get((scope, list_id))

    def holds(self, place: Place) -> bool:
        """Answer whether the command was taken; one without a mark goes by its number."""
        if place.mark:
            return place in self.places
        last = self.last(place.scope, place.list_id)
        return last is not None and place.seq <= last.seq


def cut_short(last: Place) -> Command:
    """Return the halt of an account whose list of commands lacks the `last` one that was taken of it.

    It is of that account alone, whichever list it is, and asked for once.
    """
    why = (
        f"the list of commands ({last.scope}) lacks number {last.seq}, which was taken: an older copy was "
        "put in its place, and a command to stop may be lost; see what was asked for since, then lift this"
    )
    return Command(
        seq=last.seq,
        command="halt",
        args={"why": why, "by": "inbox", "cause": str(HaltCause.ALERT)},
        list_id=last.list_id,
        mark=f"{_CUT}{last.scope}-{last.mark}",
    )


def meaning(command: Command) -> Halt | Lift | Settlement | Asked:
    """Return what a command asks for: a halt, a lift, a word on an order, or what is not known here.

    Arguments of `halt` and `lift`: `symbol`, `why`, `by`; of `halt` also `cause`, which is `person`
    unless it says `alert`. A halt of something that is no symbol halts all of them. Arguments of
    `settle`: `order_id`, `shares`, `price_cny`, `fees_cny` (empty: by the rulebook), `why`, `by`, `at`;
    where they make no sense nothing is asked for.
    """
    args, everywhere = command.args, command.scope is Scope.EVERYWHERE
    if command.command == "settle":
        return _settlement(args) or Asked(command=command.command, args=dict(args))
    symbol, why, by = args.get("symbol", ""), args.get("why", ""), args.get("by", "")
    if command.command == "lift":
        return Lift(symbol=symbol, why=why, by=by, everywhere=everywhere)
    if command.command != "halt":
        return Asked(command=command.command, args=dict(args))
    if symbol and not _is_symbol(symbol):
        symbol, why = "", f"{why} (of {symbol!r}, which is no symbol)"
    cause = HaltCause.ALERT if args.get("cause") == HaltCause.ALERT else HaltCause.PERSON
    return Halt(symbol=symbol, why=why, cause=cause, by=by, everywhere=everywhere)


def key_of(halt: Halt) -> HaltKey:
    """Return what the halt is of: of two with one key the stricter is in force, or the first."""
    apart = halt.cause is HaltCause.LIMIT or halt.cause is HaltCause.UNRESOLVED
    return halt.symbol, halt.everywhere, halt.by if apart else ""


def lifted_by(lift: Lift, halts: Iterable[HaltKey]) -> tuple[HaltKey, ...]:
    """Return the halts that the lift ends: all of its symbol and scope, or one order's alone."""
    return tuple(
        key for key in halts if key[:2] == (lift.symbol, lift.everywhere) and lift.order_id in ("", key[2])
    )


def in_force(halts: Mapping[HaltKey, Halt], commands: Iterable[Command]) -> dict[HaltKey, Halt]:
    """Return the halts in force after the commands, oldest first; of two the stricter stays, or the first."""
    found = dict(halts)
    for command in commands:
        match meaning(command):
            case Halt() as halt:
                held = found.get(key_of(halt))
                if held is None or halt.cause.strictness > held.cause.strictness:
                    found[key_of(halt)] = halt
            case Lift() as lift:
                for key in lifted_by(lift, found):
                    del found[key]
            case Settlement() | Asked():
                pass
    return found


def _settlement(args: Mapping[str, str]) -> Settlement | None:
    """Return a person's word on an order, None where its numbers cannot be of one."""
    at, fees = put_at(args), args.get("fees_cny", "")
    try:
        shares, price = int(args.get("shares", "")), Decimal(args.get("price_cny", ""))
        fees_cny = Decimal(fees) if fees else None
    except (ValueError, InvalidOperation):
        return None
    amounts = (price, ZERO if fees_cny is None else fees_cny)
    sound = shares >= 0 and all(one.is_finite() and one >= 0 for one in amounts)
    if at is None or not sound or (price > 0) is not (shares > 0):
        return None
    return Settlement(
        order_id=OrderId(args.get("order_id", "")),
        shares=shares,
        price_cny=price,
        fees_cny=fees_cny,
        why=args.get("why", ""),
        by=args.get("by", ""),
        at=at,
    )


def _is_symbol(text: str) -> bool:
    try:
        parse_symbol(text)
    except NotASymbol:
        return False
    return True
