"""A model's server on this machine that behaves as its test wants: like a provider, or like one that fails.

    with ProviderTwin(in_turn(refuses(429, "slow down", {"Retry-After": "0"}), says(GOOD))) as twin:
        ... OpenAiClient(base_url=twin.url, ...)

A behaviour is a function of what was asked and of the line to answer on. Waits end when the twin does.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

JSON = "application/json"
HTML = "<html><body><h1>Please log in</h1></body></html>"


@dataclass(frozen=True)
class Asked:
    """One request: its path, headers (names in small letters) and body, parsed where it is JSON."""

    path: str
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.raw)
        return found

    @property
    def prompt(self) -> str:
        """Everything that is said in the request, one message a line."""
        return "\n".join(str(message.get("content")) for message in self.body["messages"])


class Line:
    """The way back to whoever asked: bytes as they are, and pauses that end with the twin."""

    def __init__(self, connection: socket.socket, over: threading.Event) -> None:
        self._connection, self._over = connection, over

    def send(self, data: bytes) -> None:
        self._connection.sendall(data)

    def pause(self, wait_s: float) -> bool:
        """Wait, and answer whether the twin still runs."""
        return not self._over.wait(wait_s)

    def reset(self) -> None:
        """End the connection as a machine does that was switched off: without a word."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._connection.close()

    def respond(
        self, status: int, body: bytes, kind: str = JSON, headers: Mapping[str, str] | None = None
    ) -> None:
        lines = [f"HTTP/1.1 {status} Said", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.send("\r\n".join([*lines, "Connection: close", "", ""]).encode() + body)


Behaviour = Callable[[Asked, Line], None]


class ProviderTwin:
    """The server; `requests` are all it got, in order of arrival."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.requests: list[Asked] = []
        self._over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        """What a model's `base_url` is to be."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [asked.body for asked in self.requests]

    def __enter__(self) -> ProviderTwin:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(twin) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(self.path, headers, raw)
                twin.requests.append(asked)
                with suppress(OSError):  # Whoever asked went away: what a deadline is for.
                    twin.behaviour(asked, Line(self.connection, twin._over))
                self.close_connection = True

            do_GET = do_POST

            def log_message(self, *args: object) -> None:
                pass

            def finish(self) -> None:
                with suppress(OSError, ValueError):  # The connection was reset on purpose.
                    super().finish()

        return Handler


# What it says.


def completion(
    content: str | None,
    finish_reason: str | None = "stop",
    usage: Mapping[str, object] | None = None,
    **message: object,
) -> dict[str, object]:
    """Return a completion as OpenAI's API gives it, 120 tokens read and 30 written."""
    return {
        "id": "c-1",
        "object": "chat.completion",
        "model": "served-model",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish_reason,
                "message": {"role": "assistant", "content": content, **message},
            }
        ],
        "usage": usage or {"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150},
    }


def says(content: str | None, finish_reason: str | None = "stop", **more: Any) -> Behaviour:
    """Answer at once."""
    body = json.dumps(completion(content, finish_reason, **more)).encode()
    return lambda _asked, line: line.respond(200, body)


def calls(*tools: tuple[str, str], content: str | None = None) -> Behaviour:
    """Call tools, each given as its name and its arguments as JSON text."""
    return says(
        content,
        "tool_calls",
        tool_calls=[
            {"id": f"call_{index}", "type": "function", "function": {"name": name, "arguments": arguments}}
            for index, (name, arguments) in enumerate(tools)
        ],
    )


def refuses(status: int, body: str, headers: Mapping[str, str] | None = None, kind: str = JSON) -> Behaviour:
    """Answer with a status and any body."""
    return lambda _asked, line: line.respond(status, body.encode("utf-8", "surrogatepass"), kind, headers)


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Behave as each in turn, as the last one again and again."""
    left, lock = list(behaviours), threading.Lock()

    def act(asked: Asked, line: Line) -> None:
        with lock:
            behaviour = left.pop(0) if len(left) > 1 else left[0]
        behaviour(asked, line)

    return act


# How it fails.


def after(wait_s: float, behaviour: Behaviour) -> Behaviour:
    """Behave so once `wait_s` is over: a model that thinks, or a server whose headers come late."""

    def act(asked: Asked, line: Line) -> None:
        if line.pause(wait_s):
            behaviour(asked, line)

    return act


def hangs(_asked: Asked, line: Line) -> None:
    """Take the request and say nothing until the twin ends."""
    line.pause(60.0)


def drips(content: str, each_s: float = 0.02) -> Behaviour:
    """Send the headers, then blanks one by one before the answer: each read is quick, the whole is not."""
    body = json.dumps(completion(content)).encode()

    def act(_asked: Asked, line: Line) -> None:
        blanks = 5000
        line.send(f"HTTP/1.1 200 OK\r\nContent-Length: {blanks + len(body)}\r\n\r\n".encode())
        for _ in range(blanks):
            if not line.pause(each_s):
                return
            line.send(b" ")
        line.send(body)

    return act


def drips_headers(_asked: Asked, line: Line) -> None:
    """Send one header after the other, and never the last."""
    line.send(b"HTTP/1.1 200 OK\r\n")
    for number in range(5000):
        if not line.pause(0.02):
            return
        line.send(f"X-{number}: 1\r\n".encode())


def streams(content: str) -> Behaviour:
    """Send the answer as server-sent events, though nobody asked for a stream."""
    chunk = {"choices": [{"delta": {"content": content}, "index": 0, "finish_reason": "stop"}]}
    body = f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode()
    return lambda _asked, line: line.respond(200, body, "text/event-stream")


def resets(_asked: Asked, line: Line) -> None:
    """Take the request and cut the connection."""
    line.reset()


def breaks_off(content: str) -> Behaviour:
    """Promise a body and cut the connection in the middle of it."""
    body = json.dumps(completion(content)).encode()

    def act(_asked: Asked, line: Line) -> None:
        line.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body[: len(body) // 2])
        line.reset()

    return act


def pours(size: int, status: int = 200) -> Behaviour:
    """Send a body of `size` bytes without an end in sight."""

    def act(_asked: Asked, line: Line) -> None:
        line.send(f"HTTP/1.1 {status} Said\r\nContent-Type: {JSON}\r\n\r\n".encode())
        sent, part = 0, b" " * 65536
        while sent < size and line.pause(0):
            line.send(part)
            sent += len(part)

    return act


def packed(content: str) -> Behaviour:
    """Send the answer compressed, though that was not asked for."""
    import gzip

    body = gzip.compress(json.dumps(completion(content)).encode())
    return lambda _asked, line: line.respond(200, body, JSON, {"Content-Encoding": "gzip"})


def redirects(to: str) -> Behaviour:
    """Send the request, briefing and all, somewhere else."""
    return refuses(307, "", {"Location": to})


# How the providers differ.


@dataclass(frozen=True)
class Provider:
    """A kind of server: `objects` returns why it takes no such request, "" where it does."""

    objects: Callable[[dict[str, Any]], str] = lambda _body: ""
    dress: Callable[[str], dict[str, object]] = lambda content: {"content": content}


def like(provider: str, answer: Callable[[Asked], str], wait_s: float = 0.0) -> Behaviour:
    """Behave as that provider's server with a model that answers so."""
    kind = PROVIDERS[provider]

    def act(asked: Asked, line: Line) -> None:
        why = kind.objects(asked.body)
        if why:
            line.respond(400, json.dumps({"error": {"message": why}}).encode())
            return
        if wait_s and not line.pause(wait_s):
            return
        message = kind.dress(answer(asked))
        content = message.pop("content")
        body = completion(content if isinstance(content, str) else None, **message)
        line.respond(200, json.dumps(body).encode())

    return act


def _form(body: dict[str, Any]) -> str:
    return str((body.get("response_format") or {}).get("type", ""))


def _openai(body: dict[str, Any]) -> str:
    if "max_tokens" in body:
        return "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
    schema = (body.get("response_format") or {}).get("json_schema", {}).get("schema", {})
    if _form(body) == "json_schema" and schema.get("additionalProperties") is not False:
        return "Invalid schema for response_format: additionalProperties must be false"
    return ""


def _word_json(body: dict[str, Any]) -> str:
    said = " ".join(str(message.get("content")) for message in body["messages"]).lower()
    if _form(body) == "json_object" and "json" not in said:
        return "Prompt must contain the word 'json' to use 'response_format' of type 'json_object'."
    return "This response_format type is unavailable now" if _form(body) == "json_schema" else ""


def _thoughts_missing(body: dict[str, Any]) -> str:
    missing = any(one.get("tool_calls") and not one.get("reasoning_content") for one in body["messages"])
    return "Missing `reasoning_content` field in the assistant message" if missing else ""


def _no_forced_choice(body: dict[str, Any]) -> str:
    return "" if body.get("tool_choice", "auto") in ("auto", "none") else "tool_choice must be auto or none"


def _cool(body: dict[str, Any]) -> str:
    return "" if 0 <= body.get("temperature", 0.5) <= 1 else "temperature must be in [0, 1]"


def _minimax(body: dict[str, Any]) -> str:
    for name in ("response_format", "tool_choice", "max_tokens"):
        if name in body:
            return f"invalid params, {name}"
    return "" if 0 < body.get("temperature", 1) <= 1 else "invalid params, temperature"


def _grammar(body: dict[str, Any]) -> str:
    if body.get("tools") and _form(body):
        return "Cannot use custom grammar constraints with tools."
    return ""


def _asks(*objections: Callable[[dict[str, Any]], str]) -> Callable[[dict[str, Any]], str]:
    return lambda body: next((why for one in objections if (why := one(body))), "")


def _thinks_beside(content: str) -> dict[str, object]:
    return {"content": content, "reasoning_content": "Let me see."}


def _thinks_aloud(content: str) -> dict[str, object]:
    return {"content": f"<think>\nLet me see {{}}.\n</think>\n\n{content}"}


def _by_tool(content: str) -> dict[str, object]:
    call = {"id": "c", "type": "function", "function": {"name": "answer", "arguments": content}}
    return {"content": None, "tool_calls": [call]}


PROVIDERS: Mapping[str, Provider] = {
    "openai": Provider(_openai),
    "deepseek": Provider(_asks(_word_json, _thoughts_missing), _thinks_beside),
    "qwen": Provider(_asks(_word_json, _no_forced_choice)),
    "zhipu": Provider(_asks(_word_json, _no_forced_choice, _cool), _thinks_beside),
    "moonshot": Provider(_asks(_word_json, _no_forced_choice, _thoughts_missing, _cool), _thinks_beside),
    "minimax": Provider(_minimax, _thinks_aloud),
    "ollama": Provider(
        _asks(_grammar, _no_forced_choice), lambda said: {"content": said, "reasoning": "Hm."}
    ),
    "vllm": Provider(_grammar, _thinks_aloud),
    "llamacpp": Provider(_asks(_grammar, _no_forced_choice), _thinks_aloud),
    "tool_call": Provider(
        lambda body: "" if "answer" in json.dumps(body.get("tools", "")) else "no tool", _by_tool
    ),
    "compatible": Provider(lambda body: "unknown parameter" if _form(body) or "tools" in body else ""),
    "json_schema": Provider(),
    "json_object": Provider(_word_json),
}
"""The twins by the name of the dialect that is spoken with them."""
