"""The terms a simulated exchange keeps for the life of an account, and how they reach it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from commands.earlier_settings import same_terms
from commands.failures import CommandFailed
from commands.recorded_settings import RunSettings, recorded, restored, run_settings
from risk.limits import Limits
from services.brokers.pricing import Frictions
from services.clock import VirtualClock
from services.domain.events import SettingsRecord
from services.journal.journal import Journal
from services.journal.memory_store import MemoryStore
from services.settings_file import load_settings
from tests.exchange_market import MON, at
from tests.unit.world import Memory, Setup

OPENED: datetime = at(MON, "00:00")


def configured(quote_age_s: int) -> RunSettings:
    overrides = {"risk_control.quote_age_s_max": quote_age_s}
    settings = load_settings(None, overrides=overrides, environment={}, dotenv=None)
    return run_settings(settings, (), "test")


def journal_of(record: SettingsRecord | None) -> Journal:
    """Return a journal that began with the settings, or is empty."""
    journal = Journal(MemoryStore(), "main", VirtualClock(OPENED), Memory().get)
    if record is not None:
        journal.write("", "genesis", Setup().genesis)
        journal.write("", f"settings:{record.config_hash}", record)
    return journal


def test_the_exchange_trades_on_quotes_as_old_as_the_gate_takes_them() -> None:
    settings = restored(recorded(configured(60)))

    assert settings.limits == replace(Limits(), quote_age_s_max=60, caps=settings.limits.caps)
    assert settings.frictions.quote_age_s_max == 60


def test_settings_from_before_that_was_recorded_keep_the_three_minutes_it_was_then() -> None:
    record = recorded(configured(60))
    older = {name: text for name, text in record.values.items() if name != "exchange_quote_age_s_max"}

    assert restored(replace(record, values=older)).frictions.quote_age_s_max == 180


def test_an_account_that_begins_takes_the_terms_of_its_configuration() -> None:
    decided = configured(60)

    assert same_terms(journal_of(None), decided) == decided


def test_an_account_keeps_the_age_it_began_with_when_the_gate_is_set_otherwise() -> None:
    kept = same_terms(journal_of(recorded(configured(60))), configured(120))

    assert (kept.limits.quote_age_s_max, kept.frictions.quote_age_s_max) == (120, 60)


def test_an_account_whose_costs_were_changed_is_refused() -> None:
    other = replace(configured(180), slippage_ticks=1)
    assert other.frictions != Frictions()

    with pytest.raises(CommandFailed, match="began with"):
        same_terms(journal_of(recorded(configured(180))), other)
