"""What a lived stretch is judged by: each slot a session or an announced miss, no alarm for nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.domain.alerts import AlertKind
from services.domain.events import Closed, Opened, Outcome
from services.journal.codec import decode
from services.journal.sql_store import SqlStore
from tests.year.living import HOUSE, WATCHDOG, Lived
from tests.year.plan import GRACE_S, HOUR_S, Due

ANNOUNCED_S_MAX = 600.0
"""A slot that did not run is told of so long after its grace at the latest, the machine being awake."""

SETTLED_S = 1200.0
"""For so long after some trouble its alarms may come, and what lasts is told again each four hours."""


@dataclass(kw_only=True)
class Verdict:
    """What was found: counts, the longest time from a slot's grace to its announcement, what is wrong."""

    slots: int = 0
    sessions: Counter[str] = field(default_factory=Counter)
    by_account: Counter[str] = field(default_factory=Counter)
    announced_by: Counter[str] = field(default_factory=Counter)
    in_a_pause: int = 0
    events: int = 0
    alarms: int = 0
    longest_s: float = 0.0
    silent: int = 0
    double: int = 0
    wrong: list[str] = field(default_factory=list)


def judged(lived: Lived) -> Verdict:
    """Return what is to be said of a stretch."""
    verdict = Verdict(wrong=list(lived.bugs))
    told = _told(lived)
    for settings in lived.settings:
        account = settings.account
        due = {one.moment: one for one in lived.plan.slots if one.account == account}
        there = _sessions(lived, account, verdict)
        for moment, outcomes in there.items():
            if moment not in due:
                verdict.wrong.append(f"{account} {moment}: a session of no slot")
            elif len(outcomes) > 1:
                verdict.double += 1
                verdict.wrong.append(f"{account} {due[moment].local}: {len(outcomes)} sessions: double")
        for moment, slot in due.items():
            _slot(lived, slot, there.get(moment, []), told.get((account, slot.local), []), verdict)
    _false_alarms(lived, verdict)
    return verdict


def _slot(
    lived: Lived,
    slot: Due,
    outcomes: Sequence[Outcome | None],
    told: Sequence[tuple[float, str]],
    verdict: Verdict,
) -> None:
    name = f"{slot.account} {slot.local}"
    verdict.slots += 1
    verdict.by_account[slot.account] += 1
    if not outcomes:
        verdict.silent += 1
        verdict.wrong.append(f"{name}: no session and no miss on record: silent")
        return
    outcome = outcomes[0]
    verdict.sessions[str(outcome)] += 1
    if outcome is None:
        verdict.wrong.append(f"{name}: its session has no end")
    elif slot.unknown and outcome not in (Outcome.CALENDAR_UNKNOWN, Outcome.MISSED):
        verdict.wrong.append(f"{name}: ran on a day of which nobody knows: {outcome}")
    elif outcome is Outcome.MISSED:
        verdict.wrong += _missed(lived, slot, told, verdict)
    elif any(process == HOUSE for _, process in told):
        verdict.wrong.append(f"{name}: told of as missed, and it ran")


def _missed(lived: Lived, slot: Due, told: Sequence[tuple[float, str]], verdict: Verdict) -> Iterator[str]:
    """Yield what is wrong with a slot that is on record as missed."""
    name = f"{slot.account} {slot.local}"
    if any(span.of == slot.account and span.holds(slot.at_s, 120.0) for span in lived.trouble):
        verdict.in_a_pause += 1  # The pause itself was told of, once.
        return
    reasons = [span for span in lived.trouble if not span.of]
    if not any(span.holds(slot.at_s, GRACE_S + HOUR_S * span.shifts) for span in reasons):
        yield f"{name}: missed for no reason"
    if not told:
        verdict.silent += 1
        yield f"{name}: missed, and nobody was told: silent"
        return
    told_s, process = min(told)
    late_s = told_s - slot.at_s - GRACE_S
    late_s -= sum(span.within(slot.at_s + GRACE_S, told_s) for span in lived.trouble if span.asleep)
    verdict.announced_by[process] += 1
    verdict.longest_s = max(verdict.longest_s, late_s)
    if late_s > ANNOUNCED_S_MAX:
        yield f"{name}: told of {late_s:.0f} s after its grace"


def _told(lived: Lived) -> dict[tuple[str, str], list[tuple[float, str]]]:
    """Return when which slot of which account was told of as not run, and by which process."""
    found: dict[tuple[str, str], list[tuple[float, str]]] = {}
    for one in lived.around.told:
        _, slot, rest = one.title.partition("Slot ")
        if one.kind in (AlertKind.MISSED, AlertKind.WATCHDOG) and slot:
            process = WATCHDOG if one.process == WATCHDOG else HOUSE
            found.setdefault((one.account, rest[:16]), []).append((one.at_s, process))
    return found


def _false_alarms(lived: Lived, verdict: Verdict) -> None:
    """Note what the watchdog told of although nothing was wrong then, nor shortly before."""
    for one in lived.around.told:
        if one.process != WATCHDOG or one.kind != AlertKind.WATCHDOG:
            continue
        verdict.alarms += 1
        if "calendar" in one.title or "No prices came" in one.title:
            continue
        if not any(span.holds(one.at_s, SETTLED_S + HOUR_S * span.shifts) for span in lived.trouble):
            when = f"{lived.plan.start + timedelta(seconds=one.at_s):%m-%d %H:%M}"
            verdict.wrong.append(f"{one.account} at {when}: {one.title}, and all was well")


def _sessions(lived: Lived, account: str, verdict: Verdict) -> dict[datetime, list[Outcome | None]]:
    """Return how the sessions of each slot ended, by the account's record."""
    opened: dict[str, datetime] = {}
    ends: dict[str, Outcome] = {}
    place = lived.folder / "data" / account / "journal.sqlite3"
    with closing(SqlStore.open_read_only(place, account)) as store:
        for event in store.events():
            verdict.events += 1
            if event.step not in ("opened", "closed"):
                continue
            value = decode(event.kind, event.version, event.body)
            if isinstance(value, Opened):
                opened[event.session] = value.slot
            elif isinstance(value, Closed):
                ends[event.session] = value.outcome
    found: dict[datetime, list[Outcome | None]] = {}
    for session, moment in opened.items():
        found.setdefault(moment, []).append(ends.get(session))
    return found
