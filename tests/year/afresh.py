"""What one real process holds that goes on from accounts as they stand, and lives a quiet week with them.

The year itself is lived in one interpreter, in which all processes die and are born, and the harness with
them: its memory is no process's own. So at the end of each quarter the data are copied, and an interpreter
of its own opens them and tells what it holds a week later.
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

from tests.year.living import Figures, Living
from tests.year.plan import WEEK_S, made


def held_afresh(folder: Path, first: date, weeks: int) -> Figures:
    """Return what a process of its own holds that lives the week after `weeks` weeks from `first`.

    Raises:
        RuntimeError: It did not come to its end.
    """
    with TemporaryDirectory(dir=folder.parent) as place:
        copy = copytree(folder, Path(place) / "data")
        begins = first + timedelta(weeks=weeks)
        done = subprocess.run(
            [sys.executable, "-m", "tests.year.afresh", str(copy), str(begins)],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return Figures(week=weeks, **json.loads(done.stdout))


def main() -> None:
    """Live the week in the folder that is named, from the day that is named, and print what is held."""
    folder, first = Path(sys.argv[1]), date.fromisoformat(sys.argv[2])
    lived = Living(made(first, WEEK_S, ()), folder).live()
    if lived.bugs:
        raise SystemExit("; ".join(lived.bugs))
    held = lived.figures[-1]
    print(
        json.dumps(
            {"rss_mib": held.rss_mib, "descriptors": held.descriptors, "journal_kib": held.journal_kib}
        )
    )


if __name__ == "__main__":
    main()
