"""akshare and tushare as they are, over their own protocols, told nothing but a proxy and an authority."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime

import pytest

from services.market.akshare_calls import AkshareApi
from tests.command_line import ROOT
from tests.market_twins.hosts import vendor_twins
from tests.market_twins.market import CN
from tests.market_twins.seeded import DAY, seeded_market

NOW = datetime(2026, 7, 14, 10, 35, 4, tzinfo=CN)

Told = dict[str, list[list[str]] | str]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """What every call gave, all made by one child process: the libraries take seconds to load."""
    home = tmp_path_factory.mktemp("home")
    with vendor_twins(tmp_path_factory.mktemp("twins"), seeded_market(), lambda: NOW) as net:
        done = subprocess.run(
            [sys.executable, "-m", "tests.market_twins.vendor_calls", f"{DAY:%Y%m%d}"],
            cwd=ROOT, env=net.within(os.environ) | {"HOME": str(home)},
            capture_output=True, encoding="utf-8", check=False, timeout=120,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: Told = json.loads(done.stdout)
    assert len(found) >= 20
    return found


def rows(told: Told, call: str) -> list[dict[str, str]]:
    """Return what a call gave, a row by its columns; a call that raised fails."""
    given = told[call]
    assert isinstance(given, list), f"{call}: {given}"
    columns, *cells = given
    return [dict(zip(columns, row, strict=True)) for row in cells]


def items(told: Told, call: str) -> dict[str, str]:
    return {row["item"]: row["value"] for row in rows(told, call)}


def test_every_call_that_is_used_is_among_them(told: Told):
    used = [name for name in vars(AkshareApi) if not name.startswith("_")]

    assert len(used) >= 9
    assert [name for name in used if not any(f"akshare {name}" in call for call in told)] == []


def test_every_akshare_call_gives_a_frame(told: Told):
    raised = {call: given for call, given in told.items() if isinstance(given, str) and "akshare" in call}

    assert raised == {}


def test_a_quote_has_its_book_and_limits(told: Told):
    quote = items(told, "akshare stock_bid_ask_em")

    # 1450.00 more and less a tenth.
    assert (quote["昨收"], quote["涨停"], quote["跌停"]) == ("1450.0", "1595.0", "1305.0")
    assert float(quote["buy_1"]) == float(quote["最新"]) == pytest.approx(float(quote["sell_1"]) - 0.01)
    assert int(quote["buy_1_vol"]) % 100 == 0


def test_an_empty_side_of_the_book_comes_as_a_hundred_hyphens(told: Told):
    quote = items(told, "akshare stock_bid_ask_em sealed")

    # 88.90 x 1.1 = 97.79.
    assert (quote["最新"], quote["buy_1"], quote["涨停"]) == ("97.79", "97.79", "97.79")
    assert (quote["sell_1"], quote["sell_1_vol"]) == ("-", "-" * 100)


def test_a_suspended_share_has_no_last_price(told: Told):
    assert items(told, "akshare stock_bid_ask_em suspended")["最新"] == "-"


def test_the_minute_in_progress_is_labelled_with_its_end(told: Told):
    minutes = rows(told, "akshare stock_zh_a_hist_min_em 1")

    assert [minutes[0]["时间"], minutes[-1]["时间"]] == ["2026-07-14 09:30:00", "2026-07-14 10:36:00"]
    assert len(minutes) == 67  # The opening call, 60 minutes to 10:30, five more, one under way.


def test_the_hour_in_progress_is_labelled_with_its_end(told: Told):
    hours = [row["时间"] for row in rows(told, "akshare stock_zh_a_hist_min_em 60")]

    assert hours == ["2026-07-14 10:30:00", "2026-07-14 11:30:00"]


def test_bars_are_adjusted_where_that_is_asked_for(told: Told):
    adjusted = {row["日期"]: row["收盘"] for row in rows(told, "akshare stock_zh_a_hist")}
    raw = {row["日期"]: row["收盘"] for row in rows(told, "akshare stock_zh_a_hist raw")}

    # 1.97 CNY a share go out on 07-14: 44.10 - 1.97 = 42.13.
    assert (raw["2026-07-13"], adjusted["2026-07-13"]) == ("44.1", "42.13")
    assert raw["2026-07-14"] == adjusted["2026-07-14"]


def test_each_exchange_lists_its_shares(told: Told):
    shanghai = {row["证券代码"]: row["上市日期"] for row in rows(told, "akshare stock_info_sh_name_code")}
    star = {row["证券代码"] for row in rows(told, "akshare stock_info_sh_name_code STAR")}
    shenzhen = {row["A股代码"]: row["A股简称"] for row in rows(told, "akshare stock_info_sz_name_code")}
    beijing = [(row["证券代码"], row["上市日期"]) for row in rows(told, "akshare stock_info_bj_name_code")]

    assert shanghai["600519"] == "2001-08-27"
    assert star == {"688981", "688012"}
    assert shenzhen["000001"] == "平安银行"
    assert beijing == [("920002", "2024-05-30")]


def test_warnings_and_suspensions_are_told(told: Told):
    warned = [(row["代码"], row["名称"]) for row in rows(told, "akshare stock_zh_a_st_em")]
    stopped = {row["代码"]: row["停牌期限"] for row in rows(told, "akshare stock_tfp_em")}

    assert warned == [("600666", "*ST瑞德")]
    assert stopped == {"688012": "连续停牌", "002415": "盘中停牌"}


def test_the_three_lists_of_present_prices_agree(told: Told):
    em = {row["代码"]: row["最新价"] for row in rows(told, "akshare stock_zh_a_spot_em")}
    sina = {row["代码"][2:]: row["最新价"] for row in rows(told, "akshare stock_zh_a_spot")}
    tencent = {row["code"][2:]: row["zxj"] for row in rows(told, "akshare stock_zh_a_spot_tx")}

    assert len(em) == len(sina) == len(tencent) == 17
    assert float(em["600519"]) == float(sina["600519"]) == float(tencent["600519"])
    # What did not trade has no price at one, 0 at the others.
    assert (em["688012"], float(sina["688012"]), float(tencent["688012"])) == ("nan", 0.0, 0.0)


def test_news_funds_dividends_and_trading_days_are_told(told: Told):
    (news,) = rows(told, "akshare stock_news_em")
    (fund,) = rows(told, "akshare fund_overview_em")
    (paid,) = rows(told, "akshare stock_fhps_detail_em")
    days = [row["trade_date"] for row in rows(told, "akshare tool_trade_date_hist_sina")]

    assert (news["发布时间"], news["新闻标题"]) == ("2026-07-14 08:30:00", "贵州茅台发布公告")
    assert fund["基金类型"] == "指数型-股票"
    assert (paid["除权除息日"], paid["现金分红-现金分红比例"]) == ("2026-07-14", "19.7")
    # The library adds 1992-05-04 itself. 06-19 was the Dragon Boat festival, 07-11 a Saturday.
    assert days[-3:] == ["2026-07-10", "2026-07-13", "2026-07-14"]
    assert "2026-06-18" in days
    assert "2026-06-19" not in days


@pytest.fixture
def by_tushare(told: Told) -> Told:
    asked = [call for call in told if call.startswith("tushare")]
    # It is among the packages of development: a run that lacks it shows nothing of it.
    assert len(asked) >= 13
    return told


def test_tushare_tells_days_raw_and_newest_first(by_tushare: Told):
    days = [(row["trade_date"], row["close"], row["pre_close"]) for row in rows(by_tushare, "tushare daily")]

    assert days[0][0] == "20260714"
    assert days[0][2] == "42.13"
    assert days[1][:2] == ("20260713", "44.1")


def test_tushare_tells_limits_suspensions_and_days(by_tushare: Told):
    limits = {row["ts_code"]: row["up_limit"] for row in rows(by_tushare, "tushare stk_limit")}
    stopped = {row["ts_code"]: row["suspend_timing"] for row in rows(by_tushare, "tushare suspend_d")}
    days = {row["cal_date"]: row["is_open"] for row in rows(by_tushare, "tushare trade_cal")}

    # A tenth, a fifth, three tenths: 120.40 x 1.2 = 144.48, 99.00 x 1.3 = 128.70.
    assert (limits["600519.SH"], limits["688981.SH"], limits["920002.BJ"]) == ("1595.0", "144.48", "128.7")
    assert stopped == {"688012.SH": "nan", "002415.SZ": "10:00-14:00"}
    assert (days["20260710"], days["20260711"], days["20260714"]) == ("1", "0", "1")


def test_tushare_says_why_it_refuses(by_tushare: Told):
    assert "没有接口" in str(by_tushare["tushare a call without the right"])
    assert "token不对" in str(by_tushare["tushare a token nobody knows"])
