"""The platforms that alerts go to, on this machine: what they take, what they refuse, in their own words.

    with twin(wecom("the-key")) as server:
        ... WeCom(base_url=address(server), token="the-key", ...)

Each answers as the platform's documentation says: most with HTTP 200 and a code in the body.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

from tests.provider_twin import Asked, Behaviour, Line, ProviderTwin

HOUR_S = 3600.0


def twin(behaviour: Behaviour) -> ProviderTwin:
    return ProviderTwin(behaviour)


def address(server: ProviderTwin) -> str:
    return server.url.removesuffix("/v1")


def says(body: object, status: int = 200) -> Behaviour:
    """Answer any request so."""
    return lambda _asked, line: line.respond(status, json.dumps(body, ensure_ascii=False).encode())


def _answer(line: Line, body: object, status: int = 200) -> None:
    line.respond(status, json.dumps(body, ensure_ascii=False).encode())


def _signed(key: str, text: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


def _query(asked: Asked) -> dict[str, str]:
    return {name: found[0] for name, found in parse_qs(urlsplit(asked.path).query).items()}


def wecom(key: str) -> Behaviour:
    def act(asked: Asked, line: Line) -> None:
        if urlsplit(asked.path).path != "/cgi-bin/webhook/send" or _query(asked).get("key") != key:
            _answer(line, {"errcode": 93000, "errmsg": "invalid webhook url, hint: [1700]"})
        elif asked.body["msgtype"] != "text" or len(asked.body["text"]["content"].encode()) > 2048:
            _answer(line, {"errcode": 40058, "errmsg": "text.content exceed max length 2048"})
        else:
            _answer(line, {"errcode": 0, "errmsg": "ok"})

    return act


def dingtalk(token: str, secret: str, now_s: float) -> Behaviour:
    """A robot that wants a signature; `now_s` is what its clock shows."""

    def act(asked: Asked, line: Line) -> None:
        query = _query(asked)
        stamp = query.get("timestamp", "0")
        late = abs(int(stamp) / 1000 - now_s) > HOUR_S
        if query.get("access_token") != token:
            _answer(line, {"errcode": 300005, "errmsg": "token is not exist"})
        elif late or query.get("sign") != _signed(secret, f"{stamp}\n{secret}"):
            _answer(line, {"errcode": 310000, "errmsg": "sign not match"})
        elif len(asked.raw) > 20_000 or asked.body["msgtype"] != "text":
            _answer(line, {"errcode": 460101, "errmsg": "message too long"})
        else:
            _answer(line, {"errcode": 0, "errmsg": "ok"})

    return act


def feishu(token: str, secret: str, now_s: float) -> Behaviour:
    """A robot that verifies signatures: stamp and secret are the key, what is signed is empty."""

    def act(asked: Asked, line: Line) -> None:
        stamp = asked.body.get("timestamp", "0")
        late = abs(int(stamp) - now_s) > HOUR_S
        if asked.path != f"/open-apis/bot/v2/hook/{token}":
            _answer(line, {"code": 19001, "msg": "param invalid: incoming webhook access token invalid"})
        elif late or asked.body.get("sign") != _signed(f"{stamp}\n{secret}", ""):
            _answer(line, {"code": 19021, "msg": "sign match fail or timestamp is not within one hour"})
        elif len(asked.raw) > 20_480 or asked.body["msg_type"] != "text":
            _answer(line, {"code": 9499, "msg": "Bad Request"})
        elif "text" in asked.body["content"]:
            _answer(line, {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "ok"})

    return act


def serverchan(key: str) -> Behaviour:
    """Turbo at `/KEY.send`, the third at `/send/KEY.send`."""

    def act(asked: Asked, line: Line) -> None:
        expected = f"/send/{key}.send" if key.startswith("sctp") else f"/{key}.send"
        if asked.path != expected:
            _answer(line, {"code": 40001, "message": "[AUTH]错误的Key", "info": "错误的Key", "args": [None]})
        elif not 0 < len(asked.body["title"]) <= 32 or len(asked.body["desp"].encode()) > 32 * 1024:
            _answer(line, {"code": 40002, "message": "title or desp too long"})
        else:
            _answer(line, {"code": 0, "message": "", "data": {"pushid": "1", "errno": 0, "error": "SUCCESS"}})

    return act


def pushplus(token: str) -> Behaviour:
    def act(asked: Asked, line: Line) -> None:
        if asked.path != "/send" or asked.body["token"] != token:
            _answer(line, {"code": 903, "msg": "无效的用户令牌", "data": None})
        elif asked.body["template"] != "txt" or not asked.body["content"]:
            _answer(line, {"code": 999, "msg": "服务端验证错误", "data": None})
        else:
            _answer(line, {"code": 200, "msg": "请求成功", "data": "f00d"})

    return act


def telegram(token: str, chat_id: str) -> Behaviour:
    def act(asked: Asked, line: Line) -> None:
        text = asked.body["text"]
        if asked.path != f"/bot{token}/sendMessage":
            _answer(line, {"ok": False, "error_code": 401, "description": "Unauthorized"}, 401)
        elif asked.body["chat_id"] != chat_id:
            _answer(line, {"ok": False, "error_code": 400, "description": "Bad Request: chat not found"}, 400)
        elif len(text.encode("utf-16-le")) // 2 > 4096:
            _answer(line, {"ok": False, "error_code": 400, "description": "message is too long"}, 400)
        else:
            _answer(line, {"ok": True, "result": {"message_id": 1}})

    return act


@dataclass
class PostOffice:
    """A mail server: what it heard, and how it behaves. `tls` offers STARTTLS, or is spoken at once."""

    port: int = 0
    password: str = ""
    refuses: tuple[str, ...] = ()
    silent: bool = False
    tls: ssl.SSLContext | None = None
    tls_at_once: bool = False
    letters: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)


@contextmanager
def post_office(office: PostOffice) -> Iterator[PostOffice]:
    """Run a mail server on this machine for the block."""
    over = threading.Event()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    class Handler(_Smtp):
        desk: ClassVar[PostOffice] = office
        end: ClassVar[threading.Event] = over

    with Server(("127.0.0.1", 0), Handler) as server:
        office.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield office
        finally:
            over.set()
            server.shutdown()
            thread.join()


class _Smtp(socketserver.StreamRequestHandler):
    desk: ClassVar[PostOffice]
    end: ClassVar[threading.Event]

    def handle(self) -> None:
        if self.desk.silent:
            self.end.wait(30)
            return
        try:
            if self.desk.tls_at_once and self.desk.tls is not None:
                self._encrypt(self.desk.tls)
            self._serve()
        except (OSError, ValueError):
            return  # Whoever called went away, or did not trust us.

    def _serve(self) -> None:
        self._say("220 twin ready")
        while line := self.rfile.readline():
            text = line.decode().strip()
            self.desk.heard.append(text)
            if not self._obey(text):
                return

    def _obey(self, text: str) -> bool:
        verb = text.upper()
        if verb.startswith(("EHLO", "HELO")):
            offers = ["250-twin"]
            offers += ["250-STARTTLS"] if self.desk.tls and not self.desk.tls_at_once else []
            self._say("\r\n".join([*offers, "250 AUTH PLAIN"]))
        elif verb == "STARTTLS" and self.desk.tls is not None:
            self._say("220 go on")
            self._encrypt(self.desk.tls)
        elif verb.startswith("AUTH PLAIN"):
            secret = base64.b64decode(text.split()[-1]).decode().split("\0")[-1]
            self._say("235 yes" if secret == self.desk.password else f"535 wrong password {secret}")
        elif verb.startswith("RCPT TO"):
            self._say("550 nobody here" if any(one in text for one in self.desk.refuses) else "250 ok")
        elif verb == "DATA":
            self._say("354 go on")
            letter = iter(self.rfile.readline, b".\r\n")
            self.desk.letters.append(b"".join(letter).decode())
            self._say("250 taken")
        elif verb == "QUIT":
            self._say("221 bye")
            return False
        else:
            self._say("250 ok")
        return True

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def finish(self) -> None:
        self.wfile.close()
        self.rfile.close()
        self.request.close()

    def _encrypt(self, tls: ssl.SSLContext) -> None:
        self.request = tls.wrap_socket(self.request, server_side=True)
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", buffering=0)
