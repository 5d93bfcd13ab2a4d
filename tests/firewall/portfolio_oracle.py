"""The independent judge of the account as a whole: caps, ratios and cash after every order that passed.

It adds up on its own what would be held, and never asks `risk`. Sizes and prices come in fractions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from risk.limits import Desk, SizingMethod
from services.domain.events import Verdicts
from services.domain.instruments import Symbol
from services.domain.orders import OrderTerms, Origin, Side
from tests.exchange_market import CN
from tests.firewall import exchange_facts as facts
from tests.firewall import history_oracle
from tests.firewall.oracle import cost, in_order, weighed
from tests.firewall.scenes import Scene


@dataclass(slots=True)
class Held:
    """What would be held of one symbol, and what it would be worth."""

    shares: int
    value: Fraction


def judge_account(scene: Scene, verdicts: Verdicts) -> Iterator[str]:
    """Yield what is wrong with all that a review let through, taken together."""
    orders = in_order(verdicts)
    yield from _counted(scene.desk, orders)
    yield from _traded(scene.desk, orders)
    yield from _paid(scene, verdicts)
    yield from _portfolio(scene.desk, orders)


def judge_funded(
    scene: Scene, after: Desk, deferred: Sequence[OrderTerms], verdicts: Verdicts
) -> Iterator[str]:
    """Yield what is wrong with the buys that a second look let through after the sells."""
    before = {one.order_id: one for one in deferred}
    for terms in verdicts.approved:
        first = before.get(terms.order_id)
        if first is None or terms.shares > first.shares or terms.limit_cny != first.limit_cny:
            yield f"funded {terms.symbol} grew or is new"
        else:
            yield from _funded(scene, after, terms)
    if len(verdicts.approved) + len(verdicts.refused) != len(deferred):
        yield "a deferred buy has no verdict"
    spent = sum((Fraction(one.freeze_cny) for one in verdicts.approved), Fraction(0))
    if verdicts.approved and spent > _spendable(after):
        yield f"funded buys freeze {float(spent)} of {float(_spendable(after))}"
    yield from _portfolio(after, list(verdicts.approved))


def _funded(scene: Scene, after: Desk, terms: OrderTerms) -> Iterator[str]:
    board, truth = facts.board_of(terms.symbol, after.day) or "", scene.truths[terms.symbol]
    if any(one.symbol == terms.symbol for one in after.book.open_orders):
        yield f"funded {terms.symbol} while an order in it is open"
    at_close = facts.phase(truth, board, after.day, after.local) == "after"
    if not facts.lot_is_valid(board, True, terms.shares, 0, at_close):
        yield f"funded {terms.shares} {terms.symbol}: no valid size"
    end = facts.phase_end(truth, board, after.day, after.local)
    if not after.moment <= terms.send_by <= datetime.combine(after.day, end, CN):
        yield f"funded {terms.symbol} may be sent until {terms.send_by}"
    if Fraction(terms.freeze_cny) != cost(after, truth, board, terms):
        yield f"funded {terms.symbol} freezes {terms.freeze_cny}"


def _amount(terms: OrderTerms) -> Fraction:
    return Fraction(terms.limit_cny) * terms.shares


def _counted(desk: Desk, orders: Sequence[OrderTerms]) -> Iterator[str]:
    caps, count = desk.limits.caps, len(orders)
    before = desk.today.orders + desk.today.cancels + len(desk.book.open_orders)
    if caps.orders_session_max is not None and count > caps.orders_session_max:
        yield f"{count} orders in a session of at most {caps.orders_session_max}"
    # Each order may need a cancel, also one that is still open.
    if count and caps.orders_day_max is not None and before + 2 * count > caps.orders_day_max:
        yield f"{before + 2 * count} orders and cancels in a day of at most {caps.orders_day_max}"
    if count > caps.orders_per_second_max * desk.limits.order_ttl_s:
        yield f"{count} orders in {desk.limits.order_ttl_s} s"


def _traded(desk: Desk, orders: Sequence[OrderTerms]) -> Iterator[str]:
    """Yield the mind's orders that go over a cap on amounts; exits count, and are not bound."""
    caps, total = desk.limits.caps, Fraction(0)
    base, known = weighed(desk), not _unpriced(desk)
    today = Fraction(desk.today.notional_cny)
    bounds = [
        (caps.notional_cny_session_max, Fraction(0), Fraction(1)),
        (caps.notional_cny_day_max, today, Fraction(1)),
    ]
    ratios = [
        (caps.turnover_ratio_session_max, Fraction(0), base),
        (caps.turnover_ratio_day_max, today, base),
    ]
    for terms in orders:
        total += _amount(terms)
        if terms.origin is Origin.EXIT:
            continue
        if caps.order_cny_max is not None and _amount(terms) > Fraction(caps.order_cny_max):
            yield f"{terms.symbol}: {float(_amount(terms))} CNY in one order"
        if not known and any(most is not None for most, _, _ in ratios):
            yield f"{terms.symbol}: turnover of an equity that is not known"
        for most, before, unit in (*bounds, *ratios):
            if most is not None and before + total > Fraction(most) * unit:
                yield f"{terms.symbol}: {float(before + total)} CNY traded, at most {most} of {float(unit)}"


def _spendable(desk: Desk) -> Fraction:
    book = desk.book
    frozen = sum((Fraction(one.frozen_cny) for one in book.open_orders), Fraction(0))
    return Fraction(book.cash_cny) - frozen - Fraction(desk.limits.cash_reserve_cny_min)


def _paid(scene: Scene, verdicts: Verdicts) -> Iterator[str]:
    """Yield where buys are let go that cash cannot pay: now, or with what the sells bring at the least."""
    desk, orders = scene.desk, in_order(verdicts)
    brings = Fraction(0)
    spendable = _spendable(desk)
    for terms in orders:
        if terms.side is Side.SELL:
            board = facts.board_of(terms.symbol, desk.day) or ""
            net = cost(desk, scene.truths[terms.symbol], board, terms) or Fraction(0)
            brings, spendable = (brings + net, spendable) if net > 0 else (brings, spendable + net)
    buys = [one for one in orders if one.side is Side.BUY]
    whole = sum((Fraction(one.freeze_cny) for one in buys), Fraction(0))
    if buys and whole > spendable + brings:
        yield f"buys freeze {float(whole)} CNY of {float(spendable + brings)}, proceeds included"
    now = [one for one in verdicts.approved if one.side is Side.BUY]
    sent = sum((Fraction(one.freeze_cny) for one in now), Fraction(0))
    if now and sent > spendable:
        yield f"buys sent at once freeze {float(sent)} CNY of {float(spendable)}"


def _price(desk: Desk, symbol: Symbol) -> Fraction | None:
    found = desk.snapshot.last(symbol) or desk.first.last(symbol)
    return None if found is None else Fraction(found)


def _unpriced(desk: Desk) -> bool:
    return bool(desk.unpriced) or any(desk.first.last(symbol) is None for symbol in desk.book.holdings())


def _after(desk: Desk, orders: Sequence[OrderTerms]) -> dict[Symbol, Held]:
    """Return what would be held: holdings at the last price, buys let go or still open at their limit."""
    found = {
        symbol: Held(shares, (_price(desk, symbol) or Fraction(0)) * shares)
        for symbol, shares in desk.book.holdings().items()
    }
    for open_one in desk.book.open_orders:
        if open_one.side is Side.BUY:
            one = found.setdefault(open_one.symbol, Held(0, Fraction(0)))
            one.shares += open_one.remaining
            one.value += Fraction(open_one.limit_cny) * open_one.remaining
    for terms in orders:
        one = found.setdefault(terms.symbol, Held(0, Fraction(0)))
        if terms.side is Side.BUY:
            one.shares, one.value = one.shares + terms.shares, one.value + _amount(terms)
        else:
            one.value = one.value * (one.shares - terms.shares) / one.shares
            one.shares -= terms.shares
    return {symbol: one for symbol, one in found.items() if one.shares}


def _portfolio(desk: Desk, orders: Sequence[OrderTerms]) -> Iterator[str]:
    """Yield the limits of the portfolio that buys leave exceeded; a portfolio that only sells may be over."""
    buys = [one for one in orders if one.side is Side.BUY]
    if not buys:
        return
    limits, bounds = desk.limits, desk.limits.portfolio
    ratios = (
        *(limits.position_ratio_max, limits.daily_loss_ratio_max, bounds.gross_ratio_max),
        *(bounds.var_ratio_max, bounds.drawdown_ratio_max, limits.degrees.capital_cny_max),
    )
    if _unpriced(desk) and (
        any(one is not None for one in ratios) or limits.sizing.method is not SizingMethod.MODEL
    ):
        yield "ratios of an equity that is not known"
    loss = limits.daily_loss_ratio_max
    before, capital = Fraction(desk.day_equity_cny), limits.degrees.capital_cny_max
    lost_of = before if capital is None else min(before, Fraction(capital))
    if loss is not None and before - Fraction(desk.equity_cny) >= Fraction(loss) * lost_of:
        yield "buys on a day that lost too much"
    after, base, scale = _after(desk, orders), weighed(desk), history_oracle.scale(desk)
    gross = sum((one.value for one in after.values()), Fraction(0))
    if capital is not None and gross > Fraction(capital):
        yield f"{float(gross)} CNY invested of a capital of {capital}"
    if bounds.gross_ratio_max is not None and gross > Fraction(bounds.gross_ratio_max) * scale * base:
        yield f"{float(gross)} CNY invested, at most {bounds.gross_ratio_max} of {float(base)}"
    for terms in buys:
        yield from _position(desk, terms, after[terms.symbol], base * scale)
        yield from _sector(desk, terms, after, base * scale)
        yield from history_oracle.too_large(desk, terms, after[terms.symbol].shares, base * scale)
    yield from history_oracle.too_risky(
        desk, [one.symbol for one in buys], {symbol: one.value for symbol, one in after.items()}, base
    )


def _position(desk: Desk, terms: OrderTerms, held: Held, base: Fraction) -> Iterator[str]:
    most = desk.limits.position_ratio_max
    if most is None:
        return
    worth = max(held.value, held.shares * Fraction(terms.limit_cny))
    if worth > Fraction(most) * base:
        yield f"{terms.symbol} would be {float(worth)} CNY, at most {most} of {float(base)}"


def _sector(desk: Desk, terms: OrderTerms, after: Mapping[Symbol, Held], base: Fraction) -> Iterator[str]:
    bounds = desk.limits.portfolio
    name = bounds.industries.get(terms.symbol, "")
    most = bounds.sector_ratio_max
    if not name and bounds.sector_unknown_ratio_max is not None:
        most = bounds.sector_unknown_ratio_max
    if most is None:
        return
    if _unpriced(desk):
        yield "a sector's part of an equity that is not known"
    worth = sum(
        (one.value for symbol, one in after.items() if bounds.industries.get(symbol, "") == name), Fraction(0)
    )
    if worth > Fraction(most) * base:
        yield f"sector {name!r} would be {float(worth)} CNY, at most {most} of {float(base)}"
