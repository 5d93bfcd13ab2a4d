"""`verify`: is the record whole, and does it say one thing? Never writes."""

from __future__ import annotations

from dataclasses import asdict

from commands.composition import Panels
from commands.failures import CommandFailed, Exit
from commands.folders import AccountFolder
from commands.screen import Screen
from commands.stored_account import read_only_store
from services.clock import SystemClock
from services.journal.journal import Journal
from services.journal.verify import Problem, Verification
from services.journal.verify import verify as verify_record
from services.ports import EventStore, JournalFault
from services.settings import Settings


def verify(settings: Settings, screen: Screen) -> Exit:
    """Check the stored account and name each record that is not as it was written.

    Raises:
        CommandFailed: There is no such account.
    """
    with read_only_store(settings) as (store, folder), screen.waiting("verify.reading"):
        damage = tuple(Problem(record="journal file", problem=line) for line in _damage(store))
        try:
            found = verify_record(
                store, folder.audit, settings.account, SystemClock(), Panels(folder.panels).get
            )
        except JournalFault as fault:
            found = Verification(
                events=0, audit_lines=0, problems=(Problem(record=fault.asked, problem=fault.why),)
            )
        except OSError as error:
            raise CommandFailed(Exit.UNAVAILABLE, f"{folder.audit}: {error.strerror}") from error
        problems = (*damage, *found.problems)
        if not problems:
            problems = _ledger_problems(store, folder, settings.account)
    screen.result(
        {
            "ok": not problems,
            "events": found.events,
            "audit_lines": found.audit_lines,
            "problems": [asdict(problem) for problem in problems],
        }
    )
    key = "verify.broken" if problems else "verify.whole"
    screen.line(key, events=found.events, lines=found.audit_lines, count=len(problems))
    for problem in problems:
        screen.line("verify.problem", record=problem.record, problem=problem.problem)
    return Exit.DIFFERENCES if problems else Exit.DONE


def _ledger_problems(store: EventStore, folder: AccountFolder, account: str) -> tuple[Problem, ...]:
    """Return where the simulated exchange's own ledger, if there is one, tells another story."""
    if not folder.ledger.is_file():
        return ()
    from commands.ledger_check import ledger_problems

    journal = Journal(store, account, SystemClock(), Panels(folder.panels).get)
    return ledger_problems(folder.ledger, journal.account)


def _damage(store: object) -> tuple[str, ...]:
    """Return what the database finds wrong with its own file."""
    from services.journal.sql_store import SqlStore

    if not isinstance(store, SqlStore):
        return ()
    try:
        return store.damage()
    except JournalFault as fault:
        return (fault.why,)
