"""Each hand-written hostile answer has the fate that stands beside it."""

from __future__ import annotations

import pytest

from agents.parsing import parse, recordable
from risk.gate import review
from risk.limits import Desk, Limits, OrderCaps
from services.domain.decision import BadAnswer, BadAnswerKind, RawAnswer
from services.domain.instruments import Instrument
from services.domain.orders import Intent, Rule, Side
from tests.firewall.corpus import CORPUS, DANGEROUS, OK, Row
from tests.unit.gate_desk import ALL, MAIN, MON, STAR, TUE, book, desk, lot, quote
from tests.unit.gate_desk import d as cny


def account() -> Desk:
    """Return the desk of the corpus: equity is 50,000 in cash and 1,250 shares at 10.00."""
    return desk(
        account=book(lot(MAIN, 1050), lot(MAIN, 200, on=TUE), cash="50000.00"),
        equity="62500.00",
        day_equity="62500.00",
        limits=Limits(
            position_ratio_max=cny("0.3"),
            caps=OrderCaps(order_cny_max=cny("15000.00"), orders_session_max=5),
        ),
    )


def fate(text: str) -> BadAnswerKind | tuple[str, ...]:
    parsed = parse(recordable(RawAnswer(text=text, model="corpus")), ALL)
    if isinstance(parsed, BadAnswer):
        return parsed.kind
    verdicts = review(parsed.intents, account()).verdicts
    refused = {one.index: one.rule for one in verdicts.refused}
    return tuple(refused.get(one.index, OK) for one in parsed.intents)


@pytest.mark.parametrize("row", CORPUS, ids=lambda row: row.name)
def test_a_hostile_answer_has_its_fate(row: Row) -> None:
    assert fate(row.text) == row.fate


def test_the_corpus_is_one_of_many_and_names_each_once() -> None:
    assert len({row.name for row in CORPUS}) == len(CORPUS) >= 120
    assert len(DANGEROUS) >= 25


@pytest.mark.parametrize("side", list(Side))
def test_a_price_below_a_tick_makes_no_order_at_nothing_after_hours(side: Side) -> None:
    # On a day without limits nothing else says that such a price is wrong. Found by the firewall.
    today = {STAR: Instrument(symbol=STAR, name="样本", first_days=(MON, TUE))}
    shown = quote(STAR, last="0.0001", seen="15:05")
    at_desk = desk(shown, account=book(lot(STAR, 300)), clock="15:05", instruments=today)

    verdicts = review([Intent(symbol=STAR, side=side, shares=300)], at_desk).verdicts

    assert [one.rule for one in verdicts.refused] == [Rule.TICK]
