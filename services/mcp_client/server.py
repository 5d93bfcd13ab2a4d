"""One tool server in a task of its own, so that nothing it does reaches who asks it but an answer."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from services.domain.conversation import ToolSpec
from services.ports import ToolFault
from services.version import KAIPAN_VERSION

if TYPE_CHECKING:
    from mcp import Client
    from mcp.client._transport import TransportStreams
    from mcp.types import CallToolResult, ContentBlock

DEADLINE_S = 20.0
PAGES_MAX = 10

_PATIENCE_S = 4.0
_WORDS_MAX = 200

_SECRET_SIGNS_MIN = 8

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Failed:
    """That the server refused a question, and why."""

    why: str


@dataclass(slots=True)
class _Asked:
    """A question to the server, and where its answer goes."""

    tool: str
    arguments: Mapping[str, object]
    answer: asyncio.Future[str | _Failed]


_Listed = asyncio.Future[Sequence[ToolSpec] | _Failed]


class McpServer:
    """A server of tools, connected to while it is started; one session at a time.

    `connect` opens the way to it. Every question, the first included, is answered within `deadline_s`;
    a server that lets one pass is ended, and answers nothing more until it is started again. What it was
    given in confidence (`withheld`) is taken out of all it says, where it repeats that as it stands.
    """

    def __init__(
        self,
        name: str,
        connect: Callable[[], AbstractAsyncContextManager[TransportStreams]],
        deadline_s: float = DEADLINE_S,
        withheld: Iterable[str] = (),
    ) -> None:
        self._name, self._connect, self._deadline_s = name, connect, deadline_s
        secrets = {one for one in withheld if len(one) >= _SECRET_SIGNS_MIN}
        self._withheld = sorted(secrets, key=lambda one: (-len(one), one))
        self._questions: asyncio.Queue[_Asked | None] = asyncio.Queue()
        self._task: asyncio.Task[str] | None = None

    @property
    def name(self) -> str:
        """What the configuration calls it."""
        return self._name

    async def start(self) -> Sequence[ToolSpec]:
        """Return its tools as it tells of them.

        Raises:
            ToolFault: It cannot be started, or does not answer in time, or not as it should.
        """
        # The library writes of a server's mistakes to the screen, in the server's own words.
        logging.getLogger("mcp").setLevel(logging.CRITICAL + 1)
        await self.stop()
        self._questions = asyncio.Queue()
        listed: _Listed = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._serve(listed))
        tools = await self._within(listed, f"tools of {self._name}")
        return [
            ToolSpec(
                name=tool.name,
                description=self._without_secrets(tool.description),
                parameters=self._without_secrets(tool.parameters),
            )
            for tool in tools
        ]

    async def ask(self, tool: str, arguments: Mapping[str, object]) -> str:
        """Return its answer as text.

        Raises:
            ToolFault: It does not answer in time, not as it should, or has ended.
        """
        asked = _Asked(tool, arguments, asyncio.get_running_loop().create_future())
        self._questions.put_nowait(asked)
        return self._without_secrets(await self._within(asked.answer, f"{tool} of {self._name}"))

    async def stop(self) -> None:
        """End the connection, and the process if it is one; what does not end in time is left behind."""
        task, self._task = self._task, None
        if task is None:
            return
        self._questions.put_nowait(None)
        if not (await asyncio.wait({task}, timeout=_PATIENCE_S))[0]:
            task.cancel()
            await asyncio.wait({task}, timeout=_PATIENCE_S)

    async def _within(self, answer: asyncio.Future[T | _Failed], asked: str) -> T:
        """Return what the server's task gives, as long as it lives and there is time."""
        task = self._task
        if task is None:
            raise ToolFault(asked, "the server has ended")
        waited_for: set[asyncio.Future[T | _Failed] | asyncio.Task[str]] = {answer, task}
        try:
            await asyncio.wait(waited_for, timeout=self._deadline_s, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            # Nobody waits for it any more, so its end shall not be waited for either.
            task.cancel()
            raise
        if answer.done():
            found = answer.result()
            if isinstance(found, _Failed):
                raise ToolFault(asked, self._without_secrets(found.why))
            return found
        answer.cancel()
        why = _last_words(task) if task.done() else f"no answer within {self._deadline_s:g} s"
        task.cancel()
        await self.stop()
        raise ToolFault(asked, self._without_secrets(why))

    def _without_secrets(self, text: str) -> str:
        for secret in self._withheld:
            text = text.replace(secret, "[withheld]")
        return text

    async def _serve(self, listed: _Listed) -> str:
        """Connect, list the tools, answer questions; return why it ended."""
        try:
            from mcp import Client
            from mcp.types import Implementation

            async with Client(
                self._connect(),
                read_timeout_seconds=self._deadline_s,
                client_info=Implementation(name="kaipan", version=KAIPAN_VERSION),
                cache=None,
            ) as client:
                tools = await _tools(client)
                if not listed.done():
                    listed.set_result(tools)
                while (asked := await self._questions.get()) is not None:
                    await _answer(client, asked)
        except ModuleNotFoundError:
            return "tool servers need the extra mcp: pip install mcp"
        except Exception as error:
            return _why(error)
        return "the server has ended"


async def _tools(client: Client) -> Sequence[ToolSpec]:
    """Return the server's tools, of no more than `PAGES_MAX` pages."""
    found: list[ToolSpec] = []
    cursor: str | None = None
    for _ in range(PAGES_MAX):
        page = await client.list_tools(cursor=cursor)
        found += [
            ToolSpec(
                name=one.name,
                description=one.description or one.title or "",
                parameters=json.dumps(one.input_schema, ensure_ascii=False),
            )
            for one in page.tools
        ]
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


async def _answer(client: Client, asked: _Asked) -> None:
    """Let the server answer; that it refuses one question says nothing of the next."""
    from mcp.shared.exceptions import MCPError
    from mcp.types import CallToolRequest, CallToolRequestParams, CallToolResult

    request = CallToolRequest(params=CallToolRequestParams(name=asked.tool, arguments=dict(asked.arguments)))
    try:
        # Asked below the library's own `call_tool`, which would run the server's schemas, and with them
        # its patterns, over what it answers: a pattern can be made to take for ever.
        result = await client.session.send_request(request, CallToolResult)
    except MCPError as error:
        if not asked.answer.done():
            asked.answer.set_result(_Failed(_why(error)))
        return
    if not asked.answer.done():
        asked.answer.set_result(_text(result))


def _text(result: CallToolResult) -> str:
    parts = [_part(part) for part in result.content]
    if not parts and result.structured_content is not None:
        parts = [json.dumps(result.structured_content, ensure_ascii=False)]
    text = "\n".join(parts)
    return f"The tool reports an error: {text}" if result.is_error else text


def _part(part: ContentBlock) -> str:
    if part.type == "text":
        return part.text
    text = getattr(getattr(part, "resource", None), "text", None)
    return text if isinstance(text, str) else f"[{part.type} left out: only text is read]"


def _last_words(task: asyncio.Task[str]) -> str:
    return "the server was ended" if task.cancelled() else task.result()


def _why(error: BaseException) -> str:
    """Return what went wrong; in words only where those hold nothing but an errand's failure."""
    from mcp.shared.exceptions import MCPError

    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    words = f": {error}"[:_WORDS_MAX] if isinstance(error, MCPError | OSError) else ""
    return f"{type(error).__name__}{words}"
