"""One trading day of a market that is not: what its shares do by the minute, and how each looks at a moment.

`Market.sight(symbol, moment)` is what any vendor could know then; each states it in its own form. Nothing
here knows a vendor, and nothing asks the product: limits are stated with each share.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

CN = ZoneInfo("Asia/Shanghai")
TICK = Decimal("0.01")
MINUTES = 240
ONE = timedelta(minutes=1)
_AFTERNOON_SEEN = time(13, 0, 5)
_CALLING = (MINUTES - 2, MINUTES - 1)
"""Minutes of the closing call, which makes a price at the end of the next."""

Price = Decimal | str | None
"""A price as it is told: text goes out as it stands, None in the form a vendor has for nothing."""


class Trade(StrEnum):
    """How a share spends its day."""

    USUAL = "usual"
    SEALED_UP = "sealed_up"
    """At its upper limit from the opening on, nobody selling."""
    SEALED_DOWN = "sealed_down"
    SUSPENDED = "suspended"
    """Does not trade all day."""
    HALTED = "halted"
    """Stopped by the exchange from 10:00 to 14:00."""


@dataclass(frozen=True)
class Level:
    """A price and the shares at it."""

    price: Price
    shares: int


@dataclass(frozen=True)
class Day:
    """A day that is over, prices as they were."""

    day: date
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    shares: int


@dataclass(frozen=True)
class Minute:
    """A minute of trading; `label` is its end, 09:30 for the opening call."""

    label: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    shares: int


@dataclass(frozen=True)
class Rights:
    """New shares that holders may buy: how many for ten, at what price, with which ex-day."""

    for_ten: Decimal
    price: Decimal
    ex_day: date


@dataclass(frozen=True)
class Share:
    """A listed share: `path` holds the opening price and then the last price of each minute, 241 in all."""

    symbol: str
    name: str
    listed_on: date
    limit: Decimal
    days: tuple[Day, ...]
    path: tuple[Decimal, ...]
    shares: tuple[int, ...]
    trade: Trade = Trade.USUAL
    dividend: Decimal = Decimal(0)
    """CNY a share whose ex-day is today."""
    rights: Rights | None = None
    delisted_on: date | None = None
    """The first day on which it is listed no more."""

    @property
    def code(self) -> str:
        return self.symbol[:6]

    @property
    def place(self) -> str:
        """`sh`, `sz` or `bj`."""
        return self.symbol[7:].lower()

    @property
    def warned(self) -> bool:
        return "ST" in self.name

    @property
    def prev_close(self) -> Decimal:
        """The reference of the day's limits: yesterday's close, less what the share lost by its ex-day."""
        return self.days[-1].close - self.dividend

    @property
    def limit_up(self) -> Decimal:
        return ticks(self.prev_close * (1 + self.limit))

    @property
    def limit_down(self) -> Decimal:
        return ticks(self.prev_close * (1 - self.limit))

    def sight(self, day: date, moment: datetime) -> Sight:
        """Return the share as its exchange shows it at a moment of the day."""
        return _sight(self, day, moment.astimezone(CN))


@dataclass(frozen=True)
class Sight:
    """A share at a moment, as its exchange shows it. A last of None: it has not traded today."""

    symbol: str
    name: str
    stamp: datetime
    last: Price
    prev_close: Price
    open: Price
    high: Price
    low: Price
    limit_up: Price
    limit_down: Price
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    shares: int
    amount: Decimal
    trade: Trade = Trade.USUAL

    @property
    def code(self) -> str:
        return self.symbol[:6]


@dataclass(frozen=True)
class News:
    """An item of news on a share."""

    symbol: str
    title: str
    text: str
    at: datetime
    medium: str


@dataclass(frozen=True)
class Market:
    """The shares of one trading day."""

    day: date
    listed: Mapping[str, Share]
    news: tuple[News, ...] = ()
    announced: tuple[News, ...] = ()
    """What companies announced; the medium is the company's name."""

    def codes(self) -> tuple[str, ...]:
        return tuple(self.listed)

    def find(self, place: str, code: str) -> str:
        """Return the symbol that a vendor's `sh` and `600519` mean, empty where there is none."""
        symbol = f"{code}.{place.upper()}"
        return symbol if symbol in self.listed else ""

    def sight(self, symbol: str, moment: datetime) -> Sight | None:
        """Return the share at `moment`; None where no such share is listed."""
        share = self.listed.get(symbol)
        return None if share is None else share.sight(self.day, moment)

    def minutes(self, symbol: str, moment: datetime) -> tuple[Minute, ...]:
        """Return the minutes of the day that had begun, the last perhaps under way."""
        share = self.listed.get(symbol)
        if share is None:
            return ()
        return tuple(_minutes(share, self.day, moment.astimezone(CN)))

    def days(self, symbol: str, moment: datetime, *, adjusted: bool) -> tuple[Day, ...]:
        """Return the days that are over and today's so far; `adjusted` forward for today's ex-day."""
        share = self.listed.get(symbol)
        if share is None:
            return ()
        off = share.dividend if adjusted else Decimal(0)
        past = tuple(
            replace(one, open=one.open - off, high=one.high - off, low=one.low - off, close=one.close - off)
            for one in share.days
        )
        done = self.minutes(symbol, moment)
        return (*past, *([_day_of(self.day, done)] if done else []))

    def bars(
        self, symbol: str, moment: datetime, length: int, *, adjusted: bool = False
    ) -> tuple[tuple[datetime, Day], ...]:
        """Return bars of so many minutes by their end; each of a past day shows what the whole day did.

        The last is labelled with its end and may be under way.
        """
        share = self.listed.get(symbol)
        if share is None:
            return ()
        ends = range(length, MINUTES + 1, length)
        past = self.days(symbol, moment, adjusted=adjusted)[: len(share.days)]
        found = [(label_of(one.day, end), one) for one in past for end in ends]
        done = self.minutes(symbol, moment)
        for end in ends:
            since, until = label_of(self.day, end - length), label_of(self.day, end)
            # The opening call belongs to the first bar, whose start is its label.
            part = [bar for bar in done if since - (end == length) * ONE < bar.label <= until]
            if part:
                found.append((until, _day_of(self.day, part)))
        return tuple(found)


# At a moment.


def minute_begun(moment: datetime) -> int:
    """Return how many minutes of continuous trading have begun: 0 at the opening call, -1 before it."""
    at = moment.time()
    if at < time(9, 25):
        return -1
    if at < time(9, 30):
        return 0
    morning = min(int((at.hour * 60 + at.minute) - 570) + 1, MINUTES // 2)
    if at < _AFTERNOON_SEEN:
        return morning
    return min(MINUTES // 2 + (at.hour * 60 + at.minute) - 780 + 1, MINUTES)


def label_of(day: date, minute: int) -> datetime:
    """Return when a minute ends; the opening call is labelled 09:30."""
    start = time(9, 30) if minute <= MINUTES // 2 else time(13)
    into = minute if minute <= MINUTES // 2 else minute - MINUTES // 2
    return datetime.combine(day, start, CN) + timedelta(minutes=into)


def stamp_of(moment: datetime) -> datetime:
    """Return when the exchange last spoke: every three seconds, at lunch and after the close no more.

    After lunch it speaks at 13:00:03, and what it says is seen two seconds later.
    """
    at = moment.time()
    if time(11, 30) <= at < _AFTERNOON_SEEN:
        return moment.replace(hour=11, minute=30, second=0, microsecond=0)
    if at >= time(15):
        return moment.replace(hour=15, minute=0, second=0, microsecond=0)
    return moment.replace(second=moment.second // 3 * 3, microsecond=0)


def _sight(share: Share, day: date, moment: datetime) -> Sight:
    done = tuple(_minutes(share, day, moment))
    stamp, trade = stamp_of(moment), share.trade
    if trade is Trade.HALTED and not time(10) <= moment.time() < time(14):
        trade = Trade.USUAL
    if trade is Trade.HALTED:
        stamp = datetime.combine(day, time(10), CN)
    if trade is Trade.SUSPENDED:
        stamp = moment.replace(hour=9, minute=0, second=0, microsecond=0)
    last = done[-1].close if done else None
    if trade is not Trade.SUSPENDED and _is_call(moment.time()):
        bids, asks = _called(share, moment.time())
    else:
        bids, asks = _book(share, last, trade, len(done))
    return Sight(
        symbol=share.symbol, name=share.name, stamp=stamp, last=last, prev_close=share.prev_close,
        open=done[0].open if done else None,
        high=max((one.high for one in done), default=None),
        low=min((one.low for one in done), default=None),
        limit_up=share.limit_up, limit_down=share.limit_down, bids=bids, asks=asks,
        shares=sum(one.shares for one in done),
        amount=sum((one.shares * one.close for one in done), Decimal(0)),
        trade=trade,
    )  # fmt: skip


def _minutes(share: Share, day: date, moment: datetime) -> Iterator[Minute]:
    begun = minute_begun(moment)
    if share.trade is Trade.SUSPENDED or moment.date() < day:
        return
    for minute in range(begun + 1 if moment.date() == day else MINUTES + 1):
        if share.trade is Trade.HALTED and 30 < minute <= 180:
            continue
        before, price = (_traded(share, one, moment, day) for one in (max(minute - 1, 0), minute))
        yield Minute(
            label=label_of(day, minute), open=before, high=max(before, price), low=min(before, price),
            close=price, shares=0 if _is_called(minute, moment, day) else share.shares[minute],
        )  # fmt: skip


def _traded(share: Share, minute: int, moment: datetime, day: date) -> Decimal:
    """Return the last price of a minute; while the closing call runs that of the last before it."""
    return share.path[_CALLING[0] - 1 if _is_called(minute, moment, day) else minute]


def _is_called(minute: int, moment: datetime, day: date) -> bool:
    """Answer whether nothing traded in a minute yet because of the closing call."""
    over = moment.date() > day or moment.time() >= time(15)
    return minute in _CALLING or (minute == MINUTES and not over)


def _day_of(day: date, done: Sequence[Minute]) -> Day:
    return Day(
        day, done[0].open, max(one.high for one in done), min(one.low for one in done), done[-1].close,
        sum(one.shares for one in done),
    )  # fmt: skip


def _is_call(at: time) -> bool:
    return time(9, 15) <= at < time(9, 25) or time(14, 57) <= at < time(15)


def _called(share: Share, at: time) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
    """Return what a call shows: the price it would make on both sides, and what would be left over."""
    price, matched = share.path[0 if at < time(12) else MINUTES], 100 * (at.minute + 1)
    return (Level(price, matched), Level(None, 700)), (Level(price, matched),)


def _book(
    share: Share, last: Decimal | None, trade: Trade, begun: int
) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
    """Return five levels a side, as far as the limits leave room; none where nothing trades."""
    if last is None or trade in (Trade.SUSPENDED, Trade.HALTED):
        return (), ()
    low, high = share.limit_down, share.limit_up
    sizes = [100 * (3 + (begun + level * 7) % 40) for level in range(6)]
    bids = [(last - level * TICK, sizes[level]) for level in range(5)]
    asks = [(last + (level + 1) * TICK, sizes[level + 1]) for level in range(5)]
    if last == high:
        bids = [(price, shares * 500) for price, shares in bids]
    if last == low:
        bids, asks = [], [(last + level * TICK, sizes[level] * 500) for level in range(5)]
    return (
        tuple(Level(price, shares) for price, shares in bids if price >= low),
        tuple(Level(price, shares) for price, shares in asks if price <= high),
    )


def ticks(price: Decimal) -> Decimal:
    """Return a price on the tick, half a tick upward."""
    return price.quantize(TICK, ROUND_HALF_UP)
