"""Of which days a download's answers count as whole, and what becomes of the bars beside them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from services.calendars import MarketCalendar
from services.domain.bars import Adjustment, VolumeUnit
from services.domain.instruments import Instrument, Market, Span, Symbol
from services.history.coverage import holes
from services.history.descriptions import Described
from services.history.index import INDEX_NAME, Index, StorageError
from services.history.lengths import BarLength, ends_of_day, last_day_over
from services.history.series import Kind
from services.history.spans import Cover, Covered, Days
from services.history.store import HistoryStore
from services.history.tables import FACTORS, FactTables
from services.history.vendors import NO_BARS, NOT_SERVED, NotTold, Period, Told
from services.market.raw_bars import RawBar
from tests.history_by_hand import AT, HOURLY, RAW, flat, series
from tests.unit.test_history_download import (
    EARLIER,
    ONE,
    PERIOD,
    TWO,
    Vendor,
    akshare,
    bars,
    days,
    fetched,
    frame,
    told,
    until,
)

pytest.importorskip("pyarrow", reason="the store needs the extra parquet")

THREE_DAYS = ("2025-10-09", "2025-10-10", "2025-10-13")
FIVE = (*THREE_DAYS, "2025-10-14", "2025-10-15")
LOTS = replace(RAW, volume_unit=VolumeUnit.LOT)


@pytest.fixture(scope="module")
def calendar() -> MarketCalendar:
    return MarketCalendar(Market.CN, None)


@pytest.fixture
def store(tmp_path: Path) -> HistoryStore:
    return HistoryStore(tmp_path / "history")


def describe(store: HistoryStore, *suspended: str) -> None:
    """Tell that a share was suspended on some days of October, and on no others."""
    spans = tuple(Span(since=date.fromisoformat(day), until=date.fromisoformat(day)) for day in suspended)
    facts = Instrument(symbol=ONE, listed_on=date(1999, 11, 10), suspended=spans)
    october = Days(date(2025, 10, 1), date(2025, 10, 31))
    FactTables(Index(store.folder)).describe(
        [Described(instrument=facts, industry="", source="by hand", days=october)]
    )


def hours(symbol: Symbol, stated: Sequence[str]) -> Told:
    rows = tuple(
        RawBar(line, symbol, "", label, 10.0, 10.0, 10.0, 10.0, 1000, amount=1_000_000.0)
        for line, label in enumerate(stated, start=1)
    )
    return Told(bars=rows, volume_unit=VolumeUnit.LOT)


def of_days(*some: str) -> list[str]:
    return [f"{day} {at:%H:%M}" for day in some for at in ends_of_day(Market.CN, BarLength.MIN_60)]


def test_a_day_without_bars_of_which_no_suspension_is_told_is_a_hole(
    store: HistoryStore, calendar: MarketCalendar
):
    describe(store)
    holed = Vendor({ONE: told(ONE, ("2025-10-09", "2025-10-13"))})

    first = fetched(holed, store, calendar, [ONE])
    known = store.covered("1d raw")[ONE]
    second = fetched(Vendor({ONE: told(ONE)}), store, calendar, [ONE])

    assert (first.stored, list(first.short), first.whole) == ([ONE], [ONE], False)
    assert "2025-10-10" in first.short[ONE]
    assert known == days(("2025-10-09", "2025-10-09"), ("2025-10-11", "2025-10-13"))
    assert (second.whole, store.covered("1d raw")[ONE]) == (True, days(("2025-10-09", "2025-10-13")))


def test_a_day_that_lacks_an_hour_is_a_hole_too(store: HistoryStore, calendar: MarketCalendar):
    describe(store)
    cut = Vendor({ONE: hours(ONE, [one for one in of_days(*THREE_DAYS) if one != "2025-10-10 14:00"])})

    summary = fetched(cut, store, calendar, [ONE], period=replace(PERIOD, length=BarLength.MIN_60))

    assert list(summary.short) == [ONE]
    assert store.covered("60m raw")[ONE] == days(("2025-10-09", "2025-10-09"), ("2025-10-11", "2025-10-13"))


def test_several_holes_are_counted(store: HistoryStore, calendar: MarketCalendar):
    describe(store)
    holed = Vendor({ONE: told(ONE, ("2025-10-09", "2025-10-15"))})

    summary = fetched(holed, store, calendar, [ONE], period=until("2025-10-15"))

    # The tenth, the thirteenth and the fourteenth.
    assert "2025-10-10 and 2 more days" in summary.short[ONE]


def test_a_day_of_a_suspension_that_is_told_is_no_hole(store: HistoryStore, calendar: MarketCalendar):
    describe(store, "2025-10-10")
    halted = Vendor({ONE: told(ONE, ("2025-10-09", "2025-10-13"))})

    assert fetched(halted, store, calendar, [ONE]).whole
    assert store.covered("1d raw")[ONE] == days(("2025-10-09", "2025-10-13"))


def test_a_first_day_cut_off_is_asked_for_again_alone(store: HistoryStore, calendar: MarketCalendar):
    period = replace(until("2025-10-15"), length=BarLength.MIN_60)
    cut = Vendor({ONE: hours(ONE, of_days(*FIVE)[2:])})
    fetched(cut, store, calendar, [ONE], period=period)
    whole = Vendor({ONE: hours(ONE, of_days(*FIVE))})

    summary = fetched(whole, store, calendar, [ONE], period=period)

    # Up to the next day with bars, which shows that the answer was not cut off at its tail.
    assert whole.days == [("2025-10-09", "2025-10-10")]
    assert (summary.bars, summary.whole) == (2, True)


def test_a_bar_looked_for_beyond_a_long_suspension_is_that_of_a_parts_end(
    store: HistoryStore, calendar: MarketCalendar
):
    span = Days(date(2025, 6, 3), date(2025, 10, 8))
    store.add(
        [flat(ONE, LOTS, ["2025-06-03"])], source="x", fetched_at=AT, covered=[Cover("1d raw", ONE, span)]
    )
    vendor = Vendor({ONE: told(ONE)})

    fetched(vendor, store, calendar, [ONE])

    # Suspended from June on: the last bar lies more than forty days before the days asked for.
    assert vendor.days == [("2025-06-03", "2025-10-13")]


@pytest.mark.parametrize("kind", [RAW, LOTS])
def test_bars_without_amounts_and_in_another_unit_are_gone_on_with(
    store: HistoryStore, calendar: MarketCalendar, kind: Kind
):
    first = Days(date(2025, 10, 9), date(2025, 10, 10))
    labelled = [(day, "10.00", "10.20", "9.90", "10.00", 1007) for day in THREE_DAYS[:2]]
    store.add(
        [series(ONE, kind, labelled)], source="file:x", fetched_at=AT, covered=[Cover("1d raw", ONE, first)]
    )

    # The vendor's bar of the tenth says the same prices: in lots, with an amount, of another volume.
    summary = fetched(Vendor({ONE: told(ONE)}), store, calendar, [ONE])

    assert (summary.stored, summary.bars, summary.whole) == ([ONE], 1, True)
    held = [one for unit in (RAW, LOTS) for one in store.read(unit, [ONE])]
    stored = [one.label(row) for one in held for row in range(len(one))]
    assert sorted(stored) == list(THREE_DAYS)


def test_other_prices_of_a_day_that_is_known_set_the_answer_aside(
    store: HistoryStore, calendar: MarketCalendar
):
    first = Days(date(2025, 10, 9), date(2025, 10, 10))
    adjusted = flat(ONE, RAW, THREE_DAYS[:2], price="5.00")
    store.add([adjusted], source="file:x", fetched_at=AT, covered=[Cover("1d raw", ONE, first)])

    # Lots there, shares here: prices are compared whatever the volume counts.
    summary = fetched(Vendor({ONE: told(ONE), TWO: told(TWO)}), store, calendar, [ONE, TWO])

    assert (list(summary.set_aside), summary.stored) == ([ONE], [TWO])
    assert "2025-10-10" in summary.set_aside[ONE]
    assert sum(one.bars for one in store.held(symbols=[ONE])) == 2


def test_what_one_bar_says_without_an_amount_another_may_say_with_one(store: HistoryStore):
    plain = flat(ONE, RAW, THREE_DAYS[:1])
    store.add([plain], source="x", fetched_at=AT)

    assert store.add([replace(plain, amount=plain.amount * 0 + 5)], source="y", fetched_at=AT) == 0


@pytest.mark.parametrize(("at", "last"), [
    ("2025-10-13T15:00:00+08:00", "2025-10-12"),   # after-hours trading has not begun
    ("2025-10-13T15:59:59+08:00", "2025-10-12"),
    ("2025-10-13T16:00:00+08:00", "2025-10-13"),
    ("2025-10-12T16:00:00+08:00", "2025-10-12"),   # a Sunday
])  # fmt: skip
def test_a_day_is_over_at_four(at: str, last: str):
    assert last_day_over(datetime.fromisoformat(at), Market.CN) == date.fromisoformat(last)


def test_bars_told_between_the_close_and_four_are_not_kept(store: HistoryStore, calendar: MarketCalendar):
    close, four = (datetime(2025, 10, 13, hour, 30, tzinfo=UTC) for hour in (7, 8))
    vendor = Vendor({ONE: told(ONE)})

    early = fetched(vendor, store, calendar, [ONE], now=close)
    known = store.covered("1d raw")[ONE]
    late = fetched(vendor, store, calendar, [ONE], now=four)

    assert (early.bars, known) == (2, days(("2025-10-09", "2025-10-12")))
    assert (late.bars, late.whole) == (1, True)


def test_symbols_a_vendor_does_not_serve_do_not_end_a_download(store: HistoryStore, calendar: MarketCalendar):
    funds = [Symbol(f"51030{n}.SH") for n in range(6)]
    vendor = Vendor({**dict.fromkeys(funds, NOT_SERVED), ONE: told(ONE)})

    summary = fetched(vendor, store, calendar, [*funds, ONE])

    assert (summary.stored, len(summary.failed), summary.unreached) == ([ONE], 6, False)


class FourAtATime(Vendor):
    """Is asked for four symbols together."""

    at_a_time = 4


def test_symbols_with_gaps_of_their_own_are_asked_for_together(store: HistoryStore, calendar: MarketCalendar):
    # Each lacks other days, so that each has a span of its own.
    some = [Symbol(f"60000{n}.SH") for n in range(3)]
    for symbol, last in zip(some, ("2025-10-08", "2025-10-09", "2025-10-10"), strict=True):
        span = Days(date(2025, 10, 1), date.fromisoformat(last))
        store.note_covered([Cover("1d raw", symbol, span)])
    answers: Mapping[Symbol, Told | str] = {some[0]: "cut", some[1]: "cut", some[2]: told(some[2])}
    vendor = FourAtATime(answers)

    summary = fetched(vendor, store, calendar, some)

    # Two of them in a row came to nothing; the third was asked for in the same breath.
    assert vendor.days == [
        ("2025-10-09", "2025-10-13"), ("2025-10-10", "2025-10-13"), ("2025-10-11", "2025-10-13"),
    ]  # fmt: skip
    assert (summary.stored, list(summary.failed), summary.unreached) == ([some[2]], some[:2], False)


def test_two_gaps_of_one_symbol_are_both_closed(store: HistoryStore, calendar: MarketCalendar):
    middle = Days(date(2025, 10, 10), date(2025, 10, 10))
    there = series(ONE, LOTS, [("2025-10-10", "10.00", "10.20", "9.90", "10.00", 1000)])
    store.add([there], source="x", fetched_at=AT, covered=[Cover("1d raw", ONE, middle)])
    vendor = Vendor({ONE: told(ONE), TWO: told(TWO)})

    summary = fetched(vendor, store, calendar, [ONE, TWO])

    assert sorted(vendor.days) == [
        ("2025-10-09", "2025-10-10"), ("2025-10-09", "2025-10-13"), ("2025-10-10", "2025-10-13"),
    ]  # fmt: skip
    assert (summary.bars, summary.whole) == (5, True)
    assert store.covered("1d raw")[ONE] == days(("2025-10-09", "2025-10-13"))


def broken_in_its_last_bar(high: float) -> Told:
    """Return bars of which the last one closes above its high."""
    return Told(bars=(*bars(ONE)[:2], bars(ONE, high=high)[2]), volume_unit=VolumeUnit.LOT)


def test_no_file_is_left_of_what_was_set_aside_once_it_came_whole(
    store: HistoryStore, calendar: MarketCalendar
):
    broken, worse = broken_in_its_last_bar(9.0), broken_in_its_last_bar(8.0)

    fetched(Vendor({ONE: broken}), store, calendar, [ONE])
    fetched(Vendor({ONE: worse}), store, calendar, [ONE])
    one_left = [path.name for path in (store.folder / "set-aside").iterdir()]
    (aside,) = store.all_set_aside()
    fetched(Vendor({ONE: told(ONE)}), store, calendar, [ONE])

    assert one_left == [aside.path.name]
    assert list((store.folder / "set-aside").iterdir()) == []


def test_removing_bars_takes_along_what_was_set_aside_of_them(store: HistoryStore, calendar: MarketCalendar):
    fetched(Vendor({ONE: broken_in_its_last_bar(9.0)}), store, calendar, [ONE])

    store.remove(BarLength.MIN_60, [ONE])
    of_another_length = store.all_set_aside()
    store.remove(BarLength.DAY, [ONE])

    assert [one.symbol for one in of_another_length] == [ONE]
    assert (store.all_set_aside(), list((store.folder / "set-aside").iterdir())) == ((), [])


def test_what_has_no_bars_was_reached(store: HistoryStore, calendar: MarketCalendar):
    vendor = Vendor(dict.fromkeys([ONE, TWO], NO_BARS))

    assert not fetched(vendor, store, calendar, [ONE, TWO]).unreached


def test_hours_of_today_are_not_kept_before_four(store: HistoryStore, calendar: MarketCalendar):
    period = Period(length=BarLength.MIN_60, start=PERIOD.start, end=PERIOD.end)
    vendor = Vendor({ONE: hours(ONE, of_days(*THREE_DAYS))})

    # Half past one in Shanghai on the thirteenth.
    summary = fetched(vendor, store, calendar, [ONE], datetime(2025, 10, 13, 5, 30, tzinfo=UTC), period)

    assert summary.bars == 8


def test_a_vendor_that_is_down_is_left_alone_though_it_does_not_serve_some_symbols(
    store: HistoryStore, calendar: MarketCalendar
):
    # Two at a time: each pair holds a fund that is not asked for, and a share that nobody answers to.
    pairs = [Symbol(name) for n in range(5) for name in (f"51030{n}.SH", f"60000{n}.SH")]
    vendor = Vendor({one: NOT_SERVED if one.startswith("5") else "banned" for one in pairs})

    summary = fetched(vendor, store, calendar, pairs)
    last = fetched(Vendor({pairs[0]: NOT_SERVED, pairs[1]: "banned"}), store, calendar, pairs[:2])

    assert (summary.unreached, len(vendor.asked), last.unreached) == (True, 4, True)


def test_a_vendor_that_serves_none_of_the_symbols_is_not_unreached(
    store: HistoryStore, calendar: MarketCalendar
):
    funds = [Symbol(f"51030{n}.SH") for n in range(3)]

    summary = fetched(Vendor(dict.fromkeys(funds, NOT_SERVED)), store, calendar, funds)

    assert (summary.unreached, list(summary.failed)) == (False, funds)


def test_an_akshare_fund_of_shanghai_is_not_asked_for(store: HistoryStore, calendar: MarketCalendar):
    fund = Symbol("510300.SH")

    answer = asyncio.run(akshare(stock_zh_a_hist=frame([], "日期")).bars([fund, ONE], PERIOD))

    assert (isinstance(answer[fund], NotTold), answer[fund] == NO_BARS, answer[ONE] is NO_BARS) == (
        True,
        False,
        True,
    )


def test_an_answer_that_is_whole_of_no_day_leaves_all_to_be_asked_for(
    store: HistoryStore, calendar: MarketCalendar
):
    period = replace(PERIOD, length=BarLength.MIN_60, end=date(2025, 10, 9))
    middle = Vendor({ONE: hours(ONE, of_days("2025-10-09")[1:3])})

    summary = fetched(middle, store, calendar, [ONE], period=period)

    assert (summary.stored, list(summary.short), store.covered("60m raw")) == ([ONE], [ONE], {})


def test_another_bar_of_a_day_that_is_not_known_is_set_aside_by_itself(
    store: HistoryStore, calendar: MarketCalendar
):
    # A part of the ninth is there from before, and says another volume in the same unit.
    store.add([flat(ONE, replace(HOURLY, volume_unit=VolumeUnit.LOT), ["2025-10-09 10:30"], volume=7)],
              source="x", fetched_at=AT)  # fmt: skip
    period = replace(PERIOD, length=BarLength.MIN_60)
    vendor = Vendor({one: hours(one, of_days(*THREE_DAYS)) for one in (ONE, TWO)})

    summary = fetched(vendor, store, calendar, [ONE, TWO], period=period)

    assert (summary.stored, list(summary.set_aside)) == ([TWO], [ONE])
    assert "data remove" in summary.set_aside[ONE]
    assert list(store.covered("60m raw")) == [TWO]


def test_weeks_have_no_holes():
    weeks = flat(ONE, replace(RAW, length=BarLength.WEEK), ["2025-10-10", "2025-10-24"])

    assert holes(weeks, [date(2025, 10, 17)], None) == []


def test_an_index_that_was_never_written_to_its_end_holds_nothing(store: HistoryStore):
    store.folder.mkdir(parents=True)
    (store.folder / INDEX_NAME).touch()

    assert (store.held(), store.covered("1d raw")) == ((), {})


def test_an_index_that_is_none_is_named(store: HistoryStore):
    store.folder.mkdir(parents=True)
    (store.folder / INDEX_NAME).write_bytes(b"no index at all" * 100)

    with pytest.raises(StorageError, match=INDEX_NAME):
        store.held()


def test_a_vendor_that_tells_bars_of_today_alone_was_reached(store: HistoryStore, calendar: MarketCalendar):
    # Three in the afternoon of the thirteenth: its bar may still change.
    summary = fetched(
        Vendor({ONE: told(ONE, ("2025-10-13",))}),
        store,
        calendar,
        [ONE],
        now=datetime(2025, 10, 13, 7, tzinfo=UTC),
    )

    assert (list(summary.failed), summary.unreached, store.held()) == ([ONE], False, ())


def test_a_day_of_which_no_facts_are_told_is_no_hole_where_another_is_asked_for(
    store: HistoryStore, calendar: MarketCalendar
):
    period = replace(PERIOD, length=BarLength.MIN_60)
    lacking = Vendor({ONE: hours(ONE, [one for one in of_days(*THREE_DAYS) if one != "2025-10-09 14:00"])})
    fetched(lacking, store, calendar, [ONE], period=replace(period, end=date(2025, 10, 9)))
    facts = Instrument(symbol=ONE, listed_on=date(1999, 11, 10))
    after = Days(date(2025, 10, 10), date(2025, 10, 31))
    FactTables(Index(store.folder)).describe(
        [Described(instrument=facts, industry="", source="by hand", days=after)]
    )

    # The ninth is asked for to show that the answer was not cut off, and that day is known as it is.
    assert fetched(lacking, store, calendar, [ONE], period=period).whole


def test_of_two_windows_apart_none_reaches_to_the_bars_of_the_other(
    store: HistoryStore, calendar: MarketCalendar
):
    every = told(ONE, (*EARLIER, *FIVE))
    fetched(Vendor({ONE: every}), store, calendar, [ONE], period=until("2025-09-30", "2025-09-29"))
    vendor = Vendor({ONE: every})

    fetched(vendor, store, calendar, [ONE], period=until("2025-10-14", "2025-10-13"))

    assert vendor.days == [("2025-10-13", "2025-10-14")]


def test_days_with_bars_are_those_of_the_parts_that_touch_a_window(store: HistoryStore):
    store.add([flat(ONE, RAW, THREE_DAYS)], source="x", fetched_at=AT)
    forward = replace(RAW, adjustment=Adjustment.FORWARD)
    store.add([flat(ONE, forward, ["2025-10-14"])], source="x", fetched_at=AT)

    def found(first: date, last: date, topic: str = "1d raw") -> set[date]:
        return store.bar_days(BarLength.DAY, topic, {ONE: [Days(first, last)]}).get(ONE, set())

    assert found(date(2025, 10, 13), date(2025, 10, 31)) == {date.fromisoformat(day) for day in THREE_DAYS}
    assert found(date(2025, 10, 14), date(2025, 10, 31)) == set()
    assert found(date(2025, 10, 1), date(2025, 10, 31), "1d forward") == {date(2025, 10, 14)}


def test_a_day_without_bars_is_asked_for_again_once_its_suspensions_are_told(
    store: HistoryStore, calendar: MarketCalendar
):
    holed = Vendor({ONE: told(ONE, ("2025-10-09", "2025-10-13"))})
    fetched(holed, store, calendar, [ONE])
    known = store.covered("1d raw")[ONE]
    describe(store)

    again = fetched(holed, store, calendar, [ONE])
    unknown = store.covered("1d raw")[ONE]
    whole = fetched(Vendor({ONE: told(ONE)}), store, calendar, [ONE])

    assert known == days(("2025-10-09", "2025-10-13"))
    assert (list(again.short), again.whole) == ([ONE], False)
    assert unknown == days(("2025-10-09", "2025-10-09"), ("2025-10-11", "2025-10-13"))
    assert (whole.bars, whole.whole) == (1, True)


def test_a_day_without_bars_stays_known_where_its_suspension_is_told(
    store: HistoryStore, calendar: MarketCalendar
):
    holed = Vendor({ONE: told(ONE, ("2025-10-09", "2025-10-13"))})
    fetched(holed, store, calendar, [ONE])
    describe(store, "2025-10-10")

    assert fetched(holed, store, calendar, [ONE]).already == 1
    assert store.covered("1d raw")[ONE] == days(("2025-10-09", "2025-10-13"))


def test_a_day_without_bars_stays_known_where_facts_are_told_of_others_alone(
    store: HistoryStore, calendar: MarketCalendar
):
    fetched(Vendor({ONE: told(ONE, ("2025-10-09", "2025-10-13"))}), store, calendar, [ONE])
    facts = Instrument(symbol=ONE, listed_on=date(1999, 11, 10))
    after = Days(date(2025, 10, 11), date(2025, 10, 31))
    FactTables(Index(store.folder)).describe(
        [Described(instrument=facts, industry="", source="by hand", days=after)]
    )

    assert fetched(Vendor({}), store, calendar, [ONE]).already == 1


def test_a_week_without_a_bar_is_not_judged_by_suspensions(store: HistoryStore, calendar: MarketCalendar):
    weekly = replace(PERIOD, length=BarLength.WEEK)
    store.note_covered([Cover("1w raw", ONE, Days(PERIOD.start, PERIOD.end))])
    describe(store)

    assert fetched(Vendor({}), store, calendar, [ONE], period=weekly).already == 1


def test_a_day_known_without_any_bar_is_asked_for_again(store: HistoryStore, calendar: MarketCalendar):
    store.note_covered([Cover("1d raw", ONE, Days(PERIOD.start, PERIOD.end))])
    describe(store)

    summary = fetched(Vendor({ONE: told(ONE)}), store, calendar, [ONE])

    assert (summary.bars, summary.whole) == (3, True)


def test_days_that_facts_tell_wholly_of_in_shares_or_in_lots_are_no_holes(
    store: HistoryStore, calendar: MarketCalendar
):
    whole = Days(PERIOD.start, PERIOD.end)
    cover = [Cover("1d raw", ONE, whole)]
    store.add([flat(ONE, RAW, THREE_DAYS[:2])], source="x", fetched_at=AT, covered=cover)
    store.add([flat(ONE, LOTS, THREE_DAYS[2:])], source="x", fetched_at=AT, covered=cover)
    describe(store)

    assert fetched(Vendor({}), store, calendar, [ONE]).already == 1


def test_a_bar_of_a_day_that_is_not_known_makes_it_not_known(store: HistoryStore, calendar: MarketCalendar):
    store.add([flat(ONE, HOURLY, ["2025-10-09 10:30", "2025-10-09 11:30"])], source="x", fetched_at=AT)
    period = replace(PERIOD, length=BarLength.MIN_60, start=date(2025, 10, 10))
    vendor = Vendor({ONE: hours(ONE, of_days(*THREE_DAYS))})

    fetched(vendor, store, calendar, [ONE], period=period)

    # Half of the ninth is there: it says nothing of where an answer begins, and is not asked for.
    assert vendor.days == [("2025-10-10", "2025-10-13")]
    assert store.covered("60m raw")[ONE] == days(("2025-10-10", "2025-10-13"))


def test_an_anchor_whose_bars_were_taken_away_meanwhile_does_not_become_known(
    store: HistoryStore, calendar: MarketCalendar
):
    fetched(Vendor({ONE: told(ONE)}), store, calendar, [ONE])

    class Meanwhile(Vendor):
        """Answers while somebody removes the bars."""

        async def bars(self, symbols: Sequence[Symbol], period: Period) -> Mapping[Symbol, Told | str]:
            store.remove(BarLength.DAY)
            return await super().bars(symbols, period)

    vendor = Meanwhile({ONE: told(ONE, FIVE)})
    fetched(vendor, store, calendar, [ONE], period=until("2025-10-15"))

    assert vendor.days == [("2025-10-13", "2025-10-15")]
    assert store.covered("1d raw")[ONE] == days(("2025-10-14", "2025-10-15"))


@pytest.mark.parametrize(("stated", "unknown"), [
    (THREE_DAYS[:2], days(("2025-10-13", "2025-10-13"))),   # cut off at its tail
    (THREE_DAYS[1:], days(("2025-10-09", "2025-10-09"))),   # cut off at its head
    ((THREE_DAYS[0], THREE_DAYS[2]), days(("2025-10-10", "2025-10-10"))),
])  # fmt: skip
def test_a_table_of_factors_that_lacks_a_day_with_bars_is_asked_for_again(
    store: HistoryStore, calendar: MarketCalendar, stated: Sequence[str], unknown: Covered
):
    factor = {date.fromisoformat(stated[0]): Decimal("1.5")}
    stated_on = frozenset(map(date.fromisoformat, stated))
    cut = told(ONE, actions=(), factors=factor, factor_days=stated_on)
    whole = told(
        ONE, actions=(), factors={PERIOD.start: Decimal("1.5")},
        factor_days=frozenset(map(date.fromisoformat, THREE_DAYS)),
    )  # fmt: skip

    first = fetched(Vendor({ONE: cut}), store, calendar, [ONE])
    known = FactTables(Index(store.folder)).covered(FACTORS)[ONE]
    second = fetched(Vendor({ONE: whole}), store, calendar, [ONE])

    assert (first.stored, list(first.lacks), first.whole) == ([ONE], [ONE], False)
    assert str(unknown.spans[0].first) in first.lacks[ONE]
    assert known == days(("2025-10-09", "2025-10-13")).less(unknown.spans)
    assert (second.already, second.whole) == (1, True)
    assert FactTables(Index(store.folder)).covered(FACTORS)[ONE] == days(("2025-10-09", "2025-10-13"))


def test_of_a_day_without_bars_no_factor_is_missed(store: HistoryStore, calendar: MarketCalendar):
    describe(store, "2025-10-10")
    factor = {PERIOD.start: Decimal("1.5")}
    stated_on = frozenset({date(2025, 10, 9), date(2025, 10, 13)})
    answer = told(ONE, ("2025-10-09", "2025-10-13"), actions=(), factors=factor, factor_days=stated_on)

    assert fetched(Vendor({ONE: answer}), store, calendar, [ONE]).whole
