"""The rule in backtrader: market orders that trade at the next bar's open."""

import backtrader as bt
from rule import CASH, Prices, Rule, arguments, fee, report

given = arguments()
prices = Prices(given.folder)
rule = Rule(given, prices)
stamps = [bt.date2num(moment) for moment in prices.moments()]
done = {"sessions": 0, "trades": 0}


class Fees(bt.CommInfoBase):
    params = (("stocklike", True), ("commtype", bt.CommInfoBase.COMM_PERC))

    def _getcommission(self, size, price, pseudoexec):
        return fee(abs(size) * price, size < 0)


class Feed(bt.feed.DataBase):
    """One symbol's bars straight from the arrays."""

    params = (("column", 0),)

    def start(self):
        super().start()
        self._row = 0

    def _load(self):
        row, column, lines = self._row, self.p.column, self.lines
        if row == prices.rows:
            return False
        lines.datetime[0] = stamps[row]
        lines.open[0], lines.high[0] = prices.open[row, column], prices.high[row, column]
        lines.low[0], lines.close[0] = prices.low[row, column], prices.close[row, column]
        lines.volume[0], lines.openinterest[0] = prices.volume[row, column], 0
        self._row = row + 1
        return True


class Momentum(bt.Strategy):
    def notify_order(self, order):
        done["trades"] += order.status == order.Completed

    def next(self):
        done["sessions"] += 1
        rule.see([data.close[0] for data in self.datas])
        held = {
            column: self.getposition(data).size
            for column, data in enumerate(self.datas)
            if self.getposition(data).size
        }
        for column, shares in rule.trades(held, self.broker.getvalue(), self.broker.getcash()):
            (self.buy if shares > 0 else self.sell)(self.datas[column], size=abs(shares))


cerebro = bt.Cerebro(stdstats=False)
span = bt.TimeFrame.Days if prices.daily else bt.TimeFrame.Minutes
for number, symbol in enumerate(prices.symbols):
    feed = Feed(column=number, timeframe=span, compression=1 if prices.daily else 60)
    cerebro.adddata(feed, name=symbol)
cerebro.broker.setcash(CASH)
cerebro.broker.addcommissioninfo(Fees())
cerebro.addstrategy(Momentum)
cerebro.run()
equity = cerebro.broker.getvalue()
report(f"backtrader {bt.__version__}", done["sessions"], equity, rule.orders, done["trades"])
