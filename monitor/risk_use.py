"""What each session used of its limits: the fold that the risk report is read off. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from zoneinfo import ZoneInfo

import msgspec

from monitor.armed import armed_exits
from monitor.figures import plain
from monitor.order_traffic import BoundUse, Sent, bound_uses
from monitor.reading import ValueOf, inline_value, values
from services.domain.events import (
    ArmedExit,
    Event,
    Exits,
    Genesis,
    Halt,
    HaltCause,
    Lift,
    Opened,
    Opening,
    SettingsRecord,
    Verdicts,
)
from services.domain.inbox import key_of, lifted_by
from services.domain.instruments import Market
from services.domain.money import ZERO
from services.domain.orders import LimitUse, OrderTerms, Rule
from services.domain.statement import Ack
from services.domain.value import Value
from services.slots import ZONES

KEYS: Mapping[tuple[Rule, str], str] = MappingProxyType(
    {
        (Rule.ORDER_CNY, ""): "order_value_max",
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

_SECTOR, _CORRELATION = Rule.SECTOR, Rule.CORRELATION
_FLOORS = frozenset({Rule.CASH_RESERVE})
_SPANS = frozenset({"session", "day"})
_DIGITS = Decimal("0.000001")
_NO_LOSS = ZERO.quantize(_DIGITS)


class Use(Value, frozen=True, kw_only=True):
    """How much of one limit was used, both in the limit's own unit; `key` is the one that sets it.

    Of a floor, such as the cash reserve, `used` is what is left and `allowed` the least that must be.
    """

    key: str
    rule: Rule
    used: Decimal
    allowed: Decimal
    subject: str = ""

    @property
    def ratio(self) -> Decimal:
        """The part of the limit that was used; of a floor, the part of what is left that must stay.

        1 where nothing is allowed, or nothing is left.
        """
        part, whole = (self.allowed, self.used) if self.floor else (self.used, self.allowed)
        return part / whole if whole > 0 else Decimal(1)

    @property
    def floor(self) -> bool:
        """Whether the limit is the least that must be left, not the most that may be used."""
        return self.rule in _FLOORS


class HaltSpan(Value, frozen=True, kw_only=True):
    """A halt, and from when to when it was in force, market-local; `lifted` None: it still is."""

    halt: Halt
    since: datetime
    lifted: datetime | None = None
    lift_why: str = ""
    lifted_by: str = ""


class SessionRisk(msgspec.Struct, kw_only=True):
    """What one session tells. Losses are ratios, from the day's first and the highest equity.

    None is a loss that is not known: a holding had no price, or no session kept the peak. `halted_by`
    are the limits whose halts were in force.
    """

    day: date
    slot: str = ""
    uses: dict[str, Use] = msgspec.field(default_factory=dict)
    verdicts: list[Verdicts] = msgspec.field(default_factory=list)
    exits: Exits | None = None
    halted_by: frozenset[str] = frozenset()
    daily_loss: Decimal | None = None
    drawdown: Decimal | None = None

    @property
    def armed(self) -> tuple[ArmedExit, ...]:
        """Exits that were due and did not get out."""
        return armed_exits(self.exits, self.verdicts)

    @property
    def refused_by(self) -> set[Rule]:
        """The rules that refused something of the session."""
        return {refusal.rule for verdicts in self.verdicts for refusal in verdicts.refused}


class _OfPortfolio(Value, frozen=True, kw_only=True):
    drawdown_ratio_max: Decimal | None = None


class _Degrees(Value, frozen=True, kw_only=True):
    capital_cny_max: Decimal | None = None


class _Caps(Value, frozen=True, kw_only=True):
    orders_day_max: int | None = None
    orders_per_second_max: int | None = None


class SetLimits(Value, frozen=True, kw_only=True):
    """The limits of the recorded settings that the report asks for; None: not set."""

    position_ratio_max: Decimal | None = None
    daily_loss_ratio_max: Decimal | None = None
    portfolio: _OfPortfolio = _OfPortfolio()
    degrees: _Degrees = _Degrees()
    caps: _Caps = _Caps()

    def base_cny(self, equity_cny: Decimal) -> Decimal:
        """Return what losses from an equity are ratios of: the capital let go live, where that is less."""
        capital = self.degrees.capital_cny_max
        return equity_cny if capital is None else min(capital, equity_cny)


class RiskTrail(msgspec.Struct):
    """What a journal tells of limits, folded event by event. `limits` None: no settings were recorded.

    `sent` are the orders and cancels that left; `real_time` says that time passed while sessions ran.
    """

    sessions: dict[str, SessionRisk] = msgspec.field(default_factory=dict)
    halts: list[HaltSpan] = msgspec.field(default_factory=list)
    limits: SetLimits | None = None
    zone: ZoneInfo = ZONES[Market.CN]
    sent: Sent = msgspec.field(default_factory=Sent)
    real_time: bool = False

    def take(self, event: Event, value: object) -> None:
        """Move over one event and its body, of any type."""
        step = STEPS.get(type(value))
        if step is not None:
            step(self, event, value)

    def _genesis(self, _event: Event, value: Genesis) -> None:
        self.zone = next((of for name, of in ZONES.items() if name == value.market), self.zone)
        self.real_time = value.run_id == "live"

    def _settings(self, _event: Event, value: SettingsRecord) -> None:
        text = value.values.get("limits")
        self.limits = None if text is None else msgspec.json.decode(text, type=SetLimits)

    def _opened(self, event: Event, value: Opened) -> None:
        slot = value.at.rpartition(" ")[2][:5]
        self.sessions[event.session] = SessionRisk(day=value.day, slot=slot)

    def _intended(self, event: Event, value: OrderTerms) -> None:
        self.sent.orders.setdefault(value.order_id, event.at)

    def _ack(self, event: Event, value: Ack) -> None:
        self.sent.answered(event, value)

    def _exits(self, event: Event, value: Exits) -> None:
        self._of(event).exits = value

    def _of(self, event: Event) -> SessionRisk:
        session = self.sessions.get(event.session)
        if session is None:
            session = self.sessions[event.session] = SessionRisk(day=self._local(event).date())
        return session

    def _verdicts(self, event: Event, value: Verdicts) -> None:
        session = self._of(event)
        session.verdicts.append(value)
        for use in value.used:
            kept = _named(use)
            if kept is not None:
                _keep(session, kept)

    def _opening(self, event: Event, value: Opening) -> None:
        session = self._of(event)
        if value.halts:
            session.halted_by = frozenset(one.by for one in value.halts if one.cause is HaltCause.LIMIT)
        if value.unpriced:
            return
        limits, equity = self.limits or SetLimits(), value.equity_cny
        session.daily_loss = _lost(equity, value.day_equity_cny, value.day_equity_cny)
        session.drawdown = _lost(equity, value.peak_equity_cny, value.peak_equity_cny)
        for rule, before, allowed in (
            (Rule.DAILY_LOSS, value.day_equity_cny, limits.daily_loss_ratio_max),
            (Rule.DRAWDOWN, value.peak_equity_cny, limits.portfolio.drawdown_ratio_max),
        ):
            lost = None if allowed is None else _lost(equity, before, limits.base_cny(before))
            if lost is not None and allowed is not None:
                _keep(session, Use(key=KEYS[rule, ""], rule=rule, used=lost, allowed=allowed))

    def _halt(self, event: Event, value: Halt) -> None:
        """Begin a halt, as the journal's account does: the first stays, or a stricter one comes on top."""
        in_force = self._in_force(lambda halt: key_of(halt) == key_of(value))
        if all(value.cause.strictness > self.halts[place].halt.cause.strictness for place in in_force):
            self.halts.append(HaltSpan(halt=value, since=self._local(event)))

    def _lift(self, event: Event, value: Lift) -> None:
        for place in self._in_force(lambda halt: bool(lifted_by(value, (key_of(halt),)))):
            at, span = self._local(event), self.halts[place]
            self.halts[place] = replace(span, lifted=at, lift_why=value.why, lifted_by=value.by)

    def _in_force(self, looked_for: Callable[[Halt], bool]) -> list[int]:
        return [
            place for place, span in enumerate(self.halts) if span.lifted is None and looked_for(span.halt)
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
            sent=self.sent.where(lambda at: first <= at.astimezone(self.zone).date() <= last),
            real_time=self.real_time,
        )

    def bound_uses(self) -> tuple[BoundUse, ...]:
        """Return how orders and cancels stand to their bounds; none outside the mainland, which sets them."""
        if self.zone is not ZONES[Market.CN]:
            return ()
        caps = (self.limits or SetLimits()).caps
        return bound_uses(
            self.sent.moments(),
            day_max=caps.orders_day_max,
            second_max=caps.orders_per_second_max,
            real_time=self.real_time,
        )


def risk_trail(events: Iterable[Event], value_of: ValueOf = inline_value) -> RiskTrail:
    """Return the fold of a journal's events, or of one session's alone.

    Raises:
        JournalFault: A body cannot be read.
    """
    trail = RiskTrail()
    for event, value in values(events, tuple(STEPS), value_of):
        trail.take(event, value)
    return trail


def bound(use: Use) -> str:
    """Return what is allowed, for people: with a sign where it is the least that must be left."""
    return f"≥ {plain(use.allowed)}" if use.floor else plain(use.allowed)


def uses_of(used: Iterable[LimitUse]) -> tuple[Use, ...]:
    """Return the uses of the limits known by a key, in the order given."""
    return tuple(use for use in map(_named, used) if use is not None)


def _named(use: LimitUse) -> Use | None:
    """Return the use under its key, `subject` a symbol or sector alone; None where no key sets it."""
    if use.rule is _SECTOR:
        place, subject = "" if use.subject else "unknown", use.subject
    else:
        place, subject = (use.subject, "") if use.subject in _SPANS else ("", use.subject)
    key = KEYS.get((use.rule, place))
    if key is None:
        return None
    # A floor is recorded as what must stay of what stays.
    used, allowed = (use.allowed, use.used) if use.rule in _FLOORS else (use.used, use.allowed)
    return Use(key=key, rule=use.rule, used=used, allowed=allowed, subject=subject)


def _keep(session: SessionRisk, use: Use) -> None:
    """Keep the last review's use: it knows what the sells left, which an earlier one counted whole.

    A correlation is of a single buy, which no later review counts again: of these the highest stays.
    """
    before = session.uses.get(use.key)
    if before is None or use.rule is not _CORRELATION or use.ratio > before.ratio:
        session.uses[use.key] = use


def _lost(equity_cny: Decimal, from_cny: Decimal, base_cny: Decimal) -> Decimal | None:
    if base_cny <= 0:
        return None
    lost_cny = from_cny - equity_cny
    return (lost_cny / base_cny).quantize(_DIGITS) if lost_cny > 0 else _NO_LOSS


def _overlaps(span: HaltSpan, first: date, last: date) -> bool:
    return span.since.date() <= last and (span.lifted is None or span.lifted.date() >= first)


STEPS: Mapping[type, Callable[..., None]] = {
    Genesis: RiskTrail._genesis,
    SettingsRecord: RiskTrail._settings,
    Opened: RiskTrail._opened,
    Opening: RiskTrail._opening,
    Exits: RiskTrail._exits,
    Verdicts: RiskTrail._verdicts,
    Halt: RiskTrail._halt,
    Lift: RiskTrail._lift,
    OrderTerms: RiskTrail._intended,
    Ack: RiskTrail._ack,
}
"""What moves over a body, by its type: called with the trail, the event and the body."""
