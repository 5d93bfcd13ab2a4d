"""The flaws a quote may have, how far one is believed, and what a judgement says. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from services.domain.orders import Rule
from services.domain.quotes import Quote
from services.market.raw_quotes import RawQuote


class CrossCheck(StrEnum):
    """Whether a second, independent source must agree with a price."""

    REQUIRE = "require"
    WHEN_AVAILABLE = "when_available"
    OFF = "off"


class Flaw(StrEnum):
    """Why orders may not go by a quote, in order of precedence: the first that applies is the reason."""

    MISSING = "missing"
    SUSPENDED = "suspended"
    """Does not trade all day."""
    HALTED = "halted"
    """Stopped for part of the day."""
    RULES_UNKNOWN = "rules_unknown"
    UNPRICED = "unpriced"
    UNDATED = "undated"
    WRONG_DAY = "wrong_day"
    AHEAD = "ahead"
    """Dated later than this machine's clock shows: one of the two clocks is off."""
    STALE = "stale"
    OUTSIDE_LIMITS = "outside_limits"
    LIMITS_DISAGREE = "limits_disagree"
    """A source's limits are not the rulebook's, or not another source's."""
    CROSSED = "crossed"
    PREV_CLOSE_DIFFERS = "prev_close_differs"
    LAST_DIFFERS = "last_differs"
    HISTORY_DIFFERS = "history_differs"
    """The previous close is not the close that the day before is remembered by."""
    STAMPS_APART = "stamps_apart"
    UNCHECKED = "unchecked"
    """No independent source was there to agree."""
    OWN_CLOCK = "own_clock"
    """This machine's clock is off by the time that hosts state."""


RULE_OF: Mapping[Flaw, Rule] = MappingProxyType(
    {
        Flaw.MISSING: Rule.QUOTE_MISSING,
        Flaw.SUSPENDED: Rule.SUSPENDED,
        Flaw.HALTED: Rule.SUSPENDED,
        Flaw.RULES_UNKNOWN: Rule.RULES_UNKNOWN,
        Flaw.UNPRICED: Rule.QUOTE_MISSING,
        Flaw.UNDATED: Rule.QUOTE_STALE,
        Flaw.WRONG_DAY: Rule.QUOTE_STALE,
        Flaw.AHEAD: Rule.QUOTE_STALE,
        Flaw.STALE: Rule.QUOTE_STALE,
        Flaw.OUTSIDE_LIMITS: Rule.QUOTE_DISAGREES,
        Flaw.LIMITS_DISAGREE: Rule.QUOTE_DISAGREES,
        Flaw.CROSSED: Rule.QUOTE_DISAGREES,
        Flaw.PREV_CLOSE_DIFFERS: Rule.QUOTE_DISAGREES,
        Flaw.LAST_DIFFERS: Rule.QUOTE_DISAGREES,
        Flaw.HISTORY_DIFFERS: Rule.QUOTE_DISAGREES,
        Flaw.STAMPS_APART: Rule.QUOTE_DISAGREES,
        Flaw.UNCHECKED: Rule.QUOTE_DISAGREES,
        Flaw.OWN_CLOCK: Rule.QUOTE_STALE,
    }
)
"""By which rule of the risk gate orders are refused."""

OF_AGE = frozenset({Flaw.HALTED, Flaw.STALE, Flaw.STAMPS_APART, Flaw.UNCHECKED})
"""Flaws with which a price may still value a holding: it, or what would confirm it, may merely be old."""

SETTLED = frozenset(
    {
        Flaw.RULES_UNKNOWN,
        Flaw.LIMITS_DISAGREE,
        Flaw.PREV_CLOSE_DIFFERS,
        Flaw.LAST_DIFFERS,
        Flaw.HISTORY_DIFFERS,
    }
)
"""Flaws that no further source mends."""


STATUS_DIFFERS = "status_differs"
"""What a comparison calls it where a source says that a symbol is stopped which two others show trading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateTerms:
    """How far a quote is believed.

    Ages count trading time, during a call the time of day: `age_s_max` in continuous trading,
    `auction_age_s_max` in a call, `break_age_s_max` while nothing trades (lunch, after hours).
    `ahead_s_max` is how far a quote may be dated ahead of this machine's clock. Two sources agree where
    their last prices lie within the larger of `last_ticks_max` and `last_ratio_max` of the price, and
    their stamps within `apart_s_max`.
    """

    cross_check: CrossCheck = CrossCheck.REQUIRE
    age_s_max: int = 15
    auction_age_s_max: int = 30
    break_age_s_max: int = 60
    ahead_s_max: int = 2
    apart_s_max: int = 10
    last_ticks_max: int = 2
    last_ratio_max: Decimal = Decimal("0.003")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What one source said, and whose numbers those are in the end."""

    family: str
    raw: RawQuote


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A source's quote held against another's, the rulebook or the clock, and the fields that differ."""

    source: str
    other: str
    differed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A symbol's quote, None where no source states a price; `flaw` None means that orders may go by it.

    `why` tells the flaw in a sentence with the numbers. `settled`: no further source could change it.
    """

    quote: Quote | None
    flaw: Flaw | None = None
    why: str = ""
    compared: tuple[Compared, ...] = ()
    settled: bool = False
