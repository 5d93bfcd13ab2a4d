"""Which recorded session a person means."""

from __future__ import annotations

from collections.abc import Collection

from commands.failures import CommandFailed, Exit
from commands.manual import said

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
        raise CommandFailed(
            Exit.USAGE,
            given
            + said(
                f"there is no session {wanted!r}; see `sessions`",
                f"没有时段 {wanted!r}；见 `sessions`",
            ),
        )
    if len(meant) > 1:
        named = ", ".join(meant[:_NAMED_MAX])
        more = len(meant) - _NAMED_MAX
        others = said(f" or one of {more} others", f" 或其余 {more} 个之一") if more > 0 else ""
        raise CommandFailed(
            Exit.USAGE,
            given
            + said(
                f"session {wanted!r} may be {named}{others}; give more of its id",
                f"时段 {wanted!r} 可能是 {named}{others}；请多写几位编号",
            ),
        )
    return meant[0]
