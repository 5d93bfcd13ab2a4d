"""What became of a request that brought no answer: whether it may pass, was billed, and how to say it."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from services.models.completion import NotACompletion, RateLimited
from services.ports import AgentFault
from services.web_way import NoWay

if TYPE_CHECKING:
    from httpx2 import Response


class Unbilled(AgentFault):
    """No answer, and surely nothing to pay: the request was refused, or never arrived."""


def may_pass(error: BaseException) -> bool:
    """Answer whether the failure may pass by itself: a rate limit, the server's own, or the connection's."""
    import openai

    if isinstance(error, openai.APIStatusError):
        return error.status_code == 429 or error.status_code >= 500
    return isinstance(error, openai.APIConnectionError | RateLimited)


def is_unbilled(error: BaseException) -> bool:
    """Answer whether the server surely did no work: it refused, was never reached, or could not be asked."""
    import httpx2
    import openai

    if isinstance(error, openai.APIStatusError):
        return error.status_code < 500
    if isinstance(error, RateLimited | NoWay):
        return True
    return isinstance(error, openai.APIConnectionError) and isinstance(error.__cause__, httpx2.ConnectError)


def retry_after_s(error: BaseException) -> float | None:
    """Return the seconds the server asks to wait, None where it does not say so.

    A moment it names instead counts from the moment its own clock shows in the same response.
    """
    import openai

    if not isinstance(error, openai.APIStatusError):
        return None
    headers = error.response.headers
    text = headers.get("retry-after", "")
    if text.isascii() and text.isdecimal():
        return float(text)
    try:
        wait = parsedate_to_datetime(text) - parsedate_to_datetime(headers.get("date", ""))
    except (TypeError, ValueError, OverflowError):
        return None
    return max(0.0, wait.total_seconds())


def why(error: Exception, deadline_s: float) -> str:
    """Return why there is no answer, with what the server said; it may quote the key."""
    import openai

    if isinstance(error, TimeoutError):
        return f"no answer within {deadline_s:g} s"
    if isinstance(error, openai.APIStatusError):
        return f"HTTP {error.status_code}: {_told_by(error.response)}"
    if isinstance(error, openai.APIConnectionError):
        return f"cannot be reached: {error.__cause__ or error}"
    if isinstance(error, NotACompletion):
        return f"{error.wrong}: {error.body}" if error.body else error.wrong
    return str(error)


def _told_by(response: Response) -> str:
    """Return what a response that is no answer says; of a redirect where it leads to."""
    if response.is_redirect:
        return f"it redirects to {response.headers.get('location', '')}; write that address as base_url"
    return response.text
