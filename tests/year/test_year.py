"""Some weeks pass without a silent or a double slot, and every planted bug is found in days."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path

import pytest

from tests.year.__main__ import grown
from tests.year.judged import ANNOUNCED_S_MAX, judged
from tests.year.living import Figures, Living
from tests.year.machine import Grid, Machine, Process
from tests.year.plan import CN_TIMES, Deed, drawn, made
from tests.year.planted import TABLE, found

BUGS_MIN = 10


def test_two_weeks_pass_without_a_silent_or_a_double_slot(tmp_path: Path) -> None:
    # New York goes over to summer time on the second Sunday; `make year` lives the whole of it.
    plan = drawn(3, 2, date(2026, 3, 1))

    lived = Living(plan, tmp_path).live()
    verdict = judged(lived)

    assert verdict.wrong == []
    # 10 days of 4 and 1 slots in Shanghai, of 6 in New York.
    assert dict(verdict.by_account) == {"cn": 40, "cn-daily": 10, "us": 60}
    assert (verdict.silent, verdict.double) == (0, 0)
    assert verdict.longest_s <= ANNOUNCED_S_MAX
    # It proves nothing where nothing dies, trades or is missed.
    assert lived.deaths["house"] >= 3
    assert verdict.sessions["done"] > 3
    assert sum(verdict.announced_by.values()) > 3


def test_there_are_bugs_to_find() -> None:
    assert len(TABLE) >= BUGS_MIN


@pytest.mark.parametrize("name", list(TABLE))
def test_a_planted_bug_is_found_within_days(name: str) -> None:
    verdict = found(name)

    assert any(TABLE[name].finding in one for one in verdict.wrong), verdict.wrong


def test_a_year_has_the_days_that_the_exchanges_had() -> None:
    plan = drawn(2026, 54)
    of = {name: [one for one in plan.slots if one.account == name] for name in ("cn", "cn-daily", "us")}

    of_the_year = [one for one in of["cn"] if one.local < "2027"]
    # 242 trading days of 2026 in Shanghai; in New York 250 from the fifth of January, two of them short:
    # 250 * 6 less the three slots after 13:00 on each.
    assert len(of_the_year) == 242 * 4
    assert len([one for one in of["cn-daily"] if one.local < "2027"]) == 242
    assert len([one for one in of["us"] if one.local < "2027"]) == 250 * 6 - 2 * 3
    assert {one.local[11:] for one in of["cn"]} == {f"{at:%H:%M}" for at in CN_TIMES}
    assert [one.local[:10] for one in of["cn-daily"] if one.unknown] == [
        "2027-01-11", "2027-01-12", "2027-01-13", "2027-01-14", "2027-01-15",
    ]  # fmt: skip


def test_every_deed_is_done_in_a_year_and_two_crashes_a_week() -> None:
    plan = drawn(2026, 54)
    deeds = [act.deed for act in plan.acts]

    assert set(deeds) == set(Deed)
    assert deeds.count(Deed.CRASH) >= 100
    assert sum(act.steps > 0 for act in plan.acts) > 30
    assert {act.wrong_s for act in plan.acts if act.deed is Deed.CLOCK} == {-3600.0, -3.0, 3.0, 3600.0}


def test_a_seed_is_the_same_plan_every_time() -> None:
    assert drawn(7, 20).acts == drawn(7, 20).acts != drawn(8, 20).acts


def test_waits_end_on_the_grid_and_work_takes_its_time() -> None:
    machine = Machine(made(date(2026, 9, 6), 60.0, ()).start)
    process = machine.processes["one"] = Process("one", machine, Grid([0.0, 600.0]))
    seen: list[float] = []

    async def life() -> None:
        await asyncio.sleep(2)
        seen.append(machine.now_s)
        await asyncio.sleep(0.5)
        seen.append(machine.now_s)
        await process.loop.take(7)
        seen.append(machine.now_s)

    process.start(life())
    machine.run_until(1000.0, lambda _process: None)

    assert seen == [600.0, 600.5, 607.5]


def test_waits_end_late_in_a_year_too() -> None:
    machine = Machine(made(date(2026, 9, 6), 60.0, ()).start)
    # From 2**24 seconds on, in the 28th week, two floats lie 3.7 ns apart.
    machine.now_s = 16_777_216.25
    process = machine.processes["one"] = Process("one", machine, Grid([]))
    seen: list[float] = []

    async def life() -> None:
        await asyncio.sleep(1.1)
        seen.append(machine.now_s)

    process.start(life())
    machine.run_until(machine.now_s + 10, lambda _process: None)

    assert process.stuck == ""
    assert seen == pytest.approx([16_777_217.35])


def test_a_dead_process_touches_nothing_any_more() -> None:
    machine = Machine(made(date(2026, 9, 6), 60.0, ()).start)
    process = machine.processes["one"] = Process("one", machine, Grid([]))
    process.touches_left = 2
    written: list[str] = []

    async def life() -> None:
        try:
            for word in ("a", "b", "c"):
                machine.touch()
                written.append(word)
        finally:
            machine.touch()
            written.append("after its death")

    process.start(life())
    ended: list[bool] = []
    machine.run_until(1.0, lambda one: ended.append(one.dead))

    assert (written, ended) == (["a", "b"], [True])


@pytest.mark.parametrize(("later", "words"), [
    (Figures(week=26, rss_mib=104.9, descriptors=20, journal_kib=1), []),
    (Figures(week=26, rss_mib=105.1, descriptors=20, journal_kib=1), ["memory"]),
    (Figures(week=26, rss_mib=90.0, descriptors=21, journal_kib=1), ["descriptors"]),
])  # fmt: skip
def test_growth_after_the_first_quarter_is_found(later: Figures, words: list[str]) -> None:
    first = Figures(week=13, rss_mib=100.0, descriptors=20, journal_kib=1)

    assert [one.split()[0] for one in grown([first, later])] == words
