"""`data download`: bars of a vendor into the store."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from commands.data_check import as_json, show_finding
from commands.failures import CommandFailed, Exit
from commands.history_folder import length_in, store_of, symbols_in, tables_of, told_in_a_line
from commands.network_advice import advice_environment, network_advice
from commands.opening import open_calendar
from commands.screen import Progress, Screen
from services.domain.events import TradingDay
from services.domain.instruments import Market, Symbol
from services.history.akshare_history import AkshareHistory
from services.history.descriptions import facts_by_vendors, with_files
from services.history.download import Download, Summary, require_period
from services.history.findings import condensed
from services.history.index_sizes import roll_problem
from services.history.lengths import last_day_over
from services.history.membership import ever_listed
from services.history.spans import NOTHING, Days
from services.history.store import HistoryStore
from services.history.tables import EARLY, FactTables
from services.history.tushare_history import TushareHistory
from services.history.vendors import NO_BARS, HistoryVendor, Period
from services.market.feeds.choice import Surroundings, tushare_calls
from services.market.feeds.throttle import Pace
from services.ports import Calendar, Clock, PriceFault
from services.settings import Settings
from services.settings_environment import process_environment
from services.slots import ZONES

DEADLINE_S = 60.0
"""How long one part of a download may take, retries included."""

SOURCES = ("akshare", "tushare")
_LINES_MAX = 8
_WHY_CHARACTERS_MAX = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line asks for. `end` None: the last day that is over."""

    symbols: str
    index: str
    frequency: str
    start: date
    end: date | None
    source: str


def download(settings: Settings, asked: Asked, screen: Screen, clock: Clock, cache: Path | None) -> Exit:
    """Download what is not there yet, and tell what came of it.

    Raises:
        CommandFailed: What is asked for cannot be, or nothing can be written.
    """
    vendor = vendor_of(settings, asked.source or settings.data_source.type, clock)
    calendar = open_calendar(settings, cache)
    store = store_of(settings)
    with told_in_a_line():
        period = _period(settings, asked, clock)
        lacks: dict[str, str] = {}
        try:
            symbols = asyncio.run(_symbols(asked, period, vendor, tables_of(store), screen, lacks))
        except PriceFault as fault:
            return _unreached(settings, vendor, f"{fault.asked}: {fault.why}", screen)
        job = Download(vendor=vendor, store=store, calendar=calendar, clock=clock, period=period)
        # Listings and suspensions come first: by them is judged whether bars reach far enough.
        with screen.progress("data.describing") as bar:
            today = clock.now().astimezone(ZONES[Market.CN]).date()
            lacks |= asyncio.run(_facts(vendor, symbols, period, tables_of(store), calendar, today, bar))
        with screen.progress("data.downloading") as bar:
            bar.expect(len(symbols))
            summary = asyncio.run(job.run(symbols, bar.step))
        if summary.unreached:
            why = next(iter(summary.failed.values()))
            return _unreached(settings, vendor, why, screen, summary)
        summary.lacks |= lacks
        _show(summary, store, screen)
    return Exit.DONE if summary.whole else Exit.DIFFERENCES


def vendor_of(settings: Settings, name: str, clock: Clock) -> HistoryVendor:
    """Return the vendor of that name.

    Raises:
        CommandFailed: There is none, or it needs a token that is not there.
    """
    named = settings.data_source
    if name == "akshare":
        pace = Pace(
            requests_per_s_max=named.requests_per_s_max,
            burst_requests_max=named.burst_requests_max,
            concurrent_requests_max=named.concurrent_requests_max,
        )
        return AkshareHistory(clock, pace, deadline_s=DEADLINE_S)
    if name != "tushare":
        raise CommandFailed(
            Exit.USAGE, f"--source {name!r}: history is told by {' and '.join(SOURCES)}; give one of these"
        )
    if named.api_key is None:
        raise CommandFailed(
            Exit.USAGE,
            "--source tushare needs its token in KAIPAN_DATA_API_KEY, in the environment or .env; or give "
            "--source akshare",
        )
    around = Surroundings(clock=clock, environment=process_environment())
    return TushareHistory(tushare_calls(named, around, DEADLINE_S))


def _period(settings: Settings, asked: Asked, clock: Clock) -> Period:
    """Return the period, cut at the last day that is over: one in progress is not kept.

    Raises:
        HistoryError: There is no day in it.
        CommandFailed: There are no bars of that length.
    """
    last = last_day_over(clock.now(), settings.market)
    length = length_in("--frequency", asked.frequency)
    period = Period(length=length, start=asked.start, end=min(asked.end or last, last))
    require_period(period)
    return period


async def _symbols(
    asked: Asked,
    period: Period,
    vendor: HistoryVendor,
    tables: FactTables,
    screen: Screen,
    lacks: dict[str, str],
) -> tuple[Symbol, ...]:
    """Return the symbols named, and all that were members of the index; its lists are kept where whole.

    Raises:
        CommandFailed: Neither is named, or no list of the index is whole.
        PriceFault: The members are not told.
    """
    named = symbols_in(asked.symbols)
    if not asked.index:
        if not named:
            raise CommandFailed(Exit.USAGE, "name what to download: --symbols 600519.SH or --index 000016.SH")
        return named
    for roll in await vendor.rolls(asked.index, period.start, period.end):
        if problem := roll_problem(roll):
            lacks[f"{asked.index} {roll.day}"] = problem
        else:
            tables.keep_roll(roll)
    rolls = tables.rolls(asked.index)
    if not rolls:
        why = next(iter(lacks.values()), f"{asked.index}: {vendor.name} lists no members")
        raise CommandFailed(
            Exit.UNAVAILABLE, f"{why}; ask again later, or import a whole list with `data import`"
        )
    await _keep_stays(asked.index, vendor, tables, screen)
    screen.note(
        "data.download.members", index=asked.index, source=vendor.name, days=len(rolls), first=rolls[0].day
    )
    return tuple(dict.fromkeys((*named, *ever_listed(rolls, tables.stays(asked.index)))))


async def _keep_stays(index: str, vendor: HistoryVendor, tables: FactTables, screen: Screen) -> None:
    """Keep since when members belong to an index; where that is not told, the lists alone count."""
    try:
        tables.keep_stays(await vendor.stays(index))
    except PriceFault as fault:
        screen.note("data.download.stays", index=index, why=fault.why[:_WHY_CHARACTERS_MAX])


async def _facts(
    vendor: HistoryVendor,
    symbols: Sequence[Symbol],
    period: Period,
    tables: FactTables,
    calendar: Calendar,
    today: date,
    bar: Progress,
) -> dict[str, str]:
    """Keep the facts and days that the vendor tells and that no vendor told, or only on the day itself.

    What files stated stays over them. Returns what it does not tell, and which days it calls something else
    than the calendar does.
    """
    left: dict[Days, list[Symbol]] = {}
    lacks: dict[str, str] = {}
    there, early = tables.described(symbols), tables.covered(EARLY)
    for symbol in symbols:
        known = facts_by_vendors(there.get(symbol, ())).less(early.get(symbol, NOTHING).spans)
        for days in known.missing(period.start, period.end):
            left.setdefault(days, []).append(symbol)
    bar.expect(sum(map(len, left.values())))
    try:
        days_told = await vendor.days(period.start, period.end)
        if days_told:
            tables.keep_days(Market.CN, days_told, vendor.name)
            lacks |= _other_days(days_told, calendar, vendor.name)
        for days, some in left.items():
            for first in range(0, len(some), vendor.at_a_time):
                part = some[first : first + vendor.at_a_time]
                fresh = await vendor.described(part, *days)
                tables.describe(
                    (each for one in fresh for each in with_files(one, there.get(one.instrument.symbol, ()))),
                    today,
                )
                for _ in part:
                    bar.step()
    except PriceFault as fault:
        lacks[vendor.name] = f"{fault.asked}: {fault.why}"
    return lacks


def _other_days(told: Mapping[date, bool], calendar: Calendar, source: str) -> dict[str, str]:
    """Return the days that a vendor calls open and the calendar closed, or the other way round."""
    state = {True: TradingDay.OPEN, False: TradingDay.CLOSED}
    known = ((day, calendar.trading_day(day), state[is_open]) for day, is_open in sorted(told.items()))
    return {
        str(day): f"{source} calls it {says}, the calendar {ours}; calendar_overlay can say who is right"
        for day, ours, says in known
        if ours is not TradingDay.UNKNOWN and ours is not says
    }


def _show(summary: Summary, store: HistoryStore, screen: Screen) -> None:
    screen.line(
        "data.download.done",
        stored=len(summary.stored),
        bars=f"{summary.bars:,}",
        already=summary.already,
    )
    _lines("data.download.short", summary.short, screen)
    _lines("data.download.aside", summary.set_aside, screen)
    _lines("data.download.failed", summary.failed, screen)
    if summary.short or NO_BARS in summary.failed.values():
        screen.line("data.download.declare")
    _lines("data.download.lacks", summary.lacks, screen)
    for finding in condensed(summary.told)[:_LINES_MAX]:
        show_finding(finding, screen)
    screen.result(_as_json(summary, store))


def _lines(key: str, reasons: Mapping[str, str] | Mapping[Symbol, str], screen: Screen) -> None:
    for symbol, why in list(reasons.items())[:_LINES_MAX]:
        screen.line(key, symbol=symbol, why=why)
    if len(reasons) > _LINES_MAX:
        screen.line("data.download.more", count=len(reasons) - _LINES_MAX)


def _unreached(
    settings: Settings, vendor: HistoryVendor, why: str, screen: Screen, summary: Summary | None = None
) -> Exit:
    """Tell on one screen what to do where the vendor cannot be reached; what was stored stays."""
    environment = advice_environment(settings, process_environment())
    short = why if len(why) <= _WHY_CHARACTERS_MAX else f"{why[:_WHY_CHARACTERS_MAX]}..."
    advice = network_advice(screen.lang, dict.fromkeys(vendor.hosts, ""), environment)[1:]
    others = " | ".join(name for name in SOURCES if name != vendor.name)
    screen.line("data.download.unreached", source=vendor.name, why=short)
    if not screen.as_json:
        for line in advice:
            screen.console.print(line.rstrip(": ："), markup=False)
    screen.line("data.download.alternatives", others=others)
    screen.line("data.download.again")
    told = {} if summary is None else _as_json(summary, store_of(settings))
    screen.result({**told, "unreached": why, "advice": list(advice)})
    return Exit.UNAVAILABLE


def _as_json(summary: Summary, store: HistoryStore) -> dict[str, object]:
    return {
        "folder": str(store.folder),
        "stored": list(summary.stored),
        "new_bars": summary.bars,
        "already": summary.already,
        "set_aside": dict(summary.set_aside),
        "failed": dict(summary.failed),
        "short": dict(summary.short),
        "lacks": dict(summary.lacks),
        "findings": [as_json(one) for one in condensed(summary.told)],
    }
