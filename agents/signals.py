"""The `signals` rule: named signals weighted into one score a symbol, traded by two thresholds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import fsum

from agents.indicators import indicators
from agents.order_sheet import OrderSheet, hold_only, quoted
from agents.rule_options import UnknownRule
from agents.signal_recipe import RULE, SCORE, SIGNALS, Recipe
from services.domain.bars import History
from services.domain.decision import Briefing, RawAnswer, Reads, Usage
from services.domain.instruments import Symbol
from services.domain.scores import Score, Scores

_USAGE = Usage()


class SignalsAgent:
    """Buys what scores at the recipe's `buy` or above, the highest first, and sells at `sell` or below.

    A symbol of which any signal is unknown has no score: it is not bought, and kept where it is held.
    Signals are of bars that have ended. `scores` returns the score file as it is to be used in this
    session; the scores used are in the answer's transcript, with the file's digest.
    """

    reads = Reads.ARRAYS

    def __init__(self, recipe: Recipe, scores: Callable[[], Scores] | None = None) -> None:
        if (recipe.file is None) is not (scores is None):
            raise UnknownRule("a score file is named and not read, or read and not named")
        self._recipe, self._scores = recipe, scores
        self._name = f"rule:{RULE}:{recipe.name}" if recipe.name else f"rule:{RULE}"

    @property
    def name(self) -> str:
        """`rule:signals` with its weights, thresholds and the name of its score file."""
        return self._name

    async def decide(self, briefing: Briefing) -> RawAnswer:
        """Return the rule's answer as JSON text.

        Raises:
            AgentFault: The score file cannot be used any more.
        """
        file = None if self._scores is None else self._scores()
        lasts = dict(quoted(briefing))
        external = {} if file is None else _external(file, lasts, briefing, self._recipe.age_days_max)
        totals = _totals(self._recipe, briefing.history, lasts, external)
        sheet = OrderSheet(briefing, self._recipe.top)
        rationale = _trade(sheet, self._recipe, lasts, totals)
        return RawAnswer(
            text=sheet.text(rationale),
            model=self._name,
            usage=_USAGE,
            transcript=() if file is None else (_evidence(file, external),),
        )


def score_of(weights: Mapping[str, float], known: Mapping[str, float | None]) -> float | None:
    """Return the weighted sum of signals, each of the computed ones cut to -1 to 1.

    `known` holds the indicators and, under `score`, the external score, which counts as it stands.
    None where one of what is needed is unknown.
    """
    parts: list[float] = []
    for name, weight in weights.items():
        if name == SCORE:
            value = known.get(SCORE)
        else:
            signal = SIGNALS[name]
            needed = {key: value for key in signal.needs if (value := known.get(key)) is not None}
            value = max(-1.0, min(1.0, signal.value(needed))) if len(needed) == len(signal.needs) else None
        if value is None:
            return None
        parts.append(weight * value)
    return fsum(parts)


def _external(
    file: Scores, symbols: Iterable[Symbol], briefing: Briefing, age_days_max: int
) -> dict[Symbol, Score]:
    found = ((symbol, file.at(symbol, briefing.slot.moment, age_days_max)) for symbol in symbols)
    return {symbol: score for symbol, score in found if score is not None}


def _totals(
    recipe: Recipe, history: History | None, symbols: Iterable[Symbol], external: Mapping[Symbol, Score]
) -> dict[Symbol, float]:
    """Return the score of every symbol that has one."""
    weights = {name: float(weight) for name, weight in recipe.weights.items()}
    computed = any(name != SCORE for name in weights)
    totals: dict[Symbol, float] = {}
    for symbol in symbols:
        known = dict(indicators(history, symbol)) if computed and history is not None else {}
        if symbol in external:
            known[SCORE] = external[symbol].value
        total = score_of(weights, known)
        if total is not None:
            totals[symbol] = total
    return totals


def _trade(
    sheet: OrderSheet, recipe: Recipe, lasts: dict[Symbol, float], totals: Mapping[Symbol, float]
) -> str:
    held = sheet.held
    buy, sell = float(recipe.buy), float(recipe.sell)
    kept = [symbol for symbol in held if symbol not in totals or totals[symbol] > sell]
    high = sorted((-total, symbol) for symbol, total in totals.items() if total >= buy)
    entering = [one for _, one in high if one not in held and sheet.fits(one, lasts[one])]
    entering = entering[: max(0, recipe.top - len(kept))]
    leaving = sorted(held.keys() - set(kept))
    hold_only(sheet, [*kept, *entering], lasts, "score at the sell threshold", "score at the buy threshold")
    shown = ", ".join(f"{symbol} {totals[symbol]:+.4f}" for symbol in (*leaving, *entering))
    return f"{len(totals)} scores; {shown or 'none beyond a threshold'}."


def _evidence(file: Scores, used: Mapping[Symbol, Score]) -> dict[str, str]:
    lines = [f"{symbol} {score.value!r} after {score.after.isoformat()}" for symbol, score in used.items()]
    return {"role": "scores", "content": "\n".join([f"{file.name} sha256 {file.digest}", *lines])}
