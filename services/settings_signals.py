"""What the `signals` rule weighs and when it trades."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from services.settings_values import About, Range, Section, Unit


class SignalsSettings(Section, frozen=True, kw_only=True):
    """What `rule:signals` weighs and when it trades.

    For an `agent_type` of `rule:signals` alone: options written behind it are all that counts.
    """

    weights: Annotated[
        Mapping[str, Decimal],
        About(
            "Weight of each signal: `sma`, `ema`, `rsi`, `bollinger`, `macd`, `atr`, `momentum`, "
            "`volatility`, `volume`, `score`. Empty: `sma` and `momentum` 0.5 each, or with a score file "
            "`score` 1."
        ),
    ] = {}
    buy: Annotated[Decimal, About("Buy from this weighted sum on.")] = Decimal("0.2")
    sell: Annotated[Decimal, About("Sell at this weighted sum or below.")] = Decimal("-0.2")
    top: Annotated[int, Unit("symbols"), Range(ge=1, le=1000), About("Most symbols held.")] = 5
    score_file: Annotated[
        Path | None,
        About(
            "CSV or `.xlsx` with the columns date, symbol, score, for the signal `score`; its "
            "content is part of a run's identity."
        ),
    ] = None
    score_age_days_max: Annotated[
        int, Unit("days"), Range(ge=1, le=3660), About("How long a score counts.")
    ] = 7
