"""Every command beside the main job, family by family: loaded where one is asked for, or all are listed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typer._click import Command


class Commands(Mapping[str, "Command"]):
    """The commands by name. The main job, which asks for none, neither imports nor builds them."""

    @cached_property
    def _built(self) -> Mapping[str, Command]:
        import typer

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

        every = typer.Typer(rich_markup_mode="rich")
        for family in (
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
        ):
            every.add_typer(family.app)
        return typer.main.get_group(every).commands

    def __getitem__(self, name: str) -> Command:
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._built)

    def __len__(self) -> int:
        return len(self._built)


COMMANDS = Commands()
