"""The gate's limits as the configuration sets them."""

from __future__ import annotations

from decimal import Decimal

from risk.limits import (
    Degrees,
    ExitTerms,
    Limits,
    OrderCaps,
    PortfolioLimits,
    Resize,
    Sizing,
    SizingMethod,
    StateScaling,
)
from services.settings import Settings
from services.settings_risk import RiskSettings


def limits_of(settings: Settings) -> Limits:
    """Return the gate's limits; a ratio of 1 and an empty key switch one off."""
    risk = settings.risk_control
    return Limits(
        marketable_bp=Decimal(risk.marketable_bp),
        drift_bp_max=Decimal(risk.drift_bp_max),
        order_ttl_s=risk.order_ttl_s,
        quote_age_s_max=risk.quote_age_s_max,
        position_ratio_max=_below_one(risk.max_single_position_ratio),
        daily_loss_ratio_max=_below_one(risk.max_daily_loss_ratio),
        cash_reserve_cny_min=risk.min_cash_reserve,
        stop_loss_ratio=risk.stop_loss_ratio if risk.enable_stop_loss else None,
        resize=tuple(Resize(one) for one in sorted(set(risk.resize))),
        caps=_caps(risk),
        portfolio=_portfolio(risk),
        exits=ExitTerms(
            take_profit_ratio=risk.take_profit_ratio,
            trailing_stop_ratio=risk.trailing_stop_ratio,
            time_stop_days=risk.time_stop_days,
            while_halted=risk.exits_while_halted,
            on_drawdown=risk.exit_on_drawdown,
        ),
        sizing=_sizing(risk),
        state=_state(risk),
        degrees=Degrees(shadow=risk.shadow, symbols=risk.allowed_symbols, capital_cny_max=risk.capital_max),
    )


def _caps(risk: RiskSettings) -> OrderCaps:
    return OrderCaps(
        price_band_bp=Decimal(risk.price_band_bp),
        order_cny_max=risk.order_value_max,
        orders_session_max=risk.orders_per_session_max,
        orders_day_max=risk.orders_per_day_max,
        orders_per_second_max=risk.orders_per_second_max,
        notional_cny_session_max=risk.session_value_max,
        notional_cny_day_max=risk.day_value_max,
        turnover_ratio_session_max=risk.session_turnover_max,
        turnover_ratio_day_max=risk.day_turnover_max,
    )


def _portfolio(risk: RiskSettings) -> PortfolioLimits:
    return PortfolioLimits(
        sector_ratio_max=risk.max_sector_ratio,
        sector_unknown_ratio_max=risk.max_unknown_sector_ratio,
        industries={str(symbol): sector for symbol, sector in risk.sectors.items()},
        gross_ratio_max=risk.max_gross_ratio,
        drawdown_ratio_max=risk.max_drawdown_ratio,
        losing_sales_max=risk.max_losing_sales,
        correlation_max=risk.max_correlation,
        correlation_bars=risk.correlation_bars,
        var_ratio_max=risk.max_var_ratio,
        var_confidence=risk.var_confidence,
        var_bars=risk.var_bars,
        var_horizon_bars=risk.var_horizon_bars,
    )


def _sizing(risk: RiskSettings) -> Sizing:
    return Sizing(
        method=SizingMethod(risk.sizing),
        ratio=risk.sizing_ratio,
        positions=risk.sizing_positions,
        risk_ratio=risk.sizing_risk_ratio,
        atr_multiple=risk.sizing_atr_multiple,
        confidence=risk.sizing_confidence,
        bars=risk.sizing_bars,
    )


def _state(risk: RiskSettings) -> StateScaling:
    return StateScaling(
        in_downtrend=risk.scale_in_downtrend,
        when_volatile=risk.scale_when_volatile,
        symbol=risk.state_symbol,
        trend_bars=risk.state_trend_bars,
        volatility_bars=risk.state_volatility_bars,
        volatile_multiple=risk.state_volatile_multiple,
    )


def _below_one(ratio: Decimal) -> Decimal | None:
    return ratio if ratio < 1 else None
