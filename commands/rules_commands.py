"""The rulebook on the command line."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from commands.common_options import Common, with_common
from commands.entry import day_of, run_on_account
from commands.flags import DAY, PATH
from commands.groups import Group
from commands.manual import said
from services.settings_places import cache_folder

app = Group()


@app.group(
    help=said(
        "The exchanges' dated rules: explain them, or check a file of worked cases.",
        "交易所规则（按日期）：解释，或核对算例文件。",
    ),
)
@with_common
def rules(_common: Common) -> None:
    """Lead to the commands on the rules."""


@rules.command(
    help=said(
        "Every rule that applies to a symbol on a day, with dates and sources.",
        "某证券某日适用的全部规则，附有效期与来源。",
    )
)
@click.argument("symbol", metavar="SYMBOL")
@click.option("--on", type=DAY, metavar="DATE", required=True, help=said("The day.", "日期。"))
@click.option(
    "--prev-close",
    metavar="PRICE",
    help=said(
        "The ex-adjusted previous close, for the limits in prices.",
        "前收盘价（已除权），用于计算涨跌停价。",
    ),
)
@click.option(
    "--at",
    metavar="HH:MM",
    help=said(
        "A time of that day, in the market's zone: what is possible then.",
        "当日某一时刻（市场当地时间）：可做什么。",
    ),
)
@click.option(
    "--name",
    metavar="NAME",
    default="",
    help=said("Its name: ST, *ST and 退 in it count.", "证券简称：其中的 ST、*ST、退 起作用。"),
)
@click.option("--listed-on", type=DAY, metavar="DATE", help=said("Its first trading day.", "上市首日。"))
@click.option(
    "--kind",
    metavar="KIND",
    help=said(
        "What a fund is, e.g. etf_gold_t0, etf_equity_20.", "基金种类，例如 etf_gold_t0、etf_equity_20。"
    ),
)
@with_common
def explain(
    common: Common,
    symbol: str,
    on: datetime,
    prev_close: str | None,
    at: str | None,
    name: str,
    listed_on: datetime | None,
    kind: str | None,
) -> None:
    """Explain the rules of a day."""
    from commands.rules_explain import Asked, explain_rules

    asked = Asked(
        symbol=symbol,
        on=on.date(),
        prev_close=prev_close,
        at=at,
        name=name,
        listed_on=day_of(listed_on),
        kind=kind,
    )
    run_on_account(common, lambda settings, screen: explain_rules(settings, asked, screen, cache_folder()))


@rules.command(
    help=said(
        "Answer a file of worked cases and compare; exit 1 where one differs.",
        "回答算例文件并比较；有不同则退出码为 1。",
    )
)
@click.argument("file", type=PATH, metavar="FILE")
@with_common
def check(common: Common, file: Path) -> None:
    """Check worked cases."""
    from commands.rules_check import check_rules

    run_on_account(common, lambda settings, screen: check_rules(settings, file, screen, cache_folder()))
