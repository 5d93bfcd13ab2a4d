"""What a run takes out of the store: the same panel a file gives, and an index's members of the day."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from services.domain.bars import Adjustment, CorporateAction, Frequency, VolumeUnit
from services.domain.instruments import Instrument, Market, Span, Symbol
from services.domain.universe import Universe
from services.history.descriptions import Described
from services.history.index import HistoryError, Index
from services.history.index_sizes import roll_problem, size_of
from services.history.lengths import BarLength
from services.history.membership import membership
from services.history.panels import Wanted, history_panel, length_in
from services.history.roll_file import is_roll_file, is_stay_file, read_rolls, read_stays
from services.history.series import Series
from services.history.spans import Cover, Covered, Days
from services.history.store import HistoryStore
from services.history.tables import EX_DAYS, FactTables, Roll, Stay
from services.market.columns import open_panel, save_panel, with_digest
from services.market.price_files import load_prices
from tests.history_by_hand import AT, HOURLY, RAW, flat, series

pytest.importorskip("pyarrow", reason="the store needs the extra parquet")

ONE, TWO, THREE = Symbol("600000.SH"), Symbol("600519.SH"), Symbol("601318.SH")
DAYS = ("2025-10-09", "2025-10-10", "2025-10-13")
INDEX = "999999.SH"
"""An index of which nobody knows how many members it has."""

DAILY = Wanted(length=BarLength.DAY, market=Market.CN)


@pytest.fixture
def store(tmp_path: Path) -> HistoryStore:
    return HistoryStore(tmp_path / "history")


@pytest.fixture
def tables(store: HistoryStore) -> FactTables:
    return FactTables(Index(store.folder))


def keep(
    store: HistoryStore, all_series: Sequence[Series], first: str = DAYS[0], last: str = DAYS[-1]
) -> None:
    """Store bars, with the days from first to last as known."""
    days = Days(date.fromisoformat(first), date.fromisoformat(last))
    covers = [Cover(one.kind.topic, one.symbol, days) for one in all_series]
    store.add(all_series, source="by hand", fetched_at=AT, covered=covers)


def roll(day: str, *members: Symbol) -> Roll:
    return Roll(index=INDEX, day=date.fromisoformat(day), members=members, source="by hand")


PERIOD = Days(date(2025, 10, 9), date(2025, 10, 13))


def stay(symbol: Symbol, since: str, until: str | None = None) -> Stay:
    left = None if until is None else date.fromisoformat(until)
    return Stay(index=INDEX, symbol=symbol, since=date.fromisoformat(since), until=left, source="by hand")


def spans(found: Mapping[Symbol, tuple[Span, ...]]) -> dict[str, list[tuple[str, str]]]:
    return {symbol: [(str(one.since), str(one.until)) for one in days] for symbol, days in found.items()}


def test_a_list_of_members_counts_until_the_next_one():
    rolls = [roll("2025-09-30", ONE, TWO), roll("2025-10-10", ONE, TWO), roll("2025-10-13", TWO)]

    found = membership(rolls, INDEX, PERIOD)

    assert spans(found) == {
        # On a day between its last list and the first without it ONE left, and nobody told which.
        ONE: [("2025-10-09", "2025-10-10")],
        TWO: [("2025-10-09", "2025-10-13")],
    }


def test_between_two_lists_that_differ_nobody_knows_who_left_and_who_joined_when():
    rolls = [roll("2025-09-30", ONE, TWO), roll("2025-10-13", TWO, THREE)]

    found = membership(rolls, INDEX, PERIOD)

    assert spans(found) == {
        THREE: [("2025-10-13", "2025-10-13")],
        TWO: [("2025-10-09", "2025-10-13")],
    }


def test_a_list_of_after_the_period_tells_who_did_not_stay():
    rolls = [roll("2025-09-30", ONE, TWO), roll("2025-10-14", TWO, THREE)]

    assert spans(membership(rolls, INDEX, PERIOD)) == {TWO: [("2025-10-09", "2025-10-13")]}


def test_who_left_or_joined_on_a_day_that_is_told_was_a_member_until_or_from_then_on():
    rolls = [roll("2025-09-30", ONE, TWO), roll("2025-10-14", TWO, THREE)]
    told = [stay(ONE, "2024-12-16", "2025-10-09"), stay(THREE, "2025-10-10"), stay(TWO, "2020-06-15")]

    assert spans(membership(rolls, INDEX, PERIOD, told)) == {
        ONE: [("2025-10-09", "2025-10-09")],
        TWO: [("2025-10-09", "2025-10-13")],
        THREE: [("2025-10-10", "2025-10-13")],
    }


@pytest.mark.parametrize("told", [
    ("2024-12-16", "2025-09-29"),   # before the list that names it
    ("2024-12-16", "2025-10-20"),   # after the list that does not
    ("2025-10-14", None),           # the day of the list that names it
    ("2025-09-30", None),           # the day of the list that does not
])  # fmt: skip
def test_a_day_told_that_the_lists_contradict_changes_nothing(told: tuple[str, str | None]):
    rolls = [roll("2025-09-30", ONE, TWO), roll("2025-10-14", TWO, THREE)]
    stays = [stay(one, *told) for one in (ONE, THREE)]

    assert spans(membership(rolls, INDEX, PERIOD, stays)) == {TWO: [("2025-10-09", "2025-10-13")]}


def test_a_list_shorter_than_its_index_is_refused():
    short = Roll(index="000016.SH", day=date(2025, 9, 30), members=(ONE, TWO), source="by hand")

    with pytest.raises(HistoryError, match=r"2025-09-30 names 2 members, the index has 50"):
        membership([short], "000016.SH", PERIOD)


@pytest.mark.parametrize(("index", "day", "size"), [
    ("000016.SH", "2004-01-02", 50),
    ("000300.SH", "2026-01-05", 300),
    ("399300.SZ", "2026-01-05", 300),
    ("000905.SH", "2026-01-05", 500),
    ("000852.SH", "2026-01-05", 1000),
    ("000300.SH", "2005-04-07", None),   # before it was published
    ("999999.SH", "2026-01-05", None),
])  # fmt: skip
def test_an_index_has_the_members_its_publisher_says(index: str, day: str, size: int | None):
    assert size_of(index, date.fromisoformat(day)) == size


def test_a_list_as_long_as_its_index_is_whole():
    members = tuple(Symbol(f"6{number:05d}.SH") for number in range(51))
    fifty, more = (
        Roll(index="000016.SH", day=date(2025, 9, 30), members=members[:n], source="x") for n in (50, 51)
    )

    assert roll_problem(fifty) == ""
    assert "51" in roll_problem(more)
    assert roll_problem(roll("2025-09-30", ONE)) == ""


def test_who_comes_back_has_two_spans():
    rolls = [roll("2025-10-09", ONE, TWO), roll("2025-10-10", TWO), roll("2025-10-13", ONE, TWO)]

    found = membership(rolls, INDEX, PERIOD)

    assert spans(found)[ONE] == [("2025-10-09", "2025-10-09"), ("2025-10-13", "2025-10-13")]


def test_a_list_of_later_says_nothing_of_before():
    with pytest.raises(HistoryError, match="2025-10-10"):
        membership([roll("2025-10-10", ONE)], INDEX, PERIOD)
    with pytest.raises(HistoryError, match="not known"):
        membership([], INDEX, PERIOD)


def test_a_list_is_believed_for_92_days_and_no_longer():
    # 92 days after 2025-01-01 is 2025-04-03.
    old = [roll("2025-01-01", ONE)]

    assert ONE in membership(old, INDEX, Days(date(2025, 1, 2), date(2025, 4, 3)))
    with pytest.raises(HistoryError, match="2025-04-04"):
        membership(old, INDEX, Days(date(2025, 1, 2), date(2025, 4, 4)))


def test_a_gap_between_lists_matters_inside_the_period_alone():
    rolls = [roll("2024-01-01", ONE), roll("2025-01-01", TWO)]

    assert spans(membership(rolls, INDEX, Days(date(2025, 1, 2), date(2025, 1, 3)))) == {
        TWO: [("2025-01-02", "2025-01-03")]
    }
    with pytest.raises(HistoryError, match="2024-12-31"):
        membership(rolls, INDEX, Days(date(2024, 12, 31), date(2025, 1, 3)))


def test_a_universe_is_the_same_object_as_long_as_nothing_changes():
    days = {
        ONE: (Span(since=date(2025, 10, 9), until=date(2025, 10, 10)),),
        TWO: (Span(since=date(2025, 1, 1)),),
    }
    universe = Universe((ONE, TWO, THREE), days)

    first, second, third = (universe.on(date.fromisoformat(day)) for day in DAYS)

    assert (first.symbols, first.known) == ((ONE, TWO), frozenset((ONE, TWO)))
    assert second is first
    assert third.symbols == (TWO,)
    assert universe.on(date(2025, 10, 9)) is first


def test_the_panel_of_the_store_is_that_of_the_file(store: HistoryStore, tmp_path: Path):
    rows = [
        ("2025-10-09", "11.03", "11.31", "10.97", "11.29", 2913400),
        ("2025-10-10", "11.3", "11.4", "11", "11.07", 7),
    ]
    lines = [
        json.dumps(
            {
                "Meta Data": {"2. Symbol": symbol},
                "Time Series (Daily)": {
                    day: {
                        "1. buy price": opening, "2. high": high, "3. low": low, "4. sell price": close,
                        "5. volume": str(volume),
                    }
                    for day, opening, high, low, close, volume in rows
                },
            }
        )
        for symbol in (ONE, TWO)
    ]  # fmt: skip
    path = tmp_path / "daily.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    file = load_prices(path, cache_dir=None, adjustment=Adjustment.RAW, volume_unit=VolumeUnit.SHARE)
    keep(store, [series(ONE, RAW, rows), series(TWO, RAW, rows)])

    panel = history_panel(store, DAILY)

    assert (panel.symbols, panel.frequency) == (file.symbols, Frequency.DAILY)
    assert panel.source.startswith("history:1d")
    assert (panel.adjustment, panel.volume_unit) == (Adjustment.RAW, VolumeUnit.SHARE)
    for name in ("starts", "ends", "days", "open", "high", "low", "close", "volume"):
        assert np.array_equal(getattr(panel, name), getattr(file, name)), name


def test_hours_begin_and_end_as_the_market_does(store: HistoryStore):
    keep(store, [flat(ONE, HOURLY, ["2025-10-10 14:00"])])

    panel = history_panel(store, replace(DAILY, length=BarLength.MIN_60))

    # 13:00 to 14:00 in Shanghai is 05:00 to 06:00 in London.
    assert (panel.starts.tolist(), panel.ends.tolist()) == ([1760072400], [1760076000])


def test_a_bar_no_hour_ends_with_is_refused(store: HistoryStore):
    keep(store, [flat(ONE, HOURLY, ["2025-10-10 10:00"])])

    with pytest.raises(HistoryError, match="10:00"):
        history_panel(store, replace(DAILY, length=BarLength.MIN_60))


def test_bars_in_lots_and_in_shares_are_read_together_in_shares(store: HistoryStore):
    lots = replace(RAW, volume_unit=VolumeUnit.LOT)
    keep(store, [flat(ONE, RAW, DAYS, volume=700), flat(TWO, lots, DAYS, volume=7)])

    panel = history_panel(store, DAILY)

    assert panel.volume_unit is VolumeUnit.SHARE
    assert panel.volume[0].tolist() == [700, 700]


def test_adjustments_are_never_mixed_but_may_be_chosen(store: HistoryStore):
    adjusted = replace(RAW, adjustment=Adjustment.FORWARD)
    keep(store, [flat(ONE, RAW, DAYS), flat(ONE, adjusted, DAYS, price="9.00")])

    with pytest.raises(HistoryError, match="--adjustment"):
        history_panel(store, DAILY)
    with pytest.raises(HistoryError, match="not what is asked"):
        history_panel(store, replace(DAILY, adjustment=Adjustment.BACKWARD))
    panel = history_panel(store, replace(DAILY, adjustment=Adjustment.FORWARD))
    assert panel.close[0, 0] == 9.0


def test_what_the_store_lacks_is_named(store: HistoryStore):
    with pytest.raises(HistoryError, match="no 1d bars"):
        history_panel(store, DAILY)
    keep(store, [flat(ONE, RAW, DAYS)])
    with pytest.raises(HistoryError, match=TWO):
        history_panel(store, replace(DAILY, symbols=(ONE, TWO)))


def test_facts_and_ex_days_come_along(store: HistoryStore, tables: FactTables):
    keep(store, [flat(ONE, RAW, DAYS), flat(TWO, RAW, DAYS)])
    halt = Instrument(symbol=ONE, name="浦发银行", suspended=(Span(since=date(2025, 10, 10)),))
    action = CorporateAction(symbol=TWO, ex_date=date(2025, 10, 10), cash_per_share=Decimal("0.5"))
    stranger = replace(action, symbol=THREE)
    until = date(2025, 12, 31)
    tables.describe(
        [
            Described(
                instrument=halt, industry="银行", source="by hand", days=Days(date(2025, 10, 1), until)
            ),
            Described(
                instrument=Instrument(symbol=TWO, name="贵州茅台"),
                industry="",
                source="x",
                days=Days(date(2025, 10, 1), until),
            ),
        ]
    )
    for one in (action, stranger):
        tables.keep_actions(one.symbol, Days(date(2025, 10, 1), until), [one], "by hand")

    panel = history_panel(store, DAILY)

    # What is told of the days up to the end of the year says nothing of those after.
    told = Instrument(symbol=ONE, name=halt.name, suspended=(Span(since=date(2025, 10, 10), until=until),))
    assert (panel.names, dict(panel.instruments)) == (("浦发银行", "贵州茅台"), {ONE: told})
    assert panel.actions == (action,)
    # 10.00 less half a yuan a share.
    assert panel.prev_close is not None
    assert panel.prev_close[1, 1] == 9.5


def test_adjusted_bars_take_no_ex_days_along(store: HistoryStore, tables: FactTables):
    keep(store, [flat(ONE, replace(RAW, adjustment=Adjustment.FORWARD), DAYS)])
    action = CorporateAction(symbol=ONE, ex_date=date(2025, 10, 10), cash_per_share=Decimal("0.5"))
    tables.keep_actions(ONE, Days(date(2025, 10, 1), date(2025, 10, 31)), [action], "by hand")

    assert history_panel(store, DAILY).actions == ()


def test_an_ex_day_that_takes_more_than_there_is_is_named(store: HistoryStore, tables: FactTables):
    keep(store, [flat(ONE, RAW, DAYS)])
    action = CorporateAction(symbol=ONE, ex_date=date(2025, 10, 10), cash_per_share=Decimal(11))
    tables.keep_actions(ONE, Days(date(2025, 10, 1), date(2025, 10, 31)), [action], "by hand")

    with pytest.raises(HistoryError, match=ONE):
        history_panel(store, DAILY)


def test_an_index_brings_its_members_and_the_days_of_each(store: HistoryStore, tables: FactTables):
    keep(store, [flat(one, RAW, DAYS) for one in (ONE, TWO, THREE)])
    tables.keep_roll(roll("2025-10-09", ONE))
    tables.keep_roll(roll("2025-10-10", TWO))

    panel = history_panel(store, replace(DAILY, index=INDEX, also=(THREE,)))

    assert panel.symbols == (ONE, TWO, THREE)
    assert spans(panel.members) == {
        ONE: [("2025-10-09", "2025-10-09")],
        TWO: [("2025-10-10", "2025-10-13")],
    }
    with pytest.raises(HistoryError, match="not known"):
        history_panel(store, replace(DAILY, index="000300.SH"))


GONE = Symbol("600001.SH")


def test_members_without_bars_of_their_days_are_named_and_the_run_refused(
    store: HistoryStore, tables: FactTables
):
    # THREE has bars, and none of the days on which it belonged; of GONE there are none at all.
    keep(store, [flat(ONE, RAW, DAYS), flat(THREE, RAW, DAYS[2:])])
    tables.keep_roll(roll("2025-10-09", ONE, THREE, GONE))
    tables.keep_roll(roll("2025-10-10", ONE))

    with pytest.raises(HistoryError, match=rf"1d bars of {GONE} on 2025-10-09\.\.2025-10-13"):
        history_panel(store, replace(DAILY, index=INDEX))
    # Asked for, and answered: there are none.
    store.note_covered([Cover("1d raw", GONE, PERIOD)])
    with pytest.raises(HistoryError, match=f"{GONE}, {THREE}"):
        history_panel(store, replace(DAILY, index=INDEX))
    # Before the period, or outside the watchlist, nobody misses them.
    assert ONE in history_panel(store, replace(DAILY, index=INDEX, start=date(2025, 10, 10))).members
    assert ONE in history_panel(store, replace(DAILY, index=INDEX, symbols=(ONE,))).members


def test_a_member_that_is_known_to_have_been_suspended_needs_no_bars(store: HistoryStore, tables: FactTables):
    keep(store, [flat(ONE, RAW, DAYS)])
    tables.keep_roll(roll("2025-09-30", ONE, GONE))
    halt = Instrument(symbol=GONE, suspended=(Span(since=date(2025, 1, 6)),))
    tables.describe(
        [
            Described(
                instrument=halt,
                industry="",
                source="by hand",
                days=Days(date(2025, 1, 1), date(2025, 12, 31)),
            )
        ]
    )

    assert history_panel(store, replace(DAILY, index=INDEX)).symbols == (ONE,)


def test_an_index_of_which_all_members_are_suspended_gives_nothing_to_run_on(
    store: HistoryStore, tables: FactTables
):
    keep(store, [flat(ONE, RAW, DAYS)])
    tables.keep_roll(roll("2025-09-30", ONE))
    tables.keep_roll(roll("2025-10-09", GONE))
    halt = Instrument(symbol=GONE, suspended=(Span(since=date(2025, 1, 6)),))
    year = Days(date(2025, 1, 1), date(2025, 12, 31))
    tables.describe([Described(instrument=halt, industry="", source="by hand", days=year)])

    with pytest.raises(HistoryError, match=f"no 1d bars of {GONE}"):
        history_panel(store, replace(DAILY, index=INDEX))


def test_one_symbol_in_lots_and_in_shares_loses_no_bar(store: HistoryStore):
    lots = replace(RAW, volume_unit=VolumeUnit.LOT)
    keep(store, [flat(ONE, RAW, DAYS[:2], volume=700)])
    keep(store, [flat(ONE, lots, DAYS[1:], volume=7)])

    panel = history_panel(store, DAILY)

    assert panel.volume[:, 0].tolist() == [700, 700, 700]


def test_one_symbol_that_says_two_things_in_lots_and_in_shares_is_refused(store: HistoryStore):
    lots = replace(RAW, volume_unit=VolumeUnit.LOT)
    keep(store, [flat(ONE, RAW, DAYS, volume=700)])
    keep(store, [flat(ONE, lots, DAYS[1:], volume=8)])

    with pytest.raises(HistoryError, match=rf"{ONE}.*{DAYS[1]}.*--volume-unit"):
        history_panel(store, DAILY)
    # The bars of the other unit are read all the same where there are no others.
    lots_first = history_panel(store, replace(DAILY, volume_unit=VolumeUnit.LOT))
    shares_first = history_panel(store, replace(DAILY, volume_unit=VolumeUnit.SHARE))
    assert lots_first.volume[:, 0].tolist() == [700, 800, 800]
    assert shares_first.volume[:, 0].tolist() == [700, 700, 700]


def test_raw_bars_whose_ex_days_nobody_knows_are_called_approximate_by_name(
    store: HistoryStore, tables: FactTables
):
    keep(store, [flat(ONE, RAW, DAYS), flat(TWO, RAW, DAYS)])
    tables.keep_actions(TWO, Days(date(2025, 10, 10), date(2025, 10, 13)), [], "by hand")

    whole = history_panel(store, DAILY)
    later = history_panel(store, replace(DAILY, start=date(2025, 10, 10), symbols=(TWO,)))
    tables.keep_actions(TWO, Days(date(2025, 10, 9), date(2025, 10, 9)), [], "by hand")
    known = history_panel(store, replace(DAILY, symbols=(TWO,)))

    assert "approximate" in whole.source
    assert ONE in whole.source
    assert TWO in whole.source
    assert (later.source, known.source) == ("history:1d", "history:1d")


def test_a_source_names_the_first_symbols_without_ex_days_and_counts_the_others(store: HistoryStore):
    symbols = [f"60000{n}.SH" for n in range(7)]
    adjusted = replace(RAW, adjustment=Adjustment.FORWARD)
    keep(store, [flat(one, RAW, DAYS) for one in symbols])
    keep(store, [flat(ONE, adjusted, DAYS)])

    source = history_panel(store, replace(DAILY, adjustment=Adjustment.RAW)).source

    assert [one in source for one in symbols] == [True] * 5 + [False] * 2
    assert "2" in source.rsplit("600004.SH", 1)[1]
    # Adjusted prices hold their ex-days.
    assert history_panel(store, replace(DAILY, adjustment=Adjustment.FORWARD)).source == "history:1d"


@pytest.mark.parametrize(("asked", "unknown"), [
    ({"start": date(2025, 10, 1)}, "2025-10-01..2025-10-08"),
    ({"end": date(2025, 10, 31)}, "2025-10-14..2025-10-31"),
])  # fmt: skip
def test_a_run_over_days_that_nobody_asked_for_is_refused(
    store: HistoryStore, asked: Mapping[str, date], unknown: str
):
    keep(store, [flat(ONE, RAW, DAYS)])

    with pytest.raises(HistoryError, match=f"{ONE} on {unknown}.*--start 2025-10-09 --end 2025-10-13"):
        history_panel(store, replace(DAILY, **asked))  # type: ignore[arg-type]  # Days by name.


def test_a_symbol_that_was_asked_for_of_a_part_of_the_period_is_refused(store: HistoryStore):
    keep(store, [flat(ONE, RAW, DAYS)])
    keep(store, [flat(TWO, RAW, DAYS[1:])], first=DAYS[1])

    with pytest.raises(HistoryError, match=f"{TWO} on 2025-10-09..2025-10-09.*--start 2025-10-10"):
        history_panel(store, DAILY)
    assert history_panel(store, replace(DAILY, start=date(2025, 10, 10))).symbols == (ONE, TWO)


def test_days_before_a_listing_and_of_a_suspension_need_not_be_asked_for(
    store: HistoryStore, tables: FactTables
):
    keep(store, [flat(ONE, RAW, DAYS)])
    keep(store, [flat(TWO, RAW, DAYS[1:2])], first=DAYS[1], last=DAYS[1])
    halt = Span(since=date(2025, 10, 11), until=date(2025, 10, 13))
    facts = Instrument(symbol=TWO, listed_on=date(2025, 10, 10), suspended=(halt,))
    tables.describe([Described(instrument=facts, industry="", source="by hand", days=PERIOD)])

    assert history_panel(store, DAILY).symbols == (ONE, TWO)


def test_bars_of_a_day_that_is_not_known_to_be_whole_are_not_served(store: HistoryStore):
    labels = [f"{day} {at}" for day in DAYS for at in ("10:30", "11:30", "14:00", "15:00")]
    keep(store, [flat(ONE, HOURLY, labels[:-1])], last=DAYS[1])

    panel = history_panel(store, replace(DAILY, length=BarLength.MIN_60))

    assert len(panel.ends) == 8


def described(days: Days, **facts: object) -> Described:
    told = Instrument(symbol=ONE, **facts)  # type: ignore[arg-type]  # By name.
    return Described(instrument=told, industry="", source="by hand", days=days)


SEPTEMBER, OCTOBER = (
    Days(date(2025, 9, 1), date(2025, 9, 30)),
    Days(date(2025, 10, 1), date(2025, 10, 31)),
)


def test_facts_told_of_other_days_leave_those_that_are_there(tables: FactTables):
    early, late = (Span(since=date(2025, month, 9), until=date(2025, month, 10)) for month in (9, 10))
    tables.describe([described(SEPTEMBER, name="before", suspended=(early,), st=(early,))])
    tables.describe([described(OCTOBER, name="after", suspended=(late,), listed_on=date(1999, 11, 10))])

    (whole,) = tables.instruments()
    (then,) = tables.instruments(until=SEPTEMBER.last)

    assert (whole.name, whole.suspended, whole.st) == ("after", (early, late), (early,))
    assert (then.name, then.listed_on) == ("before", date(1999, 11, 10))


def test_the_same_told_of_days_that_follow_each_other_is_kept_as_one(tables: FactTables):
    halt = (Span(since=date(2025, 9, 25)),)
    for days in (SEPTEMBER, OCTOBER):
        tables.describe([described(days, suspended=halt)])

    (found,) = tables.described()[ONE]

    assert (found.days, found.instrument.suspended) == (
        Days(SEPTEMBER.first, OCTOBER.last),
        (Span(since=date(2025, 9, 25), until=OCTOBER.last),),
    )


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_order_in_which_days_are_told_of_does_not_matter(tables: FactTables, order: tuple[int, int]):
    told = [described(SEPTEMBER, name="before"), described(OCTOBER, name="after")]

    for number in order:
        tables.describe([told[number]])

    assert [one.name for one in tables.instruments()] == ["after"]


def test_facts_told_anew_of_some_days_replace_those_of_these_days_alone(tables: FactTables):
    whole = Days(SEPTEMBER.first, OCTOBER.last)
    tables.describe([described(whole, suspended=(Span(since=date(2025, 9, 25)),))])
    middle = Days(date(2025, 9, 29), date(2025, 10, 10))

    tables.describe([described(middle)])

    (facts,) = tables.instruments()
    # Without an end it was told up to the last day of those it was told of.
    assert facts.suspended == (
        Span(since=date(2025, 9, 25), until=date(2025, 9, 28)),
        Span(since=date(2025, 10, 11), until=date(2025, 10, 31)),
    )


def test_a_run_of_which_facts_are_told_in_part_is_refused(store: HistoryStore, tables: FactTables):
    keep(store, [flat(ONE, RAW, DAYS)])
    tables.describe([described(Days(date(2025, 10, 10), OCTOBER.last), listed_on=date(1999, 11, 10))])

    with pytest.raises(HistoryError, match=f"facts of {ONE} on 2025-10-09..2025-10-09"):
        history_panel(store, DAILY)
    assert history_panel(store, replace(DAILY, start=date(2025, 10, 10))).symbols == (ONE,)


def test_a_run_of_which_nothing_but_a_name_is_told_is_made_as_on_a_file(
    store: HistoryStore, tables: FactTables
):
    keep(store, [flat(ONE, RAW, DAYS)])
    tables.describe([described(Days(date(2025, 10, 10), OCTOBER.last), name="浦发银行")])

    assert history_panel(store, DAILY).names == ("浦发银行",)


def test_members_are_kept_with_the_panel(store: HistoryStore, tables: FactTables, tmp_path: Path):
    keep(store, [flat(ONE, RAW, DAYS)])
    tables.keep_roll(roll("2025-09-30", ONE))
    plain = history_panel(store, DAILY)
    panel = history_panel(store, replace(DAILY, index=INDEX))

    kept = open_panel(tmp_path, save_panel(panel, tmp_path))

    assert kept.members == panel.members
    assert with_digest(panel).digest != with_digest(plain).digest
    assert b"members" not in (tmp_path / f"{save_panel(plain, tmp_path)}.panel").read_bytes()


@pytest.mark.parametrize("text", ["history:5m", "history:", "history:hourly"])
def test_sessions_run_on_days_and_hours_alone(text: str):
    with pytest.raises(HistoryError, match="history:60m"):
        length_in(text)


def test_a_length_is_named_after_the_colon():
    assert length_in("history:60m") is BarLength.MIN_60


def test_tables_keep_what_they_are_given(tables: FactTables):
    assert (tables.described(), tables.actions(), tables.indexes(), tables.days(Market.CN)) == (
        {},
        (),
        {},
        {},
    )

    tables.keep_days(Market.CN, {date(2025, 10, 9): True, date(2025, 10, 8): False}, "by hand")
    tables.keep_factors(ONE, PERIOD, {date(2025, 10, 9): Decimal("1.0231")}, "by hand")
    tables.keep_roll(roll("2025-10-09", ONE, TWO))
    tables.keep_roll(roll("2025-10-09", TWO))

    assert tables.days(Market.CN) == {date(2025, 10, 8): False, date(2025, 10, 9): True}
    assert tables.factors(ONE) == {date(2025, 10, 9): Decimal("1.0231")}
    assert tables.rolls(INDEX) == (roll("2025-10-09", TWO),)
    assert tables.indexes() == {INDEX: (date(2025, 10, 9), date(2025, 10, 9))}


def test_ex_days_told_anew_replace_those_of_the_same_days(tables: FactTables):
    first = CorporateAction(symbol=ONE, ex_date=date(2025, 10, 10), cash_per_share=Decimal("0.5"))
    later = replace(first, ex_date=date(2026, 1, 5))
    better = replace(first, cash_per_share=Decimal("0.6"))
    tables.keep_actions(ONE, Days(date(2025, 1, 1), date(2026, 12, 31)), [first, later], "one")

    tables.keep_actions(ONE, Days(date(2025, 1, 1), date(2025, 12, 31)), [better], "two")

    assert tables.actions() == (better, later)
    assert tables.covered(EX_DAYS) == {ONE: Covered((Days(date(2025, 1, 1), date(2026, 12, 31)),))}


def test_a_table_that_holds_what_is_no_record_is_named(tables: FactTables, store: HistoryStore):
    with Index(store.folder).writing() as index:
        index.execute("INSERT INTO actions VALUES ('600000.SH', '2025-10-10', '{}', 'by hand')")

    with pytest.raises(HistoryError, match="CorporateAction"):
        tables.actions()


def test_a_file_of_members_is_told_by_its_columns(tmp_path: Path):
    path = tmp_path / "weights.csv"
    path.write_text(
        "index_code,con_code,trade_date,weight\n000016.SH,600519.SH,20250930,9.8\n000016.SH,600000.SH,20250930,1\n"
    )

    assert is_roll_file(path)
    assert read_rolls(path) == (
        Roll(index="000016.SH", day=date(2025, 9, 30), members=(ONE, TWO), source="file:weights.csv"),
    )
    assert not is_roll_file(tmp_path / "absent.csv")
    assert not is_stay_file(path)


def test_a_file_of_in_and_out_days_is_told_by_its_columns(tmp_path: Path):
    path = tmp_path / "stays.csv"
    path.write_text(
        "index_code,con_code,in_date,out_date\n999999.SH,600519.SH,20240617,20250616\n999999.SH,600000.SH,20240617,\n"
    )

    assert is_stay_file(path)
    # On its out day a symbol is no member any more.
    assert [(one.symbol, str(one.since), str(one.until)) for one in read_stays(path)] == [
        (TWO, "2024-06-17", "2025-06-15"),
        (ONE, "2024-06-17", "None"),
    ]


@pytest.mark.parametrize(
    "row", ["999999.SH,600519,20240617,", "999999.SH,600519.SH,,", "999999.SH,600519.SH,20240617,20240617"]
)
def test_a_row_of_in_and_out_days_that_says_nothing_is_named(tmp_path: Path, row: str):
    path = tmp_path / "stays.csv"
    path.write_text(f"index_code,con_code,in_date,out_date\n{row}\n")

    with pytest.raises(HistoryError, match=r"stays.csv:2"):
        read_stays(path)


def test_in_and_out_days_are_kept_and_told_anew(tables: FactTables):
    tables.keep_stays([stay(ONE, "2024-06-17"), stay(TWO, "2020-06-15")])
    tables.keep_stays([stay(ONE, "2024-06-17", "2025-06-13")])

    assert tables.stays(INDEX) == (stay(ONE, "2024-06-17", "2025-06-13"), stay(TWO, "2020-06-15"))


@pytest.mark.parametrize("row", ["000016.SH,600519,20250930,9.8", "000016.SH,600519.SH,tomorrow,9.8"])
def test_a_row_of_members_that_says_nothing_is_named(tmp_path: Path, row: str):
    path = tmp_path / "weights.csv"
    path.write_text(f"index_code,con_code,trade_date,weight\n{row}\n")

    with pytest.raises(HistoryError, match=r"weights.csv:2"):
        read_rolls(path)


@pytest.mark.parametrize(("stays", "expected"), [
    # It left on a day of the last list's time, and came back.
    ([("2024-12-16", "2025-10-09")], [("2025-10-09", "2025-10-09")]),
    ([("2024-12-16", "2025-10-09"), ("2025-10-13", None)],
     [("2025-10-09", "2025-10-09"), ("2025-10-13", "2025-10-13")]),
    ([("2024-12-16", "2025-10-08"), ("2025-10-10", None)], [("2025-10-10", "2025-10-13")]),
    ([("2024-12-16", "2025-10-13")], [("2025-10-09", "2025-10-13")]),
    # What was told of days before the list is older than the list.
    ([("2024-12-16", "2025-09-29")], [("2025-10-09", "2025-10-13")]),
])  # fmt: skip
def test_a_day_on_which_a_member_left_after_the_last_list_ends_its_days(
    stays: list[tuple[str, str | None]], expected: list[tuple[str, str]]
):
    told = [stay(ONE, *one) for one in stays]

    found = membership([roll("2025-09-30", ONE, TWO)], INDEX, PERIOD, told)

    assert spans(found) == {ONE: expected, TWO: [("2025-10-09", "2025-10-13")]}


def test_who_left_and_came_back_between_two_lists_that_name_it_was_no_member_meanwhile():
    rolls = [roll("2025-09-30", ONE, TWO), roll("2025-10-13", ONE, TWO)]
    back, gone = stay(ONE, "2025-10-13"), stay(ONE, "2024-12-16", "2025-10-09")

    assert spans(membership(rolls, INDEX, PERIOD, [gone, back])) == {
        ONE: [("2025-10-09", "2025-10-09"), ("2025-10-13", "2025-10-13")],
        TWO: [("2025-10-09", "2025-10-13")],
    }
    # The list that names it again says that it is back, whatever day nobody told.
    assert spans(membership(rolls, INDEX, PERIOD, [gone]))[ONE][-1] == ("2025-10-13", "2025-10-13")


@pytest.mark.parametrize(("told", "expected"), [
    (("2025-10-10", None), [("2025-10-10", "2025-10-13")]),
    (("2025-10-10", "2025-10-10"), [("2025-10-10", "2025-10-10")]),
    (("2025-09-30", None), []),    # the day of a list that does not name it
    (("2025-10-14", None), []),    # after the days
])  # fmt: skip
def test_who_joined_after_the_last_list_is_a_member_from_then_on(
    told: tuple[str, str | None], expected: list[tuple[str, str]]
):
    found = membership([roll("2025-09-30", TWO)], INDEX, PERIOD, [stay(ONE, *told)])

    assert spans(found).get(ONE, []) == expected


def test_a_run_on_an_index_takes_in_who_joined_after_its_last_list(store: HistoryStore, tables: FactTables):
    tables.keep_roll(roll("2025-09-30", TWO))
    tables.keep_stays([stay(ONE, "2025-10-10")])
    keep(store, [flat(TWO, RAW, DAYS)])
    of_index = replace(DAILY, index=INDEX, start=PERIOD.first, end=PERIOD.last)

    # Without its bars nothing is run: a member is missing.
    with pytest.raises(HistoryError, match=ONE):
        history_panel(store, of_index)
    keep(store, [flat(ONE, RAW, DAYS[1:])])
    panel = history_panel(store, of_index)

    assert panel.symbols == (ONE, TWO)
    assert spans(panel.members)[ONE] == [("2025-10-10", "2025-10-13")]


def test_days_of_the_symbol_that_sets_the_markets_state_must_be_known_too(
    store: HistoryStore, tables: FactTables
):
    keep(store, [flat(ONE, RAW, DAYS)])
    keep(store, [flat(TWO, RAW, DAYS[2:])], first=DAYS[2])
    beside = replace(DAILY, symbols=(ONE,), also=(TWO,))

    with pytest.raises(HistoryError, match=rf"1d bars of {TWO} on 2025-10-09\.\.2025-10-12"):
        history_panel(store, beside)
    with pytest.raises(HistoryError, match=f"1d bars of {THREE}"):
        history_panel(store, replace(beside, also=(THREE,)))
    keep(store, [flat(TWO, RAW, DAYS[:2])])
    listed = Instrument(symbol=TWO, listed_on=date(2001, 8, 27))
    later = Days(date(2025, 10, 13), date(2025, 10, 13))
    tables.describe([Described(instrument=listed, industry="", source="by hand", days=later)])
    with pytest.raises(HistoryError, match=f"the facts of {TWO}"):
        history_panel(store, beside)
    tables.describe([Described(instrument=listed, industry="", source="by hand", days=PERIOD)])
    assert history_panel(store, beside).symbols == (ONE, TWO)


def test_the_state_symbol_needs_its_bars_of_before_it_joined_the_index(
    store: HistoryStore, tables: FactTables
):
    tables.keep_roll(roll("2025-09-30", ONE))
    tables.keep_stays([stay(TWO, "2025-10-10")])
    keep(store, [flat(ONE, RAW, DAYS)])
    keep(store, [flat(TWO, RAW, DAYS[1:])], first=DAYS[1])
    of_index = replace(DAILY, index=INDEX, start=PERIOD.first, end=PERIOD.last)

    assert history_panel(store, of_index).symbols == (ONE, TWO)
    with pytest.raises(HistoryError, match=f"1d bars of {TWO} on 2025-10-09"):
        history_panel(store, replace(of_index, also=(TWO,)))
