"""The settings of a run as its journal keeps them, there and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from hashlib import sha256
from typing import Any, TypeVar

import msgspec

from risk.limits import Limits
from services.brokers.pricing import Frictions
from services.domain.events import SettingsRecord
from services.domain.instruments import Symbol
from services.rules import Commission
from services.settings import Settings

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
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

    @property
    def frictions(self) -> Frictions:
        """What simulated orders meet beside fees; what a record does not name was not there."""
        return Frictions(
            slippage_bp=self.slippage_bp,
            slippage_ticks=self.slippage_ticks,
            volume_cap_ratio=self.volume_cap_ratio,
            dividend_tax=self.dividend_tax,
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
    )


def limits_of(settings: Settings) -> Limits:
    """Return the gate's limits; a ratio of 1 switches one off."""
    risk = settings.risk_control
    return Limits(
        marketable_bp=Decimal(risk.marketable_bp),
        drift_bp_max=Decimal(risk.drift_bp_max),
        order_ttl_s=risk.order_ttl_s,
        quote_age_s_max=risk.quote_age_s_max,
        position_ratio_max=_below_one(risk.max_single_position_ratio),
        daily_loss_ratio_max=_below_one(risk.max_daily_loss_ratio),
        cash_reserve_cny_min=risk.min_cash_reserve,
        stop_loss_ratio=risk.stop_loss_ratio if risk.enable_stop_loss else None,
    )


def recorded(settings: RunSettings) -> SettingsRecord:
    """Return the settings as the journal keeps them, under the digest of what they are."""
    values = {name: _text(getattr(settings, name)) for name in RunSettings.__dataclass_fields__}
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


def _below_one(ratio: Decimal) -> Decimal | None:
    return ratio if ratio < 1 else None
