"""The rule in bt: shares traded at the close of the bar that decided."""

import bt
import pandas as pd
from rule import CASH, Prices, Rule, arguments, fee, report

given = arguments()
prices = Prices(given.folder)
rule = Rule(given, prices)
columns = {symbol: column for column, symbol in enumerate(prices.symbols)}
done = {"sessions": 0}


class Momentum(bt.Algo):
    def __call__(self, target):
        done["sessions"] += 1
        rule.see(target.universe.iloc[-1].to_numpy())
        held = {
            columns[name]: int(child.position) for name, child in target.children.items() if child.position
        }
        for column, shares in rule.trades(held, target.value, target.capital):
            target.transact(shares, child=prices.symbols[column])
        return True


frame = pd.DataFrame(prices.close, index=pd.DatetimeIndex(prices.moments()), columns=prices.symbols)
test = bt.Backtest(
    bt.Strategy("momentum", [Momentum()]),
    frame,
    initial_capital=CASH,
    commissions=lambda shares, price: fee(abs(shares) * price, shares < 0),
    progress_bar=False,
)
test.run()
trades = len(test.strategy.get_transactions())
report(f"bt {bt.__version__}", done["sessions"], test.strategy.value, rule.orders, trades)
