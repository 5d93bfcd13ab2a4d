"""Rules put together: from a specification or the configuration, with the score file they read."""

from __future__ import annotations

from pathlib import Path

from agents.rule import rule_agent
from agents.signal_recipe import RULE, Recipe, recipe_of
from services.domain.instruments import Market
from services.domain.scores import Scores
from services.ports import Agent, AgentFault
from services.score_file import ScoreFileError, read_scores
from services.settings import Settings
from services.settings_signals import SignalsSettings


def rule_of(spec: str, settings: Settings, *, live: bool) -> tuple[Agent, str]:
    """Return the rule, and the SHA-256 of the score file it decides on; empty where it reads none.

    A run over recorded prices decides on the file as it was at the start; where `live`, the file is
    read again in every session, so that new scores may be added to it.

    Raises:
        UnknownRule: No such rule or option.
        ScoreFileError: The score file cannot be used.
    """
    name, _, rest = spec.partition(":")
    if name != RULE:
        return rule_agent(spec), ""
    from agents.signals import SignalsAgent

    recipe = recipe_of(rest) if rest else _configured(settings.agent_config.signals)
    if recipe.file is None:
        return SignalsAgent(recipe), ""
    path, market = Path(recipe.file), settings.market
    scores = read_scores(path, market)
    if live:
        return SignalsAgent(recipe, lambda: _read_again(path, market)), scores.digest
    return SignalsAgent(recipe, lambda: scores), scores.digest


def _configured(signals: SignalsSettings) -> Recipe:
    return Recipe(
        weights=signals.weights,
        buy=signals.buy,
        sell=signals.sell,
        top=signals.top,
        file=None if signals.score_file is None else str(signals.score_file),
        age_days_max=signals.score_age_days_max,
    )


def _read_again(path: Path, market: Market) -> Scores:
    """Return the scores as they stand now.

    Raises:
        AgentFault: The file cannot be used any more: nothing is decided on what it held before.
    """
    try:
        return read_scores(path, market)
    except ScoreFileError as error:
        raise AgentFault("scores", str(error)) from error
