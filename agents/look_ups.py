"""What a model may look up in one session: the tools offered, until their limits are used up."""

from __future__ import annotations

from dataclasses import dataclass

from agents.talk import Talk, assistant
from services.domain.conversation import Message, ModelReply, Role, ToolSpec
from services.ports import Toolbox

_ENOUGH = "No more look-ups in this session. Give your answer now."
_CUT = "\n[cut here: no more can be looked up in this session]"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolLimits:
    """How much may be looked up in one session: rounds, calls in all of them, bytes of their results."""

    steps_max: int = 8
    calls_max: int = 24
    bytes_max: int = 128 * 1024


class LookUps:
    """The look-ups of one session, whichever model makes them; without a toolbox there are none."""

    def __init__(self, toolbox: Toolbox | None, limits: ToolLimits) -> None:
        self._toolbox, self._limits = toolbox, limits
        self._steps, self._calls, self._bytes = 0, 0, 0

    @property
    def offered(self) -> tuple[ToolSpec, ...]:
        """The tools that may be called now, none once a limit is used up."""
        limits = self._limits
        left = self._steps < limits.steps_max and self._calls < limits.calls_max
        if self._toolbox is None or not left or self._bytes >= limits.bytes_max:
            return ()
        return self._toolbox.specs

    async def answer(self, reply: ModelReply, messages: list[Message], talk: Talk) -> None:
        """Add a reply and the results of its calls to the messages; calls beyond the limit are left out."""
        if self._toolbox is None:
            return
        asked = assistant(reply, self._limits.calls_max - self._calls)
        messages.append(asked)
        self._steps += 1
        for call in asked.tool_calls:
            self._calls += 1
            result = self._within(await self._toolbox.call(call))
            messages.append(talk.say(Message(role=Role.TOOL, content=result, call_id=call.call_id)))
        if not self.offered:
            messages.append(talk.say(Message(role=Role.USER, content=_ENOUGH)))

    def _within(self, result: str) -> str:
        """Return as much of a result as the bytes left allow, and count it."""
        data = result.encode("utf-8", "replace")
        left = max(0, self._limits.bytes_max - self._bytes)
        self._bytes += len(data)
        return data.decode() if len(data) <= left else data[:left].decode("utf-8", "ignore") + _CUT
