"""What of a journal a person must be told: a fold from events to alerts. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from datetime import date, datetime
from hashlib import sha256

from monitor.figures import percent
from monitor.plain_text import printable
from monitor.price_sources import disagreements
from monitor.risk_advice import NEAR_RATIO
from monitor.risk_use import RiskTrail, Use
from monitor.say_do import WANTED, Finding, Parse, say_do
from monitor.say_do_view import sentence
from monitor.source_silence import BARS, Silences
from monitor.wording import say
from services.domain.alerts import Alert, AlertKind, Severity, Words
from services.domain.decision import BadAnswer, Decision, RawAnswer
from services.domain.events import (
    Asked,
    Closed,
    Event,
    FaultRecord,
    Genesis,
    Halt,
    HaltCause,
    Lift,
    Opened,
    Opening,
    Outcome,
    Repaired,
    Rested,
    SettingsRecord,
)
from services.domain.inbox import Pause, pause_after
from services.domain.own_clock import ClockReading
from services.domain.quotes import VendorSnapshot
from services.ports import ClockFault

RUNWAY_DAYS = (30, 14, 7, 3, 1)
"""Days before the calendar's end at which it is told of, each once."""

RUNWAY_DAYS_CRITICAL = 7
_WHY_CHARACTERS_MAX = 600
_SESSIONS_KEPT = 16
"""Sessions whose events are at hand for the say-do check; orders end long before as many have passed."""
_SETTINGS_KEPT = 8


class Alarms:
    """Folds an account's events, one after the other, into alerts.

    Every event moves the fold, but only those after `after_seq` tell anything: the others' alerts are
    in the outbox. `parse` is the strict way from an answer to a decision.
    """

    def __init__(self, parse: Parse, *, after_seq: int = 0, bad_answers_max: int = 3) -> None:
        self.after_seq = after_seq
        self._parse, self._bad_answers_max = parse, bad_answers_max
        self._account = ""
        self._paused: Pause | None = None
        self._unusable = 0
        self._risk = RiskTrail()
        self._near_drawdown: dict[str, bool] = {}
        self._silences = Silences()
        self._clock_was_wrong = False
        self._opened: dict[str, Opened] = {}
        self._common: deque[Event] = deque(maxlen=_SETTINGS_KEPT)
        self._of_session: dict[str, list[Event]] = {}
        self._values: dict[int, object] = {}

    def take(self, event: Event, value: object) -> tuple[Alert, ...]:
        """Move over one event and its decoded body, and return what is to be told of it."""
        self._keep(event, value)
        step = _STEPS.get(type(value))
        found = (step(self, event, value) if step else ()) + self._silent(event, value)
        return found if event.seq > self.after_seq else ()

    def _genesis(self, event: Event, value: Genesis) -> tuple[Alert, ...]:
        self._account = value.account
        self._risk.take(event, value)
        return ()

    def _settings(self, event: Event, value: SettingsRecord) -> tuple[Alert, ...]:
        self._risk.take(event, value)
        return ()

    def _session_opened(self, event: Event, value: Opened) -> tuple[Alert, ...]:
        self._opened[event.session] = value
        self._of_session[event.session] = [event]
        self._values[event.seq] = value
        for old in list(self._opened)[:-_SESSIONS_KEPT]:
            del self._opened[old]
            for kept in self._of_session.pop(old):
                self._values.pop(kept.seq, None)
        return ()

    def _prices(self, event: Event, value: VendorSnapshot) -> tuple[Alert, ...]:
        return tuple(
            self._alert(
                event,
                AlertKind.PRICES,
                Severity.WARNING,
                f"{event.session}:{one.source}:{one.other}",
                {
                    "slot": self._slot(event),
                    "source": one.source,
                    "other": one.other,
                    "compared": one.compared,
                    "fields": one.words,
                },
                topic=f"{one.source}:{one.other}",
            )
            for one in disagreements(value)
        ) + self._clock_off(event, value)

    def _clock_off(self, event: Event, value: VendorSnapshot) -> tuple[Alert, ...]:
        """Tell of a clock that is off by the sources' own, and again only after it was right."""
        reading, before = value.own_clock, self._clock_was_wrong
        self._clock_was_wrong = reading is not None and reading.is_wrong
        if reading is None or not reading.is_wrong or before:
            return ()
        kind, place = AlertKind.CLOCK, f"{event.session}:off"
        values = {"slot": self._slot(event), "reading": _reading(reading)}
        found = self._alert(event, kind, Severity.CRITICAL, place, values, topic="off", wording=f"{kind}.off")
        return (found,)

    def _silent(self, event: Event, value: object) -> tuple[Alert, ...]:
        """Tell of a source that begins to give nothing, and again only after it gave a price."""
        kind = AlertKind.PRICES
        return tuple(
            self._alert(
                event,
                kind,
                Severity.WARNING,
                f"{event.session}:{one.of}:silent",
                {"slot": self._slot(event), "source": one.of, "why": _short(one.why)},
                topic=f"{one.of}:silent",
                wording=f"{kind}.bars" if one.of == BARS else f"{kind}.silent",
            )
            for one in self._silences.take(event.step, value)
        )

    def _opening(self, event: Event, value: Opening) -> tuple[Alert, ...]:
        trail = RiskTrail(limits=self._risk.limits, zone=self._risk.zone)
        trail.take(event, value)
        uses = trail.sessions[event.session].uses
        daily, drawdown = uses.get("max_daily_loss_ratio"), uses.get("max_drawdown_ratio")
        return (*self._lost_today(event, daily), *self._below_peak(event, drawdown))

    def _lost_today(self, event: Event, use: Use | None) -> tuple[Alert, ...]:
        level = _level(use)
        if use is None or not level:
            return ()
        opened = self._opened.get(event.session)
        day = opened.day if opened else datetime.fromisoformat(event.at).date()
        return (self._of_loss(event, AlertKind.DAILY_LOSS, level, use, f"{day}"),)

    def _below_peak(self, event: Event, use: Use | None) -> tuple[Alert, ...]:
        """Tell of a level when it is reached, and again only after the drawdown was above it."""
        if use is None:
            return ()
        level, before = _level(use), self._near_drawdown
        self._near_drawdown = {"near": level != "", "over": level == "over"}
        if not level or before.get(level):
            return ()
        return (self._of_loss(event, AlertKind.DRAWDOWN, level, use, event.session),)

    def _of_loss(self, event: Event, kind: AlertKind, level: str, use: Use, when: str) -> Alert:
        values = {"used": percent(float(use.used)), "allowed": percent(float(use.allowed))}
        severity = Severity.CRITICAL if level == "over" else Severity.WARNING
        place = f"{level}:{when}"
        return self._alert(event, kind, severity, place, values, topic=place, wording=f"{kind}.{level}")

    def _fault(self, event: Event, value: FaultRecord) -> tuple[Alert, ...]:
        if not event.session and event.step.startswith("unanswered:"):
            return (self._unanswered(event, value),)
        if not event.session and value.door == ClockFault.door:
            return (self._clock(event, value),)
        if event.step != "answer":
            return ()
        over = self._over_budget(event, value.why) if value.over_budget else ()
        return (*over, *self._no_answer(event, value.why))

    def _unanswered(self, event: Event, value: FaultRecord) -> Alert:
        kind, values = AlertKind.FAILED, {"why": _short(f"{value.asked}: {value.why}")}
        topic = f"{value.door}:unanswered"
        return self._alert(
            event, kind, Severity.WARNING, f"{event.seq}", values, topic=topic, wording=f"{kind}.unanswered"
        )

    def _clock(self, event: Event, value: FaultRecord) -> Alert:
        kind, values = AlertKind.CLOCK, {"why": _short(value.why)}
        return self._alert(event, kind, Severity.CRITICAL, f"{event.seq}", values)

    def _answer(self, event: Event, value: RawAnswer) -> tuple[Alert, ...]:
        return self._over_budget(event, value.over_budget) if value.over_budget else ()

    def _over_budget(self, event: Event, why: str) -> tuple[Alert, ...]:
        opened = self._opened.get(event.session)
        day = opened.day if opened else event.session
        values = {"slot": self._slot(event), "why": _short(why)}
        return (self._alert(event, AlertKind.OVER_BUDGET, Severity.WARNING, f"{day}", values),)

    def _bad_answer(self, event: Event, value: BadAnswer) -> tuple[Alert, ...]:
        return self._no_answer(event, f"{value.kind}: {value.reason}")

    def _no_answer(self, event: Event, why: str) -> tuple[Alert, ...]:
        self._unusable += 1
        if self._unusable % self._bad_answers_max:
            return ()
        values = {"count": self._unusable, "slot": self._slot(event), "why": _short(why)}
        return (self._alert(event, AlertKind.BAD_ANSWERS, Severity.WARNING, event.session, values),)

    def _decision(self, _event: Event, _value: Decision) -> tuple[Alert, ...]:
        self._unusable = 0
        return ()

    def _closed(self, event: Event, value: Closed) -> tuple[Alert, ...]:
        values = {"slot": self._slot(event), "why": _short(value.reason)}
        found: tuple[Alert, ...] = ()
        match value.outcome:
            case Outcome.MISSED if not self._announced(event):
                # Each slot that did not run is told of, also where several are found at once.
                kind, session = AlertKind.MISSED, event.session
                found = (self._alert(event, kind, Severity.WARNING, session, values, topic=session),)
            case Outcome.FAILED:
                door = value.reason.partition(":")[0]
                kind, severity = AlertKind.FAILED, Severity.WARNING
                found = (self._alert(event, kind, severity, event.session, values, topic=door),)
            case Outcome.CALENDAR_UNKNOWN:
                found = (self._day_unknown(event),)
        return (*found, *self._said_and_done(event))

    def _announced(self, event: Event) -> bool:
        """Answer whether the slot came while the account was paused: then the pause was told of."""
        opened = self._opened.get(event.session)
        return self._paused is not None and opened is not None and self._paused.since <= opened.slot

    def _day_unknown(self, event: Event) -> Alert:
        opened = self._opened.get(event.session)
        day = f"{opened.day}" if opened else event.session
        kind = AlertKind.CALENDAR
        return self._alert(event, kind, Severity.CRITICAL, day, {"day": day}, wording=f"{kind}.unknown")

    def _rested(self, event: Event, _value: Rested) -> tuple[Alert, ...]:
        return self._said_and_done(event)

    def _said_and_done(self, event: Event) -> tuple[Alert, ...]:
        """Return an alert where the session's hard findings are other ones than were told of."""
        if event.seq <= self.after_seq or event.session not in self._of_session:
            return ()
        kept = (*self._common, *self._of_session[event.session])
        found = say_do(kept, self._parse, lambda one: self._values[one.seq], session=event.session)
        hard = [one for one in found if one.kind.hard]
        if not hard:
            return ()
        key = sha256(repr([(one.kind, sorted(one.values.items())) for one in hard]).encode()).hexdigest()[:12]
        told = Words(_sentences(hard, "en"), _sentences(hard, "zh"))
        values = {"slot": self._slot(event), "findings": told}
        place = f"{event.session}:{key}"
        kind, severity = AlertKind.SAY_DO, Severity.CRITICAL
        return (self._alert(event, kind, severity, place, values, topic=place),)

    def _halt(self, event: Event, value: Halt) -> tuple[Alert, ...]:
        kind = _HALTS.get(value.cause, AlertKind.HALT)
        by_person = value.cause is HaltCause.PERSON
        severity = Severity.WARNING if by_person else Severity.CRITICAL
        cause = Words(say(f"halt.{value.cause}", "en"), say(f"halt.{value.cause}", "zh"))
        values = {"subject": _subject(value), "why": _short(value.why), "cause": cause}
        topic = f"{value.symbol}:{value.everywhere}:{value.cause}:{value.by}"
        return (self._alert(event, kind, severity, f"{event.seq}", values, topic=topic),)

    def _lift(self, event: Event, value: Lift) -> tuple[Alert, ...]:
        why = _short(f"{value.why} ({value.by})" if value.by else value.why)
        values = {"subject": _subject(value), "why": why}
        kind, severity = AlertKind.LIFTED, Severity.INFO
        return (self._alert(event, kind, severity, f"{event.seq}", values, topic=f"{event.seq}"),)

    def _asked(self, event: Event, value: Asked) -> tuple[Alert, ...]:
        before = self._paused
        self._paused = pause_after(before, value, datetime.fromisoformat(event.at))
        why, by = value.args.get("why", ""), value.args.get("by", "")
        values = {"why": _short(f"{why} ({by})" if by else why)}
        if value.command == "kill":
            return (self._alert(event, AlertKind.KILLED, Severity.CRITICAL, f"{event.seq}", values),)
        if (before is None) is (self._paused is None):
            return ()
        kind = AlertKind.PAUSED if before is None else AlertKind.RESUMED
        severity = Severity.WARNING if before is None else Severity.INFO
        return (self._alert(event, kind, severity, f"{event.seq}", values, topic=f"{event.seq}"),)

    def _repaired(self, event: Event, value: Repaired) -> tuple[Alert, ...]:
        values = {"torn": value.torn_bytes, "lines": value.lines_added}
        return (self._alert(event, AlertKind.REPAIRED, Severity.INFO, f"{event.seq}", values),)

    def _alert(
        self,
        event: Event,
        kind: AlertKind,
        severity: Severity,
        place: str,
        values: Mapping[str, object],
        *,
        topic: str = "",
        wording: str = "",
    ) -> Alert:
        """Return an alert; `place` tells it from others of its kind, `topic` is what may be held back."""
        key = f"alarm.{wording or kind}"
        return Alert(
            kind=kind,
            severity=severity,
            account=self._account,
            key=f"{kind}:{place}",
            topic=f"{kind}:{topic}",
            title=_words(key, values),
            text=_words(f"{key}.text", values),
            at=datetime.fromisoformat(event.at),
        )

    def _slot(self, event: Event) -> str:
        opened = self._opened.get(event.session)
        return opened.at[:16] if opened else event.session

    def _keep(self, event: Event, value: object) -> None:
        """Keep what the say-do check looks at: of the sessions at hand, and what is common to all."""
        if isinstance(value, Genesis | SettingsRecord):
            if len(self._common) == _SETTINGS_KEPT:
                self._values.pop(self._common[0].seq, None)
            self._common.append(event)
            self._values[event.seq] = value
        elif event.session in self._of_session and isinstance(value, WANTED):
            self._of_session[event.session].append(event)
            self._values[event.seq] = value


def runway_alert(account: str, days: int, until: date, now: datetime) -> Alert | None:
    """Return an alert where the calendar ends in so many days, None where that is far; each level once."""
    level = next((level for level in reversed(RUNWAY_DAYS) if days <= level), None)
    if level is None:
        return None
    values = {"days": max(days, 0), "until": until}
    return Alert(
        kind=AlertKind.CALENDAR,
        severity=Severity.CRITICAL if days <= RUNWAY_DAYS_CRITICAL else Severity.WARNING,
        account=account,
        key=f"{AlertKind.CALENDAR}:{until}:{level}",
        topic=f"{AlertKind.CALENDAR}:{until}:{level}",
        title=_words("alarm.calendar.runway", values),
        text=_words("alarm.calendar.runway.text", values),
        at=now,
    )


def channel_test(account: str, channel: str, now: datetime) -> Alert:
    """Return the alert that tries a channel."""
    values = {"channel": channel}
    return Alert(
        kind=AlertKind.TEST,
        severity=Severity.INFO,
        account=account,
        key=f"{AlertKind.TEST}:{channel}:{now.isoformat()}",
        topic=f"{AlertKind.TEST}:{channel}",
        title=_words("alarm.test", values),
        text=_words("alarm.test.text", values),
        at=now,
    )


def _words(key: str, values: Mapping[str, object]) -> Words:
    """Return a wording in both languages; a value may itself be in both."""

    def told(lang: str) -> str:
        filled = {
            name: one.in_language(lang) if isinstance(one, Words) else one for name, one in values.items()
        }
        return say(key, lang, **filled)

    return Words(told("en"), told("zh"))


def _short(text: str) -> str:
    """Return a stranger's text on one line, safe to show, and not too long for any channel."""
    line = " ".join(printable(text).split()) or "-"
    return line if len(line) <= _WHY_CHARACTERS_MAX else f"{line[:_WHY_CHARACTERS_MAX]}…"


def _reading(reading: ClockReading) -> Words:
    hosts, way = "、".join(reading.hosts), "快" if reading.ahead_ms >= 0 else "慢"
    off_s, within_s = abs(reading.ahead_ms) / 1000, reading.within_ms / 1000
    return Words(reading.words, f"本机时钟比 {hosts} {way} {off_s:.1f} 秒（误差 {within_s:.1f} 秒以内）")


def _subject(of: Halt | Lift) -> Words:
    symbol = printable(of.symbol)
    scope = "halt.everywhere" if of.everywhere else "halt.account"
    if symbol and not of.everywhere:
        return Words(symbol, symbol)
    en, zh = say(scope, "en"), say(scope, "zh")
    return Words(f"{symbol} ({en})", f"{symbol}（{zh}）") if symbol else Words(en, zh)


def _sentences(findings: list[Finding], lang: str) -> str:
    return _short("; ".join(sentence(one, lang) for one in findings))


def _level(use: Use | None) -> str:
    """Return `over` at the limit, `near` from `NEAR_RATIO` of it, else nothing."""
    if use is None or use.ratio < NEAR_RATIO:
        return ""
    return "over" if use.ratio >= 1 else "near"


_HALTS: Mapping[HaltCause, AlertKind] = {
    HaltCause.UNRESOLVED: AlertKind.UNRESOLVED,
    HaltCause.RECONCILIATION: AlertKind.RECONCILIATION,
}

_STEPS: Mapping[type, Callable[..., tuple[Alert, ...]]] = {
    Asked: Alarms._asked,
    BadAnswer: Alarms._bad_answer,
    Closed: Alarms._closed,
    Decision: Alarms._decision,
    FaultRecord: Alarms._fault,
    Genesis: Alarms._genesis,
    Halt: Alarms._halt,
    Lift: Alarms._lift,
    Opened: Alarms._session_opened,
    Opening: Alarms._opening,
    RawAnswer: Alarms._answer,
    Repaired: Alarms._repaired,
    Rested: Alarms._rested,
    SettingsRecord: Alarms._settings,
    VendorSnapshot: Alarms._prices,
}
