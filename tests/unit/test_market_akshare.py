import asyncio
import threading
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
import requests

from services.clock import ReplayClock
from services.domain.instruments import Symbol
from services.domain.quotes import Level
from services.market import request_timeout
from services.market.akshare_calls import Turn
from services.market.akshare_quotes import NotAQuote
from services.market.akshare_source import AkshareSource
from services.market.request_timeout import limit_requests_of_this_thread
from services.ports import PriceFault

CN = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 20, 10, 35, 20, tzinfo=CN)
MAOTAI = Symbol("600519.SH")
PING_AN = Symbol("000001.SZ")
EMPTY = "-" * 100  # What akshare makes of an empty level: the vendor's "-" times 100.


def book(**changed):
    """The 36 items of akshare 1.19.5's frame, in its order, five levels either side."""
    items: dict[str, object] = {}
    for level in (5, 4, 3, 2, 1):
        items[f"sell_{level}"] = 1450.0 + level / 100
        items[f"sell_{level}_vol"] = level * 100
    for level in (1, 2, 3, 4, 5):
        items[f"buy_{level}"] = 1450.0 - level / 100
        items[f"buy_{level}_vol"] = level * 200
    items |= {"最新": 1450.0, "均价": 1449.1, "涨幅": 0.69, "涨跌": 10.0, "总手": 12345, "金额": 1.79e9}
    items |= {"换手": 0.1, "量比": 0.9, "最高": 1455.0, "最低": 1440.0, "今开": 1441.0, "昨收": 1440.0}
    items |= {"涨停": 1584.0, "跌停": 1296.0, "外盘": 6000, "内盘": 6345}
    return items | changed


def minutes(*labels):
    columns = ["时间", "开盘", "收盘", "最高", "最低", "成交量", "成交额", "均价"]
    rows = [[label, 1450.0, 1450.0, 1450.0, 1450.0, 12, 1.7e6, 1449.0] for label in labels]
    return pd.DataFrame(rows, columns=columns)


class FakeAkshare:
    """Answers as akshare does; an answer that is an exception is raised, a list is used up in order."""

    def __init__(self, items=None, labels=("2026-11-20 10:34:00", "2026-11-20 10:35:00"), fails=()):
        self.items = book() if items is None else items
        self.labels = labels
        self.fails = list(fails)
        self.asked = []

    def stock_bid_ask_em(self, symbol):
        self.asked.append(symbol)
        if self.fails:
            raise self.fails.pop(0)
        frame = pd.DataFrame.from_dict(self.items, orient="index").reset_index()
        frame.columns = ["item", "value"]
        return frame

    def stock_zh_a_hist_min_em(self, symbol, start_date, period):
        assert (period, start_date) == ("1", "2026-11-20 00:00:00")
        return minutes(*self.labels)


def source(api, **options):
    return AkshareSource(ReplayClock(NOW), api=api, pause_s=0, workers=1, **options)


def snapshot(api, *symbols, **options):
    return asyncio.run(source(api, **options).get_current_prices(symbols or (MAOTAI,)))


def fault_of(api, *symbols, **options):
    with pytest.raises(PriceFault) as caught:
        snapshot(api, *symbols, **options)
    return caught.value.why


def test_a_quote_has_prices_limits_five_levels_in_shares_and_its_source():
    quote = snapshot(FakeAkshare()).get(MAOTAI)

    assert quote is not None
    assert (quote.last_cny, quote.prev_close_cny) == (Decimal("1450.0"), Decimal("1440.0"))
    assert (quote.limit_up_cny, quote.limit_down_cny) == (Decimal("1584.0"), Decimal("1296.0"))
    assert quote.asks is not None
    assert quote.bids is not None
    assert quote.asks[0] == Level(price_cny=Decimal("1450.01"), shares=100)
    assert quote.asks[4] == Level(price_cny=Decimal("1450.05"), shares=500)
    assert quote.bids[0] == Level(price_cny=Decimal("1449.99"), shares=200)
    assert len(quote.bids) == 5
    assert quote.source == "akshare"
    assert not quote.approximate


def test_a_quote_is_dated_by_the_last_minute_bar():
    quote = snapshot(FakeAkshare()).get(MAOTAI)

    assert quote is not None
    assert quote.seen_at == datetime(2026, 11, 20, 10, 35, tzinfo=CN)


def test_a_minute_in_progress_dates_the_quote_now_and_not_later():
    quote = snapshot(FakeAkshare(labels=("2026-11-20 10:36:00",))).get(MAOTAI)

    assert quote is not None
    assert quote.seen_at == NOW


@pytest.mark.parametrize(
    "labels",
    [
        (),
        ("2026-11-19 15:00:00",),
        ("2026-11-20 10:37:00",),  # 100 s ahead: more than a minute in progress explains.
        ("soon",),
    ],
)
def test_a_quote_without_a_stamp_of_now_is_no_quote(labels):
    assert MAOTAI in fault_of(FakeAkshare(labels=labels))


def test_an_empty_level_is_hyphens_and_is_left_out():
    sealed = {
        f"sell_{level}{suffix}": EMPTY if suffix else "-" for level in range(1, 6) for suffix in ("", "_vol")
    }

    quote = snapshot(FakeAkshare(book(**sealed, buy_5="-", buy_5_vol=EMPTY))).get(MAOTAI)

    assert quote is not None
    assert quote.asks == ()
    assert quote.bids is not None
    assert len(quote.bids) == 4


def test_where_both_sides_are_empty_no_book_is_known():
    names = [
        f"{side}_{level}{suffix}"
        for side in ("buy", "sell")
        for level in range(1, 6)
        for suffix in ("", "_vol")
    ]

    quote = snapshot(FakeAkshare(book(**dict.fromkeys(names, "-")))).get(MAOTAI)

    assert quote is not None
    assert quote.asks is None
    assert quote.bids is None


@pytest.mark.parametrize("missing", ["-", 0, 0.0, None, float("nan"), "", True])
def test_a_missing_previous_close_or_limit_is_unknown_and_never_zero(missing):
    quote = snapshot(FakeAkshare(book(昨收=missing, 涨停=missing, 跌停=missing))).get(MAOTAI)

    assert quote is not None
    assert (quote.prev_close_cny, quote.limit_up_cny, quote.limit_down_cny) == (None, None, None)


def test_without_a_last_price_there_is_no_quote():
    assert MAOTAI in fault_of(FakeAkshare(book(最新="-")))


@pytest.mark.parametrize(
    "symbol", ["510300.SH", "159915.SZ", "113001.SH", "900901.SH", "AAPL.US", "999999.SH"]
)
def test_what_the_vendor_call_would_mistake_for_another_exchange_is_not_asked(symbol):
    api = FakeAkshare()

    assert symbol in fault_of(api, Symbol(symbol))
    assert api.asked == []


def test_a_symbol_that_fails_does_not_take_the_others_with_it():
    class HalfDown(FakeAkshare):
        def stock_bid_ask_em(self, symbol):
            if symbol == "000001":
                raise TypeError("'NoneType' object is not subscriptable")
            return super().stock_bid_ask_em(symbol)

    shown = snapshot(HalfDown(), PING_AN, MAOTAI)

    assert shown.symbols == (PING_AN, MAOTAI)
    assert shown.get(PING_AN) is None
    assert set(shown.faults) == {PING_AN}
    assert shown.get(MAOTAI) is not None
    assert shown.moment == NOW


@pytest.mark.parametrize("failure", [requests.ConnectionError("reset"), requests.Timeout("late")])
def test_a_network_error_is_tried_again_and_three_are_enough(failure):
    twice, thrice = FakeAkshare(fails=[failure] * 2), FakeAkshare(fails=[failure] * 3)

    assert snapshot(twice).get(MAOTAI) is not None
    assert MAOTAI in fault_of(thrice)
    assert (len(twice.asked), len(thrice.asked)) == (3, 3)


@pytest.mark.parametrize(
    "failure",
    [
        TypeError("null"),
        KeyError("data"),
        requests.JSONDecodeError("html", "<", 0),
        ZeroDivisionError("of no rows"),
        RecursionError("too deep"),
    ],
)
def test_another_answer_is_not_asked_for_again(failure):
    api = FakeAkshare(fails=[failure])

    assert MAOTAI in fault_of(api)
    assert len(api.asked) == 1


def test_a_bug_is_not_taken_for_a_fault_of_the_vendor():
    with pytest.raises(NotImplementedError):
        snapshot(FakeAkshare(fails=[NotImplementedError()]))


def test_asking_for_nothing_is_a_fault():
    with pytest.raises(PriceFault):
        asyncio.run(source(FakeAkshare()).get_current_prices(()))


def test_what_hangs_is_given_up_at_the_deadline_and_what_came_is_kept(caplog):
    released = threading.Event()

    class Hangs(FakeAkshare):
        def stock_bid_ask_em(self, symbol):
            if symbol == "600519":
                released.wait(30)
            return super().stock_bid_ask_em(symbol)

    api = Hangs()
    try:
        shown = snapshot(api, PING_AN, MAOTAI, Symbol("600036.SH"), deadline_s=0.3)
    finally:
        released.set()
        for thread in threading.enumerate():
            if thread.name.startswith("akshare"):
                thread.join()

    assert caplog.records == []  # The late answer finds nobody and complains to nobody.
    assert shown.get(PING_AN) is not None
    assert set(shown.faults) == {MAOTAI, "600036.SH"}  # The third stood behind the one that hung.


def test_a_symbol_whose_time_ran_out_between_two_requests_is_not_asked_further():
    late = threading.Event()

    class SlowMinutes(FakeAkshare):
        def stock_zh_a_hist_min_em(self, symbol, start_date, period):
            late.set()
            return super().stock_zh_a_hist_min_em(symbol, start_date, period)

    api = SlowMinutes()

    turn = Turn(api=api, again=lambda ask, *given: ask(*given), late=late)

    with pytest.raises(NotAQuote):
        source(api)._quote(MAOTAI, turn)
    assert api.asked == []


def test_requests_get_a_timeout_in_the_thread_that_asked_for_it_alone(monkeypatch):
    given = []

    class Session:
        def request(self, method, url, **options):
            given.append(options.get("timeout"))

    monkeypatch.setattr(requests, "Session", Session)
    monkeypatch.setattr(request_timeout, "_here", threading.local())

    limit_requests_of_this_thread(6.0)
    limit_requests_of_this_thread(5.0)
    Session().request("get", "http://localhost")
    Session().request("get", "http://localhost", timeout=15)
    Session().request("get", "http://localhost", timeout=2)
    other = threading.Thread(target=lambda: Session().request("get", "http://localhost"))
    other.start()
    other.join()

    assert given == [5.0, 5.0, 2, None]


class Reply:
    """What `requests` hands akshare: a body it asks for as JSON."""

    def __init__(self, body):
        self.body = body

    def json(self):
        return self.body


# akshare 1.19.5 calls what pandas 3.1 deprecates; it is not ours to mend.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_akshare_itself_turns_the_vendors_json_into_what_is_read_here(monkeypatch):
    numbers = dict.fromkeys((f"f{number}" for number in range(1, 300)), 1.0)
    numbers |= {"f43": 1450.0, "f60": 1440.0, "f51": 1584.0, "f52": 1296.0}
    numbers |= {"f19": 1449.99, "f20": 7, "f39": "-", "f40": "-"}  # Best bid 7 lots, best ask empty.
    trends = [f"2026-11-{day} 10:35,1450,1450,1450,1450,12,1700000,1449" for day in ("19", "20")]
    asked = []

    def request(self, method, url, **options):
        asked.append((url.rpartition("/api/")[2], options["timeout"]))
        return Reply({"data": {"trends": trends} if "trends2" in url else numbers})

    monkeypatch.setattr(requests.Session, "request", request)
    quote = snapshot(None).get(MAOTAI)

    assert quote is not None
    assert quote.seen_at == datetime(2026, 11, 20, 10, 35, tzinfo=CN)
    assert quote.last_cny == Decimal("1450.0")
    assert quote.bids is not None
    assert quote.bids[0] == Level(price_cny=Decimal("1449.99"), shares=700)
    assert quote.asks is not None
    assert len(quote.asks) == 4
    assert asked == [("qt/stock/trends2/get", 6.0), ("qt/stock/get", 6.0)]
