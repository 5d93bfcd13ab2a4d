"""Did each session do what was said? Answer, decision, verdicts, orders, fills and audit lines compared."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from monitor.reading import ValueOf, inline_value, values
from monitor.said import Unordered, unordered
from services.domain.decision import BadAnswer, Decision, RawAnswer
from services.domain.events import (
    Closed,
    Event,
    Exits,
    Genesis,
    Opened,
    Opening,
    Outcome,
    Rested,
    SettingsRecord,
    Verdicts,
)
from services.domain.fills import Fill
from services.domain.instruments import Symbol
from services.domain.orders import Intent, OrderId, OrderTerms, Origin, Refusal, Side

Parse = Callable[[RawAnswer, Collection[Symbol]], Decision | BadAnswer]
"""The strict way from an answer to a decision, as the sessions go it."""

WANTED = (
    Genesis,
    SettingsRecord,
    Opened,
    Opening,
    RawAnswer,
    Decision,
    BadAnswer,
    Exits,
    Verdicts,
    OrderTerms,
    Fill,
    Closed,
    Rested,
)
"""The bodies the check reads."""

_CARRIED_OUT = (Outcome.DONE, Outcome.NO_TRADE, Outcome.RISK_ONLY, Outcome.HALTED)
"""Sessions that came to their end: in any other something may be missing for a recorded reason."""


class Mismatch(StrEnum):
    """What does not fit together; all but the last are faults of this program or its record."""

    DECISION_DIFFERS = "decision_differs"
    DECISION_UNSAID = "decision_unsaid"
    NO_VERDICT = "no_verdict"
    VERDICT_UNWANTED = "verdict_unwanted"
    NOT_SENT = "not_sent"
    ORDER_UNWANTED = "order_unwanted"
    ORDER_UNAPPROVED = "order_unapproved"
    ORDER_LARGER = "order_larger"
    ORDER_WIDER = "order_wider"
    FILL_UNORDERED = "fill_unordered"
    FILL_LARGER = "fill_larger"
    FILL_WIDER = "fill_wider"
    LINE_DIFFERS = "line_differs"
    LINE_MISSING = "line_missing"
    SAID_NOT_ORDERED = "said_not_ordered"

    @property
    def hard(self) -> bool:
        """Whether it is a fault; a note only says that words and orders of a mind differ."""
        return self is not Mismatch.SAID_NOT_ORDERED


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One mismatch of a session; `values` fill its sentence, wording `say_do.<kind>`."""

    session: str
    kind: Mismatch
    values: Mapping[str, str]


@dataclass(slots=True)
class _Deeds:
    """What one session said and did."""

    opened: Opened | None = None
    held: frozenset[Symbol] = frozenset()
    answer: RawAnswer | None = None
    decision: Decision | BadAnswer | None = None
    exits: tuple[Intent, ...] = ()
    verdicts: list[Verdicts] = field(default_factory=list)
    orders: dict[OrderId, OrderTerms] = field(default_factory=dict)
    fills: dict[str, tuple[int, Fill]] = field(default_factory=dict)
    outcome: Outcome | None = None

    @property
    def intents(self) -> tuple[Intent, ...]:
        """Everything the session wanted."""
        decided = self.decision.intents if isinstance(self.decision, Decision) else ()
        return (*self.exits, *decided)


def say_do(
    events: Iterable[Event],
    parse: Parse,
    value_of: ValueOf = inline_value,
    *,
    audit_lines: Iterable[bytes] | None = None,
    session: str | None = None,
) -> tuple[Finding, ...]:
    """Return what does not fit together in a journal's sessions, in their order; empty where all does.

    `session` looks at that one alone. `audit_lines` are those of `position.jsonl`; without them no
    line is compared.

    Raises:
        JournalFault: A body cannot be read.
        ValueError: An audit line is not JSON.
    """
    deeds: dict[str, _Deeds] = {}
    watched = _Watched()
    told = 0
    for event, value in values(_of(events, session), WANTED, value_of):
        watched.take(value)
        if isinstance(value, Closed | Rested):
            told = event.seq
        if event.session:
            _take(deeds.setdefault(event.session, _Deeds()), event, value)
    found: list[Finding] = []
    lines = None if audit_lines is None else _lines(audit_lines)
    for name, done in deeds.items():
        pairs = [*_said(done, watched, parse), *_ordered(done), *_filled(done), *_spoken(done, watched)]
        if lines is not None:
            pairs += _written(done, lines, told)
        found += (Finding(session=name, kind=kind, values=words) for kind, words in pairs)
    return tuple(found)


Pair = tuple[Mismatch, Mapping[str, str]]


def _of(events: Iterable[Event], session: str | None) -> Iterator[Event]:
    """Yield the events of one session and those of none, all where no session is named."""
    return (event for event in events if session is None or event.session in ("", session))


class _Watched:
    """Which symbols a session may name: the watchlist it ran on, and what was held beside it."""

    def __init__(self) -> None:
        self._usual: frozenset[Symbol] = frozenset()
        self._by_settings: dict[str, frozenset[Symbol]] = {}

    def take(self, value: object) -> None:
        if isinstance(value, Genesis):
            self._usual = frozenset(Symbol(one) for one in value.watchlist)
        elif isinstance(value, SettingsRecord) and "watchlist" in value.values:
            symbols = json.loads(value.values["watchlist"])
            self._by_settings[value.config_hash] = frozenset(Symbol(str(one)) for one in symbols)

    def by(self, done: _Deeds) -> frozenset[Symbol]:
        config = done.opened.config_hash if done.opened else ""
        return self._by_settings.get(config, self._usual) | done.held


def _take(done: _Deeds, event: Event, value: object) -> None:
    match value:
        case Opened():
            done.opened = value
        case Opening():
            done.held = frozenset(value.book.holdings())
        case RawAnswer():
            done.answer = value
        case Decision() | BadAnswer():
            done.decision = value
        case Exits():
            done.exits = value.intents
        case _:
            _take_trading(done, event, value)


def _take_trading(done: _Deeds, event: Event, value: object) -> None:
    match value:
        case Verdicts():
            done.verdicts.append(value)
        case OrderTerms():
            done.orders[value.order_id] = value
        case Fill():
            done.fills.setdefault(value.fill_id, (event.seq, value))
        case Closed():
            done.outcome = value.outcome


def _said(done: _Deeds, watched: _Watched, parse: Parse) -> Iterator[Pair]:
    """Compare the recorded decision with what the recorded answer says."""
    if done.answer is None:
        if done.decision is not None:
            yield Mismatch.DECISION_UNSAID, {}
        return
    if done.decision is None:
        if done.outcome in _CARRIED_OUT:
            yield Mismatch.DECISION_DIFFERS, {"said": "an answer", "recorded": "no decision"}
        return
    said = parse(done.answer, watched.by(done))
    if said != done.decision:
        yield Mismatch.DECISION_DIFFERS, {"said": _brief(said), "recorded": _brief(done.decision)}


def _brief(decision: Decision | BadAnswer) -> str:
    if isinstance(decision, BadAnswer):
        return f"bad answer ({decision.kind})"
    orders = (f"{one.side} {one.symbol} {one.shares or one.target_weight}" for one in decision.intents)
    return ", ".join(orders) or "hold"


Wish = tuple[Origin, int]


def _ordered(done: _Deeds) -> Iterator[Pair]:
    """Compare wishes, verdicts and orders."""
    wishes: dict[Wish, Intent] = {(one.origin, one.index): one for one in done.intents}
    approved: dict[OrderId, list[OrderTerms]] = {}
    settled: set[Wish] = set()
    for verdicts in done.verdicts:
        for terms in verdicts.approved:
            approved.setdefault(terms.order_id, []).append(terms)
        for one in _judged(verdicts):
            settled.add((one.origin, one.index))
            if (one.origin, one.index) not in wishes:
                yield Mismatch.VERDICT_UNWANTED, {"order": f"{one.side} {one.symbol} {one.shares}"}
    if done.outcome in _CARRIED_OUT:
        yield from _open_ends(done, wishes, approved, settled)
    for terms in done.orders.values():
        yield from _order(terms, wishes.get((terms.origin, terms.index)), approved.get(terms.order_id, ()))


def _judged(verdicts: Verdicts) -> Iterator[OrderTerms | Refusal]:
    """Yield what a verdict says a last word on; a deferred buy gets its own once the sells are done."""
    yield from (*verdicts.approved, *verdicts.waiting, *verdicts.shadow)
    yield from verdicts.refused


def _open_ends(
    done: _Deeds,
    wishes: Mapping[Wish, Intent],
    approved: Mapping[OrderId, Sequence[OrderTerms]],
    settled: Collection[Wish],
) -> Iterator[Pair]:
    for wish, intent in wishes.items():
        if wish not in settled:
            yield Mismatch.NO_VERDICT, {"order": _wish(intent)}
    for order_id, every in approved.items():
        if order_id not in done.orders:
            yield Mismatch.NOT_SENT, {"order": _terms(every[-1])}


def _order(terms: OrderTerms, intent: Intent | None, approved: Sequence[OrderTerms]) -> Iterator[Pair]:
    shown = {"order": _terms(terms)}
    if intent is None or (intent.symbol, intent.side) != (terms.symbol, terms.side):
        yield Mismatch.ORDER_UNWANTED, shown
        return
    if terms not in approved:
        yield Mismatch.ORDER_UNAPPROVED, shown
    if intent.shares is not None and terms.shares > intent.shares:
        yield Mismatch.ORDER_LARGER, {**shown, "asked": _wish(intent)}
    if intent.limit_cny is not None and _beyond(terms.side, terms.limit_cny, intent.limit_cny):
        yield Mismatch.ORDER_WIDER, {**shown, "asked": _wish(intent)}


def _beyond(side: Side, price_cny: Decimal, limit_cny: Decimal) -> bool:
    """Answer whether a price is worse than the limit allows."""
    return price_cny > limit_cny if side is Side.BUY else price_cny < limit_cny


def _filled(done: _Deeds) -> Iterator[Pair]:
    """Compare fills with their orders."""
    traded: dict[OrderId, int] = {}
    for _, fill in done.fills.values():
        shown = {"fill": f"{fill.side} {fill.symbol} {fill.shares} @ {fill.price_cny}"}
        terms = done.orders.get(fill.order_id)
        if terms is None or (terms.symbol, terms.side) != (fill.symbol, fill.side):
            yield Mismatch.FILL_UNORDERED, shown
            continue
        traded[fill.order_id] = traded.get(fill.order_id, 0) + fill.shares
        if traded[fill.order_id] > terms.shares:
            yield Mismatch.FILL_LARGER, {**shown, "order": _terms(terms)}
        if _beyond(fill.side, fill.price_cny, terms.limit_cny):
            yield Mismatch.FILL_WIDER, {**shown, "order": _terms(terms)}


def _spoken(done: _Deeds, watched: _Watched) -> Iterator[Pair]:
    """Yield what the mind says it trades and does not order."""
    if not isinstance(done.decision, Decision):
        return
    ordered = {(one.side, one.symbol) for one in done.decision.intents}
    for one in unordered(done.decision.rationale, watched.by(done), ordered):
        yield Mismatch.SAID_NOT_ORDERED, _words(one)


def _words(one: Unordered) -> Mapping[str, str]:
    return {"side": str(one.side), "symbol": one.symbol, "sentence": one.sentence}


def _written(done: _Deeds, lines: Mapping[str, tuple[str, ...]], told: int) -> Iterator[Pair]:
    """Compare fills with the audit lines; one after the last stage that ended is not told yet."""
    for seq, fill in done.fills.values():
        ours = (str(fill.side), str(fill.symbol), str(fill.shares), str(fill.price_cny))
        shown = {"fill": " ".join(ours)}
        line = lines.get(fill.fill_id)
        if line is None:
            if seq < told:
                yield Mismatch.LINE_MISSING, shown
        elif line != ours:
            yield Mismatch.LINE_DIFFERS, {**shown, "line": " ".join(line)}


def _lines(raw: Iterable[bytes]) -> dict[str, tuple[str, ...]]:
    """Return what the audit lines say of each fill."""
    found: dict[str, tuple[str, ...]] = {}
    for line in raw:
        fields = json.loads(line)
        action = fields.get("this_action")
        if isinstance(action, dict) and fields.get("fill_id"):
            parts = (action.get("action"), action.get("symbol"), action.get("amount"), fields.get("price"))
            found[str(fields["fill_id"])] = tuple(str(part) for part in parts)
    return found


def _wish(intent: Intent) -> str:
    size = intent.shares if intent.shares is not None else f"to {intent.target_weight}"
    limit = "" if intent.limit_cny is None else f" @ {intent.limit_cny}"
    return f"{intent.side} {intent.symbol} {size}{limit}"


def _terms(terms: OrderTerms) -> str:
    return f"{terms.side} {terms.symbol} {terms.shares} @ {terms.limit_cny}"
