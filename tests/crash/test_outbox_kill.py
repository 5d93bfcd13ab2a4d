"""An alert that was put is sent, whoever is killed; twice where the death hid the platform's yes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0
ALERTS = 6
DEATHS = (1, 2, 7, 12, 13, 14, 15, 17, 22, 29)

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")

# Forks two lives for each touch to die at, in a folder of that name: one that dies there, one that goes on.
PROGRAM = """
import asyncio, json, os, signal, sys, traceback
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from monitor.delivery import Terms
from monitor.outbox import Outbox
from monitor.sender import Line, Sender
from services.clock import VirtualClock
from services.domain.alerts import Alert, AlertKind, Severity, Words

touches = dies_at = 0
folder = Path()


def touch():
    global touches
    touches += 1
    if touches == dies_at:
        os.kill(os.getpid(), signal.SIGKILL)


class Platform:
    name = "platform"

    async def send(self, notice):
        touch()
        with (folder / "taken").open("a") as file:
            file.write(notice.title + "\\n")
        touch()


def alert(number, clock):
    words = Words(en=f"alert {number}", zh=f"alert {number}")
    return Alert(
        key=f"k{number}", topic=f"t{number}", at=clock.now(), kind=AlertKind.HALT,
        severity=Severity.CRITICAL, account="main", title=words, text=words,
    )


def live(alerts):
    clock = VirtualClock(datetime(2026, 7, 13, 2, tzinfo=UTC))
    outbox = Outbox(folder / "alerts.sqlite3")
    sender = Sender(
        outbox, [Line(channel=Platform(), lang="en", terms=Terms())], clock, ZoneInfo("Asia/Shanghai")
    )
    for number in range(alerts):
        touch()
        outbox.put(alert(number, clock), ["platform"], 0)
        with (folder / "put").open("a") as file:
            file.write(f"alert {number}\\n")
        touch()
    while (due := asyncio.run(sender.turn())) is not None:
        touch()
        clock.jump(max(due, clock.now()))


def ended(touch_to_die_at, alerts):
    global folder, dies_at
    folder, dies_at = Path(sys.argv[1]) / str(touch_to_die_at), touch_to_die_at if alerts else 0
    folder.mkdir(exist_ok=True)
    pid = os.fork()
    if pid == 0:
        try:
            live(alerts)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


deaths = json.loads(sys.argv[2])
print(json.dumps([[ended(one, int(sys.argv[3])), ended(one, 0)] for one in deaths]))
"""


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder below which each death, and the life after it, left its files."""
    folder = tmp_path_factory.mktemp("lives")
    command = (sys.executable, "-c", PROGRAM, str(folder), json.dumps(DEATHS), str(ALERTS))
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=PATIENCE_S, check=True
    )
    assert (json.loads(done.stdout), done.stderr) == ([[-signal.SIGKILL, 0]] * len(DEATHS), "")
    return folder


def test_no_alert_is_lost_to_a_kill(lived: Path):
    for dies_at in DEATHS:
        promised = lines(lived / str(dies_at) / "put")

        taken = [line.removeprefix("[CRITICAL] ") for line in lines(lived / str(dies_at) / "taken")]

        assert set(promised) <= set(taken), dies_at
        # The one whose yes nobody lived to write down may come twice, and no other.
        assert len(taken) - len(set(taken)) <= 1, dies_at
        assert len(promised) == min(ALERTS, dies_at // 2), dies_at
