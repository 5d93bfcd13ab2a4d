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
from services.domain.events import Event
from services.journal.journal import Journal
from services.journal.verify import Problem, Verification
from services.journal.verify import verify as verify_record
from services.ports import EventStore, JournalFault
from services.settings import Settings

_HASH_CHARACTERS = 64
"""SHA-256 in hexadecimal."""


def verify(settings: Settings, screen: Screen, last_hash: str | None = None) -> Exit:
    """Check the stored account and name each record that is not as it was written.

    `last_hash` is one that left this machine before, with a day's summary: where it is that of no event,
    the journal was cut or written anew.

    Raises:
        CommandFailed: There is no such account, or `last_hash` is no hash.
    """
    wanted = None if last_hash is None else _hash(last_hash)
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
        stands = None if wanted is None else _standing(store, wanted)
        problems = (*damage, *found.problems)
        if wanted is not None and stands is None:
            problems = (*problems, Problem(record=f"hash {wanted}", problem="is that of no event: cut off?"))
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
            "last_hash": None if wanted is None else {"hash": wanted, "event": stands and stands.seq},
            "problems": [asdict(problem) for problem in problems],
            "say_do": {"hard": len(findings) - len(notes), "notes": len(notes)},
        }
    )
    key = "verify.broken" if problems else "verify.whole"
    screen.line(key, events=found.events, lines=found.audit_lines, count=len(problems))
    if stands is not None:
        screen.line("verify.hash", event=stands.seq, events=found.events, at=stands.at, hash=wanted)
    for problem in problems:
        screen.line("verify.problem", record=problem.record, problem=problem.problem)
    return Exit.DIFFERENCES if problems else Exit.DONE


def _hash(text: str) -> str:
    """Return a hash as a journal writes it.

    Raises:
        CommandFailed: It is none.
    """
    wanted = text.strip().lower()
    if len(wanted) != _HASH_CHARACTERS or set(wanted) - set("0123456789abcdef"):
        raise CommandFailed(
            Exit.USAGE,
            f"--last-hash: {text!r} is no hash; copy all {_HASH_CHARACTERS} characters of a day's summary",
        )
    return wanted


def _standing(store: EventStore, wanted: str) -> Event | None:
    """Return the event of that hash, None where there is none, or the journal cannot be read."""
    try:
        return next((event for event in store.events() if event.hash == wanted), None)
    except JournalFault:
        return None


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
