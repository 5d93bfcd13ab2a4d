"""Until when the training data of the models that a mind asks may go."""

from __future__ import annotations

from datetime import date

from services.settings import Settings


def training_cutoff(settings: Settings) -> date | None:
    """Return the last day that the training data of any model the mind may ask holds, as far as it is said.

    A mind of several models remembers as much as the youngest of them. None for a mind that asks none.
    """
    kind, _, name = settings.agent_type.partition(":")
    if kind not in ("llm", "debate"):
        return None
    enabled = [model for model in settings.models if model.enabled]
    asked = {name or next((model.name for model in enabled), ""), *settings.agent_config.fallback}
    if kind == "debate":
        asked |= settings.agent_config.debate.models
    known = [model.training_cutoff for model in enabled if model.name in asked]
    return max((cutoff for cutoff in known if cutoff is not None), default=None)
