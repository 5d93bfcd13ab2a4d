"""The local model on the command line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands import flags
from commands.common_options import Common, with_common
from commands.entry import run_command, settings_of
from commands.flags import Count
from commands.groups import Group
from commands.manual import said
from services.settings_places import cache_folder

if TYPE_CHECKING:
    from commands.screen import Screen

app = Group()


@app.command(
    "local-model",
    help=said(
        "Serve a small language model on this machine until Ctrl-C (extra local-llm); --demo runs the demo "
        "week with it, then replays and verifies it without.",
        "在本机提供一个小型语言模型，按 Ctrl-C 停止（附加组件 local-llm）；--demo 用它运行演示周，"
        "随后在无模型的情况下重放并校验。",
    ),
)
@click.option(
    "--port",
    type=Count(0, 65535),
    metavar="N",
    default=0,
    show_default=True,
    help=said("Port on the loopback; 0: a free one.", "本机回环端口；0 为任一空闲端口。"),
)
@click.option(
    "--threads",
    type=Count(1, 64),
    metavar="N",
    default=1,
    show_default=True,
    help=said("Threads that write an answer.", "生成回答所用线程数。"),
)
@flags.demo
@with_common
def local_model(common: Common, port: int, threads: int, demo: bool) -> None:
    """Serve a local model."""

    def command(screen: Screen) -> int:
        from commands.local_model import local_model as serve
        from commands.local_model import served

        if not demo:
            return serve(port, threads, screen)
        from commands.local_demo import local_demo

        config = common.config or Path(__file__).parent.parent / "configs" / "demo-llm.yaml"
        settings = settings_of(replace(common, config=config), {}, demo)
        screen.lang = settings.lang
        return local_demo(settings, lambda kept: served(port or kept, threads), screen, cache_folder())

    run_command(common, command)
