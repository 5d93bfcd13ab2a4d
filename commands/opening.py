"""Prices, calendar and journal of a run, opened; each failure is one line."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from commands.composition import Panels, midnight, with_run_id
from commands.failures import CommandFailed, Exit
from commands.folders import AccountFolder
from commands.minds import Mind
from commands.stored_prices import is_stored, stored_panel
from services.calendars import FIRST_DAYS, FollowedCalendar, MarketCalendar, OverlayError, load_overlay
from services.domain.bars import Adjustment, Frequency, Panel
from services.domain.events import Genesis, TradingDay
from services.domain.instruments import Market, Symbol
from services.domain.value import Value
from services.settings import Settings


class Recorded(Value, frozen=True, kw_only=True):
    """A run over recorded prices: what it runs on, and its first record."""

    panel: Panel
    watchlist: tuple[Symbol, ...]
    calendar: MarketCalendar
    genesis: Genesis
    panels: Panels


def open_calendar(settings: Settings, cache: Path | None) -> MarketCalendar:
    """Return the market's calendar with the configured overlay.

    Raises:
        CommandFailed: The overlay cannot be read.
    """
    if settings.calendar_overlay is None:
        return MarketCalendar(settings.market, cache)
    try:
        return MarketCalendar(settings.market, cache, load_overlay(settings.calendar_overlay))
    except (OverlayError, OSError) as error:
        raise CommandFailed(Exit.USAGE, f"calendar_overlay: {error}") from error


def follow_calendar(settings: Settings, cache: Path | None) -> FollowedCalendar:
    """Return the market's calendar for a process that stays up: it follows the overlay as that is changed.

    Raises:
        CommandFailed: The overlay cannot be read.
    """
    try:
        return FollowedCalendar(settings.market, cache, settings.calendar_overlay)
    except (OverlayError, OSError) as error:
        raise CommandFailed(Exit.USAGE, f"calendar_overlay: {error}") from error


class Period(Value, frozen=True, kw_only=True):
    """Recorded prices and the days of them that are run; any number of accounts may run on it."""

    panel: Panel
    watchlist: tuple[Symbol, ...]
    calendar: MarketCalendar
    panels: Panels
    start: date
    end: date


def open_recorded(
    settings: Settings,
    folder: AccountFolder,
    mind: Mind,
    *,
    prices: Path | None,
    start: date | None,
    end: date | None,
    cache: Path | None,
    history: Path | None = None,
) -> Recorded:
    """Return a run over a price file or the history store, or over the demo market where `prices` is None.

    Raises:
        CommandFailed: File, period, symbols or folder cannot be used.
    """
    period = open_period(settings, folder, prices=prices, start=start, end=end, cache=cache, history=history)
    return recorded_on(period, settings, mind)


def open_period(
    settings: Settings,
    folder: AccountFolder,
    *,
    prices: Path | None,
    start: date | None,
    end: date | None,
    cache: Path | None,
    history: Path | None = None,
) -> Period:
    """Return a period of a price file or the history store, or of the demo market where `prices` is None.

    Raises:
        CommandFailed: File, period, symbols or folder cannot be used.
    """
    panels, calendar = Panels(folder.panels), open_calendar(settings, cache)
    if is_stored(prices):
        store = history or settings.data_dir / "history"
        panel = stored_panel(settings, str(prices), store, panels, (start, end), calendar)
    else:
        panel = _panel(settings, prices, panels, folder)
    if prices is None:
        from services.market.demo import DEMO_END, DEMO_START

        start, end = start or DEMO_START, end or DEMO_END
    _require_frequency(settings.frequency, panel)
    _require_raw(panel)
    first, last = _period(panel, calendar, settings.market, start, end)
    _require_trading_days(panel, calendar)
    return Period(
        panel=panel,
        watchlist=_watchlist(settings, panel),
        calendar=calendar,
        panels=panels,
        start=first,
        end=last,
    )


def recorded_on(period: Period, settings: Settings, mind: Mind) -> Recorded:
    """Return the run of the settings' account over a period."""
    genesis = Genesis(
        account=settings.account,
        mode=str(settings.mode),
        run_id="",
        market=str(settings.market),
        frequency=str(settings.frequency),
        cash_cny=settings.agent_config.initial_cash,
        agent=mind.name,
        opened_at=midnight(period.start, settings.market),
        watchlist=period.watchlist,
        panel=period.panel.digest,
        start=period.start,
        end=period.end,
        synthetic=period.panel.synthetic,
    )
    return Recorded(
        panel=period.panel,
        watchlist=period.watchlist,
        calendar=period.calendar,
        genesis=with_run_id(genesis, settings.config_hash, mind.script),
        panels=period.panels,
    )


def _panel(settings: Settings, prices: Path | None, panels: Panels, folder: AccountFolder) -> Panel:
    from services.market.price_files import PriceFileError, load_prices

    if settings.prices.index:
        raise CommandFailed(
            Exit.USAGE,
            "prices.index (--index) goes with the history store; give --prices history:1d, or leave it out",
        )
    try:
        if prices is None:
            from services.market.demo import demo_panel

            panel = demo_panel(frequency=settings.frequency)
            panels.keep(panel)
        else:
            panel = load_prices(
                prices,
                cache_dir=folder.panels,
                adjustment=settings.prices.adjustment,
                volume_unit=settings.prices.volume_unit,
            )
            panels.hold(panel)
    except PriceFileError as error:
        raise CommandFailed(Exit.USAGE, str(error)) from error
    except OSError as error:
        where = error.filename or folder.panels
        raise CommandFailed(
            Exit.UNAVAILABLE,
            f"{where}: {error.strerror or error}; give a --data-dir that can be written and has room",
        ) from error
    markets = {Market.US if symbol.endswith(".US") else Market.CN for symbol in panel.symbols}
    if markets != {settings.market}:
        raise CommandFailed(
            Exit.USAGE,
            f"{prices}: holds symbols of market {', '.join(sorted(markets))}, not {settings.market}; "
            f"give --market {min(markets)}",
        )
    return panel


def _require_frequency(frequency: Frequency, panel: Panel) -> None:
    if frequency is Frequency.HOURLY and panel.frequency is Frequency.DAILY:
        raise CommandFailed(
            Exit.USAGE,
            f"{panel.source}: holds daily bars, which say nothing of the hours; "
            "give --frequency daily, or a file of hourly bars",
        )


def _require_raw(panel: Panel) -> None:
    """Refuse ex-days beside prices that hold them already, or of which nobody says whether they do."""
    if not panel.actions or panel.adjustment is Adjustment.RAW:
        return
    undeclared = panel.adjustment is Adjustment.UNKNOWN
    said = "its adjustment is not declared" if undeclared else f"it is {panel.adjustment}-adjusted"
    raise CommandFailed(
        Exit.USAGE,
        f"{panel.source}: actions are declared beside it, which belong to raw prices, and {said}; "
        "declare adjustment raw where that is so, else take the actions out",
    )


def _require_trading_days(panel: Panel, calendar: MarketCalendar) -> None:
    """Do nothing where every bar is of a day that may have had trading.

    Raises:
        CommandFailed: A bar is of a day on which the market was closed: the next day's limits would
            rest on it.
    """
    for ordinal in dict.fromkeys(panel.days.tolist()):
        day = date.fromordinal(ordinal)
        if calendar.trading_day(day) is TradingDay.CLOSED:
            raise CommandFailed(
                Exit.USAGE,
                f"{panel.source}: holds a bar of {day}, when the market was closed; remove it, or correct "
                "the day with calendar_overlay",
            )


def _period(
    panel: Panel, calendar: MarketCalendar, market: Market, start: date | None, end: date | None
) -> tuple[date, date]:
    """Return the period, by default all of the data.

    Raises:
        CommandFailed: It is empty, or outside data or calendar.
    """
    data_first, data_last = date.fromordinal(int(panel.days[0])), date.fromordinal(int(panel.days[-1]))
    first, last = start or data_first, end or data_last
    if last < first:
        raise CommandFailed(Exit.USAGE, f"--end {last} lies before --start {first}; exchange the two")
    if first < data_first or last > data_last:
        raise CommandFailed(
            Exit.USAGE,
            f"{first} to {last} is outside the data: {panel.source} holds {data_first} to {data_last}; "
            "give --start and --end within",
        )
    begins = FIRST_DAYS[market]
    if first < begins:
        raise CommandFailed(Exit.USAGE, f"the calendar begins on {begins}; give a later --start")
    if last > calendar.known_until:
        raise CommandFailed(
            Exit.USAGE,
            f"the calendar is known until {calendar.known_until}; give an earlier --end, "
            "or extend it with calendar_overlay",
        )
    if not calendar.trading_days(first, last):
        raise CommandFailed(Exit.USAGE, f"there is no trading day from {first} to {last}; give other days")
    return first, last


def _watchlist(settings: Settings, panel: Panel) -> tuple[Symbol, ...]:
    for symbol in settings.watchlist:
        if symbol not in panel.column:
            raise CommandFailed(Exit.USAGE, f"watchlist: {symbol} is not in {panel.source}; take it out")
    state = settings.risk_control.state_symbol
    if state and state not in panel.column:
        raise CommandFailed(
            Exit.USAGE, f"risk_control.state_symbol: {state} is not in {panel.source}; name one that is"
        )
    return settings.watchlist or panel.symbols


def live_genesis(settings: Settings, mind: Mind, watchlist: tuple[Symbol, ...], now: datetime) -> Genesis:
    """Return the first record of an account that lives on the system clock."""
    return Genesis(
        account=settings.account,
        mode=str(settings.mode),
        run_id="live",
        market=str(settings.market),
        frequency=str(settings.frequency),
        cash_cny=settings.agent_config.initial_cash,
        agent=mind.name,
        opened_at=now,
        watchlist=watchlist,
    )
