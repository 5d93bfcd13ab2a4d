"""Every command beside the main job, family by family: loaded where one is asked for, or all are listed."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from functools import cached_property
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from click import Command


class Commands(MutableMapping[str, "Command"]):
    """The commands by name. The main job, which asks for none, neither imports nor builds them."""

    @cached_property
    def _built(self) -> dict[str, Command]:
        from commands import (
            arena_commands,
            backup_commands,
            data_commands,
            lifecycle_commands,
            model_commands,
            quotes_command,
            replay_commands,
            rules_commands,
            safety_commands,
            settle_command,
            view_commands,
            watch_commands,
        )

        families = (
            view_commands,
            replay_commands,
            safety_commands,
            rules_commands,
            arena_commands,
            model_commands,
            backup_commands,
            data_commands,
            lifecycle_commands,
            quotes_command,
            settle_command,
            watch_commands,
        )
        return {name: command for family in families for name, command in family.app.commands.items()}

    def __getitem__(self, name: str) -> Command:
        return self._built[name]

    def __setitem__(self, name: str, command: Command) -> NoReturn:
        raise TypeError("a command belongs to one of the families in commands/families.py")

    def __delitem__(self, name: str) -> NoReturn:
        raise TypeError("the commands are those of the families in commands/families.py")

    def __iter__(self) -> Iterator[str]:
        return iter(self._built)

    def __len__(self) -> int:
        return len(self._built)


COMMANDS = Commands()
