"""A price source that gives nothing is told of once, until it gives a price again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agents.parsing import parse
from monitor.alarms import Alarms
from monitor.signs import Signs
from monitor.source_silence import BARS, Silences
from services.domain.alerts import Alert, AlertKind, Severity
from services.domain.events import FaultRecord
from services.domain.instruments import Symbol
from services.domain.own_clock import ClockReading
from services.domain.quotes import SourceAnswer, VendorSnapshot
from services.journal.account import Account
from services.journal.codec import decode, encode
from services.market.feeds.asking import ask_parts
from services.market.feeds.wire import Request
from services.market.raw_quotes import NothingStated, RawQuotes
from services.ports import PriceFault
from tests.exchange_market import MAIN, OTHER
from tests.monitor_journal import MON, A, B, JournalByHand, at
from tests.unit.raw_market import FakeFeed
from tests.unit.test_vendor_source import LoopClock, good, now_at, prices, source
from tests.vendor_network import Time, replies


def answer(
    source: str = "eastmoney", *, asked: int = 2, gave: int = 0, answered: bool = False, why: str = "HTTP 403"
) -> SourceAnswer:
    return SourceAnswer(source=source, asked=asked, gave=gave, answered=answered, why=why)


def snapshot(*answers: SourceAnswer, own_clock: ClockReading | None = None) -> VendorSnapshot:
    return VendorSnapshot(
        moment=at(MON), source="akshare", symbols=(A, B), quotes=(), faults={}, comparisons=(),
        answers=answers, own_clock=own_clock,
    )  # fmt: skip


def journal(*sessions: list[tuple[str, object]]) -> JournalByHand:
    made = JournalByHand()
    made.genesis()
    for hour, steps in enumerate(sessions):
        made.open(MON, f"{10 + hour}:35")
        for step, value in steps:
            made.write(step, value)
        made.close()
    return made


def alerts(made: JournalByHand) -> list[Alert]:
    alarms = Alarms(parse)
    return [one for event in made.events for one in alarms.take(event, made.value(event))]


BANNED, GIVES = [("prices", snapshot(answer()))], [("prices", snapshot(answer(gave=2, answered=True)))]


def test_a_source_that_does_not_answer_is_told_of_once_a_spell():
    found = alerts(journal(BANNED, BANNED, GIVES, GIVES, BANNED))

    assert [(one.kind, one.severity) for one in found] == [(AlertKind.PRICES, Severity.WARNING)] * 2
    # One topic, two occurrences.
    assert (len({one.key for one in found}), len({one.topic for one in found})) == (2, 1)
    for text in (found[0].text.en, found[0].text.zh):
        assert all(word in text for word in ("HTTP 403", "--source all"))
    assert all("eastmoney" in title for title in found[0].title)


@pytest.mark.parametrize(
    ("told", "silent"),
    [
        (answer(asked=1), True),  # Did not answer, if only of the one symbol that was left.
        (answer(asked=2, answered=True), True),  # Knows nothing of all that was looked at.
        (answer(asked=1, answered=True), False),  # Knows nothing of what the others did not know either.
        (answer(gave=1, answered=True), False),
    ],
)
def test_a_source_is_silent_where_it_did_not_answer_or_knew_nothing_of_all(told: SourceAnswer, silent: bool):
    assert bool(Silences().take("prices", snapshot(told))) is silent


def test_each_source_has_its_own_silence():
    silences = Silences()

    first = silences.take("prices", snapshot(answer("sina"), answer("tencent", gave=1)))
    then = silences.take("requote", snapshot(answer("sina"), answer("tencent", why="HTTP 429")))

    assert [one.of for one in first] == ["sina"]
    assert then == (("tencent", "HTTP 429"),)
    assert silences.now == {"sina": "HTTP 403", "tencent": "HTTP 429"}


def test_records_of_before_tell_of_no_silence():
    old = VendorSnapshot(moment=at(MON), source="akshare", symbols=(A,), quotes=(), faults={})

    assert Silences().take("prices", old) == ()
    assert (old.answers, old.own_clock) == (None, None)


def test_bars_that_did_not_come_are_told_of_until_they_do():
    fault = FaultRecord(door="prices", asked="bars", why="no hourly bars at all")
    came = [("history", FaultRecord(door="prices", asked="bars", why="still none")), *GIVES]
    made = journal([("history", fault)], came)

    (alert,) = alerts(made)

    assert alert.kind is AlertKind.PRICES
    assert all("no hourly bars at all" in text for text in alert.text)
    silences = Silences()
    silences.take("history", fault)
    assert silences.now == {BARS: "no hourly bars at all"}
    assert silences.take("history", object()) == ()
    assert silences.now == {}
    assert silences.take("answer", fault) == ()


def test_a_clock_that_is_off_is_told_of_once_until_it_was_right():
    off = snapshot(own_clock=ClockReading(hosts=("h",), ahead_ms=-4000, within_ms=1000))
    right = snapshot(own_clock=ClockReading(hosts=("h",), ahead_ms=100, within_ms=1000))
    found = alerts(journal([("prices", off)], [("prices", off)], [("prices", right)], [("prices", off)]))

    assert [(one.kind, one.severity) for one in found] == [(AlertKind.CLOCK, Severity.CRITICAL)] * 2
    assert "4.0 s behind h" in found[0].text.en
    assert "慢 4.0 秒" in found[0].text.zh
    ahead = snapshot(own_clock=ClockReading(hosts=("h",), ahead_ms=4000, within_ms=1000))
    assert "快 4.0 秒" in alerts(journal([("prices", ahead)]))[0].text.zh


def test_the_signs_of_an_account_tell_who_is_silent_now():
    made, signs = journal(BANNED), Signs()
    for event in made.events:
        signs.listen(event, made.value(event), Account())

    assert signs.silences.now == {"eastmoney": "HTTP 403"}


@pytest.fixture
def clock():
    made = LoopClock()
    yield made
    made.loop.close()


def test_a_snapshot_says_what_each_source_gave(clock: LoopClock):
    banned = good(clock, "one", banned=(clock.started, clock.started + timedelta(hours=20)))

    found = prices(clock, source(clock, banned, good(clock, "two"), good(clock, "three")))

    assert found.answers is not None
    by_source = {one.source: one for one in found.answers}
    assert (by_source["one"].asked, by_source["one"].gave, by_source["one"].answered) == (2, 0, False)
    assert by_source["one"].why
    assert by_source["two"] == SourceAnswer(source="two", asked=2, gave=2, answered=True)
    assert decode("vendor_snapshot", 1, encode(found)) == found


def test_a_source_that_hangs_is_noted_although_the_others_sufficed(clock: LoopClock):
    hanging = FakeFeed("one", clock, now_at(), takes_s=1e6)

    found = prices(clock, source(clock, hanging, good(clock, "two"), good(clock, "three")))

    assert found.answers is not None
    late = next(one for one in found.answers if one.source == "one")
    assert (late.gave, late.answered) == (0, False)
    assert "2 s" in late.why


def test_a_source_that_was_only_not_the_quickest_is_not_noted(clock: LoopClock):
    quick = [good(clock, name) for name in ("one", "two")]
    made = source(clock, *quick)

    found = prices(clock, made)

    assert found.answers is not None
    assert {one.source: one.gave for one in found.answers} == {"one": 2, "two": 2}
    assert all(one.answered for one in found.answers)


def test_a_source_without_an_answer_by_the_deadline_is_noted(clock: LoopClock):
    hanging = FakeFeed("two", clock, now_at(), takes_s=1e6)

    found = prices(clock, source(clock, good(clock, "one"), hanging))

    assert found.answers is not None
    late = next(one for one in found.answers if one.source == "two")
    assert "10 s" in late.why


def _nothing(_body: bytes, _part: tuple[Symbol, ...]) -> RawQuotes:
    return RawQuotes(source="one")


@pytest.mark.parametrize(("status", "stated"), [(403, False), (200, True)])
def test_a_vendor_that_knows_nothing_is_told_from_one_that_does_not_answer(status: int, stated: bool):
    time = Time()
    wire, _ = time.wire(replies(b"nothing", status))
    faults: list[PriceFault] = []

    async def life() -> None:
        async with wire.line() as line:
            parts = {(MAIN, OTHER): Request(url="https://quotes.example/")}
            try:
                await ask_parts(line, "one", parts, {}, _nothing)
            except PriceFault as fault:
                faults.append(fault)

    time.run(life())

    assert isinstance(faults[0], NothingStated) is stated


def test_who_was_not_asked_as_it_knows_no_such_market_has_answered():
    time = Time()
    wire, _ = time.wire(replies(b"nothing"))

    async def life() -> None:
        async with wire.line() as line:
            with pytest.raises(NothingStated):
                await ask_parts(line, "one", {}, {MAIN: "foreign"}, _nothing)

    time.run(life())
