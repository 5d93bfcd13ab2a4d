"""The rule in vnpy with portfoliostrategy: limit orders that meet the next bar, no account behind them."""

import os
from datetime import timedelta
from importlib.metadata import version

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from rule import CASH, FIELDS, RATE, Prices, Rule, arguments, fee, report
from vnpy.trader.constant import Direction, Exchange, Interval
from vnpy.trader.object import BarData
from vnpy_portfoliostrategy import StrategyTemplate
from vnpy_portfoliostrategy.backtesting import BacktestingEngine

SLACK = 0.05
"""How far from the close a limit lies, so that the next open is within it."""

given = arguments()
prices = Prices(given.folder)
rule = Rule(given, prices)
names = [f"{symbol[:6]}.{Exchange.SSE.value}" for symbol in prices.symbols]
columns = {name: column for column, name in enumerate(names)}
done = {"sessions": 0, "trades": 0}


class Momentum(StrategyTemplate):
    cash = equity = CASH

    def on_init(self):
        self.load_bars(1)

    def update_trade(self, trade):
        super().update_trade(trade)
        done["trades"] += 1
        value, selling = trade.price * trade.volume, trade.direction == Direction.SHORT
        self.cash += (value if selling else -value) - fee(value, selling)

    def on_bars(self, bars):
        done["sessions"] += 1
        rule.see([bars[name].close_price for name in names])
        self.cancel_all()
        held = {columns[name]: int(shares) for name, shares in self.pos_data.items() if shares}
        worth = sum(shares * bars[names[column]].close_price for column, shares in held.items())
        self.equity = self.cash + worth
        for column, shares in rule.trades(held, self.equity, self.cash):
            name = names[column]
            if shares > 0:
                self.buy(name, bars[name].close_price * (1 + SLACK), shares)
            else:
                self.sell(name, bars[name].close_price * (1 - SLACK), -shares)


moments = prices.moments()
interval = Interval.DAILY if prices.daily else Interval.HOUR
engine = BacktestingEngine()
engine.output = lambda text: None
engine.set_parameters(
    vt_symbols=names,
    interval=interval,
    start=moments[0] - timedelta(days=1),
    end=moments[-1] + timedelta(days=1),
    rates=dict.fromkeys(names, RATE),
    slippages=dict.fromkeys(names, 0),
    sizes=dict.fromkeys(names, 1),
    priceticks=dict.fromkeys(names, 0.01),
    capital=int(CASH),
)
engine.add_strategy(Momentum, {})
# What `load_data` does with the rows of a database.
for column, name in enumerate(names):
    fields = (getattr(prices, field)[:, column].tolist() for field in FIELDS)
    for moment, opened, high, low, close, volume in zip(moments, *fields, strict=True):
        engine.history_data[moment, name] = BarData(
            gateway_name="BACKTESTING",
            symbol=prices.symbols[column][:6],
            exchange=Exchange.SSE,
            datetime=moment,
            interval=interval,
            open_price=opened,
            high_price=high,
            low_price=low,
            close_price=close,
            volume=volume,
        )
engine.dts.update(moments)
engine.run_backtesting()
engine.calculate_result()
versions = f"vnpy {version('vnpy')}, vnpy_portfoliostrategy {version('vnpy_portfoliostrategy')}"
report(versions, done["sessions"], engine.strategy.equity, rule.orders, done["trades"])
