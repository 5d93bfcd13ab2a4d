"""Exits that were due and did not get out: held back before the gate, or refused by it. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from services.domain.events import ArmedExit, Exits, Verdicts
from services.domain.orders import Origin


def armed_exits(exits: Exits | None, verdicts: Iterable[Verdicts]) -> tuple[ArmedExit, ...]:
    """Return a session's exits that stay armed, those the gate refused by the gate's rule.

    `exits` None: nothing was due.
    """
    if exits is None:
        return ()
    why = {intent.index: intent.why for intent in exits.intents}
    refused = (
        ArmedExit(
            symbol=one.symbol, shares=one.shares, why=why.get(one.index, ""), rule=one.rule, reason=one.reason
        )
        for verdict in verdicts
        for one in verdict.refused
        if one.origin is Origin.EXIT
    )
    return tuple(dict.fromkeys((*exits.armed, *refused)))
