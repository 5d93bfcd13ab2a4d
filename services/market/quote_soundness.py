"""What is wrong with one source's words on a symbol, before anybody else is asked. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from services.domain.instruments import Instrument, Symbol, facts_of
from services.domain.quotes import OWN_CLOCK, RULEBOOK
from services.market.quote_terms import Compared, Flaw, GateTerms, Sighting
from services.market.raw_quotes import RawQuote, Status
from services.rules import (
    CALLS,
    Band,
    OutsideRulebook,
    Phase,
    PhaseSpan,
    Rules,
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
    """What the quotes of one symbol are judged by. `complete`: the facts that limits hang on are known."""

    symbol: Symbol
    instrument: Instrument | None
    complete: bool
    rules: Rules
    phase: PhaseSpan
    now: datetime
    terms: GateTerms

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


def stopped(sightings: Sequence[Sighting], bench: Bench) -> Finding | None:
    """Return that the symbol does not trade: all day by its facts, or as a source states."""
    if bench.instrument is not None and bench.instrument.is_suspended(bench.now.date()):
        return Finding(Flaw.SUSPENDED, "suspended all day by the list of suspensions")
    for one in sightings:
        if one.raw.status is Status.SUSPENDED:
            return Finding(Flaw.SUSPENDED, f"suspended all day, says {one.raw.source}")
        if one.raw.status is Status.HALTED:
            return Finding(Flaw.HALTED, f"halted for part of the day, says {one.raw.source}")
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
        or _outside(raw, raw.last_cny, raw.prev_close_cny, bench)
        or _crossed(raw, bench)
    )


def _untimely(raw: RawQuote, seen: datetime, bench: Bench) -> Finding | None:
    """Return that the words are of another day, of the future, or old; `seen` is local to the market."""
    if seen.date() != bench.now.date():
        return Finding(Flaw.WRONG_DAY, f"{raw.source} gives a quote of {seen:%Y-%m-%d %H:%M:%S}")
    given = f"{raw.source} gives a quote of {seen:%H:%M:%S}"
    ahead_s, ahead_s_max = (seen - bench.now).total_seconds(), bench.terms.ahead_s_max
    if ahead_s > ahead_s_max:
        ahead = f"{ahead_s:.0f} s ahead of this machine's clock, at most {ahead_s_max} s are allowed"
        return Finding(Flaw.AHEAD, f"{given}, {ahead}")
    for span in bench.rules.phases:
        if span.phase in _UNCROSSING and seen.time() < span.end <= bench.now.time():
            return Finding(Flaw.STALE, f"{given}, before the auction of {span.end:%H:%M}")
    age_s, most_s = bench.age(seen, bench.now).total_seconds(), _age_s_max(bench)
    if age_s > most_s:
        return Finding(Flaw.STALE, f"{given}, {age_s:.0f} s old, at most {most_s} s are allowed")
    return None


def _age_s_max(bench: Bench) -> int:
    if bench.phase.phase in CALLS:
        return bench.terms.auction_age_s_max
    return bench.terms.age_s_max if bench.phase.phase is Phase.CONTINUOUS else bench.terms.break_age_s_max


def _outside(raw: RawQuote, last_cny: Decimal, prev_close_cny: Decimal, bench: Bench) -> Finding | None:
    """Return that the last price lies outside the day's limits, or that two who state those do not agree."""
    stated = Band(limit_down=raw.limit_down_cny, limit_up=raw.limit_up_cny)
    ours = _band(prev_close_cny, raw.name, bench)
    for name, band in ((raw.source, stated), (RULEBOOK, ours)):
        if band is not None and not band.allows(last_cny):
            limits = f"{band.limit_down} to {band.limit_up} by {name}"
            return Finding(Flaw.OUTSIDE_LIMITS, f"{raw.source} gives {last_cny}, outside {limits}")
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


def _band(prev_close_cny: Decimal, name: str, bench: Bench) -> Band | None:
    """Return the rulebook's limits, None where the facts do not suffice."""
    if not bench.complete:
        return None
    try:
        return price_band(bench.rules, prev_close_cny, facts_of(bench.symbol, name, bench.instrument))
    except OutsideRulebook:
        return None


def held_against(sighting: Sighting, finding: Finding | None, bench: Bench) -> Iterator[Compared]:
    """Yield how a source stands to the clock, and to the rulebook where its limits could be looked at."""
    flaw, source = None if finding is None else finding.flaw, sighting.raw.source
    if flaw is Flaw.UNPRICED:
        return
    yield Compared(source=source, other=OWN_CLOCK, differed=(str(flaw),) if flaw in _OF_TIME else ())
    if bench.complete and flaw not in _OF_TIME:
        yield Compared(source=source, other=RULEBOOK, differed=(str(flaw),) if flaw in _OF_LIMITS else ())
