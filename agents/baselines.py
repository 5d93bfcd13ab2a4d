"""Plain rules that need no ranking by momentum: what any model must beat. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from hashlib import sha256

import numpy as np

from agents.indicators import bars_of
from agents.order_sheet import OrderSheet, hold_only, quoted, working
from agents.rule_options import RuleOptions
from services.domain.bars import History
from services.domain.decision import Briefing
from services.domain.instruments import Symbol
from services.domain.money import from_float

DRIFT = Decimal("0.1")
"""How far a holding may be from its share of the equity, as a part of it, before it is traded back."""
ENTRY = -1.0
"""Mean reversion buys from so many standard deviations below the mean on."""


def renews(briefing: Briefing, every: int) -> bool:
    """Answer whether it is a bar to act on: each `every` bars after the first, or with nothing in hand.

    Counted from the first bar: of four bars a day, every 4th or 20th is then a morning's first, not
    the day's last, after which most stocks could not trade. Where there are no bars, always.
    """
    history, book = briefing.history, briefing.book
    if history is None or not (book.lots or book.open_orders):
        return True
    return (history.rows - 1) % every == 0


def hold(sheet: OrderSheet, options: RuleOptions) -> str:
    """Never trade."""
    return "This rule never trades."


def buy_and_hold(sheet: OrderSheet, options: RuleOptions) -> str:
    """Buy the first `top` symbols of the watchlist that fit, once, at equal weight."""
    book = sheet.briefing.book
    if book.lots or book.open_orders:
        return "Bought already; holding."
    for symbol, last in quoted(sheet.briefing):
        if len(sheet.orders) == options.top:
            break
        sheet.buy(symbol, last, "first that fits")
    return f"Equal weight of the first {options.top} symbols that fit, bought once."


def equal_weight(sheet: OrderSheet, options: RuleOptions) -> str:
    """Hold the first `top` symbols of the watchlist that fit, brought back to equal weight."""
    briefing = sheet.briefing
    if not renews(briefing, options.every):
        return f"Not a bar to renew on: every {options.every}."
    lasts = dict(quoted(briefing))
    held = sheet.held
    members = _first_that_fit(sheet, briefing.watchlist, lasts, held, options.top)
    worth = {one: held[one] * from_float(lasts[one]) for one in members if one in held and one in lasts}
    spare_cny = sheet.target_cny * DRIFT
    busy = working(briefing)
    for symbol, worth_cny in sorted(worth.items()):
        if symbol not in busy and worth_cny - sheet.target_cny > spare_cny:
            sheet.sell_worth(symbol, lasts[symbol], "above its share", worth_cny - sheet.target_cny)
    hold_only(sheet, members, lasts, "no member any more", "a member")
    for symbol, worth_cny in worth.items():
        if symbol not in busy and sheet.target_cny - worth_cny > spare_cny:
            sheet.buy(symbol, lasts[symbol], "below its share", sheet.target_cny - worth_cny)
    return f"Equal weight of the first {options.top} symbols that fit, renewed every {options.every} bars."


def mean_reversion(sheet: OrderSheet, options: RuleOptions) -> str:
    """Hold up to `top` symbols that fell far below the mean of `lookback` closes, until they are back."""
    briefing, history = sheet.briefing, sheet.briefing.history
    if history is None:
        return "No bars to take a mean of."
    if not renews(briefing, options.every):
        return f"Not a bar to renew on: every {options.every}."
    lasts = dict(quoted(briefing))
    held = sheet.held
    distances = dict(_distances(history, sorted(lasts), options.lookback))
    kept = [symbol for symbol in held if symbol not in distances or distances[symbol] < 0.0]
    fallen = sorted((far, symbol) for symbol, far in distances.items() if far <= ENTRY)
    entering = [one for _, one in fallen if one not in held and sheet.fits(one, lasts[one])]
    entering = entering[: max(0, options.top - len(kept))]
    hold_only(sheet, [*kept, *entering], lasts, "back at its mean", "far below its mean")
    shown = ", ".join(f"{symbol} {distances[symbol]:+.2f}" for symbol in entering)
    return f"Standard deviations from the mean of {options.lookback} closes: {shown or 'none to enter'}."


def random_picks(sheet: OrderSheet, options: RuleOptions) -> str:
    """Hold `top` symbols drawn anew at every renewal, by the seed and the slot alone."""
    briefing = sheet.briefing
    if not renews(briefing, options.every):
        return f"Not a bar to renew on: every {options.every}."
    lasts, held = dict(quoted(briefing)), sheet.held
    # A digest, not a generator: the same draw on every version of Python, and for every watchlist order.
    draws = sorted(
        (sha256(f"{options.seed}|{briefing.slot.label}|{one}".encode()).digest(), one)
        for one in briefing.watchlist
    )
    drawn = _first_that_fit(sheet, [symbol for _, symbol in draws], lasts, held, options.top)
    hold_only(sheet, drawn, lasts, "not drawn", "drawn")
    return f"Drawn with seed {options.seed}: {', '.join(drawn) or 'none fits'}."


def _first_that_fit(
    sheet: OrderSheet,
    symbols: Iterable[Symbol],
    lasts: dict[Symbol, float],
    held: Mapping[Symbol, int],
    top: int,
) -> list[Symbol]:
    """Return the first `top` symbols that are held, with or without a price now, or that a lot fits of."""
    members: list[Symbol] = []
    for symbol in symbols:
        if len(members) == top:
            break
        if symbol in held or (symbol in lasts and sheet.fits(symbol, lasts[symbol])):
            members.append(symbol)
    return members


def _distances(history: History, symbols: list[Symbol], lookback: int) -> Iterator[tuple[Symbol, float]]:
    """Yield how many standard deviations each last close is from the mean, where that can be told."""
    for symbol in symbols:
        bars = bars_of(history, symbol, lookback)
        if bars is None or len(bars.close) < lookback:
            continue
        spread = float(np.std(bars.close))
        if spread > 0:
            yield symbol, float((bars.close[-1] - np.mean(bars.close)) / spread)
