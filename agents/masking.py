"""A session that nobody can recognise: other codes, names, dates and prices, and the way back. Pure.

What remains is what a decision may rest on: moves, ratios, shares, and the rules of the day. What a
model does otherwise behind the mask than without it, it did on what it remembers.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from types import MappingProxyType

from agents.mask_codes import stand_in
from agents.masked_prices import PriceMask, price_masks
from agents.parsing import parse
from services.domain.decision import BadAnswer, Briefing, Decision, RawAnswer
from services.domain.instruments import Symbol
from services.domain.orders import Intent

NEUTRAL_YEAR = 2042
"""No model has read of it, and all days of a session move there by the same number of whole weeks."""
_FACTOR_LOW, _FACTOR_HIGH = 205, 495
"""Hundredths. Above 2, half a tick there is less than a tick here: every limit price finds its way back."""
_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_NOT_SHOWN = "not shown: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """What stands for what in one session.

    `symbols` are real ones to masked ones, `names` masked symbols to what they are called. Dates move
    by `weeks`. Amounts are `factor` times the real ones; `prices` rescales each real symbol's.
    """

    seed: int
    symbols: Mapping[Symbol, Symbol]
    names: Mapping[Symbol, str]
    weeks: int
    factor: Decimal
    prices: Mapping[Symbol, PriceMask]

    def symbol(self, real: str) -> Symbol:
        """Return what stands for a symbol; for what the session never knew, the same for all."""
        return self.symbols.get(Symbol(real), Symbol("-")) if real else Symbol("")

    def date(self, real: date) -> date:
        """Return what stands for a date: of the same weekday."""
        return real + timedelta(weeks=self.weeks)

    def text(self, text: str) -> str:
        """Return the text with every date in it moved; what only looks like a date stays."""
        return _DATE.sub(self._moved, text)

    def _moved(self, found: re.Match[str]) -> str:
        try:
            return self.date(date(*map(int, found.groups()))).isoformat()
        except (ValueError, OverflowError):
            return found[0]

    def masked(self, decision: Decision) -> Decision:
        """Return a decision as the masked model would have written it."""
        return replace(decision, intents=tuple(self._hidden(one) for one in decision.intents))

    def unmasked(self, decision: Decision) -> Decision:
        """Return a masked model's decision as of the real symbols and prices; undoes `masked`.

        Raises:
            KeyError: It names a symbol that stands for none.
        """
        real = {masked: symbol for symbol, masked in self.symbols.items()}
        return replace(
            decision, intents=tuple(self._shown(one, real[one.symbol]) for one in decision.intents)
        )

    def _hidden(self, intent: Intent) -> Intent:
        limit = intent.limit_cny
        return replace(
            intent,
            symbol=self.symbols[intent.symbol],
            limit_cny=None if limit is None else self.prices[intent.symbol].masked(limit),
        )

    def _shown(self, intent: Intent, symbol: Symbol) -> Intent:
        limit = intent.limit_cny
        return replace(
            intent, symbol=symbol, limit_cny=None if limit is None else self.prices[symbol].unmasked(limit)
        )


def mask_of(briefing: Briefing, seed: int) -> Mask:
    """Return the mask of a session: the same for the same seed and session, whoever asks.

    Raises:
        NoCode: No code can stand for one of its symbols.
    """
    # Text seeds are hashed alike on every machine and in every process.
    chance = Random(f"{seed}:{briefing.session}")
    day = briefing.slot.day
    known = _symbols(briefing)
    symbols: dict[Symbol, Symbol] = {}
    taken: set[str] = set(known)
    for symbol in known:
        symbols[symbol] = stand_in(symbol, day, taken, chance)
        taken.add(symbols[symbol])
    labels = [f"A{number:02d}" for number in range(1, len(known) + 1)]
    chance.shuffle(labels)
    factor = Decimal(chance.randint(_FACTOR_LOW, _FACTOR_HIGH)) / 100
    return Mask(
        seed=seed,
        symbols=MappingProxyType(symbols),
        names=MappingProxyType(dict(zip(symbols.values(), labels, strict=True))),
        weeks=_weeks(day, chance),
        factor=factor,
        prices=price_masks(briefing, symbols, factor),
    )


def _symbols(briefing: Briefing) -> tuple[Symbol, ...]:
    """Return every symbol that the briefing can name, each once."""
    book = briefing.book
    ordered: Iterable[Symbol] = (
        *briefing.watchlist,
        *book.holdings(),
        *(order.symbol for order in book.open_orders),
        *(order.symbol for one in briefing.past for order in one.orders),
    )
    return tuple(dict.fromkeys(ordered))


def _weeks(day: date, chance: Random) -> int:
    """Return by how many weeks the day moves to some week of the neutral year."""
    first = date(NEUTRAL_YEAR, 1, 7)
    return (first - day).days // 7 + chance.randint(1, 50)


def unmasked_answer(mask: Mask, answer: RawAnswer, watchlist: Iterable[Symbol]) -> RawAnswer:
    """Return an answer of a masked model for the real session: bad where it was bad behind the mask.

    `watchlist` is the real one. The transcript stays what was said and gets a line with the seed. A
    symbol that the mask did not show stays unknown, also where it is a real one.
    """
    seen = {"role": "mask", "content": f"seed {mask.seed}"}
    told = replace(answer, transcript=(seen, *answer.transcript))
    decision = parse(answer, frozenset(mask.symbols[symbol] for symbol in watchlist))
    if not isinstance(decision, BadAnswer):
        return replace(told, text=answer_text(mask.unmasked(decision)))
    remembered = parse(answer, frozenset(watchlist))
    if isinstance(remembered, BadAnswer):
        return told
    return replace(told, text=answer_text(remembered, prefix=_NOT_SHOWN))


def answer_text(decision: Decision, prefix: str = "") -> str:
    """Return a decision as an answer writes it; `prefix` goes before each symbol."""
    return json.dumps(
        {
            "rationale": decision.rationale,
            "orders": [
                {
                    "symbol": f"{prefix}{one.symbol}",
                    "side": str(one.side),
                    **_size(one),
                    "limit_price": None if one.limit_cny is None else format(one.limit_cny, "f"),
                    "reason": one.why,
                }
                for one in decision.intents
            ],
        },
        ensure_ascii=False,
    )


def _size(intent: Intent) -> dict[str, object]:
    if intent.target_weight is not None:
        return {"target_weight": format(intent.target_weight, "f")}
    return {"shares": intent.shares}


def text_digest(text: str) -> str:
    """Return the SHA-256 of a text in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
