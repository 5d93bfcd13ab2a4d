"""What `doctor` looks at of the alert channels: which there are, and whether each has its secret."""

from __future__ import annotations

from collections.abc import Iterator

from commands.alert_channels import enabled, missing_secret
from commands.doctor_check import Check, Words
from services.settings import Mode, Settings


def alerts(words: Words, settings: Settings) -> Iterator[Check]:
    """Yield a finding for each channel that is used; one where there is none, but of a backtest nothing."""
    if settings.mode is Mode.BACKTEST:
        return
    channels = enabled(settings)
    if not channels:
        yield words.warned("alerts.none")
    for one in channels:
        told = {"channel": one.name, "type": one.type, "least": one.severity_min}
        variable = missing_secret(one)
        if variable:
            yield words.failed("alerts.secret", **told, variable=variable)
        else:
            yield words.passed("alerts.ok", **told)
