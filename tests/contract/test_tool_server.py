"""Servers of tools over a pipe: whatever one does, who asks gets an answer or a fault in time."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeVar

import pytest

from services.mcp_client.server import McpServer
from services.ports import ToolFault

pytest.importorskip("mcp", reason="the extra mcp is not installed")

TWIN = Path(__file__).parents[1] / "tool_server.py"
T = TypeVar("T")


def server(mode: str, deadline_s: float = 10.0, environment: Mapping[str, str] | None = None) -> McpServer:
    from services.mcp_client.pipe import piped

    return McpServer("twin", lambda: piped(sys.executable, [str(TWIN), mode], environment or {}), deadline_s)


def used(one: McpServer, use: Callable[[McpServer], Awaitable[T]]) -> T:
    """Start the server, use it, stop it."""

    async def whole() -> T:
        try:
            await one.start()
            return await use(one)
        finally:
            await one.stop()

    return asyncio.run(whole())


def asked(one: McpServer) -> str:
    return used(one, lambda started: started.ask("research", {"topic": "copper"}))


def test_a_good_server_lists_its_tools_and_answers():
    async def whole() -> tuple[list[str], str]:
        one = server("good")
        try:
            specs = await one.start()
            return [spec.name for spec in specs], await one.ask("research", {"topic": "copper"})
        finally:
            await one.stop()

    assert asyncio.run(whole()) == (["research", "delete_all"], "about copper")


@pytest.mark.parametrize(("mode", "answer"), [
    ("greets", "about copper"),
    ("garbage", "about copper"),
    ("picture", "[image left out: only text is read]"),
    ("failing", "The tool reports an error: no such topic"),
    ("structured", '{"pe": "12.5"}'),
    ("long", "x" * 3_000_000),
])  # fmt: skip
def test_what_a_server_says_is_passed_on_as_text(mode: str, answer: str):
    assert asked(server(mode)) == answer


def test_a_servers_pattern_is_never_run_over_its_answer():
    assert asked(server("pattern")) == "fine"


def test_a_server_knows_of_the_environment_only_what_it_was_given(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DEEPSEEK_API_KEY", "canary-4711")

    seen = asked(server("environment", environment={"TOPICS": "all"}))

    assert '"TOPICS": "all"' in seen
    assert "canary-4711" not in seen
    # Python itself sets LC_CTYPE in a bare environment.
    assert '"HOME"' not in seen
    assert '"PATH"' not in seen


@pytest.mark.parametrize("mode", ["dies", "line_without_end", "chatters", "deep", "refuses"])
def test_a_bad_server_is_a_fault_at_once(mode: str):
    began = time.monotonic()

    if mode == "deep":
        assert asked(server(mode)) == "about copper"  # A line that is no message is passed over.
    else:
        with pytest.raises(ToolFault):
            asked(server(mode))

    assert time.monotonic() - began < 9, "it was waited for to the deadline"


@pytest.mark.parametrize("mode", ["sleeps", "silent"])
def test_a_slow_server_is_a_fault_at_the_deadline(mode: str):
    with pytest.raises(ToolFault, match=r"1\.5 s"):
        asked(server(mode, deadline_s=1.5))


def test_a_server_that_let_a_question_pass_answers_no_more():
    async def twice(one: McpServer) -> tuple[str, float]:
        with pytest.raises(ToolFault):
            await one.ask("research", {})
        began = time.monotonic()
        with pytest.raises(ToolFault) as refused:
            await one.ask("research", {})
        return refused.value.why, time.monotonic() - began

    why, waited_s = used(server("sleeps", deadline_s=1.5), twice)

    assert why
    assert waited_s < 0.5


def test_one_refused_question_does_not_end_the_server():
    async def twice(one: McpServer) -> int:
        faults = 0
        for _ in range(2):
            try:
                await one.ask("research", {})
            except ToolFault as fault:
                faults += "no such thing" in fault.why
        return faults

    assert used(server("refuses"), twice) == 2


def test_a_command_that_is_not_there_is_a_fault():
    from services.mcp_client.pipe import piped

    one = McpServer("gone", lambda: piped("no-such-command-here", [], {}))

    with pytest.raises(ToolFault, match="FileNotFoundError"):
        asyncio.run(one.start())


def children() -> set[int]:
    """Return the process ids of this process's children."""
    own, found = os.getpid(), set[int]()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == own and fields[0] != "Z":
            found.add(int(stat.parent.name))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="counts processes by /proc")
@pytest.mark.parametrize("mode", ["good", "stubborn", "sleeps", "chatters"])
def test_no_process_is_left_behind(mode: str):
    before = children()

    try:
        asked(server(mode, deadline_s=1.5))
    except ToolFault:
        assert mode not in ("good", "stubborn")

    assert children() <= before
