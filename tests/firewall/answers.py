"""Hostile answers, drawn from a seed: what a mind may say that nobody should obey as it stands. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from services.domain.instruments import Symbol
from tests.firewall.tricks import INJECTIONS, TRICKS, Hostile, Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a mind would know of one symbol: its last price, its tick, what is held of it.

    `amounts` are the CNY at which the account's own limits begin to bind.
    """

    symbol: Symbol
    last: Decimal
    tick: Decimal
    held: int
    lowest: Decimal
    highest: Decimal
    amounts: tuple[Decimal, ...] = ()


def draw_answer(rng: Random, shown: tuple[Shown, ...]) -> Hostile:
    """Return one hostile answer; about half are well-formed and ask for what must not be."""
    orders = draw_orders(rng, shown)
    if rng.random() < 0.55:
        return Hostile(text=_rendered(rng, orders), trick="well_formed")
    return rng.choice(TRICKS)(rng, orders or [_order(rng, shown[0])])


def draw_orders(rng: Random, shown: tuple[Shown, ...]) -> list[Order]:
    """Return orders within the contract: mostly one a symbol, now and then a flood or one against another."""
    roll = rng.random()
    if roll < 0.03:
        return []
    if roll < 0.06:
        return [_order(rng, rng.choice(shown))] * rng.choice((2, 3, 60, 200))
    if roll < 0.10:
        one = _order(rng, rng.choice(shown))
        return [one, {**one, "side": "sell" if one["side"] == "buy" else "buy"}]
    if roll < 0.14:
        return [_order_of(rng, rng.choice(shown), "buy", weight="1") for _ in range(50)]
    if roll < 0.24:
        return [_order(rng, rng.choice(shown)) for _ in range(rng.choice((3, 14)))]
    return [_order(rng, one) for one in rng.sample(shown, rng.randint(1, len(shown)))]


def _order(rng: Random, one: Shown) -> Order:
    sells = rng.random() < (0.55 if one.held else 0.05)
    weight = _weight(rng) if rng.random() < 0.25 else None
    return _order_of(rng, one, "sell" if sells else "buy", weight)


def _order_of(rng: Random, one: Shown, side: str, weight: str | None) -> Order:
    order: Order = {"symbol": one.symbol, "side": side}
    if weight is None:
        order["shares"] = _shares(rng, one, side)
    else:
        order["target_weight"] = weight
    if rng.random() < 0.75:
        order["limit_price"] = _price(rng, one, side)
    if rng.random() < 0.6:
        order["reason"] = rng.choice(INJECTIONS)
    return order


def _weight(rng: Random) -> str:
    fixed = ("0", "1", "0.5", "0.00000001", "1.00000000", "0.05", "0.1", "0.99999999")
    return rng.choice(fixed) if rng.random() < 0.6 else f"0.{rng.randrange(1, 5000):04d}"


def _shares(rng: Random, one: Shown, side: str) -> int:
    if side == "sell" and one.held and rng.random() < 0.7:
        odd = one.held % 100
        choices = (one.held, one.held - odd, odd, one.held + 1, one.held * 10, one.held // 2, odd + 100, 100)
        return min(max(1, rng.choice(choices)), 1_000_000_000)
    roll = rng.random()
    if roll < 0.4 and one.amounts:
        lots = int(rng.choice(one.amounts) / one.last) // 100 + rng.choice((-1, 0, 0, 1))
        return min(max(1, lots - rng.choice((0, 0, one.held // 100))), 9_999_999) * 100
    if roll < 0.6:
        return 100 * rng.choice((1, 2, 3, 5, 10, 37, 100, 1000))
    if roll < 0.8:
        return max(100, int(10 ** rng.uniform(2, 6)) // 100 * 100)
    return rng.choice((1, 2, 99, 101, 150, 199, 200, 201, 500_100, 1_000_100, 999_999_999, 1_000_000_000))


def _price(rng: Random, one: Shown, side: str) -> str | None:
    roll = rng.random()
    step = one.tick * rng.choice((0, 0, 1, 2, 5, 10, 30))
    if roll < 0.2:
        return None
    if roll < 0.8:
        towards = step if (side == "buy") is (rng.random() < 0.7) else -step
        return _plain(one.last + towards, one.tick)
    far = (one.last * 2, one.last * 10, one.last / 10, one.highest + one.tick, one.lowest - one.tick)
    near = (one.highest, one.lowest, one.last + one.tick / 2, one.last * Decimal("1.02"))
    odd = (Decimal("0.00000001"), Decimal("999999999.99999999"), Decimal("0.01"), Decimal("0.001"))
    return _plain(rng.choice(far + near + near + odd), one.tick)


def _plain(price: Decimal, tick: Decimal) -> str:
    """Return a price as the contract writes it, off the tick where it was."""
    shown = min(max(price, Decimal("0.00000001")), Decimal("999999999.99999999"))
    on_tick = shown.quantize(tick)
    return f"{on_tick if on_tick == shown else shown.quantize(Decimal('0.00000001')):f}"


def _rendered(rng: Random, orders: list[Order]) -> str:
    """Return a valid text in one of the ways valid JSON may be written."""
    whole = {"rationale": rng.choice(INJECTIONS), "orders": orders}
    if rng.random() < 0.2:
        return json.dumps(whole, ensure_ascii=True, indent=rng.choice((None, 1)))
    if rng.random() < 0.1:
        return json.dumps(whole, ensure_ascii=True).replace('"shares"', '"sh\\u0061res"')
    if rng.random() < 0.2:
        return " \t\r\n" + json.dumps(dict(reversed(whole.items())), ensure_ascii=False) + "\n\n"
    return json.dumps(whole, ensure_ascii=False)
