"""Run by rqalpha's own Python: answers orders on standard input with what rqalpha charges for them."""

import json
import sys
from datetime import datetime
from types import SimpleNamespace

from rqalpha.const import INSTRUMENT_TYPE, SIDE
from rqalpha.environment import Environment
from rqalpha.mod.rqalpha_mod_sys_transaction_cost.deciders import StockTransactionCostDecider

ITS_RATE = 0.0008

Environment.get_instance = classmethod(lambda cls: None)


def charged(order: dict) -> dict:
    listeners = []
    bus = SimpleNamespace(add_listener=lambda _kind, listener: listeners.append(listener))
    decider = StockTransactionCostDecider(float(order["rate"]) / ITS_RATE, float(order["min"]), 1, True, bus)
    for listener in listeners:
        listener(SimpleNamespace(trading_dt=datetime.fromisoformat(order["date"])))
    commission = tax = 0.0
    for price, shares in order["fills"]:
        trade = SimpleNamespace(
            price=float(price),
            quantity=shares,
            side=SIDE.BUY if order["side"] == "buy" else SIDE.SELL,
            order_id=1,
            instrument=SimpleNamespace(type=INSTRUMENT_TYPE.CS),
        )
        cost = decider.calc(trade)
        commission, tax = commission + cost.commission, tax + cost.tax
    return {"commission": commission, "tax": tax}


json.dump([charged(order) for order in json.load(sys.stdin)], sys.stdout)
