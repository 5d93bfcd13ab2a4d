"""A fixed corpus of cases, and which of them a gate answers otherwise than it should."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from risk.gate import Review
from risk.limits import DaySoFar, Degrees, Desk, Limits, OrderCaps, PortfolioLimits, Resize
from services.domain.events import Deferred, Halt
from services.domain.orders import Intent, LimitUse, OrderTerms, Refusal, Rule, Side
from tests.unit.gate_desk import (
    CHINEXT,
    FUND,
    MAIN,
    OTHER,
    TUE,
    at,
    bars,
    book,
    buy,
    d,
    desk,
    exit_of,
    lot,
    quote,
    sell,
    working,
)
from tests.unit.gate_resizes import CASES, NO_ORDER_LEFT
from tests.unit.gate_rows import ROWS, Situation

LATER = at(TUE, "10:37")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The gate's three verbs."""

    review: Callable[[Sequence[Intent], Desk], Review]
    fund: Callable[..., Review]
    breaches: Callable[..., tuple[Halt, ...]]


def red(gate: Gate) -> Iterator[str]:
    """Yield the name of each case that the gate answers wrongly."""
    for place, (rule, over, inside) in enumerate(ROWS):
        if _verdict(gate, over) is not rule:
            yield f"row {place}, {rule}: lets through, or by another rule"
        if _verdict(gate, inside) is not None:
            yield f"row {place}, {rule}: refuses what is inside"
    yield from _resized(gate)
    for name, right in SCENES:
        if not right(gate):
            yield name


def _verdict(gate: Gate, situation: Situation) -> Rule | None:
    at_desk, intents = situation
    refused = gate.review(intents, at_desk).verdicts.refused
    return refused[0].rule if refused else None


def _resized(gate: Gate) -> Iterator[str]:
    for one in CASES:
        policies = [one.policy] if one.policy else []
        verdicts = gate.review(one.asked, one.with_policies(*policies)).verdicts
        if [(step.rule, step.asked, step.shares) for step in verdicts.changed] != list(one.steps):
            yield f"resize {one.policy} {one.steps}"
        bare = gate.review(one.asked, one.with_policies()).verdicts
        if one.policy and _rules(bare.refused) != [one.steps[0][0]]:
            yield f"no resize {one.policy} {one.steps}"
    for one in NO_ORDER_LEFT:
        if _rules(gate.review(one.asked, one.with_policies(*Resize)).verdicts.refused) != [one.steps[0][0]]:
            yield f"nothing left {one.policy} {one.steps}"


def _rules(refused: Sequence[Refusal]) -> list[Rule]:
    return [one.rule for one in refused]


def _sent(terms: Sequence[OrderTerms]) -> list[tuple[Side, str, int]]:
    return [(one.side, one.symbol, one.shares) for one in terms]


HOLDS = lot(MAIN, 300)
NO_COUNTS = OrderCaps(orders_session_max=None, orders_day_max=None)
GROSS = Limits(portfolio=PortfolioLimits(gross_ratio_max=d("0.3")))


def _sells_pay_for_buys(gate: Gate) -> bool:
    """10.52 and the 994.49 that the sell brings at the least are the 1005.01 of the buy, to the cent."""
    enough, short = (
        gate.review([buy(OTHER), sell()], desk(account=book(HOLDS, cash=cash))).verdicts
        for cash in ("10.52", "10.51")
    )
    waits = [(one.terms.symbol, one.short_cny) for one in enough.deferred] == [(OTHER, d("994.49"))]
    return (
        waits and _sent(enough.approved) == [(Side.SELL, MAIN, 100)] and _rules(short.refused) == [Rule.CASH]
    )


def _cash_is_given_once(gate: Gate) -> bool:
    """The sell brings 2993.47, of which the first buy takes 1005.02: not enough is left for the second."""
    verdicts = gate.review(
        [sell(shares=300), buy(OTHER, 200), buy(FUND, 200)], desk(account=book(HOLDS, cash="1000.00"))
    ).verdicts
    return len(verdicts.deferred) == 1 and _rules(verdicts.refused) == [Rule.CASH]


def _an_exit_goes_whatever_the_mind_wants(gate: Gate) -> bool:
    """The decision's buy contradicts it and its sell repeats it: both are refused, the exit is not."""
    verdicts = gate.review([exit_of(), sell(), buy()], desk(account=book(HOLDS))).verdicts
    rules = [Rule.DUPLICATE, Rule.CONTRADICTORY]
    return len(verdicts.approved) == 1 and _rules(verdicts.refused) == rules


def _waiting(gate: Gate) -> tuple[tuple[Deferred, ...], Desk]:
    """Return the buys of 100 OTHER and 100 FUND that wait for sells, and the desk they were judged at."""
    at_desk = desk(account=book(lot(MAIN, 600), cash="20.00"), equity="10000.00")
    return gate.review([sell(shares=400), buy(OTHER), buy(FUND)], at_desk).verdicts.deferred, at_desk


def _funds_what_the_cash_pays(gate: Gate) -> bool:
    waiting, at_desk = _waiting(gate)
    both, one = (
        gate.fund(waiting, replace(at_desk, book=book(cash=cash)), LATER).verdicts
        for cash in ("2010.01", "2010.00")
    )
    return len(both.approved) == 2 and _rules(one.refused) == [Rule.CASH]


def _keeps_the_reserve_when_it_funds(gate: Gate) -> bool:
    waiting, at_desk = _waiting(gate)
    kept = replace(at_desk, limits=Limits(cash_reserve_cny_min=d("500.00")), book=book(cash="2510.00"))
    return _rules(gate.fund(waiting, kept, LATER).verdicts.refused) == [Rule.CASH_RESERVE]


def _funds_nothing_beside_an_open_order(gate: Gate) -> bool:
    waiting, at_desk = _waiting(gate)
    unsure = replace(at_desk, book=book(open_orders=(working(OTHER),)))
    return _rules(gate.fund(waiting, unsure, LATER).verdicts.refused) == [Rule.UNRESOLVED]


def _funds_what_the_portfolio_bears(gate: Gate) -> bool:
    """2000.00 and 1000.00 are the 30 % of 10 000.00 that may be invested; the second thousand is not."""
    waiting, at_desk = _waiting(gate)
    left = replace(at_desk, limits=GROSS, book=book(lot(MAIN, 200), cash="8000.00"))
    verdicts = gate.fund(waiting, left, LATER).verdicts
    return _rules(verdicts.refused) == [Rule.GROSS_EXPOSURE] and len(verdicts.approved) == 1


def _freezes_what_a_smaller_buy_costs(gate: Gate) -> bool:
    """Of 1000 that waited the room the sell left bears 400: 4000.00, 5.00 commission, 0.04 transfer fee."""
    limits = Limits(resize=(Resize.CAP,), portfolio=PortfolioLimits(gross_ratio_max=d("0.1")))
    at_desk = desk(account=book(lot(OTHER, 1000), cash="90000.00"), limits=limits, equity="100000.00")
    waiting = gate.review([sell(OTHER, 1000), buy(shares=1000)], at_desk).verdicts.deferred
    left = replace(at_desk, book=book(lot(OTHER, 600), cash="94000.00"))
    approved = gate.fund(waiting, left, LATER).verdicts.approved
    return [(one.shares, one.freeze_cny) for one in approved] == [(400, d("4005.04"))]


def _waits_for_room(gate: Gate) -> bool:
    """3000.00 are all that may be invested: with the cash there, the buy waits for the sell.

    One limit alone forbids it before; the other, on a single position, does not.
    """
    limits = replace(GROSS, position_ratio_max=d("0.9"))
    full = desk(account=book(HOLDS, cash="7000.00"), limits=limits, equity="10000.00")
    verdicts = gate.review([sell(), buy(OTHER)], full).verdicts
    return len(verdicts.deferred) == 1 and _sent(verdicts.approved) == [(Side.SELL, MAIN, 100)]


def _waits_for_nothing_else(gate: Gate) -> bool:
    rich = desk(account=book(HOLDS), limits=GROSS, equity="100000.00")
    return len(gate.review([sell(), buy(OTHER)], rich).verdicts.approved) == 2


def _watches(gate: Gate) -> bool:
    shadow = Limits(degrees=Degrees(shadow=True))
    judged = gate.review([sell(), buy(OTHER)], desk(account=book(HOLDS, cash="20.00"), limits=shadow))
    verdicts = judged.verdicts
    nothing = not (judged.approved or verdicts.approved or verdicts.deferred)
    return nothing and _sent(verdicts.shadow) == [(Side.SELL, MAIN, 100), (Side.BUY, OTHER, 100)]


def _a_smaller_hedge_is_judged_again(gate: Gate) -> bool:
    """1000 MAIN make up for 1000 OTHER, 500 for half of what those may lose: 500.00 of 400.00."""
    ups = [0.1, -0.1] * 5
    limits = Limits(resize=(Resize.CASH,), portfolio=PortfolioLimits(var_ratio_max=d("0.004"), var_bars=10))
    at_desk = desk(
        account=book(lot(OTHER, 1000), cash="5100.00"),
        limits=limits,
        equity="100000.00",
        history=bars({MAIN: [-one for one in ups], OTHER: ups}),
    )
    return _rules(gate.review([buy(shares=1000)], at_desk).verdicts.refused) == [Rule.VAR]


def _use(gate: Gate) -> bool:
    limits = Limits(portfolio=PortfolioLimits(gross_ratio_max=d("0.5")))
    verdicts = gate.review([buy()], desk(limits=limits, equity="10000.00")).verdicts
    gross = LimitUse(rule=Rule.GROSS_EXPOSURE, used=d("0.100000"), allowed=d("0.5"))
    return gross in verdicts.used


def _halts(gate: Gate) -> bool:
    limits = Limits(portfolio=PortfolioLimits(drawdown_ratio_max=d("0.2"), losing_sales_max=3))

    def by(equity: str | None, losing: int) -> list[str]:
        known = None if equity is None else Decimal(equity)
        found = gate.breaches(limits, equity_cny=known, peak_equity_cny=d("100.00"), losing_sales=losing)
        return [one.by for one in found]

    return [by("80.01", 2), by("80.00", 2), by("80.01", 3), by(None, 3), by("80.00", 3)] == [
        [],
        ["drawdown"],
        ["losing_streak"],
        ["losing_streak"],
        ["drawdown", "losing_streak"],
    ]


def _halts_by_the_capital(gate: Gate) -> bool:
    """A fifth of the 50.00 let go live are 10.00 of a peak of 100.00; of a peak of 40.00 they are 8.00."""
    limits = Limits(
        portfolio=PortfolioLimits(drawdown_ratio_max=d("0.2")), degrees=Degrees(capital_cny_max=d("50.00"))
    )

    def halts(equity: str, peak: str) -> bool:
        found = gate.breaches(limits, equity_cny=d(equity), peak_equity_cny=d(peak), losing_sales=0)
        return bool(found)

    of_capital = [halts("90.00", "100.00"), halts("90.01", "100.00")]
    return [*of_capital, halts("32.00", "40.00"), halts("32.01", "40.00")] == [True, False, True, False]


def _asks_once(gate: Gate) -> bool:
    """What was refused is not asked again in another size."""
    buys = gate.review([buy(shares=900_000), buy()], desk(account=book(cash="5000.00"))).verdicts
    sells = gate.review([sell(shares=400), sell()], desk(account=book(HOLDS))).verdicts
    told = [_rules(buys.refused), _rules(sells.refused)]
    return told == [[Rule.CASH, Rule.DUPLICATE], [Rule.POSITION, Rule.DUPLICATE]]


def _loses_what_it_says(gate: Gate) -> bool:
    """Down 2000.00 of 50 000.00 that day and 5000.00 from the peak, of which the capital is 20 000.00."""
    limits = Limits(
        caps=NO_COUNTS,
        daily_loss_ratio_max=d("0.3"),
        portfolio=PortfolioLimits(drawdown_ratio_max=d("0.5")),
        degrees=Degrees(capital_cny_max=d("20000.00")),
    )
    at_desk = desk(limits=limits, equity="48000.00", day_equity="50000.00", peak="53000.00")
    told = [(one.rule, one.used) for one in gate.review([buy()], at_desk).verdicts.used]
    unknown = replace(at_desk, unpriced=(OTHER,))
    return told[:2] == [(Rule.DAILY_LOSS, d("0.1")), (Rule.DRAWDOWN, d("0.25"))] and not any(
        one.rule in (Rule.DAILY_LOSS, Rule.DRAWDOWN) for one in gate.review([buy()], unknown).verdicts.used
    )


def _counts_what_may_need_a_cancel(gate: Gate) -> bool:
    """5 of the day, the cancel of the open order, and two new orders with theirs."""
    at_desk = desk(
        account=book(open_orders=(working(FUND),)),
        limits=Limits(caps=replace(NO_COUNTS, orders_day_max=20)),
        today=DaySoFar(orders=3, cancels=2),
    )
    verdicts = gate.review([buy(), buy(OTHER)], at_desk).verdicts
    return [one.used for one in verdicts.used] == [d("10")]


def _tells_the_largest_order(gate: Gate) -> bool:
    """Of 1000.00, 3000.00 and 2000.00; an exit of 4000.00 is not bound and does not count."""
    at_desk = desk(
        account=book(lot(MAIN, 400)), limits=Limits(caps=replace(NO_COUNTS, order_cny_max=d("5000.00")))
    )
    asked = [exit_of(shares=400), buy(OTHER), buy(FUND, 300), buy(CHINEXT, 200)]
    verdicts = gate.review(asked, at_desk).verdicts
    bound = LimitUse(rule=Rule.ORDER_CNY, used=d("3000"), allowed=d("5000.00"), subject=FUND)
    return verdicts.used == (bound,) and gate.review([exit_of()], at_desk).verdicts.used == (
        LimitUse(rule=Rule.ORDER_CNY, used=d("0"), allowed=d("5000.00")),
    )


def _tells_what_was_funded(gate: Gate) -> bool:
    """The sell of 4000.00 left before; of the buys the cash pays one, for 1000.00."""
    waiting, at_desk = _waiting(gate)
    caps = replace(NO_COUNTS, orders_session_max=9, orders_day_max=9, notional_cny_session_max=d("9000.00"))
    limits = Limits(caps=caps, portfolio=PortfolioLimits(gross_ratio_max=d("0.9")))
    left = replace(at_desk, limits=limits, book=book(lot(MAIN, 500), cash="1030.00"))
    sold = gate.review([sell(shares=400)], at_desk).verdicts.approved
    verdicts = gate.fund(waiting, left, LATER, sold).verdicts
    # 100 OTHER are paid for, 100 FUND are not: 500 MAIN and those are 6000.00 of 10 000.00.
    told = [(one.rule, one.used, one.subject) for one in verdicts.used]
    return told == [
        (Rule.ORDER_COUNT, d("2"), "session"),
        (Rule.ORDER_COUNT, d("3"), "day"),  # The sell is over; the buy may need a cancel.
        (Rule.NOTIONAL, d("5000"), "session"),
        (Rule.GROSS_EXPOSURE, d("0.6"), ""),
    ]


def _bounds_the_unknown_sector_in_what_it_tells(gate: Gate) -> bool:
    """1000.00 of 10 000.00 are in a sector nobody states, held to the bound of any other."""
    limits = Limits(caps=NO_COUNTS, portfolio=PortfolioLimits(sector_ratio_max=d("0.5")))
    verdicts = gate.review([buy()], desk(limits=limits, equity="10000.00")).verdicts
    return verdicts.used == (LimitUse(rule=Rule.SECTOR, used=d("0.1"), allowed=d("0.5")),)


def _tells_what_is_left_below_the_reserve(gate: Gate) -> bool:
    """A sale that costs 0.05 CNY more than it brings leaves 999.95, below the 1000.00 that must stay."""
    penny = quote(last="0.05", prev="0.05")
    limits = Limits(caps=NO_COUNTS, cash_reserve_cny_min=d("1000.00"))
    at_desk = desk(penny, account=book(lot(MAIN, 99), cash="1000.00"), limits=limits)
    verdicts = gate.review([sell(shares=99, limit="0.05")], at_desk).verdicts
    return verdicts.used == (LimitUse(rule=Rule.CASH_RESERVE, used=d("1000.00"), allowed=d("999.95")),)


SCENES: tuple[tuple[str, Callable[[Gate], bool]], ...] = (
    ("sells pay for buys, to the cent", _sells_pay_for_buys),
    ("an exit goes whatever the mind wants", _an_exit_goes_whatever_the_mind_wants),
    ("cash is given once", _cash_is_given_once),
    ("funds what the cash pays", _funds_what_the_cash_pays),
    ("keeps the reserve when it funds", _keeps_the_reserve_when_it_funds),
    ("funds nothing beside an open order", _funds_nothing_beside_an_open_order),
    ("funds what the portfolio bears", _funds_what_the_portfolio_bears),
    ("freezes what a smaller buy costs", _freezes_what_a_smaller_buy_costs),
    ("a buy waits for the room a sell makes", _waits_for_room),
    ("and for nothing else", _waits_for_nothing_else),
    ("a shadow account sends nothing", _watches),
    ("a smaller hedge is judged again", _a_smaller_hedge_is_judged_again),
    ("the use of limits is told", _use),
    ("limits halt the account", _halts),
    ("by the capital let go live", _halts_by_the_capital),
    ("a symbol and side is asked for once", _asks_once),
    ("losses are told, of the capital", _loses_what_it_says),
    ("a cancel that may be needed counts", _counts_what_may_need_a_cancel),
    ("the largest order is told", _tells_the_largest_order),
    ("what was funded is told", _tells_what_was_funded),
    ("the unknown sector is told", _bounds_the_unknown_sector_in_what_it_tells),
    ("what is left below the reserve is told", _tells_what_is_left_below_the_reserve),
)
