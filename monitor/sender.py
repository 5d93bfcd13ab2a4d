"""Takes alerts out of the outbox and to their channels, when each may go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from monitor.delivery import Terms, Turn, Waiting, next_turn
from monitor.outbox import Outbox
from monitor.plain_text import printable
from monitor.wording import say
from services.domain.alerts import Alert, Notice
from services.ports import AlertChannel, AlertFault, Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A channel, in which language it is written to, and what holds of it."""

    channel: AlertChannel
    lang: str
    terms: Terms

    @property
    def name(self) -> str:
        """The channel's name."""
        return self.channel.name


class Sender:
    """Sends what waits in an outbox. The channels go side by side, each one message at a time.

    After `attempts_max` failures a channel gives an alert up, which stays on record. `told` is called
    with each fault of a channel.
    """

    def __init__(
        self,
        outbox: Outbox,
        lines: Sequence[Line],
        clock: Clock,
        zone: ZoneInfo,
        *,
        attempts_max: int = 100,
        told: Callable[[AlertFault], None] = lambda _fault: None,
    ) -> None:
        self._outbox, self._clock, self._zone = outbox, clock, zone
        self._lines = {line.name: line for line in lines}
        self._attempts_max, self._told = attempts_max, told
        self._taken: set[tuple[int, str]] = set()

    async def turn(self) -> datetime | None:
        """Send what is due, at most one message a channel, and return when something is due next.

        None where nothing waits. What waits for a channel that is no longer configured waits on.

        Raises:
            JournalFault: The outbox cannot be read or written.
        """
        turns = await asyncio.to_thread(self._turns)
        now = self._clock.now()
        due = [turn.waiting for turn in turns.values() if turn.at <= now]
        answers = await asyncio.gather(*(self._send(one) for one in due))
        for one, fault in zip(due, answers, strict=True):
            await asyncio.to_thread(self._mark, one, fault)
        if due:
            turns = await asyncio.to_thread(self._turns)
        return min((turn.at for turn in turns.values()), default=None)

    async def send_unrecorded(self, alert: Alert) -> None:
        """Try once to send an alert that the outbox cannot keep, to every channel that wants it."""
        wanted = [line for line in self._lines.values() if line.terms.wants(alert.severity)]
        await asyncio.gather(
            *(self._send(Waiting(alert_id=0, channel=line.name, alert=alert)) for line in wanted)
        )

    def channels_for(self, alert: Alert) -> tuple[str, ...]:
        """Return the names of the channels that are sent such an alert."""
        return tuple(name for name, line in self._lines.items() if line.terms.wants(alert.severity))

    def _turns(self) -> Mapping[str, Turn]:
        """Return what each channel sends next, by its name."""
        now, waiting = self._clock.now(), self._outbox.waiting()
        found: dict[str, Turn] = {}
        for name, line in self._lines.items():
            own = [one for one in waiting if one.channel == name]
            attempts = self._outbox.attempts(name) if own else ()
            turn = next_turn(now, name, own, attempts, line.terms)
            if turn is not None:
                found[name] = turn
        return found

    async def _send(self, one: Waiting) -> AlertFault | None:
        if (one.alert_id, one.channel) in self._taken:
            return None
        line = self._lines[one.channel]
        try:
            await line.channel.send(notice_of(one.alert, line.lang, self._zone, one.held_back))
        except AlertFault as fault:
            self._told(fault)
            return fault
        return None

    def _mark(self, one: Waiting, fault: AlertFault | None) -> None:
        now = self._clock.now()
        if fault is None:
            # What is taken and cannot be marked, as on a full disk, is not sent again by this process.
            self._taken.add((one.alert_id, one.channel))
            self._outbox.sent(one, now)
            self._taken.discard((one.alert_id, one.channel))
        else:
            self._outbox.failed(one, now, fault.why, give_up=one.attempts + 1 >= self._attempts_max)


def notice_of(alert: Alert, lang: str, zone: ZoneInfo, held_back: int = 0) -> Notice:
    """Return an alert as a channel sends it: marked, in one language, with its time in the market's zone."""
    mark = say(f"severity.{alert.severity}", lang)
    lines = [printable(alert.text.in_language(lang)).strip()]
    if held_back:
        lines.append(say("alert.held_back", lang, count=held_back))
    at = alert.at.astimezone(zone)
    lines.append(say("alert.at", lang, account=alert.account, at=at.strftime("%Y-%m-%d %H:%M:%S")))
    title = " ".join(printable(alert.title.in_language(lang)).split())
    return Notice(
        kind=alert.kind,
        severity=alert.severity,
        account=alert.account,
        title=f"[{mark}] {title}",
        text="\n".join(line for line in lines if line),
        at=at,
    )
