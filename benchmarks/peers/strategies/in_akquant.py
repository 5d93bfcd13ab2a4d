"""The rule in akquant: a Rust engine that calls Python once a bar and symbol."""

import logging

import akquant as aq
import numpy as np
import pandas as pd
from rule import CASH, DUTY, FIELDS, LOT, RATE, RATE_MIN, Prices, Rule, arguments, report

given = arguments()
prices = Prices(given.folder)
rule = Rule(given, prices)
columns = {symbol: column for column, symbol in enumerate(prices.symbols)}
stamps = pd.DatetimeIndex(prices.moments())
done = {"sessions": 0, "trades": 0}
logging.disable(logging.WARNING)


class Momentum(aq.Strategy):
    def __init__(self):
        super().__init__()
        self._closes, self._waiting = np.zeros(prices.columns), prices.columns

    def on_bar(self, bar):
        self._closes[columns[bar.symbol]] = bar.close
        self._waiting -= 1
        if self._waiting:
            return
        self._waiting = prices.columns
        done["sessions"] += 1
        rule.see(self._closes)
        held = {columns[name]: int(shares) for name, shares in self.positions.items() if shares > 0}
        for column, shares in rule.trades(held, self.equity, self.cash, self._sellable):
            (self.buy if shares > 0 else self.sell)(prices.symbols[column], abs(shares))

    def _sellable(self, column):
        return int(self.get_available_position(prices.symbols[column]))

    def on_trade(self, trade):
        done["trades"] += 1


def bars(column):
    frame = pd.DataFrame({field: getattr(prices, field)[:, column] for field in FIELDS})
    return frame.assign(date=stamps, symbol=prices.symbols[column])


result = aq.run_backtest(
    data={symbol: bars(column) for column, symbol in enumerate(prices.symbols)},
    strategy=Momentum,
    symbols=prices.symbols,
    initial_cash=CASH,
    commission_rate=RATE,
    stamp_tax_rate=DUTY,
    min_commission=RATE_MIN,
    t_plus_one=True,
    lot_size=LOT,
    fill_policy=aq.NextOpen(),
    volume_limit_pct=1.0,
    show_progress=False,
    timezone="Asia/Shanghai",
)
equity = np.asarray(result.equity_curve.iloc[-1]).flat[0]
report(f"akquant {aq.__version__}", done["sessions"], equity, rule.orders, done["trades"])
