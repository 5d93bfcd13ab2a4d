"""What a quote may be, and what a snapshot shows of a panel or of a vendor's answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec
import numpy as np
import pytest

from services.domain.bars import Panel
from services.domain.instruments import Symbol
from services.domain.quotes import PanelSnapshot, Quote, VendorSnapshot
from tests.exchange_market import MAIN, MON, OTHER, TUE, Bar, at, panel
from tests.unit.gate_desk import d, quote, snapshot

NAN = float("nan")
STRANGER = Symbol("600998.SH")
MONDAY: Sequence[Bar] = [(10.0, 10.4, 9.8, 10.1), (10.1, 10.4, 9.8, 10.2), (10.2, 10.4, 9.8, 10.3)]
FLAT: Bar = (10.0, 10.0, 10.0, 10.0)
RISING: Sequence[Bar] = [
    *MONDAY,
    (10.3, 10.5, 10.2, 10.4),
    (10.5, 10.7, 10.4, 10.6),
    (10.6, 10.8, 10.5, 10.7),
    (10.7, 10.9, 10.6, 10.8),
    (10.8, 11.0, 10.7, 10.9),
]


def shown(market: Panel, clock: str, symbol: Symbol = MAIN) -> Quote | None:
    return PanelSnapshot(panel=market, moment=at(TUE, clock)).get(symbol)


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "Infinity"])
@pytest.mark.parametrize("field", ["last_cny", "prev_close_cny", "limit_up_cny", "limit_down_cny"])
def test_no_price_of_a_quote_is_anything_but_finite_and_positive(field, price):
    fields = {"last_cny": d("10.00"), "prev_close_cny": d("10.00"), field: Decimal(price)}

    with pytest.raises(ValueError, match=MAIN):
        Quote(symbol=MAIN, seen_at=at(TUE, "10:35"), source="hand", **fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"seen_at": datetime(2026, 7, 14, 10, 35), "source": "hand"},  # noqa: DTZ001 - what is refused.
        {"seen_at": at(TUE, "10:35"), "source": ""},
    ],
)
def test_a_quote_has_a_zone_and_a_source(fields):
    with pytest.raises(ValueError, match=MAIN):
        Quote(symbol=MAIN, last_cny=d("10.00"), prev_close_cny=None, **fields)


def test_a_vendor_snapshot_gives_what_was_answered():
    answered = VendorSnapshot(
        moment=at(TUE, "10:35"),
        source="hand",
        symbols=(OTHER, MAIN),
        quotes=(quote(MAIN, last="10.55"),),
        faults={OTHER: "no such symbol"},
    )

    assert answered.get(OTHER) is None
    found = answered.get(MAIN)
    assert found is not None
    assert found.last_cny == d("10.55")
    assert np.array_equal(answered.lasts(), [NAN, 10.55], equal_nan=True)


@pytest.mark.parametrize(
    ("clock", "last", "seen"),
    [
        ("09:30", "10.5", "09:30"),  # The open of the bar in progress.
        ("10:35", "10.6", "10:30"),
        ("11:35", "10.7", "11:30"),  # At lunch the last close.
        ("14:05", "10.8", "14:00"),
        ("15:05", "10.9", "15:00"),
    ],
)
def test_a_panel_shows_the_open_in_progress_else_the_last_close(clock, last, seen):
    found = shown(panel({MAIN: RISING}), clock)

    assert found is not None
    assert (found.last_cny, found.seen_at) == (d(last), at(TUE, seen))
    assert found.prev_close_cny == d("10.4")
    assert found.approximate
    assert not found.suspended
    assert found.bids is found.asks is None


def test_before_the_open_a_panel_shows_yesterday_and_says_so():
    found = shown(panel({MAIN: RISING}), "08:00")

    assert found is not None
    assert (found.last_cny, found.seen_at) == (d("10.4"), at(MON, "15:00"))


def test_a_stated_previous_close_goes_before_the_last_one():
    found = shown(panel({MAIN: RISING}, prev_close={MAIN: [9.5, 9.9]}), "10:35")

    assert found is not None
    assert found.prev_close_cny == d("9.9")


def test_where_none_is_stated_the_last_traded_close_counts():
    gap: Sequence[Bar] = [*MONDAY, None, *RISING[4:]]

    found = shown(panel({MAIN: gap}, prev_close={MAIN: [9.5, NAN]}), "10:35")

    assert found is not None
    assert found.prev_close_cny == d("10.3")


def test_a_first_day_has_no_previous_close():
    newcomer: Sequence[Bar] = [None] * 4 + list(RISING[4:])

    found = shown(panel({MAIN: newcomer, OTHER: RISING}), "10:35")

    assert found is not None
    assert (found.last_cny, found.prev_close_cny) == (d("10.6"), None)


def test_who_has_no_bar_where_others_have_one_is_suspended_at_the_last_close():
    absent: Sequence[Bar] = [*RISING[:4], None, None, None, None]
    market = panel({MAIN: absent, OTHER: RISING})

    for clock in ("09:35", "10:35", "11:35", "15:05"):
        found = shown(market, clock)
        assert found is not None
        assert found.suspended
        assert (found.last_cny, found.prev_close_cny) == (d("10.4"), d("10.4"))
        assert found.seen_at == at(MON, "15:00")


def test_there_is_no_quote_before_the_first_bar():
    newcomer: Sequence[Bar] = [None] * 5 + list(RISING[5:])

    assert shown(panel({MAIN: newcomer, OTHER: RISING}), "09:35") is None


def test_there_is_no_quote_of_a_symbol_the_panel_does_not_have():
    assert shown(panel({MAIN: RISING}), "10:35", OTHER) is None


def test_before_all_data_nothing_is_known():
    early = PanelSnapshot(panel=panel({MAIN: RISING}), moment=at(MON, "09:00"))

    assert early.get(MAIN) is None
    assert np.isnan(early.lasts()).all()


def test_a_bar_that_never_closed_has_no_price_once_it_is_over():
    """A file may end in a bar of which only the open is known."""
    unfinished: Sequence[Bar] = [*RISING[:7], (10.8, NAN, NAN, NAN)]
    market = panel({MAIN: unfinished, OTHER: RISING})

    in_progress = shown(market, "14:05")
    assert in_progress is not None
    assert in_progress.last_cny == d("10.8")
    assert shown(market, "15:05") is None


def test_lasts_are_those_of_the_quotes():
    market = panel({MAIN: RISING, OTHER: [*RISING[:4], None, None, None, None]})

    for clock, expected in [("10:35", [10.6, NAN]), ("15:05", [10.9, NAN])]:
        now = PanelSnapshot(panel=market, moment=at(TUE, clock))
        assert np.array_equal(now.lasts(), expected, equal_nan=True)
        assert (now.symbols, now.source) == ((MAIN, OTHER), market.source)


def test_a_last_price_is_that_of_the_quote():
    absent: Sequence[Bar] = [*RISING[:4], None, None, None, None]
    market = panel({MAIN: RISING, OTHER: absent})

    now = PanelSnapshot(panel=market, moment=at(TUE, "10:35"))
    vendor = snapshot(quote(MAIN, last="10.55"))

    # The suspended one keeps its last close; of a stranger nothing is known.
    assert [now.last(symbol) for symbol in (MAIN, OTHER, STRANGER)] == [d("10.6"), d("10.4"), None]
    assert [vendor.last(symbol) for symbol in (MAIN, OTHER)] == [d("10.55"), None]


def test_a_last_price_looked_at_before_or_after_the_quote_is_the_same():
    now = PanelSnapshot(panel=panel({MAIN: RISING}), moment=at(TUE, "10:35"))

    asked_first = now.last(MAIN)
    found = now.get(MAIN)

    assert found is not None
    assert (asked_first, found.last_cny, now.last(MAIN)) == (d("10.6"), d("10.6"), d("10.6"))


@pytest.mark.parametrize(
    ("bars", "stated", "expected"),
    [
        (RISING, [9.5, 9.9], "9.9"),  # As stated.
        (RISING, [9.5, NAN], "10.4"),  # As last traded.
        ([*RISING[:4], None, None, None, None], None, "10.4"),  # Suspended.
        ([None] * 4 + list(RISING[4:]), None, None),  # A first day.
        ([None] * 5 + list(RISING[5:]), None, None),  # No bar yet: no quote either.
    ],
)
def test_a_previous_close_is_that_of_the_quote(bars, stated, expected):
    closes = None if stated is None else {MAIN: stated, OTHER: [NAN, NAN]}
    market = panel({MAIN: bars, OTHER: RISING}, prev_close=closes)

    now = PanelSnapshot(panel=market, moment=at(TUE, "09:35"))

    assert now.prev_close(MAIN) == (None if expected is None else d(expected))
    assert now.prev_close(STRANGER) is None


def test_without_a_quote_there_is_no_previous_close():
    """The bar of 14:00 has an open and never closed, so that after it nothing is believed."""
    unfinished: Sequence[Bar] = [*RISING[:7], (10.8, NAN, NAN, NAN)]

    now = PanelSnapshot(panel=panel({MAIN: unfinished, OTHER: RISING}), moment=at(TUE, "15:05"))

    assert (now.get(MAIN), now.prev_close(MAIN)) == (None, None)
    assert now.prev_close(OTHER) == d("10.4")


def test_a_vendors_previous_close_is_that_of_the_quote():
    vendor = snapshot(quote(MAIN, prev="10.20"), quote(STRANGER, prev=None))

    assert [vendor.prev_close(symbol) for symbol in (MAIN, STRANGER, OTHER)] == [d("10.20"), None, None]


def test_a_quote_is_built_once():
    now = PanelSnapshot(panel=panel({MAIN: RISING}), moment=at(TUE, "10:35"))

    assert now.get(MAIN) is now.get(MAIN)


def test_a_snapshot_of_nothing_is_one():
    assert snapshot().lasts().tolist() == []


class Counted(tuple[Quote, ...]):
    """Quotes that count how often somebody goes through them."""

    walks = 0

    def __reversed__(self) -> Iterator[Quote]:
        self.walks += 1
        return iter(self[::-1])


def test_a_slot_of_many_symbols_goes_through_its_quotes_once():
    symbols = tuple(Symbol(f"{code}.SH") for code in range(600000, 600300))
    quotes = Counted(quote(symbol) for symbol in (*symbols, symbols[0]))
    seen = VendorSnapshot(moment=at(TUE, "10:35"), source="v", symbols=symbols, quotes=quotes, faults={})

    found = [seen.get(symbol) for symbol in symbols]

    # Of a symbol that is told twice it is the first.
    assert (quotes.walks, [id(one) for one in found]) == (1, [id(one) for one in quotes[:300]])
    assert seen.get(Symbol("000001.SZ")) is None


def test_what_was_looked_at_is_no_part_of_a_snapshot():
    seen = VendorSnapshot(
        moment=at(TUE, "10:35"), source="v", symbols=(MAIN,), quotes=(quote(MAIN),), faults={}
    )
    untouched = msgspec.json.encode(seen)

    assert seen.get(MAIN) is not None
    emptied = msgspec.structs.replace(seen, quotes=())

    assert msgspec.json.encode(seen) == untouched
    assert emptied.get(MAIN) is None


@pytest.mark.parametrize("name", ["panel", "moment", "in_progress"])
def test_what_a_panel_shows_cannot_be_moved_to_another_moment(name: str):
    seen = PanelSnapshot(panel=panel({MAIN: RISING}), moment=at(MON, "09:00"))

    with pytest.raises(AttributeError):
        setattr(seen, name, at(TUE, "10:35"))
