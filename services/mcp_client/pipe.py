"""A tool server as a process of its own: started bare, read with a bound, ended for sure.

Imports the protocol's library: load it late.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp.types import jsonrpc_message_adapter
from pydantic import ValidationError

if TYPE_CHECKING:
    from mcp.client._transport import TransportStreams

BYTES_MAX = 8 * 1024 * 1024
"""Most bytes that a server may say in one session; one that says more is ended."""

LINES_MAX = 10_000
"""Most lines, for a line costs more than its bytes."""

_PATIENCE_S = 1.0


class _Process(asyncio.SubprocessProtocol):
    """What a server writes to its standard output, line by line; None is its end."""

    def __init__(self) -> None:
        self.lines: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.exited = asyncio.Event()
        self._begun = b""
        self._read = self._lines = 0

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Take what came; after too much nothing is taken any more."""
        self._read += len(data)
        *whole, self._begun = (self._begun + data).split(b"\n") if self._read <= BYTES_MAX else (b"",)
        self._lines += len(whole)
        if self._read > BYTES_MAX or self._lines > LINES_MAX:
            self._begun = b""
            while not self.lines.empty():
                self.lines.get_nowait()
            self.lines.put_nowait(None)
            return
        for line in whole:
            self.lines.put_nowait(line)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """Take the end of its output."""
        if fd == 1:
            self.lines.put_nowait(None)

    def process_exited(self) -> None:
        """Take the end of the process."""
        self.exited.set()


@asynccontextmanager
async def piped(
    command: str, arguments: Sequence[str], environment: Mapping[str, str]
) -> AsyncIterator[TransportStreams]:
    """Yield the streams to and from a process that has exactly this environment.

    What it writes to its standard error is thrown away. At the end its input is closed; what has not
    ended a second later is killed, with its children where the system has process groups.

    Raises:
        OSError: It cannot be started.
    """
    transport, process = await asyncio.get_running_loop().subprocess_exec(
        _Process,
        command,
        *arguments,
        env=dict(environment),
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=sys.platform != "win32",
    )
    heard_by_us, heard = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    to_say, said_by_us = anyio.create_memory_object_stream[SessionMessage](0)
    tasks = (
        asyncio.create_task(_hear(process, heard_by_us)),
        asyncio.create_task(_say(transport, said_by_us)),
    )
    try:
        yield heard, to_say
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for stream in (heard_by_us, heard, to_say, said_by_us):
            stream.close()
        await _end(transport, process)


async def _hear(process: _Process, heard: MemoryObjectSendStream[SessionMessage | Exception]) -> None:
    """Pass on each line that is a message; what is none, such as a greeting, is passed over."""
    async with heard:
        while (line := await process.lines.get()) is not None:
            try:
                message = jsonrpc_message_adapter.validate_json(line, by_name=False)
            except ValidationError:
                continue
            try:
                await heard.send(SessionMessage(message))
            except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                return


async def _say(
    transport: asyncio.SubprocessTransport, said: MemoryObjectReceiveStream[SessionMessage]
) -> None:
    pipe = transport.get_pipe_transport(0)
    async for message in said:
        text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
        if isinstance(pipe, asyncio.WriteTransport) and not pipe.is_closing():
            pipe.write(text.encode() + b"\n")


async def _end(transport: asyncio.SubprocessTransport, process: _Process) -> None:
    pipe = transport.get_pipe_transport(0)
    if pipe is not None:
        pipe.close()
    if not await _exited(process):
        _kill(transport)
        await _exited(process)
    transport.close()


async def _exited(process: _Process) -> bool:
    """Answer whether the process has ended within a second."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE_S):
            await process.exited.wait()
    return process.exited.is_set()


def _kill(transport: asyncio.SubprocessTransport) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            transport.kill()
        else:
            os.killpg(transport.get_pid(), signal.SIGKILL)
