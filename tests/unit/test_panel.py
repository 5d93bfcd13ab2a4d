"""A panel shows what has ended, and of the bar in progress its open alone: nothing later, ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from services.domain.bars import Panel
from services.domain.instruments import Symbol
from services.domain.quotes import PanelSnapshot, Quote
from tests.exchange_market import MAIN, MON, OTHER, TUE, WHOLE_DAY, at, panel

COLUMNS = ("open", "high", "low", "close", "volume", "prev_close")

# Monday's four hours, then Tuesday's; each bar is (open, high, low, close).
HOURLY = panel(
    {
        MAIN: [(10 + n, 10.9 + n, 9.1 + n, 10.5 + n) for n in range(8)],
        OTHER: [(20 + n, 20.9 + n, 19.1 + n, 20.5 + n) for n in range(8)],
    }
)


def rows(market: Panel, clock: str) -> tuple[int, int | None]:
    moment = at(TUE, clock)
    return market.ended(moment), market.opening(moment)


@pytest.mark.parametrize(
    ("clock", "ended", "opening"),
    [
        ("00:00", 4, None),
        ("09:29:59", 4, None),
        ("09:30", 4, 4),
        ("10:29:59", 4, 4),
        ("10:30", 5, 5),  # One bar ends as the next begins.
        ("11:29:59", 5, 5),
        ("11:30", 6, None),  # Lunch has no bar.
        ("12:59:59", 6, None),
        ("13:00", 6, 6),
        ("14:05", 7, 7),
        ("15:00", 8, None),
        ("23:59", 8, None),
    ],
)
def test_a_bar_has_ended_at_its_label_and_is_in_progress_from_its_start(clock, ended, opening):
    assert rows(HOURLY, clock) == (ended, opening)


def test_moments_asked_in_turn_each_stand_where_they_do():
    early, late = at(TUE, "09:30"), at(TUE, "15:00")

    places = [(HOURLY.ended(moment), HOURLY.opening(moment)) for moment in (early, late, early, early)]

    assert places == [(4, 4), (8, None), (4, 4), (4, 4)]


def test_a_part_of_a_second_ends_no_bar_early():
    just_before = at(TUE, "10:30") - timedelta(microseconds=1)
    before_1970 = datetime.fromtimestamp(-0.5, UTC)
    bar = panel({MAIN: [(10.0, 11.0, 9.0, 10.5)]}, days=(TUE,), hours=WHOLE_DAY)
    ends_then = replace(bar, starts=bar.starts * 0 - 9, ends=bar.ends * 0)

    assert (HOURLY.ended(just_before), HOURLY.opening(just_before)) == (4, 4)
    assert (ends_then.ended(before_1970), ends_then.opening(before_1970)) == (0, 0)


def test_a_daily_bar_is_in_progress_from_half_past_nine():
    daily = panel({MAIN: [(10.0, 11.0, 9.0, 10.5)] * 2}, hours=WHOLE_DAY)

    assert [rows(daily, clock) for clock in ("09:29", "09:30", "14:59", "15:00")] == [
        (1, None),
        (1, 1),
        (1, 1),
        (2, None),
    ]


def test_before_the_first_bar_there_is_nothing():
    assert HOURLY.until(at(MON, "09:00")).rows == 0
    assert HOURLY.opening(at(MON, "09:00")) is None
    assert HOURLY.until(at(MON, "09:00")).closes(5).shape == (0, 2)


def test_history_is_the_last_ended_bars_oldest_first():
    history = HOURLY.until(at(TUE, "10:35"))

    assert history.symbols == (MAIN, OTHER)
    assert history.closes(2).tolist() == [[13.5, 23.5], [14.5, 24.5]]
    assert history.opens(1).tolist() == [[14.0, 24.0]]
    assert history.highs(1).tolist() == [[14.9, 24.9]]
    assert history.lows(1).tolist() == [[13.1, 23.1]]
    assert history.volumes(1).shape == (1, 2)
    assert history.ends(1).tolist() == [at(TUE, "10:30").timestamp()]


def test_history_gives_what_there_is_where_more_is_asked():
    assert HOURLY.until(at(MON, "10:35")).closes(100).tolist() == [[10.5, 20.5]]
    assert HOURLY.until(at(MON, "10:35")).closes(0).shape == (0, 2)


def test_each_row_knows_the_first_row_of_its_day():
    assert HOURLY.first_rows == [0, 0, 0, 0, 4, 4, 4, 4]


def test_symbols_are_found_by_column():
    assert dict(HOURLY.column) == {MAIN: 0, OTHER: 1}


def seen(market: Panel, moment: datetime) -> tuple[list[Quote | None], list[float], list[list[float]]]:
    """Return everything a session can see of the market at `moment`."""
    shown, history = PanelSnapshot(panel=market, moment=moment), market.until(moment)
    columns = (history.opens, history.highs, history.lows, history.closes, history.volumes, history.ends)
    quotes = [shown.get(symbol) for symbol in (*market.symbols, Symbol("600999.SH"))]
    return (
        quotes,
        np.nan_to_num(shown.lasts(), nan=-1).tolist(),
        [np.nan_to_num(column(100), nan=-1).tolist() for column in columns],
    )


def future_changed(market: Panel, moment: datetime, chance: np.random.Generator) -> Panel:
    """Return the market with all that `moment` must not know shuffled and distorted."""
    ended, opening = market.ended(moment), market.opening(moment)
    changed = {}
    for name in COLUMNS:
        column = getattr(market, name)
        if column is None:
            continue
        # Of the bar in progress the open and the day's previous close are known.
        known = ended + (name in ("open", "prev_close") and opening is not None)
        later = column[known:].copy()
        chance.shuffle(later)
        changed[name] = np.vstack([column[:known], later * chance.uniform(0.1, 9)])
    return replace(market, **changed)


prices = some.one_of(some.none(), some.floats(1.0, 99.0).map(lambda price: round(price, 2)))
bars = some.one_of(some.none(), some.tuples(*[some.floats(1.0, 99.0).map(lambda price: round(price, 2))] * 4))


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(
    first=some.lists(bars, min_size=8, max_size=8),
    second=some.lists(bars, min_size=8, max_size=8),
    stated=some.booleans(),
    minutes=some.integers(-30, 48 * 60),
    seed=some.integers(0, 1000),
)
def test_nothing_that_comes_later_changes_what_is_seen(first, second, stated, minutes, seed):
    closes = {MAIN: [10.0, 11.0], OTHER: [20.0, 21.0]} if stated else None
    market = panel({MAIN: first, OTHER: second}, prev_close=closes)
    moment = at(MON, "09:00") + timedelta(minutes=minutes)

    other_future = future_changed(market, moment, np.random.default_rng(seed))

    assert seen(other_future, moment) == seen(market, moment)


def test_the_check_above_would_notice_a_look_ahead():
    """The bars that have ended are seen: distorting those changes what is seen."""
    moment = at(TUE, "10:35")
    distorted = replace(HOURLY, close=HOURLY.close * 2)

    assert seen(distorted, moment) != seen(HOURLY, moment)
