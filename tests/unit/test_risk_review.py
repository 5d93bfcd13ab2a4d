from __future__ import annotations

import json

import pytest

from agents.parsing import parse
from agents.risk_review import REVIEW_SCHEMA, Review, Ruling, not_smaller, review_of
from services.domain.decision import Decision, RawAnswer
from services.domain.instruments import Symbol

BANK, CHIP = Symbol("600000.SH"), Symbol("688001.SH")


def decision(*orders: dict[str, object]) -> Decision:
    text = json.dumps({"rationale": "", "orders": list(orders)})
    parsed = parse(RawAnswer(text=text, model="m"), (BANK, CHIP))
    if not isinstance(parsed, Decision):
        raise TypeError(parsed.reason)
    return parsed


def order(side: str, symbol: str, *, limit: str | None = None, **size: object) -> dict[str, object]:
    return {"symbol": symbol, "side": side, "limit_price": limit, **size}


BUY = order("buy", BANK, shares=300, limit="10.00")
WEIGHED = order("buy", CHIP, target_weight="0.3")
SALE = order("sell", CHIP, target_weight="0.1")


@pytest.mark.parametrize(
    ("before", "after", "offender"),
    [
        ([BUY], [], None),
        ([BUY], [{**BUY, "shares": 200}], None),
        ([BUY], [{**BUY, "shares": 200, "limit_price": "9.90"}], None),
        ([BUY, WEIGHED], [BUY], None),
        ([BUY, WEIGHED], [BUY, {**WEIGHED, "target_weight": "0.2"}], None),
        ([SALE], [{**SALE, "target_weight": "0.2"}], None),  # sells less
        ([BUY], [BUY], BANK),  # nothing became smaller
        ([BUY], [{**BUY, "shares": 400}], BANK),
        ([BUY], [{**BUY, "shares": 200, "limit_price": "10.10"}], BANK),
        ([BUY], [{**BUY, "shares": 200, "limit_price": None}], BANK),
        ([BUY], [{**BUY, "side": "sell", "shares": 200}], BANK),
        ([BUY], [order("buy", BANK, target_weight="0.01")], BANK),  # cannot be compared
        ([BUY], [{**BUY, "shares": 200}, order("buy", CHIP, shares=1)], CHIP),
        ([WEIGHED], [{**WEIGHED, "target_weight": "0.4"}], CHIP),
        ([SALE], [{**SALE, "target_weight": "0.0"}], CHIP),  # sells more
        ([BUY], [{**BUY, "shares": 100}, {**BUY, "shares": 100}], BANK),  # the second is new
    ],
)
def test_only_an_answer_that_asks_for_less_is_smaller(
    before: list[dict[str, object]], after: list[dict[str, object]], offender: str | None
):
    assert not_smaller(decision(*before), decision(*after)) == offender


def test_a_sale_may_ask_for_a_better_price_alone_beside_fewer_shares():
    sale = order("sell", BANK, shares=300, limit="10.00")

    assert not_smaller(decision(sale), decision({**sale, "shares": 200, "limit_price": "10.10"})) is None
    assert not_smaller(decision(sale), decision({**sale, "shares": 200, "limit_price": "9.90"})) == BANK


@pytest.mark.parametrize("ruling", list(Ruling))
def test_a_review_is_read(ruling: Ruling):
    text = json.dumps({"verdict": ruling, "reason": "r"})

    assert review_of(text) == Review(verdict=ruling, reason="r")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pass",
        '{"verdict": "pass"}',
        '{"verdict": "PASS", "reason": ""}',
        '{"verdict": "enlarge", "reason": ""}',
        '{"verdict": "pass", "reason": "", "orders": []}',
        '```json\n{"verdict": "pass", "reason": ""}\n```',
        '{"verdict": "pass", "reason": "\udc00"}',
    ],
)
def test_anything_else_is_no_review(text: str):
    assert isinstance(review_of(text), str)


def test_the_schema_names_what_a_review_has():
    assert set(json.loads(REVIEW_SCHEMA)["properties"]) == {"verdict", "reason"}
