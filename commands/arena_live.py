"""An arena on live prices: one process, an account each, the same snapshot to all; none waits for another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from commands.account_claim import claim
from commands.arena_entrants import Entrant
from commands.arena_run import in_turn
from commands.failures import CommandFailed, Exit
from commands.folders import AccountFolder
from commands.labelled_screen import LabelledScreen
from commands.live_loop import Attended, StayingUp, attended, run_once
from commands.live_run import why_nothing_ran
from commands.live_world import LiveOutside, watchlist_of
from commands.screen import Screen
from commands.stored_account import journal_place
from commands.ticking import EndAsked
from monitor.plain_text import printable
from scheduler.loop import Killed
from services.journal.account_lock import account_lock
from services.journal.journal import JournalDrift
from services.market.shared_prices import SharedPrices
from services.ports import Fault
from services.slots import local


@dataclass(frozen=True, kw_only=True)
class LiveEnd:
    """How an account's part in a live arena ended: `state` is stopped, killed or failed, `why` why.

    `sessions` are those it ran, of `--once` alone. `code` is what the program's own would be, were this
    its only account.
    """

    entrant: Entrant
    state: str
    why: str = ""
    killed: Killed | None = None
    sessions: tuple[tuple[str, str], ...] = ()
    code: Exit = Exit.DONE

    def as_json(self) -> dict[str, Any]:
        """Return it under the names other programs call it by."""
        return {
            "name": self.entrant.entered.name,
            "account": self.entrant.entered.account,
            "state": self.state,
            "why": self.why,
            "killed": None if self.killed is None else asdict(self.killed),
            "ended": [{"id": session, "outcome": outcome} for session, outcome in self.sessions],
        }


class LiveArena:
    """The entrants' accounts on one source of prices, each open until its own part ends.

    Models are asked at the same time, `parallel_max` at most. An account that cannot be opened has its end
    in `refused`, and is nobody else's trouble.
    """

    def __init__(
        self,
        entrants: Sequence[Entrant],
        parallel_max: int,
        cache: Path | None,
        screen: Screen,
        outside: LiveOutside,
    ) -> None:
        self._outside, self._clock = outside, outside.clock
        self._shared = SharedPrices(outside.source, self._clock)
        self._turns = asyncio.Semaphore(parallel_max)
        self._cache, self._screen = cache, screen
        self._left = ExitStack()
        self.seats: list[Seat] = []
        self.refused: list[LiveEnd] = []
        for entrant in entrants:
            self._open(entrant)

    def close(self) -> None:
        """Give back what is still open."""
        self._left.close()

    def tell_next(self, screen: Screen) -> None:
        """Print when the next slot comes, where an account is there for it."""
        if self.seats:
            upcoming = self.seats[0].account.plan.next_after(self._clock.now())
            if upcoming is None:
                screen.note("live.no_next")
            else:
                screen.note("live.next", slot=upcoming.local)

    def tell_nothing_ran(self, screen: Screen) -> None:
        """Print why no slot was left to run, and when the next comes."""
        for seat in self.seats[:1]:
            now, market = self._clock.now(), seat.account.world.market
            day = local(now, market).date()
            screen.line(why_nothing_ran(seat.account.plan, market, now), day=day)
        self.tell_next(screen)

    async def once(self) -> tuple[LiveEnd, ...]:
        """Run the current slot of every account, and return what came of each.

        Raises:
            Exception: A bug in one account, once the others are through.
        """
        return await self._all([(seat, _once(seat)) for seat in self.seats])

    async def stay_up(self, begun: Callable[[], None] = lambda: None) -> tuple[tuple[LiveEnd, ...], bool]:
        """Fire on the slots until the end is asked for or no account is left; tell too whether by Ctrl-C.

        Raises:
            Exception: A bug in one account, once the others are through.
        """
        running = [StayingUp(seat.account) for seat in self.seats]

        def stop() -> None:
            for one in running:
                one.stop()

        asked = EndAsked(stop)
        asked.listen()
        begun()
        work = [(seat, _until_stopped(seat, one)) for seat, one in zip(self.seats, running, strict=True)]
        return await self._all(work), asked.interrupted

    def _open(self, entrant: Entrant) -> None:
        settings = entrant.settings
        folder = AccountFolder(settings.data_dir, settings.account)
        screen = LabelledScreen(self._screen, entrant.entered.name)
        try:
            with ExitStack() as opened:
                lock = account_lock(journal_place(settings, folder), settings.account)
                asyncio.run(claim(lock, screen, standby=False))
                opened.callback(lock.release)
                seat = self._shared.seat(watchlist_of(settings))
                account = attended(
                    settings,
                    in_turn(entrant, self._turns),
                    opened,
                    self._cache,
                    screen,
                    self._outside._replace(source=seat),
                    seat.listen,
                )
                kept = opened.pop_all()
        except (CommandFailed, JournalDrift, Fault) as error:
            self.refused.append(self._failed(entrant, error))
        else:
            self._left.push(kept)
            self.seats.append(Seat(entrant=entrant, account=account, opened=kept))

    async def _all(self, work: Sequence[tuple[Seat, Awaitable[LiveEnd]]]) -> tuple[LiveEnd, ...]:
        results = await asyncio.gather(*(self._one(seat, one) for seat, one in work), return_exceptions=True)
        ends: list[LiveEnd] = []
        for result in results:
            if isinstance(result, BaseException):
                raise result
            ends.append(result)
        return (*ends, *self.refused)

    async def _one(self, seat: Seat, work: Awaitable[LiveEnd]) -> LiveEnd:
        """Return how one account ended, given back at once; what failed in it ends nobody else's part."""
        with seat.opened:
            try:
                end = await work
            except (CommandFailed, JournalDrift, Fault) as error:
                return self._failed(seat.entrant, error)
            except Exception as bug:
                self._failed(seat.entrant, bug)
                raise
            if end.killed is not None:
                self._screen.note(
                    "arena.live.killed",
                    name=seat.entrant.entered.name,
                    **{**asdict(end.killed), "why": printable(end.why) or "-"},
                )
            return end

    def _failed(self, entrant: Entrant, error: Exception) -> LiveEnd:
        self._screen.note(
            "arena.live.failed", name=entrant.entered.name, why=str(error) or type(error).__name__
        )
        code = Exit.UNAVAILABLE
        if isinstance(error, CommandFailed):
            code = error.code
        elif isinstance(error, JournalDrift):
            code = Exit.DIFFERENCES
        return LiveEnd(entrant=entrant, state="failed", why=str(error), code=code)


@dataclass(frozen=True, kw_only=True)
class Seat:
    """An entrant whose account is open, its lock held; `opened` gives both back."""

    entrant: Entrant
    account: Attended
    opened: ExitStack


async def _once(seat: Seat) -> LiveEnd:
    found = await run_once(seat.account)
    if found.killed is not None:
        return _killed(seat, found.killed)
    states = seat.account.world.journal.account.sessions
    return LiveEnd(
        entrant=seat.entrant,
        state="stopped",
        sessions=tuple((session, str(states[session].outcome)) for session in found.ended),
        code=Exit.UNAVAILABLE if found.failed else Exit.DONE,
    )


async def _until_stopped(seat: Seat, running: StayingUp) -> LiveEnd:
    killed = await running.run()
    return LiveEnd(entrant=seat.entrant, state="stopped") if killed is None else _killed(seat, killed)


def _killed(seat: Seat, killed: Killed) -> LiveEnd:
    why = seat.account.world.kill_words()
    return LiveEnd(entrant=seat.entrant, state="killed", why=why, killed=killed, code=Exit.KILLED)
