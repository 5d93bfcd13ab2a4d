"""A response of which no more is read than an answer may have. Imports the HTTP library: load it late."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2

from services.models.completion import BODY_BYTES_MAX, NotACompletion

_CHARSETS = frozenset({"utf-8", "us-ascii", "iso-8859-1", "gbk", "gb2312", "gb18030", "big5"})
"""In which an error may be said. Others cannot read every body, or read texts out of it that are none."""


class _Bounded(httpx2.AsyncByteStream):
    """A body that ends with an error once it is longer than an answer may be."""

    def __init__(self, inner: httpx2.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body's parts.

        Raises:
            NotACompletion: They are more than `BODY_BYTES_MAX` bytes.
        """
        read = 0
        async for part in self._inner:
            read += len(part)
            if read > BODY_BYTES_MAX:
                raise NotACompletion(f"an answer of more than {BODY_BYTES_MAX} bytes")
            yield part

    async def aclose(self) -> None:
        """Give the connection back."""
        await self._inner.aclose()


async def bound(response: httpx2.Response) -> None:
    """Let no more of the response be read than an answer may have, and its text in no odd charset.

    Raises:
        NotACompletion: It is packed, though that was not asked for: no bound would hold for what is inside.
    """
    packed = response.headers.get("content-encoding", "identity").lower()
    if packed != "identity":
        raise NotACompletion(f"an answer packed as {packed[:40]!r}, which was not asked for")
    if (response.charset_encoding or "utf-8").lower() not in _CHARSETS:
        response.encoding = "utf-8"
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _Bounded(response.stream)
