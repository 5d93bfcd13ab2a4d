from datetime import date
from decimal import Decimal
from math import isnan

import numpy as np
import pytest

from services.calendars import MarketCalendar
from services.domain.bars import Adjustment, Frequency, VolumeUnit
from services.domain.instruments import Board, Market, Symbol
from services.domain.money import from_float
from services.market.demo import DEMO_END, DEMO_FIRST, DEMO_START, demo_days, demo_panel
from services.rules import board_of, price_band, rules_of

TUE, WED = date(2026, 7, 14), date(2026, 7, 15)


@pytest.fixture(scope="module")
def panel():
    return demo_panel()


def rows(panel, day):
    return np.flatnonzero(panel.days == day.toordinal())


def column(panel, letter):
    return next(i for i, name in enumerate(panel.names) if name.endswith(f"DEMO-{letter}"))


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_ones():
    assert demo_panel().digest == demo_panel().digest
    assert demo_panel(1).digest != demo_panel(2).digest


def test_it_cannot_be_mistaken_for_a_real_market(panel):
    assert panel.synthetic
    assert panel.source.startswith("demo:")
    assert all("DEMO" in name for name in panel.names)


def test_its_facts_are_declared(panel):
    assert (panel.frequency, panel.adjustment, panel.volume_unit) == (
        Frequency.HOURLY,
        Adjustment.RAW,
        VolumeUnit.SHARE,
    )
    assert set(panel.instruments) == set(panel.symbols)


def test_its_week_lies_after_the_rule_change_of_july_2026_with_thirty_days_before_it():
    assert (date(2026, 7, 13), date(2026, 7, 17)) == (DEMO_START, DEMO_END)
    assert sum(day < DEMO_START for day in demo_days()) == 30


def test_its_days_are_the_calendars():
    assert MarketCalendar(Market.CN, None).trading_days(DEMO_FIRST, DEMO_END) == demo_days()


def test_it_has_every_board_an_etf_and_an_st_share(panel):
    boards = {board_of(symbol, TUE) for symbol in panel.symbols}

    assert boards == {
        Board.SSE_MAIN,
        Board.SZSE_MAIN,
        Board.CHINEXT,
        Board.STAR,
        Board.BSE,
        Board.SSE_FUND,
    }
    st = [symbol for symbol in panel.symbols if panel.instruments[symbol].is_st(TUE)]
    assert [panel.names[panel.column[symbol]].startswith("*ST") for symbol in st] == [True]


@pytest.mark.parametrize("seed", [20260706, 1, 2, 3, 4])
def test_every_price_is_on_the_tick_and_inside_the_days_limits(seed):
    panel = demo_panel(seed)

    for row in range(len(panel.ends)):
        day = date.fromordinal(int(panel.days[row]))
        for i, symbol in enumerate(panel.symbols):
            if isnan(panel.open[row, i]):
                continue
            rules = rules_of(symbol, day)
            band = price_band(rules, from_float(panel.prev_close[row, i]), panel.instruments[symbol])
            opened, high, low, close = (
                from_float(array[row, i]) for array in (panel.open, panel.high, panel.low, panel.close)
            )
            assert all(price % rules.tick == 0 for price in (opened, high, low, close))
            assert low <= min(opened, close)
            assert max(opened, close) <= high
            assert band.allows(high)
            assert band.allows(low)
            assert low > 0


def test_the_previous_close_is_the_close_before_but_for_the_ex_day(panel):
    for i, symbol in enumerate(panel.symbols):
        closes = {day: panel.close[rows(panel, day)[-1], i] for day in demo_days()}
        last = None
        for day in demo_days():
            stated = panel.prev_close[rows(panel, day), i]
            assert len(set(stated.tolist())) == 1 or np.isnan(stated).all()
            if last is not None and not (day == WED and symbol == panel.actions[0].symbol):
                assert stated[0] == last
            last = last if isnan(closes[day]) else closes[day]


def test_the_ex_day_lowers_the_reference_by_the_dividend(panel):
    (action,) = panel.actions
    i = panel.column[action.symbol]

    before = from_float(panel.close[rows(panel, TUE)[-1], i])
    stated = from_float(panel.prev_close[rows(panel, WED)[0], i])

    assert (action.ex_date, action.cash_per_share) == (WED, Decimal("0.85"))
    assert stated == before - Decimal("0.85")
    assert panel.open[rows(panel, WED)[0], i] < float(before)


@pytest.mark.parametrize(("letter", "day", "up"), [("F", TUE, True), ("G", WED, False)])
def test_a_sealed_day_is_one_price_at_the_limit(panel, letter, day, up):
    i, at = column(panel, letter), rows(panel, day)
    symbol = panel.symbols[i]
    reference = from_float(panel.prev_close[at[0], i])

    # 10% of the reference, half-up to 0.01.
    limit = (reference * (Decimal("1.1") if up else Decimal("0.9"))).quantize(
        Decimal("0.01"), "ROUND_HALF_UP"
    )

    assert board_of(symbol, day) is Board.SZSE_MAIN
    for array in (panel.open, panel.high, panel.low, panel.close):
        assert {from_float(price) for price in array[at, i]} == {limit}


def test_a_suspended_day_has_no_bars_but_a_reference(panel):
    i, at = column(panel, "C"), rows(panel, TUE)

    assert np.isnan(panel.open[at, i]).all()
    assert np.isnan(panel.volume[at, i]).all()
    assert not np.isnan(panel.prev_close[at, i]).any()


def test_the_new_share_moves_further_than_any_limit_on_its_first_day(panel):
    i = column(panel, "P")
    instrument = panel.instruments[panel.symbols[i]]

    assert instrument.listed_on == TUE
    assert instrument.first_days == (TUE, WED, date(2026, 7, 16), date(2026, 7, 17))
    assert np.isnan(panel.open[: rows(panel, TUE)[0], i]).all()
    assert panel.prev_close[rows(panel, TUE)[0], i] == 16.0  # The issue price.
    assert panel.open[rows(panel, TUE)[0], i] > 16.0 * 1.44


def test_the_order_of_strength_changes_during_the_week(panel):
    leaders = set()
    for day in demo_days()[-5:]:
        row = rows(panel, day)[-1]
        gain = panel.close[row] / panel.close[row - 40]
        leaders.add(panel.symbols[int(np.nanargmax(gain))])

    assert len(leaders) >= 2


def test_the_daily_market_is_made_of_the_hourly_one(panel):
    daily = demo_panel(frequency=Frequency.DAILY)
    i, at = daily.column[Symbol("605901.SH")], rows(panel, TUE)
    row = rows(daily, TUE)[0]

    assert daily.close.shape == (35, 16)
    assert daily.frequency is Frequency.DAILY
    assert daily.open[row, i] == panel.open[at[0], i]
    assert daily.high[row, i] == panel.high[at, i].max()
    assert daily.low[row, i] == panel.low[at, i].min()
    assert daily.close[row, i] == panel.close[at[-1], i]
    assert daily.volume[row, i] == panel.volume[at, i].sum()
    assert (daily.starts[row], daily.ends[row]) == (panel.starts[at[0]], panel.ends[at[-1]])
    assert np.isnan(daily.close[row, column(daily, "C")])
