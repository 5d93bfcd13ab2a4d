"""`data ...` on the command line: the history store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from commands import flags
from commands.common_options import Common, with_common
from commands.entry import day_of, run_on_account
from commands.flags import DAY, PATH
from commands.groups import Group
from commands.manual import said
from services.settings_places import cache_folder

_LENGTHS = "1m|5m|15m|30m|60m|1d|1w"

symbols = click.option(
    "--symbols",
    metavar="A,B",
    default="",
    help=said("Symbols, parted by commas.", "证券代码，以逗号分隔。"),
)
length = click.option(
    "--frequency", metavar=_LENGTHS, default="", help=said("How long bars are.", "K 线周期。")
)

app = Group()


@app.group(
    help=said(
        "The history store: download, check, import, resample, list and remove bars.",
        "本地历史库：下载、检查、导入、合成、列出、移除 K 线。",
    ),
)
@with_common
def data(_common: Common) -> None:
    """Lead to the commands on the store."""


@data.command(
    help=said(
        "Download bars, raw, with what the vendor tells of ex-days, each part checked before it counts. "
        "Cut off anywhere, the same command goes on.",
        "下载不复权 K 线及数据商提供的除权信息；逐段检查后入库。中断后以同一命令续传。",
    )
)
@click.option("--start", type=DAY, metavar="DATE", required=True, help=said("The first day.", "首日。"))
@flags.end
@symbols
@click.option(
    "--index",
    metavar="SYMBOL",
    default="",
    help=said(
        "All that were members of an index in the period, e.g. 000016.SH; its lists of members are kept.",
        "区间内曾属于某指数的全部证券，例如 000016.SH；同时保存其成份名单。",
    ),
)
@click.option(
    "--frequency",
    metavar=_LENGTHS,
    default="1d",
    show_default=True,
    help=said("How long bars are.", "K 线周期。"),
)
@click.option(
    "--source",
    metavar="akshare|tushare",
    default="",
    help=said("The vendor; data_source.type by default.", "数据商；默认为 data_source.type。"),
)
@with_common
def download(
    common: Common,
    start: datetime,
    end: datetime | None,
    symbols: str,
    index: str,
    frequency: str,
    source: str,
) -> None:
    """Download bars."""
    from commands.data_download import Asked
    from commands.data_download import download as fetch
    from services.clock import SystemClock

    asked = Asked(
        symbols=symbols,
        index=index,
        frequency=frequency,
        start=start.date(),
        end=day_of(end),
        source=source,
    )
    run_on_account(
        common,
        lambda settings, screen: fetch(settings, asked, screen, SystemClock(), cache_folder()),
    )


@data.command(
    help=said(
        "Find gaps, bars that cannot be, mixed units and adjustments in files, between them, or in the "
        "store; says what would repair it. Exit 1 where anything but notes is found.",
        "检查文件、文件之间或历史库中的缺口、不可能的 K 线、单位与复权混杂，并给出修复办法；"
        "除提示外有任何发现则退出码为 1。",
    )
)
@click.argument("files", type=PATH, nargs=-1, metavar="[FILE]...")
@length
@flags.market
@flags.adjustment
@flags.volume_unit
@with_common
def check(
    common: Common,
    files: Sequence[Path],
    frequency: str,
    market: str | None,
    adjustment: str | None,
    volume_unit: str | None,
) -> None:
    """Check bars."""
    from commands.data_check import check as examine
    from services.clock import SystemClock

    run_on_account(
        common,
        lambda settings, screen: examine(
            settings, tuple(files), frequency, screen, SystemClock(), cache_folder()
        ),
        market=market,
        **{"prices.adjustment": adjustment, "prices.volume_unit": volume_unit},
    )


@data.command(
    "import",
    help=said(
        "Put price files (merged.jsonl, CSV, Parquet) or a CSV of an index's members into the store.",
        "将行情文件（merged.jsonl、CSV、Parquet）或指数成份 CSV 导入历史库。",
    ),
)
@click.argument("files", type=PATH, nargs=-1, required=True, metavar="FILE...")
@length
@flags.market
@flags.adjustment
@flags.volume_unit
@with_common
def bring_in(
    common: Common,
    files: Sequence[Path],
    frequency: str,
    market: str | None,
    adjustment: str | None,
    volume_unit: str | None,
) -> None:
    """Import files."""
    from commands.data_import import import_files
    from services.clock import SystemClock

    run_on_account(
        common,
        lambda settings, screen: import_files(
            settings, tuple(files), frequency, screen, SystemClock(), cache_folder()
        ),
        market=market,
        **{"prices.adjustment": adjustment, "prices.volume_unit": volume_unit},
    )


@data.command(
    help=said(
        "Make longer bars of shorter ones, on the boundaries of the market's sessions.",
        "按交易时段边界将短周期 K 线合成为长周期。",
    )
)
@click.option(
    "--from",
    "source",
    metavar=_LENGTHS,
    required=True,
    help=said("The bars there are.", "已有 K 线的周期。"),
)
@click.option(
    "--to",
    "target",
    metavar=_LENGTHS,
    required=True,
    help=said("The bars to make of them.", "要合成的周期。"),
)
@symbols
@flags.market
@with_common
def resample(common: Common, source: str, target: str, symbols: str, market: str | None) -> None:
    """Resample bars."""
    from commands.data_resample import resample as make
    from services.clock import SystemClock

    run_on_account(
        common,
        lambda settings, screen: make(
            settings, (source, target), symbols, screen, SystemClock(), cache_folder()
        ),
        market=market,
    )


@data.command("list", help=said("What the store holds, and where it came from.", "历史库内容及来源。"))
@symbols
@with_common
def show_all(common: Common, symbols: str) -> None:
    """List the store."""
    from commands.data_list import list_store

    run_on_account(common, lambda settings, screen: list_store(settings, symbols, screen))


@data.command(
    help=said(
        "Take bars of one length out of the store, or facts, of some symbols or of all; the members of an "
        "index; or the bars of damaged files.",
        "从历史库移除所给或全部证券某一周期的 K 线或其资料、某指数的成份名单，或已损坏文件中的 K 线。",
    )
)
@symbols
@length
@click.option("--all", "every", is_flag=True, help=said("Of every symbol there is.", "全部证券。"))
@click.option(
    "--damaged",
    is_flag=True,
    help=said(
        "Take out what stands in files that are gone or were changed, so that it may come again.",
        "移除已丢失或被改动的文件中的 K 线，以便重新获取。",
    ),
)
@click.option(
    "--orphans",
    is_flag=True,
    help=said(
        "Delete files of bars that the index does not name: a killed process left them, or it is lost.",
        "移除索引未登记的 K 线文件：进程被中止时残留，或索引已丢失。",
    ),
)
@click.option(
    "--facts",
    is_flag=True,
    help=said(
        "Facts, ex-days and factors instead of bars, with --symbols or --all.",
        "移除资料、除权除息日与复权因子而非 K 线，须配合 --symbols 或 --all。",
    ),
)
@click.option(
    "--members",
    metavar="SYMBOL",
    default="",
    help=said("The lists of an index's members, e.g. 000016.SH.", "某指数的成份名单，例如 000016.SH。"),
)
@with_common
def remove(
    common: Common,
    symbols: str,
    frequency: str,
    every: bool,
    damaged: bool,
    orphans: bool,
    facts: bool,
    members: str,
) -> None:
    """Remove bars, facts or members."""
    from commands.data_remove import Unwanted
    from commands.data_remove import remove as take_away

    unwanted = Unwanted(
        symbols=symbols,
        frequency=frequency,
        every=every,
        damaged=damaged,
        orphans=orphans,
        facts=facts,
        members=members,
    )
    run_on_account(common, lambda settings, screen: take_away(settings, unwanted, screen))
