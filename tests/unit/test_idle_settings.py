"""Keys of `risk_control` that do nothing beside the others are named, and those that act are not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from commands.idle_settings import _NEEDS, idle_keys
from services.settings_file import load_settings
from services.settings_keys import keys_of
from services.settings_risk import RiskSettings
from tests.command_line import call


def idle(tmp_path: Path, risk: str) -> list[str]:
    path = tmp_path / "c.yaml"
    path.write_text(f"risk_control: {{{risk}}}\n", encoding="utf-8")
    settings = load_settings(path, environment={}, dotenv=None)
    return [one.key for one in idle_keys(settings.risk_control)]


@pytest.mark.parametrize(
    ("alone", "beside"),
    [
        ("stop_loss_ratio: 0.08", "enable_stop_loss: true"),
        ("exits_while_halted: true", "enable_stop_loss: true"),
        ("exits_while_halted: true", "take_profit_ratio: 0.2"),
        ("exits_while_halted: true", "trailing_stop_ratio: 0.1"),
        ("exits_while_halted: true", "time_stop_days: 5"),
        ("correlation_bars: 30", "max_correlation: 0.8"),
        ("var_bars: 30", "max_var_ratio: 0.05"),
        ("var_horizon_bars: 2", "max_var_ratio: 0.05"),
        ("var_confidence: 0.9", "max_var_ratio: 0.05"),
        ("sectors: {600519.SH: food}", "max_sector_ratio: 0.3"),
        ("sectors: {600519.SH: food}", "max_unknown_sector_ratio: 0.3"),
        ("sizing_ratio: 0.1", "sizing: fixed_ratio"),
        ("sizing_ratio: 0.1", "sizing: atr"),
        ("sizing_positions: 6", "sizing: equal_weight"),
        ("sizing_risk_ratio: 0.02", "sizing: volatility"),
        ("sizing_bars: 30", "sizing: var"),
        ("sizing_atr_multiple: 3", "sizing: atr"),
        ("sizing_confidence: 0.9", "sizing: var"),
        ("scale_in_downtrend: 0.5", "max_gross_ratio: 0.8"),
        ("scale_when_volatile: 0.5", "sizing: fixed_ratio"),
        ("scale_in_downtrend: 0.5", "max_single_position_ratio: 0.3"),
        ("state_trend_bars: 30", "scale_in_downtrend: 0.5, max_gross_ratio: 0.8"),
        ("state_symbol: 510300.SH", "scale_when_volatile: 0.5, max_sector_ratio: 0.8"),
    ],
)
def test_a_key_is_idle_alone_and_acts_beside_what_it_needs(tmp_path: Path, alone: str, beside: str):
    assert idle(tmp_path, alone) == [alone.partition(":")[0]]
    assert idle(tmp_path, f"{alone}, {beside}") == []


@pytest.mark.parametrize(
    ("risk", "found"),
    [
        ("", []),
        ("sizing_ratio: 0.20", []),  # As it comes.
        ("sizing_positions: 6, sizing: atr", ["sizing_positions"]),
        ("sizing_atr_multiple: 3, sizing: var", ["sizing_atr_multiple"]),
    ],
)
def test_what_stands_as_it_comes_is_no_mistake_and_another_methods_key_is(
    tmp_path: Path, risk: str, found: list[str]
):
    assert idle(tmp_path, risk) == found


def test_every_key_of_the_table_is_one_of_the_configuration_and_stands_there_once():
    keys = [key for need in _NEEDS for key in need.keys]

    assert set(keys) <= set(keys_of(RiskSettings))
    assert len(keys) == len(set(keys))


def test_doctor_warns_of_it_and_names_what_is_missing(tmp_path: Path):
    path = tmp_path / "c.yaml"
    path.write_text(
        "mode: backtest\nagent_type: rule\nrisk_control: {correlation_bars: 30}\n", encoding="utf-8"
    )

    done = call("doctor", "--config", path, "--data-dir", tmp_path / "data", "--json")

    (check,) = [one for one in json.loads(done.out)["checks"] if one["name"] == "risk"]
    assert check["state"] == "warn"
    assert "max_correlation" in check["detail"]
