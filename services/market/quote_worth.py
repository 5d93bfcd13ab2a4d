"""Whether a price no order may go by still tells what a holding is worth. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from services.market.quote_soundness import Bench, band_of, of_today, off_history, outside
from services.market.quote_terms import OF_AGE, CrossCheck, Flaw, Sighting
from services.market.raw_quotes import RawQuote
from services.market.source_agreement import apart_s, last_apart_max_cny


def values(chosen: Sighting, flaw: Flaw, sightings: Sequence[Sighting], bench: Bench) -> bool:
    """Answer whether a barred price of `chosen` values what is held.

    It does where nothing but age is wrong with it: it is of today, inside the rulebook's limits, no other
    source contradicts it, and an independent one states the same previous close and a last price beside it.
    What does not trade all day is worth its previous close where two sources of today agree on that. No
    second source is needed where the settings ask for none.
    """
    if not of_today(chosen.raw, bench) or off_history(chosen.raw, bench) is not None:
        return False
    others = [one.raw for one in sightings if one.family != chosen.family and of_today(one.raw, bench)]
    if flaw is Flaw.SUSPENDED:
        closes = [one.prev_close_cny for one in others if one.prev_close_cny is not None]
        return _vouched(closes, bench) and all(close == chosen.raw.prev_close_cny for close in closes)
    if flaw not in OF_AGE or not _in_limits(chosen.raw, bench):
        return False
    priced = [one for one in others if one.last_cny is not None and one.prev_close_cny is not None]
    if any(_contradicts(one, chosen.raw, bench) for one in priced):
        return False
    return _vouched([one for one in priced if _beside(one, chosen.raw, bench)], bench)


def _vouched(witnesses: Sequence[object], bench: Bench) -> bool:
    return bool(witnesses) or bench.terms.cross_check is not CrossCheck.REQUIRE


def _in_limits(raw: RawQuote, bench: Bench) -> bool:
    """Answer whether the rulebook knows the day's limits and nothing of what is stated lies outside them."""
    return band_of(raw, bench) is not None and outside(raw, bench) is None


def _contradicts(other: RawQuote, chosen: RawQuote, bench: Bench) -> bool:
    """Answer whether another source's words rule the price out; its last may be of another moment."""
    if other.prev_close_cny != chosen.prev_close_cny or outside(other, bench) is not None:
        return True
    near = apart_s(chosen, other, bench) <= bench.terms.apart_s_max
    return near and not _beside(other, chosen, bench)


def _beside(other: RawQuote, chosen: RawQuote, bench: Bench) -> bool:
    if other.last_cny is None or chosen.last_cny is None:
        return False
    return abs(other.last_cny - chosen.last_cny) <= last_apart_max_cny(chosen.last_cny, bench)
