"""What a gate is set to, and all it may look at. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from zoneinfo import ZoneInfo

import msgspec

from services.domain.bars import History
from services.domain.book import Book
from services.domain.events import Halt
from services.domain.instruments import Fact, Instrument, Market, Symbol
from services.domain.money import ZERO
from services.domain.orders import SessionId
from services.domain.quotes import Snapshot
from services.domain.value import Value
from services.rules import Commission
from services.slots import ZONES

BP = Decimal(10_000)
"""Basis points in one."""


class Resize(StrEnum):
    """What is nearly right and may be made smaller instead of refused, one by one.

    SELLABLE: a sell down to what may be sold today. LOT: a size down to a valid lot. CASH: a buy down
    to what the cash pays. CAP: a buy down to what the account's own limits leave.
    """

    SELLABLE = "sellable"
    LOT = "lot"
    CASH = "cash"
    CAP = "cap"


class OrderCaps(Value, frozen=True, kw_only=True, dict=True):
    """How many orders, how large, how much in all. None switches a cap off.

    `price_band_bp` is how far a limit may lie from the last price, either way. `order_cny_max` is
    for one order. The rest counts by session and by trading day: orders (a day's count holds
    cancels too, also the one that each open or new order may still need), CNY of orders, and that as
    a ratio of the equity. `orders_per_second_max` times the
    time an order may be sent in is the most a session can send.
    """

    price_band_bp: Decimal | None = Decimal(1000)
    order_cny_max: Decimal | None = None
    orders_session_max: int | None = 50
    orders_day_max: int | None = 200
    orders_per_second_max: int = 1
    notional_cny_session_max: Decimal | None = None
    notional_cny_day_max: Decimal | None = None
    turnover_ratio_session_max: Decimal | None = None
    turnover_ratio_day_max: Decimal | None = None

    @cached_property
    def bound_traded(self) -> bool:
        """Whether any cap is on the CNY of the orders of a session or a day."""
        notional = (self.notional_cny_session_max, self.notional_cny_day_max)
        return (*notional, self.turnover_ratio_session_max, self.turnover_ratio_day_max) != (None,) * 4


class PortfolioLimits(Value, frozen=True, kw_only=True):
    """Bounds on the portfolio as it would be after the orders. None switches a limit off.

    Ratios are of the equity. `drawdown_ratio_max` counts from the highest equity a session found,
    `losing_sales_max` the last sales in a row that lost money; both halt the account when reached.
    `industries` names each symbol's sector; empty, a vendor's industries are the sectors. A symbol
    without one is in the sector "", bound by `sector_unknown_ratio_max`, and where that is None as any
    other sector. `correlation_max` is the most that a bought symbol's returns may correlate with those
    of one holding, over `correlation_bars` bars. `var_ratio_max` is the most that the portfolio may lose over
    `var_horizon_bars` bars at `var_confidence`, by the returns of the last `var_bars` bars.
    """

    sector_ratio_max: Decimal | None = None
    sector_unknown_ratio_max: Decimal | None = None
    industries: Mapping[str, str] = msgspec.field(default_factory=dict)
    gross_ratio_max: Decimal | None = None
    drawdown_ratio_max: Decimal | None = None
    losing_sales_max: int | None = None
    correlation_max: Decimal | None = None
    correlation_bars: int = 60
    var_ratio_max: Decimal | None = None
    var_confidence: Decimal = Decimal("0.95")
    var_bars: int = 250
    var_horizon_bars: int = 1

    def sector_bound(self, sector: str) -> Decimal | None:
        """Return the most that a sector may hold, "" being all symbols whose sector nobody states."""
        unknown = None if sector else self.sector_unknown_ratio_max
        return self.sector_ratio_max if unknown is None else unknown


class ExitTerms(Value, frozen=True, kw_only=True):
    """When a position is sold without asking a mind, beside the stop loss. None switches an exit off.

    `take_profit_ratio` is a gain against the average cost, `trailing_stop_ratio` a fall from the
    highest price since the position was opened, `time_stop_days` trading days since then.
    `while_halted` lets exits through where the account is halted. `on_drawdown` sells everything once
    the drawdown limit has halted the account.
    """

    take_profit_ratio: Decimal | None = None
    trailing_stop_ratio: Decimal | None = None
    time_stop_days: int | None = None
    while_halted: bool = False
    on_drawdown: bool = False


class SizingMethod(StrEnum):
    """Who says how large a buy is: the mind alone, or the most by a rule. A rule never enlarges."""

    MODEL = "model"
    FIXED_RATIO = "fixed_ratio"
    EQUAL_WEIGHT = "equal_weight"
    VOLATILITY = "volatility"
    ATR = "atr"
    VAR = "var"


class Sizing(Value, frozen=True, kw_only=True):
    """How large a position a buy may build.

    `ratio` of the equity (fixed ratio; and the most by volatility, ATR and VaR). `positions` share the
    equity (equal weight). `risk_ratio` of the equity is what a position may lose: by a move of
    `atr_multiple` average true ranges over `bars` bars (ATR), at `confidence` in the returns of
    `bars` bars (VaR), or by one standard deviation of them (volatility).
    """

    method: SizingMethod = SizingMethod.MODEL
    ratio: Decimal = Decimal("0.20")
    positions: int = 5
    risk_ratio: Decimal = Decimal("0.01")
    atr_multiple: Decimal = Decimal(2)
    confidence: Decimal = Decimal("0.95")
    bars: int = 20


class StateScaling(Value, frozen=True, kw_only=True, dict=True):
    """By how much the state of the market scales position, gross and sector limits and sizes.

    The market is `symbol`, or the equal-weighted watchlist where that is empty. It falls when its
    price is below its mean over `trend_bars`; it is volatile when the deviation of its returns over
    `volatility_bars` is above `volatile_multiple` times that over `trend_bars`. Both states' scales
    multiply. A scale of 1 does nothing; where both are 1 the state is not computed.
    """

    in_downtrend: Decimal = Decimal(1)
    when_volatile: Decimal = Decimal(1)
    symbol: str = ""
    trend_bars: int = 60
    volatility_bars: int = 20
    volatile_multiple: Decimal = Decimal("1.5")

    @cached_property
    def active(self) -> bool:
        """Whether any state scales anything."""
        return self.in_downtrend != 1 or self.when_volatile != 1


class Degrees(Value, frozen=True, kw_only=True):
    """How much of the account is let go live: nothing sent at all, some symbols, some of the capital.

    `shadow` decides and records and sends nothing. `symbols` alone may be bought; empty lets all of
    the watchlist. `capital_cny_max` is the most that may be invested, and the equity that ratios
    are of, those of losses too.
    """

    shadow: bool = False
    symbols: tuple[Symbol, ...] = ()
    capital_cny_max: Decimal | None = None

    def base_cny(self, equity_cny: Decimal) -> Decimal:
        """Return what ratios are of: an equity, or the capital that is let go live where that is less."""
        return equity_cny if self.capital_cny_max is None else min(self.capital_cny_max, equity_cny)


class Limits(Value, frozen=True, kw_only=True, dict=True):
    """The settings of the gate. Ratios are of the account's equity, 0 to 1; None switches a limit off.

    `marketable_bp` is how far a limit made by the gate lies from the quote; `drift_bp_max` how far
    a quote may have moved while the mind was thinking; `order_ttl_s` how long after its moment an
    order may still be sent; `quote_age_s_max` how long the market may have traded since a vendor's
    quote; `cash_reserve_cny_min` is cash that no buy may touch. `resize` is what may be made smaller
    instead of refused.
    """

    marketable_bp: Decimal = Decimal(100)
    drift_bp_max: Decimal = Decimal(200)
    order_ttl_s: int = 60
    quote_age_s_max: int = 180
    position_ratio_max: Decimal | None = None
    daily_loss_ratio_max: Decimal | None = None
    cash_reserve_cny_min: Decimal = Decimal("0.00")
    stop_loss_ratio: Decimal | None = None
    resize: tuple[Resize, ...] = ()
    caps: OrderCaps = OrderCaps()
    portfolio: PortfolioLimits = PortfolioLimits()
    exits: ExitTerms = ExitTerms()
    sizing: Sizing = Sizing()
    state: StateScaling = StateScaling()
    degrees: Degrees = Degrees()

    @cached_property
    def marketable(self) -> tuple[Decimal, Decimal]:
        """What a price times is the limit that the gate makes on it: for a sell, for a buy."""
        share = self.marketable_bp / BP
        return 1 - share, 1 + share

    @cached_property
    def believed(self) -> tuple[Decimal, Decimal] | None:
        """What the last price times is the lowest and the highest limit that is no slip of the finger.

        None where nothing is.
        """
        most = self.caps.price_band_bp
        return None if most is None else (1 - most / BP, 1 + most / BP)

    @cached_property
    def order_ttl(self) -> timedelta:
        """How long after its moment an order may still be sent."""
        return timedelta(seconds=self.order_ttl_s)

    @cached_property
    def exits_by_position(self) -> bool:
        """Whether any exit is set that looks at one position."""
        terms = self.exits
        wanted = (terms.take_profit_ratio, terms.trailing_stop_ratio, terms.time_stop_days)
        return (self.stop_loss_ratio, *wanted) != (None,) * 4

    @cached_property
    def bound_losses(self) -> bool:
        """Whether any limit is on what the account loses."""
        bounds = self.portfolio
        lost = (self.daily_loss_ratio_max, bounds.drawdown_ratio_max, bounds.losing_sales_max)
        return lost != (None, None, None)

    @cached_property
    def bound_portfolio(self) -> bool:
        """Whether any limit is on what is held."""
        bounds = self.portfolio
        invested = (self.degrees.capital_cny_max, self.position_ratio_max, bounds.gross_ratio_max)
        sectors = (bounds.sector_ratio_max, bounds.sector_unknown_ratio_max)
        return (*invested, *sectors, bounds.correlation_max, bounds.var_ratio_max) != (None,) * 7

    @cached_property
    def need_bars(self) -> bool:
        """Whether any limit is computed from the history of prices."""
        bounds, by_bars = self.portfolio, (SizingMethod.VOLATILITY, SizingMethod.ATR, SizingMethod.VAR)
        computed = bounds.correlation_max is not None or bounds.var_ratio_max is not None
        return computed or self.sizing.method in by_bars or self.state.active


class DaySoFar(Value, frozen=True, kw_only=True):
    """What the account did that day before the session: orders and cancels sent, CNY of the orders."""

    orders: int = 0
    cancels: int = 0
    notional_cny: Decimal = ZERO


class Desk(Value, frozen=True, kw_only=True):
    """Everything one review looks at; nothing of it is read from a clock or a file.

    `moment` is the snapshot's own. `first` is the snapshot shown to the mind, against which drift
    is measured; `names` derive order ids: run, account and slot label. `book` is the account
    before the session's orders. `unpriced` are holdings that `equity_cny` leaves out, for nobody could
    price them when the session opened. `history` are the bars that have ended, None where there are none.
    `peak_equity_cny` is the highest equity a session found, this one's included; `losing_sales` how
    many of the last sales in a row lost money. `unknown` are facts that `instruments` cannot tell, by
    symbol, and why. `industries` are those a vendor sorts shares into. `disputed` are symbols about whose
    ex-day two vendors differ, and how.
    """

    session: SessionId
    names: tuple[str, str, str]
    market: Market
    day: date
    moment: datetime
    local: time
    book: Book
    snapshot: Snapshot
    first: Snapshot
    watchlist: frozenset[Symbol]
    instruments: Mapping[Symbol, Instrument]
    limits: Limits
    commission: Commission
    equity_cny: Decimal
    day_equity_cny: Decimal
    halts: Mapping[str, Halt] = msgspec.field(default_factory=dict)
    history: History | None = None
    today: DaySoFar = DaySoFar()
    peak_equity_cny: Decimal = ZERO
    losing_sales: int = 0
    unknown: Mapping[Symbol, Mapping[Fact, str]] = msgspec.field(default_factory=dict)
    unpriced: tuple[Symbol, ...] = ()
    industries: Mapping[Symbol, str] = msgspec.field(default_factory=dict)
    disputed: Mapping[Symbol, str] = msgspec.field(default_factory=dict)

    @property
    def unvalued(self) -> tuple[Symbol, ...]:
        """What the equity leaves out: what had no price when it was found, or has none in `first`."""
        missing = (symbol for symbol in self.book.holdings() if self.first.last(symbol) is None)
        return tuple(dict.fromkeys((*self.unpriced, *missing)))

    @property
    def slot_zone(self) -> ZoneInfo:
        """The market's time zone."""
        return ZONES[self.market]
