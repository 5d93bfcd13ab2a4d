"""What the use of the limits suggests, in plain words, by thresholds that are written here. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType

import msgspec

from monitor.figures import plain
from monitor.risk_use import KEYS, HaltSpan, SessionRisk, SetLimits, Use
from monitor.wording import say
from services.domain.events import HaltCause
from services.domain.orders import Refusal, Rule, Side
from services.domain.value import Value

NEAR_RATIO = Decimal("0.8")
"""From this part of a limit on, a session that the limit neither refused nor halted came near it."""

_MOVED_BY_PRICES = frozenset({Rule.POSITION_RATIO, Rule.SECTOR, Rule.GROSS_EXPOSURE, Rule.CAPITAL})
"""Limits that hold buys alone: beyond one is only what prices moved."""

REFUSED_RATIO = Decimal("0.1")
REFUSED_LEAST = 3
"""A rule that refused that part of what was asked, and so often, is worth a word."""

ARMED_SESSIONS_LEAST = 3
"""An exit that stayed armed for that many sessions in a row is worth a word."""

_RESIZE: Mapping[Rule, str] = MappingProxyType(
    {
        Rule.POSITION: "sellable",
        Rule.T_PLUS_1: "sellable",
        Rule.BOARD_LOT: "lot",
        Rule.ORDER_MAX: "lot",
        Rule.CASH: "cash",
        Rule.CASH_RESERVE: "cash",
        **dict.fromkeys((Rule.ORDER_CNY, Rule.NOTIONAL, Rule.TURNOVER, Rule.CAPITAL), "cap"),
        **dict.fromkeys((Rule.POSITION_RATIO, Rule.SECTOR, Rule.GROSS_EXPOSURE), "cap"),
    }
)
"""The policy under which an order that breaks a rule is made smaller instead of refused."""

_OTHER_KEYS: Mapping[Rule, tuple[str, ...]] = MappingProxyType(
    {
        Rule.NOT_ALLOWED: ("allowed_symbols",),
        Rule.QUOTE_STALE: ("quote_age_s_max",),
        Rule.PRICE_BAND: ("price_band_bp",),
        Rule.DRIFT: ("drift_bp_max",),
        Rule.ORDER_RATE: ("orders_per_second_max", "order_ttl_s"),
        Rule.SIZING: ("sizing",),
    }
)
"""The keys of the rules that record no use."""


class Advice(Value, frozen=True, kw_only=True):
    """One suggestion: what it is about, the keys that change it, and the values of its sentence."""

    kind: str
    keys: tuple[str, ...]
    values: Mapping[str, str]

    def words(self, lang: str) -> str:
        """Return the sentence in a language."""
        told = dict(self.values)
        for name in ("rule", "what"):
            if name in told:
                told[name] = say(f"{'rule' if name == 'rule' else 'risk.asked'}.{told[name]}", lang)
        return say(f"risk.advice.{self.kind}", lang, keys=", ".join(self.keys), **told)


def advice(
    sessions: Mapping[str, SessionRisk],
    halts: Sequence[HaltSpan],
    limits: SetLimits | None,
    refusals: Sequence[Refusal],
    asked: Mapping[Side, int],
    shadow_orders: int,
    used: Mapping[str, LimitUsed],
) -> tuple[Advice, ...]:
    """Return the suggestions, the most pressing first; none where there is nothing to say.

    `asked` are the orders asked for by side; `used` is what `limits_used` tells of the sessions.
    """
    refused = {refusal.rule for refusal in refusals}
    found: list[Advice] = [*_halted(halts), *_unset(limits), *_armed(tuple(sessions.values()))]
    found += _refused(refusals, asked)
    found += _near(used, refused)
    if shadow_orders:
        found.append(Advice(kind="shadow", keys=("shadow",), values={"count": str(shadow_orders)}))
    return tuple(found)


class LimitUsed(msgspec.Struct, kw_only=True):
    """The use of a limit over a period: `most` in the session `name`, the earliest of several, and `last`.

    `near` counts the sessions that came near it, where the rule refused nothing of the session.
    """

    name: str
    session: SessionRisk
    most: Use
    ratio: Decimal
    last: Use
    near: int = 0


def limits_used(sessions: Mapping[str, SessionRisk]) -> dict[str, LimitUsed]:
    """Return the use of each limit that the sessions used, by its key."""
    found: dict[str, LimitUsed] = {}
    for name, session in sessions.items():
        for key, use in session.uses.items():
            ratio, limit = use.ratio, found.get(key)
            if limit is None:
                limit = LimitUsed(name=name, session=session, most=use, ratio=ratio, last=use)
                found[key] = limit
            elif ratio > limit.ratio:
                limit.name, limit.session, limit.most, limit.ratio = name, session, use, ratio
            limit.last = use
            if near(session, use.rule, ratio) and use.rule not in session.refused_by:
                limit.near += 1
    return found


def near(session: SessionRisk, rule: Rule, ratio: Decimal) -> bool:
    """Answer whether the session came near the limit, which it still kept to and which did not halt it."""
    return NEAR_RATIO <= ratio < 1 and rule not in session.halted_by


def keys_of(rule: Rule) -> tuple[str, ...]:
    """Return the keys of `risk_control` that set what the rule holds an order to, none for the market's."""
    return tuple(key for (of, _), key in KEYS.items() if of is rule) or _OTHER_KEYS.get(rule, ())


def _halted(halts: Sequence[HaltSpan]) -> Iterator[Advice]:
    counts = Counter(span.halt.by for span in halts if span.halt.cause is HaltCause.LIMIT)
    for rule in (Rule.DRAWDOWN, Rule.LOSING_STREAK):
        if counts[rule]:
            values = {"rule": str(rule), "count": str(counts[rule])}
            yield Advice(kind="halted", keys=keys_of(rule), values=values)


def _unset(limits: SetLimits | None) -> Iterator[Advice]:
    if limits is None:
        return
    of_key = {
        "max_single_position_ratio": limits.position_ratio_max,
        "max_daily_loss_ratio": limits.daily_loss_ratio_max,
        "max_drawdown_ratio": limits.portfolio.drawdown_ratio_max,
    }
    unset = tuple(key for key, limit in of_key.items() if limit is None)
    if unset:
        yield Advice(kind="unset", keys=unset, values={})


def _armed(sessions: Sequence[SessionRisk]) -> Iterator[Advice]:
    for exit_ in sessions[-1].armed if sessions else ():
        held = 0
        for session in reversed(sessions):
            if all(one.symbol != exit_.symbol for one in session.armed):
                break
            held += 1
        if held >= ARMED_SESSIONS_LEAST:
            values = {"symbol": exit_.symbol, "count": str(held), "rule": str(exit_.rule)}
            yield Advice(kind="armed", keys=(), values=values)


def _refused(refusals: Sequence[Refusal], asked: Mapping[Side, int]) -> Iterator[Advice]:
    by_rule = Counter(refusal.rule for refusal in refusals)
    for rule, count in sorted(by_rule.items(), key=lambda pair: (-pair[1], pair[0])):
        sides = {refusal.side for refusal in refusals if refusal.rule is rule}
        orders = sum(asked[side] for side in sides)
        if count < REFUSED_LEAST or count < REFUSED_RATIO * orders:
            continue
        what = str(next(iter(sides))) if len(sides) == 1 else "both"
        values = {"rule": str(rule), "count": str(count), "asked": str(orders), "what": what}
        keys = keys_of(rule)
        if rule in _RESIZE:
            kind, values["resize"] = ("refused.resize" if keys else "refused.shrink"), _RESIZE[rule]
        else:
            kind = "refused.loosen" if keys else "refused"
        yield Advice(kind=kind, keys=keys, values=values)


def _near(used: Mapping[str, LimitUsed], refused: set[Rule]) -> Iterator[Advice]:
    for key, limit in used.items():
        session, use = limit.session, limit.most
        values = {"used": plain(use.used), "allowed": plain(use.allowed), "day": session.day.isoformat()}
        if use.rule in refused:
            continue
        if near(session, use.rule, use.ratio):
            yield Advice(kind="near.floor" if use.floor else "near", keys=(key,), values=values)
        elif use.ratio > 1 and use.rule in _MOVED_BY_PRICES:
            yield Advice(kind="beyond", keys=(key,), values=values)
