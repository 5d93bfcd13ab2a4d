"""How a command ends other than well."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes other programs rely on."""

    DONE = 0
    DIFFERENCES = 1
    USAGE = 2
    UNAVAILABLE = 3
    KILLED = 4
    INTERRUPTED = 130


class CommandFailed(Exception):
    """A command cannot do what was asked; the message is one line a person can act on."""

    def __init__(self, code: Exit, message: str) -> None:
        super().__init__(message)
        self.code = code
