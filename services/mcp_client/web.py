"""A tool server at an address, spoken to over HTTP. Imports the protocol's library: load it late."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx2
from mcp.client.streamable_http import streamable_http_client

from services.mcp_client.pipe import BYTES_MAX
from services.settings_environment import process_environment
from services.web_way import way_to

if TYPE_CHECKING:
    from mcp.client._transport import TransportStreams


class _Bounded(httpx2.AsyncByteStream):
    """A body counted together with all the others of its connection."""

    def __init__(self, inner: httpx2.AsyncByteStream, count: _Count) -> None:
        self._inner, self._count = inner, count

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body's parts.

        Raises:
            httpx2.ReadError: The server has said more than it may.
        """
        async for part in self._inner:
            self._count.read += len(part)
            if self._count.read > BYTES_MAX:
                raise httpx2.ReadError(f"more than {BYTES_MAX} bytes in one session")
            yield part

    async def aclose(self) -> None:
        """Give the connection back."""
        await self._inner.aclose()


class _Count:
    """How many bytes a server has said in a session, and the refusal of what cannot be counted."""

    read = 0

    async def bound(self, response: httpx2.Response) -> None:
        """Let no more of a response be read than is left.

        Raises:
            httpx2.ReadError: It is packed, though that was not asked for.
        """
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise httpx2.ReadError("a packed answer, which was not asked for")
        if isinstance(response.stream, httpx2.AsyncByteStream):
            response.stream = _Bounded(response.stream, self)


@asynccontextmanager
async def addressed(url: str, token: str, deadline_s: float) -> AsyncIterator[TransportStreams]:
    """Yield the streams to and from a server at an address; `token`, if any, is sent as its bearer's.

    Raises:
        NoWay: The proxy or the certificates that the environment names cannot be used.
    """
    way = way_to(url, process_environment())
    headers = {"accept-encoding": "identity"} | ({"authorization": f"Bearer {token}"} if token else {})
    client = httpx2.AsyncClient(
        headers=headers,
        timeout=deadline_s,
        proxy=way.proxy,
        verify=way.verify,
        trust_env=False,
        event_hooks={"response": [_Count().bound]},
    )
    async with client, streamable_http_client(url, http_client=client) as streams:
        yield streams
