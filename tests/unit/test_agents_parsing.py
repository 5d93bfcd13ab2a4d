from __future__ import annotations

import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.parsing import ORDERS_MAX, SHARES_MAX, TEXT_BYTES_MAX, answer_schema, parse, recordable
from services.domain.decision import BadAnswer, BadAnswerKind, Decision, RawAnswer, Usage
from services.domain.instruments import Symbol
from services.domain.orders import Intent, Origin, Side

MAOTAI, SINOPEC = Symbol("600519.SH"), Symbol("600028.SH")
WATCHLIST = (MAOTAI, SINOPEC)
GOOD = {"symbol": "600519.SH", "side": "buy", "shares": 100}

EMPTY, NOT_JSON, SCHEMA = BadAnswerKind.EMPTY, BadAnswerKind.NOT_JSON, BadAnswerKind.SCHEMA
UNKNOWN, NUMBER = BadAnswerKind.UNKNOWN_SYMBOL, BadAnswerKind.NUMBER


def read(text: str) -> Decision | BadAnswer:
    return parse(RawAnswer(text=text, model="m"), WATCHLIST)


def with_order(**fields: object) -> str:
    order = {**GOOD, **fields}
    return json.dumps({"rationale": "r", "orders": [{k: v for k, v in order.items() if v != "absent"}]})


def literal(fields: str) -> str:
    return '{"rationale":"r","orders":[{"symbol":"600519.SH","side":"buy",' + fields + "}]}"


def test_every_field_of_the_contract_comes_through_exactly():
    text = (
        '{"rationale": "旺季", "orders": ['
        '{"symbol": "600519.SH", "side": "buy", "shares": 100, "limit_price": "1450.00", "reason": "第一"},'
        '{"symbol": "600028.SH", "side": "sell", "target_weight": "0.20", "limit_price": null}]}'
    )
    usage = Usage(input_tokens=3, output_tokens=2, latency_ms=1)

    decision = parse(RawAnswer(text=text, model="deep", usage=usage), WATCHLIST)

    assert decision == Decision(
        intents=(
            Intent(
                symbol=MAOTAI,
                side=Side.BUY,
                shares=100,
                limit_cny=Decimal("1450.00"),
                why="第一",
                origin=Origin.DECISION,
                index=0,
            ),
            Intent(symbol=SINOPEC, side=Side.SELL, target_weight=Decimal("0.20"), index=1),
        ),
        rationale="旺季",
        model="deep",
        usage=usage,
        answer_hash=decision.answer_hash,
    )
    assert isinstance(decision, Decision)
    assert str(decision.intents[0].limit_cny) == "1450.00"


def test_the_hash_is_the_sha256_of_the_text():
    decision = read('{"rationale":"","orders":[]}')

    # printf '{"rationale":"","orders":[]}' | sha256sum
    assert decision.answer_hash == "568127b2ad5399c12c1148f6cb404b43afca6e8a3601cf22259a3d1751a56e6f"


def test_an_empty_list_of_orders_is_a_hold():
    decision = read('{"rationale":"wait","orders":[]}')

    assert isinstance(decision, Decision)
    assert decision.intents == ()


def test_limit_price_and_reason_may_be_missing():
    decision = read(with_order())

    assert isinstance(decision, Decision)
    assert decision.intents == (Intent(symbol=MAOTAI, side=Side.BUY, shares=100),)


def test_a_null_size_counts_as_not_given():
    decision = read(with_order(shares=None, target_weight="0.5"))

    assert isinstance(decision, Decision)
    assert decision.intents[0].target_weight == Decimal("0.5")
    assert decision.intents[0].shares is None


@pytest.mark.parametrize("weight", ["0", "0.0", "0.2", "0.20", "1", "1.00", "0.12345678"])
def test_a_weight_from_0_to_1_keeps_the_digits_it_is_written_with(weight: str):
    decision = read(with_order(shares="absent", target_weight=weight))

    assert isinstance(decision, Decision)
    assert str(decision.intents[0].target_weight) == weight


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", EMPTY),
        (" \n\t", EMPTY),
        ("　", EMPTY),
        ("I would hold.", NOT_JSON),
        ("<html><body>502</body></html>", NOT_JSON),
        ('```json\n{"rationale":"r","orders":[]}\n```', NOT_JSON),
        ('{"rationale":"r","orders":[', NOT_JSON),
        ('{"rationale":"r","orders":[]} ok', NOT_JSON),
        ('{"rationale":"r","orders":[]}{"rationale":"r","orders":[]}', NOT_JSON),
        ('{"rationale":"r","orders":[],}', NOT_JSON),
        ("{'rationale':'r','orders':[]}", NOT_JSON),
        ('\ufeff{"rationale":"r","orders":[]}', NOT_JSON),
        ('{"rationale":"\ud800","orders":[]}', NOT_JSON),
        ('{"rationale":"\\ud800","orders":[]}', NOT_JSON),
        (literal('"shares":NaN'), NOT_JSON),
        (literal('"shares":Infinity'), NOT_JSON),
        (literal('"shares":１００'), NOT_JSON),
        (literal('"shares":1,000'), NOT_JSON),
        (literal('"shares":0100'), NOT_JSON),
        ("[]", SCHEMA),
        ("null", SCHEMA),
        ("{}", SCHEMA),
        ('{"rationale":"r"}', SCHEMA),
        ('{"orders":[]}', SCHEMA),
        ('{"rationale":null,"orders":[]}', SCHEMA),
        ('{"rationale":"r","orders":null}', SCHEMA),
        ('{"rationale":"r","orders":{}}', SCHEMA),
        ('{"rationale":"r","orders":[],"confidence":1}', SCHEMA),
        ('{"rationale":"r","orders":[null]}', SCHEMA),
        (with_order(order_type="market"), SCHEMA),
        (with_order(side="BUY"), SCHEMA),
        (with_order(side="short"), SCHEMA),
        (with_order(side="absent"), SCHEMA),
        (with_order(symbol=600519), SCHEMA),
        (with_order(symbol="absent"), SCHEMA),
        (with_order(reason=None), SCHEMA),
        (with_order(shares="absent"), SCHEMA),
        (with_order(target_weight="0.2"), SCHEMA),
        (with_order(symbol="600519"), UNKNOWN),
        (with_order(symbol="600519.sh"), UNKNOWN),
        (with_order(symbol=" 600519.SH"), UNKNOWN),
        (with_order(symbol="６００519.SH"), UNKNOWN),
        (with_order(symbol="000001.SZ"), UNKNOWN),
        (with_order(symbol=""), UNKNOWN),
        (with_order(shares=0), NUMBER),
        (with_order(shares=-100), NUMBER),
        (with_order(shares=100.0), NUMBER),
        (with_order(shares=0.5), NUMBER),
        (with_order(shares=True), NUMBER),
        (with_order(shares="100"), NUMBER),
        (with_order(shares="1,000"), NUMBER),
        (with_order(shares=SHARES_MAX + 1), NUMBER),
        (literal('"shares":1e2'), NUMBER),
        (literal('"shares":1' + "0" * 5000), NUMBER),
        (with_order(shares="absent", target_weight=0.2), NUMBER),
        (with_order(shares="absent", target_weight="1.01"), NUMBER),
        (with_order(shares="absent", target_weight="-0.1"), NUMBER),
        (with_order(shares="absent", target_weight="20%"), NUMBER),
        (with_order(shares="absent", target_weight="0,2"), NUMBER),
        (with_order(shares="absent", target_weight=".2"), NUMBER),
        (with_order(shares="absent", target_weight="2e-1"), NUMBER),
        (with_order(shares="absent", target_weight="NaN"), NUMBER),
        (with_order(shares="absent", target_weight=""), NUMBER),
        (with_order(shares="absent", target_weight="０.２"), NUMBER),
        (with_order(shares="absent", target_weight="0.2\n"), NUMBER),
        (with_order(limit_price=1450), NUMBER),
        (with_order(limit_price=1450.5), NUMBER),
        (with_order(limit_price="0"), NUMBER),
        (with_order(limit_price="0.00"), NUMBER),
        (with_order(limit_price="-1450.00"), NUMBER),
        (with_order(limit_price="+1450.00"), NUMBER),
        (with_order(limit_price="1,450.00"), NUMBER),
        (with_order(limit_price="1450.00 CNY"), NUMBER),
        (with_order(limit_price=" 1450"), NUMBER),
        (with_order(limit_price="1450."), NUMBER),
        (with_order(limit_price="01450"), NUMBER),
        (with_order(limit_price="1e3"), NUMBER),
        (with_order(limit_price="Infinity"), NUMBER),
        (with_order(limit_price="market"), NUMBER),
        (with_order(limit_price="１４５０"), NUMBER),
        (with_order(limit_price=""), NUMBER),
    ],
)
def test_an_answer_outside_the_contract_is_a_bad_answer_of_its_kind(text: str, kind: BadAnswerKind):
    bad = read(text)

    assert isinstance(bad, BadAnswer)
    assert bad.kind is kind
    assert bad.reason
    assert "\n" not in bad.reason


@pytest.mark.parametrize(
    "text",
    [
        literal('"shares":100,"shares":1000'),
        literal('"shares":100,"sh\\u0061res":1000'),
        literal('"shares":100,"side":"sell"'),
        literal('"shares":100,"reason":"a","reason":"a"'),
        literal('"target_weight":null,"shares":100,"target_weight":null'),
        literal('"shares":100,"limit_price":null,"limit_price":"9.99"'),
        '{"rationale":"r","rationale":"s","orders":[]}',
        '{"rationale":"r","orders":[],"orders":[]}',
        # The second order's missing reason must not make up for the first one's second.
        '{"rationale":"r","orders":[{"symbol":"600519.SH","side":"buy","shares":100,"reason":"a","reason":"b"},'
        '{"symbol":"600028.SH","side":"buy","shares":100}]}',
    ],
)
def test_a_key_written_twice_is_refused(text: str):
    bad = read(text)

    assert isinstance(bad, BadAnswer)
    assert bad.kind is SCHEMA


@pytest.mark.parametrize(
    "rationale", ['say "shares" twice: "shares"', "back\\slash", "line\nbreak", '"symbol":"x"', "", "shares"]
)
def test_a_text_that_looks_like_keys_is_no_duplicate(rationale: str):
    decision = read(json.dumps({"rationale": rationale, "orders": [{**GOOD, "reason": rationale}]}))

    assert isinstance(decision, Decision)
    assert decision.rationale == rationale
    assert decision.intents[0].why == rationale


def test_the_first_wrong_order_spoils_the_whole_answer():
    text = json.dumps({"rationale": "r", "orders": [GOOD, {**GOOD, "symbol": "XX"}, {**GOOD, "shares": -1}]})

    bad = read(text)

    assert isinstance(bad, BadAnswer)
    assert bad.kind is UNKNOWN
    assert "orders[1]" in bad.reason


def test_a_flood_of_orders_or_text_is_refused():
    many = json.dumps({"rationale": "r", "orders": [GOOD] * (ORDERS_MAX + 1)})
    long = json.dumps({"rationale": "x" * TEXT_BYTES_MAX, "orders": []})

    assert [read(text).kind for text in (many, long) if isinstance(read(text), BadAnswer)] == [SCHEMA, SCHEMA]


def test_as_many_orders_as_allowed_are_read_and_numbered():
    decision = read(json.dumps({"rationale": "r", "orders": [GOOD] * ORDERS_MAX}))

    assert isinstance(decision, Decision)
    assert [intent.index for intent in decision.intents] == list(range(ORDERS_MAX))


def test_any_collection_of_symbols_is_a_watchlist():
    answer = RawAnswer(text=with_order(), model="m")

    for watchlist in (WATCHLIST, list(WATCHLIST), set(WATCHLIST), frozenset(WATCHLIST)):
        assert isinstance(parse(answer, watchlist), Decision)
    assert isinstance(parse(answer, ()), BadAnswer)


@settings(deadline=None)  # A busy machine is slow, which is not what is tested.
@given(st.text())
def test_any_text_at_all_is_answered_and_never_raises(text: str):
    assert isinstance(read(text), BadAnswer | Decision)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
FIELDS = ("symbol", "side", "shares", "target_weight", "limit_price", "reason")


@settings(deadline=None)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, JSON)), JSON)
def test_any_json_in_any_field_is_answered_and_never_raises(order: dict[str, object], rationale: object):
    result = read(json.dumps({"rationale": rationale, "orders": [{**GOOD, **order}]}))

    assert isinstance(result, BadAnswer | Decision)


@settings(deadline=None)
@given(
    st.integers(min_value=1, max_value=SHARES_MAX),
    st.none() | st.decimals(min_value="0.01", max_value="99999.99", places=2).map(str),
    st.text(st.characters(exclude_categories=["Cs"])),
)
def test_every_valid_order_comes_through_as_written(shares: int, limit: str | None, reason: str):
    text = json.dumps(
        {"rationale": reason, "orders": [{**GOOD, "shares": shares, "limit_price": limit, "reason": reason}]}
    )

    decision = read(text)

    assert isinstance(decision, Decision)
    (intent,) = decision.intents
    assert (intent.shares, intent.why, decision.rationale) == (shares, reason, reason)
    assert (None if intent.limit_cny is None else str(intent.limit_cny)) == limit


def test_the_schema_names_each_symbol_once_and_closes_every_object():
    schema = answer_schema(WATCHLIST)
    text = json.dumps(schema)

    assert text.count("600519.SH") == text.count("600028.SH") == 1
    assert text.count('"additionalProperties": false') == text.count('"type": "object"') == 3
    assert msgspec.json.decode(text, type=dict)["required"] == ["rationale", "orders"]


def test_the_schema_offers_the_two_forms_of_an_order_and_no_third():
    forms = answer_schema(WATCHLIST)["properties"]["orders"]["items"]["anyOf"]  # type: ignore[index]  # Plain JSON.

    assert [form["required"] for form in forms] == [
        ["symbol", "side", "shares", "limit_price", "reason"],
        ["symbol", "side", "target_weight", "limit_price", "reason"],
    ]


def test_half_a_surrogate_pair_in_an_answer_can_be_kept_and_is_no_decision():
    answer = RawAnswer(text='{"rationale": "\ud800", "orders": []}', model="m")

    kept = recordable(answer)

    assert kept.text.encode()
    assert isinstance(parse(kept, ()), BadAnswer)


def test_an_answer_that_utf8_can_hold_is_kept_as_it_is():
    answer = RawAnswer(text="持有", model="m", transcript=({"role": "user", "content": "?"},))

    assert recordable(answer) is answer
