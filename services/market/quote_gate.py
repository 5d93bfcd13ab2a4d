"""Whether a symbol's quote may be traded on, by what several sources say of it. Pure.

Each source's words are judged on their own first. Of those that are sound the most preferred is chosen,
and an independent one must agree with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from services.domain.instruments import Fact, Instrument, Market, Symbol
from services.domain.quotes import Quote
from services.market.quote_soundness import Bench, Finding, alone, held_against, stopped
from services.market.quote_terms import (
    DISPUTED,
    RULE_OF,
    Compared,
    CrossCheck,
    Flaw,
    GateTerms,
    Judged,
    Sighting,
)
from services.market.raw_quotes import RawQuote
from services.rules import OutsideRulebook, phase_at, rules_of
from services.slots import ZONES

_LIMIT_FACTS = (Fact.FUND_KIND, Fact.RISK_WARNING, Fact.LISTING, Fact.DELISTING)


def judge(
    symbol: Symbol,
    sightings: Sequence[Sighting],
    instrument: Instrument | None,
    unknown: Mapping[Fact, str],
    terms: GateTerms,
    now: datetime,
) -> Judged:
    """Return what to make of the sources' words on `symbol` at `now`.

    `sightings` stand in order of preference, at most one of a source. `instrument` are the facts known of
    the symbol today, None where nothing is, `unknown` those that are not; limits are held against the
    rulebook only where none of the facts they hang on is unknown.
    """
    if not sightings:
        return Judged(quote=None, flaw=Flaw.MISSING, why="no source gave a quote")
    now = now.astimezone(ZONES[Market.US if symbol.endswith(".US") else Market.CN])
    try:
        rules = rules_of(symbol, now.date())
        phase = phase_at(rules, now.time())
    except OutsideRulebook as problem:
        return _barred(_priced(sightings), Finding(Flaw.RULES_UNKNOWN, str(problem)), ())
    bench = Bench(
        symbol=symbol,
        instrument=instrument,
        complete=instrument is not None and not any(fact in unknown for fact in _LIMIT_FACTS),
        rules=rules,
        phase=phase,
        now=now,
        terms=terms,
    )
    idle = stopped(sightings, bench)
    if idle is not None:
        return _barred(_priced(sightings), idle, ())
    found = [(one, alone(one.raw, bench)) for one in sightings]
    compared = tuple(one for sighting, finding in found for one in held_against(sighting, finding, bench))
    sound = [one for one, finding in found if finding is None]
    if sound:
        return _checked(sound[0], sound[1:], bench, compared)
    flawed = [(one.raw, finding) for one, finding in found if finding is not None]
    raw, finding = next((one for one in flawed if one[0].last_cny is not None), flawed[0])
    return _barred(raw, finding, compared)


def _priced(sightings: Sequence[Sighting]) -> RawQuote:
    """Return the words of the first source that states a last price, or a previous close, or anything."""
    for stated in ("last_cny", "prev_close_cny"):
        for one in sightings:
            if getattr(one.raw, stated) is not None:
                return one.raw
    return sightings[0].raw


def _checked(
    chosen: Sighting, others: Sequence[Sighting], bench: Bench, compared: tuple[Compared, ...]
) -> Judged:
    """Return the chosen quote as its independent checks leave it; one contradiction is enough to bar it."""
    if bench.terms.cross_check is CrossCheck.OFF:
        return Judged(quote=_quote(chosen.raw, None), compared=compared)
    checks = [one for one in others if one.family != chosen.family]
    found = [(one, tuple(_differing(chosen.raw, one.raw, bench))) for one in checks]
    compared += tuple(
        Compared(
            source=chosen.raw.source,
            other=one.raw.source,
            differed=tuple(str(finding.flaw) for finding in findings),
        )
        for one, findings in found
    )
    contradiction = next((f for _, fs in found for f in fs if f.flaw is not Flaw.STAMPS_APART), None)
    if contradiction is not None:
        return _barred(chosen.raw, contradiction, compared)
    agreed = next((one.raw for one, findings in found if not findings), None)
    if agreed is not None:
        return Judged(quote=_quote(chosen.raw, agreed), compared=compared)
    if found:
        return _barred(chosen.raw, found[0][1][0], compared)
    if bench.terms.cross_check is CrossCheck.WHEN_AVAILABLE:
        return Judged(quote=_quote(chosen.raw, None), compared=compared)
    why = f"no second, independent source confirms the price of {chosen.raw.source}"
    return _barred(chosen.raw, Finding(Flaw.UNCHECKED, why), compared)


def _differing(chosen: RawQuote, other: RawQuote, bench: Bench) -> Iterator[Finding]:
    """Yield in which fields two sound quotes do not agree; last prices of other moments may differ."""
    terms, names = bench.terms, f"{chosen.source} and {other.source}"
    if chosen.prev_close_cny != other.prev_close_cny:
        closes = f"{chosen.prev_close_cny} and {other.prev_close_cny}"
        yield Finding(Flaw.PREV_CLOSE_DIFFERS, f"{names} give previous closes {closes}")
    apart_s = _apart_s(chosen, other, bench)
    if apart_s > terms.apart_s_max:
        apart = f"{apart_s:.0f} s apart, at most {terms.apart_s_max} s are allowed"
        yield Finding(Flaw.STAMPS_APART, f"{names} are dated {apart}")
    elif chosen.last_cny is not None and other.last_cny is not None:
        most = max(terms.last_ticks_max * bench.rules.tick, terms.last_ratio_max * chosen.last_cny)
        if abs(chosen.last_cny - other.last_cny) > most:
            lasts = f"{chosen.last_cny} and {other.last_cny}"
            yield Finding(Flaw.LAST_DIFFERS, f"{names} give {lasts}, more than {most.normalize():f} apart")


def _apart_s(chosen: RawQuote, other: RawQuote, bench: Bench) -> float:
    stamps = sorted(stamp for stamp in (chosen.stamped_at, other.stamped_at) if stamp is not None)
    return bench.age(stamps[0], stamps[-1]).total_seconds()


def _quote(chosen: RawQuote, agreed: RawQuote | None) -> Quote:
    """Return the quote orders may go by; limits and book it does not state are those of who agreed."""
    if chosen.last_cny is None or chosen.stamped_at is None:
        raise RuntimeError(f"{chosen.symbol}: a quote without price or time was judged sound")
    limits, book = _fuller(chosen, agreed)
    return Quote(
        symbol=chosen.symbol,
        last_cny=chosen.last_cny,
        prev_close_cny=chosen.prev_close_cny,
        seen_at=chosen.stamped_at,
        source=chosen.source,
        limit_up_cny=limits.limit_up_cny,
        limit_down_cny=limits.limit_down_cny,
        bids=book.bids,
        asks=book.asks,
        name=chosen.name,
        confirmed_by="" if agreed is None else agreed.source,
    )


def _fuller(chosen: RawQuote, agreed: RawQuote | None) -> tuple[RawQuote, RawQuote]:
    """Return whose limits and whose book to take: the chosen one's, unless the other states more of it."""
    if agreed is None:
        return chosen, chosen
    limits = max(chosen, agreed, key=lambda one: (one.limit_up_cny, one.limit_down_cny).count(None) * -1)
    book = max(chosen, agreed, key=lambda one: (one.bids, one.asks).count(None) * -1)
    return limits, book


def _barred(raw: RawQuote, finding: Finding, compared: tuple[Compared, ...]) -> Judged:
    """Return a quote no order may go by, none where no price is stated.

    What does not trade all day is worth its previous close.
    """
    price = raw.last_cny or (raw.prev_close_cny if finding.flaw is Flaw.SUSPENDED else None)
    quote = None
    if price is not None:
        quote = Quote(
            symbol=raw.symbol,
            last_cny=price,
            prev_close_cny=raw.prev_close_cny,
            seen_at=raw.stamped_at or raw.received_at,
            source=raw.source,
            limit_up_cny=raw.limit_up_cny,
            limit_down_cny=raw.limit_down_cny,
            bids=raw.bids,
            asks=raw.asks,
            suspended=finding.flaw in (Flaw.SUSPENDED, Flaw.HALTED),
            name=raw.name,
            barred=finding.why,
            barred_by=RULE_OF[finding.flaw],
            disputed=finding.flaw in DISPUTED,
        )
    return Judged(quote=quote, flaw=finding.flaw, why=finding.why, compared=compared)
