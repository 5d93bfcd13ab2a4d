"""`mcp`: other programs read the stored account over standard streams, and can do nothing else."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from services.mcp_client.server import McpServer
from services.ports import ToolFault
from tests.command_line import PROGRAM, answer, call, call_process, contents, four_days, order, script

pytest.importorskip("mcp", reason="the extra mcp is not installed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An account that bought 200 of 600000.SH on its first day and did nothing since; read only."""
    at = tmp_path_factory.mktemp("account")
    agent = script(at / "script.jsonl", [answer(order("buy", 200)), *[answer()] * 3])
    prices = four_days(at)
    done = call(
        "--mode", "backtest", "--prices", prices, "--agent", agent, "--data-dir", at / "data",
        "--adjustment", "raw", "--volume-unit", "share", "--no-report", "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    return at / "data"


def asked(folder: Path, *questions: tuple[str, Mapping[str, object]]) -> list[str]:
    """Return the answers of a server in a process of its own, a fault's words among them."""
    from services.mcp_client.pipe import piped

    async def whole() -> list[str]:
        arguments = [PROGRAM[1], "mcp", "--data-dir", str(folder)]
        server = McpServer("kaipan", lambda: piped(sys.executable, arguments, {}), 60.0)
        try:
            specs = await server.start()
            answers = [" ".join(sorted(spec.name for spec in specs))]
            for tool, given in questions:
                try:
                    answers.append(await server.ask(tool, given))
                except ToolFault as fault:
                    answers.append(str(fault))
            return answers
        finally:
            await server.stop()

    return asyncio.run(whole())


def test_another_program_reads_the_account_and_changes_nothing(folder: Path):
    before = contents(folder)
    ids = [one["id"] for one in json.loads(call("sessions", "--data-dir", folder, "--json").out)["sessions"]]

    tools, status, sessions, session, held, verified, quote, bars, unknown, order_tool = asked(
        folder,
        ("status", {}),
        ("sessions", {"last": 2}),
        ("session", {"id": ids[0]}),
        ("positions", {}),
        ("verify", {}),
        ("quote", {"symbols": ["600000.SH"]}),
        ("bars", {"symbol": "600000.SH"}),
        ("session", {"id": "no-such"}),
        ("submit_order", {"symbol": "600000.SH", "side": "buy", "shares": 100}),
    )

    assert tools == "bars calculator indicators positions quote session sessions status verify"
    assert json.loads(status)["positions"] == {"600000.SH": 200}
    assert [one["id"] for one in json.loads(sessions)["sessions"]] == ids[-2:]
    assert json.loads(session)["session"] == ids[0]
    # 200 shares bought on the first day at its open of 10, for 2000.00.
    assert json.loads(held)["holdings"][0]["lots"] == [
        {"shares": 200, "cost": "2000.00", "bought_on": "2025-10-09"}
    ]
    assert json.loads(verified)["ok"] is True
    assert '"last":"10.00"' in quote
    # The last session ran at 09:35 of the fourth day: three bars had ended.
    assert bars.count("15:00") == 3
    assert "refused" in unknown
    assert "no such tool" in order_tool
    assert contents(folder) == before


def test_an_account_that_is_not_there_is_said_at_once(tmp_path: Path):
    ran = call_process("mcp", "--data-dir", tmp_path)

    assert ran.code == 2
    assert len(ran.err.splitlines()) == 1
    assert ran.out == ""
