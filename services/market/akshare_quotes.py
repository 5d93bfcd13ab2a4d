"""Turns akshare's frames of one symbol into a quote. No network here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from services.domain.instruments import Market, Symbol
from services.domain.money import cny
from services.domain.quotes import Level, Quote
from services.market.akshare_calls import NoAnswer
from services.slots import ZONES

AHEAD_MAX = timedelta(seconds=90)
"""A minute bar in progress is labelled with its end, up to 60 s ahead; more means the clocks disagree."""

LEVELS = range(1, 6)


class NotAQuote(NoAnswer):
    """The vendor answered, but not with a price one may reason about."""


def stamp_of(minutes: list[str], now: datetime) -> datetime:
    """Return the moment the last minute bar vouches for, never later than `now`.

    `minutes` are the labels (the `时间` column) of today's 1-minute bars, Asia/Shanghai.

    Raises:
        NotAQuote: There is no bar of today, the label is no time, or it lies too far ahead.
    """
    zone = ZONES[Market.CN]
    today = now.astimezone(zone).date()
    if not minutes:
        raise NotAQuote(f"no 1-minute bar of {today}: nothing dates the quote (not traded today?)")
    try:
        label = datetime.fromisoformat(minutes[-1]).replace(tzinfo=zone)
    except ValueError:
        raise NotAQuote(f"the last minute is labelled {minutes[-1]!r}, which is no time") from None
    if label.date() != today:
        raise NotAQuote(f"the last 1-minute bar is of {label.date()}, not of {today} (not traded today?)")
    if label > now + AHEAD_MAX:
        raise NotAQuote(f"the last 1-minute bar ends {label:%H:%M:%S}, ahead of this machine's clock")
    return min(label, now.astimezone(zone))


def quote_of(symbol: Symbol, items: Mapping[str, object], seen_at: datetime, source: str) -> Quote:
    """Return the quote that the items of `stock_bid_ask_em` state.

    Volumes there are in shares already (akshare multiplies lots by 100). A side without any level
    is empty; where both are, no book is known.

    Raises:
        NotAQuote: There is no last price above 0.
    """
    last = _price(items.get("最新"))
    if last is None:
        raise NotAQuote("no last price (suspended, or before the first trade)")
    bids, asks = _levels(items, "buy"), _levels(items, "sell")
    book_known = bool(bids or asks)
    return Quote(
        symbol=symbol,
        last_cny=last,
        prev_close_cny=_price(items.get("昨收")),
        seen_at=seen_at,
        source=source,
        limit_up_cny=_price(items.get("涨停")),
        limit_down_cny=_price(items.get("跌停")),
        bids=bids if book_known else None,
        asks=asks if book_known else None,
    )


def _levels(items: Mapping[str, object], side: str) -> tuple[Level, ...]:
    """Return the levels of one side, best first; a level the vendor fills with hyphens is none."""
    levels = []
    for number in LEVELS:
        price, shares = _price(items.get(f"{side}_{number}")), _price(items.get(f"{side}_{number}_vol"))
        if price is not None and shares is not None:
            levels.append(Level(price_cny=price, shares=int(shares)))
    return tuple(levels)


def _price(stated: object) -> Decimal | None:
    """Return a number above 0, None for anything else: hyphens, 0, NaN and blanks all mean unknown."""
    if isinstance(stated, bool) or stated is None:
        return None
    try:
        number = cny(str(stated))
    except ValueError:
        return None
    return number if number > 0 else None
