"""Tax that an account cannot pay at once, through the whole product: journal, ledger and replay agree."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from commands.ledger_check import ledger_problems
from commands.twin import Twin
from services.brokers.ledger import Moved, TaxDue
from services.brokers.ledger_file import FileLedger
from services.domain.bars import CorporateAction
from services.domain.fills import Movement
from services.domain.orders import ApprovedOrder, OrderState
from services.domain.statement import Ack, AckKind, Statement
from services.journal.verify import verify
from tests.crash.touches import Crash, Fate, Ledger, Store
from tests.exchange_market import FLAT, MAIN, MON, OTHER, TUE, WED, Bar, panel
from tests.unit.world import HOLD, Live, Memory, Setup, answer, order

CHEAP: Bar = (0.05, 0.05, 0.05, 0.05)


def setup() -> Setup:
    """Return an account that buys for all it has, sells one half for nothing, and the other a day later.

    1000 x 10.00 + 5.10 and 100 x 10.00 + 5.01 make 11010.11. Tuesday's bonus share is 1.00 CNY of
    income: 200.00 of tax, of which the sale's 94.95 pays a part. On Wednesday 100 x 0.30 comes in.
    """
    return Setup(
        market=panel(
            {MAIN: [*[FLAT] * 4, *[CHEAP] * 8], OTHER: [FLAT] * 12},
            days=(MON, TUE, WED),
            prev_close={MAIN: (10.0, 0.05, 0.05), OTHER: (10.0, 10.0, 10.0)},
            actions=(
                CorporateAction(
                    symbol=MAIN, ex_date=TUE, shares_per_share=Decimal(1), bonus_per_share=Decimal(1)
                ),
                CorporateAction(symbol=OTHER, ex_date=WED, cash_per_share=Decimal("0.30")),
            ),
        ),
        answers=(
            answer(order("buy", MAIN, 1000, limit="10.00"), order("buy", OTHER, 100, limit="10.00")),
            *[HOLD] * 3,
            answer(order("sell", MAIN, 2000, limit="0.05")),
            *[HOLD] * 3,
            answer(order("sell", OTHER, 100, limit="10.00")),
            *[HOLD] * 3,
        ),
        cash="11010.11",
        last=WED,
        dividend_tax=True,
    )


def impoverished() -> Setup:
    """Return an account whose sale takes all cash for tax while a buy that the cash paid is on its way.

    12000.00 - 1000 x 10.00 - 5.10 leave 1994.90. Ten bonus shares a share are 10.00 CNY of income: the
    1000 shares sold for 1.00 owe 2000.00. They bring 994.49, and 2989.39 - 2000.00 leave 989.39, less
    than the 1005.01 of the buy.
    """
    return Setup(
        market=panel(
            {MAIN: [*[FLAT] * 4, *[(1.0, 1.0, 1.0, 1.0)] * 4], OTHER: [FLAT] * 8},
            days=(MON, TUE),
            prev_close={MAIN: (10.0, 1.0), OTHER: (10.0, 10.0)},
            actions=(
                CorporateAction(
                    symbol=MAIN, ex_date=TUE, shares_per_share=Decimal(10), bonus_per_share=Decimal(10)
                ),
            ),
        ),
        answers=(
            answer(order("buy", MAIN, 1000, limit="10.00")),
            *[HOLD] * 3,
            answer(order("sell", MAIN, 1000, limit="1.00"), order("buy", OTHER, 100, limit="10.00")),
            *[HOLD] * 3,
        ),
        cash="12000.00",
        dividend_tax=True,
    )


def values(live: Live, kind: str) -> list[Any]:
    return [live.journal.value(event) for event in live.kinds(kind)]


def require_identical(made: Setup) -> None:
    twin = Twin(made.store, made.genesis, Memory(made.market))
    asyncio.run(twin.replay.run())
    assert twin.journal.differences == []


def test_a_debt_is_paid_by_dividend_and_proceeds_and_all_records_agree(tmp_path: Path) -> None:
    path, made = tmp_path / "exchange.sqlite3", setup()
    made.ledger = FileLedger(path)

    live = made.open().run()

    taxes: list[Movement] = [one for one in values(live, "movement") if one.movement_id.startswith("tax-")]
    # The dividend pays 30.00 of 105.05; the sale owes 20% of it, 6.00, and pays that and 75.05.
    assert [str(one.cash_cny) for one in taxes] == ["-94.95", "-30.00", "-81.05"]
    assert live.kinds("halt") == []
    account = live.journal.account
    # 1000.00 - 5.00 - 0.50 - 0.01 - 81.05
    assert str(account.book.cash_cny) == "913.44"
    assert ledger_problems(path, account) == ()
    require_identical(made)


def test_a_statement_says_what_is_owed() -> None:
    live = setup().open().run()

    statements: list[Statement] = values(live, "statement")
    owed = [str(one.balance.owed_cny) for one in statements]
    assert owed == [*["0.00"] * 5, *["105.05"] * 3, "75.05", *["0.00"] * 3]


def test_an_order_that_tax_left_without_cash_is_turned_away_and_the_record_stays_sound(
    tmp_path: Path,
) -> None:
    made = replace(impoverished(), audit=tmp_path / "position.jsonl")

    live = made.open().run()

    (ended,) = values(live, "order_ended")
    assert ended.state is OrderState.REJECTED
    assert str(live.journal.account.book.cash_cny) == "989.39"
    checked = verify(made.store, tmp_path / "position.jsonl", "main", live.clock, live.panels.get)
    assert checked.problems == ()
    require_identical(made)


def test_an_order_taken_without_the_cash_for_it_is_a_fault_of_the_record(tmp_path: Path) -> None:
    made = replace(
        impoverished(),
        audit=tmp_path / "position.jsonl",
        broker=lambda exchange, _journal: Trusting(exchange),
    )

    live = made.open().run()

    checked = verify(made.store, tmp_path / "position.jsonl", "main", live.clock, live.panels.get)
    assert ["989.39" in one.problem and "1005.01" in one.problem for one in checked.problems] == [True]


class Trusting:
    """A broker that says yes to what its exchange turns away."""

    def __init__(self, exchange: Any) -> None:
        self._exchange = exchange

    def __getattr__(self, name: str) -> Any:
        return getattr(self._exchange, name)

    async def submit_order(self, order: ApprovedOrder) -> Ack:
        await self._exchange.submit_order(order)
        return Ack(kind=AckKind.ACCEPTED)


def test_a_ledger_whose_debt_was_tampered_with_does_not_balance(tmp_path: Path) -> None:
    made = setup()
    live = made.open().run()
    forged = FileLedger(path := tmp_path / "forged.sqlite3")
    forged.entries()
    forged.append(
        [
            replace(entry, cash_cny=Decimal("0.01")) if isinstance(entry, TaxDue) else entry
            for entry in made.ledger.entries()
        ]
    )
    forged.close()

    (problem,) = ledger_problems(path, live.journal.account)

    moved = [n for n, entry in enumerate(made.ledger.entries(), 1) if isinstance(entry, Moved)]
    assert "tax" in problem.problem
    assert int(problem.record.split()[-1]) in moved


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_process_that_dies_at_any_write_owes_and_pays_the_same(before: bool) -> None:
    fate, whole = Fate(), setup()
    mortal(whole, fate).open().run()
    expected = whole.open().journal.account.book

    for dies_at in range(1, fate.count + 1):
        made = setup()
        with pytest.raises(Crash):
            mortal(made, Fate(dies_at, before)).open().run()
        made.open().run()

        assert made.open().journal.account.book == expected, dies_at


def mortal(made: Setup, fate: Fate) -> Setup:
    store: Any = Store(made.store, fate)
    ledger: Any = Ledger(made.ledger, fate)
    return replace(made, store=store, ledger=ledger)
