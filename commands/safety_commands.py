"""What stops trading and what tells a person: halt, lift, kill, alert."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from commands import flags
from commands.common_options import Common, with_common
from commands.entry import run_on_account
from commands.groups import Group
from commands.manual import said
from services.settings_places import cache_folder

if TYPE_CHECKING:
    from commands.screen import Screen
    from services.domain.inbox import Scope
    from services.settings import Settings

app = Group()


@app.command(
    help=said(
        "Stop trading until it is lifted: of every account in the data folder, of one with --account, of one "
        "--symbol. A running process obeys before its next order.",
        "停止交易直至解除：数据目录内全部账户、--account 指定的账户或 --symbol 指定的证券；"
        "运行中的进程在下一笔委托之前即遵守。",
    )
)
@flags.needed_why
@flags.halted_symbol
@with_common
def halt(common: Common, why: str, symbol: str) -> None:
    """Halt accounts or a symbol."""
    from commands.halts import Said
    from commands.halts import halt as put

    said_so = Said(scope=_scope(common), why=why, symbol=symbol)
    run_on_account(common, lambda settings, screen: put(settings, said_so, screen))


@app.command(
    help=said(
        "End a halt, whoever or whatever made it; `status` prints the call for each.",
        "解除停止交易，无论由谁或何种原因触发；status 会给出每一项的解除命令。",
    )
)
@flags.needed_why
@flags.halted_symbol
@with_common
def lift(common: Common, why: str, symbol: str) -> None:
    """Lift a halt."""
    from commands.halts import Said
    from commands.halts import lift as put

    said_so = Said(scope=_scope(common), why=why, symbol=symbol)
    run_on_account(common, lambda settings, screen: put(settings, said_so, screen))


@app.command(
    help=said(
        "The kill switch: nothing leaves any more, working orders are cancelled, processes stop. Of every "
        "account in the data folder, or of one with --account.",
        "急停：不再发出任何委托，撤销挂单，停止进程；针对数据目录内全部账户，或 --account 指定的账户。",
    )
)
@click.option(
    "--why",
    metavar="TEXT",
    default="",
    help=said("The reason, for the record; needed but with --undo.", "原因，写入记录；除 --undo 外必填。"),
)
@click.option("--undo", is_flag=True, help=said("Take the kill file away.", "移除急停文件。"))
@with_common
def kill(common: Common, why: str, undo: bool) -> None:
    """Put or remove the kill file."""
    from commands.kill import kill as stop_everything
    from commands.kill import undo as take_away

    scope = _scope(common)

    def command(settings: Settings, screen: Screen) -> int:
        if undo:
            return take_away(settings, scope, screen)
        return stop_everything(settings, scope, why, screen, cache_folder())

    run_on_account(common, command)


def _scope(common: Common) -> Scope:
    """Return whether the command line names one account."""
    from services.domain.inbox import Scope

    return Scope.EVERYWHERE if common.account is None else Scope.HERE


@app.group(help=said("The channels by which a person is told.", "告警通道。"))
@with_common
def alert(_common: Common) -> None:
    """Lead to the commands on the channels."""


@alert.command(
    "test",
    help=said(
        "Send a message to every configured channel, and say of each whether it was taken.",
        "向每个已配置的通道发送测试消息，并逐一说明是否被接收。",
    ),
)
@click.option(
    "--channel",
    metavar="NAME",
    help=said("One channel of the configuration alone.", "仅测试配置中的一个通道。"),
)
@with_common
def alert_test(common: Common, channel: str | None) -> None:
    """Try the alert channels."""
    from commands.alert_test import alert_test as try_channels

    run_on_account(common, lambda settings, screen: try_channels(settings, channel, screen))
