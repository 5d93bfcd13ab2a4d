"""Growth and true range of a bar, worked by hand: what each is measured against, and what is not known."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from services.domain.bars import Adjustment, CorporateAction, History, Panel
from services.domain.instruments import Symbol
from tests.bars_by_hand import days, ex_day, history, of_bars
from tests.exchange_market import MAIN, MON, OTHER, TUE, panel

NAN = float("nan")
ALL = slice(0, 1)

# Ten for ten, and 0.50 a share: (10.00 - 0.50) / 1.2 = 7.916667, and 7.60 is 0.96 of it.
CLOSES = (10.0, 7.6, 7.6)
CASH_AND_SHARES = ex_day(1, "0.50", "0.2")


def growth(found: History, columns: slice = ALL) -> list[float]:
    return found.panel.moves.growth(columns)[0].tolist()


def test_growth_is_the_close_by_the_close_before_and_unknown_in_the_first_row():
    assert growth(history({MAIN: (10.0, 11.0, 9.9)})) == pytest.approx([NAN, 1.1, 0.9], nan_ok=True)


@pytest.mark.parametrize(
    ("closes", "actions", "expected"),
    [
        (CLOSES, (CASH_AND_SHARES,), [0.96, 1.0]),
        # Declared in two entries of one day.
        (CLOSES, (ex_day(1, "0.50"), ex_day(1, "0", "0.2")), [0.96, 1.0]),
        # In the first row there is nothing to measure against; after the last there is no bar.
        (CLOSES, (ex_day(0, "0.50"), ex_day(3, "0.50")), [0.76, 1.0]),
        # More cash than the share was worth leaves nothing to measure against.
        (CLOSES, (ex_day(1, "10.00"),), [NAN, 1.0]),
        # Three rights for ten at 4.00: (10.00 + 0.3 x 4.00) / 1.3 = 8.615385; 8.96 x 1.3 / 11.2 = 1.04.
        (
            (10.0, 8.96, 8.96),
            (
                CorporateAction(
                    symbol=MAIN,
                    ex_date=TUE,
                    rights_per_share=Decimal("0.3"),
                    rights_price_cny=Decimal("4.00"),
                ),
            ),
            [1.04, 1.0],
        ),
        # Of another symbol.
        (CLOSES, (ex_day(1, "0.50", symbol=OTHER),), [0.76, 1.0]),
    ],
)
def test_a_raw_ex_day_is_measured_against_what_the_action_leaves(closes, actions, expected):
    found = history({MAIN: closes, OTHER: (5.0, 5.0, 5.0)}, actions=actions)

    assert growth(found, slice(0, 2)) == pytest.approx([NAN, *expected], nan_ok=True)


def test_a_second_ex_day_without_a_bar_between_starts_from_what_the_first_left():
    """10.00 less 1.00 is 9.00, spread over 1.5 shares 6.00; 6.60 is 1.1 of it."""
    actions = (ex_day(2, "0", "0.5"), ex_day(1, "1.00"))
    found = history({MAIN: (10.0, 6.6)}, days=(days(1)[0], days(4)[3]), actions=actions)

    assert growth(found) == pytest.approx([NAN, 1.1], nan_ok=True)


def test_adjusted_prices_hold_their_ex_days_already():
    found = history({MAIN: CLOSES}, actions=(CASH_AND_SHARES,), adjustment=Adjustment.FORWARD)

    assert growth(found) == pytest.approx([NAN, 0.76, 1.0], nan_ok=True)


HOURS_OF_TWO_DAYS = [(10.0,) * 4] * 4 + [(9.9,) * 4] * 4


@pytest.mark.parametrize(
    ("adjustment", "actions", "tuesday_opens_at"),
    [
        (Adjustment.RAW, (), 1.1),  # 9.90 by the stated 9.00, not by Monday's 10.00.
        (Adjustment.RAW, (ex_day(1, "0.10"),), 1.0),  # 9.90 by 10.00 less 0.10: exact, where a file rounds.
        (Adjustment.FORWARD, (), 0.99),
    ],
)
def test_an_undeclared_ex_day_is_measured_against_the_stated_previous_close(
    adjustment, actions, tuesday_opens_at
):
    found = panel(
        {MAIN: HOURS_OF_TWO_DAYS}, prev_close={MAIN: (10.0, 9.0)}, adjustment=adjustment, actions=actions
    )

    moves = found.moves.growth(ALL)[0].tolist()

    assert moves == pytest.approx([NAN, 1, 1, 1, tuesday_opens_at, 1, 1, 1], nan_ok=True)


def test_a_day_whose_previous_close_is_not_stated_is_measured_against_the_close_before():
    found = panel({MAIN: HOURS_OF_TWO_DAYS}, prev_close={MAIN: (10.0, NAN)})

    assert found.moves.growth(ALL)[0, 4] == pytest.approx(0.99)


@pytest.mark.parametrize("close", [None, 0.0, -1.0, float("inf")])
def test_a_bar_without_a_price_leaves_two_moves_unknown(close):
    found = growth(history({MAIN: (10.0, 10.0, close, 10.0, 10.0)}))

    assert found == pytest.approx([NAN, 1.0, NAN, NAN, 1.0], nan_ok=True)


def test_a_stated_previous_close_makes_no_move_of_a_bar_after_a_suspension():
    found = history({MAIN: (10.0, None, 10.0)}, prev_close={MAIN: (10.0, 10.0, 10.0)})

    assert growth(found) == pytest.approx([NAN, NAN, NAN], nan_ok=True)


def test_a_true_range_takes_the_gap_from_the_previous_close_in():
    bars = [(10.0,) * 4, (10.0, 10.5, 9.8, 10.2), (11.0, 11.0, 10.8, 10.9), (10.0, 10.1, 9.9, 10.0)]

    ranges, steps = of_bars({MAIN: bars}).panel.moves.true_ranges(ALL)

    # 10.5 - 9.8; then 11.0 - 10.2, up from the close before; then 10.9 - 9.9, down from it.
    assert ranges[0].tolist() == pytest.approx([NAN, 0.7, 0.8, 1.0], nan_ok=True)
    assert steps[0].tolist() == [1, 1, 1, 1]


def test_an_ex_day_is_no_gap_and_says_what_a_cny_before_it_is_after_it():
    bars = [(10.0,) * 4, (10.9, 11.0, 10.8, 10.9), (5.5, 5.6, 5.4, 5.5)]

    ranges, steps = of_bars({MAIN: bars}, actions=(ex_day(2, "0", "1"),)).panel.moves.true_ranges(ALL)

    # 10.90 over two shares is 5.45: the range is 5.6 - 5.4.
    assert ranges[0].tolist() == pytest.approx([NAN, 1.0, 0.2], nan_ok=True)
    assert steps[0].tolist() == pytest.approx([1, 1, 0.5])


@pytest.mark.parametrize("bar", [None, (10, NAN, 9, 10), (10, 11, NAN, 10), (10, 11, 0, 10), (10, 11, 9, 0)])
def test_a_bar_without_a_price_has_no_true_range(bar):
    ranges, _ = of_bars({MAIN: [(10.0,) * 4, bar]}).panel.moves.true_ranges(ALL)

    assert np.isnan(ranges[0]).tolist() == [True, True]


def test_of_many_columns_the_one_asked_for_is_computed_and_kept():
    series = {Symbol(f"6{n:05}.SH"): (10.0, 10.0 + n) for n in range(65)}
    moves = history(series).panel.moves

    assert moves.columns(64) == slice(64, 65)
    assert moves.growth(slice(64, 65)).tolist() == pytest.approx(np.array([[NAN, 7.4]]), nan_ok=True)
    assert moves.growth(slice(64, 65)) is moves.growth(slice(64, 65))
    assert moves.true_ranges(slice(64, 65)) is moves.true_ranges(slice(64, 65))


def test_of_many_columns_each_has_its_own_ex_days():
    symbols = [Symbol(f"6{n:05}.SH") for n in range(65)]
    found = history(dict.fromkeys(symbols, (10.0, 8.0)), actions=(ex_day(1, "2.00", symbol=symbols[64]),))

    assert growth(found, slice(64, 65)) == pytest.approx([NAN, 1.0], nan_ok=True)
    assert growth(found, slice(63, 64)) == pytest.approx([NAN, 0.8], nan_ok=True)


def test_few_columns_are_computed_together():
    moves = history({Symbol(f"6{n:05}.SH"): (10.0, 10.0) for n in range(64)}).panel.moves

    assert moves.columns(5) == slice(0, 64)


def test_no_move_holds_anything_of_a_later_bar():
    def up_to(count: int) -> Panel:
        bars = [(10.0 + n % 3, 11.0 + n % 3, 9.0, 10.0 + n % 2) for n in range(count)]
        return of_bars({MAIN: bars}, actions=(ex_day(6, "0.10", "0.3"),)).panel

    for count in range(2, 9):
        early, late = up_to(count).moves, up_to(9).moves
        np.testing.assert_array_equal(early.growth(ALL), late.growth(ALL)[:, :count])
        for one, other in zip(early.true_ranges(ALL), late.true_ranges(ALL), strict=True):
            np.testing.assert_array_equal(one, other[:, :count])


def test_rows_of_a_day_without_the_ex_date_itself_are_after_it():
    """The ex-day is Wednesday, on which nothing trades; Thursday is the first day after it."""
    found = history(
        {MAIN: (10.0, 8.0)}, days=(MON, MON + timedelta(days=3)), actions=(ex_day(2, "0", "0.25"),)
    )

    assert growth(found) == pytest.approx([NAN, 1.0], nan_ok=True)
