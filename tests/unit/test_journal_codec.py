from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain import events as records
from services.domain.book import Book, Lot
from services.domain.decision import RawAnswer
from services.domain.events import Event, Opened, TradingDay
from services.domain.fills import Fees, Fill, FillId
from services.domain.instruments import Symbol
from services.domain.orders import OrderId, SessionId, Side
from services.domain.quotes import Quote
from services.journal.codec import (
    KINDS,
    MOMENTS_IN,
    VERSION,
    NotCanonical,
    decode,
    decode_event,
    encode,
    kind_of,
)
from services.ports import JournalFault

SHANGHAI = ZoneInfo("Asia/Shanghai")
MOMENT = datetime(2026, 7, 6, 10, 35, tzinfo=SHANGHAI)

FILL = Fill(
    fill_id=FillId("F-1"),
    order_id=OrderId("O-1"),
    symbol=Symbol("600519.SH"),
    side=Side.BUY,
    shares=100,
    price_cny=Decimal("1450.10"),
    amount_cny=Decimal("145010.00"),
    fees=Fees(commission=Decimal("36.25")),
    trade_date=date(2026, 7, 6),
    traded_at=MOMENT,
)


def test_a_fill_is_the_text_anyone_would_write():
    assert kind_of(FILL) == "fill"
    assert encode(FILL) == (
        '{"amount_cny":"145010.00","approximate":false,'
        '"fees":{"commission":"36.25","csrc_fee":"0.00","handling_fee":"0.00",'
        '"stamp_duty":"0.00","transfer_fee":"0.00"},'
        '"fill_id":"F-1","order_id":"O-1","price_cny":"1450.10","shares":100,"side":"buy",'
        '"symbol":"600519.SH","trade_date":"2026-07-06","traded_at":"2026-07-06T10:35:00+08:00"}'
    )


def test_keys_stand_in_order_whatever_the_order_they_were_put_in():
    opened = {
        order: Opened(
            session=SessionId("s"),
            day=date(2026, 7, 6),
            at="10:35",
            slot=MOMENT,
            mode="paper",
            agent="rule",
            versions={name: "1" for name in order},
            config_hash="",
        )
        for order in ("ab", "ba")
    }

    assert encode(opened["ab"]) == encode(opened["ba"])


def test_chinese_and_control_characters_stay_what_they_are():
    answer = RawAnswer(text='持有\n"\x00', model="m", transcript=({"role": "user", "content": "涨停"},))

    assert encode(answer) == (
        '{"calls":[],"fault":"","model":"m","over_budget":"",'
        '"text":"持有\\n\\"\\u0000","transcript":[{"content":"涨停","role":"user"}],'
        '"usage":{"attempts":1,"cost_cny":"0.00","input_tokens":0,"latency_ms":0,"output_tokens":0}}'
    )


@pytest.mark.parametrize(
    "text", ["0", "0.00", "-0.00", "1E+3", "1000", "0.10", "1E-10", "123456789012345678901234567890.01"]
)
def test_a_decimal_keeps_its_digits_and_its_exponent(text: str):
    body = encode(Book(cash_cny=Decimal(text)))

    book = decode("book", VERSION, body)

    assert isinstance(book, Book)
    assert book.cash_cny.as_tuple() == Decimal(text).as_tuple()
    assert f'"cash_cny":"{Decimal(text)}"' in body


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "-NaN", "Infinity", "-Infinity"])
def test_an_amount_that_is_not_finite_is_refused_however_deep_it_lies(amount: str):
    lot = Lot(symbol=Symbol("600519.SH"), shares=100, cost_cny=Decimal(amount), acquired_on=date(2026, 7, 6))

    with pytest.raises(NotCanonical):
        encode(Book(cash_cny=Decimal("1.00"), lots=(lot,)))


@pytest.mark.parametrize("number", [float("nan"), float("inf"), [1.0, float("-inf")], {"a": (float("nan"),)}])
def test_a_float_that_is_not_finite_is_refused(number: object):
    with pytest.raises(NotCanonical):
        encode(number)


def test_an_amount_too_large_for_a_float_is_finite_all_the_same():
    fault = records.FaultRecord(door="prices", asked="NaN", why="")
    halted = Book(cash_cny=Decimal("1E+400"))

    assert encode((fault, halted)).count("1E+400") == 1


@pytest.mark.parametrize("text", ["NaN", "Infinity", '2026-07-06T10:35:00"', "T10:35:00"])
def test_words_of_a_model_are_not_taken_for_numbers_or_moments(text: str):
    answer = RawAnswer(text=text, model="m")

    assert decode("raw_answer", VERSION, encode(answer)) == answer


@pytest.mark.parametrize("microseconds", [0, 1])
def test_a_moment_without_a_zone_is_refused(microseconds: int):
    naive = datetime(2026, 7, 6, 10, 35, 0, microseconds)  # noqa: DTZ001 # What is refused.

    with pytest.raises(NotCanonical):
        encode(records.SnapshotRef(panel="", moment=naive))


@pytest.mark.parametrize("value", [object(), {1: 2}, 1j, "\ud800", RawAnswer(text="\ud800", model="")])
def test_what_json_has_no_form_for_is_refused(value: object):
    with pytest.raises(NotCanonical):
        encode(value)


def test_a_value_that_is_no_body_has_no_kind():
    with pytest.raises(NotCanonical):
        kind_of(Side.BUY)


def test_a_body_of_a_newer_version_or_an_unknown_kind_says_so():
    with pytest.raises(JournalFault, match="newer Kaipan"):
        decode("fill", VERSION + 1, encode(FILL))
    with pytest.raises(JournalFault, match="newer Kaipan"):
        decode("dream", VERSION, "{}")


@pytest.mark.parametrize("body", ["", "{", "{}", '"open"', encode(TradingDay.OPEN), encode(FILL)[:-1]])
def test_a_body_that_is_not_of_its_kind_is_a_fault_that_names_the_event(body: str):
    event = Event(17, "main", "s", "fill", "fill", VERSION, "", body, "", "")

    with pytest.raises(JournalFault, match="17"):
        decode_event(event)


def test_a_body_whose_numbers_break_their_type_is_a_fault():
    quote = (
        '{"last_cny":"-1","prev_close_cny":null,"seen_at":"2026-07-06T10:35:00Z","source":"s","symbol":"x"}'
    )
    body = f'{{"moment":"2026-07-06T10:35:00Z","source":"s","symbols":[],"quotes":[{quote}],"faults":{{}}}}'

    with pytest.raises(JournalFault):
        decode("vendor_snapshot", VERSION, body)


PARTS = {records.ArmedExit, records.Dividend}
"""What stands inside other records alone."""


def test_every_record_of_a_journal_is_a_kind_and_each_has_one_name():
    of_journal = {
        held
        for held in vars(records).values()
        if is_dataclass(held) and held.__module__ == records.__name__ and held is not Event
    }

    assert len(of_journal) > 10
    assert of_journal - PARTS <= set(KINDS.values())
    assert len(set(KINDS.values())) == len(KINDS)


# Every kind, whatever it holds

TEXTS = st.text(max_size=12) | st.sampled_from(["NaN", "T10:35:00", "", '"', "开盘"])
ZONES = st.sampled_from(
    [UTC, SHANGHAI, timezone(timedelta(hours=-4)), timezone(timedelta(hours=5, minutes=30))]
)
PRICES = st.decimals(min_value="0.0001", max_value="1E+9", allow_nan=False, allow_infinity=False)
LEAVES: Mapping[object, st.SearchStrategy[Any]] = {
    str: TEXTS,
    int: st.integers(),
    bool: st.booleans(),
    type(None): st.none(),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    date: st.dates(),
    datetime: st.datetimes(
        min_value=datetime(2000, 1, 1),  # noqa: DTZ001 # The zone is drawn apart.
        max_value=datetime(2100, 1, 1),  # noqa: DTZ001
        timezones=ZONES,
    ),
}


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a domain type, built from nothing but its hints."""
    if hint in LEAVES:
        return LEAVES[hint]
    if hasattr(hint, "__supertype__"):
        return values_of(hint.__supertype__)
    if get_origin(hint) in (types.UnionType, Union):
        return st.one_of(*map(values_of, get_args(hint)))
    if get_origin(hint) is Mapping:
        return st.dictionaries(*map(values_of, get_args(hint)), max_size=3)
    if get_origin(hint) is tuple:
        return st.lists(values_of(get_args(hint)[0]), max_size=3).map(tuple)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(list(hint))
    hints = get_type_hints(hint)
    parts = {field.name: values_of(hints[field.name]) for field in fields(hint)}
    if hint is Quote:  # A quote refuses a price that is none, and a source without a name.
        parts |= {name: PRICES for name in parts if name == "last_cny"}
        parts |= {name: st.none() | PRICES for name in parts if name.endswith("_cny") and name != "last_cny"}
        parts["source"] = st.just("file")
    return st.builds(hint, **parts)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_body_comes_back_as_the_value_and_as_the_text_it_was(kind: str):
    @settings(max_examples=40, deadline=None, derandomize=True, database=None)
    @given(value=values_of(KINDS[kind]))
    def comes_back(value: object) -> None:
        body = encode(value)

        again = decode(kind_of(value), VERSION, body)

        assert kind_of(value) == kind
        assert again == value
        assert encode(again) == body

    comes_back()


def hints_within(hint: Any, seen: set[Any]) -> set[Any]:
    """Every type a value of the hint can hold."""
    if hint in seen:
        return seen
    seen.add(hint)
    inner = list(get_args(hint))
    if hasattr(hint, "__supertype__"):
        inner.append(hint.__supertype__)
    if is_dataclass(hint):
        inner += get_type_hints(hint).values()
    for part in inner:
        hints_within(part, seen)
    return seen


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_no_body_can_hold_what_json_would_blur(kind: str):
    held = hints_within(KINDS[kind], set())

    # A NaN float is written as null, bytes as text, and a time of day has no zone.
    assert not held & {float, bytes, time, object, Any}


def test_the_search_for_such_types_finds_them_where_they_are():
    assert {float, bytes} <= hints_within(tuple[Mapping[str, float | bytes], ...], set())
    assert Decimal in hints_within(KINDS["verdicts"], set())


@pytest.mark.parametrize("of", MOMENTS_IN)
def test_of_a_kind_whose_text_is_not_searched_all_moments_lie_in_the_named_fields(of: type):
    hints = get_type_hints(of) if is_dataclass(of) else {}

    holding = {name: hint for name, hint in hints.items() if hints_within(hint, set()) & {date, datetime}}

    assert of in KINDS.values()
    assert set(MOMENTS_IN[of]) == set(holding)
    assert set(holding.values()) <= {date, datetime}


@pytest.mark.parametrize(("of", "name"), [(of, name) for of, names in MOMENTS_IN.items() for name in names])
def test_none_and_a_moment_without_a_zone_are_refused_in_every_field_that_holds_a_moment(of: type, name: str):
    naive = datetime(2026, 7, 6, 10, 35, 0, 1)  # noqa: DTZ001 # What is refused, for a day as for a moment.

    @settings(max_examples=3, deadline=None, derandomize=True, database=None)
    @given(value=values_of(of))
    def is_refused(value: Any) -> None:
        with pytest.raises(NotCanonical):
            encode(replace(value, **{name: naive}))
        with pytest.raises(NotCanonical):
            encode(replace(value, **{name: None}))

    is_refused()
