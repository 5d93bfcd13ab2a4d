"""The section `risk_control`: what the gate holds every order to, whatever the agent says."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from services.domain.instruments import Symbol, parse_symbol
from services.settings_values import Number, Ratio, Section, Unit, Whole

_Cny = Annotated[Number, Unit("CNY (us: USD)"), Field(gt=0, decimal_places=2)]
_Part = Annotated[Number, Unit("ratio"), Field(gt=0, lt=1)]
_Scale = Annotated[Number, Unit("ratio"), Field(gt=0, le=1)]
_Confidence = Annotated[Number, Unit("ratio"), Field(gt=Decimal("0.5"), lt=1)]
_Bars = Annotated[Whole, Unit("bars"), Field(ge=5, le=5000)]


class _FirewallSettings(Section):
    """Bounds on single orders and on how many there are."""

    price_band_bp: Annotated[
        Whole,
        Unit("bp of price"),
        Field(ge=1, le=10000, description="Furthest a limit may lie from the last price, either way."),
    ] = 1000
    order_value_max: Annotated[
        _Cny | None, Field(description="Largest order, at its limit; exits are not bound. Empty: no limit.")
    ] = None
    orders_per_session_max: Annotated[
        Whole, Unit("orders"), Field(ge=1, le=1000, description="Most orders of one session.")
    ] = 50
    orders_per_day_max: Annotated[
        Whole,
        Unit("orders and cancels"),
        Field(
            ge=2,
            le=2000,
            description="Most orders and cancels of one trading day and account; an order counts with the "
            "cancel it may need.",
        ),
    ] = 200
    orders_per_second_max: Annotated[
        Whole, Unit("orders and cancels per second"), Field(ge=1, le=10, description="Pace of sending.")
    ] = 1
    session_value_max: Annotated[
        _Cny | None, Field(description="Most that one session's orders may come to. Empty: no limit.")
    ] = None
    day_value_max: Annotated[
        _Cny | None, Field(description="Most that one day's orders may come to. Empty: no limit.")
    ] = None
    session_turnover_max: Annotated[
        Number | None,
        Unit("ratio of equity"),
        Field(gt=0, description="Most that one session's orders may come to. Empty: no limit."),
    ] = None
    day_turnover_max: Annotated[
        Number | None,
        Unit("ratio of equity"),
        Field(gt=0, description="Most that one day's orders may come to. Empty: no limit."),
    ] = None
    resize: Annotated[
        tuple[Literal["sellable", "lot", "cash", "cap"], ...],
        Field(
            description="What is made smaller instead of refused: a sell to what is `sellable` today, a size "
            "to a valid `lot`, a buy to the `cash`, an order to what the limits here leave (`cap`)."
        ),
    ] = ()


class _PortfolioSettings(_FirewallSettings):
    """Bounds on the portfolio as it would be after the orders."""

    max_single_position_ratio: Annotated[
        Ratio, Field(description="Most of the account's equity in one symbol after a buy. 1: no limit.")
    ] = Decimal(1)
    max_sector_ratio: Annotated[
        _Part | None, Field(description="Most of the equity in one sector. Empty: no limit.")
    ] = None
    max_unknown_sector_ratio: Annotated[
        _Part | None,
        Field(
            description="Most of the equity in symbols whose sector is not known. "
            "Empty: as `max_sector_ratio`."
        ),
    ] = None
    sector_file: Annotated[
        Path | None,
        Field(description="CSV file with the columns `symbol` and `sector`; `sectors` wins over it."),
    ] = None
    sectors: Mapping[Symbol, str] = Field(
        default_factory=dict, description="The sector of each symbol, such as `600519.SH: 食品饮料`."
    )
    max_gross_ratio: Annotated[
        _Part | None, Field(description="Most of the equity that may be invested. Empty: no limit.")
    ] = None
    min_cash_reserve: Annotated[
        Number,
        Unit("CNY (us: USD)"),
        Field(ge=0, decimal_places=2, description="Cash that buys must leave; an amount, not a ratio."),
    ] = Decimal("0.00")
    max_daily_loss_ratio: Annotated[
        Ratio,
        Field(
            description="No buys once the loss since the previous close reaches this part of the equity "
            "then, or of `capital_max`, where that is less."
        ),
    ] = Decimal(1)
    max_drawdown_ratio: Annotated[
        _Part | None,
        Field(
            description="Loss from the highest equity, as a part of it or of `capital_max`, where that is "
            "less, that halts the account. Empty: no limit."
        ),
    ] = None
    max_losing_sales: Annotated[
        Whole | None,
        Unit("sales in a row"),
        Field(ge=1, le=100, description="Losing sales in a row that halt the account. Empty: no limit."),
    ] = None
    max_correlation: Annotated[
        _Part | None,
        Field(description="Most a bought symbol may correlate with one that is held. Empty: no limit."),
    ] = None
    correlation_bars: Annotated[_Bars, Field(description="Bars of the correlation.")] = 60
    max_var_ratio: Annotated[
        _Part | None,
        Field(description="Most of the equity at risk after a buy (historical VaR). Empty: no limit."),
    ] = None
    var_confidence: Annotated[_Confidence, Field(description="Confidence of the value at risk.")] = Decimal(
        "0.95"
    )
    var_bars: Annotated[_Bars, Field(description="Bars of the value at risk.")] = 250
    var_horizon_bars: Annotated[
        Whole, Unit("bars"), Field(ge=1, le=250, description="Over how many bars value is at risk.")
    ] = 1


class _ExitSettings(_PortfolioSettings):
    """When a position is sold without asking an agent."""

    enable_stop_loss: Annotated[
        bool, Field(description="Sell a holding that lost `stop_loss_ratio`, without asking the agent.")
    ] = False
    stop_loss_ratio: Annotated[
        _Part, Field(description="Loss against average cost at which a holding is sold.")
    ] = Decimal("0.10")
    take_profit_ratio: Annotated[
        Number | None,
        Unit("ratio"),
        Field(gt=0, description="Gain against average cost at which a holding is sold. Empty: never."),
    ] = None
    trailing_stop_ratio: Annotated[
        _Part | None,
        Field(description="Fall from the highest price since the purchase that sells. Empty: never."),
    ] = None
    time_stop_days: Annotated[
        Whole | None,
        Unit("trading days"),
        Field(ge=1, le=2500, description="Days after the purchase on which a holding is sold. Empty: never."),
    ] = None
    exits_while_halted: Annotated[
        bool, Field(description="Let exits through where the account is halted.")
    ] = False
    exit_on_drawdown: Annotated[
        bool,
        Field(description="Sell everything once `max_drawdown_ratio`, which it needs, halted the account."),
    ] = False


class _SizingSettings(_ExitSettings):
    """How large a position a buy may build."""

    sizing: Annotated[
        Literal["model", "fixed_ratio", "equal_weight", "volatility", "atr", "var"],
        Field(description="Who bounds a buy: the agent alone (`model`), or also a rule; it never enlarges."),
    ] = "model"
    sizing_ratio: Annotated[
        Ratio, Field(description="Position by `fixed_ratio`; the most by `volatility`, `atr` and `var`.")
    ] = Decimal("0.20")
    sizing_positions: Annotated[
        Whole, Unit("positions"), Field(ge=1, le=1000, description="Positions of `equal_weight`.")
    ] = 5
    sizing_risk_ratio: Annotated[
        _Part, Field(description="Part of the equity one position may lose, by `volatility`, `atr`, `var`.")
    ] = Decimal("0.01")
    sizing_atr_multiple: Annotated[
        Number,
        Unit("average true ranges"),
        Field(gt=0, le=100, description="Move that `atr` counts as the loss."),
    ] = Decimal(2)
    sizing_confidence: Annotated[_Confidence, Field(description="Confidence of sizing by `var`.")] = Decimal(
        "0.95"
    )
    sizing_bars: Annotated[_Bars, Field(description="Bars of sizing by `volatility`, `atr` and `var`.")] = 20
    scale_in_downtrend: Annotated[
        _Scale,
        Field(description="Scales position, sector and gross limits and sizes while the market falls."),
    ] = Decimal(1)
    scale_when_volatile: Annotated[
        _Scale, Field(description="The same while the market is volatile; both multiply.")
    ] = Decimal(1)
    state_symbol: Annotated[
        str, Field(description="Whose prices tell the market's state. Empty: the watchlist's mean.")
    ] = ""
    state_trend_bars: Annotated[_Bars, Field(description="Bars of the mean that tells the trend.")] = 60
    state_volatility_bars: Annotated[_Bars, Field(description="Bars of the present volatility.")] = 20
    state_volatile_multiple: Annotated[
        Number,
        Unit("multiple"),
        Field(gt=1, le=100, description="Present over usual volatility from which it is volatile."),
    ] = Decimal("1.5")


class RiskSettings(_SizingSettings):
    """What the gate holds every order to, whatever the agent says."""

    marketable_bp: Annotated[
        Whole, Unit("bp of price"), Field(ge=0, le=1000, description="Distance of a limit made for no limit.")
    ] = 100
    drift_bp_max: Annotated[
        Whole,
        Unit("bp of price"),
        Field(ge=1, le=10000, description="Most a price may move between question and order."),
    ] = 200
    order_ttl_s: Annotated[
        Whole, Unit("s"), Field(ge=1, le=3600, description="Time in which an approved order may be sent.")
    ] = 60
    quote_age_s_max: Annotated[
        Whole, Unit("s"), Field(ge=1, le=3600, description="Oldest quote an order is judged by.")
    ] = 180
    shadow: Annotated[bool, Field(description="Decide and record, send nothing.")] = False
    allowed_symbols: Annotated[
        tuple[Symbol, ...], Field(description="Symbols that may be bought. Empty: all of the watchlist.")
    ] = ()
    capital_max: Annotated[
        _Cny | None,
        Field(
            description="Most that may be invested, and the equity that ratios are of, those of losses too. "
            "Empty: no limit."
        ),
    ] = None

    @field_validator("min_cash_reserve")
    @classmethod
    def _amount(cls, reserve: Decimal) -> Decimal:
        if 0 < reserve < 1:
            raise ValueError("is an amount, not a ratio: write for example 10000")
        return reserve

    @field_validator("allowed_symbols")
    @classmethod
    def _symbols(cls, symbols: tuple[Symbol, ...]) -> tuple[Symbol, ...]:
        for symbol in symbols:
            parse_symbol(symbol)
        return symbols

    @field_validator("var_horizon_bars")
    @classmethod
    def _horizon(cls, bars: int, info: ValidationInfo) -> int:
        most = info.data.get("var_bars", bars)
        if bars > most:
            raise ValueError(f"is more than the {most} bars of `var_bars`: no result could be made of them")
        return bars

    @field_validator("exit_on_drawdown")
    @classmethod
    def _on_drawdown(cls, sells: bool, info: ValidationInfo) -> bool:
        if sells and info.data.get("max_drawdown_ratio", 1) is None:
            raise ValueError("needs `max_drawdown_ratio`: say how far the account may fall, such as 0.15")
        return sells

    @field_validator("state_symbol")
    @classmethod
    def _state_symbol(cls, symbol: str) -> str:
        return parse_symbol(symbol) if symbol else symbol

    @field_validator("sectors")
    @classmethod
    def _sectors(cls, sectors: Mapping[Symbol, str]) -> Mapping[Symbol, str]:
        for symbol in sectors:
            parse_symbol(symbol)
        return {symbol: sectors[symbol] for symbol in sorted(sectors)}


class ProgrammaticSettings(Section):
    """What was reported to the broker of trading by a program; needed for real money in the mainland."""

    reported: Annotated[
        bool,
        Field(
            description="Whether programmatic trading was reported through the broker before the first order "
            "(CSRC rules of 2024-10-08, exchange rules of 2025-07-07)."
        ),
    ] = False
    acknowledged: Annotated[bool, Field(description="Whether the broker acknowledged the report.")] = False
    declared_orders_per_second: Annotated[
        Whole | None,
        Unit("orders and cancels per second"),
        Field(ge=1, description="The declared highest rate."),
    ] = None
    declared_orders_per_day: Annotated[
        Whole | None, Unit("orders and cancels"), Field(ge=1, description="The declared most of one day.")
    ] = None
