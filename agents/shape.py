"""How a briefing is to be written, and at which costs it reckons. Pure."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from services.domain.money import ZERO
from services.domain.value import Value
from services.rules import Commission

TOKENS_MAX = 24_000


class Shape(Value, frozen=True, kw_only=True):
    """What shapes the text of a briefing beside its inputs.

    Up to `bars` recent closes a symbol, and no more than `tokens_max` tokens as
    `services.domain.tokens` counts them, as far as that leaves what must be told. What can be bought
    is reckoned at a limit `marketable_bp` above the last price with the fees of `commission`, from
    the cash above `reserve_cny`.
    """

    bars: int = 20
    tokens_max: int = TOKENS_MAX
    commission: Commission = msgspec.field(default_factory=Commission)
    marketable_bp: Decimal = Decimal(100)
    reserve_cny: Decimal = ZERO
