"""Facts by tushare's tables and by several sources, industries, and the ex-days to come."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import httpx2
import pytest
from msgspec.structs import replace

from risk.gate import review
from risk.limits import Limits, PortfolioLimits
from services.domain.bars import CorporateAction, Panel
from services.domain.events import Event
from services.domain.instruments import (
    Distribution,
    Fact,
    Facts,
    Instrument,
    Kind,
    Span,
    Symbol,
    nothing_told,
)
from services.domain.orders import Rule
from services.market.ex_day_chain import Announced, ExDayChain, WithoutTerms
from services.market.facts_chain import FactsChain
from services.market.feeds.eastmoney_distributions import RIGHTS, EastMoneyDistributions, read_rights
from services.market.feeds.eastmoney_industries import EastMoneyIndustries
from services.market.feeds.sina_rights import SinaRights
from services.market.feeds.tushare_distributions import TushareDistributions
from services.market.feeds.tushare_pro import TushareCalls
from services.market.seen_prices import SeenPrices
from services.market.tushare_facts import TushareFacts
from services.ports import PriceFault
from tests import vendor_bytes
from tests.unit.gate_desk import CHINEXT, MAIN, OTHER, buy, desk
from tests.vendor_network import Answer, Time, refuses, replies

BANK, ST, GONE, FUND = Symbol("600036.SH"), Symbol("600666.SH"), Symbol("600001.SH"), Symbol("510300.SH")
DAY = date(2026, 7, 14)

LISTED = [
    ["600036.SH", "招商银行", "银行", "20020409", "L"],
    ["600666.SH", "*ST瑞德", None, "19930928", "L"],
    ["600001.SH", "退市邯钢", "普钢", "19980122", "L"],
    ["", "nobody", "", "", ""],
]
NAMES = {
    "600666.SH": [
        ["600666.SH", "*ST瑞德", "20250506", None], ["600666.SH", "奥瑞德", "20240101", "20250505"],
        ["600666.SH", "ST瑞德", "20230101", "20231231"],
    ],
    "600001.SH": [["600001.SH", "退市邯钢", "20260710", None]],
}  # fmt: skip


def tables(**more: object) -> Answer:
    """Return what answers as tushare does; a table of None is one the account has no right to."""
    known: dict[str, object] = {
        "stock_basic": (("ts_code", "name", "industry", "list_date", "list_status"), LISTED),
        "suspend_d": (
            ("ts_code", "trade_date", "suspend_timing", "suspend_type"),
            [["600036.SH", "20260714", "10:00-10:30", "S"], ["600666.SH", "20260714", None, "S"]],
        ),
        "namechange": NAMES,
        **more,
    }

    async def answer(request: httpx2.Request) -> httpx2.Response:
        asked = json.loads(await request.aread())
        found = known[asked["api_name"]]
        body = vendor_bytes.tushare_refusal(40203, "no right")
        if isinstance(found, Mapping):
            names = ("ts_code", "name", "start_date", "end_date")
            body = vendor_bytes.tushare(names, found[asked["params"]["ts_code"]])
        elif isinstance(found, tuple):
            body = vendor_bytes.tushare(*found)
        return httpx2.Response(200, stream=httpx2.ByteStream(body))

    return answer


def of_tushare(answer: Answer, *symbols: Symbol, times: int = 1) -> tuple[Facts | PriceFault, int]:
    time = Time()
    wire, network = time.wire(answer)
    source, ends = TushareFacts(TushareCalls(wire, "token")), list[Facts | PriceFault]()

    async def life() -> None:
        for _ in range(times):
            try:
                ends.append(await source.told(symbols, DAY))
            except PriceFault as fault:
                ends.append(fault)

    time.run(life())
    return ends[-1], len(network.asked)


def facts(answer: Answer, *symbols: Symbol) -> Facts:
    found, _ = of_tushare(answer, *symbols)
    assert isinstance(found, Facts)
    return found


def test_tushares_tables_tell_listing_warning_suspension_delisting_and_industry():
    found = facts(tables(), BANK, ST, GONE)

    told = {one.symbol: one for one in found.instruments}
    assert (told[BANK].listed_on, told[BANK].st, told[BANK].suspended) == (date(2002, 4, 9), (), ())
    assert told[ST].st == (
        Span(since=date(2023, 1, 1), until=date(2023, 12, 31)), Span(since=date(2025, 5, 6)),
    )  # fmt: skip
    assert told[ST].suspended == (Span(since=DAY, until=DAY),)
    assert told[GONE].delisting == Span(since=date(2026, 7, 10))
    assert (found.unknown, found.source) == ({}, "tushare")
    assert found.industries == {BANK: "银行", GONE: "普钢"}


def test_tables_are_asked_for_once_a_day():
    _, asked = of_tushare(tables(), BANK, ST, times=3)

    assert asked == 3


@pytest.mark.parametrize(("missing", "symbol", "unknown"), [
    ({"suspend_d": None}, BANK, {Fact.SUSPENSION}),
    ({"stock_basic": None}, BANK, {Fact.RISK_WARNING, Fact.LISTING, Fact.DELISTING, Fact.SUSPENSION}),
    ({"namechange": None}, GONE, {Fact.DELISTING}),
    ({"namechange": None}, ST, set()),
    ({}, Symbol("600999.SH"), {Fact.RISK_WARNING, Fact.LISTING, Fact.DELISTING, Fact.SUSPENSION}),
    ({}, FUND, set(Fact)),
    ({}, Symbol("999999.SH"), set(Fact)),
])  # fmt: skip
def test_what_a_table_does_not_tell_stays_unknown(missing, symbol, unknown):
    found = facts(tables(**missing), symbol)

    assert set(found.unknown.get(symbol, {})) == unknown


def test_without_a_name_or_a_day_the_facts_that_hang_on_it_are_unknown():
    rows = [["600036.SH", None, None, None, "L"]]
    columns = ("ts_code", "name", "industry", "list_date", "list_status")

    found = facts(tables(stock_basic=(columns, rows)), BANK)

    assert set(found.unknown[BANK]) == {Fact.RISK_WARNING, Fact.LISTING, Fact.DELISTING}


def test_a_warned_name_without_its_dates_is_warned_today():
    (told,) = facts(tables(namechange=None), ST).instruments

    assert told.is_st(DAY)


def test_where_no_table_comes_it_is_a_fault():
    found, _ = of_tushare(refuses, BANK)

    assert isinstance(found, PriceFault)


@dataclass
class Teller:
    """A source of facts that tells what it was given."""

    name: str
    says: Facts | None
    fact_hosts: tuple[str, ...] = ("f.example",)
    asked: list[tuple[Symbol, ...]] = field(default_factory=list)

    async def told(self, symbols: Sequence[Symbol], day: date) -> Facts:
        self.asked.append(tuple(symbols))
        if self.says is None:
            raise PriceFault(self.name, "down")
        return self.says


@dataclass
class Sorts:
    """A source of industries."""

    says: Mapping[Symbol, str] | None
    asked: int = 0

    async def industries(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, str]:
        self.asked += 1
        if self.says is None:
            raise PriceFault("sorts", "down")
        return self.says


def chained(*tellers: Teller, industries: Sorts | None = None, times: int = 1) -> Facts:
    chain = FactsChain(tellers, industries)

    async def life() -> Facts:
        for _ in range(times - 1):
            await chain.told((BANK, FUND), DAY)
        return await chain.told((BANK, FUND), DAY)

    return asyncio.run(life())


OF_BANK = Instrument(symbol=BANK, name="B", listed_on=date(2002, 4, 9))


def test_the_next_source_is_asked_for_what_the_first_does_not_know_and_replaces_nothing():
    first = Teller("one", Facts(instruments=(OF_BANK,), unknown={
        BANK: {Fact.SUSPENSION: "no"}, FUND: dict.fromkeys(Fact, "no"),
    }, source="one"))  # fmt: skip
    away = Span(since=DAY, until=DAY)
    second = Teller("two", Facts(instruments=(
        Instrument(symbol=BANK, name="X", listed_on=DAY, suspended=(away,)),
        Instrument(symbol=FUND, kind=Kind.ETF_EQUITY),
    ), unknown={FUND: {Fact.SUSPENSION: "nor"}}, source="two"))  # fmt: skip

    found = chained(first, second)

    told = {one.symbol: one for one in found.instruments}
    assert told[BANK] == replace(OF_BANK, suspended=(away,))
    assert told[FUND].kind is Kind.ETF_EQUITY
    assert found.unknown == {FUND: {Fact.SUSPENSION: "no; nor"}}
    assert found.source == "one+two"


def test_a_field_that_the_next_source_itself_does_not_know_is_not_taken_from_it():
    first = Teller("one", Facts(instruments=(OF_BANK,), unknown={
        BANK: {Fact.SUSPENSION: "no", Fact.LISTING: "no"},
    }))  # fmt: skip
    away = Span(since=DAY, until=DAY)
    guess = Instrument(symbol=BANK, listed_on=DAY, suspended=(away,))

    found = chained(first, Teller("two", Facts(instruments=(guess,), unknown={BANK: {Fact.LISTING: "nor"}})))

    told = {one.symbol: one for one in found.instruments}
    assert (told[BANK].listed_on, told[BANK].suspended) == (OF_BANK.listed_on, (away,))
    assert found.unknown == {BANK: {Fact.LISTING: "no; nor"}}


def test_who_knows_all_leaves_nothing_to_ask():
    second = Teller("two", Facts())

    found = chained(Teller("one", Facts(instruments=(OF_BANK,))), second)

    assert (second.asked, found.unknown) == ([], {})


def test_a_source_that_is_down_leaves_the_others_and_all_down_is_a_fault():
    found = chained(Teller("one", None), Teller("two", Facts(instruments=(OF_BANK,))))
    assert found.instruments == (OF_BANK,)
    left = chained(Teller("one", nothing_told((BANK, FUND), "no")), Teller("two", None))
    assert left.unknown[BANK][Fact.LISTING] == "no; two: down"
    with pytest.raises(PriceFault, match="down"):
        chained(Teller("one", None), Teller("two", None))


def test_industries_come_once_a_day_of_who_sorts_and_their_lack_is_no_fault():
    known = Teller("one", Facts(instruments=(OF_BANK,)))
    sorts = Sorts({BANK: "bank", FUND: "fund"})

    assert chained(known, industries=sorts, times=3).industries == {BANK: "bank", FUND: "fund"}
    assert sorts.asked == 1
    assert chained(known, industries=Sorts(None)).industries == {}
    own = Teller("one", Facts(instruments=(OF_BANK,), industries={BANK: "own"}))
    assert chained(own, industries=sorts).industries == {BANK: "own"}


def test_a_chain_of_nobody_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        FactsChain(())


def asked_of(answer: Answer, ask: str) -> object:
    """Return what a vendor of ex-days or industries tells of the bank, or the fault."""
    time = Time()
    wire, _ = time.wire(answer)
    ends = list[object]()

    async def life() -> None:
        try:
            match ask:
                case "industries":
                    ends.append(await EastMoneyIndustries(wire).industries((BANK, ST)))
                case "eastmoney rights":
                    rights = EastMoneyDistributions(wire, RIGHTS)
                    ends.append(await rights.distributions((BANK,), DAY, DAY))
                case "sina rights":
                    ends.append(await SinaRights(wire).distributions((BANK,), DAY, DAY))
                case "eastmoney":
                    ends.append(await EastMoneyDistributions(wire).distributions((BANK,), DAY, DAY))
                case _:
                    calls = TushareCalls(wire, "token")
                    ends.append(await TushareDistributions(calls).distributions((BANK,), DAY, DAY))
        except PriceFault as fault:
            ends.append(fault)

    time.run(life())
    return ends[0]


def told_of(answer: Answer, ask: str) -> tuple[Distribution, ...]:
    """Return the ex-days of the bank that a vendor tells with their terms."""
    found = asked_of(answer, ask)
    assert isinstance(found, Announced)
    return found.told


def test_east_money_sorts_a_hundred_shares_by_one_request():
    rows = [{"f12": "600036", "f13": 1, "f100": "银行"}, {"f12": "600666", "f13": 1, "f100": "-"}, 7]
    body = json.dumps({"data": {"diff": rows}}).encode()

    assert asked_of(replies(body), "industries") == {BANK: "银行"}
    for unfit in (b"{}", b'{"data": {"diff": 1}}', b"<html>"):
        assert asked_of(replies(unfit), "industries") == {}


def bonus(**stated: object) -> dict[str, object]:
    return {
        "SECUCODE": "600036.SH", "ASSIGN_PROGRESS": "实施分配", "EX_DIVIDEND_DATE": "2026-07-14 00:00:00",
        "EQUITY_RECORD_DATE": "2026-07-13 00:00:00", "PRETAX_BONUS_RMB": 19.72, "BONUS_IT_RATIO": 3,
        "BONUS_RATIO": 1, **stated,
    }  # fmt: skip


def report(*rows: object) -> Answer:
    return replies(json.dumps({"result": {"data": rows}, "code": 0}).encode())


# 19.72 CNY, one bonus share and two of capitalisation for ten: 1.972, 0.1 and 0.2 a share.
OF_THE_DAY = Distribution(
    symbol=BANK, ex_date=DAY, record_date=date(2026, 7, 13), cash_per_share=Decimal("1.972"),
    shares_per_share=Decimal("0.3"), bonus_per_share=Decimal("0.1"),
)  # fmt: skip


def test_both_vendors_announcements_come_in_one_form_a_share():
    columns = (
        "ts_code", "div_proc", "stk_div", "stk_bo_rate", "cash_div_tax", "record_date", "ex_date", "pay_date",
    )  # fmt: skip
    row = ["600036.SH", "实施", 0.3, 0.1, 1.972, "20260713", "20260714", "20260714"]
    plan = ["600036.SH", "预案", 0.3, 0.1, 1.972, None, None, None]

    assert told_of(report(bonus()), "eastmoney") == (replace(OF_THE_DAY, source="eastmoney"),)
    assert told_of(replies(vendor_bytes.tushare(columns, [row, row, plan])), "tushare") == (
        replace(OF_THE_DAY, source="tushare", pay_date=DAY),
    )


@pytest.mark.parametrize("row", [
    bonus(ASSIGN_PROGRESS="董事会决议通过"), bonus(EX_DIVIDEND_DATE=None), bonus(SECUCODE="600666.SH"),
    bonus(EX_DIVIDEND_DATE="2026-08-14 00:00:00"),
])  # fmt: skip
def test_plans_other_days_and_other_shares_are_left_out(row):
    assert told_of(report(row), "eastmoney") == ()


def test_no_announcement_is_not_the_same_as_no_answer():
    assert told_of(replies(b'{"result": null, "code": 9201}'), "eastmoney") == ()
    for unfit in (b'{"result": null, "code": 1}', b"<html>", b'{"result": {"data": [7]}}'):
        assert isinstance(asked_of(replies(unfit), "eastmoney"), PriceFault)


@pytest.mark.parametrize("column", bonus())
def test_a_table_with_a_renamed_column_is_no_answer_rather_than_nothing_paid(column: str):
    renamed = {("NEW_" + name if name == column else name): value for name, value in bonus().items()}

    assert isinstance(asked_of(report(renamed), "eastmoney"), PriceFault)


def offer(**stated: object) -> dict[str, object]:
    """A rights issue as the vendor tells it: 1.5 new shares for ten, at 14.43 CNY each."""
    return {
        "SECUCODE": "600036.SH", "EX_DIVIDEND_DATE": "2026-07-14 00:00:00", "PLACING_RATIO": 1.5,
        "EQUITY_RECORD_DATE": "2026-07-03 00:00:00", "ISSUE_PRICE": 14.43, **stated,
    }  # fmt: skip


TITLES = "配股方案(每10股配股股数)|配股价格(元)|基准股本(万股)|除权日|股权登记日"
SWAPPED = "配股价格|配股方案|基准股本|除权日|股权登记日"


def page(*rows: Sequence[object], titles: str = TITLES) -> bytes:
    """Return Sina's page of a share's rights issues."""
    head = "".join(f"<th>{title}</th>" for title in ("公告日期", *titles.split("|")))
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        '<table id="sharebonus_1"><tr><td>1</td></tr></table><table class="t" id="sharebonus_2"><thead>'
        f'<tr><th colspan="11">配股</th></tr><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    ).encode("gbk")


ISSUE = ("2026-06-30", "1.5", "14.43", "100", "2026-07-14", "2026-07-03")
EMPTY = ("暂时没有数据！",)

# 1.5 for ten are 0.15 a share.
RIGHTS_OF_THE_DAY = Distribution(
    symbol=BANK, ex_date=DAY, record_date=date(2026, 7, 3), rights_per_share=Decimal("0.15"),
    rights_price_cny=Decimal("14.43"),
)  # fmt: skip


def test_both_vendors_rights_issues_come_in_one_form_a_share():
    assert told_of(report(offer()), "eastmoney rights") == (replace(RIGHTS_OF_THE_DAY, source="eastmoney"),)
    assert told_of(replies(page(ISSUE)), "sina rights") == (replace(RIGHTS_OF_THE_DAY, source="sina"),)


@pytest.mark.parametrize("row", [
    offer(EX_DIVIDEND_DATE=None), offer(SECUCODE="600666.SH"), offer(EX_DIVIDEND_DATE="2026-08-14 00:00:00"),
])  # fmt: skip
def test_rights_without_an_ex_day_or_of_other_days_and_shares_are_left_out(row):
    assert told_of(report(row), "eastmoney rights") == ()


@pytest.mark.parametrize("rows", [(EMPTY,), ((*ISSUE[:4], "--", "--"),), ((*ISSUE[:4], "2026-02-31", ""),)])
def test_sinas_rights_without_an_ex_day_are_left_out(rows):
    assert told_of(replies(page(*rows)), "sina rights") == ()


OFFERED_WITHOUT_TERMS = Announced((), (WithoutTerms(BANK, DAY),))


@pytest.mark.parametrize("row", [
    offer(PLACING_RATIO=None), offer(PLACING_RATIO="-"), offer(PLACING_RATIO=0), offer(ISSUE_PRICE=None),
])  # fmt: skip
def test_rights_without_their_terms_are_named_and_silence_no_others(row):
    another = offer(SECUCODE="600666.SH")
    body = json.dumps({"result": {"data": [row, another]}, "code": 0}).encode()

    assert asked_of(report(row), "eastmoney rights") == OFFERED_WITHOUT_TERMS
    assert [one.symbol for one in read_rights((BANK, ST), body)] == [BANK, ST]


# For ten: 10,000.01 CNY and 100.1 shares are more than 1,000 CNY and 10 shares a share.
@pytest.mark.parametrize("stated", [
    {"PRETAX_BONUS_RMB": 10000.01}, {"PRETAX_BONUS_RMB": 1e40}, {"BONUS_IT_RATIO": "100.1"},
    {"BONUS_RATIO": 99999999},
])  # fmt: skip
def test_terms_that_no_company_has_count_as_not_told(stated):
    assert asked_of(report(bonus(**stated)), "eastmoney") == OFFERED_WITHOUT_TERMS


def test_the_most_that_is_believed_of_an_ex_day_is_booked():
    (told,) = told_of(report(bonus(PRETAX_BONUS_RMB=10000, BONUS_IT_RATIO=100)), "eastmoney")

    assert (told.cash_per_share, told.shares_per_share) == (1000, 10)


@pytest.mark.parametrize("row", [("2026-06-30", "--", *ISSUE[2:]), (*ISSUE[:2], "--", *ISSUE[3:])])
def test_sinas_rights_without_their_terms_are_named_too(row):
    assert asked_of(replies(page(row)), "sina rights") == OFFERED_WITHOUT_TERMS


@pytest.mark.parametrize(("ratio", "price"), [("3", "0"), ("3", "--"), ("--", "10"), ("", "")])
def test_an_issue_of_long_ago_without_its_terms_hides_no_present_one(ratio, price):
    of_1995 = ("1995-06-01", ratio, price, "100", "1995-07-10", "1995-07-07")

    assert asked_of(replies(page(ISSUE, of_1995)), "sina rights") == Announced(
        (replace(RIGHTS_OF_THE_DAY, source="sina"),)
    )


@pytest.mark.parametrize("row", [
    {"SECUCODE": "600036.SH", "EX_DIVIDEND_DATE": "2026-07-14"},
    {name: value for name, value in offer().items() if name != "EX_DIVIDEND_DATE"},
])  # fmt: skip
def test_rights_in_a_table_without_their_columns_are_no_answer_rather_than_none(row):
    assert isinstance(asked_of(report(row), "eastmoney rights"), PriceFault)


@pytest.mark.parametrize("body", [
    b"<html>", page(), page(("2026-06-30", "1.5")),
    page(ISSUE, titles=SWAPPED), page(ISSUE, titles="除权日|股权登记日"),
    b'<table id="sharebonus_2"></table>',
])  # fmt: skip
def test_a_page_of_another_form_is_no_answer_rather_than_no_rights(body):
    assert isinstance(asked_of(replies(body), "sina rights"), PriceFault)


@dataclass
class Announces:
    """A vendor of ex-days that tells what it was given."""

    name: str
    says: tuple[Distribution, ...] | None
    hosts: tuple[str, ...] = ()
    without_terms: tuple[WithoutTerms, ...] = ()
    asked: int = 0
    symbols: list[Sequence[Symbol]] = field(default_factory=list)

    async def distributions(self, symbols: Sequence[Symbol], since: date, until: date) -> Announced:
        self.asked += 1
        self.symbols.append(tuple(symbols))
        if self.says is None:
            raise PriceFault(self.name, "down")
        return Announced(self.says, self.without_terms)


LATER = replace(OF_THE_DAY, ex_date=date(2026, 7, 31))


@pytest.mark.parametrize(("one", "two", "known", "disputed"), [
    ((OF_THE_DAY,), (replace(OF_THE_DAY, pay_date=DAY),), ("one+two", DAY), False),
    ((OF_THE_DAY,), None, ("one", None), False),
    ((OF_THE_DAY,), (), None, True),
    ((OF_THE_DAY,), (replace(OF_THE_DAY, cash_per_share=Decimal("2")),), None, True),
    ((OF_THE_DAY,), (replace(OF_THE_DAY, ex_date=date(2026, 7, 15)),), None, True),
    # It lies further ahead than a week: another announcement may follow.
    ((LATER,), (), ("one+two", None), False),
    (None, None, None, False),
])  # fmt: skip
def test_an_ex_day_soon_on_which_vendors_differ_is_disputed(one, two, known, disputed):
    chain = ExDayChain((Announces("one", one), Announces("two", two)))

    found, against = asyncio.run(chain.told((BANK, ST), DAY))

    assert [(told.source, told.pay_date) for told in found] == ([] if known is None else [known])
    assert list(against) == ([BANK] if disputed else [])


def test_hundreds_of_pages_are_not_asked_for():
    time = Time()
    wire, asked = time.wire(replies(page(EMPTY)))
    many = [Symbol(f"{code}.SH") for code in range(600000, 600061)]

    async def life() -> None:
        with pytest.raises(PriceFault):
            await SinaRights(wire).distributions(many, DAY, DAY)
        await SinaRights(wire).distributions(many[1:], DAY, DAY)

    time.run(life())

    assert len(asked.asked) == 60


@pytest.mark.parametrize(("two", "known", "disputed"), [
    ((RIGHTS_OF_THE_DAY,), ["one+two"], []),
    (None, ["one"], []),
    ((), [], [BANK]),
    ((replace(RIGHTS_OF_THE_DAY, rights_price_cny=Decimal("14.34")),), [], [BANK]),
    ((replace(RIGHTS_OF_THE_DAY, rights_per_share=Decimal("0.3")),), [], [BANK]),
])  # fmt: skip
def test_rights_on_which_vendors_differ_are_disputed(two, known, disputed):
    chain = ExDayChain((Announces("one", (RIGHTS_OF_THE_DAY,)),), confirming=(Announces("two", two),))

    found, against = asyncio.run(chain.told((BANK, ST), DAY))

    assert ([told.source for told in found], list(against)) == (known, disputed)
    if two == ():
        assert "0.15 shares at 14.43" in against[BANK]


@pytest.mark.parametrize(("ex_date", "disputed"), [
    (date(2026, 7, 21), [ST]),  # A week ahead.
    (date(2026, 7, 22), []),  # The terms may still come.
])  # fmt: skip
def test_an_ex_day_without_terms_bars_its_symbol_alone(ex_date, disputed):
    first = Announces("one", (RIGHTS_OF_THE_DAY,), without_terms=(WithoutTerms(ST, ex_date),))
    confirms = Announces("two", (RIGHTS_OF_THE_DAY,))

    found, against = asyncio.run(ExDayChain((first,), (confirms,)).told((BANK, ST, GONE), DAY))

    assert ([told.symbol for told in found], list(against)) == ([BANK], disputed)
    assert confirms.symbols == [(BANK, ST)]


def test_who_confirms_is_asked_about_what_is_announced_alone():
    confirms, idle = Announces("two", (RIGHTS_OF_THE_DAY,)), Announces("three", ())

    asyncio.run(ExDayChain((Announces("one", (RIGHTS_OF_THE_DAY,)),), (confirms,)).told((BANK, ST), DAY))
    asyncio.run(ExDayChain((Announces("one", ()),), (idle,)).told((BANK, ST), DAY))

    assert (confirms.symbols, idle.asked) == ([(BANK,)], 0)


def test_a_days_distributions_and_rights_are_one_ex_day_of_the_exchange():
    extra = Distribution(symbol=BANK, ex_date=DAY, cash_per_share=Decimal("0.028"))
    facts = Facts(distributions=(OF_THE_DAY, RIGHTS_OF_THE_DAY, LATER, extra))
    seen = SeenPrices(Source(facts))  # type: ignore[arg-type]  # Facts alone are asked for.

    asyncio.run(seen.get_instruments((BANK,)))

    # 1.972 + 0.028 = 2.
    assert [
        (one.cash_per_share, one.shares_per_share, one.rights_per_share, one.rights_price_cny)
        for one in seen.actions()
    ] == [
        (Decimal("2.000"), Decimal("0.3"), Decimal("0.15"), Decimal("14.43")),
        (Decimal("1.972"), Decimal("0.3"), Decimal(0), Decimal(0)),
    ]


def on_record(*told: tuple[int, Facts]) -> SeenPrices:
    """Return what has heard facts of days of July."""
    seen = SeenPrices(Source())  # type: ignore[arg-type]  # It is told what is on record.
    for day, facts in told:
        event = Event(1, "main", "s", "facts", "facts", 1, f"2026-07-{day}T02:35:00Z", "", "", "")
        seen.listen(event, facts, None)
    return seen


@pytest.mark.parametrize(("then", "left"), [
    (Facts(distributions=(replace(LATER, ex_date=date(2026, 8, 3)),)), [date(2026, 7, 14), date(2026, 8, 3)]),
    (Facts(disputed={BANK: "they differ"}), [date(2026, 7, 14), date(2026, 7, 31)]),
    (Facts(disputed={ST: "they differ"}), [date(2026, 7, 14), date(2026, 7, 31)]),
])  # fmt: skip
def test_an_ex_day_that_was_put_off_moves_and_one_that_is_disputed_stays(then, left):
    """What lies behind stays too: it may not have been booked yet."""
    seen = on_record((13, Facts(distributions=(OF_THE_DAY, LATER))), (15, then))

    assert sorted(one.ex_date for one in seen.actions()) == left


def test_rights_told_of_where_nobody_tells_of_dividends_leave_these_and_the_other_way_round():
    later = replace(RIGHTS_OF_THE_DAY, ex_date=LATER.ex_date)
    both, cash, rights = ((LATER, later), (LATER,), (later,))

    for before, after in ((both, rights), (both, cash), (cash, rights), (rights, cash)):
        seen = on_record((13, Facts(distributions=before)), (15, Facts(distributions=after)))
        (action,) = seen.actions()
        assert (action.cash_per_share, action.rights_per_share) == (Decimal("1.972"), Decimal("0.15"))


def test_ex_days_are_asked_for_once_a_day_and_again_where_none_came():
    well, down = Announces("one", ()), Announces("two", None)
    chain = ExDayChain((well, down))

    for _ in range(3):
        asyncio.run(chain.told((BANK,), DAY))

    assert (well.asked, down.asked) == (1, 3)


def test_a_disputed_ex_day_refuses_buys_by_name_and_nothing_else():
    standing = replace(desk(), disputed={MAIN: "one says this; two says that"})

    refused = review([buy(MAIN, 100), buy(OTHER, 100)], standing).verdicts.refused

    assert [(one.symbol, one.rule) for one in refused] == [(MAIN, Rule.RULES_UNKNOWN)]


@pytest.mark.parametrize(("configured", "refused"), [
    ({}, [OTHER]),  # MAIN and OTHER are one industry: 1000 + 1000 of 15000 CNY exceed a tenth.
    ({MAIN: "a", OTHER: "b"}, []),
])  # fmt: skip
def test_a_vendors_industries_are_the_sectors_where_none_are_configured(configured, refused):
    limits = Limits(portfolio=PortfolioLimits(sector_ratio_max=Decimal("0.1"), industries=configured))
    told = {MAIN: "银行", OTHER: "银行", CHINEXT: "白酒"}
    standing = replace(desk(limits=limits, equity="15000.00", day_equity="15000.00"), industries=told)

    found = review([buy(MAIN, 100), buy(OTHER, 100), buy(CHINEXT, 100)], standing).verdicts.refused

    assert [one.symbol for one in found] == refused


class Source:
    """A vendor whose facts are given."""

    name = "source"
    panel: Panel | None = None

    def __init__(self, *told: Facts) -> None:
        self._told = list(told)

    async def get_instruments(self, symbols: Sequence[Symbol]) -> Facts:
        return self._told.pop(0)


def test_announced_ex_days_are_remembered_as_they_were_told_last():
    corrected = replace(OF_THE_DAY, cash_per_share=Decimal("2"))
    told = [Facts(), Facts(distributions=(OF_THE_DAY,)), Facts(), Facts(distributions=(corrected,))]
    seen = SeenPrices(Source(*told))  # type: ignore[arg-type]  # Facts alone are asked for.
    found = []

    for _ in told:
        asyncio.run(seen.get_instruments((BANK,)))
        found.append(seen.actions())

    assert [[one.cash_per_share for one in actions] for actions in found] == [
        [], [Decimal("1.972")], [Decimal("1.972")], [Decimal("2")],
    ]  # fmt: skip
    assert found[1] is found[2]
    assert found[1] == (
        CorporateAction(
            symbol=BANK, ex_date=DAY, cash_per_share=Decimal("1.972"), shares_per_share=Decimal("0.3"),
            bonus_per_share=Decimal("0.1"),
        ),
    )  # fmt: skip
