"""Instrument facts of a vendor: asked once a session, on record, obeyed by gate and exchange, lived again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from commands.twin import Twin
from scheduler import session as session_module
from services.domain.events import FaultRecord, Verdicts
from services.domain.instruments import Fact, Facts, Instrument, Kind, Span, Symbol
from services.domain.orders import Rule, Side
from services.domain.quotes import VendorSnapshot
from services.journal.checking import EVIDENCE
from services.journal.codec import decode, encode
from tests.crash.touches import Crash, Door, Fate, Ledger, Store, Wire, accepted_ids
from tests.exchange_market import MAIN, MON, TUE, at
from tests.unit.vendor import SteppingClock, Vendor
from tests.unit.world import HOLD, Live, Memory, Setup, answer, order, panel

MORNING, LUNCH, AFTERNOON, TUESDAY = "20260713-1035", "20260713-1135", "20260713-1405", "20260714-1035"
ABROAD = Symbol("513100.SH")
MARKET = panel({MAIN: [None] * 8, ABROAD: [None] * 8}, days=(MON, TUE))


def told(day: date) -> Facts:
    """MAIN carries a risk warning from Tuesday on; ABROAD is sold on the day it was bought."""
    warned = (Span(since=day, until=day),) if day == TUE else ()
    return Facts(
        instruments=(
            Instrument(symbol=MAIN, name="*ST A" if warned else "A", listed_on=date(1999, 11, 10), st=warned),
            Instrument(symbol=ABROAD, name="B", kind=Kind.ETF_CROSS_BORDER_T0),
        ),
        unknown={MAIN: {Fact.SUSPENSION: "the list did not come"}},
    )


SCRIPT = (
    answer(order("buy", ABROAD, 2000)),
    answer(order("sell", ABROAD, 1000)),  # Over lunch: it waits for 13:00, and is judged again then.
    answer(order("sell", ABROAD, 1000)),
    HOLD,
    answer(order("buy", MAIN, 100)),
)


def flat(_symbol: Symbol, _moment: object) -> str:
    return "10.00"


def setup_of(facts: Callable[[date], Facts] | None = told, **more: Any) -> Setup:
    return Setup(
        market=MARKET,
        answers=SCRIPT,
        vendor=lambda clock: Vendor(clock, flat, facts=facts),
        clock=SteppingClock,
        **more,
    )


class NoLimits(Vendor):
    """A vendor that states neither limits nor names."""

    async def get_current_prices(self, symbols: Sequence[Symbol]) -> VendorSnapshot:
        shown = await super().get_current_prices(symbols)
        quotes = tuple(replace(one, limit_up_cny=None, limit_down_cny=None) for one in shown.quotes)
        return replace(shown, quotes=quotes)


def lived_again(setup: Setup) -> Twin:
    twin = Twin(setup.store, setup.genesis, Memory(setup.market))
    asyncio.run(twin.replay.run())
    return twin


def require_identical(setup: Setup) -> None:
    twin = lived_again(setup)
    assert twin.journal.differences == []
    for session in twin.journal.account.sessions:
        assert twin.journal.unseen(session) == ()
    lived = [event for event in twin.journal.events if event.kind not in EVIDENCE]
    assert lived == [event for event in setup.store.events() if event.kind not in EVIDENCE]


def refused(live: Live, label: str, step: str = "verdicts") -> list[tuple[Rule, str]]:
    verdicts = live.value(label, step)
    assert isinstance(verdicts, Verdicts)
    return [(one.rule, one.reason) for one in verdicts.refused]


def fills(live: Live) -> list[tuple[str, Side, int]]:
    values: list[Any] = [live.journal.value(event) for event in live.kinds("fill")]
    return [(one.symbol, one.side, one.shares) for one in values]


def test_facts_are_asked_once_a_session_and_written_before_the_prices() -> None:
    live = setup_of().open().run()

    for label in (MORNING, LUNCH, TUESDAY):
        steps = live.steps(label)
        assert steps.count("facts") == 1
        assert steps.index("broker") < steps.index("facts") < steps.index("prices")
    assert live.value(TUESDAY, "facts") == told(TUE)


def test_gate_and_exchange_go_by_the_facts_told() -> None:
    live = setup_of().open().run()

    # A fund of this kind is sold on its first day, once over lunch and once at 14:05.
    assert fills(live) == [
        (ABROAD, Side.BUY, 2000),
        (ABROAD, Side.SELL, 1000),
        (ABROAD, Side.SELL, 1000),
        (MAIN, Side.BUY, 100),
    ]


def test_without_facts_the_stricter_rule_holds_and_the_fault_is_on_record() -> None:
    live = setup_of(None).open().run()

    assert isinstance(live.value(MORNING, "facts"), FaultRecord)
    assert (ABROAD, Side.SELL, 1000) not in fills(live)
    assert [rule for rule, _ in refused(live, AFTERNOON)] == [Rule.T_PLUS_1]


def test_what_a_rule_hangs_on_is_refused_with_the_words_of_the_fault() -> None:
    setup = setup_of()
    setup.vendor = lambda clock: NoLimits(clock, flat)
    live = setup.open().run()

    ((rule, reason),) = refused(live, MORNING)
    assert rule is Rule.RULES_UNKNOWN
    assert str(ABROAD) in reason
    assert "the vendor has none" in reason
    require_identical(setup)


def test_what_the_vendor_could_not_tell_is_refused_and_the_rest_is_not() -> None:
    def partly(day: date) -> Facts:
        return replace(told(day), unknown={MAIN: {Fact.LISTING: "no day given"}})

    setup = setup_of()
    setup.vendor = lambda clock: NoLimits(clock, flat, facts=partly)
    live = setup.open().run()

    ((rule, reason),) = refused(live, TUESDAY)
    assert (rule, str(MAIN) in reason, "no day given" in reason) == (Rule.RULES_UNKNOWN, True, True)
    assert len(fills(live)) == 3
    require_identical(setup)


def test_waiting_orders_are_judged_again_by_their_own_sessions_fault() -> None:
    asked: list[date] = []

    def fails_at_lunch(day: date) -> Facts:
        asked.append(day)
        if len(asked) == 2:
            return Facts(unknown={ABROAD: {Fact.FUND_KIND: "no profile"}})
        return told(day)

    setup = setup_of(fails_at_lunch)
    live = setup.open().run()

    # The lunch session knows nothing of the fund, so it may not sell it that day.
    assert [rule for rule, _ in refused(live, LUNCH)] == [Rule.T_PLUS_1]
    require_identical(setup)


def test_the_exchange_goes_by_facts_told_after_it_first_met_the_symbol() -> None:
    asked: list[date] = []

    def later(day: date) -> Facts:
        asked.append(day)
        return Facts() if len(asked) == 1 else told(day)

    setup = setup_of(later)
    live = setup.open().run(at(MON, "14:10"))

    assert fills(live) == [(ABROAD, Side.BUY, 2000), (ABROAD, Side.SELL, 1000), (ABROAD, Side.SELL, 1000)]
    require_identical(setup)


def test_a_session_on_bars_asks_nobody() -> None:
    live = Setup(answers=SCRIPT).open().run()

    assert all("facts" not in event.step for event in live.journal.events)


@pytest.mark.parametrize("facts", [told, None], ids=["told", "fault"])
def test_every_session_comes_out_the_same(facts: Callable[[date], Facts] | None) -> None:
    setup = setup_of(facts)
    setup.open().run()

    require_identical(setup)


def test_changed_facts_on_record_are_found() -> None:
    setup = setup_of()
    setup.open().run()
    store: Any = setup.store
    events = store._events
    number = next(i for i, event in enumerate(events) if event.step == "facts")
    body = events[number].body.replace("etf_cross_border_t0", "etf_equity")
    events[number] = events[number]._replace(body=body)

    assert lived_again(setup).journal.differences != []


def without_the_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let sessions run as they did before facts were asked for."""

    async def unasked(_log: object, world: Any, _symbols: object) -> Any:
        return world

    monkeypatch.setattr(session_module, "with_facts", unasked)


def test_a_record_from_before_facts_were_asked_for_comes_out_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    setup = setup_of()
    with monkeypatch.context() as before:
        without_the_question(before)
        setup.open().run()

    require_identical(setup)


def test_a_session_begun_before_facts_were_asked_for_goes_on_without(monkeypatch: pytest.MonkeyPatch) -> None:
    setup = setup_of()
    with monkeypatch.context() as before:
        without_the_question(before)
        fate = Fate()
        mortal(setup, fate).open().run(at(MON, "10:40"))
        number = next(i for i, touch in enumerate(fate.touched, 1) if touch == "append briefing")
        setup = setup_of()
        with pytest.raises(Crash):
            mortal(setup, Fate(number, before=False)).open().run(at(MON, "10:40"))

    live = setup.open().run(at(MON, "11:40"))

    assert "facts" not in live.steps(MORNING)
    assert "facts" in live.steps(LUNCH)
    require_identical(setup)


def test_facts_as_a_journal_keeps_them_are_read_back_whole() -> None:
    assert decode("facts", 1, encode(told(TUE))) == told(TUE)
    assert decode("facts", 1, '{"instruments":[]}') == Facts()


class Quotes(Door):
    """The vendor's door, which dies too."""

    def __init__(self, inner: Any, fate: Fate) -> None:
        super().__init__(inner, fate, "prices")
        self.panel, self.name = inner.panel, inner.name


def mortal(setup: Setup, fate: Fate) -> Setup:
    store: Any = Store(setup.store, fate)
    ledger: Any = Ledger(setup.ledger, fate)
    return replace(
        setup,
        store=store,
        ledger=ledger,
        broker=lambda broker, _journal: Wire(broker, fate, setup.ledger),  # type: ignore[arg-type,return-value]  # It passes all on.
        prices=lambda source: Quotes(source, fate),
    )


def touches() -> int:
    fate = Fate()
    mortal(setup_of(), fate).open().run()
    return fate.count


COUNT = touches()


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("later_s", [0, 90])
def test_cut_off_anywhere_it_comes_out_the_same_and_sends_nothing_twice(before: bool, later_s: int) -> None:
    tried = 0
    for dies_at in range(1, COUNT + 1, 2):
        setup, fate, last = setup_of(), Fate(dies_at, before), Fate()
        with pytest.raises(Crash):
            mortal(setup, fate).open().run()
        moment = Live(setup).journal.moment or at(MON, "00:00")

        mortal(setup, last).open(moment + timedelta(seconds=later_s)).run()

        require_identical(setup)
        assert fate.sent_twice + last.sent_twice == []
        ids = accepted_ids(setup.ledger)
        assert len(ids) == len(set(ids))
        tried += 1
    assert tried > 30
