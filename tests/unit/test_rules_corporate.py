"""Ex-day references, entitlement and the tax on dividends."""

from datetime import date
from decimal import Decimal

import pytest

from services.domain.instruments import Board, Kind
from services.rules import (
    OutsideRulebook,
    dividend_credit,
    dividend_tax,
    ex_reference,
    individuals_taxed,
    is_entitled,
)

D = Decimal


@pytest.mark.parametrize(
    ("prev", "terms", "expected"),
    [
        ("10.00", {}, "10.00"),
        ("10.00", {"cash": "0.10"}, "9.90"),
        ("10.00", {"cash": "0.055"}, "9.95"),  # 9.945 is a tie
        ("20.00", {"cash": "0.15", "share_ratio": "0.5"}, "13.23"),  # 19.85 / 1.5 = 13.2333
        ("10.00", {"rights_ratio": "0.3", "rights_price": "5.00"}, "8.85"),  # 11.5 / 1.3 = 8.84615
        # (12.00 - 0.20 + 4.00 x 0.2) / (1 + 0.3 + 0.2) = 12.60 / 1.5
        (
            "12.00",
            {"cash": "0.20", "share_ratio": "0.3", "rights_ratio": "0.2", "rights_price": "4.00"},
            "8.40",
        ),
        ("1.234", {"cash": "0.0125", "tick": "0.001"}, "1.222"),  # 1.2215 is a tie
    ],
)
def test_the_reference_of_an_ex_day(prev, terms, expected):
    assert str(ex_reference(D(prev), **{name: D(value) for name, value in terms.items()})) == expected


@pytest.mark.parametrize(
    ("board", "kind", "taxed"),
    [
        (Board.SSE_MAIN, Kind.STOCK, True),
        (Board.STAR, Kind.STOCK, True),  # CDRs too
        (Board.BSE, Kind.STOCK, True),
        (Board.SSE_FUND, Kind.ETF_EQUITY, False),
        (Board.REIT, Kind.REIT, False),
        (Board.CONVERTIBLE, Kind.CONVERTIBLE_BOND, False),
        (Board.SSE_B, Kind.B_SHARE, False),
        (Board.US, Kind.STOCK, False),
    ],
)
def test_mainland_tax_is_owed_on_what_mainland_shares_distribute(board, kind, taxed):
    assert individuals_taxed(board, kind) is taxed


def test_a_reference_that_is_no_price_is_refused():
    with pytest.raises(ValueError, match="must be positive"):
        ex_reference(D("1.00"), cash=D("1.00"))


@pytest.mark.parametrize(
    ("bought", "sold", "entitled"),
    [
        (date(2026, 6, 10), None, True),
        (date(2026, 6, 11), None, False),
        (date(2026, 6, 1), date(2026, 6, 10), False),
        (date(2026, 6, 1), date(2026, 6, 11), True),
    ],
)
def test_who_holds_at_the_close_of_the_record_date_is_entitled(bought, sold, entitled):
    assert is_entitled(bought, sold, date(2026, 6, 10)) is entitled


def test_a_payment_is_cut_off_at_the_cent():
    assert str(dividend_credit(1000, D("0.50"))) == "500.00"
    assert str(dividend_credit(333, D("0.0255"))) == "8.49"  # 8.4915


def taxed(bought, sold, record=date(2026, 6, 10), **terms):
    return dividend_tax(
        bought=bought,
        sold=sold,
        record_date=record,
        shares=1000,
        cash_per_share=D("0.50"),
        **terms,
    )


@pytest.mark.parametrize(
    ("bought", "sold", "rate", "tax"),
    [
        (date(2026, 5, 15), date(2026, 6, 15), "0.20", "100.00"),  # exactly one month
        (date(2026, 5, 15), date(2026, 6, 16), "0.10", "50.00"),
        (date(2025, 6, 15), date(2026, 6, 15), "0.10", "50.00"),  # exactly one year
        (date(2025, 6, 15), date(2026, 6, 16), "0", "0.00"),
        (date(2026, 5, 31), date(2026, 6, 30), "0.20", "100.00"),  # June has no 31st: it ends with the 30th
        (date(2026, 5, 31), date(2026, 7, 1), "0.10", "50.00"),
        (date(2025, 12, 20), date(2026, 6, 20), "0.10", "50.00"),  # over the end of a year
    ],
)
def test_the_rate_depends_on_how_long_a_lot_was_held(bought, sold, rate, tax):
    due = taxed(bought, sold)

    assert (str(due.rate), str(due.tax_cny), str(due.taxable_cny)) == (rate, tax, "500.00")


def test_bonus_shares_are_taxed_at_par():
    # 1,000 x (0.50 + 0.3 x 1.00) = 800.00; a fifth of it.
    due = taxed(date(2026, 6, 1), date(2026, 6, 12), bonus_per_share=D("0.3"))

    assert (str(due.taxable_cny), str(due.tax_cny)) == ("800.00", "160.00")


def test_a_lot_that_was_not_entitled_owes_nothing():
    due = taxed(date(2026, 6, 11), date(2026, 6, 12))

    assert (due.taxable_cny, due.tax_cny) == (0, 0)


def test_more_than_a_year_was_taxed_before_the_2015_rule():
    longer = {"bought": date(2013, 1, 4), "sold": date(2015, 12, 1)}

    assert taxed(**longer, record=date(2015, 9, 7)).rate == D("0.05")
    assert taxed(**longer, record=date(2015, 9, 8)).rate == 0


def test_a_record_date_before_the_rule_is_outside_the_book():
    with pytest.raises(OutsideRulebook):
        taxed(date(2012, 1, 4), date(2015, 12, 1), record=date(2012, 12, 31))


def test_a_sale_before_the_purchase_is_refused():
    with pytest.raises(ValueError, match="before it was bought"):
        taxed(date(2026, 6, 2), date(2026, 6, 1))
