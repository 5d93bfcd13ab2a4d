"""Markets to serve: one made of a seed, with a share for each trap, and one out of a real file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from random import Random

from tests.market_twins.market import CN, MINUTES, TICK, Day, Market, News, Rights, Share, Trade, ticks

_CLOSED = frozenset(
    date.fromisoformat(day) for day in ("2026-04-06", "2026-05-01", "2026-05-04", "2026-05-05", "2026-06-19")
)
"""Weekdays without trading between April and July 2026, by the exchanges' notice for that year."""


@dataclass(frozen=True)
class Kind:
    """What is peculiar to a share of the seeded market."""

    symbol: str
    name: str
    close: str
    limit: str = "0.10"
    listed_on: str = "2001-08-27"
    trade: Trade = Trade.USUAL
    dividend: str = "0"
    rights: Rights | None = None


KINDS = (
    Kind("600519.SH", "贵州茅台", "1450.00"),
    Kind("601318.SH", "中国平安", "58.20", listed_on="2007-03-01"),
    Kind("600036.SH", "XD招商银", "44.10", listed_on="2002-04-09", dividend="1.97"),
    Kind("600900.SH", "长江电力", "28.75", listed_on="2003-11-18"),
    Kind("601899.SH", "紫金矿业", "19.36", listed_on="2008-04-25"),
    Kind("688981.SH", "中芯国际", "120.40", "0.20", "2020-07-16"),
    Kind("300750.SZ", "宁德时代", "380.20", "0.20", "2018-06-11"),
    Kind("000333.SZ", "美的集团", "72.15", listed_on="2013-09-18"),
    Kind("002594.SZ", "比亚迪", "310.55", listed_on="2011-06-30"),
    Kind(
        "000858.SZ",
        "五粮液",
        "131.02",
        listed_on="1998-04-27",
        rights=Rights(Decimal("1.5"), Decimal("80.43"), date(2026, 7, 20)),
    ),
    Kind("000001.SZ", "平安银行", "11.52", listed_on="1991-04-03"),
    Kind("600666.SH", "*ST瑞德", "3.21", listed_on="1993-09-28"),
    Kind("603019.SH", "中科曙光", "88.90", listed_on="2014-11-06", trade=Trade.SEALED_UP),
    Kind("002230.SZ", "科大讯飞", "52.36", listed_on="2008-05-12", trade=Trade.SEALED_DOWN),
    Kind("688012.SH", "中微公司", "310.00", "0.20", "2019-07-22", Trade.SUSPENDED),
    Kind("002415.SZ", "海康威视", "33.48", listed_on="2010-05-28", trade=Trade.HALTED),
    Kind("920002.BJ", "万达轴承", "99.00", "0.30", "2024-05-30"),
)
"""Ten liquid shares, one on its ex-day, one about to offer rights, then one of each trap."""

DAY = date(2026, 7, 14)
"""A Tuesday under the trading rules in force since 2026-07-06."""


def seeded_market(day: date = DAY, seed: int = 7, kinds: Sequence[Kind] = KINDS) -> Market:
    """Return the market of a seed: the same seed, the same prices."""
    shares = {kind.symbol: _seeded(kind, day, seed) for kind in kinds}
    return Market(
        day,
        shares,
        news=tuple(_news(share, day) for share in shares.values()),
        announced=tuple(_announced(share) for share in shares.values()),
    )


def filed_market(path: Path, day: date) -> Market:
    """Return a day of a file in the form of `daily.jsonl`: each day runs open, low, high, close."""
    shares = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if (share := _filed(json.loads(line), day)) is not None:
            shares[share.symbol] = share
    return Market(day, shares)


def trading_days(before: date, number: int) -> list[date]:
    """Return so many trading days before a day, ascending."""
    found: list[date] = []
    while len(found) < number:
        before -= timedelta(days=1)
        if before.isoweekday() <= 5 and before not in _CLOSED:
            found.append(before)
    return found[::-1]


def _seeded(kind: Kind, day: date, seed: int) -> Share:
    chance = Random(f"{seed} {kind.symbol}")
    close, days = Decimal(kind.close), []
    for past in reversed(trading_days(day, 66)):
        opened = ticks(close * Decimal(str(1 + chance.uniform(-0.012, 0.012))))
        high, low = max(opened, close) + 2 * TICK, min(opened, close) - 2 * TICK
        days.append(Day(past, opened, high, low, close, 100 * chance.randrange(2_000, 90_000)))
        close = opened
    share = Share(
        kind.symbol, kind.name, date.fromisoformat(kind.listed_on), Decimal(kind.limit), tuple(days[::-1]),
        (), tuple(100 * chance.randrange(1, 400) for _ in range(MINUTES + 1)), kind.trade,
        Decimal(kind.dividend), kind.rights,
    )  # fmt: skip
    return replace(share, path=tuple(_walk(share, chance)))


def _walk(share: Share, chance: Random) -> Iterator[Decimal]:
    if share.trade is Trade.SEALED_UP:
        yield from [share.limit_up] * (MINUTES + 1)
        return
    if share.trade is Trade.SEALED_DOWN:
        yield from [share.limit_down] * (MINUTES + 1)
        return
    step, price = share.prev_close * Decimal("0.0006"), share.prev_close
    for _ in range(MINUTES + 1):
        price = ticks(price + step * chance.choice((-2, -1, 0, 1, 2)))
        price = min(max(price, share.limit_down + 6 * TICK), share.limit_up - 6 * TICK)
        yield price


def _filed(stated: Mapping[str, Mapping[str, Mapping[str, str] | str]], day: date) -> Share | None:
    symbol = str(stated["Meta Data"]["2. Symbol"])
    series = stated["Time Series (Daily)"]
    days = [
        Day(date.fromisoformat(label), *_four(bar), int(float(bar["5. volume"])))
        for label, bar in sorted(series.items())
        if isinstance(bar, Mapping) and "4. sell price" in bar
    ]
    at = next((index for index, one in enumerate(days) if one.day == day), 0)
    if not at:
        return None
    today = days[at]
    corners = ((0, today.open), (80, today.low), (160, today.high), (MINUTES, today.close))
    return Share(
        symbol, symbol, days[0].day - timedelta(days=900),
        Decimal("0.20" if symbol[:2] == "68" else "0.10"), tuple(days[:at]), tuple(_between(corners)),
        (today.shares // (MINUTES + 1) // 100 * 100,) * (MINUTES + 1),
    )  # fmt: skip


def _four(bar: Mapping[str, str]) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    names = ("1. buy price", "2. high", "3. low", "4. sell price")
    opened, high, low, close = (ticks(Decimal(bar[name])) for name in names)
    return opened, high, low, close


def _between(corners: Sequence[tuple[int, Decimal]]) -> Iterator[Decimal]:
    yield corners[0][1]
    for (start, first), (end, last) in pairwise(corners):
        for minute in range(start + 1, end + 1):
            yield ticks(first + (last - first) * (minute - start) / (end - start))


def _news(share: Share, day: date) -> News:
    at = datetime.combine(day, time(8, 30), CN)
    return News(share.symbol, f"{share.name}发布公告", f"{share.name}今日公告若干事项。", at, "证券时报网")


def _announced(share: Share) -> News:
    at = datetime.combine(share.days[-1].day, time(18, 32, 11), CN)
    return News(share.symbol, "关于召开股东大会的通知", "", at, share.name)
