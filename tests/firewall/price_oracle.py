"""The independent judge of one order's price: tick, limits, cage, own band, drift. It never asks `risk`."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from risk.limits import Desk
from services.domain.instruments import Symbol
from services.domain.orders import Intent, OrderTerms, Side
from services.domain.quotes import Quote
from tests.firewall import exchange_facts as facts
from tests.firewall.exchange_facts import Truth


def priced(
    desk: Desk, truth: Truth, board: str, terms: OrderTerms, wanted: Intent, quote: Quote
) -> Iterator[str]:
    """Yield what is wrong with the limit of one order."""
    limit, last = Fraction(terms.limit_cny), Fraction(quote.last_cny)
    now = facts.phase(truth, board, desk.day, desk.local)
    if limit <= 0 or limit % facts.tick_of(board):
        yield "not a positive price on the tick"
    yield from _limited(desk, truth, board, terms, quote, now)
    yield from _caged(desk, board, terms, quote, now)
    own = desk.limits.caps.price_band_bp
    if own is not None and abs(limit - last) > Fraction(own) / 10_000 * last:
        yield f"further than {own} bp from {quote.last_cny}"
    yield from _as_priced(desk, board, terms, wanted, last, after=now == "after")
    yield from _drifted(desk, terms.symbol, last)


def _limited(
    desk: Desk, truth: Truth, board: str, terms: OrderTerms, quote: Quote, now: str
) -> Iterator[str]:
    """Yield where a price lies outside the day's limits, or stands at one that nobody trades at."""
    limit, last = Fraction(terms.limit_cny), Fraction(quote.last_cny)
    prev = Fraction(quote.prev_close_cny or 0)
    low, high = facts.band(truth, board, desk.day, prev)
    if not inside(limit, low, high):
        yield f"outside the day's limits {low} to {high}"
    empty = quote.asks == () if terms.side is Side.BUY else quote.bids == ()
    sealed = (
        (high is not None and last >= high) if terms.side is Side.BUY else (low is not None and last <= low)
    )
    # A call goes on gathering orders at a limit.
    if empty and sealed and now not in ("open", "close"):
        yield "sealed: nobody stands against it"
    if high is None and now in ("open", "close"):
        call = facts.call_prices(truth, board, now, prev, last)
        if call is None or not inside(limit, *call):
            yield "outside what the call takes on a day without limits"


def _as_priced(
    desk: Desk, board: str, terms: OrderTerms, wanted: Intent, last: Fraction, *, after: bool
) -> Iterator[str]:
    """Yield where a limit is neither the one asked for nor one that trades at once, or not the close."""
    limit, buys = Fraction(terms.limit_cny), terms.side is Side.BUY
    close = facts.half_up(last, facts.tick_of(board))
    if after and ((limit < close) if buys else (limit > close)):
        yield f"trades at the close {close} alone"
    reach = last * Fraction(desk.limits.marketable_bp) / 10_000
    beyond = (limit > last + reach) if buys else (limit < last - reach)
    if wanted.limit_cny is None and not after and beyond:
        yield "made a limit beyond the marketable distance"
    if wanted.limit_cny is not None and limit != Fraction(wanted.limit_cny):
        yield f"asked at {wanted.limit_cny}"


def _caged(desk: Desk, board: str, terms: OrderTerms, quote: Quote, now: str) -> Iterator[str]:
    ask = Fraction(quote.asks[0].price_cny) if quote.asks else None
    bid = Fraction(quote.bids[0].price_cny) if quote.bids else None
    if now != "continuous":
        return
    limit, buys = Fraction(terms.limit_cny), terms.side is Side.BUY
    chain = (ask, bid) if buys else (bid, ask)
    reference = next((price for price in chain if price is not None), Fraction(quote.last_cny))
    bound = facts.cage(board, desk.day, buys, reference)
    if bound is not None and ((limit > bound) if buys else (limit < bound)):
        yield f"beyond the price cage at {bound}"


def _drifted(desk: Desk, symbol: Symbol, last: Fraction) -> Iterator[str]:
    if desk.first.moment == desk.snapshot.moment:
        return
    before = desk.first.get(symbol)
    if before is None:
        yield "had no quote when the mind was asked"
    elif abs(last / Fraction(before.last_cny) - 1) * 10_000 > Fraction(desk.limits.drift_bp_max) + Fraction(
        1, 10**6
    ):
        yield f"drifted from {before.last_cny}"


def inside(price: Fraction, low: Fraction | None, high: Fraction | None) -> bool:
    """Answer whether a price is one of the day's."""
    return (low is None or price >= low) and (high is None or price <= high)
