"""Paper trading on live prices, up to the door of the vendor: what is refused, what is waited for."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from commands.live_run import why_nothing_ran
from scheduler.slot_plan import OpenPlan
from services.calendars import MarketCalendar
from services.clock import VirtualClock
from services.domain.bars import Frequency, Panel
from services.domain.events import Genesis
from services.domain.instruments import Market
from services.journal.journal import Journal
from services.journal.sql_store import SqlStore
from services.slots import ZONES
from tests.command_line import call, contents

ZONE = ZONES[Market.CN]


def no_panel(digest: str) -> Panel:
    raise KeyError(digest)


def live_account(data_dir: Path) -> None:
    """Leave the journal of an account that lives on daily slots and has run nothing yet."""
    opened_at = datetime(2025, 10, 10, 9, tzinfo=ZONE)
    store = SqlStore.open(data_dir / "main" / "journal.sqlite3", "main")
    store.take_fence()
    genesis = Genesis(
        account="main", mode="paper", run_id="live", market="cn", frequency="daily",
        cash_cny=Decimal("100000.00"), agent="rule:momentum", opened_at=opened_at, watchlist=("600000.SH",),
    )  # fmt: skip
    Journal(store, "main", VirtualClock(opened_at), no_panel).write("", "genesis", genesis)
    store.close()


def test_an_account_keeps_the_slots_it_was_opened_with(tmp_path: Path):
    live_account(tmp_path / "data")
    before = contents(tmp_path / "data")

    done = call("--mode", "paper", "--frequency", "hourly", "--once", "--data-dir", tmp_path / "data")

    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert str(tmp_path / "data" / "main") in done.err
    after = contents(tmp_path / "data")
    assert b'"state":"error"' in after.pop("main/vitals.json")
    assert b'"level":"error"' in after.pop("main/log/kaipan.log")
    assert {name: kept for name, kept in after.items() if name != "main/lock"} == before


def test_status_tells_the_next_slot_of_an_account_on_live_prices(tmp_path: Path):
    live_account(tmp_path / "data")

    found = call("status", "--data-dir", tmp_path / "data", "--json").json

    assert (found["state"], found["sessions"], found["run_id"]) == ("stopped", 0, "live")
    assert "next_slot" in found


@pytest.mark.parametrize(("now", "key"), [
    ("2025-10-10 09:00", "live.nothing_due"),  # A Friday, before 09:35.
    ("2025-10-10 09:35", "live.already_run"),
    ("2025-10-10 23:00", "live.already_run"),
    ("2025-10-11 08:00", "live.not_a_trading_day"),  # Friday's slot is less than a day ago.
])  # fmt: skip
def test_once_says_why_there_was_nothing_to_run(now: str, key: str, tmp_path: Path):
    moment = datetime.fromisoformat(f"{now}:00+08:00")
    plan = OpenPlan(Market.CN, Frequency.DAILY, MarketCalendar(Market.CN, tmp_path))

    assert why_nothing_ran(plan, Market.CN, moment) == key
    assert plan.next_after(moment) is not None


def test_a_vendor_nobody_knows_is_named_before_anything_is_written(tmp_path: Path):
    (tmp_path / "own.yaml").write_text("data_source: {type: tusharee}\n", encoding="utf-8")

    done = call("--once", "--config", "own.yaml", "--data-dir", tmp_path / "data")

    assert (done.code, len(done.err.splitlines())) == (3, 1)
    assert "tusharee" in done.err
    assert not (tmp_path / "data").exists()
