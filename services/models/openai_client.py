"""A language model behind a server that speaks OpenAI's chat completions: one request in, one reply out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from services.clock import stopwatch_s
from services.domain.conversation import ModelReply, ModelRequest, ToolCall
from services.models.completion import Completion, NotACompletion, read_completion, said
from services.models.dialects import Dialect, dialect_named
from services.models.failures import Unbilled, is_unbilled, may_pass, retry_after_s, why
from services.models.wire import payload
from services.ports import AgentFault
from services.settings_environment import process_environment
from services.web_way import NoWay, way_to

if TYPE_CHECKING:
    from tenacity import RetryCallState

ATTEMPTS_MAX = 3
"""Requests for one answer when the server is down, busy or limits the rate."""
SECRET_LENGTH_MIN = 8
"""Local servers take any word for a key; a shorter one is no secret and is not searched for in texts."""
_SHOWN_LENGTH = 200
_NO_KEY = "none"


def _no_question(_request: ModelRequest, _lost: bool) -> None:
    return None


@dataclass(slots=True)
class _Attempts:
    """How often one request was sent, and how often the server may have worked for nothing."""

    made: int = 0
    lost: int = 0


class OpenAiClient:
    """Sends each request to one server, with retries, all within `deadline_s`.

    What may pass by itself is tried again up to `attempts_max` requests: a rate limit, a server's
    own failure (5xx), a connection that broke. The waits double from `first_wait_s`; a wait the server
    asks for counts instead, and one beyond the deadline is not begun. `before_retry` is called before
    each further attempt, with whether the last one may have been billed; a fault it raises ends the
    request. The key is sent to `base_url` alone (a redirect is a fault) and appears in no text; nothing
    that the environment holds for another provider is sent along.

    Raises:
        ValueError: The key holds a sign that no HTTP header can carry, `base_url` is no http address,
            the dialect is not known or does not take the temperature, or the deadline is not positive.
    """

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        name: str,
        dialect: str = "json_schema",
        temperature: float | None = None,
        deadline_s: float = 120.0,
        attempts_max: int = ATTEMPTS_MAX,
        first_wait_s: float = 1.0,
        before_retry: Callable[[ModelRequest, bool], None] = _no_question,
        stopwatch: Callable[[], float] = stopwatch_s,
    ) -> None:
        if not (api_key.isascii() and api_key.isprintable()):
            raise ValueError(f"the API key of {name} holds a sign that no key has; copy it again")
        if not _is_address(base_url):
            raise ValueError(f"the base_url of {name} is not an address like https://host/v1")
        if deadline_s <= 0:
            raise ValueError(f"the deadline of {name} must be above 0 s, not {deadline_s}")
        self._dialect = dialect_named(dialect)
        _require_temperature(name, temperature, self._dialect)
        self._base_url, self._api_key = base_url, api_key
        self._deadline_s, self._first_wait_s, self._attempts_max = deadline_s, first_wait_s, attempts_max
        self._before_retry, self._stopwatch = before_retry, stopwatch

    async def complete(self, request: ModelRequest) -> ModelReply:
        """Return the model's answer to one request.

        Raises:
            AgentFault: No answer within the deadline, or something that is no answer.
        """
        # Imported here: the client takes half a second to load.
        import openai

        attempts, began_s = _Attempts(), self._stopwatch()
        try:
            async with asyncio.timeout(self._deadline_s):
                completion = await self._attempt(request, attempts)
        except (TimeoutError, openai.OpenAIError, NotACompletion, NoWay) as error:
            kind = Unbilled if is_unbilled(error) else AgentFault
            # Not chained: the cause's text may quote the key.
            raise kind(self._asked(request), self._shown(why(error, self._deadline_s))) from None
        return self._reply(completion, attempts, began_s)

    async def _attempt(self, request: ModelRequest, attempts: _Attempts) -> Completion:
        """Return the server's completion; passing failures are tried again a few times."""
        from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt

        def told(state: RetryCallState) -> None:
            error = state.outcome.exception() if state.outcome else None
            lost = error is not None and not is_unbilled(error)
            self._before_retry(request, lost)
            attempts.lost += lost

        async for attempt in AsyncRetrying(
            stop=stop_after_attempt(self._attempts_max),
            wait=self._wait_s,
            retry=retry_if_exception(self._passing),
            before_sleep=told,
            reraise=True,
        ):
            with attempt:
                attempts.made += 1
                completion = read_completion(await self._post(payload(request, self._dialect)))
        return completion

    async def _post(self, body: dict[str, object]) -> bytes:
        import httpx2
        import openai

        from services.models.bounded_response import bound
        from services.models.plain_request import plain

        key, way = self._api_key or _NO_KEY, way_to(self._base_url, process_environment())
        # A client of its own for each request: nothing of one is left to the next, whatever became of it.
        async with openai.AsyncOpenAI(
            api_key=key,
            base_url=self._base_url,
            max_retries=0,
            timeout=None,
            http_client=openai.DefaultAsyncHttpxClient(
                follow_redirects=False,
                timeout=None,
                proxy=way.proxy,
                verify=way.verify,
                trust_env=False,
                event_hooks={"request": [plain(key)], "response": [bound]},
            ),
        ) as client:
            response = await client.post("/chat/completions", cast_to=httpx2.Response, body=body)
            return response.content

    def _passing(self, error: BaseException) -> bool:
        """Answer whether the failure may pass by itself before the deadline."""
        return may_pass(error) and (retry_after_s(error) or 0.0) < self._deadline_s

    def _wait_s(self, state: RetryCallState) -> float:
        """Return the wait before the next attempt: what the server asks for, else twice the last one."""
        error = state.outcome.exception() if state.outcome else None
        asked_s = None if error is None else retry_after_s(error)
        usual_s: float = self._first_wait_s * 2 ** (state.attempt_number - 1)
        return usual_s if asked_s is None else asked_s

    def _reply(self, completion: Completion, attempts: _Attempts, began_s: float) -> ModelReply:
        choice = (completion.choices or [])[0]
        told = said(choice.message, self._dialect)
        return ModelReply(
            content=self._redacted(told.content),
            model=self._redacted(completion.model or "")[:_SHOWN_LENGTH],
            tool_calls=tuple(
                ToolCall(
                    call_id=self._redacted(call.call_id),
                    tool=self._redacted(call.tool),
                    arguments=self._redacted(call.arguments),
                )
                for call in told.tool_calls
            ),
            reasoning=self._redacted(told.reasoning),
            finish_reason=self._redacted(choice.finish_reason or "")[:_SHOWN_LENGTH],
            input_tokens=completion.input_tokens,
            output_tokens=completion.output_tokens,
            cached_input_tokens=completion.cached_input_tokens,
            attempts=attempts.made,
            lost_attempts=attempts.lost,
            latency_ms=round((self._stopwatch() - began_s) * 1000),
        )

    def _asked(self, request: ModelRequest) -> str:
        return self._redacted(f"{request.model} at {urlsplit(self._base_url).hostname}")

    def _shown(self, text: str) -> str:
        """Return the beginning of a text on one line; the key goes first, so that no part of it is left."""
        return " ".join(self._redacted(text).split())[:_SHOWN_LENGTH]

    def _redacted(self, text: str) -> str:
        if len(self._api_key) < SECRET_LENGTH_MIN:
            return text
        return text.replace(self._api_key, "[key]")


def endpoint_of(base_url: str) -> str:
    """Return an address as a record may hold it: without user, password and query."""
    parts = urlsplit(base_url)
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path}".rstrip("/")


def _require_temperature(name: str, temperature: float | None, dialect: Dialect) -> None:
    if temperature is None:
        return
    if temperature > dialect.temperature_max or (temperature == 0 and not dialect.temperature_zero):
        least = "from 0" if dialect.temperature_zero else "above 0"
        raise ValueError(
            f"the temperature of {name} is {temperature:g}; its server takes {least} to "
            f"{dialect.temperature_max:g}"
        )


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # A port that is no number, or a broken bracket.
        return False
