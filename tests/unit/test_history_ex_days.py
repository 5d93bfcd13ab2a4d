"""Ex-days of several sources, and factors that agree with them or do not."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from services.calendars import MarketCalendar
from services.domain.bars import Adjustment, CorporateAction
from services.domain.instruments import Market, Symbol
from services.history import ex_days
from services.history.checking import check_store
from services.history.findings import FindingKind
from services.history.index import Index
from services.history.lengths import BarLength
from services.history.panels import Wanted, history_panel
from services.history.required import every_day
from services.history.series import Series
from services.history.spans import Cover, Covered, Days
from services.history.store import HistoryStore
from services.history.tables import EX_DAYS, FactTables
from tests.history_by_hand import AT, HOURLY, RAW, flat

pytest.importorskip("pyarrow", reason="the store needs the extra parquet")

ONE = Symbol("600000.SH")
OCTOBER = ("2025-10-09", "2025-10-10", "2025-10-13")
PERIOD = Days(date(2025, 10, 9), date(2025, 10, 13))
KNOWN = Covered((PERIOD,))
TENTH, THIRTEENTH = date(2025, 10, 10), date(2025, 10, 13)
DAILY = Wanted(length=BarLength.DAY, market=Market.CN)
FILE = "file:daily.csv"


def action(day: date = TENTH, **amounts: str) -> CorporateAction:
    told = {name: Decimal(amount) for name, amount in amounts.items()}
    return CorporateAction(symbol=ONE, ex_date=day, **told)


RIGHTS = action(rights_per_share="0.3", rights_price_cny="5")
CASH = action(cash_per_share="0.5")


@pytest.fixture
def store(tmp_path: Path) -> HistoryStore:
    return HistoryStore(tmp_path / "history")


@pytest.fixture
def tables(store: HistoryStore) -> FactTables:
    return FactTables(Index(store.folder))


def factors(before: str, after: str, day: date = TENTH) -> Mapping[date, Decimal]:
    return {PERIOD.first: Decimal(before), day: Decimal(after)}


def unexplained(
    bars: Series, factors: Mapping[date, Decimal], known: Covered, actions: Sequence[CorporateAction]
) -> dict[date, str]:
    """Return on what days factors and ex-days disagree, where there may be trading on each day."""
    return ex_days.unexplained(bars, factors, known, actions, every_day)


@pytest.mark.parametrize(("after", "actions", "agrees"), [
    # 10.00 less 0.50: the factor grows by 10 / 9.5.
    ("1.053", [CASH], True),
    ("1.000", [], True),          # none changes
    ("1.053", [], False),
    ("1.200", [CASH], False),
    # (10 + 0.3 x 5) / 1.3 = 8.846, to the tick 8.85: 10 / 8.85.
    ("1.130", [RIGHTS], True),
    ("1.130", [CASH], False),
    # (10 - 0.5 + 0.3 x 5) / 1.3 = 8.46: 10 / 8.46.
    ("1.182", [CASH, RIGHTS], True),
    # The company holds 3 % of its shares: all shares get 0.485 on average, 10 / 9.515.
    ("1.051", [CASH], True),
    # Half the dividend at most would be another one.
    ("1.0256", [CASH], False),
    ("1.053", [action(cash_per_share="11")], False),
    ("1.053", [action(PERIOD.first, cash_per_share="0.5")], False),  # of another day
])  # fmt: skip
def test_a_factor_agrees_with_the_ex_days_or_does_not(
    after: str, actions: list[CorporateAction], agrees: bool
):
    found = unexplained(flat(ONE, RAW, OCTOBER), factors("1.000", after), KNOWN, actions)

    assert set(found) == (set() if agrees else {TENTH})


def test_an_ex_day_without_trade_is_found_in_the_factor_of_the_next_trade():
    halted = flat(ONE, RAW, (OCTOBER[0], OCTOBER[2]))

    assert unexplained(halted, factors("1.000", "1.053", THIRTEENTH), KNOWN, [CASH]) == {}


def test_of_two_ex_days_without_a_trade_between_them_each_is_checked():
    halted = flat(ONE, RAW, (OCTOBER[0], "2025-10-14"))
    known = Covered((Days(PERIOD.first, date(2025, 10, 14)),))
    # 10.00 became 5.00, and 5.00 became 4.00.
    two = {PERIOD.first: Decimal("1.0000"), TENTH: Decimal("2.0000"), THIRTEENTH: Decimal("2.5000")}
    half, later = action(cash_per_share="5"), action(THIRTEENTH, cash_per_share="1")

    assert unexplained(halted, two, known, [half, later]) == {}
    assert set(unexplained(halted, two, known, [half])) == {THIRTEENTH}
    # Of the days between the last trade and the first ex-day nobody knows whether there was another one.
    gap = known.less([Days(PERIOD.first, PERIOD.first)])
    assert unexplained(halted, two, gap, [half]) == {}


def test_of_what_nobody_knows_nothing_is_said():
    changed, days = factors("1.000", "1.053"), flat(ONE, RAW, OCTOBER)

    # No bar before; factors that are not known on all days between.
    assert unexplained(flat(ONE, RAW, OCTOBER[1:]), changed, KNOWN, []) == {}
    assert unexplained(days, changed, Covered((Days(TENTH, THIRTEENTH),)), []) == {}
    earlier = flat(ONE, RAW, ("2025-09-30", *OCTOBER[1:]))
    assert unexplained(earlier, {TENTH: Decimal(1), THIRTEENTH: Decimal("1.053")}, KNOWN, []) != {}
    assert unexplained(flat(ONE, RAW, ("2025-09-30", OCTOBER[2])), factors("1", "1.053"), KNOWN, []) == {}
    # A factor of long before, and none is known of the days since: it may have changed on any of them.
    since = {date(2025, 9, 1): Decimal(1), THIRTEENTH: Decimal("1.053")}
    parts = Covered((Days(date(2025, 9, 1), date(2025, 9, 1)), PERIOD))
    assert unexplained(days, since, parts, []) == {}
    assert set(unexplained(days, since, Covered((Days(date(2025, 9, 1), THIRTEENTH),)), [])) == {THIRTEENTH}


def keep(store: HistoryStore, tables: FactTables, after: str) -> None:
    bars = flat(ONE, RAW, OCTOBER)
    store.add([bars], source="tushare", fetched_at=AT, covered=[Cover("1d raw", ONE, PERIOD)])
    tables.keep_factors(ONE, PERIOD, factors("1.000", after), "tushare")
    tables.keep_actions(ONE, PERIOD, [], "tushare")


def test_a_factor_that_no_ex_day_explains_makes_a_run_approximate_and_a_check_fail(
    store: HistoryStore, tables: FactTables
):
    keep(store, tables, "1.130")
    calendar = MarketCalendar(Market.CN, None)

    before = history_panel(store, DAILY).source
    (checked,) = check_store(store, tables, calendar, Market.CN, AT)
    tables.name_actions(ONE, PERIOD, [RIGHTS], FILE)
    after = history_panel(store, DAILY).source
    (mended,) = check_store(store, tables, calendar, Market.CN, AT)

    assert (ONE in before, after) == (True, "history:1d")
    (finding,) = [one for one in checked.findings if one.kind is FindingKind.FACTOR]
    assert (finding.symbols, finding.first) == ((ONE,), "2025-10-10")
    assert FindingKind.FACTOR not in {one.kind for one in mended.findings}


def test_adjusted_bars_are_not_held_against_factors(store: HistoryStore, tables: FactTables):
    keep(store, tables, "1.130")
    adjusted = replace(RAW, adjustment=Adjustment.FORWARD)
    store.add(
        [flat(ONE, adjusted, OCTOBER)], source="x", fetched_at=AT, covered=[Cover("1d forward", ONE, PERIOD)]
    )

    assert history_panel(store, replace(DAILY, adjustment=Adjustment.FORWARD)).source == "history:1d"
    checked = check_store(store, tables, MarketCalendar(Market.CN, None), Market.CN, AT)
    found = {one.name: [each.kind for each in one.findings] for one in checked}
    assert [FindingKind.FACTOR in kinds for name, kinds in sorted(found.items())] == [False, True]


def test_hours_are_held_against_factors_as_days_are():
    labels = [f"{day} {at}" for day in OCTOBER for at in ("10:30", "11:30", "14:00", "15:00")]

    assert set(unexplained(flat(ONE, HOURLY, labels), factors("1.000", "1.053"), KNOWN, [])) == {TENTH}


def test_a_rights_issue_of_a_file_outlives_a_vendors_dividends(tables: FactTables):
    both = action(cash_per_share="0.4", rights_per_share="0.3", rights_price_cny="5")
    tables.name_actions(ONE, PERIOD, [both], FILE)

    tables.keep_actions(ONE, PERIOD, [CASH], "tushare")

    # Of what is handed out the vendor's word counts, and no yuan is paid twice.
    assert sorted(tables.actions(), key=repr) == sorted([CASH, RIGHTS], key=repr)
    tables.keep_actions(ONE, PERIOD, [], "tushare")
    assert tables.actions() == (RIGHTS,)


def test_rights_alone_leave_a_vendors_dividend_of_the_day(tables: FactTables):
    tables.keep_actions(ONE, PERIOD, [CASH], "tushare")

    tables.name_actions(ONE, PERIOD, [RIGHTS], FILE)

    assert sorted(tables.actions(), key=repr) == sorted([CASH, RIGHTS], key=repr)


def test_a_source_that_tells_rights_replaces_those_of_another(tables: FactTables):
    tables.name_actions(ONE, PERIOD, [RIGHTS], FILE)
    better = action(rights_per_share="0.2", rights_price_cny="5")

    tables.name_actions(ONE, PERIOD, [better], "file:better.csv")

    assert tables.actions() == (better,)


def test_an_ex_day_put_right_replaces_the_wrong_one_of_the_same_file(tables: FactTables):
    later = action(date(2025, 10, 20), cash_per_share="0.1")
    tables.name_actions(ONE, PERIOD, [CASH], FILE)
    tables.name_actions(ONE, Days(date(2025, 10, 14), date(2025, 10, 31)), [later], FILE)
    right = action(THIRTEENTH, cash_per_share="0.5")

    tables.name_actions(ONE, PERIOD, [right], FILE)

    # What the file of that name said of other days stays.
    assert tables.actions() == (right, later)
    assert not tables.covered(EX_DAYS)[ONE].holds(TENTH)
    assert tables.covered(EX_DAYS)[ONE].holds(THIRTEENTH)


def test_an_ex_day_of_another_source_is_not_withdrawn(tables: FactTables):
    tables.keep_actions(ONE, PERIOD, [CASH], "tushare")

    tables.name_actions(ONE, PERIOD, [], FILE)

    assert tables.actions() == (CASH,)
    assert tables.covered(EX_DAYS)[ONE] == KNOWN


def test_a_change_over_a_weekend_between_two_windows_is_seen(store: HistoryStore, tables: FactTables):
    calendar = MarketCalendar(Market.CN, None)
    store.add([flat(ONE, RAW, OCTOBER[:2])], source="x", fetched_at=AT)
    store.add([flat(ONE, RAW, OCTOBER[2:], price="8.00")], source="x", fetched_at=AT)
    store.note_covered([Cover("1d raw", ONE, PERIOD)])
    # The eleventh and twelfth are a weekend; 10.00 became 8.00 by the factor on the Monday.
    for window, factor in ((Days(PERIOD.first, TENTH), "1.00"), (Days(THIRTEENTH, THIRTEENTH), "1.25")):
        tables.keep_factors(ONE, window, {window.first: Decimal(factor)}, "tushare")
        tables.keep_actions(ONE, window, [], "tushare")

    source = history_panel(store, DAILY, calendar.trading_days).source
    (checked,) = check_store(store, tables, calendar, Market.CN, AT)

    assert ONE in source
    assert [one.first for one in checked.findings if one.kind is FindingKind.FACTOR] == ["2025-10-13"]


@pytest.mark.parametrize(("actions", "found"), [
    ([CASH], {TENTH}),
    ([CASH, action(THIRTEENTH, cash_per_share="0.5")], {TENTH, THIRTEENTH}),
    ([action(PERIOD.first, cash_per_share="0.5")], set()),           # no bar before it
    ([action(date(2025, 10, 14), cash_per_share="0.5")], set()),     # no bar since
    # 10.00 less 0.02 is no further off than a tick and the rounding of a factor, 10.00 x 0.001.
    ([action(cash_per_share="0.02")], set()),
])  # fmt: skip
def test_an_ex_day_on_which_no_factor_changes_is_found(actions: list[CorporateAction], found: set[date]):
    flat_factors = factors("1.000", "1.000")

    assert set(unexplained(flat(ONE, RAW, OCTOBER), flat_factors, KNOWN, actions)) == found


def test_of_an_ex_day_beside_days_without_factors_nothing_is_said():
    bars = flat(ONE, RAW, OCTOBER)

    assert unexplained(bars, factors("1", "1"), KNOWN.less([Days(TENTH, TENTH)]), [CASH]) == {}
    assert unexplained(bars, {THIRTEENTH: Decimal(1)}, KNOWN, [CASH]) == {}


def test_a_dividend_told_of_a_wrong_day_beside_the_right_one_makes_a_run_approximate(
    store: HistoryStore, tables: FactTables
):
    keep(store, tables, "1.053")
    tables.name_actions(ONE, PERIOD, [CASH, action(THIRTEENTH, cash_per_share="0.5")], FILE)
    calendar = MarketCalendar(Market.CN, None)

    source = history_panel(store, DAILY).source
    (checked,) = check_store(store, tables, calendar, Market.CN, AT)

    assert ONE in source
    assert [one.first for one in checked.findings if one.kind is FindingKind.FACTOR] == ["2025-10-13"]
