"""The rule in rqalpha: orders matched at the close of the bar that decided, T+1 and limits its own.

`--own-closes` has the rule look at the market's arrays in place of `history_bars`, symbol by symbol: what
the engine costs without its way to history.
"""

import sys
from importlib.metadata import version

import numpy as np
from rqalpha import run_func
from rqalpha.apis import get_positions, history_bars, order_shares, subscribe_event, update_universe
from rqalpha.core.events import EVENT
from rqalpha_bundle import code, write_bundle
from rule import CASH, LOOKBACK, RATE, Prices, Rule, arguments, report

ITS_RATE = 0.0008
"""Of which the configuration takes a multiple."""

own_closes = "--own-closes" in sys.argv
given = arguments([one for one in sys.argv[1:] if one != "--own-closes"])
prices = Prices(given.folder)
rule = Rule(given, prices)
names = [code(symbol) for symbol in prices.symbols]
columns = {name: column for column, name in enumerate(names)}
span = "1d" if prices.daily else "1m"
done = {"sessions": 0, "trades": 0, "equity": CASH}


def count(context, event):
    done["trades"] += 1


def init(context):
    subscribe_event(EVENT.TRADE, count)
    if not prices.daily:
        update_universe(names)


def closes():
    """Return the closes of the bar that has ended, asked for as a strategy asks: with those before."""
    if own_closes:
        return prices.close[done["sessions"] - 1]
    return np.array([history_bars(name, LOOKBACK, span, "close")[-1] for name in names])


def handle_bar(context, bars):
    done["sessions"] += 1
    rule.see(closes())
    held = {columns[one.order_book_id]: one for one in get_positions() if one.quantity}
    portfolio = context.portfolio
    shares_held = {column: int(one.quantity) for column, one in held.items()}
    for column, shares in rule.trades(
        shares_held, portfolio.total_value, portfolio.cash, lambda column: int(held[column].closable)
    ):
        order_shares(names[column], shares)


def after_trading(context):
    done["equity"] = context.portfolio.total_value


def configuration():
    return {
        "base": {
            "data_bundle_path": str(given.work),
            "start_date": prices.days[0],
            "end_date": prices.days[-1],
            "frequency": span,
            "accounts": {"stock": CASH},
            "rqdatac_uri": "disabled",
        },
        "extra": {"log_level": "error"},
        "mod": {
            "sys_progress": {"enabled": False},
            "sys_analyser": {"enabled": False},
            "sys_transaction_cost": {"stock_commission_multiplier": RATE / ITS_RATE},
            "hours": {
                "enabled": not prices.daily,
                "lib": "rqalpha_hours",
                "priority": 500,
                "folder": str(given.work),
                "names": names,
            },
        },
    }


if given.prepare:
    write_bundle(prices, given.work)
else:
    run_func(init=init, handle_bar=handle_bar, after_trading=after_trading, config=configuration())
    report(f"rqalpha {version('rqalpha')}", done["sessions"], done["equity"], rule.orders, done["trades"])
