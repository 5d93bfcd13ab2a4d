"""One finding of `doctor`, and the words it is told in."""

from __future__ import annotations

from dataclasses import dataclass

from commands.doctor_wording import CATALOGUE
from monitor.plain_text import printable
from monitor.wording import worded


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What was looked at and found, and what to do about it; `ok` None is a warning, or cannot be told."""

    name: str
    ok: bool | None
    detail: str
    mend: str = ""

    @property
    def state(self) -> str:
        """`ok`, `warn` or `fail`."""
        if self.ok is None:
            return "warn"
        return "ok" if self.ok else "fail"


@dataclass(frozen=True, slots=True)
class Words:
    """The catalogue in one language, en or zh; keys are `<name of the check>.<finding>`."""

    lang: str

    def tell(self, key: str, /, **values: object) -> str:
        """Return the wording of `key` on one line, strangers' words in `values` made safe to show.

        Raises:
            KeyError: No such key, or a placeholder without a value.
        """
        return " ".join(printable(worded(CATALOGUE, key, self.lang, values)).split())

    def passed(self, key: str, /, **values: object) -> Check:
        """Return a check that found nothing missing."""
        return self._check(True, key, values)

    def warned(self, key: str, /, **values: object) -> Check:
        """Return a check that found something to look at, or could not tell."""
        return self._check(None, key, values)

    def failed(self, key: str, /, **values: object) -> Check:
        """Return a check that found something missing."""
        return self._check(False, key, values)

    def _check(self, ok: bool | None, key: str, values: dict[str, object]) -> Check:
        mend = "" if ok else self.tell(f"{key}.mend", **values)
        return Check(name=key.partition(".")[0], ok=ok, detail=self.tell(key, **values), mend=mend)
