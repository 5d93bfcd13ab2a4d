"""Alerts that no event of the journal tells: what should have stopped an account, or told of it, failed."""

from __future__ import annotations

from datetime import datetime

from monitor.plain_text import printable
from monitor.wording import say
from services.domain.alerts import Alert, AlertKind, Severity, Words


def not_halted_alert(account: str, wanted_by: str, title: Words, why: str, at: datetime) -> Alert:
    """Return what tells that an account trades on though it should be halted.

    `wanted_by` and `title` name what asked for the halt, `why` tells why it could not be put.
    """
    return _critical(
        AlertKind.NOT_HALTED,
        account,
        at,
        topic=wanted_by,
        en={"title": title.en, "why": printable(why)},
        zh={"title": title.zh, "why": printable(why)},
    )


def outbox_alert(account: str, aside: str, why: str, at: datetime) -> Alert:
    """Return what tells that an account's alerts were damaged; their file is called `aside` now."""
    values = {"aside": aside, "why": printable(why)}
    return _critical(AlertKind.OUTBOX, account, at, topic="", en=values, zh=values)


def _critical(
    kind: AlertKind, account: str, at: datetime, *, topic: str, en: dict[str, str], zh: dict[str, str]
) -> Alert:
    key = f"alarm.{kind}"
    return Alert(
        kind=kind,
        severity=Severity.CRITICAL,
        account=account,
        key=f"{kind}:{topic}:{at.isoformat()}",
        topic=f"{kind}:{topic}",
        title=Words(say(key, "en", **en), say(key, "zh", **zh)),
        text=Words(say(f"{key}.text", "en", **en), say(f"{key}.text", "zh", **zh)),
        at=at,
    )
