"""The settings of a run as its journal keeps them, there and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from hashlib import sha256
from typing import Any, TypeVar

import msgspec

from agents.shape import TOKENS_MAX
from commands.risk_limits import limits_of
from commands.training_cutoff import training_cutoff
from risk.limits import Limits
from services.brokers.pricing import Frictions
from services.domain.events import SettingsRecord
from services.domain.instruments import Symbol
from services.domain.value import Value
from services.rules import Commission
from services.settings import Settings

T = TypeVar("T")


class RunSettings(Value, frozen=True, kw_only=True):
    """What of the configuration decides: the gate's limits, costs, what is watched, and when."""

    limits: Limits
    commission: Commission
    slippage_bp: Decimal
    watchlist: tuple[Symbol, ...]
    grace_s: int
    keep_orders: bool
    times: tuple[time, ...] | None
    lang: str
    quote_source: str
    slippage_ticks: int = 0
    volume_cap_ratio: Decimal = Decimal(0)
    dividend_tax: bool = False
    exchange_quote_age_s_max: int = 180
    briefing_tokens_max: int = TOKENS_MAX
    memory_sessions: int = 10
    training_cutoff: date | None = None

    @property
    def frictions(self) -> Frictions:
        """What simulated orders meet beside fees; what a record does not name was not there."""
        return Frictions(
            slippage_bp=self.slippage_bp,
            slippage_ticks=self.slippage_ticks,
            volume_cap_ratio=self.volume_cap_ratio,
            dividend_tax=self.dividend_tax,
            quote_age_s_max=self.exchange_quote_age_s_max,
        )


def run_settings(settings: Settings, watchlist: tuple[Symbol, ...], quote_source: str) -> RunSettings:
    """Return the deciding part of a configuration."""
    return RunSettings(
        limits=limits_of(settings),
        commission=Commission(
            rate=settings.broker.commission_rate,
            min_cny=settings.broker.commission_min,
            all_in=settings.broker.commission_all_in,
        ),
        slippage_bp=settings.broker.slippage_bp,
        watchlist=watchlist,
        grace_s=settings.grace_s,
        keep_orders=settings.keep_orders,
        times=settings.slot_times,
        lang=settings.lang,
        quote_source=quote_source,
        slippage_ticks=settings.broker.slippage_ticks,
        volume_cap_ratio=settings.broker.volume_cap_ratio,
        dividend_tax=settings.broker.dividend_tax,
        exchange_quote_age_s_max=settings.risk_control.quote_age_s_max,
        briefing_tokens_max=settings.agent_config.briefing_tokens_max,
        memory_sessions=settings.agent_config.memory_sessions,
        training_cutoff=training_cutoff(settings),
    )


def recorded(settings: RunSettings) -> SettingsRecord:
    """Return the settings as the journal keeps them, under the digest of what they are."""
    values = {name: _text(getattr(settings, name)) for name in RunSettings.__struct_fields__}
    return SettingsRecord(config_hash=sha256(_text(values).encode()).hexdigest(), values=values)


def restored(record: SettingsRecord) -> RunSettings:
    """Return the settings a journal kept.

    Raises:
        msgspec.ValidationError: They are of another version.
    """
    values: Mapping[str, Any] = {name: msgspec.json.decode(text) for name, text in record.values.items()}
    return msgspec.convert(values, RunSettings, str_keys=True)


def _text(value: object) -> str:
    return msgspec.json.encode(value, order="sorted").decode()
