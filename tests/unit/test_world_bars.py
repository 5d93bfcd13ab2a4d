"""What bars a session on live prices asks its vendor for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from risk.limits import Limits, StateScaling
from services.domain.bars import Frequency, Panel
from services.domain.instruments import Symbol
from services.ports import PriceFault
from tests.exchange_market import MAIN, MON, OTHER, at
from tests.unit.world import Setup, answer, order

INDEX_FUND = Symbol("510300.SH")


class Asked:
    """A vendor without bars, which notes what it was asked for."""

    name = "noting"
    panel = None

    def __init__(self) -> None:
        self.symbols: tuple[Symbol, ...] = ()

    async def get_history(self, symbols: Sequence[Symbol], frequency: Frequency) -> Panel:
        self.symbols = tuple(symbols)
        raise PriceFault("bars", "none")


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (StateScaling(), (OTHER, MAIN)),
        (StateScaling(in_downtrend=Decimal("0.5")), (OTHER, MAIN)),
        (StateScaling(in_downtrend=Decimal("0.5"), symbol=INDEX_FUND), (OTHER, MAIN, INDEX_FUND)),
        (StateScaling(in_downtrend=Decimal("0.5"), symbol=MAIN), (OTHER, MAIN)),
        (StateScaling(symbol=INDEX_FUND), (OTHER, MAIN)),
    ],
)
def test_bars_are_of_watchlist_holdings_and_what_tells_the_markets_state(state, expected):
    live = Setup(answers=[answer(order("buy", MAIN, 1000))]).open().run(at(MON, "10:40"))
    asked = Asked()
    world = replace(live.world, watchlist=(OTHER,), prices=asked, limits=Limits(state=state))  # type: ignore[arg-type]  # It needs no more.

    with pytest.raises(PriceFault):
        asyncio.run(world.recent_bars())

    assert asked.symbols == expected
