"""The most shares of a position by each way of sizing, worked by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from risk.limits import Sizing, SizingMethod
from risk.measures import Measures
from risk.position_size import Unsized, most_shares
from services.domain.instruments import Symbol
from tests.bars_by_hand import FIVE_RETURNS, FOUR_RETURNS, history, of_bars
from tests.exchange_market import CHINEXT, MAIN, OTHER

NO_BARS = Measures(None)
FOUR = Measures(history(FOUR_RETURNS))  # Deviation 0.095743.
FIVE = Measures(history({MAIN: FIVE_RETURNS}))  # Worst loss 0.3.
# True ranges 0.7, 0.8 and 1.0: on average 0.833333.
RANGES = Measures(
    of_bars({MAIN: [(10.0,) * 4, (10.0, 10.5, 9.8, 10.2), (11.0, 11.0, 10.8, 10.9), (10.0, 10.1, 9.9, 10.0)]})
)
STILL = Measures(history({MAIN: (10.0,) * 6}))
RISING = Measures(history({MAIN: (10.0, 11.0, 12.0, 13.0, 14.0, 15.0)}))
BY_BARS = (SizingMethod.VOLATILITY, SizingMethod.ATR, SizingMethod.VAR)


def d(text: str) -> Decimal:
    return Decimal(text)


def most(
    sizing: Sizing,
    measures: Measures = NO_BARS,
    *,
    equity: str = "100000.00",
    price: str = "12.50",
    scale: str = "1",
    symbol: Symbol = MAIN,
) -> int | Unsized | None:
    return most_shares(
        symbol, equity_cny=d(equity), price_cny=d(price), sizing=sizing, measures=measures, scale=d(scale)
    )


def by(method: SizingMethod, bars: int = 20, **terms: Decimal | int) -> Sizing:
    return Sizing(method=method, bars=bars, **terms)  # type: ignore[arg-type]  # Each term has its type.


@pytest.mark.parametrize(
    ("sizing", "price", "expected"),
    [
        (by(SizingMethod.FIXED_RATIO), "12.50", 1600),  # 20 000.00 / 12.50
        (by(SizingMethod.FIXED_RATIO), "12.51", 1598),  # 1598.7
        (by(SizingMethod.FIXED_RATIO, ratio=d("0.1")), "12.50", 800),
        (by(SizingMethod.EQUAL_WEIGHT), "12.50", 1600),
        (by(SizingMethod.EQUAL_WEIGHT, positions=3), "12.50", 2666),  # 33 333.33 / 12.50 = 2666.7
        (by(SizingMethod.EQUAL_WEIGHT, positions=1), "0.01", 10_000_000),
        (by(SizingMethod.FIXED_RATIO), "20000.01", 0),
    ],
)
def test_a_ratio_of_the_equity_buys_whole_shares(sizing, price, expected):
    assert most(sizing, price=price) == expected


@pytest.mark.parametrize(
    ("sizing", "measures", "expected"),
    [
        # 1000.00 may be lost, 0.095743 x 12.50 = 1.1967875 a share: 835.6.
        (by(SizingMethod.VOLATILITY, 4), FOUR, 835),
        # 2 x 0.833333 = 1.666666 a share: 600.0.
        (by(SizingMethod.ATR, 3), RANGES, 600),
        (by(SizingMethod.ATR, 3, atr_multiple=d("1.5")), RANGES, 800),
        # 0.3 x 12.50 = 3.75 a share: 266.7.
        (by(SizingMethod.VAR, 5), FIVE, 266),
        # At 0.75 the second worst of five, 0.2: 2.50 a share.
        (by(SizingMethod.VAR, 5, confidence=d("0.75")), FIVE, 400),
        # 5000.00 may be lost: more than a fifth of the equity buys, which is 1600.
        (by(SizingMethod.VOLATILITY, 4, risk_ratio=d("0.05")), FOUR, 1600),
        (by(SizingMethod.ATR, 3, risk_ratio=d("0.05")), RANGES, 1600),
        (by(SizingMethod.VAR, 5, risk_ratio=d("0.07")), FIVE, 1600),
        # What lost nothing is bound by the ratio alone.
        (by(SizingMethod.VAR, 5), RISING, 1600),
        (by(SizingMethod.VAR, 5), STILL, 1600),
    ],
)
def test_a_position_holds_the_shares_that_lose_what_may_be_lost(sizing, measures, expected):
    assert most(sizing, measures) == expected


@pytest.mark.parametrize(
    ("sizing", "measures", "expected"),
    [
        (by(SizingMethod.FIXED_RATIO), NO_BARS, 800),
        (by(SizingMethod.EQUAL_WEIGHT), NO_BARS, 800),
        (by(SizingMethod.VOLATILITY, 4), FOUR, 417),  # 417.8
        (by(SizingMethod.ATR, 3), RANGES, 300),
        (by(SizingMethod.ATR, 3, risk_ratio=d("0.05")), RANGES, 800),
        (by(SizingMethod.VAR, 5), FIVE, 133),
    ],
)
def test_the_state_of_the_market_scales_every_size(sizing, measures, expected):
    assert most(sizing, measures, scale="0.5") == expected
    assert most(sizing, measures, scale="0") == 0


@pytest.mark.parametrize("equity", ["0.00", "-100000.00"])
@pytest.mark.parametrize("method", [SizingMethod.FIXED_RATIO, SizingMethod.EQUAL_WEIGHT, SizingMethod.ATR])
def test_without_equity_a_position_has_no_shares(method, equity):
    assert most(by(method, 3), RANGES, equity=equity) == 0


def test_a_share_is_not_gained_by_rounding():
    almost = d("0.0" + "9" * 60)

    assert most(by(SizingMethod.FIXED_RATIO, ratio=d("0.1")), equity="30.00", price="1.00") == 3
    assert most(by(SizingMethod.FIXED_RATIO, ratio=almost), equity="30.00", price="1.00") == 2


def test_the_mind_alone_is_no_rule_of_size():
    with pytest.raises(ValueError, match="model"):
        most(Sizing())


@pytest.mark.parametrize("method", BY_BARS)
@pytest.mark.parametrize(
    ("measures", "symbol", "bars"),
    [
        (NO_BARS, MAIN, 4),
        (FOUR, MAIN, 5),
        (FOUR, CHINEXT, 4),
        (Measures(history({OTHER: (1.0,) * 9})), MAIN, 4),
    ],
)
def test_a_size_that_cannot_be_computed_says_so_and_names_the_symbol(method, measures, symbol, bars):
    found = most(by(method, bars), measures, symbol=symbol)

    assert isinstance(found, Unsized)
    assert symbol in found.why


@pytest.mark.parametrize("method", [SizingMethod.VOLATILITY, SizingMethod.ATR])
def test_a_price_that_did_not_move_has_nothing_to_size_by(method):
    assert isinstance(most(by(method, 5), STILL), Unsized)


@pytest.mark.parametrize("price", ["0", "-1.00", "NaN", "Infinity"])
@pytest.mark.parametrize("method", [method for method in SizingMethod if method is not SizingMethod.MODEL])
def test_what_is_no_price_sizes_nothing(method, price):
    assert isinstance(most(by(method, 3), RANGES, price=price), Unsized)


MONEY = some.decimals("-1E+9", "1E+12", places=2)


@given(
    method=some.sampled_from([method for method in SizingMethod if method is not SizingMethod.MODEL]),
    closes=some.lists(some.one_of(some.none(), some.floats(0, 1e6)), min_size=1, max_size=9),
    equity=MONEY,
    price=some.one_of(some.decimals("0.01", "10000", places=2), some.sampled_from([d("0"), d("NaN")])),
    ratios=some.tuples(*[some.decimals("0.001", "1", places=3)] * 3),
    bars=some.integers(1, 8),
)
@settings(max_examples=300, deadline=None)
def test_a_size_is_never_negative_and_never_over_its_ratio(method, closes, equity, price, ratios, bars):
    ratio, risk_ratio, scale = ratios
    sizing = Sizing(method=method, ratio=ratio, risk_ratio=risk_ratio, bars=bars, positions=bars)

    found = most_shares(
        MAIN,
        equity_cny=equity,
        price_cny=price,
        sizing=sizing,
        measures=Measures(history({MAIN: closes})),
        scale=scale,
    )

    assert found is not None
    if not isinstance(found, Unsized):
        most_cny = equity / bars if method is SizingMethod.EQUAL_WEIGHT else equity * ratio
        assert 0 <= found * price <= max(d("0"), most_cny)
