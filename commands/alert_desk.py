"""What tells a person while an account runs: alarms off its journal, the outbox, the day's summary."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from contextlib import ExitStack, closing, suppress
from datetime import date, datetime
from pathlib import Path

from agents.parsing import parse
from commands.alert_channels import enabled, lines_of, missing_secret
from commands.day_close import closes_of, due_day, made_at, slots_after, write_page
from commands.failures import CommandFailed
from commands.folders import AccountFolder
from commands.screen import Screen
from monitor.alarms import Alarms, runway_alert
from monitor.day import summary_of
from monitor.day_view import day_alert
from monitor.outbox import OUTBOX_NAME, Outbox
from monitor.safety_alerts import not_halted_alert, outbox_alert
from monitor.sender import Sender
from monitor.trail import Follower
from scheduler.slot_plan import OpenPlan
from scheduler.world import World
from services.domain.alerts import Alert, AlertKind, Severity
from services.domain.events import Event, HaltCause
from services.domain.inbox import Scope
from services.journal.account import Account
from services.journal.database import DamagedFile
from services.journal.inbox import Inboxes
from services.journal.journal import Journal
from services.ports import Clock, JournalFault, PriceSource
from services.settings import Settings
from services.slots import ZONES, local

LOOK_S = 30.0
"""How often it is looked whether a summary, the calendar or a channel's wait is due."""

LAST_TURN_S = 10.0
"""How long alerts may still be sent when the process ends; what is left then is sent after the next start."""

FOUND_MAX = 10_000

DAYS_HELD = 5
"""Trading days of which the day's summary can be made without reading the journal again."""


class AlertDesk:
    """The alerts of one account that runs. Nothing of it is waited for by a session.

    `listen` only folds and remembers. Everything that writes or sends is done by `turn`, in a task of
    its own: an alert is written to the outbox before it is sent. `source` tells the closes for the
    day's summary. `given_up` is how many messages no channel took in all their attempts.
    """

    def __init__(
        self,
        settings: Settings,
        folder: AccountFolder,
        place: Path | str,
        clock: Clock,
        screen: Screen,
        source: PriceSource,
    ) -> None:
        self._settings, self._folder, self._place = settings, folder, place
        self._clock, self._screen, self._source = clock, screen, source
        self._outbox = Outbox(folder.root / OUTBOX_NAME)
        self._sender = Sender(
            self._outbox,
            lines_of(settings, clock),
            clock,
            ZONES[settings.market],
            attempts_max=settings.alerts.attempts_max,
            told=lambda fault: screen.note("alert.failed", channel=fault.asked, why=fault.why),
        )
        self._alarms = Alarms(parse, bad_answers_max=settings.alerts.bad_answers_max)
        self._trail = Follower(vendor_prices=True, days_held=DAYS_HELD)
        self._found: deque[Alert] = deque(maxlen=FOUND_MAX)
        self._wake, self._ending = asyncio.Event(), False
        self._seq, self._unmarked = 0, False
        self.given_up = 0
        self._looked_on: date | None = None
        self._summed_up: date | None = None

    def begin(self, head_seq: int, opened: ExitStack) -> None:
        """Go on where the last process stopped telling; a new outbox tells nothing of what was before it.

        One that is damaged is set aside, which is the first alert of the new one.

        Raises:
            JournalFault: The outbox cannot be opened.
        """
        opened.callback(self._outbox.close)
        try:
            seen = self._outbox.seen()
        except DamagedFile as fault:
            self._begin_anew(fault)
            seen = None
        self._alarms.after_seq = head_seq if seen is None else seen
        self._unmarked = seen is None
        for channel in enabled(self._settings):
            if variable := missing_secret(channel):
                self._screen.note("alert.no_secret", channel=channel.name, variable=variable)

    def listen(self, event: Event, value: object, account: Account) -> None:
        """Take one event of the journal."""
        found = self._alarms.take(event, value)
        self._trail.listen(event, value, account)
        self._seq = event.seq
        if found:
            self._found.extend(found)
            self._wake.set()

    async def run(self, world: World) -> None:
        """Tell what there is to tell until `end` is called."""
        while not self._ending:
            self._wake.clear()
            due = await self.turn(world)
            wait_s = LOOK_S if due is None else min(LOOK_S, (due - self._clock.now()).total_seconds())
            with suppress(TimeoutError):
                async with asyncio.timeout(max(wait_s, 0.0)):
                    await self._wake.wait()

    async def end(self, world: World, running: asyncio.Task[None] | None = None) -> None:
        """Let the task that runs come to its end, and send what can be sent, all in `LAST_TURN_S`."""
        self._ending = True
        self._wake.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_TURN_S):
                if running is not None:
                    await asyncio.wait({running})
                due: datetime | None = self._clock.now()
                while due is not None and due <= self._clock.now():
                    due = await self.turn(world)

    async def turn(self, world: World) -> datetime | None:
        """Write what was found, make what is due today, send what may go; return when more is due."""
        await self._look_ahead(world)
        await self._sum_up(world)
        await self._write(world)
        try:
            try:
                return await self._sent()
            except DamagedFile as fault:
                await asyncio.to_thread(self._begin_anew, fault)
                return await self._sent()
        except JournalFault as fault:  # Damaged again at once too: not before the next look.
            self._screen.note("alert.outbox", why=fault)
            return None

    async def _sent(self) -> datetime | None:
        """Send what may go, and return when more is due.

        Raises:
            JournalFault: The outbox cannot be used.
        """
        due = await self._sender.turn()
        self.given_up = await asyncio.to_thread(self._outbox.given_up)
        return due

    async def tell(self, alert: Alert) -> None:
        """Keep and send what no event of the journal tells, while no `turn` is under way.

        What is not sent in `LAST_TURN_S` is sent after the next start.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_TURN_S):
                try:
                    await asyncio.to_thread(self._put_anew, alert)
                    await self._sender.turn()
                except JournalFault as fault:
                    self._screen.note("alert.outbox", why=fault)
                    await self._sender.send_unrecorded(alert)

    def close(self) -> None:
        """Give the outbox back, where `begin` did not hand that to others.

        Raises:
            JournalFault: It cannot be completed.
        """
        self._outbox.close()

    async def _write(self, world: World) -> None:
        """Put what was found into the outbox; what it does not take is tried at once, and once."""
        if not self._found and not self._unmarked:
            return
        seq = self._seq
        while self._found:
            alert = self._found.popleft()
            for one in (alert, *await self._act(alert, world.journal)):
                await self._keep(one)
        with suppress(JournalFault):  # Told already; after the next start their keys are known.
            await asyncio.to_thread(self._outbox.mark_seen, seq)
            self._unmarked = False

    async def _keep(self, alert: Alert) -> None:
        try:
            await asyncio.to_thread(self._put_anew, alert)
        except JournalFault as fault:
            self._screen.note("alert.outbox", why=fault)
            await self._sender.send_unrecorded(alert)

    def _put_anew(self, alert: Alert) -> None:
        """Put an alert into the outbox, or where that is damaged into the next one."""
        try:
            self._put(alert)
        except DamagedFile as fault:
            self._begin_anew(fault)
            self._put(alert)

    def _begin_anew(self, fault: DamagedFile) -> None:
        """Set a damaged outbox aside, and let the first alert of the new one say so.

        Raises:
            JournalFault: It cannot be renamed, or the new one not be written.
        """
        self._screen.note("alert.outbox", why=fault)
        now = self._clock.now()
        aside = self._outbox.set_aside(now)
        self._unmarked = True
        self._put(outbox_alert(self._settings.account, aside.name, fault.why, now))

    def _put(self, alert: Alert) -> None:
        channels = self._sender.channels_for(alert)
        repeat_s = 0 if alert.kind is AlertKind.DAY else self._settings.alerts.repeat_s
        self._outbox.put(alert, channels, repeat_s)

    async def _act(self, alert: Alert, journal: Journal) -> tuple[Alert, ...]:
        """Halt the account on a critical alert of a kind that asks for it, unless it is halted already.

        Returns an alert where that failed.
        """
        if alert.severity is not Severity.CRITICAL or alert.kind not in self._settings.alerts.halt_on:
            return ()
        if any(not halt.symbol for halt in journal.account.halts.values()):
            return ()
        args = {
            "symbol": "",
            "why": f"{alert.title.en}: {alert.text.en}"[:500],
            "by": str(alert.kind),
            "cause": str(HaltCause.ALERT),
            "at": self._clock.now().isoformat(timespec="seconds"),
        }
        try:
            await asyncio.to_thread(self._halt, args)
        except JournalFault as fault:
            self._screen.note("alert.not_halted", why=fault)
            now = self._clock.now()
            return (not_halted_alert(alert.account, alert.key, alert.title, str(fault), now),)
        return ()

    def _halt(self, args: Mapping[str, str]) -> None:
        with closing(Inboxes(self._place, self._settings.account)) as inboxes:
            inboxes.put(Scope.HERE, "halt", args)

    async def _look_ahead(self, world: World) -> None:
        """Once a day, find out how far the calendar reaches, and forget what has been over for long."""
        now = self._clock.now()
        today = local(now, world.market).date()
        if today == self._looked_on:
            return
        self._looked_on = today
        until = world.calendar.known_until
        found = runway_alert(world.account, (until - today).days, until, now)
        if found is not None:
            self._found.append(found)
        with suppress(JournalFault):  # What is not forgotten today is tomorrow.
            await asyncio.to_thread(self._outbox.forget_old, now)

    async def _sum_up(self, world: World) -> None:
        """Once a trading day, after its close and while nothing is under way, make its summary."""
        account, alerts = world.journal.account, self._settings.alerts
        if not alerts.day_summary or account.unfinished is not None or account.in_stage():
            return
        day = due_day(self._settings, world.market, world.calendar, self._clock.now())
        if day is None or day == self._summed_up:
            return
        begun = account.genesis.opened_at if account.genesis else self._clock.now()
        if begun < made_at(self._settings, world.market, day) and not await self._known(day):
            self._found.append(await self._summary(world, day))
        self._summed_up = day

    async def _known(self, day: date) -> bool:
        try:
            return await asyncio.to_thread(self._outbox.has, f"{AlertKind.DAY}:{day}")
        except JournalFault:
            return False

    async def _summary(self, world: World, day: date) -> Alert:
        """Return the summary of a day as an alert, its page written."""
        held, closes = tuple(world.journal.account.book.holdings()), {}
        if day == local(self._clock.now(), world.market).date():
            closes = await closes_of(self._source, held, world.market, day)
        plan = OpenPlan(world.market, world.frequency, world.calendar, world.times)
        summary = summary_of(
            self._trail.so_far(),
            world.journal.recent,
            day,
            value_of=world.journal.value,
            closes=closes,
            next_slots=slots_after(plan, world.market, day),
        )
        try:
            write_page(self._folder, summary, self._settings.lang)
        except CommandFailed as failed:
            self._screen.note("alert.page", why=failed)
        return day_alert(summary, self._clock.now())
