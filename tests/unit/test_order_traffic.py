"""Orders and cancels of an account against its own caps and the exchanges' bounds."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from rich.console import Console, Group

from monitor.order_traffic import BoundUse, By, Sent, Span, Standing, bound_uses
from monitor.report_risk import risk_section
from monitor.risk_report import RiskReport, risk_report
from monitor.risk_use import RiskTrail, risk_trail
from monitor.risk_view import risk_parts
from services.domain.events import Genesis
from services.domain.orders import OrderId, Side
from services.domain.statement import Ack, AckKind
from tests.monitor_journal import MON, TUE, WED, JournalByHand, at, terms_of

OWN = {"limits": json.dumps({"caps": {"orders_day_max": 10, "orders_per_second_max": 1}})}
ACCEPTED = Ack(kind=AckKind.ACCEPTED)


def begun(*, live: bool = True, market: str = "cn", settings: dict[str, str] | None = None) -> JournalByHand:
    journal, plain = JournalByHand(), JournalByHand()
    plain.genesis()
    genesis = plain.value(plain.events[0])
    assert isinstance(genesis, Genesis)
    journal.write("genesis", replace(genesis, market=market, run_id="live" if live else "abcdefghij"))
    journal.settings(**(OWN if settings is None else settings))
    return journal


def sent(journal: JournalByHand, number: int, moment: datetime, ack: Ack | None = ACCEPTED) -> None:
    """Write an order intended two seconds before `moment`, and its answer then."""
    order_id = OrderId(f"ORDER{number:015}")
    journal.moment = moment - timedelta(seconds=2)
    terms = replace(terms_of(journal.session, Side.BUY, 100), order_id=order_id, day=moment.date())
    journal.write(f"intended:{order_id}", terms)
    if ack is not None:
        journal.moment = moment
        journal.write(f"sent:{order_id}", ack)


def cancelled(journal: JournalByHand, number: int, moment: datetime) -> None:
    journal.moment = moment
    journal.write(f"late1:cancel:ORDER{number:015}", ACCEPTED)


def trail_of(journal: JournalByHand) -> RiskTrail:
    return risk_trail(journal.events, journal.value)


def uses(journal: JournalByHand) -> dict[tuple[By, Span], tuple[date, int, int | None, Standing]]:
    found = risk_report(trail_of(journal)).traffic
    return {(one.by, one.span): (one.day, one.used, one.allowed, one.standing) for one in found}


def test_the_busiest_day_and_second_are_held_to_the_own_caps_and_to_the_dated_bounds() -> None:
    journal = begun()
    journal.open(MON)
    for number in range(3):
        sent(journal, number, at(MON) + timedelta(seconds=number))
    journal.open(TUE)
    for number in range(4):
        sent(journal, 10 + number, at(TUE) + timedelta(seconds=number))
        cancelled(journal, 10 + number, at(TUE, "15:00") + timedelta(seconds=number / 2))

    # Four orders and four cancels on Tuesday, 8 of 10; the cancels came two to a second.
    assert uses(journal) == {
        (By.ACCOUNT, Span.DAY): (TUE, 8, 10, Standing.NEAR),
        (By.HIGH_FREQUENCY, Span.DAY): (TUE, 8, 20_000, Standing.BELOW),
        (By.ACCOUNT, Span.SECOND): (TUE, 2, 1, Standing.OVER),
        (By.HIGH_FREQUENCY, Span.SECOND): (TUE, 2, 300, Standing.BELOW),
    }


def test_an_order_that_was_withheld_never_left_and_one_without_an_answer_may_have() -> None:
    journal = begun()
    journal.open(MON)
    sent(journal, 1, at(MON), Ack(kind=AckKind.WITHHELD, reason="halted"))
    sent(journal, 2, at(MON, "09:36"), Ack(kind=AckKind.REJECTED, reason="cash"))
    sent(journal, 3, at(MON, "09:37"), None)

    assert uses(journal)[By.ACCOUNT, Span.DAY][1] == 2


def test_in_a_backtest_a_session_takes_no_time_so_seconds_say_nothing() -> None:
    journal = begun(live=False)
    journal.open(MON)
    for number in range(5):
        sent(journal, number, at(MON))

    assert set(uses(journal)) == {(By.ACCOUNT, Span.DAY), (By.HIGH_FREQUENCY, Span.DAY)}


def test_another_market_has_no_such_bounds_and_an_idle_account_nothing_to_tell() -> None:
    foreign, idle = begun(market="us"), begun()
    for journal in (foreign, idle):
        journal.open(MON)
    sent(foreign, 1, at(MON))

    assert uses(foreign) == uses(idle) == {}


def test_caps_that_are_not_recorded_are_not_made_up() -> None:
    journal = begun(settings={})
    journal.open(MON)
    sent(journal, 1, at(MON))

    assert {by for by, _ in uses(journal)} == {By.HIGH_FREQUENCY}


def test_a_part_of_a_journal_tells_its_own_days_alone() -> None:
    journal = begun()
    for day, orders in ((MON, 3), (TUE, 1), (WED, 2)):
        journal.open(day)
        for number in range(orders):
            sent(journal, day.day * 10 + number, at(day) + timedelta(seconds=number))
    cancelled(journal, 1, at(MON, "15:00"))

    (own, *_) = trail_of(journal).within(TUE, WED).bound_uses()

    assert (own.day, own.used) == (WED, 2)


def test_moments_written_in_two_zones_are_counted_together() -> None:
    left = Sent(orders={"A": "2026-07-13T01:35:00+00:00", "B": "2026-07-13T09:35:00+08:00"}, cancels=[])
    left.cancels.append("2026-07-13T01:35:00+00:00")

    assert left.moments() == {datetime(2026, 7, 13, 1, 35, tzinfo=UTC): 3}


@pytest.mark.parametrize(
    ("by", "used", "standing"),
    [
        (By.ACCOUNT, 159, Standing.BELOW),
        (By.ACCOUNT, 160, Standing.NEAR),  # 80% of 200
        (By.ACCOUNT, 200, Standing.NEAR),  # an own cap may be reached
        (By.ACCOUNT, 201, Standing.OVER),
        (By.HIGH_FREQUENCY, 199, Standing.NEAR),
        (By.HIGH_FREQUENCY, 200, Standing.OVER),  # high-frequency from the bound on
    ],
)
def test_how_a_use_stands_to_its_bound(by: By, used: int, standing: Standing) -> None:
    assert BoundUse(by=by, span=Span.DAY, day=MON, used=used, allowed=200).standing is standing


@pytest.mark.parametrize(
    ("day", "bounds"),
    [
        (date(2024, 10, 7), []),  # before the rules of 2025-07-07 no such bound
        (date(2025, 7, 6), []),
        (date(2025, 7, 7), [(20_000, Standing.BELOW), (300, Standing.BELOW)]),
        (date(2027, 1, 4), [(None, Standing.UNKNOWN), (None, Standing.UNKNOWN)]),  # past the rulebook
    ],
)
def test_the_exchanges_bounds_are_those_of_the_day(
    day: date, bounds: list[tuple[int | None, Standing]]
) -> None:
    found = bound_uses({at(day): 1}, day_max=None, second_max=None, real_time=True)

    assert [(one.allowed, one.standing) for one in found] == bounds


def everything() -> RiskReport:
    journal = begun()
    journal.open(MON)
    for number in range(11):
        sent(journal, number, at(MON) + timedelta(seconds=number / 2))
    return risk_report(trail_of(journal))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_screen_and_report_tell_use_and_bound(lang: str) -> None:
    found, out = everything(), StringIO()
    Console(file=out, width=200).print(Group(*risk_parts(found, lang)))

    for text in (out.getvalue(), risk_section(found, lang)):
        assert [part for part in ("11 / 10", "11 / 20,000", "2 / 1", "2 / 300") if part not in text] == []


def test_the_json_tells_each_bound_with_its_standing() -> None:
    told = everything().as_json("en")["order_traffic"]

    assert isinstance(told, list)
    assert told[0] == {
        "by": "account",
        "per": "day",
        "day": "2025-10-13",
        "used": 11,
        "allowed": 10,
        "standing": "over",
    }
