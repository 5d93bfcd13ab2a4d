"""What keeps a configuration from trading real money, row by row."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

import commands.going_live as going_live
from commands.doctor_wording import CATALOGUE
from commands.going_live import lacks
from services.rules import Confidence, Row, Series
from services.rules.programmatic import ProgrammaticRule
from services.settings import Settings
from services.settings_file import load_settings

DAY = date(2026, 1, 5)  # The exchange rules of 2025-07-07 are in force: 300 a second, 20,000 a day.
TOLD = {
    "reported": "true",
    "acknowledged": "true",
    "declared_orders_per_second": "5",
    "declared_orders_per_day": "1000",
}
SET = {
    "max_single_position_ratio": "0.2",
    "max_daily_loss_ratio": "0.05",
    "max_drawdown_ratio": "0.1",
    "orders_per_second_max": "1",
    "orders_per_day_max": "200",
}


def settings(folder: Path, *, market: str = "cn", **changed: str) -> Settings:
    told, risk = ({key: changed.get(key, value) for key, value in one.items()} for one in (TOLD, SET))
    path = folder / "c.yaml"
    lines = [f"mode: live\nmarket: {market}"]
    for name, keys in (("programmatic_trading", told), ("risk_control", risk)):
        lines += [f"{name}:", *(f"  {key}: {value}" for key, value in keys.items())]
    path.write_text("\n".join(lines), encoding="utf-8")
    return load_settings(path, environment={}, dotenv=None)


def test_a_configuration_that_says_all_of_it_lacks_nothing(tmp_path: Path):
    assert lacks(settings(tmp_path), DAY) == ()


@pytest.mark.parametrize(
    ("changed", "finding"),
    [
        ({"reported": "false"}, "live.unreported"),
        ({"acknowledged": "false"}, "live.unacknowledged"),
        ({"declared_orders_per_second": ""}, "live.undeclared"),
        ({"declared_orders_per_day": ""}, "live.undeclared"),
        ({"orders_per_second_max": "5"}, None),  # As many as declared.
        ({"orders_per_second_max": "6"}, "live.over_declared"),
        ({"orders_per_day_max": "1000"}, None),
        ({"orders_per_day_max": "1001"}, "live.over_declared"),
        ({"declared_orders_per_second": "299"}, None),
        ({"declared_orders_per_second": "300"}, "live.high_frequency"),
        ({"declared_orders_per_day": "19999"}, None),
        ({"declared_orders_per_day": "20000"}, "live.high_frequency"),
        ({"max_single_position_ratio": "0.99"}, None),
        ({"max_single_position_ratio": "1"}, "live.limit_unset"),
        ({"max_daily_loss_ratio": "0.99"}, None),
        ({"max_daily_loss_ratio": "1"}, "live.limit_unset"),
        ({"max_drawdown_ratio": ""}, "live.limit_unset"),
    ],
)
def test_each_thing_that_is_missing_is_found_by_itself(
    tmp_path: Path, changed: dict[str, str], finding: str | None
):
    found = lacks(settings(tmp_path, **changed), DAY)

    assert [one.finding for one in found] == ([] if finding is None else [finding])
    named = found[0].values if found else {}
    assert not named or set(changed) & {named.get("key"), named.get("declared_key")}


def test_our_own_bound_is_at_most_a_tenth_of_the_high_frequency_threshold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # The configuration takes 10 a second and 2,000 a day at most: a tighter rule of another day shows it.
    rule = ProgrammaticRule(report_first=True, high_frequency_per_second=19, high_frequency_per_day=2000)
    row = Row(value=rule, since=DAY, source="a rule to come", confidence=Confidence.LOW)
    monkeypatch.setattr(going_live, "PROGRAMMATIC", Series(name="x", rows=(row,)))

    at_a_tenth = lacks(settings(tmp_path), DAY)  # 1 of 19 and 200 of 2000
    above = lacks(settings(tmp_path, orders_per_second_max="2", orders_per_day_max="201"), DAY)

    assert at_a_tenth == ()
    assert [(one.finding, one.values["most"]) for one in above] == [
        ("live.too_many", 1),
        ("live.too_many", 200),
    ]


def test_before_the_rules_nothing_was_reported_and_no_threshold_was_there(tmp_path: Path):
    unreported = settings(tmp_path, reported="false", acknowledged="false", declared_orders_per_day="20000")

    assert lacks(unreported, date(2024, 10, 7)) == ()
    assert [one.finding for one in lacks(unreported, date(2024, 10, 8))] == [
        "live.unreported",
        "live.unacknowledged",
    ]


def test_a_day_the_rulebook_does_not_know_is_refused(tmp_path: Path):
    assert [one.finding for one in lacks(settings(tmp_path), date(2027, 1, 4))] == ["live.rules_unknown"]


def test_another_market_has_no_report_but_the_same_limits(tmp_path: Path):
    found = lacks(settings(tmp_path, market="us", reported="false", max_drawdown_ratio=""), DAY)

    assert [(one.finding, one.values) for one in found] == [
        ("live.limit_unset", {"key": "max_drawdown_ratio"})
    ]


def test_every_finding_has_its_wording_and_its_mend():
    source = Path(lacks.__code__.co_filename).read_text(encoding="utf-8")
    found = set(re.findall(r'"(live\.[a-z_]+)"', source))

    assert len(found) == 8
    assert {name for key in found for name in (key, f"{key}.mend")} <= CATALOGUE.keys()
