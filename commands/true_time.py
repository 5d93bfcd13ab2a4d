"""What web servers say the time is: who is asked, and the start that a wrong clock is refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from commands.doctor_checks import asked_model, is_local
from commands.doctor_network import vendor_hosts
from services.clock import stopwatch_s
from services.clock_offset import Offset, clock_offset
from services.ports import Clock, ClockFault
from services.settings import Settings
from services.steady_clock import STEP_MAX

CLOCK_WAIT_S = 3.0

TrueTime = Callable[[], Awaitable[Offset | None]]
"""Returns how far the machine's clock is from a web server's, None where none says what time it is."""


def clock_hosts(settings: Settings) -> tuple[str, ...]:
    """Return the web servers that are asked what time it is: the vendor's and the model's."""
    model = asked_model(settings)
    models = () if model is None or is_local(model.base_url) else (model.base_url,)
    return (*(host.address for host in vendor_hosts(settings)), *models)


def true_time(hosts: Sequence[str], clock: Clock, stopwatch: Callable[[], float] = stopwatch_s) -> TrueTime:
    """Return who asks these hosts, all at once, for at most `CLOCK_WAIT_S`."""

    async def asked() -> Offset | None:
        return await clock_offset(hosts, clock.now(), stopwatch(), CLOCK_WAIT_S, stopwatch)

    return asked


async def require_right(ask: TrueTime | None) -> None:
    """Return where the clock is right, or nobody says what time it is: then no vendor answers either.

    Raises:
        ClockFault: It is wrong by more than a minute for certain: under it slots to come would be on record
            as missed.
    """
    found = None if ask is None else await ask()
    if found is None or found.at_least_s <= STEP_MAX.total_seconds():
        return
    way = "ahead of" if found.offset_s > 0 else "behind"
    off = timedelta(seconds=int(found.at_least_s))
    why = f"this machine's clock is {way} {found.host}'s by {off}; set it right, and start again"
    raise ClockFault("the time", why)
