"""`rules check`: answers a file of worked cases and compares them with what it expects."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from msgspec.structs import replace

from commands.failures import CommandFailed, Exit
from commands.opening import open_calendar
from commands.screen import Screen
from services.domain.instruments import Market
from services.ports import Calendar
from services.rule_case_file import CaseFileError, Checked, check, plain, read_cases
from services.settings import Settings


def check_rules(settings: Settings, path: Path, screen: Screen, cache_dir: Path | None) -> Exit:
    """Answer every case of the file and name those that differ or cannot be answered.

    Raises:
        CommandFailed: The file has no cases that could be read.
    """

    @cache
    def calendar(market: Market) -> Calendar:
        return open_calendar(replace(settings, market=market), cache_dir)

    try:
        cases = read_cases(path)
    except CaseFileError as problem:
        raise CommandFailed(Exit.USAGE, str(problem)) from None
    done = check(cases, calendar)
    passed = sum(one.passed for one in done)
    failed = [one for one in done if one.supported and not one.passed]
    unsupported = [one for one in done if not one.supported]
    screen.result(
        {
            "cases": len(done),
            "passed": passed,
            "failed": [
                {"id": one.case.id, "expected": plain(one.case.expect), "got": plain(one.got)}
                for one in failed
            ],
            "unsupported": [one.case.id for one in unsupported],
            "results": [{"id": one.case.id, "got": plain(one.got)} for one in done],
        }
    )
    _show(screen, len(done), passed, failed, unsupported)
    return Exit.DONE if passed == len(done) else Exit.DIFFERENCES


def _show(screen: Screen, cases: int, passed: int, failed: list[Checked], unsupported: list[Checked]) -> None:
    screen.line("rules.checked", cases=cases, passed=passed)
    for one in failed:
        if one.case.expect is None:
            screen.line("rules.expects_nothing", id=one.case.id, got=plain(one.got))
            continue
        screen.line("rules.failed", id=one.case.id, expected=plain(one.case.expect), got=plain(one.got))
    for one in unsupported:
        screen.line("rules.unsupported", id=one.case.id, why=one.why)
