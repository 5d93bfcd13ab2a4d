"""The rules of one board on one day, resolved: what the rows say, ready to be applied. Pure."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from enum import StrEnum

from services.domain.instruments import Board, Kind
from services.domain.value import Value


class Venue(StrEnum):
    """An exchange, by the suffix of its symbols; US venues share one."""

    SSE = "SH"
    SZSE = "SZ"
    BSE = "BJ"
    US = "US"


class Phase(StrEnum):
    """What an exchange is doing at a moment of a trading day."""

    PRE_OPEN = "pre_open"
    OPEN_CALL = "open_call"
    OPEN_CALL_LOCKED = "open_call_no_cancel"
    GAP = "gap"
    CONTINUOUS = "continuous"
    LUNCH = "lunch"
    CLOSE_CALL = "close_call"
    AFTER_HOURS_WAIT = "after_hours_wait"
    AFTER_HOURS = "after_hours"
    CLOSED = "closed"


CALLS = frozenset({Phase.OPEN_CALL, Phase.OPEN_CALL_LOCKED, Phase.CLOSE_CALL})
"""The call auctions."""


class PhaseSpan(Value, frozen=True, kw_only=True):
    """A phase and its half-open span of the market's local time.

    `accepts_orders` speaks of auction orders, and in the two after-hours phases of after-hours
    orders alone. `matches` is true where trades come out of the phase: at once in continuous and
    after-hours trading, by one uncross at the end of a locked opening call and a closing call.
    """

    phase: Phase
    start: time
    end: time
    accepts_orders: bool
    accepts_cancel: bool
    matches: bool

    @property
    def accepts_auction_orders(self) -> bool:
        """Whether the exchange takes orders other than after-hours orders."""
        return self.accepts_orders and self.phase not in (Phase.AFTER_HOURS_WAIT, Phase.AFTER_HOURS)


class OddLot(StrEnum):
    """How shares below one lot leave a position."""

    REMAINDER = "remainder"
    """Position modulo the step, complete and once, alone or on top of whole lots."""
    WHOLE_POSITION = "whole_position"
    """A position below the minimum, all at once."""


class LotRule(Value, frozen=True, kw_only=True):
    """Sizes an order may have, in shares (bonds: pieces); a maximum of None means no such limit.

    `takes_market_orders` False: the board takes limit orders only.
    """

    minimum: int
    step: int
    odd_lot: OddLot
    limit_order_max: int | None
    market_order_max: int | None
    takes_market_orders: bool = True


class Multipliers(Value, frozen=True, kw_only=True):
    """Factors on the reference price; None means no limit on that side."""

    up: Decimal | None
    down: Decimal | None


class Rounding(StrEnum):
    """How a limit price becomes a tick."""

    HALF_UP = "half_up"
    INWARD = "inward"
    """Limit-up truncates, limit-down rounds up."""


class LimitRule(Value, frozen=True, kw_only=True):
    """The daily price limits of a board on a day.

    `free_days` is the number of unlimited trading days of a listing under registration, which
    counts for listings on or after `free_days_since`; `first_day` is the band of the first day of
    any other listing, on the issue price, None where that day is an ordinary one, and
    `first_day_call` what its opening call takes, None where that is the day's band. `share_reform` is
    None where a share without share reform is treated as any other, `relisting_first_day_free` where
    it is not known.
    """

    ordinary: Multipliers
    st: Multipliers
    share_reform: Multipliers | None
    wide_fund: Multipliers
    free_days: int
    free_days_since: date
    first_day: Multipliers | None
    first_day_call: Multipliers | None
    delisting_first_day_free: bool
    relisting_first_day_free: bool | None
    rounding: Rounding
    one_tick_at_least: bool


class Cage(Value, frozen=True, kw_only=True):
    """How far from the reference a limit order may be in continuous trading.

    `ticks` 0: the ratio alone counts. `parks`: an order outside waits at the exchange instead of
    being rejected.
    """

    ratio: Decimal
    ticks: int
    parks: bool = False


class CallRange(Value, frozen=True, kw_only=True):
    """Prices a call takes on a day without a limit: `opening` on the issue price or previous close.

    `later_ratio` is how far from the last trade the closing call takes orders, None where that is
    not known.
    """

    opening: Multipliers
    later_ratio: Decimal | None


class HaltRule(Value, frozen=True, kw_only=True):
    """Halts on a day without a limit: each of `moves` from the day's open halts once, for `halt_s` seconds.

    Trading is on again at `resumes_at_latest`, local time.
    """

    moves: tuple[Decimal, ...]
    halt_s: int
    resumes_at_latest: time


class FeeSchedule(Value, frozen=True, kw_only=True):
    """Rates on the amount of a fill; None means the rate is not known on that day.

    `transfer_on_par` marks a transfer rate on the par value (1.00 CNY a share), not the amount.
    """

    stamp_buy: Decimal | None
    stamp_sell: Decimal | None
    transfer: Decimal | None
    transfer_on_par: bool
    handling: Decimal | None
    handling_exempt: frozenset[Kind]
    csrc: Decimal | None


class Window(Value, frozen=True, kw_only=True):
    """A half-open span of local time."""

    start: time
    end: time

    def covers(self, at: time) -> bool:
        """Answer whether `at` is inside."""
        return self.start <= at < self.end


class Rules(Value, frozen=True, kw_only=True):
    """Everything the book says about one board of one exchange on one day.

    `phases` is empty where the day's timetable is not known. `after_hours_windows` are the times
    at which after-hours orders are accepted, empty where the board has none. `st_buy_cap` is the
    most shares of one risk-warned stock an account may buy in a day, None for no cap. `calls` and
    `halts` are for days without a price limit, None where they are not known. `kind` is what an
    instrument of the board is unless its own data says otherwise. `phase_ends` are the ends of all
    `phases` but the last, in which a time is looked for, and `cage_away_min` is how far from the reference
    the bound of `cage` is at the least, 0 without one: whoever replaces the one replaces the other.
    """

    board: Board
    kind: Kind
    venue: Venue
    day: date
    version: str
    tick: Decimal
    lots: LotRule
    limits: LimitRule
    cage: Cage | None
    cage_away_min: Decimal
    fees: FeeSchedule
    phases: tuple[PhaseSpan, ...]
    phase_ends: tuple[time, ...]
    after_hours: bool
    after_hours_windows: tuple[Window, ...]
    st_buy_cap: int | None
    calls: CallRange | None
    halts: HaltRule | None
