"""Which slots a day has, and which come next."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from scheduler.slot_plan import FixedPlan, OncePlan, OpenPlan
from services.domain.bars import Frequency
from services.domain.events import TradingDay
from services.domain.instruments import Market
from services.domain.slot import Slot
from services.slots import local, slots_of
from tests.exchange_market import MON, TUE, Weekdays, at

FRI, SAT, SUN = date(2026, 7, 10), date(2026, 7, 11), date(2026, 7, 12)
NEXT_MON = date(2026, 7, 20)


def clocks(slots: tuple[Slot, ...]) -> list[str]:
    return [f"{slot.at:%H:%M}" for slot in slots]


@pytest.mark.parametrize(
    ("market", "frequency", "expected"),
    [
        (Market.CN, Frequency.DAILY, ["09:35"]),
        (Market.CN, Frequency.HOURLY, ["10:35", "11:35", "14:05", "15:05"]),
        (Market.US, Frequency.DAILY, ["09:35"]),
        (Market.US, Frequency.HOURLY, ["10:05", "11:05", "12:05", "13:05", "14:05", "15:05"]),
    ],
)
def test_a_day_has_the_slots_of_its_market(market, frequency, expected):
    slots = slots_of(market, frequency, MON)

    assert clocks(slots) == expected
    assert all(slot.day == MON and slot.market is market for slot in slots)


def test_a_shanghai_slot_is_eight_hours_before_utc():
    assert slots_of(Market.CN, Frequency.DAILY, MON)[0].moment == datetime(2026, 7, 13, 1, 35, tzinfo=UTC)


@pytest.mark.parametrize(("day", "hour"), [(date(2026, 7, 13), 13), (date(2026, 1, 13), 14)])
def test_a_new_york_slot_follows_summer_time(day, hour):
    assert slots_of(Market.US, Frequency.DAILY, day)[0].moment == datetime(
        day.year, day.month, day.day, hour, 35, tzinfo=UTC
    )


def test_no_slot_lies_at_or_after_an_early_close():
    assert clocks(slots_of(Market.US, Frequency.HOURLY, MON, early_close=time(13))) == [
        "10:05",
        "11:05",
        "12:05",
    ]
    assert clocks(slots_of(Market.US, Frequency.HOURLY, MON, early_close=time(12, 5))) == ["10:05", "11:05"]


def test_times_of_ones_own_replace_the_usual():
    assert clocks(slots_of(Market.CN, Frequency.DAILY, MON, (time(14, 50),))) == ["14:50"]


def test_a_moment_is_told_in_the_markets_time():
    moment = datetime(2026, 7, 13, 1, 35, tzinfo=UTC)

    assert f"{local(moment, Market.CN):%H:%M}" == "09:35"
    assert f"{local(moment, Market.US):%m-%d %H:%M}" == "07-12 21:35"


def fixed(start: date = FRI, end: date = TUE, calendar: Weekdays | None = None) -> FixedPlan:
    return FixedPlan(Market.CN, Frequency.HOURLY, calendar or Weekdays(), start, end)


def test_a_fixed_plan_has_every_slot_of_the_open_days():
    assert [slot.day for slot in fixed().slots] == [FRI] * 4 + [MON] * 4 + [TUE] * 4


def test_a_fixed_plan_has_no_slot_after_an_early_close():
    plan = fixed(MON, MON, Weekdays({MON: time(14)}))

    assert clocks(plan.slots) == ["10:35", "11:35"]


def test_a_slot_is_due_at_its_moment_and_only_once():
    plan, due = fixed(), at(MON, "10:35")

    assert clocks(plan.between(due - timedelta(seconds=1), due)) == ["10:35"]
    assert plan.between(due, due + timedelta(seconds=1)) == ()
    assert plan.between(due, due - timedelta(hours=1)) == ()
    assert clocks(plan.between(at(MON, "10:00"), at(MON, "14:05"))) == ["10:35", "11:35", "14:05"]


def test_a_fixed_plan_knows_what_comes_next_until_it_is_over():
    plan = fixed()

    following = plan.next_after(at(FRI, "15:05"))
    assert following is not None
    assert (following.day, following.at) == (MON, time(10, 35))
    assert plan.next_after(at(TUE, "15:05")) is None


def test_a_fixed_plan_asked_by_turns_for_two_moments_answers_for_each():
    plan, friday, monday = fixed(), at(FRI, "15:05"), at(MON, "14:05")

    answers = [plan.next_after(moment) for moment in (friday, monday, friday, friday, monday)]

    assert [one and f"{one.moment:%d %H:%M}" for one in answers] == [
        f"{MON:%d} 10:35",
        f"{MON:%d} 15:05",
        f"{MON:%d} 10:35",
        f"{MON:%d} 10:35",
        f"{MON:%d} 15:05",
    ]


def test_a_fixed_plan_asked_for_each_slots_moment_in_any_order_answers_as_one_that_looks_at_all_of_them():
    plan = fixed()
    moments = [slot.moment for slot in plan.slots]
    # In turn as a loop asks, the same once more, then backwards, and each as another object of that time.
    asked = [*moments, *moments, *reversed(moments), *(one.astimezone(UTC) for one in moments)]
    asked += [one + timedelta(seconds=shift) for one in moments for shift in (-1, 1)]

    for moment in asked:
        later = [slot for slot in plan.slots if slot.moment > moment]
        soon = moment + timedelta(hours=2)
        assert plan.next_after(moment) == (later[0] if later else None)
        assert plan.between(moment, soon) == tuple(slot for slot in later if slot.moment <= soon)


class KnownUntil(Weekdays):
    """A calendar whose data end on a Friday."""

    def trading_day(self, day: date) -> TradingDay:
        return super().trading_day(day) if day <= FRI else TradingDay.UNKNOWN


def open_plan(calendar: Weekdays | None = None) -> OpenPlan:
    return OpenPlan(Market.CN, Frequency.HOURLY, calendar or Weekdays())


def test_an_open_plan_goes_over_the_weekend():
    following = open_plan().next_after(at(FRI, "15:05"))

    assert following is not None
    assert (following.day, following.at) == (MON, time(10, 35))


def test_an_open_plan_gives_the_slots_in_between():
    slots = open_plan().between(at(FRI, "14:05"), at(MON, "10:35"))

    assert [(slot.day, f"{slot.at:%H:%M}") for slot in slots] == [(FRI, "15:05"), (MON, "10:35")]


def test_a_weekday_nobody_knows_has_slots_and_a_weekend_has_none():
    slots = open_plan(KnownUntil()).between(at(SAT, "00:00"), at(MON, "23:59"))

    assert [slot.day for slot in slots] == [MON] * 4


def test_an_open_plan_honours_an_early_close():
    plan = open_plan(Weekdays({MON: time(14)}))

    assert clocks(plan.between(at(MON, "00:00"), at(MON, "23:00"))) == ["10:35", "11:35"]


class Closed(Weekdays):
    """A market that never opens."""

    def trading_day(self, day: date) -> TradingDay:
        return TradingDay.CLOSED


def test_an_open_plan_without_open_days_has_no_next():
    assert open_plan(Closed()).next_after(at(MON, "09:00")) is None


def once(taken: bool = False) -> OncePlan:
    return OncePlan(open_plan(), Market.CN, lambda _slot: taken)


def test_once_is_the_latest_slot_of_today_that_has_come():
    assert clocks(once().between(at(FRI, "00:00"), at(MON, "14:00"))) == ["11:35"]
    assert once().between(at(FRI, "00:00"), at(MON, "10:34")) == ()
    assert once().between(at(FRI, "00:00"), at(SUN, "12:00")) == ()


def test_once_is_over_when_the_slot_is_taken():
    assert once(taken=True).between(at(FRI, "00:00"), at(MON, "14:00")) == ()
    assert once().next_after(at(NEXT_MON, "09:00")) is None
