"""A sign of life to a service elsewhere that alerts when it stays away."""

from __future__ import annotations

from urllib.parse import urlsplit

from services.alerts.post import Poster

DEADLINE_S = 10.0


class DeadManPing:
    """Asks an address by GET, which is all that such services want. All of the address is a secret."""

    name = "dead_man"

    def __init__(self, url: str) -> None:
        self._url = url
        parts = urlsplit(url)
        secrets = (url, parts.path.strip("/"), parts.query, *parts.path.strip("/").split("/"))
        ordered = sorted({one for one in secrets if one}, key=len, reverse=True)
        self._poster = Poster(channel=self.name, secrets=tuple(ordered), deadline_s=DEADLINE_S)

    async def send(self) -> None:
        """Give the sign.

        Raises:
            AlertFault: It was not taken: no answer in time, or another one than success.
        """
        answer = await self._poster.get(self._url)
        if not 200 <= answer.status <= 299:
            raise self._poster.refused(answer)
