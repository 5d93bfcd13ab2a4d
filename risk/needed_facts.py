"""Which fact the rules hang on that nobody tells of what a vendor quotes. Pure."""

from __future__ import annotations

from risk.limits import Desk
from services.domain.instruments import Board, Fact, Kind, marks_of
from services.domain.quotes import Quote
from services.rules import Rules

_FUNDS = frozenset({Board.SSE_FUND, Board.SZSE_FUND})

_ASKED = {
    Fact.FUND_KIND: "what kind of fund it is,",
    Fact.RISK_WARNING: "whether it carries a risk warning",
    Fact.LISTING: "when it was listed",
    Fact.DELISTING: "when its delisting period began",
}


def unknown_for_limits(quote: Quote, rules: Rules, desk: Desk) -> str:
    """Return which fact the day's price limits hang on is not known, and why; empty for none."""
    if rules.board in _FUNDS:
        return _unknown(Fact.FUND_KIND, quote, _kind(quote, desk))
    listing = _unknown(Fact.LISTING, quote, _listing(quote, rules, desk))
    if rules.kind is not Kind.STOCK:
        return listing
    return (
        unknown_warning(quote, desk)
        or listing
        or _unknown(Fact.DELISTING, quote, _delisting(quote, rules, desk))
    )


def unknown_warning(quote: Quote, desk: Desk) -> str:
    """Return that it is not known whether a stock carries a risk warning, and why; empty where it is."""
    return "" if quote.approximate else _unknown(Fact.RISK_WARNING, quote, _warning(quote, desk))


def _unknown(fact: Fact, quote: Quote, why: str | None) -> str:
    if why is None:
        return ""
    return f"{quote.symbol}: {_ASKED[fact]} is not known" + (f" ({why})" if why else "")


def _stated(fact: Fact, quote: Quote, desk: Desk) -> str | None:
    """Return why the source of the facts could not tell this one, None where it did not say so."""
    return desk.unknown.get(quote.symbol, {}).get(fact)


def _kind(quote: Quote, desk: Desk) -> str | None:
    """Return why the kind of a fund is not known, None where it is: no name tells it."""
    stated, told = _stated(Fact.FUND_KIND, quote, desk), desk.instruments.get(quote.symbol)
    return stated if told is not None and told.kind is not None else stated or ""


def _warning(quote: Quote, desk: Desk) -> str | None:
    """Return why a risk warning is not known, None where it is: by the facts, or by a name alone.

    A vendor's name and the facts that speak differently leave it unknown.
    """
    stated = _stated(Fact.RISK_WARNING, quote, desk)
    if stated is not None:
        return stated
    told = desk.instruments.get(quote.symbol)
    if told is None:
        return None if quote.name else ""
    warned = marks_of(told.name).warned or told.is_st(desk.day)
    if quote.name and told.name and marks_of(quote.name).warned is not warned:
        return f"{quote.source} names it {quote.name!r}, the facts {told.name!r}"
    return None


def _listing(quote: Quote, rules: Rules, desk: Desk) -> str | None:
    """Return why it is not known whether the listing still means something, None where it is.

    The name of a stock tells it too: the exchange marks the first days in it. A trust's or a bond's
    does not.
    """
    if not rules.limits.free_days and rules.limits.first_day is None:
        return None
    stated, told = _stated(Fact.LISTING, quote, desk), desk.instruments.get(quote.symbol)
    if stated is not None or (told is not None and told.listed_on is not None):
        return stated
    if rules.kind is not Kind.STOCK:
        return ""
    names = (quote.name, told.name if told is not None else "")
    return next((f"it is named {name!r}" for name in names if marks_of(name).new), None)


def _delisting(quote: Quote, rules: Rules, desk: Desk) -> str | None:
    """Return why it is not known whether today is the first day of the delisting period, None where it is."""
    if not rules.limits.delisting_first_day_free:
        return None
    return _stated(Fact.DELISTING, quote, desk)
