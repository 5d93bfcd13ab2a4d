"""Small values: money, symbols, spans, ids, fees, states, slots, statements."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import importlib
import pkgutil
import re
from datetime import date, time
from decimal import Decimal
from math import inf, nextafter

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import services.domain
from services.domain.bars import Frequency
from services.domain.fills import Fees
from services.domain.instruments import Instrument, Market, NotASymbol, Span, parse_symbol
from services.domain.money import ceil_to_tick, cny, floor_to_tick, from_float, to_cent, to_tick
from services.domain.orders import ApprovedOrder, Intent, OrderState, Side, order_id
from services.domain.slot import Slot
from services.domain.value import Value
from tests.unit.gate_desk import FUND, MAIN, MON, TUE, at, d
from tests.unit.test_book import terms

CENT, MILL = Decimal("0.01"), Decimal("0.001")


@pytest.mark.parametrize("text", ["", "ten", "1,000", "NaN", "-Infinity", "0x10"])
def test_only_a_finite_number_is_money(text):
    with pytest.raises(ValueError, match="amount"):
        cny(text)


def test_money_keeps_the_decimals_it_was_written_with():
    assert str(cny("1450.50")) == "1450.50"


@pytest.mark.parametrize(
    ("amount", "cents"), [("0.005", "0.01"), ("0.0049", "0.00"), ("-0.005", "-0.01"), ("2.675", "2.68")]
)
def test_a_half_cent_rounds_away_from_nothing(amount, cents):
    assert to_cent(d(amount)) == d(cents)


@pytest.mark.parametrize(
    ("price", "tick", "nearest", "below", "above"),
    [
        ("10.005", CENT, "10.01", "10.00", "10.01"),
        ("10.00", CENT, "10.00", "10.00", "10.00"),
        ("1.2344", MILL, "1.234", "1.234", "1.235"),
    ],
)
def test_a_price_goes_to_the_tick(price, tick, nearest, below, above):
    rounded = [way(d(price), tick) for way in (to_tick, floor_to_tick, ceil_to_tick)]

    assert [str(one) for one in rounded] == [nearest, below, above]


def test_a_float_that_came_from_text_goes_back_to_it():
    assert [str(from_float(price)) for price in (10.1, 0.1 + 0.2, 1450.55)] == [
        "10.1",
        "0.30000000000000004",
        "1450.55",
    ]
    assert [str(from_float(price)) for price in (0.0, -0.0, 0.0)] == ["0.0", "-0.0", "0.0"]


@given(
    st.one_of(
        st.integers(-5, 10**13 + 5).map(lambda cents: cents / 100),
        st.integers(1, 10**7).map(lambda cents: nextafter(cents / 100, inf)),
        st.integers(1, 10**8).map(lambda mills: mills / 1000),
        st.floats(allow_nan=False, allow_infinity=False),
    )
)
@example(1e11)
@example(12.0)
@example(1.7e308)
@example(0.004)
def test_of_any_float_the_decimal_is_what_its_shortest_text_writes(price: float):
    assert str(from_float(price)) == str(Decimal(repr(price)))
    assert str(from_float(np.float64(price))) == str(Decimal(repr(price)))


@pytest.mark.parametrize("price", [float("nan"), float("inf")])
def test_a_float_that_is_no_number_is_no_money(price):
    with pytest.raises(ValueError, match="finite"):
        from_float(price)


@pytest.mark.parametrize("text", ["600519.SH", "000001.SZ", "920001.BJ", "AAPL.US", "BRK.B.US"])
def test_a_symbol_names_its_exchange(text):
    assert parse_symbol(text) == text


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("600519", "600519.SH"),
        ("510300", "510300.SH"),
        ("900901", "900901.SH"),
        ("920001", "920001.BJ"),
        ("430047", "430047.BJ"),
        ("000001", "000001.SZ"),
        ("300750", "300750.SZ"),
        # As other programs write it: what names the exchange is believed.
        ("SH600519", "600519.SH"),
        ("sh.000001", "000001.SH"),
        ("600519.XSHG", "600519.SH"),
        ("000001.XSHE", "000001.SZ"),
        ("600519.ss", "600519.SH"),
        ("920001.BSE", "920001.BJ"),
        (" 600519.sh ", "600519.SH"),
    ],
)
def test_a_code_written_otherwise_is_refused_with_what_was_probably_meant(text, meant):
    with pytest.raises(NotASymbol, match=re.escape(f"did you mean {meant}?")):
        parse_symbol(text)


@pytest.mark.parametrize("text", ["600519.SH，000001.SZ", "600519.SH 000001.SZ", "600519.SH;AAPL.US"])
def test_several_symbols_in_one_text_are_refused_as_such(text):
    with pytest.raises(NotASymbol, match="comma"):
        parse_symbol(text)


@pytest.mark.parametrize(
    "text", ["", "600519.HK", "sh600519", "60051.SH", "600519.sh", "aapl.US", "600519.SH ", "６００５１９.SH"]
)
def test_another_form_is_no_symbol(text):
    with pytest.raises(NotASymbol):
        parse_symbol(text)


def test_both_ends_of_a_span_are_inside():
    span = Span(since=MON, until=TUE)

    days = [date(2026, 7, 12), MON, TUE, date(2026, 7, 15)]
    assert [span.covers(day) for day in days] == [False, True, True, False]
    assert Span(since=MON).covers(date(2099, 1, 1))


def test_a_risk_warning_holds_on_its_days():
    instrument = Instrument(symbol=MAIN, st=(Span(since=MON, until=MON), Span(since=date(2026, 8, 1))))

    days = [MON, TUE, date(2026, 8, 1)]
    assert [instrument.is_st(day) for day in days] == [True, False, True]


def test_an_order_id_is_derived_from_every_part_and_nothing_else():
    parts = ("live", "main", "20260714-1035", "decision", "0", MAIN, "buy", "0")
    ids = {order_id(*parts[:n], "x", *parts[n + 1 :]) for n in range(len(parts))} | {order_id(*parts)}

    assert order_id(*parts) == order_id(*parts)
    assert len(ids) == len(parts) + 1
    assert all(re.fullmatch(r"[A-Z2-7]{20}", one) for one in ids)


@pytest.mark.parametrize("index", range(40))
def test_an_order_id_is_the_base32_text_of_its_parts_digest(index):
    parts = ("live", "main", "20260714-1035", "decision", str(index), MAIN, "buy", "0")

    text = base64.b32encode(hashlib.sha256("\x1f".join(parts).encode()).digest()).decode()

    assert order_id(*parts) == text[:20]


def test_parts_of_an_order_id_do_not_run_together():
    assert order_id("ab", "c") != order_id("a", "bc")


def test_an_approved_order_has_its_terms_id():
    assert ApprovedOrder(terms=terms(Side.BUY, 100, name="B")).order_id == "B"


def test_only_a_working_order_may_still_change():
    assert [state for state in OrderState if not state.terminal] == [OrderState.WORKING]


def test_fees_are_the_sum_of_their_lines():
    fees = Fees(
        commission=d("5.00"),
        stamp_duty=d("0.50"),
        transfer_fee=d("0.01"),
        handling_fee=d("0.03"),
        csrc_fee=d("0.02"),
    )

    assert fees.total == d("5.56")
    assert Fees().total == 0


def test_a_slot_is_named_by_its_day_and_local_time():
    slot = Slot(
        market=Market.CN, frequency=Frequency.HOURLY, day=TUE, at=time(10, 35), moment=at(TUE, "10:35")
    )

    assert (slot.label, slot.local) == ("20260714-1035", "2026-07-14 10:35:00")
    # Shanghai is eight hours ahead.
    assert slot.utc.isoformat() == "2026-07-14T02:35:00+00:00"


def test_no_record_can_be_changed():
    """Whatever stands in a journal stays what it was."""
    names = [module.name for module in pkgutil.iter_modules(services.domain.__path__)]
    records = [
        kind
        for name in names
        for kind in vars(importlib.import_module(f"services.domain.{name}")).values()
        if isinstance(kind, type) and dataclasses.is_dataclass(kind)
    ]
    values = [kind for kind in records if issubclass(kind, Value)]

    assert len(records) > 30
    assert len(values) > 30
    for kind in values:
        assert kind.__struct_config__.frozen, kind
    for kind in set(records) - set(values):
        assert kind.__dataclass_params__.frozen, kind  # type: ignore[attr-defined] # not in the stubs
    with pytest.raises(AttributeError):
        Intent(symbol=FUND, side=Side.BUY).shares = 7  # type: ignore[misc] # what is refused
