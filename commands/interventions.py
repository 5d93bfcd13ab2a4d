"""What people and other processes may step in with while an account runs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import msgspec

from services.domain.value import Value
from services.journal.kill_file import kill_requested, kill_words
from services.journal.memory_inbox import MemoryInboxes
from services.ports import Commands


class Interventions(Value, frozen=True, kw_only=True):
    """Where an account's process looks for them; by default nowhere, as in a backtest.

    `stop` returns why no order may leave now, empty while all is well. `killed` answers whether a
    kill file is there, `kill_words` what it says. `commands` are halts and lifts.
    """

    stop: Callable[[], str] = lambda: ""
    killed: Callable[[], bool] = lambda: False
    kill_words: Callable[[], str] = lambda: ""
    commands: Commands = msgspec.field(default_factory=MemoryInboxes)


def interventions_in(
    folder: Path, journal: Path | str, account: str, opened: ExitStack, lost: Callable[[], str] = lambda: ""
) -> Interventions:
    """Return what may step in with the account whose files lie in `folder` and its journal at `journal`.

    `lost` returns why the account is not this process's any more, empty while it is. The lists of commands
    are made where they are missing, by whoever runs the account. What is opened is given back by `opened`.
    """
    from services.journal.inbox import Inboxes

    inboxes = Inboxes(journal, account)
    opened.callback(inboxes.close)
    inboxes.make()

    def stop() -> str:
        return lost() or (_told(kill_words(folder)) if kill_requested(folder) else "")

    return Interventions(
        stop=stop,
        killed=lambda: kill_requested(folder),
        kill_words=lambda: kill_words(folder),
        commands=inboxes,
    )


def _told(words: str) -> str:
    return f"the kill file is there: {words}" if words else "the kill file is there"
