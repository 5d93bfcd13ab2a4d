"""Answers worked cases on ex-days and on the tax of dividends. Pure."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal

from services.domain.money import CENT, ZERO, to_cent
from services.rules.case_facts import case_band, case_rules
from services.rules.case_input import CaseInput, Unsupported
from services.rules.corporate import (
    DIVIDEND_TAX,
    dividend_credit,
    dividend_tax,
    ex_reference,
    is_entitled,
)

Answer = dict[str, object]


def ex_ref(case: CaseInput) -> Answer:
    """Return the reference price of an ex-day; the tick is the case's own, else its board's, else 0.01."""
    tick = case_rules(case).tick if case.has("board") else CENT
    case.ignore("date")
    return {
        "reference": str(_reference(case, case.require_price("prev"), case.require_price("tick", str(tick))))
    }


def ex_limit(case: CaseInput) -> Answer:
    """Return the reference price of an ex-day and the limits on it."""
    rules = case_rules(case)
    close = case.require_price("raw_close" if case.has("raw_close") else "prev")
    reference = _reference(case, close, rules.tick)
    band = case_band(case, rules, reference)
    if band.unlimited:
        return {"reference": str(reference), "mode": "unlimited"}
    return {
        "reference": str(reference),
        "limit_up": str(band.limit_up),
        "limit_down": str(band.limit_down),
    }


def _reference(case: CaseInput, prev_close: Decimal, tick: Decimal) -> Decimal:
    shares = case.amount("share", "0") + case.amount("bonus", "0") + case.amount("capitalisation", "0")
    return ex_reference(
        prev_close,
        cash=case.amount("cash", "0"),
        share_ratio=shares,
        rights_ratio=case.amount("rights_ratio", "0"),
        rights_price=case.amount("rights_price", "0"),
        tick=tick,
    )


def div_tax(case: CaseInput) -> Answer:
    """Return what a holder is credited, or what the tax on it is once the shares are sold.

    A sale without a record date is taken as one of shares that were entitled.
    """
    if case.has("event"):
        return _div_event(case)
    bought, shares = case.day("buy", None), case.count("shares")
    cash = case.amount("cash_per_share", "0")
    bonus, par = case.amount("bonus_per_share", "0"), case.amount("par", "1")
    sold = None if case.raw("sell") is None else case.day("sell", None)
    usual = None if sold is None else max(bought, sold - timedelta(days=1))
    record = case.day("record_date", usual)
    entitled = is_entitled(bought, sold, record)
    right: Answer = {
        "entitled": entitled,
        "credit": str(dividend_credit(shares, cash) if entitled else ZERO),
    }
    if sold is None:
        return right
    tax = dividend_tax(
        bought=bought,
        sold=sold,
        record_date=record,
        shares=shares,
        cash_per_share=cash,
        bonus_per_share=bonus,
        par=par,
    )
    return case.answer({"rate": str(tax.rate), "tax": str(tax.tax_cny)}, **right)


def _div_event(case: CaseInput) -> Answer:
    """A payment, or shares and cash as announcements write them: 10 shares give 送, 转 and 派 so many."""
    event, shares = case.text("event"), case.count("shares")
    if event == "payment":
        case.ignore("record_date", "buy")
        credit = dividend_credit(shares, case.amount("cash_per_share"))
        return {"credit": str(credit), "withheld": str(ZERO)}
    bonus, cash = _stated(event, "送"), _stated(event, "派")
    if bonus is None and cash is None and "转" not in event:
        raise Unsupported(f"event {event!r} is not understood")
    par = case.amount("par", "1")
    per_ten = (bonus or ZERO) * par + (cash or ZERO) + 10 * case.amount("cash_per_share", "0")
    taxable = shares * per_ten / 10
    return {"taxable": str(to_cent(taxable)), "tax": str(to_cent(taxable * _rate_within(case)))}


def _stated(event: str, letter: str) -> Decimal | None:
    found = re.search(letter + r"\D?(\d+(?:\.\d+)?)", event)
    return Decimal(found.group(1)) if found else None


def _rate_within(case: CaseInput) -> Decimal:
    """Return the rate for shares sold within a span (`1 month`, `over 1 year`), or between two dates."""
    record: date = case.day("record_date")
    rates = DIVIDEND_TAX.on(record)
    within = case.text("sell_within")
    span = re.fullmatch(r"(over |more than |> ?|within |<=? ?|≤ ?)?(\d+) ?(month|year)s?", within)
    if span is None:
        raise Unsupported(f"sold within {within!r} is not understood")
    longer = span.group(1) is not None and span.group(1).strip() in ("over", "more than", ">")
    months = int(span.group(2)) * (12 if span.group(3) == "year" else 1)
    if months < 1 or months > 12 or (longer and months == 12):
        return rates.longer
    return rates.month if months == 1 and not longer else rates.year
