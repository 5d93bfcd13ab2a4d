"""`settle` on the command line."""

from __future__ import annotations

import click

from commands.common_options import Common, with_common
from commands.entry import run_on_account
from commands.flags import Count
from commands.groups import Group
from commands.manual import said

app = Group()


@app.command(
    help=said(
        "Say what became of an order of which the broker cannot tell: it is recorded as your word, its "
        "halt ends.",
        "告知券商无法确认的委托的实际结果：记录为人工陈述，并解除其停止交易。",
    )
)
@click.argument(
    "order_id",
    metavar="ORDER_ID",
    help=said("The order, as `status` names it.", "委托编号，见 status。"),
)
@click.option(
    "--gone",
    is_flag=True,
    help=said(
        "It never came to the broker, or ended there without a trade the journal lacks.",
        "券商从未收到，或已失效且没有日志未记录的成交。",
    ),
)
@click.option(
    "--filled",
    type=Count(min=1),
    metavar="SHARES",
    help=said("Shares that traded and the journal lacks.", "已成交而日志未记录的股数。"),
)
@click.option("--price", metavar="CNY", help=said("What a share of them traded at.", "每股成交价。"))
@click.option(
    "--fees",
    metavar="CNY",
    help=said(
        "All that was paid for the trade; by default what the rulebook says.",
        "该成交的全部费用；默认按规则库计算。",
    ),
)
@click.option(
    "--why",
    metavar="TEXT",
    default="",
    help=said("How that is known, for the record.", "依据，写入记录。"),
)
@with_common
def settle(
    common: Common,
    order_id: str,
    gone: bool,
    filled: int | None,
    price: str | None,
    fees: str | None,
    why: str,
) -> None:
    """Settle an order."""
    from commands.settle import Word
    from commands.settle import settle as put

    word = Word(order_id=order_id, gone=gone, filled=filled, price=price, fees=fees, why=why)
    run_on_account(common, lambda settings, screen: put(settings, word, screen))
