"""A command line that cannot be read: one line on stderr, and the JSON object where one was asked for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from commands.failures import Exit
from commands.families import COMMANDS


class OneLineUsage(TyperGroup):
    """The program, whose usage errors are one line that names the option and where to read on."""

    def __init__(self, **given: Any) -> None:
        if given.get("commands"):
            raise TypeError("a command belongs to one of the families in commands/families.py")
        super().__init__(**{**given, "commands": COMMANDS})

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command line and exit with its code.

        Raises:
            SystemExit: Always.
        """
        given = list(sys.argv[1:] if args is None else args)
        try:
            code = super().main(given, prog_name, complete_var, False, windows_expand_args, **extra)
        except TyperException as error:
            code = self._refuse(error, given)
        except typer.Abort:
            code = Exit.INTERRUPTED
        sys.exit(int(code) if isinstance(code, int) else Exit.DONE)

    def _refuse(self, error: TyperException, given: Sequence[str]) -> Exit:
        # Imported here, since it loads what --help must not wait for.
        from commands.screen import Screen

        command = getattr(getattr(error, "ctx", None), "info_name", None)
        name = f" {command}" if command in self.commands else ""
        wrong = " ".join(error.format_message().split()).rstrip(".")
        message = f"{wrong}; see run_live.py{name} --help"
        print(message, file=sys.stderr)
        Screen("en", as_json="--json" in given).result({"error": message, "exit_code": int(Exit.USAGE)})
        return Exit.USAGE
