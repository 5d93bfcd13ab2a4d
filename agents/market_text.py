"""The part of a briefing's text on the market: the watchlist, its state, closes and indicators. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from math import isnan

from agents.one_line import one_line
from agents.page import Page, Row
from agents.phrases import Phrases
from services.domain.decision import Briefing
from services.domain.instruments import Symbol
from services.slots import local

CLOSES_MAX = 2_000
"""Most closes in one text: with many symbols each shows fewer bars, so that the text stays readable."""
NAME_LENGTH_MAX = 24
WHY_LENGTH_MAX = 140

_SHOWN = (
    ("sma_5", ".3f"),
    ("sma_20", ".3f"),
    ("sma_60", ".3f"),
    ("rsi_14", ".1f"),
    ("boll_lower", ".3f"),
    ("boll_upper", ".3f"),
    ("macd_histogram", ".3f"),
    ("atr_14", ".3f"),
    ("momentum_20", "+.2%"),
    ("volatility_20", ".2%"),
    ("volume_ratio_5", ".2f"),
)
"""Which indicators are shown, and with how many decimals."""


def watchlist_text(page: Page, symbols: Sequence[Symbol]) -> str:
    """Return a line on each of the symbols: prices, limits, lots, what can be bought, state."""
    words = page.words
    return "\n".join((words.watchlist, words.watch_columns, *_watch_lines(page, symbols)))


def _watch_lines(page: Page, symbols: Sequence[Symbol]) -> Iterator[str]:
    words = page.words
    for symbol in symbols:
        row = page.rows[symbol]
        quote, lots = row.quote, row.rules.lots if row.rules else None
        no_limit = words.unlimited if row.unlimited else words.unknown
        cells = (
            symbol,
            name_of(row),
            row.price(quote.last_cny) if quote else words.unknown,
            row.price(quote.prev_close_cny) if quote and quote.prev_close_cny else words.unknown,
            no_limit if row.limit_down_cny is None else str(row.limit_down_cny),
            no_limit if row.limit_up_cny is None else str(row.limit_up_cny),
            f"{lots.minimum}/{lots.step}" if lots else words.unknown,
            str(page.most_to_buy(symbol)),
            _state(row, words),
        )
        yield " | ".join(cells)


def _state(row: Row, words: Phrases) -> str:
    quote, why = row.quote, one_line(row.untradable, WHY_LENGTH_MAX)
    if quote is None:
        return words.no_quote_because.format(why=why) if why else words.no_quote
    if why:
        return words.barred.format(why=why)
    if quote.suspended:
        return words.suspended
    if not row.tradable:
        return words.closed_today
    if row.limit_up_cny is not None and quote.last_cny >= row.limit_up_cny:
        return words.sealed_limit_up if quote.asks == () else words.at_limit_up
    if row.limit_down_cny is not None and quote.last_cny <= row.limit_down_cny:
        return words.sealed_limit_down if quote.bids == () else words.at_limit_down
    return words.trades


def market_text(page: Page) -> str:
    """Return how the watchlist stands as a whole; empty where no price is known."""
    words, state = page.words, page.market
    if state.change is None:
        return ""
    lines = [
        words.market.format(symbols=len(page.briefing.watchlist)),
        words.market_day.format(
            up=state.up,
            down=state.down,
            flat=state.flat,
            unpriced=state.unpriced,
            change=f"{state.change:+.2%}",
        ),
    ]
    if state.change_5 is not None:
        lines.append(
            words.market_bars.format(
                change_5=_ratio(state.change_5, words, "+"),
                change_20=_ratio(state.change_20, words, "+"),
                volatility=_ratio(state.volatility, words),
            )
            + _above(page)
        )
    return "\n".join(lines)


def _above(page: Page) -> str:
    """Return how many symbols closed above their mean, empty where no mean is known."""
    found = [page.indicators_of(symbol) for symbol in page.briefing.watchlist]
    pairs = [(one.get("close"), one.get("sma_20")) for one in found]
    known = [(close, mean) for close, mean in pairs if close is not None and mean is not None]
    above = sum(close > mean for close, mean in known)
    return page.words.market_above.format(above=above, known=len(known)) if known else ""


def _ratio(value: float | None, words: Phrases, sign: str = "") -> str:
    return words.unknown if value is None else f"{value:{sign}.2%}"


def indicators_text(page: Page, symbols: Sequence[Symbol]) -> str:
    """Return a line of indicators on each of the symbols that has any; empty where none has."""
    table = {symbol: page.indicators_of(symbol) for symbol in symbols}
    shown = [(name, form) for name, form in _SHOWN if any(_has(one, name) for one in table.values())]
    lines = [
        " | ".join((symbol, *(_indicator(found, name, form) for name, form in shown)))
        for symbol, found in table.items()
        if any(_has(found, name) for name, _ in shown)
    ]
    if not lines:
        return ""
    heads = " | ".join(("symbol", *(name for name, _ in shown)))
    return "\n".join((page.words.indicators, heads, *lines))


def _has(found: Mapping[str, float | None], name: str) -> bool:
    return found.get(name) is not None


def _indicator(found: Mapping[str, float | None], name: str, form: str) -> str:
    value = found.get(name)
    return "-" if value is None else format(value, form)


def closes_text(page: Page, bars: int) -> str:
    """Return up to `bars` recent closes of each symbol of the watchlist."""
    briefing, words = page.briefing, page.words
    history = briefing.history
    known = set(history.symbols) if history is not None else set()
    symbols = [symbol for symbol in briefing.watchlist if symbol in known]
    if history is None or not symbols or history.rows == 0 or bars < 1:
        return words.no_closes
    shown = min(bars, max(1, CLOSES_MAX // len(symbols)))
    closes, ends = history.closes(shown), history.ends(shown)
    columns = history.panel.column
    lines = [
        " ".join((symbol, *map(_close, closes[:, columns[symbol]].tolist())))
        for symbol in symbols[:CLOSES_MAX]
    ]
    first, last = (_bar_label(briefing, int(end)) for end in (ends[0], ends[-1]))
    title = words.closes.format(bars=len(closes), frequency=history.panel.frequency, first=first, last=last)
    return "\n".join((title, *lines))


def _close(price: float) -> str:
    return "-" if isnan(price) else repr(price)


def _bar_label(briefing: Briefing, end: int) -> str:
    moment = local(datetime.fromtimestamp(end, UTC), briefing.slot.market)
    return f"{moment:%Y-%m-%d %H:%M}"


def name_of(row: Row) -> str:
    """Return the name without anything that could pass for a line or a column of the briefing."""
    name = row.instrument.name or (row.quote.name if row.quote else "")
    return one_line(name, NAME_LENGTH_MAX) or "-"
