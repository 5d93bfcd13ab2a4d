"""A look at the vendors as a table, and as JSON for other programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from commands.quotes import Look, Looked
from commands.quotes_wording import words
from commands.screen import Screen
from services.domain.instruments import Market, Symbol
from services.domain.money import CENT
from services.domain.own_clock import ClockReading
from services.domain.quotes import Level, Quote
from services.market.quote_terms import RULE_OF, Judged
from services.market.raw_quotes import RawQuote
from services.slots import local

LEVELS_MAX = 5
"""How many levels of the book a side are shown."""

_COLUMNS = ("symbol", "source", "last", "prev_close", "limits", "bid", "ask", "age")


def show(look: Look, screen: Screen, *, each: bool) -> None:
    """Print each symbol with the verdict on all sources; with `each` what every source says before it."""
    from rich.text import Text

    lang = screen.lang
    market = Market.US if any(one.symbol.endswith(".US") for one in look.symbols) else Market.CN
    at = f"{local(look.at, market):%Y-%m-%d %H:%M:%S}"
    screen.show(Text(words("title", lang, at=at, sources=", ".join(look.sources))))
    for line in _lines(_rows(look, lang, each=each)):
        screen.show(Text(line))
    for source, why in look.faults.items():
        screen.show(Text(words("failed", lang, source=source, why=why)))
    if look.no_facts:
        screen.show(Text(words("no_facts", lang, why=look.no_facts)))
    for state in look.states:
        until = "-" if state.resumes_at is None else f"{local(state.resumes_at, market):%H:%M:%S}"
        screen.show(Text(words("resting", lang, host=state.host, until=until, why=state.why or "-")))
    if look.own_clock is not None:
        screen.show(Text(_clock_line(look.own_clock, lang)))


def _clock_line(reading: ClockReading, lang: str) -> str:
    return words(
        "clock_wrong" if reading.is_wrong else "clock",
        lang,
        ahead_s=f"{reading.ahead_ms / 1000:+.1f}",
        within_s=f"{reading.within_ms / 1000:.1f}",
        hosts=", ".join(reading.hosts),
    )


def _rows(look: Look, lang: str, *, each: bool) -> Iterator[tuple[Sequence[str], str]]:
    """Yield the cells of each row and the verdict below them; the heads come first, with none."""
    yield tuple(words(column, lang) for column in _COLUMNS), ""
    for one in look.symbols:
        for raw, judged in one.sightings if each else ():
            yield _cells(one.symbol, raw, look.at, lang), _alone(judged, lang)
            yield from _book(raw, lang)
        verdict = _verdict(one.judged, lang)
        if each:
            yield (), words("gate", lang, symbol=one.symbol, verdict=verdict)
        else:
            yield _cells(one.symbol, _chosen(one), look.at, lang), verdict
            yield from _book(_chosen(one), lang)


def _book(raw: RawQuote | None, lang: str) -> Iterator[tuple[Sequence[str], str]]:
    """Yield the levels of the book, five a side at most, where there are more than the best ones."""
    sides = () if raw is None else (raw.bids or (), raw.asks or ())
    if any(len(side) > 1 for side in sides):
        bids, asks = (
            " ".join(_level(one) for one in side[:LEVELS_MAX]) or words("empty", lang) for side in sides
        )
        yield (), f"  {words('book', lang, bids=bids, asks=asks)}"


def _lines(rows: Iterable[tuple[Sequence[str], str]]) -> Iterator[str]:
    """Yield the rows as lines, their columns aligned."""
    from rich.cells import cell_len, set_cell_size

    known = tuple(rows)
    columns = zip(*(cells for cells, _ in known if cells), strict=True)
    widths = [max(map(cell_len, column)) + 2 for column in columns]
    for cells, verdict in known:
        if cells:
            yield "".join(map(set_cell_size, cells, widths)).rstrip()
        if verdict:
            yield f"  {verdict}" if cells else verdict


def as_json(look: Look, advice: Sequence[str]) -> dict[str, Any]:
    """Return the look under the names other programs call it by; decimals are text, as they were stated."""
    return {
        "at": look.at.isoformat(),
        "sources": list(look.sources),
        "symbols": [_symbol_json(one, look.at) for one in look.symbols],
        "faults": dict(look.faults),
        "hosts": [
            {
                "host": state.host,
                "standing": str(state.standing),
                "why": state.why,
                "resumes_at": None if state.resumes_at is None else state.resumes_at.isoformat(),
            }
            for state in look.states
        ],
        "own_clock": None if look.own_clock is None else _clock_json(look.own_clock),
        "no_facts": look.no_facts,
        "advice": list(advice),
    }


def _clock_json(reading: ClockReading) -> dict[str, Any]:
    return {
        "ahead_s": reading.ahead_ms / 1000,
        "within_s": reading.within_ms / 1000,
        "hosts": list(reading.hosts),
        "wrong": reading.is_wrong,
    }


def _symbol_json(one: Looked, at: datetime) -> dict[str, Any]:
    judged, chosen = one.judged, _chosen(one)
    return {
        "symbol": one.symbol,
        "tradable": judged.flaw is None,
        "flaw": None if judged.flaw is None else str(judged.flaw),
        "rule": None if judged.flaw is None else str(RULE_OF[judged.flaw]),
        "why": judged.why,
        "confirmed_by": "" if judged.quote is None else judged.quote.confirmed_by,
        "sealed": _sealed(judged.quote),
        **_raw_json(chosen, at),
        "by_source": [
            {**_raw_json(raw, at), "flaw": None if alone.flaw is None else str(alone.flaw), "why": alone.why}
            for raw, alone in one.sightings
        ],
    }


def _raw_json(raw: RawQuote | None, at: datetime) -> dict[str, Any]:
    if raw is None:
        return {"source": None, "last": None}
    return {
        "source": raw.source,
        "name": raw.name,
        "last": _text(raw.last_cny),
        "prev_close": _text(raw.prev_close_cny),
        "limit_down": _text(raw.limit_down_cny),
        "limit_up": _text(raw.limit_up_cny),
        "bids": _book_json(raw.bids),
        "asks": _book_json(raw.asks),
        "stamped_at": None if raw.stamped_at is None else raw.stamped_at.isoformat(),
        "age_s": _age_s(raw, at),
        "status": None if raw.status is None else str(raw.status),
    }


def _book_json(levels: Sequence[Level] | None) -> list[list[Any]] | None:
    return None if levels is None else [[str(one.price_cny), one.shares] for one in levels]


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _age_s(raw: RawQuote, at: datetime) -> float | None:
    return None if raw.stamped_at is None else round((at - raw.stamped_at).total_seconds(), 1)


def _chosen(one: Looked) -> RawQuote | None:
    """Return the words the verdict is about; those of the first source where none states a price."""
    named = one.judged.quote.source if one.judged.quote is not None else ""
    raws = [raw for raw, _ in one.sightings]
    return next((raw for raw in raws if raw.source == named), raws[0] if raws else None)


def _cells(symbol: Symbol, raw: RawQuote | None, at: datetime, lang: str) -> tuple[str, ...]:
    unknown = words("unknown", lang)
    if raw is None:
        return (symbol, *[unknown] * 7)
    limits = (raw.limit_down_cny, raw.limit_up_cny)
    age_s = _age_s(raw, at)
    return (
        symbol,
        raw.source,
        _price(raw.last_cny, unknown),
        _price(raw.prev_close_cny, unknown),
        unknown if limits == (None, None) else "-".join(_price(one, unknown) for one in limits),
        _best(raw.bids, lang),
        _best(raw.asks, lang),
        unknown if age_s is None else words("age_s", lang, age_s=f"{age_s:g}"),
    )


def _best(levels: Sequence[Level] | None, lang: str) -> str:
    if levels is None:
        return words("unknown", lang)
    if not levels:
        return words("empty", lang)
    return _level(levels[0])


def _level(level: Level) -> str:
    return f"{_price(level.price_cny, '')}×{level.shares}"


def _price(amount: Decimal | None, unknown: str) -> str:
    """Return a price with all of its decimals, two at least."""
    if amount is None:
        return unknown
    exponent = amount.as_tuple().exponent
    return str(amount.quantize(CENT) if isinstance(exponent, int) and exponent > -2 else amount)


def _alone(judged: Judged, lang: str) -> str:
    return words("sound", lang) if judged.flaw is None else _barred(judged, lang)


def _verdict(judged: Judged, lang: str) -> str:
    if judged.flaw is not None:
        return _barred(judged, lang)
    source = judged.quote.confirmed_by if judged.quote is not None else ""
    passes = words("confirmed", lang, source=source) if source else words("passes", lang)
    sealed = _sealed(judged.quote)
    return f"{passes}{words(f'sealed_{sealed}', lang) if sealed else ''}"


def _barred(judged: Judged, lang: str) -> str:
    return words("barred", lang, flaw=judged.flaw, why=judged.why)


def _sealed(quote: Quote | None) -> str:
    """Return `up` where nobody sells at the upper limit, `down` where nobody buys at the lower."""
    if quote is None:
        return ""
    if quote.asks == () and quote.bids and quote.last_cny == quote.bids[0].price_cny == quote.limit_up_cny:
        return "up"
    if quote.bids == () and quote.asks and quote.last_cny == quote.asks[0].price_cny == quote.limit_down_cny:
        return "down"
    return ""
