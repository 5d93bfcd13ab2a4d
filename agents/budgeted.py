"""A mind whose models share a budget: each decision is a session of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from services.domain.decision import Briefing, RawAnswer, Reads
from services.ports import Agent


class BudgetedAgent:
    """Tells the budget of each session that begins, and leaves the rest to the mind."""

    def __init__(self, agent: Agent, begin: Callable[[date], None]) -> None:
        self._agent, self._begin = agent, begin

    @property
    def name(self) -> str:
        """What the journal calls the mind."""
        return self._agent.name

    @property
    def reads(self) -> Reads:
        """What the mind reads."""
        return self._agent.reads

    async def decide(self, briefing: Briefing) -> RawAnswer:
        """Return the mind's answer.

        Raises:
            AgentFault: It gave none, or the budget did not allow to ask.
        """
        self._begin(briefing.slot.day)
        return await self._agent.decide(briefing)
