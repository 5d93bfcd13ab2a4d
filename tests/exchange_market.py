"""A small hand-made market for tests of the simulated exchange: hourly or daily bars, clock, orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal

import numpy as np

from services.brokers.bar_matching import BarMarket
from services.brokers.ledger import LedgerStore, MemoryLedger
from services.brokers.market_view import MarketView
from services.brokers.pricing import Frictions
from services.brokers.simulated import SimulatedExchange
from services.clock import VirtualClock
from services.domain.bars import Adjustment, CorporateAction, Frequency, Panel, VolumeUnit
from services.domain.events import TradingDay
from services.domain.instruments import Instrument, Market, Symbol
from services.domain.orders import (
    ApprovedOrder,
    OrderId,
    OrderKind,
    OrderTerms,
    Origin,
    SessionId,
    Side,
)
from services.rules import Commission
from services.slots import ZONES

CN = ZONES[Market.CN]
MON, TUE, WED = date(2026, 7, 13), date(2026, 7, 14), date(2026, 7, 15)
MAIN = Symbol("600001.SH")
OTHER = Symbol("000999.SZ")
CHINEXT = Symbol("300999.SZ")

HOURS = (
    (time(9, 30), time(10, 30)),
    (time(10, 30), time(11, 30)),
    (time(13), time(14)),
    (time(14), time(15)),
)
WHOLE_DAY = ((time(9, 30), time(15)),)

Bar = tuple[float, float, float, float] | None
"""Open, high, low, close; None where the symbol has no bar."""

FLAT: Bar = (10.0, 10.0, 10.0, 10.0)


class Weekdays:
    """A calendar on which Monday to Friday are open; `closes_early` are the local ends of short days."""

    known_until = date(2026, 12, 31)

    def __init__(self, closes_early: Mapping[date, time] | None = None) -> None:
        self._closes_early = closes_early or {}

    def early_close(self, day: date) -> time | None:
        return self._closes_early.get(day)

    def trading_day(self, day: date) -> TradingDay:
        return TradingDay.OPEN if day.weekday() < 5 else TradingDay.CLOSED

    def trading_days(self, start: date, end: date) -> tuple[date, ...]:
        days = (date.fromordinal(n) for n in range(start.toordinal(), end.toordinal() + 1))
        return tuple(day for day in days if day.weekday() < 5)


def at(day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), CN)


def panel(
    series: Mapping[Symbol, Sequence[Bar]],
    *,
    days: Sequence[date] = (MON, TUE),
    hours: Sequence[tuple[time, time]] = HOURS,
    prev_close: Mapping[Symbol, Sequence[float]] | None = None,
    actions: tuple[CorporateAction, ...] = (),
    adjustment: Adjustment = Adjustment.RAW,
    volume: float = 1e6,
    volume_unit: VolumeUnit = VolumeUnit.SHARE,
) -> Panel:
    """Return a panel; each symbol gives one bar an hour of each day, `prev_close` one price a day.

    `volume` is that of every bar.
    """
    spans = [(day, start, end) for day in days for start, end in hours]
    symbols = tuple(series)
    nothing = (np.nan,) * 4
    cube = np.array([[series[symbol][row] or nothing for symbol in symbols] for row in range(len(spans))])
    stated = None
    if prev_close is not None:
        by_row = [[prev_close[symbol][row // len(hours)] for symbol in symbols] for row in range(len(spans))]
        stated = np.array(by_row)
    return Panel(
        symbols=symbols,
        names=symbols,
        starts=np.array([int(datetime.combine(d, s, CN).timestamp()) for d, s, _ in spans]),
        ends=np.array([int(datetime.combine(d, e, CN).timestamp()) for d, _, e in spans]),
        days=np.array([d.toordinal() for d, _, _ in spans]),
        open=cube[:, :, 0],
        high=cube[:, :, 1],
        low=cube[:, :, 2],
        close=cube[:, :, 3],
        volume=np.full(cube.shape[:2], volume),
        frequency=Frequency.DAILY if len(hours) == 1 else Frequency.HOURLY,
        adjustment=adjustment,
        volume_unit=volume_unit,
        source="test",
        digest="0" * 64,
        prev_close=stated,
        actions=actions,
    )


def order(
    side: Side,
    symbol: Symbol,
    shares: int,
    limit: str,
    *,
    name: str = "A",
    day: date = MON,
    freeze: str | None = None,
    kind: OrderKind = OrderKind.LIMIT,
    stop: str | None = None,
) -> ApprovedOrder:
    """Return an order; a buy sets aside its limit amount and 1% of it, at least 10, for fees."""
    limit_cny = Decimal(limit)
    amount = limit_cny * shares if limit_cny.is_finite() else Decimal(0)
    enough = amount + max(Decimal(10), amount / 100) if side is Side.BUY else Decimal(0)
    return ApprovedOrder(
        terms=OrderTerms(
            order_id=OrderId(name.ljust(20, "0")),
            session=SessionId("test"),
            symbol=symbol,
            side=side,
            shares=shares,
            limit_cny=limit_cny,
            freeze_cny=enough if freeze is None else Decimal(freeze),
            not_before=at(day, "09:35"),
            send_by=at(day, "15:00"),
            day=day,
            why="",
            origin=Origin.DECISION,
            index=0,
            rules_version="test",
            kind=kind,
            stop_cny=None if stop is None else Decimal(stop),
        )
    )


def buy(symbol: Symbol, shares: int, limit: str, **more: object) -> ApprovedOrder:
    return order(Side.BUY, symbol, shares, limit, **more)  # type: ignore[arg-type]


def sell(symbol: Symbol, shares: int, limit: str, **more: object) -> ApprovedOrder:
    return order(Side.SELL, symbol, shares, limit, **more)  # type: ignore[arg-type]


def exchange(
    market: Panel | MarketView,
    clock: VirtualClock,
    *,
    ledger: LedgerStore | None = None,
    cash: str = "100000.00",
    slippage_bp: str = "0",
    slippage_ticks: int = 0,
    volume_cap: str = "0",
    dividend_tax: bool = False,
    quote_age_s: int = 180,
    instruments: Mapping[Symbol, Instrument] | None = None,
) -> SimulatedExchange:
    """Return an exchange over the market, with a commission of 2.5 bp and 5.00 at least."""
    return SimulatedExchange(
        market=BarMarket(market) if isinstance(market, Panel) else market,
        clock=clock,
        calendar=Weekdays(),
        cash_cny=Decimal(cash),
        commission=Commission(),
        ledger=MemoryLedger() if ledger is None else ledger,
        instruments=instruments or {},
        frictions=Frictions(
            slippage_bp=Decimal(slippage_bp),
            slippage_ticks=slippage_ticks,
            volume_cap_ratio=Decimal(volume_cap),
            dividend_tax=dividend_tax,
            quote_age_s_max=quote_age_s,
        ),
    )
