"""The benchmark of quote sources runs: its twin serves as many shares as it asks for."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.quote_feed import COUNTS, SOURCES, many, took_s
from tests.market_twins.hosts import vendor_twins
from tests.market_twins.net import UNSET
from tests.market_twins.seeded import DAY, seeded_market


def test_it_asks_for_fifty_and_three_hundred_shares_that_are_not_the_same():
    assert COUNTS == (50, 300)
    assert len({kind.symbol for kind in many(300)}) == 300


def test_each_source_gives_every_share_that_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    moment = datetime(DAY.year, DAY.month, DAY.day, 2, 35, tzinfo=UTC)
    with vendor_twins(tmp_path, seeded_market(kinds=many(5)), lambda: moment) as net:
        for name in UNSET:
            monkeypatch.delenv(name, raising=False)
        for name, value in net.environment.items():
            monkeypatch.setenv(name, value)

        # It ends the program where a share is missing.
        took = [took_s(source, 5) for source in SOURCES]

    assert all(0 < one < 5 for one in took)
