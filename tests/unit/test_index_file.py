"""Index files: the two forms they come in, and what is wrong with one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from commands.arena_index import index_row
from services.index_file import IndexDay, IndexFileError, read_index

REAL = Path(__file__).parents[2] / "../shared/data/astock-2025/index_daily_sse_50.json"


def written(folder: Path, text: str) -> Path:
    path = folder / "index.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_csv_is_read_in_any_order_of_days(tmp_path: Path):
    path = written(tmp_path, "date,open,close\n2025-10-10,101.5,102.25\n2025-10-09,,100\n")

    assert read_index(path) == (
        IndexDay(day=date(2025, 10, 9), open=None, close=Decimal(100)),
        IndexDay(day=date(2025, 10, 10), open=Decimal("101.5"), close=Decimal("102.25")),
    )


def test_the_columns_of_tushare_are_known(tmp_path: Path):
    path = written(tmp_path, "ts_code,trade_date,close\n000016.SH,20251009,2950.5\n")

    assert read_index(path)[0] == IndexDay(day=date(2025, 10, 9), open=None, close=Decimal("2950.5"))


def test_the_real_index_is_read():
    if not REAL.exists():
        pytest.skip("the shared market data is not beside this checkout")

    last = read_index(REAL)[-1]

    assert last == IndexDay(day=date(2025, 11, 19), open=Decimal("3004.6463"), close=Decimal("3020.3487"))


@pytest.mark.parametrize(("text", "named"), [
    ("", "line 1"),
    ("date,value\n2025-10-09,1\n", "line 1"),
    ("date,close\n", "no day"),
    ("date,close\n2025-13-09,1\n", "line 2"),
    ("date,close\n２０２５１００９,1\n", "line 2"),
    ("date,close\n2025-10-09,\n", "line 2"),
    ("date,close\n2025-10-09,0\n", "line 2"),
    ("date,close\n2025-10-09,nan\n", "line 2"),
    ("date,close\n2025-10-09,x\n", "line 2"),
    ("date,close\n2025-10-09,1\n20251009,2\n", "line 3"),
    ('date,close\n"2025-10-09,1\n', "line"),
    ('{"a": ', "not one JSON"),
    ('{"a": 1}', "Time Series"),
    ('{"Time Series (Daily)": {"2025-10-09": 3}}', "2025-10-09"),
])  # fmt: skip
def test_what_cannot_be_used_is_named(tmp_path: Path, text: str, named: str):
    with pytest.raises(IndexFileError, match=named):
        read_index(written(tmp_path, text))


def test_a_missing_file_and_one_that_is_no_text_are_named(tmp_path: Path):
    with pytest.raises(IndexFileError, match="cannot be read"):
        read_index(tmp_path / "none.csv")
    path = tmp_path / "bytes.csv"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(IndexFileError, match="UTF-8"):
        read_index(path)


MON, TUE = date(2025, 10, 13), date(2025, 10, 14)


def day(of: date, close: str, open_: str | None = None) -> IndexDay:
    return IndexDay(day=of, open=None if open_ is None else Decimal(open_), close=Decimal(close))


@pytest.mark.parametrize(("days", "opening"), [
    ([day(date(2025, 10, 10), "90"), day(MON, "110", "100"), day(TUE, "121")], "100"),
    ([day(date(2025, 10, 10), "90"), day(MON, "110"), day(TUE, "121")], "90"),
    ([day(MON, "110"), day(TUE, "121")], "110"),
])  # fmt: skip
def test_an_index_begins_at_the_first_open_else_at_the_close_before(days: list[IndexDay], opening: str):
    row = index_row(days, (MON, TUE))

    assert row.daily == ((MON, Decimal(opening)), (MON, Decimal(110)), (TUE, Decimal(121)))


def test_an_index_without_one_of_the_days_is_refused():
    with pytest.raises(IndexFileError, match="2025-10-14"):
        index_row([day(MON, "110")], (MON, TUE))
