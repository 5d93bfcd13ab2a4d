"""`verify`: is the record whole, and does it say one thing? Never writes."""

from __future__ import annotations

from dataclasses import asdict

from agents.parsing import parse
from commands.composition import Panels
from commands.failures import CommandFailed, Exit
from commands.folders import AccountFolder
from commands.screen import Screen
from commands.stored_account import read_only_store
from monitor.say_do import Finding, say_do
from monitor.say_do_view import sentence
from services.clock import SystemClock
from services.journal.journal import Journal
from services.journal.verify import Problem, Verification
from services.journal.verify import verify as verify_record
from services.ports import JournalFault
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
        findings: tuple[Finding, ...] = ()
        if not problems:
            journal = Journal(store, settings.account, SystemClock(), Panels(folder.panels).get)
            problems = _ledger_problems(folder, journal)
            findings = _findings(journal, folder)
        problems += tuple(
            Problem(record=f"session {one.session}", problem=sentence(one, "en"))
            for one in findings
            if one.kind.hard
        )
        notes = [one for one in findings if not one.kind.hard]
    screen.result(
        {
            "ok": not problems,
            "events": found.events,
            "audit_lines": found.audit_lines,
            "problems": [asdict(problem) for problem in problems],
            "say_do": {"hard": len(findings) - len(notes), "notes": len(notes)},
        }
    )
    key = "verify.broken" if problems else "verify.whole"
    screen.line(key, events=found.events, lines=found.audit_lines, count=len(problems))
    for problem in problems:
        screen.line("verify.problem", record=problem.record, problem=problem.problem)
    return Exit.DIFFERENCES if problems else Exit.DONE


def _ledger_problems(folder: AccountFolder, journal: Journal) -> tuple[Problem, ...]:
    """Return where the simulated exchange's own ledger, if there is one, tells another story."""
    if not folder.ledger.is_file():
        return ()
    from commands.ledger_check import ledger_problems

    return ledger_problems(folder.ledger, journal.account)


def _findings(journal: Journal, folder: AccountFolder) -> tuple[Finding, ...]:
    """Return which sessions did not do what was said."""
    lines = folder.audit.read_bytes().splitlines() if folder.audit.exists() else []
    return say_do(tuple(journal.events), parse, journal.value, audit_lines=lines)


def _damage(store: object) -> tuple[str, ...]:
    """Return what the database finds wrong with its own file."""
    from services.journal.sql_store import SqlStore

    if not isinstance(store, SqlStore):
        return ()
    try:
        return store.damage()
    except JournalFault as fault:
        return (fault.why,)
