"""Somebody's `position.jsonl` as decisions: what it traded at each label, at the slot that follows. Pure."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.foreign_record import Damage, ForeignRecord, RecordLine
from monitor.record_prices import LabelledPrices
from services.domain.bars import Frequency
from services.domain.slot import Slot
from services.slots import ZONES

HOLD = json.dumps({"rationale": "The record trades nothing here.", "orders": []})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedDecisions:
    """One answer a slot, in the slots' order; how many trades they hold, and the lines that are in none."""

    answers: tuple[str, ...]
    trades: int
    left_out: tuple[Damage, ...]


def decisions_of(record: ForeignRecord, slots: Sequence[Slot], prices: LabelledPrices) -> ImportedDecisions:
    """Return a record's trades as answers to the slots of a period, ascending.

    A label is the end of a bar: `2025-10-09 10:30:00` is decided on at the first slot not before it, a
    date without a time, or any of daily bars, at the day's first. What one slot gathers of one symbol and
    side is one order, as the gate takes no second one. Lines before the period, after its last slot, of
    symbols without prices, or that buy or sell no shares are left out and named.
    """
    moments = [slot.moment for slot in slots]
    gathered: dict[int, dict[tuple[str, str], int]] = {}
    labels: dict[int, dict[str, None]] = {}
    left_out: list[Damage] = []
    trades = 0
    for line in record.lines:
        if not line.action.trades:
            continue
        symbol = prices.symbol(line.symbol)
        moment = _moment(line, prices, slots)
        at = len(slots) if moment is None else bisect_left(moments, moment)
        why = _unusable(line, moment, at, slots)
        if symbol is None or why:
            left_out.append(Damage(line=line.number, problem=why or f"{line.symbol} has no prices"))
            continue
        orders = gathered.setdefault(at, {})
        orders[symbol, str(line.action)] = orders.get((symbol, str(line.action)), 0) + line.shares
        labels.setdefault(at, {})[line.label] = None
        trades += 1
    answers = (
        _answer(gathered[at], tuple(labels[at])) if at in gathered else HOLD for at in range(len(slots))
    )
    return ImportedDecisions(answers=tuple(answers), trades=trades, left_out=tuple(left_out))


def _moment(line: RecordLine, prices: LabelledPrices, slots: Sequence[Slot]) -> datetime | None:
    """Return when a line was decided, None where nobody can say."""
    if not slots:
        return None
    zone = ZONES[slots[0].market]
    if prices.panel.frequency is Frequency.DAILY:
        return datetime.combine(datetime.fromisoformat(line.label), datetime.min.time(), zone)
    return datetime.fromisoformat(line.label).replace(tzinfo=zone)


def _unusable(line: RecordLine, moment: datetime | None, at: int, slots: Sequence[Slot]) -> str:
    if line.shares <= 0:
        return f"{line.shares} shares are no order"
    if moment is None or at >= len(slots):
        return f"{line.label} lies after the period's last slot"
    if moment.date() < slots[0].day:
        return f"{line.label} lies before the period"
    return ""


def _answer(orders: dict[tuple[str, str], int], labels: tuple[str, ...]) -> str:
    return json.dumps(
        {
            "rationale": f"As recorded at {', '.join(labels)}.",
            "orders": [
                {"symbol": symbol, "side": side, "shares": shares, "reason": "as recorded"}
                for (symbol, side), shares in orders.items()
            ],
        },
        ensure_ascii=False,
    )
