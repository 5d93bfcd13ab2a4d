"""Many minds side by side on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands import flags
from commands.common_options import Common, subcommand_follows, with_common
from commands.entry import day_of, of_prices, run_command, settings_of, stated
from commands.flags import PATH
from commands.groups import Group
from commands.manual import said
from services.settings_places import cache_folder

if TYPE_CHECKING:
    from commands.screen import Screen

app = Group()


@app.group(
    invoke_without_command=True,
    help=said(
        "Many minds on the same prices, an account each: a leaderboard with intervals and paired "
        "differences. Recorded prices with --prices or --demo, live ones with --live; with neither it shows "
        "what lies there.",
        "多个决策者在同一行情上各用独立账户交易：排行榜，附区间与同日差异。--prices 或 --demo 用历史行情，"
        "--live 用实时行情；都不给则显示已有账户的排行榜。",
    ),
)
@flags.prices
@flags.demo
@flags.start
@flags.end
@click.option(
    "--import",
    "imports",
    type=PATH,
    multiple=True,
    metavar="FILE",
    help=said(
        "A recorded run (position.jsonl) that enters with its decisions; may be given again.",
        "以其决策参赛的历史记录（position.jsonl）；可重复给出。",
    ),
)
@click.option(
    "--live",
    is_flag=True,
    help=said("On live prices, with simulated money, until stopped.", "以实时行情、模拟资金运行，直至停止。"),
)
@flags.once
@click.option("--html", type=PATH, help=said("Where to write the page.", "页面输出路径。"))
@flags.llm
@flags.mode
@flags.frequency
@flags.market
@flags.cash
@flags.adjustment
@flags.volume_unit
@flags.index
@with_common
def arena(
    common: Common,
    prices: Path | None,
    demo: bool,
    start: datetime | None,
    end: datetime | None,
    imports: Sequence[Path],
    live: bool,
    once: bool,
    html: Path | None,
    llm: str | None,
    mode: str | None,
    frequency: str | None,
    market: str | None,
    cash: str | None,
    adjustment: str | None,
    volume_unit: str | None,
    index: str | None,
) -> None:
    """Run the entrants and show the leaderboard."""
    if subcommand_follows():
        return
    given: dict[str, object | None] = {
        "mode": mode,
        "frequency": frequency or ("hourly" if demo and common.config is None else None),
        "market": market,
        "agent_config.initial_cash": cash,
        **of_prices(adjustment, volume_unit, index),
    }

    def command(screen: Screen) -> int:
        from commands.arena import ArenaOptions
        from commands.arena import arena as compare

        options = ArenaOptions(
            prices=prices,
            demo=demo,
            start=day_of(start),
            end=day_of(end),
            imports=tuple(imports),
            live=live,
            once=once,
            html=html,
            llm=llm,
            cache=cache_folder(),
        )
        asked = settings_of(common, stated(given), demo)
        settings = options.in_usual_folder(asked)
        screen.lang = settings.lang
        return compare(settings, replace(options, history=asked.data_dir / "history"), screen)

    run_command(common, command)


@arena.command(
    "replay",
    help=said(
        "Ask other minds over recorded sessions of one account, each session by itself; shows paired "
        "differences in orders, refusals and value.",
        "让其他决策者逐一重做某账户的已记录时段，显示委托、拒单与市值的成对差异。",
    ),
)
@click.option(
    "--from",
    "first",
    metavar="ID|DATE",
    required=True,
    help=said(
        "The first recorded session (or `latest`), or its day.", "首个已记录时段的 ID（或 latest）或日期。"
    ),
)
@click.option(
    "--agent",
    "agents",
    metavar="SPEC",
    multiple=True,
    required=True,
    help=said("Whom to ask instead; may be given again.", "换谁来决策；可重复给出。"),
)
@click.option(
    "--to",
    "last",
    metavar="ID|DATE",
    help=said("The last one; left out: the first alone.", "最后一个；省略则仅首个（日）。"),
)
@flags.llm
@flags.masked
@flags.mask_seed
@with_common
def arena_replay(
    common: Common,
    first: str,
    agents: Sequence[str],
    last: str | None,
    llm: str | None,
    masked: bool,
    seed: int,
) -> None:
    """Replay sessions with other minds."""

    def command(screen: Screen) -> int:
        from commands.arena_replay import SessionSpan
        from commands.arena_replay import arena_replay as ask_others

        others = [settings_of(common, {"agent_type": spec}) for spec in agents]
        screen.lang = others[0].lang
        span = SessionSpan(first=first, last=last or first)
        return ask_others(others, span, llm, screen, seed if masked else None)

    run_command(common, command)
