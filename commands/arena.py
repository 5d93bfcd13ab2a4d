"""`arena`: many minds on the same prices, an account each, and a leaderboard of what became of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from commands.arena_entrants import Entrant, entrants_of
from commands.arena_index import index_row
from commands.arena_run import Ended, run_arena
from commands.failures import CommandFailed, Exit
from commands.folders import AccountFolder
from commands.opening import Period, open_period
from commands.screen import Screen
from monitor.arena_row import Row, RowState
from monitor.figures import UNDEFINED, money, percent
from monitor.leaderboard import Leaderboard, Terms, board_json, leaderboard, notes
from monitor.resampling import Resampler
from monitor.wording import say
from services.clock import stopwatch_s
from services.index_file import IndexFileError, read_index
from services.market.atomic_file import write_whole
from services.settings import Mode, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class ArenaOptions:
    """What the command line asks of an arena. Days are trading days, both included."""

    prices: Path | None = None
    demo: bool = False
    start: date | None = None
    end: date | None = None
    imports: tuple[Path, ...] = ()
    live: bool = False
    once: bool = False
    html: Path | None = None
    llm: str | None = None
    cache: Path | None = None
    history: Path | None = None

    @property
    def recorded(self) -> bool:
        """Whether the arena runs over recorded prices."""
        return self.demo or self.prices is not None

    def in_usual_folder(self, settings: Settings) -> Settings:
        """Return the settings; where nobody chose a data folder, each kind of arena has its own."""
        if "data_dir" in settings.written:
            return settings
        name = "arena" if self.recorded else "arena-live"
        return replace(settings, data_dir=settings.data_dir / name)


def arena(settings: Settings, options: ArenaOptions, screen: Screen) -> Exit:
    """Run every entrant, or go on where a run was cut off, and show the leaderboard.

    Over recorded prices to the period's end, on live ones until stopped; without prices it shows
    what lies there.

    Raises:
        CommandFailed: The arena cannot be run, or shown, as it is asked for.
    """
    began_s = stopwatch_s()
    _require_sense(settings, options)
    more: dict[str, Any] = {}
    if options.recorded:
        board, code = _over_period(settings, options, screen)
    elif options.live:
        code, more = _on_live_prices(settings, options, screen)
        if not options.once:
            screen.line("arena.live.stopped")
            screen.result({"mode": str(settings.mode), "account": settings.account, **more})
            return code
        board = _stored_board(settings)
    else:
        board, code = _stored_board(settings), Exit.DONE
    page = options.html or settings.data_dir / f"{settings.account}.html"
    _write_page(board, page, screen.lang)
    screen.result(
        {
            **board_json(board, screen.lang),
            **more,
            "html": str(page),
            "elapsed_s": round(stopwatch_s() - began_s, 3),
        }
    )
    _show(board, page, screen)
    return code


def _stored_board(settings: Settings) -> Leaderboard:
    # What opens journals is not loaded for a backtest.
    from commands.arena_board import stored_board

    return stored_board(settings)


def _on_live_prices(settings: Settings, options: ArenaOptions, screen: Screen) -> tuple[Exit, dict[str, Any]]:
    """Run the entrants on live prices, and return the exit code and how each account's part ended.

    Raises:
        ClockFault: The machine's clock is wrong.
        CommandFailed: There is no source for the market, or an entrant cannot be made.
    """
    from commands.arena_live import LiveArena
    from commands.live_prices import require_source
    from commands.live_world import live_outside
    from commands.true_time import require_right

    require_source(settings)
    entrants = entrants_of(settings, None, (), options.llm, screen)
    outside = live_outside(settings, screen)
    asyncio.run(require_right(outside.true_time))
    running = LiveArena(entrants, settings.arena.parallel_max, options.cache, screen, outside)
    screen.note("arena.live.begins", count=len(running.seats), source=settings.data_source.type)
    try:
        if options.once:
            ends, interrupted = asyncio.run(running.once()), False
            if not any(end.sessions for end in ends):
                running.tell_nothing_ran(screen)
        else:
            ends, interrupted = asyncio.run(running.stay_up(lambda: running.tell_next(screen)))
    finally:
        running.close()
    code = Exit.INTERRUPTED if interrupted else max((end.code for end in ends), default=Exit.DONE)
    return code, {"accounts": [end.as_json() for end in ends]}


def _over_period(settings: Settings, options: ArenaOptions, screen: Screen) -> tuple[Leaderboard, Exit]:
    """Run the entrants over recorded prices, and return their leaderboard and the exit code.

    Raises:
        CommandFailed: The arena cannot be run as it is asked for.
    """
    period = open_period(
        settings,
        AccountFolder(settings.data_dir, settings.account),
        prices=options.prices,
        start=options.start,
        end=options.end,
        cache=options.cache,
        history=options.history,
    )
    index = _index_of_file(settings, period)
    entrants = entrants_of(settings, period, options.imports, options.llm, screen)
    results = _run(entrants, period, settings, screen)
    code = max((one.code for one in results), default=Exit.DONE)
    return _board(settings, period, results, index), code


def _require_sense(settings: Settings, options: ArenaOptions) -> None:
    why = ""
    if settings.mode is Mode.LIVE:
        why = "--mode live: an arena trades simulated money; use backtest or paper"
    elif settings.broker.type != "simulated":
        why = f"broker.type {settings.broker.type!r}: an arena trades simulated money; set it to simulated"
    elif options.demo and options.prices is not None:
        why = "--demo brings its own prices; leave out --demo or --prices"
    else:
        why = _not_together(settings, options)
    if why:
        raise CommandFailed(Exit.USAGE, why)


def _not_together(settings: Settings, options: ArenaOptions) -> str:
    """Return why the options do not go together, empty where they do."""
    of_a_period = options.start or options.end or options.imports
    if options.live and options.recorded:
        return "--live is on live prices; leave out --live, or --prices and --demo"
    if options.once and not options.live:
        return "--once runs the current slot on live prices; add --live, or leave out --once"
    if options.live and settings.mode is Mode.BACKTEST:
        return "--live is on live prices; leave out --mode backtest"
    if of_a_period and not options.recorded:
        return "--start, --end and --import are of recorded prices; add --prices FILE, or leave them out"
    return ""


def _index_of_file(settings: Settings, period: Period) -> Row | None:
    """Return the line of the configured index file, None where there is none.

    Raises:
        CommandFailed: The file cannot be used, or lacks a trading day of the period.
    """
    path = settings.arena.index_file
    if path is None:
        return None
    try:
        return index_row(read_index(path), period.calendar.trading_days(period.start, period.end))
    except IndexFileError as error:
        raise CommandFailed(Exit.USAGE, f"arena.index_file: {error}") from error


def _run(
    entrants: Sequence[Entrant], period: Period, settings: Settings, screen: Screen
) -> tuple[Ended, ...]:
    screen.note("arena.begins", count=len(entrants), start=period.start, end=period.end)

    def tell(result: Ended) -> None:
        row = result.row
        if row.state is RowState.FAILED:
            screen.note("arena.failed", name=row.name, why=row.why)
        else:
            key = "arena.was_there" if result.already_finished else "arena.ended"
            screen.note(key, name=row.name, gain=percent(row.total_return))

    return asyncio.run(run_arena(entrants, period, settings.arena.parallel_max, tell))


def _board(settings: Settings, period: Period, results: Sequence[Ended], index: Row | None) -> Leaderboard:
    arena, rows = settings.arena, [one.row for one in results]
    rows += [one.entrant.legacy for one in results if one.entrant.legacy is not None]
    line = _basket(results) if index is None else index
    terms = Terms(
        account=settings.account,
        mode=str(settings.mode),
        market=str(settings.market),
        frequency=str(settings.frequency),
        source=period.panel.source,
        start=period.start,
        end=period.end,
        synthetic=period.panel.synthetic,
        approximate=any(row.approximate for row in rows),
    )
    resampler = Resampler(draws=arena.draws, block_days=arena.block_days, seed=arena.seed)
    came = [one.entrant.came for one in results if one.entrant.came is not None]
    return leaderboard([*rows, *([] if line is None else [line])], terms, resampler, came)


def _basket(results: Sequence[Ended]) -> Row | None:
    """Return the watchlist at equal weight, off the first account that came to its end."""
    for one in results:
        if one.basket is not None and one.row.state is RowState.FINISHED:
            return replace(one.basket, agent="watchlist, equal weight")
    return None


def _write_page(board: Leaderboard, path: Path, lang: str) -> None:
    from monitor.arena_page import render_arena

    try:
        write_whole(path, (render_arena(board, lang).encode(),))
    except OSError as error:
        raise CommandFailed(
            Exit.UNAVAILABLE, f"{path}: cannot be written ({error.strerror or error}); give another --html"
        ) from error


def _show(board: Leaderboard, page: Path, screen: Screen) -> None:
    if screen.as_json:
        return
    from rich.table import Table
    from rich.text import Text

    lang = screen.lang
    table = Table()
    table.add_column(say("arena.entrant", lang), overflow="fold", min_width=16)
    table.add_column(say("arena.kind", lang), no_wrap=True)
    for key in ("return", "max_drawdown", "fees", "refusals"):
        table.add_column(say(key, lang), justify="right", overflow="fold", min_width=8)
    for row in (one.row for one in board.standings):
        table.add_row(
            row.name,
            say(f"arena.kind.{row.kind}", lang),
            percent(row.total_return),
            percent(row.metrics.max_drawdown),
            UNDEFINED if row.fees_cny is None else money(row.fees_cny),
            str(sum(row.refusals.values())),
        )
    screen.show(table)
    for sentence in notes(board, lang):
        screen.show(Text(sentence))
    screen.line("arena.page", path=page)
