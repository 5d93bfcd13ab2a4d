"""`status`, `sessions`, `show`: the journal as a person reads it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from agents.parsing import parse
from commands.failures import Exit
from commands.halt_view import stopped
from commands.life_view import life_of
from commands.live_plan import next_slot_shown
from commands.screen import Screen
from commands.session_choice import session_named
from commands.stored_account import stored_account
from monitor.records import session_records
from monitor.risk_report import risk_report
from monitor.risk_use import risk_trail
from monitor.say_do import say_do
from monitor.say_do_view import findings_as_json
from monitor.signs import Signs
from monitor.summary import summarise
from services.domain.record import SessionRecord
from services.settings import Settings


def status(settings: Settings, screen: Screen, now: datetime) -> Exit:
    """Show whether the account runs, what it holds and what comes next.

    Raises:
        CommandFailed: There is no such account.
    """
    signs = Signs()
    with stored_account(settings, (signs.listen,)) as account:
        summary = summarise(account.events, account.panel, account.journal.value)
        life = life_of(account, settings, signs, now)
        upcoming = next_slot_shown(account, settings, life, now)
        last = account.events[-1] if account.events else None
        folded = account.journal.account
        stop = stopped(account, settings)
        screen.result(
            {
                **summary.as_json(screen.lang),
                **life.as_json(),
                "next_slot": upcoming,
                "last_event_at": None if last is None else last.at,
                "waiting_orders": sum(len(one.waiting) for one in folded.waiting()),
                "working_orders": len(folded.working()),
                "halts": stop.as_json(),
                "kill": stop.kill,
            }
        )
        if not screen.as_json:
            from monitor.console import account_table

            screen.show(account_table(summary, screen.lang))
            life.show(screen)
            if upcoming is not None:
                screen.line("status.next", slot=upcoming)
            stop.show(screen)
    return Exit.DONE


def sessions(settings: Settings, screen: Screen) -> Exit:
    """List the account's sessions, oldest first.

    Raises:
        CommandFailed: There is no such account.
    """
    with stored_account(settings) as account:
        records = tuple(session_records(account.events, account.journal.value))
        synthetic, stop = account.genesis.synthetic, stopped(account, settings)
    screen.result(
        {
            "account": settings.account,
            "synthetic": synthetic,
            "sessions": [_row(record) for record in records],
            "halts": stop.as_json(),
            "kill": stop.kill,
        }
    )
    if synthetic:
        screen.line("synthetic")
    if not screen.as_json:
        from monitor.console import session_line

        for record in records:
            screen.show(session_line(record, screen.lang))
            screen.line("sessions.id", session=record.session)
    stop.show(screen)
    return Exit.DONE


def show(settings: Settings, session: str, screen: Screen) -> Exit:
    """Show one session: inputs, decision, verdicts, orders, fills, reasons.

    Raises:
        CommandFailed: There is no such account or session, or more than one may be meant.
    """
    with stored_account(settings) as account:
        session = session_named(session, account.journal.account.sessions)
        events = [event for event in account.events if event.session == session]
        records = tuple(session_records(events, account.journal.value))
        risk = risk_report(risk_trail(events, account.journal.value)).as_json(screen.lang)
        findings = say_do(account.events, parse, account.journal.value, session=session)
        synthetic, stop = account.genesis.synthetic, stopped(account, settings)
    now = {"risk": risk, "halts_in_force": stop.as_json(), "kill": stop.kill}
    said = {"say_do": findings_as_json(findings, screen.lang)}
    screen.result({**msgspec.to_builtins(records[0]), "synthetic": synthetic, **now, **said})
    if synthetic:
        screen.line("synthetic")
    if not screen.as_json:
        from monitor.console import session_view

        screen.show(session_view(records[0], screen.lang, findings))
    stop.show(screen)
    return Exit.DONE


def _row(record: SessionRecord) -> dict[str, Any]:
    return {
        "id": record.session,
        "date": record.day.isoformat(),
        "slot": record.slot,
        "outcome": None if record.outcome is None else str(record.outcome),
        "orders": len(record.orders),
        "fills": len(record.fills),
    }
