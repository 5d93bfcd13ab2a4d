"""Answers worked cases from the rulebook, in the words the cases are written in. Pure.

Each case is a category, an input and the expected output, all as text, numbers and flags; amounts
are exact decimals as text. A case with a field that is not understood is refused, never half read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from types import MappingProxyType

from services.domain.instruments import Board, Instrument, Kind, Span, Symbol
from services.domain.money import CENT, ZERO, to_cent
from services.domain.orders import Side
from services.rules.boards import default_kind
from services.rules.cage import cage_bound
from services.rules.case_input import CaseInput, Unsupported
from services.rules.corporate import (
    DIVIDEND_TAX,
    dividend_credit,
    dividend_tax,
    ex_reference,
    is_entitled,
)
from services.rules.fees import Commission, commission_problem, fees_of
from services.rules.limits import Band, price_band
from services.rules.lots import lot_problem
from services.rules.matching import after_hours_price, bar_fill_price, book_fill_price
from services.rules.phases import accepts_after_hours_orders, phase_at
from services.rules.rulebook import rules_on
from services.rules.settlement import (
    cash_after_sales,
    sellable_shares,
    settlement_days,
    st_daily_buy_cap,
)
from services.rules.terms import Phase, Rules
from services.rules.us import luld_band, pattern_day_trader_block

__all__ = ["Answer", "Unsupported", "run_case"]

Answer = dict[str, object]


def run_case(category: str, input: Mapping[str, object]) -> Answer:
    """Return what the rulebook answers to a case, in the form of the case's expectation.

    Raises:
        Unsupported: The case needs a calendar, its category is unknown, or a field is.
        OutsideRulebook: The rules of that day are not known.
    """
    answer = _CATEGORIES.get(category)
    if answer is None:
        raise Unsupported(f"category {category!r} is not the rulebook's alone")
    fields = CaseInput(input)
    result = answer(fields)
    fields.done()
    return result


def _limit(case: CaseInput) -> Answer:
    rules = rules_on(case.board(), case.day("date"))
    return _band_answer(price_band(rules, case.decimal("prev_close"), _instrument(case, rules)))


def _band_answer(band: Band) -> Answer:
    if band.unlimited:
        return {"mode": "unlimited"}
    return {"mode": "limited", "limit_up": str(band.limit_up), "limit_down": str(band.limit_down)}


def _instrument(case: CaseInput, rules: Rules) -> Instrument:
    """Return an instrument with the facts the case states."""
    day = rules.day
    listed, delisting = case.raw("list_day"), case.raw("delist_day")
    first_days = _weekdays_until(day, case.integer("list_day")) if listed is not None else ()
    since = _weekdays_until(day, case.integer("delist_day"))[0] if delisting is not None else None
    issue = case.price("issue_price")
    return Instrument(
        symbol=Symbol("CASE"),
        kind=Kind.ETF_EQUITY_20 if case.flag("etf20") else default_kind(rules.board),
        first_days=first_days,
        st=(Span(since=day),) if case.flag("st") else (),
        delisting=None if since is None else Span(since=since),
        registration_regime=case.flag("registration", True),
        share_reform_pending=case.flag("s_share"),
        issue_price_cny=None if issue is None else str(issue),
    )


def _weekdays_until(day: date, count: int) -> tuple[date, ...]:
    """Return `count` days ending at `day`, oldest first, the earlier ones weekdays."""
    days = [day]
    while len(days) < count:
        earlier = days[-1] - timedelta(days=1)
        while earlier.weekday() >= 5:
            earlier -= timedelta(days=1)
        days.append(earlier)
    return tuple(reversed(days))


def _lot(case: CaseInput) -> Answer:
    rules = rules_on(case.board(), case.day("date"))
    side, shares, held = case.side(), case.integer("qty"), case.integer("pos", 0)
    problem = lot_problem(rules, side, shares, held, market_order=case.text("order", "limit") == "market")
    if problem is not None:
        return {"valid": False, "reason": problem.code}
    lots = rules.lots
    odd = side is Side.SELL and (shares % lots.step != 0 or shares < lots.minimum)
    return {"valid": True, "reason": "ok_odd_lot" if odd else "ok"}


def _fee(case: CaseInput) -> Answer:
    """Fees of an order, charged fill by fill as the exchange reports them."""
    rules = rules_on(case.board(), case.day("date"))
    side, mode = case.side(), case.text("mode", "all_in")
    commission = Commission(
        rate=case.decimal("commission_rate", "0.00025"),
        min_cny=case.decimal("commission_min", "5"),
        all_in=mode == "all_in",
    )
    kind = Kind(case.text("kind", default_kind(rules.board)))
    amount, lines = ZERO, dict.fromkeys(_FEE_LINES, ZERO)
    for price, shares in _fills(case):
        fees = fees_of(
            rules,
            kind,
            side,
            price * shares,
            commission,
            commission_paid=lines["commission"],
            amount_before=amount,
            shares=shares,
        )
        amount += price * shares
        lines = {name: lines[name] + getattr(fees, name) for name in _FEE_LINES}
    total = sum(lines.values(), ZERO)
    cash = -amount - total if side is Side.BUY else amount - total
    shown = _FEE_LINES if mode == "net" else _FEE_LINES[:3]
    return {
        "amount": str(to_cent(amount)),
        **{name: str(lines[name]) for name in shown},
        "total": str(total),
        "cash_delta": str(to_cent(cash)),
    }


_FEE_LINES = ("commission", "stamp_duty", "transfer_fee", "handling_fee", "csrc_fee")


def _fills(case: CaseInput) -> list[tuple[Decimal, int]]:
    fills = case.raw("fills")
    if not isinstance(fills, list):
        raise Unsupported("the case gives no fills")
    return [(Decimal(str(price)), int(shares)) for price, shares in fills]


def _fee_policy(case: CaseInput) -> Answer:
    rules = rules_on(Board.SSE_MAIN, case.day("date"))
    commission = Commission(
        rate=case.decimal("commission_rate"), min_cny=case.decimal("commission_min", "5.00")
    )
    problem = commission_problem(rules, Kind.STOCK, commission)
    notional = case.price("notional")
    if problem is not None:
        return {"valid": False, "reason": problem}
    if notional is None:
        return {"valid": True}
    fees = fees_of(rules, Kind.STOCK, Side.BUY, notional, commission)
    return {"valid": True, "commission": str(to_cent(fees.commission))}


def _phase(case: CaseInput) -> Answer:
    at = datetime.fromisoformat(case.text("time"))
    span = phase_at(rules_on(case.board(), at.date()), at.time())
    return {
        "phase": span.phase.value,
        "exchange_accepts_auction_orders": span.accepts_auction_orders,
        "exchange_accepts_cancel": span.accepts_cancel,
    }


def _cage(case: CaseInput) -> Answer:
    rules = rules_on(case.board(), case.day("date"))
    bound = _cage_of(case, rules, case.price("prev"))
    return {"bound": None if bound is None else str(bound)}


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
    """Daily limit and, in continuous trading, the cage; the daily limit is named first."""
    rules = rules_on(case.board(), case.day("date"))
    prev_close, price = case.decimal("prev_close"), case.decimal("limit_price")
    side, phase = case.side(), Phase(case.text("phase", "continuous"))
    band = price_band(rules, prev_close, _instrument(case, rules))
    bound = _cage_of(case, rules, prev_close)
    if band.limit_up is not None and price > band.limit_up:
        return {"valid": False, "reason": f"above_daily_limit_{band.limit_up}"}
    if band.limit_down is not None and price < band.limit_down:
        return {"valid": False, "reason": f"below_daily_limit_{band.limit_down}"}
    if bound is None or phase is not Phase.CONTINUOUS:
        return {"valid": True}
    if side is Side.BUY:
        return {"valid": False, "reason": f"above_cage_{bound}"} if price > bound else {"valid": True}
    return {"valid": False, "reason": f"below_cage_{bound}"} if price < bound else {"valid": True}


def _after_hours(case: CaseInput) -> Answer:
    when = case.text("time")
    if case.has("close"):
        if not time.fromisoformat(when[-8:] if "T" in when else when) >= _AFTER_HOURS_AT:
            raise Unsupported("the close is not known before the after-hours match")
        price = after_hours_price(case.side(), case.decimal("limit"), case.decimal("close"))
        return {"eligible": False} if price is None else {"eligible": True, "price": str(price)}
    if "T" in when:
        at = datetime.fromisoformat(when)
        span = phase_at(rules_on(case.board(), at.date()), at.time())
        return {"after_hours_trading": span.phase is Phase.AFTER_HOURS}
    rules, clock = rules_on(case.board(), case.day("date")), time.fromisoformat(when)
    return {
        "accepts_after_hours_orders": accepts_after_hours_orders(rules, clock),
        "matching": phase_at(rules, clock).phase is Phase.AFTER_HOURS,
    }


_AFTER_HOURS_AT = time(15, 0)


def _ex_ref(case: CaseInput) -> Answer:
    return {"reference": str(_reference(case, case.decimal("prev"), case.decimal("tick", str(CENT))))}


def _reference(case: CaseInput, prev_close: Decimal, tick: Decimal) -> Decimal:
    return ex_reference(
        prev_close,
        cash=case.decimal("cash", "0"),
        share_ratio=case.decimal("share", "0"),
        rights_ratio=case.decimal("rights_ratio", "0"),
        rights_price=case.decimal("rights_price", "0"),
        tick=tick,
    )


def _ex_limit(case: CaseInput) -> Answer:
    rules = rules_on(case.board(), case.day("date"))
    reference = _reference(case, case.decimal("raw_close"), rules.tick)
    band = price_band(rules, reference, _instrument(case, rules))
    return {
        "reference": str(reference),
        "limit_up": str(band.limit_up),
        "limit_down": str(band.limit_down),
    }


def _div_tax(case: CaseInput) -> Answer:
    if case.has("event"):
        return _div_event(case)
    bought, record = case.day("buy", None), case.day("record_date", None)
    shares, cash = case.integer("shares"), case.decimal("cash_per_share")
    if not case.has("sell"):
        entitled = is_entitled(bought, None, record)
        return {
            "entitled": entitled,
            "credit": str(dividend_credit(shares, cash) if entitled else ZERO),
        }
    tax = dividend_tax(
        bought=bought,
        sold=case.day("sell", None),
        record_date=record,
        shares=shares,
        cash_per_share=cash,
        bonus_per_share=case.decimal("bonus_per_share", "0"),
        par=case.decimal("par", "1"),
    )
    return {"rate": str(tax.rate), "tax": str(tax.tax_cny)}


def _div_event(case: CaseInput) -> Answer:
    """A payment, or bonus shares written as in announcements: 10 shares give 送 and 转 so many."""
    event, shares = case.text("event"), case.integer("shares")
    if event == "payment":
        credit = dividend_credit(shares, case.decimal("cash_per_share"))
        return {"credit": str(credit), "withheld": str(ZERO)}
    bonus = re.search(r"送(\d+(?:\.\d+)?)", event)
    if bonus is None and "转" not in event:
        raise Unsupported(f"event {event!r} is not understood")
    taxable = shares * Decimal(bonus.group(1) if bonus else 0) / 10 * case.decimal("par", "1")
    return {"taxable": str(to_cent(taxable)), "tax": str(to_cent(taxable * _rate_within(case)))}


def _rate_within(case: CaseInput) -> Decimal:
    rates = DIVIDEND_TAX.on(case.day("record_date"))
    within = case.text("sell_within")
    known = {"1 month": rates.month, "1 year": rates.year, "over 1 year": rates.longer}
    if within not in known:
        raise Unsupported(f"sold within {within!r} is not understood")
    return known[within]


def _sellable(case: CaseInput) -> Answer:
    kind, day = Kind(case.text("kind")), case.day("buy_date")
    days = settlement_days(kind, day)
    if case.has("buy_date"):
        case.ignore("query_date")
        if days:
            raise Unsupported("the next trading day needs a calendar")
        return {"sellable_from": day.isoformat()}
    shares = sellable_shares(
        days,
        opening=case.integer("opening"),
        bought_today=case.integer("bought_today", 0),
        sold_today=case.integer("sold_today", 0),
        frozen=case.integer("frozen", 0),
    )
    return {"sellable": shares}


def _cash(case: CaseInput) -> Answer:
    rights = cash_after_sales(case.decimal("opening_available"), case.decimal("sell_proceeds_today"))
    return {
        "buyable_today": str(rights.buyable_today),
        "withdrawable_today": str(rights.withdrawable_today),
        "withdrawable_next_session": str(rights.withdrawable_next_session),
    }


def _st_cap(case: CaseInput) -> Answer:
    case.ignore("exch")
    rules = rules_on(case.board(), case.day("date"))
    cap = st_daily_buy_cap(rules, _instrument(case, rules))
    if cap is None or case.integer("bought_today") + case.integer("order") <= cap:
        case.ignore("bought_today", "order")
        return {"valid": True}
    return {"valid": False, "reason": f"risk_warning_daily_buy_cap_{cap}"}


def _fill(case: CaseInput) -> Answer:
    side = case.side()
    if case.flag("suspended"):
        case.ignore("order", "bar", "quote", "limit_up", "limit_down")
        return {"fill": False, "reason": "suspended"}
    limit = case.decimal("order")
    band = Band(limit_down=case.price("limit_down"), limit_up=case.price("limit_up"))
    if case.has("bar"):
        bar = case.nested("bar")
        price = bar_fill_price(
            side, limit, band, opened=bar.decimal("o"), high=bar.decimal("h"), low=bar.decimal("l")
        )
    else:
        book = case.nested("quote")
        price = book_fill_price(side, limit, best_ask=book.price("ask1"), best_bid=book.price("bid1"))
    if price is None or not band.allows(limit):
        return {"fill": False}
    return {"fill": True, "price": str(price)}


def _us(case: CaseInput) -> Answer:
    if case.has("tier"):
        band = luld_band(
            tier=case.integer("tier"),
            reference=case.decimal("reference"),
            prev_close=case.decimal("prev_close"),
            at=time.fromisoformat(case.text("time_et")),
        )
        return {"luld_low": str(band.limit_down), "luld_high": str(band.limit_up)}
    if case.has("day_trades_5d"):
        blocked = pattern_day_trader_block(
            equity=case.decimal("equity"),
            day_trades_5d=case.integer("day_trades_5d"),
            day=case.day("date"),
        )
        return {"pdt_block": blocked}
    raise Unsupported("the case needs the US calendar")


_CATEGORIES: Mapping[str, Callable[[CaseInput], Answer]] = MappingProxyType(
    {
        "limit": _limit,
        "lot": _lot,
        "fee": _fee,
        "fee_policy": _fee_policy,
        "phase": _phase,
        "cage": _cage,
        "cage_combined": _cage_combined,
        "after_hours": _after_hours,
        "ex_ref": _ex_ref,
        "ex_limit": _ex_limit,
        "div_tax": _div_tax,
        "sellable": _sellable,
        "cash": _cash,
        "st_cap": _st_cap,
        "fill": _fill,
        "us": _us,
    }
)
