"""An alert that was put is sent, whoever is killed meanwhile; twice where the death hid the platform's yes."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0
ALERTS = 6

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")

PROGRAM = """
import asyncio, os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from monitor.delivery import Terms
from monitor.outbox import Outbox
from monitor.sender import Line, Sender
from services.clock import VirtualClock
from services.domain.alerts import Alert, AlertKind, Severity, Words

folder, dies_at = Path(sys.argv[1]), int(sys.argv[2])
touches = 0


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


def alert(number):
    words = Words(en=f"alert {number}", zh=f"alert {number}")
    return Alert(
        key=f"k{number}", topic=f"t{number}", at=clock.now(), kind=AlertKind.HALT,
        severity=Severity.CRITICAL, account="main", title=words, text=words,
    )


clock = VirtualClock(datetime(2026, 7, 13, 2, tzinfo=UTC))
outbox = Outbox(folder / "alerts.sqlite3")
sender = Sender(
    outbox, [Line(channel=Platform(), lang="en", terms=Terms())], clock, ZoneInfo("Asia/Shanghai")
)
for number in range(int(sys.argv[3])):
    touch()
    outbox.put(alert(number), ["platform"], 0)
    with (folder / "put").open("a") as file:
        file.write(f"alert {number}\\n")
    touch()
while (due := asyncio.run(sender.turn())) is not None:
    touch()
    clock.jump(max(due, clock.now()))
"""


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def run(folder: Path, dies_at: int, alerts: int) -> int:
    command = (sys.executable, "-c", PROGRAM, str(folder), str(dies_at), str(alerts))
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=PATIENCE_S, check=False
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


@pytest.mark.parametrize("dies_at", [1, 2, 7, 12, 13, 14, 15, 17, 22, 29])
def test_no_alert_is_lost_to_a_kill(tmp_path: Path, dies_at: int):
    assert run(tmp_path, dies_at, ALERTS) == -signal.SIGKILL
    promised = lines(tmp_path / "put")

    assert run(tmp_path, 0, 0) == 0

    taken = [line.removeprefix("[CRITICAL] ") for line in lines(tmp_path / "taken")]
    assert set(promised) <= set(taken)
    # The one whose yes nobody lived to write down may come twice, and no other.
    assert len(taken) - len(set(taken)) <= 1
