"""Which rows speak of an instrument on a day."""

from datetime import date

import pytest

from services.domain.instruments import Kind, Symbol
from services.rules import rules_of
from services.rules.explanation import Explained, Topic, rows_about

DAY = date(2026, 11, 20)


def about(symbol: str, kind: Kind, day: date = DAY) -> dict[Topic, Explained]:
    found = rows_about(Symbol(symbol), rules_of(Symbol(symbol), day), kind)
    assert len(found) == len({one.topic for one in found})
    return {one.topic: one for one in found}


def test_a_share_has_every_topic_but_those_of_funds_bonds_and_the_us():
    topics = about("600519.SH", Kind.STOCK).keys()

    assert set(Topic) - topics == {Topic.LIMIT_WIDE_FUND, Topic.DAY_TRADER}


def test_a_us_share_has_no_mainland_topics():
    topics = about("AAPL.US", Kind.STOCK).keys()

    assert {Topic.DAY_TRADER, Topic.CASH, Topic.TICK} <= topics
    assert not {Topic.PROGRAMMATIC, Topic.COMMISSION_CAP, Topic.LIMIT_ROUNDING, Topic.HALTS} & topics


def test_funds_without_handling_fee_are_told_none():
    assert Topic.HANDLING_FEE in about("510300.SH", Kind.ETF_EQUITY)
    assert Topic.HANDLING_FEE not in about("511010.SH", Kind.ETF_BOND_T0)
    assert Topic.DIVIDEND_TAX not in about("510300.SH", Kind.ETF_EQUITY)


@pytest.mark.parametrize(
    ("symbol", "kind", "rule"),
    [
        ("508000.SH", Kind.REIT, "timetable REIT SSE"),
        ("180101.SZ", Kind.REIT, "timetable REIT"),
        ("113050.SH", Kind.CONVERTIBLE_BOND, "timetable CB SSE"),
        ("123107.SZ", Kind.CONVERTIBLE_BOND, "timetable CB"),
    ],
)
def test_the_timetable_told_is_the_exchanges_own(symbol, kind, rule):
    told = about(symbol, kind)[Topic.TIMETABLE]
    rules = rules_of(Symbol(symbol), DAY)

    assert told.series == rule
    assert told.row is not None
    assert told.row.value == rules.phases


@pytest.mark.parametrize(
    ("symbol", "exchange"), [("600519.SH", "SSE"), ("300750.SZ", "SZSE"), ("920001.BJ", "BSE")]
)
def test_rounding_and_the_one_tick_floor_are_told_of_the_exchange(symbol, exchange):
    told = about(symbol, Kind.STOCK)

    assert told[Topic.LIMIT_ROUNDING].series == f"limit rounding {exchange}"
    assert told[Topic.LIMIT_ONE_TICK].series == f"limit at least one tick {exchange}"


def test_a_row_not_known_that_early_is_told_as_none():
    told = about("600519.SH", Kind.STOCK, date(2010, 1, 4))

    assert told[Topic.RELISTING_FIRST_DAY].row is None
    assert told[Topic.HALTS].row is None
    assert told[Topic.TRANSFER_FEE].row is not None
