"""Commands in memory: none for a run that takes none, and whatever a test puts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.domain.inbox import Command, Scope


class MemoryInboxes:
    """An account's own commands and those of every account, in this process alone."""

    def __init__(self) -> None:
        self._commands: list[Command] = []

    def put(self, scope: Scope, command: str, args: Mapping[str, str]) -> int:
        """Return the number of the command in its list, from 1."""
        seq = 1 + sum(one.scope is scope for one in self._commands)
        self._commands.append(Command(seq=seq, command=command, args=dict(args), scope=scope))
        return seq

    def unread(self, taken: Mapping[Scope, int]) -> Sequence[Command]:
        """Return the commands after the last one taken of each list, oldest first in each."""
        if not self._commands:
            return ()
        return tuple(one for one in self._commands if one.seq > taken.get(one.scope, 0))

    def close(self) -> None:
        """Give everything back: there is nothing to give."""
