"""What a fill costs beside its amount."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.domain.fills import Fees

D = Decimal


@pytest.mark.parametrize(
    ("handling", "csrc", "expected"),
    [
        ("0.00", "0.00", "6.12"),  # 5.00 + 1.10 + 0.02: an all-in commission
        ("0.34", "0.00", "6.46"),  # and 0.34
        ("0.00", "0.20", "6.32"),  # and 0.20
        ("0.34", "0.20", "6.66"),  # and both
    ],
)
def test_every_line_of_the_fees_counts_whatever_the_others_are(handling: str, csrc: str, expected: str):
    fees = Fees(
        commission=D("5.00"),
        stamp_duty=D("1.10"),
        transfer_fee=D("0.02"),
        handling_fee=D(handling),
        csrc_fee=D(csrc),
    )

    assert fees.total == D(expected)
