"""Which host is whose, and the twins of all of them behind one proxy: `vendor_twins(...)`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from tests.market_twins import (
    wire_eastmoney,
    wire_eastmoney_data,
    wire_exchanges,
    wire_sina_tencent,
    wire_tushare,
    wire_us,
)
from tests.market_twins.market import Market
from tests.market_twins.net import Asked, Conduct, Reply, VendorNet
from tests.market_twins.trouble import Trouble

Twin = Callable[[Market, Asked], Reply]

TWINS: Mapping[str, Twin] = {
    "push2.eastmoney.com": wire_eastmoney.quotes,
    "push2his.eastmoney.com": wire_eastmoney.history,
    "datacenter-web.eastmoney.com": wire_eastmoney_data.data_center,
    "search-api-web.eastmoney.com": wire_eastmoney_data.search,
    "np-anotice-stock.eastmoney.com": wire_eastmoney_data.announcements,
    "www.cninfo.com.cn": wire_eastmoney_data.disclosure,
    "fundf10.eastmoney.com": wire_eastmoney_data.fund,
    "hq.sinajs.cn": wire_sina_tencent.sina_quotes,
    "vip.stock.finance.sina.com.cn": wire_sina_tencent.sina_lists,
    "finance.sina.com.cn": wire_sina_tencent.sina_pages,
    "quotes.sina.cn": wire_sina_tencent.sina_bars,
    "qt.gtimg.cn": wire_sina_tencent.tencent_quotes,
    "proxy.finance.qq.com": wire_sina_tencent.tencent_lists,
    "api.tushare.pro": wire_tushare.pro,
    "api.waditu.com": wire_tushare.pro,
    "query.sse.com.cn": wire_exchanges.shanghai,
    "www.szse.cn": wire_exchanges.shenzhen,
    "www.bse.cn": wire_exchanges.beijing,
    "query1.finance.yahoo.com": wire_us.yahoo,
    "query2.finance.yahoo.com": wire_us.yahoo,
    "fc.yahoo.com": wire_us.yahoo,
    "guce.yahoo.com": wire_us.yahoo,
}


def twin_of(host: str) -> Twin | None:
    """Return who answers for a host; `82.push2.eastmoney.com` is one of the hosts behind `push2`."""
    number, _, rest = host.partition(".")
    return TWINS.get(rest if number.isdigit() else host)


def vendor_twins(
    folder: Path,
    market: Market,
    now: Callable[[], datetime],
    trouble: Trouble | None = None,
    wait_s: float = 0.0,
) -> VendorNet:
    """Return the vendors of a market by a clock, each answer after `wait_s` s, with the trouble there is."""
    trouble = trouble or Trouble()

    def treat(host: str) -> Conduct:
        return trouble.conduct(host, now(), Conduct(wait_s=wait_s))

    def answer(asked: Asked) -> Reply:
        twin = twin_of(asked.host)
        if twin is None:
            return Reply(f"no twin of {asked.host}".encode(), "text/plain", 599)
        return trouble.reply(asked, lambda shown: twin(shown, asked), market)

    return VendorNet(folder, answer, now, treat)
