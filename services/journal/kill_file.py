"""A file that stops every send while it is there."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from services.ports import JournalFault

KILL_NAME = "KILL"
"""In an account's folder it stops that account, in the data folder all of them."""

_WORDS_MAX = 200


def kill_requested(folder: Path) -> bool:
    """Answer whether a kill file lies in the account's folder or in the data folder above it.

    Where that cannot be told the answer is yes: nothing may be sent.
    """
    try:
        return any(_lies_in(place) for place in (folder, folder.parent))
    except OSError:
        return True


def _lies_in(place: Path) -> bool:
    """Answer whether anything of that name is there, a link that leads nowhere too."""
    try:
        (place / KILL_NAME).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def kill_words(folder: Path) -> str:
    """Return what the kill file of the account's folder, or else of the data folder, says, on one line.

    At most 200 characters; empty where the file is empty, cannot be read or is not there.
    """
    for place in (folder, folder.parent):
        with suppress(OSError):
            text = (place / KILL_NAME).read_text(encoding="utf-8", errors="replace")
            return " ".join(text.split())[:_WORDS_MAX]
    return ""


def put_kill_file(place: Path, words: str) -> None:
    """Let a kill file lie in a folder; it acts from the moment it is there, with its words or without.

    One that is there already stays as it is.

    Raises:
        JournalFault: It cannot be made: nothing is stopped by it.
    """
    path = place / KILL_NAME
    try:
        if _lies_in(place):
            return
        path.touch()
    except OSError as error:
        raise JournalFault(f"make {path}", error.strerror or str(error)) from error
    # On a full disk the name alone can still be written, and the name alone stops everything.
    with suppress(OSError):
        path.write_text(words + "\n", encoding="utf-8")


def remove_kill_file(place: Path) -> bool:
    """Take the kill file out of a folder; answer whether there was one.

    Raises:
        JournalFault: It cannot be removed, and goes on stopping everything.
    """
    path = place / KILL_NAME
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise JournalFault(f"remove {path}", error.strerror or str(error)) from error
    return True
