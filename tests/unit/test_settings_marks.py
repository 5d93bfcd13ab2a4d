"""Marks of the configuration's keys, each held by a value that it alone refuses."""

from pathlib import Path

import pytest

from services.settings import SettingsError
from services.settings_file import load_settings

HOOK = "type: webhook, body: {text: '{text}'}"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("agent_config: {initial_cash: 1000.001}", "agent_config.initial_cash"),
        ("models: [{name: a, model: ''}]", "models[0].model"),
        ("risk_control: {min_cash_reserve: 1000.001}", "risk_control.min_cash_reserve"),
        ("risk_control: {state_symbol: '000300'}", "risk_control.state_symbol"),
        (f"alerts: {{channels: [{{name: a, url: 'ftp://h', {HOOK}}}]}}", "alerts.channels[0].url"),
        (
            f"alerts: {{channels: [{{name: a, url: 'https://h', {HOOK}}}, "
            f"{{name: a, url: 'https://i', {HOOK}}}]}}",
            "alerts.channels",
        ),
        ("arena: {entrants: [{name: a, agent: rule}, {name: a, agent: llm}]}", "arena.entrants"),
        ("arena: {baselines: [momentum, random, momentum]}", "arena.baselines"),
        ("mcp_servers: [{name: a, tools: [b], url: 'ftp://h'}]", "mcp_servers[0].url"),
        (
            "mcp_servers: [{name: a, tools: [b], url: 'https://h', token_env: a-b}]",
            "mcp_servers[0].token_env",
        ),
        ("watchdog: {dead_man_url: '${BEAT}'}", "watchdog.dead_man_url"),
    ],
)
def test_a_value_that_its_keys_mark_alone_refuses(tmp_path: Path, text: str, key: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(SettingsError) as caught:
        load_settings(path, environment={"BEAT": "ftp://h"}, dotenv=None)

    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{path}: key '{key}': ")
    # An empty value that is refused is not shown as one.
    assert line == line.rstrip()
