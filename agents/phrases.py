"""The words a rendered briefing is made of. A changed word changes `TEMPLATE_VERSION`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from services.domain.events import Outcome
from services.domain.orders import OrderState, Rule
from services.domain.value import Value
from services.rules import Phase

TEMPLATE_VERSION = "briefing-3"
"""Names the wording and the layout; recorded with every briefing."""


class Cut(StrEnum):
    """What is left out of a text that would be too long, in the order in which it goes."""

    CLOSES_TO_10 = "closes_to_10"
    OLDER_SESSIONS = "older_sessions"
    CLOSES_TO_5 = "closes_to_5"
    INDICATORS_NOT_HELD = "indicators_not_held"
    CLOSES = "closes"
    SESSIONS = "sessions"
    INDICATORS = "indicators"
    MARKET = "market"
    WATCHLIST_NOT_HELD = "watchlist_not_held"


class Phrases(Value, frozen=True, kw_only=True):
    """Every piece of text of one language; names in braces are filled in."""

    heading: str
    task: str
    synthetic: str
    adjusted: Mapping[str, str]
    this_slot: str
    phases: Mapping[Phase, str]
    waits: str
    closed: str
    rules_unknown: str
    account: str
    account_line: str
    unpriced: str
    halts: str
    halt_line: str
    whole_account: str
    limits: str
    limit_line: str
    limit_of: str
    limit_rules: Mapping[Rule, str]
    holdings: str
    holding_columns: str
    no_holdings: str
    open_orders: str
    open_order_line: str
    sessions: str
    session_line: str
    session_equity: str
    session_reason: str
    session_said: str
    outcomes: Mapping[Outcome | None, str]
    order_line: str
    bought: str
    sold: str
    price_since: str
    not_filled: str
    order_states: Mapping[OrderState | None, str]
    refused_line: str
    why: str
    by_exit: str
    market: str
    market_day: str
    market_bars: str
    market_above: str
    indicators: str
    watchlist: str
    watch_columns: str
    closes: str
    no_closes: str
    trades: str
    no_quote: str
    no_quote_because: str
    barred: str
    suspended: str
    at_limit_up: str
    at_limit_down: str
    sealed_limit_up: str
    sealed_limit_down: str
    closed_today: str
    unlimited: str
    unknown: str
    house_rules: str
    answer: str
    left_out: str
    list_separator: str
    still_too_long: str
    cuts: Mapping[Cut, str]
