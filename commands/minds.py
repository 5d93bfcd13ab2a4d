"""Which mind an `--agent` specification names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from agents.rule import UnknownRule, rule_agent
from commands.failures import CommandFailed, Exit
from services.domain.orders import SessionId
from services.ports import Agent
from services.settings import Settings, SettingsError
from services.settings_sections import AgentSettings, ModelSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Mind:
    """An agent to be made once the journal is there, its name and the digest of its script."""

    name: str
    make: Callable[[Callable[[SessionId], int]], Agent]
    script: str = ""


def mind_of(settings: Settings) -> Mind:
    """Return the mind that the settings' `agent_type` names.

    Raises:
        CommandFailed: There is no such rule, model or script.
    """
    kind, _, rest = settings.agent_type.partition(":")
    if kind == "rule":
        return _rule(rest or "momentum")
    if kind == "scripted":
        return _scripted(Path(rest))
    try:
        return _model(settings.model_for(rest or None), settings.agent_config)
    except SettingsError as error:
        raise CommandFailed(Exit.USAGE, str(error)) from error


def _rule(spec: str) -> Mind:
    try:
        agent = rule_agent(spec)
    except UnknownRule as error:
        raise CommandFailed(Exit.USAGE, f"--agent rule:{spec}: {error}") from error
    return Mind(name=agent.name, make=lambda _ordinal_of: agent)


def _scripted(path: Path) -> Mind:
    from agents.scripted import ScriptedAgent, ScriptError, read_script

    try:
        answers = read_script(path)
    except (ScriptError, OSError) as error:
        raise CommandFailed(Exit.USAGE, f"--agent scripted: {error}") from error
    digest = sha256("\n".join(answers).encode()).hexdigest()
    name = f"scripted:{path.name}"
    return Mind(
        name=name, make=lambda ordinal_of: ScriptedAgent(answers, ordinal_of, name=name), script=digest
    )


def _model(model: ModelSettings, asking: AgentSettings) -> Mind:
    from agents.llm import LlmAgent

    key = model.api_key.get_secret_value() if model.api_key else ""
    try:
        agent = LlmAgent(
            model=model.model,
            base_url=model.base_url,
            api_key=key,
            name=f"llm:{model.name}",
            dialect=model.dialect,
            deadline_s=model.deadline_s,
            temperature=model.temperature,
            attempts_max=asking.max_retries,
            first_wait_s=float(asking.base_delay),
        )
    except ValueError as error:
        raise CommandFailed(Exit.USAGE, f"models: {error}") from error
    return Mind(name=agent.name, make=lambda _ordinal_of: agent)
