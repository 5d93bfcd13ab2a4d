"""A timeout for the requests of libraries that set none."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import wraps
from threading import Lock, local
from typing import Any

_here = local()
_installing = Lock()
_MARK = "kaipan_limited"


def limit_requests_of_this_thread(timeout_s: float) -> None:
    """Give every later HTTP request of the calling thread at most `timeout_s` to connect and for each read.

    Other threads are left as they are. It works through `requests.Session.request`, which all calls
    of that library pass.
    """
    _here.timeout_s = timeout_s
    session = importlib.import_module("requests").Session
    with _installing:
        if not hasattr(session.request, _MARK):
            session.request = _limited(session.request)


def _limited(request: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(request)
    def limited(*args: Any, **options: Any) -> Any:
        most_s = getattr(_here, "timeout_s", None)
        if most_s is not None:
            stated = options.get("timeout")
            options["timeout"] = min(stated, most_s) if isinstance(stated, int | float) else most_s
        return request(*args, **options)

    setattr(limited, _MARK, True)
    return limited
