from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

import pytest
from sqlalchemy import create_engine, text

import commands
from commands.doctor import Surroundings, doctor
from commands.doctor_check import Words
from commands.doctor_checks import FREE_BYTES_LEAST, GIB, calendar, disk, python
from commands.doctor_network import Host
from commands.doctor_wording import CATALOGUE
from commands.failures import Exit
from commands.screen import Screen
from services.journal.account_lock import LOCK_NAME, account_lock
from services.journal.sql_store import SqlStore
from services.settings_file import load_settings
from tests.loopback_server import closed_address, web_server

NOW = datetime(2026, 11, 20, 2, 35, 10, tzinfo=UTC)
LLM = "agent_type: llm\nmodels:\n  - name: deep\n    model: m\n    base_url: https://llm.example/v1\n"
WORDS = Words("en")

Found = Mapping[str, Mapping[str, str]]


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # No .env of the developer's.
    monkeypatch.setenv("no_proxy", "*")


def on_time() -> AbstractContextManager[str]:
    """Return a server whose clock shows NOW."""
    return web_server(404, {"Date": "Fri, 20 Nov 2026 02:35:10 GMT"})


def around(
    *addresses: str,
    environment: Mapping[str, str] | None = None,
    load: Callable[[], object] = object,
) -> Surroundings:
    return Surroundings(
        environment=environment or {},
        hosts=tuple(Host(name="host", address=address) for address in addresses),
        load_source=load,
        day_sources=lambda _settings: (),
        stopwatch=lambda: 0.0,
    )


@pytest.fixture
def examine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[Exit, Found]]:
    """Return the exit code and the checks by name of a configuration text."""

    def run(
        config: str = "", surroundings: Surroundings | None = None, now: datetime = NOW
    ) -> tuple[Exit, Found]:
        path = tmp_path / "config.yaml"
        path.write_text(config, encoding="utf-8")
        given = surroundings or around()
        settings = load_settings(
            path, overrides={"data_dir": str(tmp_path / "data")}, environment=given.environment
        )
        code = doctor(settings, path, Screen("en", as_json=True), now, given)
        told = json.loads(capsys.readouterr().out)
        assert told["ok"] == (code is Exit.DONE)
        assert all(check.keys() == {"name", "state", "detail", "mend"} for check in told["checks"])
        assert all(bool(check["mend"]) == (check["state"] != "ok") for check in told["checks"])
        return code, {check["name"]: check for check in told["checks"]}

    return run


def test_where_nothing_is_missing_every_check_is_ok(examine):
    with on_time() as address:
        code, found = examine("mode: paper", around(address))

    assert code is Exit.DONE
    # The only host is this machine, which says nothing of this machine's clock; nobody is to be alerted.
    assert {name for name, check in found.items() if check["state"] != "ok"} == {"clock", "alerts"}
    assert list(found) == [
        *("python", "config", "secrets", "agent", "broker", "alerts", "calendar", "data_dir", "disk"),
        *("vitals", "prices", "account", "journal", "inbox", "host", "clock"),
    ]


def test_nothing_is_made_or_changed(examine, tmp_path: Path):
    examine()

    assert [path.name for path in tmp_path.iterdir()] == ["config.yaml"]


def test_a_backtest_needs_no_live_prices_and_no_clock(examine):
    def broken() -> object:
        raise ImportError("no akshare")

    code, found = examine("mode: backtest", around(closed_address(), load=broken))

    assert code is Exit.DONE
    assert found.keys().isdisjoint({"prices", "host", "clock"})


def test_an_old_python_fails():
    assert python(WORDS, (3, 10)).ok is False
    assert python(WORDS, (3, 11)).ok is True
    assert python(WORDS, (3, 13)).ok is True


def test_the_key_of_the_model_that_is_asked_must_be_set(examine):
    code, found = examine(LLM)

    assert code is Exit.DIFFERENCES
    assert found["secrets"]["state"] == "fail"
    assert "DEEP_API_KEY" in found["secrets"]["mend"]
    assert "OPENAI_API_KEY" not in found["secrets"]["mend"]  # It is for OpenAI's own server.


def test_a_key_that_is_set_is_named_and_never_shown(examine):
    _, found = examine(LLM, around(environment={"DEEP_API_KEY": "sk-hush-hush"}))

    assert found["secrets"]["state"] == "ok"
    assert "sk-hush-hush" not in json.dumps(found)


def test_keys_that_this_configuration_does_not_use_are_not_asked_for(examine):
    rule = LLM.replace("agent_type: llm", "agent_type: rule")
    second = LLM + "  - name: other\n    model: m\n    enabled: false\n"

    assert examine(rule)[1]["secrets"]["state"] == "ok"
    assert examine(second, around(environment={"DEEP_API_KEY": "sk-1"}))[1]["secrets"]["state"] == "ok"


def test_a_model_on_this_machine_needs_no_key_and_must_answer(examine):
    with on_time() as address:
        found = examine(LLM.replace("https://llm.example", address.rstrip("/")))[1]
    silent = examine(LLM.replace("https://llm.example", closed_address().rstrip("/")))[1]

    assert (found["secrets"]["state"], found["model"]["state"]) == ("ok", "ok")
    assert silent["model"]["state"] == "fail"


@pytest.mark.parametrize("spec", ["rule:momentun", "rule:momentum:top=0", "scripted:nowhere.jsonl", "llm"])
def test_a_mind_that_cannot_be_made_fails(examine, spec: str):
    code, found = examine(f"agent_type: {spec}")

    assert code is Exit.DIFFERENCES
    assert found["agent"]["state"] == "fail"


def test_a_script_that_can_be_read_is_a_mind(examine, tmp_path: Path):
    script = tmp_path / "answers.jsonl"
    script.write_text('"{}"\n', encoding="utf-8")

    assert examine(f"agent_type: scripted:{script}")[1]["agent"]["state"] == "ok"


@pytest.mark.parametrize("broker", ["simulated", "qmt"])
def test_no_broker_is_there_for_mode_live(examine, broker: str):
    config = f"mode: live\nbroker: {{type: {broker}}}"

    assert examine(config)[1]["broker"]["state"] == "fail"
    assert examine(config.replace("live", "paper"))[1]["broker"]["state"] == "ok"


def test_a_watched_symbol_that_no_board_has_is_to_look_at(examine):
    _, found = examine("watchlist: [600519.SH, 600519.SZ]")
    _, other = examine("watchlist: [600519.SH]")

    assert found["watchlist"]["state"] == "warn"
    assert "600519.SZ" in found["watchlist"]["detail"]
    assert "600519.SH" not in found["watchlist"]["detail"]
    assert "watchlist" not in other


def test_mode_live_needs_a_report_and_limits_which_no_other_mode_asks_for(examine):
    reported = "programmatic_trading: {reported: true, acknowledged: true, declared_orders_per_second: 1, "
    reported += "declared_orders_per_day: 200}\n"
    limited = "risk_control: {max_single_position_ratio: 0.2, max_daily_loss_ratio: 0.1, "

    assert examine("mode: live")[1]["live"]["state"] == "fail"
    assert "max_drawdown_ratio" in examine(f"mode: live\n{reported}{limited[:-2]}}}")[1]["live"]["detail"]
    assert examine(f"mode: live\n{reported}{limited}max_drawdown_ratio: 0.1}}")[1]["live"]["state"] == "ok"
    assert "live" not in examine("mode: paper")[1]


def test_a_price_source_that_cannot_be_loaded_fails(examine):
    def broken() -> object:
        raise ImportError("no module named akshare")

    assert examine("", around(load=broken))[1]["prices"]["state"] == "fail"


@pytest.mark.parametrize("config", [
    "data_source: {type: nobody}",
    "data_source: {type: tushare}",  # Without its token.
    "data_source: {sources: [sina]}",  # Nobody confirms its prices.
    "data_source: {sources: [eastmoney, akshare]}",  # Both sell the same numbers.
])  # fmt: skip
def test_a_source_that_is_not_there_or_could_not_be_believed_fails_without_loading_one(examine, config: str):
    def never() -> object:
        raise AssertionError

    assert examine(config, around(load=never))[1]["prices"]["state"] == "fail"


def test_a_host_that_cannot_be_reached_fails(examine):
    code, found = examine("", around(closed_address()))

    assert code is Exit.DIFFERENCES
    assert found["host"]["state"] == "fail"


def test_a_proxy_is_named_and_it_is_the_proxy_that_must_be_reached(examine):
    with on_time() as proxy:
        through = {"HTTPS_PROXY": proxy.replace("//", "//me:hush-hush@")}
        found = examine("", around("https://push2.example/", environment=through))[1]
    down = examine("", around("https://push2.example/", environment={"HTTPS_PROXY": closed_address()}))[1]
    broken = examine("", around("https://push2.example/", environment={"HTTPS_PROXY": "http://:x"}))[1]

    assert found["host"]["state"] == "warn"
    assert (down["host"]["state"], broken["host"]["state"]) == ("fail", "fail")
    for told in (found, down, broken):
        assert "HTTPS_PROXY" in told["host"]["detail"]
        assert "hush-hush" not in json.dumps(told)


@pytest.mark.parametrize(
    ("today", "ok"),
    [
        # The calendar ends on 2026-12-31; the days are Shanghai's.
        (datetime(2026, 12, 1, 15, 59, tzinfo=UTC), True),  # 23:59 on the 1st: 30 days.
        (datetime(2026, 12, 1, 16, 0, tzinfo=UTC), None),  # 0:00 on the 2nd: 29 days.
        (datetime(2026, 12, 30, 15, 0, tzinfo=UTC), None),  # 1 day.
        (datetime(2026, 12, 31, 1, 0, tzinfo=UTC), False),  # 0 days.
        (datetime(2027, 3, 1, 1, 0, tzinfo=UTC), False),
    ],
)
def test_the_calendar_warns_30_days_before_its_end_and_fails_at_it(today: datetime, ok: bool | None):
    settings = load_settings(None, environment={})

    assert calendar(WORDS, settings, today).ok is ok


def test_an_overlay_that_cannot_be_read_fails(examine, tmp_path: Path):
    overlay = tmp_path / "days.yaml"
    overlay.write_text("2027-01-04: perhaps", encoding="utf-8")

    assert examine(f"calendar_overlay: {overlay}")[1]["calendar"]["state"] == "fail"


def test_a_folder_that_cannot_be_written_fails(examine, tmp_path: Path):
    (tmp_path / "data").write_text("a file", encoding="utf-8")

    code, found = examine()

    assert code is Exit.DIFFERENCES
    assert found["data_dir"]["state"] == "fail"


@pytest.mark.parametrize(
    ("free_bytes", "ok"),
    [(GIB, True), (GIB - 1, None), (FREE_BYTES_LEAST, None), (FREE_BYTES_LEAST - 1, False)],
)
def test_little_space_warns_and_almost_none_fails(free_bytes: int, ok: bool | None):
    assert disk(WORDS, free_bytes).ok is ok


def test_an_account_that_another_process_runs_fails_and_is_left_alone(examine, tmp_path: Path):
    journal = tmp_path / "data" / "main" / "journal.sqlite3"
    lock = account_lock(journal, "main")
    lock.acquire()

    held = examine()[1]["account"]["state"]
    lock.release()

    assert held == "fail"
    assert (journal.parent / LOCK_NAME).exists()
    assert examine()[1]["account"]["state"] == "ok"
    lock.acquire()  # The doctor gave it back.
    lock.release()


def test_a_journal_of_this_version_is_ok_and_one_of_a_newer_fails(examine, tmp_path: Path):
    path = tmp_path / "data" / "main" / "journal.sqlite3"
    SqlStore.open(path, "main").close()

    assert examine()[1]["journal"]["state"] == "ok"

    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.execute(text("UPDATE meta SET value = '99' WHERE key = 'schema'"))
    engine.dispose()

    assert examine()[1]["journal"]["state"] == "fail"


def test_a_journal_that_is_none_fails(examine, tmp_path: Path):
    path = tmp_path / "data" / "main" / "journal.sqlite3"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not a database, but long enough to be looked at as one" * 20)

    assert examine()[1]["journal"]["state"] == "fail"


def test_a_database_server_that_is_not_there_fails_without_showing_its_password(examine):
    pytest.importorskip("psycopg", reason="the PostgreSQL driver is not installed")
    port = closed_address().rstrip("/").rpartition(":")[2]
    url = f"postgresql://me:hush-hush@127.0.0.1:{port}/x"

    _, found = examine("", around(environment={"KAIPAN_JOURNAL_URL": url}))

    assert found["journal"]["state"] == "fail"
    assert found["account"]["state"] == "warn"
    assert "hush-hush" not in json.dumps(found)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_person_gets_a_line_for_each_check(lang: str, capsys: pytest.CaptureFixture[str]):
    settings = load_settings(None, environment={})

    code = doctor(settings, None, Screen(lang, as_json=False), NOW, around(closed_address()))

    assert code is Exit.DIFFERENCES
    lines = capsys.readouterr().out.splitlines()
    # 16 checks, what to do where no vendor can be reached in ten lines, and the sum of the checks.
    assert len(lines) == 27
    assert sum("→" in line for line in lines) == 3  # The host, the clock, and that nobody is alerted.


CHANNELS = """alerts:
  channels:
    - {name: team, type: wecom}
    - {name: bell, type: serverchan, severity_min: critical}
    - {name: off, type: pushplus, enabled: false}
"""


def test_every_alert_channel_is_listed_and_none_of_its_secrets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    config, environment = tmp_path / "c.yaml", {"KAIPAN_ALERT_TEAM_TOKEN": "canary-7731"}
    config.write_text(CHANNELS, encoding="utf-8")
    settings = load_settings(config, environment=environment)

    doctor(settings, config, Screen("en", as_json=True), NOW, around(environment=environment))

    out = capsys.readouterr().out
    found = [check for check in json.loads(out)["checks"] if check["name"] == "alerts"]
    assert [check["state"] for check in found] == ["ok", "fail"]
    assert "team" in found[0]["detail"]
    assert "KAIPAN_ALERT_BELL_TOKEN" in found[1]["mend"]
    assert "canary" not in out


def placeholders(wording: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(wording) if name}


def test_both_languages_take_the_same_values():
    assert [key for key, (en, zh) in CATALOGUE.items() if placeholders(en) != placeholders(zh)] == []


def test_every_finding_that_is_not_ok_has_its_wording_and_its_mend():
    sources = [
        path.read_text(encoding="utf-8") for path in Path(next(iter(commands.__path__))).glob("doctor*.py")
    ]
    named = {key for source in sources for key in re.findall(r'"([a-z_]+\.[a-z_]+)"', source)}
    told = {
        key
        for source in sources
        for call in re.findall(r'words\.(?:warned|failed)\(\s*"([a-z_.]+)"', source)
        for key in (call, f"{call}.mend")
    }

    assert len(told) > 20
    assert told - CATALOGUE.keys() == set()
    assert {
        key for key in named if key.partition(".")[0] in {"host", "journal", "broker"}
    } <= CATALOGUE.keys()
