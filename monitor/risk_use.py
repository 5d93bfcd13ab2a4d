"""What each session used of its limits: the fold that the risk report is read off. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from zoneinfo import ZoneInfo

import msgspec

from monitor.reading import ValueOf, inline_value, values
from services.domain.events import (
    ArmedExit,
    Event,
    Exits,
    Genesis,
    Halt,
    Lift,
    Opened,
    Opening,
    SettingsRecord,
    Verdicts,
)
from services.domain.instruments import Market
from services.domain.money import ZERO
from services.domain.orders import LimitUse, Rule
from services.slots import ZONES

WANTED = (Genesis, SettingsRecord, Opened, Opening, Exits, Verdicts, Halt, Lift)
"""The bodies the fold reads."""

KEYS: Mapping[tuple[Rule, str], str] = MappingProxyType(
    {
        (Rule.ORDER_COUNT, "session"): "orders_per_session_max",
        (Rule.ORDER_COUNT, "day"): "orders_per_day_max",
        (Rule.NOTIONAL, "session"): "session_value_max",
        (Rule.NOTIONAL, "day"): "day_value_max",
        (Rule.TURNOVER, "session"): "session_turnover_max",
        (Rule.TURNOVER, "day"): "day_turnover_max",
        (Rule.DAILY_LOSS, ""): "max_daily_loss_ratio",
        (Rule.DRAWDOWN, ""): "max_drawdown_ratio",
        (Rule.LOSING_STREAK, ""): "max_losing_sales",
        (Rule.CAPITAL, ""): "capital_max",
        (Rule.POSITION_RATIO, ""): "max_single_position_ratio",
        (Rule.SECTOR, ""): "max_sector_ratio",
        (Rule.SECTOR, "unknown"): "max_unknown_sector_ratio",
        (Rule.GROSS_EXPOSURE, ""): "max_gross_ratio",
        (Rule.CORRELATION, ""): "max_correlation",
        (Rule.VAR, ""): "max_var_ratio",
        (Rule.CASH_RESERVE, ""): "min_cash_reserve",
    }
)
"""The key of `risk_control` that sets each limit, by its rule and what tells it from the rule's others."""

_SPANS = frozenset({"session", "day"})
_DIGITS = Decimal("0.000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """How much of one limit was used, both in the limit's own unit; `key` is the one that sets it."""

    key: str
    rule: Rule
    used: Decimal
    allowed: Decimal
    subject: str = ""

    @property
    def ratio(self) -> Decimal:
        """The part of the limit that was used; 1 where nothing is allowed."""
        return self.used / self.allowed if self.allowed > 0 else Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltSpan:
    """A halt, and from when to when it was in force, market-local; `lifted` None: it still is."""

    halt: Halt
    since: datetime
    lifted: datetime | None = None
    lift_why: str = ""
    lifted_by: str = ""


@dataclass(slots=True, kw_only=True)
class SessionRisk:
    """What one session tells. Losses are ratios, from the day's first and the highest equity.

    None is a loss that is not known: a holding had no price, or no session kept the peak.
    """

    day: date
    slot: str = ""
    uses: dict[str, Use] = field(default_factory=dict)
    verdicts: list[Verdicts] = field(default_factory=list)
    armed: tuple[ArmedExit, ...] = ()
    daily_loss: Decimal | None = None
    drawdown: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfPortfolio:
    drawdown_ratio_max: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLimits:
    """The limits of the recorded settings that the report asks for; None: not set."""

    position_ratio_max: Decimal | None = None
    daily_loss_ratio_max: Decimal | None = None
    portfolio: _OfPortfolio = _OfPortfolio()


@dataclass(slots=True)
class RiskTrail:
    """What a journal tells of limits, folded event by event. `limits` None: no settings were recorded."""

    sessions: dict[str, SessionRisk] = field(default_factory=dict)
    halts: list[HaltSpan] = field(default_factory=list)
    limits: SetLimits | None = None
    zone: ZoneInfo = ZONES[Market.CN]

    def take(self, event: Event, value: object) -> None:
        """Move over one event and its body."""
        match value:
            case Verdicts():
                self._verdicts(self._of(event), value)
            case Opening():
                self._opening(self._of(event), value)
            case Opened():
                slot = value.at.rpartition(" ")[2][:5]
                self.sessions[event.session] = SessionRisk(day=value.day, slot=slot)
            case Exits():
                self._of(event).armed = value.armed
            case _:
                self._take_rare(event, value)

    def _take_rare(self, event: Event, value: object) -> None:
        match value:
            case Halt():
                self._halt(event, value)
            case Lift():
                self._lift(event, value)
            case SettingsRecord():
                text = value.values.get("limits")
                self.limits = None if text is None else msgspec.json.decode(text, type=SetLimits)
            case Genesis():
                self.zone = next((of for name, of in ZONES.items() if name == value.market), self.zone)

    def _of(self, event: Event) -> SessionRisk:
        return self.sessions.setdefault(event.session, SessionRisk(day=self._local(event).date()))

    def _verdicts(self, session: SessionRisk, value: Verdicts) -> None:
        session.verdicts.append(value)
        for use in value.used:
            kept = _named(use)
            if kept is not None:
                _keep(session, kept)

    def _opening(self, session: SessionRisk, value: Opening) -> None:
        if value.unpriced:
            return
        limits = self.limits or SetLimits()
        session.daily_loss = _lost(value.equity_cny, value.day_equity_cny)
        session.drawdown = _lost(value.equity_cny, value.peak_equity_cny)
        for rule, lost, allowed in (
            (Rule.DAILY_LOSS, session.daily_loss, limits.daily_loss_ratio_max),
            (Rule.DRAWDOWN, session.drawdown, limits.portfolio.drawdown_ratio_max),
        ):
            if lost is not None and allowed is not None:
                _keep(session, Use(key=KEYS[rule, ""], rule=rule, used=lost, allowed=allowed))

    def _halt(self, event: Event, value: Halt) -> None:
        """Begin a halt, as the journal's account does: the first stays, unless a stricter one comes on top."""
        in_force = self._in_force(value.symbol, value.everywhere)
        if all(value.cause.strictness > self.halts[place].halt.cause.strictness for place in in_force):
            self.halts.append(HaltSpan(halt=value, since=self._local(event)))

    def _lift(self, event: Event, value: Lift) -> None:
        for place in self._in_force(value.symbol, value.everywhere):
            at, span = self._local(event), self.halts[place]
            self.halts[place] = replace(span, lifted=at, lift_why=value.why, lifted_by=value.by)

    def _in_force(self, symbol: str, everywhere: bool) -> list[int]:
        return [
            place
            for place, span in enumerate(self.halts)
            if span.lifted is None and (span.halt.symbol, span.halt.everywhere) == (symbol, everywhere)
        ]

    def _local(self, event: Event) -> datetime:
        return datetime.fromisoformat(event.at).astimezone(self.zone)

    def within(self, first: date, last: date) -> RiskTrail:
        """Return what belongs to the days [first, last]; a halt does while it is in force."""
        return RiskTrail(
            sessions={name: one for name, one in self.sessions.items() if first <= one.day <= last},
            halts=[span for span in self.halts if _overlaps(span, first, last)],
            limits=self.limits,
            zone=self.zone,
        )


def risk_trail(events: Iterable[Event], value_of: ValueOf = inline_value) -> RiskTrail:
    """Return the fold of a journal's events, or of one session's alone.

    Raises:
        JournalFault: A body cannot be read.
    """
    trail = RiskTrail()
    for event, value in values(events, WANTED, value_of):
        trail.take(event, value)
    return trail


def uses_of(used: Iterable[LimitUse]) -> tuple[Use, ...]:
    """Return the uses of the limits known by a key, in the order given."""
    return tuple(use for use in map(_named, used) if use is not None)


def _named(use: LimitUse) -> Use | None:
    """Return the use under its key, `subject` a symbol or sector alone; None where no key sets it."""
    if use.rule is Rule.SECTOR:
        place, subject = "" if use.subject else "unknown", use.subject
    else:
        place, subject = (use.subject, "") if use.subject in _SPANS else ("", use.subject)
    key = KEYS.get((use.rule, place))
    if key is None:
        return None
    return Use(key=key, rule=use.rule, used=use.used, allowed=use.allowed, subject=subject)


def _keep(session: SessionRisk, use: Use) -> None:
    """Keep the higher use: a later review of the session's orders may use less."""
    before = session.uses.get(use.key)
    if before is None or use.ratio > before.ratio:
        session.uses[use.key] = use


def _lost(equity_cny: Decimal, from_cny: Decimal) -> Decimal | None:
    return max(ZERO, 1 - equity_cny / from_cny).quantize(_DIGITS) if from_cny > 0 else None


def _overlaps(span: HaltSpan, first: date, last: date) -> bool:
    return span.since.date() <= last and (span.lifted is None or span.lifted.date() >= first)
