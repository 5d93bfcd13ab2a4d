"""What of the configuration the quote gate, its sources and its cache are made of."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from commands.doctor_network import fact_hosts, vendor_hosts
from commands.failures import CommandFailed
from commands.live_prices import feeds_for, gate_terms, live_source, require_source
from services.clock import VirtualClock
from services.market.feeds.breaker import HostState
from services.market.quote_terms import CrossCheck, GateTerms
from services.market.vendor_source import VendorSource
from services.settings import Settings, SettingsError
from services.settings_file import load_settings
from tests.exchange_market import MAIN
from tests.unit.raw_market import FakeFeed, clock_at, raw
from tests.unit.test_vendor_source import LoopClock, Rest

NOW = clock_at("10:35:00")
TOKEN = {"KAIPAN_DATA_API_KEY": "token"}


def settings(environment: dict[str, str] | None = None, **keys: Any) -> Settings:
    given = {key.replace("__", "."): value for key, value in keys.items()}
    return load_settings(None, overrides=given, environment=environment or {}, dotenv=None)


def names(found: Settings) -> list[str]:
    return [feed.name for feed in feeds_for(found, VirtualClock(NOW))]


def test_the_gate_is_as_strict_as_the_trading_rules_say_where_nothing_is_set():
    assert gate_terms(settings()) == GateTerms(
        cross_check=CrossCheck.REQUIRE, age_s_max=15, auction_age_s_max=30, break_age_s_max=60,
        ahead_s_max=2, apart_s_max=10, last_ticks_max=2, last_ratio_max=Decimal("0.003"),
    )  # fmt: skip


def test_every_key_of_the_gate_reaches_it():
    given = {
        "cross_check": "when_available", "age_s_max": 21, "auction_age_s_max": 22, "break_age_s_max": 23,
        "ahead_s_max": 4, "apart_s_max": 25, "last_ticks_max": 6, "last_ratio_max": "0.007",
    }  # fmt: skip

    found = gate_terms(settings(**{f"quote_gate__{key}": value for key, value in given.items()}))

    assert [str(getattr(found, key)) for key in given] == [str(one) for one in given.values()]
    assert set(given) == set(GateTerms.__dataclass_fields__)


@pytest.mark.parametrize(("keys", "sources"), [
    ({}, ["eastmoney", "sina", "tencent"]),
    ({"data_source__type": "tushare"}, ["tushare", "sina", "tencent"]),
    ({"data_source__sources": ["tencent", "eastmoney"]}, ["tencent", "eastmoney"]),
    ({"market": "us"}, ["yahoo", "sina_us"]),
])  # fmt: skip
def test_sources_are_those_named_or_the_kinds_own(keys: dict[str, Any], sources: list[str]):
    found = settings(TOKEN, **keys)

    require_source(found)

    assert names(found) == sources


@pytest.mark.parametrize("keys", [
    {"data_source__sources": ["eastmoney"]},
    {"data_source__sources": ["eastmoney", "akshare"]},  # One family.
    {"data_source__sources": ["tushare", "sina"]},  # Without its token.
    {"data_source__type": "nobody"},
])  # fmt: skip
def test_sources_that_could_never_be_believed_are_refused_before_anything_starts(keys: dict[str, Any]):
    with pytest.raises(CommandFailed):
        require_source(settings(**keys))


class BrokerQuotes(FakeFeed):
    """What a broker's adapter may offer beside its orders."""

    def host_states(self) -> tuple[HostState, ...]:
        return ()


def test_a_broker_that_tells_quotes_stands_among_the_sources_by_its_own_name_and_family():
    clock = LoopClock()
    ours = settings(data_source__sources=["broker", "sina"])
    offered = BrokerQuotes("one", clock, lambda symbol, now: replace(raw(symbol), stamped_at=now))
    second = FakeFeed("two", clock, lambda symbol, now: replace(raw(symbol), stamped_at=now))

    require_source(ours, offered)
    first, sina = feeds_for(ours, VirtualClock(NOW), broker=offered)
    source = VendorSource((first, second), Rest(), clock, GateTerms())
    snapshot = clock.run(source.get_current_prices((MAIN,)))
    clock.loop.close()

    assert (first, sina.name) == (offered, "sina")
    quote = snapshot.get(MAIN)
    assert (quote.source, quote.confirmed_by, quote.barred) == ("one", "two", "")
    assert live_source(ours, VirtualClock(NOW), lambda _why: None, broker=offered).name == "akshare"


def test_a_broker_is_no_check_on_a_source_whose_numbers_it_passes_on():
    ours = settings(data_source__sources=["broker", "sina"])
    passed_on = BrokerQuotes("one", VirtualClock(NOW), lambda symbol, now: raw(symbol), family="sina")

    with pytest.raises(CommandFailed, match="cannot confirm"):
        require_source(ours, passed_on)


def test_a_broker_that_tells_no_quotes_cannot_be_named_as_a_source():
    ours = settings(data_source__sources=["sina", "broker"])

    for use in (require_source, lambda one: live_source(one, VirtualClock(NOW), lambda _why: None)):
        with pytest.raises(CommandFailed, match=r"data_source\.sources.*simulated") as refused:
            use(ours)
        assert "\n" not in str(refused.value)
    assert vendor_hosts(ours) == ()


@pytest.mark.parametrize("check", ["when_available", "off"])
def test_one_source_is_enough_where_no_second_one_is_asked_for(check: str):
    require_source(settings(data_source__sources=["sina"], quote_gate__cross_check=check))


def test_the_source_keeps_the_name_accounts_were_begun_with():
    source = live_source(settings(), VirtualClock(NOW), lambda _why: None)

    assert (source.name, source.panel) == ("akshare", None)


@pytest.mark.parametrize("url", ["redis://127.0.0.1:6379/0", "rediss://cache:6380", "unix:///run/redis.sock"])
def test_a_redis_without_a_password_may_stand_in_the_file(url: str, monkeypatch: pytest.MonkeyPatch):
    made: list[str] = []
    monkeypatch.setattr("services.market.redis_quotes._connect", made.append)

    live_source(settings(data_source__redis_url=url), VirtualClock(NOW), lambda _why: None)

    assert made == [url]


def test_a_redis_password_comes_from_the_environment_alone_and_is_never_shown():
    url = "redis://:hush-hush@127.0.0.1:6379/0"

    with pytest.raises(SettingsError) as refused:
        settings(data_source__redis_url=url)
    held = settings({"KAIPAN_REDIS_URL": url})

    assert "KAIPAN_REDIS_URL" in str(refused.value)
    assert "hush-hush" not in str(refused.value) + repr(held) + str(held)
    assert held.data_source.redis_url is not None
    assert held.data_source.redis_url.reveal() == url


def test_an_address_of_another_kind_is_no_redis():
    with pytest.raises(SettingsError, match="redis_url"):
        settings(data_source__redis_url="http://127.0.0.1:6379")


def test_doctor_looks_for_the_hosts_of_every_configured_source_and_of_the_facts():
    ours = settings(data_source__sources=["tencent", "eastmoney", "akshare"])

    quotes = [host.host for host in vendor_hosts(ours)]
    facts = [host.host for host in fact_hosts(ours)]

    assert quotes == ["qt.gtimg.cn", "push2.eastmoney.com", "push2his.eastmoney.com"]
    assert {"push2his.eastmoney.com", "query.sse.com.cn", "www.szse.cn", "www.bse.cn"} <= set(facts)
    assert fact_hosts(settings(market="us")) == ()
