"""What docs/tools.md says of tools, fields and bounds is all there is of them, and is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from agents.look_ups import ToolLimits
from agents.toolbox import TOOLS
from agents.tools.calculator import DIGITS
from agents.tools.fence import RESULT_BYTES_MAX
from agents.tools.market import BARS_MAX, INDICATORS_MAX, QUOTES_MAX
from commands.failures import CommandFailed
from commands.tool_desk import ToolDesk
from services.news_file import FIELDS
from services.settings import Settings
from services.settings_reading import read_section
from services.settings_tools import ToolName

PAGE = (Path(__file__).parents[2] / "docs/tools.md").read_text(encoding="utf-8")
EXAMPLES = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]


def first_column(heading: str) -> list[str]:
    rows = PAGE.partition(f"| {heading} |")[2].split("\n\n")[0].splitlines()[2:]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])]


def test_every_tool_and_field_is_on_the_page():
    assert first_column("tool") == list(TOOLS)
    assert set(ToolName.__args__) == set(TOOLS)  # type: ignore[attr-defined]  # What a Literal holds.
    assert first_column("field") == list(FIELDS)


def test_the_bounds_on_the_page_are_those_of_the_code():
    found = [int(text) for text in re.findall(r"up to (\d+) symbols", PAGE)]

    assert found == [QUOTES_MAX, INDICATORS_MAX]
    assert f"{BARS_MAX} at most" in PAGE
    assert f"arithmetic of {DIGITS} digits" in PAGE
    assert f"{RESULT_BYTES_MAX // 1024} KiB" in PAGE


def test_the_examples_are_configurations_and_their_limits_the_usual_ones():
    tools, servers = (read_section(Settings, one) for one in EXAMPLES)
    usual = ToolLimits()

    asking = tools.agent_config
    assert (asking.tool_steps_max, asking.tool_calls_max, asking.tool_bytes_max) == (
        usual.steps_max, usual.calls_max, usual.bytes_max,
    )  # fmt: skip
    assert asking.tools == TOOLS
    assert [one.name for one in servers.mcp_servers] == ["research", "macro"]


def server(**more: object) -> dict[str, object]:
    return {"name": "a", "command": "x", "tools": ["t"], **more}


@pytest.mark.parametrize("wrong", [
    {"mcp_servers": [server(tools=[])]},
    {"mcp_servers": [server(tools=["a b"])]},
    {"mcp_servers": [server(tools=["a/b"])]},
    {"mcp_servers": [server(name="A")]},
    {"mcp_servers": [server(name="a__b")]},
    {"mcp_servers": [server(), server()]},
    {"mcp_servers": [server(url="https://a.example")]},
    {"mcp_servers": [server(command="")]},
    {"mcp_servers": [server(command="", url="ftp://a.example")]},
    {"mcp_servers": [server(command="", url="https://a.example", env=["A"])]},
    {"mcp_servers": [server(token_env="A")]},
    {"mcp_servers": [server(env=["TOKEN=sk-canary-1"])]},
    {"mcp_servers": [server(command="", url="https://a.example", token_env="sk-canary-1")]},
    {"agent_config": {"tools": ["submit_order"]}},
    {"agent_config": {"tool_calls_max": 0}},
])  # fmt: skip
def test_what_is_no_configuration_is_refused_without_repeating_secrets(wrong: dict[str, object]):
    with pytest.raises(ValueError, match=r"mcp_servers|agent_config") as refused:
        read_section(Settings, wrong)

    assert "sk-canary-1" not in str(refused.value)


def test_a_news_tool_without_a_file_is_refused_with_the_mend():
    settings = read_section(Settings, {"agent_config": {"tools": ["quote", "news"]}})

    with pytest.raises(CommandFailed, match="news_file"):
        ToolDesk(settings, live=False)


def test_a_news_file_that_cannot_be_read_is_named(tmp_path: Path):
    settings = read_section(Settings, {"agent_config": {"news_file": str(tmp_path / "gone.jsonl")}})

    with pytest.raises(CommandFailed, match=r"gone\.jsonl"):
        ToolDesk(settings, live=False)


def test_the_content_of_the_news_is_part_of_a_runs_identity_and_their_place_is_not(tmp_path: Path):
    line = '{"published_at": "2025-10-09", "source": "w", "title": "%s"}\n'
    identities = set()
    hashes = set()
    for name, title in (("a.jsonl", "up"), ("b.jsonl", "up"), ("c.jsonl", "down")):
        (tmp_path / name).write_text(line % title)
        settings = read_section(Settings, {"agent_config": {"news_file": str(tmp_path / name)}})
        identities.add(ToolDesk(settings, live=False).script)
        hashes.add(settings.config_hash)

    assert (len(identities), len(hashes)) == (2, 1)
