"""A configuration that cannot be used: exit code 2, and a line with the file, the key and the mend."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import call, four_days

SECRET = "sk-0123456789abcdef"

# The file's text, and what its one line names.
FILES = {
    "unknown-key": ("mod: paper\n", ["'mod'", "'mode'"]),
    "unknown-key-inside": ("broker: {comission_rate: 0.001}\n", ["comission_rate", "commission_rate"]),
    "literal-secret": (
        f"broker: {{api_key: {SECRET}}}\n", ["broker.api_key", "KAIPAN_BROKER_API_KEY"],
    ),
    "literal-model-key": (
        f"models: [{{name: deep, model: m, api_key: {SECRET}}}]\n", ["models[0].api_key", "DEEP_API_KEY"],
    ),
    "literal-password": (
        f"journal_url: postgresql://me:{SECRET}@127.0.0.1/x\n", ["journal_url", "KAIPAN_JOURNAL_URL"],
    ),
    "text-for-a-number": ("agent_config: {initial_cash: lots}\n", ["agent_config.initial_cash"]),
    "number-out-of-range": (
        "risk_control: {max_single_position_ratio: 2}\n", ["risk_control.max_single_position_ratio"],
    ),
    "number-for-a-mapping": ("broker: 3\n", ["broker"]),
    "text-for-a-list": ("watchlist: 600519.SH\n", ["watchlist"]),
    "yes-for-a-bool": ("keep_orders: perhaps\n", ["keep_orders"]),
    "key-twice": ("lang: en\nlang: zh\n", ["line 2", "lang"]),
    "a-list": ("- mode\n", ["line 1"]),
    "broken-yaml": ("lang: [\n", ["line"]),
    "symbol-without-suffix": ("watchlist: [600519]\n", ["watchlist", "600519.SH"]),
    "symbol-of-another-market": ("watchlist: [AAPL.US]\n", ["watchlist", "AAPL.US"]),
    "other-broker": ("broker: {type: futu}\n", ["broker.type", "simulated"]),
    "no-overlay": ("calendar_overlay: days.yaml\n", ["calendar_overlay", "days.yaml"]),
    "half-a-character-in-a-path": ('{"calendar_overlay": "\\ud800"}', ["calendar_overlay"]),
    "half-a-character-in-an-early-path": ('{"risk_control": {"sector_file": "\\ud800"}}', ["sector_file"]),
    "zero-in-an-early-path": ('{"risk_control": {"sector_file": "\\u0000"}}', ["sector_file"]),
    "zero-in-an-agent": ('{"agent_type": "scripted:\\u0000"}', ["agent_type"]),
    "symbol-not-in-the-file": ("watchlist: [600519.SH]\n", ["watchlist", "600519.SH", "prices.csv"]),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_configuration_that_cannot_be_used(name: str, tmp_path: Path):
    text, named = FILES[name]
    config = tmp_path / "own.yaml"
    config.write_text(text, encoding="utf-8")

    done = call(
        "--mode", "backtest", "--prices", four_days(tmp_path), "--config", config,
        "--data-dir", tmp_path / "data",
    )  # fmt: skip

    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert [part for part in named if part not in done.err] == []
    assert SECRET not in done.err
    assert not (tmp_path / "data" / "main").exists()


def test_json_is_taken_with_comments_and_its_errors_name_the_line(tmp_path: Path):
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text('{\n  // two words\n  "lang": "en"\n}', encoding="utf-8")
    bad.write_text('{\n  // two words\n  "lang" "en"\n}', encoding="utf-8")
    arguments = ("--mode", "backtest", "--prices", four_days(tmp_path), "--data-dir", tmp_path / "data")

    assert call(*arguments, "--config", good, "--no-report").code == 0
    done = call(*arguments, "--config", bad)

    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert "bad.json: line 3" in done.err


def test_every_problem_has_its_line(tmp_path: Path):
    config = tmp_path / "own.yaml"
    config.write_text("mod: paper\ngrace_s: 0\n", encoding="utf-8")

    done = call("--demo", "--config", config, "--json")

    assert (done.code, len(done.err.splitlines())) == (2, 2)
    assert done.json["exit_code"] == 2


@pytest.mark.parametrize(("arguments", "shown"), [
    (("status", "--config", "bad.json"), "broker.account_id"),
    (("status", "--account", "a\udcd6\udcf7"), "--account"),  # Bytes of GBK, as an argument has them.
    (("status", "a\udcd6"), r"(a\udcd6)"),
    (("status", "--data-dir", "a\udcd6"), r"a\udcd6"),
])  # fmt: skip
def test_what_no_text_can_hold_is_refused_in_a_line_and_an_object(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], shown: str
):
    monkeypatch.chdir(tmp_path)
    Path("bad.json").write_text('{"broker": {"account_id": "\\ud800x"}}', encoding="utf-8")

    done = call(*arguments, "--json")

    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert shown in done.err
    assert done.json == {"error": done.err.rstrip("\n"), "exit_code": 2}


@pytest.mark.parametrize("day", ["2025/01/31", "2025年1月31日", "31-01-2025", "2025-02-30", "today", ""])
def test_a_day_that_is_none_is_refused_with_one_that_is(day: str):
    done = call("--mode", "backtest", "--prices", "prices.csv", "--start", day, "--end", "2025-12-31")

    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert "--start" in done.err
    assert "2025-01-31" in done.err
    assert "%" not in done.err


@pytest.mark.parametrize("command", [(), ("status",), ("verify",), ("doctor",)])
def test_a_configuration_that_is_not_there(command: tuple[str, ...]):
    done = call(*command, "--config", "nowhere.yaml")

    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert "nowhere.yaml" in done.err
