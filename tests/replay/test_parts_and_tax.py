"""Orders filled in parts, dividend tax and heartbeats through the whole product: they come out the same."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import services.journal.account as folding
from commands.ledger_check import ledger_problems
from commands.stored_account import stored_account
from commands.twin import Twin
from services.brokers.ledger_file import FileLedger
from services.domain.bars import CorporateAction, Panel
from services.domain.book import OrderEnded
from services.domain.conservation import Tally
from services.domain.events import Event, Look, StageKind
from services.domain.fills import Fill, Movement
from services.domain.instruments import Symbol
from services.domain.money import ZERO
from services.domain.orders import OrderState, OrderTerms, Side
from services.domain.quotes import Level, VendorSnapshot
from services.journal.account import Account
from services.journal.checking import EVIDENCE
from services.journal.memory_store import MemoryStore
from services.settings import Settings
from tests.crash.touches import Crash, Fate, Ledger, Store
from tests.exchange_market import FLAT, MAIN, MON, OTHER, TUE, WED, Bar, at, panel
from tests.replay.finished import TWO_DAYS, ran_demo, verified
from tests.unit.vendor import SteppingClock, Vendor
from tests.unit.world import HOLD, Live, Memory, Setup, answer, order

DIPPING: Bar = (10.0, 10.1, 9.9, 10.0)
EX_TUESDAY = (
    CorporateAction(
        symbol=MAIN, ex_date=TUE, cash_per_share=Decimal("0.25"), shares_per_share=Decimal("0.1")
    ),
)


def thin(*, actions: tuple[CorporateAction, ...] = ()) -> Panel:
    """Return two days in which a quarter of each bar is 1,000 shares and each bar dips below 10.00."""
    return panel(
        {MAIN: [DIPPING] * 8, OTHER: [FLAT] * 8},
        volume=4000,
        prev_close={MAIN: (10.0, 10.0), OTHER: (10.0, 10.0)},
        actions=actions,
    )


def setup(**more: Any) -> Setup:
    script = (
        answer(order("buy", MAIN, 2500, limit="10.00")),  # 10:35: three parts, the last of them at 13:00.
        HOLD,  # Over lunch: the order goes on.
        HOLD,
        HOLD,
        # Tuesday 10:35: what is held, and a buy that its proceeds pay for.
        answer(order("sell", MAIN, 2500, limit="10.00"), order("buy", OTHER, 8500, limit="10.00")),
    )
    return Setup(
        answers=(*script, HOLD, HOLD, HOLD),
        market=thin(actions=EX_TUESDAY),
        volume_cap="0.25",
        dividend_tax=True,
        keep_orders=True,
        **more,
    )


def values(live: Live, kind: str) -> list[Any]:
    return [live.journal.value(event) for event in live.kinds(kind)]


def require_identical(made: Setup, *, in_order: bool = True) -> None:
    twin = Twin(made.store, made.genesis, Memory(made.market))
    asyncio.run(twin.replay.run())
    assert twin.journal.differences == []
    for session in twin.journal.account.sessions:
        assert twin.journal.unseen(session) == ()
    lived = [event for event in twin.journal.events if event.kind not in EVIDENCE]
    recorded = [event for event in made.store.events() if event.kind not in EVIDENCE]
    assert lived == recorded if in_order else {*lived} == {*recorded}


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_part_of_an_order_is_a_fill_and_a_line_and_its_least_commission_is_paid_once(tmp_path: Path):
    live = setup(audit=tmp_path / "position.jsonl").open().run(at(MON, "15:01"))

    fills: list[Fill] = values(live, "fill")
    # A quarter of 10:30's bar is taken at 10:35; what works takes a quarter of 13:00's, the rest at 14:00.
    assert [(fill.shares, str(fill.fees.commission)) for fill in fills] == [
        (1000, "5.00"),
        (1000, "0.00"),
        (500, "1.25"),  # 25000 x 2.5 bp = 6.25, of which 5.00 are paid.
    ]
    told = [line for line in lines(tmp_path / "position.jsonl") if line["fill_id"]]
    assert [(line["this_action"]["amount"], line["positions"][MAIN]) for line in told] == [
        (1000, 1000),
        (1000, 2000),
        (500, 2500),
    ]
    # 100000 - 25000 - 6.25 - 3 x (0.10, 0.10, 0.05)
    assert told[-1]["positions"]["CASH"] == 74993.5
    assert live.journal.account.book.open_orders == ()


def test_the_tax_on_a_sale_stands_after_it_and_the_buy_it_pays_for_knows_of_it(tmp_path: Path):
    live = setup(audit=tmp_path / "position.jsonl").open().run()

    tuesday = [line for line in lines(tmp_path / "position.jsonl") if line["date"].startswith(str(TUE))]
    acts = [(line["this_action"]["action"], line["this_action"]["amount"]) for line in tuesday]
    assert acts[:2] == [("dividend", 0), ("bonus", 250)]
    sale, tax = acts.index(("sell", 1000)), acts.index(("adjust", 0))
    assert tax == sale + 1
    # 1000 x 0.25 = 250.00, of it 20%
    assert tuesday[tax]["cash_change_cny"] == "-50.00"
    before, after = tuesday[sale]["positions"]["CASH"], tuesday[tax]["positions"]["CASH"]
    assert round(before - after, 2) == 50.0
    movements: list[Movement] = values(live, "movement")
    # 2,500 were bought and taxed as they are sold: 1,000, 1,000 and 500.
    owed = [movement.cash_cny for movement in movements if movement.order_id is not None]
    assert owed == [Decimal("-50.00"), Decimal("-50.00"), Decimal("-25.00")]


def test_parts_tax_and_funded_buys_come_out_the_same_and_balance_after_every_event():
    made = setup()
    live = made.open().run()

    require_identical(made)
    account, tally = Account(), Tally(ZERO)
    for event in live.journal.events:
        value = live.journal.value(event)
        account.apply(event, value)
        if event.kind == "genesis":
            tally = Tally(Decimal(made.cash))
        elif isinstance(value, Fill | Movement):
            tally.take(value)
        assert list(tally.problems(account.book)) == [], event


def test_an_order_traded_in_part_is_cancelled_before_the_next_slot_and_its_cash_is_free():
    made = replace(setup(), keep_orders=False)
    live = made.open().run(at(MON, "11:40"))

    (ended,) = [value for value in values(live, "order_ended") if isinstance(value, OrderEnded)]
    assert ended.state is OrderState.CANCELLED
    assert [fill.shares for fill in values(live, "fill")] == [1000]
    assert live.journal.account.book.frozen_cny == ZERO
    require_identical(made)


def sale_alone() -> Setup:
    """Return a setup in which a sale's last parts, and the tax on them, are found by a stage alone."""
    made = setup()
    only = answer(order("sell", MAIN, 2500, limit="10.00"))
    return replace(made, answers=(*made.answers[:4], only, *[HOLD] * 3))


def mortal(made: Setup, fate: Fate) -> Setup:
    """Return the setup with a journal and a ledger whose every write may be the process's last."""
    store: Any = Store(made.store, fate)
    ledger: Any = Ledger(made.ledger, fate)
    return replace(made, store=store, ledger=ledger)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("make", ["parts", "alone", "heartbeats"])
def test_a_process_that_dies_at_any_write_ends_with_the_same_account(make: str, before: bool, tmp_path: Path):
    made_by = {"parts": setup, "alone": sale_alone, "heartbeats": live_setup}[make]
    fate, whole = Fate(), made_by()
    mortal(whole, fate).open().run()
    expected = whole.open().journal.account.book
    assert fate.count > 40

    for dies_at in range(1, fate.count + 1):
        made = made_by()
        with pytest.raises(Crash):
            mortal(made, Fate(dies_at, before)).open().run()
        made.open().run()

        account = made.open().journal.account
        assert account.book == expected, dies_at
        # What the exchange did last may be found before the answer to its order is written anew.
        require_identical(made, in_order=False)


def test_a_dividend_of_a_day_on_which_nothing_ran_is_found_on_the_next() -> None:
    days = (MON, TUE, WED)
    made = Setup(
        answers=(answer(order("buy", MAIN, 1000)), *[HOLD] * 11),
        market=panel(
            {MAIN: [FLAT] * 12, OTHER: [FLAT] * 12},
            days=days,
            prev_close={MAIN: (10.0,) * 3, OTHER: (10.0,) * 3},
            actions=EX_TUESDAY,
        ),
        last=WED,
    )
    made.open().run(at(MON, "15:30"))

    live = made.open(at(WED, "10:35")).run()

    assert live.kinds("halt") == []
    assert [(one.kind, one.cash_cny, one.shares) for one in values(live, "movement")] == [
        ("dividend", Decimal("250.00"), 0),
        ("bonus", Decimal("0.00"), 100),
    ]
    require_identical(made)


def test_a_ledger_that_tells_another_story_is_named(tmp_path: Path):
    made = setup()
    made.ledger = FileLedger(tmp_path / "exchange.sqlite3")
    account = made.open().run().journal.account
    assert ledger_problems(tmp_path / "absent.sqlite3", account) == ()

    other = replace(setup(), answers=(HOLD,) * 8).open().run().journal.account
    problems = ledger_problems(tmp_path / "exchange.sqlite3", other)

    assert any("entry" in problem.record and "fill" in problem.problem for problem in problems)
    forgetful = setup()
    forgetful.ledger = FileLedger(tmp_path / "other.sqlite3")
    forgetful.answers = (HOLD,) * 8
    forgetful.open().run()
    missing = ledger_problems(tmp_path / "other.sqlite3", account)
    assert [problem.record.split()[0] for problem in missing][:1] == ["journal"]


def thin_book(symbol: Symbol, moment: datetime) -> str | None:
    return "10.00"


class ThinVendor(Vendor):
    """A vendor whose book holds 300 shares on each side."""

    async def get_current_prices(self, symbols: Any) -> VendorSnapshot:
        shown = await super().get_current_prices(symbols)
        return replace(
            shown,
            quotes=tuple(
                replace(
                    quote,
                    asks=(Level(price_cny=Decimal("10.01"), shares=300),),
                    bids=(Level(price_cny=Decimal("9.99"), shares=300),),
                )
                for quote in shown.quotes
            ),
        )


def live_setup() -> Setup:
    return Setup(
        answers=(answer(order("buy", MAIN, 1000, limit="10.05")), *[HOLD] * 7),
        vendor=lambda clock: ThinVendor(clock, thin_book),
        clock=SteppingClock,
        heartbeat_s=45,
        last=MON,
    )


def test_a_working_order_is_looked_at_while_the_market_trades_and_takes_what_comes():
    made = live_setup()
    live = made.open().run(at(MON, "11:29"))

    looks: list[Look] = values(live, "look")
    assert {look.stage for look in looks} == {StageKind.HEARTBEAT}
    assert [fill.shares for fill in values(live, "fill")] == [300, 300, 300, 100]
    assert live.journal.account.book.open_orders == ()
    # The fourth part filled it: nothing is left to look at.
    assert len(looks) == 3
    require_identical(made)


def test_no_heartbeat_comes_while_nothing_works_or_the_market_rests():
    made = live_setup()
    made.answers = (answer(order("buy", MAIN, 100, limit="9.90")), *[HOLD] * 7)
    made.keep_orders = True
    live = made.open().run()

    beats = [look.moment for look in values(live, "look") if look.stage is StageKind.HEARTBEAT]
    rests = [(at(MON, "11:32"), at(MON, "13:00")), (at(MON, "15:01"), at(TUE, "09:30"))]
    assert len(beats) > 100
    assert [beat for beat in beats if any(since < beat < until for since, until in rests)] == []
    assert beats[0] >= at(MON, "10:35:45")
    require_identical(made)


def test_a_record_from_before_orders_had_kinds_still_comes_out_the_same():
    made = Setup(answers=(answer(order("buy", MAIN, 1000)), *[HOLD] * 7))
    made.open().run()
    old: Any = made.store

    def shorn(event: Event) -> Event:
        return event._replace(body=event.body.replace('"kind":"limit",', "").replace(',"stop_cny":null', ""))

    store = MemoryStore()
    store._events[:] = [shorn(event) for event in old._events]
    store._bodies.update(old._bodies)
    assert store._events != old._events
    twin = Twin(store, made.genesis, Memory(made.market))

    asyncio.run(twin.replay.run())

    assert twin.journal.differences == []
    terms: list[OrderTerms] = [
        value for event in store._events if isinstance(value := twin.journal.value(event), OrderTerms)
    ]
    assert [(one.side, one.kind, one.stop_cny) for one in terms] == [(Side.BUY, "limit", None)]


def test_verify_names_the_event_after_which_the_account_does_not_balance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    settings = ran_demo(tmp_path / "data", "paper", *TWO_DAYS)
    assert verified(settings)[1]["problems"] == []
    true = folding._STEPS[Fill]

    def one_cent_off(account: Account, event: Event, value: Fill) -> None:
        true(account, event, replace(value, amount_cny=value.amount_cny + Decimal("0.01")))

    monkeypatch.setitem(folding._STEPS, Fill, one_cent_off)  # type: ignore[arg-type]  # A mapping that is a dict.

    code, said = verified(settings)

    first = min(event.seq for event in stored_events(settings) if event.kind == "fill")
    assert code == 1
    assert said["problems"][0]["record"] == f"event {first}"


def test_verify_names_the_entry_of_a_ledger_that_was_changed(tmp_path: Path):
    settings = ran_demo(tmp_path / "data", "paper", *TWO_DAYS)
    path = settings.data_dir / "main" / "exchange.sqlite3"
    with sqlite3.connect(path) as ledger:
        ledger.execute(
            """UPDATE entries SET body = replace(body, '"shares":', '"shares":9') WHERE kind = 'filled'"""
        )
    ledger.close()

    code, said = verified(settings)

    assert (code, len(said["problems"])) == (1, 1)
    assert said["problems"][0]["record"].startswith("exchange.sqlite3 entry ")


def stored_events(settings: Settings) -> tuple[Event, ...]:
    with stored_account(settings) as account:
        return account.events
