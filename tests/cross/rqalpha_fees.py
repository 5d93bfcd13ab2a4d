"""Commission and stamp duty of many orders, ours against rqalpha's.

rqalpha cannot share our environment, so it gets one of its own (`make cross` builds it) and is asked
through a pipe. It rounds nothing and knows no transfer fee: lines may differ by the rounding of each
fill, and the transfer fee is ours alone.

    python -m tests.cross.rqalpha_fees PATH_OF_ITS_PYTHON
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from services.domain.instruments import Board, Kind
from services.domain.money import ZERO, to_cent
from services.domain.orders import Side
from services.rules import Commission, fees_of, rules_on

ORDERS = 2000
SEED = 20230828
HALF_A_CENT = Decimal("0.0051")


def orders() -> list[dict[str, object]]:
    """Return orders round the change of the stamp duty, of one to four fills."""
    chance = random.Random(SEED)
    return [
        {
            "date": (date(2023, 6, 1) + timedelta(days=chance.randrange(180))).isoformat(),
            "side": chance.choice(["buy", "sell"]),
            "rate": chance.choice(["0.00025", "0.0003", "0.0008", "0.003"]),
            "min": "5",
            "fills": [
                [f"{chance.randrange(100, 20000) / 100:.2f}", 100 * chance.randrange(1, 60)]
                for _ in range(chance.randrange(1, 5))
            ],
        }
        for _ in range(ORDERS)
    ]


def ours(order: dict[str, object]) -> tuple[Decimal, Decimal]:
    """Return commission and stamp duty of an order, charged fill by fill."""
    rules = rules_on(Board.SSE_MAIN, date.fromisoformat(str(order["date"])))
    terms = Commission(rate=Decimal(str(order["rate"])), min_cny=Decimal(str(order["min"])))
    paid = duty = before = ZERO
    for price, shares in order["fills"]:  # type: ignore[attr-defined]  # Made above.
        amount = to_cent(Decimal(price) * shares)
        fees = fees_of(
            rules,
            Kind.STOCK,
            Side(str(order["side"])),
            amount,
            terms,
            commission_paid=paid,
            amount_before=before,
        )
        paid, duty, before = paid + fees.commission, duty + fees.stamp_duty, before + amount
    return paid, duty


def main() -> int:
    asked = orders()
    program = Path(__file__).with_name("inside_rqalpha.py")
    answer = subprocess.run(
        [sys.argv[1], str(program)],
        input=json.dumps(asked),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    failed = 0
    for order, theirs in zip(asked, json.loads(answer.stdout), strict=True):
        allowed = HALF_A_CENT * len(order["fills"])  # type: ignore[arg-type]  # Made above.
        commission, duty = ours(order)
        differs = [abs(commission - Decimal(theirs["commission"])), abs(duty - Decimal(theirs["tax"]))]
        if max(differs) > allowed:
            failed += 1
            print(f"{order}: ours {commission} + {duty}, rqalpha {theirs['commission']} + {theirs['tax']}")
    print(f"{len(asked) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
