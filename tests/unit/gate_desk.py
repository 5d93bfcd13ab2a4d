"""A desk for the gate, made by hand: one Tuesday under the rules of July 2026."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from math import isnan

from risk.gate import Review, review
from risk.limits import DaySoFar, Desk, Limits
from services.domain.bars import Adjustment, History
from services.domain.book import Book, Lot, OpenOrder
from services.domain.events import Halt
from services.domain.instruments import Instrument, Kind, Market, Span, Symbol
from services.domain.orders import Intent, OrderId, Origin, Rule, SessionId, Side
from services.domain.quotes import Level, Quote, Snapshot, VendorSnapshot
from services.rules import Commission
from tests.exchange_market import CHINEXT, CN, MAIN, MON, OTHER, TUE, WHOLE_DAY, Bar, Weekdays, at, panel

STAR = Symbol("688001.SH")
BSE = Symbol("920001.BJ")
FUND = Symbol("510300.SH")
APPLE = Symbol("AAPL.US")
ALL = (MAIN, OTHER, CHINEXT, STAR, BSE, FUND)
RICH = Decimal("100000000.00")

__all__ = [
    "ALL",
    "APPLE",
    "BSE",
    "CHINEXT",
    "CN",
    "FUND",
    "MAIN",
    "MON",
    "OTHER",
    "RICH",
    "STAR",
    "TUE",
    "at",
]


def d(text: str) -> Decimal:
    return Decimal(text)


def quote(
    symbol: Symbol = MAIN,
    last: str = "10.00",
    prev: str | None = "10.00",
    *,
    seen: str = "10:35",
    day: date = TUE,
    limits: tuple[str, str] | None = None,
    bids: tuple[str, ...] | None = None,
    asks: tuple[str, ...] | None = None,
    suspended: bool = False,
    approximate: bool = False,
    name: str = "PLAIN",
) -> Quote:
    return Quote(
        symbol=symbol,
        last_cny=d(last),
        prev_close_cny=None if prev is None else d(prev),
        seen_at=at(day, seen),
        source="hand",
        limit_down_cny=None if limits is None else d(limits[0]),
        limit_up_cny=None if limits is None else d(limits[1]),
        bids=None if bids is None else tuple(Level(price_cny=d(one), shares=100) for one in bids),
        asks=None if asks is None else tuple(Level(price_cny=d(one), shares=100) for one in asks),
        suspended=suspended,
        approximate=approximate,
        name=name,
    )


def snapshot(*quotes: Quote, moment: datetime | None = None) -> VendorSnapshot:
    return VendorSnapshot(
        moment=moment or at(TUE, "10:35"),
        source="hand",
        symbols=tuple(one.symbol for one in quotes),
        quotes=quotes,
        faults={},
    )


def lot(symbol: Symbol, shares: int, cost: str = "1000.00", on: date = MON) -> Lot:
    return Lot(symbol=symbol, shares=shares, cost_cny=d(cost), acquired_on=on)


def book(*lots: Lot, cash: Decimal | str = RICH, open_orders: tuple[OpenOrder, ...] = ()) -> Book:
    return Book(cash_cny=Decimal(cash), lots=lots, open_orders=open_orders)


def working(symbol: Symbol) -> OpenOrder:
    return OpenOrder(
        order_id=OrderId("WORKING"),
        symbol=symbol,
        side=Side.BUY,
        shares=100,
        filled=0,
        limit_cny=d("10.00"),
        frozen_cny=d("0.00"),
    )


def st(symbol: Symbol = MAIN) -> Mapping[Symbol, Instrument]:
    return {symbol: Instrument(symbol=symbol, st=(Span(since=date(2020, 1, 1)),))}


def of_kind(symbol: Symbol, kind: Kind) -> Mapping[Symbol, Instrument]:
    return {symbol: Instrument(symbol=symbol, kind=kind)}


def desk(
    *quotes: Quote,
    account: Book | None = None,
    clock: str = "10:35",
    day: date = TUE,
    limits: Limits | None = None,
    first: Snapshot | None = None,
    watchlist: tuple[Symbol, ...] = ALL,
    instruments: Mapping[Symbol, Instrument] | None = None,
    commission: Commission | None = None,
    equity: Decimal | str = RICH,
    day_equity: Decimal | str = RICH,
    halted: Symbol | str | None = None,
    halts: tuple[Halt, ...] = (),
    history: History | None = None,
    today: DaySoFar | None = None,
    market: Market = Market.CN,
    moment: datetime | None = None,
    peak: Decimal | str = "0.00",
    unpriced: tuple[Symbol, ...] = (),
) -> Desk:
    """Return a desk at `clock`; quotes that are not given stand still at 10.00."""
    now = moment or at(day, clock)
    shown = snapshot(*(quotes or [quote(symbol, seen=clock, day=day) for symbol in ALL]), moment=now)
    return Desk(
        session=SessionId("s"),
        names=("live", "main", "20260714-1035"),
        market=market,
        day=day,
        moment=now,
        local=now.astimezone(CN).time() if market is Market.CN else now.time(),
        book=book() if account is None else account,
        snapshot=shown,
        first=first or shown,
        watchlist=frozenset(watchlist),
        instruments=of_kind(FUND, Kind.ETF_EQUITY) if instruments is None else instruments,
        limits=limits or Limits(),
        commission=commission or Commission(),
        equity_cny=Decimal(equity),
        day_equity_cny=Decimal(day_equity),
        halts={
            **{one.symbol: one for one in halts},
            **({} if halted is None else {halted: Halt(symbol=halted, why="stopped")}),
        },
        history=history,
        today=today or DaySoFar(),
        peak_equity_cny=Decimal(peak),
        unpriced=unpriced,
    )


def earlier(*quotes: Quote) -> VendorSnapshot:
    """Return what the mind was shown, five minutes before."""
    return snapshot(*quotes, moment=at(TUE, "10:35") - timedelta(minutes=5))


def want(
    side: Side,
    symbol: Symbol = MAIN,
    shares: int | None = 100,
    limit: str | None = "10.00",
    *,
    weight: str | None = None,
    index: int = 0,
) -> Intent:
    return Intent(
        symbol=symbol,
        side=side,
        shares=None if weight is not None else shares,
        target_weight=None if weight is None else d(weight),
        limit_cny=None if limit is None else d(limit),
        index=index,
    )


def buy(
    symbol: Symbol = MAIN, shares: int | None = 100, limit: str | None = "10.00", *, weight: str | None = None
) -> Intent:
    return want(Side.BUY, symbol, shares, limit, weight=weight)


def sell(
    symbol: Symbol = MAIN, shares: int | None = 100, limit: str | None = "10.00", *, weight: str | None = None
) -> Intent:
    return want(Side.SELL, symbol, shares, limit, weight=weight)


def exit_of(symbol: Symbol = MAIN, shares: int = 100, limit: str | None = "10.00", index: int = 0) -> Intent:
    """Return a sale that no mind asked for."""
    return Intent(
        symbol=symbol,
        side=Side.SELL,
        shares=shares,
        limit_cny=None if limit is None else d(limit),
        origin=Origin.EXIT,
        index=index,
    )


def bars(moves: Mapping[Symbol, Sequence[float]], last: float = 10.0) -> History:
    """Return daily bars up to Monday that move as given and end at `last`; NaN leaves a bar out.

    Each is of one price.
    """
    length = len(next(iter(moves.values()))) + 1
    days = Weekdays().trading_days(date(2026, 1, 1), MON)[-length:]
    return panel(
        {symbol: _closes(ones, last) for symbol, ones in moves.items()},
        days=days,
        hours=WHOLE_DAY,
        adjustment=Adjustment.FORWARD,
    ).until(at(TUE, "09:00"))


def _closes(moves: Sequence[float], last: float) -> list[Bar]:
    """Return bars of one price each, worked back from the last one."""
    prices = [last]
    for move in reversed(moves):
        prices.append(prices[-1] if isnan(move) else prices[-1] / (1 + move))
    shown = [False, *map(isnan, moves)]
    return [
        None if gap else (price, price, price, price)
        for gap, price in zip(shown, reversed(prices), strict=True)
    ]


def refused(judged: Review) -> list[Rule]:
    return [one.rule for one in judged.verdicts.refused]


def verdict(at_desk: Desk, *intents: Intent) -> Rule | None:
    """Return the rule that refuses one of the intents, None where all pass."""
    rules = refused(review(intents, at_desk))
    return rules[0] if rules else None
