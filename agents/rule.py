"""Minds that need no model: plain rules, answering in the same contract as any model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from agents import baselines
from agents.momentum import MomentumRule
from agents.order_sheet import OrderSheet
from agents.rule_options import RuleOptions, UnknownRule, options_of, require_sense, spelled
from agents.signal_recipe import RULE as SIGNALS
from agents.signal_recipe import recipe_of
from services.domain.decision import Briefing, RawAnswer, Reads, Usage
from services.domain.value import Value
from services.ports import Agent

__all__ = ["RuleAgent", "UnknownRule", "rule_again", "rule_agent", "rule_names"]

_USAGE = Usage()
_USUAL = RuleOptions()

Rule = Callable[[OrderSheet, RuleOptions], str]
"""Writes a session's orders on the sheet and returns the rationale."""


class _Row(Value, frozen=True):
    """A rule's maker, the options it takes and what they are where nothing is said."""

    make: Callable[[], Rule]
    known: tuple[str, ...]
    usual: RuleOptions = _USUAL


class RuleAgent:
    """A named rule as an agent: deterministic, keeps nothing between sessions, answers at once.

    `momentum` holds the `top` symbols by momentum over `lookback` bars (as many as there are, from
    the second price on), at equal weight: it sells what left the top as far as T+1 allows, then
    buys what entered. A symbol of which not even one lot fits into its weight is passed over, so is
    one that is suspended or cannot trade at this slot. It acts after the first ended bar and each
    `every` bars later, and whenever the account holds nothing. What stays in the top stays as it is;
    with `resize` it is brought back to its weight then, to the lot.

    `buy_and_hold` buys the first `top` symbols of the watchlist that fit, once. `equal_weight`
    brings them back to equal weight each `every` bars. `mean_reversion` buys what lies a standard
    deviation or more below the mean of `lookback` closes, and sells it back at the mean. `random`
    draws `top` symbols by `seed` and the session's id. `hold` never trades.
    """

    def __init__(
        self,
        name: str = "momentum",
        *,
        top: int | None = None,
        lookback: int | None = None,
        rebalance_every: int | None = None,
        resize: int | None = None,
        seed: int | None = None,
    ) -> None:
        row = _row(name)
        usual = row.usual
        self._options = RuleOptions(
            top=usual.top if top is None else top,
            lookback=usual.lookback if lookback is None else lookback,
            every=usual.every if rebalance_every is None else rebalance_every,
            resize=usual.resize if resize is None else resize,
            seed=usual.seed if seed is None else seed,
        )
        require_sense(name, self._options)
        self._rule = row.make()
        text = spelled(self._options, row.known, usual)
        self._name = f"rule:{name}:{text}" if text else f"rule:{name}"

    @property
    def name(self) -> str:
        """`rule:momentum`, with the options that are not the default: `rule:momentum:every=20`."""
        return self._name

    @property
    def reads(self) -> Reads:
        """Rules read arrays."""
        return Reads.ARRAYS

    async def decide(self, briefing: Briefing) -> RawAnswer:
        """Return the rule's answer as JSON text."""
        sheet = OrderSheet(briefing, self._options.top)
        return RawAnswer(text=sheet.text(self._rule(sheet, self._options)), model=self._name, usage=_USAGE)


def rule_agent(spec: str = "momentum") -> Agent:
    """Return the rule that `spec` names: a name, or a name with options, `momentum:every=20,top=3`.

    Raises:
        UnknownRule: No such rule or option, or one that needs a score file; the message lists what
            there is.
    """
    name, _, rest = spec.partition(":")
    if name == SIGNALS:
        from agents.signals import SignalsAgent

        return SignalsAgent(recipe_of(rest))
    row = _row(name)
    options = options_of(spec, rest, row.known, row.usual)
    return RuleAgent(
        name,
        top=options.top,
        lookback=options.lookback,
        rebalance_every=options.every,
        resize=options.resize,
        seed=options.seed,
    )


def rule_again(spec: str) -> Agent | None:
    """Return the rule of a recorded name, None where it decided on a file that the name only mentions.

    Raises:
        UnknownRule: There is no such rule any more.
    """
    name, _, rest = spec.partition(":")
    if name == SIGNALS and recipe_of(rest).file is not None:
        return None
    return rule_agent(spec)


def rule_names() -> tuple[str, ...]:
    """Return the names that `rule_agent` knows."""
    return (*_RULES, SIGNALS)


def _row(name: str) -> _Row:
    if name not in _RULES:
        raise UnknownRule(f"no rule is called {name!r}; there are {', '.join(rule_names())}")
    return _RULES[name]


_ALWAYS = ("top", "lookback", "every")
"""What the first rules took whether they need it or not; accounts on record are named so."""

_RULES: Mapping[str, _Row] = MappingProxyType(
    {
        "momentum": _Row(MomentumRule, (*_ALWAYS, "resize")),
        "buy_and_hold": _Row(lambda: baselines.buy_and_hold, _ALWAYS),
        "hold": _Row(lambda: baselines.hold, _ALWAYS),
        "equal_weight": _Row(lambda: baselines.equal_weight, ("top", "every"), RuleOptions(top=20, every=20)),
        "mean_reversion": _Row(lambda: baselines.mean_reversion, _ALWAYS),
        "random": _Row(lambda: baselines.random_picks, ("top", "every", "seed")),
    }
)
