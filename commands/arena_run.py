"""The accounts of an arena, run side by side: none waits for another's mind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace

from agents.in_turn import InTurn
from commands.arena_entrants import Entrant
from commands.failures import CommandFailed, Exit
from commands.folders import AccountFolder
from commands.minds import Mind
from commands.opening import Period, recorded_on
from commands.past import Past
from commands.recorded_run import Outcome, RecordedRun, Watch, rare_collections
from commands.recorded_settings import run_settings
from commands.stored_account import journal_place
from monitor.arena_row import Row, RowState, failed_row, row_of
from services.journal.journal import JournalDrift
from services.ports import Agent, Fault
from services.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """An entrant whose account is through, its line, and the watchlist's over the same marks.

    `code` is what the program's own would be, were this its only account.
    """

    entrant: Entrant
    row: Row
    basket: Row | None = None
    already_finished: bool = False
    code: Exit = Exit.DONE


async def run_arena(
    entrants: Sequence[Entrant], period: Period, parallel_max: int, ended: Callable[[Ended], None]
) -> tuple[Ended, ...]:
    """Return every entrant's result, in their order; `ended` is told of each as soon as it is through.

    Accounts whose minds ask models run all at once, at most `parallel_max` of them asking at a time. The
    others only compute: they run one after another, and let those be served between their sessions.

    Raises:
        Exception: A bug in one account, once the others are through.
    """
    turns, computing = asyncio.Semaphore(parallel_max), asyncio.Semaphore(1)

    async def one(entrant: Entrant) -> Ended:
        place: AbstractAsyncContextManager[object] = nullcontext() if entrant.asks else computing
        async with place:
            result = await _entered(entrant, period, turns)
        ended(result)
        return result

    with rare_collections():
        results = await asyncio.gather(*(one(entrant) for entrant in entrants), return_exceptions=True)
    through: list[Ended] = []
    for result in results:
        if isinstance(result, BaseException):
            raise result
        through.append(result)
    return tuple(through)


async def _entered(entrant: Entrant, period: Period, turns: asyncio.Semaphore) -> Ended:
    """Return an entrant's result; what failed outside is its line, and nobody else's."""
    entered = entrant.entered
    try:
        outcome = await recorded_run(entrant.settings, in_turn(entrant, turns), period).execute_beside(
            Watch()
        )
        return _through(entrant, outcome, period)
    except CommandFailed as failed:
        return Ended(entrant=entrant, row=failed_row(entered, str(failed)), code=failed.code)
    except JournalDrift as drift:
        return Ended(entrant=entrant, row=failed_row(entered, str(drift)), code=Exit.DIFFERENCES)
    except Fault as fault:
        return Ended(entrant=entrant, row=failed_row(entered, str(fault)), code=Exit.UNAVAILABLE)


def recorded_run(settings: Settings, mind: Mind, period: Period) -> RecordedRun:
    """Return the run of one account over the period, which takes the account's lock without waiting."""
    folder = AccountFolder(settings.data_dir, settings.account)
    return RecordedRun(
        recorded_on(period, settings, mind),
        run_settings(settings, period.watchlist, period.panel.source),
        mind,
        folder,
        journal_place(settings, folder),
        lambda lock: lock.acquire(),
    )


def in_turn(entrant: Entrant, turns: asyncio.Semaphore) -> Mind:
    """Return the entrant's mind; one that asks models takes its turn."""
    mind = entrant.mind
    if not entrant.asks:
        return mind

    def make(past: Past) -> Agent:
        return InTurn(mind.make(past), turns)

    return replace(mind, make=make)


def _through(entrant: Entrant, outcome: Outcome, period: Period) -> Ended:
    killed = outcome.killed is not None
    row, basket = row_of(
        entrant.entered,
        outcome.events,
        period.panel,
        outcome.journal.value,
        RowState.KILLED if killed else RowState.FINISHED,
    )
    return Ended(
        entrant=entrant,
        row=row,
        basket=basket,
        already_finished=outcome.already_finished,
        code=Exit.KILLED if killed else Exit.DONE,
    )
