from __future__ import annotations

from datetime import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from agents import sizing
from agents.momentum import LEADING, MANY, Ranking, ascending
from agents.sizing import TradableRules
from services.domain.instruments import Symbol
from services.rules import rules_of
from tests.unit.agents_market import DAYS, Setting, panel_of

A, B = Symbol("600001.SH"), Symbol("600002.SH")
NAN = float("nan")

# Few values, so that many are equal.
values = st.sampled_from([-0.25, -0.02, -0.01, 0.0, 0.01, 0.5, NAN])


@given(st.lists(values, max_size=MANY + 40))
def test_positions_come_by_value_then_by_place_without_what_is_unknown(given_values: list[float]):
    known = [(value, at) for at, value in enumerate(given_values) if value == value]

    found = list(ascending(np.array(given_values, dtype=np.float64)))

    assert found == [at for _, at in sorted(known)]


@pytest.mark.parametrize("known", [0, 1, LEADING, LEADING + 1, LEADING + 2, MANY, MANY + 1])
def test_of_many_values_all_known_ones_come_however_few_they_are(known: int):
    # The known ones stand behind the unknown, the largest first, each twice.
    given_values = [NAN] * (MANY + 1 - known) + [float(known - at // 2) for at in range(known)]
    places = range(MANY + 1 - known, MANY + 1)

    found = list(ascending(np.array(given_values)))

    assert found == sorted(places, key=lambda at: (given_values[at], at))


def test_of_many_values_as_many_may_be_asked_for_as_one_likes():
    falls = np.arange(MANY * 2, 0, -1.0)
    order = ascending(falls)

    # The last value is the smallest.
    assert [next(order) for _ in range(3)] == [MANY * 2 - 1, MANY * 2 - 2, MANY * 2 - 3]


def test_an_unchanged_price_is_told_as_a_rise_of_nothing():
    ranking = Ranking(iter([0]), lasts=np.array([10.0]), falls=np.array([1.0 - 10.0 / 10.0]))

    assert f"{ranking.momentum(0):+.2%}" == "+0.00%"


def test_a_symbol_with_a_timetable_of_its_own_is_judged_by_that(monkeypatch: pytest.MonkeyPatch):
    """One board may close before another: what one symbol's timetable says is not said of the next."""
    briefing = Setting(panel=panel_of({A: [10.0, 11.0], B: [10.0, 11.0]}), at=time(14, 0)).brief()
    usual = rules_of(A, DAYS[1])
    # The last phase of its day is the one after the close.
    short = replace(usual, phases=usual.phases[-1:], phase_ends=())
    monkeypatch.setattr(sizing, "rules_of", lambda symbol, _day: usual if symbol == A else short)
    tradable = TradableRules(briefing)

    assert [tradable.of(symbol) for symbol in (A, B, A, B)] == [usual, None, usual, None]
