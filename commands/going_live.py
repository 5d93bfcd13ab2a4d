"""What a configuration must say before real money is traded: what was reported, and a person's limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.domain.instruments import Market
from services.rules import OutsideRulebook
from services.rules.programmatic import PROGRAMMATIC, ProgrammaticRule
from services.settings import Settings
from services.settings_risk import ProgrammaticSettings, RiskSettings

FAR_BELOW = 10
"""Our own bounds are at most one in so many of what makes an account a high-frequency one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """One thing that is missing: the finding's wording in `commands.doctor_wording`, and its values."""

    finding: str
    values: dict[str, Any] = field(default_factory=dict)


def lacks(settings: Settings, day: date) -> tuple[Lack, ...]:
    """Return what keeps the configuration from trading real money on a day, empty where nothing does.

    Mainland accounts report programmatic trading first: CSRC rules in force since 2024-10-08, exchange
    rules since 2025-07-07 (`services.rules.programmatic`).
    """
    found: list[Lack] = []
    if settings.market is Market.CN:
        try:
            found += _unreported(settings, PROGRAMMATIC.on(day))
        except OutsideRulebook as unknown:
            found.append(Lack(finding="live.rules_unknown", values={"why": unknown}))
    return (*found, *_unset(settings.risk_control))


def _unreported(settings: Settings, rule: ProgrammaticRule) -> Iterator[Lack]:
    told = settings.programmatic_trading
    if rule.report_first:
        if not told.reported:
            yield Lack(finding="live.unreported")
        if not told.acknowledged:
            yield Lack(finding="live.unacknowledged")
    yield from _beyond(told, settings.risk_control, rule)


def _beyond(told: ProgrammaticSettings, risk: RiskSettings, rule: ProgrammaticRule) -> Iterator[Lack]:
    """Yield where our own bounds go beyond what was declared, or near what makes a high-frequency account."""
    for key, ours, declared_key, declared, threshold in (
        (
            "orders_per_second_max",
            risk.orders_per_second_max,
            "declared_orders_per_second",
            told.declared_orders_per_second,
            rule.high_frequency_per_second,
        ),
        (
            "orders_per_day_max",
            risk.orders_per_day_max,
            "declared_orders_per_day",
            told.declared_orders_per_day,
            rule.high_frequency_per_day,
        ),
    ):
        values = {"key": key, "ours": ours, "declared_key": declared_key, "declared": declared}
        if declared is None:
            yield Lack(finding="live.undeclared", values=values)
        elif ours > declared:
            yield Lack(finding="live.over_declared", values=values)
        if threshold is not None and ours * FAR_BELOW > threshold:
            most = {"threshold": threshold, "most": threshold // FAR_BELOW}
            yield Lack(finding="live.too_many", values={**values, **most})
        if threshold is not None and declared is not None and declared >= threshold:
            yield Lack(finding="live.high_frequency", values={**values, "threshold": threshold})


def _unset(risk: RiskSettings) -> Iterator[Lack]:
    limits = {
        "max_single_position_ratio": risk.max_single_position_ratio < 1,
        "max_daily_loss_ratio": risk.max_daily_loss_ratio < 1,
        "max_drawdown_ratio": risk.max_drawdown_ratio is not None,
    }
    for key, is_set in limits.items():
        if not is_set:
            yield Lack(finding="live.limit_unset", values={"key": key})
