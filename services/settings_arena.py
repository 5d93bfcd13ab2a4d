"""The section on the arena: who trades beside the models, and how the results are compared."""

import re
from pathlib import Path
from typing import Annotated, Literal

from services.settings_values import About, Check, Distinct, NamesDiffer, Pattern, Range, Section, Unit

Baseline = Literal["buy_and_hold", "equal_weight", "momentum", "mean_reversion", "random"]


def _agent_spec(spec: str) -> str:
    if not re.fullmatch(r"(rule|llm|debate)(:.+)?|(scripted|record):.+", spec):
        raise ValueError("must be rule[:NAME], llm[:MODEL], debate[:MODEL], scripted:FILE or record:FILE")
    return spec


class EntrantSettings(Section, frozen=True, kw_only=True):
    """Somebody who trades beside the enabled models, on an account of their own."""

    name: Annotated[
        str,
        Pattern(r"[A-Za-z0-9][A-Za-z0-9_-]{0,30}"),
        About("What the leaderboard calls it; its account is `<account>-<name>`."),
    ]
    agent: Annotated[
        str,
        Check(_agent_spec),
        About("As `agent_type`; or `record:FILE`, the decisions of a recorded `position.jsonl`."),
    ]


class ArenaSettings(Section, frozen=True, kw_only=True):
    """Who trades against each other on the same prices, and how results are compared."""

    models: Annotated[bool, About("Whether every enabled model enters.")] = True
    entrants: Annotated[
        tuple[EntrantSettings, ...], NamesDiffer("entrants"), About("Who enters beside the enabled models.")
    ] = ()
    baselines: Annotated[
        tuple[Baseline, ...],
        Distinct("each baseline is named once"),
        About("Plain rules that enter, for comparison."),
    ] = ("buy_and_hold", "equal_weight", "momentum", "mean_reversion", "random")
    parallel_max: Annotated[
        int,
        Unit("decisions"),
        Range(ge=1, le=1000),
        About("Most models asked at the same time."),
    ] = 16
    index_file: Annotated[
        Path | None,
        About("Price file of one symbol, daily: the index. Empty: the watchlist, equal weight, bought once."),
    ] = None
    draws: Annotated[int, Range(ge=200, le=100_000), About("Resamples that an interval is read off.")] = 5000
    block_days: Annotated[
        int,
        Unit("trading days"),
        Range(ge=1, le=250),
        About("Days in a row that are resampled together."),
    ] = 5
    seed: Annotated[int, Range(ge=0, le=2**32 - 1), About("Seed of the resampling.")] = 20251009
