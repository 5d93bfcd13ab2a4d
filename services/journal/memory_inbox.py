"""Commands in memory: none for a run that takes none, and whatever a test puts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.domain.inbox import Command, Scope, Taken, cut_short


class MemoryInboxes:
    """An account's own commands and those of every account, in this process alone.

    `list_id` names both lists: of another name they are others, whatever was taken before.
    """

    def __init__(self, list_id: str = "memory") -> None:
        self._list_id = list_id
        self._commands: list[Command] = []

    def put(self, scope: Scope, command: str, args: Mapping[str, str]) -> Command:
        """Return the command as it lies in its list, numbered from 1."""
        seq = 1 + sum(one.scope is scope for one in self._commands)
        put = Command(
            seq=seq, command=command, args=dict(args), scope=scope, list_id=self._list_id, mark=f"{seq}"
        )
        self._commands.append(put)
        return put

    def unread(self, taken: Taken) -> Sequence[Command]:
        """Return the commands not taken, oldest first in each list; before them a halt for each cut short."""
        if not self._commands and not taken.places:
            return ()
        lasts = [taken.last(scope, self._list_id) for scope in Scope]
        there = {one.place for one in self._commands}
        cut = [cut_short(last) for last in lasts if last is not None and last not in there]
        return tuple(one for one in (*cut, *self._commands) if not taken.holds(one.place))

    def close(self) -> None:
        """Give everything back: there is nothing to give."""
