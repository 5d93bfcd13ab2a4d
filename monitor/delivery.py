"""When which alert goes to which channel: quiet hours, rates, waits after failures. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from services.domain.alerts import Alert, Severity

FIRST_WAIT_S = 5.0
"""After a channel's first failure; it doubles with each further one in a row."""

WAIT_S_MAX = 1800.0

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """From when to when, market-local, only critical alerts are sent; they may span midnight."""

    begin: time
    end: time
    zone: ZoneInfo

    def end_after(self, now: datetime) -> datetime | None:
        """Return when the quiet hours that `now` lies in end, None where it lies in none."""
        local = now.astimezone(self.zone)
        since = time(local.hour, local.minute, local.second, local.microsecond)
        if self.begin < self.end:
            quiet = self.begin <= since < self.end
        else:
            quiet = since >= self.begin or since < self.end
        if not quiet:
            return None
        day = local.date() if since < self.end else local.date() + timedelta(days=1)
        return datetime.combine(day, self.end, self.zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An alert that has to go to a channel, how often that failed, and how many alike were held back."""

    alert_id: int
    channel: str
    alert: Alert
    attempts: int = 0
    held_back: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at a channel, and whether it worked."""

    at: datetime
    ok: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds of a channel: the least it is sent, its rate, and the account's quiet hours."""

    severity_min: Severity = Severity.INFO
    per_minute_max: int = 10
    quiet: QuietHours | None = None

    def wants(self, severity: Severity) -> bool:
        """Answer whether the channel is sent alerts that matter so much."""
        return severity.rank >= self.severity_min.rank


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What a channel does next: the alert, and the moment, which may be now or past."""

    waiting: Waiting
    at: datetime


def next_turn(
    now: datetime, channel: str, waiting: Sequence[Waiting], attempts: Sequence[Attempt], terms: Terms
) -> Turn | None:
    """Return what the channel sends next and when, None where nothing waits.

    `attempts` are the channel's own, oldest first. Of what may go at the earliest moment the one that
    failed least goes first, so that one no platform takes holds up no other; then what matters most,
    then the oldest.
    """
    if not waiting:
        return None
    free = max(_after_failures(channel, attempts), _within_rate(attempts, terms.per_minute_max), key=_moment)
    # A clock that was set back must not silence a channel for as long.
    early = now if free is None else max(now, min(free, now + timedelta(seconds=WAIT_S_MAX)))
    quiet_end = terms.quiet.end_after(early) if terms.quiet else None

    def due(one: Waiting) -> datetime:
        return early if quiet_end is None or one.alert.severity is Severity.CRITICAL else quiet_end

    first = min(waiting, key=lambda one: (due(one), one.attempts, -one.alert.severity.rank, one.alert_id))
    return Turn(waiting=first, at=due(first))


def wait_s(channel: str, failures: int) -> float:
    """Return how long a channel rests after so many failures in a row.

    It doubles from `FIRST_WAIT_S` to `WAIT_S_MAX`, times a factor from 0.5 to 1 that is drawn by
    channel and count: the accounts of a machine do not all come back at once.
    """
    usual_s: float = min(FIRST_WAIT_S * 2.0 ** min(failures - 1, 30), WAIT_S_MAX)
    return usual_s * (0.5 + Random(f"{channel}/{failures}").random() / 2)


def _after_failures(channel: str, attempts: Sequence[Attempt]) -> datetime | None:
    failures = 0
    for attempt in reversed(attempts):
        if attempt.ok:
            break
        failures += 1
    return attempts[-1].at + timedelta(seconds=wait_s(channel, failures)) if failures else None


def _within_rate(attempts: Sequence[Attempt], per_minute_max: int) -> datetime | None:
    """Return when fewer than the most messages of a minute were tried in the minute before."""
    return attempts[-per_minute_max].at + _MINUTE if len(attempts) >= per_minute_max else None


def _moment(at: datetime | None) -> float:
    return float("-inf") if at is None else at.timestamp()
