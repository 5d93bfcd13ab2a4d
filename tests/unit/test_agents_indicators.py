from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from math import sqrt
from pathlib import Path

import numpy as np
import pytest

from agents.indicators import NAMES, bars_of, indicators
from services.domain.bars import Adjustment, CorporateAction, Frequency, History, Panel, VolumeUnit
from services.domain.instruments import Symbol
from services.market.price_files import load_prices
from tests.unit.agents_market import ZONE, seconds

A, B = Symbol("600001.SH"), Symbol("600002.SH")
NAN = float("nan")
FIRST = date(2025, 1, 1)
SHARED = Path(__file__).parents[3] / "shared" / "data"


def daily(
    closes: Sequence[float],
    *,
    spread: float = 0.0,
    volumes: Sequence[float] | None = None,
    actions: tuple[CorporateAction, ...] = (),
) -> Panel:
    """Return one symbol's bars of consecutive days; highs and lows are `spread` from the close."""
    days = [FIRST + timedelta(days=i) for i in range(len(closes))]
    close = np.array(closes, dtype=np.float64)[:, None]
    return Panel(
        symbols=(A,),
        names=("",),
        starts=np.array([seconds(day, time(9, 30)) for day in days]),
        ends=np.array([seconds(day, time(15, 0)) for day in days]),
        days=np.array([day.toordinal() for day in days]),
        open=close,
        high=close + spread,
        low=close - spread,
        close=close,
        volume=np.full(close.shape, 1e6) if volumes is None else np.array(volumes, dtype=np.float64)[:, None],
        frequency=Frequency.DAILY,
        adjustment=Adjustment.RAW,
        volume_unit=VolumeUnit.SHARE,
        source="file:made.jsonl",
        digest="cd" * 32,
        actions=actions,
    )


def at_end(panel: Panel, symbol: Symbol = A, bars: int = 250) -> dict[str, float | None]:
    return dict(indicators(History(panel=panel, rows=len(panel.ends)), symbol, bars))


def test_a_simple_mean_is_of_the_last_closes():
    found = at_end(daily([100.0, 1.0, 2.0, 3.0, 4.0, 5.0]))

    assert found["close"] == 5.0
    assert found["sma_5"] == pytest.approx(3.0)  # (1 + 2 + 3 + 4 + 5) / 5
    assert found["sma_10"] is None


def test_an_exponential_mean_begins_with_a_simple_one():
    # The mean of 1 to 12 is 6.5; 6.5 + (19.5 - 6.5) * 2 / 13 = 8.5
    assert at_end(daily([*map(float, range(1, 13)), 19.5]))["ema_12"] == pytest.approx(8.5)


def test_relative_strength_is_wilders():
    # Ten gains of 1 and four losses of 1 among 14 moves: 100 * 10 / (10 + 4).
    closes = [100.0]
    for move in [1.0] * 5 + [-1.0] * 4 + [1.0] * 5:
        closes.append(closes[-1] + move)
    assert at_end(daily(closes))["rsi_14"] == pytest.approx(1000 / 14)

    # A gain of 2 more: gains (10/14 * 13 + 2) / 14, losses (4/14 * 13) / 14; 100 * 158 / (158 + 52).
    assert at_end(daily([*closes, closes[-1] + 2.0]))["rsi_14"] == pytest.approx(15800 / 210)


@pytest.mark.parametrize(("step", "strength"), [(0.1, 100.0), (-0.1, 0.0), (0.0, None)])
def test_without_any_move_there_is_no_strength_to_compare(step: float, strength: float | None):
    assert at_end(daily([10.0 + step * i for i in range(30)]))["rsi_14"] == strength


def test_the_bands_are_two_population_deviations_from_the_mean():
    # Ten closes of 9 and ten of 11: mean 10, deviation 1.
    found = at_end(daily([9.0, 11.0] * 10))

    assert (found["boll_lower"], found["boll_upper"]) == (pytest.approx(8.0), pytest.approx(12.0))


def test_macd_of_a_straight_line_is_the_difference_of_the_lags():
    # On a line that rises by 1, a mean with weight 2/(N+1) lies (N-1)/2 behind: 12.5 - 5.5 = 7.
    found = at_end(daily([float(i) for i in range(1, 41)]))

    assert found["macd"] == pytest.approx(7.0)
    assert found["macd_signal"] == pytest.approx(7.0)
    assert found["macd_histogram"] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(("bars", "known"), [(33, False), (34, True)])
def test_macd_needs_26_bars_and_8_more_for_its_signal(bars: int, known: bool):
    assert (at_end(daily([10.0] * bars))["macd_signal"] is not None) is known


def test_the_true_range_reaches_to_the_close_before():
    # 14 ranges of 2, then a close 15 higher whose low is 14 above it: high less close before is 16.
    closes = [100.0] * 15 + [115.0]

    assert at_end(daily(closes[:15], spread=1.0))["atr_14"] == pytest.approx(2.0)
    assert at_end(daily(closes, spread=1.0))["atr_14"] == pytest.approx(3.0)  # (2 * 13 + 16) / 14


def test_momentum_and_volatility_are_of_twenty_moves():
    found = at_end(daily([50.0, *[10.0] * 20, 11.0]))
    waves = [100.0]
    for i in range(20):
        waves.append(waves[-1] * (1.1 if i % 2 else 0.9))

    assert found["momentum_20"] == pytest.approx(0.1)
    # Ten moves of +10% and ten of -10%: the squares sum to 0.2, by 19.
    assert at_end(daily(waves))["volatility_20"] == pytest.approx(sqrt(0.2 / 19))
    assert at_end(daily([10.0] * 20))["momentum_20"] is None
    assert at_end(daily([10.0] * 20))["volatility_20"] is None


def test_the_volume_ratio_is_against_the_five_bars_before():
    volumes = [9.0, 100.0, 200.0, 300.0, 400.0, 500.0, 750.0]

    assert at_end(daily([10.0] * 7, volumes=volumes))["volume_ratio_5"] == pytest.approx(2.5)  # 750 / 300
    assert at_end(daily([10.0] * 7, volumes=[0.0] * 7))["volume_ratio_5"] is None
    assert at_end(daily([10.0] * 7, volumes=[NAN] * 7))["volume_ratio_5"] is None


def test_of_a_plain_series_everything_is_known_from_the_60th_bar_on():
    walk = _walk(61)

    assert None not in at_end(daily(walk, spread=0.1)).values()
    before = at_end(daily(walk[:59], spread=0.1))
    assert [name for name, value in before.items() if value is None] == ["sma_60"]


def test_the_names_come_in_their_order_for_whatever_is_asked():
    panel = daily(_walk(70))

    assert tuple(at_end(panel)) == tuple(at_end(panel, B)) == NAMES


@pytest.mark.parametrize(
    ("panel", "symbol", "rows"),
    [
        (daily([10.0, 11.0]), B, 2),  # No column.
        (daily([10.0, 11.0]), A, 0),  # Nothing has ended.
        (daily([10.0, NAN]), A, 2),  # Suspended in the last bar.
        (daily([10.0, 0.0]), A, 2),  # No price.
    ],
)
def test_where_there_is_no_last_bar_nothing_is_known(panel: Panel, symbol: Symbol, rows: int):
    history = History(panel=panel, rows=rows)

    assert set(indicators(history, symbol).values()) == {None}
    assert bars_of(history, symbol) is None


def test_bars_before_a_gap_do_not_count():
    # Four bars after the gap, then five.
    assert at_end(daily([50.0] * 9 + [NAN] + [10.0] * 4))["sma_5"] is None
    assert at_end(daily([50.0] * 9 + [NAN] + [10.0] * 5))["sma_5"] == pytest.approx(10.0)


def test_no_more_bars_are_looked_at_than_asked_for():
    panel = daily([99.0] * 20 + [10.0] * 12)
    history = History(panel=panel, rows=32)

    assert at_end(panel, bars=12)["ema_12"] == pytest.approx(10.0)
    assert (found := bars_of(history, A, 12)) is not None
    assert len(found.close) == 12


def test_ex_days_are_taken_out():
    # One new share for each, and 1 CNY: 21 becomes (21 - 1) / 2 = 10, so nothing moved.
    ex_day = CorporateAction(
        symbol=A,
        ex_date=FIRST + timedelta(days=15),
        cash_per_share=Decimal(1),
        shares_per_share=Decimal(1),
    )
    panel = daily([21.0] * 15 + [10.0] * 10, volumes=[10.0] * 25, actions=(ex_day,))

    found = at_end(panel)

    assert found["sma_20"] == pytest.approx(10.0)
    assert found["momentum_20"] == pytest.approx(0.0)
    assert found["boll_upper"] == pytest.approx(10.0)
    assert found["atr_14"] == pytest.approx(0.0)
    # On the day before it, nobody knows of it.
    assert dict(indicators(History(panel=panel, rows=15), A))["sma_5"] == pytest.approx(21.0)


def test_the_volume_before_an_ex_day_is_in_todays_shares():
    ex_day = CorporateAction(symbol=A, ex_date=FIRST + timedelta(days=5), shares_per_share=Decimal(1))
    panel = daily([20.0] * 5 + [10.0], volumes=[10.0] * 5 + [20.0], actions=(ex_day,))

    assert at_end(panel)["volume_ratio_5"] == pytest.approx(1.0)


@pytest.mark.parametrize("seed", range(5))
def test_smoothed_values_agree_with_their_definitions(seed: int):
    closes = _walk(130, seed)
    found = at_end(daily(closes, spread=0.2))

    ema_12, ema_26 = _exponential(closes, 12), _exponential(closes, 26)
    # The difference is defined from the 26th close on, where the short mean is begun anew.
    short = _exponential(closes[14:], 12)
    macd = [a - b for a, b in zip(short, ema_26, strict=True)]
    signal = _exponential(macd, 9)
    ups = [max(b - a, 0.0) for a, b in pairwise(closes)]
    downs = [max(a - b, 0.0) for a, b in pairwise(closes)]
    up, down = _wilder(ups), _wilder(downs)
    ranges = [max(b + 0.2, a) - min(b - 0.2, a) for a, b in pairwise(closes)]
    assert found["ema_12"] == pytest.approx(ema_12[-1])
    assert found["ema_26"] == pytest.approx(ema_26[-1])
    assert found["macd"] == pytest.approx(macd[-1])
    assert found["macd_signal"] == pytest.approx(signal[-1])
    assert found["macd_histogram"] == pytest.approx(macd[-1] - signal[-1])
    assert found["rsi_14"] == pytest.approx(100 * up / (up + down))
    assert found["atr_14"] == pytest.approx(_wilder(ranges))


@pytest.mark.parametrize("rows", [1, 20, 35, 61])
def test_nothing_later_than_the_historys_end_changes_anything(rows: int):
    panel = daily(_walk(80), spread=0.3)
    later = np.arange(80) >= rows
    rng = np.random.default_rng(3)
    shuffled = replace(
        panel,
        **{
            name: np.where(later[:, None], rng.uniform(1.0, 500.0, (80, 1)), getattr(panel, name))
            for name in ("open", "high", "low", "close", "volume")
        },
    )

    seen = [indicators(History(panel=one, rows=rows), A) for one in (panel, shuffled)]

    assert seen[0] == seen[1]
    assert indicators(History(panel=shuffled, rows=rows + 1), A) != seen[0]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared price files are not beside the checkout")
def test_on_real_prices_the_halt_of_688012_leaves_it_without_long_means_for_a_while():
    panel = load_prices(SHARED / "astock-2026" / "daily.jsonl", cache_dir=None)
    halted = Symbol("688012.SH")
    closes = panel.close[:, panel.column[halted]]
    back = int(np.flatnonzero(np.isnan(closes[:-1]))[-1]) + 1
    moment = datetime.combine(date.fromordinal(int(panel.days[back + 5])), time(9, 35), ZONE)

    found = indicators(panel.until(moment), halted)

    # Five bars since it came back; the last row of the file has opens alone.
    assert found["sma_5"] == pytest.approx(float(closes[back : back + 5].mean()))
    assert found["sma_10"] is None


def _walk(bars: int, seed: int = 0) -> list[float]:
    moves = np.random.default_rng(seed).normal(0.0, 0.02, bars)
    return [float(price) for price in 20.0 * np.exp(np.cumsum(moves))]


def _exponential(values: Sequence[float], n: int) -> list[float]:
    """Return the means from the n-th value on."""
    means = [sum(values[:n]) / n]
    for value in values[n:]:
        means.append(means[-1] + (value - means[-1]) * 2 / (n + 1))
    return means


def _wilder(values: Sequence[float], n: int = 14) -> float:
    mean = sum(values[:n]) / n
    for value in values[n:]:
        mean = (mean * (n - 1) + value) / n
    return mean
