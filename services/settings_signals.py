"""What the `signals` rule weighs and when it trades."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import Field

from services.settings_values import Number, Section, Unit, Whole


class SignalsSettings(Section):
    """What `rule:signals` weighs and when it trades.

    For an `agent_type` of `rule:signals` alone: options written behind it are all that counts.
    """

    weights: Annotated[
        Mapping[str, Number],
        Field(
            description="Weight of each signal: `sma`, `ema`, `rsi`, `bollinger`, `macd`, `atr`, `momentum`, "
            "`volatility`, `volume`, `score`. Empty: `sma` and `momentum` 0.5 each, or with a score file "
            "`score` 1."
        ),
    ] = Field(default_factory=dict)
    buy: Annotated[Number, Field(description="Buy from this weighted sum on.")] = Decimal("0.2")
    sell: Annotated[Number, Field(description="Sell at this weighted sum or below.")] = Decimal("-0.2")
    top: Annotated[Whole, Unit("symbols"), Field(ge=1, le=1000, description="Most symbols held.")] = 5
    score_file: Annotated[
        Path | None,
        Field(
            description="CSV or `.xlsx` with the columns date, symbol, score, for the signal `score`; its "
            "content is part of a run's identity."
        ),
    ] = None
    score_age_days_max: Annotated[
        Whole, Unit("days"), Field(ge=1, le=3660, description="How long a score counts.")
    ] = 7
