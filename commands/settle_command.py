"""`settle` on the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from commands.common_options import Common, with_common
from commands.entry import run_on_account
from commands.flags import said

OrderOf = Annotated[
    str,
    typer.Argument(
        metavar="ORDER_ID", help=said("The order, as `status` names it.", "委托编号，见 status。")
    ),
]
Gone = Annotated[
    bool,
    typer.Option(
        "--gone",
        help=said(
            "It never came to the broker, or ended there without a trade the journal lacks.",
            "券商从未收到，或已失效且没有日志未记录的成交。",
        ),
    ),
]
Filled = Annotated[
    int | None,
    typer.Option(
        "--filled",
        metavar="SHARES",
        min=1,
        help=said("Shares that traded and the journal lacks.", "已成交而日志未记录的股数。"),
        show_default=False,
    ),
]
Price = Annotated[
    str | None,
    typer.Option(
        "--price",
        metavar="CNY",
        help=said("What a share of them traded at.", "每股成交价。"),
        show_default=False,
    ),
]
PaidFees = Annotated[
    str | None,
    typer.Option(
        "--fees",
        metavar="CNY",
        help=said(
            "All that was paid for the trade; by default what the rulebook says.",
            "该成交的全部费用；默认按规则库计算。",
        ),
        show_default=False,
    ),
]
WhySettled = Annotated[
    str,
    typer.Option(
        "--why",
        metavar="TEXT",
        help=said("How that is known, for the record.", "依据，写入记录。"),
        show_default=False,
    ),
]


app = typer.Typer()


@app.command(
    help=said(
        "Say what became of an order of which the broker cannot tell: it is recorded as your word, its "
        "halt ends.",
        "告知券商无法确认的委托的实际结果：记录为人工陈述，并解除其停止交易。",
    )
)
@with_common
def settle(
    common: Common,
    order_id: OrderOf,
    gone: Gone = False,
    filled: Filled = None,
    price: Price = None,
    fees: PaidFees = None,
    why: WhySettled = "",
) -> None:
    """Settle an order."""
    from commands.settle import Word
    from commands.settle import settle as put

    word = Word(order_id=order_id, gone=gone, filled=filled, price=price, fees=fees, why=why)
    run_on_account(common, lambda settings, screen: put(settings, word, screen))
