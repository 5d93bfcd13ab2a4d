"""Any web hook: a JSON body made from a template, and what its answer must say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from services.alerts.fitting import in_characters
from services.alerts.hook_template import filled, filled_in
from services.alerts.post import Answer, Poster
from services.domain.alerts import Notice


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A POST of JSON to an address of the user's.

    `url`, the texts of `body` and `headers` may hold placeholders; those of the secrets are `{token}`
    and `{sign_secret}`. A title and a text together longer than `characters_max` are cut, the text first.
    A status from 200 to 299 is success; with `success_key` its value in the answer must be
    `success_value` too, compared as text; the key's dots lead into inner objects.
    """

    name: str
    poster: Poster
    url: str
    body: Mapping[str, object]
    headers: Mapping[str, str] = field(default_factory=dict)
    token: str = field(default="", repr=False)
    sign_secret: str = field(default="", repr=False)
    characters_max: int = 2000
    success_key: str = ""
    success_value: str = ""

    async def send(self, notice: Notice) -> None:
        """Send the template, filled.

        Raises:
            AlertFault: It was not taken.
        """
        values = self._values(notice)
        url = filled(self.url, {name: quote(value, safe="") for name, value in values.items()})
        headers = {
            name: filled(text, {key: _header(value) for key, value in values.items()})
            for name, text in self.headers.items()
        }
        answer = await self.poster.post(url, filled_in(self.body, values), headers)
        if not 200 <= answer.status <= 299 or not self._agreed(answer):
            raise self.poster.refused(answer)

    def _values(self, notice: Notice) -> Mapping[str, str]:
        title = in_characters(notice.title, self.characters_max)
        left = self.characters_max - len(title)
        return {
            "title": title,
            "text": in_characters(notice.text, left) if left > 0 else "",
            "severity": str(notice.severity),
            "kind": str(notice.kind),
            "account": notice.account,
            "at": notice.at.isoformat(timespec="seconds"),
            "token": self.token,
            "sign_secret": self.sign_secret,
        }

    def _agreed(self, answer: Answer) -> bool:
        if not self.success_key:
            return True
        found: object = answer.body
        for part in self.success_key.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        return found is not None and _said(found) == self.success_value


def _said(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _header(value: str) -> str:
    """Return a value that a header can carry: ASCII, on one line."""
    return " ".join(value.encode("ascii", "replace").decode().split())
