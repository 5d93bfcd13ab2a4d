import asyncio
import math
import threading
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
import requests

from services.clock import ReplayClock
from services.domain.bars import Adjustment, Frequency, VolumeUnit
from services.domain.instruments import Symbol
from services.market.akshare_source import AkshareSource
from services.market.columns import open_panel, save_panel
from services.market.recent_bars import first_day
from services.ports import PriceFault

CN = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 20, 10, 35, 20, tzinfo=CN)  # A Friday.
AFTER_CLOSE = datetime(2026, 11, 20, 15, 5, tzinfo=CN)
MAOTAI, PING_AN, BANK = Symbol("600519.SH"), Symbol("000001.SZ"), Symbol("600036.SH")
DAYS = ("2026-11-18", "2026-11-19", "2026-11-20")
HOURS = ("2026-11-19 15:00:00", "2026-11-20 10:30:00", "2026-11-20 11:30:00")
# akshare 1.19.5: the daily frame has the code second, the hourly one the changes before the volume.
DAILY_COLUMNS = [
    "日期",
    "股票代码",
    "开盘",
    "收盘",
    "最高",
    "最低",
    "成交量",
    "成交额",
    "振幅",
    "涨跌幅",
    "涨跌额",
    "换手率",
]
HOURLY_COLUMNS = [
    "时间",
    "开盘",
    "收盘",
    "最高",
    "最低",
    "涨跌幅",
    "涨跌额",
    "成交量",
    "成交额",
    "振幅",
    "换手率",
]


def frame(columns, labels, changed=None, code="600519"):
    """Bars that open at 10, 11, ... and close 0.5 higher, high 1 and low 1 away, of 100, 101, ... lots."""
    rows = []
    for i, label in enumerate(labels):
        bar = {"日期": label, "时间": label, "股票代码": code, "成交额": 1e6}
        bar |= {"开盘": 10.0 + i, "收盘": 10.5 + i, "最高": 11.0 + i, "最低": 9.0 + i, "成交量": 100 + i}
        rows.append([bar.get(column, 0.1) for column in columns])
    made = pd.DataFrame(rows, columns=columns)
    for (row, column), value in (changed or {}).items():
        made[column] = made[column].astype(object)
        made.loc[row, column] = value
    return made


def daily(*labels, **options):
    return frame(DAILY_COLUMNS, [date.fromisoformat(label) for label in labels], **options)


def hourly(*labels):
    return frame(HOURLY_COLUMNS, labels)


class Vendor:
    """Answers as akshare does, one frame a code; an answer that is an exception is raised."""

    def __init__(self, **answers):
        self.answers = answers
        self.asked = []
        self.fails = []

    def stock_zh_a_hist(self, symbol, period, start_date, end_date, adjust):
        self.asked.append((symbol, period, start_date, end_date, adjust))
        return self.answer(symbol)

    def stock_zh_a_hist_min_em(self, symbol, start_date, period, adjust=""):
        self.asked.append((symbol, period, start_date, adjust))
        return self.answer(symbol)

    def answer(self, symbol):
        if self.fails:
            raise self.fails.pop(0)
        answer = self.answers[f"of_{symbol}"]
        if isinstance(answer, Exception):
            raise answer
        return answer


def history(api, *symbols, frequency=Frequency.DAILY, now=NOW, **options):
    source = AkshareSource(ReplayClock(now), api=api, pause_s=0, workers=1, **options)
    return asyncio.run(source.get_history(symbols or (MAOTAI,), frequency))


def fault_of(api, *symbols, **options):
    with pytest.raises(PriceFault) as caught:
        history(api, *symbols, **options)
    return caught.value.why


def test_daily_bars_are_a_panel_adjusted_forward_with_volume_in_lots():
    panel = history(Vendor(of_600519=daily("2026-11-18", "2026-11-19")))

    assert panel.symbols == (MAOTAI,)
    assert (panel.frequency, panel.adjustment) == (Frequency.DAILY, Adjustment.FORWARD)
    assert panel.volume_unit is VolumeUnit.LOT
    assert panel.source == "akshare:history"
    assert panel.open[:, 0].tolist() == [10.0, 11.0]
    assert panel.high[:, 0].tolist() == [11.0, 12.0]
    assert panel.low[:, 0].tolist() == [9.0, 10.0]
    assert panel.close[:, 0].tolist() == [10.5, 11.5]
    assert panel.volume[:, 0].tolist() == [100.0, 101.0]
    assert [date.fromordinal(day).isoformat() for day in panel.days] == ["2026-11-18", "2026-11-19"]
    assert panel.prev_close is None
    assert not panel.synthetic


def test_hourly_bars_end_where_they_are_labelled():
    panel = history(Vendor(of_600519=hourly(*HOURS[:2])), frequency=Frequency.HOURLY)

    ends = [datetime.fromtimestamp(end, CN).strftime("%Y-%m-%d %H:%M:%S") for end in panel.ends.tolist()]
    assert ends == ["2026-11-19 15:00:00", "2026-11-20 10:30:00"]
    assert panel.frequency is Frequency.HOURLY
    assert panel.close[:, 0].tolist() == [10.5, 11.5]
    assert panel.volume[:, 0].tolist() == [100.0, 101.0]


@pytest.mark.parametrize(
    ("frequency", "vendor", "now", "rows"),
    [
        (Frequency.DAILY, Vendor(of_600519=daily(*DAYS)), NOW, 2),  # Today's bar ends at 15:00.
        (Frequency.DAILY, Vendor(of_600519=daily(*DAYS)), AFTER_CLOSE, 3),
        (Frequency.HOURLY, Vendor(of_600519=hourly(*HOURS)), NOW, 2),  # The bar to 11:30 is under way.
        (Frequency.HOURLY, Vendor(of_600519=hourly(*HOURS)), NOW.replace(hour=11, minute=35), 3),
    ],
)
def test_a_bar_that_has_not_ended_is_left_out(frequency, vendor, now, rows):
    panel = history(vendor, frequency=frequency, now=now)

    assert len(panel.ends) == rows
    assert max(panel.ends.tolist()) <= now.timestamp()


def test_a_bar_that_ends_while_the_vendor_is_asked_is_left_out():
    clock = ReplayClock(NOW.replace(hour=14, minute=59, second=59))

    class Slow(Vendor):
        def answer(self, symbol):
            clock.show(AFTER_CLOSE)
            return super().answer(symbol)

    source = AkshareSource(clock, api=Slow(of_600519=daily(*DAYS)), pause_s=0)

    assert len(asyncio.run(source.get_history((MAOTAI,), Frequency.DAILY)).ends) == 2


def test_the_vendor_is_asked_for_forward_adjusted_bars_of_the_last_weeks():
    by_day, by_hour = Vendor(of_600519=daily(*DAYS)), Vendor(of_600519=hourly(*HOURS))

    history(by_day)
    history(by_hour, frequency=Frequency.HOURLY)

    # Days: 12 weeks before Monday 2026-11-09, where a block of four began; hours: 3 before 2026-11-16.
    assert by_day.asked == [("600519", "daily", "20260817", "20261120", "qfq")]
    assert by_hour.asked == [("600519", "60", "2026-10-26 00:00:00", "qfq")]


@pytest.mark.parametrize(("frequency", "weeks"), [(Frequency.DAILY, 4), (Frequency.HOURLY, 1)])
def test_the_first_bar_stays_the_same_for_a_whole_block_of_weeks(frequency, weeks):
    days = [datetime(2026, 8, 3, 9, 35, tzinfo=CN) + timedelta(days=i) for i in range(7 * 12)]

    firsts = [first_day(frequency, day) for day in days]

    assert {first.weekday() for first in firsts} == {0}
    changes = [i for i in range(1, len(days)) if firsts[i] != firsts[i - 1]]
    assert {later - earlier for earlier, later in pairwise(changes)} == {7 * weeks}


def test_columns_stand_in_the_order_asked_and_rows_hold_whatever_somebody_traded():
    vendor = Vendor(
        of_600519=daily("2026-11-18", "2026-11-19"),
        of_000001=daily("2026-11-17", "2026-11-18", code="000001"),
    )

    panel = history(vendor, MAOTAI, PING_AN, MAOTAI)

    assert panel.symbols == (MAOTAI, PING_AN)
    assert len(panel.ends) == 3
    assert math.isnan(panel.close[0, 0])
    assert panel.close[1:, 0].tolist() == [10.5, 11.5]
    assert panel.close[:2, 1].tolist() == [10.5, 11.5]
    assert math.isnan(panel.close[2, 1])


@pytest.mark.parametrize(
    "answer",
    [
        pd.DataFrame(),  # What akshare makes of `data: null` for days ...
        TypeError("'NoneType' object is not subscriptable"),  # ... and for hours.
        daily("2026-11-20"),  # Begun, not ended.
        daily("2026-11-18", changed={(0, "收盘"): float("nan")}),
        daily("2026-11-18", changed={(0, "成交量"): float("nan")}),
        daily("2026-11-18", changed={(0, "成交量"): -1.0}),
        daily("2026-11-18", changed={(0, "最低"): 0.0}),
        daily("2026-11-18", changed={(0, "最高"): 8.0}),
        daily("2026-11-18", changed={(0, "日期"): pd.NaT}),
        daily("2026-11-19", "2026-11-18"),
        daily("2026-11-18").drop(columns="收盘"),
        hourly("2026-11-18 10:30:00"),
    ],
)
def test_a_symbol_without_bars_or_with_ones_that_cannot_be_is_left_out(answer):
    vendor = Vendor(of_600519=answer, of_600036=daily("2026-11-18", "2026-11-19"))

    assert history(vendor, MAOTAI, BANK).symbols == (BANK,)
    assert MAOTAI in fault_of(vendor, MAOTAI)


def test_hours_of_another_grid_are_no_hourly_bars():
    vendor = Vendor(of_600519=hourly("2026-11-19 10:00:00"), of_600036=hourly("2026-11-19 10:30:00"))

    assert history(vendor, MAOTAI, BANK, frequency=Frequency.HOURLY).symbols == (BANK,)


def test_asking_for_nothing_is_a_fault():
    source = AkshareSource(ReplayClock(NOW), api=Vendor())

    with pytest.raises(PriceFault):
        asyncio.run(source.get_history((), Frequency.DAILY))


def test_a_fund_is_not_asked_for():
    vendor = Vendor()

    assert "510300.SH" in fault_of(vendor, Symbol("510300.SH"))
    assert vendor.asked == []


def test_a_network_error_is_tried_again_three_times_in_all():
    vendor = Vendor(of_600519=daily("2026-11-19"))
    vendor.fails = [requests.ConnectionError("reset"), requests.Timeout("late")]

    assert history(vendor).symbols == (MAOTAI,)
    assert len(vendor.asked) == 3

    vendor.fails = [requests.ConnectionError("reset")] * 3
    assert MAOTAI in fault_of(vendor)


def test_what_hangs_is_left_out_at_the_deadline():
    released = threading.Event()

    class Hangs(Vendor):
        def answer(self, symbol):
            if symbol == "600519":
                released.wait(30)
            return super().answer(symbol)

    vendor = Hangs(of_600519=daily("2026-11-19"), of_000001=daily("2026-11-19"))
    try:
        panel = history(vendor, PING_AN, MAOTAI, deadline_s=0.3)
    finally:
        released.set()
        for thread in threading.enumerate():
            if thread.name.startswith("akshare"):
                thread.join()

    assert panel.symbols == (PING_AN,)


def test_the_same_bars_have_the_same_digest_and_can_be_stored(tmp_path):
    first = history(Vendor(of_600519=daily("2026-11-18", "2026-11-19")))
    again = history(Vendor(of_600519=daily("2026-11-18", "2026-11-19")))
    other = history(Vendor(of_600519=daily("2026-11-17", "2026-11-19")))

    assert first.digest == again.digest != other.digest
    assert save_panel(first, tmp_path) == first.digest
    assert open_panel(tmp_path, first.digest).source == "akshare:history"


class Reply:
    """What `requests` hands akshare: a body it asks for as JSON."""

    def __init__(self, body):
        self.body = body

    def json(self):
        return self.body


# akshare 1.19.5 calls what pandas 3.1 deprecates; it is not ours to mend.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("frequency", "label", "klt"),
    [(Frequency.DAILY, "2026-11-19", "101"), (Frequency.HOURLY, "2026-11-19 15:00", "60")],
)
def test_akshare_itself_turns_the_vendors_bars_into_what_is_read_here(monkeypatch, frequency, label, klt):
    asked = []
    bar = f"{label},10.00,10.50,11.00,9.00,1234,1250000.00,20.0,5.0,0.5,0.1"

    def request(self, method, url, params=None, **options):
        asked.append((url.rpartition("/api/")[2], params["klt"], params["fqt"], options["timeout"]))
        known = params["secid"] == "1.600519"
        return Reply({"data": {"klines": [bar]} if known else None})

    monkeypatch.setattr(requests.Session, "request", request)
    panel = history(None, MAOTAI, PING_AN, frequency=frequency)

    assert panel.symbols == (MAOTAI,)
    assert [panel.open[0, 0], panel.close[0, 0], panel.high[0, 0], panel.low[0, 0]] == [10.0, 10.5, 11.0, 9.0]
    assert panel.volume[0, 0] == 1234.0
    assert asked == [("qt/stock/kline/get", klt, "1", 6.0)] * 2  # fqt 1 is forward.
