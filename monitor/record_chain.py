"""The hash chain of a record that has one: each line holds its own hash and that of the one before. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from services.journal.audit import GENESIS_HASH, line_hash

_HASH = re.compile(rb',\s*"hash":\s*"([^"]*)"\s*\}\s*$')


class HashChain:
    """Reads the lines of one record in their order, and says where its chain is broken.

    A record none of whose lines has a hash has no chain: a change of it cannot be told.
    """

    def __init__(self) -> None:
        self._before: str | None = GENESIS_HASH
        self._chained = False

    def interrupt(self) -> None:
        """Go on after a line that cannot be read: whether the next one follows from it cannot be told."""
        self._before = None

    def problems(self, text: bytes, stated: Mapping[str, object]) -> Iterator[str]:
        """Yield what is wrong with the hashes of the next line: its bytes, and what it states."""
        before, self._before = self._before, None
        if "hash" not in stated:
            if self._chained:
                yield "has no hash, though lines before it have one"
            return
        self._chained = True
        found = _HASH.search(text)
        self._before = str(stated["hash"])
        if found is None or line_hash(text[: found.start()] + b"}") != self._before:
            yield "is not what its hash was taken of"
        if before is not None and stated.get("prev") != before:
            yield "has a prev that is not the hash of the line before"
