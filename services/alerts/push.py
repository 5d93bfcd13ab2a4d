"""Push services to one person: ServerChan (Server酱), PushPlus, Telegram."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import quote

from services.alerts.fitting import in_bytes, in_characters, in_utf16_units, one_line
from services.alerts.post import Poster
from services.domain.alerts import Notice

SERVERCHAN_TITLE_CHARACTERS_MAX = 32
SERVERCHAN_BYTES_MAX = 32_000
"""32 KB of `desp` (sct.ftqq.com)."""
PUSHPLUS_TITLE_CHARACTERS_MAX = 100
PUSHPLUS_CHARACTERS_MAX = 20_000
TELEGRAM_UNITS_MAX = 4096
"""UTF-16 units of a message's text (core.telegram.org/bots/api, sendMessage)."""

_THIRD_KEY = re.compile(r"sctp(\d+)t.+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerChan:
    """ServerChan, Turbo or 3: a SendKey like `sctp1t…` is of the third. 0 under `code` is success."""

    name: str
    poster: Poster
    token: str = field(repr=False)
    base_url: str = ""

    async def send(self, notice: Notice) -> None:
        """Send a message.

        Raises:
            AlertFault: It was not taken.
        """
        # `desp` is Markdown, in which one line break is none.
        desp = in_bytes(notice.text.replace("\n", "\n\n"), SERVERCHAN_BYTES_MAX)
        title = in_characters(one_line(notice.title), SERVERCHAN_TITLE_CHARACTERS_MAX)
        answer = await self.poster.post(self._url(), {"title": title, "desp": desp})
        said = answer.body.get("code")
        if answer.status != 200 or type(said) is not int or said != 0:
            raise self.poster.refused(answer)

    def _url(self) -> str:
        third, key = _THIRD_KEY.fullmatch(self.token), quote(self.token, safe="")
        if third:
            return f"{self.base_url or f'https://{third[1]}.push.ft07.com'}/send/{key}.send"
        return f"{self.base_url or 'https://sctapi.ftqq.com'}/{key}.send"


@dataclass(frozen=True, slots=True, kw_only=True)
class PushPlus:
    """PushPlus (推送加). 200 under `code` is success, whatever the status; `topic` names a group."""

    name: str
    poster: Poster
    token: str = field(repr=False)
    topic: str = ""
    base_url: str = "https://www.pushplus.plus"

    async def send(self, notice: Notice) -> None:
        """Send a message.

        Raises:
            AlertFault: It was not taken.
        """
        body = {
            "token": self.token,
            "title": in_characters(one_line(notice.title), PUSHPLUS_TITLE_CHARACTERS_MAX),
            "content": in_characters(notice.text or notice.title, PUSHPLUS_CHARACTERS_MAX),
            "template": "txt",
        }
        answer = await self.poster.post(
            f"{self.base_url}/send", {**body, "topic": self.topic} if self.topic else body
        )
        said = answer.body.get("code")
        if answer.status != 200 or type(said) is not int or said != 200:
            raise self.poster.refused(answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Telegram:
    """A Telegram bot that writes to one chat. True under `ok` is success."""

    name: str
    poster: Poster
    chat_id: str
    token: str = field(repr=False)
    base_url: str = "https://api.telegram.org"

    async def send(self, notice: Notice) -> None:
        """Send a message without any markup in it.

        Raises:
            AlertFault: It was not taken.
        """
        text = in_utf16_units(notice.whole, TELEGRAM_UNITS_MAX)
        url = f"{self.base_url}/bot{quote(self.token, safe=':')}/sendMessage"
        answer = await self.poster.post(url, {"chat_id": self.chat_id, "text": text})
        if answer.status != 200 or answer.body.get("ok") is not True:
            raise self.poster.refused(answer)
