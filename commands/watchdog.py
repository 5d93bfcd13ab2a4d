"""`watchdog`: a process beside the ones that trade, which tells a person when they do not."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from commands.alert_channels import enabled, missing_secret
from commands.failures import Exit
from commands.screen import Screen
from commands.watch_desk import WatchDesk
from commands.watch_setup import WatchOutside, accounts_of, require_live, watches
from commands.watch_view import exit_code, seen_as_json, show_seen
from services.clock import SystemClock
from services.service_notify import ALIVE, READY, STOPPING, notify
from services.settings import Settings

SEND_S = 5.0
"""How often it is looked whether an alert may go; a channel that rests is left in peace all the same."""

LAST_TURN_S = 10.0
"""How long alerts may still be sent when the process ends; the rest goes after the next start."""


def watchdog(
    asked: Sequence[Settings], cache: Path | None, screen: Screen, *, every: bool, once: bool
) -> int:
    """Watch the accounts until a person or the system asks for the end; or look once and tell.

    With `every` all accounts of the first configuration's data folder are watched. Looking once sends
    nothing; it returns 0 where all is well, 1 on warnings, 2 where something is critical.

    Raises:
        CommandFailed: There is no such account, one stands twice, or one is no account on live prices.
    """
    wanted = accounts_of(asked[0]) if every else tuple(asked)
    for settings in wanted:
        require_live(settings)
    desks = watches(wanted, cache, screen, WatchOutside(clock=SystemClock(), locks=once))
    with ExitStack() as opened:
        for desk in desks:
            opened.callback(desk.close)
        if once:
            return asyncio.run(_once(desks, screen))
        return asyncio.run(_stay_up(desks, screen))


async def _once(desks: Sequence[WatchDesk], screen: Screen) -> int:
    """Look once, the clock compared first; nothing is written or sent."""
    found = []
    for desk in desks:
        if desk.post.machine is not None:
            await desk.post.machine.ask_time(desk.post.clock.now())
        seen = await desk.see()
        found.append((seen, desk.judge(desk.post.clock.now(), seen)))
    code = exit_code(judged for _, judged in found)
    screen.result({"accounts": [seen_as_json(*one) for one in found], "exit_code": code})
    for seen, judged in found:
        show_seen(seen, judged, screen)
    return code


async def _stay_up(desks: Sequence[WatchDesk], screen: Screen) -> int:
    stopping, interrupted = asyncio.Event(), False

    def end(number: signal.Signals) -> None:
        nonlocal interrupted
        interrupted = interrupted or number is signal.SIGINT
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, end, number)
    _tell_start(desks, screen)
    await Watching(desks, stopping).run()
    screen.line("watch.stopped")
    screen.result({"stopped": True, "accounts": [desk.post.settings.account for desk in desks]})
    return Exit.INTERRUPTED if interrupted else Exit.DONE


class Watching:
    """Looks, sends, asks and gives signs of life, each at its own pace, until `stopping` is set.

    Nothing waits for a platform or a vendor but what asked it: a look comes on time whatever hangs.
    """

    def __init__(self, desks: Sequence[WatchDesk], stopping: asyncio.Event) -> None:
        self._desks, self._stopping = desks, stopping
        self._ready = False

    async def run(self) -> None:
        """Watch until the end is asked for.

        Raises:
            Exception: A bug; the watchdog ends, so that whoever started it starts it again.
        """
        paces: list[asyncio.Task[None]] = []
        for desk in self._desks:
            look_s = float(desk.post.settings.watchdog.look_s)
            paces += [
                asyncio.create_task(self._each(look_s, self._look, desk)),
                asyncio.create_task(self._each(SEND_S, WatchDesk.send, desk)),
                asyncio.create_task(self._each(look_s, WatchDesk.ask, desk)),
                asyncio.create_task(self._each(look_s, WatchDesk.ping, desk)),
            ]
        end = asyncio.create_task(self._stopping.wait())
        try:
            done, _ = await asyncio.wait({end, *paces}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            notify(STOPPING)
            for task in (end, *paces):
                task.cancel()
            await asyncio.gather(end, *paces, return_exceptions=True)
        await self._last_turn()

    async def _each(
        self, pace_s: float, act: Callable[[WatchDesk], Awaitable[object]], desk: WatchDesk
    ) -> None:
        while True:
            await act(desk)
            await asyncio.sleep(pace_s)

    async def _look(self, desk: WatchDesk) -> None:
        await desk.look()
        now = desk.post.clock.now()
        if all(one.looked_at is not None for one in self._desks) and not self._ready:
            self._ready = True
            notify(READY)
        if all(one.looks(now) for one in self._desks):
            notify(ALIVE)

    async def _last_turn(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_TURN_S):
                for desk in self._desks:
                    due = await desk.send()
                    while due is not None and due <= desk.post.clock.now():
                        due = await desk.send()


def _tell_start(desks: Sequence[WatchDesk], screen: Screen) -> None:
    for desk in desks:
        settings = desk.post.settings
        screen.note(
            "watch.started",
            account=settings.account,
            data_dir=settings.data_dir,
            folder=desk.post.folder,
            count=len(desk.post.lines),
        )
        for channel in enabled(settings):
            if variable := missing_secret(channel):
                screen.note("alert.no_secret", channel=channel.name, variable=variable)
        if not desk.post.lines:
            screen.note("watch.no_channel")
