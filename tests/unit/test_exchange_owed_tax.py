"""Tax that an account cannot pay at once: it is owed, named, and taken from what comes next."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from services.brokers.ledger import AccountOpened, Entry, LedgerStore, MemoryLedger, Moved, TaxDue
from services.brokers.ledger_state import LedgerState
from services.brokers.ledger_sums import LedgerSums
from services.clock import VirtualClock
from services.domain.bars import CorporateAction
from services.domain.fills import FillId, Movement, MovementKind
from services.domain.money import ZERO
from services.domain.orders import ApprovedOrder
from tests.exchange_market import FLAT, MAIN, OTHER, WHOLE_DAY, Bar, at, buy, exchange, panel, sell

BOUGHT, EX, SOLD, AGAIN, PAID = (
    date(2026, 5, 15),  # a Friday
    date(2026, 5, 18),
    date(2026, 5, 19),
    date(2026, 5, 20),
    date(2026, 5, 21),
)
DAYS = (BOUGHT, EX, SOLD, AGAIN, PAID)
CHEAP: Bar = (0.05, 0.05, 0.05, 0.05)
# On the ex-day each share is given one more at par: 1.00 CNY a share is income.
GIVEN = CorporateAction(symbol=MAIN, ex_date=EX, shares_per_share=Decimal(1), bonus_per_share=Decimal(1))


class Debtor:
    """An account that puts all it has into 1,000 MAIN and 100 OTHER, and sells MAIN for next to nothing.

    1000 x 10.00 + 5.00 + 0.10 = 10005.10 and 100 x 10.00 + 5.00 + 0.01 = 1005.01: 11010.11 in all.
    """

    def __init__(
        self, *actions: CorporateAction, cash: str = "11010.11", ledger: LedgerStore | None = None
    ) -> None:
        self.market = panel(
            {MAIN: [FLAT, *[CHEAP] * 4], OTHER: [FLAT] * 5},
            days=DAYS,
            hours=WHOLE_DAY,
            prev_close={MAIN: (10.0, 0.05, 0.05, 0.05, 0.05), OTHER: (10.0,) * 5},
            actions=(GIVEN, *actions),
        )
        self.clock = VirtualClock(at(BOUGHT, "09:35"))
        self.ledger = MemoryLedger() if ledger is None else ledger
        self.broker = exchange(self.market, self.clock, cash=cash, dividend_tax=True, ledger=self.ledger)

    def buys(self) -> None:
        for placed in (
            buy(MAIN, 1000, "10.00", name="MAIN", day=BOUGHT, freeze="10005.10"),
            buy(OTHER, 100, "10.00", name="OTHER", day=BOUGHT, freeze="1005.01"),
        ):
            self.submit(placed, BOUGHT)

    def submit(self, placed: ApprovedOrder, day: date) -> None:
        self.clock.jump(at(day, "09:35"))
        asyncio.run(self.broker.submit_order(placed))

    def sells_main(self) -> None:
        """1000 x 1.00 x 20% = 200.00 is owed; 2000 x 0.05 - 5.00 - 0.05 = 94.95 is there."""
        self.submit(sell(MAIN, 2000, "0.05", name="CHEAP", day=SOLD), SOLD)

    def taxes(self) -> list[Movement]:
        moved = asyncio.run(self.broker.get_movements(BOUGHT))
        return [one for one in moved if one.movement_id.startswith("tax-")]

    @property
    def cash(self) -> str:
        return str(asyncio.run(self.broker.get_balance()).cash_cny)

    @property
    def owed(self) -> str:
        return str(asyncio.run(self.broker.get_balance()).owed_cny)


def indebted(*actions: CorporateAction) -> Debtor:
    debtor = Debtor(*actions)
    debtor.buys()
    debtor.sells_main()
    return debtor


def test_what_free_cash_does_not_cover_stays_owed_and_the_reason_says_so() -> None:
    debtor = indebted()

    (tax,) = debtor.taxes()
    assert (tax.kind, str(tax.cash_cny), tax.order_id is None) == (MovementKind.ADJUST, "-94.95", False)
    assert tax.why.endswith(": 200.00; 94.95 taken, 105.05 still owed")
    assert (debtor.cash, debtor.owed) == ("0.00", "105.05")


def test_the_next_proceeds_pay_what_is_owed() -> None:
    debtor = indebted()

    debtor.submit(sell(OTHER, 100, "10.00", name="NEXT", day=AGAIN), AGAIN)

    # 1000.00 - 5.00 - 0.50 - 0.01 = 994.49, less 105.05.
    paid = debtor.taxes()[-1]
    assert (str(paid.cash_cny), paid.symbol, paid.order_id) == ("-105.05", OTHER, "NEXT".ljust(20, "0"))
    assert paid.why.endswith("105.05 owed from before; 105.05 taken, 0.00 still owed")
    assert (debtor.cash, debtor.owed) == ("889.44", "0.00")


def test_a_dividend_pays_what_is_owed_and_no_more_than_it_brings() -> None:
    first = CorporateAction(symbol=OTHER, ex_date=AGAIN, cash_per_share=Decimal("0.30"))
    second = CorporateAction(symbol=OTHER, ex_date=PAID, cash_per_share=Decimal("1.00"))
    debtor = indebted(first, second)

    debtor.clock.jump(at(AGAIN, "09:35"))
    assert (debtor.cash, debtor.owed) == ("0.00", "75.05")  # 105.05 - 100 x 0.30
    debtor.clock.jump(at(PAID, "09:35"))

    assert (debtor.cash, debtor.owed) == ("24.95", "0.00")
    assert [(str(one.cash_cny), one.order_id) for one in debtor.taxes()[1:]] == [
        ("-30.00", None),
        ("-75.05", None),
    ]
    assert len({one.movement_id for one in debtor.taxes()}) == 3


def test_a_sale_of_which_nothing_is_left_is_named_with_nothing_taken() -> None:
    debtor = Debtor()
    debtor.buys()
    # 100 x 0.05 brings 5.00 and costs as much; with the rest of the cash nothing is free: 20.00 is owed.
    debtor.submit(sell(MAIN, 100, "0.05", name="NOTHING", day=SOLD), SOLD)

    (tax,) = debtor.taxes()
    assert str(tax.cash_cny) == "0.00"
    assert tax.why.endswith("; 0.00 taken, 20.00 still owed")
    assert (debtor.cash, debtor.owed) == ("0.00", "20.00")


def test_a_new_tax_and_an_old_debt_are_taken_together() -> None:
    later = CorporateAction(symbol=OTHER, ex_date=AGAIN, cash_per_share=Decimal("0.05"))
    debtor = indebted(later)

    debtor.submit(sell(OTHER, 100, "10.00", name="NEXT", day=PAID), PAID)

    # The dividend of 5.00 pays 5.00 of 105.05; the sale owes 20% of it, 1.00, beside the 100.05 left.
    tax = debtor.taxes()[-1]
    assert str(tax.cash_cny) == "-101.05"
    assert tax.why.endswith(": 1.00; 100.05 owed from before; 101.05 taken, 0.00 still owed")
    assert debtor.owed == "0.00"


def test_new_shares_pay_no_debt_for_they_bring_no_cash() -> None:
    debtor = indebted(CorporateAction(symbol=OTHER, ex_date=AGAIN, shares_per_share=Decimal(1)))

    debtor.clock.jump(at(AGAIN, "09:35"))

    assert (debtor.owed, len(debtor.taxes())) == ("105.05", 1)


def test_a_debt_outlives_the_process() -> None:
    debtor = indebted()

    again = Debtor(ledger=debtor.ledger)
    again.clock.jump(at(SOLD, "09:40"))

    assert (again.cash, again.owed) == ("0.00", "105.05")
    again.submit(sell(OTHER, 100, "10.00", name="NEXT", day=AGAIN), AGAIN)
    assert (again.cash, again.owed) == ("889.44", "0.00")


def test_a_sale_together_with_its_debt_is_shown_at_an_earlier_moment() -> None:
    debtor = indebted()

    earlier = Debtor(ledger=debtor.ledger)
    earlier.clock.jump(at(SOLD, "09:31"))

    assert (earlier.cash, earlier.owed) == ("0.00", "105.05")


# The sums beside the fold: each way in which a debt can be wrong is told.

DUE = TaxDue(at=at(SOLD, "09:35"), fill_id=FillId("A-1"), symbol=MAIN, cash_cny=Decimal("20.00"))


def taken(cash: str) -> Moved:
    movement = Movement(
        movement_id=f"tax{cash}",
        kind=MovementKind.ADJUST,
        symbol=MAIN,
        shares=0,
        cash_cny=Decimal(cash),
        day=SOLD,
        why="",
    )
    return Moved(at=at(SOLD, "09:35"), movement=movement, pays_tax=True)


def problems(counted: Sequence[Entry], folded: Sequence[Entry]) -> int:
    opened = AccountOpened(at=at(BOUGHT, "09:35"), cash_cny=Decimal("100.00"))
    state, sums = LedgerState(), LedgerSums(opened)
    for entry in (opened, *folded):
        state.apply(entry)
    for entry in counted:
        sums.take(entry)
    return len([*sums.problems(state)])


def test_a_debt_that_does_not_follow_is_told() -> None:
    whole = (DUE, taken("-15.00"))

    assert problems(whole, whole) == 0
    assert problems((taken("-15.00"),), (taken("-15.00"),)) == 1  # taken and never due
    assert problems((DUE,), ()) == 1
    assert problems((), (DUE,)) == 1


def test_a_ledger_from_before_there_were_debts_balances() -> None:
    old = taken("-15.00")
    plain = Moved(at=old.at, movement=old.movement)

    assert problems((plain,), (plain,)) == 0
    assert plain.taxable_per_share == ZERO
