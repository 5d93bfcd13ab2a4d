"""What is read of akshare's lists, and what is not taken for a fact."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from services.domain.instruments import Kind, Span
from services.market.akshare_calls import NoAnswer
from services.market.akshare_lists import (
    FundProfile,
    Listed,
    etf_kind,
    fund_profile,
    listings,
    risk_warnings,
    share_fund_kind,
    short_name,
    suspensions,
)
from tests.unit.akshare_frames import fund, sh_list, suspended, sz_list, warned

SH = ("证券代码", "证券简称", "上市日期")
SZ = ("A股代码", "A股简称", "A股上市日期")
FRI, MON, TUE = date(2026, 7, 10), date(2026, 7, 13), date(2026, 7, 14)


def test_a_list_tells_names_and_first_days_by_code() -> None:
    shanghai = listings(sh_list(("600000", "浦发银行", date(1999, 11, 10))), *SH)
    shenzhen = listings(sz_list(("000002", "万  科Ａ", "1991-01-29")), *SZ)

    assert shanghai == {"600000": Listed(name="浦发银行", listed_on=date(1999, 11, 10))}
    assert shenzhen == {"000002": Listed(name="万科A", listed_on=date(1991, 1, 29))}


@pytest.mark.parametrize("stated", [pd.NaT, None, "-", "", float("nan"), 20100101, "1991/01/29", True])
def test_a_first_day_that_is_none_stays_unknown(stated: object) -> None:
    assert listings(sz_list(("000002", "A", stated)), *SZ)["000002"].listed_on is None


def test_a_day_with_a_time_is_its_day() -> None:
    (row,) = listings(sh_list(("600000", "A", pd.Timestamp("1999-11-10 00:00:00"))), *SH).values()

    assert row.listed_on == date(1999, 11, 10)


@pytest.mark.parametrize(
    ("stated", "name"),
    [
        ("*ST 甲", "*ST甲"),
        ("ＳＴ乙", "ST乙"),
        ("-", ""),
        (float("nan"), ""),
        (None, ""),
        (1, ""),
        ("甲\ud83d", "甲?"),
    ],
)
def test_a_name_is_read_without_blanks_and_wide_letters(stated: object, name: str) -> None:
    assert short_name(stated) == name


@pytest.mark.parametrize("code", [600000, 600000.0, "60000", "sh600000", "-", None])
def test_what_is_no_six_digit_text_is_no_code(code: object) -> None:
    with pytest.raises(NoAnswer):
        listings(sh_list((code, "A", date(1999, 11, 10))), *SH)


def test_an_empty_list_or_one_without_a_column_is_no_answer_and_not_an_empty_one() -> None:
    with pytest.raises(NoAnswer):
        risk_warnings(warned())
    with pytest.raises(NoAnswer):
        risk_warnings(warned(("600001", "ST甲")).drop(columns=["名称"]))
    with pytest.raises(NoAnswer):
        suspensions(pd.DataFrame())
    with pytest.raises(NoAnswer):
        fund_profile(pd.DataFrame([]))


def test_the_warned_are_told_by_code() -> None:
    assert risk_warnings(warned(("600001", "ST甲"), ("000003", "*ST乙"))) == {
        "600001": "ST甲",
        "000003": "*ST乙",
    }


@pytest.mark.parametrize(
    ("length", "first", "last", "back", "spans"),
    [
        ("连续停牌", FRI, pd.NaT, pd.NaT, (Span(since=FRI),)),
        ("停牌一天", MON, MON, TUE, (Span(since=MON, until=MON),)),
        ("连续停牌", FRI, pd.NaT, TUE, (Span(since=FRI, until=MON),)),  # It trades again on TUE.
        ("连续停牌", pd.NaT, pd.NaT, pd.NaT, (Span(since=date.min),)),
        ("盘中停牌", MON, MON, pd.NaT, None),  # Within the day: its quote tells.
        ("停牌一小时", MON, MON, pd.NaT, None),
        ("连续停牌", TUE, pd.NaT, MON, None),  # It ends before it begins: nothing one may read.
    ],
)
def test_a_suspension_takes_the_days_that_are_told(
    length: str, first: object, last: object, back: object, spans: tuple[Span, ...] | None
) -> None:
    told = suspensions(suspended(("600001", length, first, last, back)))

    assert told.get("600001") == spans


def test_two_suspensions_of_one_share_are_both_told() -> None:
    rows = suspended(("600001", "停牌一天", FRI, FRI, pd.NaT), ("600001", "停牌一天", TUE, TUE, pd.NaT))

    assert suspensions(rows)["600001"] == (Span(since=FRI, until=FRI), Span(since=TUE, until=TUE))


def profile(kind: str, index: str = "", name: str = "某ETF") -> FundProfile:
    return FundProfile(name=name, type=kind, index=index)


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (profile("指数型-海外股票", "恒生指数"), Kind.ETF_CROSS_BORDER_T0),
        (profile("QDII-商品", "油价"), Kind.ETF_CROSS_BORDER_T0),
        (profile("指数型-固收", "上证10年期国债指数"), Kind.ETF_BOND_T0),
        (profile("债券型-长债"), Kind.ETF_BOND_T0),
        (profile("货币型-普通货币"), Kind.ETF_MONEY_T0),
        (profile("商品（不含QDII）", "上海黄金交易所Au99.99现货"), Kind.ETF_GOLD_T0),
        (profile("商品", "易盛郑商所能源化工指数A"), Kind.ETF_COMMODITY_T0),
        (profile("商品", "上期有色金属期货价格指数"), Kind.ETF_COMMODITY_T0),  # No gold in spite of a letter.
        (profile("指数型-股票", "沪深300指数"), Kind.ETF_EQUITY),
        (profile("指数型-股票", "中证创新药产业指数"), Kind.ETF_EQUITY),
        (profile("指数型-股票", "上证科创板50成份指数"), Kind.ETF_EQUITY_20),
        (profile("指数型-股票", "创业板指数(价格)"), Kind.ETF_EQUITY_20),
        (profile("指数型-股票", "中证科创创业50指数"), Kind.ETF_EQUITY_20),
        (profile("指数型-股票", "某某指数", name="双创ETF"), None),
        (profile("指数型-股票", "某科创主题指数"), None),
        (profile("指数型-股票"), None),  # It follows nothing that would tell.
        (profile("混合型-偏股", "沪深300指数"), None),
        (profile("指数型-其他", "沪深300指数"), None),
        (profile("Reits"), None),
        (profile(""), None),
    ],
)
def test_an_etf_is_what_its_profile_says_for_sure(told: FundProfile, kind: Kind | None) -> None:
    assert etf_kind(told) is kind


def test_of_a_listed_open_end_fund_only_shares_are_told() -> None:
    assert share_fund_kind(profile("指数型-股票", "沪深300指数")) is Kind.ETF_EQUITY
    assert share_fund_kind(profile("QDII-商品", "油价")) is None
    assert share_fund_kind(profile("债券型-长债", "国债")) is None


def test_a_fund_without_an_index_says_so_in_words() -> None:
    told = fund_profile(fund("某 基金", "混合型-偏股", "该基金无跟踪标的"))

    assert told == FundProfile(name="某基金", type="混合型-偏股", index="")
    with pytest.raises(NoAnswer):
        fund_profile(pd.concat([fund("甲", "乙", "丙")] * 2))
