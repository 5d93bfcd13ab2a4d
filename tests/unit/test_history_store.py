"""The store keeps what it was given, once, and says so when a file is not what it was."""

import sqlite3
import threading
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from services.calendars import MarketCalendar
from services.domain.bars import Adjustment, VolumeUnit
from services.domain.instruments import Market, Symbol
from services.history.checking import Checked, check_store
from services.history.findings import Certainty, FindingKind
from services.history.index import INDEX_NAME, HistoryError, Index, StorageError
from services.history.lengths import BarLength
from services.history.series import NONE, Series
from services.history.spans import Cover, Covered, Days
from services.history.store import Conflict, Fresh, HistoryStore, in_unit
from services.history.tables import EX_DAYS, FactTables, Roll
from tests.history_by_hand import AT, HOURLY, MINUTES, RAW, flat, minutes, second

pytest.importorskip("pyarrow", reason="the store needs the extra parquet")

ONE, TWO = Symbol("600000.SH"), Symbol("600519.SH")
DAYS = ["2025-10-09", "2025-10-10", "2025-10-13"]
THREE_DAYS = Days(date(2025, 10, 9), date(2025, 10, 13))


@pytest.fixture
def store(tmp_path: Path) -> HistoryStore:
    return HistoryStore(tmp_path / "history")


def test_what_was_stored_is_read_back_as_it_was(store: HistoryStore):
    given = replace(minutes(ONE, "2025-10-10"))

    added = store.add([given, minutes(TWO, "2025-10-10")], source="drawn", fetched_at=AT)
    (found,) = store.read(given.kind, [ONE])

    assert added == 480
    for name in ("ends", "open", "high", "low", "close", "volume", "amount"):
        assert np.array_equal(getattr(found, name), getattr(given, name)), name


def test_a_part_lies_by_market_and_length_under_the_hash_of_its_content(store: HistoryStore):
    store.add([flat(ONE, RAW, DAYS)], source="drawn", fetched_at=AT)

    (held,) = store.held()

    assert (store.folder / "cn" / "1d" / f"{held.digest}.parquet").is_file()
    assert (held.source, held.fetched_at, held.bars, held.first) == ("drawn", AT, 3, second(DAYS[0]))
    assert store.problems() == ()


def test_the_same_bars_are_stored_once(store: HistoryStore):
    store.add([flat(ONE, RAW, DAYS[:2])], source="drawn", fetched_at=AT)

    assert store.add([flat(ONE, RAW, DAYS)], source="drawn", fetched_at=AT) == 1
    assert store.add([flat(ONE, RAW, DAYS)], source="drawn", fetched_at=AT) == 0
    assert [len(one) for one in store.read(RAW, [ONE])] == [3]


def test_bars_that_say_something_else_are_refused_with_all_that_came_beside_them(store: HistoryStore):
    store.add([flat(ONE, RAW, DAYS)], source="drawn", fetched_at=AT)

    with pytest.raises(Conflict, match=r"600000.SH .*2025-10-10"):
        store.add(
            [flat(TWO, RAW, DAYS), flat(ONE, RAW, [DAYS[1]], price="10.01")],
            source="other",
            fetched_at=AT,
            covered=[Cover("1d raw", ONE, THREE_DAYS), Cover("1d raw", TWO, THREE_DAYS)],
        )

    assert [one.symbol for one in store.held()] == [ONE]
    assert store.covered("1d raw") == {}


def test_bars_of_different_kinds_stand_side_by_side(store: HistoryStore):
    adjusted = replace(RAW, adjustment=Adjustment.FORWARD)
    store.add([flat(ONE, RAW, DAYS), flat(ONE, adjusted, DAYS, price="9.50")], source="drawn", fetched_at=AT)

    (found,) = store.read(adjusted, [ONE])

    assert str(found.price(0, "close")) == "9.500000"
    assert {one.kind for one in store.held(BarLength.DAY)} == {RAW, adjusted}


def test_bars_are_read_as_far_as_they_are_asked_for(store: HistoryStore):
    store.add([flat(ONE, RAW, DAYS)], source="drawn", fetched_at=AT)

    (found,) = store.read(RAW, [ONE], second(DAYS[1]), second(DAYS[1]))

    assert (found.label(0), len(found)) == (DAYS[1], 1)
    assert list(store.read(RAW, [ONE], second("2025-10-11"), second("2025-10-12"))) == []
    assert list(store.read(RAW, [Symbol("600001.SH")])) == []


def test_what_is_done_is_noted_with_the_bars(store: HistoryStore):
    store.add(
        [flat(ONE, RAW, DAYS)], source="drawn", fetched_at=AT, covered=[Cover("1d raw", ONE, THREE_DAYS)]
    )

    assert store.covered("1d raw") == {ONE: Covered((THREE_DAYS,))}
    assert store.covered("1d forward") == {}


def test_a_file_that_no_index_names_is_no_part_and_is_swept_away(store: HistoryStore):
    store.add([flat(ONE, RAW, DAYS)], source="drawn", fetched_at=AT)
    left = store.folder / "cn" / "1d" / ("0" * 64 + ".parquet")
    half = left.with_name(f".{left.name}.abc")
    left.write_bytes(b"PAR1")
    half.write_bytes(b"PA")

    assert [len(one) for one in store.read(RAW, [ONE])] == [3]
    assert store.sweep() == 2
    assert not left.exists()
    assert not half.exists()


def test_without_its_index_a_stores_files_are_told_and_stay(store: HistoryStore):
    store.add([flat(ONE, RAW, DAYS)], source="drawn", fetched_at=AT)
    (path,) = store.folder.glob("cn/1d/*.parquet")
    (store.folder / INDEX_NAME).unlink()

    assert store.orphans() == (path,)
    (checked,) = checked_store(store)
    (found,) = checked.findings
    assert (found.kind, found.certainty) == (FindingKind.ORPHANED, Certainty.ERROR)
    assert INDEX_NAME in found.mend
    # What is taken away by name takes nothing else with it.
    store.add([flat(TWO, RAW, DAYS)], source="drawn", fetched_at=AT)
    store.remove(BarLength.DAY, [TWO])
    assert store.orphans() == (path,)


def test_files_a_killed_writer_left_are_a_note(store: HistoryStore):
    store.add([flat(ONE, RAW, DAYS)], source="drawn", fetched_at=AT)
    (store.folder / "cn" / "1d" / ("0" * 64 + ".parquet")).write_bytes(b"PAR1")

    found = [one for checked in checked_store(store) for one in checked.findings]

    assert [(one.kind, one.certainty) for one in found if one.kind is FindingKind.ORPHANED] == [
        (FindingKind.ORPHANED, Certainty.NOTE)
    ]


def test_days_between_two_downloads_are_told_as_never_asked_for(store: HistoryStore):
    labels = ["2025-10-09", "2025-10-10", "2025-10-15", "2025-10-16"]
    spans = [Days(*map(date.fromisoformat, labels[first : first + 2])) for first in (0, 2)]
    covers = [Cover("1d raw", ONE, span) for span in spans]
    store.add([flat(ONE, RAW, labels)], source="drawn", fetched_at=AT, covered=covers)

    (checked,) = checked_store(store)

    (found,) = checked.findings
    assert (found.kind, found.first, found.last) == (FindingKind.NOT_COVERED, "2025-10-13", "2025-10-14")
    assert "--start 2025-10-13 --end 2025-10-14" in found.mend


def test_a_days_hours_that_came_in_part_are_told_as_not_known(store: HistoryStore):
    labels = [f"2025-10-{day} {at}" for day in ("09", "10") for at in ("10:30", "11:30", "14:00", "15:00")]
    covers = [Cover("60m raw", ONE, Days(date(2025, 10, 10), date(2025, 10, 10)))]
    store.add([flat(ONE, HOURLY, [labels[0], *labels[4:]])], source="drawn", fetched_at=AT, covered=covers)

    (checked,) = checked_store(store)

    assert [(one.kind, one.first) for one in checked.findings] == [(FindingKind.NOT_COVERED, "2025-10-09")]


def test_a_last_day_that_is_not_whole_is_a_note(store: HistoryStore):
    labels = [f"2025-10-{day} {at}" for day in ("09", "10") for at in ("10:30", "11:30", "14:00", "15:00")]
    covers = [Cover("60m raw", ONE, Days(date(2025, 10, 9), date(2025, 10, 9)))]
    store.add([flat(ONE, HOURLY, labels[:-1])], source="drawn", fetched_at=AT, covered=covers)

    (checked,) = checked_store(store)

    assert [(one.kind, one.certainty, one.first) for one in checked.findings] == [
        (FindingKind.NOT_COVERED, Certainty.NOTE, "2025-10-10 14:00")
    ]


def test_a_stored_list_of_members_that_is_not_whole_is_found(store: HistoryStore):
    short = Roll(index="000016.SH", day=date(2025, 9, 30), members=(ONE, TWO), source="by hand")
    FactTables(Index(store.folder)).keep_roll(short)

    (checked,) = checked_store(store)

    assert [(one.kind, one.certainty) for one in checked.findings] == [
        (FindingKind.MEMBERS_SHORT, Certainty.ERROR)
    ]


def test_a_changed_file_is_named(store: HistoryStore):
    store.add([flat(ONE, RAW, DAYS)], source="drawn", fetched_at=AT)
    (path,) = store.folder.glob("cn/1d/*.parquet")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    (problem,) = store.problems()

    assert str(path) in problem


def test_no_number_is_read_out_of_a_file_of_which_a_byte_changed(store: HistoryStore):
    store.add([minutes(ONE, "2025-10-10")], source="drawn", fetched_at=AT)
    (path,) = store.folder.glob("cn/1m/*.parquet")
    content = path.read_bytes()

    for place in range(4, len(content) - 8, len(content) // 20):
        changed = bytearray(content)
        changed[place] ^= 4
        path.write_bytes(changed)
        with pytest.raises(HistoryError, match="data remove --damaged"):
            list(store.read(MINUTES, [ONE]))


def test_bars_of_a_damaged_file_may_come_again_once_they_are_taken_out(store: HistoryStore):
    wide = Days(date(2025, 10, 1), date(2025, 10, 31))
    store.add([flat(ONE, RAW, DAYS)], source="drawn", fetched_at=AT, covered=[Cover("1d raw", ONE, wide)])
    (path,) = store.folder.glob("cn/1d/*.parquet")
    store.add([flat(TWO, RAW, DAYS)], source="drawn", fetched_at=AT, covered=[Cover("1d raw", TWO, wide)])
    path.write_bytes(b"x")
    with pytest.raises(HistoryError, match="--damaged"):
        store.add([flat(ONE, RAW, DAYS)], source="drawn", fetched_at=AT)

    removed = store.remove_damaged()

    assert (removed, store.problems()) == (3, ())
    # Of the days around the bars that are gone it is still known that there were none.
    left = (Days(wide.first, date(2025, 10, 8)), Days(date(2025, 10, 14), wide.last))
    assert store.covered("1d raw") == {ONE: Covered(left), TWO: Covered((wide,))}
    assert store.add([flat(ONE, RAW, DAYS)], source="drawn", fetched_at=AT) == 3
    assert [len(one) for one in store.read(RAW, [ONE, TWO])] == [3, 3]
    assert store.remove_damaged() == 0


def test_of_a_damaged_file_of_weeks_no_day_of_the_first_week_stays_known(store: HistoryStore):
    weekly = replace(RAW, length=BarLength.WEEK)
    # Two weeks, known from Monday the sixth to Friday the seventeenth; the bars end on the Fridays.
    weeks = Days(date(2025, 10, 6), date(2025, 10, 17))
    bars = flat(ONE, weekly, ["2025-10-10", "2025-10-17"])
    store.add([bars], source="drawn", fetched_at=AT, covered=[Cover("1w raw", ONE, weeks)])
    (path,) = store.folder.glob("cn/1w/*.parquet")
    path.write_bytes(b"x")

    assert store.remove_damaged() == 2
    assert store.covered("1w raw") == {}


def test_a_reading_that_goes_on_is_told_from_a_disk_that_fails(
    store: HistoryStore, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("services.history.index.WAIT_S", 0.0)
    store.add([flat(ONE, RAW, DAYS)], source="drawn", fetched_at=AT)

    with store.index.reading(), pytest.raises(StorageError) as refused:
        HistoryStore(store.folder).add([flat(TWO, RAW, DAYS)], source="drawn", fetched_at=AT)

    assert "another process" in str(refused.value)
    assert "--data-dir" not in str(refused.value)


def test_a_writing_that_goes_on_is_no_reason_to_put_an_index_back(
    store: HistoryStore, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("services.history.index.WAIT_S", 0.0)
    store.add([flat(ONE, RAW, DAYS)], source="drawn", fetched_at=AT)
    writer = sqlite3.connect(store.folder / INDEX_NAME, timeout=0, isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")

    with pytest.raises(StorageError, match="another process") as refused:
        store.held()
    writer.close()

    assert "from a copy" not in str(refused.value)


def test_the_same_bytes_under_another_declaration_are_bars_of_their_own(store: HistoryStore):
    store.add([flat(ONE, RAW, DAYS)], source="drawn", fetched_at=AT)
    adjusted = replace(RAW, adjustment=Adjustment.FORWARD)
    weekly = replace(RAW, length=BarLength.WEEK)

    added = [
        store.add([flat(ONE, kind, DAYS)], source="drawn", fetched_at=AT)
        for kind in (adjusted, weekly, adjusted)
    ]

    assert added == [3, 3, 0]
    assert {(one.kind, one.bars) for one in store.held()} == {(RAW, 3), (adjusted, 3), (weekly, 3)}
    assert len(next(iter(store.read(adjusted, [ONE])))) == 3
    assert store.remove(BarLength.WEEK) == 3
    assert {one.kind for one in store.held()} == {RAW, adjusted}


def as_version_2(store: HistoryStore) -> None:
    """Bring the index back to how version 2 made it."""
    index = sqlite3.connect(store.folder / INDEX_NAME)
    index.executescript(
        "DROP TABLE covered; DROP TABLE described; DROP TABLE stays; DROP TABLE set_aside;"
        "CREATE TABLE done (job TEXT NOT NULL, symbol TEXT NOT NULL, PRIMARY KEY (job, symbol));"
        "CREATE TABLE set_aside (job TEXT NOT NULL, symbol TEXT NOT NULL, why TEXT NOT NULL, "
        "digest TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (job, symbol));"
        "CREATE TABLE instruments (symbol TEXT PRIMARY KEY, body TEXT NOT NULL, industry TEXT NOT NULL, "
        "source TEXT NOT NULL, known_until TEXT NOT NULL);"
        "CREATE TABLE actions_known (symbol TEXT NOT NULL, since TEXT NOT NULL, until TEXT NOT NULL, "
        "source TEXT NOT NULL, PRIMARY KEY (symbol, since, until, source)); PRAGMA user_version = 2"
    )
    index.close()


def as_version_1(store: HistoryStore) -> None:
    """Bring the index back to how version 1 made it."""
    as_version_2(store)
    index = sqlite3.connect(store.folder / INDEX_NAME)
    index.executescript(
        "CREATE TABLE old (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, market TEXT NOT NULL, "
        "length TEXT NOT NULL, adjustment TEXT NOT NULL, volume_unit TEXT NOT NULL, source TEXT NOT NULL, "
        "fetched_at TEXT NOT NULL); INSERT INTO old SELECT * FROM parts; DROP TABLE parts; "
        "ALTER TABLE old RENAME TO parts; PRAGMA user_version = 1"
    )
    index.close()


def test_an_index_of_the_version_before_is_read_and_brought_up_when_written(store: HistoryStore):
    store.add([flat(ONE, RAW, DAYS)], source="drawn", fetched_at=AT)
    before = store.held()
    as_version_1(store)

    assert store.held() == before
    assert (
        store.add([flat(ONE, replace(RAW, adjustment=Adjustment.FORWARD), DAYS)], source="x", fetched_at=AT)
        == 3
    )
    assert (store.held()[0], len(store.held())) == (before[0], 2)
    assert [len(one) for one in store.read(RAW, [ONE])] == [3]


def test_what_the_version_before_had_downloaded_and_imported_is_known_of_its_bars_days(store: HistoryStore):
    adjusted = replace(RAW, adjustment=Adjustment.FORWARD)
    store.add([flat(ONE, RAW, DAYS[:2])], source="tushare", fetched_at=AT)
    store.add(
        [flat(ONE, adjusted, DAYS[1:]), flat(TWO, adjusted, DAYS[:2])], source="file:a.csv", fetched_at=AT
    )
    as_version_2(store)
    index = sqlite3.connect(store.folder / INDEX_NAME)
    index.executescript(
        "INSERT INTO actions_known VALUES ('600000.SH', '2025-10-01', '2025-10-31', 'tushare');"
        'INSERT INTO instruments VALUES (\'600000.SH\', \'{"symbol":"600000.SH","name":"x"}\', \'\', '
        "'file:a.csv', '2025-10-13');"
        'INSERT INTO instruments VALUES (\'600519.SH\', \'{"symbol":"600519.SH","name":"y"}\', \'\', '
        "'tushare', '2025-10-13');"
    )
    index.close()

    tables = FactTables(Index(store.folder))

    ten = date(2025, 10, 10)
    assert store.covered("1d raw") == {ONE: Covered((Days(THREE_DAYS.first, ten),))}
    # Of each symbol a file is whole from its own first bar to its own last one.
    assert store.covered("1d forward") == {
        ONE: Covered((Days(ten, THREE_DAYS.last),)),
        TWO: Covered((Days(THREE_DAYS.first, ten),)),
    }
    assert tables.covered(EX_DAYS) == {ONE: Covered((Days(date(2025, 10, 1), date(2025, 10, 31)),))}
    # Of a vendor's facts only its last answer was kept, and nobody knows of which days.
    assert [one.days for some in tables.described().values() for one in some] == [
        Days(ten, THREE_DAYS.last),
        Days(THREE_DAYS.last, THREE_DAYS.last),
    ]


def test_two_writers_at_once_do_not_both_store_what_contradicts(store: HistoryStore):
    store.add([flat(TWO, RAW, DAYS)], source="drawn", fetched_at=AT)
    other = HistoryStore(store.folder)
    told: list[object] = []

    def second_writer() -> None:
        try:
            told.append(other.add([flat(ONE, RAW, DAYS, price="11.00")], source="two", fetched_at=AT))
        except Conflict as conflict:
            told.append(conflict)

    # The second writer begins while the first one has the index, and has to wait for its commit.
    writer = threading.Thread(target=second_writer)
    with Index(store.folder).writing() as index:
        writer.start()
        writer.join(timeout=0.2)
        store._add(index, [Fresh(flat(ONE, RAW, DAYS), 3)], "one", AT)
    writer.join(timeout=30)

    assert [type(one) for one in told] == [Conflict]
    assert [str(one.price(0, "close")) for one in store.read(RAW, [ONE])] == ["10.000000"]


def contradicting(store: HistoryStore) -> None:
    """Store two bars of one day that differ, as the first version let two writers do."""
    for price in ("10.00", "11.00"):
        with Index(store.folder).writing() as index:
            store._add(index, [Fresh(flat(ONE, RAW, DAYS[:1], price=price), 1)], "drawn", AT)


def keep(store: HistoryStore, series: Series) -> None:
    """Store bars, with the days from the first to the last as known."""
    days = Days(*(date.fromisoformat(series.label(row)) for row in (0, len(series) - 1)))
    covers = [Cover("1d raw", series.symbol, days)]
    store.add([series], source="drawn", fetched_at=AT, covered=covers)


def checked_store(store: HistoryStore) -> list[Checked]:
    tables, calendar = FactTables(Index(store.folder)), MarketCalendar(Market.CN, None)
    return check_store(store, tables, calendar, Market.CN, AT)


def test_bars_of_the_future_in_the_store_are_found(store: HistoryStore):
    # It is the second of January 2026.
    keep(store, flat(ONE, RAW, ["2025-12-31", "2026-01-05"]))

    (checked,) = checked_store(store)

    assert [(one.kind, one.first) for one in checked.findings] == [(FindingKind.IN_PROGRESS, "2026-01-05")]


def test_a_contradiction_inside_the_store_is_a_finding_and_the_others_are_checked(store: HistoryStore):
    keep(store, flat(TWO, RAW, DAYS))
    contradicting(store)

    (checked,) = checked_store(store)

    found = checked.findings[0]
    assert (found.kind, found.symbols, found.first) == (FindingKind.BARS_DIFFER, (ONE,), DAYS[0])
    assert "data remove --symbols 600000.SH --frequency 1d" in found.mend
    assert [one.symbol for one in checked.series] == [TWO]
    with pytest.raises(HistoryError, match=DAYS[0]):
        list(store.read(RAW, [ONE]))


def test_a_file_that_is_gone_or_cut_off_is_named(store: HistoryStore):
    store.add([flat(ONE, RAW, DAYS)], source="drawn", fetched_at=AT)
    (path,) = store.folder.glob("cn/1d/*.parquet")

    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(HistoryError, match=path.name):
        list(store.read(RAW, [ONE]))
    path.unlink()
    with pytest.raises(HistoryError, match=path.name):
        list(store.read(RAW, [ONE]))
    assert path.name in store.problems()[0]


def test_removed_bars_are_gone_and_may_come_again(store: HistoryStore):
    store.add(
        [flat(ONE, RAW, DAYS), flat(TWO, RAW, DAYS)],
        source="drawn",
        fetched_at=AT,
        covered=[Cover("1d raw", ONE, THREE_DAYS), Cover("1d raw", TWO, THREE_DAYS)],
    )
    store.add([flat(ONE, HOURLY, ["2025-10-10 10:30"])], source="drawn", fetched_at=AT)

    assert store.remove(BarLength.DAY, [ONE]) == 3
    assert {(one.symbol, one.kind.length) for one in store.held()} == {
        (TWO, BarLength.DAY),
        (ONE, BarLength.MIN_60),
    }
    assert [len(one) for one in store.read(RAW, [ONE, TWO])] == [3]
    assert set(store.covered("1d raw")) == {TWO}
    assert store.add([flat(ONE, RAW, DAYS, price="11.00")], source="drawn", fetched_at=AT) == 3
    assert store.remove(BarLength.DAY) == 6
    assert list(store.folder.glob("cn/1d/*")) == []


def test_bars_set_aside_are_read_by_nobody(store: HistoryStore):
    aside = store.set_aside(flat(ONE, RAW, DAYS), days=THREE_DAYS, why="high below low", at=AT)

    assert (aside.symbol, aside.why, aside.path.is_file()) == (ONE, "high below low", True)
    assert store.all_set_aside() == (aside,)
    assert list(store.read(RAW, [ONE])) == []

    part = Days(THREE_DAYS.first, THREE_DAYS.first)
    store.add([flat(ONE, RAW, DAYS)], source="drawn", fetched_at=AT, covered=[Cover("1d raw", ONE, part)])
    assert store.all_set_aside() == (aside,)
    store.note_covered([Cover("1d raw", ONE, Days(part.last, THREE_DAYS.last))])

    assert store.all_set_aside() == ()


def test_an_empty_store_holds_nothing_and_is_not_made_by_looking(store: HistoryStore):
    assert (store.held(), store.covered("1d raw"), store.problems(), store.sweep()) == ((), {}, (), 0)
    assert not store.folder.exists()


def test_an_index_of_a_newer_version_is_left_alone(store: HistoryStore):
    store.add([flat(ONE, RAW, DAYS)], source="drawn", fetched_at=AT)
    with sqlite3.connect(store.folder / INDEX_NAME) as index:
        index.execute("PRAGMA user_version = 99")
    index.close()

    with pytest.raises(HistoryError, match="newer"):
        store.held()
    with pytest.raises(HistoryError, match="newer"):
        store.add([flat(TWO, RAW, DAYS)], source="drawn", fetched_at=AT)


def test_an_index_that_was_never_written_to_its_end_holds_nothing(store: HistoryStore):
    store.folder.mkdir(parents=True)
    (store.folder / INDEX_NAME).touch()

    assert store.held() == ()
    assert store.add([flat(ONE, RAW, DAYS)], source="drawn", fetched_at=AT) == 3


def test_what_a_killed_writer_left_half_done_is_taken_back_by_a_reader(store: HistoryStore, tmp_path: Path):
    store.add([flat(ONE, RAW, DAYS)], source="drawn", fetched_at=AT)
    copy = tmp_path / "copy"
    copy.mkdir()
    writer = sqlite3.connect(store.folder / INDEX_NAME, isolation_level=None)
    writer.execute("PRAGMA cache_size = 1")
    writer.execute("BEGIN IMMEDIATE")
    writer.executemany(
        "INSERT INTO covered VALUES ('1d raw', ?, '2025-10-09', '2025-10-13')",
        [(f"{n:06d}.SH",) for n in range(20_000)],
    )
    # A process killed here leaves the disk so: pages written, and a journal of the old ones.
    for path in store.folder.glob(f"{INDEX_NAME}*"):
        (copy / path.name).write_bytes(path.read_bytes())
    writer.execute("ROLLBACK")
    writer.close()

    assert (copy / f"{INDEX_NAME}-journal").exists()
    assert HistoryStore(copy).covered("1d raw") == {}
    assert [one.symbol for one in HistoryStore(copy).held()] == [ONE]


def test_an_index_that_is_none_is_named(tmp_path: Path):
    (tmp_path / INDEX_NAME).write_bytes(b"no database at all, but long enough to be looked at" * 40)

    with pytest.raises(StorageError, match=INDEX_NAME):
        HistoryStore(tmp_path).held()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "history").write_text("a file in its place")

    with pytest.raises(StorageError, match=r"history: cannot be written"):
        HistoryStore(tmp_path / "history").add([flat(ONE, RAW, DAYS)], source="drawn", fetched_at=AT)


def test_a_failed_block_leaves_the_index_as_it_was(tmp_path: Path):
    index = Index(tmp_path)

    def cut_off() -> None:
        with index.writing() as inside:
            inside.execute("INSERT INTO covered VALUES ('1d raw', '600000.SH', '2025-10-09', '2025-10-13')")
            raise RuntimeError("midway")

    with pytest.raises(RuntimeError, match="midway"):
        cut_off()

    assert index.rows("SELECT name FROM sqlite_master WHERE name = 'covered'") == []


def test_lots_are_told_in_shares_and_nothing_else_is_guessed():
    lots = replace(RAW, volume_unit=VolumeUnit.LOT)
    given = flat(ONE, lots, DAYS, volume=7)
    unknown = replace(given, volume=np.array([7, NONE, 0]))

    assert in_unit(unknown, VolumeUnit.SHARE).volume.tolist() == [700, NONE, 0]
    assert in_unit(given, VolumeUnit.LOT) is given
    with pytest.raises(HistoryError, match="cannot be told"):
        in_unit(flat(ONE, replace(RAW, volume_unit=VolumeUnit.UNKNOWN), DAYS), VolumeUnit.SHARE)


def test_bars_that_the_version_before_made_of_others_are_dropped_and_no_part_of_a_day_is_known(
    store: HistoryStore,
):
    hours = [f"{day} {at}" for day in DAYS for at in ("10:30", "11:30", "14:00", "15:00")]
    store.add([flat(ONE, RAW, DAYS)], source="resampled:60m", fetched_at=AT)
    store.add([flat(TWO, RAW, DAYS)], source="tushare", fetched_at=AT)
    store.add([flat(ONE, HOURLY, hours[1:-1])], source="file:a.csv", fetched_at=AT)
    store.add([flat(TWO, HOURLY, hours[1:3])], source="akshare", fetched_at=AT)
    as_version_2(store)

    # They may have been made of a part of a day, and can be made again.
    assert store.covered("1d raw") == {TWO: Covered((THREE_DAYS,))}
    assert {(one.symbol, one.source) for one in store.held(BarLength.DAY)} == {(TWO, "tushare")}
    # The first day lacks its first hour, the last day its last; of the other symbol no day is whole.
    assert store.covered("60m raw") == {ONE: Covered((Days(date(2025, 10, 10), date(2025, 10, 12)),))}
    assert len(store.orphans()) == 1
    assert store.sweep() == 1
