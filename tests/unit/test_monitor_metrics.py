from __future__ import annotations

import warnings
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from monitor.metrics import metrics_of

FIRST = date(2025, 1, 1)


def curve(*values: str) -> list[tuple[date, Decimal]]:
    return [(FIRST + timedelta(days=i), Decimal(value)) for i, value in enumerate(values)]


def test_metrics_of_four_values_worked_by_hand():
    metrics = metrics_of(curve("100", "110", "99", "108.9"))

    # Returns 0.1, -0.1, 0.1; mean 1/30; sample deviation sqrt(0.08/3/2) = 0.1154701; sqrt(252) = 15.8745079.
    assert metrics.periods == 3
    assert metrics.total_return == pytest.approx(0.089)
    assert metrics.volatility == pytest.approx(1.8330303)  # 0.1154701 * 15.8745079
    assert metrics.sharpe == pytest.approx(4.5825757)  # 0.0333333 / 0.1154701 * 15.8745079
    assert metrics.sortino == pytest.approx(9.1651514)  # downside sqrt(0.01 / 3) = 0.0577350
    assert metrics.max_drawdown == pytest.approx(-0.1)  # from 110 to 99
    assert metrics.win_rate == pytest.approx(2 / 3)
    assert metrics.drawdowns == pytest.approx((0.0, 0.0, -0.1, -0.01))  # 108.9 / 110 - 1


def test_a_year_of_periods_gives_the_total_return_as_the_annual_one():
    metrics = metrics_of(curve("100", "120", "110"), periods_per_year=2)

    assert metrics.annual_return == pytest.approx(0.1)
    assert metrics.calmar == pytest.approx(1.2)  # 0.1 / (10 / 120)


@pytest.mark.parametrize(
    ("values", "undefined"),
    [
        ((), ("total_return", "sharpe", "max_drawdown", "win_rate")),
        (("100",), ("total_return", "volatility", "max_drawdown", "win_rate")),
        (("100", "110"), ("volatility", "sharpe", "sortino")),  # one return has no deviation
        (("100", "100", "100"), ("sharpe", "sortino", "calmar")),
        (("100", "110", "121"), ("sharpe", "sortino", "calmar")),  # equal gains: nothing to divide by
        (("0", "100"), ("total_return", "annual_return")),
        (("100", "-10"), ("annual_return",)),  # more than all is lost: no yearly rate
        (("0.01", "10000000000"), ("annual_return",)),  # beyond a float when carried on for a year
    ],
)
def test_what_is_not_defined_is_none(values: tuple[str, ...], undefined: tuple[str, ...]):
    metrics = metrics_of(curve(*values))

    assert [name for name in undefined if getattr(metrics, name) is not None] == []


def test_a_value_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="finite"):
        metrics_of([(FIRST, Decimal("100")), (FIRST, Decimal("NaN"))])


@pytest.mark.parametrize("seed", range(5))
def test_metrics_agree_with_empyrical(seed: int):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import empyrical
    returns = np.random.default_rng(seed).normal(0.0005, 0.02, 250)
    values = [Decimal(repr(float(one))) for one in 100_000 * np.cumprod(np.concatenate(([1.0], 1 + returns)))]

    metrics = metrics_of([(FIRST + timedelta(days=i), value) for i, value in enumerate(values)])

    assert metrics.total_return == pytest.approx(empyrical.cum_returns_final(returns))
    assert metrics.annual_return == pytest.approx(empyrical.annual_return(returns))
    assert metrics.volatility == pytest.approx(empyrical.annual_volatility(returns))
    assert metrics.sharpe == pytest.approx(empyrical.sharpe_ratio(returns))
    assert metrics.sortino == pytest.approx(empyrical.sortino_ratio(returns))
    assert metrics.calmar == pytest.approx(empyrical.calmar_ratio(returns))
    assert metrics.max_drawdown == pytest.approx(empyrical.max_drawdown(returns))
