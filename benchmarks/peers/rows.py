"""The work: which market a row trades on, and how often it rebalances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.domain.bars import Frequency


class UnknownName(ValueError):
    """No row or peer of that name; the message lists those there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The work of one column: `symbols` over `years` up to the end of 2025, rebalanced each `every` bars.

    `rotates`: what stays among the first five is left as it is, not brought back to equal weight.
    """

    symbols: int
    years: int
    frequency: Frequency
    every: int
    rotates: bool = False

    @property
    def market(self) -> str:
        """The name of the folder of its prices: `hourly-50`."""
        return f"{self.frequency}-{self.symbols}"

    @property
    def name(self) -> str:
        """`hourly-50-every-1`, `hourly-50-every-1-rotation`."""
        return f"{self.market}-every-{self.every}{'-rotation' if self.rotates else ''}"

    @property
    def rule(self) -> str:
        """How the rule rebalances, in words."""
        bars = "every bar" if self.every == 1 else f"every {self.every} bars"
        return f"{bars}, rotation alone" if self.rotates else bars

    @property
    def title(self) -> str:
        """The row in words."""
        return f"{self.frequency}, {self.symbols} symbols × {self.years} years, {self.rule}"

    def on_fewest(self) -> Row:
        """Return the same work on the small market."""
        return replace(self, symbols=ROWS[0].symbols, years=ROWS[0].years)

    @property
    def options(self) -> tuple[str, ...]:
        """What a strategy is told."""
        return ("--every", str(self.every), *(("--rotate",) if self.rotates else ()))

    @property
    def agent(self) -> str:
        """The same as the specification of our own rule."""
        return f"rule:momentum:every={self.every},resize={int(not self.rotates)}"


_SIZES = ((50, 4), (300, 5))

ROWS = (
    *(
        Row(symbols=symbols, years=years, frequency=frequency, every=every)
        for every in (1, 20)
        for frequency in (Frequency.HOURLY, Frequency.DAILY)
        for symbols, years in _SIZES
    ),
    *(
        Row(symbols=symbols, years=years, frequency=Frequency.HOURLY, every=1, rotates=True)
        for symbols, years in _SIZES
    ),
)


def rows_named(names: Sequence[str]) -> tuple[Row, ...]:
    """Return the rows of those names, or of those markets (`hourly-50`); all where nothing is named.

    Raises:
        UnknownName: There is no such row.
    """
    for name in names:
        if not any(name in (row.name, row.market) for row in ROWS):
            raise UnknownName(f"no row is called {name!r}; there are: {' '.join(row.name for row in ROWS)}")
    return tuple(row for row in ROWS if not names or row.name in names or row.market in names)
