"""Where a file stops being UTF-8 text: the line an editor is opened at."""

from __future__ import annotations

from pathlib import Path


def first_line_not_utf8(path: Path) -> int:
    """Return the number of the first line that is not UTF-8, from 1; 1 where all of them are.

    Raises:
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return 1
