"""The decimals of a panel: each is its float's text, of its own row, whoever asks first and how often."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from services.domain.instruments import Symbol
from services.domain.price_rows import ROWS_KEPT, PriceRows
from services.domain.quotes import PanelSnapshot
from tests.exchange_market import CHINEXT, MAIN, OTHER, TUE, WED, WHOLE_DAY, at, panel

COLUMNS = {MAIN: 0, OTHER: 1}
LONG = np.array([[10.0 + row / 100, np.nan] for row in range(3 * ROWS_KEPT)])


def test_a_price_is_the_decimal_of_its_own_row_and_array():
    market = panel({MAIN: [(10.1, 10.9, 9.05, 10.5), (20.1, 20.9, 19.05, 20.5)]}, hours=WHOLE_DAY)

    shown = [[str(prices[row][MAIN]) for row in (0, 1)] for prices in (market.opens_cny, market.closes_cny)]

    assert shown == [["10.1", "20.1"], ["10.5", "20.5"]]


def test_what_has_no_bar_or_no_column_has_no_price():
    row = PriceRows(COLUMNS, LONG)[0]

    assert (row[OTHER], row[Symbol("600002.SH")]) == (None, None)


def test_a_price_is_made_once_while_its_row_is_kept():
    rows = PriceRows(COLUMNS, LONG)

    assert rows[3][MAIN] is rows[3][MAIN]


def test_the_last_few_rows_alone_are_kept_and_a_row_let_go_reads_as_before():
    rows = PriceRows(COLUMNS, LONG)

    read = [str(rows[row][MAIN]) for row in (*range(20), 0)]

    assert read[:3] + read[-2:] == ["10.0", "10.01", "10.02", "10.19", "10.0"]
    assert len(rows) == ROWS_KEPT


@pytest.mark.parametrize("row", [-1, 3 * ROWS_KEPT])
def test_no_row_is_counted_from_the_end_or_lies_past_it(row: int):
    with pytest.raises(IndexError):
        PriceRows(COLUMNS, LONG)[row]


def test_the_close_before_a_day_is_the_one_stated_else_the_last_that_traded():
    # MAIN states 9.9 and 10.4 and nothing on the third day; OTHER has no bar on the second.
    market = panel(
        {
            MAIN: [(10.0, 11.0, 9.0, 10.5), (10.6, 11.0, 9.0, 10.7), (10.8, 11.0, 9.0, 10.9)],
            OTHER: [(20.0, 21.0, 19.0, 20.5), None, (20.6, 21.0, 19.0, 20.7)],
        },
        days=(TUE, WED, WED.replace(day=16)),
        hours=WHOLE_DAY,
        prev_close={MAIN: [9.9, 10.4, float("nan")], OTHER: [float("nan")] * 3},
    )
    before = market.prev_closes_cny

    assert [str(before[row][MAIN]) for row in range(4)] == ["9.9", "10.4", "10.7", "10.9"]
    assert [str(before[row][OTHER]) for row in range(4)] == ["None", "20.5", "20.5", "20.7"]
    assert before[1][CHINEXT] is None


def test_within_a_day_the_close_before_it_is_the_same_of_every_bar():
    bars = [(10.0 + n, 10.9 + n, 9.1 + n, 10.5 + n) for n in range(8)]
    before = panel({MAIN: bars}).prev_closes_cny

    # Monday's last hour closed at 10.5 + 3.
    assert {str(before[row][MAIN]) for row in range(4, 8)} == {"13.5"}


def test_all_who_look_at_a_moment_see_one_decimal_a_price():
    market = panel({MAIN: [(10.1, 11.0, 9.0, 10.5)] * 2}, hours=WHOLE_DAY)
    snapshot = PanelSnapshot(panel=market, moment=at(TUE, "09:35"))
    quote = snapshot.get(MAIN)

    assert quote is not None
    assert quote.last_cny is snapshot.last(MAIN) is market.opens_cny[1][MAIN]
    assert quote.prev_close_cny is snapshot.prev_close(MAIN) is market.prev_closes_cny[1][MAIN]
    assert (quote.last_cny, quote.prev_close_cny) == (Decimal("10.1"), Decimal("10.5"))
