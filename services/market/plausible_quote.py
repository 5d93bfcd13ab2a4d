"""Whether a quote that somebody else kept could have been read by a feed at all. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

from services.market.feeds.fields import COUNT_MAX, EPOCH_S_MAX, EPOCH_S_MIN, price_of
from services.market.raw_quotes import RawQuote

_NAME_CHARACTERS_MAX = 100


def is_plausible(raw: RawQuote) -> bool:
    """Answer whether all that a quote states could stand in one that was read off a vendor's answer.

    Prices are ones that `price_of` reads, counts and amounts are not negative, moments are aware and of
    this century.
    """
    return (
        all(price_of(str(price)) == price for price in _prices(raw))
        and all(0 <= count <= COUNT_MAX for count in _counts(raw))
        and (raw.amount_cny is None or (raw.amount_cny.is_finite() and raw.amount_cny > 0))
        and _is_dated(raw.received_at)
        and (raw.stamped_at is None or _is_dated(raw.stamped_at))
        and len(raw.name) <= _NAME_CHARACTERS_MAX
    )


def _prices(raw: RawQuote) -> Iterator[Decimal]:
    stated = (
        raw.last_cny,
        raw.prev_close_cny,
        raw.open_cny,
        raw.high_cny,
        raw.low_cny,
        raw.limit_up_cny,
        raw.limit_down_cny,
    )
    yield from (price for price in stated if price is not None)
    yield from (level.price_cny for side in (raw.bids, raw.asks) for level in side or ())


def _counts(raw: RawQuote) -> Iterator[int]:
    # A level of no shares is none.
    yield from (level.shares - 1 for side in (raw.bids, raw.asks) for level in side or ())
    if raw.volume_shares is not None:
        yield raw.volume_shares


def _is_dated(moment: datetime) -> bool:
    if moment.tzinfo is None:
        return False
    first, last = (datetime.fromtimestamp(second, UTC) for second in (EPOCH_S_MIN, EPOCH_S_MAX))
    return first <= moment < last
