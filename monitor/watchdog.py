"""What is wrong with an account and its machine, judged by what was seen of them from outside. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from monitor.figures import percent
from monitor.plain_text import printable
from monitor.watchdog_finding import Finding, Judgement, lasting, mib
from monitor.watchdog_machine import machine_checks
from services.domain.alerts import Severity
from services.domain.events import HaltCause, Outcome
from services.domain.money import ZERO
from services.domain.vitals import LifeState, Vitals
from services.domain.watched import AccountSeen, DueSlot, ProcessSeen, Seen, Watched
from services.settings_watchdog import WatchdogSettings

AHEAD_MAX = timedelta(seconds=60)
"""The record may be ahead of the clock by so much: time servers move it by seconds."""

SLOT_MARGIN = timedelta(seconds=60)
"""After a slot's grace: a loop that woke late records it as missed at its next tick, a minute later."""

_OF_VITALS = frozenset(
    {
        Watched.BEAT,
        Watched.STATE,
        Watched.STARTING,
        Watched.TICK,
        Watched.DAILY_LOSS,
        Watched.PRICES,
        Watched.OUTBOX,
        Watched.MEMORY,
        Watched.CPU,
        Watched.DESCRIPTORS,
    }
)
_OF_LIFE = _OF_VITALS - {Watched.BEAT, Watched.STATE}
_OF_JOURNAL = frozenset({Watched.SLOT, Watched.UNRESOLVED, Watched.RECONCILIATION})
_WITHOUT_PRICES = (
    None,
    Outcome.MARKET_CLOSED,
    Outcome.CALENDAR_UNKNOWN,
    Outcome.MISSED,
    Outcome.HALTED,
)


def checks(now: datetime, seen: Seen, terms: WatchdogSettings) -> Judgement:
    """Return what is wrong at `now`, worst first, and of what that cannot be told."""
    account = seen.account
    found = [finding for check in _CHECKS for finding in check(now, account, terms)]
    if seen.machine is not None:
        found += machine_checks(now, seen.machine, terms)
    found.sort(key=lambda one: -one.severity.rank)
    untold = _untold(account, terms)
    if seen.machine is not None and seen.machine.clock_offset_s is None:
        untold |= {Watched.CLOCK}
    return Judgement(findings=tuple(found), untold=untold)


def _untold(account: AccountSeen, terms: WatchdogSettings) -> frozenset[Watched]:
    """Return what nothing can be said of: a process that is silent is not well again in anything it said."""
    untold: frozenset[Watched] = frozenset()
    if account.vitals is None:
        untold |= _OF_VITALS
    elif account.vitals.state.alive and _silent(account, terms):
        untold |= _OF_LIFE
    if account.journal_fault:
        untold |= _OF_JOURNAL
    return untold


def _journal(_now: datetime, account: AccountSeen, _terms: WatchdogSettings) -> Iterator[Finding]:
    if account.journal_fault:
        yield _critical(Watched.JOURNAL, "journal.unreadable", why=_words(account.journal_fault))
    elif not account.begun:
        yield _critical(Watched.JOURNAL, "journal.none")


def _beat(_now: datetime, account: AccountSeen, terms: WatchdogSettings) -> Iterator[Finding]:
    vitals = account.vitals
    if account.vitals_fault:
        yield _critical(Watched.BEAT, "beat.unreadable", why=_words(account.vitals_fault))
    elif vitals is None and account.begun:
        yield _critical(Watched.BEAT, "beat.none")
    elif vitals is not None and account.left:
        yield _critical(
            Watched.BEAT, "beat.left", pid=vitals.pid, host=_words(vitals.host), state=vitals.state
        )
    elif vitals is not None and vitals.state.alive and account.silent_s > terms.beat_s_max:
        yield _critical(
            Watched.BEAT,
            "beat.silent",
            since=lasting(account.silent_s),
            pid=vitals.pid,
            host=_words(vitals.host),
            state=vitals.state,
        )


def _state(_now: datetime, account: AccountSeen, _terms: WatchdogSettings) -> Iterator[Finding]:
    vitals = account.vitals
    if vitals is not None and vitals.state is LifeState.ERROR:
        yield _critical(Watched.STATE, "state.error", why=_words(vitals.why))


def _starting(now: datetime, account: AccountSeen, terms: WatchdogSettings) -> Iterator[Finding]:
    vitals = _awake(account, terms)
    if vitals is None or account.shut_since is None:
        return
    shut_s = (now - account.shut_since).total_seconds()
    if shut_s > terms.starting_s_max:
        key = "starting" if vitals.state is LifeState.STARTING else "starting.unreconciled"
        yield _critical(Watched.STARTING, key, since=lasting(shut_s), why=_words(vitals.why))


def _tick(_now: datetime, account: AccountSeen, terms: WatchdogSettings) -> Iterator[Finding]:
    vitals = _awake(account, terms)
    if vitals is None or vitals.ticked_at is None or vitals.state is LifeState.STARTING:
        return
    # Both moments are the process's own, so that no clock beside it counts.
    late_s = (vitals.at - vitals.ticked_at).total_seconds()
    if late_s > terms.tick_s_max:
        yield _critical(Watched.TICK, "tick", since=lasting(late_s), why=_words(vitals.why))


def _slots(now: datetime, account: AccountSeen, terms: WatchdogSettings) -> Iterator[Finding]:
    for slot in () if account.journal_fault else account.slots:
        if now < _certain(slot, account):
            continue
        if not slot.begun:
            yield _critical(Watched.SLOT, "slot", place=slot.local, slot=slot.local, state=_life(account))
        elif slot.outcome is None and _cut_off(account, terms):
            yield _critical(Watched.SLOT, "slot.cut", place=slot.local, slot=slot.local, state=_life(account))


def _cut_off(account: AccountSeen, terms: WatchdogSettings) -> bool:
    """Answer whether nobody is there any more who would end a session that was begun."""
    said = account.vitals
    return said is not None and said.state is not LifeState.STOPPED and _awake(account, terms) is None


def _ahead(now: datetime, account: AccountSeen, _terms: WatchdogSettings) -> Iterator[Finding]:
    """The record is ahead of the clock: one of them is wrong, and no slot in between is run."""
    last = account.last_slot
    if not account.journal_fault and last is not None and last > now + AHEAD_MAX:
        yield _critical(
            Watched.SLOT,
            "slot.ahead",
            place="ahead",
            slot=last.isoformat(" ", "minutes"),
            now=now.astimezone(last.tzinfo).isoformat(" ", "minutes"),
        )


def _certain(slot: DueSlot, account: AccountSeen) -> datetime:
    return slot.moment + timedelta(seconds=account.grace_s) + SLOT_MARGIN


def _halts(now: datetime, account: AccountSeen, terms: WatchdogSettings) -> Iterator[Finding]:
    kinds = {
        HaltCause.UNRESOLVED: Watched.UNRESOLVED,
        HaltCause.RECONCILIATION: Watched.RECONCILIATION,
    }
    for seen in account.halts:
        what = kinds.get(seen.halt.cause)
        lasts_s = (now - seen.since).total_seconds()
        if what is not None and lasts_s >= terms.open_s_max:
            yield _critical(
                what,
                str(what),
                place=f"{seen.halt.symbol}:{seen.since.isoformat()}",
                symbol=_words(seen.halt.symbol) or "*",
                since=lasting(lasts_s),
                why=_words(seen.halt.why),
            )


def _daily_loss(now: datetime, account: AccountSeen, terms: WatchdogSettings) -> Iterator[Finding]:
    """The loss of the day by what the process said last, also where it has fallen silent since."""
    vitals, most = account.vitals, terms.daily_loss_ratio_max
    if vitals is None or most is None or now - vitals.at > timedelta(hours=12):
        return
    if vitals.pnl_today_cny is None:
        # Nothing is known of the day before its first session has asked for prices.
        if _priced_slot(account, vitals) is not None:
            yield _warning(Watched.DAILY_LOSS, "daily_loss.unknown", level="unknown")
        return
    before_cny = vitals.equity_cny - vitals.pnl_today_cny
    if before_cny <= ZERO:
        return
    lost = -vitals.pnl_today_cny / before_cny
    if lost >= most:
        yield _critical(
            Watched.DAILY_LOSS,
            "daily_loss",
            used=percent(float(lost)),
            allowed=percent(float(most)),
            cny=f"{vitals.pnl_today_cny:.2f}",
        )


def _prices(now: datetime, account: AccountSeen, terms: WatchdogSettings) -> Iterator[Finding]:
    vitals = _awake(account, terms)
    if vitals is None:
        return
    slot = _priced_slot(account, vitals)
    if slot is not None and (vitals.prices_at is None or vitals.prices_at < slot.moment):
        yield _warning(Watched.PRICES, "prices.slot", level="slot", slot=slot.local)
        return
    if terms.prices_s_max is None or account.trading_since is None:
        return
    # Over lunch nothing new comes, so that the age counts from when trading went on.
    since = max(vitals.prices_at or vitals.started_at, account.trading_since)
    age_s = (now - since).total_seconds()
    if age_s > terms.prices_s_max:
        yield _warning(Watched.PRICES, "prices.old", level="old", since=lasting(age_s))


def _outbox(_now: datetime, account: AccountSeen, terms: WatchdogSettings) -> Iterator[Finding]:
    vitals = _awake(account, terms)
    if vitals is not None and vitals.alerts_given_up:
        count = vitals.alerts_given_up
        yield _warning(Watched.OUTBOX, "outbox.account", level=str(count), count=count)


def _process(_now: datetime, account: AccountSeen, terms: WatchdogSettings) -> Iterator[Finding]:
    process = account.process
    if _awake(account, terms) is None or process is None:
        return
    yield from _memory(process, terms)
    if process.cpu_ratio is not None and process.cpu_ratio > float(terms.cpu_ratio_max):
        yield _warning(
            Watched.CPU, "cpu", used=percent(process.cpu_ratio), allowed=percent(float(terms.cpu_ratio_max))
        )
    used, most = process.descriptors, process.descriptors_max
    if used is not None and most is not None and used >= most * terms.descriptors_ratio_max:
        yield _warning(Watched.DESCRIPTORS, "descriptors", used=used, allowed=most)


def _memory(process: ProcessSeen, terms: WatchdogSettings) -> Iterator[Finding]:
    used, then = process.memory_bytes, process.memory_then_bytes
    if used > terms.memory_mib_max * 1024**2:
        allowed = terms.memory_mib_max
        yield _warning(Watched.MEMORY, "memory", level="most", used=mib(used), allowed=allowed)
    elif then and used - then > then * terms.memory_growth_ratio_max:
        yield _warning(Watched.MEMORY, "memory.grown", level="grown", used=mib(used), then=mib(then))


def _awake(account: AccountSeen, terms: WatchdogSettings) -> Vitals | None:
    """Return what the process says where it still says something."""
    vitals = account.vitals
    if vitals is None or not vitals.state.alive or _silent(account, terms):
        return None
    return vitals


def _silent(account: AccountSeen, terms: WatchdogSettings) -> bool:
    return account.left or account.silent_s > terms.beat_s_max


def _priced_slot(account: AccountSeen, vitals: Vitals) -> DueSlot | None:
    """Return the last slot of the day for whose session this process asked prices, None without one.

    A session that ended since the process last said something does not count yet.
    """
    for slot in reversed(account.slots):
        if slot.moment < vitals.started_at or slot.moment < vitals.at - timedelta(hours=12):
            return None
        told = slot.ended_at is None or slot.ended_at <= vitals.at
        if told and slot.outcome not in _WITHOUT_PRICES:
            return slot
    return None


def _life(account: AccountSeen) -> str:
    return "-" if account.vitals is None else str(account.vitals.state)


def _words(text: str) -> str:
    """Return a stranger's words on one line, bounded, safe to show."""
    return " ".join(printable(text).split())[:400] or "-"


def _critical(what: Watched, wording: str, *, place: str = "", level: str = "", **values: object) -> Finding:
    return Finding(
        what=what, severity=Severity.CRITICAL, wording=wording, place=place, level=level, values=values
    )


def _warning(what: Watched, wording: str, *, place: str = "", level: str = "", **values: object) -> Finding:
    return Finding(
        what=what, severity=Severity.WARNING, wording=wording, place=place, level=level, values=values
    )


_CHECKS: tuple[Callable[[datetime, AccountSeen, WatchdogSettings], Iterator[Finding]], ...] = (
    _journal,
    _beat,
    _state,
    _starting,
    _tick,
    _slots,
    _ahead,
    _halts,
    _daily_loss,
    _prices,
    _outbox,
    _process,
)
