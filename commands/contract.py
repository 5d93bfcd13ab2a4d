"""The contract with the broker as the configuration states it."""

from __future__ import annotations

from services.rules import Commission
from services.settings import Settings


def commission_of(settings: Settings) -> Commission:
    """Return the configured commission."""
    broker = settings.broker
    return Commission(
        rate=broker.commission_rate, min_cny=broker.commission_min, all_in=broker.commission_all_in
    )
