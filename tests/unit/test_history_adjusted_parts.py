"""Bars that are not raw are read together where a bar in common tells that they are adjusted alike."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from services.domain.bars import Adjustment, VolumeUnit
from services.domain.instruments import Market, Symbol
from services.history.index import HistoryError
from services.history.lengths import BarLength
from services.history.panels import Wanted, history_panel
from services.history.series import Series, joined
from services.history.spans import Cover, Days
from services.history.store import Conflict, HistoryStore
from tests.history_by_hand import AT, RAW, flat

pytest.importorskip("pyarrow", reason="the store needs the extra parquet")

ONE, TWO = Symbol("600000.SH"), Symbol("600519.SH")
DAYS = ("2025-10-09", "2025-10-10", "2025-10-13", "2025-10-14")
KNOWN = Days(date(2025, 10, 9), date(2025, 10, 14))
NOT_RAW = (Adjustment.UNKNOWN, Adjustment.FORWARD, Adjustment.BACKWARD)
DAILY = Wanted(length=BarLength.DAY, market=Market.CN)
FORWARD = replace(RAW, adjustment=Adjustment.FORWARD)


@pytest.fixture
def store(tmp_path: Path) -> HistoryStore:
    return HistoryStore(tmp_path / "history")


def brought(store: HistoryStore, *all_series: Series, source: str = "file:daily.csv") -> int:
    """Import bars, all of the days known; return how many of them are new."""
    covers = [Cover(one.kind.topic, one.symbol, KNOWN) for one in all_series]
    return store.add(all_series, source=source, fetched_at=AT, covered=covers)


def closes(store: HistoryStore) -> list[float]:
    found: list[float] = history_panel(store, DAILY).close[:, 0].tolist()
    return found


@pytest.mark.parametrize("adjustment", NOT_RAW)
@pytest.mark.parametrize("sources", [("file:daily.csv", "file:daily.csv"), ("file:a.csv", "file:b.csv")])
def test_adjusted_bars_of_two_imports_without_a_bar_in_common_are_refused(
    store: HistoryStore, adjustment: Adjustment, sources: Sequence[str]
):
    kind = replace(RAW, adjustment=adjustment)
    brought(store, flat(ONE, kind, DAYS[:2]), flat(TWO, kind, DAYS), source=sources[0])
    brought(store, flat(ONE, kind, DAYS[2:], price="5.00"), source=sources[1])

    # Half the price in the second one: the same share, told after a bonus issue.
    with pytest.raises(HistoryError, match=rf"{ONE} .*{sources[0]}.*data remove"):
        history_panel(store, DAILY)
    assert history_panel(store, replace(DAILY, symbols=(TWO,))).symbols == (TWO,)


def test_raw_bars_need_none_in_common(store: HistoryStore):
    brought(store, flat(ONE, RAW, DAYS[:2]))
    brought(store, flat(ONE, RAW, DAYS[2:], price="9.50"))

    assert closes(store) == [10.0, 10.0, 9.5, 9.5]


@pytest.mark.parametrize("adjustment", NOT_RAW)
def test_adjusted_bars_that_overlap_and_agree_are_read_together(store: HistoryStore, adjustment: Adjustment):
    kind = replace(RAW, adjustment=adjustment)
    brought(store, flat(ONE, kind, DAYS[:2]))

    new = brought(store, flat(ONE, kind, DAYS[1:]))

    # Two are new; the third tells that they go on with what was there.
    assert (new, sum(one.bars for one in store.held())) == (2, 4)
    assert closes(store) == [10.0] * 4
    assert brought(store, flat(ONE, kind, DAYS)) == 0
    assert len(store.held()) == 2


def test_a_file_with_bars_of_two_parts_joins_them_and_brings_nothing_new(store: HistoryStore):
    brought(store, flat(ONE, FORWARD, DAYS[:2]))
    brought(store, flat(ONE, FORWARD, DAYS[2:]))

    new = brought(store, flat(ONE, FORWARD, DAYS))

    assert (new, sum(one.bars for one in store.held())) == (0, 4)
    assert closes(store) == [10.0] * 4
    # Once is enough.
    brought(store, flat(ONE, FORWARD, DAYS))
    assert len(store.held()) == 3
    assert store.remove(BarLength.DAY) == 4


def test_an_overlap_that_does_not_agree_is_refused_where_it_is_brought(store: HistoryStore):
    brought(store, flat(ONE, FORWARD, DAYS[:2]))

    with pytest.raises(Conflict):
        brought(store, flat(ONE, FORWARD, DAYS[1:], price="5.00"))


def test_lots_and_shares_are_joined_by_prices_in_common(store: HistoryStore):
    lots = replace(FORWARD, volume_unit=VolumeUnit.LOT)
    brought(store, flat(ONE, FORWARD, DAYS[:2], volume=700))
    brought(store, flat(ONE, lots, DAYS[2:], volume=7))
    with pytest.raises(HistoryError, match="in common"):
        history_panel(store, DAILY)

    brought(store, flat(ONE, FORWARD, DAYS[1:3], volume=700))

    assert history_panel(store, DAILY).volume[:, 0].tolist() == [700.0] * 4


def test_series_hang_together_over_others_in_any_order():
    first, last = flat(ONE, FORWARD, DAYS[:2]), flat(ONE, FORWARD, DAYS[2:])
    between = flat(ONE, FORWARD, DAYS[1:3])

    assert joined([first, last, between])
    assert not joined([first, last])
    assert not joined([first, flat(ONE, FORWARD, DAYS[1:3], price="5.00")])
    assert joined([first])
    assert joined([])
