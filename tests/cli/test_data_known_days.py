"""`data import`, `resample` and `download`: what they do not know they say, and no run takes it for known."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from commands import data_download
from services.domain.instruments import Market, Symbol
from services.history.lengths import BarLength, ends_of_day, moment_of
from services.history.spans import Cover, Days
from services.history.store import HistoryStore
from services.history.vendors import Period, Told
from tests.command_line import Ran, call
from tests.history_by_hand import AT, HOURLY, RAW, flat
from tests.unit.test_history_download import Vendor, told

pytest.importorskip("pyarrow", reason="the store needs the extra parquet")

RUN = ("--mode", "backtest", "--frequency", "daily", "--agent", "rule:buy_and_hold", "--no-report", "--json")
DAYS = ("2025-10-09", "2025-10-10", "2025-10-13", "2025-10-14")
HOURS = ("10:30", "11:30", "14:00", "15:00")


def daily(path: Path, days: Mapping[str, Sequence[str]], close: str = "10.1") -> Path:
    """Write a CSV of days by symbol."""
    lines = ["ts_code,trade_date,open,high,low,close,vol"]
    for symbol, some in days.items():
        lines += [f"{symbol},{day.replace('-', '')},10,10.5,9.9,{close},1000" for day in some]
    path.write_text("\n".join(lines) + "\n")
    return path


def imported(path: Path, data: Path, adjustment: str = "raw") -> Ran:
    return call(
        "data", "import", path, "--adjustment", adjustment, "--volume-unit", "share", "--data-dir", data
    )


def run(data: Path, *more: str) -> Ran:
    return call(*RUN, "--prices", "history:1d", *more, "--data-dir", data)


@pytest.mark.parametrize(("cut", "unknown", "shorter"), [
    (DAYS[:2], "2025-10-13", ("--end", "2025-10-10")),     # cut off at its end
    (DAYS[2:], "2025-10-09", ("--start", "2025-10-13")),   # begins too late
])  # fmt: skip
def test_a_symbol_cut_off_in_a_file_is_named_at_import_and_by_the_run(
    tmp_path: Path, cut: Sequence[str], unknown: str, shorter: Sequence[str]
):
    path = daily(tmp_path / "days.csv", {"600000.SH": DAYS, "600519.SH": cut})

    done = imported(path, tmp_path)
    ran = run(tmp_path)

    assert done.code == 0
    assert "600519.SH" in done.out
    assert ran.code == 2
    assert "600519.SH" in ran.err
    assert "600000.SH" not in ran.err
    assert unknown in ran.err
    assert run(tmp_path, *shorter).code == 0


@pytest.mark.parametrize(("cut", "facts"), [
    (DAYS[2:], {"listed_on": "2025-10-13"}),
    (DAYS[:2], {"listed_on": "2001-08-27", "suspended": [{"since": "2025-10-13", "until": "2025-10-14"}]}),
])  # fmt: skip
def test_a_listing_or_a_suspension_beside_the_file_excuses_the_days(
    tmp_path: Path, cut: Sequence[str], facts: Mapping[str, object]
):
    path = daily(tmp_path / "days.csv", {"600000.SH": DAYS, "600519.SH": cut})
    path.with_name("days.csv.meta.json").write_text(json.dumps({"instruments": {"600519.SH": facts}}))

    done = imported(path, tmp_path)

    ran = run(tmp_path)
    assert (done.code, ran.code) == (0, 0), done.err + ran.err


def hourly(path: Path, days: Sequence[str], last: str = "15:00") -> Path:
    lines = ["ts_code,trade_time,open,high,low,close,vol"]
    for day in days:
        lines += [
            f"600000.SH,{day} {at}:00,10,10.5,9.9,10.1,240" for at in HOURS if day < days[-1] or at <= last
        ]
    path.write_text("\n".join(lines) + "\n")
    return path


def resampled(data: Path) -> Any:
    done = call("data", "resample", "--from", "60m", "--to", "1d", "--data-dir", data, "--json")
    return done.code, done.json


def test_bars_that_are_there_already_stay_and_others_are_made_beside_them(tmp_path: Path):
    # The days of the file count what was traded after the close as well: 1,000 shares, and not 4 x 240.
    imported(daily(tmp_path / "days.csv", {"600000.SH": DAYS[:2]}), tmp_path)
    imported(hourly(tmp_path / "hours.csv", DAYS), tmp_path)

    code, told_of = resampled(tmp_path)

    assert (code, told_of["conflicts"]) == (0, [])
    assert [one["new_bars"] for one in told_of["resampled"]] == [2]
    assert run(tmp_path).code == 0


def test_days_of_other_prices_are_named_and_the_rest_is_made(tmp_path: Path):
    imported(daily(tmp_path / "days.csv", {"600000.SH": DAYS[:2]}, close="10.2"), tmp_path)
    imported(hourly(tmp_path / "hours.csv", DAYS), tmp_path)

    code, told_of = resampled(tmp_path)

    assert code == 1
    (conflict,) = told_of["conflicts"]
    assert "600000.SH" in conflict
    assert "2025-10-09 and 1 more" in conflict
    assert [one["new_bars"] for one in told_of["resampled"]] == [2]
    # What there was before stays what the run sees.
    assert run(tmp_path).code == 0


def test_a_day_of_other_prices_that_was_not_known_does_not_become_known(tmp_path: Path):
    store = HistoryStore(tmp_path / "history")
    store.add([flat("600000.SH", RAW, DAYS[:1], price="9.00")], source="x", fetched_at=AT)
    imported(hourly(tmp_path / "hours.csv", DAYS), tmp_path)

    code, _ = resampled(tmp_path)

    assert code == 1
    known = store.covered("1d raw")[Symbol("600000.SH")]
    assert [known.holds(date.fromisoformat(day)) for day in DAYS] == [False, True, True, True]


class CalendarOfItsOwn(Vendor):
    """Takes the tenth of October for a holiday."""

    def __init__(self, answers: Mapping[Symbol, Told | str]) -> None:
        super().__init__(answers)
        self.days = self._days  # type: ignore[method-assign]  # Under this name the other one counts.

    async def _days(self, start: date, end: date) -> Mapping[date, bool]:
        return {date(2025, 10, 9): True, date(2025, 10, 10): False, date(2025, 10, 11): False}

    async def bars(self, symbols: Sequence[Symbol], period: Period) -> Mapping[Symbol, Told | str]:
        return {symbol: self._within(self.told[symbol], period) for symbol in symbols}


def test_a_vendor_that_calls_a_trading_day_closed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    symbol = Symbol("600000.SH")
    vendor = CalendarOfItsOwn({symbol: told(symbol)})
    monkeypatch.setattr(data_download, "vendor_of", lambda *_: vendor)

    done = call(
        "data", "download", "--symbols", symbol, "--start", "2025-10-09", "--end", "2025-10-13",
        "--data-dir", tmp_path, "--json",
    )  # fmt: skip

    told_of: Any = done.json
    assert done.code == 1
    # The eleventh is a Saturday to both.
    assert list(told_of["lacks"]) == ["2025-10-10"]
    assert "closed" in told_of["lacks"]["2025-10-10"]
    assert told_of["stored"] == [symbol]


def test_a_day_without_bars_in_a_file_is_a_hole_where_facts_tell_no_suspension(tmp_path: Path):
    facts = {"days": ["2025-10-01", "2025-10-31"], "instruments": {"600519.SH": {"listed_on": "2001-08-27"}}}
    told_before = tmp_path / "facts.json"
    told_before.write_text(json.dumps(facts))
    call("data", "import", told_before, "--data-dir", tmp_path)
    path = daily(tmp_path / "days.csv", {"600000.SH": DAYS, "600519.SH": [DAYS[0], *DAYS[2:]]})

    done = imported(path, tmp_path)
    ran = run(tmp_path)

    assert (done.code, ran.code) == (0, 2), done.err
    assert "600519.SH on 2025-10-10..2025-10-10" in ran.err


def test_longer_bars_of_an_adjusted_file_go_on_where_an_earlier_one_ended(tmp_path: Path):
    for name, days in (("one", DAYS[:2]), ("two", DAYS)):
        path = hourly(tmp_path / f"{name}.csv", days)
        imported(path, tmp_path, "forward")
        code, told_of = resampled(tmp_path)
        assert (code, [one["new_bars"] for one in told_of["resampled"]]) == (0, [2])

    assert run(tmp_path).code == 0


def test_adjusted_bars_of_two_files_apart_make_no_longer_ones_and_no_run(tmp_path: Path):
    for days in (DAYS[:2], DAYS[2:]):
        path = hourly(tmp_path / "hours.csv", days)
        imported(path, tmp_path, "backward")

    done = call("data", "resample", "--from", "60m", "--to", "1d", "--data-dir", tmp_path)

    assert (done.code, "data remove" in done.err) == (2, True)
    assert HistoryStore(tmp_path / "history").held(BarLength.DAY) == ()


def test_longer_bars_are_made_of_the_symbols_of_one_market_alone(tmp_path: Path):
    store, day = HistoryStore(tmp_path / "history"), date(2025, 11, 28)
    here = flat("600000.SH", HOURLY, [f"{day} {at}" for at in HOURS])
    # The day after Thanksgiving: New York closes at one in the afternoon, Shanghai does not.
    ends = [moment_of(Market.US, day, at) for at in ends_of_day(Market.US, BarLength.MIN_60, time(13))]
    there = flat("AAPL.US", HOURLY, [f"{day} {at}" for at in HOURS])
    there = replace(there, ends=np.array(ends, dtype=np.int64))
    for one in (here, there):
        covers = [Cover("60m raw", one.symbol, Days(day, day))]
        store.add([one], source="x", fetched_at=AT, covered=covers)

    done = call(
        "data", "resample", "--market", "us", "--from", "60m", "--to", "1d", "--data-dir", tmp_path, "--json"
    )

    assert done.code == 0
    assert [one.symbol for one in store.held(BarLength.DAY)] == ["AAPL.US"]


def test_who_is_told_to_have_joined_after_an_indexs_last_list_is_downloaded_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    listed, joined = Symbol("600519.SH"), Symbol("600000.SH")
    lists, stays = tmp_path / "lists.csv", tmp_path / "stays.csv"
    lists.write_text(f"index_code,con_code,trade_date\n999999.SH,{listed},20250930\n")
    stays.write_text(f"index_code,con_code,in_date,out_date\n999999.SH,{joined},20251010,\n")
    call("data", "import", lists, stays, "--data-dir", tmp_path)
    vendor = CalendarOfItsOwn({one: told(one) for one in (listed, joined)})
    monkeypatch.setattr(data_download, "vendor_of", lambda *_: vendor)

    done = call(
        "data", "download", "--index", "999999.SH", "--start", "2025-10-09", "--end", "2025-10-13",
        "--data-dir", tmp_path, "--json",
    )  # fmt: skip

    told_of: Any = done.json
    assert sorted(told_of["stored"]) == [joined, listed]
