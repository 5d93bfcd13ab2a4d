"""An independent judge: is each order that came out inside every limit? It never asks `risk`.

What the exchange takes of one order comes from `exchange_facts`, in fractions. Every finding is one
sentence that names the order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from fractions import Fraction

from risk.limits import Desk, Resize
from services.domain.events import HaltCause, Verdicts
from services.domain.instruments import Fact, Kind
from services.domain.orders import Intent, OrderTerms, Origin, Rule, Side
from services.domain.quotes import Quote
from tests.exchange_market import CN
from tests.firewall import exchange_facts as facts
from tests.firewall.exchange_facts import Truth
from tests.firewall.price_oracle import inside, priced
from tests.firewall.scenes import Scene

_TRADED = ((time(9, 30), time(11, 30)), (time(13), time(14, 57)))
_STOCKS = (facts.MAIN, facts.STAR, facts.CHINEXT, facts.BSE)


def in_order(verdicts: Verdicts) -> list[OrderTerms]:
    """Return every order that passed, sells before buys, exits before the mind's, each by its number."""
    passed = [*verdicts.approved, *verdicts.waiting, *verdicts.shadow]
    passed += [one.terms for one in verdicts.deferred]
    return sorted(passed, key=lambda one: (one.side is Side.BUY, one.origin is Origin.DECISION, one.index))


def judge_orders(scene: Scene, intents: Sequence[Intent], verdicts: Verdicts) -> Iterator[str]:
    """Yield what is wrong with any single order, or with how the intents became verdicts."""
    orders = in_order(verdicts)
    yield from _accounted(intents, orders, verdicts)
    yield from _shadowed(scene.desk, verdicts)
    asked = {(one.origin, one.index): one for one in intents}
    for terms in orders:
        wanted = asked.get((terms.origin, terms.index))
        if wanted is None:
            yield f"{terms.symbol}: an order nobody asked for"
            continue
        for fault in _faults(scene, terms, wanted, verdicts):
            yield f"{terms.side} {terms.shares} {terms.symbol} at {terms.limit_cny}: {fault}"


def _accounted(intents: Sequence[Intent], orders: list[OrderTerms], verdicts: Verdicts) -> Iterator[str]:
    if len(intents) != len(orders) + len(verdicts.refused):
        yield f"{len(intents)} intents became {len(orders)} orders and {len(verdicts.refused)} refusals"
    if len({one.order_id for one in orders}) != len(orders):
        yield "two orders have one id"
    if len({one.symbol for one in orders}) != len(orders):
        yield "two orders in one symbol"
    yield from _asked_again(intents, orders)


def _asked_again(intents: Sequence[Intent], orders: list[OrderTerms]) -> Iterator[str]:
    """Yield each order that is not the first its session asked for of that symbol and side."""
    first: dict[tuple[str, Side], Intent] = {}
    for intent in intents:
        first.setdefault((intent.symbol, intent.side), intent)
    for terms in orders:
        asked = first.get((terms.symbol, terms.side))
        if asked is not None and (asked.origin, asked.index) != (terms.origin, terms.index):
            yield f"{terms.side} {terms.symbol} was asked for before, and this is the second"


def _shadowed(desk: Desk, verdicts: Verdicts) -> Iterator[str]:
    sent = (*verdicts.approved, *verdicts.waiting, *verdicts.deferred)
    if desk.limits.degrees.shadow and sent:
        yield f"{len(sent)} orders sent by an account that only watches"
    if not desk.limits.degrees.shadow and verdicts.shadow:
        yield "an account that trades has shadow orders"


def _faults(scene: Scene, terms: OrderTerms, wanted: Intent, verdicts: Verdicts) -> Iterator[str]:
    desk, truth = scene.desk, scene.truths[terms.symbol]
    board, quote = facts.board_of(terms.symbol, desk.day), desk.snapshot.get(terms.symbol)
    if board is None:
        yield "no exchange trades it that day"
        return
    yield from _may_be_traded(desk, terms)
    yield from _stopped(desk, terms)
    if quote is None or quote.prev_close_cny is None:
        yield "no quote, or none with a previous close"
        return
    yield from _quoted(desk, truth, board, quote)
    yield from _timed(desk, truth, board, terms, verdicts)
    yield from _sized(desk, truth, board, terms, wanted, quote, verdicts)
    yield from priced(desk, truth, board, terms, wanted, quote)
    yield from _frozen(desk, truth, board, terms)


def _may_be_traded(desk: Desk, terms: OrderTerms) -> Iterator[str]:
    buys, held = terms.side is Side.BUY, desk.book.held(terms.symbol)
    if terms.symbol not in desk.watchlist and (buys or not held):
        yield "not on the watchlist"
    allowed = desk.limits.degrees.symbols
    if buys and allowed and terms.symbol not in allowed:
        yield "not among the symbols let go live"


def _stopped(desk: Desk, terms: OrderTerms) -> Iterator[str]:
    exits_go = terms.origin is Origin.EXIT and desk.limits.exits.while_halted
    account, own = desk.halts.get(""), desk.halts.get(terms.symbol)
    unsure = own is not None and own.cause in (HaltCause.UNRESOLVED, HaltCause.RECONCILIATION)
    if (account or own) and (not exits_go or unsure):
        yield "halted"
    if any(one.symbol == terms.symbol for one in desk.book.open_orders):
        yield "an order in it is still open"


def _quoted(desk: Desk, truth: Truth, board: str, quote: Quote) -> Iterator[str]:
    seen = quote.seen_at.astimezone(CN)
    if seen.date() != desk.day or quote.seen_at - desk.moment > timedelta(seconds=2):
        yield f"its quote is of {seen}"
    elif not quote.approximate and _traded_s(seen, desk.moment) > desk.limits.quote_age_s_max:
        yield f"its quote is stale, of {seen}"
    if truth.suspended or quote.suspended:
        yield "suspended"
    low, high = facts.band(truth, board, desk.day, Fraction(quote.prev_close_cny or 0))
    stated = quote.limit_down_cny is not None or quote.limit_up_cny is not None
    if stated and (_fraction(quote.limit_down_cny), _fraction(quote.limit_up_cny)) != (low, high):
        yield f"the quote's limits {quote.limit_down_cny} to {quote.limit_up_cny} are not the day's"
    last = facts.half_up(Fraction(quote.last_cny), facts.tick_of(board))
    if not quote.approximate and not inside(last, low, high):
        yield f"the last price {quote.last_cny} lies outside the day's limits"
    if not (quote.approximate or stated or high is None) and _untold(desk, board, quote):
        yield "what its limits hang on is not known"


def _traded_s(since: datetime, until: datetime) -> float:
    """Return the seconds of continuous trading between two moments of one day, at the least."""
    day, total = since.date(), 0.0
    for start, end in _TRADED:
        begin = max(since, datetime.combine(day, start, CN))
        total += max(0.0, (min(until, datetime.combine(day, end, CN)) - begin).total_seconds())
    return total


def _untold(desk: Desk, board: str, quote: Quote) -> bool:
    told = desk.instruments.get(quote.symbol)
    if board == facts.FUND:
        return told is None
    silent = Fact.RISK_WARNING in desk.unknown.get(quote.symbol, {}) or (told is None and not quote.name)
    return board in _STOCKS and silent


def _timed(desk: Desk, truth: Truth, board: str, terms: OrderTerms, verdicts: Verdicts) -> Iterator[str]:
    now = facts.phase(truth, board, desk.day, desk.local)
    waits = terms in verdicts.waiting
    if now == "shut":
        yield f"no order is taken at {desk.local}"
        return
    if not desk.limits.degrees.shadow and waits is not (now == "lunch"):
        yield f"{'waits' if waits else 'is sent'} at {desk.local}"
    first = desk.moment if now != "lunch" else datetime.combine(desk.day, time(13), CN)
    end = datetime.combine(desk.day, facts.phase_end(truth, board, desk.day, desk.local), CN)
    if terms.not_before != first:
        yield f"may be sent from {terms.not_before}, not from {first}"
    if not first <= terms.send_by <= min(end, first + timedelta(seconds=desk.limits.order_ttl_s)):
        yield f"may be sent until {terms.send_by}, beyond its time"
    if terms.day != desk.day or terms.session != desk.session:
        yield "of another day or session"


def _sized(
    desk: Desk,
    truth: Truth,
    board: str,
    terms: OrderTerms,
    wanted: Intent,
    quote: Quote,
    verdicts: Verdicts,
) -> Iterator[str]:
    held, buys = desk.book.held(terms.symbol), terms.side is Side.BUY
    if (terms.symbol, terms.side) != (wanted.symbol, wanted.side):
        yield f"asked was {wanted.side} {wanted.symbol}"
    at_close = facts.phase(truth, board, desk.day, desk.local) == "after"
    if not facts.lot_is_valid(board, buys, terms.shares, held, at_close):
        yield f"no valid size of an order, {held} held"
    if not buys and terms.shares > _sellable(desk, truth):
        yield f"only {_sellable(desk, truth)} may be sold today"
    yield from _as_asked(desk, terms, wanted, quote, verdicts)
    cap = facts.warned_cap(board, desk.day)
    maybe = truth.warned or (_untold(desk, board, quote) and not quote.approximate)
    bought = sum(
        lot.shares for lot in desk.book.lots if (lot.symbol, lot.acquired_on) == (terms.symbol, desk.day)
    )
    if buys and cap is not None and maybe and bought + terms.shares > cap:
        yield f"over the {cap} a day of a risk-warned stock"


def _sellable(desk: Desk, truth: Truth) -> int:
    return sum(
        lot.shares
        for lot in desk.book.lots
        if lot.symbol == truth.symbol and (lot.acquired_on < desk.day or facts.same_day(truth))
    )


def _as_asked(
    desk: Desk, terms: OrderTerms, wanted: Intent, quote: Quote, verdicts: Verdicts
) -> Iterator[str]:
    """Yield where an order is larger than asked for, or smaller without a record that may be."""
    held = desk.book.held(terms.symbol)
    changes = [one for one in verdicts.changed if (one.origin, one.index) == (terms.origin, terms.index)]
    if wanted.shares is not None:
        start = wanted.shares
    else:
        if desk.unpriced or any(desk.first.get(symbol) is None for symbol in desk.book.holdings()):
            yield "a weight of an equity that is not known"
        weight = Fraction(wanted.target_weight or 0)
        target = max(0, int(weight * weighed(desk) / Fraction(quote.last_cny)))
        most = target - held if terms.side is Side.BUY else held - target
        start = changes[0].asked if changes else terms.shares
        if start > most:
            yield f"{start} shares are more than the weight {wanted.target_weight} asks for"
    for change in changes:
        if change.asked != start or not 0 < change.shares < start:
            yield f"changed from {change.asked} to {change.shares}, which was {start}"
        if not _may_change(desk, change.rule):
            yield f"made smaller by {change.rule}, which the settings do not let"
        start = change.shares
    if start != terms.shares:
        yield f"{start} after every recorded change"


def weighed(desk: Desk) -> Fraction:
    """Return the equity that ratios and weights are of: the account's, or the capital let go live."""
    capital, equity = desk.limits.degrees.capital_cny_max, Fraction(desk.equity_cny)
    return equity if capital is None else min(equity, Fraction(capital))


def _may_change(desk: Desk, rule: Rule) -> bool:
    by_rule = {
        Rule.POSITION: Resize.SELLABLE,
        Rule.T_PLUS_1: Resize.SELLABLE,
        Rule.BOARD_LOT: Resize.LOT,
        Rule.ORDER_MAX: Resize.LOT,
        Rule.CASH: Resize.CASH,
        Rule.CASH_RESERVE: Resize.CASH,
    }
    return rule is Rule.SIZING or by_rule.get(rule, Resize.CAP) in desk.limits.resize


def _frozen(desk: Desk, truth: Truth, board: str, terms: OrderTerms) -> Iterator[str]:
    paid = cost(desk, truth, board, terms)
    due = Fraction(0) if terms.side is Side.SELL else paid
    if paid is None or Fraction(terms.freeze_cny) != due:
        yield f"freezes {terms.freeze_cny}, not {due}"


def cost(desk: Desk, truth: Truth, board: str, terms: OrderTerms) -> Fraction | None:
    """Return what a buy costs with its fees, a sell brings after them, at its limit; None: not known."""
    amount = facts.half_up(Fraction(terms.limit_cny) * terms.shares, Fraction(1, 100))
    contract, buys = desk.commission, terms.side is Side.BUY
    kind = truth.kind if truth.told_kind else Kind.STOCK
    rate, least = Fraction(contract.rate), Fraction(contract.min_cny)
    paid = facts.fees(board, kind, desk.day, buys, amount, rate, least, contract.all_in)
    if paid is None:
        return None
    return amount + paid if buys else amount - paid


def _fraction(price: object) -> Fraction | None:
    return None if price is None else Fraction(str(price))
