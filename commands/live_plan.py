"""The slots of an account on the system clock."""

from __future__ import annotations

from datetime import datetime

from commands.life_view import Life
from commands.opening import open_calendar
from commands.stored_account import StoredAccount
from scheduler.slot_plan import OpenPlan
from services.domain.bars import Frequency
from services.domain.instruments import Market
from services.domain.slot import Slot
from services.settings import Settings
from services.slots import ZONES


def next_slot_shown(account: StoredAccount, settings: Settings, life: Life, now: datetime) -> str | None:
    """Return the account's next slot, market-local: as its process tells it, else by the settings.

    None where the calendar knows none, and for a run over recorded prices.
    """
    genesis = account.genesis
    if genesis.run_id != "live":
        return None
    if life.answers and life.vitals is not None and life.vitals.next_slot is not None:
        return f"{life.vitals.next_slot.astimezone(ZONES[Market(genesis.market)]):%Y-%m-%d %H:%M:%S}"
    upcoming = next_slot_of(account, settings, now)
    return None if upcoming is None else upcoming.local


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
