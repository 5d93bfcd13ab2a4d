"""A mind that says again what was recorded."""

from __future__ import annotations

from collections.abc import Mapping

from services.domain.decision import Briefing, RawAnswer, Reads
from services.domain.events import FaultRecord
from services.domain.orders import SessionId
from services.journal.journal import agent_fault
from services.ports import AgentFault


class ReplayAgent:
    """Answers each session as the record does; `reads` is what the recorded mind read."""

    def __init__(
        self,
        answers: Mapping[SessionId, RawAnswer | FaultRecord],
        *,
        name: str = "replay",
        reads: Reads = Reads.ARRAYS,
    ) -> None:
        self._answers = answers
        self._name = name
        self._reads = reads

    @property
    def name(self) -> str:
        """The recorded mind's name, as far as the composition root gives it."""
        return self._name

    @property
    def reads(self) -> Reads:
        """What the recorded mind read, so that the same briefing is made again."""
        return self._reads

    async def decide(self, briefing: Briefing) -> RawAnswer:
        """Return the recorded answer.

        Raises:
            AgentFault: The record has no answer for this session, or a fault.
        """
        answer = self._answers.get(briefing.session)
        if answer is None:
            raise AgentFault(f"answer of {briefing.session}", "the record has none")
        if isinstance(answer, FaultRecord):
            raise agent_fault(answer)
        return answer
