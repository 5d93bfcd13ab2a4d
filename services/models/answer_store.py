"""Kept answers of models: one file each, named by the digest of the request it answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import msgspec

from services.domain.conversation import ModelReply, ModelRequest
from services.market.atomic_file import write_whole


class _Entry(msgspec.Struct, forbid_unknown_fields=False):
    """A request and its answer."""

    request: ModelRequest
    reply: ModelReply


class DamagedAnswer(Exception):
    """A kept answer cannot be read: why."""


_ENCODER = msgspec.json.Encoder(decimal_format="string", order="sorted")
_DECODER = msgspec.json.Decoder(_Entry)


@dataclass(slots=True)
class _Turn:
    """Whose turn it is with one request, and how many have it or wait for it."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    at_it: int = 0


_TURNS: dict[tuple[Path, str], _Turn] = {}
"""The requests that are under way in this process, by folder and digest; empty while nobody asks."""


class AnswerStore:
    """A folder of kept answers. Each file is there whole or not at all, also after a crash."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, request: ModelRequest) -> ModelReply | None:
        """Return the kept answer of exactly this request, None where there is none.

        Raises:
            DamagedAnswer: There is one that was changed, or cannot be read.
        """
        path = self._path(request.digest)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DamagedAnswer(f"{path}: {error.strerror or error}") from error
        seal, _, body = data.partition(b"\n")
        if seal.decode("ascii", "replace") != sha256(body).hexdigest():
            raise DamagedAnswer(f"{path}: its content is not what was written")
        try:
            entry = _DECODER.decode(body)
        except msgspec.MsgspecError as error:
            raise DamagedAnswer(f"{path}: {error}") from error
        if entry.request.digest != request.digest:
            raise DamagedAnswer(f"{path}: answers another request")
        return entry.reply

    def keep(self, request: ModelRequest, reply: ModelReply) -> None:
        """Keep an answer durably, in the place of one that is there.

        Raises:
            OSError: The folder cannot be written, or the disk is full.
        """
        body = _ENCODER.encode(_Entry(request, reply))
        write_whole(self._path(request.digest), (f"{sha256(body).hexdigest()}\n".encode(), body))

    @asynccontextmanager
    async def alone(self, request: ModelRequest) -> AsyncIterator[None]:
        """Wait while anybody in this process is at the same request in the same folder."""
        key = (self._folder.resolve(), request.digest)
        turn = _TURNS.setdefault(key, _Turn())
        turn.at_it += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.at_it -= 1
            if not turn.at_it:
                del _TURNS[key]

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / f"{digest}.json"
