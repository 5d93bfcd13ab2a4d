"""What a board's timetable says at the moment of a review, and when an order may be sent then. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from risk.limits import Desk
from services.domain.value import Value
from services.rules import CALLS, Phase, PhaseSpan, Rules, phase_at

_TAKING = CALLS | {Phase.CONTINUOUS, Phase.LUNCH}


class Hours(Value, frozen=True, kw_only=True):
    """The phase of now, and the first and the last moment at which an order may be sent.

    `taking`: orders are taken in every instrument; at lunch they wait, which `waits` tells. `caged`: a
    limit is held to the price cage.
    """

    rules: Rules
    phase: Phase
    taking: bool
    waits: bool
    in_call: bool
    caged: bool
    not_before: datetime
    send_by: datetime


def hours_of(rules: Rules, desk: Desk) -> Hours:
    """Return the hours of the board, the same for every order of a review in what has these rules.

    Raises:
        OutsideRulebook: The timetable of that day is not known.
    """
    span = phase_at(rules, desk.local)
    phase = span.phase
    not_before, send_by = _window(span, rules, desk)
    return Hours(
        rules=rules,
        phase=phase,
        taking=phase in _TAKING,
        waits=phase is Phase.LUNCH,
        in_call=phase in CALLS,
        caged=phase is Phase.CONTINUOUS and rules.cage is not None,
        not_before=not_before,
        send_by=send_by,
    )


def phase_end(rules: Rules, desk: Desk) -> datetime:
    """Return when the phase of now ends.

    Raises:
        OutsideRulebook: The timetable of that day is not known.
    """
    end = datetime.combine(desk.day, phase_at(rules, desk.local).end, desk.slot_zone)
    return end.astimezone(desk.moment.tzinfo)


def _window(span: PhaseSpan, rules: Rules, desk: Desk) -> tuple[datetime, datetime]:
    """Return the first and the last moment for an order: of now, and at lunch of the afternoon."""
    zone, not_before, span_end = desk.moment.tzinfo, desk.moment, span.end
    if span.phase is Phase.LUNCH:
        not_before = datetime.combine(desk.day, span_end, desk.slot_zone)
        span_end = phase_at(rules, span_end).end
    last = datetime.combine(desk.day, span_end, desk.slot_zone)
    send_by = max(desk.moment, not_before) + timedelta(seconds=desk.limits.order_ttl_s)
    return not_before.astimezone(zone), min(send_by, last).astimezone(zone)
