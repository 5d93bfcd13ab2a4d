"""The day that the twins serve: what its shares do, and how each vendor puts it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.market_twins import wire_eastmoney, wire_sina_tencent, wire_tushare
from tests.market_twins.hosts import twin_of
from tests.market_twins.market import CN, Market, Trade
from tests.market_twins.net import Asked, Conduct, Reply
from tests.market_twins.seeded import filed_market, seeded_market
from tests.market_twins.trouble import Fault, Spell, Trouble, ban

DATA = Path(__file__).parents[2] / "../shared/data"
MARKET = seeded_market()
USUAL, SEALED, SUSPENDED, HALTED = "600519.SH", "603019.SH", "688012.SH", "002415.SZ"


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2026-07-14 {clock}").replace(tzinfo=CN)


def asked(
    host: str, path: str, clock: str = "10:35:04", body: bytes = b"", query: dict[str, str] | None = None
) -> Asked:
    headers = {"referer": "https://finance.sina.com.cn/"}
    return Asked("https", host, "GET", path, query or {}, headers, body, at(clock))


@pytest.mark.parametrize(("clock", "stamp", "minutes"), [
    ("09:10:00", "09:10:00", 0),
    ("09:26:00", "09:26:00", 1),  # The opening call is over.
    ("09:30:01", "09:30:00", 2),
    ("11:29:59", "11:29:57", 121),
    ("12:10:00", "11:30:00", 121),
    # What the exchange says first after lunch is seen a little later.
    ("13:00:04", "11:30:00", 121),
    ("13:00:05", "13:00:03", 122),
    ("14:59:59", "14:59:57", 241),
    ("15:20:00", "15:00:00", 241),
])  # fmt: skip
def test_the_day_goes_through_its_phases(clock: str, stamp: str, minutes: int):
    sight = MARKET.sight(USUAL, at(clock))

    assert sight is not None
    assert sight.stamp == at(stamp)
    assert len(MARKET.minutes(USUAL, at(clock))) == minutes
    assert (sight.last is None) == (minutes == 0)


def test_the_same_seed_makes_the_same_day_and_another_another():
    assert seeded_market(seed=7).listed == MARKET.listed
    assert seeded_market(seed=8).listed[USUAL].path != MARKET.listed[USUAL].path


def test_no_price_leaves_its_limits():
    for share in MARKET.listed.values():
        assert share.limit_down <= min(share.path) <= max(share.path) <= share.limit_up


def test_a_sealed_share_has_bids_at_its_limit_and_no_asks():
    sight = MARKET.sight(SEALED, at("10:35:00"))

    assert sight is not None
    # 88.90 x 1.1 = 97.79.
    assert (sight.last, sight.bids[0].price, sight.limit_up) == (Decimal("97.79"),) * 3
    assert sight.asks == ()


@pytest.mark.parametrize(("clock", "made"), [("09:20:00", "09:26:00"), ("14:58:30", "15:00:00")])
def test_a_call_shows_the_price_it_will_make_on_both_sides(clock: str, made: str):
    during, after = MARKET.sight(USUAL, at(clock)), MARKET.sight(USUAL, at(made))

    assert during is not None
    assert after is not None
    assert during.bids[0].price == during.asks[0].price == after.last
    assert during.bids[1].price is None  # Shares left over, at no price.


def test_nothing_trades_while_the_closing_call_runs():
    before, during = (MARKET.sight(USUAL, at(clock)) for clock in ("14:56:59", "14:59:59"))
    after = MARKET.sight(USUAL, at("15:00:00"))

    assert before is not None
    assert during is not None
    assert after is not None
    assert (during.last, during.shares) == (before.last, before.shares)
    assert after.shares > during.shares


def test_a_share_stopped_at_ten_trades_again_at_two():
    before, within, after = (
        MARKET.sight(HALTED, at(clock)) for clock in ("09:59:00", "13:30:00", "14:01:00")
    )

    assert before is not None
    assert within is not None
    assert after is not None
    assert (before.trade, within.trade, after.trade) == (Trade.USUAL, Trade.HALTED, Trade.USUAL)
    assert (within.stamp, within.bids) == (at("10:00:00"), ())


def test_hours_hold_the_minutes_of_their_hour():
    found = dict(MARKET.bars(USUAL, at("15:00:00"), 60))
    hours = [found[at(clock)] for clock in ("10:30:00", "11:30:00", "14:00:00", "15:00:00")]
    whole = MARKET.days(USUAL, at("15:00:00"), adjusted=False)[-1]

    assert sum(one.shares for one in hours) == whole.shares
    assert (hours[0].open, hours[-1].close) == (whole.open, whole.close)
    assert max(one.high for one in hours) == whole.high


def test_a_real_day_is_lived_again():
    path = DATA / "astock-2025" / "daily.jsonl"
    if not path.exists():
        pytest.skip("no shared data")

    market = filed_market(path, date(2025, 10, 15))
    closed = datetime(2025, 10, 15, 15, 0, tzinfo=CN)
    day = market.days("600028.SH", closed, adjusted=False)[-1]

    assert len(market.listed) == 50
    # Its line of that day: 5.41, 5.44, 5.37, 5.39; the day before closed at 5.42.
    assert (day.open, day.high, day.low, day.close) == tuple(map(Decimal, ("5.41", "5.44", "5.37", "5.39")))
    assert market.listed["600028.SH"].prev_close == Decimal("5.42")


# The words of each vendor.


def book(symbol: str, market: Market = MARKET, **query: str) -> dict[str, object]:
    secid = ("1." if symbol.endswith("SH") else "0.") + symbol[:6]
    query = {"fltt": "2", "fields": "f43,f47,f51,f60,f86,f292", "secid": secid} | query
    reply = wire_eastmoney.quotes(market, asked("push2.eastmoney.com", "/api/qt/stock/get", query=query))
    data: dict[str, object] = json.loads(reply.body)["data"]
    return data


def test_east_money_counts_lots_and_dates_by_the_second():
    share, sight = book(USUAL), MARKET.sight(USUAL, at("10:35:04"))

    assert sight is not None
    assert share["f47"] == sight.shares // 100
    assert share["f86"] == datetime(2026, 7, 14, 2, 35, 3, tzinfo=UTC).timestamp()
    assert (share["f60"], share["f51"]) == (1450.0, 1595.0)
    assert book(USUAL, fltt="1")["f60"] == 145_000


def test_east_money_writes_hyphens_for_what_is_not_there():
    assert (book(SUSPENDED)["f43"], book(SUSPENDED)["f292"]) == ("-", 6)
    assert (book(SEALED)["f39"], book(SEALED)["f40"]) == ("-", "-")


def sina_line(symbol: str, clock: str = "10:35:04") -> list[str]:
    code = symbol[7:].lower() + symbol[:6]
    reply = wire_sina_tencent.sina_quotes(MARKET, asked("hq.sinajs.cn", f"/list={code}", clock))
    text = reply.body.decode("gbk")
    assert text.startswith(f'var hq_str_{code}="')
    return text.partition('"')[2].partition('"')[0].split(",")


def test_sina_counts_shares_and_writes_zeros_for_what_is_not_there():
    usual, sealed, suspended = map(sina_line, (USUAL, SEALED, SUSPENDED))
    sight = MARKET.sight(USUAL, at("10:35:04"))

    assert sight is not None
    assert (usual[0], usual[2], usual[8]) == ("贵州茅台", "1450.00", str(sight.shares))
    assert usual[30:33] == ["2026-07-14", "10:35:03", "00"]
    assert sealed[20:22] == ["0", "0.00"]
    assert (suspended[3], suspended[32]) == ("0.00", "03")


def test_sina_answers_nobody_from_elsewhere():
    stranger = Asked("https", "hq.sinajs.cn", "GET", "/list=sh600519", {}, {}, b"", at("10:35:04"))

    assert wire_sina_tencent.sina_quotes(MARKET, stranger).status == 403


def test_tencent_counts_lots_but_single_shares_of_the_star_market():
    query = "/q=sh600519,sh688981"
    text = wire_sina_tencent.tencent_quotes(MARKET, asked("qt.gtimg.cn", query)).body.decode("gbk")
    main, star = (line.split('"')[1].split("~") for line in text.splitlines())
    sights = [MARKET.sight(symbol, at("10:35:04")) for symbol in (USUAL, "688981.SH")]

    assert [main[6], star[6]] == [str(sights[0].shares // 100), str(sights[1].shares)]  # type: ignore[union-attr]
    assert (main[30], main[47], main[48]) == ("20260714103503", "1595.00", "1305.00")


def pro(body: object) -> dict[str, object]:
    sent = asked("api.tushare.pro", "/", body=json.dumps(body).encode())
    found: dict[str, object] = json.loads(wire_tushare.pro(MARKET, sent).body)
    return found


def test_tushare_tells_pages_of_a_table_and_refuses_in_the_body():
    question = {"api_name": "stk_limit", "token": wire_tushare.TOKEN, "fields": "ts_code,up_limit"}
    first = pro({**question, "params": {"limit": 10}})["data"]
    rest = pro({**question, "params": {"limit": 10, "offset": 10}})["data"]

    assert isinstance(first, dict)
    assert isinstance(rest, dict)
    assert (len(first["items"]), first["has_more"]) == (10, True)
    assert (len(rest["items"]), rest["has_more"]) == (7, False)
    assert first["items"][0] == ["600519.SH", 1595.0]
    assert pro({**question, "token": "x"})["code"] == 40101
    assert pro({**question, "api_name": "cyq_perf"})["code"] == 40203


def test_a_numbered_host_is_one_of_those_behind_its_name():
    assert twin_of("82.push2.eastmoney.com") is wire_eastmoney.quotes
    assert twin_of("push2his.eastmoney.com") is wire_eastmoney.history
    assert twin_of("example.com") is None


# What goes wrong, and when.


def test_a_ban_lasts_twenty_hours_for_the_hosts_it_names():
    trouble = Trouble(ban("*.eastmoney.com", at("12:00:00")))
    host, tomorrow = "push2.eastmoney.com", datetime(2026, 7, 15, 8, 0, tzinfo=CN)

    assert trouble.at(host, at("11:59:59")) is Fault.NONE
    assert trouble.at(host, at("12:00:00")) is Fault.RESET
    assert trouble.at(host, tomorrow) is Fault.NONE
    assert trouble.at("hq.sinajs.cn", at("12:00:00")) is Fault.NONE
    assert trouble.conduct(host, at("12:00:00"), Conduct()).reset


def told(fault: Fault, symbol: str = USUAL) -> Reply:
    sent = asked("hq.sinajs.cn", f"/list={symbol[7:].lower()}{symbol[:6]}")
    return Trouble(Spell("*", fault)).reply(
        sent, lambda seen: wire_sina_tencent.sina_quotes(seen, sent), MARKET
    )


def fields(fault: Fault) -> list[str]:
    return told(fault).body.decode("gbk").partition('"')[2].partition('"')[0].split(",")


def test_each_lie_is_one():
    yesterday = MARKET.listed[USUAL].days[-1]

    assert fields(Fault.RESTAMPED)[30:32] == ["2026-07-14", "10:35:03"]
    assert fields(Fault.RESTAMPED)[3] == fields(Fault.YESTERDAY)[3] == f"{yesterday.close:.2f}"
    assert fields(Fault.YESTERDAY)[30:32] == ["2026-07-13", "15:00:00"]
    assert fields(Fault.STALE)[31] == "10:15:03"
    assert fields(Fault.SWAPPED)[:1] == ["贵州茅台"]
    assert fields(Fault.SWAPPED)[2] == "58.20"  # 601318's previous close.
    assert fields(Fault.PREV_CLOSE)[2] == "1493.50"  # 1450.00 x 1.03.
    assert [fields(fault)[3] for fault in (Fault.ZERO, Fault.HYPHEN)] == ["0.00", "-"]
    assert fields(Fault.NEGATIVE)[3].startswith("-1")
    assert (told(Fault.EMPTY).body, told(Fault.HTTP_502).status, told(Fault.REDIRECT).status) == (
        b"",
        502,
        302,
    )
