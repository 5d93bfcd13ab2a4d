"""What is wrong with one source's words on a symbol, before anybody else is asked. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from services.domain.instruments import Instrument, Symbol, facts_of
from services.domain.quotes import HISTORY, OWN_CLOCK, RULEBOOK
from services.market.quote_terms import Compared, Flaw, GateTerms, Sighting
from services.market.raw_quotes import RawQuote, Status
from services.rules import (
    CALLS,
    Band,
    OutsideRulebook,
    Phase,
    PhaseSpan,
    Rules,
    missed_start,
    price_band,
    trading_time,
)

_UNCROSSING = frozenset({Phase.OPEN_CALL_LOCKED, Phase.CLOSE_CALL})
"""At their end an auction makes a price, whatever the last one was."""

_OF_TIME = frozenset({Flaw.UNDATED, Flaw.WRONG_DAY, Flaw.AHEAD, Flaw.STALE})
_OF_LIMITS = frozenset({Flaw.OUTSIDE_LIMITS, Flaw.LIMITS_DISAGREE})
_NOT_STATED = Band(limit_down=None, limit_up=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What the quotes of one symbol are judged by.

    `complete`: the facts that limits hang on are known. `closes_cny` are what the previous close may be by
    what is remembered of the day before, empty where nothing is.
    """

    symbol: Symbol
    instrument: Instrument | None
    complete: bool
    rules: Rules
    phase: PhaseSpan
    now: datetime
    terms: GateTerms
    closes_cny: tuple[Decimal, ...] = ()

    def age(self, since: datetime, until: datetime) -> timedelta:
        """Return for how long the market traded between two moments of today, in a call the time passed."""
        if self.phase.phase in CALLS:
            return until - since
        zone = self.now.tzinfo
        return trading_time(self.rules, since.astimezone(zone).time(), until.astimezone(zone).time())


@dataclass(frozen=True, slots=True)
class Finding:
    """A flaw, and the sentence on it."""

    flaw: Flaw
    why: str


def of_today(raw: RawQuote, bench: Bench) -> bool:
    """Answer whether the words are dated, of today and not of the future, however old."""
    if raw.stamped_at is None:
        return False
    seen = raw.stamped_at.astimezone(bench.now.tzinfo)
    return seen.date() == bench.now.date() and not _is_ahead(seen, bench)


def listed_as_suspended(bench: Bench) -> Finding | None:
    """Return that the symbol does not trade all day by its facts."""
    if bench.instrument is not None and bench.instrument.is_suspended(bench.now.date()):
        return Finding(Flaw.SUSPENDED, "suspended all day by the list of suspensions")
    return None


def stopped(raw: RawQuote, bench: Bench) -> Finding | None:
    """Return that the symbol does not trade, as a source says today."""
    if not of_today(raw, bench):
        return None
    if raw.status is Status.SUSPENDED:
        return Finding(Flaw.SUSPENDED, f"suspended all day, says {raw.source}")
    if raw.status is Status.HALTED:
        return Finding(Flaw.HALTED, f"halted for part of the day, says {raw.source}")
    return None


def alone(raw: RawQuote, bench: Bench) -> Finding | None:
    """Return what is wrong with a source's words on their own, the first in order of precedence."""
    if raw.last_cny is None or raw.prev_close_cny is None:
        missing = "last price" if raw.last_cny is None else "previous close"
        return Finding(Flaw.UNPRICED, f"{raw.source} states no {missing}")
    if raw.stamped_at is None:
        return Finding(Flaw.UNDATED, f"{raw.source} states no time")
    return (
        _untimely(raw, raw.stamped_at.astimezone(bench.now.tzinfo), bench)
        or outside(raw, bench)
        or _crossed(raw, bench)
    )


def _untimely(raw: RawQuote, seen: datetime, bench: Bench) -> Finding | None:
    """Return that the words are of another day, of the future, or old; `seen` is local to the market."""
    if seen.date() != bench.now.date():
        return Finding(Flaw.WRONG_DAY, f"{raw.source} gives a quote of {seen:%Y-%m-%d %H:%M:%S}")
    given = f"{raw.source} gives a quote of {seen:%H:%M:%S}"
    if _is_ahead(seen, bench):
        ahead_s, most_s = (seen - bench.now).total_seconds(), bench.terms.ahead_s_max
        ahead = f"{ahead_s:.0f} s ahead of this machine's clock, at most {most_s} s are allowed"
        return Finding(Flaw.AHEAD, f"{given}, {ahead}")
    began = missed_start(bench.rules, seen.time(), bench.now.time())
    if began is not None:
        return Finding(Flaw.STALE, f"{given}, before trading began at {began:%H:%M}")
    for span in bench.rules.phases:
        if span.phase in _UNCROSSING and seen.time() < span.end <= bench.now.time():
            return Finding(Flaw.STALE, f"{given}, before the auction of {span.end:%H:%M}")
    age_s, most_s = bench.age(seen, bench.now).total_seconds(), _age_s_max(bench)
    if age_s > most_s:
        return Finding(Flaw.STALE, f"{given}, {age_s:.0f} s old, at most {most_s} s are allowed")
    return None


def _is_ahead(seen: datetime, bench: Bench) -> bool:
    return (seen - bench.now).total_seconds() > bench.terms.ahead_s_max


def _age_s_max(bench: Bench) -> int:
    if bench.phase.phase in CALLS:
        return bench.terms.auction_age_s_max
    return bench.terms.age_s_max if bench.phase.phase is Phase.CONTINUOUS else bench.terms.break_age_s_max


def outside(raw: RawQuote, bench: Bench) -> Finding | None:
    """Return that a price lies outside the day's limits, or that two who state those do not agree.

    The last price and the book are held against the source's limits and the rulebook's.
    """
    stated = Band(limit_down=raw.limit_down_cny, limit_up=raw.limit_up_cny)
    ours = band_of(raw, bench)
    booked = [level.price_cny for level in (*(raw.bids or ()), *(raw.asks or ()))]
    for name, band in ((raw.source, stated), (RULEBOOK, ours)):
        for price in booked if raw.last_cny is None else [raw.last_cny, *booked]:
            if band is not None and not band.allows(price):
                limits = f"{band.limit_down} to {band.limit_up} by {name}"
                return Finding(Flaw.OUTSIDE_LIMITS, f"{raw.source} gives {price}, outside {limits}")
    if ours is not None and stated not in (_NOT_STATED, ours):
        theirs = f"{raw.source} gives limits {stated.limit_down} to {stated.limit_up}"
        why = f"{theirs}, the rulebook {ours.limit_down} to {ours.limit_up}"
        return Finding(Flaw.LIMITS_DISAGREE, why)
    return None


def _crossed(raw: RawQuote, bench: Bench) -> Finding | None:
    """Return that the book is crossed; in a call both sides show the price it would make."""
    if bench.phase.phase in CALLS or not raw.bids or not raw.asks:
        return None
    bid, ask = raw.bids[0].price_cny, raw.asks[0].price_cny
    if bid < ask:
        return None
    return Finding(Flaw.CROSSED, f"{raw.source} gives a bid of {bid} and an ask of {ask}")


def band_of(raw: RawQuote, bench: Bench) -> Band | None:
    """Return the rulebook's limits on the source's previous close, None where the facts do not suffice."""
    if raw.prev_close_cny is None or not bench.complete:
        return None
    try:
        return price_band(bench.rules, raw.prev_close_cny, facts_of(bench.symbol, raw.name, bench.instrument))
    except OutsideRulebook:
        return None


def off_history(raw: RawQuote, bench: Bench) -> Finding | None:
    """Return that the previous close is not what the day before is remembered by, to the tick.

    Bars adjusted for an ex-day may be rounded otherwise than the exchange rounds its reference.
    """
    known, stated = bench.closes_cny, raw.prev_close_cny
    if not known or stated is None or any(abs(stated - one) <= bench.rules.tick for one in known):
        return None
    closes = " or ".join(map(str, known))
    why = f"{raw.source} gives a previous close of {stated}, the day before closed at {closes}"
    return Finding(Flaw.HISTORY_DIFFERS, why)


def held_against(sighting: Sighting, finding: Finding | None, bench: Bench) -> Iterator[Compared]:
    """Yield how a source stands to the clock, the rulebook and the day before, where these could be asked."""
    flaw, source = None if finding is None else finding.flaw, sighting.raw.source
    if flaw is Flaw.UNPRICED:
        return
    yield Compared(source=source, other=OWN_CLOCK, differed=(str(flaw),) if flaw in _OF_TIME else ())
    if bench.complete and flaw not in _OF_TIME:
        yield Compared(source=source, other=RULEBOOK, differed=(str(flaw),) if flaw in _OF_LIMITS else ())
    if bench.closes_cny and flaw not in _OF_TIME:
        off = off_history(sighting.raw, bench)
        yield Compared(source=source, other=HISTORY, differed=() if off is None else (str(off.flaw),))
