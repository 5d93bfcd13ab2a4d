"""A command line that cannot be read: one line on stderr, and the JSON object where one was asked for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from commands.failures import Exit
from commands.families import COMMANDS
from commands.groups import Group


class OneLineUsage(Group):
    """The program, whose usage errors are one line that names the option and where to read on."""

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given, commands=COMMANDS)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples as they stand, a line each, so that they can be copied."""
        with formatter.section("Examples"):
            for line in (self.epilog or "").splitlines():
                formatter.write(f"  {line}\n")

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command line and exit with its code.

        Raises:
            SystemExit: Always.
        """
        given = list(sys.argv[1:] if args is None else args)
        try:
            # No shell asks it how a word may go on: an empty name stands for no variable.
            code = super().main(given, prog_name, complete_var or "", standalone_mode=False, **extra)
        except click.ClickException as error:
            code = _refuse(error, given)
        except click.Abort:
            code = Exit.INTERRUPTED
        sys.exit(int(code) if isinstance(code, int) else Exit.DONE)


def _refuse(error: click.ClickException, given: Sequence[str]) -> Exit:
    # Imported here, since it loads what --help must not wait for.
    from commands.screen import Screen

    wrong = " ".join(error.format_message().split()).rstrip(".")
    message = f"{wrong}; see {' '.join(['run_live.py', *_asked(error)])} --help"
    Screen("en", as_json="--json" in given).failed(message, Exit.USAGE)
    return Exit.USAGE


def _asked(error: click.ClickException) -> list[str]:
    """Return the names of the command that the error is about, its group's first; none for the program."""
    names: list[str] = []
    context = error.ctx if isinstance(error, click.UsageError) else None
    while context is not None and context.parent is not None:
        names.insert(0, context.info_name or "")
        context = context.parent
    return names
