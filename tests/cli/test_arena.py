"""The arena over the demo market: an account each, nobody waits for another, nothing is run twice."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from commands.arena_entrants import Entrant, entrants_of
from commands.arena_run import Ended, run_arena
from commands.folders import AccountFolder
from commands.minds import Mind
from commands.opening import Period, open_period
from commands.past import Past
from commands.screen import Screen
from monitor.arena_row import Entered, EntrantKind, RowState
from services.domain.decision import Briefing, RawAnswer, Reads
from services.journal.sql_store import SqlStore
from services.ports import Agent, AgentFault
from services.settings import Settings
from services.settings_file import load_settings
from tests.command_line import ROOT, call
from tests.provider_twin import ProviderTwin, hangs, says

HOLD = '{"rationale":"hold","orders":[]}'
RULES = ["momentum", "random"]


def config(folder: Path, **arena: object) -> Path:
    """Write a configuration whose arena has two baselines, and what is given."""
    path = folder / "arena.json"
    text = {"account": "a", "arena": {"baselines": RULES, "draws": 200, **arena}}
    path.write_text(json.dumps(text), encoding="utf-8")
    return path


def hashes(data_dir: Path, account: str) -> list[str]:
    store = SqlStore.open_read_only(data_dir / account / "journal.sqlite3", account)
    try:
        return [event.hash for event in store.events()]
    finally:
        store.close()


DECIDED = ("briefing_record", "raw_answer", "decision", "verdicts", "fill", "closed")


def records(data_dir: Path, account: str) -> list[tuple[str, str, str]]:
    """Return what was asked, answered, decided and traded; a start adds looks at the broker to that."""
    with closing(SqlStore.open_read_only(data_dir / account / "journal.sqlite3", account)) as store:
        return [(one.session, one.step, one.body) for one in store.events() if one.kind in DECIDED]


def lines(found: Mapping[str, Any]) -> dict[str, Any]:
    return {line["name"]: line for line in found["rows"]}


DEMO = ("arena", "--demo", "--json", "--cash", "1000000", "--frequency", "hourly", "--mode")


@pytest.mark.parametrize("mode", ["paper", "backtest"])
def test_an_account_of_an_arena_is_the_run_it_would_be_alone(tmp_path: Path, mode: str):
    found = call(*DEMO, mode, "--config", config(tmp_path), "--data-dir", tmp_path / "many")
    alone = call(
        "--demo", "--mode", mode, "--agent", "rule:momentum", "--account", "a-momentum",
        "--frequency", "hourly", "--cash", "1000000", "--data-dir", tmp_path / "one", "--json", "--no-report",
    )  # fmt: skip

    assert (found.code, alone.code) == (0, 0)
    assert hashes(tmp_path / "many", "a-momentum") == hashes(tmp_path / "one", "a-momentum")
    line = lines(found.json)["momentum"]
    for name in ("return", "sharpe", "orders", "fills", "refusals", "final_equity"):
        assert line[name] == alone.json[name], name
    assert lines(found.json)["index"]["return"] == pytest.approx(alone.json["benchmark_return"])


def test_a_second_start_runs_nothing_again_and_says_the_same(tmp_path: Path):
    arguments = (*DEMO, "paper", "--config", config(tmp_path), "--data-dir", tmp_path / "data")
    first = call(*arguments)
    journal = tmp_path / "data" / "a-random" / "journal.sqlite3"
    before, page = journal.stat().st_mtime_ns, (tmp_path / "data" / "a.html").read_bytes()

    again = call(*arguments)

    assert journal.stat().st_mtime_ns == before
    assert (tmp_path / "data" / "a.html").read_bytes() == page
    assert {**again.json, "elapsed_s": 0} == {**first.json, "elapsed_s": 0}


def test_another_entrant_can_come_later_without_the_others_running_again(tmp_path: Path):
    data = tmp_path / "data"
    call(*DEMO, "paper", "--config", config(tmp_path), "--data-dir", data)
    before = hashes(data, "a-random")
    more = config(tmp_path, entrants=[{"name": "three", "agent": "rule:momentum:top=3"}])

    found = call(*DEMO, "paper", "--config", more, "--data-dir", data)

    assert found.code == 0
    assert set(lines(found.json)) == {"momentum", "random", "three", "index"}
    assert hashes(data, "a-random") == before


def test_another_model_can_come_later_without_the_others_running_again(tmp_path: Path):
    with ProviderTwin(says(HOLD)) as server:
        one = {"model": "m", "base_url": server.url}
        path, found = config(tmp_path), []
        for names in (["first"], ["first", "second"]):
            text = json.loads(path.read_text(encoding="utf-8"))
            text["models"] = [{**one, "name": name} for name in names]
            path.write_text(json.dumps(text), encoding="utf-8")
            found.append(call(*DEMO, "paper", "--config", path, "--data-dir", tmp_path / "data"))
        asked = len(server.requests)

    assert [one.code for one in found] == [0, 0]
    assert {"first", "second"} <= set(lines(found[1].json))
    assert asked == 2 * 20  # twenty sessions each, none of them twice


def test_an_account_that_cannot_be_run_spoils_nobody_elses(tmp_path: Path):
    data = tmp_path / "data"
    call(
        "--demo", "--account", "a-random", "--agent", "rule:hold", "--data-dir", data, "--no-report", "--json"
    )

    found = call(*DEMO, "paper", "--config", config(tmp_path), "--data-dir", data)

    by_name = lines(found.json)
    assert found.code == 2
    assert by_name["random"]["state"] == "failed"
    assert "another run" in by_name["random"]["why"]
    assert by_name["momentum"]["state"] == "finished"


@pytest.mark.parametrize(("arena", "named"), [
    ({"baselines": []}, "empty"),
    ({"entrants": [{"name": "random", "agent": "rule:hold"}]}, "random"),
    ({"entrants": [{"name": "Random", "agent": "rule:hold"}]}, "andom"),
    ({"entrants": [{"name": "index", "agent": "rule:hold"}]}, "index"),
    ({"entrants": [{"name": "x" * 31, "agent": "rule:hold"}]}, "longer than 32"),
    ({"entrants": [{"name": "x", "agent": "rule:moon"}]}, "moon"),
    ({"entrants": [{"name": "x", "agent": "moon"}]}, "arena.entrants[0].agent"),
    ({"entrants": [{"name": "x", "agent": "llm:none"}]}, "none"),
    ({"entrants": [{"name": "x", "agent": "record:none.jsonl"}]}, "none.jsonl"),
    ({"entrants": [{"name": "x", "agent": "rule"}, {"name": "x", "agent": "rule"}]}, "'x'"),
    ({"baselines": ["random", "random"]}, "arena.baselines"),
    ({"index_file": "none.csv"}, "none.csv"),
])  # fmt: skip
def test_a_wrong_arena_is_one_line_before_anything_runs(tmp_path: Path, arena: dict[str, Any], named: str):
    found = call(*DEMO, "paper", "--config", config(tmp_path, **arena), "--data-dir", tmp_path / "data")

    assert found.code == 2
    assert named in found.err
    assert len(found.err.strip().splitlines()) == 1
    assert not list((tmp_path / "data").glob("a-*"))


@pytest.mark.parametrize("arguments", [
    ("--mode", "paper"),
    ("--mode", "live", "--demo"),
    ("--mode", "paper", "--demo", "--prices", "x.jsonl"),
])  # fmt: skip
def test_an_arena_without_recorded_prices_is_refused(tmp_path: Path, arguments: tuple[str, ...]):
    found = call("arena", *arguments, "--data-dir", tmp_path)

    assert found.code == 2
    assert len(found.err.strip().splitlines()) == 1


def test_an_index_file_takes_the_place_of_the_watchlist(tmp_path: Path):
    days = ("13", "14", "15", "16", "17")
    index = tmp_path / "index.csv"
    text = "".join(f"2026-07-{day},100,{100 + at}\n" for at, day in enumerate(days))
    index.write_text("date,open,close\n" + text, encoding="utf-8")

    found = call(
        *DEMO, "backtest", "--config", config(tmp_path, index_file=str(index)), "--data-dir", tmp_path / "d"
    )

    assert lines(found.json)["index"]["return"] == pytest.approx(0.04)  # 100 at the open, 104 at the end


# Minds made by hand, on accounts of an arena.


class Told:
    """Answers when it is let: `before` is awaited in each session, with how many are asked just now."""

    reads = Reads.ARRAYS

    def __init__(self, name: str, before: Callable[[], Any]) -> None:
        self.name, self._before = name, before

    async def decide(self, briefing: Briefing) -> RawAnswer:
        await self._before()
        return RawAnswer(text=HOLD, model=self.name)


def demo_settings(data_dir: Path, **more: object) -> Settings:
    given = {
        "mode": "paper", "frequency": "hourly", "account": "a", "data_dir": str(data_dir),
        "arena.baselines": ["momentum"], "agent_config.initial_cash": "1000000.00", **more,
    }  # fmt: skip
    return load_settings(None, overrides=given, environment={}, dotenv=None)


def demo_period(settings: Settings) -> Period:
    return open_period(
        settings,
        AccountFolder(settings.data_dir, settings.account),
        prices=None,
        start=None,
        end=None,
        cache=None,
    )


def entrant(settings: Settings, name: str, before: Callable[[], Any]) -> Entrant:
    """Return an entrant that asks, as a model does, whose mind awaits `before` in each session."""
    agent: Agent = Told(name, before)

    def make(_past: Past) -> Agent:
        return agent

    return Entrant(
        entered=Entered(name=name, kind=EntrantKind.MODEL, agent=name, account=f"a-{name}"),
        settings=replace(settings, account=f"a-{name}", agent_type="rule:hold"),
        mind=Mind(name=name, make=make),
        asks=True,
    )


def test_a_slow_mind_delays_nobody(tmp_path: Path):
    """The slow one answers only once all others are at their end: were they to wait, nobody ever would."""
    settings = demo_settings(tmp_path)
    through = asyncio.Event()
    ended: list[str] = []

    async def at_once() -> None:
        return None

    def tell(result: Ended) -> None:
        ended.append(result.row.name)
        if len(ended) == 3:
            through.set()

    async def run() -> tuple[Ended, ...]:
        period = demo_period(settings)
        rules = entrants_of(settings, period, (), None, Screen("en", as_json=True))
        quick = [entrant(settings, name, at_once) for name in ("quick", "swift")]
        async with asyncio.timeout(60):
            return await run_arena([entrant(settings, "slow", through.wait), *quick, *rules], period, 2, tell)

    results = asyncio.run(run())

    assert ended[-1] == "slow"
    assert {one.row.state for one in results} == {RowState.FINISHED}
    assert [one.row.name for one in results] == ["slow", "quick", "swift", "momentum"]


def test_no_more_minds_than_allowed_are_asked_at_a_time_and_as_many_are(tmp_path: Path):
    settings = demo_settings(tmp_path)
    asked, most = 0, 0

    async def count() -> None:
        nonlocal asked, most
        asked += 1
        most = max(most, asked)
        for _ in range(20):
            await asyncio.sleep(0)
        asked -= 1

    async def run() -> None:
        names = [f"m{number}" for number in range(7)]
        await run_arena(
            [entrant(settings, name, count) for name in names], demo_period(settings), 3, lambda _one: None
        )

    asyncio.run(run())

    assert most == 3


def test_a_mind_that_fails_has_risk_only_sessions_of_its_own(tmp_path: Path):
    settings = demo_settings(tmp_path)

    async def fail() -> None:
        raise AgentFault("answer", "down")

    failing = entrant(settings, "failing", fail)
    rules = entrants_of(settings, demo_period(settings), (), None, Screen("en", as_json=True))
    results = asyncio.run(run_arena([failing, *rules], demo_period(settings), 4, lambda _one: None))

    down, momentum = (one.row for one in results)
    assert (down.sessions, down.risk_only, down.orders) == (20, 20, 0)
    assert down.answers is not None
    assert down.answers.faults == 20
    assert momentum.risk_only == 0


def test_a_bug_in_one_account_is_raised_once_the_others_are_through(tmp_path: Path):
    settings = demo_settings(tmp_path)
    ended: list[str] = []

    async def bug() -> None:
        raise ZeroDivisionError

    rules = entrants_of(settings, demo_period(settings), (), None, Screen("en", as_json=True))
    with pytest.raises(ZeroDivisionError):
        asyncio.run(
            run_arena(
                [entrant(settings, "bug", bug), *rules],
                demo_period(settings),
                4,
                lambda one: ended.append(one.row.name),
            )
        )

    assert ended == ["momentum"]


def test_a_server_that_hangs_costs_its_own_deadline_and_a_bad_answer_is_counted(tmp_path: Path):
    with ProviderTwin(hangs) as hanging, ProviderTwin(says("not json")) as babbling:
        models = [
            {"name": "hangs", "model": "m", "base_url": hanging.url, "deadline_s": "0.3"},
            {"name": "babbles", "model": "m", "base_url": babbling.url, "training_cutoff": "2026-07-14"},
        ]
        path = config(tmp_path)
        text = json.loads(path.read_text())
        text["models"] = models
        text["agent_config"] = {"deadline_s": 5, "max_retries": 1}
        path.write_text(json.dumps(text), encoding="utf-8")

        found = call(
            *DEMO, "paper", "--config", path, "--data-dir", tmp_path / "data",
            "--start", "2026-07-13", "--end", "2026-07-14", "--llm", "off",
        )  # fmt: skip

    by_name = lines(found.json)
    assert found.code == 0
    assert (by_name["hangs"]["risk_only"], by_name["hangs"]["answer_faults"]) == (8, 8)
    assert by_name["babbles"]["bad_answers"] == {"not_json": 8}
    assert by_name["babbles"]["tokens"]["input"] == 8 * 2 * 120  # asked once and once more, 120 read each
    assert by_name["babbles"]["latency_ms"]["p95"] is not None
    assert by_name["babbles"]["training_cutoff"] == "2026-07-14"
    assert by_name["babbles"]["days_known_before"] == 2
    assert by_name["momentum"]["orders"] > 0


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.cli.test_arena import demo_period, demo_settings, entrant
from commands.arena_entrants import entrants_of
from commands.arena_run import run_arena
from commands.screen import Screen

settings = demo_settings(Path(sys.argv[1]))
left = int(sys.argv[2])

async def die_at_last():
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    await asyncio.sleep(0)

period = demo_period(settings)
rules = entrants_of(settings, period, (), None, Screen("en", as_json=True))
minds = [entrant(settings, name, die_at_last) for name in ("one", "two")]
asyncio.run(run_arena([*minds, *rules], period, 2, lambda _one: None))
"""


def survive(data_dir: Path, asked: int) -> int:
    """Run the arena in a process that dies at the mind's question after `asked`; return its exit code."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(data_dir), str(asked)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False, timeout=120,
    )  # fmt: skip
    return done.returncode


@pytest.fixture(scope="module")
def left_alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of an arena nobody killed."""
    folder = tmp_path_factory.mktemp("whole")
    assert survive(folder, 1000) == 0
    return folder


@pytest.mark.parametrize("asked", [0, 7, 20, 39])
def test_an_arena_killed_and_started_again_leaves_what_one_left_alone_does(
    left_alone: Path, tmp_path: Path, asked: int
):
    assert survive(tmp_path / "killed", asked) == -signal.SIGKILL
    finished = _finished(tmp_path / "killed", ("a-one", "a-two", "a-momentum"))
    times = {name: (tmp_path / "killed" / name / "journal.sqlite3").stat().st_mtime_ns for name in finished}
    assert survive(tmp_path / "killed", 1000) == 0

    for account in ("a-one", "a-two", "a-momentum"):
        assert records(tmp_path / "killed", account) == records(left_alone, account), account
        trail = Path(account) / "position" / "position.jsonl"
        assert (tmp_path / "killed" / trail).read_bytes() == (left_alone / trail).read_bytes()
    for name, time in times.items():
        assert (tmp_path / "killed" / name / "journal.sqlite3").stat().st_mtime_ns == time, name


def _finished(data_dir: Path, accounts: Iterable[str]) -> list[str]:
    found = []
    for account in accounts:
        path = data_dir / account / "journal.sqlite3"
        if path.exists() and any(
            event.step == "finished" for event in SqlStore.open_read_only(path, account).events()
        ):
            found.append(account)
    return found


def test_entrants_keep_the_order_of_the_configuration(tmp_path: Path):
    settings = demo_settings(tmp_path)
    period = demo_period(settings)

    found = entrants_of(settings, period, (), None, Screen("en", as_json=True))

    assert [replace(one.entered, agent="") for one in found] == [
        Entered(name="momentum", kind=EntrantKind.BASELINE, agent="", account="a-momentum")
    ]


def test_a_kill_file_stops_every_account_and_says_so(tmp_path: Path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "KILL").write_text("enough", encoding="utf-8")

    found = call(*DEMO, "paper", "--config", config(tmp_path), "--data-dir", data)

    assert found.code == 4
    assert {line["state"] for line in lines(found.json).values()} == {"killed"}
    assert lines(found.json)["momentum"]["orders"] == 0


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_person_is_shown_the_leaderboard(tmp_path: Path, lang: str):
    found = call(
        "arena", "--demo", "--mode", "backtest", "--config", config(tmp_path), "--data-dir", tmp_path / "d",
        "--frequency", "hourly", "--lang", lang, "--html", tmp_path / "page.html",
    )  # fmt: skip

    assert found.code == 0
    assert "momentum" in found.out
    assert str(tmp_path / "page.html") in found.out.replace("\n", "")
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_page_that_cannot_be_written_is_one_line(tmp_path: Path):
    (tmp_path / "file").write_text("")

    found = call(
        *DEMO, "backtest", "--config", config(tmp_path), "--data-dir", tmp_path / "d",
        "--html", tmp_path / "file" / "page.html",
    )  # fmt: skip

    assert found.code == 3
    assert "page.html" in found.err


def test_an_entrant_has_the_models_it_may_ask_alone_and_the_youngest_ones_cut_off(tmp_path: Path):
    models = [
        {"name": name, "model": "m", "base_url": "http://127.0.0.1:9/v1", "training_cutoff": cutoff}
        for name, cutoff in (
            ("one", "2025-01-01"), ("bull", "2025-03-01"), ("spare", "2024-01-01"), ("other", "2026-01-01"),
        )
    ]  # fmt: skip
    settings = demo_settings(
        tmp_path,
        **{
            "models": models,
            "agent_config.fallback": ["spare"],
            "agent_config.debate": {"bull": "bull"},
            "arena.models": False,
            "arena.baselines": [],
            "arena.entrants": [
                {"name": "alone", "agent": "llm:one"},
                {"name": "talk", "agent": "debate:one"},
            ],
        },
    )

    alone, talk = entrants_of(settings, demo_period(settings), (), "off", Screen("en", as_json=True))

    assert [model.name for model in alone.settings.models] == ["one", "spare"]
    assert [model.name for model in talk.settings.models] == ["one", "bull", "spare"]
    assert (str(alone.entered.cutoff), str(talk.entered.cutoff)) == ("2025-01-01", "2025-03-01")
    assert alone.asks
    assert talk.asks
    assert {alone.entered.kind, talk.entered.kind} == {EntrantKind.MODEL}
