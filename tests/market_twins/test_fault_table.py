"""Each source under each fault at the wire: none hangs, and no order may go by a price that is not so."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.command_line import ROOT
from tests.market_twins.faults import DEADLINE_S, EVERY, HOSTS, LIBRARY, US
from tests.market_twins.trouble import Fault, faults

LIES = {Fault.RESTAMPED, Fault.SWAPPED, Fault.PREV_CLOSE}
"""What no vendor's answer shows to be wrong by itself."""

NAMELESS = {"sina", "sina_us", "akshare", LIBRARY}
"""Sources whose record, or whose library, does not say whose it is."""

BUSY_S = 3.0
"""What a machine with other things to do may add to a deadline."""

Cell = dict[str, str | float]


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> list[Cell]:
    # The library of Yahoo keeps its cookies there.
    home = tmp_path_factory.mktemp("home")
    done = subprocess.run(
        [sys.executable, "-m", "tests.market_twins.faults", "--quick", "--json"],
        cwd=ROOT, env=os.environ | {"HOME": str(home)}, capture_output=True, encoding="utf-8", check=False,
        timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: list[Cell] = json.loads(done.stdout)
    assert {(one["source"], one["fault"]) for one in found} == {
        (source, str(fault)) for source in HOSTS for fault in (Fault.NONE, *faults())
    }
    return found


def words(cell: Cell, column: str) -> set[str]:
    return set(str(cell[column]).split("+")) - {""}


def test_a_sound_vendor_is_believed(cells: list[Cell]):
    sound = {(one["source"], one["alone"], one["gated"]) for one in cells if one["fault"] == Fault.NONE}

    assert {(source, alone) for source, alone, _ in sound if source != EVERY} == {
        (source, "true") for source in HOSTS if source != EVERY
    }
    assert {gated for source, _, gated in sound if source != LIBRARY} == {"true"}


def test_no_question_outlasts_its_deadline(cells: list[Cell]):
    # Three sources in a row at the gate have twice the deadline of one.
    late = [one for one in cells if float(one["seconds"]) > 2 * DEADLINE_S + BUSY_S]

    assert late == []


def test_one_vendor_at_fault_makes_no_wrong_price_one_to_trade_on(cells: list[Cell]):
    let_through = [
        one for one in cells if one["source"] != EVERY and words(one, "gated") - {"true", "barred", "none"}
    ]

    assert let_through == []


def test_what_one_vendor_does_not_give_another_does(cells: list[Cell]):
    honest = [
        one for one in cells
        if one["source"] not in (EVERY, *US) and one["gated"]
        and one["fault"] not in {*LIES, *([Fault.ANOTHER] if one["source"] in NAMELESS else [])}
    ]  # fmt: skip

    assert len(honest) > 80
    assert [one for one in honest if one["gated"] != "true"] == []


def test_yesterdays_prices_under_todays_stamp_bar_the_share(cells: list[Cell]):
    restamped = [one["gated"] for one in cells if one["fault"] == Fault.RESTAMPED and one["source"] != EVERY]

    assert [word for word in restamped if word] == ["barred"] * 8


def test_of_us_shares_there_are_two_sources_and_what_one_does_not_vouch_for_is_barred(cells: list[Cell]):
    of_us = [one for one in cells if one["source"] in US and one["fault"] != Fault.NONE and one["gated"]]

    assert len(of_us) > 40
    assert {word for one in of_us for word in words(one, "gated")} == {"barred", "true"}
    # Half an answer, or one cut short, is still true of the shares it tells of.
    assert {one["fault"] for one in of_us if "true" in words(one, "gated")} == {
        Fault.HALF_MISSING, Fault.TRUNCATED
    }  # fmt: skip


def test_a_source_alone_is_wrong_only_where_its_answer_does_not_show_it(cells: list[Cell]):
    wrong = {(one["source"], one["fault"]) for one in cells if "wrong" in words(one, "alone")}

    alone = set(HOSTS) - {EVERY}
    assert wrong == {(source, str(lie)) for source in alone for lie in LIES} | {
        (source, str(Fault.ANOTHER)) for source in NAMELESS
    } | {("sina", str(Fault.RENAMED))}  # With its columns shifted it has no time either, and values nothing.


def test_with_every_vendor_at_fault_nothing_wrong_is_traded_on(cells: list[Cell]):
    # Where all tell one and the same lie, yesterday's market as today's, nobody is left to contradict it.
    unknowable = {Fault.RESTAMPED, Fault.SWAPPED}
    together = [one for one in cells if one["source"] == EVERY and one["fault"] not in unknowable]

    assert {one["fault"]: one["gated"] for one in together if "wrong" in words(one, "gated")} == {}
    assert {one["gated"] for one in together if one["fault"] in (Fault.STALE, Fault.YESTERDAY)} == {"barred"}
