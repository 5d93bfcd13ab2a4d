"""One account's watch: looks, judges, tells what is news, halts where asked to. It writes no journal."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from commands.screen import Screen
from monitor.outbox import OUTBOX_NAME, Outbox
from monitor.safety_alerts import not_halted_alert
from monitor.sender import Line, Sender
from monitor.watchdog import checks
from monitor.watchdog_finding import Finding, Judgement
from monitor.watchdog_memory import read_told, write_told
from monitor.watchdog_told import News, Turn, alert_of, news_of
from services.alerts.dead_man import DeadManPing
from services.domain.alerts import Alert, Severity
from services.domain.events import HaltCause
from services.domain.watched import MachineSeen, Seen, Watched
from services.market.reachability import answer_within
from services.ports import AlertFault, Clock, JournalFault
from services.settings import Settings
from services.watched_account import AccountEye
from services.watched_machine import MachineEye

FOLLOW_S_MAX = 10.0
"""How long a journal may take to be read."""

STUCK = timedelta(minutes=10)
"""No channel has taken a critical alert for so long: nobody hears this watchdog, and its silence tells so."""


@dataclass(frozen=True, kw_only=True)
class WatchPost:
    """What a watch is made of: the account's settings, its eyes, its own folder, the ways to a person.

    `machine` is there where this watch looks at the machine too, `dead_man` where it gives a sign of life.
    """

    settings: Settings
    folder: Path
    account: AccountEye
    machine: MachineEye | None
    lines: tuple[Line, ...]
    dead_man: DeadManPing | None
    clock: Clock
    zone: ZoneInfo
    screen: Screen


class WatchDesk:
    """Looks at an account and tells a person; `looked_at` is when a look last came through whole."""

    def __init__(self, post: WatchPost) -> None:
        self._post, self._terms = post, post.settings.watchdog
        # Two doors to one file: alerts are put while others are being sent.
        self._puts, self._sends = Outbox(post.folder / OUTBOX_NAME), Outbox(post.folder / OUTBOX_NAME)
        self._sender = Sender(
            self._sends,
            post.lines,
            post.clock,
            post.zone,
            attempts_max=post.settings.alerts.attempts_max,
            told=lambda fault: post.screen.note("alert.failed", channel=fault.asked, why=fault.why),
        )
        self._told = read_told(post.folder)
        self._follows, self._dumb = False, False
        self._tidied_on: date | None = None
        self._outbox_fault, self._dead_man_fault = "", ""
        self._dead_man_since: datetime | None = None
        self._pinged_at: datetime | None = None
        self.looked_at: datetime | None = None

    @property
    def post(self) -> WatchPost:
        """What it is made of."""
        return self._post

    def close(self) -> None:
        """Give the outbox back.

        Raises:
            JournalFault: It cannot be completed.
        """
        self._puts.close()
        self._sends.close()

    async def see(self) -> Seen:
        """Return what is there now."""
        fault = await self._follow()
        now = self._post.clock.now()
        account = self._post.account.look(now, fault)
        return Seen(account=account, machine=self._machine(now))

    async def look(self) -> Judgement:
        """Look, and put what is news into the outbox; what it does not take is sent at once, and once."""
        seen = await self.see()
        now = self._post.clock.now()
        await self._probe(now)
        judged = self.judge(now, seen)
        news, told = news_of(now, judged, self._told, self._terms.repeat_s)
        for one in news:
            await self._tell(one, now)
        if told != self._told:
            self._told = told
            with suppress(JournalFault):  # After a restart what lasts is told once more.
                await asyncio.to_thread(write_told, self._post.folder, told)
        self.looked_at = self._post.clock.now()
        return judged

    def judge(self, now: datetime, seen: Seen) -> Judgement:
        """Return what is wrong, with this watchdog itself too."""
        judged = checks(now, seen, self._terms)
        if not self._outbox_fault:
            return judged
        own = Finding(
            what=Watched.OUTBOX,
            severity=Severity.CRITICAL,
            wording="outbox.own",
            place="own",
            values={"why": self._outbox_fault},
        )
        return replace(judged, findings=(own, *judged.findings))

    async def send(self) -> datetime | None:
        """Send what may go, and return when more is due."""
        try:
            due = await self._sender.turn()
            self._dumb = await asyncio.to_thread(self._nobody_hears)
        except JournalFault as fault:
            self._outbox_fault = str(fault)
            self._post.screen.note("alert.outbox", why=fault)
            return None
        return due

    async def ask(self) -> None:
        """Ask the network what is due to be asked."""
        if self._post.machine is not None:
            await self._post.machine.ask(self._post.clock.now())

    async def ping(self) -> bool:
        """Give the sign of life where it is due and all is well here; answer whether it was given."""
        ping, now = self._post.dead_man, self._post.clock.now()
        if ping is None or not self.well(now):
            return False
        every = timedelta(seconds=self._terms.dead_man_every_s)
        if self._pinged_at is not None and self._pinged_at <= now < self._pinged_at + every:
            return False
        self._pinged_at = now
        try:
            await ping.send()
        except AlertFault as fault:
            self._dead_man_fault = fault.why
            self._dead_man_since = self._dead_man_since or now
            return False
        self._dead_man_fault, self._dead_man_since = "", None
        return True

    def well(self, now: datetime) -> bool:
        """Answer whether this watchdog does what it is for: it looks, keeps its alerts and is heard."""
        return self.looks(now) and not self._outbox_fault and not self._dumb

    def looks(self, now: datetime) -> bool:
        """Answer whether a look came through lately."""
        allowed = timedelta(seconds=3 * self._terms.look_s + FOLLOW_S_MAX)
        return self.looked_at is not None and now - self.looked_at <= allowed

    async def _probe(self, now: datetime) -> None:
        """Find out whether the outbox can be written: once a day, and while it could not be."""
        if not self._outbox_fault and self._tidied_on == now.date():
            return
        try:
            await asyncio.to_thread(self._puts.forget_old, now)
        except JournalFault as fault:
            self._outbox_fault = str(fault)
        else:
            self._outbox_fault, self._tidied_on = "", now.date()

    async def _follow(self) -> str:
        """Return why the journal cannot be followed; one that does not answer is not asked a second time."""
        late = f"the journal does not answer within {FOLLOW_S_MAX:g} s"
        if self._follows:
            return late
        self._follows = True

        def follow() -> str:
            try:
                return self._post.account.follow()
            finally:
                self._follows = False

        return await answer_within(FOLLOW_S_MAX, follow, late)

    def _machine(self, now: datetime) -> MachineSeen | None:
        machine = self._post.machine
        if machine is None:
            return None
        return replace(
            machine.look(now), dead_man_fault=self._dead_man_fault, dead_man_since=self._dead_man_since
        )

    async def _tell(self, one: News, now: datetime) -> None:
        acted = await self._act(one, now)
        alert = alert_of(self._post.settings.account, one, now, acted=acted)
        # What is over goes to whom it was told, though it matters less now.
        await self._keep(alert, self._sender.channels_for(replace(alert, severity=one.telling.severity)))

    async def _keep(self, alert: Alert, channels: tuple[str, ...]) -> None:
        stamp = _stamp(alert.at, self._post.zone)
        self._post.screen.note("watch.told", at=stamp, title=_title(alert, self._post))
        try:
            await asyncio.to_thread(self._puts.put, alert, channels, 0)
        except JournalFault as fault:
            self._outbox_fault = str(fault)
            self._post.screen.note("alert.outbox", why=fault)
            await self._sender.send_unrecorded(alert)

    async def _act(self, one: News, now: datetime) -> bool:
        """Halt the account on a critical finding that asks for it; answer whether that was done."""
        finding = one.finding
        if finding is None or one.turn is Turn.LASTS or finding.severity is not Severity.CRITICAL:
            return False
        if finding.what not in self._terms.halt_on:
            return False
        args = {
            "symbol": "",
            "why": one.telling.title.en[:500],
            "by": f"watchdog {finding.what}",
            "cause": str(HaltCause.ALERT),
            "at": now.isoformat(timespec="seconds"),
        }
        try:
            return await asyncio.to_thread(self._post.account.halt, args)
        except JournalFault as fault:
            self._post.screen.note("alert.not_halted", why=fault)
            account, title = self._post.settings.account, one.telling.title
            alert = not_halted_alert(account, one.telling.key, title, str(fault), now)
            await self._keep(alert, self._sender.channels_for(alert))
            return False

    def _nobody_hears(self) -> bool:
        """Answer whether a critical alert has waited for long at every channel that should have it."""
        now = self._post.clock.now()
        waiting: dict[int, int] = {}
        for one in self._sends.waiting():
            if one.alert.severity is Severity.CRITICAL and now - one.alert.at > STUCK:
                waiting[one.alert_id] = waiting.get(one.alert_id, 0) + 1
        channels = len(self._post.lines)
        return any(count >= channels for count in waiting.values())


def _title(alert: Alert, post: WatchPost) -> str:
    return f"{alert.account}: {alert.title.in_language(post.settings.lang)}"


def _stamp(now: datetime, zone: ZoneInfo) -> str:
    return f"{now.astimezone(zone):%Y-%m-%d %H:%M:%S}"
