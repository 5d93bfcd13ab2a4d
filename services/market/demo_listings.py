"""The invented instruments of the demo market, and what happens to each in its week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from services.domain.instruments import Kind, Span, Symbol


class Event(StrEnum):
    """A day made to show a rule."""

    SEALED_UP = "sealed_up"
    SEALED_DOWN = "sealed_down"
    SUSPENDED = "suspended"
    EX_DIVIDEND = "ex_dividend"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One invented instrument.

    `moves` are (from day, trend of a day in bp, swing of a bar in bp), the last that has begun holds.
    `gaps` are moves of a day's first price against the reference, in bp. `start_price` is the
    reference of the first day, for one listed inside the week its issue price.
    """

    symbol: Symbol
    name: str
    start_price: str
    moves: tuple[tuple[date, int, int], ...]
    shares_per_bar: int = 400_000
    kind: Kind = Kind.STOCK
    st: tuple[Span, ...] = ()
    listed_on: date | None = None
    events: tuple[tuple[date, Event], ...] = ()
    gaps: tuple[tuple[date, int], ...] = ()
    cash_per_share: str = "0"

    def event_on(self, day: date) -> Event | None:
        """Return what happens on `day`, None on a usual day."""
        return dict(self.events).get(day)

    def gap_on(self, day: date) -> int:
        """Return the jump of the day's first price in bp."""
        return dict(self.gaps).get(day, 0)

    def move_on(self, day: date) -> tuple[int, int]:
        """Return the trend of `day` and the swing of its bars, in bp."""
        begun = [(trend, swing) for since, trend, swing in self.moves if since <= day]
        return begun[-1]


_BEGIN = date(2026, 5, 29)
_JULY = date(2026, 7, 1)
_MON, _TUE, _WED, _THU, _FRI = (date(2026, 7, day) for day in range(13, 18))

LISTINGS = (
    Listing(
        symbol=Symbol("605901.SH"),
        name="演示沪主一 DEMO-A",
        start_price="18.20",
        moves=((_BEGIN, 40, 60), (_TUE, -150, 90)),
    ),
    Listing(
        symbol=Symbol("605902.SH"),
        name="演示沪息二 DEMO-B",
        start_price="25.60",
        moves=((_BEGIN, 30, 45), (_JULY, 60, 45)),
        events=((_WED, Event.EX_DIVIDEND),),
        cash_per_share="0.85",
    ),
    Listing(
        symbol=Symbol("605903.SH"),
        name="演示沪停三 DEMO-C",
        start_price="9.40",
        moves=((_BEGIN, 15, 50), (_THU, -80, 90)),
        events=((_TUE, Event.SUSPENDED),),
    ),
    Listing(
        symbol=Symbol("605904.SH"),
        name="*ST演示四 DEMO-D",
        start_price="3.12",
        moves=((_BEGIN, -25, 80), (_JULY, 30, 120)),
        st=(Span(since=date(2026, 4, 30)),),
    ),
    Listing(
        symbol=Symbol("605905.SH"),
        name="演示沪稳五 DEMO-E",
        start_price="6.05",
        moves=((_BEGIN, 3, 15),),
        shares_per_bar=3_000_000,
    ),
    Listing(
        symbol=Symbol("003901.SZ"),
        name="演示深涨六 DEMO-F",
        start_price="14.75",
        moves=((_BEGIN, 20, 70), (_WED, 120, 120)),
        events=((_TUE, Event.SEALED_UP),),
    ),
    Listing(
        symbol=Symbol("003902.SZ"),
        name="演示深跌七 DEMO-G",
        start_price="22.30",
        moves=((_BEGIN, 75, 60), (_TUE, -200, 120)),
        events=((_WED, Event.SEALED_DOWN),),
    ),
    Listing(
        symbol=Symbol("003903.SZ"),
        name="演示深主八 DEMO-H",
        start_price="31.48",
        moves=((_BEGIN, -35, 60), (_MON, 220, 80)),
    ),
    Listing(
        symbol=Symbol("301991.SZ"),
        name="演示创业九 DEMO-I",
        start_price="42.10",
        moves=((_BEGIN, 10, 110), (_WED, 350, 160)),
        shares_per_bar=200_000,
    ),
    Listing(
        symbol=Symbol("301992.SZ"),
        name="演示创业十 DEMO-J",
        start_price="17.66",
        moves=((_BEGIN, -60, 110), (_JULY, 90, 110)),
        shares_per_bar=200_000,
    ),
    Listing(
        symbol=Symbol("688991.SH"),
        name="演示科创甲 DEMO-K",
        start_price="66.80",
        moves=((_BEGIN, 55, 120), (_MON, -120, 160)),
        shares_per_bar=150_000,
    ),
    Listing(
        symbol=Symbol("688992.SH"),
        name="演示科创乙 DEMO-L",
        start_price="38.25",
        moves=((_BEGIN, -20, 120), (_TUE, 260, 150)),
        shares_per_bar=150_000,
    ),
    Listing(
        symbol=Symbol("920999.BJ"),
        name="演示北证丙 DEMO-M",
        start_price="11.33",
        moves=((_BEGIN, 25, 150), (_WED, 180, 200)),
        shares_per_bar=60_000,
    ),
    Listing(
        symbol=Symbol("510999.SH"),
        name="演示宽基ETF DEMO-N",
        start_price="1.204",
        moves=((_BEGIN, 12, 25),),
        shares_per_bar=8_000_000,
        kind=Kind.ETF_EQUITY,
    ),
    Listing(
        symbol=Symbol("003904.SZ"),
        name="演示深弱丁 DEMO-O",
        start_price="7.90",
        moves=((_BEGIN, -45, 55),),
    ),
    Listing(
        symbol=Symbol("301993.SZ"),
        name="演示新股戊 DEMO-P",
        start_price="16.00",
        moves=((_BEGIN, 300, 350), (_THU, -900, 350)),
        shares_per_bar=900_000,
        listed_on=_TUE,
        gaps=((_TUE, 7_500),),
    ),
)
