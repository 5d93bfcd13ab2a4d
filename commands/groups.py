"""Commands and groups of them, whose help tells all there is, in the order it was written."""

from __future__ import annotations

from typing import Any

import click

from commands.manual import said


class _Context(click.Context):
    """A command's context, whose help is one of our pages."""

    def make_formatter(self) -> click.HelpFormatter:
        """Return an empty help page."""
        from commands.help_page import HelpPage

        return HelpPage(width=self.terminal_width, max_width=100)


class Command(click.Command):
    """A command of the program."""

    context_class = _Context

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Return the arguments that no option took; an error names the command, which click's parser forgets.

        Raises:
            click.UsageError: They cannot be read.
        """
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return --help, told in the language asked for."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = said("Show this message and exit.", "显示本说明并退出。")
        return option


class Group(Command, click.Group):
    """Commands under a common name; alone it is a usage error, unless it does something by itself."""

    command_class = Command
    group_class = type

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **{"no_args_is_help": False, **given})

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what each command does, in whole sentences and the order they were declared in."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, one.help or "") for name, one in self.commands.items()])
