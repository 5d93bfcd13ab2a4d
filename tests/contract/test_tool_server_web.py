"""Servers of tools at an address: whatever one does, who asks gets an answer or a fault in time."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable

import pytest

from services.mcp_client.server import McpServer
from services.ports import ToolFault
from tests.loopback_server import closed_address
from tests.provider_twin import HTML, Asked, Behaviour, Line, ProviderTwin, hangs, pours, redirects, refuses
from tests.tool_server import reply

pytest.importorskip("mcp", reason="the extra mcp is not installed")

TOKEN = "canary-token-8812"


def serves(mode: str = "good", on_call: Behaviour | None = None) -> Behaviour:
    """Answer the protocol; a call of a tool as `on_call` does."""

    def act(asked: Asked, line: Line) -> None:
        message = asked.body
        if message.get("id") is None:
            line.respond(202, b"")
        elif message["method"] == "tools/call" and on_call is not None:
            on_call(asked, line)
        else:
            whole = {"jsonrpc": "2.0", "id": message["id"]}
            whole |= reply(mode, message["method"], message.get("params") or {})
            line.respond(200, json.dumps(whole).encode())

    return act


def asked(url: str, deadline_s: float = 10.0, withheld: tuple[str, ...] = ()) -> str:
    from services.mcp_client.web import addressed

    async def whole() -> str:
        server = McpServer("twin", lambda: addressed(url, TOKEN, deadline_s), deadline_s, withheld)
        try:
            await server.start()
            return await server.ask("research", {"topic": "copper"})
        finally:
            await server.stop()

    return asyncio.run(whole())


def test_a_good_server_answers_and_gets_its_token():
    with ProviderTwin(serves()) as twin:
        assert asked(twin.url) == "about copper"

        assert {one.headers["authorization"] for one in twin.requests} == {f"Bearer {TOKEN}"}
        assert {one.headers["accept-encoding"] for one in twin.requests} == {"identity"}


def streams_for_ever(_asked: Asked, line: Line) -> None:
    line.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
    while line.pause(0):
        line.send(b": still here\n\n" * 4_096)


def packs(_asked: Asked, line: Line) -> None:
    line.respond(200, b"\x1f\x8b", headers={"Content-Encoding": "gzip"})


@pytest.mark.parametrize("behaviour", [
    refuses(500, "oops"), refuses(401, "who are you?"), refuses(200, HTML, kind="text/html"),
    refuses(200, "[["), packs, pours(64 * 1024 * 1024), streams_for_ever,
], ids=["500", "401", "page", "no_json", "packed", "endless", "stream"])  # fmt: skip
def test_a_bad_answer_is_a_fault(behaviour: Behaviour):
    began = time.monotonic()

    with ProviderTwin(serves(on_call=behaviour)) as twin, pytest.raises(ToolFault) as fault:
        asked(twin.url, deadline_s=60.0)

    assert TOKEN not in str(fault.value)
    assert time.monotonic() - began < 30, "it was waited for to the deadline"


def test_a_slow_server_is_a_fault_at_the_deadline():
    with ProviderTwin(serves(on_call=hangs)) as twin, pytest.raises(ToolFault, match=r"1\.5 s"):
        asked(twin.url, deadline_s=1.5)


def test_a_redirect_takes_the_token_nowhere():
    with (
        ProviderTwin(serves()) as elsewhere,
        ProviderTwin(redirects(elsewhere.url)) as twin,
        pytest.raises(ToolFault),
    ):
        asked(twin.url)

    assert elsewhere.requests == []


def test_a_proxy_that_cannot_be_used_is_a_fault_that_names_its_variable(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "socksio", None)
    for name in ("NO_PROXY", "no_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALL_PROXY", "socks5://me:S3cret@127.0.0.1:9")

    with pytest.raises(ToolFault, match="ALL_PROXY") as fault:
        asked("https://tools.example/mcp")

    assert "S3" not in str(fault.value)


def test_nobody_there_is_a_fault():
    with pytest.raises(ToolFault):
        asked(closed_address(), deadline_s=5.0)


def repeats(_asked: Asked, line: Line) -> None:
    body = {"jsonrpc": "2.0", "id": _asked.body["id"], "error": {"code": 1, "message": f"not for {TOKEN}"}}
    line.respond(200, json.dumps(body).encode())


def says(_asked: Asked, line: Line) -> None:
    words = {"content": [{"type": "text", "text": f"your token is {TOKEN}"}]}
    line.respond(200, json.dumps({"jsonrpc": "2.0", "id": _asked.body["id"], "result": words}).encode())


@pytest.mark.parametrize("behaviour", [repeats, says])
def test_a_secret_it_was_given_is_taken_out_of_what_it_says(behaviour: Callable[[Asked, Line], None]):
    with ProviderTwin(serves(on_call=behaviour)) as twin:
        try:
            said = asked(twin.url, withheld=(TOKEN, "x"))
        except ToolFault as fault:
            said = str(fault)

    assert TOKEN not in said
    assert "[withheld]" in said
