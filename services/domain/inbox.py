"""What people and other processes put to an account, and what each command means. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.domain.events import Asked, Halt, HaltCause, Lift
from services.domain.instruments import NotASymbol, parse_symbol

HaltKey = tuple[str, bool, str]
"""What a halt is of: a symbol, or all of them where it is empty; whether it is of every account; which limit.

Each limit's halt stands beside the others, empty for another cause: of these one is in force at a time.
"""


class Scope(StrEnum):
    """Whose list a command was put on: the account's own, or that of every account of the data folder."""

    HERE = "here"
    EVERYWHERE = "everywhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command as it was put; `seq` counts from 1 in its list and is never given twice."""

    seq: int
    command: str
    args: Mapping[str, str]
    scope: Scope = Scope.HERE

    @property
    def step(self) -> str:
        """The step under which the account's journal holds it."""
        return f"command:{self.scope}:{self.seq}"


def place_of(step: str) -> tuple[Scope, int] | None:
    """Return list and number of the command that a step of the journal holds, None for another step."""
    first, _, rest = step.partition(":")
    scope, _, seq = rest.partition(":")
    return (Scope(scope), int(seq)) if first == "command" else None


def meaning(command: Command) -> Halt | Lift | Asked:
    """Return what a command asks for: a halt, a lift, or what is not known here and changes nothing.

    Arguments of `halt` and `lift`: `symbol`, `why`, `by`; of `halt` also `cause`, which is `person`
    unless it says `alert`. A halt of something that is no symbol halts all of them.
    """
    args, everywhere = command.args, command.scope is Scope.EVERYWHERE
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
    return halt.symbol, halt.everywhere, halt.by if halt.cause is HaltCause.LIMIT else ""


def lifted_by(lift: Lift, halts: Iterable[HaltKey]) -> tuple[HaltKey, ...]:
    """Return the halts that the lift ends: all of its symbol and scope, limits' and others'."""
    return tuple(key for key in halts if key[:2] == (lift.symbol, lift.everywhere))


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
            case Asked():
                pass
    return found


def _is_symbol(text: str) -> bool:
    try:
        parse_symbol(text)
    except NotASymbol:
        return False
    return True
