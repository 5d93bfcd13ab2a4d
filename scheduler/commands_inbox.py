"""What was put to the account from outside, turned into events of its journal."""

from __future__ import annotations

from collections.abc import Sequence

from scheduler.settling import NotSettled, settle_what_was_said, settling_in
from scheduler.world import World
from services.domain.events import Asked, Halt, Lift, Settlement
from services.domain.inbox import KILL, Command, LifeWord, meaning


def take_commands(world: World) -> tuple[str, ...]:
    """Write one event for each command not taken yet and return their names; from then on it is in force.

    Raises:
        JournalFault: The commands cannot be read or written; one to stop may be among them.
    """
    journal = world.journal
    taken = world.commands.unread(journal.account.taken)
    if not taken:
        return ()
    for command in taken:
        journal.write("", command.step, _taken(world, command))
        settle_what_was_said(world)
    return tuple(command.command for command in taken)


def _taken(world: World, command: Command) -> Halt | Lift | Settlement | Asked:
    """Return what a command asks for; a word on an order that cannot be carried out changes nothing."""
    asked = meaning(command)
    if isinstance(asked, Settlement):
        try:
            settling_in(world).require(asked)
        except NotSettled as problem:
            return Asked(command=command.command, args={**command.args, "refused": str(problem)})
    return asked


def stop_asked(words: Sequence[str], *, first_look: bool) -> bool:
    """Answer whether the loop is to end after taking these commands.

    A stop is for the loop that ran when it was put: one that a loop finds at its first look came too late
    for the one before, and counts only where a start came in between.
    """
    asked = first = False
    for word in words:
        if word == LifeWord.START:
            asked, first = False, True
        elif word == LifeWord.STOP:
            asked = first or not first_look
    return asked


def note_kill(world: World) -> None:
    """Write that the account was stopped by the kill file, and what the file says.

    Raises:
        JournalFault: It cannot be written.
    """
    journal = world.journal
    journal.write("", f"kill:{len(journal.events)}", Asked(command=KILL, args={"why": world.kill_words()}))
