"""A mind asked behind a mask: it decides on a session that it cannot recognise."""

from __future__ import annotations

from agents.mask_codes import NoCode
from agents.masked_briefing import masked_briefing
from agents.masking import mask_of, unmasked_answer
from agents.shape import Shape
from services.domain.decision import Briefing, RawAnswer, Reads
from services.ports import Agent, AgentFault


class MaskedAgent:
    """Shows a mind that reads text the masked briefing, and takes its answer back to the real session.

    `lang` and `shape` are how the session's own briefing is written; `seed` with the session makes the
    mask. What the mind may look up must come from the briefing it is shown, or be nothing.

    Raises:
        ValueError: The mind reads arrays, in which nothing can be recognised.
    """

    def __init__(self, agent: Agent, *, seed: int, lang: str, shape: Shape) -> None:
        if agent.reads is not Reads.TEXT:
            raise ValueError(f"{agent.name} reads no text, so there is nothing to mask")
        self._agent, self._seed, self._lang, self._shape = agent, seed, lang, shape

    @property
    def name(self) -> str:
        """What the journal calls it, e.g. `llm:deepseek (masked)`."""
        return f"{self._agent.name} (masked)"

    @property
    def reads(self) -> Reads:
        """It reads text."""
        return Reads.TEXT

    async def decide(self, briefing: Briefing) -> RawAnswer:
        """Return the mind's answer as of the real session, with what was said behind the mask.

        Raises:
            AgentFault: It gave none, or the session cannot be masked.
        """
        try:
            mask = mask_of(briefing, self._seed)
        except NoCode as error:
            raise AgentFault(f"mask of {briefing.session}", str(error)) from error
        answer = await self._agent.decide(masked_briefing(mask, briefing, self._lang, self._shape))
        return unmasked_answer(mask, answer, briefing.watchlist)
