"""An arena on live prices: one snapshot for all, an account each, and nobody's trouble is another's."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from msgspec.structs import replace

from commands.arena_entrants import Entrant
from commands.arena_live import LiveArena, LiveEnd
from commands.folders import AccountFolder
from commands.live_world import LiveOutside
from commands.minds import Mind
from commands.screen import Screen
from monitor.arena_row import Entered, EntrantKind
from services.clock import VirtualClock
from services.domain.decision import Briefing, RawAnswer, Reads
from services.domain.events import Event
from services.domain.instruments import Market
from services.journal.account_lock import AccountBusy, account_lock
from services.journal.kill_file import KILL_NAME
from services.journal.sql_store import SqlStore
from services.market.akshare_source import AkshareSource
from services.settings import Settings
from services.settings_file import load_settings
from services.slots import local
from tests.command_line import ROOT, Ran, answer, call, order, script
from tests.provider_twin import ProviderTwin, hangs
from tests.unit.akshare_frames import Lists, sh_list, suspended, warned

FRIDAY = datetime.fromisoformat("2025-10-10T09:35:02+08:00")
MONDAY = datetime.fromisoformat("2025-10-13T09:35:02+08:00")
TUESDAY = datetime.fromisoformat("2025-10-14T09:35:02+08:00")
WATCHED = ("600001.SH", "600002.SH")
ACCOUNTS = ("a-equal_weight", "a-hangs", "a-script")


class FakeAkshare(Lists):
    """akshare as far as a session asks it: 10.00 on the first day, 11.00 from the second on, no bars."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(
            sh=sh_list(*((symbol[:6], "甲", date(2005, 1, 4)) for symbol in WATCHED)),
            st=warned(("600009", "ST丙")),
            tfp=suspended(("600009", "连续停牌", date(2025, 7, 1), None, None)),
        )
        self._clock = clock
        self.quoted: list[str] = []
        self.down = False

    def stock_bid_ask_em(self, symbol: str) -> Any:
        self.quoted.append(symbol)
        if self.down:
            raise ValueError("the vendor is down")
        last = 10.0 if self._clock.now() < MONDAY else 11.0
        items: dict[str, object] = {"最新": last, "昨收": 10.0, "涨停": 11.0, "跌停": 9.0}
        for level in range(1, 6):
            items |= {f"sell_{level}": last + level / 100, f"sell_{level}_vol": 100_000}
            items |= {f"buy_{level}": last - level / 100, f"buy_{level}_vol": 100_000}
        return pd.DataFrame({"item": list(items), "value": list(items.values())})

    def stock_zh_a_hist_min_em(self, symbol: str, start_date: str, period: str, adjust: str = "") -> Any:
        now = local(self._clock.now(), Market.CN)
        return pd.DataFrame({"时间": [f"{now:%Y-%m-%d %H:%M}:00"]})

    def stock_zh_a_hist(self, **_asked: object) -> Any:
        return pd.DataFrame()


class Live:
    """A clock and a vendor in the place of the system's and the network's."""

    def __init__(self) -> None:
        self.clock = VirtualClock(FRIDAY)
        self.api = FakeAkshare(self.clock)

    @property
    def outside(self) -> LiveOutside:
        return LiveOutside(self.clock, AkshareSource(self.clock, api=self.api, pause_s=0))


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Live:
    made = Live()
    monkeypatch.setattr("commands.live_world.SystemClock", lambda: made.clock)
    monkeypatch.setattr(
        "commands.live_world.live_source",
        lambda _settings, clock, *_given: AkshareSource(clock, api=made.api, pause_s=0),
    )
    return made


def config(folder: Path, **more: object) -> Path:
    """Write a configuration of an arena with one baseline, and what is given."""
    path = folder / "arena.json"
    arena = {"baselines": ["equal_weight"], "draws": 200, **dict(more.pop("arena", {}))}  # type: ignore[call-overload]  # A mapping.
    text = {"account": "a", "mode": "paper", "watchlist": WATCHED, "arena": arena, **more}
    path.write_text(json.dumps(text), encoding="utf-8")
    return path


def three(folder: Path, url: str) -> Path:
    """Write a configuration of three: a rule, a script that buys on the first day, a model."""
    answers = [answer(order("buy", 200, WATCHED[0])), answer(), answer()]
    spec = script(folder / "answers.jsonl", answers)
    model = {"name": "hangs", "model": "m", "base_url": url, "deadline_s": "2"}
    return config(
        folder,
        arena={"entrants": [{"name": "script", "agent": spec}]},
        models=[model],
        agent_config={"deadline_s": 2, "max_retries": 1, "initial_cash": "100000.00"},
    )


def once(folder: Path, path: Path, *more: str) -> Ran:
    return call("arena", "--live", "--once", "--json", "--config", path, "--data-dir", folder / "data", *more)


def events(data_dir: Path, account: str) -> list[Event]:
    store = SqlStore.open_read_only(data_dir / account / "journal.sqlite3", account)
    try:
        return list(store.events())
    finally:
        store.close()


def bodies(data_dir: Path, account: str, step: str) -> list[str]:
    return [event.body for event in events(data_dir, account) if event.step == step]


def outcomes(found: Ran) -> dict[str, list[str]]:
    accounts: Any = found.json["accounts"]
    return {one["name"]: [ended["outcome"] for ended in one["ended"]] for one in accounts}


def states(found: Ran) -> dict[str, str]:
    accounts: Any = found.json["accounts"]
    return {one["name"]: one["state"] for one in accounts}


def lines(found: Ran) -> dict[str, Any]:
    rows: Any = found.json["rows"]
    return {line["name"]: line for line in rows}


def test_two_slots_are_lived_on_one_snapshot_each_and_a_hanging_model_costs_itself_alone(
    tmp_path: Path, live: Live
):
    with ProviderTwin(hangs) as hanging:
        path, data = three(tmp_path, hanging.url), tmp_path / "data"
        friday = once(tmp_path, path)
        asked = list(live.api.quoted)
        live.clock.jump(MONDAY)
        monday = once(tmp_path, path)

    # One question a symbol for all three, then the rule's own for both and the script's own for one.
    assert sorted(asked) == ["600001"] * 3 + ["600002"] * 2
    assert sorted(live.api.asked) == sorted(["sh", "st", "tfp"] * 2)  # The lists, once a process.
    prices = [bodies(data, account, "prices") for account in ACCOUNTS]
    assert prices[0] == prices[1] == prices[2]
    assert len(set(prices[0])) == 2
    facts = [bodies(data, account, "facts") for account in ACCOUNTS]
    assert facts[0] == facts[1] == facts[2]
    assert (friday.code, monday.code) == (0, 0)
    assert outcomes(friday) == {"equal_weight": ["done"], "hangs": ["risk_only"], "script": ["done"]}
    assert outcomes(monday)["hangs"] == ["risk_only"]
    shown = [line.partition(":")[0] for line in monday.err.splitlines() if "2025-10-13" in line]
    assert [name for name in shown if name in outcomes(monday)][-1] == "hangs"


def test_each_account_is_lived_again_and_verified_as_one_that_ran_alone(tmp_path: Path, live: Live):
    with ProviderTwin(hangs) as hanging:
        path = three(tmp_path, hanging.url)
        once(tmp_path, path)
        live.clock.jump(MONDAY)
        once(tmp_path, path)

    for account in ACCOUNTS:
        there = ("--account", account, "--data-dir", tmp_path / "data", "--json")
        assert call("verify", *there).code == 0, account
        assert call("replay", "all", *there).code == 0, account


def test_the_leaderboard_of_what_lies_there_is_valued_at_the_prices_the_accounts_saw(
    tmp_path: Path, live: Live
):
    with ProviderTwin(hangs) as hanging:
        path = three(tmp_path, hanging.url)
        once(tmp_path, path)
        live.clock.jump(MONDAY)
        ran = once(tmp_path, path)
    found = call("arena", "--config", path, "--data-dir", tmp_path / "data", "--json")

    assert found.code == 0
    assert lines(found) == lines(ran)
    by_name = lines(found)
    assert {name: line["kind"] for name, line in by_name.items()} == {
        "equal_weight": "baseline", "hangs": "model", "script": "entrant", "index": "index",
    }  # fmt: skip
    assert {line["state"] for name, line in by_name.items() if name != "index"} == {"under_way"}
    # The script bought 200 at 10.01 with fees of 5.00 and 0.02, now at 11.00: 100000 - 2007.02 + 2200.
    assert by_name["script"]["final_equity"] == 100192.98
    assert by_name["script"]["over"]["index"] == pytest.approx(0.0019298 - 0.1)
    ahead = by_name["script"]["return"] - by_name["equal_weight"]["return"]
    assert by_name["script"]["over"]["equal_weight"] == pytest.approx(ahead)
    assert by_name["index"]["return"] == pytest.approx(0.1)  # 10.00 to 11.00, both of them
    assert by_name["hangs"]["return"] == 0
    assert (found.json["start"], found.json["end"]) == ("2025-10-10", "2025-10-13")


def test_a_slot_that_was_run_is_not_run_again(tmp_path: Path, live: Live):
    path = config(tmp_path)
    once(tmp_path, path)
    before = events(tmp_path / "data", "a-equal_weight")

    again = once(tmp_path, path)

    assert outcomes(again) == {"equal_weight": []}
    # Each start compares the account with its broker's statement, and writes so.
    after = events(tmp_path / "data", "a-equal_weight")
    assert (after[:-1], after[-1].kind) == (before, "check")


@pytest.mark.parametrize(("now", "said"), [
    ("2025-10-10T09:36:00+08:00", "today's latest slot"),
    ("2025-10-11T12:00:00+08:00", "2025-10-11"),  # A Saturday.
])  # fmt: skip
def test_a_person_is_told_why_no_slot_was_run_and_how_the_accounts_stand(
    tmp_path: Path, live: Live, now: str, said: str
):
    path = config(tmp_path)
    once(tmp_path, path)
    live.clock.jump(datetime.fromisoformat(now))

    found = call("arena", "--live", "--once", "--config", path, "--data-dir", tmp_path / "data")

    assert found.code == 0
    assert said in found.out
    assert "equal_weight" in found.out


def test_a_killed_account_leaves_the_others(tmp_path: Path, live: Live):
    path = config(tmp_path, arena={"baselines": ["equal_weight", "buy_and_hold"]})
    once(tmp_path, path)
    there = ("--account", "a-buy_and_hold", "--data-dir", tmp_path / "data")
    assert call("kill", "--why", "x", *there).code == 0
    live.clock.jump(MONDAY)

    found = once(tmp_path, path)

    assert found.code == 4
    assert states(found) == {"equal_weight": "stopped", "buy_and_hold": "killed"}
    assert len(outcomes(found)["equal_weight"]) == 1
    assert lines(found)["buy_and_hold"]["state"] == "killed"


def test_a_halted_account_leaves_the_others(tmp_path: Path, live: Live):
    path = config(tmp_path, arena={"baselines": ["equal_weight", "buy_and_hold"]})
    once(tmp_path, path)
    there = ("--account", "a-buy_and_hold", "--data-dir", tmp_path / "data")
    assert call("halt", "--why", "x", *there).code == 0
    live.clock.jump(MONDAY)

    found = once(tmp_path, path)

    assert outcomes(found)["buy_and_hold"] == ["halted"]
    assert outcomes(found)["equal_weight"] != ["halted"]


def test_an_account_that_another_process_has_leaves_the_others(tmp_path: Path, live: Live):
    path = config(tmp_path, arena={"baselines": ["equal_weight", "buy_and_hold"]})
    folder = AccountFolder(tmp_path / "data", "a-buy_and_hold")
    lock = account_lock(folder.journal, folder.account)
    lock.acquire()
    try:
        found = once(tmp_path, path)
    finally:
        lock.release()

    assert found.code == 3
    assert states(found) == {"equal_weight": "stopped", "buy_and_hold": "failed"}
    assert len(outcomes(found)["equal_weight"]) == 1


def test_a_vendor_that_is_down_fails_every_session_of_the_slot(tmp_path: Path, live: Live):
    live.api.down = True
    path = config(tmp_path, arena={"baselines": ["equal_weight", "buy_and_hold"]})

    found = once(tmp_path, path)

    assert found.code == 3
    assert outcomes(found) == {"equal_weight": ["failed"], "buy_and_hold": ["failed"]}


@pytest.mark.parametrize(("arguments", "named"), [
    (("--live", "--demo"), "--live"),
    (("--live", "--prices", "x.jsonl"), "--live"),
    (("--live", "--mode", "backtest"), "backtest"),
    (("--live", "--mode", "live"), "simulated money"),
    (("--live", "--import", "x.jsonl"), "--import"),
    (("--live", "--start", "2025-10-10"), "--start"),
    (("--once",), "--live"),
    (("--demo", "--once"), "--once"),
    ((), "--live"),
])  # fmt: skip
def test_options_that_do_not_go_together_are_one_line(tmp_path: Path, arguments: tuple[str, ...], named: str):
    found = call("arena", *arguments, "--config", config(tmp_path), "--data-dir", tmp_path / "data")

    assert (found.code, len(found.err.strip().splitlines())) == (2, 1)
    assert named in found.err
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("more", "code", "named"), [
    ({"arena": {"entrants": [{"name": "x", "agent": "record:x.jsonl"}]}}, 2, "x.jsonl"),
    ({"data_source": {"type": "moon"}}, 3, "moon"),
])  # fmt: skip
def test_what_cannot_trade_on_live_prices_is_one_line(
    tmp_path: Path, live: Live, more: dict[str, object], code: int, named: str
):
    found = call("arena", "--live", "--config", config(tmp_path, **more), "--data-dir", tmp_path / "data")

    assert (found.code, len(found.err.strip().splitlines())) == (code, 1)
    assert named in found.err
    assert not (tmp_path / "data").exists()


def test_a_line_that_cannot_be_read_is_told_beside_the_others(tmp_path: Path, live: Live):
    path = config(tmp_path, arena={"baselines": ["equal_weight", "buy_and_hold"]})
    once(tmp_path, path)
    (tmp_path / "data" / "a-buy_and_hold" / "journal.sqlite3").write_bytes(b"no journal")

    found = call("arena", "--config", path, "--data-dir", tmp_path / "data", "--json")

    assert found.code == 0
    assert {name: line["state"] for name, line in lines(found).items()} == {
        "equal_weight": "under_way", "buy_and_hold": "failed", "index": "finished",
    }  # fmt: skip


def test_an_account_nobody_names_any_more_keeps_its_line(tmp_path: Path, live: Live):
    once(tmp_path, config(tmp_path, arena={"baselines": ["equal_weight", "buy_and_hold"]}))

    found = call("arena", "--config", config(tmp_path), "--data-dir", tmp_path / "data", "--json")

    assert lines(found)["buy_and_hold"]["kind"] == "entrant"
    assert lines(found)["equal_weight"]["kind"] == "baseline"


def test_one_that_came_later_is_said_to_have_begun_later(tmp_path: Path, live: Live):
    once(tmp_path, config(tmp_path))
    live.clock.jump(MONDAY)

    found = once(tmp_path, config(tmp_path, arena={"baselines": ["equal_weight", "buy_and_hold"]}))

    notes: Any = found.json["notes"]
    assert [one for one in notes if "buy_and_hold" in one and "2025-10-13" in one]


@pytest.mark.parametrize(("days", "worth"), [
    (("10,100,101", "13,102,110"), 0.1),  # From 100 at Friday's open to Monday's close.
    (("09,90,95", "10,100,101"), 0.01),   # Monday is not in the file yet.
    (("09,90,95",), None),
])  # fmt: skip
def test_an_index_file_counts_as_far_as_it_goes(
    tmp_path: Path, live: Live, days: tuple[str, ...], worth: float | None
):
    index = tmp_path / "index.csv"
    text = "".join(f"2025-10-{day}\n" for day in days)
    index.write_text("date,open,close\n" + text, encoding="utf-8")
    path = config(tmp_path, arena={"index_file": str(index)})
    once(tmp_path, path)
    live.clock.jump(MONDAY)

    by_name = lines(once(tmp_path, path))

    assert ("index" in by_name) is (worth is not None)
    if worth is not None:
        assert by_name["index"]["return"] == pytest.approx(worth)


# Minds made by hand.


class Told:
    """Holds; in each session `before` is awaited first."""

    reads = Reads.ARRAYS

    def __init__(self, name: str, before: Callable[[], Awaitable[None]]) -> None:
        self.name, self._before = name, before

    async def decide(self, briefing: Briefing) -> RawAnswer:
        await self._before()
        return RawAnswer(text=answer(), model=self.name)


def settings_in(data_dir: Path) -> Settings:
    overrides = {"mode": "paper", "data_dir": str(data_dir), "account": "a", "watchlist": list(WATCHED)}
    return load_settings(None, overrides=overrides, environment={}, dotenv=None)


def entrant(data_dir: Path, name: str, before: Callable[[], Awaitable[None]]) -> Entrant:
    agent = Told(name, before)
    return Entrant(
        entered=Entered(name=name, kind=EntrantKind.MODEL, agent=name, account=f"a-{name}"),
        settings=replace(settings_in(data_dir), account=f"a-{name}"),
        mind=Mind(name=name, make=lambda _past: agent),
        asks=True,
    )


async def at_once() -> None:
    return None


def arena_of(live: Live, *entrants: Entrant) -> LiveArena:
    return LiveArena(entrants, 16, None, Screen("en", as_json=True), live.outside)


def stay_up(arena: LiveArena) -> tuple[dict[str, LiveEnd], bool]:
    async def run() -> tuple[tuple[LiveEnd, ...], bool]:
        async with asyncio.timeout(60):
            return await arena.stay_up()

    try:
        ends, interrupted = asyncio.run(run())
    finally:
        arena.close()
    return {end.entrant.entered.name: end for end in ends}, interrupted


@pytest.mark.parametrize(("number", "by_hand"), [(signal.SIGINT, True), (signal.SIGTERM, False)])
def test_one_request_ends_all_accounts_once_what_they_are_at_is_done(
    tmp_path: Path, number: signal.Signals, by_hand: bool
):
    async def ask() -> None:
        os.kill(os.getpid(), number)

    live = Live()
    ends, interrupted = stay_up(
        arena_of(live, entrant(tmp_path, "asks", ask), entrant(tmp_path, "quick", at_once))
    )

    assert interrupted is by_hand
    assert {end.state for end in ends.values()} == {"stopped"}
    for name in ("asks", "quick"):
        assert len(bodies(tmp_path, f"a-{name}", "closed")) == 1


def test_a_killed_account_is_given_back_while_the_others_still_run(tmp_path: Path):
    """The other one answers only once the killed one's lock is free: were it held on, nobody would."""
    folder = AccountFolder(tmp_path, "a-killed")

    async def kill() -> None:
        (folder.root / KILL_NAME).write_text("enough", encoding="utf-8")

    async def wait() -> None:
        while True:
            await asyncio.sleep(0)
            lock = account_lock(folder.journal, folder.account)
            try:
                lock.acquire()
            except AccountBusy:  # It is tried again until the test's time is up.
                continue
            lock.release()
            break
        os.kill(os.getpid(), signal.SIGTERM)

    ends, _ = stay_up(arena_of(Live(), entrant(tmp_path, "waits", wait), entrant(tmp_path, "killed", kill)))

    assert {name: end.state for name, end in ends.items()} == {"waits": "stopped", "killed": "killed"}
    assert ends["killed"].why == "enough"


def test_the_process_ends_by_itself_when_no_account_is_left(tmp_path: Path):
    (tmp_path / KILL_NAME).touch()

    ends, interrupted = stay_up(arena_of(Live(), entrant(tmp_path, "one", at_once)))

    assert ends["one"].state == "killed"
    assert not interrupted


def test_a_bug_in_one_account_is_raised_once_the_others_are_through(tmp_path: Path):
    through: list[str] = []
    broken = asyncio.Event()

    async def bug() -> None:
        broken.set()
        raise ZeroDivisionError

    async def end() -> None:
        await broken.wait()
        for _ in range(100):  # Long after the bug has ended the account it is in.
            await asyncio.sleep(0)
        through.append("other")
        os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(ZeroDivisionError):
        stay_up(arena_of(Live(), entrant(tmp_path, "bug", bug), entrant(tmp_path, "other", end)))

    assert through == ["other"]
    assert len(bodies(tmp_path, "a-other", "closed")) == 1


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.cli.test_live_arena import Live, arena_of, at_once, entrant

data = Path(sys.argv[1])

async def die():
    os.kill(os.getpid(), signal.SIGKILL)

arena = arena_of(Live(), entrant(data, "quick", at_once), entrant(data, "dies", die))
asyncio.run(arena.once())
"""


def test_after_kill_9_every_account_goes_on_where_it_was(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL
    seen = bodies(tmp_path, "a-dies", "prices")

    live = Live()
    arena = arena_of(live, entrant(tmp_path, "quick", at_once), entrant(tmp_path, "dies", at_once))
    ends = asyncio.run(arena.once())
    arena.close()

    assert {end.state for end in ends} == {"stopped"}
    assert live.api.quoted == []  # What a session saw before it was cut off is not asked for again.
    assert bodies(tmp_path, "a-dies", "prices") == seen == bodies(tmp_path, "a-quick", "prices")
    for name in ("quick", "dies"):
        assert len(bodies(tmp_path, f"a-{name}", "closed")) == 1
        there = ("--account", f"a-{name}", "--data-dir", tmp_path, "--json")
        assert call("verify", *there).code == 0
        assert call("replay", "all", *there).code == 0
