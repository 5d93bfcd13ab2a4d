"""The section `risk_control`: what the gate holds every order to, whatever the agent says."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from services.domain.instruments import Symbol, parse_symbol
from services.settings_values import About, Beside, Check, Places, Range, Ratio, Section, Unit

_Cny = Annotated[Decimal, Unit("CNY (us: USD)"), Range(gt=0), Places(2)]
_Part = Annotated[Decimal, Unit("ratio"), Range(gt=0, lt=1)]
_Scale = Annotated[Decimal, Unit("ratio"), Range(gt=0, le=1)]
_Confidence = Annotated[Decimal, Unit("ratio"), Range(gt=Decimal("0.5"), lt=1)]
_Bars = Annotated[int, Unit("bars"), Range(ge=5, le=5000)]


def _amount(reserve: Decimal) -> Decimal:
    if 0 < reserve < 1:
        raise ValueError("is an amount, not a ratio: write for example 10000")
    return reserve


def _symbols(symbols: tuple[Symbol, ...]) -> tuple[Symbol, ...]:
    for symbol in symbols:
        parse_symbol(symbol)
    return symbols


def _sectors(sectors: Mapping[Symbol, str]) -> Mapping[Symbol, str]:
    for symbol in sectors:
        parse_symbol(symbol)
    return sectors


def _state_symbol(symbol: str) -> str:
    return parse_symbol(symbol) if symbol else symbol


def _horizon(bars: int, most: int) -> None:
    if bars > most:
        raise ValueError(f"is more than the {most} bars of `var_bars`: no result could be made of them")


def _on_drawdown(sells: bool, ratio: Decimal | None) -> None:
    if sells and ratio is None:
        raise ValueError("needs `max_drawdown_ratio`: say how far the account may fall, such as 0.15")


class _FirewallSettings(Section, frozen=True, kw_only=True):
    """Bounds on single orders and on how many there are."""

    price_band_bp: Annotated[
        int,
        Unit("bp of price"),
        Range(ge=1, le=10000),
        About("Furthest a limit may lie from the last price, either way."),
    ] = 1000
    order_value_max: Annotated[
        _Cny | None, About("Largest order, at its limit; exits are not bound. Empty: no limit.")
    ] = None
    orders_per_session_max: Annotated[
        int, Unit("orders"), Range(ge=1, le=1000), About("Most orders of one session.")
    ] = 50
    orders_per_day_max: Annotated[
        int,
        Unit("orders and cancels"),
        Range(ge=2, le=2000),
        About(
            "Most orders and cancels of one trading day and account; an order counts with the "
            "cancel it may need."
        ),
    ] = 200
    orders_per_second_max: Annotated[
        int, Unit("orders and cancels per second"), Range(ge=1, le=10), About("Pace of sending.")
    ] = 1
    session_value_max: Annotated[
        _Cny | None, About("Most that one session's orders may come to. Empty: no limit.")
    ] = None
    day_value_max: Annotated[
        _Cny | None, About("Most that one day's orders may come to. Empty: no limit.")
    ] = None
    session_turnover_max: Annotated[
        Decimal | None,
        Unit("ratio of equity"),
        Range(gt=0),
        About("Most that one session's orders may come to. Empty: no limit."),
    ] = None
    day_turnover_max: Annotated[
        Decimal | None,
        Unit("ratio of equity"),
        Range(gt=0),
        About("Most that one day's orders may come to. Empty: no limit."),
    ] = None
    resize: Annotated[
        tuple[Literal["sellable", "lot", "cash", "cap"], ...],
        About(
            "What is made smaller instead of refused: a sell to what is `sellable` today, a size "
            "to a valid `lot`, a buy to the `cash`, an order to what the limits here leave (`cap`)."
        ),
    ] = ()


class _PortfolioSettings(_FirewallSettings, frozen=True, kw_only=True):
    """Bounds on the portfolio as it would be after the orders."""

    max_single_position_ratio: Annotated[
        Ratio, About("Most of the account's equity in one symbol after a buy. 1: no limit.")
    ] = Decimal(1)
    max_sector_ratio: Annotated[_Part | None, About("Most of the equity in one sector. Empty: no limit.")] = (
        None
    )
    max_unknown_sector_ratio: Annotated[
        _Part | None,
        About("Most of the equity in symbols whose sector is not known. Empty: as `max_sector_ratio`."),
    ] = None
    sector_file: Annotated[
        Path | None,
        About("CSV file with the columns `symbol` and `sector`; `sectors` wins over it."),
    ] = None
    sectors: Annotated[
        Mapping[Symbol, str],
        Check(_sectors),
        About("The sector of each symbol, such as `600519.SH: 食品饮料`."),
    ] = {}
    max_gross_ratio: Annotated[
        _Part | None, About("Most of the equity that may be invested. Empty: no limit.")
    ] = None
    min_cash_reserve: Annotated[
        Decimal,
        Unit("CNY (us: USD)"),
        Range(ge=0),
        Places(2),
        Check(_amount),
        About("Cash that buys must leave; an amount, not a ratio."),
    ] = Decimal("0.00")
    max_daily_loss_ratio: Annotated[
        Ratio,
        About(
            "No buys once the loss since the previous close reaches this part of the equity "
            "then, or of `capital_max`, where that is less."
        ),
    ] = Decimal(1)
    max_drawdown_ratio: Annotated[
        _Part | None,
        About(
            "Loss from the highest equity, as a part of it or of `capital_max`, where that is "
            "less, that halts the account. Empty: no limit."
        ),
    ] = None
    max_losing_sales: Annotated[
        int | None,
        Unit("sales in a row"),
        Range(ge=1, le=100),
        About("Losing sales in a row that halt the account. Empty: no limit."),
    ] = None
    max_correlation: Annotated[
        _Part | None,
        About("Most a bought symbol may correlate with one that is held. Empty: no limit."),
    ] = None
    correlation_bars: Annotated[_Bars, About("Bars of the correlation.")] = 60
    max_var_ratio: Annotated[
        _Part | None,
        About("Most of the equity at risk after a buy (historical VaR). Empty: no limit."),
    ] = None
    var_confidence: Annotated[_Confidence, About("Confidence of the value at risk.")] = Decimal("0.95")
    var_bars: Annotated[_Bars, About("Bars of the value at risk.")] = 250
    var_horizon_bars: Annotated[
        int,
        Unit("bars"),
        Range(ge=1, le=250),
        Beside("var_bars", _horizon),
        About("Over how many bars value is at risk."),
    ] = 1


class _ExitSettings(_PortfolioSettings, frozen=True, kw_only=True):
    """When a position is sold without asking an agent."""

    enable_stop_loss: Annotated[
        bool, About("Sell a holding that lost `stop_loss_ratio`, without asking the agent.")
    ] = False
    stop_loss_ratio: Annotated[_Part, About("Loss against average cost at which a holding is sold.")] = (
        Decimal("0.10")
    )
    take_profit_ratio: Annotated[
        Decimal | None,
        Unit("ratio"),
        Range(gt=0),
        About("Gain against average cost at which a holding is sold. Empty: never."),
    ] = None
    trailing_stop_ratio: Annotated[
        _Part | None,
        About("Fall from the highest price since the purchase that sells. Empty: never."),
    ] = None
    time_stop_days: Annotated[
        int | None,
        Unit("trading days"),
        Range(ge=1, le=2500),
        About("Days after the purchase on which a holding is sold. Empty: never."),
    ] = None
    exits_while_halted: Annotated[bool, About("Let exits through where the account is halted.")] = False
    exit_on_drawdown: Annotated[
        bool,
        Beside("max_drawdown_ratio", _on_drawdown),
        About("Sell everything once `max_drawdown_ratio`, which it needs, halted the account."),
    ] = False


class _SizingSettings(_ExitSettings, frozen=True, kw_only=True):
    """How large a position a buy may build."""

    sizing: Annotated[
        Literal["model", "fixed_ratio", "equal_weight", "volatility", "atr", "var"],
        About("Who bounds a buy: the agent alone (`model`), or also a rule; it never enlarges."),
    ] = "model"
    sizing_ratio: Annotated[
        Ratio, About("Position by `fixed_ratio`; the most by `volatility`, `atr` and `var`.")
    ] = Decimal("0.20")
    sizing_positions: Annotated[
        int, Unit("positions"), Range(ge=1, le=1000), About("Positions of `equal_weight`.")
    ] = 5
    sizing_risk_ratio: Annotated[
        _Part, About("Part of the equity one position may lose, by `volatility`, `atr`, `var`.")
    ] = Decimal("0.01")
    sizing_atr_multiple: Annotated[
        Decimal,
        Unit("average true ranges"),
        Range(gt=0, le=100),
        About("Move that `atr` counts as the loss."),
    ] = Decimal(2)
    sizing_confidence: Annotated[_Confidence, About("Confidence of sizing by `var`.")] = Decimal("0.95")
    sizing_bars: Annotated[_Bars, About("Bars of sizing by `volatility`, `atr` and `var`.")] = 20
    scale_in_downtrend: Annotated[
        _Scale,
        About("Scales position, sector and gross limits and sizes while the market falls."),
    ] = Decimal(1)
    scale_when_volatile: Annotated[_Scale, About("The same while the market is volatile; both multiply.")] = (
        Decimal(1)
    )
    state_symbol: Annotated[
        str, Check(_state_symbol), About("Whose prices tell the market's state. Empty: the watchlist's mean.")
    ] = ""
    state_trend_bars: Annotated[_Bars, About("Bars of the mean that tells the trend.")] = 60
    state_volatility_bars: Annotated[_Bars, About("Bars of the present volatility.")] = 20
    state_volatile_multiple: Annotated[
        Decimal,
        Unit("multiple"),
        Range(gt=1, le=100),
        About("Present over usual volatility from which it is volatile."),
    ] = Decimal("1.5")


class RiskSettings(_SizingSettings, frozen=True, kw_only=True):
    """What the gate holds every order to, whatever the agent says."""

    marketable_bp: Annotated[
        int, Unit("bp of price"), Range(ge=0, le=1000), About("Distance of a limit made for no limit.")
    ] = 100
    drift_bp_max: Annotated[
        int,
        Unit("bp of price"),
        Range(ge=1, le=10000),
        About("Most a price may move between question and order."),
    ] = 200
    order_ttl_s: Annotated[
        int, Unit("s"), Range(ge=1, le=3600), About("Time in which an approved order may be sent.")
    ] = 60
    quote_age_s_max: Annotated[
        int, Unit("s"), Range(ge=1, le=3600), About("Oldest quote an order is judged by.")
    ] = 180
    shadow: Annotated[bool, About("Decide and record, send nothing.")] = False
    allowed_symbols: Annotated[
        tuple[Symbol, ...], Check(_symbols), About("Symbols that may be bought. Empty: all of the watchlist.")
    ] = ()
    capital_max: Annotated[
        _Cny | None,
        About(
            "Most that may be invested, and the equity that ratios are of, those of losses too. "
            "Empty: no limit."
        ),
    ] = None


class ProgrammaticSettings(Section, frozen=True, kw_only=True):
    """What was reported to the broker of trading by a program; needed for real money in the mainland."""

    reported: Annotated[
        bool,
        About(
            "Whether programmatic trading was reported through the broker before the first order "
            "(CSRC rules of 2024-10-08, exchange rules of 2025-07-07)."
        ),
    ] = False
    acknowledged: Annotated[bool, About("Whether the broker acknowledged the report.")] = False
    declared_orders_per_second: Annotated[
        int | None,
        Unit("orders and cancels per second"),
        Range(ge=1),
        About("The declared highest rate."),
    ] = None
    declared_orders_per_day: Annotated[
        int | None, Unit("orders and cancels"), Range(ge=1), About("The declared most of one day.")
    ] = None
