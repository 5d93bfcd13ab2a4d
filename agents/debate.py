"""A debate of several voices as one mind: analysts, bull and bear, a trader, and a risk reviewer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from agents.asked_model import AskedModel
from agents.debate_words import DEBATE_WORDS, DebateWords, Voice
from agents.look_ups import LookUps, ToolLimits
from agents.parsing import answer_schema, parse
from agents.rendering import split_answer
from agents.risk_review import REVIEW_SCHEMA, Review, Ruling, not_smaller, review_of
from agents.talk import Talk, assistant
from services.domain.conversation import OUTSIDE_JOINT, Message, ModelReply, Role, ToolCall, ToolSpec
from services.domain.decision import BadAnswer, Briefing, Decision, RawAnswer, Reads
from services.ports import AgentFault, Toolbox

ANALYSTS = (Voice.TECHNICAL, Voice.NEWS, Voice.FUNDAMENTALS)
ROUNDS_MAX = 5
SAID_SIGNS_MAX = 6_000
"""What is passed on of one contribution; the transcript keeps all of it."""

_NEEDS: Mapping[Voice, frozenset[str]] = {
    Voice.NEWS: frozenset({"news", "announcements"}),
    Voice.FUNDAMENTALS: frozenset({"fundamentals"}),
}
"""An analyst without any of its tools has nothing to go by and is not asked; a server's count by own name."""


def _own_name(tool: str) -> str:
    """Return a tool's name without that of the server it is on."""
    return tool.rpartition(OUTSIDE_JOINT)[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class DebatePlan:
    """Who speaks: the model of each voice, the analysts in order, how often bull and bear take turns."""

    models: Mapping[Voice, AskedModel]
    analysts: tuple[Voice, ...] = ANALYSTS
    rounds: int = 1


@dataclass(slots=True)
class _Minutes:
    """All that is said, voice by voice, and the answer as far as there is one."""

    spoken: list[tuple[str, Talk]] = field(default_factory=list)
    text: str = ""
    model: str = ""
    fault: str = ""

    def talk(self, voice: Voice | str) -> Talk:
        """Return a new page of the minutes."""
        talk = Talk()
        self.spoken.append((str(voice), talk))
        return talk

    def answer(self) -> RawAnswer:
        """Return the answer that stands, each line of the transcript with its voice as `voice`."""
        whole = Talk()
        whole.text, whole.model, whole.fault = self.text, self.model, self.fault
        for voice, talk in self.spoken:
            whole.over_budget = whole.over_budget or talk.over_budget
            whole.calls += talk.calls
            whole.transcript += [{**line, "voice": voice} for line in talk.transcript]
        return whole.answer()


class DebateAgent:
    """Lets analysts report, bull and bear argue, a trader answer and a reviewer shrink or veto it.

    All are spoken to in the briefing's language.
    The trader's last answer is the answer. Analysts that have something to go by report at the same
    time; one that fails, or bull or bear, is left out. Without a trader or, where there are orders, a
    reviewer there is no decision: the answer is then empty, its transcript says why. What the reviewer
    wants smaller the trader answers anew, and nothing in it may be larger than before. The calls are
    bounded: look-ups by `tool_limits` for each analyst, one report of each, `rounds` turns of bull and
    bear, the trader's and the reviewer's answer and one more of each where the first cannot be used.

    Raises:
        ValueError: A voice has no model, or rounds or deadline are out of range.
    """

    def __init__(
        self,
        plan: DebatePlan,
        *,
        name: str,
        deadline_s: float = 240.0,
        toolbox_for: Callable[[Briefing], Toolbox | None] | None = None,
        tool_limits: ToolLimits | None = None,
    ) -> None:
        needed = (*plan.analysts, Voice.BULL, Voice.BEAR, Voice.TRADER, Voice.REVIEWER)
        missing = [str(voice) for voice in needed if voice not in plan.models]
        if missing:
            raise ValueError(f"{name} has no model for {', '.join(missing)}")
        if deadline_s <= 0 or not 0 <= plan.rounds <= ROUNDS_MAX:
            raise ValueError(f"{name}: the deadline must be above 0 s and rounds in 0 to {ROUNDS_MAX}")
        self._plan, self._name = plan, name
        self._deadline_s, self._toolbox_for = deadline_s, toolbox_for
        self._tool_limits = tool_limits or ToolLimits()

    @property
    def name(self) -> str:
        """What the journal calls it, e.g. `debate:deepseek`."""
        return self._name

    @property
    def reads(self) -> Reads:
        """Models read text."""
        return Reads.TEXT

    async def decide(self, briefing: Briefing) -> RawAnswer:
        """Return the trader's last answer, with everything that was said and what it took.

        Raises:
            AgentFault: Nobody said anything within the deadline.
        """
        minutes = _Minutes()
        session = _Session(self._plan, briefing, minutes)
        why = ""
        try:
            async with asyncio.timeout(self._deadline_s):
                await session.hold(self._toolbox_for, self._tool_limits)
        except TimeoutError:
            why = f"no answer within {self._deadline_s:g} s"
        except AgentFault as fault:
            why = str(fault)
        if why:
            minutes.talk("desk").failed(why)
            minutes.fault = why
        answer = minutes.answer()
        if not answer.calls:
            raise AgentFault(f"answer of {self._name}", why, over_budget=bool(answer.over_budget))
        return answer


class _Session:
    """One debate."""

    def __init__(self, plan: DebatePlan, briefing: Briefing, minutes: _Minutes) -> None:
        self._plan, self._briefing, self._minutes = plan, briefing, minutes
        lang, self._facts, self._form = split_answer(briefing.text)
        self._words = DEBATE_WORDS[lang]
        self._opinions: list[tuple[Voice, str]] = []

    async def hold(
        self, toolbox_for: Callable[[Briefing], Toolbox | None] | None, limits: ToolLimits
    ) -> None:
        """Hold the debate; the minutes then hold the answer.

        Raises:
            AgentFault: There is no trader's answer, or nobody to review it.
        """
        toolbox = toolbox_for(self._briefing) if toolbox_for else None
        await self._report(toolbox, limits)
        for _ in range(self._plan.rounds):
            for voice in (Voice.BULL, Voice.BEAR):
                said = await self._opinion(voice, self._minutes.talk(voice))
                self._opinions += [(voice, said)] if said else []
        await self._decide()

    async def _report(self, toolbox: Toolbox | None, limits: ToolLimits) -> None:
        offered = {_own_name(spec.name) for spec in toolbox.specs} if toolbox else set()
        able = [voice for voice in self._plan.analysts if voice not in _NEEDS or _NEEDS[voice] & offered]
        # The pages are laid out first, so that the minutes do not hang on who is done first.
        analysts = [
            _Analyst(self._speaker(voice, self._minutes.talk(voice)), LookUps(_Only(toolbox, voice), limits))
            for voice in able
        ]
        looking = analysts
        # They go step by step: what a budget leaves for a step is then the same however fast each of
        # them answers, and a second run from kept answers asks what the first one did.
        while looking:
            await asyncio.gather(*(analyst.ask() for analyst in looking))
            looking = [analyst for analyst in looking if analyst.looks_up]
            await asyncio.gather(*(analyst.look_up() for analyst in looking))
        said = [(voice, analyst.speaker.said) for voice, analyst in zip(able, analysts, strict=True)]
        self._opinions += [(voice, words) for voice, words in said if words]

    async def _opinion(self, voice: Voice, talk: Talk) -> str:
        """Return what a voice says, empty where it has nothing to say or fails."""
        speaker = self._speaker(voice, talk)
        await speaker.ask()
        return speaker.said

    def _speaker(self, voice: Voice, talk: Talk) -> _Speaker:
        messages = self._told(talk, voice, self._facts, self._said())
        return _Speaker(self._plan.models[voice], talk, messages)

    async def _decide(self) -> None:
        voice, talk = Voice.TRADER, self._minutes.talk(Voice.TRADER)
        messages = self._told(talk, voice, self._facts, self._said(), self._form)
        reply, decided = await self._in_contract(talk, messages, lambda _decision: "")
        if isinstance(decided, Decision) and decided.intents:
            review = await self._reviewed(reply.content)
            if review.verdict is not Ruling.PASS:
                talk = self._minutes.talk(voice)
                reply = await self._made_smaller(talk, messages, reply, decided, review)
        self._minutes.text, self._minutes.model = reply.content, reply.model or self._model(voice).model

    async def _made_smaller(
        self, talk: Talk, messages: list[Message], reply: ModelReply, decided: Decision, review: Review
    ) -> ModelReply:
        """Return the trader's answer to a shrink or a veto.

        Raises:
            AgentFault: It still asks for more than the reviewer left.
        """
        words, veto = self._words, review.verdict is Ruling.VETO

        def problem(after: Decision) -> str:
            if veto:
                return words.not_held if after.intents else ""
            symbol = not_smaller(decided, after)
            return words.not_smaller.format(symbol=symbol) if symbol else ""

        demand = (words.vetoed if veto else words.shrunk).format(reason=_fenced(review.reason))
        messages.append(assistant(reply))
        messages.append(talk.say(Message(role=Role.USER, content=demand)))
        return (await self._in_contract(talk, messages, problem))[0]

    async def _in_contract(
        self, talk: Talk, messages: list[Message], problem_of: Callable[[Decision], str]
    ) -> tuple[ModelReply, Decision | BadAnswer]:
        """Return the trader's answer; asked once more where it cannot be used. A bad one is returned too.

        Raises:
            AgentFault: There is none, or a well-formed one is still not what it must be.
        """
        model, watchlist = self._model(Voice.TRADER), self._briefing.watchlist
        schema = json.dumps(answer_schema(watchlist), ensure_ascii=False)
        reply = await talk.ask(model, messages, schema)
        decided = parse(RawAnswer(text=reply.content, model=reply.model), watchlist)
        why = decided.reason if isinstance(decided, BadAnswer) else problem_of(decided)
        if not why:
            return reply, decided
        self._complain(talk, messages, reply, why)
        reply = await talk.ask(model, messages, schema)
        decided = parse(RawAnswer(text=reply.content, model=reply.model), watchlist)
        if isinstance(decided, Decision) and (why := problem_of(decided)):
            raise AgentFault("answer of the trader", why)
        return reply, decided

    async def _reviewed(self, proposed: str) -> Review:
        """Return the reviewer's word on a proposed answer.

        Raises:
            AgentFault: There is none that can be used.
        """
        model, talk = self._model(Voice.REVIEWER), self._minutes.talk(Voice.REVIEWER)
        shown = f"{self._words.proposed}\n{_fenced(proposed)}"
        messages = self._told(talk, Voice.REVIEWER, self._facts, shown, self._words.review_form)
        reply = await talk.ask(model, messages, REVIEW_SCHEMA)
        review = review_of(reply.content)
        if isinstance(review, str):
            self._complain(talk, messages, reply, review)
            reply = await talk.ask(model, messages, REVIEW_SCHEMA)
            review = review_of(reply.content)
        if isinstance(review, str):
            raise AgentFault("review of the orders", review)
        return review

    def _complain(self, talk: Talk, messages: list[Message], reply: ModelReply, why: str) -> None:
        if reply.content:
            messages.append(assistant(reply))
        complaint = self._words.unusable.format(reason=why)
        messages.append(talk.say(Message(role=Role.USER, content=complaint)))

    def _told(self, talk: Talk, voice: Voice, *parts: str) -> list[Message]:
        told = "\n\n".join(part for part in parts if part)
        return [
            talk.say(Message(role=Role.SYSTEM, content=self._words.task[voice])),
            talk.say(Message(role=Role.USER, content=told)),
        ]

    def _said(self) -> str:
        """Return what was said so far as data, empty before the first word."""
        return _together(self._words, self._opinions)

    def _model(self, voice: Voice) -> AskedModel:
        return self._plan.models[voice]


def _together(words: DebateWords, opinions: Iterable[tuple[Voice, str]]) -> str:
    parts = [f"{words.opinion.format(voice=voice)}\n{_fenced(said)}" for voice, said in opinions]
    return "\n".join((words.opinions, *parts)) if parts else ""


def _fenced(said: str) -> str:
    """Return words between marks that they cannot close."""
    return f"<<<\n{said.replace('<<<', '< < <').replace('>>>', '> > >')}\n>>>"


@dataclass(slots=True)
class _Speaker:
    """One voice on its page: what it was told, and its last reply; None where it has none, or failed."""

    model: AskedModel
    talk: Talk
    messages: list[Message]
    reply: ModelReply | None = None

    async def ask(self, tools: tuple[ToolSpec, ...] = ()) -> None:
        """Let the voice speak; a fault is written down, and takes its word away."""
        self.reply = None
        try:
            self.reply = await self.talk.ask(self.model, self.messages, "", tools)
        except AgentFault as fault:
            self.talk.failed(str(fault))

    @property
    def said(self) -> str:
        """What is passed on of its last reply, empty where it has nothing to say."""
        return self.reply.content.strip()[:SAID_SIGNS_MAX] if self.reply else ""


@dataclass(slots=True)
class _Analyst:
    """A voice that may look things up before it reports."""

    speaker: _Speaker
    look_ups: LookUps

    @property
    def looks_up(self) -> bool:
        """Whether its last reply asks for something that it may still look up."""
        reply = self.speaker.reply
        return reply is not None and bool(reply.tool_calls and self.look_ups.offered)

    async def ask(self) -> None:
        """Let it speak with the tools that are left to it."""
        await self.speaker.ask(self.look_ups.offered)

    async def look_up(self) -> None:
        """Answer what its last reply asks for."""
        if self.speaker.reply is not None:
            await self.look_ups.answer(self.speaker.reply, self.speaker.messages, self.speaker.talk)


class _Only:
    """The tools of one analyst: news and figures are for those who are asked for them."""

    def __init__(self, toolbox: Toolbox | None, voice: Voice) -> None:
        self._toolbox = toolbox
        known: Sequence[ToolSpec] = toolbox.specs if toolbox else ()
        others = frozenset[str]().union(*(names for of, names in _NEEDS.items() if of is not voice))
        self.specs = tuple(spec for spec in known if _own_name(spec.name) not in others)

    async def call(self, call: ToolCall) -> str:
        """Return the tool's answer."""
        if self._toolbox is None or all(spec.name != call.tool for spec in self.specs):
            return f"there is no tool {call.tool}"
        return await self._toolbox.call(call)
