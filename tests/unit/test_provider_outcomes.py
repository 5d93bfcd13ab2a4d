"""No bad answer becomes an order, and nothing hangs."""

from __future__ import annotations

import pytest

from tests.provider_outcomes import ANSWERS, DECISION, FAILURES, HANGS, Outcome, outcomes, table


@pytest.fixture(scope="module")
def found() -> list[Outcome]:
    return outcomes()


def test_each_failure_of_a_server_ends_as_the_table_says(found: list[Outcome]):
    assert len(found) == len(ANSWERS) + len(FAILURES) + len(HANGS) > 70

    assert [(one.case.name, one.outcome, one.requests) for one in found] == [
        (one.case.name, one.case.outcome, one.case.requests) for one in found
    ]


def test_no_order_comes_from_an_answer_that_is_no_decision(found: list[Outcome]):
    assert {one.case.name for one in found if one.orders and one.outcome != DECISION} == set()
    assert sum(one.orders for one in found) > 5


def test_every_deadline_is_kept_within_one_part_in_ten(found: list[Outcome]):
    assert [row for one, row in zip(found, list(table(found))[1:], strict=True) if not one.in_time] == []
