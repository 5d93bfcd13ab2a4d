"""Facts of the history store: of the days they speak of, and no word of later ones."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from commands.composition import instruments_of
from services.calendars import MarketCalendar
from services.clock import VirtualClock
from services.domain.instruments import Instrument, Market, Span, Symbol
from services.history.coverage import answered, holes
from services.history.descriptions import Described, together, with_files
from services.history.download import Download
from services.history.index import HistoryError, Index
from services.history.lengths import BarLength
from services.history.panels import Wanted, history_panel
from services.history.required import every_day
from services.history.spans import Cover, Covered, Days
from services.history.store import HistoryStore
from services.history.tables import FactTables, Roll
from services.history.tushare_descriptions import TushareDescriptions
from services.history.vendors import NO_BARS, Period
from services.ports import PriceFault
from tests.history_by_hand import AT, RAW, flat
from tests.unit.test_history_download import Vendor as Silent

pytest.importorskip("pyarrow", reason="the store needs the extra parquet")

ONE, TWO, GONE = Symbol("600000.SH"), Symbol("600519.SH"), Symbol("600087.SH")
OCTOBER = ("2025-10-09", "2025-10-10", "2025-10-13")
PERIOD = Days(date(2025, 10, 9), date(2025, 10, 13))
DAILY = Wanted(length=BarLength.DAY, market=Market.CN)

Rows = Sequence[Mapping[str, object]]


@pytest.fixture
def store(tmp_path: Path) -> HistoryStore:
    return HistoryStore(tmp_path / "history")


@pytest.fixture
def tables(store: HistoryStore) -> FactTables:
    return FactTables(Index(store.folder))


def keep(store: HistoryStore, *symbols: Symbol, source: str = "by hand") -> None:
    covers = [Cover("1d raw", symbol, PERIOD) for symbol in symbols]
    some = [flat(symbol, RAW, OCTOBER) for symbol in symbols]
    store.add(some, source=source, fetched_at=AT, covered=covers)


class Vendor:
    """Stands in for tushare: its tables, of which the listing shows one status at a time."""

    def __init__(self, listed: Rows, names: Rows, halts: Rows = ()) -> None:
        self._tables = {"stock_basic": listed, "namechange": names, "suspend_d": halts}
        self.asked: list[str] = []

    async def rows(
        self,
        api_name: str,
        params: Mapping[str, object],
        fields: Sequence[str],
        *,
        may_be_empty: bool = False,
    ) -> tuple[Mapping[str, object], ...]:
        self.asked.append(api_name)
        rows = [dict.fromkeys(fields) | dict(row) for row in self._tables[api_name]]
        if api_name == "stock_basic":
            return tuple(row for row in rows if (row.get("list_status") or "L") == params["list_status"])
        return tuple(row for row in rows if row["ts_code"] == params["ts_code"])


def listing(symbol: Symbol, name: str, **more: object) -> Mapping[str, object]:
    return {"ts_code": symbol, "name": name, "industry": "", "list_date": "19991110", **more}


def named(symbol: Symbol, *names: tuple[str, str]) -> Rows:
    return [{"ts_code": symbol, "name": name, "start_date": day} for name, day in names]


def told(vendor: Vendor, days: Days, *symbols: Symbol) -> tuple[Described, ...]:
    descriptions = TushareDescriptions(vendor)  # type: ignore[arg-type]  # As much of it as is asked.
    return asyncio.run(descriptions.told(symbols, days, 2))


WARNED_IN_NOVEMBER = named(ONE, ("浦发银行", "19991110"), ("*ST浦发", "20251103"))


def test_a_risk_warning_of_later_is_none_of_the_days_before(store: HistoryStore, tables: FactTables):
    keep(store, ONE)
    (found,) = told(Vendor([listing(ONE, "*ST浦发")], WARNED_IN_NOVEMBER), PERIOD, ONE)
    tables.describe([found])

    panel = history_panel(store, DAILY)
    facts = instruments_of(panel, panel.symbols)[ONE]

    assert found.instrument.name == "浦发银行"
    assert panel.names == ("浦发银行",)
    assert [facts.is_st(date.fromisoformat(day)) for day in OCTOBER] == [False] * 3
    assert facts.delisting is None


def test_a_name_of_the_last_days_alone_is_not_told_on_the_others(store: HistoryStore, tables: FactTables):
    keep(store, ONE)
    names = named(ONE, ("浦发银行", "19991110"), ("*ST浦发", "20251010"))
    tables.describe(told(Vendor([listing(ONE, "*ST浦发")], names), PERIOD, ONE))

    panel = history_panel(store, DAILY)
    after = history_panel(store, Wanted(length=DAILY.length, market=Market.CN, start=date(2025, 10, 10)))

    facts = instruments_of(panel, panel.symbols)[ONE]
    assert [facts.is_st(date.fromisoformat(day)) for day in OCTOBER] == [False, True, True]
    assert (panel.names, after.names) == (("浦发银行",), ("*ST浦发",))


def test_what_an_earlier_version_stored_under_todays_name_is_no_warning(
    store: HistoryStore, tables: FactTables
):
    keep(store, ONE)
    today = Instrument(symbol=ONE, name="退市浦发", listed_on=date(1999, 11, 10))
    tables.describe([Described(instrument=today, industry="", source="tushare", days=PERIOD)])

    panel = history_panel(store, DAILY)

    assert panel.names == ("",)
    assert instruments_of(panel, panel.symbols)[ONE].delisting is None


def test_of_days_cut_off_a_later_name_is_not_told(tables: FactTables):
    names = named(ONE, ("浦发银行", "19991110"), ("*ST浦发", "20251013"))
    tables.describe(told(Vendor([listing(ONE, "*ST浦发")], names), PERIOD, ONE))
    last = Days(PERIOD.last, PERIOD.last)
    tables.describe([Described(instrument=Instrument(symbol=ONE), industry="", source="file:x", days=last)])

    earlier, _ = tables.described()[ONE]

    assert (earlier.instrument.name, earlier.instrument.st) == ("浦发银行", ())


@pytest.mark.parametrize("name", ["*ST浦发", "退市浦发"])
def test_a_mark_in_a_name_that_a_person_gives_holds_on_the_persons_days(
    store: HistoryStore, tables: FactTables, name: str
):
    keep(store, ONE)
    mine = Instrument(symbol=ONE, name=name, listed_on=date(1999, 11, 10))
    tables.describe([Described(instrument=mine, industry="", source="file:daily.csv", days=PERIOD)])

    panel = history_panel(store, DAILY)

    facts = instruments_of(panel, panel.symbols)[ONE]
    days = [date.fromisoformat(day) for day in OCTOBER]
    warned = [facts.is_st(day) for day in days]
    leaving = [facts.delisting is not None and facts.delisting.covers(day) for day in days]
    assert (warned, leaving) == ([name[0] == "*"] * 3, [name[0] == "退"] * 3)
    assert panel.names == (name,)


def test_a_mark_that_a_file_gave_an_earlier_version_holds_on_its_days():
    mine = Instrument(symbol=ONE, name="*ST浦发", listed_on=date(1999, 11, 10))

    found = together([Described(instrument=mine, industry="", source="file:daily.csv", days=PERIOD)])

    assert found.st == (Span(since=PERIOD.first, until=PERIOD.last),)


def test_a_name_alone_speaks_as_on_a_file(store: HistoryStore, tables: FactTables):
    keep(store, ONE)
    mine = Instrument(symbol=ONE, name="*ST浦发")
    tables.describe([Described(instrument=mine, industry="", source="file:daily.csv", days=PERIOD)])

    panel = history_panel(store, DAILY)

    assert instruments_of(panel, panel.symbols)[ONE].is_st(PERIOD.first)


def test_a_delisting_period_is_told_from_its_first_day_to_the_last_of_the_listing():
    names = named(GONE, ("长航油运", "19970612"), ("退市长油", "20140421"))
    vendor = Vendor([listing(GONE, "退市长油", list_status="D", delist_date="20140605")], names)

    (before,) = told(vendor, Days(date(2014, 1, 2), date(2014, 4, 18)), GONE)
    still, during = told(vendor, Days(date(2014, 4, 1), date(2014, 4, 30)), GONE)

    assert (before.instrument.name, before.instrument.delisting) == ("长航油运", None)
    assert (still.instrument.name, still.instrument.delisting) == ("长航油运", None)
    assert (still.days.last, during.days.first) == (date(2014, 4, 20), date(2014, 4, 21))
    # Delisted on the fifth: the fourth of June was its last day.
    assert (during.instrument.name, during.instrument.delisting) == (
        "退市长油",
        Span(since=date(2014, 4, 21), until=date(2014, 6, 4)),
    )


def test_a_share_that_left_without_a_delisting_period_has_its_last_day():
    vendor = Vendor(
        [listing(GONE, "长航油运", list_status="D", delist_date="20140605")],
        named(GONE, ("长航油运", "19970612")),
    )

    (found,) = told(vendor, Days(date(2014, 1, 2), date(2014, 12, 31)), GONE)

    assert found.instrument.delisting == Span(since=date(2014, 6, 4), until=date(2014, 6, 4))


def test_shares_of_every_status_are_found_and_the_listing_is_asked_for_once():
    rows = [
        listing(ONE, "浦发银行"),
        listing(TWO, "茅台", list_status="P"),
        listing(GONE, "油", list_status="D"),
    ]
    vendor = Vendor(rows, [])
    descriptions = TushareDescriptions(vendor)  # type: ignore[arg-type]  # As above.

    both = [
        asyncio.run(descriptions.told([ONE, TWO, GONE, Symbol("510300.SH")], PERIOD, 2)) for _ in range(2)
    ]

    assert [[one.instrument.symbol for one in found] for found in both] == [[ONE, TWO, GONE]] * 2
    # One question a status.
    assert vendor.asked.count("stock_basic") == 3


def test_a_mark_of_which_no_day_is_told_leaves_the_facts_unknown():
    assert told(Vendor([listing(ONE, "*ST浦发")], []), PERIOD, ONE) == ()
    (plain,) = told(Vendor([listing(ONE, "浦发银行")], []), PERIOD, ONE)
    assert plain.instrument.name == "浦发银行"


def test_a_name_from_after_the_days_is_not_told_where_there_is_none_of_before():
    (found,) = told(Vendor([listing(ONE, "*ST浦发")], named(ONE, ("*ST浦发", "20251103"))), PERIOD, ONE)

    assert found.instrument.name == ""


def test_a_run_knows_a_share_by_the_name_of_its_first_day(store: HistoryStore, tables: FactTables):
    keep(store, ONE)
    names = named(ONE, ("浦发银行", "19991110"), ("浦东发展", "20251010"))
    tables.describe(told(Vendor([listing(ONE, "浦东发展")], names), PERIOD, ONE))

    whole = history_panel(store, DAILY)
    after = history_panel(store, Wanted(length=DAILY.length, market=Market.CN, start=date(2025, 10, 10)))

    assert (whole.names, after.names) == (("浦发银行",), ("浦东发展",))


def test_what_a_file_states_lies_over_a_vendors_word_on_its_days():
    warned = (Span(since=PERIOD.first),)
    vendors = Instrument(symbol=ONE, name="浦发银行", listed_on=date(2000, 1, 1), st=warned)
    fresh = Described(instrument=vendors, industry="银行", source="tushare", days=PERIOD)
    halt = Span(since=PERIOD.last, until=PERIOD.last)
    mine = Instrument(symbol=ONE, name="mine", listed_on=date(1999, 11, 10), suspended=(halt,))
    november = Days(PERIOD.last, date(2025, 11, 3))
    file = Described(instrument=mine, industry="", source="file:facts.json", days=november)
    name = Described(
        instrument=Instrument(symbol=ONE, name="another"), industry="", source="file:x", days=PERIOD
    )

    before, over = with_files(fresh, [name, file])
    (again,) = with_files(over, [over])

    assert (before.days, before.source) == (Days(PERIOD.first, date(2025, 10, 12)), "tushare")
    assert (before.instrument.listed_on, before.instrument.name) == (date(2000, 1, 1), "浦发银行")
    assert (over.days, over.industry) == (Days(PERIOD.last, PERIOD.last), "银行")
    assert over.instrument == Instrument(
        symbol=ONE, name="浦发银行", listed_on=date(1999, 11, 10), st=(halt,), suspended=(halt,)
    )
    assert over.source == "tushare, file:facts.json"
    assert again.instrument == over.instrument


@pytest.mark.parametrize(("facts", "source", "said"), [
    ({"listed_on": date(1999, 11, 10)}, "file:facts.json", True),
    ({"st": (Span(since=PERIOD.first, until=PERIOD.first),)}, "file:facts.json", False),
    ({"listed_on": date(1999, 11, 10)}, "tushare", False),
    ({"listed_on": date(1999, 11, 10)}, "tushare, file:facts.json", False),
    ({"name": "浦发银行"}, "file:daily.csv", False),   # the records are approximate by themselves
])  # fmt: skip
def test_a_run_says_of_whom_a_file_alone_tells_facts_without_a_risk_warning(
    store: HistoryStore, tables: FactTables, facts: Mapping[str, object], source: str, said: bool
):
    keep(store, ONE)
    tables.keep_actions(ONE, PERIOD, [], "tushare")
    mine = Instrument(symbol=ONE, **facts)  # type: ignore[arg-type]  # By name.
    tables.describe([Described(instrument=mine, industry="", source=source, days=PERIOD)])

    panel = history_panel(store, DAILY)

    assert (", approximate: " in panel.source, ONE in panel.source) == (said, said)


def test_a_name_without_its_day_is_a_fault():
    with pytest.raises(PriceFault, match="start_date"):
        told(Vendor([listing(ONE, "浦发银行")], named(ONE, ("浦发银行", ""))), PERIOD, ONE)


INDEX = "999999.SH"
"""An index of which nobody knows how many members it has."""


def roll(tables: FactTables, day: str, *members: Symbol) -> None:
    tables.keep_roll(Roll(index=INDEX, day=date.fromisoformat(day), members=members, source="by hand"))


def keep_days(store: HistoryStore, symbol: Symbol, labels: Sequence[str]) -> None:
    days = Days(date.fromisoformat(labels[0]), date.fromisoformat(labels[-1]))
    cover = Cover("1d raw", symbol, days)
    store.add([flat(symbol, RAW, labels)], source="by hand", fetched_at=AT, covered=[cover])


OF_INDEX = Wanted(length=BarLength.DAY, market=Market.CN, index=INDEX, start=PERIOD.first, end=PERIOD.last)


def test_of_days_before_a_member_joined_neither_bars_nor_facts_are_needed(
    store: HistoryStore, tables: FactTables
):
    keep(store, ONE)
    keep_days(store, TWO, OCTOBER[1:])
    listed = Instrument(symbol=TWO, listed_on=date(1999, 11, 10))
    later = Days(date(2025, 10, 10), date(2025, 10, 31))
    tables.describe([Described(instrument=listed, industry="", source="tushare", days=later)])
    roll(tables, "2025-09-30", ONE)
    roll(tables, "2025-10-10", ONE, TWO)

    assert history_panel(store, OF_INDEX).symbols == (ONE, TWO)
    # Named by a person, it may be bought on all of the days.
    with pytest.raises(HistoryError, match=TWO):
        history_panel(
            store, Wanted(length=DAILY.length, market=Market.CN, symbols=(ONE, TWO), start=PERIOD.first)
        )


@pytest.mark.parametrize("known", [True, False])
def test_a_former_member_needs_bars_up_to_a_delisting_that_is_known(
    store: HistoryStore, tables: FactTables, known: bool
):
    keep(store, ONE)
    keep_days(store, GONE, OCTOBER[:2])
    roll(tables, "2025-10-09", ONE, GONE)
    roll(tables, "2025-10-10", ONE)
    if known:
        vendor = Vendor(
            [listing(GONE, "退市长油", list_status="D", delist_date="20251011")],
            named(GONE, ("长航油运", "19970612"), ("退市长油", "20250901")),
        )
        tables.describe(told(vendor, PERIOD, GONE))
        assert history_panel(store, OF_INDEX).symbols == (ONE, GONE)
    else:
        with pytest.raises(HistoryError, match=rf"{GONE} on 2025-10-11"):
            history_panel(store, OF_INDEX)


@pytest.mark.parametrize(("left", "whole"), [(date(2025, 10, 20), True), (date(2025, 10, 21), False)])
def test_bars_that_end_in_the_last_week_of_a_listing_are_whole(left: date, whole: bool):
    # The last bar is of the thirteenth; the fifth trading day after it is the twentieth.
    leaving = Instrument(symbol=GONE, delisting=Span(since=date(2025, 9, 1), until=left))
    asked = Days(PERIOD.first, date(2025, 10, 31))
    due = [date(2025, 10, day) for day in (9, 10, 13, 14, 15, 16, 17, 20, 21, 22, 23, 24, 27, 28, 29, 30, 31)]

    found = answered(flat(GONE, RAW, OCTOBER), asked, due, leaving, Covered((asked,)))

    assert found.days == ((asked,) if whole else (PERIOD,))
    assert (found.lacks == "") is whole


def test_days_of_a_suspension_that_a_person_declares_are_asked_for_no_more(
    store: HistoryStore, tables: FactTables
):
    calendar, now = MarketCalendar(Market.CN, None), datetime(2025, 10, 20, 12, tzinfo=UTC)
    period = Period(length=BarLength.DAY, start=PERIOD.first, end=PERIOD.last)
    vendor = Silent({ONE: NO_BARS})
    job = Download(vendor=vendor, store=store, calendar=calendar, clock=VirtualClock(now), period=period)

    first = asyncio.run(job.run([ONE]))
    halt = Instrument(symbol=ONE, suspended=(Span(since=PERIOD.first),))
    tables.describe([Described(instrument=halt, industry="", source="file:facts.json", days=PERIOD)])
    again = Download(vendor=vendor, store=store, calendar=calendar, clock=VirtualClock(now), period=period)
    second = asyncio.run(again.run([ONE]))

    assert (first.whole, second.whole, vendor.asked) == (False, True, [ONE])


def weekdays(first: date, last: date) -> list[date]:
    return [one for one in every_day(first, last) if one.weekday() < 5]


@pytest.mark.parametrize(("last", "left", "until", "whole"), [
    # Golden week: five trading days after 2025-09-26 are 29, 30, and 9, 10, 13 of October.
    ("2025-09-26", date(2025, 10, 13), date(2025, 10, 31), True),
    ("2025-09-26", date(2025, 10, 14), date(2025, 10, 31), False),
    # Cut off at the thirteenth: that it left on the twentieth says nothing of an answer until the fifteenth.
    ("2025-10-13", date(2025, 10, 20), date(2025, 10, 15), False),
    ("2025-10-13", date(2025, 10, 20), date(2025, 10, 20), True),
    # Half a year without a trade is no last trade, however few of its days one looks at.
    ("2025-10-13", date(2026, 4, 20), date(2025, 10, 15), False),
])  # fmt: skip
def test_a_last_trade_lies_five_trading_days_before_the_end_of_a_listing_at_most(
    last: str, left: date, until: date, whole: bool
):
    closed = {date(2025, 10, day) for day in range(1, 9)}
    asked = Days(date(2025, 9, 25), until)
    due = [day for day in weekdays(*asked) if day not in closed]
    leaving = Instrument(symbol=GONE, delisting=Span(since=date(2025, 9, 1), until=left))
    bars = flat(GONE, RAW, [str(day) for day in due if str(day) <= last])

    found = answered(bars, asked, due, leaving, Covered((asked,)))

    assert found.days[-1].last == (until if whole else date.fromisoformat(last))
    assert (found.lacks == "") is whole
    tail = [day for day in due if last < str(day) <= str(left)]
    assert holes(bars, due, leaving) == ([] if len(tail) <= 5 and left.year == 2025 else tail)
