"""A model that is down, slow or talks nonsense trades nothing; the audit trail says why."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.command_line import Ran, answer, call, four_days, order, trail
from tests.loopback_server import closed_address

CONFIG = """
models:
  - name: test
    model: asked-model
    base_url: {base_url}
    deadline_s: {deadline_s}
agent_config: {{max_retries: 2, base_delay: 0}}
"""
PERIOD = ("--frequency", "daily", "--start", "2025-10-10", "--end", "2025-10-13")


def completion(content: str) -> Response:
    """Return an answer in the form of OpenAI's chat completions."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}
    body = {"id": "c", "object": "chat.completion", "model": "served-model", "choices": [choice]}
    return Response(json.dumps(body), content_type="application/json")


def run_with(base_url: str, folder: Path, deadline_s: float = 20) -> Ran:
    config = folder / "own.yaml"
    config.write_text(CONFIG.format(base_url=base_url, deadline_s=deadline_s), encoding="utf-8")
    return call(
        "--mode", "paper", "--prices", four_days(folder), *PERIOD, "--agent", "llm", "--config", config,
        "--data-dir", folder / "data", "--no-report", "--json",
    )  # fmt: skip


def require_no_trade(done: Ran, folder: Path, named: str) -> None:
    """Check that both sessions ended without an order, with the reason on record, replayable."""
    assert (done.code, done.err) == (0, "")
    found = done.json
    assert (found["sessions"], found["orders"], found["fills"], found["final_cash"]) == (2, 0, 0, 100000.0)
    lines = trail(folder / "data")[1:]
    assert [line["this_action"] for line in lines] == [{"action": "no_trade", "symbol": "", "amount": 0}] * 2
    assert all(named in str(line["reason"]) for line in lines), lines[0]["reason"]
    assert call("verify", "--data-dir", folder / "data").code == 0
    assert call("replay", "all", "--data-dir", folder / "data", "--json").json["identical"] == 2


@pytest.mark.parametrize(
    ("said", "named"),
    [
        (Response("<html>Bad gateway</html>", status=502, content_type="text/html"), "502"),
        (Response("<html>Welcome</html>", content_type="text/html"), "html"),
        (Response("no such model", status=404), "404"),
        (completion("I would rather buy the bank."), "not_json"),
        (completion('{"rationale": "r", "orders": [{"symbol"'), "not_json"),
        (completion(""), "empty"),
        (completion('{"rationale": "r"}'), "schema"),
        (completion(answer(order("buy", 100, "601318.SH"))), "unknown_symbol"),
        (completion(answer(order("buy", -100))), "number"),
        (completion(answer(order("buy", 100.5))), "number"),
    ],
    ids=[
        "502",
        "html",
        "404",
        "prose",
        "half-json",
        "empty",
        "no-orders",
        "unknown-symbol",
        "negative",
        "fraction",
    ],
)
def test_an_answer_that_cannot_be_used_is_no_trade(
    said: Response, named: str, httpserver: HTTPServer, tmp_path: Path
):
    httpserver.expect_request("/v1/chat/completions").respond_with_response(said)

    done = run_with(httpserver.url_for("/v1"), tmp_path)

    require_no_trade(done, tmp_path, named)


def test_a_model_that_is_down_is_no_trade(tmp_path: Path):
    done = run_with(f"{closed_address()}v1", tmp_path)

    require_no_trade(done, tmp_path, "asked-model")


@pytest.fixture
def released() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_a_model_that_is_slow_is_no_trade(released: threading.Event, httpserver: HTTPServer, tmp_path: Path):
    def silent(_request: Request) -> Response:
        released.wait(20)
        return Response()

    httpserver.expect_request("/v1/chat/completions").respond_with_handler(silent)

    done = run_with(httpserver.url_for("/v1"), tmp_path, deadline_s=0.2)
    released.set()

    require_no_trade(done, tmp_path, "0.2 s")


def test_a_good_answer_trades(httpserver: HTTPServer, tmp_path: Path):
    httpserver.expect_request("/v1/chat/completions").respond_with_response(
        completion(answer(order("buy", 100)))
    )

    done = run_with(httpserver.url_for("/v1"), tmp_path)

    assert (done.code, done.json["agent"], done.json["fills"]) == (0, "llm:test", 2)
    assert done.json["positions"] == {"600000.SH": 200}


def test_failures_that_may_pass_are_tried_as_often_as_configured(httpserver: HTTPServer, tmp_path: Path):
    asked: list[int] = []

    def busy(_request: Request) -> Response:
        asked.append(1)
        return Response("busy", status=503)

    httpserver.expect_request("/v1/chat/completions").respond_with_handler(busy)

    run_with(httpserver.url_for("/v1"), tmp_path)

    assert len(asked) == 4  # Two sessions, `max_retries` 2.


@pytest.mark.parametrize(("text", "named"), [
    ('{"rationale": "r", "orders": []}\n', "answers.jsonl:1"),
    ('"fine"\nnot json\n', "answers.jsonl:2"),
])  # fmt: skip
def test_a_script_that_is_no_list_of_texts_is_refused_by_line(text: str, named: str, tmp_path: Path):
    (tmp_path / "answers.jsonl").write_text(text, encoding="utf-8")

    done = call("--demo", "--agent", "scripted:answers.jsonl", "--data-dir", tmp_path / "data")

    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert named in done.err
    assert not (tmp_path / "data").exists()
