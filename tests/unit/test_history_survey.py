"""A file's bars: each that cannot be one is found, with its place, and the others are kept."""

from collections.abc import Iterable
from datetime import date, time

import pytest

from services.domain.bars import VolumeUnit
from services.domain.instruments import Market
from services.history.findings import Certainty, Finding, FindingKind, condensed, ordered, passes, together
from services.history.labels import Label, length_of, read_label, starts_of_day
from services.history.lengths import BarLength
from services.history.survey import Survey, survey
from services.market.raw_bars import RawBar

HOURS = ("10:30", "11:30", "14:00", "15:00")


def bar(
    label: str,
    prices: tuple[float | None, ...] = (10.0, 10.2, 9.9, 10.1),
    volume: float | None = 1000,
    symbol: str = "600000.SH",
    amount: float | None = None,
) -> RawBar:
    return RawBar(1, symbol, "浦发银行", label, *prices, volume, amount=amount)


def found(bars: Iterable[RawBar], length: BarLength | None = None) -> Survey:
    return survey("f", bars, length=length)


def kinds(one: Survey) -> list[FindingKind]:
    return [finding.kind for finding in one.findings]


def hourly(*days: str, at: tuple[str, ...] = HOURS) -> list[RawBar]:
    return [bar(f"{day} {time_of}:00") for day in days for time_of in at]


@pytest.mark.parametrize(("text", "label"), [
    ("2025-10-10", Label(date(2025, 10, 10), None)),
    ("20251010", Label(date(2025, 10, 10), None)),
    ("2025-10-10 10:30", Label(date(2025, 10, 10), time(10, 30))),
    ("2025-10-10T10:30:00", Label(date(2025, 10, 10), time(10, 30))),
    ("2025-10-10 00:00:00", Label(date(2025, 10, 10), None)),  # A day's bar, as pandas writes it.
])  # fmt: skip
def test_a_label_says_a_day_and_perhaps_a_time(text: str, label: Label):
    assert read_label(text) == label


@pytest.mark.parametrize("text", ["", "10:30", "2025-13-01", "2025-10-10 25:00", "2025-10-10 10:30:30"])
def test_what_is_no_label_is_refused(text: str):
    with pytest.raises(ValueError, match=r"."):
        read_label(text)


@pytest.mark.parametrize(("times", "length"), [
    (HOURS, "60m"), (("09:30", "10:30", "13:00", "14:00"), "60m"), (("09:31", "09:32", "09:33"), "1m"),
    (("11:25", "11:30", "13:05", "13:10"), "5m"),
])  # fmt: skip
def test_the_commonest_step_tells_the_length(times: tuple[str, ...], length: str):
    labels = [read_label(f"2025-10-10 {at}") for at in times]

    assert length_of([labels], Market.CN) is BarLength(length)


def test_labels_without_a_time_are_days_and_single_times_tell_nothing():
    assert length_of([[read_label("2025-10-10")]], Market.CN) is BarLength.DAY
    assert length_of([[read_label("2025-10-10 15:00")]], Market.CN) is None


def test_hourly_bars_begin_at_four_times():
    assert starts_of_day(Market.CN, BarLength.MIN_60) == {time(9, 30), time(10, 30), time(13, 0), time(14, 0)}


def test_sound_bars_are_all_there_and_nothing_is_found():
    one = found(hourly("2025-10-09", "2025-10-10"))

    assert (one.findings, one.length, len(one.series[0])) == ((), BarLength.MIN_60, 8)
    assert str(one.series[0].price(0, "high")) == "10.200000"
    assert one.names == {"600000.SH": "浦发银行"}


@pytest.mark.parametrize(("broken", "kind"), [
    (bar("2025-10-10", (10.0, 9.8, 9.9, 9.85)), FindingKind.HIGH_LOW),
    (bar("2025-10-10", (10.3, 10.2, 9.9, 10.1)), FindingKind.HIGH_LOW),
    (bar("2025-10-10", (10.0, 10.2, 9.9, 9.8)), FindingKind.HIGH_LOW),
    (bar("2025-10-10", (0.0, 10.2, 9.9, 10.1)), FindingKind.NO_PRICE),
    (bar("2025-10-10", (10.0, 10.2, -9.9, 10.1)), FindingKind.NO_PRICE),
    (bar("2025-10-10", volume=-1), FindingKind.NO_PRICE),
    (bar("2025-10-10", (10.0, 1e13, 9.9, 10.1)), FindingKind.TOO_LARGE),
    (bar("2025-10-10", volume=1e20), FindingKind.TOO_LARGE),
    (bar("2025-10-10", (10.0, 10.2, 9.9, 10.1234567)), FindingKind.TOO_FINE),
    (bar("2025-10-10", amount=1e20), FindingKind.TOO_LARGE),
    (bar("2025-10-10", (10.0, None, 9.9, 10.1)), FindingKind.INCOMPLETE),
    (bar("2025-10-10 10:30"), FindingKind.MIXED_LENGTHS),
    (bar("tomorrow"), FindingKind.BAD_LABEL),
    (bar("2025-10-10", symbol="600000"), FindingKind.BAD_LABEL),
])  # fmt: skip
def test_a_bar_that_cannot_be_is_found_and_left_out(broken: RawBar, kind: FindingKind):
    one = found([bar("2025-10-09"), broken, bar("2025-10-13")])

    assert [(finding.kind, finding.certainty) for finding in one.findings] == [(kind, Certainty.ERROR)]
    assert one.findings[0].first == broken.label
    assert [series.label(row) for series in one.series for row in range(len(series))] == [
        "2025-10-09",
        "2025-10-13",
    ]


def test_the_same_bar_twice_is_found_and_whether_it_says_the_same():
    same = found([bar("2025-10-09"), bar("2025-10-09")])
    other = found([bar("2025-10-09"), bar("2025-10-09", volume=5)])

    assert kinds(same) == kinds(other) == [FindingKind.DUPLICATE]
    assert same.findings[0].detail != other.findings[0].detail
    assert len(same.series[0]) == 1


def test_bars_out_of_order_are_found_once_and_put_in_order():
    one = found([bar("2025-10-13"), bar("2025-10-10"), bar("2025-10-09")])

    assert [(finding.kind, finding.bars) for finding in one.findings] == [(FindingKind.OUT_OF_ORDER, 2)]
    assert one.series[0].label(0) == "2025-10-09"


def test_the_last_bar_may_have_its_open_alone_and_no_other():
    alone = (10.0, None, None, None)

    last = found([bar("2025-10-09"), bar("2025-10-10", alone, None)])
    middle = found([bar("2025-10-09", alone, None), bar("2025-10-10")])

    assert [(one.kind, one.certainty) for one in last.findings] == [(FindingKind.IN_PROGRESS, Certainty.NOTE)]
    assert kinds(middle) == [FindingKind.INCOMPLETE]


def test_bars_labelled_by_their_beginning_are_told_from_those_by_their_end():
    one = found(hourly("2025-10-09", "2025-10-10", at=("09:30", "10:30", "13:00", "14:00")))

    assert kinds(one) == [FindingKind.START_LABEL]
    assert one.series == ()


def test_an_opening_calls_own_minute_is_a_bar_and_makes_no_beginning():
    minutes = [f"2025-10-10 {at}" for at in ("09:30", "09:31", "09:32", "14:59", "15:00")]

    one = found([bar(label) for label in minutes])

    assert (one.findings, len(one.series[0])) == ((), 5)


def test_a_bar_outside_trading_is_found():
    one = found([*hourly("2025-10-09"), bar("2025-10-09 16:00:00"), bar("2025-10-09 09:30:00")])

    assert sorted(kinds(one)) == [FindingKind.OFF_SESSION, FindingKind.OFF_SESSION]


def test_a_daily_label_among_hours_is_found():
    one = found([*hourly("2025-10-09", "2025-10-10"), bar("2025-10-13")])

    assert kinds(one) == [FindingKind.MIXED_LENGTHS]


def test_a_length_that_nothing_tells_must_be_said():
    lonely = [bar("2025-10-09 15:00"), bar("2025-10-10 15:00")]

    assert kinds(found(lonely)) == [FindingKind.BAD_LABEL]
    assert found(lonely, BarLength.DAY).findings == ()
    assert found([]).series == ()


def test_amounts_are_kept_in_cny_whatever_the_file_counts():
    thousands = found([bar("2025-10-09", volume=1000, amount=1010.0)])  # 1000 lots x 100 x 10.10 CNY.
    plain = found([bar("2025-10-09", volume=1000, amount=10100.0)])

    assert thousands.series[0].amount.tolist() == [101_000_000]
    assert thousands.units.units == (("600000.SH", VolumeUnit.LOT, 1),)
    assert plain.series[0].amount.tolist() == [1_010_000]
    assert plain.units.units == (("600000.SH", VolumeUnit.SHARE, 1),)


def test_lots_with_decimals_are_kept_as_shares_and_none_is_lost():
    odd = [bar("2025-10-09", volume=1000.57), bar("2025-10-10", volume=3)]

    declared = survey("f", odd, volume_unit=VolumeUnit.LOT)
    unknown = found(odd)

    assert declared.series[0].kind.volume_unit is VolumeUnit.SHARE
    assert declared.series[0].volume.tolist() == [100_057, 300]
    assert kinds(unknown) == [FindingKind.UNIT_UNLIKELY]


def finding(kind: FindingKind, certainty: Certainty, symbol: str, detail: str = "") -> Finding:
    return Finding(kind=kind, certainty=certainty, symbols=(symbol,), bars=1, first="2025", detail=detail)  # type: ignore[arg-type]  # A symbol is text.


def test_a_check_passes_with_notes_alone():
    note = finding(FindingKind.IN_PROGRESS, Certainty.NOTE, "A")

    assert passes(())
    assert passes((note,))
    assert not passes((note, finding(FindingKind.MISSING_DAYS, Certainty.SUSPECT, "A")))


def test_findings_stand_by_certainty_and_come_together_by_what_they_say():
    error = finding(FindingKind.SET_ASIDE, Certainty.ERROR, "A")
    notes = [finding(FindingKind.IN_PROGRESS, Certainty.NOTE, symbol) for symbol in ("B", "A")]
    twice = [finding(FindingKind.HIGH_LOW, Certainty.ERROR, "A", detail) for detail in ("line 1", "line 9")]

    assert ordered([*notes, error])[0] is error
    assert [(one.symbols, one.bars) for one in together(notes)] == [(("A", "B"), 2)]
    (one,) = condensed(twice)
    assert (one.bars, one.detail) == (2, "line 1; and 1 more such")
