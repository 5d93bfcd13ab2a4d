"""How far outside tools had a part in an account's decisions: what they say, nobody can cut at a moment."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from monitor.reading import ValueOf, values
from services.domain.conversation import OUTSIDE_JOINT, OUTSIDE_OFF, TOOL_RESULT, Role
from services.domain.decision import RawAnswer
from services.domain.events import Event
from services.domain.value import Value


class OutsideUse(Value, frozen=True, kw_only=True):
    """Answers of outside tools and the sessions with any; the sessions in which they were kept off."""

    calls: int = 0
    sessions: int = 0
    kept_off: int = 0

    @property
    def said(self) -> tuple[tuple[str, int], ...]:
        """The wordings that a reader must see, with their counts."""
        told = (("outside.asked", self.sessions), ("outside.off", self.kept_off))
        return tuple((key, count) for key, count in told if count)


NO_OUTSIDE_USE = OutsideUse()


def outside_use(events: Iterable[Event], value_of: ValueOf, sessions: Collection[str]) -> OutsideUse:
    """Return what the transcripts of those sessions tell of outside tools.

    Raises:
        JournalFault: A body cannot be read.
    """
    calls = asked = kept_off = 0
    for event, answer in values(events, (RawAnswer,), value_of):
        if isinstance(answer, RawAnswer) and event.session in sessions:
            here = sum(map(_answered, answer.transcript))
            calls, asked = calls + here, asked + (here > 0)
            kept_off += any(line.get("content") == OUTSIDE_OFF for line in answer.transcript)
    return OutsideUse(calls=calls, sessions=asked, kept_off=kept_off)


def _answered(line: Mapping[str, str]) -> bool:
    """Answer whether one thing said is the result of an outside tool."""
    content = line.get("content", "")
    if line.get("role") != Role.TOOL or not content.startswith(TOOL_RESULT):
        return False
    return OUTSIDE_JOINT in content.removeprefix(TOOL_RESULT).partition(".")[0]
