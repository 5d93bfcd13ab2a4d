"""Keys of `risk_control` that somebody set and that change nothing beside the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from services.settings_risk import RiskSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleKey:
    """A key that is set in vain, and what it needs to act."""

    key: str
    needs: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Needs:
    """Keys that act only where `given` holds, and in words where that is."""

    keys: tuple[str, ...]
    words: str
    given: Callable[[RiskSettings], bool]


_BY_BARS = ("volatility", "atr", "var")
_NEEDS: tuple[_Needs, ...] = (
    _Needs(keys=("stop_loss_ratio",), words="enable_stop_loss: true", given=lambda r: r.enable_stop_loss),
    _Needs(
        keys=("exits_while_halted",),
        words="enable_stop_loss, take_profit_ratio, trailing_stop_ratio, time_stop_days",
        given=lambda r: (
            r.enable_stop_loss
            or r.take_profit_ratio is not None
            or r.trailing_stop_ratio is not None
            or r.time_stop_days is not None
        ),
    ),
    _Needs(
        keys=("correlation_bars",), words="max_correlation", given=lambda r: r.max_correlation is not None
    ),
    _Needs(
        keys=("var_bars", "var_horizon_bars", "var_confidence"),
        words="max_var_ratio",
        given=lambda r: r.max_var_ratio is not None,
    ),
    _Needs(
        keys=("sectors", "sector_file"),
        words="max_sector_ratio, max_unknown_sector_ratio",
        given=lambda r: not (r.max_sector_ratio is r.max_unknown_sector_ratio is None),
    ),
    _Needs(
        keys=("sizing_ratio",),
        words="sizing: fixed_ratio, volatility, atr, var",
        given=lambda r: r.sizing in ("fixed_ratio", *_BY_BARS),
    ),
    _Needs(
        keys=("sizing_positions",), words="sizing: equal_weight", given=lambda r: r.sizing == "equal_weight"
    ),
    _Needs(
        keys=("sizing_risk_ratio", "sizing_bars"),
        words="sizing: volatility, atr, var",
        given=lambda r: r.sizing in _BY_BARS,
    ),
    _Needs(keys=("sizing_atr_multiple",), words="sizing: atr", given=lambda r: r.sizing == "atr"),
    _Needs(keys=("sizing_confidence",), words="sizing: var", given=lambda r: r.sizing == "var"),
    _Needs(
        keys=("state_symbol", "state_trend_bars", "state_volatility_bars", "state_volatile_multiple"),
        words="scale_in_downtrend, scale_when_volatile",
        given=lambda r: not (r.scale_in_downtrend == r.scale_when_volatile == 1),
    ),
    _Needs(
        keys=("scale_in_downtrend", "scale_when_volatile"),
        words="max_single_position_ratio, max_sector_ratio, max_unknown_sector_ratio, max_gross_ratio, "
        "sizing",
        given=lambda r: (
            r.max_single_position_ratio < 1
            or not (r.max_sector_ratio is r.max_unknown_sector_ratio is r.max_gross_ratio is None)
            or r.sizing != "model"
        ),
    ),
)


def idle_keys(risk: RiskSettings) -> Iterator[IdleKey]:
    """Yield each key that is not as it comes and does nothing, with the keys of which it needs one."""
    for need in _NEEDS:
        if not need.given(risk):
            yield from (IdleKey(key=key, needs=need.words) for key in need.keys if _changed(risk, key))


def _changed(risk: RiskSettings, key: str) -> bool:
    return bool(getattr(risk, key) != getattr(RiskSettings(), key))
