"""Where an account is in its life, from its vitals, its lock and its journal; looking changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from commands.folders import AccountFolder
from commands.screen import Screen
from commands.stored_account import StoredAccount, journal_place
from monitor.figures import UNDEFINED, money
from monitor.plain_text import printable
from monitor.signs import Signs
from services.domain.events import Asked
from services.domain.inbox import Pause, meaning, pause_after, put_at
from services.domain.instruments import Market
from services.domain.vitals import LifeState, Vitals
from services.journal.account_lock import AccountBusy, account_lock, is_taken
from services.journal.inbox import Inboxes
from services.ports import JournalFault
from services.settings import Settings
from services.slots import ZONES, local
from services.vitals_file import read_vitals

BEATS_MISSED_MAX = 3
"""A process that has said nothing for longer than so many of its beats does not answer."""

FINISHED = "finished"
"""The state of an account whose run over recorded prices is through."""


@dataclass(frozen=True, kw_only=True)
class Life:
    """Where an account is in its life: a `LifeState`, or `FINISHED`.

    `vitals` are what its last process said, None where none ever did. `silent_since` tells that a process
    has the account and does not answer; `died` that the last one ended without saying so. `pause` is in
    force, or was put and will be. `silent_sources` are the price sources that gave nothing when they were
    asked last, with the reason.
    """

    state: str
    vitals: Vitals | None
    silent_since: datetime | None
    died: bool
    pause: Pause | None
    pnl_today_cny: Decimal | None
    now: datetime
    silent_sources: Mapping[str, str]
    market: Market

    @property
    def answers(self) -> bool:
        """Whether a process is there that takes commands."""
        vitals = self.vitals
        return vitals is not None and vitals.state.alive and self.silent_since is None and not self.died

    @property
    def hosted(self) -> bool:
        """Whether a process that stopped the account, or failed with it, still listens to its inbox."""
        vitals = self.vitals
        return vitals is not None and not vitals.state.alive and fresh(vitals, self.now)

    def as_json(self) -> dict[str, Any]:
        """Return it as `--json` prints it: moments market-local, figures those of the process."""
        vitals = self.vitals
        return {
            "state": self.state,
            "started_at": None if vitals is None else self._local(vitals.started_at),
            "uptime_s": round(self.uptime_s, 1) if self.answers else None,
            "sessions_run": None if vitals is None else vitals.sessions,
            "orders_placed": None if vitals is None else vitals.orders_placed,
            "orders_filled": None if vitals is None else vitals.orders_filled,
            "pnl_today": None if self.pnl_today_cny is None else float(self.pnl_today_cny),
            "alerts_given_up": None if vitals is None else vitals.alerts_given_up,
            "not_answering_since": None if self.silent_since is None else self._local(self.silent_since),
            "ended_without_a_word": self.died,
            "paused": None if self.pause is None else self.pause.words,
            "paused_since": None if self.pause is None else self._local(self.pause.since),
            "trouble": vitals.why if vitals is not None else "",
            "silent_sources": dict(self.silent_sources),
        }

    @property
    def uptime_s(self) -> float:
        """How long the process has been there."""
        return 0.0 if self.vitals is None else (self.now - self.vitals.started_at).total_seconds()

    def show(self, screen: Screen) -> None:
        """Print it in some lines."""
        vitals = self.vitals
        screen.line(f"status.{self.state}")
        if self.silent_since is not None:
            screen.line("status.silent", since=self._local(self.silent_since))
        if self.died and vitals is not None:
            screen.line("status.died", at=self._local(vitals.at))
        if vitals is not None and vitals.why:
            screen.line("status.trouble", why=printable(vitals.why))
        if vitals is not None:
            screen.line(
                "status.figures",
                since=self._local(vitals.started_at),
                uptime=timedelta(seconds=int(self.uptime_s)) if self.answers else UNDEFINED,
                sessions=vitals.sessions,
                placed=vitals.orders_placed,
                filled=vitals.orders_filled,
                pnl=UNDEFINED if self.pnl_today_cny is None else money(self.pnl_today_cny),
            )
            if vitals.alerts_given_up:
                screen.line("status.given_up", count=vitals.alerts_given_up)
        for source, why in self.silent_sources.items():
            screen.line("status.source_silent", source=source, why=printable(why))
        if self.pause is not None:
            screen.line("status.pause", why=printable(self.pause.words), since=self._local(self.pause.since))

    def _local(self, moment: datetime) -> str:
        return moment.astimezone(ZONES[self.market]).isoformat(" ", "seconds")


def life_of(account: StoredAccount, settings: Settings, signs: Signs, now: datetime) -> Life:
    """Return where the account is in its life; `signs` have listened to its journal."""
    folded, market = account.journal.account, Market(account.genesis.market)
    vitals = said(account.folder)
    busy = held(settings, account.folder, vitals, now)
    alive = vitals is not None and vitals.state.alive
    silent = busy and vitals is not None and alive and not fresh(vitals, now)
    if folded.finished is not None:
        state = FINISHED
    elif busy:
        state = str(vitals.state) if vitals is not None and alive else str(LifeState.RUNNING)
    else:
        ended_by_fault = vitals is not None and vitals.state is LifeState.ERROR
        state = str(LifeState.ERROR if ended_by_fault else LifeState.STOPPED)
    return Life(
        state=state,
        vitals=vitals,
        silent_since=vitals.at if silent and vitals is not None else None,
        died=alive and not busy,
        pause=_pause(account, settings),
        pnl_today_cny=signs.profit_cny_on(local(now, market).date()),
        now=now,
        market=market,
        silent_sources=dict(signs.silences.now),
    )


def fresh(vitals: Vitals, now: datetime) -> bool:
    """Answer whether a process that said this is expected to be there still.

    Said later than `now`, under a clock that was wrong, it tells nothing.
    """
    silent = timedelta(seconds=BEATS_MISSED_MAX * vitals.beat_s)
    return -silent <= now - vitals.at <= silent


def said(folder: AccountFolder) -> Vitals | None:
    """Return what the account's process last said, None where it said nothing that can be read."""
    try:
        return read_vitals(folder.root)
    except JournalFault:
        return None


def held(settings: Settings, folder: AccountFolder, vitals: Vitals | None, now: datetime) -> bool:
    """Answer whether a process has the account: the lock of its folder tells.

    A lock in a database may be lost under a process that runs on; there it also counts what that said.
    """
    says_so = vitals is not None and vitals.state.alive and fresh(vitals, now)
    place = journal_place(settings, folder)
    try:
        if isinstance(place, Path):
            return is_taken(place.parent)
        return says_so or _database_lock_taken(place, folder.account)
    except JournalFault:
        return says_so


def _database_lock_taken(url: str, account: str) -> bool:
    lock = account_lock(url, account)
    try:
        lock.acquire()
    except AccountBusy:
        return True
    lock.release()
    return False


def _pause(account: StoredAccount, settings: Settings) -> Pause | None:
    """Return the pause in force once all that was put is taken; what cannot be read changes nothing."""
    folded = account.journal.account
    pause = folded.paused
    inboxes = Inboxes(journal_place(settings, account.folder), account.genesis.account, read_only=True)
    try:
        for command in inboxes.unread(folded.taken):
            asked = meaning(command)
            at = put_at(command.args) or account.journal.moment
            if isinstance(asked, Asked) and at is not None:
                pause = pause_after(pause, asked, at)
    except JournalFault:
        return pause
    finally:
        inboxes.close()
    return pause
