"""A mind that answers from a script: for rehearsals, tests and demonstrations."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from services.domain.decision import Briefing, RawAnswer, Reads
from services.domain.orders import SessionId

NO_TRADE = '{"rationale":"The script is at its end.","orders":[]}'


class ScriptError(ValueError):
    """The script cannot be used; one line names the file, the line and the mend."""


class ScriptedAgent:
    """Gives the n-th answer in the account's n-th session, and trades nothing after the last.

    `ordinal_of` tells which session it is, counted from 0 over the account's life, so that a run
    that was cut off goes on with the answer that was due.
    """

    def __init__(
        self, answers: Sequence[str], ordinal_of: Callable[[SessionId], int], name: str = "scripted"
    ) -> None:
        self._answers = tuple(answers)
        self._ordinal_of = ordinal_of
        self._name = name

    @property
    def name(self) -> str:
        """`scripted`, or what the composition root calls it."""
        return self._name

    @property
    def reads(self) -> Reads:
        """A script reads nothing; arrays cost nothing to show."""
        return Reads.ARRAYS

    async def decide(self, briefing: Briefing) -> RawAnswer:
        """Return the answer written for this session, as it is."""
        ordinal = self._ordinal_of(briefing.session)
        due = 0 <= ordinal < len(self._answers)
        return RawAnswer(text=self._answers[ordinal] if due else NO_TRADE, model=self._name)


def read_script(path: Path) -> tuple[str, ...]:
    r"""Return the answers of a script: one JSON string a line, `"{\"rationale\": ...}"`, in order.

    Raises:
        ScriptError: The file cannot be read, or a line is not one JSON string.
    """
    try:
        text = path.read_text("utf-8-sig").removesuffix("\n")
    except OSError as error:
        raise ScriptError(f"{path}: cannot be read as a script: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ScriptError(f"{path}: cannot be read as a script: {error}") from error
    # Not splitlines: a JSON string may hold line separators of Unicode.
    lines = text.split("\n") if text else []
    return tuple(_answer(path, number, line) for number, line in enumerate(lines, start=1))


def _answer(path: Path, number: int, line: str) -> str:
    try:
        answer = json.loads(line)
    except ValueError as error:
        raise ScriptError(
            f"{path}:{number}: not JSON ({error}); write each answer as one JSON string"
        ) from error
    if not isinstance(answer, str):
        raise ScriptError(
            f"{path}:{number}: a {type(answer).__name__}, not a text; write each answer as one JSON string"
        )
    return answer
