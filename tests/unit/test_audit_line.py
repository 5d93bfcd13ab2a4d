"""What a line of the audit trail is made of: the bytes that other programs and old files hold."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from random import Random

import orjson
import pytest

from services.domain.book import Book, Lot
from services.domain.fills import Fees
from services.domain.instruments import Market, Symbol
from services.journal.audit_line import Holdings, LocalTimes, encode, fees_told
from tests.exchange_market import MAIN, MON, OTHER, at


def lot(symbol: Symbol, shares: int, cost_cny: str) -> Lot:
    return Lot(symbol=symbol, shares=shares, cost_cny=Decimal(cost_cny), acquired_on=MON)


def told(holdings: Holdings, book: Book) -> tuple[bytes, bytes]:
    holdings.turn_to(book)
    return bytes(holdings.positions), bytes(holdings.lots)


def test_a_book_is_told_by_symbol_in_order_of_first_purchase_and_cash_comes_last():
    lots = (lot(OTHER, 200, "1990.00"), lot(MAIN, 100, "1000.10"), lot(OTHER, 300, "3000.00"))

    positions, by_symbol = told(Holdings(), Book(cash_cny=Decimal("75746.80"), lots=lots))

    # 200 + 300; a float has no trailing zero, an exact amount keeps its own.
    assert positions == f'{{"{OTHER}":500,"{MAIN}":100,"CASH":75746.8}}'.encode()
    assert (
        by_symbol
        == (
            f'{{"{OTHER}":[{{"shares":200,"cost_cny":"1990.00","acquired_on":"2026-07-13"}},'
            f'{{"shares":300,"cost_cny":"3000.00","acquired_on":"2026-07-13"}}],'
            f'"{MAIN}":[{{"shares":100,"cost_cny":"1000.10","acquired_on":"2026-07-13"}}]}}'
        ).encode()
    )


def test_each_book_is_told_as_if_it_were_the_first_whatever_was_told_before():
    rng, holdings = Random(1), Holdings()
    lots: tuple[Lot, ...] = ()
    for step in range(500):
        # Lots that are let go of here make room, in memory, for the new ones.
        lots = tuple(one for one in lots if rng.random() < 0.5)
        lots += tuple(lot(symbol_of(rng), step + 1, f"{step}.{n:02}") for n in range(rng.randrange(4)))

        assert told(holdings, Book(cash_cny=Decimal(step), lots=lots)) == plain(step, lots)


def symbol_of(rng: Random) -> Symbol:
    return Symbol(f"{rng.randrange(600000, 600004)}.SH")


def plain(cash_cny: int, lots: tuple[Lot, ...]) -> tuple[bytes, bytes]:
    shares: dict[str, object] = {}
    by_symbol: dict[str, list[object]] = {}
    for one in lots:
        shares[one.symbol] = sum(other.shares for other in lots if other.symbol == one.symbol)
        fields = {"shares": one.shares, "cost_cny": str(one.cost_cny), "acquired_on": str(one.acquired_on)}
        by_symbol.setdefault(one.symbol, []).append(fields)
    close = {"separators": (",", ":")}
    return (
        json.dumps({**shares, "CASH": float(cash_cny)}, **close).encode(),
        json.dumps(by_symbol, **close).encode(),
    )


@pytest.mark.parametrize(("cash_cny", "text"), [
    ("0.00", b"0.0"),
    ("100.50", b"100.5"),
    ("0.07", b"0.07"),
    ("9999999999999.99", b"9999999999999.99"),
    ("10000000000000000.00", b"1e+16"),  # files of earlier versions hold the sign
])  # fmt: skip
def test_cash_is_the_shortest_number_that_is_it(cash_cny, text):
    positions, _ = told(Holdings(), Book(cash_cny=Decimal(cash_cny)))

    assert positions == b'{"CASH":' + text + b"}"


def test_a_text_has_the_bytes_that_earlier_versions_wrote():
    # They wrote lines by orjson: every character there is, but for halves of pairs, which no journal takes.
    for start in range(0, 0x110000, 0x800):
        text = "".join(map(chr, range(start, start + 0x800)))
        if not 0xD800 <= start < 0xE000:
            assert encode(text) == orjson.dumps(text)


def test_fees_inside_an_all_in_commission_are_left_out():
    fees = Fees(commission=Decimal("5.00"), transfer_fee=Decimal("0.10"))

    assert encode(fees_told(fees, Decimal("5.10"))) == (
        b'{"commission":"5.00","stamp_duty":"0.00","transfer_fee":"0.10","total":"5.10"}'
    )
    # 5.00 + 0.34 + 0.20
    beside = Fees(commission=Decimal("5.00"), handling_fee=Decimal("0.34"), csrc_fee=Decimal("0.20"))
    assert encode(fees_told(beside, Decimal("5.54"))) == (
        b'{"commission":"5.00","stamp_duty":"0.00","transfer_fee":"0.00","handling_fee":"0.34",'
        b'"csrc_fee":"0.20","total":"5.54"}'
    )


def test_a_moment_is_told_in_the_markets_time_whichever_was_told_before():
    times = LocalTimes(Market.CN)
    moment = at(MON, "10:35")

    first, other, again = (times.text(one) for one in (moment, moment + timedelta(seconds=1), moment))

    assert (first, other, again) == ("2026-07-13 10:35:00", "2026-07-13 10:35:01", "2026-07-13 10:35:00")
    # 10:35 in Shanghai is 22:35 of the day before in New York, in summer.
    assert LocalTimes(Market.US).text(moment) == "2026-07-12 22:35:00"
