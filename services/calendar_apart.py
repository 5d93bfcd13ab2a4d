"""Sina's trading days, read in a process of its own: the library for it takes memory and keeps it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

from services.calendar_check import DEADLINE_S, AkshareDays, ToldDays
from services.ports import PriceFault

_ROOT = Path(__file__).parents[1]
_COMMAND = (sys.executable, "-m", "services.calendar_apart")
_START_S = 15.0
"""How long a slow machine may take to load the library."""


class DaysApart:
    """Asks akshare in a child process, which prints one day a line and ends."""

    name = AkshareDays.name

    def __init__(self, command: Sequence[str] = _COMMAND, deadline_s: float = DEADLINE_S + _START_S) -> None:
        self._command, self._deadline_s = tuple(command), deadline_s

    async def days(self, first: date, until: date) -> ToldDays:
        """Return the whole list.

        Raises:
            PriceFault: There is no usable answer in time.
        """
        asked = "akshare, in a process of its own"
        child = await asyncio.create_subprocess_exec(
            *self._command, cwd=_ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        try:
            async with asyncio.timeout(self._deadline_s):
                out, err = await child.communicate()
        except TimeoutError:
            raise PriceFault(asked, f"no answer within {self._deadline_s:g} s") from None
        finally:
            if child.returncode is None:
                with suppress(ProcessLookupError):
                    child.kill()
                await child.wait()
        lines = out.decode("utf-8", "replace").split()
        if child.returncode or not lines:
            why = err.decode("utf-8", "replace").strip().splitlines()
            raise PriceFault(asked, why[-1][:200] if why else "it said nothing")
        try:
            days = frozenset(map(date.fromisoformat, lines))
        except ValueError as error:
            raise PriceFault(asked, f"the answer has another form ({error})") from error
        return ToldDays(source=self.name, first=min(days), until=max(days), open=days)


def main() -> int:
    """Print the days, one a line; 1 where there are none, with why on stderr."""
    try:
        told = asyncio.run(AkshareDays().days(date.min, date.max))
    except PriceFault as fault:
        print(fault, file=sys.stderr)
        return 1
    print("\n".join(f"{day}" for day in sorted(told.open)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
