"""`pause`, `resume`, `stop` and `start`: what a person says of an account's life to its process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from commands.failures import CommandFailed, Exit
from commands.folders import AccountFolder
from commands.halts import reason, require_place
from commands.life_view import FINISHED, Life, life_of, said
from commands.screen import Screen
from commands.stored_account import journal_place, stored_account
from commands.taking import LOOK_S, Patience, accounts_of
from monitor.plain_text import printable
from monitor.signs import Signs
from services.clock import SystemClock
from services.domain.inbox import LifeWord, Scope
from services.domain.vitals import LifeState, Vitals
from services.journal.inbox import Inboxes
from services.person import person
from services.ports import Fault
from services.settings import Settings

_WITHOUT_PROCESS = (FINISHED, LifeState.STOPPED, LifeState.ERROR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What became of a word to one account.

    `outcome` is taken (the process has it), put (a process is there and has not taken it yet), waits (none
    is there: the next takes it before anything else), already (it was so), or failed, with `why`.
    """

    account: str
    outcome: str
    state: str = ""
    why: str = ""


def say(
    word: LifeWord,
    settings: Settings,
    scope: Scope,
    why: str,
    screen: Screen,
    patience: Patience | None = None,
) -> Exit:
    """Say a word to the account, or to every one of the data folder; tell of each what became of it.

    Raises:
        CommandFailed: There is no such account or folder, or the reason is too long.
        JournalFault: The accounts cannot be listed.
    """
    patience = patience or Patience(clock=SystemClock())
    require_place(settings, scope)
    args = {
        "why": reason(why) if why.strip() else "",
        "by": person(),
        "at": patience.clock.now().isoformat(timespec="seconds"),
    }
    found = [_put(word, settings, name, args, patience.clock.now()) for name in _accounts(settings, scope)]
    told = asyncio.run(_confirmed(word, settings, found, patience))
    screen.result({"command": str(word), **args, "accounts": [asdict(one) for one in told]})
    for one in told:
        screen.line(f"life.{word}.{one.outcome}", account=one.account, why=printable(one.why))
    lacking = ("failed", "put") if word is LifeWord.START else ("failed",)
    return Exit.UNAVAILABLE if any(one.outcome in lacking for one in told) else Exit.DONE


def _accounts(settings: Settings, scope: Scope) -> tuple[str, ...]:
    if scope is Scope.HERE:
        return (settings.account,)
    return accounts_of(settings)


def _put(word: LifeWord, settings: Settings, name: str, args: Mapping[str, str], now: datetime) -> Said:
    """Put the word into the account's inbox where it changes anything."""
    own = replace(settings, account=name)
    try:
        signs = Signs()
        with stored_account(own, (signs.listen,)) as account:
            life = life_of(account, own, signs, now)
        if settled := _JUDGES[word](life):
            return replace(settled, account=name, state=life.state, why=settled.why.format(**_call(own)))
        folder = AccountFolder(own.data_dir, name)
        with closing(Inboxes(journal_place(own, folder), name)) as inboxes:
            inboxes.put(Scope.HERE, str(word), args)
    except (CommandFailed, Fault) as error:
        return Said(account=name, outcome="failed", why=str(error))
    there = life.hosted if word is LifeWord.START else life.answers
    return Said(account=name, outcome="put" if there else "waits", state=life.state)


def _pausing(life: Life) -> Said | None:
    if life.state == FINISHED:
        return Said(account="", outcome="failed", why="its run is finished; there is nothing to pause")
    return Said(account="", outcome="already") if life.pause is not None else None


def _resuming(life: Life) -> Said | None:
    return Said(account="", outcome="already") if life.pause is None else None


def _stopping(life: Life) -> Said | None:
    if life.answers:
        return None
    if life.state in _WITHOUT_PROCESS:
        return Said(account="", outcome="already")
    why = "its process does not answer; end it, the next start goes on from the journal"
    return Said(account="", outcome="failed", why=why)


def _starting(life: Life) -> Said | None:
    if life.answers:
        return Said(account="", outcome="already")
    if life.state == FINISHED:
        return Said(account="", outcome="failed", why="its run is finished")
    if life.hosted:
        return None
    return Said(
        account="",
        outcome="failed",
        why="no process listens for it; run, with its own configuration: {call}",
    )


_JUDGES: Mapping[LifeWord, Callable[[Life], Said | None]] = {
    LifeWord.PAUSE: _pausing,
    LifeWord.RESUME: _resuming,
    LifeWord.STOP: _stopping,
    LifeWord.START: _starting,
}
"""What a word comes to where it changes nothing, None where it is to be put."""


def _call(settings: Settings) -> dict[str, str]:
    place = f"--data-dir {settings.data_dir} --account {settings.account}"
    return {"call": f"run_live.py --mode {settings.mode} --config FILE {place}"}


async def _confirmed(
    word: LifeWord, settings: Settings, found: Sequence[Said], patience: Patience
) -> tuple[Said, ...]:
    """Wait until every process that is there has taken the word, `wait_s` at most."""
    told, left_s = list(found), patience.wait_s
    while left_s > 0 and any(one.outcome == "put" for one in told):
        await patience.sleep(LOOK_S)
        left_s -= LOOK_S
        told = [_looked_at(word, settings, one) for one in told]
    return tuple(told)


def _looked_at(word: LifeWord, settings: Settings, one: Said) -> Said:
    vitals = said(AccountFolder(settings.data_dir, one.account)) if one.outcome == "put" else None
    if vitals is None or not _taken(word, vitals):
        return one
    return replace(one, outcome="taken", state=str(vitals.state))


def _taken(word: LifeWord, vitals: Vitals) -> bool:
    """Answer whether the vitals are those of a process that has taken the word."""
    match word:
        case LifeWord.PAUSE:
            return vitals.state is LifeState.PAUSED
        case LifeWord.RESUME:
            return vitals.state is not LifeState.PAUSED
        case LifeWord.STOP:
            return vitals.state in (LifeState.STOPPING, LifeState.STOPPED)
        case LifeWord.START:
            return vitals.state.alive
