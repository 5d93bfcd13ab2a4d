"""`pause`, `resume`, `stop`, `start`, `list` and `up` on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands import flags
from commands.common_options import Common, with_common
from commands.entry import run_command, run_on_account, settings_of
from commands.flags import PATH
from commands.groups import Group
from commands.manual import said
from services.settings_places import cache_folder

if TYPE_CHECKING:
    from commands.screen import Screen
    from services.domain.inbox import LifeWord
    from services.settings import Settings

of_all = click.option(
    "--all",
    "of_all",
    is_flag=True,
    help=said("Every account of the data folder.", "数据目录内的全部账户。"),
)

app = Group()


@app.command(
    "list",
    help=said(
        "All accounts of the data folder: state, mode, equity, next slot, halts.",
        "列出数据目录内的全部账户：状态、模式、总资产、下一时段、停止交易。",
    ),
)
@with_common
def list_them(common: Common) -> None:
    """List the accounts."""
    from commands.account_list import list_accounts
    from services.clock import SystemClock

    run_on_account(common, lambda settings, screen: list_accounts(settings, screen, SystemClock().now()))


@app.command(
    help=said(
        "Run several accounts side by side in one process, each on its own configuration; none waits for "
        "another.",
        "在一个进程中并行运行多个账户，各用自己的配置，互不等待。",
    )
)
@click.argument(
    "configs",
    type=PATH,
    nargs=-1,
    required=True,
    metavar="CONFIG...",
    help=said("A configuration an account.", "每个账户一个配置文件。"),
)
@flags.standby
@flags.llm
@with_common
def up(common: Common, configs: Sequence[Path], standby: bool, llm: str | None) -> None:
    """Run several accounts."""

    def command(screen: Screen) -> int:
        from dataclasses import replace

        from commands.live_house import up as run_all
        from commands.options import RunOptions

        all_settings = [settings_of(replace(common, config=path), {}) for path in configs]
        screen.lang = all_settings[0].lang
        options = RunOptions(standby=standby, llm=llm, cache=cache_folder())
        return run_all(all_settings, options, screen)

    run_command(common, command)


@app.command(
    help=said(
        "Begin no session until `resume`, also after a restart; each slot that comes is on record as missed.",
        "在 resume 之前不再开始新时段（重启后依然有效）；其间每个时段记为错过。",
    )
)
@of_all
@flags.why
@with_common
def pause(common: Common, of_all: bool, why: str) -> None:
    """Pause accounts."""
    from services.domain.inbox import LifeWord

    _say(common, LifeWord.PAUSE, of_all, why)


@app.command(help=said("End a pause.", "结束暂停。"))
@of_all
@flags.why
@with_common
def resume(common: Common, of_all: bool, why: str) -> None:
    """Resume accounts."""
    from services.domain.inbox import LifeWord

    _say(common, LifeWord.RESUME, of_all, why)


@app.command(
    help=said(
        "End the loop that runs the account, gracefully: a session under way is finished, and what "
        "became of the account is told.",
        "平稳结束运行该账户的进程：先完成当前时段，再给出本次运行小结。",
    )
)
@of_all
@flags.why
@with_common
def stop(common: Common, of_all: bool, why: str) -> None:
    """Stop accounts."""
    from services.domain.inbox import LifeWord

    _say(common, LifeWord.STOP, of_all, why)


@app.command(
    help=said(
        "Start an account again that was stopped inside a running `up` process.",
        "重新启动在 up 进程中被停止的账户。",
    )
)
@of_all
@flags.why
@with_common
def start(common: Common, of_all: bool, why: str) -> None:
    """Start accounts again."""
    from services.domain.inbox import LifeWord

    _say(common, LifeWord.START, of_all, why)


def _say(common: Common, word: LifeWord, of_all: bool, why: str) -> None:
    from commands.failures import CommandFailed, Exit
    from commands.lifecycle import say
    from services.domain.inbox import Scope

    scope = Scope.EVERYWHERE if of_all else Scope.HERE

    def command(settings: Settings, screen: Screen) -> int:
        if of_all and common.account is not None:
            raise CommandFailed(Exit.USAGE, "--all is every account; leave out --all or --account")
        return say(word, settings, scope, why, screen)

    run_on_account(common, command)
