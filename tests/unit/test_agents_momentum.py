from __future__ import annotations

from datetime import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from agents import sizing
from agents.momentum import LEADING, MANY, MomentumRule, ascending, columns_of, rank
from agents.order_sheet import OrderSheet
from agents.rule_options import RuleOptions
from agents.sizing import TradableRules
from services.domain.instruments import Symbol
from services.rules import PhaseSpan, Rules, phase_at, rules_of
from tests.unit.agents_market import DAYS, Setting, panel_of

A, B, C = Symbol("600001.SH"), Symbol("600002.SH"), Symbol("600003.SH")
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
    briefing = Setting(panel=panel_of({A: [10.0, 10.0], B: [10.0, 9.0]})).brief()
    sheet = OrderSheet(briefing, 1)

    said = MomentumRule()(sheet, RuleOptions(top=1))

    # Not -0.00%, as the fall from 10.00 to 10.00 would be told.
    assert f"{A} +0.00%" in said


@pytest.mark.parametrize("columns", [(A, B, C), (C, A, B), (B, C, A)])
def test_a_symbol_is_ranked_by_its_own_column_wherever_that_stands(columns: tuple[Symbol, ...]):
    closes = {A: [10.0, 11.0], B: [10.0, 13.0], C: [10.0, 12.0]}
    briefing = Setting(panel=panel_of({symbol: closes[symbol] for symbol in columns})).brief()
    found = columns_of(briefing)

    assert briefing.history is not None
    ranking = rank(briefing, briefing.history, found, 20)

    # The rises of the panel's second closes or opens, 30%, 20% and 10%.
    assert ranking is not None
    assert [found.symbols[at] for at in ranking.order] == [B, C, A]


@pytest.mark.parametrize("columns", [(A, B, C), (C, A, B)])
def test_a_close_that_is_not_known_is_the_first_known_one_of_the_same_symbol(columns: tuple[Symbol, ...]):
    closes = {A: [10.0, 10.0, 10.0], B: [NAN, 20.0, 26.0], C: [NAN, 10.0, 12.0]}
    panel = panel_of({symbol: closes[symbol] for symbol in columns})
    briefing = Setting(panel=panel, day=DAYS[2]).brief()
    found = columns_of(briefing)

    assert briefing.history is not None
    ranking = rank(briefing, briefing.history, found, 20)

    # 26 of 20 and 12 of 10: 30% and 20%; nothing for the first.
    assert ranking is not None
    assert [found.symbols[at] for at in ranking.order] == [B, C, A]


def test_two_timetables_of_a_day_are_each_looked_into_once(monkeypatch: pytest.MonkeyPatch):
    briefing = Setting(panel=panel_of({A: [10.0, 11.0], B: [10.0, 11.0]}), at=time(14, 0)).brief()
    usual = rules_of(A, DAYS[1])
    # An equal timetable that is another object, as another board's is.
    other = replace(usual, phases=(*usual.phases[:-1], replace(usual.phases[-1])))
    asked: list[Rules] = []

    def phase_once(rules: Rules, at: time) -> PhaseSpan:
        asked.append(rules)
        return phase_at(rules, at)

    monkeypatch.setattr(sizing, "rules_of", lambda symbol, _day: usual if symbol == A else other)
    monkeypatch.setattr(sizing, "phase_at", phase_once)
    tradable = TradableRules(briefing)

    assert [tradable.of(symbol) for symbol in (A, B, A, B)] == [usual, other, usual, other]
    assert len(asked) == 2


def test_a_symbol_with_a_timetable_of_its_own_is_judged_by_that(monkeypatch: pytest.MonkeyPatch):
    """One board may close before another: what one symbol's timetable says is not said of the next."""
    briefing = Setting(panel=panel_of({A: [10.0, 11.0], B: [10.0, 11.0]}), at=time(14, 0)).brief()
    usual = rules_of(A, DAYS[1])
    # The last phase of its day is the one after the close.
    short = replace(usual, phases=usual.phases[-1:], phase_ends=())
    monkeypatch.setattr(sizing, "rules_of", lambda symbol, _day: usual if symbol == A else short)
    tradable = TradableRules(briefing)

    assert [tradable.of(symbol) for symbol in (A, B, A, B)] == [usual, None, usual, None]
