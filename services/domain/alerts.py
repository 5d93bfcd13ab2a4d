"""What a person is told without asking: the alert, and the notice it becomes in one language. Pure."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from services.domain.value import Value


class Severity(StrEnum):
    """How much an alert matters; a critical one breaks the quiet hours."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for the least that matters, 2 for the most."""
        return (Severity.INFO, Severity.WARNING, Severity.CRITICAL).index(self)


class AlertKind(StrEnum):
    """What an alert is about."""

    MISSED = "missed"
    FAILED = "failed"
    BAD_ANSWERS = "bad_answers"
    OVER_BUDGET = "over_budget"
    SAY_DO = "say_do"
    UNRESOLVED = "unresolved"
    RECONCILIATION = "reconciliation"
    HALT = "halt"
    NOT_HALTED = "not_halted"
    LIFTED = "lifted"
    KILLED = "killed"
    PAUSED = "paused"
    RESUMED = "resumed"
    STOPPED = "stopped"
    BROKEN = "broken"
    DAILY_LOSS = "daily_loss"
    DRAWDOWN = "drawdown"
    PRICES = "prices"
    CALENDAR = "calendar"
    CLOCK = "clock"
    REPAIRED = "repaired"
    OUTBOX = "outbox"
    DAY = "day"
    WATCHDOG = "watchdog"
    RECOVERED = "recovered"
    TEST = "test"


class Words(NamedTuple):
    """One text in both languages."""

    en: str
    zh: str

    def in_language(self, lang: str) -> str:
        """Return the Chinese text for `zh`, else the English one."""
        return self.zh if lang == "zh" else self.en


class Alert(Value, frozen=True, kw_only=True):
    """One thing to tell. `at` is when it happened.

    `key` names the occurrence: of two alerts of one key the second is the first once more, and not told.
    `topic` names what it is about: of several of one topic in a short time the first is told.
    """

    kind: AlertKind
    severity: Severity
    account: str
    key: str
    topic: str
    title: Words
    text: Words
    at: datetime


class Notice(Value, frozen=True, kw_only=True):
    """An alert as a channel sends it, in one language; the title is one line."""

    kind: AlertKind
    severity: Severity
    account: str
    title: str
    text: str
    at: datetime

    @property
    def whole(self) -> str:
        """Title and text, for a channel that has one field for both."""
        return f"{self.title}\n{self.text}" if self.text else self.title
