"""Prices of a run out of the history store."""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path

from commands.composition import Panels
from commands.failures import CommandFailed, Exit
from services.domain.bars import Panel
from services.domain.instruments import Symbol
from services.ports import Calendar
from services.settings import Settings

_PREFIX = "history:"


def is_stored(prices: Path | None) -> bool:
    """Answer whether `--prices` names bars of the history store: `history:60m`."""
    return prices is not None and str(prices).startswith(_PREFIX)


def stored_panel(
    settings: Settings,
    prices: str,
    folder: Path,
    panels: Panels,
    period: tuple[date | None, date | None],
    calendar: Calendar,
) -> Panel:
    """Return the bars as a panel, kept in the data folder for replays.

    Raises:
        CommandFailed: The store does not hold them, or what is asked of it cannot be told.
    """
    from services.history.index import HistoryError, StorageError
    from services.history.panels import Wanted, history_panel, length_in
    from services.history.parts import NoParquet
    from services.history.required import may_trade
    from services.history.store import HistoryStore
    from services.market.columns import with_digest

    state = settings.risk_control.state_symbol
    chosen = bool(settings.watchlist or settings.prices.index)
    try:
        wanted = Wanted(
            length=length_in(prices),
            market=settings.market,
            symbols=settings.watchlist,
            also=(Symbol(state),) if state and chosen else (),
            index=settings.prices.index,
            start=period[0],
            end=period[1],
            adjustment=settings.prices.adjustment,
            volume_unit=settings.prices.volume_unit,
        )
        panel = with_digest(history_panel(HistoryStore(folder), wanted, partial(may_trade, calendar)))
    except StorageError as problem:
        raise CommandFailed(Exit.UNAVAILABLE, str(problem)) from problem
    except (HistoryError, NoParquet) as problem:
        raise CommandFailed(Exit.USAGE, str(problem)) from problem
    try:
        panels.keep(panel)
    except OSError as error:
        raise CommandFailed(
            Exit.UNAVAILABLE,
            f"{error.filename or settings.data_dir}: {error.strerror or error}; give a --data-dir that can "
            "be written and has room",
        ) from error
    return panel
