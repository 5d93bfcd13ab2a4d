"""Which mind an `--agent` specification names."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from agents.rule import UnknownRule
from commands.failures import CommandFailed, Exit
from commands.past import Past
from commands.rule_minds import rule_of
from services.domain.decision import Briefing, RawAnswer, Reads
from services.domain.value import Value
from services.ports import Agent, AgentFault
from services.score_file import ScoreFileError
from services.settings import Settings

if TYPE_CHECKING:
    from commands.model_desk import Keeping
    from services.models.cached import Counts


class Mind(Value, frozen=True, kw_only=True):
    """An agent to be made once the journal is there, its name and the digest of its script.

    `counts` tells how many answers of models were asked for and how many were kept ones; None for a
    mind that asks none.
    """

    name: str
    make: Callable[[Past], Agent]
    script: str = ""
    counts: Counts | None = None


class _Silent:
    """A mind that says nothing, for a process that only ends what others began."""

    reads = Reads.ARRAYS

    def __init__(self, name: str) -> None:
        self.name = name

    async def decide(self, briefing: Briefing) -> RawAnswer:
        """Refuse to answer.

        Raises:
            AgentFault: Always.
        """
        raise AgentFault(f"decide {briefing.session}", "nobody is asked while the account is being stopped")


def silent(name: str) -> Mind:
    """Return a mind of that name which never answers."""
    agent = _Silent(name)
    return Mind(name=name, make=lambda _past: agent)


def mind_of(settings: Settings, keeping: Keeping | None = None, *, live: bool = False) -> Mind:
    """Return the mind that the settings' `agent_type` names; `live` where it lives on the system clock.

    Answers of models are kept as `keeping` says, without it as is usual in the settings' mode.

    Raises:
        CommandFailed: There is no such rule, model or script.
    """
    kind, _, rest = settings.agent_type.partition(":")
    if kind == "rule":
        return _rule(rest or "momentum", settings, live)
    if kind == "scripted":
        return _scripted(Path(rest))
    if kind == "debate":
        return _debate(settings, rest or None, keeping, live=live)
    return _model(settings, rest or None, keeping, live=live)


def _rule(spec: str, settings: Settings, live: bool) -> Mind:
    try:
        agent, script = rule_of(spec, settings, live=live)
    except UnknownRule as error:
        raise CommandFailed(Exit.USAGE, f"--agent rule:{spec}: {error}") from error
    except ScoreFileError as error:
        raise CommandFailed(Exit.USAGE, str(error)) from error
    return Mind(name=agent.name, make=lambda _past: agent, script=script)


def _scripted(path: Path) -> Mind:
    from agents.scripted import ScriptedAgent, ScriptError, read_script

    try:
        answers = read_script(path)
    except (ScriptError, OSError) as error:
        raise CommandFailed(Exit.USAGE, f"--agent scripted: {error}") from error
    digest = sha256("\n".join(answers).encode("utf-8", "surrogatepass")).hexdigest()
    name = f"scripted:{path.name}"
    return Mind(
        name=name,
        make=lambda past: ScriptedAgent(answers, past.ordinal_of, name=name),
        script=digest,
    )


def _model(settings: Settings, name: str | None, keeping: Keeping | None, *, live: bool) -> Mind:
    from agents.llm import LlmAgent
    from commands.model_desk import ModelDesk, keeping_of
    from commands.tool_desk import ToolDesk

    kept = keeping or keeping_of(settings)
    asking, tools = settings.agent_config, ToolDesk(settings, live=live)

    def make(past: Past) -> Agent:
        desk = ModelDesk(settings, kept, past)
        first = desk.model(name)
        others = [desk.model(other) for other in dict.fromkeys(asking.fallback) if other != first.name]
        agent = tools.equipped(
            lambda toolbox_for, left_s: LlmAgent(
                (first, *others),
                name=f"llm:{first.name}",
                deadline_s=left_s,
                toolbox_for=toolbox_for,
                tool_limits=tools.limits,
            )
        )
        return desk.budgeted(agent)

    # Made once here, so that what cannot be asked is refused before anything begins.
    named = make(Past(ordinal_of=lambda _session: 0)).name
    return Mind(name=named, make=make, script=tools.script, counts=kept.counts)


def _debate(settings: Settings, name: str | None, keeping: Keeping | None, *, live: bool) -> Mind:
    from agents.debate import DebateAgent, DebatePlan
    from agents.debate_words import Voice
    from commands.model_desk import ModelDesk, keeping_of
    from commands.tool_desk import ToolDesk

    kept, asking = keeping or keeping_of(settings), settings.agent_config
    tools = ToolDesk(settings, live=live)

    def make(past: Past) -> Agent:
        desk = ModelDesk(settings, kept, past)
        first = desk.model(name)
        own = {voice: getattr(asking.debate, voice.value) for voice in Voice}
        plan = DebatePlan(
            models={voice: desk.model(model) if model else first for voice, model in own.items()},
            analysts=tuple(Voice(analyst) for analyst in asking.debate.analysts),
            rounds=asking.debate.rounds,
        )
        agent = tools.equipped(
            lambda toolbox_for, left_s: DebateAgent(
                plan,
                name=f"debate:{first.name}",
                deadline_s=left_s,
                toolbox_for=toolbox_for,
                tool_limits=tools.limits,
            )
        )
        return desk.budgeted(agent)

    named = make(Past(ordinal_of=lambda _session: 0)).name
    return Mind(name=named, make=make, script=tools.script, counts=kept.counts)
