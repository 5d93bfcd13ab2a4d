"""Minds that need no model: plain rules, answering in the same contract as any model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from math import isnan
from types import MappingProxyType
from typing import TypedDict

import orjson

from agents.momentum import Columns, Ranking, columns_of, rank
from agents.sizing import cost_cny, proceeds_cny, shares_for, shares_to_sell, tradable_rules
from services.domain.decision import Briefing, RawAnswer, Reads, Usage
from services.domain.instruments import Symbol
from services.domain.money import from_float

INVESTED = Decimal("0.95")
"""The share of equity that is spread over the holdings; the rest pays fees and rounding."""

_USAGE = Usage()


class UnknownRule(ValueError):
    """No rule of that name, or an option that it does not have."""


@dataclass(frozen=True, kw_only=True)
class RuleOptions:
    """How many symbols are held, how many bars momentum looks back, and after how many bars it is renewed."""

    top: int = 5
    lookback: int = 20
    every: int = 1


_OPTIONS = tuple(option.name for option in fields(RuleOptions))
_DEFAULTS = RuleOptions()


class WrittenOrder(TypedDict):
    """One order as the answer contract writes it."""

    symbol: str
    side: str
    shares: int
    limit_price: None
    reason: str


@dataclass(slots=True)
class Sheet:
    """The orders of one answer, and the cash they leave: what is available, plus what the sells bring."""

    briefing: Briefing
    target_cny: Decimal
    cash_cny: Decimal
    orders: list[WrittenOrder] = field(default_factory=list)

    def fits(self, symbol: Symbol, last: float) -> bool:
        """Answer whether a valid lot fits into one holding's share of the equity and trades at this slot."""
        rules = tradable_rules(self.briefing, symbol)
        return rules is not None and shares_for(rules, self.target_cny, from_float(last)) > 0

    def sell_all(self, symbol: Symbol, last: float, reason: str) -> None:
        """Sell what may be sold today; nothing is written when that is nothing."""
        rules = tradable_rules(self.briefing, symbol)
        shares = 0 if rules is None else shares_to_sell(self.briefing, rules, symbol)
        if shares > 0:
            self.cash_cny += proceeds_cny(shares, from_float(last))
            self._write(symbol, "sell", shares, reason)

    def buy(self, symbol: Symbol, last: float, reason: str) -> None:
        """Buy one holding's share of the equity, or what the cash left allows; nothing below a lot."""
        rules, price = tradable_rules(self.briefing, symbol), from_float(last)
        shares = 0 if rules is None else shares_for(rules, min(self.target_cny, self.cash_cny), price)
        if shares > 0:
            self.cash_cny -= cost_cny(shares, price)
            self._write(symbol, "buy", shares, reason)

    def _write(self, symbol: Symbol, side: str, shares: int, reason: str) -> None:
        self.orders.append(
            {"symbol": symbol, "side": side, "shares": shares, "limit_price": None, "reason": reason}
        )


class RuleAgent:
    """A named rule as an agent: deterministic, keeps nothing between sessions, answers at once.

    `momentum` holds the `top` symbols by momentum over `lookback` bars (as many as there are, from
    the second price on), at equal weight: it sells what left the top as far as T+1 allows, then
    buys what entered. A symbol of which not even one lot fits into its weight is passed over, so is
    one that is suspended or cannot trade at this slot. It acts after the first ended bar and each
    `every` bars later, and whenever the account holds nothing.

    `buy_and_hold` buys the first `top` symbols of the watchlist that fit, once. `hold` never trades.
    """

    def __init__(
        self, name: str = "momentum", *, top: int = 5, lookback: int = 20, rebalance_every: int = 1
    ) -> None:
        if name not in _RULES:
            raise UnknownRule(f"no rule is called {name!r}; there are {', '.join(_RULES)}")
        if min(top, lookback, rebalance_every) < 1:
            raise UnknownRule(f"rule {name}: top, lookback and every must be 1 or more")
        self._rule = _RULES[name]
        self._options = RuleOptions(top=top, lookback=lookback, every=rebalance_every)
        self._name = f"rule:{name}{_spelled(self._options)}"
        self._columns: Columns | None = None

    @property
    def name(self) -> str:
        """`rule:momentum`, with the options that are not the default: `rule:momentum:every=20`."""
        return self._name

    @property
    def reads(self) -> Reads:
        """Rules read arrays."""
        return Reads.ARRAYS

    async def decide(self, briefing: Briefing) -> RawAnswer:
        """Return the rule's answer as JSON text."""
        columns = self._columns
        if columns is None or not columns.fits(briefing):
            columns = self._columns = columns_of(briefing)
        sheet = Sheet(
            briefing=briefing,
            target_cny=briefing.equity_cny * INVESTED / self._options.top,
            cash_cny=briefing.book.available_cny,
        )
        rationale = self._rule(sheet, columns, self._options)
        text = orjson.dumps({"rationale": rationale, "orders": sheet.orders}).decode()
        return RawAnswer(text=text, model=self._name, usage=_USAGE)


def rule_agent(spec: str = "momentum") -> RuleAgent:
    """Return the rule that `spec` names: a name, or a name with options, `momentum:every=20,top=3`.

    Raises:
        UnknownRule: No such rule or option; the message lists what there is.
    """
    name, _, rest = spec.partition(":")
    options = dict(_option(spec, part) for part in rest.split(",") if part)
    return RuleAgent(
        name,
        top=options.get("top", _DEFAULTS.top),
        lookback=options.get("lookback", _DEFAULTS.lookback),
        rebalance_every=options.get("every", _DEFAULTS.every),
    )


def rule_names() -> tuple[str, ...]:
    """Return the names that `rule_agent` knows."""
    return tuple(_RULES)


def _option(spec: str, part: str) -> tuple[str, int]:
    key, _, value = part.partition("=")
    if key not in _OPTIONS or not (value.isascii() and value.isdecimal()):
        known = ", ".join(f"{option}=N" for option in _OPTIONS)
        raise UnknownRule(f"rule {spec!r}: {part!r} is no option; there are {known}, N a whole number")
    return key, int(value)


def _spelled(options: RuleOptions) -> str:
    given = [f"{key}={getattr(options, key)}" for key in _OPTIONS]
    usual = [f"{key}={getattr(_DEFAULTS, key)}" for key in _OPTIONS]
    changed = [text for text in given if text not in usual]
    return f":{','.join(changed)}" if changed else ""


def _momentum(sheet: Sheet, columns: Columns, options: RuleOptions) -> str:
    briefing, history = sheet.briefing, sheet.briefing.history
    if history is None:
        return "No bars to rank by."
    book = briefing.book
    # Counted from the first bar: of four bars a day, every 4th or 20th is then a morning's first,
    # not the day's last, after which most stocks could not trade.
    if (history.rows - 1) % options.every and (book.lots or book.open_orders):
        return f"Not a bar to renew on: every {options.every}."
    ranking = rank(briefing, history, columns, options.lookback)
    if ranking is None:
        return "No bars to rank by."
    held = book.holdings()
    top = _top(sheet, columns, ranking, held, options.top)
    _rotate(sheet, columns, ranking, held, top)
    shown = ", ".join(f"{columns.symbols[i]} {ranking.momentum[i]:+.2%}" for i in top)
    bars = min(history.rows, options.lookback)
    return f"Momentum over {bars} bars, the top {options.top}: {shown or 'none fits'}."


def _top(sheet: Sheet, columns: Columns, ranking: Ranking, held: Mapping[Symbol, int], top: int) -> list[int]:
    """Return the best positions that are held already or can be entered."""
    chosen: list[int] = []
    for i in ranking.order:
        symbol = columns.symbols[i]
        if symbol in held or sheet.fits(symbol, ranking.lasts[i]):
            chosen.append(i)
            if len(chosen) == top:
                break
    return chosen


def _rotate(
    sheet: Sheet, columns: Columns, ranking: Ranking, held: Mapping[Symbol, int], top: list[int]
) -> None:
    """Write the sells of what left the top, then the buys of what entered; never both of one symbol."""
    working = {order.symbol for order in sheet.briefing.book.open_orders}
    chosen = {columns.symbols[i] for i in top}
    for symbol in sorted(held.keys() - chosen - working):
        at = columns.at.get(symbol)
        if at is not None and not isnan(last := ranking.lasts[at]):
            sheet.sell_all(symbol, last, "left the top")
    for i in top:
        symbol = columns.symbols[i]
        if symbol not in held and symbol not in working:
            sheet.buy(symbol, ranking.lasts[i], "entered the top")


def _buy_and_hold(sheet: Sheet, columns: Columns, options: RuleOptions) -> str:
    briefing = sheet.briefing
    if briefing.book.lots or briefing.book.open_orders:
        return "Bought already; holding."
    for symbol, last in _quoted(briefing):
        if len(sheet.orders) == options.top:
            break
        sheet.buy(symbol, last, "first that fits")
    return f"Equal weight of the first {options.top} symbols that fit, bought once."


def _quoted(briefing: Briefing) -> Iterable[tuple[Symbol, float]]:
    """Yield the watchlist's symbols in its order with their last prices, without those that have none."""
    lasts = dict(zip(briefing.snapshot.symbols, briefing.snapshot.lasts().tolist(), strict=True))
    for symbol in briefing.watchlist:
        last = lasts.get(symbol, float("nan"))
        if not isnan(last):
            yield symbol, last


def _hold(sheet: Sheet, columns: Columns, options: RuleOptions) -> str:
    return "This rule never trades."


_RULES: Mapping[str, Callable[[Sheet, Columns, RuleOptions], str]] = MappingProxyType(
    {"momentum": _momentum, "buy_and_hold": _buy_and_hold, "hold": _hold}
)
