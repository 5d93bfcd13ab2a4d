"""Answers worked cases from the rulebook, in the words the cases are written in. Pure.

Each case is a category, an input and the expected output, all as text, numbers and flags; amounts
are exact decimals as text. A case with a field that is not understood is refused, never half read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import time
from types import MappingProxyType

from services.domain.instruments import Board, Kind
from services.domain.money import ZERO, to_cent
from services.domain.orders import Side
from services.rules.boards import default_kind
from services.rules.case_corporate import div_tax, ex_limit, ex_ref
from services.rules.case_facts import case_band, case_instrument, case_rules, open_end_fund
from services.rules.case_input import CaseInput, Unsupported
from services.rules.case_orders import after_hours, cage, cage_combined, fill, lot
from services.rules.fees import Commission, commission_problem, fees_of
from services.rules.limits import Band
from services.rules.phases import phase_at
from services.rules.settlement import (
    cash_after_sales,
    sellable_shares,
    settlement_days,
    st_daily_buy_cap,
)
from services.rules.terms import Phase
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
    rules = case_rules(case)
    return _band_answer(case_band(case, rules, case.decimal("prev_close")))


def _band_answer(band: Band) -> Answer:
    if band.unlimited:
        return {"mode": "unlimited"}
    return {"mode": "limited", "limit_up": str(band.limit_up), "limit_down": str(band.limit_down)}


def _fee(case: CaseInput) -> Answer:
    """Return the fees of an order: each line is on the total of its fills, half-up once."""
    rules = case_rules(case)
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
    rules = case_rules(case, board="SSE_MAIN")
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
    rules = case_rules(case, day)
    span = phase_at(rules, at)
    if open_end_fund(case) and span.phase in (Phase.AFTER_HOURS_WAIT, Phase.AFTER_HOURS):
        span = rules.phases[-1]
    return {
        "phase": span.phase.value,
        "exchange_accepts_auction_orders": span.accepts_auction_orders,
        "exchange_accepts_cancel": span.accepts_cancel,
    }


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
    rules = case_rules(case, board=_MAIN_BOARDS.get(exchange))
    cap = st_daily_buy_cap(rules, case_instrument(case, rules))
    if case.has("side") and case.side() is Side.SELL:
        cap = None
    shares = case.count("bought_today", 0) + case.count("order")
    if cap is None or shares <= cap:
        return {"valid": True}
    return {"valid": False, "reason": f"risk_warning_daily_buy_cap_{cap}"}


_MAIN_BOARDS: Mapping[str, str] = MappingProxyType(
    {"SSE": Board.SSE_MAIN, "SZSE": Board.SZSE_MAIN, "BSE": Board.BSE}
)


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
        "lot": lot,
        "fee": _fee,
        "fee_policy": _fee_policy,
        "phase": _phase,
        "cage": cage,
        "cage_combined": cage_combined,
        "after_hours": after_hours,
        "ex_ref": ex_ref,
        "ex_limit": ex_limit,
        "div_tax": div_tax,
        "sellable": _sellable,
        "cash": _cash,
        "st_cap": _st_cap,
        "fill": fill,
        "us": _us,
    }
)
"""How each category is answered without a calendar."""
