"""What became of an account since its process began: as text, as an alert, as JSON. Pure."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from monitor.figures import money
from monitor.json_value import Json
from monitor.plain_text import printable
from monitor.signs import RunSummary
from monitor.wording import say
from services.domain.alerts import Alert, AlertKind, Severity, Words


def run_text(summary: RunSummary, lang: str) -> str:
    """Return the summary in some lines."""
    outcomes = ", ".join(f"{say(f'outcome.{one}', lang)} {n}" for one, n in summary.sessions.items())
    held = ", ".join(f"{symbol} {shares}" for symbol, shares in summary.positions.items())
    lines = [
        say("run_view.sessions", lang, count=sum(summary.sessions.values()), outcomes=outcomes or "–"),
        say("run_view.orders", lang, placed=summary.placed, filled=summary.filled, refused=summary.refused),
        say("run_view.equity", lang, profit=money(summary.profit_cny), equity=money(summary.equity_cny)),
        say("run_view.positions", lang, held=held or "–"),
    ]
    if summary.working or summary.waiting:
        lines.append(say("run_view.left", lang, working=summary.working, waiting=summary.waiting))
    if summary.halts:
        lines.append(say("run_view.halts", lang, count=summary.halts))
    if summary.paused:
        lines.append(say("run_view.paused", lang, why=printable(summary.paused)))
    lines.append(say("run_view.journal", lang, events=summary.events, hash=summary.last_hash))
    return "\n".join(lines)


def run_json(summary: RunSummary) -> dict[str, Json]:
    """Return the summary as `--json` prints it: money as numbers rounded to 0.01, moments in UTC."""
    return {
        "since": summary.since.isoformat(),
        "until": summary.until.isoformat(),
        "sessions": {str(outcome): count for outcome, count in summary.sessions.items()},
        "orders_placed": summary.placed,
        "orders_filled": summary.filled,
        "refused": summary.refused,
        "profit": float(summary.profit_cny),
        "equity": float(summary.equity_cny),
        "positions": {str(symbol): shares for symbol, shares in summary.positions.items()},
        "working_orders": summary.working,
        "waiting_orders": summary.waiting,
        "halts": summary.halts,
        "paused": summary.paused or None,
        "events": summary.events,
        "last_hash": summary.last_hash,
    }


def stopped_alert(summary: RunSummary, zone: ZoneInfo) -> Alert:
    """Return what tells that an account was stopped, and what it did; each process tells it once."""
    since = summary.since.astimezone(zone).isoformat(" ", "minutes")[:16]
    values = {"count": sum(summary.sessions.values()), "since": since}
    key = f"{AlertKind.STOPPED}:{summary.until.isoformat()}"
    return Alert(
        kind=AlertKind.STOPPED,
        severity=Severity.INFO,
        account=summary.account,
        key=key,
        topic=key,
        title=Words(say("alarm.stopped", "en", **values), say("alarm.stopped", "zh", **values)),
        text=Words(run_text(summary, "en"), run_text(summary, "zh")),
        at=summary.until,
    )


def broken_alert(account: str, why: str, at: datetime) -> Alert:
    """Return what tells that an account was stopped by a fault."""
    told = printable(why) or "–"
    return Alert(
        kind=AlertKind.BROKEN,
        severity=Severity.CRITICAL,
        account=account,
        key=f"{AlertKind.BROKEN}:{at.isoformat()}",
        topic=f"{AlertKind.BROKEN}:",
        title=Words(say("alarm.broken", "en"), say("alarm.broken", "zh")),
        text=Words(say("alarm.broken.text", "en", why=told), say("alarm.broken.text", "zh", why=told)),
        at=at,
    )
