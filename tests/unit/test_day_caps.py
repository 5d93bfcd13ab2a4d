"""The caps of a trading day hold over its sessions and stages, and begin anew on the next day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from monitor.risk_use import risk_trail
from risk.limits import Limits, OrderCaps, PortfolioLimits
from services.domain.events import HaltCause, Opening, Verdicts
from services.domain.inbox import Scope
from services.domain.instruments import Symbol
from services.domain.orders import Rule
from services.domain.quotes import Snapshot, VendorSnapshot
from services.domain.statement import Ack, AckKind
from services.journal.memory_inbox import MemoryInboxes
from services.journal.memory_store import MemoryStore
from tests.exchange_market import MAIN, MON, OTHER, TUE, at
from tests.unit.world import HOLD, Live, Setup, answer, order

MORNING, LUNCH, AFTERNOON, NEXT_DAY = "20260713-1035", "20260713-1135", "20260713-1405", "20260714-1035"

# 10 000.00 each, of an account of 100 000.00.
MAIN_BOUGHT = answer(order("buy", MAIN, 1000, limit="10.00"))
OTHER_BOUGHT = answer(order("buy", OTHER, 1000, limit="10.00"))
TWO_DAYS = [MAIN_BOUGHT, HOLD, OTHER_BOUGHT, HOLD, OTHER_BOUGHT]
# Below the market: these work until the next slot cancels them.
BOTH_LOW = answer(order("buy", MAIN, 100, limit="9.90"), order("buy", OTHER, 100, limit="9.90"))


def capped(**caps: Decimal | int) -> Limits:
    return Limits(caps=replace(OrderCaps(), **caps))


def rules(live: Live, label: str, step: str = "verdicts") -> list[Rule]:
    value = live.value(label, step)
    assert isinstance(value, Verdicts)
    return [one.rule for one in value.refused]


@pytest.mark.parametrize(
    ("limits", "rule"),
    [
        (capped(orders_day_max=2), Rule.ORDER_COUNT),  # One order was sent; a second may need a cancel.
        (capped(notional_cny_day_max=Decimal("15000.00")), Rule.NOTIONAL),
        (capped(turnover_ratio_day_max=Decimal("0.15")), Rule.TURNOVER),
    ],
)
def test_a_cap_of_the_day_counts_the_sessions_before_and_begins_anew_on_the_next(limits: Limits, rule: Rule):
    live = Setup(answers=TWO_DAYS, limits=limits).open().run(at(TUE, "10:40"))

    assert [rules(live, label) for label in (MORNING, AFTERNOON, NEXT_DAY)] == [[], [rule], []]


@pytest.mark.parametrize(
    "limits",
    [
        capped(orders_day_max=3),
        capped(notional_cny_day_max=Decimal("20000.00")),
        capped(turnover_ratio_day_max=Decimal("0.21")),
    ],
)
def test_at_the_cap_itself_the_second_session_trades(limits: Limits):
    live = Setup(answers=TWO_DAYS, limits=limits).open().run(at(TUE, "10:40"))

    assert [rules(live, label) for label in (MORNING, AFTERNOON, NEXT_DAY)] == [[], [], []]


@pytest.mark.parametrize("most", [2, 3, 4, 5, 6])
def test_orders_and_their_cancels_together_never_exceed_the_days_cap(most: int):
    live = Setup(answers=[BOTH_LOW] * 4, limits=capped(orders_day_max=most)).open().run(at(MON, "23:00"))

    standing = live.journal.account.standing()
    assert standing.day == MON
    assert standing.cancels > 0
    assert most - 1 <= standing.orders + standing.cancels <= most


def test_a_cancel_that_was_sent_counts_for_the_cap_and_in_the_report_alike():
    store = MemoryStore()
    live = Setup(answers=[BOTH_LOW, HOLD], store=store).open().run(at(MON, "14:10"))

    told = risk_trail(store.events(), live.journal.value).sent

    # Both orders of the morning, before the afternoon's session.
    assert live.journal.account.standing().cancels == 2
    assert len(told.cancels) == 2


@pytest.mark.parametrize(("most", "refused"), [(3, [Rule.ORDER_COUNT]), (4, [])])
def test_the_cancel_that_a_kept_order_may_still_need_counts(most: int, refused: list[Rule]):
    one_low = answer(order("buy", MAIN, 100, limit="9.90"))
    limits = capped(orders_day_max=most)
    setup = Setup(answers=[one_low, HOLD, OTHER_BOUGHT], keep_orders=True, limits=limits)

    live = setup.open().run(at(MON, "14:10"))

    assert rules(live, AFTERNOON) == refused


def test_a_cancel_over_lunch_counts_when_what_waits_is_judged_again():
    setup = Setup(answers=[HOLD, MAIN_BOUGHT], limits=capped(orders_day_max=2))
    live = setup.open().run(at(MON, "12:00"))
    assert rules(live, LUNCH) == []

    live.journal.write(live.session(MORNING), "late1:cancel:ANOTHER", Ack(kind=AckKind.ACCEPTED, reason=""))
    live.run(at(MON, "13:00"))

    assert rules(live, LUNCH, "late1:verdicts") == [Rule.ORDER_COUNT]


@pytest.mark.parametrize("lifted", [True, False])
def test_what_waits_over_lunch_is_judged_by_the_halts_in_force_when_it_wakes(lifted: bool):
    inboxes = MemoryInboxes()
    live = Setup(answers=[HOLD, MAIN_BOUGHT], commands=inboxes).open().run(at(MON, "11:40"))

    inboxes.put(Scope.HERE, "halt", {"why": "wait", "by": "me"})
    live.tick(at(MON, "12:00"))
    if lifted:
        inboxes.put(Scope.HERE, "lift", {"why": "go on", "by": "me"})
        live.tick(at(MON, "12:30"))
    live.run(at(MON, "13:00"))

    assert [halt.cause for halt in live.journal.account.halts.values()] == [HaltCause.PERSON] * (not lifted)
    assert rules(live, LUNCH, "late1:verdicts") == [Rule.HALTED] * (not lifted)


class Blind:
    """Prices that lack MAIN at the first look on Tuesday, and have it when asked again."""

    def __init__(self, inner: Any) -> None:
        self._inner, self._looked = inner, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def get_current_prices(self, symbols: Sequence[Symbol]) -> Snapshot:
        found: Snapshot = await self._inner.get_current_prices(symbols)
        if self._looked or found.moment < at(TUE, "10:00"):
            return found
        self._looked = True
        quotes = tuple(one for one in map(found.get, symbols) if one is not None and one.symbol != MAIN)
        shown = tuple(one.symbol for one in quotes)
        return VendorSnapshot(moment=found.moment, source="b", symbols=shown, quotes=quotes, faults={})


def test_naming_a_holding_that_had_no_price_does_not_make_the_equity_known():
    both = answer(order("sell", MAIN, 100), order("buy", OTHER, 100))
    setup = Setup(
        answers=[MAIN_BOUGHT, HOLD, HOLD, HOLD, both],
        limits=Limits(portfolio=PortfolioLimits(drawdown_ratio_max=Decimal("0.5"))),
        prices=Blind,
    )

    live = setup.open().run(at(TUE, "10:40"))

    opening, requote = live.value(NEXT_DAY, "book"), live.value(NEXT_DAY, "requote")
    assert isinstance(opening, Opening)
    assert opening.unpriced == (MAIN,)
    assert requote.last(MAIN) == Decimal("10.00")  # type: ignore[attr-defined]  # A snapshot.
    verdicts = live.value(NEXT_DAY, "verdicts")
    assert isinstance(verdicts, Verdicts)
    assert [one.symbol for one in verdicts.approved] == [MAIN]
    assert [(one.symbol, one.rule) for one in verdicts.refused] == [(OTHER, Rule.QUOTE_MISSING)]
