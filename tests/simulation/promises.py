"""Every promise by its number, checked over all of a history's events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tests.simulation.order_promises import (
    a_stop_holds,
    durable_intent,
    each_fill_once,
    ends_are_final,
    never_after_its_time,
    nothing_beside_unresolved,
    one_acceptance,
    unknown_stays_unknown,
)
from tests.simulation.past import Past
from tests.simulation.process import Outside
from tests.simulation.records import identical_replay, noticed_changes, whole_record
from tests.simulation.session_promises import (
    a_start_changes_nothing,
    no_send_on_a_failed_disk,
    no_silent_miss,
    not_before_its_time,
    one_session_a_slot,
    reconciled_before_trading,
)
from tests.simulation.waiting_promises import (
    what_is_approved_leaves,
    what_waited_at_a_kill_never_leaves,
    what_waits_is_answered_once,
)
from tests.simulation.word_promises import a_word_is_carried_out_once, what_differs_is_found

Check = Callable[[Past], Iterator[str]]


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A promise that was not kept, by its number, and how. 0: the process itself broke."""

    promise: str
    how: str

    def __str__(self) -> str:
        return f"promise {self.promise}: {self.how}"


PROMISES: Mapping[str, Check] = {
    "1": one_acceptance,
    "2": durable_intent,
    "3": each_fill_once,
    "4": unknown_stays_unknown,
    "5": nothing_beside_unresolved,
    "6": ends_are_final,
    "7": reconciled_before_trading,
    "8": one_session_a_slot,
    "9": never_after_its_time,
    "10": a_start_changes_nothing,
    "11": no_send_on_a_failed_disk,
    "16": no_silent_miss,
    "17": identical_replay,
    "18": noticed_changes,
    "stop": a_stop_holds,
    "clock": not_before_its_time,
    "record": whole_record,
    "word": a_word_is_carried_out_once,
    "found": what_differs_is_found,
    "wait": what_waits_is_answered_once,
    "leave": what_is_approved_leaves,
    "killed": what_waited_at_a_kill_never_leaves,
}
"""Each check by the number of its promise in the design; those that have none by a word."""


_OF_A_WHOLE = frozenset({"3", "8", "10", "16", "17", "18", "record", "word", "found", "wait", "leave"})
"""What can be asked only of a history that came to its end."""


def violations(outside: Outside) -> Iterator[Violation]:
    """Yield what was not kept, the lowest promise first; a process that broke is the first of all."""
    for bug in outside.bugs:
        yield Violation(promise="0", how=bug)
    past = Past(outside)
    if past.broken:
        yield Violation(promise="record", how=f"the journal contradicts itself: {past.broken}")
    for promise, check in PROMISES.items():
        if (outside.bugs or past.broken) and promise in _OF_A_WHOLE:
            continue
        yield from (Violation(promise=promise, how=how) for how in check(past))
