"""`report`: the HTML report of an account and period."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from agents.parsing import parse
from commands.failures import CommandFailed, Exit
from commands.screen import Screen
from commands.stored_account import stored_account
from monitor.report import render_report
from monitor.say_do import say_do
from services.domain.bars import Panel
from services.domain.events import Event
from services.market.atomic_file import write_whole
from services.settings import Settings


def report(
    settings: Settings, screen: Screen, *, out: Path | None, start: date | None, end: date | None
) -> Exit:
    """Write the report of the stored account.

    Raises:
        CommandFailed: There is no such account, or the file cannot be written; no folder is made for it.
    """
    if start is not None and end is not None and end < start:
        raise CommandFailed(Exit.USAGE, f"--end {end} lies before --start {start}")
    if out is not None and not out.parent.exists():
        raise CommandFailed(Exit.USAGE, f"--out {out}: there is no folder {out.parent}; make it first")
    with stored_account(settings) as account:
        days = [state.opened.day for state in account.journal.account.sessions.values()]
        if not any((start or day) <= day <= (end or day) for day in days):
            raise CommandFailed(Exit.USAGE, f"no session from {start or 'the start'} to {end or 'the end'}")
        path = out or account.folder.report
        write_report(
            account.events,
            account.panel,
            account.journal.value,
            path,
            settings.lang,
            since=start,
            until=end,
        )
    screen.result({"report": str(path), "account": settings.account})
    screen.line("run.report", path=path)
    return Exit.DONE


def write_report(
    events: Sequence[Event],
    panel: Panel | None,
    value_of: Callable[[Event], object],
    path: Path,
    lang: str,
    *,
    since: date | None = None,
    until: date | None = None,
) -> None:
    """Write a journal's report to `path`.

    Raises:
        CommandFailed: The file cannot be written.
    """
    findings = say_do(events, parse, value_of)
    page = render_report(
        events, panel, lang=lang, value_of=value_of, since=since, until=until, findings=findings
    )
    try:
        write_whole(path, [page.encode()])
    except OSError as error:
        raise CommandFailed(
            Exit.UNAVAILABLE,
            f"{path}: {error.strerror or error}; the record itself is whole, mend this and run `report`",
        ) from error
