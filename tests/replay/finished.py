"""Finished runs to replay and to tamper with, made by the commands a user gives."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from commands.options import RunOptions
from commands.replay import Replayed, lived_again, replay
from commands.run import run
from commands.screen import Screen
from commands.stored_account import stored_account
from commands.verify import verify
from services.settings import Settings
from services.settings_file import load_settings

DATA = Path(__file__).parents[2] / "../shared/data"
TWO_DAYS = (date(2026, 7, 14), date(2026, 7, 15))
"""Days of the demo with orders waiting over lunch, funded buys, cancels, lapses and a dividend."""


def settings_in(data_dir: Path, *, mode: str = "paper", frequency: str = "hourly", **more: str) -> Settings:
    """Return the settings of an account in `data_dir`."""
    overrides = {
        "data_dir": str(data_dir),
        "mode": mode,
        "frequency": frequency,
        "agent_config.initial_cash": "1000000.00",
        **more,
    }
    return load_settings(None, overrides=overrides, environment={}, dotenv=None)


def ran(settings: Settings, **options: Any) -> Settings:
    """Run to the end and return the settings."""
    cache = settings.data_dir.parent / "calendar-cache"
    _silently(lambda screen: run(settings, RunOptions(report=False, cache=cache, **options), screen))
    return settings


def ran_demo(data_dir: Path, mode: str, start: date | None = None, end: date | None = None) -> Settings:
    """Run the demo, all of it or some days, and return its settings."""
    return ran(settings_in(data_dir, mode=mode), demo=True, start=start, end=end)


def copied(settings: Settings, to: Path) -> Settings:
    """Return the settings of a copy of the account in another data folder."""
    shutil.copytree(settings.data_dir, to, dirs_exist_ok=True)
    return replace(settings, data_dir=to)


def lived(settings: Settings, session: str | None = None) -> tuple[Replayed, ...]:
    """Return what came of living the account again."""
    with stored_account(settings) as account:
        return lived_again(account, session)


def replayed(settings: Settings, session: str, agent: str | None = None) -> tuple[int, dict[str, Any]]:
    """Return the exit code and the JSON object of `replay`."""
    return _silently(lambda screen: replay(settings, session, agent, screen))


def verified(settings: Settings) -> tuple[int, dict[str, Any]]:
    """Return the exit code and the JSON object of `verify`."""
    return _silently(lambda screen: verify(settings, screen))


def _silently(command: Any) -> tuple[int, dict[str, Any]]:
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = int(command(Screen("en", as_json=True)))
    return code, json.loads(said.getvalue())
