"""One trading day of a US market that is not: shares without limits and book, by New York's clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from tests.market_twins.market import TICK, Day, Market, Share, Sight, ticks
from tests.market_twins.seeded import DAY

NEW_YORK = ZoneInfo("America/New_York")
OPENS, CLOSES = time(9, 30), time(16)
MINUTES = 390

NAMES = {
    "AAPL.US": ("Apple Inc.", "341.07"),
    "KO.US": ("Coca-Cola Company (The)", "68.42"),
    "MSFT.US": ("Microsoft Corporation", "512.30"),
    "NVDA.US": ("NVIDIA Corporation", "183.95"),
}


@dataclass(frozen=True)
class UsShare(Share):
    """A share whose `path` holds the opening price and then the last price of each of 390 minutes."""

    def sight(self, day: date, moment: datetime) -> Sight:
        """Return the share as its exchange shows it, dated by its last trade: two seconds ago in trading."""
        now, opens = moment.astimezone(NEW_YORK), datetime.combine(day, OPENS, NEW_YORK)
        closes = datetime.combine(day, CLOSES, NEW_YORK)
        stamp = min(max(now - timedelta(seconds=2), opens), closes)
        begun = int((min(now, closes) - opens) / timedelta(minutes=1))
        done = self.path[: begun + 1] if now >= opens else ()
        if not done:
            stamp = datetime.combine(self.days[-1].day, CLOSES, NEW_YORK)
        last = done[-1] if done else self.days[-1].close
        return Sight(
            symbol=self.symbol, name=self.name, stamp=stamp.replace(microsecond=0), last=last,
            prev_close=self.prev_close, open=done[0] if done else None, high=max(done, default=None),
            low=min(done, default=None), limit_up=None, limit_down=None, bids=(), asks=(),
            shares=sum(self.shares[: len(done)]), amount=Decimal(0),
        )  # fmt: skip


def us_market(day: date = DAY, seed: int = 7) -> Market:
    """Return the market of a seed: the same seed, the same prices."""
    shares = (_seeded(symbol, *named, day, seed) for symbol, named in NAMES.items())
    return Market(day, {share.symbol: share for share in shares})


def _seeded(symbol: str, name: str, stated: str, day: date, seed: int) -> UsShare:
    chance, close = Random(f"{seed} {symbol}"), Decimal(stated)
    days = tuple(
        Day(day - timedelta(days=back), at - 1, at + 2, at - 3, at, 5_000_000)
        for back, at in ((4, close - 3), (1, close))
    )
    path = tuple(_walk(close, chance))
    shares = tuple(chance.randrange(2_000, 90_000) for _ in path)
    return UsShare(symbol, name, date(1990, 1, 2), Decimal("0.10"), days, path, shares)


def _walk(price: Decimal, chance: Random) -> Iterator[Decimal]:
    step = max(price * Decimal("0.0004"), TICK)
    for _ in range(MINUTES + 1):
        price = ticks(price + step * chance.choice((-2, -1, 0, 1, 2)))
        yield price
