"""Which feeds a configuration makes, and what it loads for them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from services.clock import VirtualClock
from services.domain.instruments import Market
from services.market.feeds.choice import Surroundings, feeds_of, sources_of, tushare_calls
from services.settings_reading import Refused, read_section
from services.settings_sections import DataSourceSettings
from tests import vendor_bytes
from tests.vendor_network import NOW, Network, Time, replies

ROOT = Path(__file__).parents[2]
AROUND = Surroundings(clock=VirtualClock(NOW), environment={})

WITHOUT_VENDORS = """
import sys
from datetime import UTC, datetime
from services.clock import VirtualClock
from services.market.feeds.choice import Surroundings, feed_of
from services.settings_sections import DataSourceSettings
around = Surroundings(clock=VirtualClock(datetime(2026, 7, 14, tzinfo=UTC)), environment={})
for name in ("eastmoney", "sina", "tencent", "tushare", "akshare", "yahoo", "sina_us"):
    assert feed_of(name, DataSourceSettings(), around).name == name
print(*sys.modules)
"""


def settings(**changes: object) -> DataSourceSettings:
    return read_section(DataSourceSettings, changes)


@pytest.mark.parametrize(
    ("given", "market", "names"),
    [
        ({}, Market.CN, ("eastmoney", "sina", "tencent")),
        ({"type": "tushare"}, Market.CN, ("tushare", "sina", "tencent")),
        ({}, Market.US, ("yahoo", "sina_us")),
        ({"sources": ("tencent", "akshare")}, Market.CN, ("tencent", "akshare")),
    ],
)
def test_feeds_come_in_the_order_of_preference(given, market, names):
    assert sources_of(settings(**given), market) == names
    assert tuple(feed.name for feed in feeds_of(settings(**given), AROUND, market)) == names


def test_tushare_is_asked_no_faster_than_it_allows_whatever_is_configured():
    time, network = Time(), Network(replies(vendor_bytes.tushare(["a"], [[1]])))
    around = Surroundings(
        clock=time.clock, environment={}, transport=network, stopwatch=time.loop.time
    )  # fmt: skip
    calls = tushare_calls(settings(burst_requests_max=1, requests_per_s_max=50, api_key="token"), around)

    async def life() -> None:
        for _ in range(3):
            await calls.rows("daily", {}, ["a"])

    time.run(life())

    # 8 a second.
    assert [at_s for at_s, _ in network.asked] == [0.0, 0.125, 0.25]


@pytest.mark.parametrize(
    "wrong",
    [
        {"sources": ("sina", "sina")},
        {"sources": ("reuters",)},
        {"deadline_s": 0},
        {"requests_per_s_max": 0},
        {"burst_requests_max": 0},
        {"concurrent_requests_max": 0},
        {"book_symbols_max": -1},
    ],
)
def test_a_source_that_is_none_and_a_pace_that_stands_still_are_refused(wrong):
    with pytest.raises(Refused):
        settings(**wrong)


def test_no_vendors_library_is_loaded_before_it_is_asked():
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_VENDORS], cwd=ROOT, check=True, capture_output=True, text=True
    )

    loaded = set(done.stdout.split())
    assert loaded & {"akshare", "tushare", "yfinance", "pandas", "requests", "httpx2"} == set()
