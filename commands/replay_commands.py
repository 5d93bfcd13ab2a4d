"""Recorded sessions lived again, and foreign records audited."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commands.common_options import Common, with_common
from commands.entry import run_on_account
from commands.flags import (
    AdjustmentName,
    LlmModeName,
    Masked,
    MaskSeed,
    PricesOfRecord,
    TermsName,
    VolumeUnitName,
    said,
)

app = typer.Typer()


def replay_session(
    common: Common, session: str, agent: str | None, llm: str | None, mask_seed: int | None = None
) -> None:
    """Live a recorded session again, or all of them.

    Raises:
        typer.Exit: Always, with the command's exit code.
    """
    from commands.replay import replay

    run_on_account(
        common,
        lambda settings, screen: replay(settings, session, agent, screen, llm, mask_seed),
        agent_type=agent,
    )


@app.command(
    help=said(
        "Live a recorded session again and compare; --agent puts another mind in its place. "
        "ID 'all' replays every session.",
        "重放一个已记录的时段并比较；--agent 换另一决策者。ID 为 all 时重放全部。",
    )
)
@with_common
def replay(
    common: Common,
    session: Annotated[str, typer.Argument(metavar="ID")],
    agent: Annotated[str | None, typer.Option(metavar="SPEC", show_default=False)] = None,
    llm: LlmModeName = None,
    masked: Masked = False,
    seed: MaskSeed = 1,
) -> None:
    """Replay one session."""
    replay_session(common, session, agent, llm, seed if masked else None)


@app.command(
    help=said(
        "Audit any AI-Trader-style position.jsonl against recorded prices and the dated rules.",
        "对照历史行情与当时规则，审计任意 AI-Trader 式 position.jsonl。",
    )
)
@with_common
def audit(
    common: Common,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    prices: PricesOfRecord,
    terms: TermsName = "strict",
    adjustment: AdjustmentName = None,
    volume_unit: VolumeUnitName = None,
) -> None:
    """Audit a record."""
    from commands.audit import audit as audit_record

    declared = {"prices.adjustment": adjustment, "prices.volume_unit": volume_unit}
    run_on_account(
        common, lambda settings, screen: audit_record(settings, screen, file, prices, terms), **declared
    )
