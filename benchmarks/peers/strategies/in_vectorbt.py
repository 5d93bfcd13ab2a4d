"""The rule in vectorbt: all target weights at once, traded at the close of the bar that decided.

Nothing is asked during the run: the rule does not see what filled, nor what the account is worth.
"""

import numpy as np
import pandas as pd
import vectorbt as vbt
from rule import CASH, DUTY, LOT, RATE, TOP, WEIGHT, Prices, Rule, arguments, report

given = arguments()
prices = Prices(given.folder)
rule = Rule(given, prices)
weights = np.full((prices.rows, prices.columns), np.nan)
held = set()
for row, closes in enumerate(prices.close):
    rule.see(closes)
    if rule.acts(held):
        top = rule.top(held, CASH / TOP)
        weights[row, sorted(held - set(top))] = 0.0
        weights[row, sorted(set(top) - held) if given.rotate else top] = WEIGHT
        held = set(top)
frame = pd.DataFrame(prices.close, index=pd.DatetimeIndex(prices.moments()), columns=prices.symbols)
portfolio = vbt.Portfolio.from_orders(
    frame,
    size=weights,
    size_type="targetpercent",
    # One rate for both sides: half the stamp duty on each. The least commission cannot be said.
    fees=RATE + DUTY / 2,
    init_cash=CASH,
    cash_sharing=True,
    group_by=True,
    call_seq="auto",
    size_granularity=LOT,
    freq="D" if prices.daily else "h",
)
orders = len(portfolio.orders.records_arr)
report(f"vectorbt {vbt.__version__}", prices.rows, portfolio.value().iloc[-1], orders, orders)
