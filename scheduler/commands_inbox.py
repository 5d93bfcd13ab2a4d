"""What was put to the account from outside, turned into events of its journal."""

from __future__ import annotations

from scheduler.world import World
from services.domain.events import Asked
from services.domain.inbox import meaning


def take_commands(world: World) -> None:
    """Write one event for each command not taken yet; from then on it is in force.

    Raises:
        JournalFault: The commands cannot be read or written; one to stop may be among them.
    """
    journal = world.journal
    for command in world.commands.unread(journal.account.taken):
        journal.write("", command.step, meaning(command))


def note_kill(world: World) -> None:
    """Write that the account was stopped by the kill file, and what the file says.

    Raises:
        JournalFault: It cannot be written.
    """
    journal = world.journal
    journal.write("", f"kill:{len(journal.events)}", Asked(command="kill", args={"why": world.kill_words()}))
