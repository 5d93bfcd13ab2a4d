"""Instrument facts by way of akshare: what each list tells, what stays unknown, and who is asked when."""

from __future__ import annotations

import asyncio
import io
import threading
import zipfile
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
import requests

from services.clock import ReplayClock
from services.domain.instruments import Fact, Facts, Instrument, Kind, Span, Symbol
from services.market.akshare_calls import AkshareApi
from services.market.akshare_source import AkshareSource
from services.ports import PriceFault
from tests.unit.akshare_frames import Lists, bj_list, fund, sh_list, suspended, sz_list, warned

CN = ZoneInfo("Asia/Shanghai")
MON = datetime(2026, 7, 13, 9, 35, tzinfo=CN)
DAY = MON.date()
LONG = date(1999, 11, 10)
MAIN, STAR, CHINEXT, BSE = (Symbol(s) for s in ("600000.SH", "688001.SH", "300750.SZ", "920001.BJ"))
SHANGHAI = sh_list(("600000", "浦发银行", LONG), ("600001", "*ST 甲", LONG))
WARNED = warned(("600001", "*ST甲"))
NONE_SUSPENDED = suspended(("600999", "停牌一天", DAY, DAY, pd.NaT))


def source(api: object, clock: ReplayClock | None = None, **options: Any) -> AkshareSource:
    return AkshareSource(
        clock or ReplayClock(MON), api=cast(AkshareApi, api), workers=4, pause_s=0, **options
    )


def lists(**frames: Any) -> Lists:
    """Return lists that know MAIN, with some of them replaced."""
    return Lists(**({"sh": SHANGHAI, "st": WARNED, "tfp": NONE_SUSPENDED} | frames))


def told(api: object, *symbols: Symbol) -> Facts:
    return asyncio.run(source(api).get_instruments(symbols or (MAIN,)))


def one(facts: Facts) -> Instrument:
    (instrument,) = facts.instruments
    return instrument


def test_a_plain_share_is_told_whole() -> None:
    facts = told(lists())

    assert one(facts) == Instrument(symbol=MAIN, name="浦发银行", listed_on=LONG)
    assert facts.unknown == {}


def test_a_share_reform_still_to_come_is_told_by_the_exchanges_name() -> None:
    facts = told(lists(sh=sh_list(("600000", "S佳通", LONG))))

    assert one(facts) == Instrument(symbol=MAIN, name="S佳通", listed_on=LONG, share_reform_pending=True)


def test_each_board_is_asked_of_its_own_exchange_and_each_list_once() -> None:
    api = lists(
        star=sh_list(("688001", "华兴源创", date(2019, 7, 22))),
        sz=sz_list(("300750", "宁德时代", "2018-06-11")),
        bj=bj_list(("920001", "纬达光电", date(2022, 12, 27))),
    )
    facts = told(api, MAIN, STAR, CHINEXT, BSE, MAIN)

    assert {fact.symbol: fact.listed_on for fact in facts.instruments} == {
        MAIN: LONG,
        STAR: date(2019, 7, 22),
        CHINEXT: date(2018, 6, 11),
        BSE: date(2022, 12, 27),
    }
    assert sorted(api.asked) == ["bj", "sh", "st", "star", "sz", "tfp"]
    assert api.day_asked == "20260713"


def test_a_risk_warning_holds_for_the_day_it_is_told() -> None:
    facts = told(lists(), Symbol("600001.SH"))

    assert one(facts).st == (Span(since=DAY, until=DAY),)
    assert facts.unknown == {}


@pytest.mark.parametrize(
    ("frames", "warning"),
    [
        ({"sh": None}, False),  # The list of warned shares is enough,
        ({"st": None}, False),  # and so is a name.
        ({"sh": None, "st": warned(("600000", "ST浦发"))}, True),
        ({"sh": sh_list(("600000", "ST浦发", LONG)), "st": None}, True),
    ],
)
def test_one_of_the_two_lists_is_enough_to_tell_a_risk_warning(
    frames: Mapping[str, Any], warning: bool
) -> None:
    facts = told(lists(**frames))

    assert one(facts).is_st(DAY) is warning
    assert Fact.RISK_WARNING not in facts.unknown.get(MAIN, {})


@pytest.mark.parametrize(
    "frames", [{"st": warned(("600000", "浦发银行"))}, {"sh": sh_list(("600000", "ST浦发", LONG))}]
)
def test_two_lists_that_differ_leave_the_risk_warning_unknown_and_name_both(
    frames: Mapping[str, Any],
) -> None:
    facts = told(lists(**frames))

    why = facts.unknown[MAIN][Fact.RISK_WARNING]
    assert one(facts).name in why
    assert "exchange" in why
    assert "warned" in why
    assert one(facts).st == ()


def test_without_both_lists_nothing_is_guessed() -> None:
    facts = told(lists(sh=None, st=None))

    assert set(facts.unknown[MAIN]) == {Fact.RISK_WARNING, Fact.LISTING}
    assert "stock_info_sh_name_code" in facts.unknown[MAIN][Fact.RISK_WARNING]
    assert "stock_zh_a_st_em" in facts.unknown[MAIN][Fact.RISK_WARNING]
    assert one(facts) == Instrument(symbol=MAIN)


def test_a_share_that_its_exchange_does_not_list_or_date_has_no_listing_day() -> None:
    for sh in (sh_list(("600001", "ST甲", LONG)), sh_list(("600000", "浦发银行", pd.NaT))):
        facts = told(lists(sh=sh))

        assert set(facts.unknown[MAIN]) == {Fact.LISTING}
        assert one(facts).listed_on is None


def test_a_delisting_period_is_told_by_the_name_but_not_when_it_began() -> None:
    facts = told(lists(sh=sh_list(("600000", "退市浦发", LONG)), st=warned(("600000", "退市浦发"))))

    assert one(facts).delisting is not None
    assert one(facts).is_st(DAY)
    assert set(facts.unknown[MAIN]) == {Fact.DELISTING}


def test_a_suspension_is_told_and_a_list_of_them_that_fails_says_so() -> None:
    halted = told(lists(tfp=suspended(("600000", "连续停牌", DAY, pd.NaT, pd.NaT))))
    failed = told(lists(tfp=requests.ConnectionError("reset")))

    assert one(halted).is_suspended(DAY)
    assert not one(failed).is_suspended(DAY)
    assert failed.unknown[MAIN] == {Fact.SUSPENSION: "stock_tfp_em: reset"}


@pytest.mark.parametrize(
    ("symbol", "profile", "kind"),
    [
        ("510300.SH", fund("沪深300ETF", "指数型-股票", "沪深300指数"), Kind.ETF_EQUITY),
        ("159915.SZ", fund("创业板ETF", "指数型-股票", "创业板指数(价格)"), Kind.ETF_EQUITY_20),
        ("513100.SH", fund("纳指ETF", "指数型-海外股票", "纳斯达克100指数"), Kind.ETF_CROSS_BORDER_T0),
        ("161226.SZ", fund("白银LOF", "商品", "上期所白银期货"), None),  # No ETF: not told whether same-day.
        ("163406.SZ", fund("兴全合润LOF", "混合型-偏股", "该基金无跟踪标的"), None),
    ],
)
def test_a_fund_is_what_its_profile_says(symbol: str, profile: pd.DataFrame, kind: Kind | None) -> None:
    facts = told(Lists(funds={symbol[:6]: profile}, tfp=NONE_SUSPENDED), Symbol(symbol))

    assert one(facts).kind is kind
    assert (Fact.FUND_KIND in facts.unknown.get(Symbol(symbol), {})) is (kind is None)


def test_a_fund_without_a_profile_or_of_a_suspended_list_stays_unknown_there() -> None:
    facts = told(
        Lists(funds={"510300": fund("沪深300ETF", "指数型-股票", "沪深300指数")}), Symbol("510300.SH")
    )
    nothing = told(Lists(tfp=NONE_SUSPENDED), Symbol("510300.SH"))

    assert set(facts.unknown[Symbol("510300.SH")]) == {Fact.SUSPENSION}
    assert set(nothing.unknown[Symbol("510300.SH")]) == {Fact.FUND_KIND}


def workbook() -> bytes:
    written = io.BytesIO()
    sz_list(("000001", "平安银行", "1991-04-03")).to_excel(written, index=False)
    return written.getvalue()


def halved_within(whole: bytes) -> bytes:
    """Return the workbook with each of its parts cut in half, which the archive does not tell."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as parts, zipfile.ZipFile(written, "w") as cut:
        for name in parts.namelist():
            cut.writestr(name, parts.read(name)[: len(parts.read(name)) // 2])
    return written.getvalue()


@pytest.mark.parametrize(
    "body",
    [workbook()[:2000], halved_within(workbook())],
    ids=["cut short", "cut within"],
)
def test_a_workbook_that_came_broken_leaves_its_facts_unknown(body: bytes) -> None:
    class BrokenWorkbook(Lists):
        def stock_info_sz_name_code(self, symbol: str) -> pd.DataFrame:
            return pd.read_excel(io.BytesIO(body))

    facts = told(BrokenWorkbook(st=WARNED, tfp=NONE_SUSPENDED), CHINEXT)

    assert Fact.LISTING in facts.unknown[CHINEXT]


def test_an_empty_page_of_a_fund_leaves_its_kind_unknown() -> None:
    class EmptyPage(Lists):
        def fund_overview_em(self, symbol: str) -> pd.DataFrame:
            return pd.read_html(io.StringIO(""))[-1]

    facts = told(EmptyPage(tfp=NONE_SUSPENDED), Symbol("510300.SH"))

    assert set(facts.unknown[Symbol("510300.SH")]) == {Fact.FUND_KIND}


@pytest.mark.parametrize("symbol", ["113001.SH", "900901.SH", "508000.SH", "AAPL.US", "999999.SH"])
def test_of_what_no_list_is_asked_about_every_fact_is_unknown(symbol: str) -> None:
    api = lists()
    facts = told(api, Symbol(symbol))

    assert facts.instruments == ()
    assert set(facts.unknown[Symbol(symbol)]) == set(Fact)
    assert api.asked == []


def test_where_nothing_came_it_is_a_fault_that_names_every_list() -> None:
    with pytest.raises(PriceFault) as caught:
        told(Lists())

    for name in ("stock_info_sh_name_code", "stock_zh_a_st_em", "stock_tfp_em"):
        assert name in caught.value.why


def test_nothing_asked_is_nothing_told() -> None:
    assert asyncio.run(source(Lists()).get_instruments(())) == Facts(source="akshare")


def test_a_list_is_asked_for_once_a_day_and_one_that_failed_again() -> None:
    clock, api = ReplayClock(MON), lists(tfp=requests.ConnectionError("reset"))
    asked = source(api, clock)

    first = asyncio.run(asked.get_instruments((MAIN,)))
    clock.show(MON + timedelta(hours=1))
    second = asyncio.run(asked.get_instruments((MAIN,)))
    clock.show(MON + timedelta(days=1))
    asyncio.run(asked.get_instruments((MAIN,)))

    assert first == second
    assert [api.asked.count(name) for name in ("sh", "st", "tfp")] == [2, 2, 3]


def test_the_lists_still_known_are_no_fault_when_the_rest_fails() -> None:
    api = lists(tfp=None)
    asked = source(api)
    asyncio.run(asked.get_instruments((MAIN,)))

    again = asyncio.run(asked.get_instruments((MAIN,)))

    assert one(again).listed_on == LONG


def test_a_network_error_is_not_tried_again_at_once() -> None:
    api = lists(st=requests.ConnectionError("reset"))
    told(api)

    assert api.asked.count("st") == 1


def test_what_hangs_is_given_up_at_the_deadline_and_what_came_is_kept() -> None:
    released = threading.Event()

    class Hangs(Lists):
        def stock_zh_a_st_em(self) -> Any:
            released.wait(30)
            return WARNED

    api = Hangs(sh=SHANGHAI, tfp=NONE_SUSPENDED)
    try:
        facts = asyncio.run(source(api, deadline_s=0.3).get_instruments((MAIN,)))
    finally:
        released.set()

    assert one(facts).listed_on == LONG
    assert facts.unknown == {}  # Its name is enough.


@pytest.mark.parametrize(
    ("listed_on", "first_days"),
    [
        # 2026-07-11 and 12 are a weekend; the listing is two trading days ago.
        ("2026-07-09", ("2026-07-09", "2026-07-10", "2026-07-13", "2026-07-14", "2026-07-15")),
        ("2026-04-13", ()),  # Long ago for every board.
        ("2026-07-11", ()),  # A Saturday is no first trading day.
    ],
)
def test_a_share_listed_of_late_has_its_first_trading_days(
    listed_on: str, first_days: tuple[str, ...]
) -> None:
    sh = sh_list(("600000", "浦发银行", date.fromisoformat(listed_on)))

    assert [str(day) for day in one(told(lists(sh=sh))).first_days] == list(first_days)


# akshare itself, between a fake network and what is read here.


def sz_file() -> bytes:
    """Return the SZSE's list as the spreadsheet it is sent as; akshare trims only lists of more than ten."""
    names = ["板块", "公司全称", "A股代码", "A股简称", "A股上市日期", "A股总股本", "A股流通股本", "所属行业"]
    rows = [["创业板", "宁", 300750 + i, "宁德时代", "2018-06-11", "1", "1", "C"] for i in range(11)]
    file = io.BytesIO()
    pd.DataFrame(rows, columns=names).to_excel(file, index=False)
    return file.getvalue()


def bj_page() -> str:
    row = {f"c{number:02}": "-" for number in range(48)}
    keys = sorted(row)
    row[keys[0]], row[keys[22]] = "20221227", "20260713"
    row[keys[38]], row[keys[40]] = "920001", "纬达光电"
    return "null([" + str({"totalPages": 1, "content": [row]}).replace("'", '"') + "])"


class Reply:
    """What `requests` hands akshare."""

    status_code = 200

    def __init__(self, *, body: object = None, text: str = "", content: bytes = b"") -> None:
        self._body, self.text, self.content = body, text, content

    def json(self) -> object:
        return self._body

    def raise_for_status(self) -> None:
        return None


def replies() -> Mapping[str, Callable[[], Reply]]:
    sse = {"A_STOCK_CODE": "600000", "SEC_NAME_CN": "浦发银行", "LIST_DATE": "19991110"}
    sse |= {"SEC_NAME_FULL": "-", "COMPANY_ABBR": "-", "FULL_NAME": "-", "B_STOCK_CODE": "-"}
    st = {f"f{number}": "-" for number in range(30)} | {"f3": 1, "f12": "600001", "f14": "*ST甲"}
    fields = [
        2,
        3,
        4,
        5,
        6,
        7,
        8,
        9,
        10,
        11,
        12,
        13,
        14,
        15,
        16,
        17,
        18,
        20,
        21,
        22,
        23,
        24,
        25,
        62,
        115,
        128,
    ]
    fields += [136, 140, 141, 152]
    st = {f"f{number}": st.get(f"f{number}", "-") for number in fields}
    tfp = ["600000", "浦发银行", "2026-07-13 00:00:00", None, "连续停牌", "重大事项", "上交所主板"]
    tfp += ["2026-07-13", None, "-", "-", "-"]
    profile = "<table><tr><th>基金简称</th><td>沪深300ETF</td><th>基金代码</th><td>510300</td></tr>"
    profile += "<tr><th>基金类型</th><td>指数型-股票</td><th>跟踪标的</th><td>沪深300指数</td></tr></table>"
    return {
        "query.sse.com.cn": lambda: Reply(body={"result": [sse]}),
        "www.szse.cn": lambda: Reply(content=sz_file()),
        "www.bse.cn": lambda: Reply(text=bj_page()),
        "push2.eastmoney.com": lambda: Reply(body={"data": {"total": 1, "diff": [st]}}),
        "datacenter-web": lambda: Reply(
            body={"result": {"pages": 1, "data": [{str(i): cell for i, cell in enumerate(tfp)}]}}
        ),
        "fundf10": lambda: Reply(text=profile),
    }


# akshare 1.19.5 calls what pandas 3.1 deprecates; it is not ours to mend.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_akshare_itself_turns_what_the_hosts_send_into_what_is_read_here(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    hosts, timeouts = replies(), []

    def request(self: object, method: str, url: str, **options: Any) -> Reply:
        timeouts.append(options["timeout"])
        return next(reply() for host, reply in hosts.items() if host in url)

    monkeypatch.setattr(requests.Session, "request", request)
    unlisted = Symbol("600001.SH")
    symbols = (MAIN, CHINEXT, BSE, Symbol("510300.SH"), unlisted)
    asked = AkshareSource(ReplayClock(MON), pause_s=0, workers=1)
    facts = asyncio.run(asked.get_instruments(symbols))

    assert {symbol: set(unknown) for symbol, unknown in facts.unknown.items()} == {unlisted: {Fact.LISTING}}
    by_symbol = {fact.symbol: fact for fact in facts.instruments}
    assert by_symbol[MAIN] == Instrument(
        symbol=MAIN, name="浦发银行", listed_on=LONG, suspended=(Span(since=DAY),)
    )
    assert by_symbol[CHINEXT].listed_on == date(2018, 6, 11)
    assert (by_symbol[BSE].name, by_symbol[BSE].listed_on) == ("纬达光电", date(2022, 12, 27))
    assert by_symbol[Symbol("510300.SH")].kind is Kind.ETF_EQUITY
    assert by_symbol[unlisted].is_st(DAY)
    assert capfd.readouterr() == ("", "")  # No progress bar either.
    assert timeouts
    assert max(timeouts) == 6.0

    # akshare would keep the exchanges' lists until the process ends; a new day asks them anew.
    before = len(timeouts)
    tomorrow = AkshareSource(ReplayClock(MON + timedelta(days=1)), pause_s=0, workers=1)
    asyncio.run(tomorrow.get_instruments(symbols))
    assert len(timeouts) == 2 * before
