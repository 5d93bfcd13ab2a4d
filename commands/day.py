"""`day`: the summary of one trading day, printed, written as a page, and sent where that is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date

from commands.alert_channels import lines_of
from commands.day_close import slots_after, write_page
from commands.failures import CommandFailed, Exit
from commands.opening import open_calendar
from commands.screen import Screen
from commands.stored_account import StoredAccount, stored_account
from monitor.day import DaySummary, day_summary
from monitor.day_view import day_alert, day_json, day_text, day_title
from monitor.sender import Line, notice_of
from scheduler.slot_plan import OpenPlan
from services.clock import SystemClock
from services.domain.bars import Frequency
from services.domain.instruments import Market
from services.ports import AlertFault
from services.settings import Settings
from services.slots import ZONES


def day(settings: Settings, asked: date | None, screen: Screen, *, send: bool) -> Exit:
    """Show the summary of a day, the account's last one where none is asked for.

    Raises:
        CommandFailed: There is no such account, no session of that day, or no channel to send it to.
    """
    with stored_account(settings) as account:
        wanted = _day_of(account, asked)
        summary = day_summary(
            account.events,
            wanted,
            panel=account.panel,
            value_of=account.journal.value,
            next_slots=_next_slots(account, settings, wanted),
        )
        path = write_page(account.folder, summary, settings.lang)
    refused = asyncio.run(_send(settings, summary)) if send else {}
    screen.result({**day_json(summary), "page": str(path), "sent": _sent(refused) if send else None})
    screen.line("day.text", title=day_title(summary, screen.lang), text=day_text(summary, screen.lang))
    screen.line("day.page", path=path)
    for name, why in refused.items():
        screen.line("alert.test.failed" if why else "day.sent", channel=name, type="", why=why)
    return Exit.UNAVAILABLE if any(refused.values()) else Exit.DONE


def _day_of(account: StoredAccount, asked: date | None) -> date:
    days = {state.opened.day for state in account.journal.account.sessions.values()}
    if asked is None and days:
        return max(days)
    if asked not in days or asked is None:
        raise CommandFailed(
            Exit.USAGE, f"no session on {asked or 'any day'}; see `sessions` and give --date of one"
        )
    return asked


def _next_slots(account: StoredAccount, settings: Settings, after: date) -> tuple[str, ...]:
    """Return the slots after that day of an account on the system clock; empty for a recorded run."""
    genesis = account.genesis
    if genesis.run_id != "live":
        return ()
    market, calendar = Market(genesis.market), open_calendar(settings, None)
    plan = OpenPlan(market, Frequency(genesis.frequency), calendar, settings.slot_times)
    return slots_after(plan, market, after)


async def _send(settings: Settings, summary: DaySummary) -> dict[str, str]:
    """Return why each channel did not take the summary, empty where it did.

    Raises:
        CommandFailed: There is no channel that can be used.
    """
    clock = SystemClock()
    lines = lines_of(settings, clock)
    if not lines:
        raise CommandFailed(Exit.USAGE, "--send: no alert channel can be used; see `doctor`")
    alert = day_alert(summary, clock.now())

    async def one(line: Line) -> str:
        try:
            await line.channel.send(notice_of(alert, line.lang, ZONES[settings.market]))
        except AlertFault as fault:
            return fault.why
        return ""

    answers: Sequence[str] = await asyncio.gather(*(one(line) for line in lines))
    return dict(zip((line.name for line in lines), answers, strict=True))


def _sent(refused: dict[str, str]) -> list[dict[str, object]]:
    return [{"name": name, "ok": not why, "why": why} for name, why in refused.items()]
