"""The rulebook on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commands.common_options import Common, take_common, with_common
from commands.entry import day_of, run_on_account
from commands.flags import (
    AtTime,
    KindName,
    ListedOn,
    PrevClose,
    RequiredDay,
    SecurityName,
    said,
)
from services.settings_places import cache_folder

app = typer.Typer()


rules_app = typer.Typer(
    help=said(
        "The exchanges' dated rules: explain them, or check a file of worked cases.",
        "交易所规则（按日期）：解释，或核对算例文件。",
    ),
    rich_markup_mode="rich",
)
app.add_typer(rules_app, name="rules")
rules_app.callback()(take_common)


@rules_app.command(
    help=said(
        "Every rule that applies to a symbol on a day, with dates and sources.",
        "某证券某日适用的全部规则，附有效期与来源。",
    )
)
@with_common
def explain(
    common: Common,
    symbol: Annotated[str, typer.Argument(metavar="SYMBOL")],
    on: RequiredDay,
    prev_close: PrevClose = None,
    at: AtTime = None,
    name: SecurityName = "",
    listed_on: ListedOn = None,
    kind: KindName = None,
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


@rules_app.command(
    help=said(
        "Answer a file of worked cases and compare; exit 1 where one differs.",
        "回答算例文件并比较；有不同则退出码为 1。",
    )
)
@with_common
def check(
    common: Common,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
) -> None:
    """Check worked cases."""
    from commands.rules_check import check_rules

    run_on_account(common, lambda settings, screen: check_rules(settings, file, screen, cache_folder()))
