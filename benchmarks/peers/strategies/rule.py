"""The one rule of every run, and the prices it trades on. NumPy and the standard library alone.

Run by each peer's own Python, whose environment holds nothing of ours.

The rule: rank all symbols by the price known now against the close 20 bars before, ties by code, and
pass over what is not held and too dear for a lot. What is held and not among the first five is sold
whole; what entered them is bought for a fifth of 95% of the equity, in lots of 100, with 1.15% kept
back for fees and a worse price. What stays among the five is brought back to its fifth, to the lot, or
with `--rotate` is left as it is. The rule acts each `every` bars, and whenever nothing is held; never
after a day's last hourly bar, when shares of the main board cannot be traded any more.
"""

import argparse
import json
from pathlib import Path

import numpy as np

CASH = 1_000_000.0
TOP, LOOKBACK, LOT = 5, 20, 100
INVESTED, MARGIN, FLOOR = 0.95, 1.0115, 6.0
"""The part of the equity invested; what 1 CNY of a buy is counted as; what is kept back for each besides."""
WORTH = 0.985
"""What 1 CNY of a sale is counted on to bring."""
RATE, RATE_MIN, DUTY = 0.00025, 5.0, 0.0005
"""Commission and its least amount in CNY; stamp duty on sells."""
FIELDS = ("open", "high", "low", "close", "volume")
WEIGHT = INVESTED / MARGIN / TOP
"""One holding's share of the equity, for engines that take weights in place of shares."""


def arguments(argv=None):
    """Return what a run is told."""
    options = argparse.ArgumentParser()
    options.add_argument("folder", type=Path, help="the market's files")
    options.add_argument("--every", type=int, default=1)
    options.add_argument("--rotate", action="store_true", help="leave what stays as it is")
    options.add_argument("--work", type=Path, help="a folder of this peer's and market's own")
    options.add_argument("--prepare", action="store_true", help="only write what later runs read")
    return options.parse_args(argv)


class Prices:
    """A market's arrays, time × symbol, memory-mapped; `ends` in seconds of the exchange's wall clock."""

    def __init__(self, folder):
        facts = json.loads((folder / "market.json").read_text())
        self.symbols, self.days, self.bars_a_day = facts["symbols"], facts["days"], facts["bars_a_day"]
        for name in ("open", "high", "low", "close", "volume", "up", "down", "ends"):
            setattr(self, name, np.load(folder / f"{name}.npy", mmap_mode="r"))
        self.daily = self.bars_a_day == 1
        self.rows, self.columns = self.close.shape

    def moments(self):
        """Return the ends of the bars as naive datetimes of the exchange's wall clock."""
        return self.ends.astype("datetime64[s]").astype("datetime64[us]").tolist()


class Rule:
    """What to trade after each bar; keeps the closes it was shown, for engines that hand over bar by bar."""

    def __init__(self, given, prices):
        self._every, self._resize = given.every, not given.rotate
        self._closed_after = 0 if prices.daily else prices.bars_a_day
        self._rows, self.seen, self.orders = np.zeros((LOOKBACK, prices.columns)), 0, 0

    def see(self, row):
        """Take the closes of a bar that has ended, in the order of the columns."""
        self._rows[self.seen % LOOKBACK] = row
        self.seen += 1

    def acts(self, holding):
        """Answer whether this is a bar to act on."""
        if self.seen < 2 or (self._closed_after and self.seen % self._closed_after == 0):
            return False
        return (self.seen - 1) % self._every == 0 or not holding

    def top(self, held, target):
        """Return the first five columns by momentum, ties by column, that are held or fit into `target`."""
        base = self._rows[self.seen % LOOKBACK if self.seen >= LOOKBACK else 0]
        prices = self._rows[(self.seen - 1) % LOOKBACK]
        return first_that_fit((-(prices / base - 1.0)).argsort(kind="stable"), prices, held, target)

    def trades(self, held, equity, cash, sellable=None):
        """Return `(column, shares)` to trade, sells (negative) before buys; none on other bars.

        `held` are the shares by column; `sellable` tells of a column how many may be sold today.
        """
        if not self.acts(held):
            return []
        prices = self._rows[(self.seen - 1) % LOOKBACK]
        target = equity * INVESTED / TOP
        top = self.top(held, target)
        found = list(changes(top, prices, held, sellable or held.get, target, cash, self._resize))
        self.orders += len(found)
        return found


def first_that_fit(order, prices, held, target):
    """Return the first five of `order` that are held already or of which a lot fits into `target`."""
    found = []
    for column in order.tolist():
        if column in held or whole_lots(target, float(prices[column])):
            found.append(column)
            if len(found) == TOP:
                break
    return found


def changes(top, prices, held, sellable, target, cash, resize):
    """Yield what leaves and what is above its share, then what enters and what is below its share."""
    wanted = {column: whole_lots(target, float(prices[column])) for column in top}
    for column in sorted(held):
        least = (wanted[column] if resize else held[column]) if column in wanted else 0
        shares = min(held[column] - least, sellable(column))
        if shares > 0:
            cash += shares * float(prices[column]) * WORTH
            yield column, -shares
    for column in top:
        have = held.get(column, 0)
        if have == 0 or (resize and have < wanted[column]):
            price = float(prices[column])
            shares = min(wanted[column] - have, whole_lots(cash, price))
            if shares > 0:
                cash -= shares * price * MARGIN + FLOOR
                yield column, shares


def whole_lots(cash, price):
    """Return the shares in whole lots that `cash` surely buys."""
    return max(0, int((cash - FLOOR) / (price * MARGIN)) // LOT * LOT)


def fee(value, selling):
    """Return commission and stamp duty of a trade of `value` CNY."""
    return max(value * RATE, RATE_MIN) + (value * DUTY if selling else 0.0)


def report(version, sessions, equity, orders, trades):
    """Print what was done, as the last line on standard output, for the process that measures."""
    done = {
        "version": version,
        "sessions": sessions,
        "equity": round(float(equity), 2),
        "orders": orders,
        "trades": trades,
    }
    print(json.dumps(done))
