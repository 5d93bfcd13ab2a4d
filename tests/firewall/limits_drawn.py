"""Limits, drawn from a seed over every setting of the gate; each is off, loose or tight. Pure."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from random import Random

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
from services.domain.instruments import Symbol


def draw_limits(rng: Random, symbols: tuple[Symbol, ...], equity_cny: Decimal, *, rough: bool) -> Limits:
    """Return limits of which a few bind; now and then none or, where `rough`, nearly all."""
    often = rng.choice((0.0, 0.1, 0.25, 0.6) if rough else (0.05, 0.1, 0.2, 0.4))

    def on(value: Decimal | None) -> Decimal | None:
        return value if rng.random() < often else None

    return Limits(
        marketable_bp=Decimal(rng.choice((0, 10, 100, 100, 100, 1000))),
        drift_bp_max=Decimal(rng.choice((1, 50, 200, 10000) if rough else (200, 10000))),
        order_ttl_s=rng.choice((1, 5, 60, 60, 60, 3600)),
        quote_age_s_max=rng.choice((1, 60, 180, 3600) if rough else (180,)),
        position_ratio_max=_ratio(rng) if rng.random() < max(often, 0.35) else None,
        daily_loss_ratio_max=on(_ratio(rng)),
        cash_reserve_cny_min=on(_share(rng, equity_cny)) or Decimal("0.00"),
        stop_loss_ratio=on(_ratio(rng)),
        resize=tuple(one for one in Resize if rng.random() < rng.choice((0.0, 0.5, 1.0))),
        caps=_caps(rng, often, equity_cny, rough=rough),
        portfolio=_portfolio(rng, often, symbols),
        exits=ExitTerms(
            take_profit_ratio=on(_ratio(rng)),
            trailing_stop_ratio=on(_ratio(rng)),
            time_stop_days=rng.choice((1, 20)) if rng.random() < often else None,
            while_halted=rng.random() < 0.5,
        ),
        sizing=_sizing(rng, often),
        state=_state(rng, often, symbols),
        degrees=Degrees(
            shadow=rng.random() < 0.1,
            symbols=tuple(rng.sample(symbols, len(symbols) // 2)) if rng.random() < often / 6 else (),
            capital_cny_max=on(_share(rng, equity_cny)),
        ),
    )


def _ratio(rng: Random) -> Decimal:
    return Decimal(rng.choice(("0.001", "0.05", "0.1", "0.2", "0.3333", "0.5", "0.5", "0.9", "1")))


def _share(rng: Random, equity_cny: Decimal) -> Decimal:
    """Return an amount of the order of the account."""
    part = Decimal(rng.choice(("0.001", "0.05", "0.3", "0.9", "1", "2")))
    return max(Decimal(1), abs(equity_cny) * part).quantize(Decimal("0.01"))


def _caps(rng: Random, often: float, equity_cny: Decimal, *, rough: bool) -> OrderCaps:
    def on(value: Decimal) -> Decimal | None:
        return value if rng.random() < often else None

    band = Decimal(rng.choice((1, 100, 1000, 10000) if rough else (1000, 1000, 2000)))
    return OrderCaps(
        price_band_bp=None if rng.random() < 0.1 else band,
        order_cny_max=on(_share(rng, equity_cny)),
        orders_session_max=rng.choice((1, 2, 5)) if rng.random() < often else 50,
        orders_day_max=rng.choice((1, 4, 40)) if rng.random() < often else rng.choice((200, None)),
        orders_per_second_max=rng.choice((1, 1, 10)),
        notional_cny_session_max=on(_share(rng, equity_cny)),
        notional_cny_day_max=on(_share(rng, equity_cny)),
        turnover_ratio_session_max=on(_ratio(rng)),
        turnover_ratio_day_max=on(_ratio(rng) * 2),
    )


def _portfolio(rng: Random, often: float, symbols: tuple[Symbol, ...]) -> PortfolioLimits:
    def on(value: Decimal, rarer: float = 1.0) -> Decimal | None:
        return value if rng.random() < often * rarer else None

    sectors = ("银行", "食品", "")
    return PortfolioLimits(
        sector_ratio_max=on(_ratio(rng)),
        sector_unknown_ratio_max=on(_ratio(rng)),
        industries={symbol: rng.choice(sectors) for symbol in symbols if rng.random() < 0.8},
        gross_ratio_max=on(_ratio(rng)),
        drawdown_ratio_max=on(_ratio(rng)),
        losing_sales_max=3,
        correlation_max=on(Decimal(rng.choice(("0.1", "0.5", "0.9"))), 0.4),
        correlation_bars=rng.choice((5, 20, 30)),
        var_ratio_max=on(Decimal(rng.choice(("0.001", "0.02", "0.2"))), 0.4),
        var_confidence=Decimal(rng.choice(("0.9", "0.95", "0.99"))),
        var_bars=rng.choice((10, 30)),
        var_horizon_bars=rng.choice((1, 1, 5)),
    )


def _sizing(rng: Random, often: float) -> Sizing:
    methods = tuple(SizingMethod)
    method = rng.choice(methods) if rng.random() < often * 0.7 else SizingMethod.MODEL
    return Sizing(
        method=method,
        ratio=_ratio(rng),
        positions=rng.choice((1, 5, 50)),
        risk_ratio=Decimal(rng.choice(("0.001", "0.01", "0.1"))),
        atr_multiple=Decimal(rng.choice(("0.5", "2"))),
        bars=rng.choice((5, 20)),
    )


def _state(rng: Random, often: float, symbols: tuple[Symbol, ...]) -> StateScaling:
    if rng.random() >= often * 0.5:
        return StateScaling()
    scaling = StateScaling(in_downtrend=Decimal("0.5"), when_volatile=Decimal("0.4"))
    symbol = rng.choice(symbols) if rng.random() < 0.3 else ""
    return replace(scaling, symbol=symbol, trend_bars=30, volatility_bars=10)
