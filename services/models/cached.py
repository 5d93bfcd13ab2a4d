"""A model whose answers are kept, and read again instead of asking where that is wanted."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum

from services.domain.conversation import ModelReply, ModelRequest
from services.models.answer_store import AnswerStore, DamagedAnswer
from services.ports import ModelClient


class LlmMode(StrEnum):
    """Whether kept answers are used.

    CACHE: a kept answer is used, any other is asked for and kept; of two that are asked for the same at
    once the first to be kept is the answer of both. LIVE: every answer is asked for and
    kept. OFF: every answer is asked for, and none is kept.
    """

    CACHE = "cache"
    LIVE = "live"
    OFF = "off"


class CacheTrouble(StrEnum):
    """What went wrong with a kept answer; the model is asked all the same."""

    DAMAGED = "damaged"
    NOT_KEPT = "not_kept"


Told = Callable[[CacheTrouble, str], None]
"""Called with what went wrong with a kept answer, and a sentence on it."""


def untold(_trouble: CacheTrouble, _why: str) -> None:
    """Tell nobody."""


@dataclass(slots=True)
class Counts:
    """How many answers were asked for, and how many were there."""

    asked: int = 0
    found: int = 0


class CachedClient:
    """Keeps the answers of a model, and finds them again by all that is in a request.

    A kept answer comes back as it was received, latency and attempts included, with `cached` set.
    Faults are not kept: what failed is asked again. An answer that cannot be kept, or that was
    damaged on the disk, is told and asked for.
    """

    def __init__(
        self,
        inner: ModelClient,
        store: AnswerStore,
        mode: LlmMode,
        *,
        counts: Counts | None = None,
        told: Told = untold,
    ) -> None:
        self._inner, self._store, self._mode, self._told = inner, store, mode, told
        self._counts = counts or Counts()

    async def complete(self, request: ModelRequest) -> ModelReply:
        """Return the kept answer, or the model's.

        Raises:
            AgentFault: The model was asked, and gave none.
        """
        if self._mode is not LlmMode.CACHE:
            reply = await self._asked(request)
            if self._mode is LlmMode.LIVE:
                self._keep(request, reply)
            return reply
        async with self._store.alone(request):
            kept = self._kept(request)
            if kept is not None:
                self._counts.found += 1
                return replace(kept, cached=True)
            reply = await self._asked(request)
            # Another process may have kept one in the meantime.
            with suppress(DamagedAnswer):
                first = self._store.get(request)
                if first is not None:
                    return replace(first, cached=True)
            self._keep(request, reply)
            return reply

    async def _asked(self, request: ModelRequest) -> ModelReply:
        self._counts.asked += 1
        return await self._inner.complete(request)

    def _kept(self, request: ModelRequest) -> ModelReply | None:
        try:
            return self._store.get(request)
        except DamagedAnswer as damaged:
            self._told(CacheTrouble.DAMAGED, str(damaged))
            return None

    def _keep(self, request: ModelRequest, reply: ModelReply) -> None:
        try:
            self._store.keep(request, reply)
        except OSError as error:
            self._told(CacheTrouble.NOT_KEPT, str(error))
