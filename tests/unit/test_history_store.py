"""The store keeps what it was given, once, and says so when a file is not what it was."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from services.domain.bars import Adjustment, VolumeUnit
from services.domain.instruments import Symbol
from services.history.index import INDEX_NAME, HistoryError, Index
from services.history.lengths import BarLength
from services.history.series import NONE
from services.history.store import Conflict, HistoryStore, in_unit
from tests.history_by_hand import AT, HOURLY, RAW, flat, minutes, second

pytest.importorskip("pyarrow", reason="the store needs the extra parquet")

ONE, TWO = Symbol("600000.SH"), Symbol("600519.SH")
DAYS = ["2025-10-09", "2025-10-10", "2025-10-13"]


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
            job="j",
        )

    assert [one.symbol for one in store.held()] == [ONE]
    assert store.done("j") == frozenset()


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
    store.add([flat(ONE, RAW, DAYS)], source="drawn", fetched_at=AT, job="1d drawn")

    assert store.done("1d drawn") == {ONE}
    assert store.done("1d other") == frozenset()


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


def test_a_changed_file_is_named(store: HistoryStore):
    store.add([flat(ONE, RAW, DAYS)], source="drawn", fetched_at=AT)
    (path,) = store.folder.glob("cn/1d/*.parquet")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    (problem,) = store.problems()

    assert str(path) in problem


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
    store.add([flat(ONE, RAW, DAYS), flat(TWO, RAW, DAYS)], source="drawn", fetched_at=AT, job="1d drawn")
    store.add([flat(ONE, HOURLY, ["2025-10-10 10:30"])], source="drawn", fetched_at=AT)

    assert store.remove(BarLength.DAY, [ONE]) == 3
    assert {(one.symbol, one.kind.length) for one in store.held()} == {
        (TWO, BarLength.DAY),
        (ONE, BarLength.MIN_60),
    }
    assert store.done("1d drawn") == {TWO}
    assert store.add([flat(ONE, RAW, DAYS, price="11.00")], source="drawn", fetched_at=AT) == 3
    assert store.remove(BarLength.DAY) == 6
    assert list(store.folder.glob("cn/1d/*")) == []


def test_bars_set_aside_are_read_by_nobody(store: HistoryStore):
    aside = store.set_aside(flat(ONE, RAW, DAYS), job="1d drawn", why="high below low", at=AT)

    assert (aside.symbol, aside.why, aside.path.is_file()) == (ONE, "high below low", True)
    assert store.all_set_aside() == (aside,)
    assert list(store.read(RAW, [ONE])) == []

    store.add([flat(ONE, RAW, DAYS)], source="drawn", fetched_at=AT, job="1d drawn")

    assert store.all_set_aside() == ()


def test_an_empty_store_holds_nothing_and_is_not_made_by_looking(store: HistoryStore):
    assert (store.held(), store.done("j"), store.problems(), store.sweep()) == ((), frozenset(), (), 0)
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
    writer.executemany("INSERT INTO done VALUES ('j', ?)", [(f"{n:06d}.SH",) for n in range(20_000)])
    # A process killed here leaves the disk so: pages written, and a journal of the old ones.
    for path in store.folder.glob(f"{INDEX_NAME}*"):
        (copy / path.name).write_bytes(path.read_bytes())
    writer.execute("ROLLBACK")
    writer.close()

    assert (copy / f"{INDEX_NAME}-journal").exists()
    assert HistoryStore(copy).done("j") == frozenset()
    assert [one.symbol for one in HistoryStore(copy).held()] == [ONE]


def test_an_index_that_is_none_is_named(tmp_path: Path):
    (tmp_path / INDEX_NAME).write_bytes(b"no database at all, but long enough to be looked at" * 40)

    with pytest.raises(HistoryError, match=INDEX_NAME):
        HistoryStore(tmp_path).held()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "history").write_text("a file in its place")

    with pytest.raises(HistoryError, match=r"history: cannot be written"):
        HistoryStore(tmp_path / "history").add([flat(ONE, RAW, DAYS)], source="drawn", fetched_at=AT)


def test_a_failed_block_leaves_the_index_as_it_was(tmp_path: Path):
    index = Index(tmp_path)

    def cut_off() -> None:
        with index.writing() as inside:
            inside.execute("INSERT INTO done VALUES ('j', '600000.SH')")
            raise RuntimeError("midway")

    with pytest.raises(RuntimeError, match="midway"):
        cut_off()

    assert index.rows("SELECT name FROM sqlite_master WHERE name = 'done'") == []


def test_lots_are_told_in_shares_and_nothing_else_is_guessed():
    lots = replace(RAW, volume_unit=VolumeUnit.LOT)
    given = flat(ONE, lots, DAYS, volume=7)
    unknown = replace(given, volume=np.array([7, NONE, 0]))

    assert in_unit(unknown, VolumeUnit.SHARE).volume.tolist() == [700, NONE, 0]
    assert in_unit(given, VolumeUnit.LOT) is given
    with pytest.raises(HistoryError, match="cannot be told"):
        in_unit(flat(ONE, replace(RAW, volume_unit=VolumeUnit.UNKNOWN), DAYS), VolumeUnit.SHARE)
