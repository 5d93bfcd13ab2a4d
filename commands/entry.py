"""From a command line to a command: its settings, its screen, its exit code."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING

import click

from commands.common_options import Common
from commands.flags import OPTIONS

if TYPE_CHECKING:
    from commands.screen import Screen
    from services.settings import Settings


def settings_of(common: Common, overrides: dict[str, object], demo: bool = False) -> Settings:
    """Return the configuration with what the command line states on top.

    Raises:
        SettingsError: It cannot be read, or a key of it cannot be.
    """
    from services.settings_file import load_settings

    given = {**common.overrides(), **overrides}
    settings = load_settings(common.config, overrides=given, options=OPTIONS)
    if demo and "initial_cash" not in settings.agent_config.written:
        given["agent_config.initial_cash"] = "1000000.00"
        settings = load_settings(common.config, overrides=given, options=OPTIONS)
    return settings


def run_command(common: Common, command: Callable[[Screen], int]) -> None:
    """Run a command; whatever a user can mend is one line, and the exit code says which kind.

    Raises:
        click.exceptions.Exit: Always, with the command's exit code.
    """
    from commands.failures import CommandFailed, Exit
    from commands.screen import Screen
    from services.journal.journal import JournalDrift
    from services.ports import Fault
    from services.settings import SettingsError

    screen = Screen(common.lang if common.lang in ("en", "zh") else "en", as_json=common.as_json)
    code: int
    try:
        code = int(command(screen))
    except CommandFailed as failed:
        code = _say(screen, str(failed), failed.code)
    except SettingsError as error:
        code = _say(screen, str(error), Exit.USAGE)
    except JournalDrift as drift:
        code = _say(screen, str(drift), Exit.DIFFERENCES)
    except Fault as fault:
        code = _say(screen, str(fault), Exit.UNAVAILABLE)
    except KeyboardInterrupt:
        from commands.wording import tell

        code = _say(screen, tell("interrupted", screen.lang), Exit.INTERRUPTED)
    raise click.exceptions.Exit(code)


def run_on_account(
    common: Common, command: Callable[[Settings, Screen], int], **overrides: object | None
) -> None:
    """Run a command on the configured account.

    Raises:
        click.exceptions.Exit: Always, with the command's exit code.
    """

    def on_account(screen: Screen) -> int:
        settings = settings_of(common, stated(overrides))
        screen.lang = settings.lang
        return command(settings, screen)

    run_command(common, on_account)


def stated(given: dict[str, object | None]) -> dict[str, object]:
    """Return the options that were given."""
    return {key: value for key, value in given.items() if value is not None}


def of_prices(adjustment: str | None, volume_unit: str | None, index: str | None) -> dict[str, object | None]:
    """Return what is stated of recorded prices, by the settings' keys."""
    return {"prices.adjustment": adjustment, "prices.volume_unit": volume_unit, "prices.index": index}


def day_of(moment: datetime | None) -> date | None:
    """Return the day of an option that takes one."""
    return None if moment is None else moment.date()


def _say(screen: Screen, message: str, code: int) -> int:
    """Print why a command failed, and return its exit code."""
    screen.failed(message, code)
    return int(code)
