"""`watchdog` and `calendar` on the command line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from commands.common_options import Common, with_common
from commands.entry import run_command, run_on_account, settings_of
from commands.flags import Account, Config, DataDir, Json, Lang, said
from services.settings_places import cache_folder

Configs = Annotated[
    list[Path] | None,
    typer.Option(
        "--config",
        help=said(
            "YAML or JSON configuration file; once for each account.", "YAML 或 JSON 配置文件；每个账户一次。"
        ),
        show_default=False,
    ),
]
Every = Annotated[
    bool,
    typer.Option("--all", help=said("Watch every account of the data folder.", "监视数据目录内全部账户。")),
]
LookOnce = Annotated[
    bool,
    typer.Option(
        "--once",
        help=said(
            "Look once, print what is found and exit: 0 well, 1 warnings, 2 critical.",
            "检查一次、打印结果并退出：0 正常，1 有警告，2 有严重问题。",
        ),
    ),
]
Days = Annotated[
    int, typer.Option("--days", min=1, max=400, help=said("How many days ahead.", "显示未来多少天。"))
]
Lines = Annotated[
    bool,
    typer.Option(
        "--lines",
        help=said(
            "Print overlay lines of the later days that other sources know.",
            "以覆盖文件的行格式列出其他来源已知的后续日期。",
        ),
    ),
]


app = typer.Typer()


@app.command(
    help=said(
        "Watch accounts from a process of its own, and tell a person when one falls silent, a slot does "
        "not run, or the machine goes wrong.",
        "以独立进程监视账户：进程静默、时段未运行或机器异常时告知。",
    )
)
def watchdog(
    ctx: typer.Context,
    configs: Configs = None,
    every: Every = False,
    once: LookOnce = False,
    data_dir: DataDir = None,
    account: Account = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Watch accounts."""
    from commands.screen import Screen

    own = Common(data_dir=data_dir, config=None, account=account, lang=lang, as_json=as_json)
    common = own.under(ctx.obj)
    files: list[Path | None] = [*configs] if configs else [common.config]

    def command(screen: Screen) -> int:
        from commands.watchdog import watchdog as watch

        asked = [settings_of(replace(common, config=one), {}) for one in files]
        screen.lang = asked[0].lang
        return watch(asked, cache_folder(), screen, every=every, once=once)

    run_command(common, command)


calendar_app = typer.Typer(
    help=said(
        "The trading days ahead: their state, who says so, and how far they are known.",
        "未来交易日：状态、来源与已知期限。",
    ),
    rich_markup_mode="rich",
    invoke_without_command=True,
)
app.add_typer(calendar_app, name="calendar")


@calendar_app.callback()
def calendar(
    ctx: typer.Context,
    days: Days = 14,
    data_dir: DataDir = None,
    config: Config = None,
    account: Account = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Show the days ahead."""
    own = Common(data_dir=data_dir, config=config, account=account, lang=lang, as_json=as_json)
    common = own.under(ctx.obj)
    if ctx.invoked_subcommand is not None:
        ctx.obj = common
        return
    from commands.calendar_view import show_days

    run_on_account(common, lambda settings, screen: show_days(settings, days, cache_folder(), screen))


@calendar_app.command(
    help=said(
        "Compare the trading days with akshare's and tushare's; exit 1 where a day differs.",
        "与 akshare、tushare 的交易日历比对；有不同则退出码为 1。",
    )
)
@with_common
def check(common: Common, lines: Lines = False) -> None:
    """Compare with other sources."""
    from commands.calendar_view import check_days

    run_on_account(common, lambda settings, screen: check_days(settings, cache_folder(), screen, lines=lines))
