"""The book against an independent one: the PyPI package marina-rules, where it is installed."""

from datetime import date
from decimal import Decimal

import pytest

from services.domain.instruments import Board, Instrument, Kind, Span, Symbol
from services.domain.orders import Side
from services.rules import fees_of, price_band, rules_on, settlement_days
from services.rules.fees import Commission
from services.rules.rows import KNOWN_UNTIL

marina = pytest.importorskip("marina_rules", reason="marina-rules is not installed")

D = Decimal
PRICES = ("0.04", "0.47", "2.85", "7.90", "10.00", "10.05", "17.09", "30.03", "84.63")
ANY = Instrument(symbol=Symbol("600000.SH"))
ST = Instrument(symbol=Symbol("600000.SH"), st=(Span(since=date(1998, 1, 1)),))
WIDE = Instrument(symbol=Symbol("588000.SH"), kind=Kind.ETF_EQUITY_20)

# Convertible bonds are left out: the other book has no tick for them and rounds to 0.01.
SCOPES = [
    (Board.SSE_MAIN, ANY, "main_board", "XSHG"),
    (Board.SZSE_MAIN, ANY, "main_board", "XSHE"),
    (Board.SSE_MAIN, ST, "st_main", "XSHG"),
    (Board.SZSE_MAIN, ST, "st_main", "XSHE"),
    (Board.CHINEXT, ANY, "chinext", "XSHE"),
    (Board.CHINEXT, ST, "st_chinext", "XSHE"),
    (Board.STAR, ANY, "star", "XSHG"),
    (Board.STAR, ST, "st_star", "XSHG"),
    (Board.SSE_FUND, ANY, "etf", "XSHG"),
    (Board.SZSE_FUND, ANY, "etf", "XSHE"),
    (Board.SSE_FUND, WIDE, "etf_20pct", "XSHG"),
    (Board.SZSE_FUND, WIDE, "etf_20pct", "XSHE"),
    (Board.REIT, ANY, "reits", "XSHG"),
]
DAYS = [
    date(2016, 5, 9),
    date(2020, 8, 21),
    date(2020, 8, 24),
    date(2022, 7, 29),
    date(2022, 8, 1),
    date(2023, 4, 7),
    date(2023, 4, 10),
    date(2026, 7, 3),
    date(2026, 7, 6),
    KNOWN_UNTIL,
]


def theirs(prev, scope, day, market):
    """Return their band as exact decimals, None where they do not know the day."""
    try:
        band = marina.limit_price(float(prev), scope, day.isoformat(), market)
    except KeyError:
        return "unknown"
    return (None, None) if band is None else (D(repr(band[1])), D(repr(band[0])))


@pytest.mark.parametrize(("board", "instrument", "scope", "market"), SCOPES)
def test_price_limits_agree_with_an_independent_book(board, instrument, scope, market):
    compared = 0
    for day in DAYS:
        for prev in PRICES:
            expected = theirs(prev, scope, day, market)
            if expected == "unknown":
                continue
            band = price_band(rules_on(board, day), D(prev), instrument)
            assert (band.limit_down, band.limit_up) == expected, (day, prev)
            compared += 1

    assert compared >= len(PRICES)


def test_bse_limits_are_rounded_inward_where_the_other_book_rounds_half_up():
    rules = rules_on(Board.BSE, date(2026, 9, 1))

    band = price_band(rules, D("17.09"), ANY)

    # 17.09 x 0.7 = 11.963 and x 1.3 = 22.217: the exchange's limits are 11.97 and 22.21.
    assert (band.limit_down, band.limit_up) == (D("11.97"), D("22.21"))
    assert theirs("17.09", "bse", date(2026, 9, 1), "BJSE") == (D("11.96"), D("22.22"))


@pytest.mark.parametrize("day", ["2015-08-01", "2022-04-28", "2022-04-29", "2023-08-27", "2023-08-28"])
def test_taxes_and_fees_agree_with_an_independent_book(day):
    fees = fees_of(
        rules_on(Board.SSE_MAIN, date.fromisoformat(day)),
        Kind.STOCK,
        Side.SELL,
        D("100000"),
        Commission(),
    )

    assert fees.stamp_duty == D(repr(marina.rule_at("stamp_duty_sell", day))) * 100_000
    assert fees.transfer_fee == D(repr(marina.rule_at("transfer_fee_each_side", day))) * 100_000


@pytest.mark.parametrize(
    ("kind", "scope"),
    [
        (Kind.ETF_EQUITY, "etf"),
        (Kind.ETF_EQUITY_20, "etf_20pct"),
        (Kind.ETF_BOND_T0, "etf_bond"),
        (Kind.ETF_MONEY_T0, "etf_money"),
        (Kind.ETF_GOLD_T0, "etf_gold"),
        (Kind.ETF_CROSS_BORDER_T0, "etf_crossborder"),
        (Kind.ETF_COMMODITY_T0, "etf_commodity"),
    ],
)
@pytest.mark.parametrize("day", ["2015-01-19", "2020-01-19", "2020-01-20", "2026-12-31"])
def test_same_day_sale_agrees_with_an_independent_book(kind, scope, day):
    expected = marina.rule_at("min_holding_days", day, scope, "XSHG")

    assert settlement_days(kind, date.fromisoformat(day)) == expected
