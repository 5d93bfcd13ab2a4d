"""A language model as a mind: asked, let look things up, asked once more, and replaced where it fails."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence

from agents.asked_model import AskedModel
from agents.look_ups import LookUps, ToolLimits
from agents.parsing import answer_schema, parse
from agents.talk import Talk, assistant
from services.domain.conversation import Message, Role
from services.domain.decision import BadAnswer, Briefing, RawAnswer, Reads
from services.ports import AgentFault, Toolbox

DEADLINE_S = 240.0


class LlmAgent:
    """Asks the first model, and the next one where it brings no usable answer.

    Each model is asked once, with look-ups in between where `toolbox_for` gives a toolbox, and once
    more when its answer breaks the contract. Everything together happens within `deadline_s`; what
    is left of it is all the later models have. Where none is usable the last answer given is the
    answer, bad as it is: who reads it parses it. Once a model has replied at all, what was said and
    what it took is the answer too, empty where no answer was given, with the fault that ended it.

    Raises:
        ValueError: There is no model, or the deadline is not positive.
    """

    def __init__(
        self,
        models: Sequence[AskedModel],
        *,
        name: str,
        deadline_s: float = DEADLINE_S,
        toolbox_for: Callable[[Briefing], Toolbox | None] | None = None,
        tool_limits: ToolLimits | None = None,
    ) -> None:
        if not models:
            raise ValueError(f"{name} needs a model to ask")
        if deadline_s <= 0:
            raise ValueError(f"the deadline of {name} must be above 0 s, not {deadline_s}")
        self._models, self._name, self._deadline_s = tuple(models), name, deadline_s
        self._toolbox_for, self._tool_limits = toolbox_for, tool_limits or ToolLimits()

    @property
    def name(self) -> str:
        """What the journal calls it, e.g. `llm:deepseek`."""
        return self._name

    @property
    def reads(self) -> Reads:
        """A model reads text."""
        return Reads.TEXT

    async def decide(self, briefing: Briefing) -> RawAnswer:
        """Return the answer as received, with every message and what it took.

        Raises:
            AgentFault: No model replied within the deadline.
        """
        talk, faults = Talk(), list[AgentFault]()
        usable = False
        try:
            async with asyncio.timeout(self._deadline_s):
                usable = await self._first_usable(briefing, talk, faults)
        except TimeoutError:
            late = AgentFault(f"answer of {self._name}", f"no answer within {self._deadline_s:g} s")
            talk.failed(str(late))
            faults.append(late)
        if not talk.calls:
            raise _together(faults)
        if faults and not usable:
            talk.fault = str(_together(faults))
        return talk.answer()

    async def _first_usable(self, briefing: Briefing, talk: Talk, faults: list[AgentFault]) -> bool:
        """Ask one model after the other until an answer is usable, and answer whether one is.

        A fault leaves the answer that stood before.
        """
        schema = json.dumps(answer_schema(briefing.watchlist), ensure_ascii=False)
        look_ups = LookUps(self._toolbox_for(briefing) if self._toolbox_for else None, self._tool_limits)
        for model in self._models:
            try:
                if await self._usable(model, briefing, schema, look_ups, talk):
                    return True
            except AgentFault as fault:
                talk.failed(str(fault))
                faults.append(fault)
        return False

    async def _usable(
        self, model: AskedModel, briefing: Briefing, schema: str, look_ups: LookUps, talk: Talk
    ) -> bool:
        """Ask one model, once more where its answer breaks the contract; answer whether it is usable."""
        messages = [talk.say(Message(role=Role.USER, content=briefing.text))]
        reply = await talk.ask(model, messages, schema, look_ups.offered)
        while reply.tool_calls and look_ups.offered:
            await look_ups.answer(reply, messages, talk)
            reply = await talk.ask(model, messages, schema, look_ups.offered)
        talk.stands(reply, model)
        problem = parse(talk.answer(), briefing.watchlist)
        if not isinstance(problem, BadAnswer):
            return True
        if reply.content:
            messages.append(assistant(reply))
        cut_off = reply.finish_reason == "length"
        messages.append(talk.say(Message(role=Role.USER, content=_complaint(problem, cut_off=cut_off))))
        reply = await talk.ask(model, messages, schema)
        talk.stands(reply, model)
        return not isinstance(parse(talk.answer(), briefing.watchlist), BadAnswer)


def _together(faults: Sequence[AgentFault]) -> AgentFault:
    """Return one fault for all: the only one as it is."""
    if len(faults) == 1:
        return faults[0]
    return AgentFault(
        ", then ".join(fault.asked for fault in faults),
        "; ".join(fault.why for fault in faults),
        over_budget=any(fault.over_budget for fault in faults),
    )


def _complaint(problem: BadAnswer, *, cut_off: bool) -> str:
    shorter = " It was cut off at the length limit; be shorter." if cut_off else ""
    return (
        f"That answer cannot be used ({problem.kind}): {problem.reason}.{shorter} "
        "Answer again with one json object exactly as described, and nothing else."
    )
