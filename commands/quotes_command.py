"""`quotes` on the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from commands.common_options import Common, with_common
from commands.entry import run_on_account
from commands.flags import said

Symbols = Annotated[list[str], typer.Argument(metavar="SYMBOL...", show_default=False)]
Source = Annotated[
    str | None,
    typer.Option(
        "--source",
        metavar="NAME",
        help=said(
            "One source alone, or all of the configured ones, a line each.",
            "只问一个行情源；all 为逐行列出已配置的全部行情源。",
        ),
        show_default=False,
    ),
]


app = typer.Typer()


@app.command(
    help=said(
        "What the vendors say of some symbols now, and whether orders may go by it.",
        "各行情源当前对若干证券的报价，以及是否可据此下单。",
    )
)
@with_common
def quotes(common: Common, symbols: Symbols, source: Source = None) -> None:
    """Show live quotes."""
    from commands.quotes import quotes as show_quotes
    from services.clock import SystemClock

    run_on_account(
        common,
        lambda settings, screen: show_quotes(settings, symbols, source, SystemClock(), screen),
    )
