"""What every price source must do, run against each of them."""

import asyncio
import math
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from services.clock import ReplayClock
from services.domain.bars import Frequency
from services.domain.instruments import Symbol
from services.market.akshare_source import AkshareSource
from services.market.columns import open_panel, save_panel
from services.market.demo import demo_panel
from services.market.panel_source import PanelSource
from services.market.price_files import load_prices
from services.market.quote_terms import GateTerms
from services.market.raw_quotes import RawQuote
from services.market.shared_prices import SharedPrices
from services.market.vendor_source import VendorSource
from services.ports import PriceFault, PriceSource
from tests.unit.akshare_frames import Lists, sh_list, suspended, sz_list, warned
from tests.unit.raw_market import FakeFeed, raw

CN = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 7, 14, 10, 35, tzinfo=CN)
KNOWN = (Symbol("605901.SH"), Symbol("003903.SZ"))
UNKNOWN = Symbol("510050.SH")
FEEDS = ("one", "two")
"""The vendors behind a source of several, which its quotes name."""


@dataclass(frozen=True)
class Given:
    source: PriceSource
    clock: ReplayClock


class SmallVendor(Lists):
    """Akshare with one fixed quote, dated by the minute of `NOW`, and lists of the known alone."""

    def __init__(self):
        super().__init__(
            sh=sh_list(("605901", "甲", date(2021, 1, 4))),
            sz=sz_list(("003903", "乙", "2021-01-04")),
            st=warned(("600001", "ST丙")),
            tfp=suspended(("600001", "连续停牌", date(2026, 7, 1), None, None)),
        )

    def stock_bid_ask_em(self, symbol):
        items = {"最新": 20.35, "昨收": 20.38, "涨停": 22.42, "跌停": 18.34, "buy_1": 20.34, "buy_1_vol": 300}
        return pd.DataFrame({"item": list(items), "value": list(items.values())})

    def stock_zh_a_hist_min_em(self, symbol, start_date, period):
        return pd.DataFrame({"时间": [f"{NOW:%Y-%m-%d %H:%M:%S}"]})


def demo(clock: ReplayClock, folder: Path) -> PriceSource:
    return PanelSource(demo_panel(), clock)


def demo_daily(clock: ReplayClock, folder: Path) -> PriceSource:
    return PanelSource(demo_panel(frequency=Frequency.DAILY), clock)


def stored(clock: ReplayClock, folder: Path) -> PriceSource:
    return PanelSource(open_panel(folder, save_panel(demo_panel(), folder)), clock)


def file(clock: ReplayClock, folder: Path) -> PriceSource:
    path = folder / "prices.csv"
    bars = [
        f"{symbol},{day} {hour},20.30,20.50,20.20,20.40,1000,20.38"
        for symbol in KNOWN
        for day, hour in (("2026-07-13", "15:00:00"), ("2026-07-14", "10:30:00"), ("2026-07-14", "11:30:00"))
    ]
    path.write_text(
        "\n".join(["ts_code,trade_time,open,high,low,close,vol,pre_close", *bars]), encoding="utf-8"
    )
    return PanelSource(load_prices(path, cache_dir=folder), clock)


def vendor(clock: ReplayClock, folder: Path) -> PriceSource:
    return AkshareSource(clock, api=SmallVendor(), pause_s=0)


def shared(clock: ReplayClock, folder: Path) -> PriceSource:
    return SharedPrices(vendor(clock, folder), clock).seat(KNOWN)


def vendors(clock: ReplayClock, folder: Path) -> PriceSource:
    def says(symbol: Symbol, now: datetime) -> RawQuote | str:
        known = symbol in KNOWN and now.date() == NOW.date()
        return replace(raw(symbol), stamped_at=now) if known else "nothing is known of it"

    feeds = [FakeFeed(name, clock, says, takes_s=0.0) for name in FEEDS]
    return VendorSource(feeds, vendor(clock, folder), clock, GateTerms())


@pytest.fixture(
    params=[demo, demo_daily, stored, file, vendor, shared, vendors], ids=lambda make: make.__name__
)
def given(request, tmp_path):
    clock = ReplayClock(NOW)
    return Given(request.param(clock, tmp_path), clock)


def prices(given, *symbols):
    return asyncio.run(given.source.get_current_prices(symbols))


def test_a_snapshot_is_of_the_clocks_moment_and_names_its_source(given):
    snapshot = prices(given, *KNOWN)

    assert snapshot.moment == NOW
    assert snapshot.source == given.source.name != ""


def test_every_known_symbol_has_a_dated_positive_quote_that_is_not_from_the_future(given):
    snapshot = prices(given, *KNOWN)

    for symbol in KNOWN:
        quote = snapshot.get(symbol)
        assert quote is not None
        assert quote.symbol == symbol
        assert quote.last_cny > 0
        assert quote.prev_close_cny is not None
        assert quote.seen_at <= NOW
        assert quote.seen_at.astimezone(CN).date() == NOW.date()
        assert quote.source in (given.source.name, *FEEDS)
        assert not quote.barred


def test_the_last_prices_stand_in_the_order_of_the_snapshots_symbols(given):
    snapshot = prices(given, *KNOWN)

    lasts = dict(zip(snapshot.symbols, snapshot.lasts().tolist(), strict=True))

    for symbol in KNOWN:
        quote = snapshot.get(symbol)
        assert quote is not None
        assert lasts[symbol] == float(quote.last_cny)


def test_the_same_instant_asked_twice_gives_the_same_quotes(given):
    first, second = prices(given, *KNOWN), prices(given, *KNOWN)

    assert [first.get(symbol) for symbol in KNOWN] == [second.get(symbol) for symbol in KNOWN]


def test_a_later_moment_is_asked_anew(given):
    prices(given, *KNOWN)
    later = NOW + timedelta(minutes=1)

    given.clock.show(later)

    assert prices(given, *KNOWN).moment == later


def test_a_symbol_that_was_not_found_has_no_quote(given):
    snapshot = prices(given, *KNOWN)

    assert snapshot.get(UNKNOWN) is None


def test_where_nothing_is_known_it_raises_instead_of_answering_empty(given):
    with pytest.raises(PriceFault):
        prices(given, UNKNOWN)


def test_a_day_without_prices_raises(given):
    given.clock.show(datetime(2026, 7, 25, 10, 35, tzinfo=CN))

    with pytest.raises(PriceFault):
        prices(given, *KNOWN)


def test_facts_are_given_for_what_is_known_and_left_out_for_the_rest(given):
    facts = asyncio.run(given.source.get_instruments((*KNOWN, UNKNOWN)))

    told = [one.symbol for one in facts.instruments if not facts.unknown.get(one.symbol)]
    assert set(told) <= set(KNOWN)
    assert len(told) == len(set(told))
    assert UNKNOWN not in told


def test_facts_of_symbols_nobody_asked_for_are_not_told(given):
    facts = asyncio.run(given.source.get_instruments(KNOWN[:1]))

    assert {one.symbol for one in facts.instruments} | set(facts.unknown) <= set(KNOWN[:1])


def test_bars_in_hand_show_nothing_that_has_not_ended(given):
    panel = given.source.panel
    if panel is None:
        return

    history = panel.until(NOW)

    assert all(end <= NOW.timestamp() for end in history.ends(history.rows).tolist())
    assert history.closes(1).shape == (1, len(panel.symbols))
    assert not math.isnan(history.closes(1)[0, panel.column[KNOWN[0]]])
