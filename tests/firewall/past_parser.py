"""Intents that no parser would let through: the gate must hold where everything before it fails. Pure."""

from __future__ import annotations

from decimal import Decimal
from random import Random

from services.domain.instruments import Symbol
from services.domain.orders import Intent, Side
from tests.firewall.answers import Shown
from tests.firewall.tricks import INJECTIONS

_SHARES = (0, -1, -100, 1, 99, 10**9, 10**30, -(10**30), 2**63, 100, 200, 1000)
_WEIGHTS = (
    "50",
    "-1",
    "NaN",
    "sNaN",
    "Infinity",
    "-Infinity",
    "1E+400",
    "1E-400",
    "1.0000001",
    "0",
    "-0",
    "1",
)
_LIMITS = (
    "NaN",
    "sNaN",
    "Infinity",
    "-Infinity",
    "1E+400",
    "1E-400",
    "0",
    "-0",
    "-1",
    "1E+1",
    "10.0000000000000000000000000001",
    "1E+27",
    "1E+999999",
    "9999999999999999999999999999999999999999",
)
_SYMBOLS = (
    "",
    "AAPL.US",
    "600519",
    "６０００００.SH",
    "600000.sh",
    "600000.SН",
    "..",
    "000300.SH",
    "x" * 300,
)


def draw_raw_intents(rng: Random, shown: tuple[Shown, ...]) -> tuple[Intent, ...]:
    """Return intents as broken code might make them, some with neither size or with both."""
    return tuple(
        _intent(rng, shown, index)
        for index in range(rng.choice((1, 1, 2, 4, 8) if rng.random() < 0.95 else (300,)))
    )


def _intent(rng: Random, shown: tuple[Shown, ...], index: int) -> Intent:
    one = rng.choice(shown)
    odd = rng.random
    limit = Decimal(rng.choice(_LIMITS)) if odd() < 0.4 else rng.choice((None, one.last, one.last + one.tick))
    return Intent(
        symbol=Symbol(rng.choice(_SYMBOLS)) if odd() < 0.15 else one.symbol,
        side=rng.choice(tuple(Side)),
        shares=rng.choice((*_SHARES, one.held, one.held + 1)) if odd() < 0.7 else None,
        target_weight=Decimal(rng.choice(_WEIGHTS)) if odd() < 0.35 else None,
        limit_cny=limit,
        why=rng.choice(INJECTIONS),
        index=index,
    )
