"""What every quote feed must do, run against each of them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from threading import Event
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx2
import orjson
import pandas as pd
import pytest
import requests
from msgspec.structs import replace

from services.domain.instruments import Symbol
from services.market.call_gate import LibraryGate
from services.market.feeds.akshare_feed import AkshareFeed
from services.market.feeds.breaker import Standing
from services.market.feeds.choice import Surroundings, VendorFeed, feed_of
from services.market.feeds.throttle import Pace
from services.market.feeds.yahoo import YahooFeed
from services.market.raw_quotes import RawQuotes
from services.ports import PriceFault
from services.settings_sections import DataSourceSettings, QuoteSource
from services.settings_values import Secret
from tests import vendor_bytes as wire
from tests.vendor_network import NOW, Network, Time, hangs, refuses, replies

DEADLINE_S = 5.0
TOKEN = "canary-token-4471"

Body = Callable[[httpx2.Request], bytes]


@dataclass
class Vendor:
    """A vendor that knows `known` and not `unknown`, and can be put out of order."""

    name: QuoteSource
    known: tuple[Symbol, ...]
    unknown: Symbol
    foreign: Symbol
    body: Body | None = None


def eastmoney_body(request: httpx2.Request) -> bytes:
    market, code = parse_qs(urlsplit(str(request.url)).query)["secid"][0].split(".")
    known = f"{market}.{code}" in {"1.600519", "0.300750"}
    return wire.eastmoney_book(f57=code, f107=int(market)) if known else b'{"rc": 100, "data": null}'


def eastmoney_list_body(request: httpx2.Request) -> bytes:
    asked = parse_qs(urlsplit(str(request.url)).query)["secids"][0].split(",")
    known = [secid.split(".") for secid in asked if secid in {"1.600519", "0.300750"}]
    return wire.eastmoney_list(*({"f13": int(market), "f12": code} for market, code in known))


def asked_codes(request: httpx2.Request) -> list[str]:
    return unquote(str(request.url)).rpartition("=")[2].split(",")


def sina_body(request: httpx2.Request) -> bytes:
    known = {"sh600519", "sz300750"}
    return b"".join(
        wire.sina(code) if code in known else f'var hq_str_{code}="";\n'.encode()
        for code in asked_codes(request)
    )


def tencent_body(request: httpx2.Request) -> bytes:
    known = {"sh600519", "sz300750"} & set(asked_codes(request))
    return b"".join(map(wire.tencent, sorted(known))) or b'v_pv_none_match="1";\n'


def tushare_body(request: httpx2.Request) -> bytes:
    asked = orjson.loads(request.content)
    assert asked["token"] == TOKEN
    if asked["api_name"] == "stk_limit":
        return wire.tushare(("ts_code", "down_limit", "up_limit"), [])
    assert asked["api_name"] == "rt_k"
    known = {"600519.SH", "300750.SZ"} & set(asked["params"]["ts_code"].split(","))
    return wire.tushare(items=[(code, *wire.TUSHARE_ROW[1:]) for code in sorted(known)])


def sina_us_body(request: httpx2.Request) -> bytes:
    known = {"gb_aapl", "gb_msft"}
    return b"".join(
        wire.sina_us(code) if code in known else f'var hq_str_{code}="";\n'.encode()
        for code in asked_codes(request)
    )


MAINLAND = (Symbol("600519.SH"), Symbol("300750.SZ"))
AMERICAN = (Symbol("AAPL.US"), Symbol("MSFT.US"))
BY_WIRE = [
    Vendor("eastmoney", MAINLAND, Symbol("600520.SH"), AMERICAN[0], eastmoney_body),
    Vendor("sina", MAINLAND, Symbol("600520.SH"), AMERICAN[0], sina_body),
    Vendor("tencent", MAINLAND, Symbol("600520.SH"), AMERICAN[0], tencent_body),
    Vendor("tushare", MAINLAND, Symbol("600520.SH"), AMERICAN[0], tushare_body),
    Vendor("sina_us", AMERICAN, Symbol("NONE.US"), MAINLAND[0], sina_us_body),
]
BY_LIBRARY = [
    Vendor("akshare", MAINLAND, Symbol("600520.SH"), AMERICAN[0]),
    Vendor("yahoo", AMERICAN, Symbol("NONE.US"), MAINLAND[0]),
]


class Akshare:
    """The library's two calls, as far as a quote needs them."""

    def __init__(self, failing: Callable[[], None]) -> None:
        self._failing = failing

    def stock_zh_a_hist_min_em(self, symbol: str, start_date: str, period: str) -> Any:
        self._failing()
        known = symbol in {"600519", "300750"}
        return pd.DataFrame({"时间": ["2026-07-14 10:35:00"] if known else []})

    def stock_bid_ask_em(self, symbol: str) -> Any:
        items = {"最新": 1450.01, "昨收": 1440.0, "buy_1": 1450.0, "buy_1_vol": 300, "总手": 23456}
        return pd.DataFrame({"item": list(items), "value": list(items.values())})


class Yahoo:
    """The library's chart of one share."""

    def __init__(self, failing: Callable[[], None], minutes: int = 1) -> None:
        self._failing, self._minutes = failing, minutes
        self.config = SimpleNamespace(debug=SimpleNamespace(hide_exceptions=True))

    def Ticker(self, code: str) -> Any:
        def history(**_asked: object) -> pd.DataFrame:
            self._failing()
            return pd.DataFrame({"Close": [1.0] * self._minutes})

        head = {**wire.YAHOO_HEAD, "symbol": code} if code in {"AAPL", "MSFT"} else {}
        return SimpleNamespace(history=history, history_metadata=head)


def settings() -> DataSourceSettings:
    return DataSourceSettings(deadline_s=DEADLINE_S, api_key=Secret(TOKEN))


def answering(vendor: Vendor) -> Callable[[httpx2.Request], Awaitable[httpx2.Response]]:
    async def answer(request: httpx2.Request) -> httpx2.Response:
        assert vendor.body is not None
        return httpx2.Response(200, stream=httpx2.ByteStream(vendor.body(request)))

    return answer


@dataclass
class Asking:
    """A feed, and what it answered or the fault it ended with."""

    feed: VendorFeed
    answer: RawQuotes | None
    fault: PriceFault | None
    took_s: float
    network: Network | None


Outcome = tuple[RawQuotes | None, PriceFault | None]


async def outcome(feed: VendorFeed, symbols: tuple[Symbol, ...]) -> Outcome:
    try:
        return await feed.quotes(symbols), None
    except PriceFault as fault:
        return None, fault


def by_wire(vendor: Vendor, symbols: tuple[Symbol, ...], answer: Any = None, **changes: Any) -> Asking:
    time, ends = Time(), []
    network = Network(answer or answering(vendor))
    around = Surroundings(
        clock=time.clock, environment={}, transport=network, stopwatch=time.loop.time
    )  # fmt: skip
    feed = feed_of(vendor.name, replace(settings(), **changes), around)

    async def life() -> None:
        ends.append(await outcome(feed, symbols))

    time.run(life())
    return Asking(feed, *ends[0], time.loop.now_s, network)


def by_library(
    vendor: Vendor, symbols: tuple[Symbol, ...], failing: Callable[[], None] = lambda: None, wait_s: float = 5
) -> Asking:
    time = Time()
    time.loop.close()
    feed: VendorFeed = (
        AkshareFeed(time.clock, deadline_s=wait_s, api=Akshare(failing))  # type: ignore[arg-type]
        if vendor.name == "akshare"
        else YahooFeed(time.clock, deadline_s=wait_s, api=Yahoo(failing))
    )
    return Asking(feed, *asyncio.run(outcome(feed, symbols)), 0.0, None)


def ask(vendor: Vendor, *symbols: Symbol) -> Asking:
    return by_library(vendor, symbols) if vendor.body is None else by_wire(vendor, symbols)


every_feed = pytest.mark.parametrize("vendor", BY_WIRE + BY_LIBRARY, ids=lambda vendor: vendor.name)
every_wire = pytest.mark.parametrize("vendor", BY_WIRE, ids=lambda vendor: vendor.name)
every_library = pytest.mark.parametrize("vendor", BY_LIBRARY, ids=lambda vendor: vendor.name)


@every_feed
def test_each_symbol_asked_for_has_a_quote_or_a_reason(vendor):
    asking = ask(vendor, *vendor.known, vendor.unknown, vendor.foreign)

    assert asking.answer is not None
    assert set(asking.answer.quotes) == set(vendor.known)
    assert set(asking.answer.faults) == {vendor.unknown, vendor.foreign}
    assert all(asking.answer.faults.values())


@every_feed
def test_a_quote_is_dated_priced_and_names_its_symbol_and_its_source(vendor):
    asking = ask(vendor, *vendor.known)

    assert asking.answer is not None
    assert asking.answer.source == asking.feed.name == vendor.name
    for symbol, quote in asking.answer.quotes.items():
        assert quote.symbol == symbol
        assert quote.source == vendor.name
        assert isinstance(quote.last_cny, Decimal)
        assert quote.last_cny > 0
        assert quote.prev_close_cny is not None
        assert quote.stamped_at is not None
        assert quote.stamped_at.utcoffset() is not None
        assert quote.received_at == NOW


@every_feed
def test_a_symbol_asked_for_twice_is_answered_once(vendor):
    asking = ask(vendor, vendor.known[0], vendor.known[0])

    assert asking.answer is not None
    assert list(asking.answer.quotes) == [vendor.known[0]]
    assert asking.answer.faults == {}


@every_feed
def test_nothing_but_unknown_symbols_is_a_fault(vendor):
    asking = ask(vendor, vendor.unknown, vendor.foreign)

    assert asking.fault is not None
    assert "no quote at all" in asking.fault.why


@every_feed
def test_a_feed_names_whose_numbers_it_has_and_the_hosts_it_asks(vendor):
    asking = ask(vendor, *vendor.known)

    assert asking.feed.family
    calls = {"akshare": {"akshare.stock_bid_ask_em", "akshare.stock_zh_a_hist_min_em"}}
    calls["yahoo"] = {"yfinance.history"}
    states = asking.feed.host_states()
    assert {state.host for state in states} == calls.get(vendor.name, set(asking.feed.hosts))
    assert {state.standing for state in states} == {Standing.SERVING}
    assert asking.feed.hosts
    assert all(host and "/" not in host for host in asking.feed.hosts)


def test_the_library_over_east_money_is_no_check_on_east_money():
    families = {vendor.name: ask(vendor, *vendor.known).feed.family for vendor in BY_WIRE + BY_LIBRARY}

    assert families["akshare"] == families["eastmoney"] == "eastmoney"
    assert families["sina_us"] == families["sina"]
    assert len(set(families.values())) == 5  # eastmoney, sina, tencent, tushare, yahoo


@every_wire
def test_only_the_hosts_it_names_are_asked_and_only_by_https(vendor):
    asking = ask(vendor, *vendor.known)

    assert asking.network is not None
    for _, url in asking.network.asked:
        assert urlsplit(url).scheme == "https"
        assert urlsplit(url).netloc in asking.feed.hosts
        assert TOKEN not in url


@every_wire
@pytest.mark.parametrize("broken", [hangs, refuses], ids=["hangs", "refuses"])
def test_a_vendor_that_does_not_answer_is_a_fault_within_the_deadline(vendor, broken):
    asking = by_wire(vendor, vendor.known, broken)

    assert asking.fault is not None
    assert asking.took_s <= DEADLINE_S
    assert TOKEN not in str(asking.fault)
    assert asking.feed.host_states()[0].failures > 0


@every_wire
def test_a_page_for_people_is_a_fault(vendor):
    asking = by_wire(vendor, vendor.known, replies(b"<html>please verify</html>"))

    assert asking.fault is not None


@every_wire
def test_a_vendor_that_turns_us_away_is_left_alone_by_the_next_call(vendor):
    time, ends = Time(), []
    asked: list[str] = []

    async def turned_away(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        return httpx2.Response(403)

    around = Surroundings(
        clock=time.clock, environment={}, transport=Network(turned_away), stopwatch=time.loop.time
    )
    feed = feed_of(vendor.name, settings(), around)

    async def life() -> None:
        await outcome(feed, vendor.known)
        before = len(asked)
        ends.append(await outcome(feed, vendor.known))
        assert len(asked) == before

    time.run(life())

    assert "left alone" in ends[0][1].why


@every_library
def test_a_library_that_finds_no_network_is_a_fault(vendor):
    def failing() -> None:
        raise requests.ConnectionError("no route to host")

    asking = by_library(vendor, vendor.known, failing, wait_s=0.2)

    assert asking.fault is not None


@every_library
def test_a_library_that_hangs_is_given_up_on_at_the_deadline(vendor):
    over = Event()

    asking = by_library(vendor, vendor.known, lambda: bool(over.wait(30)) or None, wait_s=0.05)
    over.set()

    assert asking.fault is not None
    assert "no answer within" in asking.fault.why


def test_a_library_that_is_not_installed_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "yfinance", None)
    time = Time()
    time.loop.close()

    _, fault = asyncio.run(outcome(YahooFeed(time.clock, deadline_s=1), AMERICAN))

    assert fault is not None
    assert "kaipan[us]" in fault.why


def test_the_library_is_loaded_when_it_is_asked_and_its_own_failures_are_reasons(monkeypatch):
    class Missing(Exception):
        pass

    def failing() -> None:
        raise Missing("no such ticker")

    monkeypatch.setitem(sys.modules, "yfinance", Yahoo(failing))
    monkeypatch.setitem(sys.modules, "yfinance.exceptions", SimpleNamespace(YFException=Missing))
    time = Time()
    time.loop.close()

    _, fault = asyncio.run(outcome(YahooFeed(time.clock, deadline_s=1), AMERICAN))

    assert fault is not None
    assert "Missing: no such ticker" in fault.why


def test_shares_that_the_library_does_not_know_shut_out_nobody_else(monkeypatch):
    class Unknown(Exception):
        pass

    class NoSuch(Unknown):
        pass

    def known(symbols: Sequence[Symbol]) -> YahooFeed:
        def missing() -> None:
            if symbols is not AMERICAN:
                raise NoSuch("possibly delisted")

        return YahooFeed(time.clock, deadline_s=1, api=Yahoo(missing), gate=gate)

    monkeypatch.setitem(sys.modules, "yfinance.exceptions", SimpleNamespace(YFException=Unknown))
    time = Time()
    time.loop.close()
    gate = LibraryGate(time.clock)
    strangers = [Symbol(f"{letter}XX.US") for letter in "ABCDEFG"]

    _, fault = asyncio.run(outcome(known(strangers), strangers))
    answer, _ = asyncio.run(outcome(known(AMERICAN), AMERICAN))

    assert fault is not None
    assert answer is not None
    assert set(answer.quotes) == set(AMERICAN)


def test_an_error_page_again_and_again_is_a_host_to_leave_alone():
    def page() -> None:
        raise ValueError("expected a JSON value")

    time = Time()
    time.loop.close()
    feed = YahooFeed(time.clock, deadline_s=1, api=Yahoo(page))

    asyncio.run(outcome(feed, [Symbol(f"{letter}XX.US") for letter in "ABCDEFG"]))

    assert {state.standing for state in feed.host_states()} == {Standing.RESTING}


def test_a_chart_without_a_minute_is_no_quote_and_nothing_else_is_asked_about_it():
    class Empty(Yahoo):
        def Ticker(self, code: str) -> Any:
            return SimpleNamespace(history=super().Ticker(code).history)

    time = Time()
    time.loop.close()
    feed = YahooFeed(time.clock, deadline_s=1, api=Empty(lambda: None, minutes=0))

    _, fault = asyncio.run(outcome(feed, AMERICAN))

    assert fault is not None
    assert "no minute" in fault.why


def test_a_connection_that_is_lost_is_tried_again_and_an_answer_of_another_form_is_not():
    tries: list[int] = []

    def at_first() -> None:
        tries.append(1)
        if len(tries) < 3:
            raise ConnectionResetError

    def another_form() -> None:
        tries.append(1)
        raise ValueError("expected a JSON value")

    time = Time()
    time.loop.close()
    answer, _ = asyncio.run(outcome(YahooFeed(time.clock, deadline_s=5, api=Yahoo(at_first)), AMERICAN[:1]))
    tried = len(tries)
    _, fault = asyncio.run(
        outcome(YahooFeed(time.clock, deadline_s=5, api=Yahoo(another_form)), AMERICAN[:1])
    )

    assert answer is not None
    assert (tried, len(tries) - tried) == (3, 1)
    assert fault is not None


@pytest.mark.parametrize(
    "surfacing", [IndexError, KeyError, OverflowError, ZeroDivisionError, RecursionError]
)
def test_a_chart_of_another_form_is_a_fault_however_it_surfaces(surfacing: type[Exception]):
    """As the library itself raised them at charts with single fields changed."""

    def another_form() -> None:
        raise surfacing("out of range")

    time = Time()
    time.loop.close()
    _, fault = asyncio.run(
        outcome(YahooFeed(time.clock, deadline_s=5, api=Yahoo(another_form)), AMERICAN[:1])
    )

    assert fault is not None
    assert surfacing.__name__ in fault.why


@every_library
def test_a_library_that_finds_no_network_is_left_alone_after_some_tries(vendor):
    def failing() -> None:
        raise requests.ConnectionError("no route to host")

    time = Time()
    time.loop.close()
    feed: VendorFeed = (
        AkshareFeed(time.clock, deadline_s=0.05, api=Akshare(failing))  # type: ignore[arg-type]
        if vendor.name == "akshare"
        else YahooFeed(time.clock, deadline_s=5, api=Yahoo(failing))
    )

    async def often() -> PriceFault | None:
        ends = [await outcome(feed, vendor.known) for _ in range(6)]
        return ends[-1][1]

    fault = asyncio.run(often())

    assert fault is not None
    assert "left alone until" in fault.why
    assert Standing.RESTING in {state.standing for state in feed.host_states()}


def test_who_waits_for_a_turn_at_a_library_is_answered():
    time = Time()
    time.loop.close()
    pace = Pace(requests_per_s_max=40, burst_requests_max=1, concurrent_requests_max=4)
    feed = YahooFeed(time.clock, deadline_s=5, pace=pace, api=Yahoo(lambda: None))

    answer, _ = asyncio.run(outcome(feed, AMERICAN))

    assert answer is not None
    assert set(answer.quotes) == set(AMERICAN)


def test_symbols_that_wait_for_a_hanging_library_are_given_up_on_too():
    over = Event()
    many = tuple(Symbol(f"{letter}.US") for letter in "ABCDEFGHIJKL")

    asking = by_library(BY_LIBRARY[1], many, lambda: bool(over.wait(30)) or None, wait_s=0.05)
    over.set()

    assert asking.fault is not None
    assert "12 symbols" in asking.fault.asked


def test_more_symbols_than_are_worth_a_book_each_come_in_a_list():
    vendor = Vendor("eastmoney", MAINLAND, Symbol("600520.SH"), AMERICAN[0], eastmoney_list_body)

    asking = by_wire(vendor, (*MAINLAND, vendor.unknown), book_symbols_max=2)

    assert asking.answer is not None
    assert asking.network is not None
    assert len(asking.network.asked) == 1
    assert set(asking.answer.quotes) == set(MAINLAND)
    assert asking.answer.quotes[MAINLAND[0]].bids is None


def test_the_library_is_not_asked_for_a_fund_of_shanghai_it_would_look_for_in_shenzhen():
    asking = ask(BY_LIBRARY[0], *MAINLAND, Symbol("510300.SH"))

    assert asking.answer is not None
    assert "Shenzhen" in asking.answer.faults[Symbol("510300.SH")]
