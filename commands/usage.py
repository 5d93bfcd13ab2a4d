"""A command line that cannot be read: one line on stderr, and the JSON object where one was asked for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from commands.failures import Exit
from commands.families import COMMANDS
from commands.groups import Group
from commands.manual import said


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

    wrong = " ".join(said(error.format_message(), _in_chinese(error)).split()).rstrip(".")
    page = " ".join(["run_live.py", *_asked(error), "--help"])
    message = wrong + said(f"; see {page}", f"；见 {page}")
    Screen("en", as_json="--json" in given).failed(message, Exit.USAGE)
    return Exit.USAGE


def _in_chinese(error: click.ClickException) -> str:
    """Return what is wrong in Chinese; the rare ones that are not told apart here stay in English."""
    match error:
        case click.NoSuchCommand():
            return f"没有命令 {error.command_name!r}{_meant(error.possibilities)}"
        case click.NoSuchOption():
            return f"没有选项 {error.option_name!r}{_meant(error.possibilities)}"
        case click.MissingParameter(param=click.Parameter() as param):
            return f"缺少 {param.get_error_hint(error.ctx)}"
        case click.BadParameter(param=click.Parameter() as param):
            return f"{param.get_error_hint(error.ctx)} 的值有误：{error.message}"
        case _:
            return error.format_message()


def _meant(possibilities: Sequence[str] | None) -> str:
    return f"（是否指 {'、'.join(sorted(possibilities))}？）" if possibilities else ""


def _asked(error: click.ClickException) -> list[str]:
    """Return the names of the command that the error is about, its group's first; none for the program."""
    names: list[str] = []
    context = error.ctx if isinstance(error, click.UsageError) else None
    while context is not None and context.parent is not None:
        names.insert(0, context.info_name or "")
        context = context.parent
    return names
