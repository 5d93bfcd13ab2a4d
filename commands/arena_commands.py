"""Many minds side by side on the command line."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from commands.common_options import Common, with_common
from commands.entry import day_of, of_prices, run_command, settings_of, stated
from commands.flags import (
    Account,
    AdjustmentName,
    ArenaPage,
    Cash,
    Config,
    DataDir,
    Day,
    Demo,
    FirstSession,
    FrequencyName,
    Imports,
    IndexName,
    Json,
    Lang,
    LastSession,
    Live,
    LlmModeName,
    MarketName,
    Masked,
    MaskSeed,
    ModeName,
    Once,
    OtherMinds,
    PriceFile,
    VolumeUnitName,
    said,
)
from services.settings_places import cache_folder

if TYPE_CHECKING:
    from commands.screen import Screen

app = typer.Typer()


arena_app = typer.Typer(
    help=said(
        "Many minds on the same prices, an account each: a leaderboard with intervals and paired "
        "differences. Recorded prices with --prices or --demo, live ones with --live; with neither it shows "
        "what lies there.",
        "多个决策者在同一行情上各用独立账户交易：排行榜，附区间与同日差异。--prices 或 --demo 用历史行情，"
        "--live 用实时行情；都不给则显示已有账户的排行榜。",
    ),
    rich_markup_mode="rich",
    invoke_without_command=True,
)
app.add_typer(arena_app, name="arena")


@arena_app.callback()
def arena(
    ctx: typer.Context,
    prices: PriceFile = None,
    demo: Demo = False,
    start: Day = None,
    end: Day = None,
    imports: Imports = None,
    live: Live = False,
    once: Once = False,
    html: ArenaPage = None,
    llm: LlmModeName = None,
    mode: ModeName = None,
    frequency: FrequencyName = None,
    market: MarketName = None,
    cash: Cash = None,
    adjustment: AdjustmentName = None,
    volume_unit: VolumeUnitName = None,
    index: IndexName = None,
    data_dir: DataDir = None,
    config: Config = None,
    account: Account = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Run the entrants and show the leaderboard."""
    common = Common(data_dir=data_dir, config=config, account=account, lang=lang, as_json=as_json)
    common = common.under(ctx.obj)
    if ctx.invoked_subcommand is not None:
        ctx.obj = common
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
            imports=tuple(imports or ()),
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


@arena_app.command(
    "replay",
    help=said(
        "Ask other minds over recorded sessions of one account, each session by itself; shows paired "
        "differences in orders, refusals and value.",
        "让其他决策者逐一重做某账户的已记录时段，显示委托、拒单与市值的成对差异。",
    ),
)
@with_common
def arena_replay(
    common: Common,
    first: FirstSession,
    agents: OtherMinds,
    last: LastSession = None,
    llm: LlmModeName = None,
    masked: Masked = False,
    seed: MaskSeed = 1,
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
