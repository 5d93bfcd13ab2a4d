"""What the `signals` rule weighs: its signals, their weights and its thresholds. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import PurePath
from types import MappingProxyType

import msgspec

from agents.rule_options import UnknownRule
from services.domain.value import Value

RULE = "signals"
SCORE = "score"
"""The signal that is read from a file."""

Values = Mapping[str, float]

_NUMBER = re.compile(r"[+-]?[0-9]{1,6}(\.[0-9]{1,8})?")
_WHOLE = re.compile(r"[0-9]{1,6}")


class Signal(Value, frozen=True):
    """One signal: the indicators it needs, and its value from them, which is cut to -1 to 1 afterwards."""

    needs: tuple[str, ...]
    value: Callable[[Values], float]


SIGNALS: Mapping[str, Signal] = MappingProxyType(
    {
        "sma": Signal(("sma_5", "sma_20"), lambda of: (of["sma_5"] / of["sma_20"] - 1.0) / 0.05),
        "ema": Signal(("ema_12", "ema_26"), lambda of: (of["ema_12"] / of["ema_26"] - 1.0) / 0.05),
        "rsi": Signal(("rsi_14",), lambda of: (50.0 - of["rsi_14"]) / 50.0),
        "bollinger": Signal(
            ("close", "boll_upper", "boll_lower"),
            lambda of: _part(
                of["boll_upper"] + of["boll_lower"] - 2.0 * of["close"], of["boll_upper"] - of["boll_lower"]
            ),
        ),
        "macd": Signal(
            ("macd_histogram", "atr_14"), lambda of: _part(of["macd_histogram"], 0.5 * of["atr_14"])
        ),
        "atr": Signal(("atr_14", "close"), lambda of: 1.0 - of["atr_14"] / of["close"] / 0.05),
        "momentum": Signal(("momentum_20",), lambda of: of["momentum_20"] / 0.2),
        "volatility": Signal(("volatility_20",), lambda of: 1.0 - of["volatility_20"] / 0.025),
        "volume": Signal(("volume_ratio_5",), lambda of: of["volume_ratio_5"] - 1.0),
    }
)
"""Every signal but `score`; above 0 speaks for buying.

`sma` and `ema`: the short mean above the long one, 5% is 1. `rsi`: sold off, 0 is 1 and 100 is -1.
`bollinger`: at the lower band 1, at the upper -1. `macd`: the histogram, half a true range is 1. `atr`
and `volatility`: calm, no range or move is 1; 5% of the price, or moves of 2.5% a bar, are 0. `momentum`:
20% over 20 bars is 1. `volume`: twice the usual is 1.
"""

_NAMES = (*SIGNALS, SCORE)
_OTHERS = ("buy", "sell", "top", "file", "age_days_max")
DEFAULT_WEIGHTS: Mapping[str, Decimal] = MappingProxyType({"sma": Decimal("0.5"), "momentum": Decimal("0.5")})


class Recipe(Value, frozen=True, kw_only=True):
    """What is weighed and when it is traded: buy from a score of `buy` on, sell at `sell` or below.

    At most `top` symbols are held. `file` is the path of the score file as it was given; a score of it
    is used for `age_days_max` times 24 hours. A file without a weight of `score` has 1, and where no
    weight is given at all it stands alone.

    Raises:
        UnknownRule: The parts do not make sense; one line.
    """

    weights: Mapping[str, Decimal] = msgspec.field(default_factory=dict)
    buy: Decimal = Decimal("0.2")
    sell: Decimal = Decimal("-0.2")
    top: int = 5
    file: str | None = None
    age_days_max: int = 7

    def __post_init__(self) -> None:
        given = dict(self.weights)
        if self.file is not None:
            given.setdefault(SCORE, Decimal(1))
        given = given or dict(DEFAULT_WEIGHTS)
        for name, weight in given.items():
            if name not in _NAMES:
                raise UnknownRule(f"{name!r} is no signal; there are {', '.join(_NAMES)}")
            if not weight or abs(weight) > 1000:
                raise UnknownRule(f"the weight of {name} must be from -1000 to 1000, and not 0")
        _require_sense(self, SCORE in given)
        ordered = {name: given[name] for name in _NAMES if name in given}
        msgspec.structs.force_setattr(self, "weights", MappingProxyType(ordered))

    @property
    def name(self) -> str:
        """The recipe as a specification writes it, without what is usual and with the file's name alone."""
        parts = {} if self.weights == DEFAULT_WEIGHTS else dict(self.weights)
        texts = [f"{key}={_plain(weight)}" for key, weight in parts.items()]
        usual = Recipe()
        texts += [
            f"{key}={_plain(getattr(self, key))}"
            for key in ("buy", "sell")
            if getattr(self, key) != getattr(usual, key)
        ]
        texts += [
            f"{key}={getattr(self, key)}"
            for key in ("top", "age_days_max")
            if getattr(self, key) != getattr(usual, key)
        ]
        if self.file is not None:
            texts.append(f"file={PurePath(self.file).name}")
        return ",".join(texts)


def recipe_of(rest: str) -> Recipe:
    """Return the recipe that a specification writes: `sma=1,rsi=0.5,file=scores.csv,buy=0.6,sell=-0.2`.

    Raises:
        UnknownRule: A part is no signal or option, stands twice, or has no number.
    """
    texts: dict[str, str] = {}
    for part in rest.split(","):
        key, _, value = part.partition("=")
        if not part:
            continue
        if key not in (*_NAMES, *_OTHERS):
            raise UnknownRule(
                f"{part!r} is no option; there are the signals {', '.join(_NAMES)}, and {', '.join(_OTHERS)}"
            )
        if key in texts:
            raise UnknownRule(f"{key} stands twice; keep one")
        texts[key] = value
    usual = Recipe()
    return Recipe(
        weights={name: _number(name, texts[name]) for name in _NAMES if name in texts},
        buy=_number("buy", texts["buy"]) if "buy" in texts else usual.buy,
        sell=_number("sell", texts["sell"]) if "sell" in texts else usual.sell,
        top=_whole("top", texts["top"]) if "top" in texts else usual.top,
        file=texts.get("file"),
        age_days_max=_whole("age_days_max", texts["age_days_max"])
        if "age_days_max" in texts
        else usual.age_days_max,
    )


def _require_sense(recipe: Recipe, scored: bool) -> None:
    if recipe.sell >= recipe.buy:
        raise UnknownRule(f"sell ({_plain(recipe.sell)}) must be less than buy ({_plain(recipe.buy)})")
    if recipe.top < 1 or recipe.age_days_max < 1:
        raise UnknownRule("top and age_days_max must be 1 or more")
    if scored and recipe.file is None:
        raise UnknownRule("the signal score needs a file of scores: file=PATH, or score_file in the config")
    if recipe.file is not None and (not PurePath(recipe.file).name or "," in PurePath(recipe.file).name):
        raise UnknownRule(f"{recipe.file!r} is no name of a score file; it must be one, without a comma")


def _part(value: float, of: float) -> float:
    """Return the quotient, 0 where there is nothing to divide by: prices that did not move say nothing."""
    return value / of if of > 0 else 0.0


def _number(key: str, text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise UnknownRule(f"{key}={text}: must be a plain number such as 0.5")
    return Decimal(text)


def _whole(key: str, text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise UnknownRule(f"{key}={text}: must be a whole number")
    return int(text)


def _plain(number: Decimal) -> str:
    return format(number.normalize(), "f")
