"""The risk report: what was used of each limit, what was refused, changed and stopped, what to do. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from monitor.json_value import Json
from monitor.order_traffic import BoundUse
from monitor.risk_advice import Advice, LimitUsed, advice, limits_used
from monitor.risk_use import KEYS, HaltSpan, RiskTrail, SessionRisk, Use
from services.domain.events import ArmedExit
from services.domain.orders import Change, Origin, Refusal, Rule, Side
from services.domain.value import Value


class LimitRow(Value, frozen=True, kw_only=True):
    """A limit's highest use, when and of what, and the last one; `near` counts the sessions near it.

    Near is at `NEAR_RATIO` of it or above and below all of it, where the rule refused nothing of the
    session and had not halted the account.
    """

    most: Use
    session: str
    slot: str
    last: Use
    near: int


class RiskReport(Value, frozen=True, kw_only=True):
    """The risk of a period. Counts are by rule, the most frequent first; losses are ratios.

    `asked` counts the orders that agent and exits asked for, `shadow_orders` those that passed and
    were not sent. `armed` are the exits still armed in the last session, `armed_sessions` the
    sessions that had any. `drawdown` and `daily_loss` are the deepest that any session found, None
    where none could tell. `traffic` is how orders and cancels that left stand to the account's caps
    and the exchanges' bounds.
    """

    limits: tuple[LimitRow, ...]
    asked: int
    refusals: Mapping[str, int]
    changes: Mapping[str, int]
    shadow_orders: int
    halts: tuple[HaltSpan, ...]
    armed: tuple[ArmedExit, ...]
    armed_sessions: int
    drawdown: Decimal | None
    daily_loss: Decimal | None
    traffic: tuple[BoundUse, ...]
    advice: tuple[Advice, ...]

    def as_json(self, lang: str) -> dict[str, Json]:
        """Return it as `--json` prints it; the suggestions' sentences are in `lang`."""
        return {
            "limits": [_row_json(row) for row in self.limits],
            "asked": self.asked,
            "refusals": dict(self.refusals),
            "changes": dict(self.changes),
            "shadow_orders": self.shadow_orders,
            "halts": [_halt_json(span) for span in self.halts],
            "armed": [
                {"symbol": one.symbol, "shares": one.shares, "rule": str(one.rule), "why": one.why}
                for one in self.armed
            ],
            "armed_sessions": self.armed_sessions,
            "drawdown": _number(self.drawdown),
            "daily_loss": _number(self.daily_loss),
            "order_traffic": [one.as_json() for one in self.traffic],
            "suggestions": [
                {"kind": one.kind, "keys": list(one.keys), "text": one.words(lang)} for one in self.advice
            ],
        }


def risk_report(trail: RiskTrail) -> RiskReport:
    """Return the report of what was folded."""
    sessions, told = trail.sessions, tuple(trail.sessions.values())
    asked, used = _asked(told), limits_used(sessions)
    return RiskReport(
        limits=_rows(used),
        asked=sum(asked.orders.values()),
        refusals=_by_rule(asked.refusals),
        changes=_by_rule(asked.changes),
        shadow_orders=asked.shadow,
        halts=tuple(trail.halts),
        armed=told[-1].armed if told else (),
        armed_sessions=sum(bool(session.armed) for session in told),
        drawdown=_deepest([session.drawdown for session in told]),
        daily_loss=_deepest([session.daily_loss for session in told]),
        traffic=trail.bound_uses(),
        advice=advice(sessions, trail.halts, trail.limits, asked.refusals, asked.orders, asked.shadow, used),
    )


class _Asked(Value, frozen=True):
    """What sessions asked for and what became of it: each order, refusal and change once a session."""

    orders: Mapping[Side, int]
    refusals: Sequence[Refusal]
    changes: Sequence[Change]
    shadow: int


def _asked(sessions: Iterable[SessionRisk]) -> _Asked:
    """Return what the agents and exits of sessions asked for, in order."""
    wanted: dict[Side, set[tuple[int, Origin, int, str]]] = {side: set() for side in Side}
    refused: dict[tuple[int, Refusal], None] = {}
    changed: dict[tuple[int, Change], None] = {}
    shadow = 0
    for place, session in enumerate(sessions):
        for verdicts in session.verdicts:
            for group in (verdicts.approved, verdicts.waiting, verdicts.shadow, verdicts.refused):
                for one in group:
                    wanted[one.side].add((place, one.origin, one.index, one.symbol))
            for later in verdicts.deferred:
                terms = later.terms
                wanted[terms.side].add((place, terms.origin, terms.index, terms.symbol))
            for refusal in verdicts.refused:
                refused[place, refusal] = None
            for change in verdicts.changed:
                changed[place, change] = None
            shadow += len(verdicts.shadow)
    return _Asked(
        orders={side: len(orders) for side, orders in wanted.items()},
        refusals=[refusal for _, refusal in refused],
        changes=[change for _, change in changed],
        shadow=shadow,
    )


def _rows(used: Mapping[str, LimitUsed]) -> tuple[LimitRow, ...]:
    """Return a row for each limit that was used, in the order of the rules."""
    return tuple(_row(used[key]) for key in KEYS.values() if key in used)


def _row(limit: LimitUsed) -> LimitRow:
    return LimitRow(
        most=limit.most,
        session=limit.name,
        slot=f"{limit.session.day.isoformat()} {limit.session.slot}".strip(),
        last=limit.last,
        near=limit.near,
    )


class _OfRule(Protocol):
    @property
    def rule(self) -> Rule: ...


def _by_rule(found: Sequence[_OfRule]) -> dict[str, int]:
    counts = Counter(str(one.rule) for one in found)
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _deepest(losses: Iterable[Decimal | None]) -> Decimal | None:
    return max([loss for loss in losses if loss is not None], default=None)


def _row_json(row: LimitRow) -> dict[str, Json]:
    return {
        "key": row.most.key,
        "rule": str(row.most.rule),
        "subject": row.most.subject,
        "used_max": _number(row.most.used),
        "allowed": _number(row.most.allowed),
        "used_ratio": _number(row.most.ratio),
        "floor": row.most.floor,
        "session": row.session,
        "used_last": _number(row.last.used),
        "allowed_last": _number(row.last.allowed),
        "near_misses": row.near,
    }


def _halt_json(span: HaltSpan) -> dict[str, Json]:
    halt, lifted = span.halt, span.lifted
    return {
        "scope": "everywhere" if halt.everywhere else "account",
        "symbol": halt.symbol,
        "cause": str(halt.cause),
        "by": halt.by,
        "why": halt.why,
        "since": span.since.isoformat(" ", "seconds"),
        "lifted": None if lifted is None else lifted.isoformat(" ", "seconds"),
        "lifted_by": span.lifted_by,
        "lift_why": span.lift_why,
    }


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(round(value, 6))
