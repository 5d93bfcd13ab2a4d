"""Fees: rates by date, the minimum of an order over its fills, what is not known."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.fills import Fees
from services.domain.instruments import Board, Kind
from services.domain.orders import Side
from services.rules import Commission, Confidence, OutsideRulebook, commission_problem, fees_of, rules_on
from services.rules.fee_rows import TRANSFER

D = Decimal
DAY = date(2026, 11, 20)
BUY, SELL = Side.BUY, Side.SELL
USUAL = Commission()
NET = Commission(rate=D("0.0001"), all_in=False)


def fees(board, side, amount, *, day=DAY, kind=Kind.STOCK, commission=USUAL, **more):
    return fees_of(rules_on(board, day), kind, side, D(amount), commission, **more)


@pytest.mark.parametrize(
    ("board", "kind", "side", "amount", "expected"),
    [
        # 10,000 x 0.00025 = 2.50, the minimum is 5.00; transfer 0.001% = 0.10; no stamp on a buy.
        (Board.SSE_MAIN, Kind.STOCK, BUY, "10000.00", ("5.00", "0.00", "0.10")),
        (Board.SSE_MAIN, Kind.STOCK, SELL, "10000.00", ("5.00", "5.00", "0.10")),
        (Board.SZSE_MAIN, Kind.STOCK, SELL, "1234000.00", ("308.50", "617.00", "12.34")),
        # Ties go up: 20,020 x 0.00025 = 5.005; 5,010 x 0.0005 = 2.505.
        (Board.SSE_MAIN, Kind.STOCK, BUY, "20020.00", ("5.01", "0.00", "0.20")),
        (Board.STAR, Kind.STOCK, SELL, "5010.00", ("5.00", "2.51", "0.05")),
        (Board.BSE, Kind.STOCK, SELL, "100000.00", ("25.00", "50.00", "1.00")),
        (Board.SSE_FUND, Kind.ETF_EQUITY, SELL, "43210.00", ("10.80", "0.00", "0.00")),
        (Board.REIT, Kind.REIT, SELL, "43210.00", ("10.80", "0.00", "0.00")),
        (Board.CONVERTIBLE, Kind.CONVERTIBLE_BOND, SELL, "12345.60", ("5.00", "0.00", "0.00")),
        (Board.US, Kind.STOCK, SELL, "40000.00", ("10.00", "0.00", "0.00")),
    ],
)
def test_the_lines_of_an_order_filled_at_once(board, kind, side, amount, expected):
    charged = fees(board, side, amount, kind=kind)

    assert (str(charged.commission), str(charged.stamp_duty), str(charged.transfer_fee)) == expected
    assert charged.total == sum(map(D, expected))


@pytest.mark.parametrize(
    ("day", "buy", "sell"),
    [
        (date(2023, 8, 28), "0.00", "50.00"),
        (date(2023, 8, 27), "0.00", "100.00"),
        (date(2015, 8, 1), "0.00", "100.00"),
    ],
)
def test_stamp_duty_by_date(day, buy, sell):
    assert str(fees(Board.SSE_MAIN, BUY, "100000", day=day).stamp_duty) == buy
    assert str(fees(Board.SSE_MAIN, SELL, "100000", day=day).stamp_duty) == sell


@pytest.mark.parametrize(
    ("day", "buy", "sell"),
    [
        (date(2005, 1, 23), None, None),
        (date(2005, 1, 24), "0.001", "0.001"),
        (date(2007, 5, 30), "0.003", "0.003"),
        (date(2008, 4, 23), "0.003", "0.003"),
        (date(2008, 4, 24), "0.001", "0.001"),
        (date(2008, 9, 18), "0.001", "0.001"),
        (date(2008, 9, 19), "0", "0.001"),
    ],
)
def test_the_rates_of_stamp_duty(day, buy, sell):
    schedule = rules_on(Board.SZSE_MAIN, day).fees

    assert (schedule.stamp_buy, schedule.stamp_sell) == (buy and D(buy), sell and D(sell))


@pytest.mark.parametrize(
    ("board", "day", "expected"),
    [
        (Board.SSE_MAIN, date(2022, 4, 29), "1.00"),
        (Board.SSE_MAIN, date(2022, 4, 28), "2.00"),
        (Board.SZSE_MAIN, date(2015, 8, 1), "2.00"),
        (Board.SZSE_MAIN, date(2015, 7, 31), "2.55"),  # 0.0255 per mille of the amount
        (Board.BSE, date(2022, 4, 28), "2.50"),
    ],
)
def test_the_transfer_fee_by_date(board, day, expected):
    assert str(fees(board, BUY, "100000", day=day).transfer_fee) == expected


def test_the_transfer_fee_of_sse_was_on_par_value():
    day = date(2015, 7, 31)

    # 8,000 shares x 1.00 x 0.0003 = 2.40, whatever the price.
    assert str(fees(Board.SSE_MAIN, BUY, "100000", day=day, shares=8000).transfer_fee) == "2.40"
    with pytest.raises(OutsideRulebook, match="needs the shares"):
        fees(Board.SSE_MAIN, BUY, "100000", day=day)


@pytest.mark.parametrize(
    ("board", "day", "buy", "sell", "transfer"),
    [
        # 100,000 x 0.001 = 100; x 0.003 = 300. Transfer: 8,000 at par x 0.0003 = 2.40.
        (Board.SSE_MAIN, date(2005, 1, 24), "100.00", "100.00", "2.40"),
        (Board.SSE_MAIN, date(2007, 5, 30), "300.00", "300.00", "2.40"),
        (Board.SSE_MAIN, date(2012, 8, 31), "0.00", "100.00", "2.40"),
        # 100,000 x 0.0000255 = 2.55.
        (Board.SZSE_MAIN, date(2008, 4, 23), "300.00", "300.00", "2.55"),
        (Board.SZSE_MAIN, date(2008, 9, 18), "100.00", "100.00", "2.55"),
        (Board.CHINEXT, date(2009, 10, 30), "0.00", "100.00", "2.55"),
    ],
)
def test_orders_before_the_tariff_of_2012_have_their_fees(board, day, buy, sell, transfer):
    bought, sold = (fees(board, side, "100000", day=day, shares=8000) for side in (BUY, SELL))

    assert (str(bought.stamp_duty), str(sold.stamp_duty)) == (buy, sell)
    assert str(bought.transfer_fee) == str(sold.transfer_fee) == transfer


def test_the_transfer_fee_before_the_tariff_of_2012_is_marked_as_weak():
    for board in (Board.SSE_MAIN, Board.SZSE_MAIN, Board.CHINEXT):
        row = TRANSFER[board].row_on(date(2012, 8, 31))

        assert (row.until, row.confidence) == (date(2012, 8, 31), Confidence.LOW)


def test_the_minimum_is_taken_once_an_order():
    # 8,000 then 8,000 then 16,000: 2.00 -> 5.00; 16,000 -> 4.00 -> still 5.00; 32,000 -> 8.00.
    first = fees(Board.SSE_MAIN, BUY, "8000")
    second = fees(Board.SSE_MAIN, BUY, "8000", commission_paid=D("5.00"), amount_before=D("8000"))
    third = fees(Board.SSE_MAIN, BUY, "16000", commission_paid=D("5.00"), amount_before=D("16000"))

    assert [str(fill.commission) for fill in (first, second, third)] == ["5.00", "0.00", "3.00"]


def test_a_minimum_written_without_cents_is_charged_with_them():
    charged = fees(Board.SSE_MAIN, BUY, "10000.00", commission=Commission(min_cny=D("5")))

    assert str(charged.commission) == "5.00"


def test_a_commission_paid_too_much_is_not_given_back():
    assert fees(Board.SSE_MAIN, BUY, "8000", commission_paid=D("9.00")).commission == 0


@pytest.mark.parametrize(
    ("board", "kind", "day", "handling", "levy"),
    [
        (Board.SSE_MAIN, Kind.STOCK, DAY, "3.41", "2.00"),
        (Board.SZSE_MAIN, Kind.STOCK, date(2023, 8, 27), "4.87", "2.00"),
        (Board.BSE, Kind.STOCK, DAY, "12.50", "2.00"),
        (Board.BSE, Kind.STOCK, date(2022, 12, 1), "25.00", "2.00"),
        (Board.SSE_FUND, Kind.ETF_EQUITY, DAY, "4.00", "0.00"),
        (Board.SSE_FUND, Kind.ETF_MONEY_T0, DAY, "0.00", "0.00"),
        (Board.SZSE_FUND, Kind.ETF_BOND_T0, DAY, "0.00", "0.00"),
        (Board.US, Kind.STOCK, DAY, "0.00", "0.00"),
    ],
)
def test_a_net_commission_has_handling_fee_and_levy_on_top(board, kind, day, handling, levy):
    charged = fees(board, SELL, "100000", kind=kind, day=day, commission=NET)

    assert (str(charged.commission), str(charged.handling_fee), str(charged.csrc_fee)) == (
        "10.00",
        handling,
        levy,
    )


@pytest.mark.parametrize(
    ("board", "day", "commission"),
    [
        (Board.SSE_MAIN, date(2005, 1, 23), USUAL),  # stamp duty
        (Board.SSE_B, DAY, USUAL),  # other currencies
        (Board.SSE_MAIN, date(2015, 7, 31), NET),  # handling fee
        (Board.BSE, date(2022, 11, 30), NET),
        (Board.CONVERTIBLE, DAY, NET),
        (Board.REIT, DAY, NET),
    ],
)
def test_a_fee_that_is_not_known_is_never_taken_as_zero(board, day, commission):
    with pytest.raises(OutsideRulebook):
        fees(board, SELL, "100000", day=day, commission=commission, shares=1000)


def test_nothing_traded_costs_nothing():
    assert fees(Board.SSE_MAIN, SELL, "0") == Fees()


def test_a_negative_amount_is_refused():
    with pytest.raises(ValueError, match="cannot be -1"):
        fees(Board.SSE_MAIN, SELL, "-1")


@pytest.mark.parametrize(
    ("commission", "expected"),
    [
        (Commission(rate=D("0.0031")), "over_cap_0.003"),
        (Commission(rate=D("0.003")), None),
        (Commission(rate=D("0.00005")), "below_handling_and_levy"),  # 0.0000341 + 0.00002 = 0.0000541
        (Commission(rate=D("0.0000541")), None),
        (Commission(rate=D("0.00005"), all_in=False), None),
    ],
)
def test_which_contracts_are_allowed(commission, expected):
    assert commission_problem(rules_on(Board.SSE_MAIN, DAY), Kind.STOCK, commission) == expected


@given(
    board=st.sampled_from([Board.SSE_MAIN, Board.SZSE_MAIN, Board.STAR, Board.BSE, Board.SSE_FUND]),
    side=st.sampled_from(Side),
    day=st.dates(date(2022, 12, 1), date(2026, 12, 31)),
    cents=st.lists(st.integers(1, 10**10), min_size=1, max_size=6),
    all_in=st.booleans(),
)
def test_fees_are_cents_never_negative_and_the_fills_pay_what_the_order_owes(board, side, day, cents, all_in):
    commission = Commission(all_in=all_in)
    paid = amount = D("0.00")

    for value in cents:
        fill = D(value) / 100
        charged = fees(
            board, side, fill, day=day, commission=commission, commission_paid=paid, amount_before=amount
        )
        lines = (
            charged.commission,
            charged.stamp_duty,
            charged.transfer_fee,
            charged.handling_fee,
            charged.csrc_fee,
        )
        assert all(line >= 0 and line == line.quantize(D("0.01")) for line in lines)
        paid, amount = paid + charged.commission, amount + fill

    assert paid == fees(board, side, amount, day=day, commission=commission).commission
