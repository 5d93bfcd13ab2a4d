"""Runs with a model behind them: its answers kept, its cost bounded, its key nowhere."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from commands.kept_answers import warn_without_key
from commands.past import past_in
from commands.screen import Screen
from commands.stored_account import stored_account
from services.domain.decision import RawAnswer
from services.domain.events import Closed, FaultRecord, Outcome
from services.journal.codec import decode, decode_event
from services.journal.sql_store import SqlStore
from services.models.spending import Spent
from services.settings_file import load_settings
from tests.command_line import PROGRAM, Ran, answer, call, contents, order, trail
from tests.provider_twin import Asked, Line, ProviderTwin, like, refuses

CANARY = "sk-canary-5e1f77c0aa"


def buys(asked: Asked) -> str:
    """Buy a lot of the first symbol on the list."""
    schema = asked.body["response_format"]["json_schema"]["schema"]
    return answer(order("buy", 100, schema["$defs"]["symbol"]["enum"][0]))


@pytest.fixture
def twin(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProviderTwin]:
    monkeypatch.setenv("TWIN_API_KEY", CANARY)
    with ProviderTwin(like("openai", buys)) as twin:
        yield twin


def config(tmp_path: Path, twin: ProviderTwin, **more: object) -> Path:
    model = {
        "name": "twin",
        "model": "twin-1",
        "base_url": twin.url,
        "dialect": "openai",
        "output_tokens_max": 1000,
        "price": {"input": 2, "output": 8, "cached_input": 0.5},
    }
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"agent_type": "llm", "models": [model], **more}))
    return path


def dear(twin: ProviderTwin) -> dict[str, object]:
    """Return a model whose output alone costs something, 0.008 CNY a token."""
    return {
        "name": "twin",
        "model": "twin-1",
        "base_url": twin.url,
        "dialect": "openai",
        "output_tokens_max": 1000,
        "price": {"input": 0, "output": 8000},
    }


def run(config: Path, folder: Path, *more: object, mode: str = "backtest") -> Ran:
    demo = ("--demo", "--frequency", "hourly", "--no-report", "--json")
    return call("--mode", mode, *demo, "--config", config, "--data-dir", folder, *more)


def answers(folder: Path) -> list[RawAnswer | FaultRecord]:
    store = SqlStore.open_read_only(folder / "main" / "journal.sqlite3", "main")
    found = []
    for event in store.events():
        if event.step == "answer":
            value = decode_event(event)
            body = getattr(value, "body", None)
            if isinstance(body, str):
                value = decode(value.kind, event.version, store.body(body).decode())  # type: ignore[attr-defined]
            found.append(value)
    store.close()
    return found  # type: ignore[return-value]  # What an answer's step holds.


def outcomes(folder: Path) -> list[Closed]:
    store = SqlStore.open_read_only(folder / "main" / "journal.sqlite3", "main")
    found = [decode_event(event) for event in store.events() if event.step == "closed"]
    store.close()
    return [one for one in found if isinstance(one, Closed)]


def test_a_second_backtest_asks_nobody_and_writes_the_same_bytes(tmp_path: Path, twin: ProviderTwin):
    first, second, settings = tmp_path / "first", tmp_path / "second", config(tmp_path, twin)
    assert run(settings, first).code == 0
    asked = len(twin.requests)
    shutil.copytree(first / "llm-cache", second / "llm-cache")

    again = run(settings, second)

    assert (again.code, asked, len(twin.requests)) == (0, 20, 20)
    assert again.json["models"] == {"asked": 0, "kept": 20}
    assert contents(first / "main") == contents(second / "main")
    assert any(line["this_action"]["action"] == "buy" for line in trail(second)[1:])  # type: ignore[index]  # JSON.


def test_a_backtest_that_was_killed_does_not_ask_again_what_was_answered(tmp_path: Path, twin: ProviderTwin):
    settings, folder, reached = config(tmp_path, twin), tmp_path / "data", threading.Event()
    good = twin.behaviour

    def until_the_eighth(asked: Asked, line: Line) -> None:
        if len(twin.requests) < 8:
            good(asked, line)
        else:
            reached.set()
            line.pause(60.0)

    twin.behaviour = until_the_eighth
    arguments = ("--mode", "backtest", "--demo", "--frequency", "hourly", "--config", settings)
    process = subprocess.Popen([*PROGRAM, *map(str, arguments), "--data-dir", str(folder)])
    assert reached.wait(60.0)
    process.kill()
    process.wait()
    twin.behaviour = good

    assert run(settings, folder).json["models"] == {"asked": 13, "kept": 7}


def test_what_an_answer_cost_is_on_the_record(tmp_path: Path, twin: ProviderTwin):
    run(config(tmp_path, twin), tmp_path / "data")

    told = answers(tmp_path / "data")

    # 120 tokens at 2 CNY a million and 30 at 8: 0.00024 + 0.00024 = 0.00048, rounded up to 0.0005.
    assert {one.usage.cost_cny for one in told if isinstance(one, RawAnswer)} == {Decimal("0.0005")}
    assert all(len(one.calls) == 1 for one in told if isinstance(one, RawAnswer))


def test_a_new_process_knows_what_the_days_before_it_took(tmp_path: Path, twin: ProviderTwin):
    path, folder = config(tmp_path, twin), tmp_path / "data"
    run(path, folder)
    settings = load_settings(path, overrides={"data_dir": str(folder)})

    with stored_account(settings) as account:
        first = next(iter(account.journal.account.sessions.values())).opened.day
        spent = past_in(account.journal).spent

        # Four sessions a day and twenty in the month, 0.0005 CNY each.
        assert spent(first) == Spent(day_cny=Decimal("0.0020"), month_cny=Decimal("0.0100"))
        assert spent(first + timedelta(days=400)) == Spent()


def test_what_failed_requests_may_have_cost_is_known_to_the_next_process_too(
    tmp_path: Path, twin: ProviderTwin
):
    twin.behaviour = refuses(500, "oops")
    path = config(tmp_path, twin, models=[dear(twin)], agent_config={"max_retries": 1})
    run(path, folder := tmp_path / "data")

    with stored_account(load_settings(path, overrides={"data_dir": str(folder)})) as account:
        first = next(iter(account.journal.account.sessions.values())).opened.day
        spent = past_in(account.journal).spent(first)

    # 1000 tokens at 0.008 each time; four sessions on the day, twenty in the month.
    assert spent == Spent(day_cny=Decimal(32), month_cny=Decimal(160))


def test_switched_off_or_live_each_run_asks_anew(tmp_path: Path, twin: ProviderTwin):
    settings = config(tmp_path, twin)
    run(settings, tmp_path / "off", "--llm", "off")
    assert not (tmp_path / "off" / "llm-cache").exists()
    run(settings, tmp_path / "live", "--llm", "live")
    shutil.rmtree(tmp_path / "live" / "main")

    run(settings, tmp_path / "live", "--llm", "live")

    assert len(twin.requests) == 60


def test_paper_asks_anew_unless_told_otherwise(tmp_path: Path, twin: ProviderTwin):
    settings = config(tmp_path, twin)
    run(settings, tmp_path / "data", mode="paper")
    shutil.rmtree(tmp_path / "data" / "main")

    run(settings, tmp_path / "data", "--llm", "cache", mode="paper")

    assert len(twin.requests) == 20


def test_a_replay_with_another_model_asks_once(tmp_path: Path, twin: ProviderTwin):
    settings, folder = config(tmp_path, twin), tmp_path / "data"
    assert call("--mode", "backtest", "--demo", "--frequency", "hourly", "--data-dir", folder).code == 0
    listed = call("sessions", "--json", "--data-dir", folder, "--config", settings).json
    session = listed["sessions"][-1]["id"]  # type: ignore[index]  # Plain JSON.

    shown = [
        call("replay", session, "--agent", "llm", "--data-dir", folder, "--config", settings, "--json")
        for _ in range(2)
    ]

    assert [one.code for one in shown] == [0, 0]
    assert shown[0].json["other"] == shown[1].json["other"]
    assert len(twin.requests) == 1


def test_a_session_over_budget_trades_nothing_new_and_says_why(tmp_path: Path, twin: ProviderTwin):
    # Each of the day's four sessions may take 1000 x 0.008 = 8 CNY and takes 30 x 0.008 = 0.24:
    # 0.00 + 8 and 0.24 + 8 fit into 8.30, 0.48 + 8 does not.
    run(config(tmp_path, twin, models=[dear(twin)], budget={"cny_per_day": 8.3}), tmp_path / "data")

    told = answers(tmp_path / "data")
    faults = [one for one in told if isinstance(one, FaultRecord)]
    closed = outcomes(tmp_path / "data")
    assert (len(told), len(faults), len(twin.requests)) == (20, 10, 10)
    assert all("cny_per_day" in fault.why for fault in faults)
    assert sum(one.outcome is Outcome.RISK_ONLY for one in closed) == len(faults)


def test_a_run_within_a_budget_comes_out_the_same_from_the_cache(tmp_path: Path, twin: ProviderTwin):
    # 4 x 0.24 + 8 fits into 9, 5 x 0.24 + 8 does not: five answers in the month of the demo.
    settings = config(tmp_path, twin, models=[dear(twin)], budget={"cny_per_month": 9})
    first, second = tmp_path / "first", tmp_path / "second"
    run(settings, first)
    asked = len(twin.requests)
    shutil.copytree(first / "llm-cache", second / "llm-cache")

    run(settings, second)

    assert (asked, len(twin.requests)) == (5, 5)
    assert contents(first / "main") == contents(second / "main")


def test_the_next_model_is_asked_where_the_first_is_down(tmp_path: Path, twin: ProviderTwin):
    down = {"name": "down", "model": "d", "base_url": "http://127.0.0.1:9/v1"}
    up = {"name": "twin", "model": "twin-1", "base_url": twin.url, "dialect": "openai"}
    settings = config(
        tmp_path,
        twin,
        models=[down, up],
        agent_config={"fallback": ["twin"], "max_retries": 1},
    )

    assert run(settings, tmp_path / "data").code == 0

    told = answers(tmp_path / "data")
    assert {one.model for one in told if isinstance(one, RawAnswer)} == {"served-model"}
    assert len(told) == len(twin.requests) == 20


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"agent_config": {"fallback": ["nobody"]}}, "nobody"),
        ({"models": [{"name": "m", "model": "m"}], "budget": {"cny_per_day": 1}}, "price"),
        ({"models": [{"name": "m", "model": "m", "dialect": "minimax", "temperature": 0}]}, "temperature"),
        ({"models": [{"name": "m", "model": "m", "training_cutoff": "2025-13-01"}]}, "training_cutoff"),
        ({"models": [{"name": "m", "model": "m", "training_cutoff": 20250101}]}, "training_cutoff"),
        ({"models": [{"name": "m", "model": "m", "price": {"input": 1}}]}, "price.output"),
        ({"budget": {"cny_per_day": 0}}, "budget.cny_per_day"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_begins(
    tmp_path: Path, twin: ProviderTwin, wrong: dict[str, object], named: str
):
    ran = run(config(tmp_path, twin, **wrong), tmp_path / "data")

    assert ran.code == 2
    assert named in ran.err
    assert len(ran.err.splitlines()) == 1
    assert not (tmp_path / "data" / "main").exists()


def test_an_unknown_way_of_keeping_answers_is_refused(tmp_path: Path, twin: ProviderTwin):
    ran = run(config(tmp_path, twin), tmp_path / "data", "--llm", "sometimes")

    assert ran.code == 2
    assert "--llm sometimes" in ran.err
    assert len(ran.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("base_url", "environment", "warned"),
    [
        ("https://llm.example/v1", {}, True),
        ("https://llm.example/v1", {"TWIN_API_KEY": CANARY}, False),
        ("http://127.0.0.1:11434/v1", {}, False),  # A model on this machine mostly needs none.
    ],
)
def test_a_run_begins_with_a_word_where_its_model_has_no_key(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    base_url: str,
    environment: dict[str, str],
    warned: bool,
):
    path = tmp_path / "config.json"
    model = {"name": "twin", "model": "twin-1", "base_url": base_url}
    path.write_text(json.dumps({"agent_type": "llm", "models": [model]}))
    settings = load_settings(path, environment=environment, dotenv=None)

    warn_without_key(settings, Screen("en", as_json=True))

    told = capsys.readouterr()
    assert (told.out, "twin" in told.err) == ("", warned)


def test_the_key_goes_to_the_server_and_nowhere_else(tmp_path: Path, twin: ProviderTwin):
    ran = run(config(tmp_path, twin), tmp_path / "data")

    assert {asked.headers["authorization"] for asked in twin.requests} == {f"Bearer {CANARY}"}
    kept = contents(tmp_path)
    assert len([name for name in kept if "llm-cache" in name]) == 20
    assert [name for name, data in kept.items() if CANARY.encode() in data] == []
    assert CANARY not in ran.out + ran.err
