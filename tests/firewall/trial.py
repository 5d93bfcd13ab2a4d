"""One case of the firewall: an answer against a desk, from text to orders, and what the judges find."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from random import Random

from agents.parsing import parse, recordable
from risk.gate import Review, fund, review
from risk.limits import Desk
from services.domain.book import Book, OrderEnded
from services.domain.decision import BadAnswer, Decision, RawAnswer
from services.domain.fills import Fees, Fill, FillId
from services.domain.instruments import Symbol
from services.domain.orders import Intent, OrderState, OrderTerms, Side
from services.journal.codec import decode, encode, kind_of
from tests.firewall import exchange_facts as facts
from tests.firewall.answers import draw_answer
from tests.firewall.oracle import cost, in_order, judge_orders
from tests.firewall.past_parser import draw_raw_intents
from tests.firewall.portfolio_oracle import judge_account, judge_funded
from tests.firewall.scenes import Scene, draw_scene
from tests.firewall.tricks import Hostile

_MAY_PARSE = ("well_formed", "bits")
"""Tricks after which a text may still be a decision; all others spoil the form."""


@dataclass(slots=True, kw_only=True)
class Trial:
    """What came of one case."""

    trick: str
    bad: str = ""
    recoverable: bool = False
    orders: int = 0
    funded: int = 0
    refusals: tuple[str, ...] = ()
    violations: list[str] = field(default_factory=list)
    crash: str = ""
    smallest: str = ""


def drawn(seed: int, number: int) -> tuple[Random, Scene]:
    """Return the chance and the scene of one case, always the same."""
    rng = Random(f"firewall/{seed}/{number}")
    return rng, draw_scene(rng)


def run_case(seed: int, number: int) -> Trial:
    """Return what came of case `number`; a crash is a finding, never raised."""
    trial = Trial(trick="")
    try:
        rng, scene = drawn(seed, number)
        intents = said(rng, scene, trial)
        _run(seed, number, scene, intents, trial)
    except Exception:  # The run counts what no code here may ever raise; it goes on with the next case.
        trial.crash = traceback.format_exc(limit=-8)
    return trial


def said(rng: Random, scene: Scene, trial: Trial) -> tuple[Intent, ...]:
    """Return what the session would put before the gate: exits, and what the answer decides."""
    if rng.random() < 0.08:
        trial.trick = "past_the_parser"
        return (*scene.exits, *draw_raw_intents(rng, scene.shown))
    hostile = draw_answer(rng, scene.shown)
    trial.trick = hostile.trick
    known = (*scene.desk.watchlist, *scene.desk.book.holdings())
    answer = recordable(RawAnswer(text=hostile.text, model="hostile"))
    parsed = parse(answer, frozenset(known))
    _kept_whole(parsed)
    if isinstance(parsed, BadAnswer):
        trial.bad = str(parsed.kind)
        if hostile.trick == "well_formed":
            trial.violations.append(f"a well-formed answer was refused: {parsed.reason}")
        again = _asked_again(hostile, known)
        trial.recoverable = again is not None
        return (*scene.exits, *(again.intents if again else ()))
    if hostile.trick not in _MAY_PARSE:
        trial.violations.append(f"the parser guessed: {hostile.trick} became {len(parsed.intents)} intents")
    return (*scene.exits, *parsed.intents)


def _asked_again(hostile: Hostile, known: Sequence[Symbol]) -> Decision | None:
    """Return the decision of a second answer that says the same within the contract, None where none can."""
    if hostile.mended is None:
        return None
    parsed = parse(RawAnswer(text=hostile.mended, model="mended"), frozenset(known))
    return parsed if isinstance(parsed, Decision) else None


def _kept_whole(value: object) -> None:
    """Raise where a journal could not keep the value and give it back."""
    kind = kind_of(value)
    if decode(kind, 1, encode(value)) != value:
        raise ValueError(f"a journal gives back another {kind}")


def _run(seed: int, number: int, scene: Scene, intents: Sequence[Intent], trial: Trial) -> None:
    judged = review(intents, scene.desk)
    _kept_whole(judged.verdicts)
    orders = in_order(judged.verdicts)
    trial.orders = len(orders)
    trial.refusals = tuple(str(one.rule) for one in judged.verdicts.refused)
    trial.violations += findings(scene, intents, judged)
    if judged.verdicts.deferred:
        # Chance of its own, so that shrinking the intents does not change the fills.
        found, trial.funded = _funded(Random(f"fills/{seed}/{number}"), scene, judged)
        trial.violations += found
        _kept_whole(judged.verdicts)


def findings(scene: Scene, intents: Sequence[Intent], judged: Review) -> list[str]:
    """Return everything that both judges say of a review."""
    return [*judge_orders(scene, intents, judged.verdicts), *judge_account(scene, judged.verdicts)]


def _funded(rng: Random, scene: Scene, judged: Review) -> tuple[list[str], int]:
    """Let the market do something with the orders sent, and judge the deferred buys on what is left."""
    desk = scene.desk
    book = desk.book
    for order in judged.approved:
        book = _met(rng, scene, book, order.terms)
    after = replace(desk, book=book)
    again = fund(judged.verdicts.deferred, after, desk.moment + timedelta(seconds=desk.limits.order_ttl_s))
    waiting = [one.terms for one in judged.verdicts.deferred]
    return list(judge_funded(scene, after, waiting, again.verdicts)), len(again.approved)


def _met(rng: Random, scene: Scene, book: Book, terms: OrderTerms) -> Book:
    """Return the book after an order was filled, in part or whole or not at all, and ended or still works."""
    book = book.after(terms)
    filled = rng.choice((0, terms.shares // 2, terms.shares, terms.shares))
    if filled and (fill := _fill(rng, scene, terms, filled)) is not None:
        brings = fill.amount_cny if terms.side is Side.SELL else -fill.amount_cny
        if book.cash_cny + brings - fill.fees.total >= book.frozen_cny - terms.freeze_cny:
            book = book.after(fill)
    if book.order(terms.order_id) is not None and rng.random() < 0.7:
        book = book.after(OrderEnded(order_id=terms.order_id, state=OrderState.CANCELLED, reason="drawn"))
    return book


def _fill(rng: Random, scene: Scene, terms: OrderTerms, shares: int) -> Fill | None:
    desk, truth = scene.desk, scene.truths[terms.symbol]
    board = facts.board_of(terms.symbol, desk.day) or ""
    better = terms.limit_cny * Decimal(rng.choice(("0", "0", "0.01")))
    price = terms.limit_cny - better if terms.side is Side.BUY else terms.limit_cny + better
    amount = (price * shares).quantize(Decimal("0.01"), ROUND_HALF_UP)
    whole = cost(desk, truth, board, replace(terms, shares=shares, limit_cny=price))
    if whole is None:
        return None
    fees = abs(whole - facts.half_up(Fraction(price) * shares, Fraction(1, 100)))
    return Fill(
        fill_id=FillId(f"F-{terms.order_id}"),
        order_id=terms.order_id,
        symbol=terms.symbol,
        side=terms.side,
        shares=shares,
        price_cny=price,
        amount_cny=amount,
        fees=Fees(commission=Decimal(fees.numerator) / Decimal(fees.denominator)),
        trade_date=desk.day,
        traded_at=desk.moment,
    )


def fails(scene: Scene, desk: Desk, intents: Sequence[Intent]) -> bool:
    """Answer whether the intents break a limit, or anything else, on that desk."""
    try:
        there = replace(scene, desk=desk)
        return bool(findings(there, intents, review(intents, desk)))
    except Exception:  # Whatever it is, it is what is being looked for.
        return True
