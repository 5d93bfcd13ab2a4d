"""What a board's timetable says of orders at one moment. Pure."""

from __future__ import annotations

from datetime import date, datetime, time

from services.domain.value import Value
from services.rules import Phase, PhaseSpan, Rules, phase_at

_AFTER_HOURS = frozenset({Phase.AFTER_HOURS_WAIT, Phase.AFTER_HOURS})
_CLOSE_CALL = Phase.CLOSE_CALL


class Hours(Value, frozen=True, kw_only=True):
    """What the timetable of `rules` says of an order that arrives at `at`, in market time.

    `taken` tells whether one is taken, as an after-hours order where `after_hours` says so. It lapses
    at `expires_at`, None where no phase of that day takes its kind. `fixed_from` and `call_at` are
    those of an accepted order: from when on it trades at the close, and when the closing call uncrosses.
    """

    rules: Rules
    at: datetime
    day: date
    phase: Phase
    taken: bool
    after_hours: bool
    expires_at: datetime | None
    fixed_from: datetime | None
    call_at: datetime | None


def hours_at(rules: Rules, at: datetime, early_close: time | None) -> Hours:
    """Return what an order meets at `at`; `early_close` is the local time at which a shortened day ends.

    Raises:
        OutsideRulebook: The timetable of that day is not known.
    """
    now, day = at.time(), at.date()
    span = phase_at(rules, now)
    after_hours = span.phase in _AFTER_HOURS
    expires_at = fixed_from = call_at = None
    last = _last_phase(rules, after_hours=after_hours)
    if last is not None:
        end = last.end if early_close is None else min(last.end, early_close)
        expires_at = datetime.combine(day, end, at.tzinfo)
        if after_hours:
            fixed_from = max(at, datetime.combine(day, last.start, at.tzinfo))
        elif span.phase is _CLOSE_CALL:
            call_at = expires_at
    return Hours(
        rules=rules,
        at=at,
        day=day,
        phase=span.phase,
        taken=span.accepts_orders and (early_close is None or now < early_close),
        after_hours=after_hours,
        expires_at=expires_at,
        fixed_from=fixed_from,
        call_at=call_at,
    )


def _last_phase(rules: Rules, *, after_hours: bool) -> PhaseSpan | None:
    """Return the last phase of the day that takes auction orders, or after-hours orders."""
    for span in reversed(rules.phases):
        if span.accepts_orders and (span.phase in _AFTER_HOURS) is after_hours:
            return span
    return None
