"""`watchdog` and `calendar` on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from commands import flags
from commands.common_options import Common, subcommand_follows, with_common
from commands.entry import run_command, run_on_account, settings_of
from commands.flags import PATH, Count
from commands.groups import Group
from commands.manual import said
from services.settings_places import cache_folder

app = Group()


@app.command(
    help=said(
        "Watch accounts from a process of its own, and tell a person when one falls silent, a slot does "
        "not run, or the machine goes wrong.",
        "以独立进程监视账户：进程静默、时段未运行或机器异常时告知。",
    )
)
@click.option(
    "--config",
    "configs",
    type=PATH,
    multiple=True,
    help=said(
        "YAML or JSON configuration file; once for each account.", "YAML 或 JSON 配置文件；每个账户一次。"
    ),
)
@click.option(
    "--all",
    "every",
    is_flag=True,
    help=said("Watch every account of the data folder.", "监视数据目录内全部账户。"),
)
@click.option(
    "--once",
    is_flag=True,
    help=said(
        "Look once, print what is found and exit: 0 well, 1 warnings, 2 critical.",
        "检查一次、打印结果并退出：0 正常，1 有警告，2 有严重问题。",
    ),
)
@flags.data_dir
@flags.account
@flags.lang
@flags.as_json
@click.pass_context
def watchdog(
    ctx: click.Context,
    /,
    configs: Sequence[Path],
    every: bool,
    once: bool,
    data_dir: Path | None,
    account: str | None,
    lang: str | None,
    as_json: bool,
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


@app.group(
    invoke_without_command=True,
    help=said(
        "The trading days ahead: their state, who says so, and how far they are known.",
        "未来交易日：状态、来源与已知期限。",
    ),
)
@click.option(
    "--days",
    type=Count(1, 400),
    metavar="N",
    default=14,
    show_default=True,
    help=said("How many days ahead.", "显示未来多少天。"),
)
@with_common
def calendar(common: Common, days: int) -> None:
    """Show the days ahead."""
    if subcommand_follows():
        return
    from commands.calendar_view import show_days

    run_on_account(common, lambda settings, screen: show_days(settings, days, cache_folder(), screen))


@calendar.command(
    help=said(
        "Compare the trading days with akshare's and tushare's; exit 1 where a day differs.",
        "与 akshare、tushare 的交易日历比对；有不同则退出码为 1。",
    )
)
@click.option(
    "--lines",
    is_flag=True,
    help=said(
        "Print overlay lines of the later days that other sources know.",
        "以覆盖文件的行格式列出其他来源已知的后续日期。",
    ),
)
@with_common
def check(common: Common, lines: bool) -> None:
    """Compare with other sources."""
    from commands.calendar_view import check_days

    run_on_account(common, lambda settings, screen: check_days(settings, cache_folder(), screen, lines=lines))
