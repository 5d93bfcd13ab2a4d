"""`quotes` on the command line."""

from __future__ import annotations

from collections.abc import Sequence

import click

from commands.common_options import Common, with_common
from commands.entry import run_on_account
from commands.groups import Group
from commands.manual import said

app = Group()


@app.command(
    help=said(
        "What the vendors say of some symbols now, and whether orders may go by it.",
        "各行情源当前对若干证券的报价，以及是否可据此下单。",
    )
)
@click.argument("symbols", nargs=-1, required=True, metavar="SYMBOL...")
@click.option(
    "--source",
    metavar="NAME",
    help=said(
        "One source alone, or all of the configured ones, a line each.",
        "只问一个行情源；all 为逐行列出已配置的全部行情源。",
    ),
)
@with_common
def quotes(common: Common, symbols: Sequence[str], source: str | None) -> None:
    """Show live quotes."""
    from commands.quotes import quotes as show_quotes
    from services.clock import SystemClock

    run_on_account(
        common,
        lambda settings, screen: show_quotes(settings, symbols, source, SystemClock(), screen),
    )
