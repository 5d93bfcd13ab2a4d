"""One look of a watchdog as a person or another program reads it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from commands.screen import Screen
from monitor.watchdog_finding import Finding, Judgement
from monitor.watchdog_told import title_of
from monitor.wording import say
from services.domain.alerts import Severity
from services.domain.watched import Seen, Watched

OF_MACHINE = (Watched.LOG, Watched.DISK, Watched.CLOCK, Watched.CALENDAR, Watched.DEAD_MAN)
"""What is looked at once for all accounts of a data folder."""

STYLES = {"ok": "green", "untold": "yellow", "warning": "yellow", "critical": "bold red"}


def exit_code(judged: Iterable[Judgement]) -> int:
    """Return 0 where all is well, 1 where there are warnings, 2 where something is critical."""
    ranks = [finding.severity.rank for one in judged for finding in one.findings]
    return min(max(ranks, default=0), 2)


def seen_as_json(seen: Seen, judged: Judgement) -> dict[str, Any]:
    """Return a look as `--json` prints it."""
    account = seen.account
    return {
        "account": account.account,
        "vitals": None if account.vitals is None else msgspec.to_builtins(account.vitals),
        "silent_s": None if account.vitals is None else round(account.silent_s, 1),
        "slots": [
            {"slot": one.local, "session": one.begun, "outcome": one.outcome and str(one.outcome)}
            for one in account.slots
        ],
        "halts": [
            {"symbol": one.halt.symbol, "cause": str(one.halt.cause), "since": one.since.isoformat()}
            for one in account.halts
        ],
        "process": None if account.process is None else msgspec.to_builtins(account.process),
        "machine": None if seen.machine is None else msgspec.to_builtins(seen.machine),
        "findings": [_finding(one) for one in judged.findings],
        "untold": sorted(judged.untold),
    }


def show_seen(seen: Seen, judged: Judgement, screen: Screen) -> None:
    """Print a look: a line for each thing that is looked at."""
    if screen.as_json:
        return
    from rich.cells import cell_len, set_cell_size
    from rich.text import Text

    lang = screen.lang
    screen.show(Text(say("watch.once.account", lang, account=seen.account.account), style="bold"))
    looked_at = [one for one in Watched if seen.machine is not None or one not in OF_MACHINE]
    names = {one: say(f"watched.{one}", lang) for one in looked_at}
    width = max(map(cell_len, names.values())) + 2
    state_width = max(cell_len(say(f"watch.once.{state}", lang)) for state in STYLES) + 2
    for one, name in names.items():
        for state, detail in _lines(one, judged, lang):
            word = set_cell_size(say(f"watch.once.{state}", lang), state_width)
            screen.show(Text.assemble((word, STYLES[state]), set_cell_size(name, width), detail))


def _lines(what: Watched, judged: Judgement, lang: str) -> list[tuple[str, str]]:
    found = [one for one in judged.findings if one.what is what]
    if found:
        return [(_state(one), title_of(one).in_language(lang)) for one in found]
    return [("untold" if what in judged.untold else "ok", "")]


def _state(finding: Finding) -> str:
    return "critical" if finding.severity is Severity.CRITICAL else "warning"


def _finding(one: Finding) -> dict[str, Any]:
    title = title_of(one)
    return {
        "what": str(one.what),
        "severity": str(one.severity),
        "place": one.place,
        "title": title.en,
        "title_zh": title.zh,
    }
