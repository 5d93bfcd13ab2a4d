"""The gate's rules, each with what it refuses and the nearest thing that it lets through."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from math import nan

from risk.limits import (
    DaySoFar,
    Degrees,
    Desk,
    ExitTerms,
    Limits,
    OrderCaps,
    PortfolioLimits,
    Sizing,
    SizingMethod,
    StateScaling,
)
from services.domain.events import Halt, HaltCause
from services.domain.instruments import Instrument, Span
from services.domain.orders import Intent, Rule
from services.domain.quotes import Quote
from services.rules import Commission
from tests.unit.gate_desk import (
    ALL,
    CHINEXT,
    FUND,
    MAIN,
    MON,
    OTHER,
    STAR,
    TUE,
    bars,
    book,
    buy,
    d,
    desk,
    earlier,
    exit_of,
    lot,
    quote,
    sell,
    st,
    working,
)

EARLY = date(2010, 7, 14)
SUSPENDED = {MAIN: Instrument(symbol=MAIN, suspended=(Span(since=MON, until=TUE),))}
LEAVING = {MAIN: Instrument(symbol=MAIN, delisting=Span(since=MON))}
LAST_DAY = date(2026, 12, 31)
ONE_MORE = date(2027, 1, 1)
LOSS = Limits(daily_loss_ratio_max=d("0.05"))
LOSS_OF_CAPITAL = replace(LOSS, degrees=Degrees(capital_cny_max=d("20000.00")))
FIFTH = Limits(position_ratio_max=d("0.2"))
RESERVE = Limits(cash_reserve_cny_min=d("1000.00"))
HELD_300 = book(lot(MAIN, 300))
HELD_299 = book(lot(MAIN, 299))
MIXED = book(lot(MAIN, 200), lot(MAIN, 100, on=TUE))
PENNY = quote(last="0.05", prev="0.05")
# The cap counts what was bought of the share that day, not what was held of it or bought of another.
NEARLY_CAPPED = book(lot(MAIN, 300), lot(MAIN, 499_900, on=TUE), lot(OTHER, 300, on=TUE))
SUSPENDED_BEFORE = {MAIN: Instrument(symbol=MAIN, suspended=(Span(since=MON, until=MON),))}
OFF_BARS = quote(seen="09:30", approximate=True)
UNNAMED = replace(quote(limits=("9.00", "11.00")), name="")
TWO_HELD = book(lot(MAIN, 300), lot(OTHER, 300))
HELD_1000 = book(lot(OTHER, 1000))
HELD_1900 = book(lot(MAIN, 1900))
HELD_19700 = book(lot(MAIN, 19_700))
HELD_19900 = book(lot(MAIN, 19_900))
HELD_2000 = book(lot(MAIN, 2000))
HOLDS_OTHER = book(lot(OTHER, 200))

BARRED = replace(quote(), barred="no source says when it was")
STALE = replace(BARRED, barred_by=Rule.QUOTE_STALE)
UNCONFIRMED = replace(BARRED, barred_by=Rule.QUOTE_DISAGREES)
DISPUTED = replace(UNCONFIRMED, disputed=True)
IDLE_BY_GATE = replace(BARRED, suspended=True, barred_by=Rule.SUSPENDED)

ONE_SYMBOL = Limits(degrees=Degrees(symbols=(OTHER,)))
EXITS_GO_ON = Limits(exits=ExitTerms(while_halted=True))
SELLS_OUT = Limits(exits=ExitTerms(on_drawdown=True))
NARROW = Limits(caps=OrderCaps(price_band_bp=d("100")))
THREE_THOUSAND = Limits(degrees=Degrees(capital_cny_max=d("3000.00")))
FIFTH_OF_CAPITAL = replace(FIFTH, degrees=Degrees(capital_cny_max=d("50000.00")))
# Of the last four bars; on the last the price is below or above their mean.
HALF_IN_FALL = replace(FIFTH, state=StateScaling(in_downtrend=d("0.5"), trend_bars=4, volatility_bars=4))
FALLING = bars({symbol: [-0.01] * 4 for symbol in ALL})
RISING = bars({symbol: [0.01] * 4 for symbol in ALL})
BANKS = Limits(
    portfolio=PortfolioLimits(
        sector_ratio_max=d("0.2"),
        sector_unknown_ratio_max=d("0.1"),
        industries={MAIN: "bank", OTHER: "bank", CHINEXT: "drink"},
    )
)
KNOWN_ALONE = Limits(portfolio=replace(BANKS.portfolio, sector_unknown_ratio_max=None))
BANKS_IN_FALL = replace(BANKS, state=HALF_IN_FALL.state)
A_THIRD = Limits(portfolio=PortfolioLimits(gross_ratio_max=d("0.3")))
HALF, WHOLE = 0.5, 0.75**0.5
HALF_ALIKE = bars(
    {
        MAIN: [0.01, 0.01, -0.01, -0.01],
        OTHER: [0.01 * (HALF * one + WHOLE * other) for one, other in ((1, -1), (1, 1), (-1, 1), (-1, -1))],
    }
)
AT_RISK = Limits(portfolio=PortfolioLimits(var_ratio_max=d("0.01"), var_bars=20))
CALM = [0.01] * 10
ONE_FALL = bars({symbol: [*CALM, -0.1, *CALM[1:]] for symbol in (MAIN, OTHER)})
TOO_SHORT = bars({symbol: [*CALM, -0.1, *CALM[2:]] for symbol in (MAIN, OTHER)})
UP_AND_DOWN = bars({MAIN: [0.01, -0.01] * 10, OTHER: [0.01, -0.01] * 10})
WITH_A_GAP = bars({MAIN: [*CALM, nan, *CALM[1:]], OTHER: [0.01, -0.01] * 10})
OF_THE_EQUITY = (
    LOSS,
    FIFTH,
    Limits(caps=OrderCaps(turnover_ratio_session_max=d("0.02"))),
    Limits(portfolio=PortfolioLimits(drawdown_ratio_max=d("0.2"))),
    Limits(sizing=Sizing(method=SizingMethod.FIXED_RATIO)),
    Limits(degrees=Degrees(capital_cny_max=d("50000.00"))),
    BANKS,
    A_THIRD,
)


def halted_by(cause: HaltCause) -> Halt:
    return Halt(symbol=MAIN, why="stopped", cause=cause)


BY_DRAWDOWN = Halt(symbol="", why="stopped", cause=HaltCause.LIMIT, by="drawdown")
BY_STREAK = Halt(symbol="", why="stopped", cause=HaltCause.LIMIT, by="losing_streak")
BY_PERSON = halted_by(HaltCause.PERSON)


def caps(**one: Decimal | int) -> Limits:
    """Return limits of which a cap is set."""
    return Limits(caps=replace(OrderCaps(), **one))


def of_the_same_moment(*, approximate: bool) -> Quote:
    return replace(quote(OTHER, approximate=approximate), seen_at=OFF_BARS.seen_at)


def spent(notional: str) -> DaySoFar:
    """Return a day on which orders of so much left already."""
    return DaySoFar(orders=1, notional_cny=d(notional))


def sized(method: SizingMethod) -> Limits:
    return Limits(sizing=Sizing(method=method))


def correlated(most: str) -> Limits:
    return Limits(portfolio=PortfolioLimits(correlation_max=d(most), correlation_bars=4))


TWO_NOTIONALS = caps(notional_cny_session_max=d("1000.00"), notional_cny_day_max=d("3000.00"))
THREE_BUYS = (buy(), buy(OTHER), buy(CHINEXT))
A_DAYS_TURN = caps(turnover_ratio_day_max=d("0.03"))

# One row a case: the rule, what it refuses, and the nearest thing that it lets through.
# The main board at 10.00 may trade from 9.00 to 11.00; its cage lies 2 % from the last price.
# A buy of 100 at 10.00 needs 1000.00 + commission 5.00 + transfer fee 0.01.
Situation = tuple[Desk, tuple[Intent, ...]]
Row = tuple[Rule, Situation, Situation]
ROWS: list[Row] = [
    (
        Rule.SYMBOL_UNKNOWN,
        (desk(watchlist=(OTHER,)), (buy(MAIN),)),
        (desk(watchlist=(MAIN,)), (buy(MAIN),)),
    ),
    (
        Rule.SYMBOL_UNKNOWN,  # What is held may leave though it is off the watchlist; no more of it may come.
        (desk(account=HELD_300, watchlist=(OTHER,)), (buy(MAIN),)),
        (desk(account=HELD_300, watchlist=(OTHER,)), (sell(MAIN),)),
    ),
    (
        Rule.NOT_ALLOWED,
        (desk(limits=ONE_SYMBOL), (buy(MAIN),)),
        (desk(limits=ONE_SYMBOL), (buy(OTHER),)),
    ),
    (
        Rule.NOT_ALLOWED,  # What is held may leave, whatever may be bought.
        (desk(limits=ONE_SYMBOL, account=HELD_300), (buy(MAIN),)),
        (desk(limits=ONE_SYMBOL, account=HELD_300), (sell(MAIN),)),
    ),
    (
        Rule.RULES_UNKNOWN,
        (desk(day=ONE_MORE), (buy(),)),
        (desk(day=LAST_DAY), (buy(),)),
    ),
    (
        Rule.RULES_UNKNOWN,  # Whether it carries a warning, on which its limits hang, only its name tells.
        (desk(replace(quote(), name=""), instruments={}), (buy(),)),
        (desk(quote(), instruments={}), (buy(),)),
    ),
    (
        Rule.RULES_UNKNOWN,  # What may carry a warning for all that is known is held to the day's cap of one.
        (desk(UNNAMED, instruments={}, account=NEARLY_CAPPED), (buy(shares=200),)),
        (desk(UNNAMED, instruments={}, account=NEARLY_CAPPED), (buy(shares=100),)),
    ),
    (
        Rule.RULES_UNKNOWN,  # Two vendors differ about its ex-day: it may leave, and no more of it may come.
        (replace(desk(account=HELD_300), disputed={MAIN: "two days"}), (buy(),)),
        (replace(desk(account=HELD_300), disputed={MAIN: "two days"}), (sell(),)),
    ),
    (
        Rule.RULES_UNKNOWN,  # The handling fee beside a commission has no row so early.
        (desk(day=EARLY, commission=Commission(all_in=False)), (buy(),)),
        (desk(day=EARLY), (buy(),)),
    ),
    (
        Rule.SUSPENDED,  # A suspended share's quote is old and may lack everything else.
        (desk(quote(suspended=True, day=MON, prev=None)), (buy(),)),
        (desk(quote(suspended=False)), (buy(),)),
    ),
    (
        Rule.SUSPENDED,  # By what is declared of the day.
        (desk(instruments=SUSPENDED), (buy(),)),
        (desk(instruments=SUSPENDED), (buy(OTHER),)),
    ),
    (
        Rule.SUSPENDED,  # A suspension that is over is none.
        (desk(instruments=SUSPENDED), (buy(),)),
        (desk(instruments=SUSPENDED_BEFORE), (buy(),)),
    ),
    (
        Rule.SUSPENDED,  # By the judgement of its quote.
        (desk(IDLE_BY_GATE), (buy(),)),
        (desk(quote()), (buy(),)),
    ),
    (
        Rule.SUSPENDED,  # Then no quote is needed.
        (desk(quote(OTHER), instruments=SUSPENDED), (buy(),)),
        (desk(quote(OTHER), instruments=SUSPENDED), (buy(OTHER),)),
    ),
    (
        Rule.QUOTE_MISSING,
        (desk(quote(OTHER)), (buy(),)),
        (desk(quote(MAIN)), (buy(),)),
    ),
    (
        Rule.QUOTE_MISSING,  # One that was judged, and barred for no better reason.
        (desk(BARRED), (buy(),)),
        (desk(quote()), (buy(),)),
    ),
    (
        Rule.QUOTE_MISSING,
        (desk(quote(prev=None)), (buy(),)),
        (desk(quote(prev="10.00")), (buy(),)),
    ),
    (
        Rule.QUOTE_MISSING,  # A weight of an equity that leaves out a holding would be too small.
        (desk(quote(), account=TWO_HELD), (sell(weight="0.5", limit=None),)),
        (desk(quote(), account=TWO_HELD), (sell(limit=None),)),
    ),
    *(
        (  # A limit that is a part of the equity cannot be held where a holding has no price.
            Rule.QUOTE_MISSING,
            (desk(quote(), account=HOLDS_OTHER, limits=limits), (buy(),)),
            (desk(quote(), quote(OTHER), account=HOLDS_OTHER, limits=limits), (buy(),)),
        )
        for limits in OF_THE_EQUITY
    ),
    (
        Rule.QUOTE_MISSING,  # That it has a price by now changes nothing: the equity was found without it.
        (desk(account=HOLDS_OTHER, limits=LOSS, unpriced=(OTHER,)), (buy(),)),
        (desk(account=HOLDS_OTHER, limits=LOSS), (buy(),)),
    ),
    (
        Rule.QUOTE_MISSING,
        (desk(account=HOLDS_OTHER, limits=LOSS, first=earlier(quote())), (buy(),)),
        (desk(account=HOLDS_OTHER, limits=LOSS, first=earlier(quote(), quote(OTHER))), (buy(),)),
    ),
    (
        Rule.QUOTE_MISSING,  # A weight, too, is of an equity that must be known.
        (desk(account=TWO_HELD, unpriced=(OTHER,)), (sell(weight="0", limit=None),)),
        (desk(account=TWO_HELD), (sell(weight="0", limit=None),)),
    ),
    (
        Rule.QUOTE_STALE,
        (desk(quote(seen="10:31:59")), (buy(),)),
        (desk(quote(seen="10:32:00")), (buy(),)),
    ),
    (
        Rule.QUOTE_STALE,
        (desk(quote(seen="10:35:03")), (buy(),)),
        (desk(quote(seen="10:35:02")), (buy(),)),
    ),
    (
        Rule.QUOTE_STALE,  # Lunch does not count: two minutes of the morning and one of the afternoon.
        (desk(quote(seen="11:27:59"), clock="13:01"), (buy(),)),
        (desk(quote(seen="11:28:00"), clock="13:01"), (buy(),)),
    ),
    (
        Rule.QUOTE_STALE,  # The close does not age; a price from before the closing call is not it.
        (desk(quote(seen="14:59:59"), clock="15:20"), (buy(),)),
        (desk(quote(seen="15:00:00"), clock="15:20"), (buy(),)),
    ),
    (
        Rule.QUOTE_STALE,  # The opening call makes a price at 09:25.
        (desk(quote(seen="09:24:59"), clock="09:31"), (buy(),)),
        (desk(quote(seen="09:25:00"), clock="09:31"), (buy(),)),
    ),
    *(
        (  # By the judgement of its quote, which binds exits too.
            Rule.QUOTE_STALE,
            (desk(STALE, account=HELD_300), (intent,)),
            (desk(quote(), account=HELD_300), (intent,)),
        )
        for intent in (buy(), sell(), exit_of(), sell(weight="0", limit=None))
    ),
    (
        Rule.QUOTE_STALE,  # What was shown as untradable stays so for the session.
        (desk(quote(), first=earlier(STALE)), (buy(),)),
        (desk(quote(), first=earlier(quote())), (buy(),)),
    ),
    (
        Rule.QUOTE_STALE,
        (desk(quote(day=MON, approximate=True)), (buy(),)),
        (desk(quote(seen="09:30", approximate=True)), (buy(),)),
    ),
    (
        Rule.QUOTE_STALE,  # Each quote read off bars has a moment of its own.
        (desk(OFF_BARS, quote(OTHER, day=MON, approximate=True)), (buy(), buy(OTHER))),
        (desk(OFF_BARS, quote(OTHER, approximate=True)), (buy(), buy(OTHER))),
    ),
    (
        Rule.QUOTE_STALE,  # A vendor's ages, though one read off bars of the same moment does not.
        (desk(OFF_BARS, of_the_same_moment(approximate=False)), (buy(), buy(OTHER))),
        (desk(OFF_BARS, of_the_same_moment(approximate=True)), (buy(), buy(OTHER))),
    ),
    (
        Rule.QUOTE_DISAGREES,
        (desk(quote(limits=("9.00", "11.01"))), (buy(),)),
        (desk(quote(limits=("9.00", "11.00"))), (buy(),)),
    ),
    *(
        (  # Limits that come with a price read off bars are held against the book as well.
            Rule.QUOTE_DISAGREES,
            (desk(replace(OFF_BARS, limit_down_cny=down, limit_up_cny=up)), (buy(),)),
            (desk(OFF_BARS), (buy(),)),
        )
        for down, up in ((d("9.01"), d("11.00")), (d("9.01"), None), (None, d("11.01")))
    ),
    (
        Rule.QUOTE_DISAGREES,
        (desk(quote(last="11.01")), (buy(limit="11.00"),)),
        (desk(quote(last="11.00", asks=("11.00",))), (buy(limit="11.00"),)),
    ),
    *(
        (
            Rule.QUOTE_DISAGREES,
            (desk(judged, quote(OTHER)), (buy(),)),
            (desk(judged, quote(OTHER)), (buy(OTHER),)),
        )
        for judged in (UNCONFIRMED, DISPUTED)
    ),
    (
        Rule.HALTED,
        (desk(halted=MAIN), (buy(),)),
        (desk(halted=OTHER), (buy(),)),
    ),
    (
        Rule.HALTED,  # An account that is halted sells nothing either.
        (desk(halted="", account=HELD_300), (sell(),)),
        (desk(account=HELD_300), (sell(),)),
    ),
    (
        Rule.HALTED,  # An exit goes out of a halted account where that is let, and nothing else does.
        (desk(halted="", account=HELD_300, limits=EXITS_GO_ON), (sell(),)),
        (desk(halted="", account=HELD_300, limits=EXITS_GO_ON), (exit_of(),)),
    ),
    (
        Rule.HALTED,
        (desk(halts=(BY_PERSON,), account=HELD_300), (exit_of(),)),
        (desk(halts=(BY_PERSON,), account=HELD_300, limits=EXITS_GO_ON), (exit_of(),)),
    ),
    *(
        (  # What the drawdown sells goes out of the halt that the drawdown made, and of no other.
            Rule.HALTED,
            (desk(halts=(other,), account=HELD_300, limits=SELLS_OUT), (exit_of(),)),
            (desk(halts=(BY_DRAWDOWN,), account=HELD_300, limits=SELLS_OUT), (exit_of(),)),
        )
        for other in (BY_STREAK, Halt(symbol="", why="stopped", cause=HaltCause.PERSON, by="drawdown"))
    ),
    (
        Rule.HALTED,
        (desk(halts=(BY_DRAWDOWN,), account=HELD_300, limits=SELLS_OUT), (sell(),)),
        (desk(halts=(BY_DRAWDOWN,), account=HELD_300, limits=SELLS_OUT), (exit_of(),)),
    ),
    (
        Rule.HALTED,
        (desk(halts=(BY_DRAWDOWN,), account=HELD_300), (exit_of(),)),
        (desk(halts=(BY_DRAWDOWN,), account=HELD_300, limits=SELLS_OUT), (exit_of(),)),
    ),
    *(
        (  # Of what nobody knows for certain to be there, nothing is sold.
            Rule.HALTED,
            (desk(halts=(halted_by(cause),), account=HELD_300, limits=EXITS_GO_ON), (exit_of(),)),
            (desk(halts=(BY_PERSON,), account=HELD_300, limits=EXITS_GO_ON), (exit_of(),)),
        )
        for cause in (HaltCause.UNRESOLVED, HaltCause.RECONCILIATION)
    ),
    (
        Rule.UNRESOLVED,
        (desk(account=book(open_orders=(working(MAIN),))), (buy(),)),
        (desk(account=book(open_orders=(working(OTHER),))), (buy(),)),
    ),
    (
        Rule.DUPLICATE,
        (desk(), (buy(), buy(shares=200))),
        (desk(account=HELD_300), (sell(), buy(OTHER))),
    ),
    (
        Rule.DUPLICATE,  # What an exit sells already, the decision does not sell again.
        (desk(account=HELD_300), (exit_of(), sell())),
        (desk(account=HELD_300), (exit_of(), buy(OTHER))),
    ),
    (
        Rule.CONTRADICTORY,
        (desk(account=HELD_300), (buy(), sell(), buy(OTHER))),
        (desk(account=HELD_300), (sell(), buy(OTHER))),
    ),
    (
        Rule.CONTRADICTORY,  # What an exit sells, the decision does not buy back.
        (desk(account=HELD_300), (buy(), exit_of())),
        (desk(account=HELD_300), (buy(OTHER), exit_of())),
    ),
    (
        Rule.PHASE,  # After hours a share that is leaving does not trade.
        (desk(clock="15:05", instruments=LEAVING), (buy(),)),
        (desk(clock="14:56:59", instruments=LEAVING), (buy(),)),
    ),
    (
        Rule.PHASE,
        (desk(clock="15:00"), (buy(),)),
        (desk(clock="14:59:59"), (buy(),)),
    ),
    (
        Rule.PHASE,
        (desk(clock="15:04:59"), (buy(),)),
        (desk(clock="15:05"), (buy(),)),
    ),
    (
        Rule.PHASE,
        (desk(clock="09:29:59"), (buy(),)),
        (desk(clock="09:30"), (buy(),)),
    ),
    (
        Rule.SIZE,
        (desk(), (buy(shares=0),)),
        (desk(), (buy(shares=100),)),
    ),
    (
        Rule.SIZE,  # 300 at 10.00 are 30 % of it already.
        (desk(account=HELD_300, equity="10000.00"), (buy(weight="0.3", limit=None),)),
        (desk(account=HELD_300, equity="10000.00"), (buy(weight="0.4", limit=None),)),
    ),
    (
        Rule.SIZE,
        (desk(), (buy(weight="1.01"),)),
        (desk(equity="100000.00"), (buy(weight="1"),)),
    ),
    (
        Rule.POSITION,
        (desk(account=HELD_300), (sell(shares=400),)),
        (desk(account=HELD_300), (sell(shares=300),)),
    ),
    (
        Rule.BOARD_LOT,
        (desk(), (buy(shares=199),)),
        (desk(), (buy(shares=200),)),
    ),
    (
        Rule.BOARD_LOT,  # Of 299 the odd 99 leave complete, alone or with hundreds.
        (desk(account=HELD_299), (sell(shares=198),)),
        (desk(account=HELD_299), (sell(shares=199),)),
    ),
    (
        Rule.BOARD_LOT,
        (desk(), (buy(STAR, 199),)),
        (desk(), (buy(STAR, 201),)),
    ),
    (
        Rule.ORDER_MAX,
        (desk(), (buy(shares=1_000_100),)),
        (desk(), (buy(shares=1_000_000),)),
    ),
    (
        Rule.ORDER_MAX,
        (desk(), (buy(CHINEXT, 300_100),)),
        (desk(), (buy(CHINEXT, 300_000),)),
    ),
    (
        Rule.T_PLUS_1,
        (desk(account=MIXED), (sell(shares=300),)),
        (desk(account=MIXED), (sell(shares=200),)),
    ),
    (
        Rule.TICK,
        (desk(), (buy(limit="10.001"),)),
        (desk(), (buy(limit="10.0"),)),
    ),
    (
        Rule.TICK,
        (desk(), (buy(FUND, limit="10.0001"),)),
        (desk(), (buy(FUND, limit="10.001"),)),
    ),
    (
        Rule.PRICE_LIMIT,
        (desk(quote(last="10.90")), (buy(limit="11.01"),)),
        (desk(quote(last="10.90")), (buy(limit="11.00"),)),
    ),
    (
        Rule.PRICE_LIMIT,
        (desk(quote(last="9.10"), account=HELD_300), (sell(limit="8.99"),)),
        (desk(quote(last="9.10"), account=HELD_300), (sell(limit="9.00"),)),
    ),
    (
        Rule.PRICE_LIMIT,  # After hours a buy below the close is invalid.
        (desk(clock="15:05"), (buy(limit="9.99"),)),
        (desk(clock="15:05"), (buy(limit="10.00"),)),
    ),
    (
        Rule.PRICE_LIMIT,  # So is a sell above it.
        (desk(clock="15:05", account=HELD_300), (sell(limit="10.01"),)),
        (desk(clock="15:05", account=HELD_300), (sell(limit="10.00"),)),
    ),
    (
        Rule.LIMIT_UP,
        (desk(quote(last="11.00", asks=(), bids=("11.00",))), (buy(limit="11.00"),)),
        (desk(quote(last="11.00", asks=("11.00",), bids=("10.99",))), (buy(limit="11.00"),)),
    ),
    (
        Rule.LIMIT_UP,  # In a call the side may still come.
        (desk(quote(last="11.00", asks=())), (buy(limit="11.00"),)),
        (desk(quote(last="11.00", asks=(), seen="14:58"), clock="14:58"), (buy(limit="11.00"),)),
    ),
    (
        Rule.LIMIT_UP,  # Without a known book the exchange decides.
        (desk(quote(last="11.00", asks=())), (buy(limit=None),)),
        (desk(replace(quote(last="11.00", asks=None), approximate=True)), (buy(limit=None),)),
    ),
    (
        Rule.LIMIT_UP,
        (desk(quote(last="11.00", asks=None)), (buy(limit=None),)),
        (desk(quote(last="10.99", asks=None)), (buy(limit=None),)),
    ),
    (
        Rule.LIMIT_DOWN,
        (desk(quote(last="9.00", bids=None), account=HELD_300), (sell(limit="9.00"),)),
        (desk(quote(last="9.01", bids=None), account=HELD_300), (sell(limit="9.01"),)),
    ),
    (
        Rule.LIMIT_DOWN,
        (desk(quote(last="9.00", bids=()), account=HELD_300), (sell(limit="9.00"),)),
        (desk(quote(last="9.00", bids=("9.00",)), account=HELD_300), (sell(limit="9.00"),)),
    ),
    (
        Rule.CAGE,
        (desk(), (buy(limit="10.21"),)),
        (desk(), (buy(limit="10.20"),)),
    ),
    (
        Rule.CAGE,
        (desk(account=HELD_300), (sell(limit="9.79"),)),
        (desk(account=HELD_300), (sell(limit="9.80"),)),
    ),
    (
        Rule.CAGE,  # The reference of a buy is the best ask: 10.10 x 1.02 = 10.302.
        (desk(quote(asks=("10.10",), bids=("10.00",))), (buy(limit="10.31"),)),
        (desk(quote(asks=("10.10",), bids=("10.00",))), (buy(limit="10.30"),)),
    ),
    (
        Rule.PRICE_BAND,  # 1 % of 10.00 either way.
        (desk(limits=NARROW), (buy(limit="10.11"),)),
        (desk(limits=NARROW), (buy(limit="10.10"),)),
    ),
    (
        Rule.PRICE_BAND,
        (desk(limits=NARROW, account=HELD_300), (sell(limit="9.89"),)),
        (desk(limits=NARROW, account=HELD_300), (sell(limit="9.90"),)),
    ),
    (
        Rule.DRIFT,
        (desk(quote(last="10.21"), first=earlier(quote())), (buy(limit="10.21"),)),
        (desk(quote(last="10.20"), first=earlier(quote())), (buy(limit="10.21"),)),
    ),
    (
        Rule.ST_DAILY_CAP,
        (desk(account=NEARLY_CAPPED, instruments=st()), (buy(shares=200),)),
        (desk(account=NEARLY_CAPPED, instruments=st()), (buy(shares=100),)),
    ),
    (
        Rule.ORDER_CNY,
        (desk(limits=caps(order_cny_max=d("2000.00"))), (buy(shares=300),)),
        (desk(limits=caps(order_cny_max=d("2000.00"))), (buy(shares=200),)),
    ),
    (
        Rule.ORDER_CNY,  # A cent over; and an exit is not bound.
        (desk(limits=caps(order_cny_max=d("1999.99")), account=HELD_300), (sell(shares=200),)),
        (desk(limits=caps(order_cny_max=d("1999.99")), account=HELD_300), (exit_of(shares=200),)),
    ),
    (
        Rule.ORDER_COUNT,
        (desk(limits=caps(orders_session_max=2)), (buy(), buy(OTHER), buy(FUND))),
        (desk(limits=caps(orders_session_max=2)), (buy(), buy(OTHER))),
    ),
    (
        Rule.ORDER_COUNT,  # Exits count, and are bound.
        (desk(limits=caps(orders_session_max=1), account=TWO_HELD), (exit_of(), exit_of(OTHER))),
        (desk(limits=caps(orders_session_max=1), account=TWO_HELD), (exit_of(),)),
    ),
    (
        Rule.ORDER_COUNT,  # 150 orders and 48 cancels leave one of 200, and the cancel it may need.
        (desk(today=DaySoFar(orders=150, cancels=49)), (buy(),)),
        (desk(today=DaySoFar(orders=150, cancels=48)), (buy(),)),
    ),
    (
        Rule.ORDER_COUNT,
        (desk(today=DaySoFar(orders=197)), (buy(), buy(OTHER))),
        (desk(today=DaySoFar(orders=196)), (buy(), buy(OTHER))),
    ),
    (
        Rule.ORDER_COUNT,  # An order that is open may still need one.
        (desk(today=DaySoFar(orders=198), account=book(open_orders=(working(OTHER),))), (buy(),)),
        (desk(today=DaySoFar(orders=197), account=book(open_orders=(working(OTHER),))), (buy(),)),
    ),
    (
        Rule.ORDER_COUNT,  # It comes before the rate where both are reached with one order.
        (desk(limits=replace(caps(orders_session_max=2), order_ttl_s=2)), (buy(), buy(OTHER), buy(FUND))),
        (desk(limits=replace(caps(orders_session_max=2), order_ttl_s=2)), (buy(), buy(OTHER))),
    ),
    (
        Rule.ORDER_RATE,  # One a second, to be sent within two seconds.
        (desk(limits=Limits(order_ttl_s=2)), (buy(), buy(OTHER), buy(FUND))),
        (desk(limits=Limits(order_ttl_s=2)), (buy(), buy(OTHER))),
    ),
    (
        Rule.ORDER_RATE,
        (desk(limits=replace(caps(orders_per_second_max=2), order_ttl_s=1)), (buy(), buy(OTHER), buy(FUND))),
        (desk(limits=replace(caps(orders_per_second_max=2), order_ttl_s=1)), (buy(), buy(OTHER))),
    ),
    (
        Rule.ORDER_RATE,  # Where the count of the session would come one order later.
        (desk(limits=replace(caps(orders_session_max=3), order_ttl_s=2)), (buy(), buy(OTHER), buy(FUND))),
        (desk(limits=replace(caps(orders_session_max=3), order_ttl_s=2)), (buy(), buy(OTHER))),
    ),
    (
        Rule.NOTIONAL,
        (desk(limits=caps(notional_cny_session_max=d("3000.00"))), (buy(), buy(OTHER, 300))),
        (desk(limits=caps(notional_cny_session_max=d("3000.00"))), (buy(), buy(OTHER, 200))),
    ),
    (
        Rule.NOTIONAL,  # An exit counts, and is not bound.
        (desk(limits=caps(notional_cny_session_max=d("1000.00")), account=HELD_300), (exit_of(), buy(OTHER))),
        (desk(limits=caps(notional_cny_session_max=d("1000.00")), account=HELD_300), (exit_of(shares=300),)),
    ),
    (
        Rule.NOTIONAL,  # The day's orders before it count.
        (desk(limits=caps(notional_cny_day_max=d("3000.00")), today=spent("2000.01")), (buy(),)),
        (desk(limits=caps(notional_cny_day_max=d("3000.00")), today=spent("2000.00")), (buy(),)),
    ),
    (
        Rule.NOTIONAL,  # Each order of the session counts once.
        (desk(limits=caps(notional_cny_session_max=d("3000.00"))), (*THREE_BUYS, buy(FUND))),
        (desk(limits=caps(notional_cny_session_max=d("3000.00"))), THREE_BUYS),
    ),
    (
        Rule.NOTIONAL,  # The tighter of both speaks.
        (desk(limits=TWO_NOTIONALS, today=spent("2000.01")), (buy(),)),
        (desk(limits=TWO_NOTIONALS, today=spent("2000.00")), (buy(),)),
    ),
    (
        Rule.TURNOVER,  # 2 % of 100 000.00.
        (desk(limits=caps(turnover_ratio_session_max=d("0.02")), equity="100000.00"), (buy(shares=300),)),
        (desk(limits=caps(turnover_ratio_session_max=d("0.02")), equity="100000.00"), (buy(shares=200),)),
    ),
    (
        Rule.TURNOVER,
        (desk(limits=A_DAYS_TURN, equity="100000.00", today=spent("2000.01")), (buy(),)),
        (desk(limits=A_DAYS_TURN, equity="100000.00", today=spent("2000.00")), (buy(),)),
    ),
    (
        Rule.TURNOVER,  # An exit is not bound.
        (desk(limits=A_DAYS_TURN, equity="1000.00", today=spent("0.00"), account=HELD_300), (sell(),)),
        (desk(limits=A_DAYS_TURN, equity="1000.00", today=spent("0.00"), account=HELD_300), (exit_of(),)),
    ),
    (
        Rule.DAILY_LOSS,
        (desk(limits=LOSS, equity="95000.00", day_equity="100000.00"), (buy(),)),
        (desk(limits=LOSS, equity="95000.01", day_equity="100000.00"), (buy(),)),
    ),
    (
        Rule.DAILY_LOSS,  # Of the capital that is let go live: 5 % of 20 000.00.
        (desk(limits=LOSS_OF_CAPITAL, equity="99000.00", day_equity="100000.00"), (buy(),)),
        (desk(limits=LOSS_OF_CAPITAL, equity="99000.01", day_equity="100000.00"), (buy(),)),
    ),
    (
        Rule.DAILY_LOSS,  # An account worth nothing loses no more.
        (desk(limits=LOSS, equity="0.00", day_equity="0.00"), (buy(),)),
        (desk(limits=LOSS, equity="0.00", day_equity="0.00", account=HELD_300), (sell(),)),
    ),
    (
        Rule.SIZING,  # 20 % of 100 000.00 are 2000 shares; what is held counts, and nothing is left.
        (desk(limits=sized(SizingMethod.FIXED_RATIO), equity="100000.00", account=HELD_2000), (buy(),)),
        (desk(limits=sized(SizingMethod.FIXED_RATIO), equity="100000.00", account=HELD_1900), (buy(),)),
    ),
    (
        Rule.SIZING,  # Five positions of 20 000.00.
        (desk(limits=sized(SizingMethod.EQUAL_WEIGHT), equity="100000.00", account=HELD_2000), (buy(),)),
        (desk(limits=sized(SizingMethod.EQUAL_WEIGHT), equity="100000.00", account=HELD_1900), (buy(),)),
    ),
    (
        Rule.SIZING,  # No bars, no range; 0.10 a bar, of which 2 may be lost, lets 1 % buy 5000.
        (desk(limits=sized(SizingMethod.ATR), equity="100000.00"), (buy(),)),
        (desk(limits=sized(SizingMethod.ATR), equity="100000.00", history=UP_AND_DOWN), (buy(),)),
    ),
    *(
        (  # A bar is missing.
            Rule.SIZING,
            (desk(limits=sized(method), equity="100000.00", history=WITH_A_GAP), (buy(),)),
            (desk(limits=sized(method), equity="100000.00", history=UP_AND_DOWN), (buy(),)),
        )
        for method in (SizingMethod.VOLATILITY, SizingMethod.ATR, SizingMethod.VAR)
    ),
    (
        Rule.CAPITAL,  # 2000.00 of 3000.00 are invested.
        (desk(limits=THREE_THOUSAND, account=HOLDS_OTHER), (buy(shares=200),)),
        (desk(limits=THREE_THOUSAND, account=HOLDS_OTHER), (buy(shares=100),)),
    ),
    (
        Rule.CAPITAL,  # A buy that is not filled yet is invested.
        (desk(limits=THREE_THOUSAND, account=book(lot(OTHER, 200), open_orders=(working(FUND),))), (buy(),)),
        (desk(limits=THREE_THOUSAND, account=book(lot(OTHER, 100), open_orders=(working(FUND),))), (buy(),)),
    ),
    (
        Rule.POSITION_RATIO,
        (desk(limits=FIFTH, equity="100000.00"), (buy(shares=2100),)),
        (desk(limits=FIFTH, equity="100000.00"), (buy(shares=2000),)),
    ),
    (
        Rule.POSITION_RATIO,  # What is held counts.
        (desk(limits=FIFTH, equity="100000.00", account=HELD_300), (buy(shares=1800),)),
        (desk(limits=FIFTH, equity="100000.00", account=HELD_300), (buy(shares=1700),)),
    ),
    (
        Rule.POSITION_RATIO,  # At the last price where that is dearer: 1000.00 buy no 200 at 9.90.
        (desk(limits=FIFTH, equity="1000000.00", account=HELD_19900), (buy(shares=200, limit="9.90"),)),
        (desk(limits=FIFTH, equity="1000000.00", account=HELD_19900), (buy(shares=100, limit="9.90"),)),
    ),
    (
        Rule.POSITION_RATIO,  # At the limit where that is: 19 700 at 10.10 leave 1030.00.
        (desk(limits=FIFTH, equity="1000000.00", account=HELD_19700), (buy(shares=200, limit="10.10"),)),
        (desk(limits=FIFTH, equity="1000000.00", account=HELD_19700), (buy(shares=100, limit="10.10"),)),
    ),
    (
        Rule.POSITION_RATIO,  # Of the capital that is let go live: 20 % of 50 000.00.
        (desk(limits=FIFTH_OF_CAPITAL, equity="100000.00"), (buy(shares=1100),)),
        (desk(limits=FIFTH_OF_CAPITAL, equity="100000.00"), (buy(shares=1000),)),
    ),
    (
        Rule.POSITION_RATIO,  # The market falls: half of 20 %.
        (desk(limits=HALF_IN_FALL, equity="100000.00", history=FALLING), (buy(shares=1100),)),
        (desk(limits=HALF_IN_FALL, equity="100000.00", history=FALLING), (buy(shares=1000),)),
    ),
    (
        Rule.POSITION_RATIO,  # Without bars nobody knows, and it counts as falling.
        (desk(limits=HALF_IN_FALL, equity="100000.00"), (buy(shares=1100),)),
        (desk(limits=HALF_IN_FALL, equity="100000.00", history=RISING), (buy(shares=2000),)),
    ),
    (
        Rule.SECTOR,  # 10 000.00 of 20 000.00 are held.
        (desk(limits=BANKS, equity="100000.00", account=HELD_1000), (buy(shares=1100),)),
        (desk(limits=BANKS, equity="100000.00", account=HELD_1000), (buy(shares=1000),)),
    ),
    (
        Rule.SECTOR,  # Buys of one session count together; another sector is another.
        (desk(limits=BANKS, equity="100000.00"), (buy(shares=1000), buy(OTHER, 1100))),
        (desk(limits=BANKS, equity="100000.00"), (buy(shares=1000), buy(CHINEXT, 1100))),
    ),
    (
        Rule.SECTOR,  # What nobody named is a sector of its own: 10 % of it.
        (desk(limits=BANKS, equity="100000.00"), (buy(FUND, 600), buy(STAR, 500))),
        (desk(limits=BANKS, equity="100000.00"), (buy(FUND, 500), buy(STAR, 500))),
    ),
    (
        Rule.SECTOR,  # Where no bound is set for it, it is held to that of any other sector.
        (desk(limits=KNOWN_ALONE, equity="100000.00"), (buy(FUND, 1100), buy(STAR, 1000))),
        (desk(limits=KNOWN_ALONE, equity="100000.00"), (buy(FUND, 1000), buy(STAR, 1000))),
    ),
    (
        Rule.SECTOR,  # Half of it while the market falls.
        (desk(limits=BANKS_IN_FALL, equity="100000.00", history=FALLING), (buy(shares=1100),)),
        (desk(limits=BANKS_IN_FALL, equity="100000.00", history=FALLING), (buy(shares=1000),)),
    ),
    (
        Rule.GROSS_EXPOSURE,  # 10 000.00 of 30 000.00 are held.
        (desk(limits=A_THIRD, equity="100000.00", account=HELD_1000), (buy(shares=2100),)),
        (desk(limits=A_THIRD, equity="100000.00", account=HELD_1000), (buy(shares=2000),)),
    ),
    (
        Rule.GROSS_EXPOSURE,
        (desk(limits=A_THIRD, equity="100000.00"), (buy(shares=2000), buy(OTHER, 1100))),
        (desk(limits=A_THIRD, equity="100000.00"), (buy(shares=2000), buy(OTHER, 1000))),
    ),
    (
        Rule.CORRELATION,  # Half of (1, 1, -1, -1), and 0.866 of what goes its own way.
        (desk(limits=correlated("0.499999"), history=HALF_ALIKE, account=HOLDS_OTHER), (buy(),)),
        (desk(limits=correlated("0.500000"), history=HALF_ALIKE, account=HOLDS_OTHER), (buy(),)),
    ),
    (
        Rule.CORRELATION,  # Two buys of one session are held together.
        (desk(limits=correlated("0.499999"), history=HALF_ALIKE), (buy(), buy(OTHER))),
        (desk(limits=correlated("0.499999"), history=HALF_ALIKE), (buy(),)),
    ),
    (
        Rule.CORRELATION,  # Without bars nobody knows; more of what is held correlates with nothing else.
        (desk(limits=correlated("0.9"), account=HOLDS_OTHER), (buy(),)),
        (desk(limits=correlated("0.9"), account=HOLDS_OTHER), (buy(OTHER),)),
    ),
    (
        Rule.CORRELATION,  # What is sold is held no more.
        (desk(limits=correlated("0.4"), history=HALF_ALIKE, account=HOLDS_OTHER), (sell(OTHER), buy())),
        (desk(limits=correlated("0.4"), history=HALF_ALIKE, account=HOLDS_OTHER), (sell(OTHER, 200), buy())),
    ),
    (
        Rule.VAR,  # The worst of 20 returns is -10 %: 1000 shares at 10.00 lose 1 % of 100 000.00.
        (desk(limits=AT_RISK, equity="100000.00", history=ONE_FALL), (buy(shares=1100),)),
        (desk(limits=AT_RISK, equity="100000.00", history=ONE_FALL), (buy(shares=1000),)),
    ),
    (
        Rule.VAR,  # Both fall on the same bar, so what is held counts.
        (desk(limits=AT_RISK, equity="100000.00", history=ONE_FALL, account=HOLDS_OTHER), (buy(shares=900),)),
        (desk(limits=AT_RISK, equity="100000.00", history=ONE_FALL, account=HOLDS_OTHER), (buy(shares=800),)),
    ),
    (
        Rule.VAR,  # What the session bought before counts.
        (desk(limits=AT_RISK, equity="100000.00", history=ONE_FALL), (buy(shares=500), buy(OTHER, 600))),
        (desk(limits=AT_RISK, equity="100000.00", history=ONE_FALL), (buy(shares=500), buy(OTHER, 500))),
    ),
    (
        Rule.VAR,  # Of 19 bars no 20 returns are made.
        (desk(limits=AT_RISK, equity="100000.00", history=TOO_SHORT), (buy(),)),
        (desk(limits=AT_RISK, equity="100000.00", history=ONE_FALL), (buy(),)),
    ),
    (
        Rule.VAR,
        (desk(limits=AT_RISK, equity="100000.00", history=WITH_A_GAP), (buy(),)),
        (desk(limits=AT_RISK, equity="100000.00", history=WITH_A_GAP), (buy(OTHER),)),
    ),
    (
        Rule.CASH_RESERVE,
        (desk(limits=RESERVE, account=book(cash="2005.00")), (buy(),)),
        (desk(limits=RESERVE, account=book(cash="2005.01")), (buy(),)),
    ),
    (
        Rule.CASH,
        (desk(account=book(cash="1005.00")), (buy(),)),
        (desk(account=book(cash="1005.01")), (buy(),)),
    ),
    (
        Rule.CASH,  # The second buy finds what the first left: 2010.02 pays both.
        (desk(account=book(cash="2010.01")), (buy(), buy(OTHER))),
        (desk(account=book(cash="2010.02")), (buy(), buy(OTHER))),
    ),
    (
        Rule.CASH,  # 99 shares at 0.05 bring 4.95 and cost 5.00: a sale that must be paid for.
        (desk(PENNY, account=book(lot(MAIN, 99), cash="0.04")), (sell(shares=99, limit="0.05"),)),
        (desk(PENNY, account=book(lot(MAIN, 99), cash="0.05")), (sell(shares=99, limit="0.05"),)),
    ),
]
