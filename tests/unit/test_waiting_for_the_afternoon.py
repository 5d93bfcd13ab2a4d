"""Orders of the lunch session: sent on a price of the afternoon, asked for again while there is none."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.brokers.simulated import SimulatedExchange
from services.clock import VirtualClock
from services.domain.events import Event, Look, StageKind, Verdicts, WaitsOn
from services.domain.inbox import LifeWord, Scope
from services.domain.instruments import Symbol
from services.domain.orders import ApprovedOrder, OrderTerms, Rule, Side
from services.domain.quotes import VendorSnapshot
from services.domain.statement import Ack
from services.journal.memory_inbox import MemoryInboxes
from services.journal.memory_store import MemoryStore
from services.market.quote_terms import CrossCheck, GateTerms
from services.market.raw_quotes import RawQuote
from services.market.vendor_source import VendorSource
from tests.exchange_market import MAIN, MON, OTHER, TUE, at
from tests.replay.test_vendor_replay import require_identical
from tests.unit.raw_market import FakeFeed, raw
from tests.unit.test_vendor_source import Rest
from tests.unit.world import HOLD, Live, Setup, answer, order

LUNCH = "20260713-1135"
SLOTS = (time(10, 35), time(11, 35))
ONE = at(MON, "13:00")
BUY = answer(order("buy", MAIN, 1000))

Stamp = Callable[[Symbol, datetime], datetime]
"""When a vendor dates its words on a symbol at a moment."""


def since(seconds: float, only: Symbol | None = None) -> Stamp:
    """Return a vendor that tells of the afternoon so many seconds late, of symbols but `only` at once."""

    def stamp(symbol: Symbol, now: datetime) -> datetime:
        late = 0.0 if only not in (None, symbol) else seconds
        noon, one = at(now.date(), "11:30"), at(now.date(), "13:00")
        return noon if noon <= now < one + timedelta(seconds=late) else now

    return stamp


def setup_of(stamp: Stamp, *answers: str, **options: object) -> Setup:
    def vendor(clock: VirtualClock) -> VendorSource:
        def says(symbol: Symbol, now: datetime) -> RawQuote:
            return replace(raw(symbol), stamped_at=stamp(symbol, now))

        feeds = [FakeFeed(name, clock, says, takes_s=0.0) for name in ("one", "two")]
        return VendorSource(feeds, Rest(), clock, GateTerms())

    return Setup(answers=answers, vendor=vendor, times=SLOTS, first=MON, last=MON, **options)  # type: ignore[arg-type]  # Fields.


def sent(live: Live) -> dict[tuple[Symbol, Side], datetime]:
    """Return when each order was on record as intended, by symbol and side."""
    found = {}
    for event in live.kinds("order_terms"):
        terms = live.journal.value(event)
        assert isinstance(terms, OrderTerms)
        found[terms.symbol, terms.side] = datetime.fromisoformat(event.at)
    return found


def wakes(live: Live) -> list[datetime]:
    looks = [live.journal.value(event) for event in live.kinds("look")]
    return [one.moment for one in looks if isinstance(one, Look) and one.stage is StageKind.WAKE]


def after(seconds: float) -> datetime:
    return ONE + timedelta(seconds=seconds)


def test_an_order_waits_on_until_there_is_a_price_of_the_afternoon():
    """The vendor still shows the morning's last price at 13:00:00, though no trading time has passed."""
    setup = setup_of(since(5), HOLD, BUY)
    live = setup.open().run(after(0))

    assert (sent(live), live.woken) == ({}, [])
    assert live.loop.wakes_again_at == live.loop.next_due() == after(8)
    live.run(at(MON, "13:30"))
    assert sent(live) == {(MAIN, Side.BUY): after(8)}
    quote = live.value(LUNCH, "late2:requote")
    assert isinstance(quote, VendorSnapshot)
    assert [one.seen_at for one in quote.quotes] == [after(8)]
    assert live.woken == [live.session(LUNCH)]
    assert live.loop.wakes_again_at is None
    require_identical(setup)


def test_who_asks_while_an_order_that_waited_on_is_being_sent_is_told_of_no_further_look(
    monkeypatch: pytest.MonkeyPatch,
):
    """What listens beside the loop asks at any time, while the broker is waited for too."""
    live = setup_of(since(5), HOLD, BUY).open().run(after(0))
    asked: list[datetime | None] = []
    submit = SimulatedExchange.submit_order

    async def slow(exchange: SimulatedExchange, order: ApprovedOrder) -> Ack:
        asked.append(live.loop.wakes_again_at)
        return await submit(exchange, order)

    monkeypatch.setattr(SimulatedExchange, "submit_order", slow)
    live.run(at(MON, "13:30"))

    assert (asked, sent(live)) == ([None], {(MAIN, Side.BUY): after(8)})


def test_where_none_comes_the_order_is_refused_at_its_last_moment():
    setup = setup_of(since(3600), HOLD, BUY)

    live = setup.open().run(at(MON, "13:30"))

    # Every 8 s as long as another look lies within the order's minute: the last of them refuses.
    assert wakes(live) == [after(8 * one) for one in range(8)]
    verdicts = live.value(LUNCH, "late8:verdicts")
    assert isinstance(verdicts, Verdicts)
    assert [one.rule for one in verdicts.refused] == [Rule.QUOTE_STALE]
    assert (sent(live), live.journal.account.waiting()) == ({}, ())
    require_identical(setup)


class SetBack(VirtualClock):
    """A machine's clock, which a time server may set back."""

    def back(self, seconds: float) -> None:
        self._now -= timedelta(seconds=seconds)


@pytest.mark.parametrize("back_s", [3.0, 30.0])
def test_an_order_waits_on_where_the_clock_is_set_back_over_its_time_while_prices_are_asked_for(
    back_s: float,
):
    owed_s = [back_s]

    def vendor(clock: VirtualClock) -> VendorSource:
        def says(symbol: Symbol, asked: datetime) -> RawQuote:
            if asked >= ONE and owed_s and isinstance(clock, SetBack):
                clock.back(owed_s.pop())
            now = clock.now()
            return replace(raw(symbol), stamped_at=at(MON, "11:30") if now < ONE else now)

        return VendorSource(
            [FakeFeed("one", clock, says, takes_s=0.0)], Rest(), clock, GateTerms(cross_check=CrossCheck.OFF)
        )

    setup = Setup(answers=(HOLD, BUY), vendor=vendor, times=SLOTS, first=MON, last=MON, clock=SetBack)
    live = setup.open().run(at(MON, "13:30"))

    assert owed_s == []
    assert sent(live) == {(MAIN, Side.BUY): after(8)}
    assert live.journal.account.waiting() == ()
    require_identical(setup)


def test_with_a_price_of_the_afternoon_it_goes_out_at_once():
    live = setup_of(since(0), HOLD, BUY).open().run(at(MON, "13:30"))

    assert (sent(live), wakes(live)) == ({(MAIN, Side.BUY): ONE}, [ONE])


def test_what_has_its_price_does_not_wait_for_what_has_none():
    both = answer(order("buy", MAIN, 1000), order("buy", OTHER, 1000))

    live = setup_of(since(5, only=MAIN), HOLD, both).open().run(at(MON, "13:30"))

    assert sent(live) == {(OTHER, Side.BUY): ONE, (MAIN, Side.BUY): after(8)}
    waits = live.value(LUNCH, "late1:waits_on")
    assert isinstance(waits, WaitsOn)
    assert len(waits.orders) == 1


def swapped(selling: Symbol) -> dict[tuple[Symbol, Side], datetime]:
    """Return when a sale of Monday's shares and a buy of others left on Tuesday, told late of one symbol."""
    buying = OTHER if selling == MAIN else MAIN
    swap = answer(order("sell", selling, 1000), order("buy", buying, 1000))
    answers = (answer(order("buy", selling, 1000)), HOLD, HOLD, swap)
    setup = replace(setup_of(since(5, only=MAIN), *answers), last=TUE, cash="19000.00")

    live = setup.open().run(at(TUE, "13:30"))

    require_identical(setup)
    return {key: moment for key, moment in sent(live).items() if moment.astimezone(ONE.tzinfo).date() == TUE}


def test_a_buy_waits_for_a_sale_that_may_pay_for_it_and_a_sale_for_nothing():
    one = at(TUE, "13:00")

    later = one + timedelta(seconds=8)
    assert swapped(MAIN) == {(MAIN, Side.SELL): later, (OTHER, Side.BUY): later}
    assert swapped(OTHER) == {(OTHER, Side.SELL): one, (MAIN, Side.BUY): later}


def test_a_process_that_is_begun_anew_goes_on_waiting(tmp_path: Path):
    setup = setup_of(since(5), HOLD, BUY, audit=tmp_path / "position.jsonl")
    setup.open().run(ONE)

    live = setup.open(after(1))
    live.tick()
    before = sent(live)
    live.run(at(MON, "13:30"))

    assert (before, sent(live)) == ({}, {(MAIN, Side.BUY): after(8)})
    # The morning's session traded nothing; of lunch's that is not told, for it does in the end.
    lines = (tmp_path / "position.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["this_action"]["action"] for line in lines[1:]] == ["no_trade", "buy"]


class Died(BaseException):
    """The process died."""


class DiesAt:
    """A store whose process dies once, before it writes a step."""

    def __init__(self, inner: MemoryStore, step: str) -> None:
        self._inner, self._step = inner, step

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def append(self, events: Sequence[Event], bodies: Mapping[str, bytes]) -> None:
        if events[0].step == self._step:
            self._step = ""
            raise Died
        self._inner.append(events, bodies)


@pytest.mark.parametrize("step", ["requote", "verdicts", "waits_on", "rested"])
def test_a_wake_that_was_cut_off_goes_on_waiting(step: str):
    kept = MemoryStore()
    setup = setup_of(since(5), HOLD, BUY, store=DiesAt(kept, f"late1:{step}"))

    with pytest.raises(Died):
        setup.open().run(at(MON, "13:30"))
    live = setup.open().run(at(MON, "13:30"))

    assert sent(live) == {(MAIN, Side.BUY): after(8)}
    assert live.kinds("waits_on") != []
    require_identical(replace(setup, store=kept))


def test_a_pause_gives_up_what_waits_on():
    inboxes = MemoryInboxes()
    setup = setup_of(since(5), HOLD, BUY, commands=inboxes)
    live = setup.open().run(ONE)

    inboxes.put(Scope.HERE, str(LifeWord.PAUSE), {"why": "enough", "by": "ann", "at": after(1).isoformat()})
    live.tick(after(8))
    live.run(at(MON, "13:30"))

    assert (sent(live), live.journal.account.waiting()) == ({}, ())
