"""Which recorded session a person means."""

from __future__ import annotations

from collections.abc import Collection

from commands.failures import CommandFailed, Exit

LATEST = "latest"
_NAMED_MAX = 4


def session_named(wanted: str, sessions: Collection[str], option: str = "") -> str:
    """Return the id that `wanted` gives: in full, by a beginning that no other has, or as `latest`.

    `sessions` are the account's ids, oldest first; `option` is the one that gave `wanted`, for what is said.

    Raises:
        CommandFailed: No session is meant, or more than one may be.
    """
    if wanted in sessions:
        return wanted
    if wanted == LATEST:
        meant = [*sessions][-1:]
    else:
        meant = [one for one in sessions if wanted and one.startswith(wanted)]
    given = f"{option} {wanted}: " if option else ""
    if not meant:
        raise CommandFailed(Exit.USAGE, f"{given}there is no session {wanted!r}; see `sessions`")
    if len(meant) > 1:
        named = ", ".join(meant[:_NAMED_MAX])
        others = f" or one of {len(meant) - _NAMED_MAX} others" if meant[_NAMED_MAX:] else ""
        raise CommandFailed(
            Exit.USAGE, f"{given}session {wanted!r} may be {named}{others}; give more of its id"
        )
    return meant[0]
