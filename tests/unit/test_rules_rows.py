"""The book itself: rows without gap or overlap, its first and last day, its version."""

import hashlib
import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal

import pytest

import services.rules
from services.domain.instruments import Board
from services.rules import (
    KNOWN_UNTIL,
    RULES_VERSION,
    Confidence,
    OutsideRulebook,
    Row,
    Rules,
    Series,
    Venue,
    every_series,
    rulebook,
    rules_on,
    venue_of,
)

H = Confidence.HIGH

# One line for each version of the book: what its rows' digest is. A changed row needs a new version.
DIGESTS = {
    "cn-2026.11.20.1": "65dcfdc5297ea2b77ae5869f57cf62f5bf2724f0e5ad0c676bc4b178c7ff6607",
    "cn-2026.11.20.2": "a220a628822014b68f3b1ae1b0585a26bd14bbb34eb0b9f4e34e3fb53ddf437a",
}


def rows(*spans: tuple[date, date | None]) -> Series[int]:
    return Series(
        name="x",
        rows=tuple(
            Row(value=i, since=since, until=until, source="s", confidence=H)
            for i, (since, until) in enumerate(spans)
        ),
    )


def digest_of_all_rows() -> str:
    lines = sorted(f"{series.name}: {row!r}" for series in every_series() for row in series.rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def test_the_book_has_series_to_look_at_and_their_names_are_unique():
    names = [series.name for series in every_series()]

    assert len(names) > 100
    assert len(names) == len(set(names))


def test_no_series_of_the_book_has_a_gap_or_an_overlap():
    faults = [fault for series in every_series() for fault in series.faults()]

    assert faults == []


@pytest.mark.parametrize(
    "name",
    [
        "programmatic trading",
        "circuit breaker",
        "proceeds of mainland sales",
        "settlement of US trades",
        "settlement etf_commodity_t0 SZSE",
        "timetable REIT SSE",
        "timetable CB SSE",
    ],
)
def test_the_book_holds_the_series_that_stand_beside_its_tables(name):
    assert name in {series.name for series in every_series()}


def test_every_row_names_its_source():
    assert all(row.source.strip() for series in every_series() for row in series.rows)


def test_every_open_series_reaches_the_end_of_the_book():
    ended = {series.name for series in every_series() if series.rows[-1].until is not None}

    # The old BSE codes alone: all stocks were renumbered to 920 on 2025-10-09.
    assert ended == {"code 43.BJ", "code 83.BJ", "code 87.BJ", "code 88.BJ"}


def test_a_changed_row_changes_the_version():
    assert digest_of_all_rows() == DIGESTS[RULES_VERSION]


@pytest.mark.parametrize(
    ("series", "fault"),
    [
        (rows(), "x: no rows"),
        (
            rows((date(2020, 1, 1), date(2020, 1, 10)), (date(2020, 1, 12), None)),
            "x: 2020-01-10 is not the day before 2020-01-12",
        ),
        (
            rows((date(2020, 1, 1), date(2020, 1, 12)), (date(2020, 1, 12), None)),
            "x: 2020-01-12 is not the day before 2020-01-12",
        ),
        (
            rows((date(2020, 1, 1), None), (date(2020, 1, 12), None)),
            "x: None is not the day before 2020-01-12",
        ),
        (rows((date(2020, 1, 2), date(2020, 1, 1))), "x: row from 2020-01-02 ends 2020-01-01"),
    ],
    ids=["empty", "gap", "overlap", "open row in the middle", "inverted"],
)
def test_a_faulty_series_is_found(series, fault):
    assert series.faults() == [fault]


def test_both_ends_of_a_row_are_included():
    series = rows((date(2020, 1, 1), date(2020, 1, 10)), (date(2020, 1, 11), date(2020, 1, 20)))

    assert series.on(date(2020, 1, 1)) == 0
    assert series.on(date(2020, 1, 10)) == 0
    assert series.on(date(2020, 1, 11)) == 1
    assert series.on(date(2020, 1, 20)) == 1


@pytest.mark.parametrize("day", [date(2019, 12, 31), date(2020, 1, 21)])
def test_a_day_no_row_speaks_of_is_outside_the_book(day):
    series = rows((date(2020, 1, 1), date(2020, 1, 20)))

    with pytest.raises(OutsideRulebook, match="no rule is known"):
        series.on(day)


def test_the_book_ends_with_the_known_calendar():
    assert date(2026, 12, 31) == KNOWN_UNTIL
    assert rules_on(Board.SSE_MAIN, date(2026, 12, 31)).tick == Decimal("0.01")
    for board in Board:
        with pytest.raises(OutsideRulebook, match="2026-12-31"):
            rules_on(board, date(2027, 1, 1))


@pytest.mark.parametrize(
    ("board", "first"),
    [
        (Board.SSE_MAIN, date(1996, 12, 16)),
        (Board.SZSE_MAIN, date(1996, 12, 16)),
        (Board.STAR, date(2019, 7, 22)),
        (Board.CHINEXT, date(2009, 10, 30)),
        (Board.BSE, date(2021, 11, 15)),
        (Board.SSE_FUND, date(2003, 3, 3)),
        (Board.SZSE_FUND, date(2003, 3, 3)),
        (Board.REIT, date(2021, 1, 29)),
        (Board.CONVERTIBLE, date(2006, 7, 1)),
        (Board.SSE_B, date(1996, 12, 16)),
        (Board.SZSE_B, date(1996, 12, 16)),
        (Board.US, date(2001, 4, 9)),
    ],
)
def test_a_board_has_rules_from_its_first_day_on_and_none_before(board, first):
    rules = rules_on(board, first)

    assert (rules.board, rules.day, rules.version) == (board, first, RULES_VERSION)
    with pytest.raises(OutsideRulebook):
        rules_on(board, date.fromordinal(first.toordinal() - 1))


def test_asking_twice_gives_the_same_object():
    assert rules_on(Board.STAR, date(2026, 11, 20)) is rules_on(Board.STAR, date(2026, 11, 20))


def known(board: Board, day: date, ask: Callable[[Board, date, Venue], Rules]) -> Rules | str:
    """Return the rules, or in words why there are none."""
    try:
        return ask(board, day, venue_of(board))
    except OutsideRulebook as unknown:
        return str(unknown)


@pytest.mark.parametrize("board", Board)
def test_rules_of_a_day_are_what_the_rows_of_that_day_say(board):
    first = {row.since for series in every_series() for row in series.rows}
    last = {row.until for series in every_series() for row in series.rows if row.until is not None}
    # Both ends of each stretch in which no row changes, and the days beside them.
    days = sorted({day + timedelta(days=off) for day in first | last for off in (-1, 0, 1)})
    assert len(days) > 150

    for day in days:
        assert known(board, day, rules_on) == known(board, day, rulebook._resolved)


def test_rules_are_looked_up_anew_where_a_row_begins_and_where_one_ends_without_another():
    changes = rulebook._changes()

    # The closing call at SSE began on the first; the old codes of BSE ended the day before the second.
    assert {date(2018, 8, 20), date(2025, 10, 9)} <= set(changes)
    assert list(changes) == sorted(set(changes))


def tables_in(value: object) -> Iterator[Series[object]]:
    if isinstance(value, Series):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from tables_in(one)


def test_no_table_of_the_rules_is_left_out_of_the_book():
    # A day's rules are resolved once between two changes of the tables listed: of no other would one be seen.
    listed = {id(one) for one in every_series()}
    modules = [
        importlib.import_module(f"services.rules.{one.name}")
        for one in pkgutil.iter_modules(services.rules.__path__)
    ]

    tables = {
        id(table): table.name for one in modules for value in vars(one).values() for table in tables_in(value)
    }

    assert len(tables) > 50
    assert [name for key, name in tables.items() if key not in listed] == []


@pytest.mark.parametrize("board", Board)
def test_the_ends_of_the_phases_are_those_of_the_phases(board):
    for day in (date(2017, 3, 1), date(2022, 7, 12), date(2026, 7, 3), date(2026, 7, 6)):
        rules = known(board, day, rules_on)
        if isinstance(rules, Rules):
            assert rules.phase_ends == tuple(span.end for span in rules.phases[:-1])
