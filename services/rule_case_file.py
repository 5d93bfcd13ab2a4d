"""A file of worked cases: read, answered one by one, and compared with what it expects."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from services.rule_cases import Calendars, answer_case
from services.rules import OutsideRulebook
from services.rules.case_input import Unsupported

Plain = dict[str, object]


class CaseFileError(ValueError):
    """A file of cases that cannot be used: one line naming the file and the mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case as the file has it; `damage` says why it cannot be answered, None where it can.

    `expect` is None where the file states nothing to compare with.
    """

    id: str
    category: str = ""
    input: Mapping[str, object]
    expect: Mapping[str, object] | None = None
    damage: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A case and what it came to: `got` is None, and `why` says so, where there is no answer."""

    case: Case
    got: Mapping[str, object] | None
    why: str | None = None

    @property
    def supported(self) -> bool:
        """Whether there is an answer."""
        return self.got is not None

    @property
    def passed(self) -> bool:
        """Whether the answer is what the file expects."""
        expect = self.case.expect
        return self.got is not None and expect is not None and same(self.got, expect)


def read_cases(path: Path) -> tuple[Case, ...]:
    """Return the cases of a file, numbers with all the decimals they are written with.

    A case that cannot be read is returned with its damage, so that it is not overlooked.

    Raises:
        CaseFileError: The file cannot be read, or has no cases.
    """
    try:
        content = json.loads(path.read_bytes(), parse_float=Decimal, parse_constant=_no_number)
    except OSError as problem:
        raise CaseFileError(f"{path}: cannot be read ({problem.strerror}); give a file of cases") from None
    except (ValueError, RecursionError) as problem:
        raise CaseFileError(f"{path}: is not JSON ({problem}); save it again") from None
    cases = content.get("cases") if isinstance(content, dict) else content
    if not isinstance(cases, list):
        raise CaseFileError(f'{path}: has no list of cases; write {{"cases": [{{"id": ...}}]}}')
    if not cases:
        raise CaseFileError(f"{path}: its list of cases is empty; give at least one case")
    return tuple(_case(f"#{number}", stated) for number, stated in enumerate(cases))


def _no_number(constant: str) -> object:
    raise ValueError(f"{constant} is not a number")


def _case(place: str, stated: object) -> Case:
    if not isinstance(stated, dict):
        return Case(id=place, input={}, damage="the case is no object")
    name, category, given = stated.get("id", place), stated.get("category"), stated.get("input")
    expect = stated.get("expect")
    damage = None
    if not isinstance(category, str):
        damage = "the case has no category"
    elif not isinstance(given, dict):
        damage = "the case has no input"
    elif expect is not None and not isinstance(expect, dict):
        damage = "the expectation is no object"
    return Case(
        id=name if isinstance(name, str) else str(plain(name)),
        category=category if isinstance(category, str) else "",
        input=given if isinstance(given, dict) else {},
        expect=expect if isinstance(expect, dict) else None,
        damage=damage,
    )


def check(cases: Sequence[Case], calendars: Calendars) -> tuple[Checked, ...]:
    """Return what each case comes to, in their order."""
    return tuple(_checked(case, calendars) for case in cases)


def _checked(case: Case, calendars: Calendars) -> Checked:
    if case.damage is not None:
        return Checked(case=case, got=None, why=case.damage)
    try:
        answer = answer_case(case.category, case.input, calendars)
    except Unsupported as reason:
        return Checked(case=case, got=None, why=str(reason))
    except (OutsideRulebook, ValueError, ArithmeticError) as problem:
        return Checked(case=case, got=None, why=f"{type(problem).__name__}: {problem}")
    return Checked(case=case, got=_asked(answer, case.expect))


def _asked(answer: Plain, expect: Mapping[str, object] | None) -> Plain:
    """Return the part of an answer that the case asks for: all of it where it names nothing we know."""
    asked = {name: answer[name] for name in expect or () if name in answer}
    return asked or answer


def same(got: object, expected: object) -> bool:
    """Answer whether two values are one: numbers by value, however many zeros they are written with."""
    if isinstance(got, Mapping) and isinstance(expected, Mapping):
        return got.keys() == expected.keys() and all(same(got[name], expected[name]) for name in got)
    if isinstance(got, bool) or isinstance(expected, bool):
        return got is expected
    left, right = _number(got), _number(expected)
    return got == expected if left is None or right is None else left == right


_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def _number(value: object) -> Decimal | None:
    if isinstance(value, int | Decimal):
        return Decimal(value)
    return Decimal(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else None


def plain(value: object) -> object:
    """Return a value that JSON can hold: exact numbers become text."""
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return str(value)
    return str(value) if isinstance(value, Decimal) else value
