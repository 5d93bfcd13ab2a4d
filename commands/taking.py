"""Whether the processes of accounts have taken a command that was put to them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from commands.failures import CommandFailed
from commands.folders import AccountFolder
from commands.life_view import held, said
from commands.stored_account import read_only_store
from services.clock import SystemClock
from services.domain.inbox import Command
from services.journal.accounts import accounts_at
from services.ports import Clock, JournalFault
from services.settings import Settings

WAIT_S = 8.0
"""How long it is waited for a process to take the word: it looks every two seconds, and not in a session."""

LOOK_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """By which clock, and how, it is waited for an answer."""

    clock: Clock
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    wait_s: float = WAIT_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """What became of a command at one account.

    `outcome` is taken (its journal holds it), put (a process is there and has not taken it yet) or waits
    (none is there: the next takes it before anything else).
    """

    account: str
    outcome: str


def accounts_of(settings: Settings) -> tuple[str, ...]:
    """Return the accounts of the data folder, or with `journal_url` of the database.

    Raises:
        JournalFault: They cannot be listed.
    """
    url = settings.journal_url
    data = settings.data_dir if url is None else url.reveal()
    return accounts_at(data, AccountFolder(settings.data_dir, settings.account).journal.name)


def wait_until_taken(
    command: Command, settings: Settings, accounts: Sequence[str], patience: Patience | None = None
) -> tuple[Taking, ...]:
    """Wait until each process that runs one of the accounts has taken the command, `wait_s` at most.

    An account whose journal cannot be read counts as one that has not.
    """
    return asyncio.run(_waited(command, settings, accounts, patience or Patience(clock=SystemClock())))


async def _waited(
    command: Command, settings: Settings, accounts: Sequence[str], patience: Patience
) -> tuple[Taking, ...]:
    own = {name: replace(settings, account=name) for name in accounts}
    told = [_begun(command, one, patience.clock) for one in own.values()]
    left_s = patience.wait_s
    while left_s > 0 and any(one.outcome == "put" for one in told):
        await patience.sleep(LOOK_S)
        left_s -= LOOK_S
        told = [replace(one, outcome="taken") if _taken(command, own[one.account]) else one for one in told]
    return tuple(told)


def _begun(command: Command, settings: Settings, clock: Clock) -> Taking:
    folder = AccountFolder(settings.data_dir, settings.account)
    if _taken(command, settings):
        outcome = "taken"
    else:
        outcome = "put" if held(settings, folder, said(folder), clock.now()) else "waits"
    return Taking(account=settings.account, outcome=outcome)


def _taken(command: Command, settings: Settings) -> bool:
    try:
        with read_only_store(settings) as (store, _):
            return store.has(command.step)
    except (CommandFailed, JournalFault):
        return False
