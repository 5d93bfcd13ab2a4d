"""One request to a platform, bounded in time and size; no secret leaves by a fault or a log."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from services.alerts.fitting import in_characters, one_line
from services.ports import AlertFault
from services.settings_environment import process_environment
from services.web_way import NoWay, way_to

if TYPE_CHECKING:
    import httpx2

ANSWER_BYTES_MAX = 65_536
"""Platforms answer with a few hundred bytes; of a longer answer no more is read."""

_ENCODER = msgspec.json.Encoder(decimal_format="number")
"""Writes a number of a hook's template as the configuration writes it."""

_WHY_CHARACTERS_MAX = 200
_SECRET_CHARACTERS_MIN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a platform said: its HTTP status, and its body where that is a JSON object, else empty."""

    status: int
    body: Mapping[str, object]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Poster:
    """Sends JSON for one channel. `secrets` are blotted out of whatever a fault says.

    Proxies and certificates are those the environment names; redirects are not followed.
    """

    channel: str
    secrets: tuple[str, ...] = field(repr=False)
    deadline_s: float

    async def post(self, url: str, body: object, headers: Mapping[str, str] | None = None) -> Answer:
        """Return the platform's answer, whatever it says.

        Raises:
            AlertFault: There is none within the deadline, or it redirects.
        """
        sent = {"content-type": "application/json; charset=utf-8", **(headers or {})}
        return await self._ask("POST", url, _ENCODER.encode(body), sent)

    async def get(self, url: str) -> Answer:
        """Return the answer to a plain request of an address, whatever it says.

        Raises:
            AlertFault: There is none within the deadline, or it redirects.
        """
        return await self._ask("GET", url, None, {})

    async def _ask(self, method: str, url: str, raw: bytes | None, headers: Mapping[str, str]) -> Answer:
        # Imported here: the client takes a tenth of a second to load.
        import httpx2

        sent = {"accept-encoding": "identity", **headers}
        try:
            way = way_to(url, process_environment())
            with _unlogged():
                async with (
                    asyncio.timeout(self.deadline_s),
                    httpx2.AsyncClient(
                        timeout=None,
                        follow_redirects=False,
                        proxy=way.proxy,
                        verify=way.verify,
                        trust_env=False,
                    ) as client,
                    client.stream(method, url, content=raw, headers=sent) as response,
                ):
                    text = await _read(response)
        except TimeoutError:
            raise self.fault(f"no answer within {self.deadline_s:g} s") from None
        except NoWay as none:
            raise self.fault(str(none)) from None
        except httpx2.InvalidURL:
            # Not quoted: a piece of the address may be the secret.
            raise self.fault("its address is none") from None
        except (httpx2.HTTPError, ValueError) as error:
            # Not chained: the cause may quote the address, and the address holds the secret.
            raise self.fault(f"cannot be reached: {error or type(error).__name__}") from None
        if response.is_redirect:
            raise self.fault(f"HTTP {response.status_code}: it redirects, which is not followed")
        return Answer(status=response.status_code, body=_object(text), text=text)

    def fault(self, why: str) -> AlertFault:
        """Return the fault that says so, short, on one line and without a secret."""
        for secret in self.secrets:
            if len(secret) >= _SECRET_CHARACTERS_MIN:
                why = why.replace(secret, "[secret]")
        return AlertFault(self.channel, in_characters(one_line(why), _WHY_CHARACTERS_MAX))

    def refused(self, answer: Answer) -> AlertFault:
        """Return the fault that tells what the platform answered instead of taking the notice."""
        return self.fault(f"HTTP {answer.status}: {answer.text}" if answer.text else f"HTTP {answer.status}")


async def _read(response: httpx2.Response) -> str:
    """Return the beginning of the body; a packed one is not opened."""
    read = bytearray()
    async for part in response.aiter_raw():
        read += part
        if len(read) >= ANSWER_BYTES_MAX:
            break
    return bytes(read[:ANSWER_BYTES_MAX]).decode("utf-8", "replace")


def _object(text: str) -> Mapping[str, object]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keep the HTTP library from logging addresses: most platforms want their secret in it."""
    logging.getLogger("httpx2").addFilter(_VEIL)
    token = _secret_under_way.set(True)
    try:
        yield
    finally:
        _secret_under_way.reset(token)


_secret_under_way: ContextVar[bool] = ContextVar("secret_under_way", default=False)


class _Veil(logging.Filter):
    """Lets no record through that is made while a secret is under way, in that task alone."""

    def filter(self, _record: logging.LogRecord) -> bool:
        """Answer whether the record may be logged."""
        return not _secret_under_way.get()


_VEIL = _Veil()
