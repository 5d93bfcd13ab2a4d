"""What a run reads of bars in shares and in lots, on closed days, and while somebody else writes."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from services.calendars import MarketCalendar
from services.domain.bars import VolumeUnit
from services.domain.instruments import Instrument, Market, Symbol
from services.history.descriptions import Described
from services.history.index import INDEX_NAME, HistoryError, Index
from services.history.lengths import BarLength
from services.history.panels import Wanted, history_panel
from services.history.spans import Cover, Days
from services.history.store import HistoryStore
from services.history.tables import FactTables
from tests.history_by_hand import AT, RAW, flat, series
from tests.unit.test_history_panels import keep

pytest.importorskip("pyarrow", reason="the store needs the extra parquet")

ONE, TWO = Symbol("600000.SH"), Symbol("600519.SH")
DAYS = ("2025-10-09", "2025-10-10", "2025-10-13")
LOTS = replace(RAW, volume_unit=VolumeUnit.LOT)
UNKNOWN = replace(RAW, volume_unit=VolumeUnit.UNKNOWN)
DAILY = Wanted(length=BarLength.DAY, market=Market.CN)
WEEK_ONE, WEEK_TWO = (
    Days(date(2025, 10, 20), date(2025, 10, 24)),
    Days(date(2025, 10, 27), date(2025, 10, 31)),
)


@pytest.fixture
def store(tmp_path: Path) -> HistoryStore:
    return HistoryStore(tmp_path / "history")


@pytest.fixture(scope="module")
def trading() -> Callable[[date, date], Sequence[date]]:
    return MarketCalendar(Market.CN, None).trading_days


@pytest.mark.parametrize(("chosen", "volumes"), [
    (None, [700, 700, 700]),
    (VolumeUnit.SHARE, [700, 700, 700]),
    (VolumeUnit.LOT, [700, 700, 700]),
])  # fmt: skip
def test_no_choice_of_a_unit_loses_the_bars_of_the_other(
    store: HistoryStore, chosen: VolumeUnit | None, volumes: list[int]
):
    keep(store, [flat(ONE, RAW, DAYS[:1], volume=700)])
    keep(store, [flat(ONE, LOTS, DAYS[1:], volume=7)])

    panel = history_panel(store, replace(DAILY, volume_unit=chosen))

    assert (panel.volume[:, 0].tolist(), panel.volume_unit) == (volumes, VolumeUnit.SHARE)


def test_lots_alone_are_told_in_shares_where_shares_are_chosen(store: HistoryStore):
    keep(store, [flat(ONE, LOTS, DAYS, volume=7)])

    shares = history_panel(store, replace(DAILY, volume_unit=VolumeUnit.SHARE))
    plain = history_panel(store, DAILY)

    assert (shares.volume[:, 0].tolist(), shares.volume_unit) == ([700] * 3, VolumeUnit.SHARE)
    assert (plain.volume[:, 0].tolist(), plain.volume_unit) == ([7] * 3, VolumeUnit.LOT)


@pytest.mark.parametrize(("shares", "agree"), [
    (799, True),    # 7 lots and 99 odd shares
    (601, True),
    (800, False),
    (600, False),
])  # fmt: skip
def test_volumes_less_than_a_lot_apart_say_the_same(store: HistoryStore, shares: int, agree: bool):
    keep(store, [flat(ONE, RAW, DAYS, volume=shares)])
    keep(store, [flat(ONE, LOTS, DAYS, volume=7)])

    if agree:
        assert history_panel(store, DAILY).volume[:, 0].tolist() == [shares] * 3
    else:
        with pytest.raises(HistoryError, match="--volume-unit"):
            history_panel(store, DAILY)


def test_shares_and_lots_that_differ_in_amounts_alone_are_read_together(store: HistoryStore):
    rows = [(day, "10.00", "10.00", "10.00", "10.00", 700) for day in DAYS]
    keep(store, [series(ONE, RAW, rows, ["7000"] * 3)])
    keep(store, [flat(ONE, LOTS, DAYS, volume=7)])

    assert history_panel(store, DAILY).volume[:, 0].tolist() == [700] * 3


def test_shares_and_lots_of_other_prices_are_refused(store: HistoryStore):
    keep(store, [flat(ONE, RAW, DAYS, volume=700)])
    keep(store, [flat(ONE, LOTS, DAYS[1:2], price="5.00", volume=7)])

    with pytest.raises(HistoryError, match=rf"{ONE}.*{DAYS[1]}"):
        history_panel(store, DAILY)


def test_bars_whose_unit_nobody_knows_are_never_left_out_beside_others(store: HistoryStore):
    keep(store, [flat(ONE, RAW, DAYS[:1]), flat(TWO, RAW, DAYS)])
    keep(store, [flat(ONE, UNKNOWN, DAYS[1:])])
    two_alone = replace(DAILY, symbols=(TWO,), volume_unit=VolumeUnit.SHARE)

    with pytest.raises(HistoryError, match="must not be mixed"):
        history_panel(store, DAILY)
    for chosen in (VolumeUnit.SHARE, VolumeUnit.LOT, VolumeUnit.UNKNOWN):
        with pytest.raises(HistoryError, match=f"{ONE}.*data remove"):
            history_panel(store, replace(DAILY, volume_unit=chosen))
    assert history_panel(store, two_alone).symbols == (TWO,)


def keep_two_weeks(store: HistoryStore) -> None:
    for week in (WEEK_ONE, WEEK_TWO):
        labels = [str(week.first), str(week.last)]
        store.add([flat(ONE, RAW, labels)], source="x", fetched_at=AT, covered=[Cover("1d raw", ONE, week)])


def test_a_weekend_between_two_downloads_needs_no_bars(
    store: HistoryStore, trading: Callable[[date, date], Sequence[date]]
):
    keep_two_weeks(store)

    assert len(history_panel(store, DAILY, trading).ends) == 4
    # Without a calendar there may have been trading on it.
    with pytest.raises(HistoryError, match=r"2025-10-25\.\.2025-10-26"):
        history_panel(store, DAILY)


def test_a_weekend_between_two_downloads_needs_no_facts_and_no_ex_days(
    store: HistoryStore, trading: Callable[[date, date], Sequence[date]]
):
    keep_two_weeks(store)
    tables = FactTables(Index(store.folder))
    listed = Instrument(symbol=ONE, listed_on=date(1999, 11, 10))
    for week, industry in ((WEEK_ONE, "银行"), (WEEK_TWO, "金融")):
        tables.describe([Described(instrument=listed, industry=industry, source="x", days=week)])
        tables.keep_actions(ONE, week, [], "x")

    panel = history_panel(store, DAILY, trading)

    assert panel.source == "history:1d"
    # Of the first Monday of November nobody told any.
    store.note_covered([Cover("1d raw", ONE, Days(date(2025, 11, 1), date(2025, 11, 3)))])
    with pytest.raises(HistoryError, match=r"the facts of 600000.SH on 2025-11-01\.\.2025-11-03"):
        history_panel(store, replace(DAILY, end=date(2025, 11, 3)), trading)


def in_a_hurry(store: HistoryStore) -> None:
    """Take all bars away as another process would that waits for nobody."""
    index = sqlite3.connect(store.folder / INDEX_NAME, timeout=0, isolation_level=None)
    try:
        index.execute("BEGIN IMMEDIATE")
        index.execute("DELETE FROM spans")
        index.execute("COMMIT")
    finally:
        index.close()


def test_what_is_read_at_one_moment_nobody_changes_meanwhile(store: HistoryStore):
    keep(store, [flat(ONE, RAW, DAYS)])

    with store.index.reading():
        before = store.held()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            in_a_hurry(store)
        during = store.held()
    taken = store.remove(BarLength.DAY)

    assert (before, taken) == (during, 3)
    assert store.held() == ()


def test_a_run_reads_all_it_needs_at_one_moment(store: HistoryStore, monkeypatch: pytest.MonkeyPatch):
    keep(store, [flat(ONE, RAW, DAYS)])
    tried: list[bool] = []
    covered = HistoryStore.covered

    def then_remove(self: HistoryStore, topic: str) -> object:
        found = covered(self, topic)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            in_a_hurry(store)
        tried.append(True)
        return found

    monkeypatch.setattr(HistoryStore, "covered", then_remove)

    assert history_panel(store, DAILY).close[:, 0].tolist() == [10.0] * 3
    assert tried == [True]


@pytest.mark.parametrize("chosen", [VolumeUnit.SHARE, VolumeUnit.LOT])
def test_no_choice_of_a_unit_settles_which_of_two_prices_is_right(store: HistoryStore, chosen: VolumeUnit):
    keep(store, [flat(ONE, RAW, DAYS, volume=700)])
    keep(store, [flat(ONE, LOTS, DAYS[1:2], price="5.00", volume=7)])

    with pytest.raises(HistoryError, match=rf"{ONE}.*{DAYS[1]}.*data remove"):
        history_panel(store, replace(DAILY, volume_unit=chosen))
