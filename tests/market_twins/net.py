"""The vendors' internet on this machine: a proxy that answers for every host itself.

    with VendorNet(folder, answer) as net:
        subprocess.run(..., env={**os.environ, **net.environment})

Plain requests come with their whole address, those over TLS through CONNECT; both end here, the latter
with a certificate of the tests' own authority. Nothing is passed on to anybody.
"""

from __future__ import annotations

import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.market_twins.certificates import Authority

_HEAD_MAX = 65_536
_IDLE_S = 30.0
_DRIP_S = 1.0

UNSET = ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy", "https_proxy", "http_proxy", "CURL_CA_BUNDLE")
"""What a child process must not inherit, lest it ask somebody else."""


@dataclass(frozen=True)
class Asked:
    """One request: to which host, what for, and when by the clock of the market."""

    scheme: str
    host: str
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    at: datetime


@dataclass(frozen=True)
class Reply:
    """What a host says."""

    body: bytes = b""
    kind: str = "application/json; charset=utf-8"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Conduct:
    """How a host treats a connection and a request, whatever its answer is.

    `refuse`: there is no connection; `stranger`: its certificate is by nobody known; `reset`: it cuts the
    connection after the request; `hang`: it says nothing; `drip`: one byte a second; `wait_s`: it thinks
    first.
    """

    refuse: bool = False
    stranger: bool = False
    reset: bool = False
    hang: bool = False
    drip: bool = False
    wait_s: float = 0.0


Answer = Callable[[Asked], Reply]
Treat = Callable[[str], Conduct]


def _plainly(_host: str) -> Conduct:
    return Conduct()


class VendorNet:
    """The proxy; `asked` are all requests that came, in order of arrival."""

    def __init__(
        self, folder: Path, answer: Answer, now: Callable[[], datetime], treat: Treat = _plainly
    ) -> None:
        self.asked: list[Asked] = []
        self.authority = Authority(folder)
        self.answer, self.now, self.treat = answer, now, treat
        self.over = threading.Event()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def environment(self) -> dict[str, str]:
        """All that a program is told of this: where its proxy is, and whom to believe."""
        bundle = str(self.authority.bundle)
        return {
            "HTTPS_PROXY": self.address,
            "HTTP_PROXY": self.address,
            "REQUESTS_CA_BUNDLE": bundle,
            "SSL_CERT_FILE": bundle,
        }

    def within(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return an environment with that of the twins in it, and no other proxy."""
        return {key: value for key, value in environment.items() if key not in UNSET} | self.environment

    def hosts_asked(self) -> set[str]:
        return {one.host for one in self.asked}

    def __enter__(self) -> VendorNet:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, net: VendorNet) -> None:
        self.net = net
        super().__init__(("127.0.0.1", 0), _Caller)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of callers that went away, or did not believe the certificate."""


class _Caller(socketserver.BaseRequestHandler):
    """One connection of a client."""

    server: _Server

    def handle(self) -> None:
        net, line = self.server.net, self.request
        line.settimeout(_IDLE_S)
        with suppress(OSError, ssl.SSLError):
            head = _head(line)
            if head is None:
                return
            scheme, host = "http", ""
            if head.method == "CONNECT":
                scheme, host = "https", head.target.partition(":")[0]
                conduct = net.treat(host)
                if conduct.refuse:
                    line.sendall(_written(Reply(status=502, headers={"Connection": "close"})))
                    return
                line.sendall(b"HTTP/1.1 200 Connection Established\r\n\r\n")
                context = net.authority.context(host, believed=not conduct.stranger)
                line = context.wrap_socket(line, server_side=True)
                head = _head(line)
            try:
                while head is not None and self._serve(line, head, scheme, host):
                    head = _head(line)
            finally:
                line.close()

    def _serve(self, line: socket.socket, head: _Head, scheme: str, host: str) -> bool:
        """Answer one request, and say whether another may follow on the line."""
        net = self.server.net
        asked = _asked(head, scheme, host, net.now())
        net.asked.append(asked)
        conduct = net.treat(asked.host)
        if conduct.reset or (conduct.refuse and scheme == "http"):
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            line.close()
            return False
        if conduct.hang:
            net.over.wait(60.0)
            return False
        if conduct.wait_s and net.over.wait(conduct.wait_s):
            return False
        dated = {"Date": format_datetime(asked.at.astimezone(UTC), usegmt=True)}
        whole = _written(net.answer(asked), dated)
        if not conduct.drip:
            line.sendall(whole)
            return True
        for byte in whole:
            line.sendall(bytes([byte]))
            if net.over.wait(_DRIP_S):
                break
        return False


@dataclass(frozen=True)
class _Head:
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


def _head(line: socket.socket) -> _Head | None:
    """Read one request; None where the other side is gone or speaks something else."""
    read = b""
    while b"\r\n\r\n" not in read:
        part = line.recv(65_536)
        if not part or len(read) > _HEAD_MAX:
            return None
        read += part
    text, _, body = read.partition(b"\r\n\r\n")
    first, *rest = text.decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (one.partition(":") for one in rest)}
    while len(body) < int(headers.get("content-length", 0)):
        part = line.recv(65_536)
        if not part:
            return None
        body += part
    method, target, _version = first.split(" ", 2)
    return _Head(method, target, headers, body)


def _asked(head: _Head, scheme: str, host: str, at: datetime) -> Asked:
    parts = urlsplit(head.target)
    return Asked(
        scheme=scheme,
        host=host or parts.hostname or head.headers.get("host", "").partition(":")[0],
        method=head.method,
        path=parts.path,
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        headers=head.headers,
        body=head.body,
        at=at,
    )


def _written(reply: Reply, dated: Mapping[str, str] = MappingProxyType({})) -> bytes:
    lines = [f"HTTP/1.1 {reply.status} Said", f"Content-Type: {reply.kind}"]
    lines += [f"Content-Length: {len(reply.body)}"]
    lines += [f"{name}: {value}" for name, value in {**dated, **reply.headers}.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + reply.body
