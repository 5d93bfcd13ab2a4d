"""The built-in tools of one session, answered from its briefing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agents.tools.account import calculator_tool, positions_tool
from agents.tools.fence import refusal
from agents.tools.market import MarketTools
from agents.tools.publications import Publications
from agents.tools.tool import Tool
from services.domain.conversation import ToolCall, ToolSpec
from services.domain.decision import Briefing
from services.ports import NewsSource

TOOLS = ("quote", "bars", "indicators", "news", "announcements", "positions", "calculator")
"""Every built-in tool."""


class BriefingToolbox:
    """Read-only tools that know what the briefing knows, and nothing later.

    `names` are the tools offered, in that order; `news` and `announcements` only with a source.

    Raises:
        ValueError: There is no such tool.
    """

    def __init__(self, briefing: Briefing, names: Sequence[str], news: NewsSource | None = None) -> None:
        made = {one.spec.name: one for one in _made(briefing, news)}
        unknown = [name for name in names if name not in TOOLS]
        if unknown:
            raise ValueError(f"there is no tool {unknown[0]!r}; there are {', '.join(TOOLS)}")
        self._tools: Mapping[str, Tool] = {name: made[name] for name in names if name in made}

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """The tools, as a model is told of them."""
        return tuple(one.spec for one in self._tools.values())

    async def call(self, call: ToolCall) -> str:
        """Return a tool's answer as fenced text, or one line that says why there is none."""
        one = self._tools.get(call.tool)
        if one is None:
            return refusal(
                call.tool[:64], f"there is no such tool; there are {', '.join(self._tools) or 'none'}"
            )
        return await one.ask(call.arguments)


def _made(briefing: Briefing, news: NewsSource | None) -> Sequence[Tool]:
    return (
        *MarketTools(briefing=briefing).tools,
        *(Publications(briefing=briefing, source=news).tools if news else ()),
        positions_tool(briefing),
        calculator_tool(),
    )
