"""What the gate costs an order, with no limit set and with all of them.

python -m benchmarks.gate [--orders 10] [--symbols 50] [--held 10] [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from statistics import median

from benchmarks.synthetic_market import market
from commands.composition import instruments_of
from risk.gate import review
from risk.limits import (
    Degrees,
    Desk,
    Limits,
    OrderCaps,
    PortfolioLimits,
    Resize,
    Sizing,
    SizingMethod,
    StateScaling,
)
from services.calendars import MarketCalendar
from services.clock import stopwatch_s
from services.domain.bars import Frequency, Panel
from services.domain.book import Book, Lot
from services.domain.instruments import Market, Symbol
from services.domain.orders import Intent, SessionId, Side
from services.domain.quotes import PanelSnapshot
from services.rules import Commission
from services.settings_places import cache_folder
from services.slots import local, slots_of

_CASH = Decimal("5000000.00")
_SECTORS = 5
_BARS = 250
_SINCE, _UNTIL = date(2024, 1, 1), date(2025, 12, 31)

_NONE = Limits(caps=OrderCaps(price_band_bp=None, orders_session_max=None, orders_day_max=None))


def all_on(symbols: tuple[Symbol, ...]) -> Limits:
    """Return every limit there is, each too wide to refuse anything."""
    most, ratio = Decimal("100000000.00"), Decimal("0.95")
    return Limits(
        position_ratio_max=ratio,
        daily_loss_ratio_max=ratio,
        cash_reserve_cny_min=Decimal("1000.00"),
        stop_loss_ratio=Decimal("0.10"),
        resize=tuple(Resize),
        caps=OrderCaps(
            order_cny_max=most,
            notional_cny_session_max=most,
            notional_cny_day_max=most,
            turnover_ratio_session_max=Decimal(2),
            turnover_ratio_day_max=Decimal(2),
        ),
        portfolio=PortfolioLimits(
            sector_ratio_max=ratio,
            sector_unknown_ratio_max=ratio,
            industries={symbol: f"sector {place % _SECTORS}" for place, symbol in enumerate(symbols)},
            gross_ratio_max=ratio,
            drawdown_ratio_max=ratio,
            losing_sales_max=100,
            correlation_max=Decimal("0.999"),
            var_ratio_max=ratio,
            var_bars=_BARS,
        ),
        sizing=Sizing(method=SizingMethod.ATR, ratio=ratio, risk_ratio=ratio),
        state=StateScaling(in_downtrend=Decimal("0.9"), when_volatile=Decimal("0.9")),
        degrees=Degrees(symbols=symbols, capital_cny_max=_CASH),
    )


def bench(orders: int, symbols: int, held: int, profile: bool = False) -> dict[str, object]:
    days = MarketCalendar(Market.CN, cache_folder()).trading_days(_SINCE, _UNTIL)
    panel = market(symbols, days, Frequency.DAILY)
    if orders + held > symbols:
        raise ValueError("each order is for a symbol of its own that is not held")
    none_us, _ = _us_per_order(panel, days, _NONE, orders, held, profile=False)
    all_us, changed = _us_per_order(panel, days, all_on(panel.symbols), orders, held, profile)
    return {
        "orders": orders,
        "symbols": symbols,
        "held": held,
        "no_limits_us": round(none_us, 1),
        "all_limits_us": round(all_us, 1),
        "added_us": round(all_us - none_us, 1),
        "changed": changed,
    }


def _us_per_order(
    panel: Panel, days: tuple[date, ...], limits: Limits, orders: int, held: int, profile: bool
) -> tuple[float, int]:
    """Return the median cost of an order over the days that have enough bars before them."""
    intents = [
        Intent(symbol=symbol, side=Side.BUY, shares=200, index=place)
        for place, symbol in enumerate(panel.symbols[held : held + orders])
    ]
    taken_s, passed, changed = [], 0, 0
    profiler = cProfile.Profile(stopwatch_s)
    for desk in _desks(panel, days[_BARS + 1 :], limits, held):
        if profile:
            profiler.enable()
        began_s = stopwatch_s()
        judged = review(intents, desk)
        taken_s.append(stopwatch_s() - began_s)
        profiler.disable()
        passed += len(judged.approved)
        changed += len(judged.verdicts.changed)
    if passed < 0.9 * orders * len(taken_s):
        raise RuntimeError("the gate refused what it was to let through")
    if profile:
        pstats.Stats(profiler).sort_stats("cumulative").print_stats(40)
    return median(taken_s) / orders * 1e6, changed


def _desks(panel: Panel, days: tuple[date, ...], limits: Limits, held: int) -> Iterator[Desk]:
    """Yield a desk a day, its history as far as the session of that day may look."""
    instruments = instruments_of(panel, panel.symbols)
    for day in days:
        slot = slots_of(Market.CN, panel.frequency, day)[0]
        moment = slot.moment + timedelta(seconds=1)
        first = PanelSnapshot(panel=panel, moment=moment)
        lots = tuple(
            Lot(symbol=symbol, shares=1000, cost_cny=Decimal("10000.00"), acquired_on=days[0])
            for symbol in panel.symbols[:held]
        )
        yield Desk(
            session=SessionId("bench"),
            names=("bench", "main", slot.label),
            market=Market.CN,
            day=day,
            moment=moment,
            local=local(moment, Market.CN).time(),
            book=Book(cash_cny=_CASH, lots=lots),
            snapshot=first,
            first=first,
            watchlist=frozenset(panel.symbols),
            instruments=instruments,
            limits=limits,
            commission=Commission(),
            equity_cny=_CASH,
            day_equity_cny=_CASH,
            history=panel.until(moment),
            peak_equity_cny=_CASH,
        )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--orders", type=int, default=10)
    options.add_argument("--symbols", type=int, default=50)
    options.add_argument("--held", type=int, default=10)
    options.add_argument("--profile", action="store_true")
    given = options.parse_args()
    print(json.dumps(bench(given.orders, given.symbols, given.held, given.profile)))


if __name__ == "__main__":
    main()
