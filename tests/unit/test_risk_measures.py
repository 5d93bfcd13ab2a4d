"""What bars say of risk: worked by hand, against textbook formulas, and None wherever it cannot be known."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from risk.limits import StateScaling
from risk.measures import MarketState, Measures
from services.domain.bars import History
from services.domain.instruments import Symbol
from services.market.price_files import load_prices
from tests.bars_by_hand import FIVE_RETURNS, FOUR_RETURNS, ex_day, history, of_bars
from tests.exchange_market import CHINEXT, MAIN, OTHER

HOURLY = Path(__file__).parents[2] / "../shared/data/astock-2025/hourly.jsonl"
FOUR = Measures(history(FOUR_RETURNS))
FIVE = Measures(history({MAIN: FIVE_RETURNS}))
FLAT = history({MAIN: FOUR_RETURNS[MAIN], OTHER: (50.0,) * 5})
CNY = {MAIN: Decimal("1000.00"), OTHER: Decimal("2000.00")}
P95 = Decimal("0.95")


def d(text: str) -> Decimal:
    return Decimal(text)


def test_the_deviation_is_that_of_a_sample():
    # Mean 0.025; squares 0.005625 + 0.015625 + 0.000625 + 0.005625 = 0.0275; root of a third of it.
    assert FOUR.deviation(MAIN, 4) == d("0.095743")


def test_correlation_is_pearsons_of_the_returns():
    # Products 0.0125 - 0.0025 = 0.01, by the root of 0.0275 x 0.02.
    assert FOUR.correlation(MAIN, OTHER, 4) == d("0.426401")
    assert FOUR.correlation(OTHER, MAIN, 4) == d("0.426401")
    assert FOUR.correlation(MAIN, MAIN, 4) == d("1.000000")


def test_what_moves_the_other_way_correlates_by_minus_one():
    # Returns 0.1, -0.1 and -0.1, 0.1.
    found = Measures(history({MAIN: (100.0, 110.0, 99.0), OTHER: (100.0, 90.0, 99.0)}))

    assert found.correlation(MAIN, OTHER, 2) == d("-1.000000")


@pytest.mark.parametrize(
    ("confidence", "loss"),
    [
        ("0.95", "0.300000"),  # (1 - 0.95) x 4 = 0.2: the worst.
        ("0.76", "0.300000"),  # 0.96: still the worst.
        ("0.75", "0.200000"),  # 1.00: the second worst.
        ("0.74", "0.200000"),
        ("0.50", "0.100000"),  # 2.00
        ("0.25", "0.000000"),  # 3.00: a gain of 0.1 is no loss.
        ("0.01", "0.000000"),
    ],
)
def test_the_quantile_is_a_return_that_happened_and_the_worse_one_in_doubt(confidence, loss):
    assert FIVE.quantile_loss(MAIN, 5, d(confidence)) == d(loss)


@pytest.mark.parametrize("confidence", ["0", "1", "-0.1", "1.1"])
def test_a_confidence_outside_of_0_to_1_has_no_quantile(confidence):
    assert FIVE.quantile_loss(MAIN, 5, d(confidence)) is None
    assert FOUR.value_at_risk_cny(CNY, 4, 1, d(confidence)) is None


@pytest.mark.parametrize(
    ("horizon", "confidence", "loss"),
    [
        # By bar 1000 x 0.1, 1000 x -0.1 + 2000 x -0.1, 2000 x 0.1, 1000 x 0.1: worst -300, then 100.
        (1, "0.95", "300.000000"),
        (1, "0.67", "300.000000"),  # 0.33 x 3 = 0.99
        (1, "0.66", "0.000000"),  # 0.34 x 3 = 1.02: a gain.
        # Two bars 0.99, 0.9, 1.1 and 0.9, 0.99, 1.1: -10 - 200, -100 - 20, 100 + 200.
        (2, "0.95", "210.000000"),
        (2, "0.50", "120.000000"),  # 0.5 x 2 = 1
        # All four 1.089 and 0.99: 89 - 20 is a gain.
        (4, "0.95", "0.000000"),
    ],
)
def test_value_at_risk_is_what_todays_holdings_would_have_lost(horizon, confidence, loss):
    assert FOUR.value_at_risk_cny(CNY, 4, horizon, d(confidence)) == d(loss)


@pytest.mark.parametrize("horizon", [0, -1, 5])
def test_a_horizon_that_does_not_fit_into_the_bars_has_no_value_at_risk(horizon):
    assert FOUR.value_at_risk_cny(CNY, 4, horizon, P95) is None


def test_an_account_without_holdings_has_nothing_at_risk():
    assert Measures(None).value_at_risk_cny({}, 250, 1, P95) == 0
    assert Measures(None).value_at_risk_cny({MAIN: d("0.00")}, 250, 1, P95) == 0


def test_a_holding_worth_nothing_needs_no_bars():
    values = {**CNY, CHINEXT: d("0.00")}

    assert FOUR.value_at_risk_cny(values, 4, 1, P95) == d("300.000000")


def test_one_holding_without_bars_leaves_the_whole_value_at_risk_unknown():
    assert FOUR.value_at_risk_cny({**CNY, CHINEXT: d("0.01")}, 4, 1, P95) is None


def test_a_value_at_risk_beyond_all_numbers_is_unknown():
    assert FOUR.value_at_risk_cny({MAIN: d("1E+400"), OTHER: d("1")}, 4, 1, P95) is None
    assert FOUR.value_at_risk_cny({MAIN: d("1E+308"), OTHER: d("1.7E+308")}, 4, 1, P95) is not None


# True ranges 0.7, 0.8 (up from the close before) and 1.0 (down from it).
RANGES = [(10.0,) * 4, (10.0, 10.5, 9.8, 10.2), (11.0, 11.0, 10.8, 10.9), (10.0, 10.1, 9.9, 10.0)]
SPLIT = [*RANGES[:3], (5.5, 5.6, 5.4, 5.5)]


@pytest.mark.parametrize(
    ("bars", "found", "expected"),
    [
        (3, of_bars({MAIN: RANGES}), "0.833333"),  # 2.5 / 3
        (2, of_bars({MAIN: RANGES}), "0.900000"),
        (1, of_bars({MAIN: RANGES}), "1.000000"),
        # Ten for ten: 10.90 becomes 5.45, 0.2 of range; what lies before counts half, 0.35 and 0.4.
        (3, of_bars({MAIN: SPLIT}, actions=(ex_day(3, "0", "1"),)), "0.316667"),
    ],
)
def test_the_average_true_range_is_in_cny_of_one_of_todays_shares(bars, found, expected):
    assert Measures(found).average_true_range_cny(MAIN, bars) == d(expected)


def test_an_average_range_spans_two_ex_days():
    """Each doubles the shares: the first range counts a quarter, the second a half."""
    bars = [(8.0,) * 4, (8.0, 8.8, 8.0, 8.0), (4.0, 4.4, 4.0, 4.0), (2.0, 2.4, 2.0, 2.0)]
    actions = (ex_day(2, "0", "1"), ex_day(3, "0", "1"))

    # (0.8 / 4 + 0.4 / 2 + 0.4) / 3
    assert Measures(of_bars({MAIN: bars}, actions=actions)).average_true_range_cny(MAIN, 3) == d("0.266667")


def test_a_dividend_is_no_loss():
    """8.00 before, 4.00 in cash and 4.00 after it: nothing was lost, and nothing deviates."""
    found = Measures(history({MAIN: (8.0, 8.0, 4.0, 4.0)}, actions=(ex_day(2, "4.00"),)))

    assert found.quantile_loss(MAIN, 3, P95) == 0
    assert found.deviation(MAIN, 3) == 0
    assert found.value_at_risk_cny({MAIN: d("800.00")}, 3, 1, P95) == 0


Measure = Callable[[Measures, int], Decimal | MarketState | None]
EVERY: dict[str, Measure] = {
    "correlation": lambda found, bars: found.correlation(OTHER, MAIN, bars),
    "correlation the other way": lambda found, bars: found.correlation(MAIN, OTHER, bars),
    "value at risk": lambda found, bars: found.value_at_risk_cny(CNY, bars, 1, P95),
    "average true range": lambda found, bars: found.average_true_range_cny(MAIN, bars),
    "deviation": lambda found, bars: found.deviation(MAIN, bars),
    "quantile": lambda found, bars: found.quantile_loss(MAIN, bars, P95),
    "state": lambda found, bars: found.market_state(
        (), StateScaling(symbol=MAIN, trend_bars=bars, volatility_bars=bars)
    ),
    "state of few bars": lambda found, bars: found.market_state(
        (), StateScaling(symbol=MAIN, trend_bars=2, volatility_bars=bars)
    ),
}
every_measure = pytest.mark.parametrize("measure", EVERY.values(), ids=EVERY)


def spoiled(row: int, price: float | None) -> Measures:
    closes = [100.0, 110.0, 99.0, 99.0, 108.9]
    closes[row] = price  # type: ignore[call-overload]  # None where there is no bar.
    return Measures(history({MAIN: closes, OTHER: FOUR_RETURNS[OTHER]}))


@every_measure
def test_a_measure_needs_one_close_more_than_its_bars(measure):
    assert measure(FOUR, 4) is not None
    assert measure(FOUR, 5) is None


@every_measure
@pytest.mark.parametrize("bars", [0, -1])
def test_no_bars_are_no_measure(measure, bars):
    assert measure(FOUR, bars) is None


@every_measure
def test_without_a_history_there_is_no_measure(measure):
    assert measure(Measures(None), 4) is None


@every_measure
def test_a_symbol_of_which_there_is_no_price_has_no_measure(measure):
    assert measure(Measures(history({CHINEXT: (1.0,) * 5, OTHER: FOUR_RETURNS[OTHER]})), 4) is None


@every_measure
@pytest.mark.parametrize("row", [0, 2, 4])
@pytest.mark.parametrize("price", [None, 0.0, -1.0, float("inf")])
def test_a_price_that_is_missing_or_not_positive_leaves_a_measure_unknown(measure, row, price):
    assert measure(spoiled(row, price), 4) is None


@every_measure
def test_a_price_missing_before_the_bars_looked_at_is_no_matter(measure):
    assert measure(spoiled(0, None), 3) is not None


@every_measure
def test_a_measure_sees_no_bar_that_has_not_ended(measure):
    whole = history({symbol: [*closes, 1e6, 1e-6] for symbol, closes in FOUR_RETURNS.items()})

    assert measure(Measures(History(panel=whole.panel, rows=5)), 4) == measure(FOUR, 4)


@every_measure
def test_many_symbols_beside_change_no_digit(measure):
    """A panel of more columns is computed one by one instead of all at once."""
    beside = {Symbol(f"60{n:04}.SH"): (10.0, 11.0, 12.0, 13.0, 14.0) for n in range(100, 170)}

    assert measure(Measures(history({**beside, **FOUR_RETURNS})), 4) == measure(FOUR, 4)


def test_nothing_correlates_with_a_price_that_does_not_move():
    assert Measures(FLAT).correlation(MAIN, OTHER, 4) is None
    assert Measures(FLAT).correlation(OTHER, MAIN, 4) is None
    assert Measures(FLAT).deviation(OTHER, 4) == 0


def test_the_rounding_of_an_even_growth_is_no_deviation():
    closes = [100.0 * 1.1**n for n in range(5)]
    found = Measures(history({MAIN: closes, OTHER: FOUR_RETURNS[OTHER]}))

    assert found.deviation(MAIN, 4) == 0
    assert found.correlation(MAIN, OTHER, 4) is None


def test_one_return_has_no_deviation():
    assert FOUR.deviation(MAIN, 1) is None
    assert FOUR.correlation(MAIN, OTHER, 1) is None


def test_a_correlation_of_almost_nothing_has_no_sign():
    """-0.1, -0.1, 0.1 and -0.1, 0.1, 0 go together no way, but for what rounding leaves of the products."""
    found = Measures(history({MAIN: (100.0, 90.0, 81.0, 89.1), OTHER: (100.0, 90.0, 99.0, 99.0)}))

    assert str(found.correlation(MAIN, OTHER, 3)) == "0.000000"


def test_a_question_answered_before_more_symbols_were_asked_for_is_answered_the_same_after():
    beside = {Symbol(f"60{n:04}.SH"): (10.0, 11.0 + n, 12.0, 11.0, 10.0) for n in range(70)}
    asked = Measures(history({**beside, **FOUR_RETURNS}))
    before = asked.correlation(MAIN, OTHER, 4), asked.deviation(MAIN, 4)

    asked.value_at_risk_cny(dict.fromkeys(beside, Decimal(1)), 4, 1, P95)

    assert (asked.correlation(MAIN, OTHER, 4), asked.deviation(MAIN, 4)) == before
    assert asked.correlation(MAIN, Symbol("600069.SH"), 4) is not None


MARKET = StateScaling(
    in_downtrend=d("0.5"), when_volatile=d("0.6"), trend_bars=3, volatility_bars=3, symbol=str(MAIN)
)
CALM, FALLING = (
    MarketState(falling=False, volatile=False, scale=d("1")),
    MarketState(falling=True, volatile=False, scale=d("0.5")),
)


@pytest.mark.parametrize(
    ("closes", "expected"),
    [
        ((10.0, 11.0, 12.0, 9.0), FALLING),  # 9 is below the mean 10.67 of 11, 12 and 9.
        ((10.0, 11.0, 9.0, 12.0), CALM),
        ((90.0, 10.0, 10.0, 10.0), CALM),  # At its mean it does not fall; what was before does not count.
        ((1.0, 10.0, 10.0, 9.99), FALLING),
    ],
)
def test_the_market_falls_below_its_mean(closes, expected):
    assert Measures(history({MAIN: closes})).market_state((), MARKET) == expected


def test_the_market_does_not_fall_on_an_ex_day():
    closes, actions = (10.0, 10.0, 10.0, 5.0), (ex_day(3, "0", "1"),)

    assert Measures(history({MAIN: closes}, actions=actions)).market_state((), MARKET) == CALM


@pytest.mark.parametrize(
    ("multiple", "trend_bars", "expected"),
    [
        # Returns 0, 0, 0.1, -0.1: the last two deviate by 0.1414, all four by 0.0816, 1.732 times less.
        ("1.73", 4, MarketState(falling=True, volatile=True, scale=d("0.30"))),
        ("1.74", 4, FALLING),
        # Three usual bars: 0, 0.1, -0.1 deviate by 0.1.
        ("1.41", 3, MarketState(falling=True, volatile=True, scale=d("0.30"))),
        ("1.42", 3, FALLING),
    ],
)
def test_the_market_is_volatile_when_it_deviates_more_than_usual(multiple, trend_bars, expected):
    terms = StateScaling(
        in_downtrend=d("0.5"),
        when_volatile=d("0.6"),
        symbol=str(MAIN),
        trend_bars=trend_bars,
        volatility_bars=2,
        volatile_multiple=d(multiple),
    )

    # 100, 100, 110, 99: below the mean of the last four and of the last three.
    found = Measures(history({MAIN: (100.0, 100.0, 100.0, 110.0, 99.0)})).market_state((), terms)

    assert found == expected


def test_a_rising_market_may_be_volatile():
    terms = StateScaling(
        when_volatile=d("0.6"), symbol=str(MAIN), trend_bars=4, volatility_bars=2, volatile_multiple=d("1.5")
    )

    # Returns 0, 0, -0.1, 0.2: 0.2121 lately, 0.1258 usually; 108 is above the mean 99.5.
    found = Measures(history({MAIN: (100.0, 100.0, 100.0, 90.0, 108.0)})).market_state((), terms)

    assert found == MarketState(falling=False, volatile=True, scale=d("0.6"))


def test_the_longer_of_trend_and_volatility_says_how_many_bars_are_needed():
    terms = StateScaling(symbol=str(MAIN), trend_bars=2, volatility_bars=4)

    assert FOUR.market_state((), terms) is not None
    assert Measures(history({MAIN: (100.0, 110.0, 99.0, 99.0)})).market_state((), terms) is None


def test_a_trend_of_fewer_bars_than_the_volatility_is_told_of_them_alone():
    terms = StateScaling(
        in_downtrend=d("0.5"), when_volatile=d("0.6"), symbol=str(MAIN), trend_bars=2, volatility_bars=4
    )

    # Below the mean of all but not of the last two; returns 0.5, -0.5, 0 and 0.01 against the last two.
    found = Measures(history({MAIN: (100.0, 150.0, 75.0, 75.0, 75.75)})).market_state((), terms)

    assert found == MarketState(falling=False, volatile=True, scale=d("0.6"))


def test_without_a_symbol_the_watchlist_is_the_market_each_weighing_the_same():
    """One gains a tenth each bar, the other loses a tenth: together they stand still."""
    watched = {MAIN: (100.0, 110.0, 121.0, 133.1), OTHER: (10.0, 9.0, 8.1, 7.29)}
    terms = StateScaling(in_downtrend=d("0.5"), trend_bars=3, volatility_bars=3)
    found = Measures(history(watched))

    assert found.market_state((OTHER,), terms) == FALLING
    assert found.market_state((MAIN,), terms) == CALM
    falling_more = {**watched, OTHER: (10.0, 8.0, 6.4, 5.12)}
    assert Measures(history(falling_more)).market_state((MAIN, OTHER), terms) == FALLING
    falling_less = {**watched, OTHER: (10.0, 9.5, 9.025, 8.57375)}
    assert Measures(history(falling_less)).market_state((MAIN, OTHER), terms) == CALM


@pytest.mark.parametrize(
    ("unknown", "expected"),
    [
        ((), FALLING),
        ((CHINEXT,), FALLING),  # Half of it is known.
        ((OTHER,), FALLING),
        ((CHINEXT, OTHER), None),
    ],
)
def test_a_watchlist_of_which_half_is_unknown_is_no_market(unknown, expected):
    terms = StateScaling(in_downtrend=d("0.5"), trend_bars=3, volatility_bars=3)
    found = Measures(history({MAIN: (10.0, 9.0, 8.1, 7.29), OTHER: (10.0, None, 10.0, 10.0)}))

    assert found.market_state((MAIN, *unknown), terms) == expected


def test_one_bar_tells_no_state_of_the_market():
    assert FOUR.market_state((), StateScaling(symbol=str(MAIN), trend_bars=1, volatility_bars=1)) is None


def test_a_market_beyond_all_numbers_has_no_state():
    closes = (1e-300, 1e300, 1e-300, 1e300)
    terms = StateScaling(symbol=str(MAIN), trend_bars=2, volatility_bars=2)
    growing = Measures(history({MAIN: (1e-200, 1.0, 1e200)}))

    assert Measures(history({MAIN: closes})).market_state((), MARKET) is None
    assert growing.market_state((), terms) is None


COUNTS = some.integers(2, 40)
PRICES = some.integers(100, 5000).map(lambda ticks: ticks / 100)


@given(some.data())
@settings(max_examples=100, deadline=None)
def test_every_measure_is_what_the_textbook_formula_gives(data):
    bars = data.draw(COUNTS)
    series = {
        symbol: data.draw(some.lists(PRICES, min_size=bars + 1, max_size=bars + 1))
        for symbol in (MAIN, OTHER)
    }
    found = Measures(history(series))
    one, other = (np.diff(closes) / closes[:-1] for closes in map(np.array, series.values()))

    def near(number: float) -> object:
        return pytest.approx(number, rel=1e-9, abs=6e-7)

    assert float(found.deviation(MAIN, bars) or 0) == near(np.std(one, ddof=1))
    assert float(found.quantile_loss(MAIN, bars, P95) or 0) == near(
        max(0.0, -np.quantile(one, 0.05, method="lower"))
    )
    assert float(found.value_at_risk_cny(CNY, bars, 1, P95) or 0) == near(
        max(0.0, -np.quantile(1000 * one + 2000 * other, 0.05, method="lower"))
    )
    assert float(found.average_true_range_cny(MAIN, bars) or 0) == near(
        np.mean(np.abs(np.diff(series[MAIN])))
    )
    if min(np.std(one), np.std(other)) > 1e-6:
        assert float(found.correlation(MAIN, OTHER, bars) or 0) == near(np.corrcoef(one, other)[0, 1])


ANYTHING = some.one_of(
    some.none(),
    some.floats(allow_nan=False),
    some.sampled_from([0.0, -1.0, 5e-324, 1e-300, 1e300, float("inf")]),
    PRICES,
)


@given(
    closes=some.lists(some.tuples(ANYTHING, PRICES), min_size=1, max_size=8),
    values=some.tuples(some.decimals(0, "1E+30"), some.decimals(0, "1E+30")),
    bars=some.integers(-1, 8),
    horizon=some.integers(-1, 8),
    confidence=some.decimals("-0.5", "1.5"),
)
@settings(max_examples=200, deadline=None)
def test_whatever_the_prices_a_measure_is_none_or_a_number_in_its_range(
    closes, values, bars, horizon, confidence
):
    found = Measures(history({MAIN: [one for one, _ in closes], OTHER: [other for _, other in closes]}))
    losses = (
        found.value_at_risk_cny(dict(zip((MAIN, OTHER), values, strict=True)), bars, horizon, confidence),
        found.average_true_range_cny(MAIN, bars),
        found.deviation(MAIN, bars),
        found.quantile_loss(MAIN, bars, confidence),
    )
    correlation = found.correlation(MAIN, OTHER, bars)
    state = found.market_state((MAIN, OTHER), StateScaling(trend_bars=bars, volatility_bars=bars))

    assert all(loss is None or (loss.is_finite() and loss >= 0) for loss in losses)
    assert correlation is None or -1 <= correlation <= 1
    assert state is None or state.scale == 1


@pytest.mark.skipif(not HOURLY.is_file(), reason="the real prices are not beside this checkout")
def test_every_symbol_of_the_real_hourly_prices_with_enough_bars_has_every_measure():
    market = load_prices(HOURLY, cache_dir=None)
    # The last bar has its open alone.
    found = Measures(History(panel=market, rows=119))
    first = market.symbols[0]

    assert len(market.symbols) == 50
    for symbol in market.symbols:
        deviation = found.deviation(symbol, 60)
        loss = found.quantile_loss(symbol, 60, P95)
        correlation = found.correlation(symbol, first, 60)
        assert deviation is not None
        assert d("0.0005") < deviation < d("0.05")
        assert loss is not None
        assert 0 <= loss < d("0.1")
        assert correlation is not None
        assert d("-1") <= correlation <= 1
        last = Decimal(str(market.close[118, market.column[symbol]]))
        spread = found.average_true_range_cny(symbol, 20)
        assert spread is not None
        assert last * d("0.001") < spread < last * d("0.05")
    # A million in fifty equal parts.
    at_risk = found.value_at_risk_cny(dict.fromkeys(market.symbols, d("20000.00")), 100, 4, P95)
    assert at_risk is not None
    assert d("1000") < at_risk < d("50000")
    assert found.market_state(market.symbols, StateScaling()) is not None
    assert found.deviation(first, 119) is None
