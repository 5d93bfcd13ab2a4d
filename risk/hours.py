"""What a board's timetable says at the moment of a review, and when an order may be sent then. Pure."""

from __future__ import annotations

from datetime import datetime, time

from risk.limits import BP, Desk
from services.domain.value import Value
from services.rules import CALLS, Phase, PhaseSpan, Rules, phase_at

_CONTINUOUS, _LUNCH = Phase.CONTINUOUS, Phase.LUNCH
_TAKING = CALLS | {_CONTINUOUS, _LUNCH}


class Hours(Value, frozen=True, kw_only=True):
    """The phase of now, and the first and the last moment at which an order may be sent.

    `taking`: orders are taken in every instrument; at lunch they wait, which `waits` tells. `caged`: a
    limit is held to the price cage. `made_inside`: one that the gate makes on a last price lies inside it.
    They hold their `rules`, by whose identity a review finds them.
    """

    rules: Rules
    phase: Phase
    taking: bool
    waits: bool
    in_call: bool
    caged: bool
    made_inside: bool
    not_before: datetime
    send_by: datetime


def hours_of(rules: Rules, desk: Desk) -> Hours:
    """Return the hours of the board, the same for every order of a review in what has these rules.

    Raises:
        OutsideRulebook: The timetable of that day is not known.
    """
    span = phase_at(rules, desk.local)
    phase, cage = span.phase, rules.cage
    not_before, send_by = _window(span, rules, desk)
    return Hours(
        rules=rules,
        phase=phase,
        taking=phase in _TAKING,
        waits=phase is _LUNCH,
        in_call=phase in CALLS,
        caged=phase is _CONTINUOUS and cage is not None,
        made_inside=cage is not None and desk.limits.marketable_bp <= cage.ratio * BP,
        not_before=not_before,
        send_by=send_by,
    )


def phase_end(rules: Rules, desk: Desk) -> datetime:
    """Return when the phase of now ends.

    Raises:
        OutsideRulebook: The timetable of that day is not known.
    """
    return _moment(phase_at(rules, desk.local).end, desk)


def _window(span: PhaseSpan, rules: Rules, desk: Desk) -> tuple[datetime, datetime]:
    """Return the first and the last moment for an order: of now, and at lunch of the afternoon."""
    not_before, end = desk.moment, span.end
    if span.phase is _LUNCH:
        not_before, end = _moment(end, desk), phase_at(rules, end).end
    send_by = max(desk.moment, not_before) + desk.limits.order_ttl
    return not_before, min(send_by, _moment(end, desk))


def _moment(at: time, desk: Desk) -> datetime:
    """Return the moment of a local time of the day, in the zone of the desk's own moment."""
    return datetime.combine(desk.day, at, desk.slot_zone).astimezone(desk.moment.tzinfo)
