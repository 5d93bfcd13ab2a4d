"""The section `quote_gate`: how far a vendor's quote is believed before an order may go by it."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from services.settings_values import Number, Section, Unit, Whole

_Seconds = Annotated[Whole, Unit("s")]


class QuoteGateSettings(Section):
    """What must be true of a live quote before an order may go by it; otherwise the symbol is not traded."""

    cross_check: Annotated[
        Literal["require", "when_available", "off"],
        Field(
            description="Whether an independent second source must agree with each price: `require`, only "
            "`when_available`, or `off`."
        ),
    ] = "require"
    age_s_max: Annotated[
        _Seconds,
        Field(ge=1, le=600, description="Oldest quote in continuous trading; a break does not age one."),
    ] = 15
    auction_age_s_max: Annotated[
        _Seconds, Field(ge=1, le=600, description="Oldest quote during a call auction.")
    ] = 30
    break_age_s_max: Annotated[
        _Seconds,
        Field(
            ge=1,
            le=600,
            description="How long before a break (lunch, after the close) the last quote may be dated.",
        ),
    ] = 60
    ahead_s_max: Annotated[
        _Seconds,
        Field(ge=0, le=60, description="How far a quote may be dated ahead of this machine's clock."),
    ] = 2
    apart_s_max: Annotated[
        _Seconds,
        Field(ge=0, le=600, description="How far the times of two sources' quotes may lie apart."),
    ] = 10
    last_ticks_max: Annotated[
        Whole,
        Unit("ticks"),
        Field(ge=0, le=1000, description="How far two sources' last prices may lie apart; see the next."),
    ] = 2
    last_ratio_max: Annotated[
        Number,
        Unit("ratio of price"),
        Field(ge=0, le=Decimal("0.1"), description="The same as a ratio; the larger of the two counts."),
    ] = Decimal("0.003")
