import json
import math
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from services.domain.bars import Adjustment, Frequency, Panel, VolumeUnit
from services.domain.instruments import Kind, Symbol
from services.market import price_files
from services.market.price_files import PriceFileError, load_prices

SHARED = Path(__file__).parents[3] / "shared/data"

FULL = ("10.00", "10.50", "9.90", "10.20", "1200")


def bar(open_="10.00", high="10.50", low="9.90", close="10.20", volume="1200"):
    stated = {
        "1. buy price": open_,
        "2. high": high,
        "3. low": low,
        "4. sell price": close,
        "5. volume": volume,
    }
    return {key: value for key, value in stated.items() if value is not None}


def series(bars, symbol="600519.SH", key="Time Series (Daily)", name="茅台"):
    return json.dumps({"Meta Data": {"2. Symbol": symbol, "2.1. Name": name}, key: bars}, ensure_ascii=False)


def jsonl(folder, *lines, name="prices.jsonl"):
    path = folder / name
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def csv(folder, *lines, header="ts_code,trade_date,open,high,low,close,vol,amount,pre_close"):
    path = folder / "prices.csv"
    path.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
    return path


def problem_of(path, **options):
    with pytest.raises(PriceFileError) as caught:
        load_prices(path, cache_dir=None, **options)
    text = str(caught.value)
    assert "\n" not in text
    assert str(path) in text
    return text


def same(panel: Panel, other: Panel) -> bool:
    return panel.digest == other.digest and panel.close.tobytes() == other.close.tobytes()


def test_a_daily_bar_runs_from_half_past_nine_to_three_in_shanghai(tmp_path):
    panel = load_prices(jsonl(tmp_path, series({"2025-10-10": bar()})), cache_dir=None)

    # 09:30 and 15:00 at UTC+8 are 01:30 and 07:00 UTC.
    assert datetime.fromtimestamp(int(panel.starts[0]), UTC) == datetime(2025, 10, 10, 1, 30, tzinfo=UTC)
    assert datetime.fromtimestamp(int(panel.ends[0]), UTC) == datetime(2025, 10, 10, 7, 0, tzinfo=UTC)
    assert date.fromordinal(int(panel.days[0])) == date(2025, 10, 10)
    assert panel.frequency is Frequency.DAILY
    assert (panel.symbols, panel.names) == (("600519.SH",), ("茅台",))
    assert [float(a[0, 0]) for a in (panel.open, panel.high, panel.low, panel.close, panel.volume)] == [
        10.0,
        10.5,
        9.9,
        10.2,
        1200.0,
    ]


@pytest.mark.parametrize(
    ("label", "start", "end"),
    [
        ("2025-10-10 10:30:00", (1, 30), (2, 30)),
        ("2025-10-10 11:30:00", (2, 30), (3, 30)),
        ("2025-10-10 14:00", (5, 0), (6, 0)),  # The lunch break lies before 13:00.
        ("2025-10-10 15:00:00", (6, 0), (7, 0)),
    ],
)
def test_the_label_of_an_hourly_bar_is_its_end(tmp_path, label, start, end):
    panel = load_prices(jsonl(tmp_path, series({label: bar()}, key="Time Series (60min)")), cache_dir=None)

    assert panel.frequency is Frequency.HOURLY
    assert datetime.fromtimestamp(int(panel.starts[0]), UTC) == datetime(2025, 10, 10, *start, tzinfo=UTC)
    assert datetime.fromtimestamp(int(panel.ends[0]), UTC) == datetime(2025, 10, 10, *end, tzinfo=UTC)


def test_a_us_daily_bar_follows_new_york_through_its_clock_change(tmp_path):
    path = jsonl(tmp_path, series({"2025-10-31": bar(), "2025-11-03": bar()}, symbol="AAPL.US"))

    panel = load_prices(path, cache_dir=None)

    # 09:30 New York is 13:30 UTC in summer time and 14:30 UTC from 2025-11-02 on; 16:00 is 20:00 and 21:00.
    assert [datetime.fromtimestamp(int(s), UTC).hour for s in panel.starts] == [13, 14]
    assert [datetime.fromtimestamp(int(s), UTC).hour for s in panel.ends] == [20, 21]


def test_symbols_with_different_days_share_one_time_axis_with_gaps(tmp_path):
    path = jsonl(
        tmp_path,
        series({"2025-10-09": bar(), "2025-10-13": bar(close="10.30")}),
        series({"2025-10-10": bar(close="10.40")}, symbol="000001.SZ"),
    )

    panel = load_prices(path, cache_dir=None)

    closes = panel.close.tolist()
    assert [closes[0][0], closes[2][0], closes[1][1]] == [10.2, 10.3, 10.4]
    assert [math.isnan(value) for value in (closes[0][1], closes[1][0], closes[2][1])] == [True, True, True]


def test_the_last_bar_of_a_series_may_have_its_open_alone(tmp_path):
    path = jsonl(tmp_path, series({"2025-10-09": bar(), "2025-10-10": {"1. buy price": "10.21"}}))

    panel = load_prices(path, cache_dir=None)

    assert panel.open[1, 0] == 10.21
    assert all(math.isnan(a[1, 0]) for a in (panel.high, panel.low, panel.close, panel.volume))


@pytest.mark.parametrize(
    "good",
    [
        bar("10", "10", "10", "10", "500"),  # One price all day: a sealed limit, or nobody disagreed.
        bar(volume="0"),
    ],
)
def test_a_bar_of_one_price_or_without_volume_is_fine(tmp_path, good):
    assert load_prices(jsonl(tmp_path, series({"2025-10-10": good})), cache_dir=None).close.shape == (1, 1)


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        (bar(high="9.80", low="9.90", open_="9.85", close="9.85"), "high"),
        (bar(open_="10.60"), "open"),
        (bar(close="9.80"), "close"),
        (bar(open_="0"), "open"),
        (bar(low="-9.90"), "low"),
        (bar(volume="-1"), "volume"),
        (bar(close="nan"), "close"),
        (bar(high="inf"), "high"),
        (bar(high="1_1"), "high"),
        (bar(high="ten"), "high"),
        (bar(high=True), "high"),
        (bar(close=None), "close"),
        (bar(volume=None), "volume"),
        (bar(open_=None), "open"),
        ({}, "open"),
        ({"1. buy price": "-1"}, "open"),
        ({"1. buy price": "10", "5. volume": "100"}, "high"),
        ({"1. buy price": "10", "6. turnover": "1"}, "6. turnover"),
        ("10.00", "bar"),
    ],
)
def test_a_bar_that_cannot_be_true_is_refused_with_its_place(tmp_path, bad, named):
    path = jsonl(tmp_path, series({"2025-10-09": bar()}), series({"2025-10-10": bad}, symbol="000001.SZ"))

    problem = problem_of(path)

    assert f"{path}:2" in problem
    assert "000001.SZ 2025-10-10" in problem
    assert named in problem


def test_an_open_alone_before_the_last_bar_is_refused(tmp_path):
    path = jsonl(tmp_path, series({"2025-10-09": {"1. buy price": "10"}, "2025-10-10": bar()}))

    assert "600519.SH 2025-10-09" in problem_of(path)


@pytest.mark.parametrize(
    ("bars", "named"),
    [
        ({"2025-10-10": bar(), "2025-10-09": bar()}, "2025-10-09"),
        ({"2025-10-10": bar(), "20251010": bar()}, "20251010"),
    ],
)
def test_bars_out_of_order_or_twice_are_refused(tmp_path, bars, named):
    assert named in problem_of(jsonl(tmp_path, series(bars)))


def test_a_label_that_stands_twice_in_one_object_is_refused(tmp_path):
    text = series({"2025-10-09": bar(), "2025-10-10": bar()}).replace("2025-10-10", "2025-10-09")

    assert "'2025-10-09'" in problem_of(jsonl(tmp_path, text))


def test_a_symbol_on_two_lines_is_refused(tmp_path):
    line = series({"2025-10-10": bar()})

    problem = problem_of(jsonl(tmp_path, line, line))

    assert ":2:" in problem
    assert "line 1" in problem


@pytest.mark.parametrize(
    ("symbol", "right"),
    [("600519", "600519.SH"), ("920001", "920001.BJ"), ("000001", "000001.SZ"), ("AAPL", "AAPL.US")],
)
def test_a_symbol_without_suffix_is_refused_with_the_right_form(tmp_path, symbol, right):
    assert right in problem_of(jsonl(tmp_path, series({"2025-10-10": bar()}, symbol=symbol)))


def test_two_markets_in_one_file_are_refused(tmp_path):
    path = jsonl(tmp_path, series({"2025-10-10": bar()}), series({"2025-10-10": bar()}, symbol="AAPL.US"))

    assert f"{path}:2: AAPL.US" in problem_of(path)


@pytest.mark.parametrize(
    "label",
    [
        "2025-10-10 09:30:00",
        "2025-10-10 12:00:00",
        "2025-10-10 10:30:30",
        "2025-10-10 25:30",
        "2025-02-30",
        "Friday",
    ],
)
def test_a_label_that_is_no_bars_end_is_refused_by_name(tmp_path, label):
    assert repr(label) in problem_of(jsonl(tmp_path, series({label: bar()}, key="Time Series (60min)")))


def test_hourly_bars_of_the_us_are_refused(tmp_path):
    path = jsonl(
        tmp_path, series({"2025-10-10 15:00:00": bar()}, symbol="AAPL.US", key="Time Series (60min)")
    )

    assert "AAPL.US" in problem_of(path)


def test_daily_and_hourly_bars_in_one_file_are_refused(tmp_path):
    hourly = series({"2025-10-10 15:00:00": bar()}, symbol="000001.SZ", key="Time Series (60min)")
    both = json.loads(series({"2025-10-10": bar()})) | {"Time Series (60min)": {"2025-10-10 15:00:00": bar()}}

    assert ":2: 000001.SZ" in problem_of(jsonl(tmp_path, series({"2025-10-10": bar()}), hourly))
    assert "600519.SH" in problem_of(jsonl(tmp_path, json.dumps(both)))


def test_bars_of_another_frequency_than_asked_for_are_refused_with_and_without_a_cache(tmp_path):
    path = jsonl(tmp_path, series({"2025-10-10": bar()}))
    load_prices(path, cache_dir=tmp_path / "panels", frequency=Frequency.DAILY)

    problem_of(path, frequency=Frequency.HOURLY)
    with pytest.raises(PriceFileError):
        load_prices(path, cache_dir=tmp_path / "panels", frequency=Frequency.HOURLY)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b"{}\n",
        b"[1]\n",
        b'{"Meta Data": {"2. Symbol": 5}, "Time Series (Daily)": {}}\n',
        b'{"Meta Data": {"2. Symbol": "600519.SH"}}\n',
        b'{"Meta Data": {"2. Symbol": "600519.SH"}, "Time Series (Daily)": {}}\n',
        b'{"Meta Data": {"2. Symbol": "600519.SH"}, "Time Series (Daily)": []}\n',
        b'{"Meta Data": {"2. Symbol": "600519.SH"}, "Time Series (Daily)": {"2025-10-10": {"1. buy',
        b'{"Meta Data": {"2. Symbol": "\xff"}}\n',
    ],
)
def test_an_empty_or_cut_off_file_is_refused(tmp_path, content):
    path = tmp_path / "prices.jsonl"
    path.write_bytes(content)

    problem_of(path)


def test_a_line_of_another_kind_in_the_middle_is_refused(tmp_path):
    path = jsonl(tmp_path, series({"2025-10-10": bar()}), "600036.SH,20251010,1,1,1,1,1")

    assert f"{path}:2" in problem_of(path)


def test_a_missing_file_a_folder_and_a_foreign_file_are_refused(tmp_path):
    foreign = tmp_path / "notes.txt"
    foreign.write_text("buy low, sell high\n")

    problem_of(tmp_path / "absent.jsonl")
    problem_of(tmp_path)
    problem_of(foreign)


def test_tushare_columns_carry_the_exchanges_previous_close(tmp_path):
    path = csv(
        tmp_path,
        "600519.SH,20251009,10.0,10.5,9.9,10.2,1200,1,9.95",
        "000001.SZ,20251009,5.0,5.5,4.9,5.2,300,1,",
        "600519.SH,20251010,10.0,10.5,9.9,10.4,1300,1,9.70",  # 10.20 less a dividend of 0.50.
    )

    panel = load_prices(path, cache_dir=None)

    assert panel.prev_close is not None
    assert panel.prev_close[:, 0].tolist() == [9.95, 9.70]
    assert math.isnan(panel.prev_close[0, 1])
    assert panel.volume[:, 0].tolist() == [1200.0, 1300.0]
    assert panel.volume_unit is VolumeUnit.UNKNOWN
    assert panel.source == "file:prices.csv"


def test_hourly_tushare_bars_are_read_by_trade_time(tmp_path):
    path = csv(
        tmp_path,
        "600519.SH,2025-10-09 10:30:00,10,10,10,10,5",
        "600519.SH,2025-10-09 11:30:00,10,10,10,10,5",
        header="ts_code,trade_time,open,close,high,low,vol",
    )

    assert load_prices(path, cache_dir=None).frequency is Frequency.HOURLY


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        (["600519.SH,20251009,10,10,10,10,5,1,10", "600519.SH,20251010,10,10"], 3),
        (["600519.SH,20251009,10,10,10,10,5,1,ten"], 2),
        (["600519.SH,20251009,10,10,10,10,5,1,0"], 2),
        (["600519.SH,20251010,10,10,10,10,5,1,10", "600519.SH,20251009,10,10,10,10,5,1,10"], 3),
        (["600519.SH,20251010,10,10,10,10,5,1,10", "600519.SH,20251010,10,10,10,10,5,1,10"], 3),
        (["600519,20251010,10,10,10,10,5,1,10"], 2),
        (["600519.SH,,10,10,10,10,5,1,10"], 2),
    ],
)
def test_a_bad_csv_line_is_refused_with_its_number(tmp_path, lines, line):
    path = csv(tmp_path, *lines)

    assert f"{path}:{line}:" in problem_of(path)


@pytest.mark.parametrize(
    ("header", "named"),
    [
        ("ts_code,trade_date,open,high,low,close", "'vol'"),
        ("ts_code,open,high,low,close,vol", "'trade_date'"),
        ("ts_code,trade_date,open,open,high,low,close,vol", "'open'"),
    ],
)
def test_a_csv_without_its_columns_is_refused(tmp_path, header, named):
    assert named in problem_of(csv(tmp_path, header=header))


def test_blank_lines_in_a_csv_are_not_bars(tmp_path):
    path = csv(tmp_path, "", "600519.SH,20251009,10,10,10,10,5,1,10", "")

    assert load_prices(path, cache_dir=None).close.shape == (1, 1)


def test_a_csv_of_a_header_alone_has_no_bars(tmp_path):
    problem_of(csv(tmp_path))


def test_an_empty_table_without_header_has_no_bars(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_bytes(b"\xef\xbb\xbf")

    problem_of(path)


def parquet(folder, table):
    arrow = pytest.importorskip("pyarrow", reason="the parquet extra is not installed")
    import pyarrow.parquet

    path = folder / "prices.parquet"
    pyarrow.parquet.write_table(arrow.table(table), path)
    return path


def parquet_columns(**changed):
    columns = {
        "ts_code": ["600519.SH", "600519.SH"],
        "trade_date": ["20251009", "20251010"],
        "open": [10.0, 10.0],
        "high": [10.5, 10.5],
        "low": [9.9, 9.9],
        "close": [10.2, 10.4],
        "vol": [1200.0, 1300.0],
        "pre_close": [9.95, None],
    }
    return columns | changed


def test_parquet_holds_the_same_panel_as_csv(tmp_path):
    path = parquet(tmp_path, parquet_columns())

    panel = load_prices(path, cache_dir=None)

    assert panel.close[:, 0].tolist() == [10.2, 10.4]
    assert panel.prev_close is not None
    assert panel.prev_close[0, 0] == 9.95
    assert panel.source == "file:prices.parquet"


def test_parquet_times_and_decimals_may_be_of_their_own_types(tmp_path):
    days = [date(2025, 10, 9), date(2025, 10, 10)]
    moments = [datetime(2025, 10, 9, 10, 30), datetime(2025, 10, 9, 11, 30)]  # noqa: DTZ001 Tables are naive.

    by_day = load_prices(parquet(tmp_path, parquet_columns(trade_date=days)), cache_dir=None)
    by_decimal = load_prices(
        parquet(tmp_path, parquet_columns(close=[Decimal("10.20"), Decimal("10.40")])), cache_dir=None
    )
    by_hour = load_prices(parquet(tmp_path, parquet_columns(trade_time=moments)), cache_dir=None)

    assert by_day.days.tolist() == [day.toordinal() for day in days]
    assert by_decimal.close[:, 0].tolist() == [10.2, 10.4]
    assert by_hour.frequency is Frequency.HOURLY


def test_a_bad_parquet_row_is_refused_with_its_number(tmp_path):
    path = parquet(tmp_path, parquet_columns(close=[10.2, float("nan")]))

    assert f"{path}:2:" in problem_of(path)


def test_a_cut_off_parquet_file_is_refused(tmp_path):
    path = parquet(tmp_path, parquet_columns())
    path.write_bytes(path.read_bytes()[:-100])

    problem_of(path)


def test_parquet_without_its_library_says_what_to_install(tmp_path, monkeypatch):
    path = tmp_path / "prices.parquet"
    path.write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    assert "pip install kaipan[parquet]" in problem_of(path)


def test_what_nobody_declared_is_unknown(tmp_path):
    panel = load_prices(jsonl(tmp_path, series({"2025-10-10": bar()})), cache_dir=None)

    assert (panel.adjustment, panel.volume_unit) == (Adjustment.UNKNOWN, VolumeUnit.UNKNOWN)
    assert panel.synthetic is False


def declared(path, facts):
    path.with_name(path.name + ".meta.json").write_text(
        facts if isinstance(facts, str) else json.dumps(facts), encoding="utf-8"
    )


def test_facts_are_declared_in_a_file_beside_it_and_an_option_wins(tmp_path):
    path = jsonl(tmp_path, series({"2025-10-10": bar()}, symbol="510300.SH"))
    declared(
        path,
        {
            "adjustment": "raw",
            "volume_unit": "lot",
            "instruments": {"510300.SH": {"name": "300ETF", "kind": "etf_equity", "listed_on": "2012-05-28"}},
            "actions": [{"symbol": "510300.SH", "ex_date": "2025-10-10", "cash_per_share": "0.10"}],
        },
    )

    stated = load_prices(path, cache_dir=None)
    option = load_prices(path, cache_dir=None, adjustment=Adjustment.FORWARD, volume_unit=VolumeUnit.SHARE)

    assert (stated.adjustment, stated.volume_unit) == (Adjustment.RAW, VolumeUnit.LOT)
    assert stated.instruments[Symbol("510300.SH")].kind is Kind.ETF_EQUITY
    assert stated.instruments[Symbol("510300.SH")].listed_on == date(2012, 5, 28)
    assert stated.actions[0].cash_per_share == Decimal("0.10")
    assert (option.adjustment, option.volume_unit) == (Adjustment.FORWARD, VolumeUnit.SHARE)


@pytest.mark.parametrize(
    "facts",
    [
        "{",
        {"adjustment": "none"},
        {"adjusted": "raw"},
        {"instruments": {"600519.SH": {"listed": "2001-08-27"}}},
        {"instruments": {"600519.SH": {"listed_on": "soon"}}},
        {"instruments": {"600036.SH": {}}},
        {"actions": [{"symbol": "600519.SH"}]},
        {"actions": [{"symbol": "600036.SH", "ex_date": "2025-10-10"}]},
    ],
)
def test_declared_facts_that_cannot_be_are_refused(tmp_path, facts):
    path = jsonl(tmp_path, series({"2025-10-10": bar()}))
    declared(path, facts)

    assert f"{path}.meta.json" in problem_of(path)


GIVEN = {"symbol": "600519.SH", "ex_date": "2025-10-10"}


@pytest.mark.parametrize(
    ("actions", "problem"),
    [
        ([{**GIVEN, "cash_per_share": "-0.1"}], "actions[0]: cash_per_share is -0.1"),
        ([{**GIVEN, "cash_per_share": "NaN"}], "actions[0]: cash_per_share is NaN"),
        ([{**GIVEN, "shares_per_share": "-0.1"}], "actions[0]: shares_per_share is -0.1"),
        ([{**GIVEN, "shares_per_share": "1e999999999"}], "actions[0]: shares_per_share is 1E+999999999"),
        (
            [GIVEN, {**GIVEN, "shares_per_share": "0.3", "bonus_per_share": "0.5"}],
            "actions[1]: bonus_per_share is 0.5, above shares_per_share 0.3",
        ),
        ([{**GIVEN, "rights_per_share": "-0.3"}], "actions[0]: rights_per_share is -0.3"),
        (
            [{**GIVEN, "rights_per_share": "0.3"}],
            "actions[0]: rights_per_share is 0.3 and rights_price_cny 0",
        ),
        (
            [{**GIVEN, "rights_price_cny": "6.00"}],
            "actions[0]: rights_per_share is 0 and rights_price_cny 6.00",
        ),
        (
            [{**GIVEN, "cash_per_share": "0.1"}, GIVEN, {**GIVEN, "cash_per_share": "0.10"}],
            "actions[2]: is actions[0] again",
        ),
    ],
)
def test_a_corporate_action_that_cannot_be_is_refused_by_its_place(tmp_path, actions, problem):
    path = jsonl(tmp_path, series({"2025-10-10": bar()}))
    declared(path, {"actions": actions})

    assert problem in problem_of(path)


def test_two_distributions_of_one_day_are_two_actions(tmp_path):
    path = jsonl(tmp_path, series({"2025-10-10": bar()}))
    cash, shares = {**GIVEN, "cash_per_share": "0.1"}, {**GIVEN, "shares_per_share": "0.3"}
    declared(path, {"actions": [cash, shares]})

    assert len(load_prices(path, cache_dir=None).actions) == 2


def test_the_same_file_is_parsed_once(tmp_path, monkeypatch):
    path = jsonl(tmp_path, series({"2025-10-10": bar()}))
    first = load_prices(path, cache_dir=tmp_path / "panels")

    monkeypatch.setattr(price_files, "read_merged_jsonl", lambda _: pytest.fail("parsed a second time"))
    second = load_prices(path, cache_dir=tmp_path / "panels")

    assert same(first, second)


def test_with_and_without_a_cache_the_digest_is_the_same(tmp_path):
    path = jsonl(tmp_path, series({"2025-10-10": bar()}))

    assert same(load_prices(path, cache_dir=None), load_prices(path, cache_dir=tmp_path / "panels"))


def test_another_content_or_declaration_is_another_panel(tmp_path):
    path = jsonl(tmp_path, series({"2025-10-10": bar()}))
    cache = tmp_path / "panels"
    first = load_prices(path, cache_dir=cache)

    declared_raw = load_prices(path, cache_dir=cache, adjustment=Adjustment.RAW)
    jsonl(tmp_path, series({"2025-10-10": bar(close="10.30")}))
    changed = load_prices(path, cache_dir=cache)

    assert len({first.digest, declared_raw.digest, changed.digest}) == 3
    assert declared_raw.adjustment is Adjustment.RAW
    assert changed.close[0, 0] == 10.3


@pytest.mark.parametrize("damage", ["panel", "index", "no panel"])
def test_a_damaged_cache_entry_is_made_anew(tmp_path, damage):
    path = jsonl(tmp_path, series({"2025-10-10": bar()}))
    cache = tmp_path / "panels"
    first = load_prices(path, cache_dir=cache)
    stored = cache / f"{first.digest}.panel"
    whole = stored.read_bytes()

    if damage == "panel":
        stored.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    elif damage == "no panel":
        stored.unlink()
    else:
        next((cache / "sources").iterdir()).write_bytes(b"\xff\n")
    again = load_prices(path, cache_dir=cache)

    assert again.close[0, 0] == 10.2
    assert stored.read_bytes() == whole


@pytest.mark.parametrize(
    ("name", "rows", "symbols", "frequency"),
    [
        ("astock-2025/daily.jsonl", 30, 50, Frequency.DAILY),
        ("astock-2025/hourly.jsonl", 120, 50, Frequency.HOURLY),
        ("astock-2026/daily.jsonl", 76, 54, Frequency.DAILY),
        ("astock-2026/hourly.jsonl", 299, 54, Frequency.HOURLY),
    ],
)
def test_the_real_files_load(tmp_path, name, rows, symbols, frequency):
    path = SHARED / name
    if not path.is_file():
        pytest.skip("the folder of shared data does not stand beside this checkout")

    panel = load_prices(path, cache_dir=tmp_path)

    assert panel.close.shape == (rows, symbols)
    assert panel.frequency is frequency
    assert panel.open[0, panel.column[Symbol("600028.SH")]] == 5.29  # Sinopec opened 2025-10-09 at 5.29.


def test_a_file_in_another_encoding_is_refused_at_the_first_line_that_shows_it(tmp_path: Path):
    # As two programs put together: a row of UTF-8, then one of GBK.
    row = "600519.SH,{},10.0,10.0,10.0,10.0,100,1000,10.0,{}\n"
    first = "ts_code,trade_date,open,high,low,close,vol,amount,pre_close,name\n" + row.format(
        "20251009", "贵州茅台"
    )
    path = tmp_path / "mixed.csv"
    path.write_bytes(first.encode() + row.format("20251010", "贵州茅台").encode("gbk"))

    with pytest.raises(PriceFileError) as caught:
        load_prices(path, cache_dir=None)

    assert str(caught.value).startswith(f"{path}:3: ")
