"""The main job: choose the world, run it, show what came of it."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.account_claim import claim
from commands.boardless import warn_of_boardless
from commands.failures import CommandFailed, Exit
from commands.folders import AccountFolder
from commands.kept_answers import kept_answers, warn_without_key
from commands.manual import said
from commands.minds import mind_of
from commands.opening import open_recorded
from commands.options import RunOptions
from commands.recorded_run import Outcome, RecordedRun, Watch, rare_collections
from commands.recorded_settings import run_settings
from commands.screen import Screen
from commands.stored_account import journal_place
from commands.stored_prices import is_stored
from monitor.plain_text import printable
from monitor.trail import Follower
from scheduler.loop import Killed
from scheduler.world import World
from services.clock import SystemClock, stopwatch_s
from services.domain.bars import Panel
from services.domain.instruments import Market
from services.journal.journal import Listener
from services.journal.kill_file import kill_words
from services.settings import Mode, Settings
from services.slots import ZONES, local

if TYPE_CHECKING:
    from monitor.summary import Summary
    from services.models.cached import Counts


def run(settings: Settings, options: RunOptions, screen: Screen) -> Exit:
    """Run the main job in the mode the settings name.

    Raises:
        CommandFailed: What is asked for cannot be run.
    """
    require_broker(settings)
    _require_sense(settings, options)
    if options.recorded:
        return _recorded(settings, options, screen)
    from commands.live_run import run_on_live_prices

    return run_on_live_prices(settings, options, screen)


def require_broker(settings: Settings) -> None:
    """Return where there is a broker for the settings' mode.

    Raises:
        CommandFailed: There is none; real money lacks more, a line a reason.
    """
    if settings.mode is Mode.LIVE:
        raise _not_live(settings)
    if settings.broker.type != "simulated":
        raise CommandFailed(
            Exit.USAGE,
            f"broker.type {settings.broker.type!r}: mode {settings.mode} trades on the simulated exchange; "
            "set broker.type to simulated",
        )


def _require_sense(settings: Settings, options: RunOptions) -> None:
    """Return where the options go together.

    Raises:
        CommandFailed: They do not; the message names the two.
    """
    why = ""
    if options.demo and options.prices is not None:
        why = said(
            "--demo brings its own prices; leave out --demo or --prices",
            "--demo 自带行情；请去掉 --demo 或 --prices",
        )
    elif options.demo and settings.market is not Market.CN:
        why = said(
            f"--demo is a mainland market, not --market {settings.market}; leave out one of them",
            f"--demo 是内地市场，不是 --market {settings.market}；请去掉其一",
        )
    elif options.recorded and options.once:
        why = said(
            "--once runs the current slot on live prices; leave out --once, or --prices and --demo",
            "--once 以实时行情运行当前时点；请去掉 --once，或去掉 --prices 与 --demo",
        )
    elif not options.recorded and settings.mode is Mode.BACKTEST:
        why = said(
            "--mode backtest needs --prices FILE, --demo, or --session ID to replay",
            "--mode backtest 需要 --prices FILE、--demo，或以 --session ID 重放",
        )
    elif not options.recorded and (options.start or options.end):
        why = said(
            "--start and --end are of recorded prices; add --prices FILE, or leave them out",
            "--start 与 --end 用于历史行情；请加上 --prices FILE，或将其去掉",
        )
    if why:
        raise CommandFailed(Exit.USAGE, why)


def _not_live(settings: Settings) -> CommandFailed:
    """Return why real money is not traded, a line a reason; the last is that no real broker is there."""
    from commands.doctor_check import Words
    from commands.doctor_checks import broker
    from commands.going_live import lacks

    words, day = Words(settings.lang), local(SystemClock().now(), settings.market).date()
    found = [words.failed(one.finding, **one.values) for one in lacks(settings, day)]
    found.append(broker(words, settings))
    reasons = [f"--mode live: {check.detail}; {check.mend}" for check in found]
    return CommandFailed(Exit.USAGE, "\n".join(reasons))


def _recorded(settings: Settings, options: RunOptions, screen: Screen) -> Exit:
    began_s = stopwatch_s()
    folder = AccountFolder(settings.data_dir, settings.account)
    mind = mind_of(settings, kept_answers(settings, options.llm, screen))
    warn_without_key(settings, screen)
    recorded = open_recorded(
        settings,
        folder,
        mind,
        prices=options.prices,
        start=options.start,
        end=options.end,
        cache=options.cache,
        history=options.history,
    )
    warn_of_boardless(recorded.watchlist, screen)
    run_on = RecordedRun(
        recorded,
        run_settings(settings, recorded.watchlist, recorded.panel.source),
        mind,
        folder,
        journal_place(settings, folder),
        lambda lock: asyncio.run(claim(lock, screen, standby=options.standby)),
    )
    if is_stored(options.prices):
        screen.note("data.run", source=recorded.panel.source)
    if options.demo:
        screen.line("run.demo", start=recorded.genesis.start, end=recorded.genesis.end)
    backtest, follower = settings.mode is Mode.BACKTEST, Follower()
    with rare_collections() if backtest else nullcontext():
        outcome = _execute(run_on, None if backtest else screen, screen, follower.hears)
        if outcome.already_finished:
            screen.line("run.finished_before", folder=folder.root)
        report = _report(options, outcome, recorded.panel, folder, settings)
        took_s = stopwatch_s() - began_s
        from monitor.summary import summary_after

        journal = outcome.journal
        summary = summary_after(follower.end(), journal.events, recorded.panel, journal.value)
        _show(settings, outcome, summary, folder, report, took_s, mind.counts, screen)
    if outcome.killed is None:
        return Exit.DONE
    say_killed(outcome.killed, kill_words(folder.root), screen)
    return Exit.KILLED


def _execute(run_on: RecordedRun, each: Screen | None, screen: Screen, listen: Listener) -> Outcome:
    """Run, showing each session as it ends, or a bar where there are too many to read."""
    if each is not None and not each.as_json:
        return run_on.execute(
            Watch(
                ended=lambda world, session: show_session(world, session, each),
                woken=lambda world, session: show_woken(world, session, each),
                listen=listen,
            )
        )
    with screen.progress("run.sessions") as bar:
        return run_on.execute(
            Watch(planned=bar.expect, ended=lambda _world, _session: bar.step(), listen=listen)
        )


def show_session(world: World, session: str, screen: Screen) -> None:
    """Print one line on a session that came to its end."""
    from monitor.console import session_line
    from monitor.records import session_records

    events = [event for event in world.journal.events if event.session == session]
    for record in session_records(events, world.journal.value):
        screen.show_event(session_line(record, screen.lang))


def show_woken(world: World, session: str, screen: Screen) -> None:
    """Print a line on a session whose waiting orders were sent now."""
    screen.note("run.woken", at=world.clock.now().astimezone(ZONES[world.market]).strftime("%H:%M"))
    show_session(world, session, screen)


def tell_killed(killed: Killed, world: World, screen: Screen) -> Exit:
    """Tell that the kill file ended the process, and whether anything is left at the broker."""
    screen.result({"mode": world.mode, "account": world.account, "killed": asdict(killed)})
    say_killed(killed, world.kill_words(), screen)
    return Exit.KILLED


def say_killed(killed: Killed, words: str, screen: Screen) -> None:
    """Print, also where stdout belongs to the JSON, that nothing goes on while the kill file is there."""
    screen.note("run.killed", why=printable(words) or "-", orders=killed.orders, working=killed.working)
    if killed.working:
        screen.note("run.killed.working", working=killed.working)
    screen.note("run.killed.undo")


def _report(
    options: RunOptions, outcome: Outcome, panel: Panel, folder: AccountFolder, settings: Settings
) -> Path | None:
    """Write the HTML report; one that is there of a run finished before stays as it is."""
    if not options.report:
        return None
    if outcome.already_finished and folder.report.exists():
        return folder.report
    from commands.report import write_report

    write_report(outcome.events, panel, outcome.journal.value, folder.report, settings.lang)
    return folder.report


def _show(
    settings: Settings,
    outcome: Outcome,
    summary: Summary,
    folder: AccountFolder,
    report: Path | None,
    elapsed_s: float,
    answers: Counts | None,
    screen: Screen,
) -> None:
    place = journal_place(settings, folder)
    result: dict[str, Any] = {
        **summary.as_json(screen.lang),
        "defaults": _defaults(settings),
        "journal": str(place) if isinstance(place, Path) else "postgresql",
        "audit": str(folder.audit),
        "report": None if report is None else str(report),
        "elapsed_s": round(elapsed_s, 3),
        "models": None if answers is None else {"asked": answers.asked, "kept": answers.found},
        "killed": None if outcome.killed is None else asdict(outcome.killed),
    }
    screen.result(result)
    if screen.as_json:
        return
    from monitor.console import account_table

    screen.show(account_table(summary, screen.lang))
    if answers is not None:
        screen.line("llm.counts", asked=answers.asked, found=answers.found)
    screen.line("run.audit", path=folder.audit)
    if report is not None:
        screen.line("run.report", path=report)
    screen.line(
        "run.next",
        data_dir=settings.data_dir,
        account="" if settings.account == "main" else f" --account {settings.account}",
    )


def _defaults(settings: Settings) -> dict[str, Any]:
    """Return the terms a run traded under."""
    broker = settings.broker
    return {
        "cash": float(settings.agent_config.initial_cash),
        "commission_rate": float(broker.commission_rate),
        "commission_min": float(broker.commission_min),
        "commission_all_in": broker.commission_all_in,
        "slippage_bp": float(broker.slippage_bp),
        "slippage_ticks": broker.slippage_ticks,
        "volume_cap_ratio": float(broker.volume_cap_ratio),
        "dividend_tax": broker.dividend_tax,
    }
