"""Intervals by block bootstrap: what they enclose, and that two figures rest on the same draws."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.resampling import Interval, Resampler

USUAL = Resampler(draws=2000, block_days=5, seed=1)


def test_the_figure_itself_is_that_of_the_days_as_they_were():
    returns = [0.01, -0.02, 0.03, 0.0, 0.01, -0.01]

    # (0.01 - 0.02 + 0.03 + 0 + 0.01 - 0.01) / 6 = 0.02 / 6
    assert USUAL.mean(returns).value == pytest.approx(0.02 / 6)
    # 1.01 x 0.98 x 1.03 x 1.00 x 1.01 x 0.99 - 1 = 0.019400...
    assert USUAL.growth(returns).value == pytest.approx(1.01 * 0.98 * 1.03 * 1.01 * 0.99 - 1)


def test_days_that_are_all_alike_leave_no_doubt():
    same = [0.01] * 12

    mean = USUAL.mean(same)

    assert (mean.low, mean.high) == (pytest.approx(0.01), pytest.approx(0.01))
    assert mean.clear


def test_of_few_days_no_interval_is_read_off():
    found = USUAL.mean([0.01, 0.02, 0.03, 0.04])

    assert (found.value, found.low, found.high) == (pytest.approx(0.025), None, None)
    assert not found.clear


def test_an_interval_that_holds_zero_is_not_clear():
    assert not Interval(value=0.1, low=-0.1, high=0.3).clear
    assert Interval(value=-0.2, low=-0.3, high=-0.1).clear


def test_the_same_seed_gives_the_same_ends_and_another_one_others():
    returns = list(np.sin(np.arange(40.0)) / 100)

    assert USUAL.mean(returns) == Resampler(draws=2000, block_days=5, seed=1).mean(returns)
    assert USUAL.mean(returns) != Resampler(draws=2000, block_days=5, seed=2).mean(returns)


def test_a_difference_is_paired_day_by_day():
    """Two rows that swing wildly but together differ by a cent a day: paired, that is beyond doubt."""
    wild = list(np.where(np.arange(60) % 7 < 3, 0.05, -0.04))
    better = [one + 0.001 for one in wild]

    apart = USUAL.mean([one - other for one, other in zip(better, wild, strict=True)])
    grown = USUAL.growth_difference(better, wild)

    assert not USUAL.mean(wild).clear
    assert not USUAL.mean(better).clear
    assert apart.clear
    assert grown.clear
    assert grown.value == pytest.approx(np.prod(1.0 + np.array(better)) - np.prod(1.0 + np.array(wild)))


def test_blocks_keep_days_together_that_belong_together():
    """Runs of like days make a mean less certain than the same days in single file would."""
    runs = [0.01] * 10 + [-0.01] * 10 + [0.01] * 10 + [-0.01] * 10

    single = Resampler(draws=4000, block_days=1, seed=3).mean(runs)
    blocked = Resampler(draws=4000, block_days=10, seed=3).mean(runs)

    assert single.low is not None
    assert single.high is not None
    assert blocked.low is not None
    assert blocked.high is not None
    assert blocked.high - blocked.low > 1.5 * (single.high - single.low)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    """Independent days of mean 0: of 300 samples the interval misses 0 in about 5 of 100."""
    drawn = np.random.default_rng(7).normal(0.0, 0.01, (300, 120))
    resampler = Resampler(draws=400, block_days=1, seed=5)

    missed = sum(resampler.mean(list(row)).clear for row in drawn)

    assert 5 <= missed <= 30  # 15 expected; 2.5 standard deviations either way


def test_a_block_is_a_third_of_the_sample_at_most():
    assert [USUAL.block(days) for days in (1, 5, 9, 15, 250)] == [1, 1, 3, 5, 5]


def test_no_day_and_unlike_days_are_refused():
    with pytest.raises(ValueError, match="no day"):
        USUAL.mean([])
    with pytest.raises(ValueError, match="cannot be paired"):
        USUAL.growth_difference([0.1], [0.1, 0.2])
