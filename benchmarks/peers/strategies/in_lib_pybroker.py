"""The rule in pybroker: decided before a bar's executions, traded at the next bar's open."""

import logging
from decimal import Decimal

import pandas as pd
import pybroker
from pybroker import Strategy, StrategyConfig
from pybroker.common import PriceType
from rule import CASH, FIELDS, Prices, Rule, arguments, fee, report

given = arguments()
prices = Prices(given.folder)
rule = Rule(given, prices)
columns = {symbol: column for column, symbol in enumerate(prices.symbols)}
done = {"sessions": 0}
wanted = {}
logging.disable(logging.CRITICAL)
pybroker.disable_progress_bar()


def decide(contexts):
    done["sessions"] += 1
    rule.see([contexts[symbol].close[-1] for symbol in prices.symbols])
    first = contexts[prices.symbols[0]]
    held = {columns[one.symbol]: int(one.shares) for one in first.long_positions()}
    wanted.clear()
    for column, shares in rule.trades(held, float(first.total_equity), float(first.cash)):
        wanted[prices.symbols[column]] = shares


def execute(context):
    shares = wanted.get(context.symbol, 0)
    if shares > 0:
        context.buy_shares, context.buy_fill_price = shares, PriceType.OPEN
    elif shares < 0:
        context.sell_shares, context.sell_fill_price = -shares, PriceType.OPEN


def fees(info):
    selling = info.order_type == "sell"
    return Decimal(fee(float(info.shares) * float(info.fill_price), selling))


moments = pd.DatetimeIndex(prices.moments())
frame = pd.DataFrame({field: getattr(prices, field).ravel() for field in FIELDS}).assign(
    date=moments.repeat(prices.columns), symbol=prices.symbols * prices.rows
)
config = StrategyConfig(initial_cash=CASH, fee_mode=fees, buy_delay=1, sell_delay=1, bars_per_year=252)
strategy = Strategy(frame, moments[0].to_pydatetime(), moments[-1].to_pydatetime(), config)
strategy.set_before_exec(decide)
strategy.add_execution(execute, prices.symbols)
result = strategy.backtest(calc_bootstrap=False)
equity = float(result.portfolio.equity.iloc[-1])
report(f"lib-pybroker {pybroker.__version__}", done["sessions"], equity, rule.orders, len(result.orders))
