"""Each exit over the real prices of 2025 sells when its own arithmetic says, and replays the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from commands.stored_account import stored_account
from services.domain.events import Exits
from services.domain.fills import Fill
from services.domain.orders import Side
from services.settings import Settings
from tests.replay.finished import DATA, lived, ran, settings_in

PRICES = DATA / "astock-2025" / "daily.jsonl"
BASKET = ("601318.SH", "600036.SH", "600900.SH", "688981.SH", "601899.SH", "603259.SH", "688012.SH")

Due = Callable[[Decimal, Decimal, Decimal, int], bool]
"""Whether an exit is due by what was paid, the highest price, the price of now and the days held."""

EXITS: dict[str, tuple[dict[str, str], Due]] = {
    "stop loss": (
        {"enable_stop_loss": "true", "stop_loss_ratio": "0.05"},
        lambda paid, _peak, now, _days: now <= paid * Decimal("0.95"),
    ),
    "take profit": (
        {"take_profit_ratio": "0.05"},
        lambda paid, _peak, now, _days: now >= paid * Decimal("1.05"),
    ),
    "trailing stop": (
        {"trailing_stop_ratio": "0.05"},
        lambda _paid, peak, now, _days: now <= peak * Decimal("0.95"),
    ),
    "time stop": ({"time_stop_days": "10"}, lambda _paid, _peak, _now, days: days >= 10),
}


def buys_once(folder: Path) -> Path:
    """Return a script that buys the basket on the second day and has no answer for the days after it.

    On the first day of a file there is no previous close, so no limits are known and all is refused.
    """
    orders = [
        {"symbol": one, "side": "buy", "target_weight": "0.12", "limit_price": None, "reason": "basket"}
        for one in BASKET
    ]
    script = folder / "script.jsonl"
    line = json.dumps(json.dumps({"rationale": "buy and hold", "orders": orders}))
    script.write_text(f"{line}\n{line}\n")
    return script


def opens() -> dict[str, list[tuple[date, Decimal]]]:
    """Return the file's opens by symbol and day, read without the product."""
    found = {}
    for line in PRICES.read_text().splitlines():
        one = json.loads(line)
        bars = sorted(one["Time Series (Daily)"].items())
        found[one["Meta Data"]["2. Symbol"]] = [
            (date.fromisoformat(day), Decimal(bar["1. buy price"])) for day, bar in bars
        ]
    return found


def first_due(bought: Fill, days: list[tuple[date, Decimal]], due: Due) -> date | None:
    """Return the first day after the purchase on which the exit is due at the day's open."""
    peak = bought.price_cny
    for held, (day, now) in enumerate((one for one in days if one[0] > bought.trade_date), start=1):
        peak = max(peak, now)
        if due(bought.price_cny, peak, now, held):
            return day
    return None


def values(settings: Settings, kind: type) -> Iterator[object]:
    with stored_account(settings) as account:
        for event in account.events:
            value = account.journal.value(event)
            if isinstance(value, kind):
                yield value


@pytest.mark.parametrize("reason", EXITS)
def test_each_exit_alone_sells_when_its_own_arithmetic_says(tmp_path, reason):
    if not PRICES.exists():
        pytest.skip("the real prices do not lie beside this checkout")
    keys, due = EXITS[reason]
    terms = {f"risk_control.{key}": value for key, value in keys.items()}
    terms["agent_type"] = f"scripted:{buys_once(tmp_path)}"
    settings = settings_in(tmp_path / "data", mode="backtest", frequency="daily", **terms)

    ran(settings, prices=PRICES)

    fills = [one for one in values(settings, Fill) if isinstance(one, Fill)]
    bought = [one for one in fills if one.side is Side.BUY]
    sold = {one.symbol: one.trade_date for one in fills if one.side is Side.SELL}
    prices = opens()
    expected = {one.symbol: first_due(one, prices[one.symbol], due) for one in bought}
    assert len(bought) == len(BASKET)
    assert sold == {symbol: day for symbol, day in expected.items() if day is not None}
    assert sold
    told = [one for one in values(settings, Exits) if isinstance(one, Exits)]
    assert {intent.why.partition(":")[0] for one in told for intent in one.intents} == {reason}
    assert [one for one in lived(settings) if one.differences] == []
