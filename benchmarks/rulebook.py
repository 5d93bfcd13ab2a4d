"""What the rulebook costs: a look-up, orders through rules and fees, and the audit of a record.

    python -m benchmarks.rulebook [--orders 100000] [--runs 5]

A million orders are reckoned from those measured: the time an order does not depend on their number.
The record is made here: 544 lines of a synthetic daily market, each trade at its day's open. What a
line of the audit costs is reckoned from ten times as many.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from datetime import date
from decimal import Decimal
from itertools import product
from pathlib import Path
from statistics import median

from benchmarks.backtest import prices
from services.clock import stopwatch_s
from services.domain.bars import Frequency, Panel
from services.domain.instruments import Instrument, Symbol
from services.domain.orders import Side
from services.rules import (
    Commission,
    cage_bound,
    default_kind,
    fees_of,
    lot_problem,
    price_band,
    rules_of,
    rules_on,
)

_SYMBOLS = tuple(map(Symbol, ("600519.SH", "000001.SZ", "688981.SH", "300750.SZ", "920002.BJ", "510300.SH")))
_LOOKUPS = 100_000
_MILLION = 1_000_000
_LINES = 544
_FIRST_DAY = 20
_A_DAY = 3


def bench(orders: int, runs: int) -> dict[str, object]:
    days, panel = prices(50, 1, Frequency.DAILY)
    order_s = median(_orders_s(orders, days) for _ in range(runs)) / orders
    with tempfile.TemporaryDirectory() as folder_name:
        folder = Path(folder_name)
        audit_s = _audit_s(folder, days, panel, runs, _LINES, _A_DAY)
        longer_s = _audit_s(folder, days, panel, runs, 10 * _LINES, 10 * _A_DAY)
    return {
        "lookup_first_us": _lookup_us(days, first=True),
        "lookup_again_us": _lookup_us(days, first=False),
        "orders_measured": orders,
        "million_orders_s": round(order_s * _MILLION, 1),
        "audit_s": round(audit_s, 3),
        "audit_us_per_line": round((longer_s - audit_s) / (9 * _LINES) * 1e6),
    }


def _lookup_us(days: tuple[date, ...], *, first: bool) -> float:
    """Return what the rules of a symbol on a day cost when asked first, or again."""
    asked = list(product(_SYMBOLS, days))
    for symbol, day in asked:
        rules_of(symbol, day)
    rounds = max(1, _LOOKUPS // len(asked) // (10 if first else 1))
    began_s = stopwatch_s()
    for _ in range(rounds):
        if first:
            rules_of.cache_clear()
            rules_on.cache_clear()
        for symbol, day in asked:
            rules_of(symbol, day)
    return round((stopwatch_s() - began_s) / rounds / len(asked) * 1e6, 2)


def _orders_s(orders: int, days: tuple[date, ...]) -> float:
    """Return the time of `orders` valid ones through board, rules, size, limits, cage and fees."""
    instruments = {symbol: Instrument(symbol=symbol) for symbol in _SYMBOLS}
    prev_close, commission, valid = Decimal("10.00"), Commission(), 0
    began_s = stopwatch_s()
    for number in range(orders):
        symbol, day = _SYMBOLS[number % len(_SYMBOLS)], days[number % len(days)]
        side = Side.SELL if number % 2 else Side.BUY
        price, shares = Decimal(980 + number % 41).scaleb(-2), 200 + number % 50 * 100
        rules = rules_of(symbol, day)
        bound = cage_bound(
            rules, side, best_ask=prev_close, best_bid=prev_close, last=None, prev_close=prev_close
        )
        caged = bound is not None and (price > bound if side is Side.BUY else price < bound)
        wrong = lot_problem(rules, side, shares, shares)
        if wrong is None and not caged and price_band(rules, prev_close, instruments[symbol]).allows(price):
            kind = default_kind(rules.board)
            valid += fees_of(rules, kind, side, price * shares, commission, shares=shares).total > 0
    taken_s = stopwatch_s() - began_s
    if valid != orders:
        raise RuntimeError(f"{orders - valid} orders were refused that were to pass")
    return taken_s


def _audit_s(folder: Path, days: tuple[date, ...], panel: Panel, runs: int, lines: int, a_day: int) -> float:
    """Return the median time of the audit's whole process, after one that warms the caches."""
    _write_prices(folder / "prices.csv", days, panel)
    _write_record(folder / "position.jsonl", days, panel, lines, a_day)
    command = [sys.executable, "run_live.py", "audit", str(folder / "position.jsonl"), "--json"]
    command += ["--prices", str(folder / "prices.csv"), "--data-dir", str(folder / "data")]
    taken_s = []
    for _ in range(runs + 1):
        began_s = stopwatch_s()
        done = subprocess.run(command, check=False, capture_output=True)
        taken_s.append(stopwatch_s() - began_s)
        # 1 says that differences were found: the record states no fees, as the arena's do not.
        if done.returncode not in (0, 1) or json.loads(done.stdout)["records"] != lines:
            raise RuntimeError(f"the audit did not read the record: {done.stderr.decode()}")
    return median(taken_s[1:])


def _write_prices(path: Path, days: tuple[date, ...], panel: Panel) -> None:
    """Write the market in tushare's columns."""
    lines = ["ts_code,trade_date,open,high,low,close,vol"]
    for column, symbol in enumerate(panel.symbols):
        for row, day in enumerate(days):
            bar = (panel.open, panel.high, panel.low, panel.close, panel.volume)
            values = ",".join(f"{field[row, column]:.2f}" for field in bar)
            lines.append(f"{symbol},{day:%Y%m%d},{values}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_record(path: Path, days: tuple[date, ...], panel: Panel, count: int, a_day: int) -> None:
    """Write buys of one day and their sales on the next, so many trades a day, at the day's open."""
    cash = Decimal("1000000.00")
    held: dict[str, int] = dict.fromkeys(panel.symbols, 0)
    opening = {"date": f"{days[_FIRST_DAY]}", "id": 0, "positions": {**held, "CASH": float(cash)}}
    lines = [json.dumps(opening)]
    for number in range(count - 1):
        turn, place = divmod(number, a_day)
        row, column = _FIRST_DAY + turn, (turn // 2 * a_day + place) % len(panel.symbols)
        symbol, price = panel.symbols[column], Decimal(f"{panel.open[row, column]:.2f}")
        buys = turn % 2 == 0
        shares = 100 if buys else held[symbol]
        held[symbol] += shares if buys else -shares
        cash -= price * (shares if buys else -shares)
        action = {"action": "buy" if buys else "sell", "symbol": symbol, "amount": shares}
        line = {"date": f"{days[row]}", "id": number + 1, "this_action": action}
        lines.append(json.dumps({**line, "positions": {**held, "CASH": float(cash)}}))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--orders", type=int, default=100_000)
    options.add_argument("--runs", type=int, default=5)
    given = options.parse_args()
    print(json.dumps(bench(given.orders, given.runs)))


if __name__ == "__main__":
    main()
