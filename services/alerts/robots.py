"""The robots of group chats: WeCom (企业微信), DingTalk (钉钉), Feishu (飞书).

All three answer HTTP 200 also where they refuse a message: what counts is the code in the body.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote_plus, urlsplit

from services.alerts.fitting import in_bytes, without_calls
from services.alerts.post import Answer, Poster
from services.domain.alerts import Notice
from services.ports import Clock

WECOM_BYTES_MAX = 2048
"""Of the content of a text message, UTF-8 (developer.work.weixin.qq.com, document 91770)."""
DINGTALK_BYTES_MAX = 16_000
"""A message may hold 20,000 bytes, its JSON included."""
FEISHU_BYTES_MAX = 16_000
"""A request may hold 20 KB, its JSON included (open.feishu.cn, custom bot guide)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeCom:
    """A group's robot in WeCom. `token` is the key, or the robot's whole address as WeCom shows it."""

    name: str
    poster: Poster
    token: str = field(repr=False)
    base_url: str = "https://qyapi.weixin.qq.com"

    async def send(self, notice: Notice) -> None:
        """Send a text message.

        Raises:
            AlertFault: It was not taken.
        """
        key = quote_plus(_query(self.token, "key"))
        content = in_bytes(without_calls(notice.whole), WECOM_BYTES_MAX)
        body = {"msgtype": "text", "text": {"content": content}}
        answer = await self.poster.post(f"{self.base_url}/cgi-bin/webhook/send?key={key}", body)
        _require(self.poster, answer, "errcode")


@dataclass(frozen=True, slots=True, kw_only=True)
class DingTalk:
    """A group's robot in DingTalk. `token` is the access token, or the robot's whole address.

    `sign_secret` is the one that signing (加签) shows, empty where the robot asks for no signature.
    """

    name: str
    poster: Poster
    clock: Clock
    token: str = field(repr=False)
    sign_secret: str = field(default="", repr=False)
    base_url: str = "https://oapi.dingtalk.com"

    async def send(self, notice: Notice) -> None:
        """Send a text message.

        Raises:
            AlertFault: It was not taken.
        """
        token = quote_plus(_query(self.token, "access_token"))
        url = f"{self.base_url}/robot/send?access_token={token}{self._signature()}"
        content = in_bytes(without_calls(notice.whole), DINGTALK_BYTES_MAX)
        answer = await self.poster.post(url, {"msgtype": "text", "text": {"content": content}})
        _require(self.poster, answer, "errcode")

    def _signature(self) -> str:
        """Return what is added to the address: the moment in ms, and it and the secret signed."""
        if not self.sign_secret:
            return ""
        stamp = str(round(self.clock.now().timestamp() * 1000))
        text = f"{stamp}\n{self.sign_secret}"
        return f"&timestamp={stamp}&sign={quote_plus(_signed(self.sign_secret.encode(), text.encode()))}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feishu:
    """A group's robot in Feishu, or in Lark with its `base_url`. `token` is the last part of its address.

    `sign_secret` is the one that signature verification (签名校验) shows, empty without it.
    """

    name: str
    poster: Poster
    clock: Clock
    token: str = field(repr=False)
    sign_secret: str = field(default="", repr=False)
    base_url: str = "https://open.feishu.cn"

    async def send(self, notice: Notice) -> None:
        """Send a text message.

        Raises:
            AlertFault: It was not taken.
        """
        token = quote_plus(self.token.rstrip("/").rpartition("/")[2])
        text = in_bytes(without_calls(notice.whole), FEISHU_BYTES_MAX)
        body: dict[str, object] = {"msg_type": "text", "content": {"text": text}}
        if self.sign_secret:
            stamp = str(int(self.clock.now().timestamp()))
            # Stamp and secret are the key here, and what is signed is empty: not as DingTalk does it.
            body |= {"timestamp": stamp, "sign": _signed(f"{stamp}\n{self.sign_secret}".encode(), b"")}
        answer = await self.poster.post(f"{self.base_url}/open-apis/bot/v2/hook/{token}", body)
        _require(self.poster, answer, "code" if "code" in answer.body else "StatusCode")


def _query(token: str, name: str) -> str:
    """Return the token; of a whole address the part of its query that is called `name`."""
    if "://" not in token:
        return token
    return next(iter(parse_qs(urlsplit(token).query).get(name, ())), "")


def _signed(key: bytes, text: bytes) -> str:
    return base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


def _require(poster: Poster, answer: Answer, code: str) -> None:
    """Do nothing where the platform took the message: HTTP 200, and 0 under `code`.

    Raises:
        AlertFault: It did not, or did not say so.
    """
    said = answer.body.get(code)
    if answer.status != 200 or type(said) is not int or said != 0:
        raise poster.refused(answer)
