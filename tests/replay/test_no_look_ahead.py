"""Nothing that a mind reads, in its briefing or by its tools, is later than its session."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import pytest

from agents.briefing import brief
from agents.toolbox import BriefingToolbox
from services.calendars import MarketCalendar
from services.domain.bars import Frequency, Panel
from services.domain.book import Book, Lot
from services.domain.conversation import ToolCall
from services.domain.decision import Briefing, Reads
from services.domain.instruments import Market, Symbol
from services.domain.orders import SessionId
from services.domain.quotes import PanelSnapshot
from services.domain.slot import Slot
from services.market.columns import with_digest
from services.market.price_files import load_prices
from services.slots import slots_of
from tests.reading_mind import ReadingMind, run_reading
from tests.replay.finished import DATA, settings_in
from tests.unit.agents_market import with_future_shuffled

FILES = [
    (name, frequency)
    for name in ("astock-2025", "astock-2026")
    for frequency in (Frequency.DAILY, Frequency.HOURLY)
]
SEEN = 6
"""Symbols looked at in one session; others in the next, until all were."""
TOOLS = ("quote", "bars", "indicators", "positions")


def path_of(name: str, frequency: Frequency) -> Path:
    path = DATA / name / f"{frequency}.jsonl"
    if not path.is_file():
        pytest.skip(f"{path.name} of {name} lies in the folder `shared` beside the checkout")
    return path


@lru_cache(maxsize=4)
def panel_of(name: str, frequency: Frequency) -> Panel:
    return load_prices(path_of(name, frequency), cache_dir=None)


def sessions_of(panel: Panel) -> Iterator[Slot]:
    calendar = MarketCalendar(Market.CN, None)
    days = sorted({int(day) for day in panel.days})
    first, last = (datetime.fromordinal(day).date() for day in (days[0], days[-1]))
    for day in calendar.trading_days(first, last):
        yield from slots_of(Market.CN, panel.frequency, day)


def with_other_future(panel: Panel, slot: Slot) -> Panel:
    """Return the panel with every price, volume and stated close after the slot's moment replaced."""
    other = with_future_shuffled(panel, slot.moment)
    if panel.prev_close is None:
        return other
    stated = panel.prev_close.copy()
    # The previous close of a day is known on it, and of no day after.
    stated[panel.days > slot.day.toordinal()] = 7.77
    return replace(other, prev_close=stated)


@dataclass(frozen=True)
class Look:
    """What one session sees of a panel; `late` lets it see so much more than it may."""

    slot: Slot
    watchlist: tuple[Symbol, ...]
    late: timedelta = timedelta()

    def briefing(self, panel: Panel) -> Briefing:
        moment = self.slot.moment + self.late
        held = tuple(
            Lot(symbol=symbol, shares=200, cost_cny=Decimal(2_000), acquired_on=self.slot.day)
            for symbol in self.watchlist[:2]
        )
        return brief(
            session=SessionId("s"),
            slot=self.slot,
            book=Book(cash_cny=Decimal(100_000), lots=held),
            snapshot=PanelSnapshot(panel=panel, moment=moment),
            watchlist=self.watchlist,
            history=panel.until(moment),
            instruments=panel.instruments,
            equity_cny=Decimal(104_000),
            reads=Reads.TEXT,
        )

    def seen(self, panel: Panel) -> str:
        """Return the text of the briefing and what every tool answers."""
        briefing = self.briefing(panel)
        toolbox = BriefingToolbox(briefing, TOOLS)
        told = [asyncio.run(toolbox.call(call)) for call in self._calls()]
        return "\n".join((briefing.text, *told))

    def _calls(self) -> Iterator[ToolCall]:
        many = json.dumps({"symbols": list(self.watchlist)})
        for tool in TOOLS:
            if tool == "bars":
                arguments = [json.dumps({"symbol": one, "bars": 60}) for one in self.watchlist]
            else:
                arguments = ["{}" if tool == "positions" else many]
            yield from (ToolCall(call_id="1", tool=tool, arguments=one) for one in arguments)


def looks(panel: Panel, late: timedelta = timedelta()) -> Iterator[Look]:
    symbols = panel.symbols
    for number, slot in enumerate(sessions_of(panel)):
        first = number * SEEN % len(symbols)
        yield Look(slot, (symbols * 2)[first : first + SEEN], late)


@pytest.mark.parametrize(("name", "frequency"), FILES)
def test_what_lies_after_a_session_changes_nothing_that_it_reads(name: str, frequency: Frequency):
    panel = panel_of(name, frequency)
    sessions = list(looks(panel))

    changed = [
        one.slot.label for one in sessions if one.seen(panel) != one.seen(with_other_future(panel, one.slot))
    ]

    assert len(sessions) > 20
    assert changed == []


@pytest.mark.parametrize(("name", "frequency"), FILES)
def test_a_look_one_bar_ahead_would_be_seen(name: str, frequency: Frequency):
    panel = panel_of(name, frequency)
    ahead = timedelta(hours=5, minutes=30) if frequency is Frequency.DAILY else timedelta(hours=1)
    sessions = [one for one in looks(panel, ahead) if one.slot.at.hour < 11][:10]

    changed = [
        one.slot.label for one in sessions if one.seen(panel) != one.seen(with_other_future(panel, one.slot))
    ]

    assert len(changed) == len(sessions) == 10


@pytest.mark.parametrize("day", [10, 20])
def test_whole_runs_that_part_after_a_session_tell_the_same_up_to_it(tmp_path: Path, day: int):
    path, panel = path_of("astock-2025", Frequency.DAILY), panel_of("astock-2025", Frequency.DAILY)
    slot = list(sessions_of(panel))[day]
    other = with_digest(with_other_future(panel, slot))

    one, two = (told(tmp_path / name, path, prices) for name, prices in (("one", None), ("two", other)))

    labels = sorted(one)
    before = [label for label in labels if label <= slot.label]
    assert [label for label in before if one[label] != two[label]] == []
    assert any(one[label] != two.get(label) for label in labels if label > slot.label)
    assert any("bought" in one[label] for label in before)


def told(folder: Path, path: Path, prices: Panel | None) -> dict[str, str]:
    """Return the briefings of a run by slot; the id of a run hangs on all of its prices."""
    mind = ReadingMind()
    settings = settings_in(folder / "data", mode="backtest", frequency="daily")
    run_reading(settings, mind, prices=path, instead=prices)
    return {one.slot.label: one.text.replace(one.session.rpartition("-")[2], "run") for one in mind.shown}
