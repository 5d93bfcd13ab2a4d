"""What each vendor's bytes state, read field by field; the bytes stand in tests/vendor_bytes.py."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from services.domain.instruments import Symbol
from services.domain.quotes import Level
from services.market.feeds import akshare_feed, eastmoney, sina, sina_us, tencent, tushare_pro, yahoo
from services.market.feeds.fields import BadAnswer, prefixed
from services.market.raw_quotes import RawQuote, RawQuotes, Status
from tests import vendor_bytes as wire

CN, NY = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
RECEIVED = datetime(2026, 7, 14, 2, 35, 5, tzinfo=UTC)
MOUTAI, STAR, APPLE = Symbol("600519.SH"), Symbol("688981.SH"), Symbol("AAPL.US")

CENTS = tuple(map(Decimal, ("1450.01", "1440", "1441", "1466", "1438.5")))
"""Last, previous close, open, high and low of the Moutai of every vendor's bytes."""


def levels(*pairs: tuple[str, int]) -> tuple[Level, ...]:
    return tuple(Level(price_cny=Decimal(price), shares=shares) for price, shares in pairs)


def of_eastmoney(body: bytes, symbol: Symbol = MOUTAI) -> RawQuotes:
    return eastmoney.read_book(body, symbol, RECEIVED)


def of_sina(body: bytes, symbol: Symbol = MOUTAI) -> RawQuotes:
    return sina.read_quotes(body, (symbol,), RECEIVED)


def of_tencent(body: bytes, symbol: Symbol = MOUTAI) -> RawQuotes:
    return tencent.read_quotes(body, (symbol,), RECEIVED)


def prices(quote: RawQuote) -> tuple[Decimal | None, ...]:
    return quote.last_cny, quote.prev_close_cny, quote.open_cny, quote.high_cny, quote.low_cny


@pytest.mark.parametrize(
    ("answer", "source", "stamped_at"),
    [
        (of_eastmoney(wire.eastmoney_book()), "eastmoney", "10:35:02"),
        (eastmoney.read_list(wire.eastmoney_list({}), (MOUTAI,), RECEIVED), "eastmoney", "10:35:02"),
        (of_sina(wire.sina()), "sina", "10:35:03"),
        (of_tencent(wire.tencent()), "tencent", "10:35:01"),
        (
            tushare_pro.read_quotes(tushare_pro.read_page(wire.tushare()).rows, (MOUTAI,), RECEIVED),
            "tushare",
            "10:35:02",
        ),
    ],
    ids=["eastmoney", "eastmoney list", "sina", "tencent", "tushare"],
)
def test_every_mainland_vendor_states_the_same_share(answer, source, stamped_at):
    quote = answer.quotes[MOUTAI]

    assert answer.faults == {}
    assert answer.source == quote.source == source
    assert quote.received_at == RECEIVED
    assert quote.stamped_at == datetime.fromisoformat(f"2026-07-14T{stamped_at}+08:00")
    assert quote.name == "贵州茅台"
    assert prices(quote) == CENTS
    assert quote.volume_shares == 2_345_600  # 23,456 lots of 100
    assert quote.amount_cny == Decimal(3_401_120_000)


FIVE_BIDS = levels(
    ("1450.0", 300), ("1449.9", 1200), ("1449.5", 100), ("1449.0", 4000), ("1448.88", 700)
)  # fmt: skip
FIVE_ASKS = levels(
    ("1450.01", 200), ("1450.2", 1500), ("1450.5", 100), ("1451.0", 900), ("1452.0", 8800)
)  # fmt: skip


@pytest.mark.parametrize(
    ("quote", "bids", "asks"),
    [
        (of_eastmoney(wire.eastmoney_book()).quotes[MOUTAI], FIVE_BIDS, FIVE_ASKS),
        (of_tencent(wire.tencent()).quotes[MOUTAI], FIVE_BIDS, FIVE_ASKS),
        (
            of_sina(wire.sina()).quotes[MOUTAI],
            # Sina counts shares: 760 and the odd lot of 60 keep their last two digits.
            (*FIVE_BIDS[:4], *levels(("1448.88", 760))),
            (*levels(("1450.01", 60)), *FIVE_ASKS[1:]),
        ),
    ],
    ids=["eastmoney", "tencent", "sina"],
)
def test_a_book_has_five_levels_a_side_best_first_in_shares(quote, bids, asks):
    assert quote.bids == bids
    assert quote.asks == asks


def test_a_list_that_numbers_its_rows_is_read_as_well():
    body = json.dumps({"data": {"total": 1, "diff": {"0": dict(wire.EASTMONEY_ROW)}}}).encode()

    assert eastmoney.read_list(body, (MOUTAI,), RECEIVED).quotes[MOUTAI].last_cny == Decimal("1450.01")


def test_limits_are_those_stated_and_unknown_where_the_vendor_states_none():
    assert of_eastmoney(wire.eastmoney_book()).quotes[MOUTAI].limit_up_cny == Decimal("1584")
    assert of_eastmoney(wire.eastmoney_book()).quotes[MOUTAI].limit_down_cny == Decimal("1296")
    assert of_tencent(wire.tencent()).quotes[MOUTAI].limit_up_cny == Decimal("1584")
    assert of_tencent(wire.tencent()).quotes[MOUTAI].limit_down_cny == Decimal("1296")
    assert of_sina(wire.sina()).quotes[MOUTAI].limit_up_cny is None
    assert of_eastmoney(wire.eastmoney_book(f51="-", f52="-")).quotes[MOUTAI].limit_up_cny is None
    # Tencent states -1 for a share without limits.
    assert of_tencent(wire.tencent(changes={47: "-1", 48: "-1"})).quotes[MOUTAI].limit_down_cny is None


HYPHENS = {f"f{n}": "-" for n in (*range(31, 41),)}


@pytest.mark.parametrize(
    "sealed",
    [
        of_eastmoney(wire.eastmoney_book(**HYPHENS)),
        of_sina(wire.sina(changes=dict.fromkeys(range(20, 30), "0.000"))),
        of_tencent(wire.tencent(changes={n: "0" if n % 2 == 0 else "0.00" for n in range(19, 29)})),
    ],
    ids=["eastmoney", "sina", "tencent"],
)
def test_a_side_without_a_level_is_empty_and_not_unknown(sealed):
    assert sealed.quotes[MOUTAI].asks == ()
    assert len(sealed.quotes[MOUTAI].bids) == 5


def test_a_list_and_an_answer_without_the_fields_state_no_book():
    listed = eastmoney.read_list(wire.eastmoney_list({}), (MOUTAI,), RECEIVED).quotes[MOUTAI]
    without = {f"f{n}": None for n in (*range(11, 21), *range(31, 41))}

    assert (listed.bids, listed.asks) == (None, None)
    assert of_eastmoney(wire.eastmoney_book(**without)).quotes[MOUTAI].bids is None


def test_a_level_lacking_its_price_or_its_shares_is_none():
    # In a call auction the second level holds the unmatched shares, without a price.
    auction = of_sina(wire.sina(changes={13: "0.000", 12: "500", 14: "0"})).quotes[MOUTAI]

    assert [level.price_cny for level in auction.bids] == [
        Decimal("1450"), Decimal("1449"), Decimal("1448.88")
    ]  # fmt: skip


@pytest.mark.parametrize("nothing", ["-", "", "0", "0.000", "-3.5", "NaN", "inf", "1,450", "1e3", "１２"])
def test_what_is_no_price_above_0_is_unknown(nothing):
    assert of_eastmoney(wire.eastmoney_book(f43=nothing)).quotes[MOUTAI].last_cny is None
    if "," not in nothing and nothing.isascii():
        assert of_sina(wire.sina(changes={3: nothing})).quotes[MOUTAI].last_cny is None
        assert of_tencent(wire.tencent(changes={3: nothing})).quotes[MOUTAI].last_cny is None


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (of_eastmoney(wire.eastmoney_book()), Status.TRADING),
        (of_eastmoney(wire.eastmoney_book(f292=6)), Status.SUSPENDED),
        (of_eastmoney(wire.eastmoney_book(f292=14)), Status.HALTED),
        (of_eastmoney(wire.eastmoney_book(f292=3)), None),  # the market's lunch
        (of_eastmoney(wire.eastmoney_book(f292="-")), None),
        (of_sina(wire.sina()), Status.TRADING),
        (of_sina(wire.sina(changes={32: "03"})), Status.SUSPENDED),
        (of_sina(wire.sina(changes={32: "01"})), Status.HALTED),
        (of_sina(wire.sina(changes={32: "99"})), None),
        (of_tencent(wire.tencent()), None),
        (of_tencent(wire.tencent(changes={40: "S"})), Status.SUSPENDED),
        (of_tencent(wire.tencent(changes={40: "Z"})), Status.HALTED),
    ],
)
def test_the_status_is_the_vendors_own_word(answer, status):
    assert answer.quotes[MOUTAI].status is status


@pytest.mark.parametrize(
    "answer",
    [
        of_eastmoney(wire.eastmoney_book(f86="-")),
        of_eastmoney(wire.eastmoney_book(f86=0)),
        of_eastmoney(wire.eastmoney_book(f86=99999999999999)),
        of_sina(wire.sina(changes={30: "2026-02-30"})),
        of_sina(wire.sina(changes={31: ""})),
        of_sina(wire.sina(changes={31: "10:35"})),
        of_tencent(wire.tencent(changes={30: ""})),
        of_tencent(wire.tencent(changes={30: "2026071410350"})),
    ],
)
def test_a_quote_without_a_whole_time_of_its_own_is_undated(answer):
    assert answer.quotes[MOUTAI].stamped_at is None


def test_a_table_that_states_a_time_without_a_day_leaves_the_quote_undated():
    row = ("600519.SH", "", 1440.0, 1441.0, 1466.0, 1438.5, 1450.01, 1, 1450, "10:35:02", 1, 1, 1, 1)
    page = tushare_pro.read_page(wire.tushare(items=[row]))

    assert tushare_pro.read_quotes(page.rows, (MOUTAI,), RECEIVED).quotes[MOUTAI].stamped_at is None


def test_a_tables_best_level_is_a_book_and_one_it_does_not_state_is_unknown():
    rows = tushare_pro.read_page(wire.tushare()).rows
    quote = tushare_pro.read_quotes(rows, (MOUTAI,), RECEIVED).quotes[MOUTAI]
    sealed = [{**rows[0], "ask_price1": 0, "ask_volume1": 0, "bid_volume1": None}]
    other = tushare_pro.read_quotes(sealed, (MOUTAI,), RECEIVED).quotes[MOUTAI]

    assert quote.bids == levels(("1450.0", 300))
    assert quote.asks == levels(("1450.01", 60))
    assert other.asks == ()
    assert other.bids is None


@pytest.mark.parametrize(
    ("volume", "amount", "shares"),
    [
        # 1,000 at 14.5 CNY would be 14,500: lots tell 1,450,000.
        ("1000", "1450000", 100_000),
        # STAR counts shares: 1000 x 14.5 = 14,500.
        ("1000", "14500", 1_000),
        # Neither fits a day between 14 and 15.
        ("1000", "999", None),
        # Nothing traded: nothing to weigh.
        ("0", "0", 0),
        ("-", "14500", None),
    ],
)
def test_the_days_average_price_tells_lots_from_shares(volume, amount, shares):
    changes = {3: "14.50", 33: "15.00", 34: "14.00", 6: volume, 35: f"14.50/{volume}/{amount}"}
    quote = of_tencent(wire.tencent("sh688981", changes), STAR).quotes[STAR]
    figures = {"f44": 15.0, "f45": 14.0, "f47": volume, "f48": amount}
    other = of_eastmoney(wire.eastmoney_book(**figures)).quotes[MOUTAI]

    assert quote.volume_shares == shares
    assert other.volume_shares == shares


def test_before_the_first_trade_tencent_counts_a_star_book_in_shares_and_others_in_lots():
    untraded = {6: "0", 33: "0.00", 34: "0.00", 35: "0/0/0", 37: "0"}

    star = of_tencent(wire.tencent("sh688981", untraded), STAR).quotes[STAR]
    main = of_tencent(wire.tencent("sh600519", untraded)).quotes[MOUTAI]

    assert star.bids[0].shares == 3
    assert main.bids[0].shares == 300


def test_tencents_amount_in_ten_thousands_serves_where_the_exact_one_is_missing():
    quote = of_tencent(wire.tencent(changes={35: ""})).quotes[MOUTAI]

    assert quote.amount_cny == Decimal(3_401_120_000)  # 340,112 x 10,000
    assert quote.volume_shares == 2_345_600


@pytest.mark.parametrize(
    "answer",
    [
        of_eastmoney(wire.eastmoney_book(f57="600520")),
        of_eastmoney(wire.eastmoney_book(f107=0)),
        of_eastmoney(b'{"rc": 100, "data": null}'),
        of_sina(b'var hq_str_sh600519="";\n'),
        of_sina(wire.sina("sh600520")),
        of_sina(b'var hq_str_sh600519="\xb9\xf3,1,2,3";\n'),
        of_tencent(wire.tencent("sh600520")),
        of_tencent(wire.tencent(changes={2: "600520"})),
        of_tencent(b'v_sh600519="1~a~600519~1";\n'),
        of_tencent(b'v_pv_none_match="1";\n'),
        eastmoney.read_list(wire.eastmoney_list({"f12": "600520"}), (MOUTAI,), RECEIVED),
        eastmoney.read_list(b'{"data": null}', (MOUTAI,), RECEIVED),
        sina_us.read_quotes(wire.sina_us("gb_msft"), (APPLE,), RECEIVED),
    ],
)
def test_an_answer_about_something_else_is_no_quote_of_what_was_asked(answer):
    assert answer.quotes == {}
    assert len(answer.faults) == 1


@pytest.mark.parametrize(
    "read",
    [
        of_eastmoney,
        of_sina,
        of_tencent,
        lambda body: eastmoney.read_list(body, (MOUTAI,), RECEIVED),
        lambda body: sina_us.read_quotes(body, (APPLE,), RECEIVED),
        tushare_pro.read_page,
    ],
    ids=["eastmoney", "sina", "tencent", "eastmoney list", "sina_us", "tushare"],
)
@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>verify you are human</body></html>",
        b"[]",
        b"null",
        wire.eastmoney_book()[:-20],
        b'{"code": 0, "data": {"fields": ["a"], "items": [[1',
        "贵州茅台".encode("utf-16"),
        b"\xff\xfe\x80",
        b"Kinsoku jikou desu!",
    ],
    ids=["html", "list", "null", "cut", "cut table", "utf-16", "no text", "turned away"],
)
def test_bytes_of_another_kind_are_a_bad_answer(read: Callable[[bytes], object], body: bytes):
    with pytest.raises(BadAnswer):
        read(body)


def test_a_number_that_is_none_makes_the_whole_answer_bad():
    with pytest.raises(BadAnswer):
        of_eastmoney(wire.eastmoney_book().replace(b"1450.01", b"NaN"))


@pytest.mark.parametrize(
    "body",
    [
        b'{"msg": "no code"}',
        b'{"code": "0", "data": {"fields": [], "items": []}}',
        b'{"code": true, "data": {"fields": [], "items": []}}',
        b'{"code": 0, "data": null}',
        b'{"code": 0, "data": {"fields": ["a"]}}',
        b'{"code": 0, "data": {"fields": ["a", "b"], "items": [[1]]}}',
        b'{"code": 0, "data": {"fields": [1], "items": [[1]]}}',
        b'{"code": 0, "data": {"fields": ["a"], "items": [1]}}',
    ],
)
def test_a_table_of_another_form_is_a_bad_answer(body):
    with pytest.raises(BadAnswer):
        tushare_pro.read_page(body)


def test_a_refusal_by_code_is_an_answer_and_no_table():
    page = tushare_pro.read_page(wire.tushare_refusal(40203, "抱歉，您没有接口访问权限"))

    assert (page.code, page.rows) == (40203, ())
    assert page.says == "抱歉，您没有接口访问权限"


@pytest.mark.parametrize(
    ("renewed", "traded", "stamp"),
    [
        # While trading the record's own second counts: 22:05:15 in Beijing.
        ("2026-09-28 22:05:15", "Sep 28 10:05AM EDT", datetime(2026, 9, 28, 10, 5, 15, tzinfo=NY)),
        # Before the opening it is renewed, but the price is Friday's: the end of its last minute.
        ("2026-09-28 19:38:15", "Sep 25 04:00PM EDT", datetime(2026, 9, 25, 16, 1, tzinfo=NY)),
        # A trade of December seen in January.
        ("2027-01-01 09:00:00", "Dec 31 04:00PM EST", datetime(2026, 12, 31, 16, 1, tzinfo=NY)),
        ("2026-09-28 22:05:15", "", None),
        ("2026-09-28", "Sep 28 10:05AM EDT", None),
        ("2026-09-28 22:05:15", "Feb 30 10:05AM EDT", None),
    ],
)
def test_a_us_price_is_as_old_as_its_last_regular_trade(renewed, traded, stamp):
    answer = sina_us.read_quotes(wire.sina_us(changes={3: renewed, 25: traded}), (APPLE,), RECEIVED)

    assert answer.quotes[APPLE].stamped_at == stamp


def test_both_vendors_of_us_quotes_state_the_same_share():
    of_yahoo = yahoo.read_head(wire.YAHOO_HEAD, APPLE, RECEIVED)
    of_sina_us = sina_us.read_quotes(wire.sina_us(), (APPLE,), RECEIVED).quotes[APPLE]

    assert isinstance(of_yahoo, RawQuote)
    for quote in (of_yahoo, of_sina_us):
        assert quote.last_cny == Decimal("338.4")
        assert quote.prev_close_cny == Decimal("341.07")
        assert quote.high_cny == Decimal("342.988")
        assert quote.volume_shares == 32_820_844
        assert quote.stamped_at == datetime(2026, 9, 28, 10, 5, 15, tzinfo=NY)
        assert (quote.bids, quote.asks) == (None, None)


def test_yahoos_digits_of_32_bits_are_rounded_and_another_moment_is_taken_as_it_is():
    moment = datetime(2026, 9, 28, 10, 5, tzinfo=NY)
    head = {
        **wire.YAHOO_HEAD,
        "regularMarketPrice": 338.3999938964844,
        "regularMarketTime": pd.Timestamp(moment),
    }
    naive = {**wire.YAHOO_HEAD, "regularMarketTime": moment.replace(tzinfo=None)}

    rounded = yahoo.read_head(head, APPLE, RECEIVED)
    undated = yahoo.read_head(naive, APPLE, RECEIVED)

    assert isinstance(rounded, RawQuote)
    assert isinstance(undated, RawQuote)
    assert rounded.last_cny == Decimal("338.4")
    assert rounded.stamped_at == moment
    assert type(rounded.stamped_at) is datetime
    assert undated.stamped_at is None


@pytest.mark.parametrize("change", [{"symbol": "MSFT"}, {"currency": "CNY"}, {"symbol": None}])
def test_yahoos_head_of_another_share_or_currency_is_no_quote(change):
    assert isinstance(yahoo.read_head({**wire.YAHOO_HEAD, **change}, APPLE, RECEIVED), str)


def test_the_librarys_hyphens_are_no_shares():
    # The library multiplies every count by 100, a hyphen too.
    items = {
        "最新": 11.0, "昨收": 10.0, "涨停": 11.0, "跌停": 9.0, "今开": 11.0, "最高": 11.0, "最低": 11.0,
        "总手": 5000, "金额": 5500000.0, "buy_1": 11.0, "buy_1_vol": 40000,
        "sell_1": "-", "sell_1_vol": "-" * 100,
    }  # fmt: skip
    stamp = datetime(2026, 7, 14, 10, 35, tzinfo=CN)

    quote = akshare_feed.read_items(items, MOUTAI, stamp, RECEIVED)

    assert quote.asks == ()
    assert quote.bids == levels(("11.0", 40_000))
    assert quote.volume_shares == 500_000
    assert (quote.limit_up_cny, quote.limit_down_cny) == (Decimal("11"), Decimal("9"))
    assert (quote.stamped_at, quote.received_at) == (stamp, RECEIVED)


@pytest.mark.parametrize(
    ("symbol", "names"),
    [
        ("600519.SH", ("1.600519", "sh600519", "", "")),
        ("510300.SH", ("1.510300", "sh510300", "", "")),
        ("300750.SZ", ("0.300750", "sz300750", "", "")),
        ("920002.BJ", ("0.920002", "bj920002", "", "")),
        ("AAPL.US", ("", "", "gb_aapl", "AAPL")),
        # A class of shares has another name at each vendor; Sina's is not known.
        ("BRK.B.US", ("", "", "", "BRK-B")),
    ],
)
def test_each_vendor_has_a_name_of_its_own_for_a_symbol(symbol, names):
    called = (eastmoney.secid, prefixed, sina_us.called, yahoo.called)

    assert tuple(name(Symbol(symbol)) for name in called) == names


def test_a_request_asks_for_what_the_reader_reads_and_in_the_vendors_words():
    book = eastmoney.book_request(MOUTAI)
    listed = eastmoney.list_request((MOUTAI, Symbol("300750.SZ")))
    asked = set(book.url.partition("fields=")[2].partition("&")[0].split(","))

    assert set(wire.EASTMONEY_BOOK) <= asked
    assert book.url.startswith("https://push2.eastmoney.com/api/qt/stock/get?fltt=2")
    assert book.url.endswith("&secid=1.600519")
    assert listed.url.endswith("&secids=1.600519,0.300750")
    assert sina.request_of((MOUTAI,)).url == "https://hq.sinajs.cn/list=sh600519"
    assert "sina.com.cn" in sina.request_of((MOUTAI,)).headers["referer"]
    assert tencent.request_of((MOUTAI, STAR)).url == "https://qt.gtimg.cn/q=sh600519,sh688981"
