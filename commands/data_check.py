"""`data check`: what is wrong with bars in files, between files, or in the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from commands.failures import Exit
from commands.history_folder import length_in, store_of, tables_of, told_in_a_line
from commands.opening import open_calendar
from commands.screen import Screen
from commands.wording import tell
from services.domain.instruments import Market
from services.history.checking import Checked, Declared, check_file, check_pairs, check_store, renamed
from services.history.findings import Finding, passes
from services.ports import Calendar, Clock
from services.settings import Settings

_SYMBOLS_SHOWN = 6


def check(
    settings: Settings,
    files: Sequence[Path],
    frequency: str,
    screen: Screen,
    clock: Clock,
    cache: Path | None,
) -> Exit:
    """Check the files and each against each, or without files the store.

    Raises:
        CommandFailed: There is no such length, or the store cannot be read.
    """
    calendar = open_calendar(settings, cache)
    length = length_in("--frequency", frequency) if frequency else None
    if files:
        declared = Declared(
            length=length, adjustment=settings.prices.adjustment, volume_unit=settings.prices.volume_unit
        )
        checked = _checked(files, declared, calendar, clock.now(), settings.market, screen)
        names = [one.name for one in checked]
        if len(set(names)) < len(names):
            checked = [renamed(one, str(path)) for one, path in zip(checked, files, strict=True)]
        between = check_pairs(checked)
    else:
        with told_in_a_line(), screen.waiting("data.checking"):
            store = store_of(settings)
            checked = check_store(store, tables_of(store), calendar, settings.market, clock.now())
        between = check_pairs(checked)
        if not checked:
            screen.line("data.check.empty", folder=store.folder)
    _show(checked, between, screen)
    sound = all(passes(one.findings) for one in checked) and passes(between)
    return Exit.DONE if sound else Exit.DIFFERENCES


def _checked(
    files: Sequence[Path],
    declared: Declared,
    calendar: Calendar,
    now: datetime,
    market: Market,
    screen: Screen,
) -> list[Checked]:
    found = []
    with screen.progress("data.checking") as bar:
        bar.expect(len(files))
        for path in files:
            found.append(check_file(path, declared, calendar, now, market))
            bar.step()
    return found


def _show(checked: Sequence[Checked], between: Sequence[Finding], screen: Screen) -> None:
    for one in checked:
        counts = {"symbols": len(one.series), "bars": f"{sum(map(len, one.series)):,}"}
        word = "passes" if passes(one.findings) else "fails"
        verdict = tell(f"data.check.{word}", screen.lang, **counts)
        screen.line("data.check.file", name=one.name, verdict=verdict)
        for finding in one.findings:
            show_finding(finding, screen)
    if between:
        screen.line("data.check.between")
    for finding in between:
        show_finding(finding, screen)
    screen.result(
        {
            "checked": [
                {
                    "name": one.name,
                    "passes": passes(one.findings),
                    "symbols": len(one.series),
                    "bars": sum(map(len, one.series)),
                    "findings": [as_json(finding) for finding in one.findings],
                }
                for one in checked
            ],
            "between": [as_json(finding) for finding in between],
        }
    )


def show_finding(finding: Finding, screen: Screen) -> None:
    """Print a finding in two or three lines."""
    lang = screen.lang
    span = "" if not finding.first else f" {finding.first}"
    if finding.last not in ("", finding.first):
        span += f" … {finding.last}"
    screen.line(
        "data.check.finding",
        certainty=tell(f"data.certainty.{finding.certainty}", lang),
        kind=tell(f"data.kind.{finding.kind}", lang),
        span=span,
        of=_symbols(finding, lang),
    )
    screen.line("data.check.detail", detail=finding.detail)
    if finding.mend:
        screen.line("data.check.mend", mend=finding.mend)


def as_json(finding: Finding) -> dict[str, Any]:
    """Return a finding for other programs."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(finding).items()}


def _symbols(finding: Finding, lang: str) -> str:
    if not finding.symbols:
        return tell("data.check.all", lang)
    shown = ", ".join(finding.symbols[:_SYMBOLS_SHOWN])
    more = len(finding.symbols) - _SYMBOLS_SHOWN
    if more <= 0:
        return tell("data.check.symbols", lang, symbols=shown)
    return tell("data.check.more", lang, symbols=shown, more=more, all=len(finding.symbols))
