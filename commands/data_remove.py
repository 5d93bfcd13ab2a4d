"""`data remove`: how to take some of what the store holds away."""

from __future__ import annotations

from dataclasses import dataclass

from commands.failures import CommandFailed, Exit
from commands.history_folder import length_in, store_of, symbols_in, tables_of, told_in_a_line
from commands.screen import Screen
from services.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwanted:
    """What is to be taken away.

    Bars of one length, or the `facts`, of the symbols named or of `every` one; files of one sort; or the
    `members` of an index.
    """

    symbols: str
    frequency: str
    every: bool
    damaged: bool
    orphans: bool
    facts: bool = False
    members: str = ""


def remove(settings: Settings, unwanted: Unwanted, screen: Screen) -> Exit:
    """Take bars of one length away, or facts, members, bars of damaged files, files that no index names.

    Raises:
        CommandFailed: Nothing or too much is named, or the store cannot be written.
    """
    _require_one_way(unwanted)
    named, store = symbols_in(unwanted.symbols) or None, store_of(settings)
    with told_in_a_line(), screen.waiting("data.removing"):
        if unwanted.orphans:
            what, count = "files", store.sweep()
        elif unwanted.damaged:
            what, count = "bars", store.remove_damaged()
        elif unwanted.facts:
            what, count = "facts", tables_of(store).remove_facts(named)
        elif unwanted.members:
            what, count = "members", tables_of(store).remove_members(unwanted.members)
        else:
            what, count = "bars", store.remove(length_in("--frequency", unwanted.frequency), named)
    screen.line(f"data.removed.{what}", count=f"{count:,}", index=unwanted.members)
    screen.result({f"removed_{what}": count})
    return Exit.DONE


def _require_one_way(unwanted: Unwanted) -> None:
    """Do nothing where one thing is named, whole.

    Raises:
        CommandFailed: Nothing or too much is.
    """
    whose = [bool(symbols_in(unwanted.symbols)), unwanted.every]
    of_symbols = [bool(unwanted.frequency), unwanted.facts]
    alone = [unwanted.damaged, unwanted.orphans, bool(unwanted.members)]
    if sum(of_symbols) + sum(alone) != 1 or sum(whose) != sum(of_symbols):
        raise CommandFailed(
            Exit.USAGE,
            "name what to remove: --symbols A,B --frequency 60m; --all --frequency 60m for every symbol; "
            "--facts with --symbols A,B or --all; --members 000016.SH, --damaged or --orphans alone",
        )
