"""What `doctor` looks at of an account that runs, or ran: its vitals, its inbox, who watches over it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from commands.doctor_check import Check, Words
from commands.failures import CommandFailed
from commands.folders import AccountFolder
from commands.opening import follow_calendar
from commands.stored_account import journal_place
from services.calendar_check import DaySource, compare
from services.domain.inbox import Taken
from services.domain.vitals import LifeState
from services.journal.inbox import Inboxes
from services.ports import JournalFault
from services.settings import Mode, Settings
from services.slots import local
from services.vitals_file import read_vitals

DAYS_WAIT_S = 10.0
"""How long other sources of trading days may take."""

_SHOWN = 3


def vitals(words: Words, settings: Settings, now: datetime) -> Check:
    """Return what the account's process last said of itself."""
    folder = AccountFolder(settings.data_dir, settings.account)
    try:
        said = read_vitals(folder.root)
    except JournalFault as fault:
        return words.failed("vitals.fault", why=fault.why)
    if said is None:
        return words.passed("vitals.none")
    told = {"state": said.state, "at": f"{local(said.at, settings.market):%Y-%m-%d %H:%M:%S}"}
    if said.state is LifeState.ERROR:
        return words.failed("vitals.error", **told, why=said.why)
    silent_s = (now - said.at).total_seconds()
    if said.state.alive and silent_s > settings.watchdog.beat_s_max:
        return words.warned("vitals.silent", **told, pid=said.pid)
    return words.passed("vitals.ok", **told)


def inbox(words: Words, settings: Settings) -> Check:
    """Return whether what is put to the account from outside can be read; changes nothing."""
    folder = AccountFolder(settings.data_dir, settings.account)
    place = journal_place(settings, folder)
    if isinstance(place, Path) and not folder.root.exists():
        return words.passed("inbox.none")
    try:
        with closing(Inboxes(place, settings.account, read_only=True)) as inboxes:
            count = len(inboxes.unread(Taken()))
    except JournalFault as fault:
        return words.failed("inbox.fault", why=fault)
    return words.passed("inbox.ok", count=count)


def watched(words: Words, settings: Settings) -> Iterator[Check]:
    """Yield whether somebody elsewhere hears of it when this machine dies; of real money alone."""
    if settings.mode is Mode.LIVE:
        url = settings.watchdog.dead_man_url
        yield words.warned("watchdog.alone") if url is None else words.passed("watchdog.ok")


async def other_days(
    words: Words, settings: Settings, now: datetime, sources: Sequence[DaySource]
) -> list[Check]:
    """Return whether other sources say the same of each trading day, nothing where nobody is asked."""
    if not sources:
        return []
    try:
        calendar = follow_calendar(settings, None)
    except CommandFailed:
        return []  # Said already, of the calendar itself.
    today = local(now, settings.market).date()
    compared = await compare(calendar, sources, today, calendar.decided)
    if compared.differs:
        days = "; ".join(
            f"{one.day} {one.ours}, {one.theirs} by {one.source}" for one in compared.differs[:_SHOWN]
        )
        return [words.failed("days.differs", days=days, count=len(compared.differs))]
    if not compared.until:
        why = "; ".join(f"{name}: {why}" for name, why in compared.faults.items())
        return [words.warned("days.silent", why=why)]
    until = ", ".join(f"{name} ({day})" for name, day in compared.until.items())
    return [words.passed("days.ok", sources=until)]
