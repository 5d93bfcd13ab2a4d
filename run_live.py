"""Kaipan's way in: reads the command line and the configuration, and hands over to a command."""

from __future__ import annotations

import gc
import sys
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from commands import flags
from commands.common_options import Common, subcommand_follows, with_common
from commands.entry import day_of, of_prices, run_command, settings_of, stated
from commands.manual import EXAMPLES, MANUAL, said
from commands.options import RunOptions
from commands.usage import OneLineUsage
from services.settings_places import cache_folder

if TYPE_CHECKING:
    from commands.screen import Screen
    from services.settings import Settings


@click.command(
    cls=OneLineUsage,
    invoke_without_command=True,
    help=MANUAL,
    epilog=EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@flags.mode
@flags.frequency
@flags.market
@flags.agent
@flags.llm
@flags.prices
@flags.start
@flags.end
@flags.demo
@flags.once
@click.option(
    "--session",
    help=said("With --mode backtest: replay this session.", "配合 --mode backtest：重放该时段。"),
)
@flags.standby
@flags.cash
@flags.adjustment
@flags.volume_unit
@flags.index
@click.option("--no-report", is_flag=True, help=said("Write no HTML report.", "不生成 HTML 报告。"))
@with_common
def app(
    common: Common,
    mode: str | None,
    frequency: str | None,
    market: str | None,
    agent: str | None,
    llm: str | None,
    prices: Path | None,
    start: datetime | None,
    end: datetime | None,
    demo: bool,
    once: bool,
    session: str | None,
    standby: bool,
    cash: str | None,
    adjustment: str | None,
    volume_unit: str | None,
    index: str | None,
    no_report: bool,
) -> None:
    """Run the main job, where no command follows."""
    if subcommand_follows():
        return
    if session is not None:
        _replay_of_main_job(common, mode, session, agent, llm)
    given: dict[str, object | None] = {
        "mode": mode,
        "frequency": frequency or ("hourly" if demo and common.config is None else None),
        "market": market,
        "agent_type": agent,
        "agent_config.initial_cash": cash,
        **of_prices(adjustment, volume_unit, index),
    }
    options = RunOptions(
        prices=prices,
        demo=demo,
        start=day_of(start),
        end=day_of(end),
        once=once,
        standby=standby,
        report=not no_report,
        cache=cache_folder(),
        llm=llm,
    )

    def command(screen: Screen) -> int:
        from commands.run import run

        settings, there = _with_usual_folder(settings_of(common, stated(given), demo), options)
        screen.lang = settings.lang
        return run(settings, there, screen)

    run_command(common, command)


def _with_usual_folder(settings: Settings, options: RunOptions) -> tuple[Settings, RunOptions]:
    """Return the settings; where nobody chose a data folder, each kind of run has its own.

    The history store stays where it is for all of them.
    """
    options = replace(options, history=settings.data_dir / "history")
    if "data_dir" in settings.written or not options.recorded:
        return settings, options
    kind = "demo" if options.demo else str(settings.mode)
    name = kind if kind != "paper" else "paper-on-file"
    return replace(settings, data_dir=settings.data_dir / name), options


def _replay_of_main_job(
    common: Common, mode: str | None, session: str, agent: str | None, llm: str | None
) -> None:
    if mode not in (None, "backtest"):

        def refuse(_screen: Screen) -> int:
            from commands.failures import CommandFailed, Exit

            raise CommandFailed(Exit.USAGE, f"--session goes with --mode backtest, not {mode}")

        run_command(common, refuse)
    from commands.replay_commands import replay_session

    replay_session(common, session, agent, llm)


def main() -> None:
    """Run the command line."""
    # What a command loads stays: at its usual rhythm the collector searches it a hundred times on the way.
    gc.set_threshold(20_000)
    # What stdout's encoding lacks, such as a byte of another encoding in a path, is printed as its escape, as
    # stderr does: no finished run ends in a traceback because of a name.
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        app()
    finally:
        # The memory goes back whole: nothing in it need be searched first.
        gc.freeze()


if __name__ == "__main__":
    main()
