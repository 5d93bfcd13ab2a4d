"""`doctor`: what is missing to run a configuration, one line each with the mend. Changes nothing."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from commands import doctor_checks as checks
from commands import doctor_running as running
from commands.doctor_alerts import alerts
from commands.doctor_check import Check, Words
from commands.doctor_network import (
    WAIT_S,
    Host,
    clock,
    fact_hosts,
    facts,
    price_source,
    reachable,
    vendor_hosts,
)
from commands.failures import Exit
from commands.network_advice import advice_environment, network_advice
from commands.screen import Screen
from services.calendar_check import DaySource
from services.clock import SystemClock, stopwatch_s
from services.market.reachability import answer_within
from services.settings import Mode, Settings
from services.settings_environment import process_environment

STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def _day_sources(settings: Settings) -> Sequence[DaySource]:
    from commands.watch_setup import day_sources_of
    from services.calendar_check import AkshareDays

    akshare = AkshareDays(deadline_s=running.DAYS_WAIT_S)
    return day_sources_of(settings, settings.market, SystemClock(), akshare)


def _load_akshare() -> object:
    return importlib.import_module("akshare")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is looked at beside the configuration: this process, the vendors' hosts, their library.

    `hosts` None means those that the configuration asks for quotes, and for bars and facts besides.
    """

    environment: Mapping[str, str] = field(default_factory=process_environment)
    python: tuple[int, int] = sys.version_info[:2]
    hosts: tuple[Host, ...] | None = None
    load_source: Callable[[], object] = _load_akshare
    day_sources: Callable[[Settings], Sequence[DaySource]] = _day_sources
    free_bytes: Callable[[Path], int] = checks.free_bytes_at
    is_local: Callable[[str], bool] = checks.is_local
    stopwatch: Callable[[], float] = stopwatch_s


def doctor(
    settings: Settings,
    config: Path | None,
    screen: Screen,
    now: datetime,
    around: Surroundings | None = None,
) -> Exit:
    """Show what is missing to run the configuration that was read from `config` (None: the defaults).

    `now` is what the machine's clock showed just before. DIFFERENCES where something is missing;
    a warning is no difference.
    """
    around = around or Surroundings()
    began_s = around.stopwatch()
    words = Words(screen.lang)
    with _waiting(words):
        found = [
            *_here(words, settings, config, now, around),
            *asyncio.run(_outside(words, settings, now, began_s, around)),
        ]
    failures = sum(check.ok is False for check in found)
    warnings = sum(check.ok is None for check in found)
    advice = _advice(settings, found, screen.lang, around)
    screen.result(
        {
            "ok": failures == 0,
            "advice": list(advice),
            "checks": [
                {"name": check.name, "state": check.state, "detail": check.detail, "mend": check.mend}
                for check in found
            ],
        }
    )
    if not screen.as_json:
        _show(words, screen, found)
        for line in advice:
            screen.console.print(line, markup=False)
        key = "missing" if failures else "whole"
        screen.console.print(words.tell(key, failures=failures, warnings=warnings), markup=False)
    return Exit.DIFFERENCES if failures else Exit.DONE


def _here(
    words: Words, settings: Settings, config: Path | None, now: datetime, around: Surroundings
) -> Iterator[Check]:
    """Yield what can be seen without asking anybody."""
    yield checks.python(words, around.python)
    yield checks.config(words, settings, config)
    yield from checks.secrets(words, settings, config, around.environment)
    yield checks.agent(words, settings)
    yield from checks.watchlist(words, settings)
    yield from checks.idle_limits(words, settings)
    yield from checks.going_live(words, settings, now)
    yield checks.broker(words, settings)
    yield from alerts(words, settings)
    yield checks.calendar(words, settings, now)
    yield from checks.folder_and_disk(words, settings, around.free_bytes)
    yield running.vitals(words, settings, now)
    yield from running.watched(words, settings)
    if settings.mode is not Mode.BACKTEST:
        yield price_source(words, settings, around.load_source)


async def _outside(
    words: Words, settings: Settings, now: datetime, began_s: float, around: Surroundings
) -> list[Check]:
    """Return what others answered, all asked at once; the clock after that, by those that can be reached."""
    hosts = _hosts(settings, around)
    late = words.tell("late", wait_s=f"{WAIT_S:g}")
    asking = asyncio.gather(
        answer_within(WAIT_S, partial(checks.account, words, settings), _late_account(words, settings, late)),
        answer_within(WAIT_S, partial(checks.journal, words, settings), _late_journal(words, late)),
        answer_within(WAIT_S, partial(running.inbox, words, settings), words.failed("inbox.fault", why=late)),
        *(reachable(words, host, around.environment) for host in hosts),
    )
    told = await facts(words, _fact_hosts(settings, around), around.environment)
    asked = await asking
    if settings.mode is Mode.BACKTEST:
        return asked
    tried = zip(hosts, asked[-len(hosts) :] if hosts else (), strict=True)
    clocks = [host for host, check in tried if check.ok is not False and not around.is_local(host.address)]
    days = await running.other_days(words, settings, now, around.day_sources(settings))
    return [*asked, *told, *days, await clock(words, clocks, now, began_s, around.stopwatch)]


def _hosts(settings: Settings, around: Surroundings) -> tuple[Host, ...]:
    """Return the hosts that a run of the configuration asks."""
    model = checks.asked_model(settings)
    models = () if model is None else (Host(name="model", address=model.base_url),)
    if settings.mode is Mode.BACKTEST:
        return models
    return (*(vendor_hosts(settings) if around.hosts is None else around.hosts), *models)


def _advice(settings: Settings, found: Sequence[Check], lang: str, around: Surroundings) -> tuple[str, ...]:
    """Return what to do where none of the hosts that quotes come from can be reached; empty else."""
    asked = [check for check in found if check.name == "host"]
    if not asked or any(check.ok is not False for check in asked):
        return ()
    return network_advice(lang, {}, advice_environment(settings, around.environment))


def _fact_hosts(settings: Settings, around: Surroundings) -> tuple[Host, ...]:
    ours = settings.mode is not Mode.BACKTEST and around.hosts is None
    return fact_hosts(settings) if ours else ()


def _late_account(words: Words, settings: Settings, late: str) -> Check:
    return words.warned("account.unknown", account=settings.account, why=late)


def _late_journal(words: Words, late: str) -> Check:
    return words.failed("journal.server", place="PostgreSQL", why=late)


def _show(words: Words, screen: Screen, found: Sequence[Check]) -> None:
    """Print a line for each check."""
    from rich.cells import cell_len, set_cell_size
    from rich.text import Text

    states = {state: words.tell(f"state.{state}") for state in STYLES}
    state_width = max(map(cell_len, states.values())) + 2
    names = [words.tell(f"name.{check.name}") for check in found]
    name_width = max(map(cell_len, names)) + 2
    for check, name in zip(found, names, strict=True):
        screen.show(
            Text.assemble(
                (set_cell_size(states[check.state], state_width), STYLES[check.state]),
                set_cell_size(name, name_width),
                check.detail,
                f" → {check.mend}" if check.mend else "",
            )
        )


@contextmanager
def _waiting(words: Words) -> Iterator[None]:
    """Show on stderr that something is under way."""
    from rich.console import Console

    with Console(stderr=True).status(words.tell("looking")):
        yield
