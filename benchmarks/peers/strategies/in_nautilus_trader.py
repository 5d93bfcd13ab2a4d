"""The rule in nautilus_trader: market orders against the book of the bar that has just ended."""

import nautilus_trader
import numpy as np
import pandas as pd
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.backtest.models import FeeModel
from nautilus_trader.config import LoggingConfig, StrategyConfig
from nautilus_trader.model.currencies import CNY
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.trading.strategy import Strategy
from rule import CASH, FIELDS, LOT, Prices, Rule, arguments, fee, report

given = arguments()
prices = Prices(given.folder)
rule = Rule(given, prices)
venue = Venue("XSHG")
span = "1-DAY" if prices.daily else "1-HOUR"
stocks = [
    Equity(
        instrument_id=InstrumentId(Symbol(symbol[:6]), venue),
        raw_symbol=Symbol(symbol[:6]),
        currency=CNY,
        price_precision=2,
        price_increment=Price.from_str("0.01"),
        lot_size=Quantity.from_int(LOT),
        ts_event=0,
        ts_init=0,
    )
    for symbol in prices.symbols
]
kinds = [BarType.from_str(f"{stock.id}-{span}-LAST-EXTERNAL") for stock in stocks]
done = {"sessions": 0, "trades": 0, "equity": CASH}


class Fees(FeeModel):
    def get_commission(self, order, fill_qty, fill_px, instrument):
        value = fill_qty.as_double() * fill_px.as_double()
        return Money(fee(value, order.side == OrderSide.SELL), CNY)


class Momentum(Strategy):
    def __init__(self):
        super().__init__(StrategyConfig(strategy_id="MOMENTUM-001"))
        self._columns = {kind: column for column, kind in enumerate(kinds)}
        self._held_in = {stock.id: column for column, stock in enumerate(stocks)}
        self._closes, self._waiting = np.zeros(prices.columns), prices.columns

    def on_start(self):
        for kind in kinds:
            self.subscribe_bars(kind)

    def on_bar(self, bar):
        self._closes[self._columns[bar.bar_type]] = bar.close.as_double()
        self._waiting -= 1
        if self._waiting:
            return
        self._waiting = prices.columns
        done["sessions"] += 1
        rule.see(self._closes)
        account = self.portfolio.account(venue)
        held = {self._held_in[one.instrument_id]: int(one.quantity) for one in self.cache.positions_open()}
        worth = sum(shares * self._closes[column] for column, shares in held.items())
        done["equity"] = account.balance_total(CNY).as_double() + worth
        cash = account.balance_free(CNY).as_double()
        for column, shares in rule.trades(held, done["equity"], cash):
            order = self.order_factory.market(
                instrument_id=stocks[column].id,
                order_side=OrderSide.BUY if shares > 0 else OrderSide.SELL,
                quantity=Quantity.from_int(abs(shares)),
            )
            self.submit_order(order)

    def on_order_filled(self, event):
        done["trades"] += 1


engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
engine.add_venue(
    venue=venue,
    oms_type=OmsType.NETTING,
    account_type=AccountType.CASH,
    base_currency=CNY,
    starting_balances=[Money(CASH, CNY)],
    fee_model=Fees(),
)
moments = pd.DatetimeIndex(prices.moments()).tz_localize("Asia/Shanghai").tz_convert("UTC")
bars = []
for column, stock in enumerate(stocks):
    engine.add_instrument(stock)
    fields = {field: getattr(prices, field)[:, column] for field in FIELDS}
    bars += BarDataWrangler(kinds[column], stock).process(pd.DataFrame(fields, index=moments))
bars.sort(key=lambda bar: bar.ts_init)
engine.add_data(bars)
engine.add_strategy(Momentum())
engine.run()
version = f"nautilus_trader {nautilus_trader.__version__}"
report(version, done["sessions"], done["equity"], rule.orders, done["trades"])
