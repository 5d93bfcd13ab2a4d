"""Answers worked cases on single orders: their size, their price, and whether they trade. Pure."""

from __future__ import annotations

from datetime import time
from decimal import Decimal

from services.domain.orders import Side
from services.rules.boards import default_kind
from services.rules.cage import cage_bound
from services.rules.case_facts import case_band, case_instrument, case_rules, open_end_fund
from services.rules.case_input import CaseInput, Unsupported
from services.rules.limits import Band
from services.rules.lots import AFTER_HOURS_ORDER_MAX, lot_problem
from services.rules.matching import after_hours_price, bar_fill_price, book_fill_price
from services.rules.order_prices import order_band
from services.rules.phases import accepts_after_hours_orders, after_hours_eligible, phase_at
from services.rules.terms import Phase, Rules

Answer = dict[str, object]


def lot(case: CaseInput) -> Answer:
    """Return whether an order of that many shares is taken, and why not."""
    rules = case_rules(case)
    side, shares, held = case.side(), case.integer("qty"), case.count("pos", 0)
    order = _order(case)
    problem = lot_problem(
        rules, side, shares, held, market_order=order == "market", after_hours=order == "after_hours"
    )
    if problem is not None:
        return {"valid": False, "reason": problem.code}
    if side is Side.SELL and case.has("pos") and shares > held:
        return {"valid": False, "reason": "over_position"}
    lots = rules.lots
    odd = side is Side.SELL and (shares % lots.step != 0 or shares < lots.minimum)
    return {"valid": True, "reason": "ok_odd_lot" if odd else "ok"}


def _order(case: CaseInput) -> str:
    """Return which kind of order the case is about: `limit`, `market` or `after_hours`."""
    order = case.text("order", "limit")
    if order not in ("limit", "market", "after_hours"):
        raise Unsupported(f"the order {order!r} is neither limit nor market nor after_hours")
    return order


def cage(case: CaseInput) -> Answer:
    """Return the bound, null where there is none: outside continuous trading and for market orders."""
    rules = case_rules(case)
    prev_close = case.price("prev" if case.has("prev") else "prev_close")
    if not _in_continuous_limit(case):
        case.side()
        case.ignore("ask1", "bid1", "last")
        return {"bound": None}
    bound = _cage_of(case, rules, prev_close)
    return {"bound": None if bound is None else str(bound)}


def _in_continuous_limit(case: CaseInput) -> bool:
    """Answer whether the case is about a limit order in continuous trading, as one is that names neither."""
    phase, order = case.text("phase", Phase.CONTINUOUS), _order(case)
    if phase not in frozenset(Phase):
        raise Unsupported(f"the phase {phase!r} is not known")
    return phase == Phase.CONTINUOUS and order == "limit"


def _cage_of(case: CaseInput, rules: Rules, prev_close: Decimal | None) -> Decimal | None:
    return cage_bound(
        rules,
        case.side(),
        best_ask=case.price("ask1"),
        best_bid=case.price("bid1"),
        last=case.price("last"),
        prev_close=prev_close,
    )


def cage_combined(case: CaseInput) -> Answer:
    """Return whether a price is taken: tick, daily limits, then in calls their range, else the cage."""
    rules = case_rules(case)
    prev_close, price = case.decimal("prev_close"), case.require_price("limit_price")
    side, caged = case.side(), _in_continuous_limit(case)
    band, bound = case_band(case, rules, prev_close), _cage_of(case, rules, prev_close)
    if price != price.quantize(rules.tick):
        return {"valid": False, "reason": "not_on_tick"}
    if band.limit_up is not None and price > band.limit_up:
        return {"valid": False, "reason": f"above_daily_limit_{band.limit_up}"}
    if band.limit_down is not None and price < band.limit_down:
        return {"valid": False, "reason": f"below_daily_limit_{band.limit_down}"}
    call = _call_range(case, rules, prev_close)
    if call is not None and not call.allows(price):
        above = call.limit_up is not None and price > call.limit_up
        beyond, end = ("above", call.limit_up) if above else ("below", call.limit_down)
        return {"valid": False, "reason": f"{beyond}_call_range_{end}"}
    return {"valid": True} if bound is None or not caged else _caged(rules, side, price, bound)


def _call_range(case: CaseInput, rules: Rules, prev_close: Decimal) -> Band | None:
    """Return what a call takes, None for an order of another phase."""
    phase = Phase(case.text("phase", Phase.CONTINUOUS))
    if phase not in (Phase.OPEN_CALL, Phase.OPEN_CALL_LOCKED, Phase.CLOSE_CALL):
        return None
    return order_band(
        rules, case_instrument(case, rules), phase, prev_close=prev_close, last=case.price("last")
    )


def _caged(rules: Rules, side: Side, price: Decimal, bound: Decimal) -> Answer:
    """Return whether a price is inside the cage; what is outside waits where the exchange parks it."""
    if price <= bound if side is Side.BUY else price >= bound:
        return {"valid": True}
    if rules.cage is not None and rules.cage.parks:
        return {"valid": True, "reason": f"parked_beyond_cage_{bound}"}
    return {"valid": False, "reason": f"{'above' if side is Side.BUY else 'below'}_cage_{bound}"}


def after_hours(case: CaseInput) -> Answer:
    """Return what happens after hours at a time, or to one order."""
    if case.has("limit") or case.has("close"):
        return _after_hours_order(case)
    stated = case.text("time")
    dated = "T" in stated or " " in stated or case.has("date")
    day, at = case.moment("time")
    rules = case_rules(case, day)
    trades = _trades_after_hours(case, rules)
    matching = phase_at(rules, at).phase is Phase.AFTER_HOURS and trades
    accepts = accepts_after_hours_orders(rules, at) and trades
    if dated:
        more = {"accepts_after_hours_orders": accepts, "matching": matching}
        return case.answer({"after_hours_trading": matching}, **more)
    return {"accepts_after_hours_orders": accepts, "matching": matching}


def _after_hours_order(case: CaseInput) -> Answer:
    """Return whether an order given at a time, 15:00 where the case names none, trades at the close."""
    day, at = case.moment("time") if case.has("time") else (case.day("date"), _AFTER_HOURS_AT)
    rules = case_rules(case, day, board="SSE_MAIN")
    price = after_hours_price(case.side(), case.require_price("limit"), case.require_price("close"))
    taken = _trades_after_hours(case, rules) and accepts_after_hours_orders(rules, at)
    too_large = case.has("qty") and case.count("qty") > AFTER_HOURS_ORDER_MAX
    if price is None or not taken or too_large or case.flag("suspended"):
        case.ignore("suspended")
        return {"eligible": False}
    return {"eligible": True, "price": str(price)}


def _trades_after_hours(case: CaseInput, rules: Rules) -> bool:
    """Answer whether the case's instrument takes part at all."""
    instrument = case_instrument(case, rules)
    kind = instrument.kind or default_kind(rules.board)
    return after_hours_eligible(rules, kind, instrument) and not open_end_fund(case)


_AFTER_HOURS_AT = time(15, 0)


def fill(case: CaseInput) -> Answer:
    """Return whether an order could have traded in a bar or against a book, and at which price."""
    side = case.side()
    if case.flag("suspended"):
        case.ignore_rest()
        return {"fill": False, "reason": "suspended"}
    rules = case_rules(case) if case.has("board") else None
    case.ignore("date")
    band = _stated_band(case, rules)
    limit = case.require_price("order", _at_any_price(side, band))
    price = _in_bar(case, side, limit, band) if case.has("bar") else _in_book(case, side, limit)
    on_tick = rules is None or limit == limit.quantize(rules.tick)
    if price is None or not on_tick or not band.allows(limit):
        return {"fill": False}
    return {"fill": True, "price": str(price)}


def _in_bar(case: CaseInput, side: Side, limit: Decimal, band: Band) -> Decimal | None:
    """Return the price in the case's bar, None where nothing traded there at the order's limit."""
    bar = case.nested("bar")
    opened, high, low = bar.require_price("o"), bar.require_price("h"), bar.require_price("l")
    close = bar.price("c")
    if not low <= opened <= high or (close is not None and not low <= close <= high):
        raise Unsupported(f"no bar has a low of {low}, a high of {high} and prices outside them")
    stated = [bar.amount(name) for name in _VOLUMES if bar.raw(name) is not None]
    if 0 in stated:
        return None
    return bar_fill_price(side, limit, band, opened=opened, high=high, low=low)


_VOLUMES = ("volume", "vol", "v")


def _in_book(case: CaseInput, side: Side, limit: Decimal) -> Decimal | None:
    """Return the price in the case's book; a best level that holds nothing is not there."""
    book = case.nested("quote")
    best = {name: book.price(name) for name in ("ask1", "bid1")}
    for name in best:
        if book.raw(f"{name}_vol") is not None and book.amount(f"{name}_vol") == 0:
            best[name] = None
    return book_fill_price(side, limit, best_ask=best["ask1"], best_bid=best["bid1"])


def _stated_band(case: CaseInput, rules: Rules | None) -> Band:
    """Return the day's limits as the case states them, or as they follow from board and previous close."""
    if rules is not None and case.has("prev_close"):
        return case_band(case, rules, case.decimal("prev_close"))
    return Band(limit_down=case.price("limit_down"), limit_up=case.price("limit_up"))


def _at_any_price(side: Side, band: Band) -> str | None:
    """Return the price of an order that names none: the day's limit on its side, None where there is none."""
    limit = band.limit_up if side is Side.BUY else band.limit_down
    return None if limit is None else str(limit)
