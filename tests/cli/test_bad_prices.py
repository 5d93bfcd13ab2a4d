"""A price file or period that cannot be used is one line, exit code 2, and leaves no account behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import COLUMNS, DAYS, bar, call, four_days, table

SERIES = '{"Meta Data": {"2. Symbol": "600000.SH"}, "Time Series (Daily)": {%s}}\n'
ONE_BAR = (
    '"2025-10-10": {"1. buy price": "10", "2. high": "11", "3. low": "9", "4. sell price": "10.5", '
    '"5. volume": "100000"}'
)

# What the file holds (None: there is no file), and what the line names: the place and what is wrong.
FILES = {
    "missing": (None, ["no such file"]),
    "empty": ("", ["is empty"]),
    "header-only": (f"{COLUMNS}\n", ["no bars"]),
    "column-missing": ("ts_code,trade_date,open,low,close,vol\n", [":1", "high"]),
    "truncated-row": (f"{COLUMNS}\n{bar(day=DAYS[0])}\n600000.SH,20251010,10,1", [":3", "cut off"]),
    "truncated-json": (SERIES % ONE_BAR + SERIES[:40], [":2", "cut off"]),
    "csv-then-json": (f"{COLUMNS}\n{bar()}\n{SERIES % ONE_BAR}", [":3"]),
    "json-then-csv": (SERIES % ONE_BAR + f"{COLUMNS}\n", [":2", "mixed"]),
    "daily-then-hourly": (
        f"{COLUMNS}\n{bar(day='20251009')}\n{bar(day='2025-10-10 10:30:00')}\n", [":3", "hourly"],
    ),
    "not-text": (bytes(range(256)), ["CSV"]),
    "not-utf-8": (f"{COLUMNS},name\n{bar()},".encode() + "浦发银行\n".encode("gbk"), ["UTF-8"]),
    "other-text": ("hello\n", ["CSV"]),
    "high-below-low": (f"{COLUMNS}\n{bar(prices='10,9,11,10')}\n", [":2", "high", "low"]),
    "open-above-high": (f"{COLUMNS}\n{bar(prices='12,11,9,10')}\n", [":2", "open"]),
    "zero": (f"{COLUMNS}\n{bar(prices='0,11,9,10')}\n", [":2", "open"]),
    "negative": (f"{COLUMNS}\n{bar(prices='10,11,-9,10')}\n", [":2", "low"]),
    "nan": (f"{COLUMNS}\n{bar(prices='10,NaN,9,10')}\n", [":2", "high"]),
    "infinite": (f"{COLUMNS}\n{bar(prices='10,inf,9,10')}\n", [":2", "high"]),
    "no-number": (f"{COLUMNS}\n{bar(prices='10,eleven,9,10')}\n", [":2", "high"]),
    "field-missing": (f"{COLUMNS}\n{bar(prices='10,,9,10')}\n{bar(day=DAYS[1])}\n", [":2", "high"]),
    "twice": (f"{COLUMNS}\n{bar()}\n{bar()}\n", [":3", "line 2"]),
    "unordered": (f"{COLUMNS}\n{bar(day=DAYS[1])}\n{bar(day=DAYS[0])}\n", [":3", "line 2"]),
    "closed-day": (
        f"{COLUMNS}\n{bar(day='20251010')}\n{bar(day='20251011')}\n{bar(day='20251013')}\n", ["2025-10-11"],
    ),
    "no-such-day": (f"{COLUMNS}\n{bar(day='20251332')}\n", [":2", "20251332"]),
    "no-suffix": (f"{COLUMNS}\n{bar('600000')}\n", [":2", "600000.SH"]),
    "another-market": (f"{COLUMNS}\n{bar('AAPL.US')}\n", ["us", "--market"]),
    "mixed-markets": (f"{COLUMNS}\n{bar()}\n{bar('AAPL.US')}\n", [":3", "AAPL.US"]),
}  # fmt: skip


@pytest.mark.parametrize("mode", ["backtest", "paper"])
@pytest.mark.parametrize("name", FILES)
def test_a_price_file_that_cannot_be_used(name: str, mode: str, tmp_path: Path):
    content, named = FILES[name]
    path = tmp_path / f"{name}.data"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    done = call("--mode", mode, "--frequency", "daily", "--prices", path, "--data-dir", tmp_path / "data")

    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert [part for part in (path.name, *named) if part not in done.err] == []
    assert not (tmp_path / "data" / "main").exists()


@pytest.mark.parametrize("declared", ['"adjustment": "forward", ', '"adjustment": "backward", ', ""])
def test_ex_days_beside_prices_that_are_not_declared_raw_are_refused(declared: str, tmp_path: Path):
    path = four_days(tmp_path)
    actions = '"actions": [{"symbol": "600000.SH", "ex_date": "2025-10-13", "cash_per_share": "0.10"}]'
    path.with_name(f"{path.name}.meta.json").write_text("{" + declared + actions + "}", encoding="utf-8")

    done = call("--mode", "backtest", "--prices", path, "--data-dir", tmp_path / "data")

    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert [part for part in (path.name, "actions", "raw") if part not in done.err] == []
    assert not (tmp_path / "data" / "main").exists()


def test_declared_facts_in_a_folder_in_place_of_a_file_are_refused(tmp_path: Path):
    path = four_days(tmp_path)
    path.with_name(f"{path.name}.meta.json").mkdir()

    done = call("--mode", "backtest", "--prices", path, "--data-dir", tmp_path / "data")

    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert f"{path.name}.meta.json" in done.err
    assert not (tmp_path / "data" / "main").exists()


def test_a_run_begins_with_a_word_on_symbols_that_no_board_has(tmp_path: Path):
    lines = [bar(symbol, day) for symbol in ("600000.SH", "600000.SZ") for day in DAYS]

    done = call(
        "--mode", "backtest", "--prices", table(tmp_path / "p.csv", lines),
        "--data-dir", tmp_path / "data", "--json",
    )  # fmt: skip

    assert (done.code, done.json["sessions"], len(done.err.splitlines())) == (0, 4, 1)
    assert "600000.SZ" in done.err
    assert "600000.SH" not in done.err


def test_a_series_last_bar_may_have_its_open_alone(tmp_path: Path):
    lines = [bar(day=day) for day in DAYS[:3]] + ["600000.SH,20251014,10,,,,,,10"]

    done = call(
        "--mode", "backtest", "--prices", table(tmp_path / "p.csv", lines),
        "--data-dir", tmp_path / "data", "--json",
    )  # fmt: skip

    assert (done.code, done.json["sessions"]) == (0, 4)


PERIODS = {
    "end-before-start": (("--start", "2025-10-14", "--end", "2025-10-10"), ["--end", "--start"]),
    "before-the-data": (("--start", "2024-01-02"), ["2025-10-09"]),
    "after-the-data": (("--end", "2025-10-15"), ["2025-10-14"]),
    "a-weekend": (("--start", "2025-10-11", "--end", "2025-10-12"), ["2025-10-11", "2025-10-12"]),
    "hours-of-daily-bars": (("--frequency", "hourly"), ["prices.csv", "--frequency"]),
}


@pytest.mark.parametrize("mode", ["backtest", "paper"])
@pytest.mark.parametrize("name", PERIODS)
def test_a_period_that_cannot_be_run(name: str, mode: str, tmp_path: Path):
    arguments, named = PERIODS[name]

    done = call(
        "--mode", mode, "--prices", four_days(tmp_path), *arguments, "--data-dir", tmp_path / "data",
    )  # fmt: skip

    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert [part for part in named if part not in done.err] == []
    assert not (tmp_path / "data" / "main").exists()


@pytest.mark.parametrize(("day", "named"), [
    ("19850110", "1990-12-19"),  # The Shanghai exchange opened that day.
    ("20270104", "2026-12-31"),  # The last day anybody has announced.
])  # fmt: skip
def test_days_outside_the_calendar(day: str, named: str, tmp_path: Path):
    prices = table(tmp_path / "p.csv", [bar(day=day)])

    done = call("--mode", "backtest", "--prices", prices, "--data-dir", tmp_path / "data")

    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert named in done.err
    assert not (tmp_path / "data" / "main").exists()


def test_a_refused_file_leaves_an_account_that_is_there_as_it_was(tmp_path: Path):
    arguments = ("--mode", "backtest", "--data-dir", tmp_path / "data")
    call(*arguments, "--prices", four_days(tmp_path), "--no-report")
    before = {path: path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()}

    done = call(*arguments, "--prices", table(tmp_path / "bad.csv", [bar(prices="10,NaN,9,10")]))

    assert done.code == 2
    assert {path: path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()} == before
