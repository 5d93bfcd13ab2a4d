from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, time
from decimal import Decimal

import pytest

from agents.parsing import parse
from agents.rule import UnknownRule, rule_again, rule_agent
from agents.signal_recipe import SIGNALS, Recipe, recipe_of
from agents.signals import SignalsAgent, score_of
from services.domain.book import Book
from services.domain.decision import Decision, Reads
from services.domain.instruments import Symbol
from services.domain.scores import Score, Scores
from tests.unit.agents_market import DAYS, NAN, ZONE, Setting, answer_of, holding, panel_of

A, B, C, D = "600001.SH", "600002.SH", "600003.SH", "600004.SH"
FLAT = Setting(panel=panel_of({one: [10.0, 10.0, 10.0] for one in (A, B, C, D)}), day=DAYS[2])
"""The morning of the third day; the scores below are made the evening before, but for d's."""
EVENING = datetime.combine(DAYS[1], time(20, 0), ZONE)


def scores(**values: float) -> Scores:
    names = {"a": A, "b": B, "c": C, "d": D}
    return Scores(
        name="scores.csv",
        digest="ef" * 32,
        by_symbol={Symbol(names[key]): (Score(EVENING, value),) for key, value in values.items()},
    )


def orders_of(setting: Setting, recipe: Recipe, file: Scores | None = None) -> list[tuple[str, str, int]]:
    agent = SignalsAgent(recipe, None if file is None else lambda: file)
    briefing = setting.brief()
    decision = parse(answer_of(agent, briefing), briefing.watchlist)
    assert isinstance(decision, Decision)
    return [(intent.side, intent.symbol, intent.shares or 0) for intent in decision.intents]


FILE = Recipe(buy=Decimal("0.6"), sell=Decimal("-0.2"), top=2, file="scores.csv")


@pytest.mark.parametrize(
    ("signal", "known", "value"),
    [
        ("sma", {"sma_5": 10.2, "sma_20": 10.0}, 0.4),  # 2% of 5%
        ("sma", {"sma_5": 9.0, "sma_20": 10.0}, -1.0),  # -10%, cut
        ("ema", {"ema_12": 10.0, "ema_26": 10.25}, -0.4878048780),  # -0.0243902439 / 0.05
        ("rsi", {"rsi_14": 20.0}, 0.6),  # (50 - 20) / 50
        ("bollinger", {"close": 8.5, "boll_upper": 12.0, "boll_lower": 8.0}, 0.75),  # (20 - 17) / 4
        ("bollinger", {"close": 13.0, "boll_upper": 12.0, "boll_lower": 8.0}, -1.0),
        ("bollinger", {"close": 10.0, "boll_upper": 10.0, "boll_lower": 10.0}, 0.0),
        ("macd", {"macd_histogram": -0.1, "atr_14": 0.8}, -0.25),  # -0.1 / 0.4
        ("macd", {"macd_histogram": 0.0, "atr_14": 0.0}, 0.0),
        ("atr", {"atr_14": 0.2, "close": 10.0}, 0.6),  # 1 - 2% / 5%
        ("momentum", {"momentum_20": 0.05}, 0.25),
        ("volatility", {"volatility_20": 0.02}, 0.2),  # 1 - 2% / 2.5%
        ("volume", {"volume_ratio_5": 1.5}, 0.5),
        ("score", {"score": 3.5}, 3.5),  # As it stands in the file.
    ],
)
def test_each_signal_is_what_the_table_says(signal: str, known: dict[str, float | None], value: float):
    assert score_of({signal: 1.0}, known) == pytest.approx(value)
    assert score_of({signal: 1.0}, {**known, min(known): None}) is None
    assert score_of({signal: 1.0}, {}) is None


def test_every_signal_is_in_that_test():
    assert set(SIGNALS) == {
        "sma", "ema", "rsi", "bollinger", "macd", "atr", "momentum", "volatility", "volume",
    }  # fmt: skip


def test_signals_are_weighted_into_one_score():
    known = {"rsi_14": 20.0, "momentum_20": 0.1, "score": -2.0}

    # 0.6 * 1 + 0.5 * 0.5 + -2 * -0.25 = 1.35
    assert score_of({"rsi": 1.0, "momentum": 0.5, "score": -0.25}, known) == pytest.approx(1.35)


def test_what_scores_high_is_bought_the_highest_first():
    # 95000 / 2 = 47500; (47500 - 6) / 10.115 = 4695.4
    file = scores(a=0.6, b=0.59, c=0.9, d=0.7)

    assert orders_of(FLAT, FILE, file) == [("buy", C, 4600), ("buy", D, 4600)]
    assert [one[1] for one in orders_of(FLAT, replace(FILE, top=4), file)] == [C, D, A]


def test_equal_scores_are_ordered_by_symbol():
    assert [one[1] for one in orders_of(FLAT, FILE, scores(d=0.7, b=0.7, c=0.7))] == [B, C]


def test_what_scores_low_is_sold_and_what_lies_between_is_kept():
    lots = tuple(holding(symbol, 100, DAYS[0]) for symbol in (A, B, C))
    held = replace(FLAT, book=Book(cash_cny=Decimal("90000.00"), lots=lots))
    file = scores(a=-0.2, b=-0.19, c=5.0, d=1.0)

    # 95000 / 3 = 31666.67; (31666.67 - 6) / 10.115 = 3130.1
    assert orders_of(held, replace(FILE, top=3), file) == [("sell", A, 100), ("buy", D, 3100)]
    assert orders_of(held, FILE, file) == [("sell", A, 100)]


def test_what_has_no_score_is_neither_bought_nor_sold():
    held = replace(FLAT, book=Book(cash_cny=Decimal("90000.00"), lots=(holding(A, 100, DAYS[0]),)))

    assert orders_of(held, FILE, scores()) == []
    assert orders_of(held, Recipe(weights={"rsi": Decimal(1)})) == []
    assert orders_of(replace(held, no_history=True), Recipe(weights={"rsi": Decimal(1)})) == []


def test_a_suspended_symbol_is_left_alone_whatever_it_scores():
    dark = Setting(panel=panel_of({A: [10.0, 10.0, NAN], B: [10.0, 10.0, NAN]}), day=DAYS[2])
    held = replace(dark, book=Book(cash_cny=Decimal("90000.00"), lots=(holding(A, 100, DAYS[0]),)))

    assert orders_of(held, FILE, scores(a=-1.0, b=1.0)) == []


def test_shares_bought_today_are_not_sold_on_a_low_score():
    held = replace(FLAT, book=Book(cash_cny=Decimal("0.00"), lots=(holding(A, 100, FLAT.day),)))

    assert orders_of(held, FILE, scores(a=-1.0)) == []


def test_a_later_score_is_not_seen():
    later = datetime.combine(FLAT.day, FLAT.at, ZONE)
    file = Scores(name="s", digest="", by_symbol={Symbol(A): (Score(EVENING, 0.1), Score(later, 0.9))})

    assert orders_of(FLAT, FILE, file) == []
    assert orders_of(replace(FLAT, at=time(10, 35)), FILE, file) == [("buy", A, 4600)]


def test_what_was_read_of_the_file_is_in_the_transcript():
    agent = SignalsAgent(FILE, lambda: scores(b=0.7))

    (evidence,) = answer_of(agent, FLAT.brief()).transcript

    assert evidence["role"] == "scores"
    assert "ef" * 32 in evidence["content"]
    assert f"{B} 0.7" in evidence["content"]
    assert A not in evidence["content"]
    assert answer_of(rule_agent("signals"), FLAT.brief()).transcript == ()


def test_the_answer_is_the_contract_and_the_same_each_time():
    agent = SignalsAgent(FILE, lambda: scores(b=0.7))
    answer = answer_of(agent, FLAT.brief())

    assert json.loads(answer.text).keys() == {"rationale", "orders"}
    assert answer == answer_of(agent, FLAT.brief())
    assert (agent.reads, answer.model) == (Reads.ARRAYS, agent.name)


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("", ""),
        ("sma=0.5,momentum=0.50", ""),
        ("rsi=0.50,sma=1", "sma=1,rsi=0.5"),
        ("sma=1,buy=0.6,sell=-0.20,top=3", "sma=1,buy=0.6,top=3"),
        ("file=far/away/scores.csv", "score=1,file=scores.csv"),
        ("score=0.5,sma=-1,file=s.xlsx,age_days_max=30", "sma=-1,score=0.5,age_days_max=30,file=s.xlsx"),
    ],
)
def test_a_recipes_name_makes_the_same_recipe_again(spec: str, name: str):
    recipe = recipe_of(spec)

    assert recipe.name == name
    assert recipe_of(recipe.name).weights == recipe.weights
    assert recipe_of(recipe.name).name == name


def test_a_rule_that_read_a_file_does_not_think_again():
    assert rule_again("signals:file=scores.csv,score=1") is None
    again = rule_again("signals:rsi=1")
    assert again is not None
    assert again.name == "rule:signals:rsi=1"


@pytest.mark.parametrize(
    "spec",
    [
        "moon=1",
        "sma",
        "sma=",
        "sma=one",
        "sma=0",
        "sma=1001",
        "sma=1,sma=2",
        "sma=1e3",
        "buy=high",
        "buy=-0.2",
        "sell=0.2",
        "top=0",
        "top=1.5",
        "age_days_max=0",
        "score=1",
        "file=",
        "file=a/..",
    ],
)
def test_what_cannot_be_weighed_is_refused_in_one_line(spec: str):
    with pytest.raises(UnknownRule) as refused:
        rule_agent(f"signals:{spec}")

    assert "\n" not in str(refused.value)


def test_a_file_must_be_named_and_read():
    with pytest.raises(UnknownRule):
        rule_agent("signals:file=scores.csv")
    with pytest.raises(UnknownRule):
        SignalsAgent(Recipe(), scores)
    with pytest.raises(UnknownRule):
        Recipe(file="a,b.csv")


@pytest.mark.parametrize(
    ("at", "age_days_max", "value"),
    [
        (EVENING, 7, None),  # Not later than the score.
        (EVENING.replace(minute=1), 7, 0.5),
        (EVENING.replace(day=17), 7, 0.5),  # Exactly seven days.
        (EVENING.replace(day=17, second=1), 7, None),
        (EVENING.replace(day=17, second=1), 8, 0.5),
        (EVENING.replace(day=9), 7, None),
    ],
)
def test_a_score_counts_after_its_moment_and_not_for_ever(
    at: datetime, age_days_max: int, value: float | None
):
    found = scores(a=0.5).at(Symbol(A), at, age_days_max)

    assert (found.value if found else None) == value
    assert scores(a=0.5).at(Symbol(B), at, age_days_max) is None
