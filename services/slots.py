"""Which slots a day has and what each means. Pure."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from services.domain.bars import Frequency
from services.domain.instruments import Market
from services.domain.slot import Slot

ZONES = {Market.CN: ZoneInfo("Asia/Shanghai"), Market.US: ZoneInfo("America/New_York")}

TIMES: dict[tuple[Market, Frequency], tuple[time, ...]] = {
    (Market.CN, Frequency.DAILY): (time(9, 35),),
    (Market.CN, Frequency.HOURLY): (time(10, 35), time(11, 35), time(14, 5), time(15, 5)),
    (Market.US, Frequency.DAILY): (time(9, 35),),
    (Market.US, Frequency.HOURLY): tuple(time(hour, 5) for hour in range(10, 16)),
}


def slots_of(
    market: Market,
    frequency: Frequency,
    day: date,
    times: tuple[time, ...] | None = None,
    early_close: time | None = None,
) -> tuple[Slot, ...]:
    """Return the slots of a trading day, ascending.

    `times` (market-local) replaces the usual ones; none lies at or after `early_close`.
    """
    zone = ZONES[market]
    return tuple(
        Slot(
            market=market,
            frequency=frequency,
            day=day,
            at=at,
            moment=datetime.combine(day, at, zone),
        )
        for at in times or TIMES[market, frequency]
        if early_close is None or at < early_close
    )


def local(moment: datetime, market: Market) -> datetime:
    """Return `moment` in the market's time zone."""
    return moment.astimezone(ZONES[market])
