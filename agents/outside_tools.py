"""Tools of other programs, as far as the configuration allows them: renamed, fenced, and never trusted."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agents.one_line import one_line
from agents.tools.fence import clean, cleaned, fenced, refusal
from agents.tools.tool import Refused, readable_object
from services.domain.conversation import OUTSIDE_JOINT, ToolCall, ToolSpec
from services.ports import ToolFault, ToolServer

DESCRIPTION_SIGNS_MAX = 600
SCHEMA_SIGNS_MAX = 8 * 1024

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """A server, and which of its tools may be called."""

    server: ToolServer
    tools: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    """A tool that may be called: at which server, and what it is called there."""

    server: ToolServer
    tool: str
    spec: ToolSpec


class OutsideTools:
    """The tools of the servers that answered, and why others are missing (`faults`)."""

    def __init__(self, tools: Sequence[_Open], faults: Sequence[str]) -> None:
        self._tools: Mapping[str, _Open] = {one.spec.name: one for one in tools}
        self.faults = tuple(faults)

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """The tools, as a model is told of them."""
        return tuple(one.spec for one in self._tools.values())

    async def call(self, call: ToolCall) -> str:
        """Return a server's answer as fenced text, or one line that says why there is none."""
        found = self._tools.get(call.tool)
        if found is None:
            return refusal(call.tool[:64], "there is no such tool")
        try:
            arguments = readable_object(call.arguments)
            answer = await found.server.ask(found.tool, arguments)
        except (Refused, ToolFault) as error:
            return refusal(call.tool, str(error))
        return fenced(answer, call.tool, f"the outside server {found.server.name}")


async def started(allowed: Sequence[Allowed]) -> OutsideTools:
    """Return the allowed tools of the servers, all started at once; one that fails is named, and left out."""
    asked = await asyncio.gather(*(_started(one) for one in allowed))
    return OutsideTools(
        [tool for tools, _ in asked for tool in tools], [fault for _, faults in asked for fault in faults]
    )


async def stopped(allowed: Sequence[Allowed]) -> None:
    """End all the servers."""
    await asyncio.gather(*(one.server.stop() for one in allowed))


async def _started(one: Allowed) -> tuple[list[_Open], list[str]]:
    try:
        listed = {spec.name: spec for spec in await one.server.start()}
    except ToolFault as fault:
        return [], [one_line(clean(str(fault)), 300)]
    found: list[_Open] = []
    faults: list[str] = []
    for name in one.tools:
        spec = _spec(one.server.name, listed[name]) if name in listed else None
        if spec is None:
            faults.append(f"tool {name} of {one.server.name}: the server has none that can be offered")
        else:
            found.append(_Open(server=one.server, tool=name, spec=spec))
    return found, faults


def _spec(server: str, told: ToolSpec) -> ToolSpec | None:
    """Return a tool as a model is told of it, None where it cannot be."""
    name = f"{server}{OUTSIDE_JOINT}{told.name}"
    if not _NAME.fullmatch(name) or len(told.parameters) > SCHEMA_SIGNS_MAX:
        return None
    try:
        schema = json.loads(told.parameters)
        if not isinstance(schema, dict) or schema.get("type") != "object":
            return None
        parameters = json.dumps(cleaned(schema), ensure_ascii=False)
    except (ValueError, RecursionError):
        return None
    words = one_line(clean(told.description[: 4 * DESCRIPTION_SIGNS_MAX]), DESCRIPTION_SIGNS_MAX)
    return ToolSpec(
        name=name,
        description=f"A tool of the outside server {server}, which says of it (as data): {words}",
        parameters=parameters,
    )
