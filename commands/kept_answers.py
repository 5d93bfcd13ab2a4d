"""How a command uses kept answers of models: `--llm` and what is usual, and who hears of trouble."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commands.failures import CommandFailed, Exit
from commands.screen import Screen
from services.settings import Settings

if TYPE_CHECKING:
    from commands.model_desk import Keeping
    from services.models.cached import CacheTrouble


def kept_answers(
    settings: Settings, wanted: str | None, screen: Screen, usual: str | None = None
) -> Keeping | None:
    """Return how answers are kept, None for a mind that asks no model.

    `wanted` is what `--llm` says; without it `usual` counts, and without that the settings' mode.

    Raises:
        CommandFailed: `wanted` is no way of keeping them.
    """
    if wanted is None and settings.agent_type.partition(":")[0] in ("rule", "scripted"):
        return None
    from commands.model_desk import keeping_of
    from services.models.cached import LlmMode

    text = wanted or usual
    if text is not None and text not in set(LlmMode):
        raise CommandFailed(Exit.USAGE, f"--llm {text}: give one of {', '.join(LlmMode)}")

    def told(trouble: CacheTrouble, why: str) -> None:
        screen.note(f"llm.{trouble}", why=why)

    return keeping_of(settings, None if text is None else LlmMode(text), told)


def warn_without_key(settings: Settings, screen: Screen) -> None:
    """Say that no key is set for the model that decides; an endpoint on this machine mostly needs none."""
    if settings.agent_type.partition(":")[0] in ("rule", "scripted"):
        return
    from commands.doctor_checks import asked_model, is_local

    model = asked_model(settings)
    if model is not None and model.api_key is None and not is_local(model.base_url):
        screen.note("llm.no_key", model=model.name, agent=settings.agent_type)
