"""A download: checked before it counts, gone on with after a cut, honest about what did not come."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from services.calendars import MarketCalendar
from services.clock import VirtualClock
from services.domain.bars import CorporateAction, VolumeUnit
from services.domain.instruments import Instrument, Market, Span, Symbol
from services.history.akshare_history import AkshareHistory
from services.history.coverage import reach
from services.history.descriptions import Described
from services.history.download import Download, Summary, require_period
from services.history.index import HistoryError, Index, note_covered
from services.history.lengths import BarLength
from services.history.spans import Cover, Covered, Days
from services.history.store import HistoryStore
from services.history.tables import EX_DAYS, FactTables, Roll, Stay
from services.history.tushare_history import TushareHistory
from services.history.vendors import NO_BARS, ExDays, NotTold, Period, Told
from services.market.feeds.throttle import USUAL_PACE
from services.market.raw_bars import RawBar
from services.ports import PriceFault
from tests.history_by_hand import HOURLY, flat

pytest.importorskip("pyarrow", reason="the store needs the extra parquet")

ONE, TWO, THREE = Symbol("600000.SH"), Symbol("600519.SH"), Symbol("300750.SZ")
PERIOD = Period(length=BarLength.DAY, start=date(2025, 10, 9), end=date(2025, 10, 13))
NOW = datetime(2025, 10, 20, 12, tzinfo=UTC)
DAYS = ("2025-10-09", "2025-10-10", "2025-10-13")


def bars(
    symbol: str, close: float = 10.0, high: float = 10.2, days: Sequence[str] = DAYS
) -> tuple[RawBar, ...]:
    return tuple(
        RawBar(line, symbol, "", day, 10.0, high, 9.9, close, 1000, amount=1_000_000.0)
        for line, day in enumerate(days, start=1)
    )


class Vendor:
    """Tells what it was given; counts how often it is asked."""

    name = "by hand"
    hosts = ("vendor.example",)
    at_a_time = 2

    def __init__(self, told: Mapping[Symbol, Told | str]) -> None:
        self.told, self.asked, self.asked_ex_days = told, list[Symbol](), list[Symbol]()
        self.days: list[tuple[str, str]] = []

    async def bars(self, symbols: Sequence[Symbol], period: Period) -> Mapping[Symbol, Told | str]:
        self.asked += symbols
        self.days.append((str(period.start), str(period.end)))
        return {symbol: self._within(self.told[symbol], period) for symbol in symbols}

    def _within(self, answer: Told | str, period: Period) -> Told | str:
        if isinstance(answer, str):
            return answer
        asked = (str(period.start), str(period.end))
        some = tuple(bar for bar in answer.bars if asked[0] <= bar.label[:10] <= asked[1])
        return replace(answer, bars=some) if some else NO_BARS

    async def ex_days(self, symbols: Sequence[Symbol], period: Period) -> Mapping[Symbol, ExDays]:
        self.asked_ex_days += symbols
        answers = {symbol: self.told.get(symbol) for symbol in symbols}
        return {symbol: one.ex_days if isinstance(one, Told) else ExDays() for symbol, one in answers.items()}

    async def rolls(self, index: str, start: date, end: date) -> tuple[Roll, ...]:
        return ()

    async def stays(self, index: str) -> tuple[Stay, ...]:
        return ()

    async def described(self, symbols: Sequence[Symbol], start: date, end: date) -> tuple[Described, ...]:
        return ()

    async def days(self, start: date, end: date) -> Mapping[date, bool]:
        return {}


def told(symbol: Symbol, days: Sequence[str] = DAYS, **more: object) -> Told:
    ex_days = ExDays(**more)  # type: ignore[arg-type]  # By name.
    return Told(bars=bars(symbol, days=days), volume_unit=VolumeUnit.LOT, ex_days=ex_days)


@pytest.fixture(scope="module")
def calendar() -> MarketCalendar:
    return MarketCalendar(Market.CN, None)


@pytest.fixture
def store(tmp_path: Path) -> HistoryStore:
    return HistoryStore(tmp_path / "history")


def fetched(
    vendor: Vendor,
    store: HistoryStore,
    calendar: MarketCalendar,
    symbols: Sequence[Symbol],
    now: datetime = NOW,
    period: Period = PERIOD,
) -> Summary:
    job = Download(vendor=vendor, store=store, calendar=calendar, clock=VirtualClock(now), period=period)
    return asyncio.run(job.run(symbols))


def test_bars_that_pass_are_stored_and_not_asked_for_again(store: HistoryStore, calendar: MarketCalendar):
    vendor = Vendor({ONE: told(ONE), TWO: told(TWO), THREE: told(THREE)})

    first = fetched(vendor, store, calendar, [ONE, TWO, THREE])
    again = fetched(vendor, store, calendar, [ONE, TWO, THREE])

    assert (first.stored, first.bars, first.whole) == ([ONE, TWO, THREE], 9, True)
    assert (again.already, again.stored, again.whole) == (3, [], True)
    assert vendor.asked == [ONE, TWO, THREE]
    # 10.00 x 1000 lots x 100 = 1,000,000 CNY; kept in hundredths.
    (held,) = store.read(store.held(symbols=[ONE])[0].kind, [ONE])
    assert held.amount.tolist() == [100_000_000] * 3


def test_what_was_cut_off_goes_on_with_the_rest(store: HistoryStore, calendar: MarketCalendar):
    fetched(Vendor({ONE: told(ONE)}), store, calendar, [ONE])
    vendor = Vendor({TWO: told(TWO)})

    summary = fetched(vendor, store, calendar, [ONE, TWO])

    assert vendor.asked == [TWO]
    assert (summary.already, summary.stored) == (1, [TWO])


def test_bars_with_an_error_are_set_aside_with_the_reason(store: HistoryStore, calendar: MarketCalendar):
    broken = Told(bars=(*bars(TWO)[:2], bars(TWO, high=9.0)[2]), volume_unit=VolumeUnit.LOT)
    vendor = Vendor({ONE: told(ONE), TWO: broken})

    summary = fetched(vendor, store, calendar, [ONE, TWO])

    assert (summary.stored, list(summary.set_aside)) == ([ONE], [TWO])
    assert not summary.whole
    (aside,) = store.all_set_aside()
    assert "high_low" in aside.why
    assert [one.symbol for one in store.held()] == [ONE]
    # Asked again, now whole, it is stored.
    assert fetched(Vendor({TWO: told(TWO)}), store, calendar, [ONE, TWO]).stored == [TWO]
    assert store.all_set_aside() == ()


def test_bars_under_another_symbols_name_are_refused(store: HistoryStore, calendar: MarketCalendar):
    summary = fetched(Vendor({ONE: told(TWO)}), store, calendar, [ONE])

    assert (summary.stored, store.held(), list(summary.set_aside)) == ([], (), [ONE])
    assert store.covered("1d raw") == {}


def test_bars_that_contradict_what_is_there_take_no_others_with_them(
    store: HistoryStore, calendar: MarketCalendar
):
    fetched(Vendor({ONE: told(ONE)}), store, calendar, [ONE])
    other = Download(
        vendor=Vendor({ONE: Told(bars=bars(ONE, close=10.1), volume_unit=VolumeUnit.LOT), TWO: told(TWO)}),
        store=store,
        calendar=calendar,
        clock=VirtualClock(NOW),
        period=Period(length=BarLength.DAY, start=PERIOD.start, end=date(2025, 10, 14)),
    )

    summary = asyncio.run(other.run([ONE, TWO]))

    assert (summary.stored, list(summary.set_aside)) == ([TWO], [ONE])


def test_a_bar_in_progress_is_not_kept(store: HistoryStore, calendar: MarketCalendar):
    # 14:00 in Shanghai on the last of the three days.
    summary = fetched(Vendor({ONE: told(ONE)}), store, calendar, [ONE], datetime(2025, 10, 13, 6, tzinfo=UTC))

    assert summary.bars == 2


def test_what_is_not_told_is_named_and_the_rest_stored(store: HistoryStore, calendar: MarketCalendar):
    summary = fetched(Vendor({ONE: "timed out", TWO: told(TWO)}), store, calendar, [ONE, TWO])

    assert (summary.stored, summary.failed, summary.unreached) == ([TWO], {ONE: "timed out"}, False)


def test_a_vendor_that_gives_nothing_is_soon_left_alone(store: HistoryStore, calendar: MarketCalendar):
    symbols = [Symbol(f"60000{n}.SH") for n in range(8)]
    vendor = Vendor(dict.fromkeys(symbols, "banned"))

    summary = fetched(vendor, store, calendar, symbols)

    assert summary.unreached
    assert len(vendor.asked) == 4
    assert fetched(Vendor({ONE: "banned"}), store, calendar, [ONE]).unreached


def test_ex_days_and_factors_are_kept_beside(store: HistoryStore, calendar: MarketCalendar):
    action = CorporateAction(symbol=ONE, ex_date=date(2025, 10, 10), cash_per_share=Decimal("0.1"))
    more = told(ONE, actions=(action,), factors={date(2025, 10, 9): Decimal("1.5")}, lacks=("no rights",))

    summary = fetched(Vendor({ONE: more}), store, calendar, [ONE])

    tables = FactTables(Index(store.folder))
    assert (tables.actions(), tables.factors(ONE)) == ((action,), {date(2025, 10, 9): Decimal("1.5")})
    assert (summary.lacks, summary.whole) == ({ONE: "no rights"}, False)


def test_ex_days_that_did_not_come_are_asked_for_again_without_the_bars(
    store: HistoryStore, calendar: MarketCalendar
):
    factors = {date(2025, 10, 9): Decimal("1.5")}
    two = told(TWO, actions=(), factors=factors)
    first = fetched(
        Vendor({ONE: told(ONE, lacks=("asked too often",)), TWO: two}), store, calendar, [ONE, TWO]
    )
    action = CorporateAction(symbol=ONE, ex_date=date(2025, 10, 10), cash_per_share=Decimal("0.1"))
    later = Vendor({ONE: told(ONE, actions=(action,), factors=factors), TWO: two})

    second = fetched(later, store, calendar, [ONE, TWO])
    third = fetched(later, store, calendar, [ONE, TWO])

    assert (first.stored, first.whole) == ([ONE, TWO], False)
    assert (later.asked, later.asked_ex_days) == ([], [ONE])
    assert (second.already, second.whole, third.whole) == (2, True, True)
    assert FactTables(Index(store.folder)).actions() == (action,)


def test_of_bars_that_were_set_aside_no_ex_days_are_kept(store: HistoryStore, calendar: MarketCalendar):
    fetched(Vendor({ONE: told(ONE)}), store, calendar, [ONE])
    action = CorporateAction(symbol=ONE, ex_date=date(2025, 10, 10), cash_per_share=Decimal("0.1"))
    longer = bars(ONE, close=10.1, days=("2025-09-30", *DAYS))
    other = Told(bars=longer, volume_unit=VolumeUnit.LOT, ex_days=ExDays(actions=(action,)))

    summary = fetched(
        Vendor({ONE: other}), store, calendar, [ONE], period=replace(PERIOD, start=date(2025, 9, 30))
    )

    assert list(summary.set_aside) == [ONE]
    assert FactTables(Index(store.folder)).actions() == ()


@pytest.mark.parametrize(("days", "lack"), [
    (DAYS[:2], "2025-10-13"),  # cut at its tail
    (DAYS[1:], "2025-10-09"),  # cut at its head
])  # fmt: skip
def test_bars_that_do_not_reach_over_the_period_are_stored_told_and_asked_for_again(
    store: HistoryStore, calendar: MarketCalendar, days: Sequence[str], lack: str
):
    cut = Vendor({ONE: Told(bars=bars(ONE, days=days), volume_unit=VolumeUnit.LOT)})

    first = fetched(cut, store, calendar, [ONE])
    again = fetched(Vendor({ONE: told(ONE)}), store, calendar, [ONE])

    assert (first.stored, list(first.short), first.whole) == ([ONE], [ONE], False)
    assert lack in first.short[ONE]
    assert (again.stored, again.bars, again.short, again.whole) == ([ONE], 1, {}, True)
    assert fetched(cut, store, calendar, [ONE]).already == 1


def test_nothing_is_expected_before_a_listing_nor_of_a_suspension(
    store: HistoryStore, calendar: MarketCalendar
):
    halt = (Span(since=date(2025, 10, 13), until=date(2025, 10, 13)),)
    facts = Instrument(symbol=ONE, listed_on=date(2025, 10, 10), suspended=halt)
    FactTables(Index(store.folder)).describe(
        [Described(instrument=facts, industry="", source="by hand", days=Days(*_period()))]
    )
    answer = Told(bars=bars(ONE, days=DAYS[1:2]), volume_unit=VolumeUnit.LOT)

    summary = fetched(Vendor({ONE: answer}), store, calendar, [ONE])

    assert (summary.stored, summary.short, summary.whole) == ([ONE], {}, True)


def test_hours_are_expected_from_the_first_to_the_last_of_the_period():
    days = (date(2025, 10, 9), date(2025, 10, 10))
    labels = [f"{day} {at}" for day in days for at in ("10:30", "11:30", "14:00", "15:00")]

    asked = Days(date(2025, 10, 9), date(2025, 10, 12))
    nine, ten = Days(days[0], days[0]), Days(days[1], asked.last)

    assert reach(flat(ONE, HOURLY, labels), asked, days, None) == (asked, "")
    head = reach(flat(ONE, HOURLY, labels[1:]), asked, days, None)
    assert (head.days, "2025-10-09 11:30" in head.lacks) == (ten, True)
    tail = reach(flat(ONE, HOURLY, labels[:-1]), asked, days, None)
    assert (tail.days, "2025-10-10 14:00" in tail.lacks) == (nine, True)
    assert reach(flat(ONE, HOURLY, labels[1:3]), asked, days, None).days is None
    assert reach(flat(ONE, HOURLY, labels[:4]), asked, days, left_on(date(2025, 10, 9))) == (asked, "")
    # Where nobody knows of a trading day, bars reach as far as they do.
    assert reach(flat(ONE, HOURLY, labels[:1]), asked, (), None) == (nine, "")


def left_on(day: date) -> Instrument:
    return Instrument(symbol=ONE, delisting=Span(since=day, until=day))


def test_a_gap_that_may_be_a_suspension_is_stored_and_told(store: HistoryStore, calendar: MarketCalendar):
    halted = Told(bars=bars(ONE, days=(DAYS[0], DAYS[2])), volume_unit=VolumeUnit.LOT)

    summary = fetched(Vendor({ONE: halted}), store, calendar, [ONE])

    assert summary.stored == [ONE]
    assert [one.kind for one in summary.told] == ["missing_days"]


LATER = ("2025-10-14", "2025-10-15")
EARLIER = ("2025-09-29", "2025-09-30")


def until(day: str, start: str = "2025-10-09") -> Period:
    return replace(PERIOD, start=date.fromisoformat(start), end=date.fromisoformat(day))


def days(*spans: tuple[str, str]) -> Covered:
    return Covered(tuple(Days(*map(date.fromisoformat, span)) for span in spans))


def test_a_later_download_asks_for_the_days_since_alone(store: HistoryStore, calendar: MarketCalendar):
    fetched(Vendor({ONE: told(ONE)}), store, calendar, [ONE])
    vendor = Vendor({ONE: told(ONE, (*DAYS, *LATER))})

    summary = fetched(vendor, store, calendar, [ONE], period=until("2025-10-15"))

    # From the last bar that is known: that the answer holds it shows that its head was not cut off.
    assert vendor.days == [("2025-10-13", "2025-10-15")]
    assert (summary.stored, summary.bars, summary.whole) == ([ONE], 2, True)
    assert store.covered("1d raw") == {ONE: days(("2025-10-09", "2025-10-15"))}


def test_an_earlier_window_and_the_days_between_join_what_is_there(
    store: HistoryStore, calendar: MarketCalendar
):
    every = told(ONE, (*EARLIER, *DAYS, *LATER))
    fetched(Vendor({ONE: every}), store, calendar, [ONE], period=until("2025-10-15", "2025-10-14"))
    fetched(Vendor({ONE: every}), store, calendar, [ONE], period=until("2025-09-30", "2025-09-29"))
    apart = store.covered("1d raw")[ONE]
    vendor = Vendor({ONE: every})

    summary = fetched(vendor, store, calendar, [ONE], period=until("2025-10-15", "2025-09-29"))

    assert apart == days(("2025-09-29", "2025-09-30"), ("2025-10-14", "2025-10-15"))
    assert vendor.days == [("2025-09-30", "2025-10-14")]
    assert (summary.bars, summary.whole) == (3, True)
    assert store.covered("1d raw")[ONE] == days(("2025-09-29", "2025-10-15"))
    (held,) = store.read(store.held()[0].kind, [ONE])
    assert [held.label(row) for row in range(len(held))] == [*EARLIER, *DAYS, *LATER]


def test_nobody_is_asked_for_days_without_trading(store: HistoryStore, calendar: MarketCalendar):
    fetched(Vendor({ONE: told(ONE)}), store, calendar, [ONE], period=until("2025-10-10"))
    vendor = Vendor({})

    # The eleventh and twelfth are a weekend.
    summary = fetched(vendor, store, calendar, [ONE], period=until("2025-10-12"))

    assert (vendor.asked, summary.already, summary.whole) == ([], 1, True)


def test_beyond_the_calendar_no_more_is_known_than_the_bars_tell(
    store: HistoryStore, calendar: MarketCalendar
):
    vendor = Vendor({ONE: told(ONE, ("2026-12-30", "2026-12-31"))})

    # The calendar ends with 2026.
    fetched(
        vendor,
        store,
        calendar,
        [ONE],
        now=datetime(2027, 1, 10, tzinfo=UTC),
        period=until("2027-01-08", "2026-12-30"),
    )

    assert store.covered("1d raw")[ONE] == days(("2026-12-30", "2026-12-31"))


def test_a_vendor_that_has_no_bars_of_some_days_was_reached(store: HistoryStore, calendar: MarketCalendar):
    symbols = [Symbol(f"60000{n}.SH") for n in range(8)]

    summary = fetched(Vendor(dict.fromkeys(symbols, NO_BARS)), store, calendar, symbols)

    assert (summary.unreached, len(summary.failed), store.covered("1d raw")) == (False, 8, {})


def test_a_halt_between_two_downloads_is_known_once_bars_stand_on_both_sides(
    store: HistoryStore, calendar: MarketCalendar
):
    halted = told(ONE, (DAYS[0], LATER[1]))

    first = fetched(Vendor({ONE: halted}), store, calendar, [ONE], period=until("2025-10-13"))
    between = store.covered("1d raw")[ONE]
    second = fetched(Vendor({ONE: halted}), store, calendar, [ONE], period=until("2025-10-15"))

    assert (list(first.short), between) == ([ONE], days(("2025-10-09", "2025-10-09")))
    assert (second.whole, store.covered("1d raw")[ONE]) == (True, days(("2025-10-09", "2025-10-15")))


def test_a_commit_cut_off_leaves_days_known_only_with_their_bars(
    store: HistoryStore, calendar: MarketCalendar, monkeypatch: pytest.MonkeyPatch
):
    symbols = [ONE, TWO, THREE]
    vendor = Vendor({symbol: told(symbol) for symbol in symbols})
    commits = 0

    def cut_off(index: object, covers: Sequence[Cover]) -> None:
        nonlocal commits
        commits += 1
        if commits == 2:
            raise KeyboardInterrupt
        note_covered(index, covers)  # type: ignore[arg-type]  # As it was given.

    monkeypatch.setattr("services.history.store.note_covered", cut_off)
    with pytest.raises(KeyboardInterrupt):
        fetched(vendor, store, calendar, symbols)
    monkeypatch.undo()
    killed = (set(store.covered("1d raw")), {one.symbol for one in store.held()})
    fetched(vendor, store, calendar, symbols)

    assert killed == ({ONE, TWO}, {ONE, TWO})
    assert vendor.asked == [ONE, TWO, THREE, THREE]
    assert set(store.covered("1d raw")) == {ONE, TWO, THREE}
    assert store.orphans() == ()


def test_ex_days_of_a_later_window_leave_those_of_an_earlier_one(
    store: HistoryStore, calendar: MarketCalendar
):
    one, two = (
        CorporateAction(symbol=ONE, ex_date=date.fromisoformat(day), cash_per_share=Decimal("0.1"))
        for day in ("2025-10-10", "2025-10-15")
    )
    factor = {date(2025, 10, 9): Decimal("1.5")}
    fetched(Vendor({ONE: told(ONE, actions=(one,), factors=factor)}), store, calendar, [ONE])
    later = told(ONE, (*DAYS, *LATER), actions=(two,), factors={date(2025, 10, 15): Decimal("1.6")})

    fetched(Vendor({ONE: later}), store, calendar, [ONE], period=until("2025-10-15"))

    tables = FactTables(Index(store.folder))
    assert tables.actions() == (one, two)
    assert tables.factors(ONE) == {**factor, date(2025, 10, 15): Decimal("1.6")}
    assert tables.covered(EX_DAYS)[ONE] == days(("2025-10-09", "2025-10-15"))


def test_a_period_that_ends_before_it_begins_is_refused():
    with pytest.raises(HistoryError, match="exchange the two"):
        require_period(Period(length=BarLength.DAY, start=date(2025, 10, 9), end=date(2025, 10, 8)))


class Library:
    """Stands in for akshare: the frames it was given."""

    def __init__(self, **frames: pd.DataFrame) -> None:
        self._frames = frames

    def __getattr__(self, name: str) -> object:
        def call(**_options: object) -> pd.DataFrame:
            return self._frames[name]

        call.__name__ = name
        return call


def akshare(**frames: pd.DataFrame) -> AkshareHistory:
    return AkshareHistory(VirtualClock(NOW), USUAL_PACE, deadline_s=5.0, api=Library(**frames))  # type: ignore[arg-type]  # As much of it as is asked.


def frame(labels: Sequence[str], label: str) -> pd.DataFrame:
    numbers = {"开盘": 10.01, "收盘": 10.1, "最高": 10.2, "最低": 9.9, "成交量": 1000, "成交额": 1_010_000.0}
    return pd.DataFrame(
        {label: list(labels), **{name: [value] * len(labels) for name, value in numbers.items()}}
    )


def test_akshares_days_are_raw_lots_with_amounts():
    answer = asyncio.run(akshare(stock_zh_a_hist=frame(DAYS, "日期")).bars([ONE], PERIOD))[ONE]

    assert isinstance(answer, Told)
    assert (answer.volume_unit, len(answer.bars)) == (VolumeUnit.LOT, 3)
    assert answer.bars[0] == RawBar(
        1, ONE, "", "2025-10-09", 10.01, 10.2, 9.9, 10.1, 1000, amount=1_010_000.0
    )


def test_akshares_minutes_end_with_the_period():
    labels = ["2025-10-13 15:00:00", "2025-10-14 09:31:00"]
    period = Period(length=BarLength.MIN_1, start=PERIOD.start, end=PERIOD.end)

    answer = asyncio.run(akshare(stock_zh_a_hist_min_em=frame(labels, "时间")).bars([ONE], period))[ONE]

    assert isinstance(answer, Told)
    assert [bar.label for bar in answer.bars] == labels[:1]


@pytest.mark.parametrize("symbol", ["510300.SH", "AAPL.US", "600000.SH"])
def test_what_akshare_cannot_tell_is_said(symbol: str):
    answer = asyncio.run(akshare(stock_zh_a_hist=frame([], "日期")).bars([Symbol(symbol)], PERIOD))

    assert isinstance(answer[Symbol(symbol)], str)


def test_akshares_list_of_members_is_dated_by_itself():
    members = pd.DataFrame(
        {
            "日期": [date(2025, 10, 10)] * 2,
            "成分券代码": ["600519", "000001"],
            "交易所": ["上海证券交易所", "深圳证券交易所"],
        }
    )

    (found,) = asyncio.run(akshare(index_stock_cons_csindex=members).rolls("000300.SH", *_period()))

    assert (found.day, found.members) == (date(2025, 10, 10), ("000001.SZ", "600519.SH"))
    with pytest.raises(PriceFault):
        asyncio.run(akshare(index_stock_cons_csindex=members[:0]).rolls("000300.SH", *_period()))
    assert asyncio.run(akshare().described([ONE], *_period())) == ()
    assert asyncio.run(akshare().days(*_period())) == {}
    assert asyncio.run(akshare().ex_days([ONE], PERIOD)) == {ONE: ExDays()}


@pytest.mark.parametrize("since", ["2020-06-15", date(2020, 6, 15)])
def test_akshare_tells_since_when_todays_members_belong(since: object):
    members = pd.DataFrame({"品种代码": ["600519", "000001"], "品种名称": ["", ""], "纳入日期": [since] * 2})

    found = asyncio.run(akshare(index_stock_cons=members).stays("000300.SH"))

    assert [(one.index, one.symbol, one.since, one.until) for one in found] == [
        ("000300.SH", "000001.SZ", date(2020, 6, 15), None),
        ("000300.SH", "600519.SH", date(2020, 6, 15), None),
    ]


@pytest.mark.parametrize("members", [
    pd.DataFrame({"品种代码": ["600519"], "纳入日期": ["long ago"]}),
    pd.DataFrame({"品种代码": ["600519"]}),
    pd.DataFrame({"品种代码": ["500519"], "纳入日期": ["2020-06-15"]}),
])  # fmt: skip
def test_a_table_of_in_days_of_another_form_is_a_fault(members: pd.DataFrame):
    with pytest.raises(PriceFault):
        asyncio.run(akshare(index_stock_cons=members).stays("000300.SH"))
    assert asyncio.run(tushare().stays("000300.SH")) == ()


def _period() -> tuple[date, date]:
    return PERIOD.start, PERIOD.end


class Tables:
    """Stands in for tushare: rows by table, or a fault where there is none."""

    def __init__(self, **tables: Sequence[Mapping[str, object]]) -> None:
        self._tables = tables
        self.asked: dict[str, Mapping[str, object]] = {}
        self._calls: list[tuple[str, Mapping[str, object]]] = []

    async def rows(
        self,
        api_name: str,
        params: Mapping[str, object],
        fields: Sequence[str],
        *,
        may_be_empty: bool = False,
    ) -> tuple[Mapping[str, object], ...]:
        self.asked[api_name] = params
        self._calls.append((api_name, params))
        if api_name not in self._tables:
            raise PriceFault(f"tushare {api_name}", "no right")
        return tuple(self._tables[api_name])

    def spans(self, api_name: str) -> list[tuple[str, str]]:
        """Return from when to when a table was asked for, in order."""
        return [
            (str(params["start_date"]), str(params["end_date"]))
            for name, params in self._calls
            if name == api_name
        ]


def tushare(**tables: Sequence[Mapping[str, object]]) -> TushareHistory:
    return TushareHistory(Tables(**tables))  # type: ignore[arg-type]  # As much of it as is asked.


def daily_rows() -> Iterator[Mapping[str, object]]:
    for day in reversed(DAYS):
        yield {
            "ts_code": ONE,
            "trade_date": day.replace("-", ""),
            "open": Decimal("10.01"),
            "high": Decimal("10.2"),
            "low": Decimal("9.9"),
            "close": Decimal("10.1"),
            "vol": Decimal("1000.5"),
            "amount": Decimal("1010.1"),
        }


def test_tushares_days_come_oldest_first_with_factors_and_dividends():
    dividends = [
        {
            "ex_date": "20251010",
            "div_proc": "实施",
            "cash_div_tax": Decimal("0.41"),
            "stk_div": Decimal("0.3"),
            "stk_bo_rate": Decimal("0.1"),
        },
        {
            "ex_date": "20251010",
            "div_proc": "实施",
            "cash_div_tax": Decimal("0.41"),
            "stk_div": Decimal("0.3"),
            "stk_bo_rate": Decimal("0.1"),
        },
        {"ex_date": None, "div_proc": "预案", "cash_div_tax": Decimal("0.9")},
        {"ex_date": "20251010", "div_proc": "预案", "cash_div_tax": Decimal("0.9")},
        {"ex_date": "20251013", "div_proc": "实施", "cash_div_tax": 0, "stk_div": None},
        {"ex_date": "20240105", "div_proc": "实施", "cash_div_tax": Decimal("0.2")},
    ]
    factors = [
        {"trade_date": "20251013", "adj_factor": Decimal("1.05")},
        {"trade_date": "20251010", "adj_factor": Decimal("1.05")},
        {"trade_date": "20251009", "adj_factor": Decimal("1.01")},
    ]
    vendor = tushare(daily=list(daily_rows()), dividend=dividends, adj_factor=factors)

    answer = asyncio.run(vendor.bars([ONE], PERIOD))[ONE]

    assert isinstance(answer, Told)
    assert [bar.label for bar in answer.bars] == ["20251009", "20251010", "20251013"]
    # 1000.5 lots are 100,050 shares.
    assert (answer.volume_unit, answer.bars[0].volume) == (VolumeUnit.SHARE, 100_050)
    assert answer.bars[0].amount == 1010.1
    assert answer.ex_days.actions == (
        CorporateAction(
            symbol=ONE,
            ex_date=date(2025, 10, 10),
            cash_per_share=Decimal("0.41"),
            shares_per_share=Decimal("0.3"),
            bonus_per_share=Decimal("0.1"),
        ),
    )
    assert answer.ex_days.factors == {date(2025, 10, 9): Decimal("1.01"), date(2025, 10, 10): Decimal("1.05")}
    assert answer.ex_days.factor_days == set(map(date.fromisoformat, DAYS))


def test_tushares_bars_stand_without_what_the_account_has_no_right_to():
    answer = asyncio.run(tushare(daily=list(daily_rows())).bars([ONE], PERIOD))[ONE]

    assert isinstance(answer, Told)
    assert answer.ex_days == ExDays(lacks=("tushare dividend: no right",))
    assert asyncio.run(tushare(dividend=[]).ex_days([ONE], PERIOD)) == {
        ONE: ExDays(actions=(), lacks=("tushare adj_factor: no right",))
    }


def test_tushares_minutes_count_shares():
    minute = [
        {
            "ts_code": ONE,
            "trade_time": "2025-10-09 10:30:00",
            "open": 10,
            "high": 10,
            "low": 10,
            "close": 10,
            "vol": 500,
            "amount": 5000,
        }
    ]
    period = Period(length=BarLength.MIN_60, start=PERIOD.start, end=PERIOD.end)

    answer = asyncio.run(tushare(stk_mins=minute, dividend=[], adj_factor=[]).bars([ONE], period))[ONE]

    assert isinstance(answer, Told)
    assert (answer.volume_unit, answer.bars[0].label, answer.ex_days.actions) == (
        VolumeUnit.SHARE,
        "2025-10-09 10:30:00",
        (),
    )


def test_what_tushare_does_not_tell_is_said():
    answers = asyncio.run(tushare(daily=[]).bars([ONE, Symbol("AAPL.US")], PERIOD))

    assert all(isinstance(one, NotTold) for one in answers.values())
    assert "no right" in str(asyncio.run(tushare().bars([ONE], PERIOD))[ONE])


def test_tushares_members_come_by_day_and_from_before_the_period():
    rows = [
        {"index_code": "000016.SH", "con_code": TWO, "trade_date": "20251009"},
        {"index_code": "000016.SH", "con_code": ONE, "trade_date": "20250930"},
        {"index_code": "000016.SH", "con_code": TWO, "trade_date": "20250930"},
    ]
    tables = Tables(index_weight=rows)

    found = asyncio.run(TushareHistory(tables).rolls("000016.SH", *_period()))  # type: ignore[arg-type]  # As above.

    assert [(str(one.day), one.members) for one in found] == [
        ("2025-09-30", (ONE, TWO)),
        ("2025-10-09", (TWO,)),
    ]
    # Forty days before the ninth of October and forty after the thirteenth, month by month.
    assert tables.spans("index_weight") == [
        ("20250830", "20250831"),
        ("20250901", "20250930"),
        ("20251001", "20251031"),
        ("20251101", "20251122"),
    ]


def test_an_index_of_which_tushare_lists_nobody_is_a_fault():
    with pytest.raises(PriceFault):
        asyncio.run(tushare(index_weight=[]).rolls("000016.SH", *_period()))


@pytest.mark.parametrize(("length", "spans"), [
    # 241 bars a day: 33 days are 7,953 rows, and one answer holds 8,000.
    (
        BarLength.MIN_1,
        [("2025-10-01", "2025-11-02"), ("2025-11-03", "2025-12-05"), ("2025-12-06", "2025-12-31")],
    ),
    (BarLength.MIN_5, [("2025-10-01", "2025-12-31")]),
    (BarLength.DAY, [("20251001", "20251231")]),
    # Five a day with the opening call: 1,600 days from 2020-01-01 end with 2024-05-18.
    (BarLength.MIN_60, [("2020-01-01", "2024-05-18"), ("2024-05-19", "2025-12-31")]),
])  # fmt: skip
def test_tushare_is_asked_for_no_more_bars_than_an_answer_holds(
    length: BarLength, spans: Sequence[tuple[str, str]]
):
    tables = Tables(stk_mins=[], daily=[])
    start = date(2020, 1, 1) if length is BarLength.MIN_60 else date(2025, 10, 1)
    period = Period(length=length, start=start, end=date(2025, 12, 31))

    asyncio.run(TushareHistory(tables).bars([ONE], period))  # type: ignore[arg-type]  # As above.

    table = "daily" if length is BarLength.DAY else "stk_mins"
    assert [(first[:10], last[:10]) for first, last in tables.spans(table)] == spans


def test_years_of_factors_come_in_pieces_and_none_at_all_is_a_fault():
    years = Period(length=BarLength.DAY, start=date(2000, 1, 1), end=date(2025, 12, 31))
    rows = [{"trade_date": "20251009", "adj_factor": Decimal("1.5")}]
    tables = Tables(daily=list(daily_rows()), dividend=[], adj_factor=rows)

    answer = asyncio.run(TushareHistory(tables).ex_days([ONE], years))[ONE]  # type: ignore[arg-type]  # As above.
    nothing = asyncio.run(tushare(dividend=[], adj_factor=[]).ex_days([ONE], years))[ONE]

    # 5,000 days from 2000-01-01 end with 2013-09-08.
    assert tables.spans("adj_factor") == [("20000101", "20130908"), ("20130909", "20251231")]
    assert (answer.factors, answer.lacks) == ({date(2025, 10, 9): Decimal("1.5")}, ())
    assert answer.factor_days == {date(2025, 10, 9)}
    assert nothing.lacks


@pytest.mark.parametrize(
    "row", [{"con_code": "?", "trade_date": "20251009"}, {"con_code": ONE, "trade_date": ""}]
)
def test_a_row_of_members_that_says_nothing_is_a_fault(row: Mapping[str, object]):
    with pytest.raises(PriceFault):
        asyncio.run(tushare(index_weight=[row]).rolls("000016.SH", *_period()))


def test_tushares_facts_tell_listing_warnings_and_whole_days_without_trade():
    vendor = tushare(
        stock_basic=[{"ts_code": ONE, "name": "浦发银行", "industry": "银行", "list_date": "19991110"}],
        namechange=[
            {"ts_code": ONE, "name": "*ST浦发", "start_date": "20200102"},
            {"ts_code": ONE, "name": "浦发银行", "start_date": "20210305"},
        ],
        suspend_d=[
            {"trade_date": "20251010", "suspend_timing": None},
            {"trade_date": "20251013", "suspend_timing": "09:30-10:30"},
        ],
    )

    (found,) = asyncio.run(vendor.described([ONE], *_period()))

    facts = found.instrument
    assert (facts.name, facts.listed_on, found.industry, found.days) == (
        "浦发银行",
        date(1999, 11, 10),
        "银行",
        _period(),
    )
    assert facts.st == (Span(since=date(2020, 1, 2), until=date(2021, 3, 4)),)
    assert facts.suspended == (Span(since=date(2025, 10, 10), until=date(2025, 10, 10)),)
    assert asyncio.run(tushare(stock_basic=[]).described([ONE], *_period())) == ()


def test_tushares_calendar_tells_open_days():
    rows = [{"cal_date": "20251009", "is_open": 1}, {"cal_date": "20251008", "is_open": 0}]

    assert asyncio.run(tushare(trade_cal=rows).days(*_period())) == {
        date(2025, 10, 9): True,
        date(2025, 10, 8): False,
    }
