"""What a backtest loads before its first session: start-up is paid by every run."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOT_NEEDED = {
    "agents.signals",
    "akshare",
    "apscheduler",
    "commands.arena_commands",
    "commands.data_commands",
    "commands.help_page",
    "commands.replay_commands",
    "commands.view_commands",
    "exchange_calendars",
    "importlib.metadata",
    "openai",
    "pandas",
    "plotly",
    "pydantic",
    "rich",
    "services.domain.bar_moves",
    "services.domain.conversation",
    "services.models.budget",
    "sqlalchemy",
    "tempfile",
    "tenacity",
    "typer",
    "yaml",
    "zipfile",
}
NOT_NEEDED_FOR_HELP = {
    "numpy",
    "orjson",
    "pydantic",
    "rich",
    "services.clock",
    "services.settings",
    "sqlalchemy",
    "yaml",
}
STILL_DATACLASSES = {"Listing"}
"""Made for 4 million instructions each, a struct for 0.2."""
UNTIL_THE_END = """
import atexit, sys
atexit.register(lambda: print(*sys.modules))
import run_live
run_live.main()
"""
UNTIL_FIRST_SESSION = """
import os, sys
OURS = {"agents", "commands", "monitor", "risk", "run_live", "scheduler", "services"}
import scheduler.loop as loop

run_session = loop.run_session

async def first(slot, world):
    await run_session(slot, world)
    print(*sys.modules)
    ours = [module for name, module in sys.modules.items() if name.partition(".")[0] in OURS]
    classes = {one for module in ours for one in vars(module).values() if isinstance(one, type)}
    print(*(one.__qualname__ for one in classes if one.__module__.partition(".")[0] in OURS
            and "__dataclass_params__" in vars(one)))
    sys.stdout.flush()
    os._exit(0)

loop.run_session = first
import run_live
run_live.main()
"""


def seen_until_first_session(data_dir):
    """Return the modules that are loaded by then, and which classes of ours are dataclasses."""
    arguments = ["--mode", "backtest", "--frequency", "hourly", "--demo", "--json", "--data-dir"]
    done = subprocess.run(
        [sys.executable, "-c", UNTIL_FIRST_SESSION, *arguments, str(data_dir)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    loaded, dataclasses = done.stdout.splitlines()
    return set(loaded.split()), set(dataclasses.split())


def test_a_backtest_reaches_its_first_session_without_what_it_does_not_use(tmp_path):
    # A first run may have to ask the calendar library, and writes its prices in columns: both are kept.
    seen_until_first_session(tmp_path)

    loaded, _dataclasses = seen_until_first_session(tmp_path)

    assert "scheduler.session" in loaded
    assert loaded & NOT_NEEDED == set()


def test_what_a_backtest_loads_is_made_of_structs(tmp_path):
    _loaded, dataclasses = seen_until_first_session(tmp_path)

    assert dataclasses == STILL_DATACLASSES


def test_the_help_is_shown_without_what_commands_use():
    done = subprocess.run(
        [sys.executable, "-c", UNTIL_THE_END, "--help"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )

    page, _, loaded = done.stdout.rstrip().rpartition("\n")
    assert "Commands:" in page
    assert "commands.help_page" in loaded.split()
    assert set(loaded.split()) & NOT_NEEDED_FOR_HELP == set()
