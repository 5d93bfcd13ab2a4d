"""The slots of an account on the system clock."""

from __future__ import annotations

from datetime import datetime

from commands.opening import open_calendar
from commands.stored_account import StoredAccount
from scheduler.slot_plan import OpenPlan
from services.domain.bars import Frequency
from services.domain.instruments import Market
from services.domain.slot import Slot
from services.settings import Settings


def next_slot_of(account: StoredAccount, settings: Settings, now: datetime) -> Slot | None:
    """Return the account's next slot after `now`, None where the calendar knows none."""
    genesis = account.genesis
    plan = OpenPlan(
        Market(genesis.market),
        Frequency(genesis.frequency),
        open_calendar(settings, None),
        settings.slot_times,
    )
    return plan.next_after(now)
