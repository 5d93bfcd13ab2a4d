"""Trading days of a market, over exchange_calendars, with a dated overlay and a cache of known days.

The library and pandas cost two seconds to import, so they are asked once for a version of the
library and the answer is kept in a small file that is checked before it is believed.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import warnings
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, time, timedelta
from pathlib import Path
from types import MappingProxyType

from services.domain.events import TradingDay
from services.domain.instruments import Market
from services.domain.value import Value
from services.installed_version import installed_version
from services.market.atomic_file import write_whole

CACHE_VERSION = 1

NAMES = {Market.CN: "XSHG", Market.US: "XNYS"}
"""The library's calendars. All mainland exchanges share XSHG; its XBSE is Bucharest."""

FIRST_DAYS = {Market.CN: date(1990, 12, 19), Market.US: date(1990, 1, 2)}
"""The first day answered for; the Shanghai exchange opened on 1990-12-19."""

RULE_HORIZONS = {Market.US: date(2027, 12, 31)}
"""Where the library computes days by rule without end, the last year the exchange has announced."""

NO_OVERLAY: Mapping[date, TradingDay] = MappingProxyType({})

_SATURDAY = 5
_OPEN = TradingDay.OPEN


class OverlayError(ValueError):
    """An overlay file that cannot be used: one line naming the file, the key and the mend."""


class KnownDays(Value, frozen=True, kw_only=True):
    """The open days in [first, until], ascending, and the early closes among them (market-local)."""

    first: date
    until: date
    days: tuple[date, ...]
    early_closes: Mapping[date, time]


class MarketCalendar:
    """What is known of a market's days; a day nobody has announced is UNKNOWN.

    The overlay is believed before the library: it extends it past its end and corrects it.
    """

    def __init__(
        self, market: Market, cache_dir: Path | None, overlay: Mapping[date, TradingDay] = NO_OVERLAY
    ) -> None:
        self._overlay = dict(overlay)
        self._known = known_days(market, cache_dir)
        opened = {day for day, state in overlay.items() if state is TradingDay.OPEN}
        shut = overlay.keys() - opened
        self._days = tuple(sorted({*self._known.days, *opened} - shut)) if overlay else self._known.days
        self._open = frozenset(self._days)

    def trading_day(self, day: date) -> TradingDay:
        """Return what is known of `day`."""
        if day in self._open:
            return _OPEN
        stated = self._overlay.get(day)
        if stated is not None:
            return stated
        return TradingDay.CLOSED if self._known.first <= day <= self._known.until else TradingDay.UNKNOWN

    def trading_days(self, start: date, end: date) -> tuple[date, ...]:
        """Return the known open days in [start, end], ascending."""
        return self._days[bisect_left(self._days, start) : bisect_right(self._days, end)]

    def early_close(self, day: date) -> time | None:
        """Return the market-local time at which an open day ends early, None for a usual one."""
        return self._known.early_closes.get(day) if day in self._open else None

    @property
    def known_until(self) -> date:
        """The last day up to which every weekday is known, by the library or the overlay."""
        return self._known_through(self._known.until, max(self._overlay, default=self._known.until))

    def runway_days(self, today: date) -> int:
        """Return the calendar days left until `known_until`; negative once it has passed."""
        return (self.known_until - today).days

    def _known_through(self, start: date, end: date) -> date:
        """Return the last known day of the unbroken run from `start` to `end`.

        A weekend does not break it: none of these exchanges has opened on one since its first day here.
        """
        last = start
        day = start + timedelta(days=1)
        while day <= end:
            if self.trading_day(day) is not TradingDay.UNKNOWN:
                last = day
            elif day.weekday() < _SATURDAY:
                break
            day += timedelta(days=1)
        return last


class FollowedCalendar:
    """A calendar that reads its overlay again whenever the file has changed, before it answers.

    A file that cannot be read changes nothing, and `fault` tells why: the days of the last one hold.
    The first one must be readable, unless it is not `strict`; until it is, the library alone counts.
    """

    def __init__(
        self, market: Market, cache_dir: Path | None, overlay: Path | None, *, strict: bool = True
    ) -> None:
        self._market, self._cache_dir, self._overlay = market, cache_dir, overlay
        self._stamp: tuple[int, int, int] | None = None
        self._days: Mapping[date, TradingDay] = NO_OVERLAY
        self._known = MarketCalendar(market, cache_dir)
        self.fault = ""
        if overlay is not None:
            self._read(overlay)
        if strict and self.fault:
            raise OverlayError(self.fault)

    def trading_day(self, day: date) -> TradingDay:
        """Return what is known of `day`."""
        return self._now().trading_day(day)

    def trading_days(self, start: date, end: date) -> tuple[date, ...]:
        """Return the known open days in [start, end], ascending."""
        return self._now().trading_days(start, end)

    def early_close(self, day: date) -> time | None:
        """Return the market-local time at which an open day ends early, None for a usual one."""
        return self._now().early_close(day)

    @property
    def known_until(self) -> date:
        """The last day up to which every weekday is known, by the library or the overlay."""
        return self._now().known_until

    def runway_days(self, today: date) -> int:
        """Return the calendar days left until `known_until`; negative once it has passed."""
        return self._now().runway_days(today)

    @property
    def decided(self) -> frozenset[date]:
        """The days that the overlay states."""
        self._now()
        return frozenset(self._days)

    def _now(self) -> MarketCalendar:
        if self._overlay is not None and _stamp(self._overlay) != self._stamp:
            self._read(self._overlay)
        return self._known

    def _read(self, overlay: Path) -> None:
        self._stamp = _stamp(overlay)
        try:
            days = load_overlay(overlay)
        except OverlayError as error:
            self.fault = str(error)
        else:
            self._known = MarketCalendar(self._market, self._cache_dir, days)
            self._days, self.fault = days, ""


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Return what tells one state of a file from another, None where there is no file."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def load_overlay(path: Path) -> dict[date, TradingDay]:
    """Return the days a YAML or JSON file states: `2027-01-04: open`.

    Raises:
        OverlayError: The file cannot be read, or states something else.
    """
    yaml = importlib.import_module("yaml")
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        first = str(problem).partition("\n")[0]
        raise OverlayError(f"{path}: cannot be read ({first}); give lines like 2027-01-04: open") from None
    if not isinstance(root, yaml.MappingNode):
        raise OverlayError(f"{path}: is no list of days; give lines like 2027-01-04: open")
    overlay: dict[date, TradingDay] = {}
    for key, state in root.value:
        where = f"{path}:{key.start_mark.line + 1}"
        day = _overlay_day(where, str(key.value))
        if day in overlay:
            raise OverlayError(f"{where}: {day} stands twice; leave one of them")
        overlay[day] = _overlay_state(f"{where}: {day}", state.value if state.id == "scalar" else state.id)
    return overlay


def _overlay_day(where: str, stated: str) -> date:
    try:
        return date.fromisoformat(stated)
    except ValueError:
        raise OverlayError(f"{where}: key {stated!r} is no date; write it like 2027-01-04") from None


def _overlay_state(where: str, stated: object) -> TradingDay:
    for state in (TradingDay.OPEN, TradingDay.CLOSED):
        if stated == state:
            return state
    raise OverlayError(f"{where}: {str(stated)!r} is neither open nor closed; write one of them")


def known_days(market: Market, cache_dir: Path | None) -> KnownDays:
    """Return the market's days from the cache, or from the library where the cache is not to be believed.

    A cache that is missing, damaged or of another library version is written anew; where it cannot
    be written, the next start is slow again and nothing else.
    """
    path = None if cache_dir is None else cache_dir / f"calendar-{market.value}.json"
    of_library = f"exchange_calendars {installed_version('exchange_calendars')}"
    stamp = f"{CACHE_VERSION} {of_library} {FIRST_DAYS[market]}"
    cached = None if path is None else _cached(path, stamp)
    if cached is not None:
        return cached
    known = _computed(market)
    if path is not None:
        with suppress(OSError):
            write_whole(path, [_encoded(known, stamp)])
    return known


def _computed(market: Market) -> KnownDays:
    with warnings.catch_warnings():
        # exchange_calendars 4.13 calls what pandas 3 deprecates; tests hold its answers to known days.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        name = NAMES[market]
        library = importlib.import_module(f"exchange_calendars.exchange_calendar_{name.lower()}")
        calendar_class = getattr(library, f"{name}ExchangeCalendar")
        last = calendar_class.bound_max()
        until = RULE_HORIZONS[market] if last is None else last.date()
        first = FIRST_DAYS[market]
        calendar = calendar_class(start=str(first), end=str(until))
        early = {
            session.date(): calendar.closes[session].tz_convert(calendar.tz).time()
            for session in calendar.early_closes
        }
        days = tuple(session.date() for session in calendar.sessions)
    return KnownDays(first=first, until=until, days=days, early_closes=early)


def _encoded(known: KnownDays, stamp: str) -> bytes:
    content = {
        "stamp": stamp,
        "first": known.first.isoformat(),
        "until": known.until.isoformat(),
        "days": [day.isoformat() for day in known.days],
        "early_closes": {day.isoformat(): at.isoformat() for day, at in known.early_closes.items()},
    }
    text = json.dumps(content, separators=(",", ":"))
    return f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}\n".encode()


def _cached(path: Path, stamp: str) -> KnownDays | None:
    """Return what the cache file holds, None unless it is whole and of this library version."""
    try:
        digest, text, rest = path.read_bytes().split(b"\n")
    except (OSError, ValueError):
        return None
    if rest or hashlib.sha256(text).hexdigest().encode() != digest:
        return None
    content = json.loads(text)
    if content["stamp"] != stamp:
        return None
    return KnownDays(
        first=date.fromisoformat(content["first"]),
        until=date.fromisoformat(content["until"]),
        days=tuple(map(date.fromisoformat, content["days"])),
        early_closes={
            date.fromisoformat(day): time.fromisoformat(at) for day, at in content["early_closes"].items()
        },
    )
