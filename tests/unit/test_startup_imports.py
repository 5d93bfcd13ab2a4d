"""What a backtest loads before its first session: start-up is paid by every run."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOT_NEEDED = {
    "agents.signals",
    "akshare",
    "apscheduler",
    "exchange_calendars",
    "openai",
    "pandas",
    "plotly",
    "rich",
    "services.domain.conversation",
    "services.models.budget",
    "sqlalchemy",
    "tenacity",
    "yaml",
}
UNTIL_FIRST_SESSION = """
import os, sys
import scheduler.loop as loop

run_session = loop.run_session

async def first(slot, world):
    await run_session(slot, world)
    print(*sys.modules)
    sys.stdout.flush()
    os._exit(0)

loop.run_session = first
import run_live
run_live.main()
"""


def loaded_until_first_session(data_dir):
    arguments = ["--mode", "backtest", "--frequency", "hourly", "--demo", "--json", "--data-dir"]
    done = subprocess.run(
        [sys.executable, "-c", UNTIL_FIRST_SESSION, *arguments, str(data_dir)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return set(done.stdout.split())


def test_a_backtest_reaches_its_first_session_without_what_it_does_not_use(tmp_path):
    # A first run may have to ask the calendar library, whose answer is kept.
    loaded_until_first_session(tmp_path / "first")

    loaded = loaded_until_first_session(tmp_path / "second")

    assert "scheduler.session" in loaded
    assert loaded & NOT_NEEDED == set()
