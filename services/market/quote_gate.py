"""Whether a symbol's quote may be traded on, by what several sources say of it. Pure.

Each source's words are judged on their own first. Of those that are sound the most preferred is chosen,
and an independent one must agree with it. That a symbol does not trade is believed of any source that says
so today, unless two others show that it does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from services.domain.instruments import Board, Fact, Instrument, Market, Symbol
from services.domain.quotes import Quote
from services.market.quote_soundness import (
    Bench,
    Finding,
    alone,
    held_against,
    listed_as_suspended,
    of_today,
    off_history,
    stopped,
)
from services.market.quote_terms import (
    RULE_OF,
    SETTLED,
    STATUS_DIFFERS,
    Compared,
    CrossCheck,
    Flaw,
    GateTerms,
    Judged,
    Sighting,
)
from services.market.quote_worth import values
from services.market.raw_quotes import RawQuote
from services.market.source_agreement import differing, limits_apart
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
    closes_cny: tuple[Decimal, ...] = (),
) -> Judged:
    """Return what to make of the sources' words on `symbol` at `now`.

    `sightings` stand in order of preference, at most one of a source. `instrument` are the facts known of
    the symbol today, None where nothing is, `unknown` those that are not; limits are held against the
    rulebook only where none of the facts they hang on is unknown. `closes_cny` are what today's previous
    close may be by what is remembered of the day before, empty where nothing is.
    """
    if not sightings:
        return Judged(quote=None, flaw=Flaw.MISSING, why="no source gave a quote")
    now = now.astimezone(ZONES[Market.US if symbol.endswith(".US") else Market.CN])
    try:
        rules = rules_of(symbol, now.date())
        phase = phase_at(rules, now.time())
    except OutsideRulebook as problem:
        unknown_rules = Finding(Flaw.RULES_UNKNOWN, str(problem))
        return _barred(_priced(sightings, "last_cny"), unknown_rules, sightings, None)
    bench = Bench(
        symbol=symbol,
        instrument=instrument,
        complete=rules.board is Board.US
        or (instrument is not None and not any(fact in unknown for fact in _LIMIT_FACTS)),
        rules=rules,
        phase=phase,
        now=now,
        terms=terms,
        closes_cny=closes_cny,
    )
    return _stands(sightings, bench)


def _stands(sightings: Sequence[Sighting], bench: Bench) -> Judged:
    """Return how the symbol stands: stopped, by its facts or by who says so today, else as it is priced."""
    listed = listed_as_suspended(bench)
    if listed is not None:
        return _idle(sightings, listed, bench, certain=True)
    claims = [(one, claim) for one in sightings if (claim := stopped(one.raw, bench)) is not None]
    if not claims:
        return _as_priced(sightings, sightings, bench)
    trading = [one for one in sightings if all(one is not claimer for claimer, _ in claims)]
    if trading:
        judged = _as_priced(trading, sightings, bench)
        if judged.quote is not None and judged.quote.confirmed_by:
            return replace(judged, compared=(*judged.compared, *_overruled(claims, judged.quote)))
    certain = len({one.family for one, _ in claims}) > 1
    return _idle(sightings, claims[0][1], bench, certain=certain)


def _overruled(claims: Sequence[tuple[Sighting, Finding]], quote: Quote) -> tuple[Compared, ...]:
    """Return that sources say a symbol does not trade which two others show trading."""
    others = (quote.source, quote.confirmed_by)
    return tuple(
        Compared(source=one.raw.source, other=other, differed=(STATUS_DIFFERS,))
        for one, _ in claims
        for other in others
    )


def _idle(sightings: Sequence[Sighting], finding: Finding, bench: Bench, *, certain: bool) -> Judged:
    """Return a symbol that does not trade; a further source could tell otherwise unless that is `certain`."""
    today = [one for one in sightings if of_today(one.raw, bench)]
    worth = "prev_close_cny" if finding.flaw is Flaw.SUSPENDED else "last_cny"
    judged = _barred(_priced(today or sightings, worth), finding, sightings, bench)
    valued = judged.quote is not None and not judged.quote.disputed
    return replace(judged, settled=bench.terms.cross_check is CrossCheck.OFF or (certain and valued))


def _as_priced(trading: Sequence[Sighting], sightings: Sequence[Sighting], bench: Bench) -> Judged:
    """Return what to make of the words of those who do not say that the symbol is stopped."""
    found = [(one, alone(one.raw, bench)) for one in trading]
    compared = tuple(one for sighting, finding in found for one in held_against(sighting, finding, bench))
    sound = [one for one, finding in found if finding is None]
    flawed = [(one, finding) for one, finding in found if finding is not None]
    wrong_limits = next((one for _, one in flawed if one.flaw is Flaw.LIMITS_DISAGREE), None)
    if sound and wrong_limits is not None:
        return _barred(sound[0], wrong_limits, sightings, bench, compared)
    if sound:
        return _checked(sound, sightings, bench, compared)
    chosen, finding = next((one for one in flawed if one[0].raw.last_cny is not None), flawed[0])
    return _barred(chosen, finding, sightings, bench, compared)


def _priced(sightings: Sequence[Sighting], first: str) -> Sighting:
    """Return the first source that states the price called `first`, else another one, else anything."""
    for stated in (first, "last_cny", "prev_close_cny"):
        for one in sightings:
            if getattr(one.raw, stated) is not None:
                return one
    return sightings[0]


def _checked(
    sound: Sequence[Sighting], sightings: Sequence[Sighting], bench: Bench, compared: tuple[Compared, ...]
) -> Judged:
    """Return the first quote as its independent checks leave it; one contradiction is enough to bar it."""
    chosen = sound[0]
    off = off_history(chosen.raw, bench)
    if off is None and bench.terms.cross_check is CrossCheck.OFF:
        return Judged(quote=_quote(chosen.raw, None), compared=compared, settled=True)
    checks = [one for one in sound[1:] if one.family != chosen.family]
    found = [(one, tuple(differing(chosen.raw, one.raw, bench))) for one in checks]
    compared += tuple(_compared(chosen.raw, one.raw, findings) for one, findings in found)
    between = _limits_among(checks)
    compared += tuple(_compared(one, other, (finding,)) for one, other, finding in between)
    against = [finding for _, findings in found for finding in findings]
    against += [finding for _, _, finding in between]
    contradiction = next((one for one in against if one.flaw is not Flaw.STAMPS_APART), off)
    if contradiction is not None:
        return _barred(chosen, contradiction, sightings, bench, compared)
    agreed = next((one.raw for one, findings in found if not findings), None)
    if agreed is not None:
        return Judged(quote=_quote(chosen.raw, agreed), compared=compared, settled=True)
    if against:
        return _barred(chosen, against[0], sightings, bench, compared)
    if bench.terms.cross_check is CrossCheck.WHEN_AVAILABLE:
        return Judged(quote=_quote(chosen.raw, None), compared=compared)
    why = f"no second, independent source confirms the price of {chosen.raw.source}"
    return _barred(chosen, Finding(Flaw.UNCHECKED, why), sightings, bench, compared)


def _compared(one: RawQuote, other: RawQuote, findings: Sequence[Finding]) -> Compared:
    differed = tuple(str(finding.flaw) for finding in findings)
    return Compared(source=one.source, other=other.source, differed=differed)


def _limits_among(checks: Sequence[Sighting]) -> list[tuple[RawQuote, RawQuote, Finding]]:
    """Return which sources that are compared with the chosen one differ in the limits they state."""
    return [
        (one.raw, other.raw, finding)
        for at, one in enumerate(checks)
        for other in checks[at + 1 :]
        if (finding := limits_apart(one.raw, other.raw)) is not None
    ]


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


def _barred(
    chosen: Sighting,
    finding: Finding,
    sightings: Sequence[Sighting],
    bench: Bench | None,
    compared: tuple[Compared, ...] = (),
) -> Judged:
    """Return a quote no order may go by, none where no price is stated; without a bench it values nothing.

    What does not trade all day is worth its previous close.
    """
    raw, flaw, quote = chosen.raw, finding.flaw, None
    worth = (raw.last_cny, raw.prev_close_cny)
    price = worth[0] if flaw is not Flaw.SUSPENDED else worth[1] or worth[0]
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
            suspended=flaw in (Flaw.SUSPENDED, Flaw.HALTED),
            name=raw.name,
            barred=finding.why,
            barred_by=RULE_OF[flaw],
            disputed=bench is None or not values(chosen, flaw, sightings, bench),
        )
    return Judged(quote=quote, flaw=flaw, why=finding.why, compared=compared, settled=flaw in SETTLED)
