"""Answers worked cases from the rulebook, in the words the cases are written in. Pure.

Each case is a category, an input and the expected output, all as text, numbers and flags; amounts
are exact decimals as text. A case with a field that is not understood is refused, never half read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import time
from decimal import Decimal
from types import MappingProxyType

from services.domain.instruments import Board, Kind
from services.domain.money import ZERO, to_cent
from services.domain.orders import Side
from services.rules.boards import default_kind
from services.rules.cage import cage_bound
from services.rules.case_corporate import div_tax, ex_limit, ex_ref
from services.rules.case_facts import case_band, case_instrument
from services.rules.case_input import CaseInput, Unsupported
from services.rules.fees import Commission, commission_problem, fees_of
from services.rules.limits import Band
from services.rules.lots import AFTER_HOURS_ORDER_MAX, lot_problem
from services.rules.matching import after_hours_price, bar_fill_price, book_fill_price
from services.rules.phases import accepts_after_hours_orders, after_hours_eligible, phase_at
from services.rules.rulebook import rules_on
from services.rules.settlement import (
    cash_after_sales,
    sellable_shares,
    settlement_days,
    st_daily_buy_cap,
)
from services.rules.terms import Phase, Rules
from services.rules.us import luld_band, pattern_day_trader_block

__all__ = ["CATEGORIES", "Answer", "Unsupported", "run_case"]

Answer = dict[str, object]


def run_case(category: str, input: Mapping[str, object], *, full: bool = False) -> Answer:
    """Return what the rulebook answers to a case, in the form of the case's expectation.

    `full` adds what else is known of it, for a case that expects that.

    Raises:
        Unsupported: The case needs a calendar, its category is unknown, or a field is.
        OutsideRulebook: The rules of that day are not known.
    """
    answer = CATEGORIES.get(category)
    if answer is None:
        raise Unsupported(f"category {category!r} is not the rulebook's alone")
    fields = CaseInput(input, full=full)
    result = answer(fields)
    fields.done()
    return result


def _limit(case: CaseInput) -> Answer:
    rules = rules_on(case.board(), case.day("date"))
    return _band_answer(case_band(case, rules, case.decimal("prev_close")))


def _band_answer(band: Band) -> Answer:
    if band.unlimited:
        return {"mode": "unlimited"}
    return {"mode": "limited", "limit_up": str(band.limit_up), "limit_down": str(band.limit_down)}


def _lot(case: CaseInput) -> Answer:
    rules = rules_on(case.board(), case.day("date"))
    side, shares, held = case.side(), case.integer("qty"), case.count("pos", 0)
    problem = lot_problem(rules, side, shares, held, market_order=_order(case) == "market")
    if problem is not None:
        return {"valid": False, "reason": problem.code}
    if side is Side.SELL and case.has("pos") and shares > held:
        return {"valid": False, "reason": "over_position"}
    lots = rules.lots
    odd = side is Side.SELL and (shares % lots.step != 0 or shares < lots.minimum)
    return {"valid": True, "reason": "ok_odd_lot" if odd else "ok"}


def _order(case: CaseInput) -> str:
    """Return which kind of order the case is about, `limit` or `market`."""
    order = case.text("order", "limit")
    if order not in ("limit", "market"):
        raise Unsupported(f"the order {order!r} is neither limit nor market")
    return order


def _fee(case: CaseInput) -> Answer:
    """Return the fees of an order: each line is on the total of its fills, half-up once."""
    rules = rules_on(case.board(), case.day("date"))
    side, mode = case.side(), case.text("mode", "all_in")
    if mode not in ("all_in", "net"):
        raise Unsupported(f"the commission mode {mode!r} is neither all_in nor net")
    fills = case.fills() if case.has("fills") else ((case.require_price("price"), case.count("qty")),)
    amount = sum((price * shares for price, shares in fills), ZERO)
    fees = fees_of(
        rules,
        case.kind(default_kind(rules.board)),
        side,
        amount,
        _commission(case, all_in=mode == "all_in"),
        shares=sum(shares for _, shares in fills),
    )
    cash = -amount - fees.total if side is Side.BUY else amount - fees.total
    lines = {name: str(getattr(fees, name)) for name in _FEE_LINES}
    inside = () if mode == "net" else ("handling_fee", "csrc_fee")
    return case.answer(
        {
            "amount": str(to_cent(amount)),
            **{name: fee for name, fee in lines.items() if name not in inside},
            "total": str(fees.total),
            "cash_delta": str(to_cent(cash)),
        },
        **{name: lines[name] for name in inside},
    )


_FEE_LINES = ("commission", "stamp_duty", "transfer_fee", "handling_fee", "csrc_fee")


def _commission(case: CaseInput, *, all_in: bool) -> Commission:
    return Commission(
        rate=case.amount("commission_rate", "0.00025"),
        min_cny=case.amount("commission_min", "5.00"),
        all_in=all_in,
    )


def _fee_policy(case: CaseInput) -> Answer:
    rules = rules_on(case.board("SSE_MAIN"), case.day("date"))
    kind = case.kind(default_kind(rules.board))
    commission = _commission(case, all_in=case.text("mode", "all_in") == "all_in")
    problem = commission_problem(rules, kind, commission)
    notional = None if case.raw("notional") is None else case.amount("notional")
    if problem is not None:
        return {"valid": False, "reason": problem}
    if notional is None:
        return {"valid": True}
    fees = fees_of(rules, kind, Side.BUY, notional, commission)
    return {"valid": True, "commission": str(to_cent(fees.commission))}


def _phase(case: CaseInput) -> Answer:
    day, at = case.moment("time")
    span = phase_at(rules_on(case.board(), day, case.venue()), at)
    return {
        "phase": span.phase.value,
        "exchange_accepts_auction_orders": span.accepts_auction_orders,
        "exchange_accepts_cancel": span.accepts_cancel,
    }


def _cage(case: CaseInput) -> Answer:
    """Return the bound, null where there is none: outside continuous trading and for market orders."""
    rules = rules_on(case.board(), case.day("date"))
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


def _cage_combined(case: CaseInput) -> Answer:
    """Tick and daily limit, then, for limit orders in continuous trading, the cage."""
    rules = rules_on(case.board(), case.day("date"))
    prev_close, price = case.decimal("prev_close"), case.require_price("limit_price")
    side, caged = case.side(), _in_continuous_limit(case)
    band, bound = case_band(case, rules, prev_close), _cage_of(case, rules, prev_close)
    if price != price.quantize(rules.tick):
        return {"valid": False, "reason": "not_on_tick"}
    if band.limit_up is not None and price > band.limit_up:
        return {"valid": False, "reason": f"above_daily_limit_{band.limit_up}"}
    if band.limit_down is not None and price < band.limit_down:
        return {"valid": False, "reason": f"below_daily_limit_{band.limit_down}"}
    return {"valid": True} if bound is None or not caged else _caged(rules, side, price, bound)


def _caged(rules: Rules, side: Side, price: Decimal, bound: Decimal) -> Answer:
    """Return whether a price is inside the cage; what is outside waits where the exchange parks it."""
    if price <= bound if side is Side.BUY else price >= bound:
        return {"valid": True}
    if rules.cage is not None and rules.cage.parks:
        return {"valid": True, "reason": f"parked_beyond_cage_{bound}"}
    return {"valid": False, "reason": f"{'above' if side is Side.BUY else 'below'}_cage_{bound}"}


def _after_hours(case: CaseInput) -> Answer:
    if case.has("limit") or case.has("close"):
        return _after_hours_order(case)
    dated = "T" in case.text("time") or case.has("date")
    day, at = case.moment("time")
    rules = rules_on(case.board(), day)
    trades = _trades_after_hours(case, rules)
    matching = phase_at(rules, at).phase is Phase.AFTER_HOURS and trades
    accepts = accepts_after_hours_orders(rules, at) and trades
    if dated:
        more = {"accepts_after_hours_orders": accepts, "matching": matching}
        return case.answer({"after_hours_trading": matching}, **more)
    return {"accepts_after_hours_orders": accepts, "matching": matching}


def _after_hours_order(case: CaseInput) -> Answer:
    """Return whether an order trades at the close, which is known from 15:00 on."""
    day, at = case.moment("time") if case.has("time") else (case.day("date"), _AFTER_HOURS_AT)
    if at < _AFTER_HOURS_AT:
        raise Unsupported("the close is not known before the after-hours match")
    rules = rules_on(case.board("SSE_MAIN"), day)
    price = after_hours_price(case.side(), case.require_price("limit"), case.require_price("close"))
    taken = _trades_after_hours(case, rules) and accepts_after_hours_orders(rules, at)
    too_large = case.has("qty") and case.count("qty") > AFTER_HOURS_ORDER_MAX
    if price is None or not taken or too_large or case.flag("suspended"):
        case.ignore("suspended")
        return {"eligible": False}
    return {"eligible": True, "price": str(price)}


def _trades_after_hours(case: CaseInput, rules: Rules) -> bool:
    """Answer whether the case's instrument takes part at all."""
    open_end = case.raw("kind") == "lof" or str(case.raw("board")).endswith("LOF")
    instrument = case_instrument(case, rules)
    kind = instrument.kind or default_kind(rules.board)
    return after_hours_eligible(rules, kind, instrument) and not open_end


_AFTER_HOURS_AT = time(15, 0)


def _sellable(case: CaseInput) -> Answer:
    dated = case.has("buy_date")
    day = case.day("buy_date" if dated else "date")
    board = case.board() if case.has("board") else None
    days = settlement_days(case.kind(Kind.STOCK if board is None else default_kind(board)), day, board)
    if dated:
        case.ignore("query_date")
        if days:
            raise Unsupported("the next trading day needs a calendar")
        return {"sellable_from": day.isoformat()}
    shares = sellable_shares(
        days,
        opening=case.count("opening"),
        bought_today=case.count("bought_today", 0),
        sold_today=case.count("sold_today", 0),
        frozen=case.count("frozen", 0),
    )
    return {"sellable": shares}


def _cash(case: CaseInput) -> Answer:
    case.ignore("date")
    opening, proceeds = case.amount("opening_available", "0.00"), case.amount("sell_proceeds_today", "0.00")
    bought = case.amount("bought_today", "0.00")
    if bought > opening + proceeds:
        raise Unsupported(f"{bought} cannot have been bought with {opening + proceeds}")
    rights = cash_after_sales(opening, proceeds, bought)
    return {
        "buyable_today": str(to_cent(rights.buyable_today)),
        "withdrawable_today": str(to_cent(rights.withdrawable_today)),
        "withdrawable_next_session": str(to_cent(rights.withdrawable_next_session)),
    }


def _st_cap(case: CaseInput) -> Answer:
    exchange = case.text("exch", "SSE")
    rules = rules_on(case.board(_MAIN_BOARDS.get(exchange)), case.day("date"))
    cap = st_daily_buy_cap(rules, case_instrument(case, rules))
    shares = case.count("bought_today", 0) + case.count("order")
    if cap is None or shares <= cap:
        return {"valid": True}
    return {"valid": False, "reason": f"risk_warning_daily_buy_cap_{cap}"}


_MAIN_BOARDS: Mapping[str, str] = MappingProxyType(
    {"SSE": Board.SSE_MAIN, "SZSE": Board.SZSE_MAIN, "BSE": Board.BSE}
)


def _fill(case: CaseInput) -> Answer:
    side = case.side()
    if case.flag("suspended"):
        case.ignore_rest()
        return {"fill": False, "reason": "suspended"}
    band = _stated_band(case)
    limit = case.require_price("order", _at_any_price(side, band))
    if case.has("bar"):
        bar = case.nested("bar")
        price = bar_fill_price(
            side,
            limit,
            band,
            opened=bar.require_price("o"),
            high=bar.require_price("h"),
            low=bar.require_price("l"),
        )
    else:
        book = case.nested("quote")
        price = book_fill_price(side, limit, best_ask=book.price("ask1"), best_bid=book.price("bid1"))
    if price is None or not band.allows(limit):
        return {"fill": False}
    return {"fill": True, "price": str(price)}


def _stated_band(case: CaseInput) -> Band:
    """Return the day's limits as the case states them, or as they follow from board and previous close."""
    if case.has("board", "prev_close"):
        rules = rules_on(case.board(), case.day("date"))
        return case_band(case, rules, case.decimal("prev_close"))
    case.ignore("board", "date")
    return Band(limit_down=case.price("limit_down"), limit_up=case.price("limit_up"))


def _at_any_price(side: Side, band: Band) -> str | None:
    """Return the price of an order that names none: the day's limit on its side, None where there is none."""
    limit = band.limit_up if side is Side.BUY else band.limit_down
    return None if limit is None else str(limit)


def _us(case: CaseInput) -> Answer:
    if case.has("tier"):
        if case.integer("tier") not in (1, 2):
            raise Unsupported("LULD tiers are 1 and 2")
        reference = case.require_price("reference")
        band = luld_band(
            tier=case.integer("tier"),
            reference=reference,
            prev_close=case.require_price("prev_close", str(reference)),
            at=case.moment("time_et")[1] if case.has("time_et") else _MIDDAY,
        )
        case.ignore("date")
        return {"luld_low": str(band.limit_down), "luld_high": str(band.limit_up)}
    if case.has("day_trades_5d"):
        blocked = pattern_day_trader_block(
            equity=case.decimal("equity"),
            day_trades_5d=case.count("day_trades_5d"),
            day=case.day("date"),
        )
        return {"pdt_block": blocked}
    raise Unsupported("the case needs the US calendar")


_MIDDAY = time(12, 0)

CATEGORIES: Mapping[str, Callable[[CaseInput], Answer]] = MappingProxyType(
    {
        "limit": _limit,
        "lot": _lot,
        "fee": _fee,
        "fee_policy": _fee_policy,
        "phase": _phase,
        "cage": _cage,
        "cage_combined": _cage_combined,
        "after_hours": _after_hours,
        "ex_ref": ex_ref,
        "ex_limit": ex_limit,
        "div_tax": div_tax,
        "sellable": _sellable,
        "cash": _cash,
        "st_cap": _st_cap,
        "fill": _fill,
        "us": _us,
    }
)
"""How each category is answered without a calendar."""
