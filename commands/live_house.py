"""`up`: several accounts side by side in one process; none waits for another, nor falls with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from commands.failures import CommandFailed, Exit
from commands.labelled_screen import LabelledScreen
from commands.live_prices import require_source
from commands.live_tenant import HouseEnd, Roof, Tenant
from commands.live_world import LiveOutside, live_outside, watchlist_of
from commands.options import RunOptions
from commands.run import require_broker
from commands.screen import Screen
from commands.ticking import EndAsked
from services.clock import SystemClock
from services.market.feeds.host_registry import HostRegistry
from services.market.shared_prices import SharedPrices
from services.service_notify import READY, STOPPING, notify
from services.settings import Mode, Settings
from services.steady_clock import SteadyClock


def up(all_settings: Sequence[Settings], options: RunOptions, screen: Screen) -> Exit:
    """Run the accounts until the end is asked for, or none is left; the exit code tells the worst of them.

    Raises:
        CommandFailed: A configuration cannot be run, or two are of one account.
    """
    for settings in all_settings:
        _require_sense(settings, all_settings)
    house = House(all_settings, options, screen)
    ends, interrupted = asyncio.run(house.stay_up())
    screen.line("up.ended")
    screen.result({"accounts": [end.as_json() for end in ends]})
    return Exit.INTERRUPTED if interrupted else max(end.code for end in ends)


def _require_sense(settings: Settings, all_settings: Sequence[Settings]) -> None:
    """Return where the account can be run in one process with the others.

    Raises:
        CommandFailed: It cannot; the message names the account.
    """
    own = (settings.data_dir.resolve(), settings.account)
    if sum((one.data_dir.resolve(), one.account) == own for one in all_settings) > 1:
        raise CommandFailed(
            Exit.USAGE,
            f"two configurations are of account {settings.account!r} in {settings.data_dir}; give each its "
            "own `account` or `data_dir`",
        )
    if settings.mode is Mode.BACKTEST:
        raise CommandFailed(
            Exit.USAGE, f"account {settings.account!r}: mode backtest has no slots to wait for; set paper"
        )
    require_broker(settings)
    require_source(settings)


class House:
    """The accounts of one process, those of one vendor on one source of prices.

    Whatever their sources are, each host is asked at one pace, and left alone by all of them.
    """

    def __init__(
        self,
        all_settings: Sequence[Settings],
        options: RunOptions,
        screen: Screen,
        outside: LiveOutside | None = None,
    ) -> None:
        self._screen, self._outside = screen, outside
        self._hosts = HostRegistry(SteadyClock(SystemClock()))
        self._vendors: list[tuple[object, tuple[LiveOutside, SharedPrices]]] = []
        self._roof = Roof(settle=self._settle)
        self.tenants = [self._tenant(settings, options) for settings in all_settings]

    async def stay_up(self, ready: Callable[[], None] = lambda: None) -> tuple[tuple[HouseEnd, ...], bool]:
        """Run all of them until the end, and tell too whether Ctrl-C asked for it.

        `ready` is called once each account is through its start, or failed in it.

        Raises:
            Exception: A bug in one account, once the others are through.
        """
        asked = EndAsked(self.stop)
        asked.listen()
        self._screen.note("up.begins", count=len(self.tenants))
        opening = asyncio.create_task(self._opened(ready))
        await asyncio.gather(*(tenant.live() for tenant in self.tenants))
        opening.cancel()
        if self._roof.bugs:
            raise self._roof.bugs[0]
        return tuple(tenant.end for tenant in self.tenants), asked.interrupted

    def stop(self) -> None:
        """Ask for the end of every account: sessions under way are finished."""
        if not self._roof.ending.is_set():
            notify(STOPPING)
        self._roof.ending.set()
        for tenant in self.tenants:
            tenant.stop()

    def _settle(self) -> None:
        """End where no account runs and none was stopped by a command: nobody is waited for."""
        if not any(tenant.up or tenant.end.commanded for tenant in self.tenants):
            self.stop()

    async def _opened(self, ready: Callable[[], None]) -> None:
        for tenant in self.tenants:
            await tenant.began.wait()
        notify(READY)
        ready()

    def _tenant(self, settings: Settings, options: RunOptions) -> Tenant:
        vendor = (settings.market, settings.data_source, settings.quote_gate)
        there = next((one for known, one in self._vendors if known == vendor), None)
        if there is None:
            outside = self._outside or live_outside(settings, self._screen, self._hosts)
            there = (outside, SharedPrices(outside.source, outside.clock))
            self._vendors.append((vendor, there))
        outside, shared = there
        screen = LabelledScreen(self._screen, settings.account)
        seat = shared.seat(watchlist_of(settings))
        return Tenant(self._roof, settings, options, screen, outside, seat)
