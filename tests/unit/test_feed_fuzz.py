"""Whatever bytes come, a reader returns believable fields or BadAnswer, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.domain.instruments import Symbol
from services.market.feeds import eastmoney, sina, sina_us, tencent, tushare_pro, yahoo
from services.market.feeds.fields import BadAnswer
from services.market.raw_quotes import RawQuote, RawQuotes
from tests import vendor_bytes as wire

RECEIVED = datetime(2026, 7, 14, 2, 35, 5, tzinfo=UTC)
MOUTAI, APPLE = Symbol("600519.SH"), Symbol("AAPL.US")

Read = Callable[[bytes], RawQuotes]


def of_tushare(body: bytes) -> RawQuotes:
    return tushare_pro.read_quotes(tushare_pro.read_page(body).rows, (MOUTAI,), RECEIVED)


READERS: dict[str, tuple[Read, bytes]] = {
    "eastmoney": (lambda body: eastmoney.read_book(body, MOUTAI, RECEIVED), wire.eastmoney_book()),
    "list": (lambda body: eastmoney.read_list(body, (MOUTAI,), RECEIVED), wire.eastmoney_list({})),
    "sina": (lambda body: sina.read_quotes(body, (MOUTAI,), RECEIVED), wire.sina()),
    "tencent": (lambda body: tencent.read_quotes(body, (MOUTAI,), RECEIVED), wire.tencent()),
    "sina_us": (lambda body: sina_us.read_quotes(body, (APPLE,), RECEIVED), wire.sina_us()),
    "tushare": (of_tushare, wire.tushare()),
}

STATED = st.one_of(
    st.sampled_from(["-", "", "0", "0.00", "-1", "NaN", "Infinity", "1e309", "9" * 40, "1_0", "٣", " 5 "]),
    st.text(st.characters(exclude_characters='",~;\n', exclude_categories=["Cs"]), max_size=12),
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
)
VALUES = st.recursive(
    st.one_of(STATED, st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False)),
    lambda inner: st.lists(inner, max_size=2),
    max_leaves=3,
)


def require_believable(quote: RawQuote) -> None:
    prices = [
        quote.last_cny, quote.prev_close_cny, quote.open_cny, quote.high_cny, quote.low_cny,
        quote.limit_up_cny, quote.limit_down_cny, quote.amount_cny,
    ]  # fmt: skip
    levels = (*(quote.bids or ()), *(quote.asks or ()))
    for price in (*prices, *(level.price_cny for level in levels)):
        assert price is None or (isinstance(price, Decimal) and price.is_finite() and price > 0)
    assert all(type(level.shares) is int and level.shares > 0 for level in levels)
    assert quote.volume_shares is None or (type(quote.volume_shares) is int and quote.volume_shares >= 0)
    assert quote.stamped_at is None or quote.stamped_at.utcoffset() is not None
    # No record can hold half of a surrogate pair.
    assert quote.name.encode("utf-8", "replace").decode() == quote.name


def require_sound(read: Read, body: bytes) -> None:
    try:
        answer = read(body)
    except BadAnswer:
        return
    assert set(answer.quotes) | set(answer.faults) <= {MOUTAI, APPLE}
    assert not set(answer.quotes) & set(answer.faults)
    for quote in answer.quotes.values():
        require_believable(quote)
    assert all(why.encode("utf-8", "replace").decode() == why for why in answer.faults.values())


@pytest.mark.parametrize("vendor", READERS)
@given(body=st.binary(max_size=200))
@example(body=b"[" * 100_000)
@example(body=b'{"data":' * 50_000)
@example(body=b'{"code":' + b"9" * 5000 + b"}")
@example(body=b'{"code":1e99999999999999999999}')
@example(body=b'{"code":1E-99999999999999999999}')
def test_any_bytes_are_read_or_refused(vendor, body):
    require_sound(READERS[vendor][0], body)


@pytest.mark.parametrize("vendor", READERS)
@given(start=st.integers(0, 800), length=st.integers(0, 60), put=st.binary(max_size=20))
def test_an_answer_with_a_hole_in_it_is_read_or_refused(vendor, start, length, put):
    read, body = READERS[vendor]

    require_sound(read, body[:start] + put + body[start + length :])


@pytest.mark.parametrize("vendor", ["sina", "tencent", "sina_us"])
@given(places=st.dictionaries(st.integers(0, 32), STATED, max_size=8))
def test_any_field_of_a_record_may_state_anything(vendor, places):
    read, body = READERS[vendor]
    text = body.decode("gb18030")
    sign = "~" if vendor == "tencent" else ","
    head, record, tail = text.split('"')
    fields = record.split(sign)
    for place, stated in places.items():
        fields[place % len(fields)] = stated

    require_sound(read, f'{head}"{sign.join(fields)}"{tail}'.encode("gb18030"))


@given(changes=st.dictionaries(st.sampled_from(sorted(wire.EASTMONEY_BOOK)), VALUES, max_size=8))
@example(changes={"f58": "\ud83d"})
@example(changes={"f57": "\ud83d"})
def test_any_field_of_a_book_may_state_anything(changes):
    require_sound(READERS["eastmoney"][0], json.dumps({"data": {**wire.EASTMONEY_BOOK, **changes}}).encode())


@given(row=st.lists(VALUES, min_size=13, max_size=13))
def test_any_column_of_a_table_may_state_anything(row):
    body = wire.tushare(items=[["600519.SH", *row]])

    require_sound(of_tushare, body)


@given(changes=st.dictionaries(st.sampled_from(sorted(wire.YAHOO_HEAD)), VALUES, max_size=5))
@example(changes={"regularMarketPrice": float("nan")})
@example(changes={"regularMarketPrice": float("inf")})
def test_any_entry_of_yahoos_head_may_state_anything(changes):
    quote = yahoo.read_head({**wire.YAHOO_HEAD, **changes}, APPLE, RECEIVED)

    if isinstance(quote, RawQuote):
        require_believable(quote)
