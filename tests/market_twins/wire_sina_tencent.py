"""Sina's and Tencent's hosts: one line of text a share, in GBK.

Sina states shares, Tencent lots of 100 but on the STAR market shares; both write 0.00 for what is missing.
Sina answers only those who say that they come from its own pages.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal

from tests.market_twins.market import CN, MINUTES, Level, Market, Price, Sight, Trade
from tests.market_twins.net import Asked, Reply
from tests.market_twins.seeded import trading_days
from tests.market_twins.wire_us import sina_record

_GBK = "application/javascript; charset=GB18030"
_SINA_STATUS = {Trade.SUSPENDED: "03", Trade.HALTED: "05"}


# Sina.


def sina_quotes(market: Market, asked: Asked) -> Reply:
    """`hq.sinajs.cn`."""
    if "finance.sina.com.cn" not in asked.headers.get("referer", ""):
        return Reply(b"Kinsoku jikou desu!", "text/plain", 403)
    lines = []
    for code in _codes(asked, "list"):
        if code.startswith("gb_"):
            lines.append(sina_record(market, code, asked.at))
            continue
        symbol = market.find(code[:2], code[2:])
        sight = market.sight(symbol, asked.at) if symbol else None
        stated = "" if sight is None else ",".join(_sina_fields(sight))
        lines.append(f'var hq_str_{code}="{stated}";\n')
    return Reply("".join(lines).encode("gb18030"), _GBK)


def _sina_fields(sight: Sight) -> Iterable[str]:
    number = _told(3 if sight.symbol.endswith(".BJ") else 2)
    best = [levels[0].price if levels else None for levels in (sight.bids, sight.asks)]
    yield from (sight.name, *map(number, (sight.open, sight.prev_close, sight.last, sight.high, sight.low)))
    yield from (*map(number, best), str(sight.shares), f"{sight.amount:.3f}")
    for levels in (sight.bids, sight.asks):
        for level in _five(levels):
            yield from (str(level.shares), number(level.price))
    stamp = sight.stamp.astimezone(CN)
    yield from (f"{stamp:%Y-%m-%d}", f"{stamp:%H:%M:%S}", _SINA_STATUS.get(sight.trade, "00"), "")


def sina_lists(market: Market, asked: Asked) -> Reply:
    """`vip.stock.finance.sina.com.cn`: how many shares there are, a page of them, and rights they offer."""
    if "vISSUE_ShareBonus" in asked.path:
        return _sina_rights(market, asked)
    if asked.path.endswith("getHQNodeStockCount"):
        return Reply(f'"{len(market.listed)}"'.encode(), "text/html; charset=GBK")
    size, page = int(asked.query["num"]), int(asked.query["page"])
    rows = []
    for symbol in market.codes()[(page - 1) * size : page * size]:
        if (sight := market.sight(symbol, asked.at)) is not None:
            rows.append(_sina_row(sight))
    return Reply(json.dumps(rows, ensure_ascii=False).encode("gbk"), "text/html; charset=GBK")


_BONUS_PAGE = """<html><body><table id="sharebonus_1"><thead><tr><th>分红</th></tr></thead>
<tbody><tr><td colspan="9">暂时没有数据！</td></tr></tbody></table>
<table id="sharebonus_2"><thead><tr><th colspan="11">配股</th></tr>
<tr><th>公告日期</th><th>配股方案<br/>(每10股配股股数)</th><th>配股价格<br/>(元)</th><th>基准股本<br/>(万股)</th>
<th>除权日</th><th>股权登记日</th><th>缴款起始日</th><th>缴款终止日</th><th>配股上市日</th>
<th>募集资金合计<br/>(元)</th><th>查看详细</th></tr></thead>
<tbody>%s</tbody></table></body></html>"""


def _sina_rights(market: Market, asked: Asked) -> Reply:
    code = asked.path.rpartition("/")[2].removesuffix(".phtml")
    share = next((one for one in market.listed.values() if one.code == code), None)
    row = '<tr><td colspan="11">暂时没有数据！</td></tr>'
    if share is not None and share.rights is not None:
        stated = (
            share.days[-1].day, share.rights.for_ten, share.rights.price, 388160.8, share.rights.ex_day,
            market.day, "--", "--", "--", "--", '<a href="#">查看</a>',
        )  # fmt: skip
        row = "<tr>" + "".join(f"<td>{cell}</td>\n" for cell in stated) + "</tr>"
    return Reply((_BONUS_PAGE % row).encode("gbk"), "text/html; charset=gbk")


def _sina_row(sight: Sight) -> dict[str, object]:
    number = _told(3)
    return {
        "symbol": sight.symbol[7:].lower() + sight.code, "code": sight.code, "name": sight.name,
        "trade": number(sight.last), "pricechange": 0.1, "changepercent": 0.2,
        "buy": number(sight.bids[0].price if sight.bids else None),
        "sell": number(sight.asks[0].price if sight.asks else None), "settlement": number(sight.prev_close),
        "open": number(sight.open), "high": number(sight.high), "low": number(sight.low),
        "volume": sight.shares, "amount": float(sight.amount), "ticktime": f"{sight.stamp:%H:%M:%S}",
        "per": 10.1, "pb": 1.1, "mktcap": 1e8, "nmc": 1e8, "turnoverratio": 0.98,
    }  # fmt: skip


def sina_bars(market: Market, asked: Asked) -> Reply:
    """`quotes.sina.cn`: bars as the market traded, the one under way among them; `null` of a stranger."""
    code = asked.query.get("symbol", "")
    symbol = market.find(code[:2], code[2:])
    length, most = int(asked.query["scale"]), int(asked.query["datalen"])
    if not symbol:
        return Reply(b"null", "application/json; charset=UTF-8")
    if length == MINUTES:
        days = [(f"{one.day}", one) for one in market.days(symbol, asked.at, adjusted=False)]
    else:
        days = [(f"{label:%Y-%m-%d %H:%M:%S}", one) for label, one in market.bars(symbol, asked.at, length)]
    rows = [
        {
            "day": label, "open": f"{one.open:.3f}", "high": f"{one.high:.3f}", "low": f"{one.low:.3f}",
            "close": f"{one.close:.3f}", "volume": str(one.shares), "amount": f"{one.close * one.shares:.4f}",
        }
        for label, one in days[-most:]
    ]  # fmt: skip
    return Reply(json.dumps(rows).encode(), "application/json; charset=UTF-8")


def sina_pages(market: Market, asked: Asked) -> Reply:
    """`finance.sina.com.cn`: the trading days, packed for a script to unpack, and factors of adjustment."""
    if asked.path.endswith("/qfq.js"):
        return _sina_factors(market, asked.path.split("/")[-2])
    if asked.path != "/realstock/company/klc_td_sh.txt":
        return Reply(b"404", "text/html", 404)
    days = [*trading_days(market.day, 60), market.day]
    return Reply(f'var datelist="{packed_days(days)}";var KLC_TD_SH=datelist;'.encode(), "text/plain")


def _sina_factors(market: Market, code: str) -> Reply:
    """Return since when a price is divided by which factor; a stranger has none."""
    symbol = market.find(code[:2], code[2:])
    rows = []
    if symbol:
        share = market.listed[symbol]
        past = share.days[-1].close / share.prev_close
        today = [{"d": f"{market.day}", "f": "1.0000000000000000"}] if share.dividend else []
        rows = [*today, {"d": "1900-01-01", "f": f"{past:.16f}"}]
    told = json.dumps({"total": len(rows), "data": rows})
    return Reply(f"var {code}qfq={told}\n/* built by a twin */".encode(), "application/x-javascript")


_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_EPOCH = date(1970, 1, 1) + timedelta(days=7657)
_FORM, _FORM_BITS, _LENGTH_BITS = 139, 12, 12


def packed_days(days: Sequence[date]) -> str:
    """Return trading days as Sina packs them: bits, lowest first, six to a letter.

    After a head that names the form come the first and the last day, then how many weekdays in a row
    traded, how many did not between them, and so on: one weekday without trading after each run.
    """
    bits: list[int] = []

    def write(value: int, width: int) -> None:
        bits.extend((value >> place) & 1 for place in range(width))

    write(_FORM, _FORM_BITS)
    write(63, 6)
    write((days[0] - _EPOCH).days, 18)
    write((days[-1] - _EPOCH).days, 18)
    for place, length in enumerate(_runs(days)):
        if place == 0:
            # The width of a length is told once, in threes and in unary: 1, then a one less, then 0.
            bits.extend([1, 1, *[1] * (_LENGTH_BITS // 3 - 1), 0])
        else:
            bits.append(0)
        write(length, _LENGTH_BITS)
    bits.extend([0] * (-len(bits) % 6))
    sixes = (bits[start : start + 6] for start in range(0, len(bits), 6))
    return "".join(_ALPHABET[sum(bit << place for place, bit in enumerate(six))] for six in sixes)


def _runs(days: Sequence[date]) -> list[int]:
    """Return the lengths of the runs of weekdays that traded; a weekday that did not ends a run."""
    traded, runs, day = set(days), [0], days[0]
    while day <= days[-1]:
        if day in traded:
            runs[-1] += 1
        elif day.isoweekday() <= 5:
            runs.append(0)
        day += timedelta(days=1)
    return runs


# Tencent.


def tencent_quotes(market: Market, asked: Asked) -> Reply:
    """`qt.gtimg.cn`."""
    lines = []
    for code in _codes(asked, "q"):
        symbol = market.find(code[:2], code[2:])
        sight = market.sight(symbol, asked.at) if symbol else None
        if sight is not None:
            lines.append(f'v_{code}="{"~".join(_tencent_fields(sight))}";\n')
    body = "".join(lines) or 'v_pv_none_match="1";\n'
    return Reply(body.encode("gb18030"), "text/html; charset=GBK")


def _tencent_fields(sight: Sight) -> list[str]:
    number = _told(2)
    unit, place = 1 if sight.code[:3] == "688" else 100, {"SH": "1", "SZ": "51", "BJ": "62"}[sight.symbol[7:]]
    lots = str(sight.shares // unit)
    fields = [place, sight.name, sight.code, number(sight.last), number(sight.prev_close), number(sight.open)]
    fields += [lots, str(sight.shares // unit // 2), str(sight.shares // unit // 2)]
    for levels in (sight.bids, sight.asks):
        for level in _five(levels):
            fields += [number(level.price), str(level.shares // unit)]
    thousands = f"{sight.amount / 10_000:.0f}"
    fields += ["", f"{sight.stamp.astimezone(CN):%Y%m%d%H%M%S}", "0.10", "0.20", number(sight.high)]
    fields += [number(sight.low), f"{number(sight.last)}/{lots}/{sight.amount:.0f}", lots, thousands, "0.31"]
    fields += ["22.40", "S" if sight.trade in _SINA_STATUS else "", number(sight.high), number(sight.low)]
    fields += ["1.10", "18000.00", "18000.00", "8.10", number(sight.limit_up), number(sight.limit_down)]
    return [*fields, "0.88", "0", "0.00", "", "", "", "", "", "", "GP-A", ""]


def tencent_lists(market: Market, asked: Asked) -> Reply:
    """`proxy.finance.qq.com`: a page of the shares by price, and the days of one share."""
    if asked.path.endswith("/newfqkline/get"):
        return _tencent_days(market, asked)
    first, size = int(asked.query["offset"]), int(asked.query["count"])
    rows = []
    for symbol in market.codes()[first : first + size]:
        if (sight := market.sight(symbol, asked.at)) is not None:
            code = sight.symbol[7:].lower() + sight.code
            rows.append(
                {"code": code, "name": sight.name, "zxj": _told(2)(sight.last), "zdf": "0.2", "volume": "1"}
            )
    body = {"code": 0, "msg": "ok", "data": {"offset": first, "total": len(market.listed), "rank_list": rows}}
    return Reply(json.dumps(body, ensure_ascii=False).encode())


def _tencent_days(market: Market, asked: Asked) -> Reply:
    """Return days adjusted forward, today's so far among them; without an ex-day they stand under `day`."""
    code, _, since, until, most, _ = asked.query["param"].split(",")
    symbol = market.find(code[:2], code[2:])
    if not symbol:
        return Reply(json.dumps({"code": 0, "msg": "", "data": []}).encode())
    unit = 1 if symbol[:3] == "688" else 100
    rows: list[list[object]] = [
        [
            f"{one.day}", f"{one.open:.2f}", f"{one.close:.2f}", f"{one.high:.2f}", f"{one.low:.2f}",
            f"{one.shares / unit:.2f}", {}, "0.31", f"{one.close * one.shares / 10_000:.2f}", "",
        ]
        for one in market.days(symbol, asked.at, adjusted=True) if since <= str(one.day) <= until
    ]  # fmt: skip
    key = "qfqday" if market.listed[symbol].dividend else "day"
    body = {"code": 0, "msg": "", "data": {code: {key: rows[-int(most) :], "qt": {}, "version": "16"}}}
    return Reply(json.dumps(body).encode())


# Both.


def _codes(asked: Asked, name: str) -> list[str]:
    """Return what was asked for as `/list=sh600519,sz000001` or as `?list=`."""
    stated = asked.query.get(name) or asked.path.partition(f"/{name}=")[2]
    return [code for code in stated.split(",") if code]


def _told(places: int) -> Callable[[Price], str]:
    """Return how a price is told: with so many decimals, and zeros for none."""

    def told(price: Price) -> str:
        if isinstance(price, str):
            return price
        return f"{Decimal(0) if price is None else price:.{places}f}"

    return told


def _five(levels: Sequence[Level]) -> list[Level]:
    return [*levels[:5], *[Level(None, 0)] * (5 - len(levels))]
