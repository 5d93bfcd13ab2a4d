"""`data download` of facts: what a file states hides nothing of a vendor's; what came early comes again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

import pytest

from commands import data_download
from services.clock import VirtualClock
from services.domain.instruments import Instrument, Span, Symbol
from services.history.descriptions import Described
from services.history.index import Index
from services.history.spans import Days
from services.history.store import HistoryStore
from services.history.tables import FactTables
from services.history.vendors import Period, Told
from tests.command_line import Ran, call
from tests.unit.test_history_download import Vendor, told

pytest.importorskip("pyarrow", reason="the store needs the extra parquet")

ONE = Symbol("600000.SH")
DAYS = ("2025-10-09", "2025-10-10", "2025-10-13")
RUN = ("--mode", "backtest", "--frequency", "daily", "--agent", "rule:buy_and_hold", "--no-report", "--json")
AT_FIVE_PAST_FOUR = "2025-10-13T16:05:00+08:00"


class Describing(Vendor):
    """Tells facts too, of all days that it is asked for."""

    def __init__(
        self, days: Sequence[str], *, st: tuple[Span, ...] = (), suspended: Sequence[str] = ()
    ) -> None:
        super().__init__({ONE: told(ONE, days, actions=())})
        halts = tuple(Span(since=date.fromisoformat(day), until=date.fromisoformat(day)) for day in suspended)
        self._facts = Instrument(
            symbol=ONE, name="浦发银行", listed_on=date(2000, 1, 1), st=st, suspended=halts
        )
        self.described_on: list[tuple[str, str]] = []
        self.days = self._days  # type: ignore[method-assign]  # Under this name the other one counts.

    async def _days(self, start: date, end: date) -> Mapping[date, bool]:
        return {}

    async def bars(self, symbols: Sequence[Symbol], period: Period) -> Mapping[Symbol, Told | str]:
        return {symbol: self._within(self.told[symbol], period) for symbol in symbols}

    async def described(self, symbols: Sequence[Symbol], start: date, end: date) -> tuple[Described, ...]:
        self.described_on.append((str(start), str(end)))
        return (Described(instrument=self._facts, industry="银行", source="by hand", days=Days(start, end)),)


def downloaded(
    data: Path, vendor: Vendor, monkeypatch: pytest.MonkeyPatch, now: str = AT_FIVE_PAST_FOUR
) -> Ran:
    monkeypatch.setattr(data_download, "vendor_of", lambda *_: vendor)
    clock = VirtualClock(datetime.fromisoformat(now))
    monkeypatch.setattr("services.clock.SystemClock", lambda: clock)
    return call("data", "download", "--symbols", ONE, "--start", DAYS[0], "--data-dir", data, "--json")


def declare(data: Path, **facts: object) -> None:
    path = data / "facts.json"
    path.write_text(json.dumps({"days": ["2025-10-01", "2025-10-31"], "instruments": {ONE: facts}}))
    assert call("data", "import", path, "--data-dir", data).code == 0


def facts_of(data: Path) -> tuple[Described, ...]:
    return FactTables(Index(data / "history")).described()[ONE]


def test_a_listing_that_a_file_states_hides_no_risk_warning_of_the_vendor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    declare(tmp_path, listed_on="1999-11-10", suspended=[{"since": "2025-10-10", "until": "2025-10-10"}])
    warned = (Span(since=date(2025, 10, 1), until=date(2025, 12, 31)),)
    vendor = Describing((DAYS[0], DAYS[2]), st=warned)

    done = downloaded(tmp_path, vendor, monkeypatch, "2025-10-14T09:00:00+08:00")
    again = downloaded(tmp_path, vendor, monkeypatch, "2025-10-14T09:00:00+08:00")

    assert (done.code, again.code) == (0, 0)
    assert vendor.described_on == [("2025-10-09", "2025-10-13")]
    (both,) = (one for one in facts_of(tmp_path) if one.days.first == date(2025, 10, 9))
    facts = both.instrument
    assert (facts.listed_on, facts.name, both.industry) == (date(1999, 11, 10), "浦发银行", "银行")
    assert facts.st == (Span(since=date(2025, 10, 9), until=date(2025, 10, 13)),)
    assert facts.suspended == (Span(since=date(2025, 10, 10), until=date(2025, 10, 10)),)
    # On the other days of the file its word stands alone.
    assert [one.source for one in facts_of(tmp_path)] == [
        "file:facts.json",
        "by hand, file:facts.json",
        "file:facts.json",
    ]


def test_facts_told_on_the_day_itself_are_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    early = Describing(DAYS[:2])
    short = downloaded(tmp_path, early, monkeypatch)
    refused = call(*RUN, "--prices", "history:1d", "--end", DAYS[2], "--data-dir", tmp_path)
    same_evening, later = (Describing(DAYS[:2], suspended=DAYS[2:]) for _ in range(2))
    whole = downloaded(tmp_path, same_evening, monkeypatch)
    downloaded(tmp_path, later, monkeypatch, "2025-10-14T09:00:00+08:00")
    settled = Describing(DAYS[:2])
    downloaded(tmp_path, settled, monkeypatch, "2025-10-14T09:00:00+08:00")

    assert early.described_on == [("2025-10-09", "2025-10-13")]
    assert (short.code, refused.code) == (1, 2)
    assert "data remove --facts" in refused.err
    # Of the thirteenth they are told that evening, told again the next day, and then no more.
    assert (same_evening.described_on, whole.code) == ([("2025-10-13", "2025-10-13")], 0)
    assert later.described_on == [("2025-10-13", "2025-10-13")]
    assert settled.described_on == []
    assert HistoryStore(tmp_path / "history").covered("1d raw")[ONE].holds(date(2025, 10, 13))


def test_what_a_file_states_stays_where_a_vendor_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    declare(tmp_path, listed_on="1999-11-10")
    downloaded(tmp_path, Describing(DAYS), monkeypatch)

    downloaded(tmp_path, Describing(DAYS), monkeypatch)

    (both,) = (one for one in facts_of(tmp_path) if one.days.last == date(2025, 10, 13))
    assert (both.instrument.listed_on, both.source) == (date(1999, 11, 10), "by hand, file:facts.json")
    (before, *_) = facts_of(tmp_path)
    assert (before.source, before.days.last) == ("file:facts.json", date(2025, 10, 8))
