"""An account on live prices whose configuration was changed on the way."""

from __future__ import annotations

from dataclasses import replace

from agents.rule import rule_again
from commands.failures import CommandFailed, Exit
from commands.recorded_run import begun
from commands.recorded_settings import RunSettings, restored
from scheduler.world import World
from services.domain.events import Opened, SettingsRecord
from services.journal.journal import Journal
from services.ports import JournalFault


def same_terms(journal: Journal, decided: RunSettings) -> RunSettings:
    """Return the settings with the terms of the simulated exchange that the account began with.

    How old a quote it trades on began as the gate's, and stays when the gate's is changed.

    Raises:
        CommandFailed: Commission or frictions were changed: what was traded before could not be lived again.
    """
    first = begun(journal)
    if first is None:
        return decided
    began = restored(first)
    decided = replace(decided, exchange_quote_age_s_max=began.exchange_quote_age_s_max)
    if (began.commission, began.frictions) != (decided.commission, decided.frictions):
        raise CommandFailed(
            Exit.USAGE,
            f"broker: the account began with {began.commission} and {began.frictions}; put them back, or "
            "start a new account with --account",
        )
    return decided


def began_in(world: World, opened: Opened) -> World:
    """Return the world as a session found it that began under other settings, or with another rule."""
    event = world.journal.find("", f"settings:{opened.config_hash}")
    record = None if event is None else world.journal.value(event)
    if not isinstance(record, SettingsRecord):
        raise JournalFault("go on", f"the journal holds no settings {opened.config_hash}")
    settings = restored(record)
    kind, _, spec = opened.agent.partition(":")
    rule = rule_again(spec) if kind == "rule" else None
    return replace(
        world,
        agent=rule or world.agent,
        watchlist=settings.watchlist,
        watched=frozenset(settings.watchlist),
        limits=settings.limits,
        keep_orders=settings.keep_orders,
        lang=settings.lang,
        config_hash=opened.config_hash,
    )
