"""The section `quote_gate`: how far a vendor's quote is believed before an order may go by it."""

from decimal import Decimal
from typing import Annotated, Literal

from services.settings_values import About, Range, Section, Unit

_Seconds = Annotated[int, Unit("s")]


class QuoteGateSettings(Section, frozen=True, kw_only=True):
    """What must be true of a live quote before an order may go by it; otherwise the symbol is not traded."""

    cross_check: Annotated[
        Literal["require", "when_available", "off"],
        About(
            "Whether an independent second source must agree with each price: `require`, only "
            "`when_available`, or `off`."
        ),
    ] = "require"
    age_s_max: Annotated[
        _Seconds,
        Range(ge=1, le=600),
        About("Oldest quote in continuous trading; a break does not age one."),
    ] = 15
    auction_age_s_max: Annotated[
        _Seconds, Range(ge=1, le=600), About("Oldest quote during a call auction.")
    ] = 30
    break_age_s_max: Annotated[
        _Seconds,
        Range(ge=1, le=600),
        About("How long before a break (lunch, after the close) the last quote may be dated."),
    ] = 60
    ahead_s_max: Annotated[
        _Seconds,
        Range(ge=0, le=60),
        About("How far a quote may be dated ahead of this machine's clock."),
    ] = 2
    apart_s_max: Annotated[
        _Seconds,
        Range(ge=0, le=600),
        About("How far the times of two sources' quotes may lie apart."),
    ] = 10
    last_ticks_max: Annotated[
        int,
        Unit("ticks"),
        Range(ge=0, le=1000),
        About("How far two sources' last prices may lie apart; see the next."),
    ] = 2
    last_ratio_max: Annotated[
        Decimal,
        Unit("ratio of price"),
        Range(ge=0, le=Decimal("0.1")),
        About("The same as a ratio; the larger of the two counts."),
    ] = Decimal("0.003")
