"""The right to run an account: refused, or waited for, while another process has it."""

from __future__ import annotations

import asyncio

from commands.screen import Screen
from services.journal.account_lock import AccountBusy, WriterLock
from services.service_notify import READY, notify

_WAIT_S = 1.0


async def claim(lock: WriterLock, screen: Screen, *, standby: bool) -> None:
    """Take the account's lock; with `standby` wait for the process that has it.

    Raises:
        AccountBusy: Another process has it, and `standby` is False.
        JournalFault: The lock cannot be taken or told.
    """
    told = False
    while True:
        try:
            lock.acquire()
        except AccountBusy:
            if not standby:
                raise
            if not told:
                notify(READY)
                screen.note("live.standby")
                told = True
            await asyncio.sleep(_WAIT_S)
        else:
            return
