"""What holds of every portfolio the gate ever leaves behind, whatever was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest

from risk.gate import Review, fund, review
from risk.limits import (
    DaySoFar,
    Degrees,
    Desk,
    Limits,
    OrderCaps,
    PortfolioLimits,
    Resize,
    Sizing,
    SizingMethod,
)
from services.domain.book import Book, Lot
from services.domain.instruments import Kind, Symbol
from services.domain.orders import Intent, OrderTerms, Side
from tests.unit.gate_desk import (
    ALL,
    BSE,
    CHINEXT,
    FUND,
    MAIN,
    MON,
    OTHER,
    STAR,
    TUE,
    at,
    bars,
    book,
    d,
    desk,
    lot,
    of_kind,
    quote,
)

SECTORS = {MAIN: "bank", OTHER: "bank", CHINEXT: "drink"}
WAVES = {
    MAIN: [0.05, -0.05, 0.02, -0.01, 0.03, -0.02],
    OTHER: [0.04, -0.06, 0.01, 0.01, 0.02, -0.03],
    CHINEXT: [-0.05, 0.05, -0.02, 0.01, -0.03, 0.02],
    STAR: [0.01, 0.02, -0.07, 0.01, -0.01, 0.04],
    FUND: [0.01, 0.01, 0.01, -0.01, -0.01, -0.01],
}  # BSE has no bars.
HISTORY = bars(WAVES)

SEEDS, CASES = 10, 500
"""Cases a seed."""


def seldom(chance: Random, *values: str) -> Decimal | None:
    """Return mostly None: with every limit set at once nothing would pass, and nothing be tested."""
    return d(chance.choice(values)) if chance.random() < 0.12 else None


def ratio(chance: Random) -> Decimal | None:
    return seldom(chance, "0.1", "0.2", "0.35")


def money(chance: Random) -> Decimal | None:
    return seldom(chance, "2000.00", "9000.00", "30000.00")


def pairs(chance: Random) -> int | None:
    """Return a bound on orders and the cancel that each may need."""
    most = few(chance)
    return None if most is None else 2 * most + chance.randint(0, 1)


def few(chance: Random) -> int | None:
    return chance.choice([0, 1, 2, 4]) if chance.random() < 0.06 else None


def any_limits(chance: Random) -> Limits:
    return Limits(
        position_ratio_max=ratio(chance),
        cash_reserve_cny_min=seldom(chance, "3000.00", "30000.00") or d("0.00"),
        resize=tuple(one for one in Resize if chance.random() < 0.4),
        caps=OrderCaps(
            order_cny_max=money(chance),
            orders_session_max=few(chance),
            orders_day_max=pairs(chance),
            notional_cny_session_max=money(chance),
            notional_cny_day_max=money(chance),
            turnover_ratio_session_max=ratio(chance),
            turnover_ratio_day_max=ratio(chance),
        ),
        portfolio=PortfolioLimits(
            sector_ratio_max=ratio(chance),
            sector_unknown_ratio_max=ratio(chance),
            industries=SECTORS,
            gross_ratio_max=seldom(chance, "0.3", "0.5", "0.8"),
            correlation_max=seldom(chance, "0.6"),
            correlation_bars=6,
            var_ratio_max=seldom(chance, "0.005", "0.03"),
            var_bars=6,
        ),
        sizing=Sizing(
            method=chance.choice(list(SizingMethod)) if chance.random() < 0.2 else SizingMethod.MODEL,
            bars=6,
            ratio=d("0.3"),
        ),
        degrees=Degrees(shadow=chance.random() < 0.1, capital_cny_max=money(chance)),
    )


def any_want(chance: Random, symbol: Symbol, index: int) -> Intent:
    limit = d(f"{chance.uniform(9.80, 10.20):.2f}") if chance.random() < 0.7 else None
    weighs, side = chance.random() < 0.2, chance.choice([Side.BUY, Side.BUY, Side.SELL])
    return Intent(
        symbol=symbol,
        side=side,
        limit_cny=limit,
        shares=None if weighs else chance.choice([1, 2, 5, 10, 20]) * 100 + chance.choice([0, 0, 0, 50]),
        target_weight=d(chance.choice(["0", "0.05", "0.1", "0.2", "0.5"])) if weighs else None,
        index=index,
    )


def any_case(chance: Random) -> tuple[list[Intent], Desk]:
    """Return what a mind wants, seldom twice of one symbol, and the desk it is judged at."""
    symbols = chance.sample(ALL, chance.randint(1, len(ALL)))
    if chance.random() < 0.2:
        symbols.append(symbols[0])
    held = [
        lot(symbol, shares, f"{shares * 10}.00", chance.choice([MON, MON, TUE]))
        for symbol in chance.sample(ALL, chance.randint(0, 4))
        for shares in (chance.choice([100, 300, 700, 1500]),)
    ]
    today = DaySoFar(
        orders=chance.randint(0, 3),
        cancels=chance.randint(0, 2),
        notional_cny=d(chance.choice(["0.00", "4000.00"])),
    )
    cash = d(f"{chance.choice([2000, 20000, 60000, 100000]) * chance.random():.2f}")
    wants = [any_want(chance, symbol, index) for index, symbol in enumerate(symbols)]
    return wants, a_desk(held, cash, any_limits(chance), today)


def a_desk(held: list[Lot], cash: Decimal, limits: Limits, today: DaySoFar) -> Desk:
    equity = cash + sum((one.shares * d("10.00") for one in held), d("0.00"))
    return desk(
        *(quote(symbol) for symbol in ALL),
        account=book(*held, cash=cash),
        limits=limits,
        equity=equity,
        day_equity=equity,
        history=HISTORY,
        today=today,
        instruments=of_kind(FUND, Kind.ETF_GOLD_T0),
    )


def passed(judged: Review) -> list[OrderTerms]:
    verdicts = judged.verdicts
    waiting = [one.terms for one in verdicts.deferred]
    return [*verdicts.approved, *verdicts.waiting, *waiting, *verdicts.shadow]


def held_after(account: Book, sent: Iterable[OrderTerms]) -> dict[Symbol, int]:
    shares = dict(account.holdings())
    for terms in sent:
        sign = 1 if terms.side is Side.BUY else -1
        shares[terms.symbol] = shares.get(terms.symbol, 0) + sign * terms.shares
    return {symbol: count for symbol, count in shares.items() if count}


def over_the_limits(at_desk: Desk, sent: list[OrderTerms], values: Mapping[Symbol, Decimal]) -> list[str]:
    """Return which bound the bought portfolio breaks, worked out from nothing but its values."""
    limits, bounds = at_desk.limits, at_desk.limits.portfolio
    equity, capital = at_desk.equity_cny, limits.degrees.capital_cny_max
    base = equity if capital is None else min(capital, equity)
    gross = sum(values.values(), d("0"))
    by_sector: dict[str, Decimal] = {}
    for symbol, value in values.items():
        sector = SECTORS.get(symbol, "")
        by_sector[sector] = by_sector.get(sector, d("0")) + value
    bought = {terms.symbol for terms in sent if terms.side is Side.BUY}
    touched = {SECTORS.get(symbol, "") for symbol in bought}
    checks = [("gross", gross, bounds.gross_ratio_max, base), ("capital", gross, capital, d("1"))]
    checks += [("position", values[one], limits.position_ratio_max, base) for one in bought]
    for sector in touched:
        most = bounds.sector_ratio_max if sector else bounds.sector_unknown_ratio_max
        checks.append((f"sector {sector}", by_sector[sector], most, base))
    if not bought:
        return []
    return [name for name, value, most, of in checks if most is not None and value > most * of]


def values_of(at_desk: Desk, account: Book, sent: list[OrderTerms]) -> dict[Symbol, Decimal]:
    """Return what is held after the orders: bought shares at their limit, the others at 10.00."""
    left = held_after(account, [terms for terms in sent if terms.side is Side.SELL])
    values = {symbol: shares * d("10.00") for symbol, shares in left.items()}
    for terms in sent:
        if terms.side is Side.BUY:
            before = values.get(terms.symbol, d("0"))
            values[terms.symbol] = before + terms.shares * terms.limit_cny
    return values


def in_count_and_sum(at_desk: Desk, sent: list[OrderTerms]) -> bool:
    """Answer whether the orders keep to the counts, and those of a mind to the sums."""
    caps, today = at_desk.limits.caps, at_desk.today
    amounts = [terms.shares * terms.limit_cny for terms in sent]
    whole, equity = sum(amounts, d("0")), at_desk.equity_cny
    waits = len(at_desk.book.open_orders)  # Each may still need a cancel.
    capital = at_desk.limits.degrees.capital_cny_max
    base = equity if capital is None else min(capital, equity)
    bounds = [
        (max(amounts, default=d("0")), caps.order_cny_max, d("1")),
        (whole, caps.notional_cny_session_max, d("1")),
        (whole + today.notional_cny if sent else d("0"), caps.notional_cny_day_max, d("1")),
        (whole, caps.turnover_ratio_session_max, base),
        (whole + today.notional_cny if sent else d("0"), caps.turnover_ratio_day_max, base),
        (d(str(len(sent))), caps.orders_session_max, d("1")),
        (
            d(str(2 * len(sent) + today.orders + today.cancels + waits)) if sent else d("0"),
            caps.orders_day_max,
            d("1"),
        ),
    ]
    return all(most is None or used <= most * of for used, most, of in bounds)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_was_asked_the_portfolio_afterwards_obeys_every_limit(seed):
    chance, bought = Random(seed), 0
    for _ in range(CASES):
        wants, at_desk = any_case(chance)
        bought += _holds(wants, at_desk, filled=chance.randint(0, 2))

    assert bought > CASES / 2  # Else nothing was tested.


def _holds(wants: list[Intent], at_desk: Desk, filled: int) -> int:
    """Return how many buys were let through, after all that must hold of them was seen to hold."""
    limits = at_desk.limits
    judged = review(wants, at_desk)
    sent = passed(judged)

    assert len(sent) + len(judged.verdicts.refused) == len(wants)
    assert over_the_limits(at_desk, sent, values_of(at_desk, at_desk.book, sent)) == []
    assert in_count_and_sum(at_desk, sent)
    _asked_for(wants, sent)
    for change in judged.verdicts.changed:
        assert 0 < change.shares < change.asked
    assert not (limits.degrees.shadow and judged.approved)
    # What is bought at once obeys them though not one sell is filled.
    at_once = [terms for terms in judged.verdicts.approved if terms.side is Side.BUY]
    assert over_the_limits(at_desk, at_once, values_of(at_desk, at_desk.book, at_once)) == []
    # Of the sells some are filled by half or not at all: what is funded then obeys the limits as well.
    account = _after_sells(at_desk, judged, filled)
    funded = fund(judged.verdicts.deferred, replace(at_desk, book=account), at(TUE, "10:37"))
    bought = list(funded.verdicts.approved)
    assert over_the_limits(at_desk, bought, values_of(at_desk, account, bought)) == []
    for change in funded.verdicts.changed:
        assert 0 < change.shares < change.asked
    assert sum((terms.freeze_cny for terms in bought), d("0")) <= max(
        d("0"), account.cash_cny - limits.cash_reserve_cny_min
    )
    return sum(terms.side is Side.BUY for terms in sent)


def _asked_for(wants: list[Intent], sent: list[OrderTerms]) -> None:
    """Nothing goes out that was not asked for, and no more of it."""
    for terms in sent:
        same = [one for one in wants if (one.symbol, one.side) == (terms.symbol, terms.side)]
        assert same
        if all(one.shares is not None for one in same):
            assert terms.shares <= max(one.shares for one in same)


def _after_sells(at_desk: Desk, judged: Review, half: int) -> Book:
    """Return the account after its sells filled in halves: none, one, both; and after its paid buys."""
    account = at_desk.book
    shares = dict(account.holdings())
    cash = account.cash_cny
    for terms in judged.verdicts.approved:
        if terms.side is Side.SELL:
            sold = terms.shares * half // 2
            shares[terms.symbol] -= sold
            cash += sold * terms.limit_cny
        else:
            shares[terms.symbol] = shares.get(terms.symbol, 0) + terms.shares
            cash -= terms.freeze_cny
    left = [lot(symbol, count) for symbol, count in shares.items() if count]
    return book(*left, cash=max(cash, d("0")))


@pytest.mark.parametrize("filled", [0, 1, 2])
def test_paid_buys_never_lean_on_sells_that_may_not_be_filled(filled):
    """A half of the account may be invested, and is: what may be bought at once is nothing."""
    limits = Limits(portfolio=PortfolioLimits(gross_ratio_max=d("0.5")), resize=(Resize.CAP,))
    at_desk = a_desk([lot(MAIN, 3000)], d("30000.00"), limits, DaySoFar())
    wants = [
        Intent(symbol=MAIN, side=Side.SELL, shares=2000, limit_cny=d("10.00")),
        Intent(symbol=BSE, side=Side.BUY, shares=1500, limit_cny=d("10.00"), index=1),
    ]

    judged = review(wants, at_desk)
    account = _after_sells(at_desk, judged, filled)
    funded = fund(judged.verdicts.deferred, replace(at_desk, book=account), at(TUE, "10:37"))

    assert [terms.side for terms in judged.verdicts.approved] == [Side.SELL]
    assert [terms.shares for terms in funded.verdicts.approved] == {0: [], 1: [1000], 2: [1500]}[filled]
