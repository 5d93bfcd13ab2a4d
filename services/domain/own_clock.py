"""How this machine's clock stands to the clocks of those it asks. Pure."""

from __future__ import annotations

from services.domain.value import Value

AHEAD_MS_MAX = 2000
"""How far a clock that orders are timed by may be off: 2 s, either way."""


class ClockReading(Value, frozen=True, kw_only=True):
    """By how much this machine's clock is ahead of the clocks of `hosts`, negative where it is behind.

    `within_ms` is how far the truth may lie from that: an answer states whole seconds and takes its time.
    """

    hosts: tuple[str, ...]
    ahead_ms: int
    within_ms: int

    @property
    def is_wrong(self) -> bool:
        """Whether the clock is off by more than is let, for certain."""
        return abs(self.ahead_ms) - self.within_ms > AHEAD_MS_MAX

    @property
    def words(self) -> str:
        """The reading in a sentence's part: `4.2 s ahead of hq.sinajs.cn, give or take 1.0 s`."""
        way = "ahead of" if self.ahead_ms >= 0 else "behind"
        off_s, within_s = abs(self.ahead_ms) / 1000, self.within_ms / 1000
        return f"{off_s:.1f} s {way} {', '.join(self.hosts)}, give or take {within_s:.1f} s"
