"""East Money's quotes by way of the akshare library: its book, dated by the symbol's last 1-minute bar.

The library drops the time stamp and waits without end. Its tables of all shares (`stock_zh_a_spot` and
`stock_zh_a_spot_tx`, some 5,500 rows, a minute of pages) state no date at all, so no quote is made of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from services.domain.instruments import Market, Symbol
from services.domain.quotes import Level
from services.market.akshare_calls import AkshareApi, AkshareCalls, NoAnswer, Turn
from services.market.akshare_quotes import stamp_of
from services.market.call_gate import LibraryGate
from services.market.feeds.asking import known, require_some
from services.market.feeds.breaker import HostState
from services.market.feeds.fields import LOT_SHARES, amount_of, count_of, levels_of, prefixed, price_of
from services.market.feeds.throttle import USUAL_PACE, Pace
from services.market.raw_quotes import RawQuote, RawQuotes
from services.ports import Clock
from services.slots import local

NAME = "akshare"
HOSTS = ("push2.eastmoney.com", "push2his.eastmoney.com")

_LEVELS = range(1, 6)
_FUNDS_OF_SHANGHAI = "the library takes a Shanghai code that does not begin with 6 for a Shenzhen one"


class AkshareFeed:
    """Quotes of stocks by the library, several at a time, under one deadline."""

    name = NAME
    family = "eastmoney"
    hosts = HOSTS

    def __init__(
        self,
        clock: Clock,
        *,
        deadline_s: float,
        pace: Pace = USUAL_PACE,
        api: AkshareApi | None = None,
        gate: LibraryGate | None = None,
    ) -> None:
        self._clock = clock
        self._calls = AkshareCalls(
            deadline_s=deadline_s,
            workers=pace.concurrent_requests_max,
            name=NAME,
            api=api,
            pause_s=0.5,
            gate=gate or LibraryGate(clock, pace),
        )

    async def quotes(self, symbols: Sequence[Symbol]) -> RawQuotes:
        """Return what came within the deadline.

        Raises:
            PriceFault: Nothing usable came at all.
        """
        mine, foreign = known(symbols, prefixed)
        foreign |= {symbol: _FUNDS_OF_SHANGHAI for symbol in mine if _mistaken(symbol)}
        asked = {symbol: partial(self._quote, symbol) for symbol in mine if symbol not in foreign}
        answers, faults = await self._calls.answers(asked)
        told = RawQuotes(source=NAME, quotes=answers, faults=foreign | faults, answered=not asked)
        return require_some(told)

    def host_states(self) -> tuple[HostState, ...]:
        """Return how each call of the library is treated now."""
        return self._calls.host_states()

    def _quote(self, symbol: Symbol, turn: Turn) -> RawQuote:
        """Return the quote of one symbol.

        Raises:
            NoAnswer: Nothing dates it, or time is up.
        """
        today = local(self._clock.now(), Market.CN).date()
        # The minute comes first: what dates the book must not be newer than the book.
        start = f"{today} 00:00:00"
        minutes = turn.again(turn.api.stock_zh_a_hist_min_em, symbol=symbol[:6], start_date=start, period="1")
        stamped_at = stamp_of([str(label) for label in minutes["时间"]], self._clock.now())
        if turn.late.is_set():
            raise NoAnswer("too late")
        frame = turn.again(turn.api.stock_bid_ask_em, symbol=symbol[:6])
        items = dict(zip(frame["item"], frame["value"], strict=True))
        return read_items(items, symbol, stamped_at, self._clock.now())


def read_items(
    items: Mapping[str, object], symbol: Symbol, stamped_at: datetime, received_at: datetime
) -> RawQuote:
    """Return the quote that the items of `stock_bid_ask_em` state: levels in shares, the volume in lots."""
    volume = count_of(items.get("总手"))
    return RawQuote(
        symbol=symbol,
        source=NAME,
        received_at=received_at,
        stamped_at=stamped_at,
        last_cny=price_of(items.get("最新")),
        prev_close_cny=price_of(items.get("昨收")),
        open_cny=price_of(items.get("今开")),
        high_cny=price_of(items.get("最高")),
        low_cny=price_of(items.get("最低")),
        limit_up_cny=price_of(items.get("涨停")),
        limit_down_cny=price_of(items.get("跌停")),
        bids=_side(items, "buy"),
        asks=_side(items, "sell"),
        volume_shares=None if volume is None else volume * LOT_SHARES,
        amount_cny=amount_of(items.get("金额")),
    )


def _side(items: Mapping[str, object], side: str) -> tuple[Level, ...] | None:
    """Return the levels of a side, None where the frame has none of them under the names known here."""
    if f"{side}_1" not in items:
        return None
    # The library multiplies a hyphen by 100: a string of hyphens, which is no count.
    return levels_of([(items.get(f"{side}_{n}"), items.get(f"{side}_{n}_vol")) for n in _LEVELS], 1)


def _mistaken(symbol: Symbol) -> bool:
    return symbol.endswith(".SH") and not symbol.startswith("6")
