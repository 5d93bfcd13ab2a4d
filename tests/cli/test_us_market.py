"""Recorded US prices: whole shares, slots in New York's time."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.journal.sql_store import SqlStore
from tests.command_line import Ran, answer, call, order, script, table, trail

# The clocks in New York went back on Sunday 2025-11-02.
BARS = [
    ("20251030", "99,105,95,100"),
    ("20251031", "100,105,95,101"),
    ("20251103", "101,110,95,102"),
    ("20251104", "102,110,95,103"),
]


def run(mode: str, folder: Path) -> Ran:
    prices = table(folder / "us.csv", [f"AAPL.US,{day},{four},5000000,1," for day, four in BARS])
    agent = script(
        folder / "answers.jsonl",
        [answer(order(side, shares, "AAPL.US")) for side, shares in (("buy", 7), ("sell", 3), ("buy", 1))],
    )
    return call(
        "--mode", mode, "--market", "us", "--frequency", "daily", "--prices", prices, "--start", "2025-10-31",
        "--agent", agent, "--data-dir", folder / "data", "--json",
    )  # fmt: skip


@pytest.mark.parametrize("mode", ["backtest", "paper"])
def test_us_prices_run(mode: str, tmp_path: Path):
    done = run(mode, tmp_path)

    assert (done.code, done.err) == (0, "")
    assert (done.json["market"], done.json["sessions"], done.json["fills"]) == ("us", 3, 3)
    # 100000.00 - 700.00 - 5.00, then + 303.00 - 5.00 and - 102.00 - 5.00: commission's minimum is 5.00.
    assert done.json["final_cash"] == 99486.0
    assert done.json["positions"] == {"AAPL.US": 5}
    assert call("verify", "--data-dir", tmp_path / "data").code == 0
    assert call("replay", "all", "--data-dir", tmp_path / "data", "--json").json["identical"] == 3


def test_us_slots_follow_new_york_through_the_change_of_its_clocks(tmp_path: Path):
    run("paper", tmp_path)

    assert [line["date"] for line in trail(tmp_path / "data")] == [
        "2025-10-31 00:00:00",
        "2025-10-31 09:35:00",
        "2025-11-03 09:35:00",
        "2025-11-04 09:35:00",
    ]
    store = SqlStore.open_read_only(tmp_path / "data" / "main" / "journal.sqlite3", "main")
    opened = [datetime.fromisoformat(event.at) for event in store.events() if event.step == "opened"]
    store.close()
    assert [moment.astimezone(UTC).strftime("%d %H:%M") for moment in opened] == [
        "31 13:35",  # Summer time, four hours behind UTC.
        "03 14:35",
        "04 14:35",
    ]


def test_us_hours_need_bars_of_hours(tmp_path: Path):
    prices = table(tmp_path / "us.csv", [f"AAPL.US,{day},{four},5000000,1," for day, four in BARS])

    done = call("--mode", "backtest", "--market", "us", "--frequency", "hourly", "--prices", prices)

    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert "us.csv" in done.err
