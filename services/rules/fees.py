"""What a trade costs: the rows and the itemised fees of one fill. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import TypeVar

from services.domain.fills import Fees
from services.domain.instruments import Board, Kind
from services.domain.money import CENT, ZERO
from services.domain.orders import Side
from services.domain.value import Value
from services.rules.fee_rows import COMMISSION_CAP, CSRC, HANDLING, HANDLING_EXEMPT, STAMP, TRANSFER
from services.rules.rows import OutsideRulebook, Row, Series
from services.rules.terms import FeeSchedule, Rules

_SELL = Side.SELL

T = TypeVar("T")

_PAR = Decimal("1.00")


class Commission(Value, frozen=True, kw_only=True, dict=True):
    """The contract with the broker: rate on the amount, minimum an order, what is inside.

    `all_in`: handling fee and levy are inside the commission; otherwise they are charged on top.
    """

    rate: Decimal = Decimal("0.00025")
    min_cny: Decimal = Decimal("5.00")
    all_in: bool = True

    @cached_property
    def least_cny(self) -> Decimal:
        """The minimum, written with the decimals of a cent."""
        return self.min_cny + ZERO


def fees_of(
    rules: Rules,
    kind: Kind,
    side: Side,
    amount: Decimal,
    commission: Commission,
    *,
    commission_paid: Decimal = ZERO,
    amount_before: Decimal = ZERO,
    shares: int | None = None,
) -> Fees:
    """Return the fees of one fill of `amount` CNY, each line half-up to 0.01.

    The commission's minimum is per order: `amount_before` and `commission_paid` are what earlier
    fills of the same order amounted to and paid. `shares` is needed where the transfer fee is
    taken on par value (SSE before 2015-08-01). A fill of 0 costs nothing.

    Raises:
        OutsideRulebook: A rate is not known on that day.
        ValueError: A negative amount.
    """
    if amount <= ZERO:
        if amount < ZERO:
            raise ValueError(f"the amount of a fill cannot be {amount}")
        return Fees()
    schedule = rules.fees
    whole = amount_before + amount if amount_before else amount
    charge, least = (commission.rate * whole).quantize(CENT, ROUND_HALF_UP), commission.least_cny
    if charge < least:
        charge = least
    if commission_paid:
        charge = max(ZERO, charge - commission_paid)
    stamp = schedule.stamp_sell if side is _SELL else schedule.stamp_buy
    transfer = schedule.transfer
    if stamp is None or transfer is None:
        raise OutsideRulebook(f"{rules.board}: stamp duty or transfer fee of {rules.day} is not known")
    base = amount if not schedule.transfer_on_par else _par_value(rules, shares)
    handling = csrc = ZERO
    if not commission.all_in:
        handling, csrc = _passed_on(rules, kind, amount)
    return Fees(
        commission=charge,
        stamp_duty=(amount * stamp).quantize(CENT, ROUND_HALF_UP) if stamp else ZERO,
        transfer_fee=(base * transfer).quantize(CENT, ROUND_HALF_UP) if transfer else ZERO,
        handling_fee=handling,
        csrc_fee=csrc,
    )


def commission_problem(rules: Rules, kind: Kind, commission: Commission) -> str | None:
    """Return why a contract is not allowed (`over_cap_0.003`, `below_handling_and_levy`), None if it is.

    The minimum of an order may exceed the cap on a small trade; that is allowed.

    Raises:
        OutsideRulebook: A rate is not known on that day.
    """
    cap = COMMISSION_CAP.on(rules.day)
    if commission.rate > cap:
        return f"over_cap_{cap}"
    if not commission.all_in:
        return None
    handling, csrc = _passed_on_rates(rules, kind)
    return "below_handling_and_levy" if commission.rate < handling + csrc else None


def fees_on(board: Board, day: date) -> FeeSchedule:
    """Return the fee schedule of `board` on `day`; what is not known that day is None in it.

    Raises:
        OutsideRulebook: The day is past the end of the book.
    """
    stamp, transfer = _row_on(STAMP, board, day), _row_on(TRANSFER, board, day)
    handling, csrc = _row_on(HANDLING, board, day), _row_on(CSRC, board, day)
    return FeeSchedule(
        stamp_buy=None if stamp is None else stamp.value.buy,
        stamp_sell=None if stamp is None else stamp.value.sell,
        transfer=None if transfer is None else transfer.value.rate,
        transfer_on_par=transfer is not None and transfer.value.on_par,
        handling=None if handling is None else handling.value,
        handling_exempt=HANDLING_EXEMPT,
        csrc=None if csrc is None else csrc.value,
    )


def _row_on(book: Mapping[Board, Series[T]], board: Board, day: date) -> Row[T] | None:
    """Return the row of the day, None where the board has none so early or at all."""
    series = book.get(board)
    return series.row_on(day) if series is not None and day >= series.rows[0].since else None


def _par_value(rules: Rules, shares: int | None) -> Decimal:
    if shares is None:
        raise OutsideRulebook(f"{rules.board}: the transfer fee of {rules.day} needs the shares")
    return _PAR * shares


def _passed_on_rates(rules: Rules, kind: Kind) -> tuple[Decimal, Decimal]:
    """Return the rates of handling fee and levy."""
    schedule = rules.fees
    handling = ZERO if kind in schedule.handling_exempt else schedule.handling
    if handling is None or schedule.csrc is None:
        raise OutsideRulebook(f"{rules.board}: handling fee or levy of {rules.day} is not known")
    return handling, schedule.csrc


def _passed_on(rules: Rules, kind: Kind, amount: Decimal) -> tuple[Decimal, Decimal]:
    """Return handling fee and levy of a fill whose commission does not contain them."""
    handling, csrc = _passed_on_rates(rules, kind)
    return (
        (amount * handling).quantize(CENT, ROUND_HALF_UP),
        (amount * csrc).quantize(CENT, ROUND_HALF_UP),
    )
