"""A mind that waits for its turn, where many are asked at the same time."""

from __future__ import annotations

from asyncio import Semaphore

from services.domain.decision import Briefing, RawAnswer, Reads
from services.ports import Agent


class InTurn:
    """Asks another mind once one of the turns is free; its deadline begins only then."""

    def __init__(self, agent: Agent, turns: Semaphore) -> None:
        self._agent, self._turns = agent, turns

    @property
    def name(self) -> str:
        """The other mind's name."""
        return self._agent.name

    @property
    def reads(self) -> Reads:
        """What the other mind reads."""
        return self._agent.reads

    async def decide(self, briefing: Briefing) -> RawAnswer:
        """Return the other mind's answer.

        Raises:
            AgentFault: It gave none.
        """
        async with self._turns:
            return await self._agent.decide(briefing)
