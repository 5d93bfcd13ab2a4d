"""A language model as a mind, over any server that speaks OpenAI's chat completions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agents.completion import Completion, NotACompletion, read_completion
from agents.parsing import answer_schema, parse
from services.clock import stopwatch_s
from services.domain.decision import BadAnswer, Briefing, RawAnswer, Reads, Usage
from services.domain.instruments import Symbol
from services.ports import AgentFault

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.types.chat.completion_create_params import ResponseFormat
    from tenacity import RetryCallState

ATTEMPTS_MAX = 3
"""Requests for one answer when the server is down, busy or limits the rate."""
SECRET_LENGTH_MIN = 8
"""Local servers take any word for a key; a shorter one is no secret and is not searched for in texts."""
_SHOWN_LENGTH = 200


class Dialect(StrEnum):
    """How a server is told the form of an answer: by its schema, or only that it is JSON."""

    JSON_SCHEMA = "json_schema"
    JSON_OBJECT = "json_object"


@dataclass(slots=True)
class _Talk:
    """What was said so far, and what it cost; `text` is the last answer, None before the first."""

    model: str
    text: str | None = None
    cut_off: bool = False
    transcript: list[dict[str, str]] = field(default_factory=list)
    input_tokens: int = 0
    output_tokens: int = 0
    attempts: int = 0

    def ask(self, content: str) -> None:
        """Add what is said to the model."""
        self.transcript.append({"role": "user", "content": content})

    def take(self, completion: Completion) -> None:
        """Add what the model said; a refusal counts as its text."""
        choice = completion.choices[0]
        message = choice.message
        self.text = message.content or message.refusal or ""
        self.cut_off = choice.finish_reason == "length"
        self.model = completion.model or self.model
        said = {"role": "assistant", "content": self.text, "finish_reason": choice.finish_reason or ""}
        if message.reasoning_content:
            said["reasoning"] = message.reasoning_content
        self.transcript.append(said)
        self.input_tokens += completion.input_tokens
        self.output_tokens += completion.output_tokens


class LlmAgent:
    """Asks a model once, and once more when its answer breaks the contract.

    Everything, retries and a second answer included, happens within `deadline_s`. What the model
    said last is the answer, good or bad: who reads it parses it. `temperature` None leaves the choice
    to the server. A failure that may pass is tried again up to `attempts_max` requests, the waits
    doubling from `first_wait_s`. The key is sent to `base_url` and appears in no text.

    Raises:
        ValueError: The key holds a sign that no HTTP header can carry, `base_url` is no http address,
            the dialect is not known, or the deadline is not positive.
    """

    def __init__(
        self,
        *,
        model: str,
        base_url: str,
        api_key: str,
        name: str,
        dialect: Dialect | str = Dialect.JSON_SCHEMA,
        deadline_s: float = 120.0,
        temperature: float | None = None,
        attempts_max: int = ATTEMPTS_MAX,
        first_wait_s: float = 1.0,
        stopwatch: Callable[[], float] = stopwatch_s,
    ) -> None:
        if not (api_key.isascii() and api_key.isprintable()):
            raise ValueError(f"the API key of {name} holds a sign that no key has; copy it again")
        if not _is_address(base_url):
            raise ValueError(f"the base_url of {name} is not an address like https://host/v1")
        if deadline_s <= 0:
            raise ValueError(f"the deadline of {name} must be above 0 s, not {deadline_s}")
        self._model, self._base_url, self._api_key = model, base_url, api_key
        self._name = name
        self._dialect = Dialect(dialect)
        self._deadline_s, self._first_wait_s = deadline_s, first_wait_s
        self._attempts_max = attempts_max
        self._temperature = temperature
        self._stopwatch = stopwatch

    @property
    def name(self) -> str:
        """What the journal calls it, e.g. `llm:deepseek`."""
        return self._name

    @property
    def reads(self) -> Reads:
        """A model reads text."""
        return Reads.TEXT

    async def decide(self, briefing: Briefing) -> RawAnswer:
        """Return the model's last answer as received, with every message and the usage.

        Raises:
            AgentFault: The server gave no answer within the deadline, or something that is no answer.
        """
        # Imported here: the client takes half a second to load.
        import openai

        talk = _Talk(model=self._model)
        began_s = self._stopwatch()
        try:
            async with (
                asyncio.timeout(self._deadline_s),
                openai.AsyncOpenAI(
                    api_key=self._api_key or "none",
                    base_url=self._base_url,
                    max_retries=0,
                    timeout=None,
                ) as client,
            ):
                await self._converse(client, briefing, talk)
        except (TimeoutError, openai.OpenAIError, NotACompletion) as error:
            # A first answer stands, bad as it was, when the second could not be had.
            if talk.text is None:
                # Not chained: the cause's text may quote the key.
                raise AgentFault(self._asked(), self._why(error)) from None
        return self._answer(talk, began_s)

    async def _converse(self, client: AsyncOpenAI, briefing: Briefing, talk: _Talk) -> None:
        talk.ask(briefing.text)
        talk.take(await self._complete(client, briefing.watchlist, talk))
        problem = parse(RawAnswer(text=talk.text or "", model=talk.model), briefing.watchlist)
        if isinstance(problem, BadAnswer):
            talk.ask(_complaint(problem, cut_off=talk.cut_off))
            talk.take(await self._complete(client, briefing.watchlist, talk))

    async def _complete(self, client: AsyncOpenAI, watchlist: tuple[Symbol, ...], talk: _Talk) -> Completion:
        """Return the server's next completion; passing failures are tried again a few times."""
        import openai
        from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt

        async for attempt in AsyncRetrying(
            stop=stop_after_attempt(self._attempts_max),
            wait=self._wait_s,
            retry=retry_if_exception(self._passing),
            reraise=True,
        ):
            with attempt:
                talk.attempts += 1
                response = await client.chat.completions.with_raw_response.create(
                    model=self._model,
                    messages=[
                        {"role": "assistant", "content": said["content"]}
                        if said["role"] == "assistant"
                        else {"role": "user", "content": said["content"]}
                        for said in talk.transcript
                        if said["content"]
                    ],
                    response_format=self._response_format(watchlist),
                    temperature=openai.omit if self._temperature is None else self._temperature,
                )
        return read_completion(response.content)

    def _response_format(self, watchlist: tuple[Symbol, ...]) -> ResponseFormat:
        if self._dialect is Dialect.JSON_OBJECT:
            return {"type": "json_object"}
        return {
            "type": "json_schema",
            "json_schema": {"name": "decision", "strict": True, "schema": answer_schema(watchlist)},
        }

    def _passing(self, error: BaseException) -> bool:
        """Answer whether the failure may pass by itself before the deadline."""
        import openai

        if isinstance(error, openai.APIStatusError):
            busy = error.status_code in (408, 409, 429) or error.status_code >= 500
            return busy and (_retry_after_s(error) or 0.0) < self._deadline_s
        return isinstance(error, openai.APIConnectionError)

    def _wait_s(self, state: RetryCallState) -> float:
        """Return the wait before the next attempt: what the server asks for, else twice the last one."""
        error = state.outcome.exception() if state.outcome else None
        asked_s = None if error is None else _retry_after_s(error)
        usual_s: float = self._first_wait_s * 2 ** (state.attempt_number - 1)
        return usual_s if asked_s is None else asked_s

    def _answer(self, talk: _Talk, began_s: float) -> RawAnswer:
        return RawAnswer(
            text=self._redacted(talk.text or ""),
            model=self._redacted(talk.model),
            transcript=tuple(
                {key: self._redacted(value) for key, value in said.items()} for said in talk.transcript
            ),
            usage=Usage(
                input_tokens=talk.input_tokens,
                output_tokens=talk.output_tokens,
                latency_ms=round((self._stopwatch() - began_s) * 1000),
                attempts=talk.attempts,
            ),
        )

    def _asked(self) -> str:
        return self._redacted(f"{self._model} at {urlsplit(self._base_url).hostname}")

    def _why(self, error: Exception) -> str:
        import openai

        if isinstance(error, TimeoutError):
            return f"no answer within {self._deadline_s:g} s"
        if isinstance(error, openai.APIStatusError):
            return f"HTTP {error.status_code}: {self._shown(error.response.text)}"
        if isinstance(error, openai.APIConnectionError):
            return f"cannot be reached: {self._shown(str(error.__cause__ or error))}"
        if isinstance(error, NotACompletion):
            return f"{error.wrong}: {self._shown(error.body)}"
        return self._shown(str(error))

    def _shown(self, text: str) -> str:
        """Return the beginning of a text on one line; the key goes first, so that no part of it is left."""
        return " ".join(self._redacted(text).split())[:_SHOWN_LENGTH]

    def _redacted(self, text: str) -> str:
        if len(self._api_key) < SECRET_LENGTH_MIN:
            return text
        return text.replace(self._api_key, "[key]")


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # A port that is no number, or a broken bracket.
        return False


def _complaint(problem: BadAnswer, *, cut_off: bool) -> str:
    shorter = " It was cut off at the length limit; be shorter." if cut_off else ""
    return (
        f"That answer cannot be used ({problem.kind}): {problem.reason}.{shorter} "
        "Answer again with one json object exactly as described, and nothing else."
    )


def _retry_after_s(error: BaseException) -> float | None:
    """Return the seconds the server asks to wait, None where it does not say so in seconds."""
    import openai

    if not isinstance(error, openai.APIStatusError):
        return None
    text = error.response.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdecimal() else None
