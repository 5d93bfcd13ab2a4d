"""The network looked at from here: can a host be had, through which proxy, and what time is it there."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from http.client import HTTPException
from threading import Thread
from typing import TypeVar
from urllib import request
from urllib.error import HTTPError

from services.clock import stopwatch_s
from services.market.proxy_exceptions import excepted
from services.settings_environment import system_variable

T = TypeVar("T")

_HALF_SECOND = timedelta(seconds=0.5)

_THIS_MACHINE = "localhost, 127.0.0.0/8, ::1"
"""Written as NO_PROXY is: settings made for browsers leave it out, and say so in ways of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What time a host said it was: `at_s` on the stopwatch it was `stated`, give or take `within_s`."""

    stated: datetime
    at_s: float
    within_s: float


async def answer_within(timeout_s: float, ask: Callable[[], T], late: T) -> T:
    """Return what `ask` returns, or `late` when it takes longer or raises a TimeoutError.

    It runs in a thread that nobody waits for, not even the end of the program: looking up a name
    knows no timeout of its own.
    """
    promise: Future[T] = Future()
    promise.set_running_or_notify_cancel()

    def run() -> None:
        try:
            promise.set_result(ask())
        except Exception as error:
            promise.set_exception(error)

    Thread(target=run, daemon=True, name="reachability").start()
    try:
        async with asyncio.timeout(timeout_s):
            return await asyncio.wrap_future(promise)
    except TimeoutError:
        return late


async def host_problem(host: str, port: int, timeout_s: float) -> str:
    """Return why no TCP connection to the host can be made, empty where one can.

    The connection is direct: proxies are not used.
    """
    late = f"no answer within {timeout_s:g} s"
    return await answer_within(timeout_s, partial(_connection_problem, host, port, timeout_s, late), late)


def proxy_in_use(
    environment: Mapping[str, str], host: str = "", scheme: str = "https", port: int | None = None
) -> str:
    """Return the variable that names the proxy for a host, empty where it is asked directly.

    `environment` holds the process's variables; without a port the scheme's own is meant. A host that
    NO_PROXY names has none, and by the system's settings none that is this machine.
    """
    stated = environment.get("no_proxy") or environment.get("NO_PROXY", "")
    if host and excepted(stated, scheme, host, port):
        return ""
    names = (f"{scheme}_proxy", "all_proxy")
    spelled = [spelling for name in names for spelling in (name, name.upper())]
    if not excepted(_THIS_MACHINE, scheme, host):
        spelled.append(system_variable(scheme))
    return next((name for name in spelled if environment.get(name)), "")


def stated_time(date: str, age_s: str) -> datetime | None:
    """Return the moment that an answer's headers `Date` and `Age` state, None where they state none.

    They count whole seconds, so the middle of one is meant. An answer out of a cache is as old as it says.
    """
    try:
        stated = parsedate_to_datetime(date)
        return None if stated.tzinfo is None else stated + timedelta(seconds=int(age_s)) + _HALF_SECOND
    except (ValueError, OverflowError):
        return None


async def time_at(url: str, timeout_s: float, stopwatch: Callable[[], float] = stopwatch_s) -> Reading | None:
    """Return the time in a web server's answer, whatever else it answers; None where there is none.

    The proxies of the process's environment are used.
    """
    return await answer_within(timeout_s, partial(_reading, url, timeout_s, stopwatch), None)


def _connection_problem(host: str, port: int, timeout_s: float, late: str) -> str:
    try:
        socket.create_connection((host, port), timeout=timeout_s).close()
    except TimeoutError:
        return late
    except OSError as problem:
        return problem.strerror or str(problem)
    except UnicodeError:
        return "that is no host name"
    return ""


def _reading(url: str, timeout_s: float, stopwatch: Callable[[], float]) -> Reading | None:
    began_s = stopwatch()
    try:
        with request.urlopen(request.Request(url, method="HEAD"), timeout=timeout_s) as answer:
            headers = answer.headers
    except HTTPError as refusal:
        headers = refusal.headers
        refusal.close()
    except (OSError, HTTPException, ValueError):
        return None
    ended_s = stopwatch()
    stated = stated_time(headers.get("Date", ""), headers.get("Age", "0"))
    if stated is None:
        return None
    return Reading(stated=stated, at_s=(began_s + ended_s) / 2, within_s=(ended_s - began_s) / 2)
