"""The section on the arena: who trades beside the models, and how the results are compared."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from services.settings_values import Section, Unit, Whole

_AGENT_SPEC = re.compile(r"(rule|llm|debate)(:.+)?|(scripted|record):.+")

Baseline = Literal["buy_and_hold", "equal_weight", "momentum", "mean_reversion", "random"]


class EntrantSettings(Section):
    """Somebody who trades beside the enabled models, on an account of their own."""

    name: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,30}$",
            description="What the leaderboard calls it; its account is `<account>-<name>`.",
        ),
    ]
    agent: Annotated[
        str,
        Field(description="As `agent_type`; or `record:FILE`, the decisions of a recorded `position.jsonl`."),
    ]

    @field_validator("agent")
    @classmethod
    def _agent_spec(cls, spec: str) -> str:
        if not _AGENT_SPEC.fullmatch(spec):
            raise ValueError("must be rule[:NAME], llm[:MODEL], debate[:MODEL], scripted:FILE or record:FILE")
        return spec


class ArenaSettings(Section):
    """Who trades against each other on the same prices, and how results are compared."""

    models: Annotated[bool, Field(description="Whether every enabled model enters.")] = True
    entrants: Annotated[
        tuple[EntrantSettings, ...], Field(description="Who enters beside the enabled models.")
    ] = ()
    baselines: Annotated[
        tuple[Baseline, ...], Field(description="Plain rules that enter, for comparison.")
    ] = ("buy_and_hold", "equal_weight", "momentum", "mean_reversion", "random")
    parallel_max: Annotated[
        Whole,
        Unit("decisions"),
        Field(ge=1, le=1000, description="Most models asked at the same time."),
    ] = 16
    index_file: Annotated[
        Path | None,
        Field(
            description="Price file of one symbol, daily: the index. Empty: the watchlist, equal weight, "
            "bought once."
        ),
    ] = None
    draws: Annotated[
        Whole, Field(ge=200, le=100_000, description="Resamples that an interval is read off.")
    ] = 5000
    block_days: Annotated[
        Whole,
        Unit("trading days"),
        Field(ge=1, le=250, description="Days in a row that are resampled together."),
    ] = 5
    seed: Annotated[Whole, Field(ge=0, le=2**32 - 1, description="Seed of the resampling.")] = 20251009

    @field_validator("entrants")
    @classmethod
    def _names_differ(cls, entrants: tuple[EntrantSettings, ...]) -> tuple[EntrantSettings, ...]:
        names = [entrant.name for entrant in entrants]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two entrants are named {name!r}: rename one")
        return entrants

    @field_validator("baselines")
    @classmethod
    def _once_each(cls, baselines: tuple[Baseline, ...]) -> tuple[Baseline, ...]:
        if len(set(baselines)) < len(baselines):
            raise ValueError("each baseline is named once")
        return baselines
