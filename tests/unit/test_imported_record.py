"""Recorded trades as decisions: which slot each label comes to, and what no order is made of."""

from __future__ import annotations

import json
from datetime import date, datetime

import numpy as np
import pytest

from monitor.foreign_record import ForeignRecord, read_record
from monitor.imported_record import HOLD, ImportedDecisions, decisions_of
from monitor.record_prices import LabelledPrices
from services.domain.bars import Adjustment, Frequency, Panel, VolumeUnit
from services.domain.instruments import Market
from services.domain.slot import Slot
from services.slots import ZONES, slots_of
from tests.monitor_journal import A, B

THU, FRI, MON = date(2025, 10, 9), date(2025, 10, 10), date(2025, 10, 13)


def prices(frequency: Frequency) -> LabelledPrices:
    """Return one bar of two symbols: only names and frequency matter here."""
    zone = ZONES[Market.CN]
    end = int(datetime(2025, 10, 9, 15, 0, tzinfo=zone).timestamp())
    row = np.array([[10.0, 20.0]])
    return LabelledPrices(
        Panel(
            symbols=(A, B),
            names=("", ""),
            frequency=frequency,
            starts=np.array([end - 3600]),
            ends=np.array([end]),
            days=np.array([THU.toordinal()]),
            open=row,
            high=row,
            low=row,
            close=row,
            volume=row,
            adjustment=Adjustment.RAW,
            volume_unit=VolumeUnit.SHARE,
            source="by hand",
            digest="",
        )
    )


def record(*lines: tuple[str, str, str, int]) -> ForeignRecord:
    """Return the record of an opening balance and trades, each a label, action, symbol and shares."""
    objects: list[dict[str, object]] = [{"date": "2025-10-01", "id": 0, "positions": {"CASH": 1000.0}}]
    for number, (label, action, symbol, shares) in enumerate(lines, start=1):
        did = {"action": action, "symbol": symbol, "amount": shares}
        objects.append({"date": label, "id": number, "this_action": did, "positions": {"CASH": 1000.0}})
    return read_record("".join(json.dumps(one) + "\n" for one in objects).encode())


def slots(frequency: Frequency, *days: date) -> tuple[Slot, ...]:
    return tuple(slot for day in days for slot in slots_of(Market.CN, frequency, day))


def orders(found: ImportedDecisions) -> list[list[tuple[str, str, int]]]:
    return [
        [(one["side"], one["symbol"], one["shares"]) for one in json.loads(answer)["orders"]]
        for answer in found.answers
    ]


@pytest.mark.parametrize(("label", "slot"), [
    ("2025-10-09 10:30:00", 0),  # 10:35
    ("2025-10-09 10:35:00", 0),  # a record of ours, dated by its slot
    ("2025-10-09 11:30:00", 1),  # 11:35
    ("2025-10-09 14:00:00", 2),  # 14:05
    ("2025-10-09 15:00:00", 3),  # 15:05
    ("2025-10-09 15:30:00", 4),  # the next day's first
    ("2025-10-09", 0),
    ("2025-10-10 10:30:00", 4),
])  # fmt: skip
def test_an_hourly_label_is_decided_on_at_the_slot_that_follows(label: str, slot: int):
    found = decisions_of(
        record((label, "buy", A, 100)), slots(Frequency.HOURLY, THU, FRI), prices(Frequency.HOURLY)
    )

    assert orders(found) == [[("buy", A, 100)] if at == slot else [] for at in range(8)]
    assert (found.trades, found.left_out) == (1, ())


@pytest.mark.parametrize("label", ["2025-10-10", "2025-10-10 09:35:00", "2025-10-10 15:00:00"])
def test_a_daily_label_is_decided_on_that_days_morning(label: str):
    found = decisions_of(
        record((label, "sell", B, 200)), slots(Frequency.DAILY, THU, FRI), prices(Frequency.DAILY)
    )

    assert orders(found) == [[], [("sell", B, 200)]]


def test_a_label_of_a_closed_day_comes_to_the_next_open_one():
    found = decisions_of(
        record(("2025-10-11", "buy", A, 100)), slots(Frequency.DAILY, FRI, MON), prices(Frequency.DAILY)
    )

    assert orders(found) == [[], [("buy", A, 100)]]


def test_trades_of_one_label_symbol_and_side_are_one_order():
    found = decisions_of(
        record(
            ("2025-10-09", "buy", A, 100),
            ("2025-10-09", "buy", B, 300),
            ("2025-10-09", "buy", A, 200),
            ("2025-10-09", "sell", A, 100),
        ),
        slots(Frequency.DAILY, THU),
        prices(Frequency.DAILY),
    )

    assert orders(found) == [[("buy", A, 300), ("buy", B, 300), ("sell", A, 100)]]
    assert found.trades == 4


def test_a_slot_without_a_trade_holds():
    found = decisions_of(record(), slots(Frequency.DAILY, THU), prices(Frequency.DAILY))

    assert found.answers == (HOLD,)


@pytest.mark.parametrize("line", [
    ("2025-10-08", "buy", A, 100),  # before the period
    ("2025-10-14", "buy", A, 100),  # after its last slot
    ("2025-10-09", "buy", "600000.SH", 100),  # no prices
    ("2025-10-09", "buy", A, 0),
    ("2025-10-09", "sell", A, -100),
])  # fmt: skip
def test_a_trade_that_cannot_be_an_order_is_named(line: tuple[str, str, str, int]):
    found = decisions_of(record(line), slots(Frequency.DAILY, THU), prices(Frequency.DAILY))

    assert orders(found) == [[]]
    assert found.trades == 0
    assert [one.line for one in found.left_out] == [1]


def test_a_period_without_a_slot_leaves_out_everything():
    found = decisions_of(record(("2025-10-09", "buy", A, 100)), (), prices(Frequency.DAILY))

    assert (found.answers, [one.line for one in found.left_out]) == ((), [1])
