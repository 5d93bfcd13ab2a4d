"""Masked replays: which minds can be asked behind a mask, and what the mask changes in what they do."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from commands.failures import CommandFailed, Exit
from monitor.session_side import Compared
from services.domain.decision import Reads
from services.ports import Agent
from services.settings import Settings


def without_look_ups(settings: Settings) -> Settings:
    """Return the settings of a mind that looks nothing up: news and outside servers know real names."""
    asking = replace(settings.agent_config, tools=(), news_file=None)
    return replace(settings, agent_config=asking, mcp_servers=())


def require_reader(agent: Agent) -> None:
    """Do nothing where the mind reads text.

    Raises:
        CommandFailed: It reads arrays, in which nothing can be recognised.
    """
    if agent.reads is not Reads.TEXT:
        raise CommandFailed(Exit.USAGE, f"--masked: {agent.name} reads no text; give --agent llm:NAME")


def by_the_mask(plain: Sequence[Compared], masked: Sequence[Compared]) -> list[Compared]:
    """Return the same sessions with the unmasked side in the place of the recorded one.

    A session of which one side is missing is `failed`, with why.
    """
    return [
        Compared(
            session=one.session,
            recorded=one.recorded if one.other is None else one.other,
            other=None if one.other is None else other.other,
            failed=one.failed or other.failed,
        )
        for one, other in zip(plain, masked, strict=True)
    ]
