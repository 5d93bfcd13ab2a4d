"""The work with nothing around it: a loop over NumPy rows, and one hash-chained line a session.

It keeps T+1, the day's limits, lots, cash and the dated fees, in whole cents, and trades at the moments
ours does: at the open of the bar in progress, on hourly bars not after 15:00. It has no gate, no
records of steps, no exchange of its own and nothing to restart from: the least that the work can cost.
"""

import json
from hashlib import sha256

import numpy as np
from rule import CASH, FLOOR, LOOKBACK, LOT, MARGIN, TOP, WORTH, Prices, arguments, report

DUTY_HALVED, TRANSFER_HALVED = "2023-08-28", "2022-04-29"
"""From when on the stamp duty is 5 bp, and the transfer fee 0.1 bp: twice that before."""


def cents(values):
    return np.rint(np.asarray(values) * 100).astype(np.int64)


def rates_of(days):
    """Return the days' stamp duty and transfer fee in millionths."""
    return [(500 if day >= DUTY_HALVED else 1000, 10 if day >= TRANSFER_HALVED else 20) for day in days]


def part(value, millionths):
    """Return that part of a value in cents, half a cent up."""
    return (value * millionths + 500_000) // 1_000_000


def commission(value):
    """Return the commission in cents: 2.5 bp, 5.00 CNY or more."""
    return max(part(value, 250), 500)


class Account:
    """Cash in cents and shares; those bought on a day are not to be sold on it."""

    def __init__(self):
        self.cash, self.held, self.day, self.today = int(CASH) * 100, {}, -1, {}

    def sellable(self, column, day):
        fresh = self.today.get(column, 0) if day == self.day else 0
        return self.held[column] - fresh

    def sell(self, column, shares, price, rates):
        self.held[column] -= shares
        if not self.held[column]:
            del self.held[column]
        value = price * shares
        self.cash += value - commission(value) - part(value, rates[0]) - part(value, rates[1])

    def buy(self, column, shares, price, day, rates):
        if day != self.day:
            self.day, self.today = day, {}
        value = price * shares
        self.cash -= value + commission(value) + part(value, rates[1])
        self.held[column] = self.held.get(column, 0) + shares
        self.today[column] = self.today.get(column, 0) + shares

    def worth(self, row):
        return self.cash + sum(shares * int(row[column]) for column, shares in self.held.items())


def lots(cash, price):
    """Return the shares in whole lots that `cash` surely buys, as ours reckons."""
    return max(0, int((cash - FLOOR * 100) / (price * MARGIN)) // LOT * LOT)


class Loop:
    """One pass over a market: at most one session a bar."""

    def __init__(self, prices, every, resize):
        self.prices, self.every, self.resize, self.account = prices, every, resize, Account()
        self.opens, self.closes = cents(prices.open), cents(prices.close)
        self.lows, self.highs = cents(prices.low), cents(prices.high)
        self.up, self.down = cents(prices.up), cents(prices.down)
        self.rates, self.orders, self.trades = rates_of(prices.days), 0, 0

    def session(self, seen):
        """Decide once `seen` bars have ended, trade at the open of the next, return what was done."""
        account, prices = self.account, self.prices
        if seen < 1 or ((seen - 1) % self.every and account.held):
            return [], []
        lasts, base = prices.open[seen], prices.close[max(0, seen - LOOKBACK)]
        if seen == 1 and np.array_equal(lasts, base):
            return [], []
        row, day = self.opens[seen], seen // prices.bars_a_day
        wanted = self._wanted((-(lasts / base - 1.0)).argsort(kind="stable"), row, day)
        traded = self._trade(wanted, seen, day)
        self.trades += len(traded)
        return wanted, traded

    def _wanted(self, order, row, day):
        """Return what to sell and what to buy, as ours sizes it."""
        account, wanted = self.account, []
        cash, target = float(account.cash), account.worth(row) * 0.95 / TOP
        top = self._top(order, row, target)
        chosen = set(top)
        for column in sorted(account.held if self.resize else account.held.keys() - chosen):
            price = int(row[column])
            over = account.held[column] - (lots(target, price) if column in chosen else 0)
            shares = min(over, account.sellable(column, day))
            if shares > 0:
                cash += shares * price * WORTH
                wanted.append((column, -shares))
        for column in top:
            have = account.held.get(column, 0)
            if not have or self.resize:
                price = int(row[column])
                shares = min(lots(target, price) - have, lots(cash, price))
                if shares > 0:
                    cash -= shares * price * MARGIN + FLOOR * 100
                    wanted.append((column, shares))
        self.orders += len(wanted)
        return wanted

    def _top(self, order, row, target):
        """Return the first five of `order` that are held or of which a lot fits into `target`."""
        found = []
        for column in order.tolist():
            if column in self.account.held or lots(target, int(row[column])):
                found.append(column)
                if len(found) == TOP:
                    break
        return found

    def _trade(self, wanted, seen, day):
        """Return column, shares and cents of what trades: at the open, or at the limit once it gives way.

        Where a bar opens at the limit nobody stands on the other side; an order left there trades at
        the limit if the bar closes off it, one that waited over lunch if the bar went off it at all.
        Buys that the cash covers go out with the sells, the others after them, each time all together.
        """
        account, rates, frozen = self.account, self.rates[day], 0
        a_day = self.prices.bars_a_day
        waited = a_day > 1 and seen % a_day == a_day // 2
        lows, highs = (self.lows, self.highs) if waited else (self.closes, self.closes)
        opens, up, down = self.opens[seen], self.up[seen], self.down[seen]
        buys = [(column, shares, int(opens[column])) for column, shares in wanted if shares > 0]
        first, later = self._covered(buys, account.cash, up, rates, waiting=True)
        sells = [(column, shares, int(opens[column])) for column, shares in wanted if shares < 0]
        traded = [one for one in sells if one[2] > down[one[0]]]
        # What a sale at the limit brings comes with the bar's end, too late to pay for anything.
        late = [one for one in sells if one[2] <= down[one[0]] < highs[seen, one[0]]]
        for column, shares, price in traded:
            account.sell(column, -shares, price, rates)
        for again in (True, False):
            for column, shares, price in first:
                if price < up[column] or lows[seen, column] < up[column]:
                    account.buy(column, shares, price, day, rates)
                    traded.append((column, shares, price))
                else:
                    frozen += self._at_most(shares, price, int(up[column]), rates)
            if again:
                first, _ = self._covered(later, account.cash - frozen, up, rates, waiting=False)
        for column, shares, price in late:
            account.sell(column, -shares, price, rates)
        return traded + late

    def _covered(self, buys, cash, up, rates, waiting):
        """Return the buys that `cash` covers at the worst price they may pay, and the others.

        One that may wait for the proceeds of sells keeps its place before those behind it.
        """
        covered, others = [], []
        for column, shares, price in buys:
            most = self._at_most(shares, price, int(up[column]), rates)
            (covered if most <= cash else others).append((column, shares, price))
            cash -= most if waiting or most <= cash else 0
        return covered, others

    def _at_most(self, shares, price, up, rates):
        value = min(price * 101 // 100, up) * shares
        return value + commission(value) + part(value, rates[1])


def main():
    given = arguments()
    prices = Prices(given.folder)
    loop, sessions, chain = Loop(prices, given.every, not given.rotate), 0, b""
    closed = not prices.daily
    first, last = (1, prices.rows) if closed else (0, prices.rows - 1)
    with (given.work / "audit.jsonl").open("wb") as file:
        for seen in range(first, last + 1):
            # The fourth session of a day comes after the close: it decides nothing and is written down.
            resting = closed and seen % prices.bars_a_day == 0
            wanted, traded = ([], []) if resting else loop.session(seen)
            row = loop.closes[seen - 1] if resting else loop.opens[seen]
            account = loop.account
            line = {
                "session": seen, "wanted": wanted, "traded": traded, "cash": account.cash,
                "held": account.held, "equity": account.worth(row), "before": chain.hex(),
            }  # fmt: skip
            text = json.dumps(line, separators=(",", ":")).encode()
            chain = sha256(text).digest()
            file.write(text + b"\n")
            sessions += 1
    equity = loop.account.worth(loop.closes[-1]) / 100
    report(f"numpy {np.__version__}", sessions, equity, loop.orders, loop.trades)


if __name__ == "__main__":
    main()
