"""Who disagrees with whom: what a person is told of it, how often, and what is no news."""

from __future__ import annotations

import pytest

from agents.parsing import parse
from monitor.alarms import Alarms
from monitor.price_sources import disagreements
from services.domain.alerts import Alert, AlertKind, Severity
from services.domain.quotes import HISTORY, OWN_CLOCK, RULEBOOK, Comparison, VendorSnapshot
from tests.monitor_journal import MON, TUE, JournalByHand, at


def snapshot(*comparisons: Comparison) -> VendorSnapshot:
    return VendorSnapshot(
        moment=at(MON), source="akshare", symbols=(), quotes=(), faults={}, comparisons=comparisons
    )


def compared(other: str = "sina", compared: int = 10, **differed: int) -> Comparison:
    return Comparison(source="eastmoney", other=other, compared=compared, differed=differed)


@pytest.mark.parametrize(("one", "told"), [
    (compared(), False),
    (compared(last_differs=1), True),  # One in ten.
    (compared(compared=11, last_differs=1), False),
    (compared(compared=11, last_differs=1, prev_close_differs=1), True),
    (compared(compared=300, prev_close_differs=29), False),
    (compared(compared=300, prev_close_differs=30), True),
    # Nor of what says that a share stands still, of limits or of yesterday's close what another one says.
    (compared(compared=300, status_differs=1), True),
    (compared(compared=300, limits_disagree=1), True),
    (compared(HISTORY, compared=300, history_differs=1), True),
    (compared(HISTORY, compared=300), False),
    (compared(stamps_apart=10), False),  # Two vendors are seldom equally quick.
    # Of limits that are not the rulebook's a single one is told of.
    (compared(RULEBOOK, compared=300, limits_disagree=1), True),
    (compared(RULEBOOK, compared=300, outside_limits=1), True),
    (compared(RULEBOOK, compared=300), False),
    # A share that hardly trades has an old quote; one of another day is a fault.
    (compared(OWN_CLOCK, stale=10), False),
    (compared(OWN_CLOCK, undated=10), False),
    (compared(OWN_CLOCK, wrong_day=1), True),
    (compared(OWN_CLOCK, ahead=1), True),
])  # fmt: skip
def test_a_disagreement_is_told_of_from_one_symbol_in_ten_and_with_the_rulebook_from_the_first(
    one: Comparison, told: bool
):
    assert bool(list(disagreements(snapshot(one)))) is told


def test_prices_nobody_judged_tell_nothing():
    bare = VendorSnapshot(moment=at(MON), source="akshare", symbols=(), quotes=(), faults={})

    assert list(disagreements(bare)) == []


def test_the_fields_are_counted_the_most_frequent_first():
    (found,) = disagreements(snapshot(compared(last_differs=1, prev_close_differs=3)))

    assert found.words == "prev_close_differs 3, last_differs 1"


def alerts(made: JournalByHand) -> list[Alert]:
    alarms = Alarms(parse)
    return [one for event in made.events for one in alarms.take(event, made.value(event))]


def test_an_alert_names_both_sources_the_count_and_what_to_do():
    made = JournalByHand()
    made.genesis()
    made.open(MON)
    made.write("prices", snapshot(compared(last_differs=4), compared(RULEBOOK)))

    (alert,) = alerts(made)

    assert (alert.kind, alert.severity) == (AlertKind.PRICES, Severity.WARNING)
    for text in (alert.text.en, alert.text.zh):
        assert all(word in text for word in ("10", "last_differs 4", "--source all", "data_source.sources"))
    assert all("eastmoney" in title and "sina" in title for title in alert.title)


def test_a_pair_is_one_occurrence_a_session_and_one_topic_throughout():
    made = JournalByHand()
    made.genesis()
    for day in (MON, TUE):
        made.open(day)
        made.write("prices", snapshot(compared(last_differs=4)))
        made.write("requote", snapshot(compared(last_differs=9)))
        made.close()

    found = [one for one in alerts(made) if one.kind is AlertKind.PRICES]

    assert (len(found), len({one.key for one in found}), len({one.topic for one in found})) == (4, 2, 1)
