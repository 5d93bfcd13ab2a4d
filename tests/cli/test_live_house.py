"""Several accounts in one process: none waits for another nor falls with it; each can be started again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from commands.folders import AccountFolder
from commands.live_house import House, up
from commands.live_tenant import HouseEnd
from commands.live_world import LiveOutside
from commands.options import RunOptions
from commands.screen import Screen
from commands.true_time import TrueTime
from services.clock import SystemClock, VirtualClock
from services.clock_offset import Offset
from services.domain.inbox import LifeWord, Scope
from services.domain.instruments import Market
from services.domain.vitals import LifeState, Vitals
from services.journal.account_lock import account_lock
from services.journal.inbox import Inboxes
from services.journal.kill_file import put_kill_file
from services.market.feeds.host_registry import HostRegistry
from services.ports import JournalFault
from services.settings import Settings
from services.settings_file import load_settings
from services.slots import local
from services.vitals_file import read_vitals
from tests import channel_twins as twins
from tests.command_line import PROGRAM, call, script
from tests.unit.staying_up import FRIDAY, HOLDS, at_ten, friday, settings_in
from tests.unit.vendor import Vendor


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("commands.ticking.INBOX_LOOK_S", 0.01)
    monkeypatch.setattr("commands.live_tenant.INBOX_LOOK_S", 0.01)


class Hosted:
    """A house on a clock and a vendor of the tests, its accounts driven by hand."""

    def __init__(self, folder: Path, *names: str, standby: bool = False, **more: object) -> None:
        spec = script(folder / "answers.jsonl", [HOLDS] * 8)
        self.data = folder / "data"
        self.settings = [
            settings_in(self.data, account=name, agent_type=spec, **(more if name == names[-1] else {}))
            for name in names
        ]
        self.clock = VirtualClock(FRIDAY)
        self.vendor = Vendor(self.clock, at_ten)
        self.options = RunOptions(standby=standby)
        self.house: House | None = None
        self.true_time: TrueTime | None = None

    def live(self, act: Callable[[Hosted], Awaitable[None]]) -> dict[str, HouseEnd]:
        """Start all, do the act, ask for the end, and return how each ended."""

        async def life() -> tuple[HouseEnd, ...]:
            outside = LiveOutside(self.clock, self.vendor, true_time=self.true_time)
            self.house = House(self.settings, self.options, Screen("en", as_json=False), outside)
            ready = asyncio.Event()
            staying = asyncio.create_task(self.house.stay_up(ready.set))
            waiting = asyncio.create_task(ready.wait())
            await asyncio.wait({staying, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if not staying.done():
                await act(self)
                self.house.stop()
            waiting.cancel()
            return (await staying)[0]

        return {end.account: end for end in asyncio.run(life())}

    async def tick(self, clock: str, *names: str) -> None:
        """Let a trigger fire for the accounts that run, or those named, all at once."""
        self.clock.jump(friday(clock))
        assert self.house is not None
        running = [one for one in self.house.tenants if one._running is not None]
        chosen = [one for one in running if not names or one._settings.account in names]
        await asyncio.gather(*(one._running.tick() for one in chosen if one._running))

    async def put(self, account: str, word: LifeWord, state: LifeState) -> None:
        """Put a word to an account, and wait until it says so."""
        folder = AccountFolder(self.data, account)
        inboxes = Inboxes(folder.journal, account)
        inboxes.put(Scope.HERE, str(word), {"by": "ann", "at": self.clock.now().isoformat()})
        inboxes.close()
        async with asyncio.timeout(30):
            while self.vitals(account).state is not state:
                await asyncio.sleep(0.01)

    def vitals(self, account: str) -> Vitals:
        found = read_vitals(AccountFolder(self.data, account).root)
        assert found is not None
        return found

    def outcomes(self, account: str) -> list[str]:
        listed = call("sessions", "--data-dir", self.data, "--account", account, "--json").json["sessions"]
        assert isinstance(listed, list)
        return [one["outcome"] for one in listed]


def test_each_account_has_its_own_sessions_on_prices_asked_for_once(tmp_path: Path):
    hosted = Hosted(tmp_path, "one", "two")

    async def act(hosted: Hosted) -> None:
        await hosted.tick("10:35")

    ends = hosted.live(act)

    assert hosted.vendor.asked == 1
    assert hosted.outcomes("one") == hosted.outcomes("two") == ["no_trade"]
    assert {name: end.state for name, end in ends.items()} == {"one": "stopped", "two": "stopped"}
    assert [end.code for end in ends.values()] == [0, 0]
    assert hosted.vitals("one").state is hosted.vitals("two").state is LifeState.STOPPED
    for name in ends:
        assert call("verify", "--data-dir", hosted.data, "--account", name).code == 0
        assert call("replay", "all", "--data-dir", hosted.data, "--account", name).code == 0


@pytest.mark.parametrize(
    ("offset_s", "within_s", "state"),
    [(86_400.0, 1.0, "failed"), (-86_400.0, 1.0, "failed"), (62.0, 1.0, "failed"), (61.0, 1.0, "stopped")],
)
def test_a_clock_that_a_web_server_calls_wrong_starts_no_account_and_records_nothing(
    tmp_path: Path, offset_s: float, within_s: float, state: str
):
    hosted = Hosted(tmp_path, "one")

    async def said() -> Offset:
        return Offset(host="quotes", offset_s=offset_s, within_s=within_s)

    async def act(_hosted: Hosted) -> None:
        """Let it end again."""

    hosted.true_time = said
    ends = hosted.live(act)

    assert ends["one"].state == state
    if state == "failed":
        assert hosted.vitals("one").state is LifeState.ERROR
        assert "quotes" in hosted.vitals("one").why
        assert not AccountFolder(hosted.data, "one").journal.exists()


def test_where_no_web_server_tells_the_time_the_clock_is_believed(tmp_path: Path):
    hosted = Hosted(tmp_path, "one")

    async def nobody() -> None:
        return None

    async def act(hosted: Hosted) -> None:
        await hosted.tick("10:35")

    hosted.true_time = nobody
    hosted.live(act)

    assert hosted.outcomes("one") == ["no_trade"]


def test_one_stopped_by_a_command_leaves_the_other_and_is_started_again(tmp_path: Path):
    hosted = Hosted(tmp_path, "one", "two")
    seen: list[object] = []

    async def act(hosted: Hosted) -> None:
        await hosted.put("one", LifeWord.STOP, LifeState.STOPPED)
        await hosted.tick("10:35")
        seen.append((hosted.vitals("one").state, hosted.vitals("two").state))
        hosted.clock.jump(friday("11:00"))
        await hosted.put("one", LifeWord.START, LifeState.RUNNING)
        await hosted.tick("11:35")

    ends = hosted.live(act)

    assert seen == [(LifeState.STOPPED, LifeState.RUNNING)]
    # The slot of 10:35 came while nobody ran the account: it is on record as missed once it is started.
    assert hosted.outcomes("one") == ["missed", "no_trade"]
    assert hosted.outcomes("two") == ["no_trade", "no_trade"]
    assert {end.state for end in ends.values()} == {"stopped"}


def test_stopped_and_started_and_stopped_again_it_stays_stopped(tmp_path: Path):
    hosted = Hosted(tmp_path, "one", "two")

    async def act(hosted: Hosted) -> None:
        for word, state in (
            (LifeWord.STOP, LifeState.STOPPED),
            (LifeWord.START, LifeState.RUNNING),
            (LifeWord.START, LifeState.RUNNING),  # Nothing to a running one, and nothing to be done later.
            (LifeWord.STOP, LifeState.STOPPED),
        ):
            await hosted.put("one", word, state)
        await looked(hosted)
        await hosted.tick("10:35")

    hosted.live(act)

    assert hosted.outcomes("one") == []
    assert hosted.outcomes("two") == ["no_trade"]


async def fill_the_disk(hosted: Hosted, number: int, clock: str) -> None:
    """Let the account's journal take nothing any more at that time, and wait until the account gave up."""
    assert hosted.house is not None
    tenant = hosted.house.tenants[number]
    assert tenant._running is not None

    def full(*_given: object) -> None:
        raise JournalFault("append", "No space left on device")

    store = tenant._running.account.world.journal._store
    store.append = full  # type: ignore[method-assign]  # The disk is full.
    await hosted.tick(clock)
    async with asyncio.timeout(30):
        while tenant.up:
            await asyncio.sleep(0.01)


def test_one_that_was_started_and_then_failed_stays_failed(tmp_path: Path):
    hosted = Hosted(tmp_path, "one", "two")

    async def act(hosted: Hosted) -> None:
        await hosted.put("one", LifeWord.STOP, LifeState.STOPPED)
        await hosted.put("one", LifeWord.START, LifeState.RUNNING)
        await fill_the_disk(hosted, 0, "10:35")
        await looked(hosted)

    ends = hosted.live(act)

    assert {name: end.state for name, end in ends.items()} == {"one": "failed", "two": "stopped"}


async def looked(hosted: Hosted) -> None:
    """Wait until the first account, which is stopped, has looked into its inbox some times."""
    assert hosted.house is not None
    tenant, asked = hosted.house.tenants[0], []
    look = tenant._start_put

    def counted(seen: int) -> bool:
        asked.append(seen)
        return look(seen)

    tenant._start_put = counted  # type: ignore[method-assign]  # Counts.
    async with asyncio.timeout(30):
        while len(asked) < 3 and not tenant.up:
            await asyncio.sleep(0)


def test_a_journal_fault_stops_its_account_alone_with_a_critical_alert(tmp_path: Path):
    with twins.twin(twins.says({})) as platform:
        body = {"kind": "{kind}", "severity": "{severity}", "account": "{account}"}
        channel = {"name": "hook", "type": "webhook", "url": twins.address(platform), "body": body}
        hosted = Hosted(tmp_path, "one", "two", alerts={"channels": [{**channel, "deadline_s": 2}]})

        async def act(hosted: Hosted) -> None:
            await fill_the_disk(hosted, 1, "10:35")
            await hosted.tick("11:35")

        ends = hosted.live(act)

    assert (ends["two"].state, ends["two"].code) == ("failed", 3)
    assert "No space left" in ends["two"].why
    assert hosted.vitals("two").state is LifeState.ERROR
    assert [(one["kind"], one["severity"], one["account"]) for one in platform.bodies] == [
        ("broken", "critical", "two")
    ]
    assert (ends["one"].state, hosted.outcomes("one")) == ("stopped", ["no_trade", "no_trade"])


def test_a_failed_account_is_started_again_once_it_is_mended(tmp_path: Path):
    hosted = Hosted(tmp_path, "one", "two")
    hosted.data.joinpath("two").mkdir(parents=True)
    hosted.data.joinpath("two", "journal.sqlite3").write_bytes(b"no journal")

    async def act(hosted: Hosted) -> None:
        assert hosted.vitals("two").state is LifeState.ERROR
        hosted.data.joinpath("two", "journal.sqlite3").unlink()
        await hosted.put("two", LifeWord.START, LifeState.RUNNING)

    ends = hosted.live(act)

    assert {name: end.state for name, end in ends.items()} == {"one": "stopped", "two": "stopped"}


def test_where_all_failed_the_process_ends_by_itself(tmp_path: Path):
    hosted = Hosted(tmp_path, "one")
    hosted.data.joinpath("one").mkdir(parents=True)
    hosted.data.joinpath("one", "journal.sqlite3").write_bytes(b"no journal")

    async def never(_hosted: Hosted) -> None:
        raise AssertionError("nobody was left")

    ends = hosted.live(never)

    assert (ends["one"].state, ends["one"].code) == ("failed", 3)


def test_a_killed_account_leaves_the_other(tmp_path: Path):
    hosted = Hosted(tmp_path, "one", "two")

    async def act(hosted: Hosted) -> None:
        put_kill_file(hosted.data / "two", "enough")
        await hosted.tick("10:35")
        await hosted.tick("11:35")

    ends = hosted.live(act)

    assert (ends["two"].state, ends["two"].code) == ("killed", 4)
    assert (ends["one"].state, len(hosted.outcomes("one"))) == ("stopped", 2)


def test_an_account_that_another_process_has_leaves_the_other(tmp_path: Path):
    hosted = Hosted(tmp_path, "one", "two")
    folder = AccountFolder(hosted.data, "two")
    lock = account_lock(folder.journal, "two")
    lock.acquire()

    async def act(hosted: Hosted) -> None:
        await hosted.tick("10:35")

    ends = hosted.live(act)
    lock.release()

    assert (ends["two"].state, ends["two"].code) == ("failed", 3)
    assert read_vitals(folder.root) is None  # They are the other process's to write.
    assert hosted.outcomes("one") == ["no_trade"]


def test_with_standby_an_account_is_taken_over_while_the_other_runs(tmp_path: Path):
    hosted = Hosted(tmp_path, "one", "two", standby=True)
    folder = AccountFolder(hosted.data, "two")
    lock = account_lock(folder.journal, "two")
    lock.acquire()

    async def life() -> None:
        outside = LiveOutside(hosted.clock, hosted.vendor)
        house = hosted.house = House(hosted.settings, hosted.options, Screen("en", as_json=False), outside)
        staying = asyncio.create_task(house.stay_up())
        await house.tenants[0].began.wait()
        await hosted.tick("10:35")
        assert not house.tenants[1].began.is_set()
        lock.release()
        async with asyncio.timeout(30):
            await house.tenants[1].began.wait()
        house.stop()
        await staying

    asyncio.run(life())

    assert hosted.outcomes("one") == ["no_trade"]
    assert hosted.vitals("two").state is LifeState.STOPPED


def test_the_end_is_not_waited_for_by_who_waits_for_a_lock(tmp_path: Path):
    hosted = Hosted(tmp_path, "one", standby=True)
    lock = account_lock(AccountFolder(hosted.data, "one").journal, "one")
    lock.acquire()

    async def life() -> tuple[HouseEnd, ...]:
        house = House(
            hosted.settings, hosted.options, Screen("en", as_json=False),
            LiveOutside(hosted.clock, hosted.vendor),
        )  # fmt: skip
        staying = asyncio.create_task(house.stay_up())
        await asyncio.sleep(0)
        house.stop()
        async with asyncio.timeout(30):
            return (await staying)[0]

    (end,) = asyncio.run(life())
    lock.release()

    assert end.state == "stopped"


def test_a_bug_in_one_account_ends_it_and_is_raised_once_the_others_are_through(tmp_path: Path):
    hosted = Hosted(tmp_path, "one", "two")

    async def act(hosted: Hosted) -> None:
        assert hosted.house is not None
        running = hosted.house.tenants[1]._running
        assert running is not None

        async def broken(_now: object) -> None:
            raise ZeroDivisionError("a bug")

        running.loop.tick = broken  # type: ignore[method-assign]  # A bug.
        await hosted.tick("10:35", "one")
        with pytest.raises(ZeroDivisionError):
            await running.tick()
        async with asyncio.timeout(30):
            while hosted.house.tenants[1].up:
                await asyncio.sleep(0.01)
        await hosted.tick("11:35")

    with pytest.raises(ZeroDivisionError):
        hosted.live(act)

    assert hosted.outcomes("one") == ["no_trade", "no_trade"]


@pytest.mark.parametrize(("texts", "code", "named"), [
    (({"account": "a"}, {"account": "a"}), 2, "'a'"),
    (({"account": "a"}, {"account": "b", "mode": "backtest"}), 2, "backtest"),
    (({"account": "a", "broker": {"type": "moon"}},), 2, "moon"),
    (({"account": "a", "data_source": {"type": "moon"}},), 3, "moon"),
    (({"account": "a", "agent_type": "scripted:nowhere.jsonl"},), 2, "nowhere.jsonl"),
])  # fmt: skip
def test_what_cannot_run_together_is_one_line_before_anything_is_written(
    tmp_path: Path, texts: tuple[dict[str, object], ...], code: int, named: str
):
    paths = []
    for i, text in enumerate(texts):
        path = tmp_path / f"{i}.json"
        path.write_text(json.dumps({"data_dir": str(tmp_path / "data"), **text}), encoding="utf-8")
        paths.append(path)

    done = call("up", *paths)

    assert (done.code, len(done.err.strip().splitlines())) == (code, 1)
    assert named in done.err
    assert not (tmp_path / "data").exists()


def test_the_worst_end_is_the_exit_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    spec = script(tmp_path / "answers.jsonl", [HOLDS])
    bad, dead = settings_in(tmp_path, account="bad", agent_type=spec), AccountFolder(tmp_path, "bad")
    dead.root.mkdir()
    dead.journal.write_bytes(b"no journal")
    clock = VirtualClock(FRIDAY)
    monkeypatch.setattr(
        "commands.live_house.live_outside", lambda *_given: LiveOutside(clock, Vendor(clock, at_ten))
    )

    assert up([bad], RunOptions(), Screen("en", as_json=False)) == 3


def test_accounts_of_different_vendors_ask_each_host_by_one_door(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    clock, given = VirtualClock(FRIDAY), list[object]()

    def outside(_settings: Settings, _screen: Screen, hosts: HostRegistry) -> LiveOutside:
        given.append(hosts)
        return LiveOutside(clock, Vendor(clock, at_ten))

    monkeypatch.setattr("commands.live_house.live_outside", outside)
    one, two = (
        settings_in(tmp_path, account=name, data_source={"sources": sources})
        for name, sources in (("one", ["sina", "tencent"]), ("two", ["tencent", "eastmoney"]))
    )

    House([one, two], RunOptions(), Screen("en", as_json=False))

    assert len(given) == 2
    assert given[0] is given[1]
    assert isinstance(given[0], HostRegistry)


def test_an_account_that_spells_out_defaults_shares_the_vendor_of_one_that_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    clock, asked = VirtualClock(FRIDAY), list[str]()

    def outside(settings: Settings, _screen: Screen, _hosts: HostRegistry) -> LiveOutside:
        asked.append(settings.account)
        return LiveOutside(clock, Vendor(clock, at_ten))

    monkeypatch.setattr("commands.live_house.live_outside", outside)
    plain, spelt = tmp_path / "plain.yaml", tmp_path / "spelt.yaml"
    plain.write_text("account: one\nwatchlist: [600000.SH]\n", encoding="utf-8")
    spelt.write_text(
        "account: two\nwatchlist: [600000.SH]\nmarket: cn\n"
        "data_source: {type: akshare, sources: [], use_cache: true}\nquote_gate: {age_s_max: 15}\n",
        encoding="utf-8",
    )
    both = [load_settings(path, environment={}, dotenv=None) for path in (plain, spelt)]

    House(both, RunOptions(), Screen("en", as_json=False))

    assert asked == ["one"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals and sockets of POSIX")
def test_a_real_process_tells_systemd_it_is_ready_alive_and_stopping(tmp_path: Path):
    paths = []
    far = local(SystemClock().now() + timedelta(hours=12), Market.CN)  # No slot comes while the test runs.
    for name in ("one", "two"):
        path = tmp_path / f"{name}.json"
        text = {"account": name, "data_dir": str(tmp_path / "data"), "schedule": {"daily": [f"{far:%H:%M}"]}}
        path.write_text(json.dumps(text), encoding="utf-8")
        paths.append(str(path))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as there:
        there.bind(str(tmp_path / "notify"))
        there.settimeout(60)
        process = subprocess.Popen(
            [*PROGRAM, "up", *paths, "--json"], env=_environment(tmp_path), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, encoding="utf-8",
        )  # fmt: skip
        heard: list[bytes] = []
        while b"READY=1" not in heard:
            heard.append(there.recv(100))
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=60)
        there.setblocking(False)
        while True:
            try:
                heard.append(there.recv(100))
            except BlockingIOError:
                break

    assert process.returncode == 0
    assert [one["state"] for one in json.loads(out)["accounts"]] == ["stopped", "stopped"]
    assert {b"READY=1", b"WATCHDOG=1", b"STOPPING=1"} <= set(heard)


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "NOTIFY_SOCKET": str(folder / "notify"), "no_proxy": "*"}
