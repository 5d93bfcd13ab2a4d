"""What the process tells systemd: a datagram to the socket it names, and nothing where it names none."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands.beats import Beats
from commands.folders import AccountFolder
from commands.screen import Screen
from services.clock import VirtualClock
from services.domain.vitals import LifeState
from services.service_notify import ALIVE, READY, notify
from tests.unit.staying_up import FRIDAY, settings_in

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="systemd's sockets are of Linux")


@pytest.fixture(params=["file", "abstract"])
def listener(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[socket.socket]:
    """A supervisor's socket, its address in the environment."""
    path = str(tmp_path / "notify")
    address = path if request.param == "file" else f"@{path}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as there:
        there.bind(address.replace("@", "\0", 1))
        there.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        yield there


def test_each_word_is_a_datagram_of_its_own(listener: socket.socket):
    notify(READY)
    notify(ALIVE)

    assert [listener.recv(100), listener.recv(100)] == [b"READY=1", b"WATCHDOG=1"]


@pytest.mark.parametrize("address", ["", None])
def test_without_a_supervisor_nothing_is_said(monkeypatch: pytest.MonkeyPatch, address: str | None):
    if address is None:
        monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    else:
        monkeypatch.setenv("NOTIFY_SOCKET", address)

    notify(READY)


def test_a_supervisor_that_is_gone_changes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))

    notify(READY)


def test_a_supervisor_that_reads_nothing_is_not_waited_for(listener: socket.socket):
    for _ in range(10_000):
        notify(ALIVE)

    assert listener.recv(100) == b"WATCHDOG=1"


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (LifeState.STARTING, b"WATCHDOG=1\nEXTEND_TIMEOUT_USEC=60000000"),
        (LifeState.RUNNING, b"WATCHDOG=1"),
        (LifeState.STOPPING, b"WATCHDOG=1"),
    ],
)
def test_a_start_that_takes_its_time_asks_for_more_with_each_beat(
    listener: socket.socket, tmp_path: Path, state: LifeState, told: bytes
):
    class Enough(Exception):
        pass

    async def sleep(_wait_s: float) -> None:
        raise Enough

    settings, screen = settings_in(tmp_path), Screen("en", as_json=True)
    folder = AccountFolder(settings.data_dir, settings.account)
    folder.root.mkdir(parents=True)
    beats = Beats(settings, folder, VirtualClock(FRIDAY), screen, sleep)
    beats.say(state)

    with pytest.raises(Enough):
        asyncio.run(beats.run())

    assert listener.recv(100) == told
