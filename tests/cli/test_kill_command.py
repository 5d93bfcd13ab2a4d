"""`kill` end to end: the file, the cancels where nobody runs the account, the end where somebody does."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from agents.scripted import ScriptedAgent
from commands.folders import AccountFolder
from commands.live_world import configured, open_live_account
from commands.minds import Mind
from commands.opening import open_recorded
from commands.recorded_run import RecordedRun, Watch
from commands.recorded_settings import run_settings
from commands.screen import Screen
from commands.ticking import Ticker
from scheduler.loop import Loop
from scheduler.slot_plan import OpenPlan
from services.clock import VirtualClock
from services.domain.instruments import Symbol
from services.journal.account import Account
from services.journal.account_lock import AccountBusy, AccountLock
from services.journal.database import open_for_reading
from services.journal.journal import Journal
from services.journal.kill_file import KILL_NAME
from services.journal.sql_store import SqlStore
from services.market.columns import open_panel
from services.settings import Settings
from services.settings_file import load_settings
from tests.cli.test_recorded_safety import CutOff
from tests.command_line import answer, call, contents, four_days
from tests.exchange_market import MON, at
from tests.unit.test_kill import Switch
from tests.unit.vendor import Vendor
from tests.unit.world import Setup

WORKING = [{"symbol": "600000.SH", "side": "buy", "shares": 100, "limit_price": "9.95", "reason": "low"}]
NOW = datetime.fromisoformat("2025-10-10T10:35:00+08:00")  # A Friday.


def settings_in(data_dir: Path, **more: str) -> Settings:
    overrides = {"mode": "paper", "data_dir": str(data_dir), **more}
    return load_settings(None, overrides=overrides, environment={}, dotenv=None)


def mind(*orders: dict[str, object]) -> Mind:
    script = (answer(*orders),)
    return Mind(
        name="scripted:hand",
        make=lambda past: ScriptedAgent(script, past.ordinal_of, name="scripted:hand"),
        script="0" * 64,
    )


def recorded_account_with_a_working_order(tmp_path: Path, account: str = "main") -> AccountFolder:
    """Leave a run over a price file cut off after its first session, an order working."""
    prices, data_dir = four_days(tmp_path), tmp_path / "data"
    settings = settings_in(data_dir, frequency="daily", account=account)
    folder = AccountFolder(data_dir, account)
    recorded = open_recorded(
        settings, folder, mind(*WORKING), prices=prices, start=None, end=None, cache=None
    )
    decided = run_settings(settings, recorded.watchlist, recorded.panel.source)
    run = RecordedRun(recorded, decided, mind(*WORKING), folder, folder.journal, lambda lock: lock.acquire())

    def die(*_said: object) -> None:
        raise CutOff

    with pytest.raises(CutOff):
        run.execute(Watch(ended=die))
    assert working(folder) == 1
    return folder


def folded(folder: AccountFolder) -> Account:
    store = SqlStore(open_for_reading(folder.journal), folder.account)
    return Journal(store, folder.account, VirtualClock(NOW), partial(open_panel, folder.panels)).account


def working(folder: AccountFolder) -> int:
    return len(folded(folder).book.open_orders)


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> VirtualClock:
    """A clock for the world of live prices, and a vendor that shows 10.00 for everything."""
    clock = VirtualClock(NOW)
    monkeypatch.setattr("commands.live_world.SystemClock", lambda: clock)
    monkeypatch.setattr("commands.live_world.live_source", lambda _settings, of, *_given: Vendor(of, at_ten))
    return clock


def at_ten(_symbol: Symbol, _moment: datetime) -> str:
    return "10.00"


def live_account_with_an_order(data_dir: Path, clock: VirtualClock) -> AccountFolder:
    settings = settings_in(data_dir, frequency="hourly")
    settings = replace(settings, watchlist=(Symbol("600000.SH"),))
    folder = AccountFolder(data_dir, "main")
    with ExitStack() as opened:
        account = open_live_account(settings, folder, folder.journal, opened, None)
        world = configured(account, mind(*WORKING))
        loop = Loop(world, OpenPlan(world.market, world.frequency, world.calendar))
        asyncio.run(loop.tick(clock.now()))
    return folder


def live_account_with_a_working_order(data_dir: Path, clock: VirtualClock) -> AccountFolder:
    folder = live_account_with_an_order(data_dir, clock)
    assert working(folder) == 1
    return folder


def outcome(done: Any, number: int = 0) -> dict[str, object]:
    one = done.json["accounts"][number]
    assert isinstance(one, dict)
    return one


def test_where_nobody_runs_a_recorded_account_kill_cancels_what_works(tmp_path: Path):
    folder = recorded_account_with_a_working_order(tmp_path)

    done = call("kill", "--why", "enough", "--data-dir", folder.data_dir, "--json")

    assert done.code == 0
    assert outcome(done) == {"account": "main", "state": "stopped", "orders": 1, "working": 0, "why": ""}
    assert "enough" in (folder.data_dir / KILL_NAME).read_text(encoding="utf-8")
    assert working(folder) == 0
    assert call("verify", "--data-dir", folder.data_dir).code == 0
    assert call("replay", "all", "--data-dir", folder.data_dir).code == 0


@pytest.mark.parametrize("looks", [1, 2])
def test_who_only_looks_at_the_lock_is_not_taken_for_a_process_that_cancels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looks: int
):
    folder = recorded_account_with_a_working_order(tmp_path)
    acquire, looking = AccountLock.acquire, [True] * looks

    def busy_at_first(lock: AccountLock) -> None:
        if looking:
            looking.pop()
            raise AccountBusy("lock", "somebody looks")
        acquire(lock)

    monkeypatch.setattr(AccountLock, "acquire", busy_at_first)
    monkeypatch.setattr("commands.account_claim._LOOK_S", 0.0)

    done = call("kill", "--why", "enough", "--data-dir", folder.data_dir, "--json")

    assert (done.code, outcome(done)["state"], outcome(done)["orders"]) == (0, "stopped", 1)
    assert working(folder) == 0


def test_where_nobody_runs_a_live_account_kill_cancels_what_works(tmp_path: Path, live: VirtualClock):
    folder = live_account_with_a_working_order(tmp_path / "data", live)

    # The configuration on the command line is another one: hourly was what the account ran under.
    done = call("kill", "--account", "main", "--why", "enough", "--data-dir", folder.data_dir, "--json")

    assert done.code == 0
    assert outcome(done) == {"account": "main", "state": "stopped", "orders": 1, "working": 0, "why": ""}
    assert (folder.root / KILL_NAME).is_file()
    assert working(folder) == 0
    assert call("verify", "--data-dir", folder.data_dir).code == 0
    assert call("replay", "all", "--data-dir", folder.data_dir).code == 0


def test_where_nobody_runs_an_account_kill_gives_up_what_waits_for_one(tmp_path: Path, live: VirtualClock):
    live.jump(NOW.replace(hour=11))
    folder = live_account_with_an_order(tmp_path / "data", live)
    assert len(folded(folder).waiting()) == 1

    done = call("kill", "--account", "main", "--why", "enough", "--data-dir", folder.data_dir, "--json")

    assert (done.code, outcome(done)["state"]) == (0, "stopped")
    assert folded(folder).waiting() == ()
    assert call("verify", "--data-dir", folder.data_dir).code == 0
    assert call("replay", "all", "--data-dir", folder.data_dir).code == 0


def test_a_kill_without_an_account_is_of_all_of_them_whatever_fails_with_one(tmp_path: Path):
    one = recorded_account_with_a_working_order(tmp_path, "one")
    two = recorded_account_with_a_working_order(tmp_path, "two")
    one.audit.write_bytes(b"not what the journal says\n")

    done = call("kill", "--why", "enough", "--data-dir", one.data_dir, "--json")

    assert done.code == 3
    assert [outcome(done, number)["state"] for number in (0, 1)] == ["failed", "stopped"]
    assert str(one.audit) in str(outcome(done)["why"])
    assert working(two) == 0


def test_a_process_that_has_the_account_is_left_to_cancel_itself(tmp_path: Path):
    folder = recorded_account_with_a_working_order(tmp_path)
    lock = AccountLock(folder.root)
    lock.acquire()

    done = call("kill", "--why", "enough", "--data-dir", folder.data_dir, "--json")
    lock.release()

    assert (done.code, outcome(done)["state"]) == (0, "running")
    assert working(folder) == 1
    # When it looks next, it does.
    assert call("kill", "--why", "enough", "--data-dir", folder.data_dir).code == 0
    assert working(folder) == 0


def test_an_account_with_nothing_at_work_is_not_even_opened(tmp_path: Path):
    call("--demo", "--no-report", "--data-dir", tmp_path, "--end", "2026-07-13", "--json")
    before = contents(tmp_path)

    done = call("kill", "--why", "enough", "--data-dir", tmp_path, "--json")

    assert (done.code, outcome(done)["state"]) == (0, "finished")
    assert {name: kept for name, kept in contents(tmp_path).items() if name != KILL_NAME} == before


def test_undone_the_account_trades_again(tmp_path: Path):
    call("kill", "--why", "enough", "--data-dir", tmp_path)
    stopped = call("--demo", "--no-report", "--data-dir", tmp_path, "--json")

    undone = call("kill", "--undo", "--data-dir", tmp_path, "--json")
    ran = call("--demo", "--no-report", "--data-dir", tmp_path, "--json")

    assert (stopped.code, undone.code, ran.code) == (4, 0, 0)
    assert ran.json["sessions"] == 20
    assert not (tmp_path / KILL_NAME).exists()


def test_undone_for_one_account_it_says_that_the_folder_is_still_stopped(tmp_path: Path):
    recorded = recorded_account_with_a_working_order(tmp_path)
    for account in ((), ("--account", "main")):
        assert call("kill", "--why", "x", *account, "--data-dir", recorded.data_dir).code == 0

    done = call("kill", "--undo", "--account", "main", "--data-dir", recorded.data_dir, "--json")

    assert (done.code, done.json["killed_still"]) == (0, True)


@pytest.mark.parametrize(("arguments", "names"), [
    (("kill",), "--why"),
    (("kill", "--why", " "), "--why"),
    (("kill", "--why", "x", "--data-dir", "nowhere"), "nowhere"),
    (("kill", "--why", "x", "--account", "nobody"), "nobody"),
    (("kill", "--undo"), KILL_NAME),
    (("kill", "--undo", "--account", "main"), KILL_NAME),
])  # fmt: skip
def test_a_mistake_is_one_line_and_changes_nothing(tmp_path: Path, arguments: tuple[str, ...], names: str):
    data = tmp_path / "data"
    data.mkdir()
    there = () if "--data-dir" in arguments else ("--data-dir", data)

    done = call(*arguments, *there, "--json")

    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert names in done.err
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_status_shows_the_kill_file_and_what_it_says(tmp_path: Path, lang: str):
    call("--demo", "--no-report", "--data-dir", tmp_path, "--end", "2026-07-13", "--json")
    assert call("status", "--data-dir", tmp_path, "--json").json["kill"] is None
    said = call("kill", "--why", "the roof is on fire", "--data-dir", tmp_path, "--lang", lang)

    assert KILL_NAME in said.out
    assert "the roof is on fire" in call("status", "--data-dir", tmp_path, "--lang", lang).out
    assert "the roof is on fire" in str(call("status", "--data-dir", tmp_path, "--json").json["kill"])


@pytest.mark.parametrize("once", [(), ("--once",)])
def test_a_process_on_live_prices_that_finds_the_file_cancels_and_ends_with_4(
    tmp_path: Path, live: VirtualClock, once: tuple[str, ...]
):
    folder = live_account_with_a_working_order(tmp_path / "data", live)
    (folder.root / KILL_NAME).touch()

    there = ("--frequency", "hourly", "--data-dir", folder.data_dir)
    done = call("--mode", "paper", *there, *once, "--json")

    assert (done.code, done.json["killed"]) == (4, {"orders": 1, "working": 0})
    assert working(folder) == 0


def test_a_process_that_idles_ends_at_the_tick_that_finds_the_file():
    switch = Switch()
    process = Setup(killed=switch.killed, stop=switch.stop).open(at(MON, "10:00"))

    async def minutes() -> bool:
        ticker = Ticker(process.loop, process.world, Screen("en", as_json=True))
        await ticker.tick()
        up = not ticker._stopping.is_set()
        switch.on = True
        await ticker.tick()
        await asyncio.wait_for(ticker.ended(), timeout=10)
        return up

    assert asyncio.run(minutes()) is True
    assert process.loop.killed is not None
