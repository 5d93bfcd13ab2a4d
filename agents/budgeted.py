"""A mind whose models share a budget: each decision is a session of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Protocol

from services.domain.decision import Briefing, RawAnswer, Reads
from services.ports import Agent, AgentFault


class Purse(Protocol):
    """What the requests of a session are paid from."""

    @property
    def spent_cny(self) -> Decimal:
        """What was taken in the session that is open."""

    def begin(self, day: date) -> None:
        """Open a session of that trading day."""


class BudgetedAgent:
    """Tells the purse of each session that begins, and says of its end what was taken from it."""

    def __init__(self, agent: Agent, purse: Purse) -> None:
        self._agent, self._purse = agent, purse

    @property
    def name(self) -> str:
        """What the journal calls the mind."""
        return self._agent.name

    @property
    def reads(self) -> Reads:
        """What the mind reads."""
        return self._agent.reads

    async def decide(self, briefing: Briefing) -> RawAnswer:
        """Return the mind's answer; its cost holds lost attempts and requests given up too.

        Raises:
            AgentFault: It gave none, or the budget did not allow to ask; with what that may have cost.
        """
        self._purse.begin(briefing.slot.day)
        try:
            answer = await self._agent.decide(briefing)
        except AgentFault as fault:
            raise AgentFault(
                fault.asked, fault.why, cost_cny=self._purse.spent_cny, over_budget=fault.over_budget
            ) from fault
        return replace(answer, usage=replace(answer.usage, cost_cny=self._purse.spent_cny))
