"""The right to run an account: refused, or waited for, while another process has it."""

from __future__ import annotations

import asyncio

from commands.screen import Screen
from services.journal.account_lock import AccountBusy, WriterLock
from services.service_notify import READY, notify

_WAIT_S = 1.0

_LOOKS_MAX, _LOOK_S = 5, 0.05
"""Who only looks whether the lock is taken holds it for a moment: that is no reason to refuse."""


async def claim(lock: WriterLock, screen: Screen, *, standby: bool) -> None:
    """Take the account's lock; with `standby` wait for the process that has it.

    Raises:
        AccountBusy: Another process has it, and `standby` is False.
        JournalFault: The lock cannot be taken or told.
    """
    told, looks = False, 0
    while True:
        try:
            lock.acquire()
        except AccountBusy:
            looks += 1
            if looks < _LOOKS_MAX:
                await asyncio.sleep(_LOOK_S)
                continue
            if not standby:
                raise
            if not told:
                notify(READY)
                screen.note("live.standby")
                told = True
            await asyncio.sleep(_WAIT_S)
        else:
            return
