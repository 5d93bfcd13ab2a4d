"""An explanation of a day's rules, as a person reads it and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from commands.rules_values import dates, plain_value, sentence, tell
from commands.screen import Screen
from services.domain.events import TradingDay
from services.domain.fills import Fees
from services.domain.instruments import Instrument, Kind
from services.domain.orders import Side
from services.rules import KNOWN_UNTIL, Band, Phase, Rules
from services.rules.explanation import Explained

if TYPE_CHECKING:
    from rich.table import Table

_FEE_LINES = ("commission", "stamp_duty", "transfer_fee", "handling_fee", "csrc_fee", "total")


class Assumed(StrEnum):
    """A fact of an instrument that was not stated: an ordinary fund, no risk warning, long listed."""

    KIND = "kind"
    ST = "st"
    LISTING = "listing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What the exchange does at a local time, and what it takes then; `start` and `end` are the phase's."""

    at: time
    phase: Phase
    start: time
    end: time
    orders: bool
    cancels: bool
    matches: bool
    after_hours_orders: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeExample:
    """What a trade would cost."""

    side: Side
    shares: int
    price: Decimal
    fees: Fees


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything said of one instrument on one day.

    `band` None: a previous close is needed. `opening_call` None: the opening call takes the prices of
    the band, or it is not known what it takes. `fees` empty: a rate is not known. `at` is the time that
    was asked about, `moment` None without one, or where the phases of the day are not known.
    """

    instrument: Instrument
    kind: Kind
    rules: Rules
    trading_day: TradingDay
    early_close: time | None
    after_hours: bool
    prev_close: Decimal | None
    band: Band | None
    opening_call: Band | None
    at: time | None
    moment: Moment | None
    assumed: tuple[Assumed, ...]
    fees: tuple[FeeExample, ...]
    rows: tuple[Explained, ...]


def as_json(found: Explanation, lang: str) -> dict[str, object]:
    """Return the explanation as one JSON object; `rows` has one object a rule."""
    rules = found.rules
    return {
        "symbol": found.instrument.symbol,
        "name": found.instrument.name,
        "on": rules.day.isoformat(),
        "board": str(rules.board),
        "kind": str(found.kind),
        **{f"{fact}_assumed": fact in found.assumed for fact in Assumed},
        "trading_day": str(found.trading_day),
        "early_close": plain_value(found.early_close),
        "rules_version": rules.version,
        "known_until": KNOWN_UNTIL.isoformat(),
        "phases": plain_value(rules.phases),
        "after_hours": found.after_hours,
        "after_hours_orders": plain_value(rules.after_hours_windows) if found.after_hours else [],
        "band": _band(found),
        "opening_call": None if found.opening_call is None else plain_value(found.opening_call),
        "at": _at(found),
        "fees_example": [_fee(example) for example in found.fees],
        "rows": [_row(one, lang, rules) for one in found.rows],
    }


def _band(found: Explanation) -> dict[str, object] | None:
    band = found.band
    if band is None:
        return None
    if band.unlimited:
        return {"mode": "unlimited"}
    limits = {"limit_down": str(band.limit_down), "limit_up": str(band.limit_up)}
    return {"mode": "limited", "prev_close": str(found.prev_close), **limits}


def _at(found: Explanation) -> object:
    if found.moment is not None:
        return plain_value(found.moment)
    return None if found.at is None else {"at": plain_value(found.at), "phase": "unknown"}


def _fee(example: FeeExample) -> dict[str, object]:
    return {
        "side": str(example.side),
        "shares": example.shares,
        "price": str(example.price),
        "amount": str(example.price * example.shares),
        **{line: str(getattr(example.fees, line)) for line in _FEE_LINES},
    }


def _row(one: Explained, lang: str, rules: Rules) -> dict[str, object]:
    row = one.row
    told = {"topic": str(one.topic), "rule": one.series, "text": sentence(one, lang, rules.board)}
    if row is None:
        return {**told, "known": False}
    return {
        **told,
        "known": True,
        "value": plain_value(row.value),
        "since": row.since.isoformat(),
        "until": None if row.until is None else row.until.isoformat(),
        "known_until": (row.until or KNOWN_UNTIL).isoformat(),
        "source": row.source,
        "confidence": str(row.confidence),
    }


def show(found: Explanation, screen: Screen) -> None:
    """Print the explanation for a person."""
    if screen.as_json:
        return
    from rich.text import Text

    for line in _head(found, screen.lang):
        screen.show(Text(line))
    screen.show(_phases(found, screen.lang))
    for line in _findings(found, screen.lang):
        screen.show(Text(line))
    for line in _rows(found, screen.lang):
        screen.show(Text(line))


def _head(found: Explanation, lang: str) -> Iterator[str]:
    rules, name = found.rules, found.instrument.name
    yield tell(
        "title",
        lang,
        symbol=found.instrument.symbol,
        name=f" {name}" if name else "",
        day=rules.day,
        board=rules.board,
        kind=found.kind,
    )
    day = tell(f"day.{found.trading_day}", lang)
    early = "" if found.early_close is None else ", " + tell("early", lang, at=f"{found.early_close:%H:%M}")
    yield f"{day}{early}; " + tell("book", lang, version=rules.version, until=KNOWN_UNTIL)
    for fact in found.assumed:
        yield tell(f"assumed.{fact}", lang, kind=found.kind)


def _findings(found: Explanation, lang: str) -> Iterator[str]:
    windows = ", ".join(f"{one.start:%H:%M}-{one.end:%H:%M}" for one in found.rules.after_hours_windows)
    yield tell("after_hours.yes" if found.after_hours else "after_hours.no", lang, windows=windows)
    if found.band is None:
        yield tell("band.unasked", lang)
    elif found.band.unlimited:
        yield tell("band.unlimited", lang)
    else:
        band = found.band
        yield tell("band.limited", lang, prev=found.prev_close, down=band.limit_down, up=band.limit_up)
    if found.opening_call is not None:
        ends = (found.opening_call.limit_down, found.opening_call.limit_up)
        down, up = (tell("opening_call.open", lang) if end is None else end for end in ends)
        yield tell("opening_call", lang, down=down, up=up)
    if found.moment is not None:
        yield _moment(found.moment, lang)
    elif found.at is not None:
        yield tell("at.unknown", lang, at=f"{found.at:%H:%M:%S}")
    if not found.fees:
        yield tell("fees.unknown", lang)
    for one in found.fees:
        lines = {line: getattr(one.fees, line) for line in _FEE_LINES}
        side = tell(f"side.{one.side}", lang)
        yield tell("fees", lang, side=side, shares=one.shares, price=one.price, **lines)


def _moment(moment: Moment, lang: str) -> str:
    return tell(
        "at",
        lang,
        at=f"{moment.at:%H:%M:%S}",
        phase=tell(f"phase.{moment.phase}", lang),
        start=f"{moment.start:%H:%M}",
        end=f"{moment.end:%H:%M}",
        orders=_yes(moment.orders, lang),
        cancels=_yes(moment.cancels, lang),
        matches=_yes(moment.matches, lang),
        after_hours=_yes(moment.after_hours_orders, lang),
    )


def _yes(value: bool, lang: str) -> str:
    return tell("value.yes" if value else "value.no", lang)


def _phases(found: Explanation, lang: str) -> Table:
    from rich.table import Table

    table = Table()
    for column in ("from", "to", "phase", "orders", "cancels", "matching"):
        table.add_column(tell(f"column.{column}", lang))
    for span in found.rules.phases:
        table.add_row(
            f"{span.start:%H:%M}",
            f"{span.end:%H:%M}",
            tell(f"phase.{span.phase}", lang),
            *(_yes(flag, lang) for flag in (span.accepts_orders, span.accepts_cancel, span.matches)),
        )
    return table


def _rows(found: Explanation, lang: str) -> Iterator[str]:
    """Yield two lines a rule: what it says, and from when to when by which source."""
    for one in found.rows:
        yield f"{tell(f'topic.{one.topic}', lang)}: {sentence(one, lang, found.rules.board)}"
        if one.row is not None:
            yield f"    {dates(one, lang)}; {one.row.source} [{one.row.confidence}]"
