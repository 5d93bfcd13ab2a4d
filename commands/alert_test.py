"""`alert test`: sends a message to the configured channels and says of each whether it was taken."""

from __future__ import annotations

import asyncio

from commands.alert_channels import channel_of, enabled, missing_secret
from commands.failures import CommandFailed, Exit
from commands.screen import Screen
from monitor.alarms import channel_test
from monitor.sender import notice_of
from services.clock import SystemClock
from services.ports import AlertFault, Clock
from services.settings import Settings
from services.settings_alerts import ChannelSettings
from services.slots import ZONES


def alert_test(settings: Settings, channel: str | None, screen: Screen, clock: Clock | None = None) -> Exit:
    """Try every channel, or the one of that name; UNAVAILABLE where one did not take the message.

    Raises:
        CommandFailed: There is no channel, or none of that name.
    """
    known = enabled(settings)
    chosen = [one for one in known if channel in (None, one.name)]
    if not known:
        raise CommandFailed(
            Exit.USAGE, "no alert channel is configured; add one under alerts.channels (docs/alerts.md)"
        )
    if not chosen:
        names = ", ".join(one.name for one in known)
        raise CommandFailed(Exit.USAGE, f"--channel {channel}: there is none of that name; there are {names}")
    answers = asyncio.run(_try_all(settings, chosen, clock or SystemClock()))
    screen.result(
        {
            "channels": [
                {"name": one.name, "type": one.type, "ok": not why, "why": why}
                for one, why in zip(chosen, answers, strict=True)
            ]
        }
    )
    for one, why in zip(chosen, answers, strict=True):
        screen.line("alert.test.failed" if why else "alert.test.ok", channel=one.name, type=one.type, why=why)
    return Exit.UNAVAILABLE if any(answers) else Exit.DONE


async def _try_all(settings: Settings, channels: list[ChannelSettings], clock: Clock) -> list[str]:
    return list(await asyncio.gather(*(_try(settings, one, clock) for one in channels)))


async def _try(settings: Settings, channel: ChannelSettings, clock: Clock) -> str:
    """Return why the channel did not take the message, empty where it did."""
    if variable := missing_secret(channel):
        return f"its secret is not set; set {variable} in the environment or .env"
    alert = channel_test(settings.account, channel.name, clock.now())
    try:
        lang = channel.lang or settings.lang
        await channel_of(channel, clock).send(notice_of(alert, lang, ZONES[settings.market]))
    except AlertFault as fault:
        return fault.why
    return ""
