"""What the mainland asks of orders a program makes or places: the rows, and the count they speak of. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from itertools import groupby

from services.domain.value import Value
from services.rules.rows import CN_FIRST, Confidence, Row, Series


class ProgrammaticRule(Value, frozen=True, kw_only=True):
    """Whether trading must be reported first, and from how many orders and cancels on it is high-frequency.

    The thresholds are per account, either suffices, and None means that there is none.
    """

    report_first: bool
    high_frequency_per_second: int | None = None
    high_frequency_per_day: int | None = None


class OrderTraffic(Value, frozen=True, kw_only=True):
    """Orders and cancels of one account on one Shanghai day: all of them, and those of its fullest second.

    The fullest second is any span of one second, its end not in it, not a second of the clock alone.
    """

    day: date
    orders_and_cancels: int
    in_fullest_second: int


def order_traffic(moments: Mapping[datetime, int]) -> tuple[OrderTraffic, ...]:
    """Return the traffic of each day with any, oldest first.

    `moments` tells how many orders and cancels left at each. They have fixed offsets, as a journal's have:
    two that differ in `fold` alone count as one.

    Raises:
        ValueError: A moment has no zone.
    """
    # What left together is one moment with its count: a backtest's orders of a session all do.
    seen = sorted((_in_shanghai(moment), count) for moment, count in moments.items())
    return tuple(
        OrderTraffic(
            day=day,
            orders_and_cancels=sum(count for _, count in sent),
            in_fullest_second=_fullest(sent),
        )
        for day, sent in ((day, list(of_day)) for day, of_day in groupby(seen, key=_day))
    )


def high_frequency(rule: ProgrammaticRule, traffic: OrderTraffic) -> bool:
    """Answer whether a day's traffic makes an account a high-frequency one; either threshold does."""
    second, day = rule.high_frequency_per_second, rule.high_frequency_per_day
    return (second is not None and traffic.in_fullest_second >= second) or (
        day is not None and traffic.orders_and_cancels >= day
    )


_SHANGHAI = timezone(timedelta(hours=8))
"""Shanghai time since 1992, without daylight saving."""
_SECOND = timedelta(seconds=1)


def _in_shanghai(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no zone")
    return moment.astimezone(_SHANGHAI)


def _day(sent: tuple[datetime, int]) -> date:
    return sent[0].date()


def _fullest(sent: list[tuple[datetime, int]]) -> int:
    """Return the most that left within one second; `sent` are moments and their counts, in order."""
    most = within = first = 0
    for moment, count in sent:
        within += count
        while moment - sent[first][0] >= _SECOND:
            within -= sent[first][1]
            first += 1
        most = max(most, within)
    return most


PROGRAMMATIC: Series[ProgrammaticRule] = Series(
    name="programmatic trading",
    rows=(
        Row(
            value=ProgrammaticRule(report_first=False),
            since=CN_FIRST,
            until=date(2024, 10, 7),
            source="before the CSRC rules on programmatic trading",
            confidence=Confidence.MEDIUM,
        ),
        Row(
            value=ProgrammaticRule(report_first=True),
            since=date(2024, 10, 8),
            until=date(2025, 7, 6),
            source="CSRC 《证券市场程序化交易管理规定（试行）》",
            confidence=Confidence.HIGH,
        ),
        Row(
            value=ProgrammaticRule(
                report_first=True, high_frequency_per_second=300, high_frequency_per_day=20_000
            ),
            since=date(2025, 7, 7),
            source="SSE, SZSE and BSE 《程序化交易管理实施细则》 of 2025-04-03",
            confidence=Confidence.HIGH,
        ),
    ),
)
"""Mainland stocks and funds; futures have rules of their own."""
