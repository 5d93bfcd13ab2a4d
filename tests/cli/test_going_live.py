"""`--mode live` starts for nobody who has not reported, declared and set limits; shadow sends nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import ROOT, Ran, call, trail

REPORTED = """
programmatic_trading:
  reported: true
  acknowledged: true
  declared_orders_per_second: 2
  declared_orders_per_day: 500
"""
LIMITED = """
risk_control:
  max_single_position_ratio: 0.2
  max_daily_loss_ratio: 0.05
  max_drawdown_ratio: 0.1
"""


def live(folder: Path, text: str, *arguments: object) -> Ran:
    config = folder / "own.yaml"
    config.write_text(f"mode: live\n{text}", encoding="utf-8")
    return call("--config", config, "--data-dir", folder / "data", *arguments)


def test_live_refuses_with_a_line_a_reason_and_the_broker_last(tmp_path: Path):
    for arguments in ((), ("--demo",), ("--mode", "live")):
        done = live(tmp_path, "", *arguments)

        lines = done.err.splitlines()
        assert (done.code, done.out) == (2, "")
        keys = ("reported", "acknowledged", "declared_orders_per_second", "declared_orders_per_day")
        keys += ("max_single_position_ratio", "max_daily_loss_ratio", "max_drawdown_ratio", "real broker")
        assert len(lines) == len(keys)
        assert [key for key, line in zip(keys, lines, strict=True) if key not in line] == []
        assert not (tmp_path / "data").exists()


def test_live_without_a_configuration_refuses_too(tmp_path: Path):
    done = call("--mode", "live", "--data-dir", tmp_path / "data", "--json")

    assert done.code == 2
    assert done.json == {"error": done.err.rstrip("\n"), "exit_code": 2}
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("broker", ["simulated", "futu"])
def test_what_was_reported_and_limited_lacks_a_real_broker_alone(tmp_path: Path, broker: str):
    done = live(tmp_path, f"{REPORTED}{LIMITED}broker: {{type: {broker}}}\n")

    assert done.code == 2
    (line,) = done.err.splitlines()
    assert "real broker" in line
    assert broker in line


def test_the_example_lacks_only_what_a_person_must_do_himself(tmp_path: Path):
    done = call("--config", ROOT / "configs/live.yaml", "--data-dir", tmp_path / "data")

    lines = done.err.splitlines()
    assert [key for key, line in zip(("reported", "acknowledged"), lines, strict=False) if key in line] == [
        "reported",
        "acknowledged",
    ]
    assert len(lines) == 3


def test_the_reasons_are_told_in_chinese(tmp_path: Path):
    lines = live(tmp_path, "lang: zh\n").err.splitlines()

    assert "程序化交易" in lines[0]
    assert "券商" in lines[-1]


@pytest.fixture(scope="module")
def watching(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    """The demo week of an account that only watches; read only."""
    folder = tmp_path_factory.mktemp("shadow")
    config = folder / "own.yaml"
    config.write_text("frequency: hourly\nrisk_control: {shadow: true}\n", encoding="utf-8")
    done = call("--demo", "--config", config, "--data-dir", folder / "data", "--json", "--lang", "en")
    return folder / "data", done


def test_a_shadow_account_decides_and_sends_nothing(watching: tuple[Path, Ran]):
    _, done = watching
    risk = done.json["risk"]

    assert isinstance(risk, dict)
    assert done.code == 0
    assert (done.json["orders"], done.json["fills"], done.json["positions"]) == (0, 0, {})
    assert risk["shadow_orders"] > 10
    assert "shadow" in [key for one in risk["suggestions"] for key in one["keys"]]
    assert done.json["final_cash"] == done.json["initial_cash"]


def test_the_audit_trail_of_a_shadow_account_tells_what_would_have_been_sent(watching: tuple[Path, Ran]):
    lines = trail(watching[0])

    # Line 0 is the opening balance.
    assert {line["this_action"]["action"] for line in lines[1:]} == {"no_trade"}
    told = [line["reason"] for line in lines[1:] if line["reason"].startswith("shadow, not sent: ")]
    assert told
    assert all(" @ " in reason and "; " in reason for reason in told)


def test_shadow_orders_are_on_the_screen_the_record_and_the_page(watching: tuple[Path, Ran]):
    data, _ = watching
    lines = trail(data)
    session = next(line["session_id"] for line in lines[1:] if line["reason"].startswith("shadow"))

    line = call("sessions", "--data-dir", data).out
    shown = call("show", session, "--data-dir", data)
    as_json = call("show", session, "--data-dir", data, "--json").json

    assert "in shadow" in line
    assert "not sent" in shown.out
    assert as_json["verdicts"][0]["shadow"]  # type: ignore[index]  # a list, as the record has it
    assert as_json["risk"]["shadow_orders"] == len(as_json["verdicts"][0]["shadow"])  # type: ignore[index, call-overload]
    assert "Shadow" in (data / "main" / "report.html").read_text(encoding="utf-8")


def test_a_shadow_run_verifies_and_replays(watching: tuple[Path, Ran]):
    data, _ = watching

    assert call("verify", "--data-dir", data).code == 0
    assert call("replay", "all", "--data-dir", data).code == 0
