"""Days that are known: joined, taken out, and told where they are missing."""

from datetime import date

import pytest

from services.domain.instruments import Span
from services.history.spans import NOTHING, Covered, Days, covering, cut, joined


def days(first: int, last: int) -> Days:
    """Return days of October 2025."""
    return Days(date(2025, 10, first), date(2025, 10, last))


def known(*spans: tuple[int, int]) -> Covered:
    return Covered(tuple(days(*span) for span in spans))


@pytest.mark.parametrize(("given", "expected"), [
    ([], known()),
    ([(5, 9)], known((5, 9))),
    ([(10, 12), (5, 9)], known((5, 12))),            # one follows the other
    ([(5, 9), (11, 12)], known((5, 9), (11, 12))),   # the tenth is between them
    ([(5, 20), (7, 9)], known((5, 20))),             # one inside the other
    ([(5, 9), (9, 12)], known((5, 12))),
    ([(9, 8)], known()),                             # it ends before it begins
])  # fmt: skip
def test_spans_that_overlap_or_follow_each_other_are_one(given: list[tuple[int, int]], expected: Covered):
    assert covering(days(*span) for span in given) == expected


@pytest.mark.parametrize(("gone", "left"), [
    ((1, 4), [(5, 9), (15, 20)]),
    ((1, 5), [(6, 9), (15, 20)]),
    ((7, 7), [(5, 6), (8, 9), (15, 20)]),
    ((9, 15), [(5, 8), (16, 20)]),
    ((1, 31), []),
    ((10, 14), [(5, 9), (15, 20)]),
])  # fmt: skip
def test_days_are_taken_out_of_the_middle_and_the_ends(gone: tuple[int, int], left: list[tuple[int, int]]):
    assert known((5, 9), (15, 20)).less([days(*gone)]) == known(*left)


def test_missing_days_are_those_of_no_span():
    some = known((5, 9), (15, 20))

    assert some.missing(*days(1, 31)) == (days(1, 4), days(10, 14), days(21, 31))
    assert some.missing(*days(6, 8)) == ()
    assert some.missing(*days(8, 6)) == ()
    assert NOTHING.missing(*days(1, 2)) == (days(1, 2),)


def test_a_day_is_known_to_the_ends_of_a_span():
    assert [known((5, 9)).holds(date(2025, 10, day)) for day in (4, 5, 9, 10)] == [False, True, True, False]


def test_days_between_two_others_are_told_without_these():
    some = known((5, 9), (11, 12))

    assert not some.gap(date(2025, 10, 4), date(2025, 10, 10))
    assert some.gap(date(2025, 10, 9), date(2025, 10, 11))
    assert not some.gap(date(2025, 10, 9), date(2025, 10, 10))


def test_spans_are_added_and_cut_to_others():
    assert known((5, 9)).plus([days(10, 12)]) == known((5, 12))
    assert known((5, 9), (15, 20)).within(days(8, 16)) == known((8, 9), (15, 16))
    assert str(days(5, 9)) == "2025-10-05..2025-10-09"


def span(first: int, last: int | None) -> Span:
    return Span(since=date(2025, 10, first), until=None if last is None else date(2025, 10, last))


def test_a_state_is_told_of_the_days_it_was_asked_for_alone():
    states = [span(1, 3), span(4, 6), span(8, None)]

    assert cut(states, days(5, 20)) == (span(5, 6), span(8, 20))


def test_a_states_spans_are_one_where_they_follow_each_other():
    assert joined([span(8, None), span(1, 3), span(4, 6)]) == (span(1, 6), span(8, None))
