"""`arena`: many minds on the same prices, an account each, and a leaderboard of what became of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from commands.arena_entrants import Entrant, entrants_of
from commands.arena_run import Ended, run_arena
from commands.failures import CommandFailed, Exit
from commands.folders import AccountFolder
from commands.opening import Period, open_period
from commands.screen import Screen
from monitor.arena_row import EntrantKind, Row, RowState
from monitor.figures import UNDEFINED, money, percent
from monitor.leaderboard import Leaderboard, Terms, board_json, leaderboard, notes
from monitor.resampling import Resampler
from monitor.wording import say
from services.clock import stopwatch_s
from services.index_file import IndexDay, IndexFileError, read_index
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
    html: Path | None = None
    llm: str | None = None
    cache: Path | None = None


def arena(settings: Settings, options: ArenaOptions, screen: Screen) -> Exit:
    """Run every entrant over the period, or go on where a run was cut off, and show the leaderboard.

    Raises:
        CommandFailed: The arena cannot be run as it is asked for.
    """
    began_s = stopwatch_s()
    _require_sense(settings, options)
    period = open_period(
        settings,
        AccountFolder(settings.data_dir, settings.account),
        prices=options.prices,
        start=options.start,
        end=options.end,
        cache=options.cache,
    )
    index = _index_of_file(settings, period)
    entrants = entrants_of(settings, period, options.imports, options.llm, screen)
    results = _run(entrants, period, settings, screen)
    board = _board(settings, period, results, index)
    page = options.html or settings.data_dir / f"{settings.account}.html"
    _write_page(board, page, screen.lang)
    screen.result(
        {
            **board_json(board, screen.lang),
            "html": str(page),
            "elapsed_s": round(stopwatch_s() - began_s, 3),
        }
    )
    _show(board, page, screen)
    return max((one.code for one in results), default=Exit.DONE)


def _require_sense(settings: Settings, options: ArenaOptions) -> None:
    why = ""
    if settings.mode is Mode.LIVE:
        why = "--mode live: an arena trades simulated money; use backtest or paper"
    elif settings.broker.type != "simulated":
        why = f"broker.type {settings.broker.type!r}: an arena trades simulated money; set it to simulated"
    elif options.demo and options.prices is not None:
        why = "--demo brings its own prices; leave out --demo or --prices"
    elif not options.demo and options.prices is None:
        why = "an arena runs on recorded prices; give --prices FILE, or --demo"
    if why:
        raise CommandFailed(Exit.USAGE, why)


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


def _board(
    settings: Settings, period: Period, results: Sequence[Ended], index: Row | None
) -> Leaderboard:
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


def index_row(days: Sequence[IndexDay], wanted: Sequence[date]) -> Row:
    """Return an index over the wanted days: from the first one's open, or else the close before it.

    Where neither is there, from the first day's own close.

    Raises:
        IndexFileError: One of them is missing.
    """
    by_day = {one.day: one for one in days}
    for day in wanted:
        if day not in by_day:
            raise IndexFileError(f"holds no {day}; give a file of the whole period, or leave it out")
    first = by_day[wanted[0]]
    earlier = [one.close for one in days if one.day < first.day]
    opening = first.open or (earlier[-1] if earlier else first.close)
    return Row(
        name=str(EntrantKind.INDEX),
        kind=EntrantKind.INDEX,
        agent="index file",
        daily=((first.day, opening), *((day, by_day[day].close) for day in wanted)),
    )


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
