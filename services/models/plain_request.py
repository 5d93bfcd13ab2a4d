"""A request that says no more than its question and its key. Imports the HTTP library: load it late."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx2

from services.version import KAIPAN_VERSION


def plain(api_key: str) -> Callable[[httpx2.Request], Awaitable[None]]:
    """Return what puts a request's headers back to the few it needs, just before it leaves.

    The client's library adds to each request what OPENAI_ORG_ID, OPENAI_PROJECT_ID and
    OPENAI_CUSTOM_HEADERS hold, and tells of this machine, whichever provider's server it goes to.
    """

    async def strip(request: httpx2.Request) -> None:
        request.headers = httpx2.Headers(
            {
                "Host": request.url.netloc.decode("ascii"),
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "Authorization": f"Bearer {api_key}",
                "Content-Type": "application/json",
                "Content-Length": str(len(await request.aread())),
                "User-Agent": f"kaipan/{KAIPAN_VERSION}",
            }
        )

    return strip
