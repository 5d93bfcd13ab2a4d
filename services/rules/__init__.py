"""The exchanges' rules as dated rows. Pure: the standard library and `services.domain` only."""

from services.rules.boards import board_of, default_kind, is_lof, last_board_of, venue_of
from services.rules.cage import cage_bound
from services.rules.corporate import (
    DividendTax,
    dividend_credit,
    dividend_tax,
    ex_reference,
    individuals_taxed,
    is_entitled,
)
from services.rules.fees import Commission, commission_problem, fees_of
from services.rules.limits import Band, price_band
from services.rules.lots import AFTER_HOURS_ORDER_MAX, LotProblem, lot_problem, round_lot_down
from services.rules.matching import after_hours_price, bar_fill_price, book_fill_price
from services.rules.order_prices import order_band
from services.rules.phases import (
    accepts_after_hours_orders,
    after_hours_eligible,
    missed_start,
    phase_at,
    trading_time,
)
from services.rules.programmatic import OrderTraffic, high_frequency, order_traffic
from services.rules.rows import KNOWN_UNTIL, Confidence, OutsideRulebook, Row, Series
from services.rules.rulebook import RULES_VERSION, every_series, rules_of, rules_on
from services.rules.settlement import sellable_shares, settlement_days, st_daily_buy_cap
from services.rules.terms import (
    CALLS,
    Cage,
    CallRange,
    FeeSchedule,
    HaltRule,
    LimitRule,
    LotRule,
    OddLot,
    Phase,
    PhaseSpan,
    Rules,
    Venue,
    Window,
)
from services.rules.trading_halts import intraday_halts

__all__ = [
    "AFTER_HOURS_ORDER_MAX",
    "CALLS",
    "KNOWN_UNTIL",
    "RULES_VERSION",
    "Band",
    "Cage",
    "CallRange",
    "Commission",
    "Confidence",
    "DividendTax",
    "FeeSchedule",
    "HaltRule",
    "LimitRule",
    "LotProblem",
    "LotRule",
    "OddLot",
    "OrderTraffic",
    "OutsideRulebook",
    "Phase",
    "PhaseSpan",
    "Row",
    "Rules",
    "Series",
    "Venue",
    "Window",
    "accepts_after_hours_orders",
    "after_hours_eligible",
    "after_hours_price",
    "bar_fill_price",
    "board_of",
    "book_fill_price",
    "cage_bound",
    "commission_problem",
    "default_kind",
    "dividend_credit",
    "dividend_tax",
    "every_series",
    "ex_reference",
    "fees_of",
    "high_frequency",
    "individuals_taxed",
    "intraday_halts",
    "is_entitled",
    "is_lof",
    "last_board_of",
    "lot_problem",
    "missed_start",
    "order_band",
    "order_traffic",
    "phase_at",
    "price_band",
    "round_lot_down",
    "rules_of",
    "rules_on",
    "sellable_shares",
    "settlement_days",
    "st_daily_buy_cap",
    "trading_time",
    "venue_of",
]
