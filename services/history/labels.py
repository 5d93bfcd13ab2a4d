"""What a bar's label says, and how long the bars of a file are by their labels. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, time
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from services.domain.instruments import Market
from services.history.lengths import STRETCHES, BarLength, ends_of_day

_DAY = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")
_MOMENT = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})[ T](\d{2}):(\d{2})(?::00)?")


class Label(NamedTuple):
    """A day, and the market-local time of it where the label names one."""

    day: date
    at: time | None


@lru_cache(maxsize=200_000)
def read_label(text: str) -> Label:
    """Return what `2025-10-10`, `20251010` or `2025-10-10 10:30[:00]` says.

    Raises:
        ValueError: It is none of these, or no date or time there is.
    """
    if match := _DAY.fullmatch(text):
        return Label(date(int(match[1]), int(match[2]), int(match[3])), None)
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no label; write 2025-10-10, or 2025-10-10 10:30:00")
    day = date(int(match[1]), int(match[2]), int(match[3]))
    at = time(int(match[4]), int(match[5]))
    # Some vendors write a day's bar with midnight beside it.
    return Label(day, None if at == time(0) else at)


def length_of(all_labels: Iterable[Sequence[Label]], market: Market) -> BarLength | None:
    """Return how long the bars are of which each symbol's labels are given, None where nothing tells.

    It is the commonest distance between neighbours of one stretch of trading; days where most labels name
    no time.
    """
    steps: Counter[int] = Counter()
    timed = days = 0
    for labels in all_labels:
        times = [label for label in labels if label.at is not None]
        timed, days = timed + len(times), days + len(labels) - len(times)
        steps.update(_steps(times, market))
    if days > timed:
        return BarLength.DAY
    lengths = {length.minutes: length for length in BarLength if length.minutes is not None}
    known = [minutes for minutes, _ in steps.most_common() if minutes in lengths]
    return lengths[known[0]] if known else None


def starts_of_day(market: Market, length: BarLength) -> frozenset[time]:
    """Return the market-local times at which bars of less than a day begin."""
    ends = ends_of_day(market, length)
    return frozenset(
        at for start, end in STRETCHES[market] for at in (start, *(one for one in ends if start < one < end))
    )


def _steps(labels: Sequence[Label], market: Market) -> Iterable[int]:
    for one, two in pairwise(labels):
        if one.day == two.day and one.at is not None and two.at is not None and not _apart(one, two, market):
            yield abs(_minutes(two.at) - _minutes(one.at))


def _apart(one: Label, two: Label, market: Market) -> bool:
    """Answer whether a rest lies between two labels of one day."""
    early, late = sorted((one.at or time(0), two.at or time(0)))
    return any(early <= stop and start <= late for (_, stop), (start, _) in pairwise(STRETCHES[market]))


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute
