import json
import subprocess
import sys
from datetime import date, time
from pathlib import Path

import pytest

from services import calendars
from services.calendars import MarketCalendar, OverlayError, load_overlay
from services.domain.events import TradingDay
from services.domain.instruments import Market

ROOT = Path(__file__).parents[2]
OPEN, CLOSED, UNKNOWN = TradingDay.OPEN, TradingDay.CLOSED, TradingDay.UNKNOWN


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A folder with both markets' caches, computed once for all tests here."""
    folder = tmp_path_factory.mktemp("calendars")
    for market in Market:
        MarketCalendar(market, folder)
    return folder


def cn(cache, **overlay):
    return MarketCalendar(
        Market.CN, cache, {date.fromisoformat(day): state for day, state in overlay.items()}
    )


@pytest.mark.parametrize(
    ("day", "state"),
    [
        ("2026-11-20", OPEN),
        ("2026-11-21", CLOSED),  # A Saturday.
        ("2026-10-01", CLOSED),
        ("2026-10-10", CLOSED),  # A working Saturday for offices, never for the exchange.
        ("2026-02-23", CLOSED),
        ("2026-02-24", OPEN),
        ("2024-02-09", CLOSED),  # Another library calls it a workday.
        ("2026-12-31", OPEN),
        ("2027-01-01", UNKNOWN),
        ("2027-01-02", UNKNOWN),
        ("1990-12-18", UNKNOWN),  # The day before the Shanghai exchange opened.
        ("1990-12-19", OPEN),
    ],
)
def test_a_mainland_day_is_open_closed_or_unknown(cache, day, state):
    assert cn(cache).trading_day(date.fromisoformat(day)) is state


def test_2026_has_242_mainland_days(cache):
    days = cn(cache).trading_days(date(2026, 1, 1), date(2026, 12, 31))

    assert len(days) == 242
    assert (days[0], days[-1]) == (date(2026, 1, 5), date(2026, 12, 31))
    assert list(days) == sorted(days)


def test_both_ends_of_a_range_of_days_are_included(cache):
    # 2025-10-10 … 2025-11-19 is the period of the recorded runs: 29 days.
    assert len(cn(cache).trading_days(date(2025, 10, 10), date(2025, 11, 19))) == 29
    assert cn(cache).trading_days(date(2026, 10, 1), date(2026, 10, 7)) == ()


@pytest.mark.parametrize(
    ("day", "state"),
    [
        ("2026-07-03", CLOSED),  # Independence Day falls on a Saturday.
        ("2026-11-26", CLOSED),
        ("2026-11-27", OPEN),
        ("2025-01-09", CLOSED),  # A day of mourning, announced days before.
        ("2027-07-05", CLOSED),
        ("2028-01-03", UNKNOWN),
    ],
)
def test_a_us_day_is_open_closed_or_unknown(cache, day, state):
    assert MarketCalendar(Market.US, cache).trading_day(date.fromisoformat(day)) is state


def test_an_early_close_is_told_in_the_markets_own_time(cache):
    us = MarketCalendar(Market.US, cache)

    assert us.early_close(date(2026, 11, 27)) == time(13)
    assert us.early_close(date(2026, 12, 24)) == time(13)
    assert us.early_close(date(2026, 11, 20)) is None
    assert cn(cache).early_close(date(2026, 11, 20)) is None


def test_the_runway_counts_the_days_to_the_end_of_knowledge(cache):
    calendar = cn(cache)

    assert calendar.known_until == date(2026, 12, 31)
    assert calendar.runway_days(date(2026, 12, 1)) == 30
    assert calendar.runway_days(date(2027, 1, 10)) == -10


def test_an_overlay_lengthens_the_runway_only_without_a_gap(cache):
    assert cn(cache, **{"2027-01-01": CLOSED, "2027-01-04": OPEN}).known_until == date(2027, 1, 4)
    assert cn(cache, **{"2027-01-01": CLOSED, "2027-01-05": OPEN}).known_until == date(2027, 1, 1)
    assert cn(cache, **{"2027-01-04": OPEN}).known_until == date(2026, 12, 31)


def test_an_overlay_is_believed_before_the_library(cache):
    calendar = cn(cache, **{"2026-11-23": CLOSED, "2027-01-04": OPEN, "2027-01-05": CLOSED})

    assert calendar.trading_day(date(2026, 11, 23)) is CLOSED
    assert calendar.trading_day(date(2027, 1, 4)) is OPEN
    assert calendar.trading_day(date(2027, 1, 5)) is CLOSED
    assert calendar.trading_days(date(2026, 12, 31), date(2027, 12, 31)) == (
        date(2026, 12, 31),
        date(2027, 1, 4),
    )


def forbid_library(monkeypatch):
    monkeypatch.setattr(calendars, "_computed", lambda _: pytest.fail("the library was asked"))


def test_a_sound_cache_is_used_without_the_library(cache, monkeypatch):
    forbid_library(monkeypatch)

    assert cn(cache).trading_day(date(2026, 11, 20)) is OPEN


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: b"",
        lambda whole: whole[:-20],
        lambda whole: whole.replace(b"2026-11-20", b"2026-11-21"),
        lambda whole: whole + b"x",
        lambda whole: None,
    ],
)
def test_a_damaged_or_missing_cache_is_computed_and_written_anew(cache, tmp_path, damage):
    whole = (cache / "calendar-cn.json").read_bytes()
    path = tmp_path / "calendar-cn.json"
    damaged = damage(whole)
    if damaged is not None:
        path.write_bytes(damaged)

    assert cn(tmp_path).trading_day(date(2026, 11, 20)) is OPEN
    assert path.read_bytes() == whole


def test_a_cache_of_another_library_version_is_written_anew(cache, tmp_path, monkeypatch):
    path = tmp_path / "calendar-cn.json"
    path.write_bytes((cache / "calendar-cn.json").read_bytes())
    monkeypatch.setattr(calendars, "installed_version", lambda _: "99.0")

    cn(tmp_path)

    assert "99.0" in json.loads(path.read_bytes().split(b"\n")[1])["stamp"]


def test_a_cache_that_cannot_be_written_costs_time_and_nothing_else(tmp_path):
    not_a_folder = tmp_path / "file"
    not_a_folder.write_text("")

    assert cn(not_a_folder).trading_day(date(2026, 11, 20)) is OPEN


def test_a_start_with_a_cache_imports_neither_pandas_nor_the_library(cache):
    program = (
        "import sys; from pathlib import Path; from services.calendars import MarketCalendar; "
        "from services.domain.instruments import Market; MarketCalendar(Market.CN, Path(sys.argv[1])); "
        "print(sorted({'pandas', 'exchange_calendars', 'yaml'} & sys.modules.keys()))"
    )

    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, str(cache)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout == "[]\n"


def overlay(folder, text, name="overlay.yaml"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_an_overlay_file_is_yaml_or_json(tmp_path):
    expected = {date(2027, 1, 4): OPEN, date(2027, 1, 1): CLOSED}

    assert load_overlay(overlay(tmp_path, "2027-01-04: open\n'2027-01-01': closed\n")) == expected
    assert (
        load_overlay(overlay(tmp_path, '{"2027-01-04": "open", "2027-01-01": "closed"}', "o.json"))
        == expected
    )


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("2027-01-04: maybe", "maybe"),
        ("2027-01-04: unknown", "unknown"),
        ("tomorrow: open", "tomorrow"),
        ("2027-13-45: open", "2027-13-45"),
        ("- 2027-01-04", ""),
        ("2027-01-04: open\n2027-01-04: closed", ":2:"),
        ("2027-01-04: [open]", "sequence"),
        ("", ""),
        ("a: b: c", ""),
    ],
)
def test_an_overlay_that_states_something_else_is_refused_in_one_line(tmp_path, text, named):
    path = overlay(tmp_path, text)

    with pytest.raises(OverlayError) as caught:
        load_overlay(path)

    assert str(path) in str(caught.value)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_overlay_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(OverlayError):
        load_overlay(tmp_path / "absent.yaml")
