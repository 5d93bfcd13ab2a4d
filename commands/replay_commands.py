"""Recorded sessions lived again, and foreign records audited."""

from __future__ import annotations

from pathlib import Path

import click

from commands import flags
from commands.common_options import Common, with_common
from commands.entry import run_on_account
from commands.flags import PATH
from commands.groups import Group
from commands.manual import said

app = Group()


def replay_session(
    common: Common, session: str, agent: str | None, llm: str | None, mask_seed: int | None = None
) -> None:
    """Live a recorded session again, or all of them.

    Raises:
        click.exceptions.Exit: Always, with the command's exit code.
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
        "ID may be cut short where no other begins so; 'latest' is the last one, 'all' replays each.",
        "重放一个已记录的时段并比较；--agent 换另一决策者。"
        "ID 可只写不致混淆的开头部分；latest 为最近一个，all 重放全部。",
    )
)
@click.argument("session", metavar="ID")
@flags.agent
@flags.llm
@flags.masked
@flags.mask_seed
@with_common
def replay(common: Common, session: str, agent: str | None, llm: str | None, masked: bool, seed: int) -> None:
    """Replay one session."""
    replay_session(common, session, agent, llm, seed if masked else None)


@app.command(
    help=said(
        "Audit any AI-Trader-style position.jsonl against recorded prices and the dated rules.",
        "对照历史行情与当时规则，审计任意 AI-Trader 式 position.jsonl。",
    )
)
@click.argument("file", type=PATH, metavar="FILE")
@click.option(
    "--prices",
    type=PATH,
    required=True,
    help=said("The prices the record was traded on.", "该记录交易所依据的历史行情文件。"),
)
@click.option(
    "--rules",
    "terms",
    metavar="legacy|strict",
    default="strict",
    show_default=True,
    help=said(
        "legacy: the arena's terms (the labelled bar's open, no fees); strict: the rules of the day.",
        "legacy：竞技场规则（所标 K 线的开盘价、无费用）；strict：当时的交易规则。",
    ),
)
@flags.adjustment
@flags.volume_unit
@with_common
def audit(
    common: Common, file: Path, prices: Path, terms: str, adjustment: str | None, volume_unit: str | None
) -> None:
    """Audit a record."""
    from commands.audit import audit as audit_record

    declared = {"prices.adjustment": adjustment, "prices.volume_unit": volume_unit}
    run_on_account(
        common, lambda settings, screen: audit_record(settings, screen, file, prices, terms), **declared
    )
