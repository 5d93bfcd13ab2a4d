"""The rule in zipline: orders that trade at the next bar's close, on a bundle written before.

It knows days and minutes. Hourly bars lie in its minute store, and every minute of the day is
simulated; the rule acts at the four that end a bar.
"""

import os
import warnings
from importlib.metadata import version

import pandas as pd
from rule import CASH, FIELDS, Prices, Rule, arguments, fee, report
from zipline import run_algorithm
from zipline.api import get_datetime, order, set_commission, set_slippage, symbol
from zipline.data.bundles import ingest, register
from zipline.finance.commission import EquityCommissionModel
from zipline.finance.slippage import FixedSlippage
from zipline.utils.calendar_utils import get_calendar

SLOTS_A_DAY = 330
"""The minutes from 09:31 to 15:00: the store has no lunch."""

given = arguments()
os.environ["ZIPLINE_ROOT"] = str(given.work.resolve())
warnings.filterwarnings("ignore")
prices = Prices(given.folder)
rule = Rule(given, prices)
days = pd.DatetimeIndex(prices.days)
stamps = pd.DatetimeIndex(prices.moments())
ends = set(stamps.tz_localize("Asia/Shanghai").tz_convert("UTC"))
done = {"sessions": 0}


def daily_bars(column):
    shape = (len(days), prices.bars_a_day)
    opens, highs, lows, closes, volumes = (
        getattr(prices, field)[:, column].reshape(shape) for field in FIELDS
    )
    fields = {"open": opens[:, 0], "high": highs.max(1), "low": lows.min(1), "close": closes[:, -1]}
    return pd.DataFrame(fields | {"volume": volumes.sum(1) % 2**31}, index=days)


def minute_bars(column):
    fields = {field: getattr(prices, field)[:, column] for field in FIELDS}
    return pd.DataFrame(fields, index=stamps.tz_localize("Asia/Shanghai").tz_convert("UTC"))


def write(environ, assets, minutes, daily, adjustments, calendar, start, end, cache, show, output):
    table = pd.DataFrame({"symbol": prices.symbols, "asset_name": prices.symbols})
    table = table.assign(
        start_date=days[0],
        end_date=days[-1],
        auto_close_date=days[-1] + pd.Timedelta(days=1),
        exchange="XSHG",
    )
    exchange = {"exchange": ["XSHG"], "canonical_name": ["XSHG"], "country_code": ["CN"]}
    assets.write(equities=table, exchanges=pd.DataFrame(exchange))
    daily.write(((column, daily_bars(column)) for column in range(prices.columns)), show_progress=False)
    if not prices.daily:
        by_minute = ((column, minute_bars(column)) for column in range(prices.columns))
        minutes.write(by_minute, show_progress=False)
    adjustments.write()


class Fees(EquityCommissionModel):
    """An order trades whole here, so its only part bears the least commission."""

    def calculate(self, placed, transaction):
        return fee(abs(transaction.amount) * transaction.price, transaction.amount < 0)


def initialize(context):
    set_commission(Fees())
    set_slippage(FixedSlippage(spread=0.0))
    context.assets = [symbol(name) for name in prices.symbols]
    context.columns = {asset: column for column, asset in enumerate(context.assets)}


def handle_data(context, data):
    if not prices.daily and get_datetime() not in ends:
        return
    done["sessions"] += 1
    rule.see(data.current(context.assets, "price").to_numpy())
    portfolio = context.portfolio
    held = {context.columns[asset]: one.amount for asset, one in portfolio.positions.items() if one.amount}
    for column, shares in rule.trades(held, portfolio.portfolio_value, portfolio.cash):
        order(context.assets[column], shares)


def analyze(context, performance):
    done["equity"] = performance.portfolio_value.iloc[-1]
    done["trades"] = int(performance.transactions.map(len).sum())


register(
    "momentum",
    write,
    calendar_name="XSHG",
    start_session=days[0],
    end_session=days[-1],
    minutes_per_day=SLOTS_A_DAY,
)
if given.prepare:
    ingest("momentum")
else:
    run_algorithm(
        start=days[0],
        end=days[-1],
        initialize=initialize,
        handle_data=handle_data,
        analyze=analyze,
        capital_base=CASH,
        data_frequency="daily" if prices.daily else "minute",
        bundle="momentum",
        trading_calendar=get_calendar("XSHG"),
        benchmark_returns=pd.Series(0.0, index=days.tz_localize("UTC")),
    )
    name = f"zipline-reloaded {version('zipline-reloaded')}"
    report(name, done["sessions"], done["equity"], rule.orders, done["trades"])
