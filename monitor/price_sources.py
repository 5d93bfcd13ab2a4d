"""How often live price sources contradict each other, the rulebook, the day before or the clock. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from services.domain.quotes import HISTORY, OWN_CLOCK, RULEBOOK, Comparison, VendorSnapshot

RATIO_MAX = 0.1
"""What part of the symbols compared may differ before a person is told, where not even one is too many."""

_TOLD: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        RULEBOOK: frozenset({"outside_limits", "limits_disagree"}),
        # A quote that is merely old is often of a share that hardly trades.
        OWN_CLOCK: frozenset({"wrong_day", "ahead"}),
        HISTORY: frozenset({"history_differs"}),
    }
)
_OF_SOURCES = frozenset({"prev_close_differs", "last_differs", "limits_disagree", "status_differs"})
_NOT_ONE = frozenset({"outside_limits", "limits_disagree", "history_differs", "status_differs"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A source that contradicts another too often: in how many of the symbols compared, and in what."""

    source: str
    other: str
    compared: int
    fields: Mapping[str, int]

    @property
    def words(self) -> str:
        """The fields with their counts, most frequent first."""
        ranked = sorted(self.fields.items(), key=lambda one: (-one[1], one[0]))
        return ", ".join(f"{field} {count}" for field, count in ranked)


def disagreements(snapshot: VendorSnapshot) -> Iterator[Disagreement]:
    """Yield the pairs of the snapshot that differ more often than is let."""
    for one in snapshot.comparisons or ():
        fields = _told(one)
        often = sum(fields.values()) >= RATIO_MAX * one.compared
        if fields and (often or not _NOT_ONE.isdisjoint(fields)):
            yield Disagreement(source=one.source, other=one.other, compared=one.compared, fields=fields)


def _told(one: Comparison) -> Mapping[str, int]:
    wanted = _TOLD.get(one.other, _OF_SOURCES)
    return {field: count for field, count in one.differed.items() if field in wanted and count}
