"""In what two sources of a symbol's quote do not agree. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from services.market.quote_soundness import Bench, Finding
from services.market.quote_terms import Flaw
from services.market.raw_quotes import RawQuote


def differing(chosen: RawQuote, other: RawQuote, bench: Bench) -> Iterator[Finding]:
    """Yield in which fields two sound quotes do not agree; last prices of other moments may differ."""
    terms, names = bench.terms, f"{chosen.source} and {other.source}"
    if chosen.prev_close_cny != other.prev_close_cny:
        closes = f"{chosen.prev_close_cny} and {other.prev_close_cny}"
        yield Finding(Flaw.PREV_CLOSE_DIFFERS, f"{names} give previous closes {closes}")
    limits = limits_apart(chosen, other)
    if limits is not None:
        yield limits
    apart = apart_s(chosen, other, bench)
    if apart > terms.apart_s_max:
        seconds = f"{apart:.0f} s apart, at most {terms.apart_s_max} s are allowed"
        yield Finding(Flaw.STAMPS_APART, f"{names} are dated {seconds}")
    elif chosen.last_cny is not None and other.last_cny is not None:
        most = last_apart_max_cny(chosen.last_cny, bench)
        if abs(chosen.last_cny - other.last_cny) > most:
            lasts = f"{chosen.last_cny} and {other.last_cny}"
            yield Finding(Flaw.LAST_DIFFERS, f"{names} give {lasts}, more than {most.normalize():f} apart")


def limits_apart(one: RawQuote, other: RawQuote) -> Finding | None:
    """Return that both state a limit of the same previous close, and not the same one."""
    if one.prev_close_cny != other.prev_close_cny:
        return None
    pairs = ((one.limit_down_cny, other.limit_down_cny), (one.limit_up_cny, other.limit_up_cny))
    for mine, theirs in pairs:
        if mine is not None and theirs is not None and mine != theirs:
            return Finding(
                Flaw.LIMITS_DISAGREE, f"{one.source} and {other.source} give limits {mine} and {theirs}"
            )
    return None


def apart_s(one: RawQuote, other: RawQuote, bench: Bench) -> float:
    """Return the seconds of trading between two stamps, in a call those of the day; 0 where one has none."""
    stamps = sorted(stamp for stamp in (one.stamped_at, other.stamped_at) if stamp is not None)
    return bench.age(stamps[0], stamps[-1]).total_seconds() if stamps else 0.0


def last_apart_max_cny(last_cny: Decimal, bench: Bench) -> Decimal:
    """Return how far two last prices may lie apart and still be one."""
    return max(bench.terms.last_ticks_max * bench.rules.tick, bench.terms.last_ratio_max * last_cny)
