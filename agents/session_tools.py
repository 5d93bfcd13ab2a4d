"""The tools of one account's mind: made anew for each session, and put away at its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from agents.outside_tools import Allowed, OutsideTools, started, stopped
from agents.toolbox import BriefingToolbox
from services.clock import stopwatch_s
from services.domain.conversation import OUTSIDE_OFF, ToolCall, ToolSpec
from services.domain.decision import Briefing, RawAnswer, Reads
from services.ports import Agent, AgentFault, NewsSource, Toolbox

_LEAST_S = 0.01
"""A mind is not made without any time at all: it then says itself that it had too little."""


class SessionTools:
    """Which tools there are: built-in ones by name, and those of `servers`.

    `outside` False leaves the servers alone and says so in every transcript: nobody can cut what they
    say at the moment of a session on recorded prices.
    """

    def __init__(
        self,
        names: Sequence[str],
        news: NewsSource | None = None,
        servers: Sequence[Allowed] = (),
        *,
        outside: bool = True,
    ) -> None:
        self._names, self._news = tuple(names), news
        self._servers = tuple(servers) if outside else ()
        self._notes = (OUTSIDE_OFF,) if servers and not outside else ()
        self._found = OutsideTools((), ())

    def toolbox_for(self, briefing: Briefing) -> Toolbox | None:
        """Return the toolbox of a session, None where there are no tools."""
        toolbox = _Both(BriefingToolbox(briefing, self._names, self._news), self._found)
        return toolbox if toolbox.specs else None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Sequence[str]]:
        """Start the servers for one session, and end them with it; yields what is to be said of them."""
        try:
            self._found = await started(self._servers)
            yield (*self._notes, *self._found.faults)
        finally:
            self._found = OutsideTools((), ())
            await stopped(self._servers)


class ToolUsingAgent:
    """A mind whose tools are opened before it is asked, both within `deadline_s`, and closed after.

    `make` makes the mind with the seconds that it has: what opening its tools has left of them. A tool
    server that does not end by itself when it is told to is ended a second later.
    """

    def __init__(self, make: Callable[[float], Agent], tools: SessionTools, deadline_s: float) -> None:
        self._make, self._tools, self._deadline_s = make, tools, deadline_s
        self._agent = make(deadline_s)

    @property
    def name(self) -> str:
        """What the journal calls the mind."""
        return self._agent.name

    @property
    def reads(self) -> Reads:
        """What the mind reads."""
        return self._agent.reads

    async def decide(self, briefing: Briefing) -> RawAnswer:
        """Return the mind's answer; what was wrong with its tools stands before the transcript.

        Raises:
            AgentFault: It gave none, or its tools took all the time there is.
        """
        began_s = stopwatch_s()
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(self._deadline_s):
                    said = await stack.enter_async_context(self._tools.opened())
            except TimeoutError as late:
                why = f"its tools did not start within {self._deadline_s:g} s"
                raise AgentFault(f"answer of {self.name}", why) from late
            left_s = round(self._deadline_s - (stopwatch_s() - began_s), 2)
            answer = await self._make(max(left_s, _LEAST_S)).decide(briefing)
        notes = tuple({"role": "tools", "content": one} for one in said)
        return replace(answer, transcript=(*notes, *answer.transcript)) if notes else answer


class _Both:
    """Built-in and outside tools as one; a name of ours never holds what stands in a server's."""

    def __init__(self, inside: BriefingToolbox, outside: OutsideTools) -> None:
        self._inside, self._outside = inside, outside

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        return (*self._inside.specs, *self._outside.specs)

    async def call(self, call: ToolCall) -> str:
        known = any(spec.name == call.tool for spec in self._outside.specs)
        return await (self._outside if known else self._inside).call(call)
