"""The end-of-day summary of an account: when it is due, what it is, and its page in the account's folder."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

from commands.failures import CommandFailed, Exit
from commands.folders import AccountFolder
from monitor.day import DaySummary
from monitor.day_view import day_page
from scheduler.slot_plan import OpenPlan
from services.domain.events import TradingDay
from services.domain.instruments import Market, Symbol
from services.market.atomic_file import write_whole
from services.ports import Calendar, PriceFault, PriceSource
from services.settings import Settings
from services.slots import ZONES, local

MADE_AT = {Market.CN: time(15, 45), Market.US: time(16, 15)}
"""When the last trade of the day is known: after-hours trading in Shanghai and Shenzhen ends at 15:30."""

_DAYS_BACK = 10


def made_at(settings: Settings, market: Market, day: date) -> datetime:
    """Return when the summary of a day is made."""
    return datetime.combine(day, settings.alerts.day_summary_at or MADE_AT[market], ZONES[market])


def due_day(settings: Settings, market: Market, calendar: Calendar, now: datetime) -> date | None:
    """Return the last trading day whose summary is due at `now`, None where the calendar knows none."""
    day = local(now, market).date()
    for _ in range(_DAYS_BACK):
        if made_at(settings, market, day) <= now and calendar.trading_day(day) is TradingDay.OPEN:
            return day
        day -= timedelta(days=1)
    return None


def slots_after(plan: OpenPlan, market: Market, day: date) -> tuple[str, ...]:
    """Return the slots of the next day after `day` that has any, market-local; empty where none is known."""
    zone = ZONES[market]
    first = plan.next_after(datetime.combine(day, time.max, zone))
    if first is None:
        return ()
    midnight = datetime.combine(first.day, time.min, zone)
    return tuple(slot.local[:16] for slot in plan.between(midnight, midnight + timedelta(days=1)))


async def closes_of(
    source: PriceSource, symbols: Sequence[Symbol], market: Market, day: date
) -> dict[Symbol, Decimal]:
    """Return the last prices of that day; of a symbol that has none of it, and of all on a fault, nothing.

    They are for the summary alone: nothing is decided on them, so no journal holds them.
    """
    if not symbols:
        return {}
    try:
        snapshot = await source.get_current_prices(symbols)
    except PriceFault:
        return {}
    found = {}
    for symbol in symbols:
        quote = snapshot.get(symbol)
        if quote is not None and not quote.disputed and local(quote.seen_at, market).date() == day:
            found[symbol] = quote.last_cny
    return found


def page_of(folder: AccountFolder, day: date) -> Path:
    """Return where the page of a day lies."""
    return folder.root / "days" / f"{day}.html"


def write_page(folder: AccountFolder, summary: DaySummary, lang: str) -> Path:
    """Write the page of a day, and return where it is.

    Raises:
        CommandFailed: It cannot be written.
    """
    path = page_of(folder, summary.day)
    try:
        write_whole(path, [day_page(summary, lang).encode()])
    except OSError as error:
        raise CommandFailed(Exit.UNAVAILABLE, f"{path}: {error.strerror or error}") from error
    return path
