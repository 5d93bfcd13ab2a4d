"""From the section `risk_control` to the gate's limits: no key is without effect."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from commands.risk_limits import limits_of
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
from services.settings_file import load_settings
from services.settings_keys import keys_of
from services.settings_risk import RiskSettings

# One value for each key, another than its default.
OTHER = {
    "price_band_bp": "500",
    "order_value_max": "30000.00",
    "orders_per_session_max": "7",
    "orders_per_day_max": "70",
    "orders_per_second_max": "2",
    "session_value_max": "40000.00",
    "day_value_max": "50000.00",
    "session_turnover_max": "0.4",
    "day_turnover_max": "1.5",
    "resize": "[cash, cap]",
    "max_single_position_ratio": "0.2",
    "max_sector_ratio": "0.3",
    "max_unknown_sector_ratio": "0.1",
    "sectors": "{600519.SH: food}",
    "max_gross_ratio": "0.9",
    "min_cash_reserve": "1000.00",
    "max_daily_loss_ratio": "0.05",
    "max_drawdown_ratio": "0.15",
    "max_losing_sales": "4",
    "max_correlation": "0.8",
    "correlation_bars": "61",
    "max_var_ratio": "0.04",
    "var_confidence": "0.99",
    "var_bars": "251",
    "var_horizon_bars": "2",
    "enable_stop_loss": "true",
    "take_profit_ratio": "0.25",
    "trailing_stop_ratio": "0.07",
    "time_stop_days": "20",
    "exits_while_halted": "true",
    "exit_on_drawdown": "true",
    "sizing": "atr",
    "sizing_ratio": "0.21",
    "sizing_positions": "6",
    "sizing_risk_ratio": "0.02",
    "sizing_atr_multiple": "3",
    "sizing_confidence": "0.9",
    "sizing_bars": "21",
    "scale_in_downtrend": "0.5",
    "scale_when_volatile": "0.6",
    "state_symbol": "510300.SH",
    "state_trend_bars": "62",
    "state_volatility_bars": "22",
    "state_volatile_multiple": "1.6",
    "marketable_bp": "50",
    "drift_bp_max": "100",
    "order_ttl_s": "30",
    "quote_age_s_max": "90",
    "shadow": "true",
    "allowed_symbols": "[600519.SH]",
    "capital_max": "60000.00",
}


def limits(folder: Path, text: str) -> Limits:
    path = folder / "c.yaml"
    path.write_text(text, encoding="utf-8")
    return limits_of(load_settings(path, environment={}, dotenv=None))


def test_every_key_arrives_where_the_gate_looks_for_it(tmp_path: Path):
    text = "".join(f"  {key}: {value}\n" for key, value in OTHER.items())

    found = limits(tmp_path, f"risk_control:\n{text}  stop_loss_ratio: 0.08\n")

    assert found == Limits(
        marketable_bp=Decimal(50),
        drift_bp_max=Decimal(100),
        order_ttl_s=30,
        quote_age_s_max=90,
        position_ratio_max=Decimal("0.2"),
        daily_loss_ratio_max=Decimal("0.05"),
        cash_reserve_cny_min=Decimal("1000.00"),
        stop_loss_ratio=Decimal("0.08"),
        resize=(Resize.CAP, Resize.CASH),
        caps=OrderCaps(
            price_band_bp=Decimal(500),
            order_cny_max=Decimal("30000.00"),
            orders_session_max=7,
            orders_day_max=70,
            orders_per_second_max=2,
            notional_cny_session_max=Decimal("40000.00"),
            notional_cny_day_max=Decimal("50000.00"),
            turnover_ratio_session_max=Decimal("0.4"),
            turnover_ratio_day_max=Decimal("1.5"),
        ),
        portfolio=PortfolioLimits(
            sector_ratio_max=Decimal("0.3"),
            sector_unknown_ratio_max=Decimal("0.1"),
            industries={"600519.SH": "food"},
            gross_ratio_max=Decimal("0.9"),
            drawdown_ratio_max=Decimal("0.15"),
            losing_sales_max=4,
            correlation_max=Decimal("0.8"),
            correlation_bars=61,
            var_ratio_max=Decimal("0.04"),
            var_confidence=Decimal("0.99"),
            var_bars=251,
            var_horizon_bars=2,
        ),
        exits=ExitTerms(
            take_profit_ratio=Decimal("0.25"),
            trailing_stop_ratio=Decimal("0.07"),
            time_stop_days=20,
            while_halted=True,
            on_drawdown=True,
        ),
        sizing=Sizing(
            method=SizingMethod.ATR,
            ratio=Decimal("0.21"),
            positions=6,
            risk_ratio=Decimal("0.02"),
            atr_multiple=Decimal(3),
            confidence=Decimal("0.9"),
            bars=21,
        ),
        state=StateScaling(
            in_downtrend=Decimal("0.5"),
            when_volatile=Decimal("0.6"),
            symbol="510300.SH",
            trend_bars=62,
            volatility_bars=22,
            volatile_multiple=Decimal("1.6"),
        ),
        degrees=Degrees(shadow=True, symbols=("600519.SH",), capital_cny_max=Decimal("60000.00")),
    )


@pytest.mark.parametrize("key", OTHER)
def test_no_key_is_without_effect(tmp_path: Path, key: str):
    # One cannot stand alone: it sells once the other has halted the account.
    beside = "max_drawdown_ratio: 0.15, " if key == "exit_on_drawdown" else ""

    alone = limits(tmp_path, f"risk_control: {{{beside}{key}: {OTHER[key]}}}\n")

    assert alone != limits(tmp_path, f"risk_control: {{{beside}}}\n")


def test_the_table_has_every_key_but_those_of_a_pair_tried_together_and_the_file():
    # The file's content arrives in `sectors`; the ratio counts once the stop loss is on.
    assert set(keys_of(RiskSettings)) - set(OTHER) == {"sector_file", "stop_loss_ratio"}
    assert set(OTHER) <= set(keys_of(RiskSettings))


def test_the_stop_loss_ratio_counts_where_the_stop_loss_is_on_alone(tmp_path: Path):
    off = limits(tmp_path, "risk_control: {stop_loss_ratio: 0.08}\n")

    assert off.stop_loss_ratio is None
    assert off == limits(tmp_path, "")


def test_the_defaults_are_those_of_the_gate_itself(tmp_path: Path):
    assert limits(tmp_path, "") == Limits()


def test_a_ratio_of_1_sets_no_limit(tmp_path: Path):
    found = limits(tmp_path, "risk_control: {max_single_position_ratio: 1, max_daily_loss_ratio: 1.00}\n")

    assert (found.position_ratio_max, found.daily_loss_ratio_max) == (None, None)
