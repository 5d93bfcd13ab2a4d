from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from openpyxl import Workbook

from services.domain.instruments import Market, Symbol
from services.domain.scores import Scores
from services.score_file import ScoreFileError, read_scores

A, B = Symbol("600001.SH"), Symbol("000001.SZ")


def csv(folder: Path, text: str, name: str = "scores.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def xlsx(folder: Path, rows: Sequence[Sequence[object]]) -> Path:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    path = folder / "scores.xlsx"
    book.save(path)
    return path


def seen(scores: Scores, symbol: Symbol, moment: str) -> float | None:
    """Return the score of that Shanghai time, whatever its age."""
    found = scores.at(symbol, datetime.fromisoformat(f"{moment}+08:00"), 9999)
    return None if found is None else found.value


def test_a_date_counts_from_the_next_day_on_and_a_time_right_after_it(tmp_path: Path):
    scores = read_scores(
        csv(tmp_path, f"date,symbol,score\n2025-10-09,{A},0.5\n2025-10-10 14:30,{A},-1\n20251009,{B},2e-1\n"),
        Market.CN,
    )

    assert seen(scores, A, "2025-10-09T23:59:59") is None
    assert seen(scores, A, "2025-10-10T00:00:00") == 0.5
    assert seen(scores, A, "2025-10-10T14:30:00") == 0.5
    assert seen(scores, A, "2025-10-10T14:30:01") == -1.0
    assert seen(scores, B, "2025-10-10T09:35:00") == 0.2


def test_an_offset_is_honoured_and_else_the_time_is_the_markets(tmp_path: Path):
    text = f"date,symbol,score\n2025-10-10T06:30:00Z,{A},1\n2025/10/10T14:31:05+08:00,{A},2\n"
    scores = read_scores(csv(tmp_path, text), Market.CN)
    new_york = read_scores(csv(tmp_path, "date,symbol,score\n2025-10-10 09:00,AAPL.US,1\n"), Market.US)

    assert seen(scores, A, "2025-10-10T14:30:00") is None
    assert seen(scores, A, "2025-10-10T14:30:01") == 1.0
    assert seen(scores, A, "2025-10-10T14:31:06") == 2.0
    # 09:00 in New York is 13:00 UTC that day.
    assert new_york.at(Symbol("AAPL.US"), datetime(2025, 10, 10, 13, 0, tzinfo=UTC), 7) is None
    assert new_york.at(Symbol("AAPL.US"), datetime(2025, 10, 10, 13, 0, 1, tzinfo=UTC), 7) is not None


def test_columns_stand_in_any_order_among_others_and_rows_too(tmp_path: Path):
    text = f"\ufeffmodel,Score, symbol ,date\nm,0.1,{A},2025-10-10\n\nm,+.3,{A},2025-10-09\n,,,\n"
    path = csv(tmp_path, text)
    scores = read_scores(path, Market.CN)

    assert seen(scores, A, "2025-10-10T09:35:00") == 0.3
    assert seen(scores, A, "2025-10-13T09:35:00") == 0.1
    assert (scores.name, scores.digest) == ("scores.csv", sha256(path.read_bytes()).hexdigest())


def test_an_excel_sheet_reads_as_the_same_table(tmp_path: Path):
    rows = [
        ("date", "symbol", "score", "note"),
        (date(2025, 10, 9), A, 0.5, "a day"),
        (datetime.fromisoformat("2025-10-10T14:30"), A, -1, "a time"),
        (None, None, None, None),
        ("2025-10-09", B, "0.25", "texts"),
    ]
    scores = read_scores(xlsx(tmp_path, rows), Market.CN)

    assert seen(scores, A, "2025-10-09T23:59:59") is None
    assert seen(scores, A, "2025-10-10T14:30:00") == 0.5
    assert seen(scores, A, "2025-10-10T14:30:01") == -1.0
    assert seen(scores, B, "2025-10-10T09:35:00") == 0.25


HEAD = "date,symbol,score\n"


@pytest.mark.parametrize(
    ("text", "line", "named"),
    [
        ("", "line 1", "date"),
        ("date,symbol\n", "line 1", "score"),
        ("date,symbol,score,score\n", "line 1", "score"),
        (HEAD + "2025-10-09,600001,1\n", "line 2", "600001.SH"),
        (HEAD + f"2025-10-09,{A},1\n2025-10-09,999999.SH,1\n", "line 3", "999999.SH"),
        (HEAD + "2025-10-09,AAPL.US,1\n", "line 2", "AAPL.US"),
        (HEAD + f"2025-13-09,{A},1\n", "line 2", "2025-13-09"),
        (HEAD + f"2025-10-09 25:00,{A},1\n", "line 2", "25:00"),
        (HEAD + f"yesterday,{A},1\n", "line 2", "yesterday"),
        (HEAD + f",{A},1\n", "line 2", "''"),
        (HEAD + f"2025-10-09,{A},high\n", "line 2", "high"),
        (HEAD + f"2025-10-09,{A},nan\n", "line 2", "nan"),
        (HEAD + f"2025-10-09,{A},1e999\n", "line 2", "1e999"),
        (HEAD + f'2025-10-09,{A},"1,5"\n', "line 2", "1,5"),
        (HEAD + f"2025-10-09,{A}\n", "line 2", "''"),
        (HEAD + f"2025-10-09,{A},1\n2025-10-10,{A},1\n20251009,{A},2\n", "line 4", str(A)),
        (HEAD + f'2025-10-09,{A},"1"x\n', "line 2", "CSV"),
    ],
)
def test_what_cannot_be_used_is_one_line_with_file_and_line(text: str, line: str, named: str, tmp_path: Path):
    path = csv(tmp_path, text)

    with pytest.raises(ScoreFileError) as refused:
        read_scores(path, Market.CN)

    said = str(refused.value)
    assert said.startswith(f"{path}: {line}: ")
    assert named in said
    assert "\n" not in said


def test_a_mainland_symbol_is_none_of_the_us_market(tmp_path: Path):
    with pytest.raises(ScoreFileError, match=str(A)):
        read_scores(csv(tmp_path, HEAD + f"2025-10-09,{A},1\n"), Market.US)


def test_a_cell_of_an_excel_sheet_is_named_by_its_row(tmp_path: Path):
    path = xlsx(tmp_path, [("date", "symbol", "score"), (date(2025, 10, 9), A, True)])

    with pytest.raises(ScoreFileError, match=r"scores\.xlsx: line 2: "):
        read_scores(path, Market.CN)


def test_files_that_are_none_are_one_line(tmp_path: Path):
    (tmp_path / "gbk.csv").write_bytes("date,symbol,score,说明\n".encode("gbk"))
    (tmp_path / "torn.xlsx").write_bytes(b"PK no sheet")

    for name, said in (("gbk.csv", "UTF-8"), ("torn.xlsx", "xlsx"), ("none.csv", "none.csv")):
        with pytest.raises(ScoreFileError, match=said) as refused:
            read_scores(tmp_path / name, Market.CN)
        assert "\n" not in str(refused.value)
