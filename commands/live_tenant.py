"""One account among those of a process: run, stopped by a command or by a fault, started again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from commands.account_claim import claim
from commands.beats import BEAT_S, Beats
from commands.boardless import warn_of_boardless
from commands.failures import CommandFailed, Exit
from commands.folders import AccountFolder
from commands.kept_answers import kept_answers, warn_without_key
from commands.live_loop import (
    StayingUp,
    attended,
    require_clock,
    tell_not_opened,
)
from commands.live_run import tell_next
from commands.live_world import LiveOutside
from commands.minds import mind_of
from commands.options import RunOptions
from commands.run import say_killed
from commands.screen import Screen
from commands.stored_account import journal_place
from commands.ticking import INBOX_LOOK_S
from monitor.run_view import run_json, run_text
from scheduler.loop import Killed
from services.domain.inbox import Command, LifeWord, Scope, Taken
from services.journal.account_lock import WriterLock, account_lock
from services.journal.inbox import Inboxes
from services.journal.journal import JournalDrift
from services.market.shared_prices import SharedSeat
from services.ports import Fault, JournalFault
from services.service_notify import ALIVE, notify
from services.settings import Settings


@dataclass(frozen=True, kw_only=True)
class HouseEnd:
    """How an account's part ended: `state` is stopped, killed or failed, `why` why it failed.

    `code` is what the program's own would be, were this its only account; `summary` what became of it
    since it was started last. `commanded` tells that a command stopped it, and may start it again.
    """

    account: str
    state: str
    why: str = ""
    killed: Killed | None = None
    summary: dict[str, Any] | None = None
    code: Exit = Exit.DONE
    commanded: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return it under the names other programs call it by."""
        return {
            "account": self.account,
            "state": self.state,
            "why": self.why,
            "killed": None if self.killed is None else asdict(self.killed),
            "summary": self.summary,
        }


@dataclass(frozen=True, kw_only=True)
class Roof:
    """What the accounts of one process share.

    `ending` is set once the end is asked for. `bugs` are what no account's own end explains. `settle` is
    called when an account's life ended, and ends the process where no other is to come.
    """

    settle: Callable[[], None]
    ending: asyncio.Event = field(default_factory=asyncio.Event)
    bugs: list[Exception] = field(default_factory=list)


class Tenant:
    """One account of a house: run, stopped by a command or by a fault, started again.

    `up` tells that it runs or is about to; `began` is set once it is through its first start, or failed
    in it. `end` is how it ended last.
    """

    def __init__(
        self,
        roof: Roof,
        settings: Settings,
        options: RunOptions,
        screen: Screen,
        outside: LiveOutside,
        seat: SharedSeat,
    ) -> None:
        self._roof, self._settings, self._options, self._screen = roof, settings, options, screen
        self._outside, self._seat = outside._replace(source=seat), seat
        self._mind = mind_of(settings, kept_answers(settings, options.llm, screen), live=True)
        warn_without_key(settings, screen)
        warn_of_boardless(settings.watchlist, screen)
        self._folder = AccountFolder(settings.data_dir, settings.account)
        self._running: StayingUp | None = None
        self._beats: Beats | None = None
        self.up, self.began = True, asyncio.Event()
        self.end = HouseEnd(account=settings.account, state="stopped")

    async def live(self) -> None:
        """Run the account, again after each `start`, until the house ends."""
        while not self._roof.ending.is_set():
            before = self._put_so_far()
            self.up, self.end = True, await self._ended()
            self.up = False
            self.began.set()
            self._roof.settle()
            await self._started(before)

    def stop(self) -> None:
        """Ask for the end of what runs."""
        if self._running is not None:
            self._running.stop()

    async def _ended(self) -> HouseEnd:
        """Return how one life of the account ended; what fails in it ends nobody else's."""
        with ExitStack() as opened:
            try:
                return await self._life(opened)
            except (CommandFailed, JournalDrift, Fault) as error:
                return self._failed(error)
            except Exception as bug:
                self._roof.bugs.append(bug)
                return self._failed(bug)

    async def _life(self, opened: ExitStack) -> HouseEnd:
        settings, account, screen = self._settings, self._settings.account, self._screen
        self._beats = None
        lock = account_lock(journal_place(settings, self._folder), account)
        opened.callback(lock.release)
        if not await self._claimed(lock):
            return HouseEnd(account=account, state="stopped")
        self._beats = Beats(settings, self._folder, self._outside.clock, screen)
        try:
            await require_clock(settings, screen, self._outside)
            attending = attended(
                settings,
                self._mind,
                opened,
                self._options.cache,
                screen,
                self._outside,
                self._seat.listen,
                self._beats,
            )
        except (JournalDrift, Fault) as error:
            await tell_not_opened(settings, str(error), screen, self._outside)
            raise
        self._running = running = StayingUp(attending)
        try:
            killed = await running.run(lambda: self._begun(running))
        finally:
            self._running = None
        if killed is not None:
            say_killed(killed, attending.world.kill_words(), screen)
            return HouseEnd(account=account, state="killed", killed=killed, code=Exit.KILLED)
        summary = await running.end_told()
        screen.note("life.summary", text=run_text(summary, screen.lang))
        if running.commanded:
            screen.note("up.stopped")
        return HouseEnd(
            account=account, state="stopped", summary=run_json(summary), commanded=running.commanded
        )

    def _begun(self, running: StayingUp) -> None:
        self.began.set()
        tell_next(running.loop, self._screen)
        if self._roof.ending.is_set():
            running.stop()

    async def _claimed(self, lock: WriterLock) -> bool:
        """Take the account's lock, or wait for it; False where the house ended meanwhile.

        Raises:
            AccountBusy: Another process has it, and it is not to be waited for.
            JournalFault: It cannot be taken or told.
        """
        claiming = asyncio.create_task(claim(lock, self._screen, standby=self._options.standby))
        ending = asyncio.create_task(self._roof.ending.wait())
        await asyncio.wait({claiming, ending}, return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if not claiming.done():
            claiming.cancel()
            return False
        claiming.result()
        return True

    async def _started(self, seen: Taken | None) -> None:
        """Return once a command beside those `seen` starts the account again, or the house ends."""
        to_beat_s = 0.0
        while not self._roof.ending.is_set():
            if to_beat_s <= 0:
                self._beat_idle()
                to_beat_s = BEAT_S
            with suppress(TimeoutError):
                await asyncio.wait_for(self._roof.ending.wait(), INBOX_LOOK_S)
            to_beat_s -= INBOX_LOOK_S
            if seen is None:
                seen = self._put_so_far()
            elif self._start_put(seen):
                return

    def _beat_idle(self) -> None:
        """Say that somebody listens for the account, unless another process has it by now."""
        notify(ALIVE)
        if self._beats is None:
            return
        lock = account_lock(journal_place(self._settings, self._folder), self._settings.account)
        with suppress(JournalFault):
            lock.acquire()
            self._beats.write()
        lock.release()

    def _put_so_far(self) -> Taken | None:
        """Return the commands put to the account, None where they cannot be read."""
        try:
            return Taken(command.place for command in self._put_beside(Taken()))
        except JournalFault:
            return None

    def _start_put(self, seen: Taken) -> bool:
        """Answer whether the last word on the account's process beside those commands is a start."""
        try:
            put = [command.command for command in self._put_beside(seen)]
        except JournalFault:
            return False
        words = [one for one in put if one in (LifeWord.START, LifeWord.STOP)]
        return words[-1:] == [LifeWord.START]

    def _put_beside(self, seen: Taken) -> list[Command]:
        place = journal_place(self._settings, self._folder)
        with closing(Inboxes(place, self._settings.account, read_only=True)) as inboxes:
            return [one for one in inboxes.unread(seen) if one.scope is Scope.HERE]

    def _failed(self, error: Exception) -> HouseEnd:
        why = str(error) or type(error).__name__
        self._screen.note("up.failed", why=why)
        code = Exit.UNAVAILABLE
        if isinstance(error, CommandFailed):
            code = error.code
        elif isinstance(error, JournalDrift):
            code = Exit.DIFFERENCES
        return HouseEnd(account=self._settings.account, state="failed", why=why, code=code)
