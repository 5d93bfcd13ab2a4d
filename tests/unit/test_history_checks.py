"""What is wrong with bars that each may be one: gaps, limits, units, and files that contradict each other."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from services.domain.bars import Adjustment, CorporateAction, VolumeUnit
from services.domain.instruments import Instrument, Span, Symbol
from services.history.comparison import compared
from services.history.findings import Certainty, Finding, FindingKind
from services.history.gaps import Known, gap_findings
from services.history.lengths import BarLength
from services.history.moves import move_findings
from services.history.series import Series
from services.history.volume_units import read_units, reading_of, unit_findings
from tests.history_by_hand import HOURLY, RAW, Row, flat, series

# Thursday to Friday of the week after; the exchange was closed up to 8 October 2025.
DAYS = ("2025-10-09", "2025-10-10", "2025-10-13", "2025-10-14", "2025-10-15", "2025-10-16", "2025-10-17")
ONE, TWO, THREE = Symbol("600000.SH"), Symbol("600519.SH"), Symbol("601318.SH")


def known(**more: object) -> Known:
    days = tuple(map(date.fromisoformat, DAYS))
    return Known(days=days, days_since=days[0], days_until=days[-1], **more)  # type: ignore[arg-type]  # By name.


def told(findings: Sequence[Finding]) -> list[tuple[FindingKind, Certainty, tuple[Symbol, ...], str, str]]:
    return [(one.kind, one.certainty, one.symbols, one.first, one.last) for one in findings]


def hours(symbol: str, days: Sequence[str], leave_out: Sequence[str] = ()) -> Series:
    labels = [f"{day} {at}" for day in days for at in ("10:30", "11:30", "14:00", "15:00")]
    return flat(symbol, HOURLY, [label for label in labels if label not in leave_out])


def test_whole_series_have_no_gaps():
    assert gap_findings([flat(ONE, RAW, DAYS), flat(TWO, RAW, DAYS)], known()) == []
    assert gap_findings([hours(ONE, DAYS)], known()) == []
    assert gap_findings([], known()) == []


def test_days_one_symbol_lacks_are_suspect_and_told_as_a_run():
    gap = flat(TWO, RAW, [*DAYS[:2], *DAYS[4:]])

    assert told(gap_findings([flat(ONE, RAW, DAYS), gap], known())) == [
        (FindingKind.MISSING_DAYS, Certainty.SUSPECT, (TWO,), "2025-10-13", "2025-10-14")
    ]


def test_a_known_suspension_is_no_gap():
    gap = flat(TWO, RAW, [*DAYS[:2], *DAYS[4:]])
    halt = Span(since=date(2025, 10, 13), until=date(2025, 10, 14))
    facts = {TWO: Instrument(symbol=TWO, suspended=(halt,))}

    found = gap_findings([flat(ONE, RAW, DAYS), gap], known(instruments=facts))

    assert told(found) == [(FindingKind.SUSPENDED, Certainty.NOTE, (TWO,), "2025-10-13", "2025-10-14")]


def test_a_day_most_symbols_lack_is_the_files_fault():
    some = [flat(symbol, RAW, [*DAYS[:2], *DAYS[3:]]) for symbol in (ONE, TWO)]

    found = gap_findings([*some, flat(THREE, RAW, DAYS)], known())

    assert {(one.kind, one.certainty, one.first) for one in found} == {
        (FindingKind.MISSING_DAYS, Certainty.ERROR, "2025-10-13")
    }


def test_several_that_are_known_to_be_suspended_together_are_no_gap_of_the_file():
    halt = Span(since=date(2025, 10, 13), until=date(2025, 10, 13))
    facts = {one: Instrument(symbol=one, suspended=(halt,)) for one in (ONE, TWO)}
    halted = [flat(one, RAW, [*DAYS[:2], *DAYS[3:]]) for one in (ONE, TWO)]

    found = gap_findings([*halted, flat(THREE, RAW, DAYS)], known(instruments=facts))

    assert told(found) == [
        (FindingKind.SUSPENDED, Certainty.NOTE, (one,), "2025-10-13", "2025-10-13") for one in (ONE, TWO)
    ]


def test_the_suspended_do_not_hide_a_day_that_all_others_lack():
    symbols = [Symbol(f"60000{n}.SH") for n in range(6)]
    halt = Span(since=date(2025, 10, 13), until=date(2025, 10, 13))
    facts = {one: Instrument(symbol=one, suspended=(halt,)) for one in symbols[:3]}
    # Three are suspended, and of the three others two lack the day.
    gaps = [flat(one, RAW, [*DAYS[:2], *DAYS[3:]]) for one in symbols[:5]]

    found = gap_findings([*gaps, flat(symbols[5], RAW, DAYS)], known(instruments=facts))

    assert [(one.certainty, one.symbols[0]) for one in found] == [
        *((Certainty.NOTE, one) for one in symbols[:3]),
        *((Certainty.ERROR, one) for one in symbols[3:5]),
    ]


def test_a_gap_that_is_a_suspension_in_part_is_suspect_for_the_rest():
    halt = Span(since=date(2025, 10, 13), until=date(2025, 10, 13))
    facts = {TWO: Instrument(symbol=TWO, suspended=(halt,))}
    gap = flat(TWO, RAW, [*DAYS[:2], *DAYS[4:]])

    assert told(gap_findings([flat(ONE, RAW, DAYS), gap], known(instruments=facts))) == [
        (FindingKind.MISSING_DAYS, Certainty.SUSPECT, (TWO,), "2025-10-14", "2025-10-14"),
        (FindingKind.SUSPENDED, Certainty.NOTE, (TWO,), "2025-10-13", "2025-10-13"),
    ]


def test_a_day_few_symbols_lack_is_theirs():
    names = [ONE, TWO, THREE, Symbol("600030.SH"), Symbol("600036.SH")]
    some = [flat(symbol, RAW, [*DAYS[:2], *DAYS[3:]]) for symbol in names[:2]]

    found = gap_findings([*some, *(flat(symbol, RAW, DAYS) for symbol in names[2:])], known())

    assert [one.certainty for one in found] == [Certainty.SUSPECT] * 2


def test_single_bars_that_are_missing_are_told_by_day():
    lacking = hours(TWO, DAYS, leave_out=["2025-10-13 11:30", "2025-10-13 14:00"])

    found = gap_findings([hours(ONE, DAYS), lacking], known())

    assert told(found) == [
        (FindingKind.MISSING_BARS, Certainty.SUSPECT, (TWO,), "2025-10-13 11:30", "2025-10-13 14:00")
    ]
    halt = Instrument(symbol=TWO, suspended=(Span(since=date(2025, 10, 13), until=date(2025, 10, 13)),))
    assert gap_findings([hours(ONE, DAYS), lacking], known(instruments={TWO: halt})) == []


def test_a_bar_most_symbols_lack_is_the_files_fault():
    cut = [hours(symbol, DAYS, leave_out=["2025-10-13 15:00"]) for symbol in (ONE, TWO)]

    found = gap_findings([*cut, hours(THREE, DAYS)], known())

    assert [(one.certainty, one.first) for one in found] == [(Certainty.ERROR, "2025-10-13 15:00")] * 2


def test_who_begins_late_or_ends_early_is_noted():
    found = gap_findings([flat(ONE, RAW, DAYS), flat(TWO, RAW, DAYS[3:5])], known())

    assert told(found) == [
        (FindingKind.BEGINS_LATE, Certainty.NOTE, (TWO,), "2025-10-14", "2025-10-14"),
        (FindingKind.ENDS_EARLY, Certainty.NOTE, (TWO,), "2025-10-15", "2025-10-15"),
    ]
    assert [one.bars for one in found] == [3, 2]


def test_who_was_listed_then_does_not_begin_late():
    facts = {TWO: Instrument(symbol=TWO, listed_on=date(2025, 10, 14))}

    assert gap_findings([flat(ONE, RAW, DAYS), flat(TWO, RAW, DAYS[3:])], known(instruments=facts)) == []


def test_a_bar_of_a_day_without_trading_is_wrong():
    found = gap_findings([flat(ONE, RAW, [*DAYS[:2], "2025-10-11", *DAYS[2:]])], known())

    assert told(found) == [(FindingKind.CLOSED_DAY, Certainty.ERROR, (ONE,), "2025-10-11", "2025-10-11")]


def test_days_of_which_nobody_knows_are_not_judged():
    week = replace(RAW, length=BarLength.WEEK)

    assert gap_findings([flat(ONE, RAW, ["2019-01-01", "2019-03-01"])], known()) == []
    assert gap_findings([flat(ONE, week, ["2025-10-10", "2025-10-17"])], known()) == []


def days_of(symbol: str, closes: Sequence[str], kind: object = RAW) -> Series:
    rows: list[Row] = [(day, one, one, one, one, 1000) for day, one in zip(DAYS, closes, strict=False)]
    return series(symbol, kind, rows)  # type: ignore[arg-type]  # A kind.


def test_a_close_inside_the_limits_is_no_finding():
    # 10.00 x 1.1 = 11.00 and 11.00 x 0.9 = 9.90 on the main board; 20% on STAR.
    assert move_findings([days_of(ONE, ["10.00", "11.00", "9.90"])], known()) == []
    assert move_findings([days_of("688008.SH", ["10.00", "12.00", "9.60"])], known()) == []


def test_a_price_above_the_limit_is_found():
    (found,) = move_findings([days_of(ONE, ["10.00", "11.01"])], known())

    assert (found.kind, found.certainty, found.first) == (
        FindingKind.LIMIT_BREACH,
        Certainty.SUSPECT,
        "2025-10-10",
    )
    assert "11.01" in found.detail
    assert "11.00" in found.detail


def test_a_day_wholly_below_the_limit_is_an_ex_day_nobody_declared():
    split = [days_of(ONE, ["10.00", "5.05"])]
    action = CorporateAction(symbol=ONE, ex_date=date(2025, 10, 10), shares_per_share=Decimal(1))

    assert [one.kind for one in move_findings(split, known())] == [FindingKind.EX_DAY]
    # One new share a share halves the reference: 10.00 / 2 = 5.00.
    assert move_findings(split, known(actions=(action,))) == []


def test_a_low_below_the_limit_on_a_day_that_traded_inside_is_a_wrong_low():
    rows: list[Row] = [
        ("2025-10-09", "10.00", "10.00", "10.00", "10.00", 1),
        ("2025-10-10", "10.00", "10.10", "8.00", "10.00", 1),
    ]

    assert [one.kind for one in move_findings([series(ONE, RAW, rows)], known())] == [
        FindingKind.LIMIT_BREACH
    ]


def test_adjusted_prices_have_a_little_more_room():
    adjusted = replace(RAW, adjustment=Adjustment.FORWARD)

    assert move_findings([days_of(ONE, ["10.00", "11.05"], adjusted)], known()) == []
    assert len(move_findings([days_of(ONE, ["10.00", "11.20"], adjusted)], known())) == 1


def test_a_risk_warning_halves_the_limits():
    facts = {ONE: Instrument(symbol=ONE, st=(Span(since=date(2025, 1, 1)),))}

    assert len(move_findings([days_of(ONE, ["10.00", "10.60"])], known(instruments=facts))) == 1
    assert move_findings([days_of(ONE, ["10.00", "10.60"])], known()) == []


def test_a_gap_of_unknown_cause_says_nothing_of_limits():
    gap = series(ONE, RAW, [(day, "10", "10", "10", "10", 1) for day in DAYS[:1]])
    later = series(ONE, RAW, [(DAYS[3], "20", "20", "20", "20", 1)])
    whole = replace(
        gap,
        ends=np.concatenate((gap.ends, later.ends)),
        **{
            name: np.concatenate((getattr(gap, name), getattr(later, name)))
            for name in ("open", "high", "low", "close", "volume", "amount")
        },
    )

    assert move_findings([whole], known()) == []
    halt = Instrument(symbol=ONE, suspended=(Span(since=date(2025, 10, 10), until=date(2025, 10, 14)),))
    assert len(move_findings([whole], known(instruments={ONE: halt}))) == 1


def test_who_begins_late_may_have_been_listed_then():
    fresh = replace(flat(TWO, RAW, DAYS[2:4]), close=np.array([10_000_000, 30_000_000]))
    fresh = replace(fresh, high=fresh.close, low=fresh.close, open=fresh.close)

    assert move_findings([flat(ONE, RAW, DAYS), fresh], known()) == []


def test_days_without_trade_are_fillers():
    found = move_findings([flat(ONE, RAW, DAYS[:2], volume=0)], known())

    assert told(found)[0] == (FindingKind.ZERO_VOLUME, Certainty.SUSPECT, (ONE,), "2025-10-09", "2025-10-09")


def test_a_rights_issue_moves_the_reference_by_what_is_paid_for_it():
    # (10.00 + 0.3 x 4.00) / 1.3 = 8.615..., so 8.62 and a lower limit of 7.76.
    issue = CorporateAction(
        symbol=ONE,
        ex_date=date(2025, 10, 10),
        rights_per_share=Decimal("0.3"),
        rights_price_cny=Decimal(4),
    )

    assert move_findings([days_of(ONE, ["10.00", "7.80"])], known(actions=(issue,))) == []
    assert len(move_findings([days_of(ONE, ["10.00", "7.80"])], known())) == 1


def test_an_ex_day_that_takes_more_than_there_is_judges_nothing():
    action = CorporateAction(symbol=ONE, ex_date=date(2025, 10, 10), cash_per_share=Decimal(11))

    assert move_findings([days_of(ONE, ["10.00", "5.00"])], known(actions=(action,))) == []


def test_a_code_of_no_known_board_is_not_judged():
    assert move_findings([days_of("700000.SH", ["10.00", "50.00"])], known()) == []


def test_outside_the_rulebook_nothing_is_claimed():
    rows: list[Row] = [(f"1995-03-0{day}", "10", "10", "10", "10", 1) for day in (1, 2)]
    days = (date(1995, 3, 1), date(1995, 3, 2))
    early = Known(days=days, days_since=days[0], days_until=days[1])

    assert move_findings([series(ONE, RAW, rows)], early) == []


LOT = replace(RAW, volume_unit=VolumeUnit.LOT)


def test_amounts_tell_shares_from_lots():
    shares = series(ONE, RAW, [(DAYS[0], "10", "10", "10", "10", 1000)], ["10000"])
    lots = series(TWO, LOT, [(DAYS[0], "10", "10", "10", "10", 1000)], ["1000000"])

    assert reading_of([shares, lots]).units == ((ONE, VolumeUnit.SHARE, 1), (TWO, VolumeUnit.LOT, 1))


def test_a_symbol_that_counts_another_unit_is_named_for_certain():
    rows = [(day, "10", "10", "10", "10", 1000) for day in DAYS]
    whole = series(ONE, RAW, rows, ["10000"] * 7)
    other = series(TWO, RAW, rows[:2], ["1000000"] * 2)

    found = unit_findings([whole, other], reading_of([whole, other]))

    assert [(one.kind, one.certainty, one.symbols, one.bars) for one in found] == [
        (FindingKind.UNIT_MIXED, Certainty.ERROR, (TWO,), 2)
    ]


def test_a_declared_unit_that_amounts_contradict_is_wrong():
    declared = series(ONE, LOT, [(day, "10", "10", "10", "10", 1000) for day in DAYS], ["10000"] * 7)

    found = unit_findings([declared], reading_of([declared]))

    assert [(one.kind, one.certainty) for one in found] == [(FindingKind.UNIT_DECLARED, Certainty.ERROR)]


def test_an_amount_that_fits_neither_is_suspect():
    odd = series(ONE, RAW, [(DAYS[0], "10", "10", "10", "10", 1000)], ["50000000"])
    fits = series(ONE, RAW, [(DAYS[1], "10", "10", "10", "10", 1000)], ["10000"])

    found = unit_findings([odd, fits], read_units([(odd, [5e7]), (fits, [1e4])]))

    assert [one.kind for one in found] == [FindingKind.UNIT_UNLIKELY]


def test_an_amount_between_the_units_fits_neither():
    # 10 CNY x 1000 = 10,000; three times that is half-way to the next power of ten.
    one = series(ONE, RAW, [(DAYS[0], "10", "10", "10", "10", 1000)])

    assert read_units([(one, [30_000.0])]).unfit == ((ONE, 1),)
    assert read_units([(one, [20_000.0])]).unfit == ()


def test_amounts_that_count_both_cny_and_thousands_are_not_believed():
    one = series(ONE, RAW, [(DAYS[0], "10", "10", "10", "10", 1000)])

    assert read_units([(one, [10_000.0]), (one, [10.0])]).scale is None
    assert read_units([(one, [-1.0])]).units == ()


def test_without_amounts_a_turnover_far_from_the_others_is_suspect_at_most():
    usual = [flat(f"60{n:04d}.SH", RAW, DAYS, volume=1000 + n) for n in range(10)]
    far = flat(TWO, RAW, DAYS, volume=100_000)

    found = unit_findings([*usual, far], reading_of(usual))

    assert [(one.kind, one.certainty, one.symbols) for one in found] == [
        (FindingKind.UNIT_UNLIKELY, Certainty.SUSPECT, (TWO,))
    ]
    # Of nine there is no telling what is usual.
    assert unit_findings([*usual[:8], far], reading_of(usual)) == []


def test_volumes_that_jump_a_hundredfold_and_stay_are_suspect():
    labels = [f"2025-09-{day:02d}" for day in range(1, 13)]
    base = flat(ONE, RAW, labels)
    jump = replace(base, volume=np.array([10, 12, 11, 9, 10, 13, 1000, 1200, 900, 1100, 1000, 950]))
    spike = replace(base, volume=np.array([10, 12, 11, 9, 10, 13, 1000, 12, 9, 11, 10, 9]))

    found = unit_findings([jump], reading_of([jump]))

    assert [(one.kind, one.first) for one in found] == [(FindingKind.UNIT_UNLIKELY, "2025-09-07")]
    assert unit_findings([spike], reading_of([spike])) == []


def test_files_that_say_the_same_have_no_findings():
    daily = flat(ONE, RAW, DAYS, volume=4000)

    assert compared(("daily", [daily]), ("hourly", [hours(ONE, DAYS)])) == []
    assert compared(("daily", [daily]), ("other", [flat(TWO, RAW, DAYS)])) == []


def raised(whole: Series, by: Sequence[str]) -> Series:
    more = np.array([int(Decimal(one) * 10**6) for one in by])
    return replace(whole, **{name: getattr(whole, name) + more for name in ("open", "high", "low", "close")})


def test_closes_that_differ_by_a_constant_up_to_a_day_are_an_adjustment():
    raw = days_of(ONE, ["10.00", "10.10", "10.20", "10.30", "10.40", "10.50", "10.60"])
    adjusted = raised(raw, ["-0.25"] * 3 + ["0"] * 4)

    (found,) = compared(("a", [raw]), ("b", [adjusted]))

    assert told([found]) == [
        (FindingKind.ADJUSTMENT_DIFFERS, Certainty.ERROR, (ONE,), "2025-10-09", "2025-10-13")
    ]
    assert "2025-10-14" in found.detail


def test_adjustments_that_are_declared_may_differ():
    raw = days_of(ONE, ["10.00", "10.10", "10.20"])
    kind = replace(RAW, adjustment=Adjustment.FORWARD)
    adjusted = raised(days_of(ONE, ["10.00", "10.10", "10.20"], kind), ["-0.25", "-0.25", "0"])

    (found,) = compared(("a", [raw]), ("b", [adjusted]))

    assert (found.kind, found.certainty) == (FindingKind.ADJUSTMENT_DIFFERS, Certainty.NOTE)


def test_a_constant_that_begins_midway_is_an_adjustment_in_part():
    raw = days_of(ONE, ["10.00"] * 7)
    partly = raised(raw, ["0", "0", "-0.25", "-0.25", "-0.25", "0", "0"])

    (found,) = compared(("a", [raw]), ("b", [partly]))

    assert (found.kind, found.certainty, found.first) == (
        FindingKind.ADJUSTMENT_DIFFERS,
        Certainty.ERROR,
        "2025-10-13",
    )
    # Declared adjustments explain whole files, and not a part of one.
    kind = replace(RAW, adjustment=Adjustment.FORWARD)
    (declared,) = compared(("a", [raw]), ("b", [replace(partly, kind=kind)]))
    assert declared.certainty is Certainty.ERROR


def test_closes_that_differ_here_and_there_are_simply_different():
    raw = days_of(ONE, ["10.00"] * 7)
    odd = raised(raw, ["0", "0.07", "0", "-0.31", "0", "0", "0.5"])

    assert [one.kind for one in compared(("a", [raw]), ("b", [odd]))] == [FindingKind.BARS_DIFFER]


def test_lots_in_one_file_and_shares_in_the_other_are_told():
    shares = flat(ONE, replace(RAW, volume_unit=VolumeUnit.UNKNOWN), DAYS, volume=500_000)
    lots = replace(shares, volume=shares.volume // 100)

    (found,) = compared(("a", [shares]), ("b", [lots]))
    (turned,) = compared(("b", [lots]), ("a", [shares]))

    assert (found.kind, found.detail) == (FindingKind.UNIT_DIFFERS, "volumes of a are 100 times those of b")
    assert turned.detail == found.detail


def test_units_that_are_declared_may_differ():
    shares = flat(ONE, RAW, DAYS, volume=500_000)
    lots = replace(flat(ONE, LOT, DAYS), volume=shares.volume // 100)

    assert compared(("a", [shares]), ("b", [lots])) == []
    wrong = replace(lots, volume=shares.volume)
    assert [one.kind for one in compared(("a", [shares]), ("b", [wrong]))] == [FindingKind.UNIT_DIFFERS]


def test_few_symbols_in_another_unit_are_a_mixture():
    names = [Symbol(f"60{n:04d}.SH") for n in range(5)]
    ours = [flat(name, RAW, DAYS, volume=500_000) for name in names]
    theirs = [*ours[:4], replace(ours[4], volume=ours[4].volume // 100)]

    (found,) = compared(("a", ours), ("b", theirs))

    assert (found.kind, found.symbols) == (FindingKind.UNIT_MIXED, (names[4],))


def test_volumes_that_are_plainly_different_are_told():
    ours = flat(ONE, RAW, DAYS, volume=1000)

    (found,) = compared(("a", [ours]), ("b", [replace(ours, volume=ours.volume * 3)]))

    assert found.kind is FindingKind.BARS_DIFFER


def test_days_that_lack_bars_and_weeks_are_not_compared():
    daily = flat(ONE, RAW, DAYS[:1], volume=4000, price="12.00")
    cut = hours(ONE, DAYS[:1], leave_out=["2025-10-09 15:00"])
    weekly = flat(ONE, replace(RAW, length=BarLength.WEEK), DAYS[:1])

    assert compared(("a", [daily]), ("b", [cut])) == []
    assert compared(("a", [daily]), ("b", [weekly])) == []


def test_without_traded_volume_units_are_not_compared():
    still = flat(ONE, RAW, DAYS, volume=0)

    assert compared(("a", [still]), ("b", [still])) == []


@pytest.mark.parametrize("kind", list(FindingKind))
def test_every_kind_of_finding_has_its_words(kind: FindingKind):
    from commands.data_wording import DATA

    assert f"data.kind.{kind}" in DATA
