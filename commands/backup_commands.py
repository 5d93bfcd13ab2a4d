"""`backup` and `restore` on the command line."""

from __future__ import annotations

from pathlib import Path

import click

from commands.common_options import Common, with_common
from commands.entry import run_on_account
from commands.flags import PATH, Count
from commands.groups import Group
from commands.manual import said

app = Group()


@app.command(
    help=said(
        "Write the account as one verified file, while it runs or not.",
        "将账户写成一个经校验的文件，运行中亦可。",
    )
)
@click.option(
    "--to",
    type=PATH,
    required=True,
    help=said("The folder that the backup is written into.", "备份写入的文件夹。"),
)
@click.option(
    "--keep",
    type=Count(min=1),
    metavar="N",
    help=said("Keep only the newest N backups of the account there.", "该账户只保留最新的 N 份备份。"),
)
@with_common
def backup(common: Common, to: Path, keep: int | None) -> None:
    """Back an account up."""
    from commands.backup import backup as write

    run_on_account(common, lambda settings, screen: write(settings, to, keep, screen))


@app.command(
    help=said(
        "Put the account of a backup where it is gone; one that is there stays as it is.",
        "将备份中的账户放回缺失处；已有账户不受影响。",
    )
)
@click.argument("archive", type=PATH, metavar="FILE")
@with_common
def restore(common: Common, archive: Path) -> None:
    """Put an account back."""
    from commands.backup import restore as put_back

    run_on_account(common, lambda settings, screen: put_back(settings, archive, screen))
