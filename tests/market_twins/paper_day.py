"""A whole day of the program on live prices, from the twins and on a clock that leaps; a program of its own.

    python -m tests.market_twins.paper_day [OPTIONS] -- RUN_LIVE_ARGUMENTS

What runs is `run_live.py` with those arguments, in this process: the vendors' hosts are where its
environment says the proxy is. Only the two things that make it wait are replaced: the system's clock,
which here leaps from minute to minute once all that was due is done, and APScheduler, which knows no
other clock than the machine's. After the day the process is asked to end, as a service is.

`--spell *.eastmoney.com reset 12:00` lets a fault of `trouble.py` last from then on, `--ban HOST MOMENT`
shuts this machine out for twenty hours; a moment is a time of the day or a whole one, `2026-07-13T16:00`.
`--at 10:35` begins the day then: `--at 10:35 -- quotes 600519.SH`. `--us` lives a day in New York.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import ClassVar
from zoneinfo import ZoneInfo

import scheduler.cron
import services.clock
from tests.market_twins.hosts import vendor_twins
from tests.market_twins.market import CN
from tests.market_twins.net import UNSET
from tests.market_twins.seeded import DAY, seeded_market
from tests.market_twins.trouble import Fault, Spell, Trouble, ban
from tests.market_twins.us_market import NEW_YORK, us_market

_OPENS, _ENDS = time(9, 10), {CN: time(15, 35), NEW_YORK: time(16, 10)}
_LOOK = timedelta(milliseconds=1)


class LeapingClock:
    """Stands in for the system's clock: each look at it takes a millisecond, and `leap` moves it on."""

    _moment: ClassVar[datetime] = datetime.combine(DAY, _OPENS, CN)
    _turn: ClassVar[Lock] = Lock()

    def now(self) -> datetime:
        """Return the present moment of the day that is lived, in UTC."""
        with self._turn:
            LeapingClock._moment += _LOOK
            return self._moment.astimezone(UTC)

    @classmethod
    def leap(cls, moment: datetime) -> None:
        with cls._turn:
            LeapingClock._moment = max(cls._moment, moment)


class Minutes:
    """Stands in for the scheduler: calls `tick` at each minute of the day, then asks the process to end.

    In the first minute of the afternoon it does so every five seconds, as the product asks again by itself.
    """

    def __init__(self, tick: Callable[[], Awaitable[None]], zone: ZoneInfo) -> None:
        self._tick, self._zone = tick, zone
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    def shutdown(self, wait: bool) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        for minute in _minutes(self._zone):
            LeapingClock.leap(minute)
            await self._tick()
            # What listens beside the loop has its turn, as it has in a minute that lasts.
            await asyncio.sleep(0)
        os.kill(os.getpid(), signal.SIGTERM)


def _minutes(zone: ZoneInfo) -> Iterator[datetime]:
    at, end = datetime.combine(DAY, _OPENS, zone), datetime.combine(DAY, _ENDS[zone], zone)
    while at <= end:
        yield at
        at += timedelta(seconds=5) if at.time().replace(second=0) == time(13) else timedelta(minutes=1)


def moment(stated: str) -> datetime:
    """Return when the day shows that time, or another day does."""
    whole = stated if "T" in stated else f"{DAY}T{stated}"
    return datetime.fromisoformat(whole).replace(tzinfo=CN)


def stated(arguments: Sequence[str]) -> argparse.Namespace:
    """Return what stands before the `--`."""
    parser = argparse.ArgumentParser(prog="paper_day", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--us", action="store_true")
    parser.add_argument("--at", type=moment, metavar="HH:MM")
    parser.add_argument("--spell", nargs=3, action="append", default=[], metavar=("HOST", "FAULT", "SINCE"))
    parser.add_argument("--ban", nargs=2, action="append", default=[], metavar=("HOST", "SINCE"))
    return parser.parse_args(arguments)


def trouble_of(wanted: argparse.Namespace) -> Trouble:
    """Return the faults that were asked for."""
    spells = (Spell(host, Fault(fault), moment(since)) for host, fault, since in wanted.spell)
    return Trouble(*spells, *(ban(host, moment(since)) for host, since in wanted.ban))


def main(arguments: Sequence[str]) -> None:
    """Live the day, then say on stderr how often each host was asked."""
    border = arguments.index("--") if "--" in arguments else len(arguments)
    wanted, passed_on = stated(arguments[:border]), arguments[border + 1 :]
    zone, market = (NEW_YORK, us_market()) if wanted.us else (CN, seeded_market())
    LeapingClock.leap(datetime.combine(DAY, _OPENS, zone))
    if wanted.at is not None:
        LeapingClock.leap(wanted.at)
    services.clock.SystemClock = LeapingClock  # type: ignore[misc, assignment]
    scheduler.cron.triggers = lambda tick, *_: Minutes(tick, zone)
    with (
        TemporaryDirectory() as folder,
        vendor_twins(Path(folder), market, LeapingClock().now, trouble_of(wanted)) as net,
    ):
        for name in UNSET:
            os.environ.pop(name, None)
        os.environ.update(net.environment)
        # Imported here: whoever imports the clock from now on gets this one.
        import run_live

        try:
            run_live.app(list(passed_on))
        finally:
            counts = {host: sum(one.host == host for one in net.asked) for host in sorted(net.hosts_asked())}
            print(json.dumps({"asked": counts}), file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
