"""Recent bars of every vendor: ended ones alone, adjusted forward, in lots; and who is asked next."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

import httpx2
import pytest

from services.clock import ReplayClock
from services.domain.bars import Adjustment, Frequency, Panel, VolumeUnit
from services.domain.instruments import Symbol
from services.market.bar_chain import BarChain
from services.market.feeds.bar_rows import amount_in_lots, factor_on
from services.market.feeds.sina_bars import SinaBars
from services.market.feeds.tencent_bars import TencentBars
from services.market.feeds.tushare_bars import TushareBars
from services.market.feeds.tushare_pro import TushareCalls
from services.market.feeds.wire import Wire
from services.market.raw_bars import RawBar
from services.market.recent_bars import BarFeed, BarsTold, NoBars, ended
from services.ports import PriceFault
from tests import vendor_bytes
from tests.vendor_network import NOW, Answer, Time, refuses

BANK, STAR, APPLE = Symbol("600036.SH"), Symbol("688981.SH"), Symbol("AAPL.US")
DAILY, HOURLY = Frequency.DAILY, Frequency.HOURLY

# At 10:35 on 2026-07-14, an ex-day that halves the price: days before count half.
TENCENT = {
    "code": 0, "data": {"sh600036": {"qfqday": [
        ["2026-07-10", "10.00", "10.50", "10.60", "9.90", "1234.00", {}, "0.3", "129.57", ""],
        ["2026-07-13", "10.50", "10.40", "10.70", "10.30", "2000.00", {}, "0.3", "208.00", ""],
        ["2026-07-14", "10.40", "10.45", "10.50", "10.40", "10.00", {}, "0.3", "1.05", ""],
    ]}},
}  # fmt: skip
SINA_DAYS = [
    {"day": "2026-07-10", "open": "20.00", "high": "21.20", "low": "19.80", "close": "21.00",
     "volume": "123400", "amount": "2591400.00"},
    {"day": "2026-07-13", "open": "21.00", "high": "21.40", "low": "20.60", "close": "20.80",
     "volume": "200000"},
    {"day": "2026-07-14", "open": "10.40", "high": "10.50", "low": "10.40", "close": "10.45",
     "volume": "1000"},
]  # fmt: skip
SINA_HOURS = [
    {"day": "2026-07-13 15:00:00", "open": "20.90", "high": "21.00", "low": "20.70", "close": "20.80",
     "volume": "50000"},
    {"day": "2026-07-14 10:30:00", "open": "10.40", "high": "10.50", "low": "10.40", "close": "10.45",
     "volume": "1000"},
    {"day": "2026-07-14 11:30:00", "open": "10.45", "high": "10.46", "low": "10.44", "close": "10.45",
     "volume": "100"},
]  # fmt: skip
SINA_FACTORS = (
    b'var sh600036qfq={"total":2,"data":[{"d":"2026-07-14","f":"1.0000000000000000"},'
    b'{"d":"1900-01-01","f":"2.0000000000000000"}]}\n/* made */'
)
TUSHARE_DAYS = (
    ("600036.SH", "20260713", 21.0, 21.4, 20.6, 20.8, 2000.0),
    ("600036.SH", "20260710", 20.0, 21.2, 19.8, 21.0, 1234.0),
)
TUSHARE_HOURS = (
    ("600036.SH", "2026-07-14 10:30:00", 10.4, 10.5, 10.4, 10.45, 1000),
    ("600036.SH", "2026-07-13 15:00:00", 20.9, 21.0, 20.7, 20.8, 50000),
)
TUSHARE_FACTORS = (
    ("600036.SH", "20260714", 8.0), ("600036.SH", "20260713", 4.0), ("600036.SH", "20260701", 4.0),
)  # fmt: skip

DAYS = [
    ("2026-07-10", 10.0, 10.6, 9.9, 10.5, 1234.0),
    ("2026-07-13", 10.5, 10.7, 10.3, 10.4, 2000.0),
]
HOURS = [
    ("2026-07-13 15:00:00", 10.45, 10.5, 10.35, 10.4, 500.0),
    ("2026-07-14 10:30:00", 10.4, 10.5, 10.4, 10.45, 10.0),
]


def by_path(bodies: Mapping[str, object]) -> Answer:
    """Return what answers by a word in the address or the body."""

    async def answer(request: httpx2.Request) -> httpx2.Response:
        text = str(request.url) + (await request.aread()).decode()
        body = next(body for word, body in bodies.items() if word in text)
        told = body if isinstance(body, bytes) else json.dumps(body).encode()
        return httpx2.Response(200, stream=httpx2.ByteStream(told))

    return answer


def table(*items: Sequence[object], stamp: str = "trade_date") -> bytes:
    names = ("ts_code", stamp, "open", "high", "low", "close", "vol")
    if items and len(items[0]) == 3:
        names = ("ts_code", "trade_date", "adj_factor")
    return vendor_bytes.tushare(names, items)


TUSHARE: Mapping[str, object] = {
    '"daily"': table(*TUSHARE_DAYS),
    '"stk_mins"': table(*TUSHARE_HOURS, stamp="trade_time"),
    '"adj_factor"': table(*TUSHARE_FACTORS),
}
MAKERS: Mapping[str, Callable[[Wire], BarFeed]] = {
    "tencent": TencentBars,
    "sina": SinaBars,
    "tushare": lambda wire: TushareBars(TushareCalls(wire, "token")),
}


def told(
    vendor: str, answer: Answer, frequency: Frequency = DAILY, *symbols: Symbol, times: int = 1
) -> tuple[BarsTold, list[str]]:
    time = Time()
    wire, network = time.wire(answer)
    feed, answers = MAKERS[vendor](wire), list[BarsTold]()

    async def life() -> None:
        for _ in range(times):
            answers.append(await feed.bars(symbols or (BANK,), frequency, NOW))

    time.run(life())
    return answers[-1], [url for _, url in network.asked]


def rows(bars: Sequence[RawBar]) -> list[tuple[object, ...]]:
    return [(bar.label, bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars]


@pytest.mark.parametrize(("vendor", "frequency", "bodies", "expected"), [
    ("tencent", DAILY, {"newfqkline": TENCENT}, DAYS),
    ("sina", DAILY, {"scale=240": SINA_DAYS, "qfq.js": SINA_FACTORS}, DAYS),
    ("sina", HOURLY, {"scale=60": SINA_HOURS, "qfq.js": SINA_FACTORS}, HOURS),
    ("tushare", DAILY, TUSHARE, DAYS),
    ("tushare", HOURLY, TUSHARE, HOURS),
])  # fmt: skip
def test_every_vendor_tells_the_same_ended_bars_in_one_form(vendor, frequency, bodies, expected):
    answer, _ = told(vendor, by_path(bodies), frequency, BANK, APPLE)

    assert rows(answer.bars[BANK]) == expected
    assert set(answer.faults) == {APPLE}


@pytest.mark.parametrize("frequency", [DAILY, HOURLY])
@pytest.mark.parametrize("vendor", MAKERS)
@pytest.mark.parametrize("answer", [refuses, *(by_path({"": body}) for body in (b"<html>", b"{}", b""))])
def test_a_vendor_that_fails_says_so_of_every_symbol(vendor, answer, frequency):
    answered, _ = told(vendor, answer, frequency, BANK, STAR)

    assert (answered.bars, set(answered.faults)) == ({}, {BANK, STAR})


def changed(row: Mapping[str, object], **stated: object) -> list[object]:
    return [{**row, **stated}]


@pytest.mark.parametrize(("vendor", "bodies"), [
    ("tencent", {"newfqkline": {"data": {"sh600036": {"qfqday": []}}}}),
    ("tencent", {"newfqkline": {"data": []}}),
    ("tencent", {"newfqkline": {"data": {"sh600036": {"day": {"a": 1}}}}}),
    ("tencent", {"newfqkline": {"data": {"sh600036": {"day": ["2026-07-10"]}}}}),
    ("tencent", {"newfqkline": {"data": {"sh600036": {"day": [["2026-07-10", "1", "1", "-", "1", "5"]]}}}}),
    ("tencent", {"newfqkline": {"data": {"sh600036": {"day": [["yesterday", "1", "1", "1", "1", "5"]]}}}}),
    ("sina", {"scale": b"null", "qfq": SINA_FACTORS}),
    ("sina", {"scale": b"[1]", "qfq": SINA_FACTORS}),
    ("sina", {"scale": changed(SINA_DAYS[0], close="0"), "qfq": SINA_FACTORS}),
    ("sina", {"scale": changed(SINA_DAYS[0], volume=None), "qfq": SINA_FACTORS}),
    ("sina", {"scale": changed(SINA_DAYS[0], day="then"), "qfq": SINA_FACTORS}),
    ("sina", {"scale": SINA_DAYS, "qfq": b'var a={"data":[]}'}),
    ("sina", {"scale": SINA_DAYS, "qfq": b'var a={"data":[1]}'}),
    ("sina", {"scale": SINA_DAYS, "qfq": b'var a={"data":[{"d":"never","f":"1"}]}'}),
    ("sina", {"scale": SINA_DAYS, "qfq": b'var a={"data":[{"d":"2020-01-01","f":"0"}]}'}),
    ("sina", {"scale": SINA_DAYS, "qfq": b'var a={"data":[{"d":"2030-01-01","f":"1"}]}'}),
    ("tushare", {**TUSHARE, '"daily"': table(("600519.SH", *TUSHARE_DAYS[0][1:]))}),
    ("tushare", {**TUSHARE, '"daily"': table(("600036.SH", "x", 1, 1, 1, 1, 1))}),
    ("tushare", {**TUSHARE, '"adj_factor"': table(("600036.SH", "x", 1.0))}),
    ("tushare", {**TUSHARE, '"adj_factor"': table(("600036.SH", "20260714", 0))}),
])  # fmt: skip
def test_what_is_no_bar_is_a_fault_of_the_symbol_and_no_bar(vendor, bodies):
    answer, _ = told(vendor, by_path(bodies))

    assert (answer.bars, set(answer.faults)) == ({}, {BANK})


def test_on_the_star_market_tencent_counts_shares_and_the_amount_tells_where_it_does_not():
    day = ["2026-07-10", "120.0", "120.0", "120.0", "120.0", "5000", {}, "0", "60.0"]  # 600,000 CNY / 120
    in_lots = [*day[:5], "50", {}, "0", "60.0"]
    for row in (day, in_lots):
        answer, _ = told("tencent", by_path({"": {"data": {"sh688981": {"day": [row]}}}}), DAILY, STAR)
        assert [bar.volume for bar in answer.bars[STAR]] == [50.0]


@pytest.mark.parametrize(("volume", "amount", "close", "declared", "lots"), [
    ("500", None, None, 100, 500.0), ("500", "5000", "10", 100, 5.0), ("0", "0", "10", 1, 0.0),
])  # fmt: skip
def test_a_volume_is_in_lots_by_its_amount_or_as_declared(volume, amount, close, declared, lots):
    assert amount_in_lots(volume, amount, close, declared) == lots


def test_a_volume_that_fits_neither_unit_is_none():
    with pytest.raises(NoBars):
        amount_in_lots("500", "1", "10", 1)


def test_a_factor_holds_from_its_day_on():
    factors = ((date(2026, 7, 14), 1.0), (date(2020, 1, 1), 2.0))

    assert (factor_on(date(2026, 7, 14), factors), factor_on(date(2026, 7, 13), factors)) == (1.0, 2.0)
    with pytest.raises(NoBars):
        factor_on(date(2019, 12, 31), factors)


def test_tencent_is_not_believed_on_hours():
    answer, asked = told("tencent", by_path({"": TENCENT}), HOURLY)

    assert (answer.bars, set(answer.faults), asked) == ({}, {BANK}, [])


def test_factors_are_asked_for_once_a_day():
    for vendor, bodies, word in (
        ("sina", {"scale": SINA_DAYS, "qfq.js": SINA_FACTORS}, "qfq"), ("tushare", TUSHARE, "tushare"),
    ):  # fmt: skip
        _, asked = told(vendor, by_path(bodies), times=2)
        # Sina's bars twice and its factors once; tushare's days twice and its factors once.
        assert (len(asked), sum(word in url for url in asked)) == (3, 1 if vendor == "sina" else 3)


def test_bars_before_the_first_day_shown_are_left_out():
    # The Monday of the block of four weeks under way, twelve weeks back: 2026-03-30.
    stated = [RawBar(1, BANK, "", day, 1.0, 1.0, 1.0, 1.0, 1.0) for day in ("2026-03-27", "2026-03-30")]

    assert [bar.label for bar in ended(BANK, stated, DAILY, NOW)] == ["2026-03-30"]


class Fake:
    """A vendor that has bars of some symbols."""

    bar_hosts: tuple[str, ...] = ("a.example",)

    def __init__(self, name: str, *symbols: Symbol, down: bool = False) -> None:
        self.name, self._symbols, self._down = name, symbols, down
        self.asked: list[tuple[Symbol, ...]] = []

    async def bars(self, symbols: Sequence[Symbol], frequency: Frequency, now: datetime) -> BarsTold:
        self.asked.append(tuple(symbols))
        if self._down:
            raise PriceFault(self.name, "down")
        found = {one: (RawBar(1, one, "", "2026-07-13", 1.0, 1.0, 1.0, 1.0, 1.0),) for one in self._symbols}
        return BarsTold(bars=found)


def panel(*feeds: Fake, symbols: Sequence[Symbol] = (STAR, BANK)) -> Panel:
    return asyncio.run(BarChain(feeds, ReplayClock(NOW), "vendors").panel(symbols, DAILY))


def test_who_is_asked_next_is_asked_for_what_is_missing_and_named():
    first, second, third = Fake("one", BANK), Fake("two", STAR), Fake("three", STAR)

    found = panel(first, second, third)

    assert (first.asked, second.asked, third.asked) == ([(STAR, BANK)], [(STAR,)], [])
    assert (found.symbols, found.source) == ((STAR, BANK), "one+two:history")
    assert (found.adjustment, found.volume_unit) == (Adjustment.FORWARD, VolumeUnit.LOT)


def test_a_vendor_that_is_down_is_passed_over():
    assert panel(Fake("one", down=True), Fake("two", BANK, STAR)).source == "two:history"


def test_where_nobody_has_bars_each_vendor_is_named():
    with pytest.raises(PriceFault) as caught:
        panel(Fake("one", down=True), Fake("two"))

    assert "one: " in caught.value.why
    assert "two: " in caught.value.why


def test_a_chain_of_nobody_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        BarChain((), ReplayClock(NOW), "vendors")
