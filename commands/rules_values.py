"""A value of the rulebook as a sentence, and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from datetime import time
from decimal import Decimal
from types import MappingProxyType
from typing import cast

from commands.rules_wording import CATALOGUE
from monitor.wording import worded
from services.domain.instruments import Board
from services.rules import KNOWN_UNTIL, Cage, CallRange, HaltRule, LotRule
from services.rules.corporate import DividendTaxRates
from services.rules.explanation import Explained, Topic
from services.rules.fee_rows import Stamp, Transfer
from services.rules.programmatic import ProgrammaticRule
from services.rules.terms import Multipliers, PhaseSpan

__all__ = ["plain_value", "sentence", "tell"]


def tell(key: str, lang: str, /, **values: object) -> str:
    """Return the wording of `key`, its placeholders filled.

    Raises:
        KeyError: No such key or language, or a placeholder without a value.
    """
    return worded(CATALOGUE, key, lang, values)


def sentence(explained: Explained, lang: str, board: Board) -> str:
    """Return a row's value as a person reads it."""
    if explained.row is None:
        return tell("value.unknown", lang)
    return _SENTENCES[explained.topic](explained.row.value, lang, board)


def plain_value(value: object) -> object:
    """Return a row's value as JSON: exact numbers are text, times `HH:MM:SS`."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain_value(asdict(value))
    if isinstance(value, Mapping):
        return {str(name): plain_value(one) for name, one in value.items()}
    if isinstance(value, tuple):
        return [plain_value(one) for one in value]
    if isinstance(value, time):
        return value.isoformat("seconds")
    return str(value) if isinstance(value, Decimal) else value


def _percent(rate: Decimal) -> str:
    return f"{(rate * 100).normalize():f}%"


def _ratio(value: object, lang: str, board: Board) -> str:
    return tell("value.no_limit", lang) if value is None else f"±{_percent(cast(Decimal, value))}"


def _board(value: object, lang: str, board: Board) -> str:
    return str(cast(Board, value))


def _timetable(value: object, lang: str, board: Board) -> str:
    spans = cast(tuple[PhaseSpan, ...], value)
    trading = [span for span in spans if span.matches]
    phases = (f"{tell(f'phase.{span.phase}', lang)} {span.start:%H:%M}-{span.end:%H:%M}" for span in trading)
    return "; ".join(phases)


def _rounding(value: object, lang: str, board: Board) -> str:
    return tell(f"value.{value}", lang)


def _yes_no(value: object, lang: str, board: Board) -> str:
    return tell("value.yes" if value else "value.no", lang)


def _free_when(value: object, lang: str, board: Board) -> str:
    return tell("value.no_limit" if value else "value.none", lang)


def _free_days(value: object, lang: str, board: Board) -> str:
    return tell("value.free_days", lang, days=value)


def _first_day(value: object, lang: str, board: Board) -> str:
    factors = cast(Multipliers | None, value)
    if factors is None:
        return tell("value.none", lang)
    if factors.up is None or factors.down is None:
        return tell("value.no_limit", lang)
    return tell("value.of_issue", lang, down=_percent(factors.down), up=_percent(factors.up))


def _call_prices(value: object, lang: str, board: Board) -> str:
    calls = cast(CallRange, value)
    opening, ratio = calls.opening, calls.later_ratio
    return tell(
        "value.call_prices",
        lang,
        down=tell("value.no_limit", lang) if opening.down is None else _percent(opening.down),
        up=tell("value.no_limit", lang) if opening.up is None else _percent(opening.up),
        later=tell("value.refused_unknown", lang) if ratio is None else f"±{_percent(ratio)}",
    )


def _halts(value: object, lang: str, board: Board) -> str:
    rule = cast(HaltRule, value)
    return tell(
        "value.halts",
        lang,
        moves=", ".join(f"±{_percent(move)}" for move in rule.moves),
        minutes=rule.halt_s // 60,
        latest=f"{rule.resumes_at_latest:%H:%M}",
    )


def _lots(value: object, lang: str, board: Board) -> str:
    lots = cast(LotRule, value)
    none = tell("value.no_limit", lang)
    market = none if lots.market_order_max is None else f"{lots.market_order_max:,}"
    return tell(
        "value.lots",
        lang,
        minimum=lots.minimum,
        step=lots.step,
        odd=tell(f"value.{lots.odd_lot}", lang),
        limit=none if lots.limit_order_max is None else f"{lots.limit_order_max:,}",
        market=market if lots.takes_market_orders else tell("value.not_taken", lang),
    )


def _cage(value: object, lang: str, board: Board) -> str:
    cage = cast(Cage | None, value)
    if cage is None:
        return tell("value.none", lang)
    ticks = tell("value.cage_ticks", lang, ticks=cage.ticks) if cage.ticks else ""
    fate = tell("value.parked" if cage.parks else "value.rejected", lang)
    return tell("value.cage", lang, percent=_percent(cage.ratio), ticks=ticks, fate=fate)


def _sellable(value: object, lang: str, board: Board) -> str:
    return tell("value.next_day" if value else "value.same_day", lang)


def _cash(value: object, lang: str, board: Board) -> str:
    return tell("value.cash_us" if board is Board.US else "value.cash_cn", lang, days=value)


def _stamp(value: object, lang: str, board: Board) -> str:
    stamp = cast(Stamp, value)
    return tell("value.stamp", lang, buy=_percent(stamp.buy), sell=_percent(stamp.sell))


def _transfer(value: object, lang: str, board: Board) -> str:
    transfer = cast(Transfer, value)
    return tell("value.of_par" if transfer.on_par else "value.of_amount", lang, rate=_percent(transfer.rate))


def _rate(value: object, lang: str, board: Board) -> str:
    return tell("value.of_amount", lang, rate=_percent(cast(Decimal, value)))


def _tax(value: object, lang: str, board: Board) -> str:
    rates = cast(DividendTaxRates, value)
    return tell(
        "value.tax",
        lang,
        month=_percent(rates.month),
        year=_percent(rates.year),
        longer=_percent(rates.longer),
    )


def _cap(value: object, lang: str, board: Board) -> str:
    return tell("value.none", lang) if value is None else tell("value.shares", lang, shares=f"{value:,}")


def _programmatic(value: object, lang: str, board: Board) -> str:
    rule = cast(ProgrammaticRule, value)
    if not rule.report_first:
        return tell("value.none", lang)
    if rule.high_frequency_per_second is None:
        return tell("value.report_only", lang)
    day = f"{rule.high_frequency_per_day:,}"
    return tell("value.report", lang, second=rule.high_frequency_per_second, day=day)


def _day_trader(value: object, lang: str, board: Board) -> str:
    return tell("value.none", lang) if value is None else tell("value.equity", lang, amount=value)


def _tick(value: object, lang: str, board: Board) -> str:
    return str(value)


_SENTENCES: Mapping[Topic, Callable[[object, str, Board], str]] = MappingProxyType(
    {
        Topic.BOARD: _board,
        Topic.TIMETABLE: _timetable,
        Topic.LIMIT: _ratio,
        Topic.LIMIT_ST: _ratio,
        Topic.LIMIT_SHARE_REFORM: _ratio,
        Topic.LIMIT_WIDE_FUND: _ratio,
        Topic.LIMIT_ROUNDING: _rounding,
        Topic.LIMIT_ONE_TICK: _yes_no,
        Topic.UNLIMITED_DAYS: _free_days,
        Topic.FIRST_DAY: _first_day,
        Topic.FIRST_DAY_CALL: _first_day,
        Topic.DELISTING_FIRST_DAY: _free_when,
        Topic.RELISTING_FIRST_DAY: _free_when,
        Topic.CALL_PRICES: _call_prices,
        Topic.HALTS: _halts,
        Topic.LOTS: _lots,
        Topic.TICK: _tick,
        Topic.CAGE: _cage,
        Topic.SELLABLE: _sellable,
        Topic.CASH: _cash,
        Topic.STAMP_DUTY: _stamp,
        Topic.TRANSFER_FEE: _transfer,
        Topic.HANDLING_FEE: _rate,
        Topic.CSRC_LEVY: _rate,
        Topic.COMMISSION_CAP: _rate,
        Topic.DIVIDEND_TAX: _tax,
        Topic.ST_DAILY_CAP: _cap,
        Topic.PROGRAMMATIC: _programmatic,
        Topic.DAY_TRADER: _day_trader,
    }
)
"""How each topic's value is told: the value, the language, the board."""


def dates(explained: Explained, lang: str) -> str:
    """Return from when to when a row holds; a row without an end is known until the book's."""
    row = explained.row
    if row is None:
        return "–"
    end = tell("until_further", lang, until=KNOWN_UNTIL) if row.until is None else str(row.until)
    return f"{row.since} – {end}"
