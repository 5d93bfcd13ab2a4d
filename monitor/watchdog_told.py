"""What of a watchdog's findings is news: told once, again while it lasts, and when it is over. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.watchdog_finding import Finding, Judgement, lasting
from monitor.wording import say
from services.domain.alerts import Alert, AlertKind, Severity, Words
from services.domain.watched import Watched

QUIETLY_AFTER = timedelta(hours=12)
"""A slot that was told of so long ago is not said to be over when it is no longer looked back on."""


class Turn(StrEnum):
    """Why something is told now."""

    NEW = "new"
    CHANGED = "changed"
    LASTS = "lasts"
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Something that was told of and is not over: since when it is so, and when it was told last."""

    key: str
    what: Watched
    severity: Severity
    level: str
    since: datetime
    told_at: datetime
    title: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One thing to tell; `finding` is None where it is over."""

    turn: Turn
    telling: Telling
    finding: Finding | None = None


def news_of(
    now: datetime, judged: Judgement, told: Mapping[str, Telling], repeat_s: int
) -> tuple[tuple[News, ...], dict[str, Telling]]:
    """Return what is to be told at `now`, and what has been told of once that is done.

    What could not be judged is neither told again nor over. A slot is told of once.
    """
    found = {one.key: one for one in judged.findings}
    news = [one for key, finding in found.items() if (one := _of(now, finding, told.get(key), repeat_s))]
    after = {key: kept for key, kept in told.items() if key in found or kept.what in judged.untold}
    after.update((one.telling.key, one.telling) for one in news)
    for key, telling in told.items():
        quietly = telling.what is Watched.SLOT and now - telling.since >= QUIETLY_AFTER
        if key not in after and not quietly:
            news.append(News(turn=Turn.OVER, telling=replace(telling, told_at=now)))
    return tuple(news), after


def _of(now: datetime, finding: Finding, before: Telling | None, repeat_s: int) -> News | None:
    telling = Telling(
        key=finding.key,
        what=finding.what,
        severity=finding.severity,
        level=finding.level,
        since=now if before is None else before.since,
        told_at=now,
        title=title_of(finding),
    )
    if before is None:
        return News(turn=Turn.NEW, telling=telling, finding=finding)
    if (before.level, before.severity) != (finding.level, finding.severity):
        return News(turn=Turn.CHANGED, telling=telling, finding=finding)
    lasts = now - before.told_at >= timedelta(seconds=repeat_s) and finding.what is not Watched.SLOT
    return News(turn=Turn.LASTS, telling=telling, finding=finding) if lasts else None


def title_of(finding: Finding) -> Words:
    """Return the finding on one line, in both languages."""
    key = f"watch.{finding.wording}"
    return Words(say(key, "en", **finding.values), say(key, "zh", **finding.values))


def alert_of(account: str, one: News, now: datetime, *, acted: bool = False) -> Alert:
    """Return a piece of news as an alert; `acted` tells that the account was told to halt for it."""
    telling = one.telling
    over = one.finding is None
    return Alert(
        kind=AlertKind.RECOVERED if over else AlertKind.WATCHDOG,
        severity=Severity.INFO if over else telling.severity,
        account=account,
        key=f"watchdog:{telling.key}:{one.turn}:{now.isoformat()}",
        topic=f"watchdog:{telling.key}:{one.turn}:{now.isoformat()}",
        title=_title(one),
        text=Words(_text(one, now, "en", acted), _text(one, now, "zh", acted)),
        at=now,
    )


def _title(one: News) -> Words:
    key = {Turn.OVER: "watch.over", Turn.LASTS: "watch.lasts"}.get(one.turn)
    if key is None:
        return one.telling.title
    en, zh = one.telling.title
    return Words(say(key, "en", what=en), say(key, "zh", what=zh))


def _text(one: News, now: datetime, lang: str, acted: bool) -> str:
    lasts_s = (now - one.telling.since).total_seconds()
    if one.finding is None:
        return say("watch.over.text", lang, since=lasting(lasts_s))
    lines = [say(f"watch.{one.finding.wording}.text", lang, **one.finding.values)]
    if one.turn is Turn.LASTS:
        lines.append(say("watch.lasts.text", lang, since=lasting(lasts_s)))
    if acted:
        lines.append(say("watch.acted", lang))
    return "\n".join(lines)
