"""Ex-rights references, who is entitled, and the tax on dividends. Pure."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from decimal import Decimal

from services.domain.instruments import Board, Kind
from services.domain.money import CENT, ZERO, floor_to_tick, to_cent, to_tick
from services.domain.value import Value
from services.rules.rows import Confidence, Row, Series

_ONE = Decimal(1)


def ex_reference(
    prev_close: Decimal,
    *,
    cash: Decimal = ZERO,
    share_ratio: Decimal = ZERO,
    rights_ratio: Decimal = ZERO,
    rights_price: Decimal = ZERO,
    tick: Decimal = CENT,
) -> Decimal:
    """Return the reference price of an ex-day, half-up to the tick.

    `cash` is CNY a share before tax, `share_ratio` bonus plus capitalisation shares a share,
    `rights_ratio` rights shares a share. Where the company holds treasury shares these are the
    announcement's virtual amounts, not the declared ones. The daily limits of the ex-day are on
    this price.

    Raises:
        ValueError: The reference is not positive.

    Source: SSE and SZSE trading rules on ex-rights and ex-dividend reference prices (H).
    """
    reference = (prev_close - cash + rights_price * rights_ratio) / (_ONE + share_ratio + rights_ratio)
    rounded = to_tick(reference, tick)
    if rounded <= 0:
        raise ValueError(f"an ex-day reference must be positive: {prev_close} less {cash} a share")
    return rounded


def is_entitled(bought: date, sold: date | None, record_date: date) -> bool:
    """Answer whether shares are registered at the close of the record date.

    A purchase on that day counts; shares sold on it do not.
    """
    return bought <= record_date and (sold is None or sold > record_date)


def dividend_credit(shares: int, cash_per_share: Decimal) -> Decimal:
    """Return the cash a holder is paid: nothing is withheld, a fraction of 0.01 CNY is cut off."""
    return floor_to_tick(shares * cash_per_share, CENT)


def individuals_taxed(board: Board, kind: Kind) -> bool:
    """Answer whether an individual owes mainland dividend tax on what the instrument distributes.

    Stocks of the mainland boards and CDRs are taxed; distributions of funds and interest of bonds
    are not by these rows. What is withheld of a US dividend is the foreign broker's matter, and
    that of a B share hangs on who holds it: neither is in the book.

    Source: 财税〔2012〕85号, on shares of companies listed in Shanghai, Shenzhen and Beijing (H).
    """
    return kind is Kind.STOCK and board is not Board.US


class DividendTaxRates(Value, frozen=True, kw_only=True):
    """Rates by how long the shares were held: up to a month, up to a year, longer."""

    month: Decimal
    year: Decimal
    longer: Decimal


class DividendTax(Value, frozen=True, kw_only=True):
    """Tax of one lot on one distribution, due after its sale; amounts in CNY."""

    rate: Decimal
    taxable_cny: Decimal
    tax_cny: Decimal


def dividend_tax(
    *,
    bought: date,
    sold: date,
    record_date: date,
    shares: int,
    cash_per_share: Decimal,
    bonus_per_share: Decimal = ZERO,
    par: Decimal = _ONE,
) -> DividendTax:
    """Return an individual's tax on what one lot received, collected after its sale.

    Taxed are the cash and the bonus shares at par; capitalisation from share premium is not, so it
    must not be in `bonus_per_share`. A lot that was not entitled owes nothing. Lots are sold first
    in, first out.

    Raises:
        OutsideRulebook: The rates are not known on the record date.
        ValueError: The sale is before the purchase.

    Source: rows `dividend tax`; holding periods as in 财税〔2012〕85号.
    """
    if sold < bought:
        raise ValueError(f"sold {sold} before it was bought {bought}")
    rate = holding_rate(DIVIDEND_TAX.on(record_date), bought, sold)
    if not is_entitled(bought, sold, record_date):
        return DividendTax(rate=rate, taxable_cny=ZERO, tax_cny=ZERO)
    taxable = shares * (cash_per_share + bonus_per_share * par)
    return DividendTax(rate=rate, taxable_cny=to_cent(taxable), tax_cny=to_cent(taxable * rate))


def holding_rate(rates: DividendTaxRates, bought: date, sold: date) -> Decimal:
    """Return the rate for shares held from `bought` to the day before `sold`.

    A month ends the day before the same day of the next month, or before that month's last day
    where it has no such day; so bought 05-15 and sold 06-15 is exactly one month.
    """
    if sold <= _months_later(bought, 1):
        return rates.month
    return rates.year if sold <= _months_later(bought, 12) else rates.longer


def _months_later(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


DIVIDEND_TAX: Series[DividendTaxRates] = Series(
    name="dividend tax",
    rows=(
        Row(
            value=DividendTaxRates(month=Decimal("0.20"), year=Decimal("0.10"), longer=Decimal("0.05")),
            since=date(2013, 1, 1),
            until=date(2015, 9, 7),
            source="财税〔2012〕85号",
            confidence=Confidence.MEDIUM,
        ),
        Row(
            value=DividendTaxRates(month=Decimal("0.20"), year=Decimal("0.10"), longer=Decimal("0")),
            since=date(2015, 9, 8),
            source="财税〔2015〕101号",
            confidence=Confidence.HIGH,
        ),
    ),
)
