import asyncio
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from services.clock import ReplayClock
from services.domain.bars import Frequency
from services.domain.instruments import Symbol
from services.market.demo import demo_panel
from services.market.panel_source import PanelSource
from services.ports import PriceFault

CN = ZoneInfo("Asia/Shanghai")
A = Symbol("605901.SH")
SUSPENDED = Symbol("605903.SH")


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=CN)


def shown(panel, moment, *symbols):
    return asyncio.run(PanelSource(panel, ReplayClock(moment)).get_current_prices(symbols or (A,)))


def hourly(panel, day, number, array="open"):
    row = [i for i in range(len(panel.days)) if panel.days[i] == at(day).toordinal()][number]
    return Decimal(str(float(getattr(panel, array)[row, panel.column[A]])))


@pytest.mark.parametrize(
    ("moment", "bar", "field"),
    [
        ("2026-07-14 09:35", 0, "open"),
        ("2026-07-14 10:35", 1, "open"),
        ("2026-07-14 11:35", 1, "close"),  # Lunch: the bar to 11:30 has ended and none is in progress.
        ("2026-07-14 14:05", 3, "open"),
        ("2026-07-14 15:05", 3, "close"),
    ],
)
def test_a_session_sees_the_open_of_the_bar_in_progress_else_the_last_close(moment, bar, field):
    panel = demo_panel()

    quote = shown(panel, at(moment)).get(A)

    assert quote is not None
    assert quote.last_cny == hourly(panel, "2026-07-14", bar, field)
    assert quote.source == panel.source
    assert quote.approximate


def test_a_daily_bar_shows_its_open_all_day():
    panel = demo_panel(frequency=Frequency.DAILY)

    quote = shown(panel, at("2026-07-14 09:35")).get(A)

    assert quote is not None
    assert quote.last_cny == hourly(panel, "2026-07-14", 0)
    assert quote.seen_at == at("2026-07-14 09:30")


def test_a_symbol_without_the_bar_others_have_is_suspended():
    quote = shown(demo_panel(), at("2026-07-14 10:35"), SUSPENDED).get(SUSPENDED)

    assert quote is not None
    assert quote.suspended
    assert quote.seen_at == at("2026-07-13 15:00")


def test_before_the_first_bar_of_a_day_the_last_close_is_shown():
    panel = demo_panel()

    quote = shown(panel, at("2026-07-14 09:10")).get(A)

    assert quote is not None
    assert quote.last_cny == hourly(panel, "2026-07-13", 3, "close")


@pytest.mark.parametrize("frequency", list(Frequency))
@pytest.mark.parametrize(
    "moment",
    [
        "2026-07-20 10:35",  # After the last bar.
        "2026-07-18 10:35",  # A Saturday.
        "2026-05-28 15:05",  # Before the first bar.
    ],
)
def test_where_no_symbol_has_the_bar_of_the_moment_an_old_price_is_not_shown(frequency, moment):
    with pytest.raises(PriceFault):
        shown(demo_panel(frequency=frequency), at(moment))


def test_a_symbol_that_is_not_in_the_panel_is_a_fault():
    with pytest.raises(PriceFault, match=r"600519\.SH"):
        shown(demo_panel(), at("2026-07-14 10:35"), Symbol("600519.SH"))


def test_a_list_that_changed_since_it_was_asked_for_is_looked_at_again():
    source = PanelSource(demo_panel(), ReplayClock(at("2026-07-14 10:35")))
    symbols = [A]
    asyncio.run(source.get_current_prices(symbols))

    symbols.append(Symbol("999999.SH"))

    with pytest.raises(PriceFault, match=r"999999\.SH"):
        asyncio.run(source.get_current_prices(symbols))


class Counted(tuple[Symbol, ...]):
    """Symbols that count how often somebody goes through them."""

    walks = 0

    def __iter__(self):
        self.walks += 1
        return super().__iter__()


def test_a_watchlist_is_gone_through_once_whatever_else_is_asked_for_between():
    source = PanelSource(demo_panel(), ReplayClock(at("2026-07-14 10:35")))
    watchlist = Counted((A, SUSPENDED))

    for symbols in (watchlist, (A,), watchlist, (SUSPENDED,), watchlist):
        asyncio.run(source.get_current_prices(symbols))

    assert watchlist.walks == 1


def test_less_or_as_much_asked_for_after_the_watchlist_is_looked_at_too():
    source = PanelSource(demo_panel(), ReplayClock(at("2026-07-14 10:35")))
    asyncio.run(source.get_current_prices((A, SUSPENDED)))

    for symbols in ((Symbol("999999.SH"),), (A, Symbol("999999.SH"))):
        with pytest.raises(PriceFault, match=r"999999\.SH"):
            asyncio.run(source.get_current_prices(symbols))
