"""A halt in words."""

from __future__ import annotations

from monitor.plain_text import printable
from monitor.wording import say
from services.domain.events import Halt


def halt_line(halt: Halt, lang: str) -> str:
    """Return what is halted, why, and by whom or what, on one line."""
    what = say("halt.everywhere" if halt.everywhere else "halt.account", lang)
    of = printable(halt.symbol) or what
    if halt.symbol and halt.everywhere:
        of = f"{of} ({what})"
    who = f", {printable(halt.by)}" if halt.by else ""
    return f"{of}: {printable(halt.why)} [{say(f'halt.{halt.cause}', lang)}{who}]"
