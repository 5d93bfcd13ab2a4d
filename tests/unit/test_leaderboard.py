"""Lines of an arena side by side: order, intervals, pairs, and what the notes say of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from monitor.arena_page import render_arena
from monitor.arena_row import Answers, Entered, EntrantKind, Row, RowState, answers_of, failed_row
from monitor.leaderboard import Import, Leaderboard, Terms, board_json, leaderboard, notes
from monitor.reading import inline_value
from monitor.resampling import Resampler
from services.domain.decision import BadAnswer, BadAnswerKind, ModelCall, RawAnswer, Usage
from services.domain.events import Event, FaultRecord
from tests.monitor_journal import JournalByHand

MON = date(2025, 10, 13)
TERMS = Terms(
    account="arena",
    mode="backtest",
    market="cn",
    frequency="daily",
    source="by hand",
    start=MON,
    end=MON + timedelta(days=9),
    synthetic=False,
    approximate=True,
)
RESAMPLER = Resampler(draws=500, block_days=2, seed=1)


def row(name: str, *equity: str, kind: EntrantKind = EntrantKind.ENTRANT, **more: Any) -> Row:
    """Return the line of an account with that equity at its opening and at each day's end."""
    days = [MON, *(MON + timedelta(days=at) for at in range(len(equity) - 1))]
    daily = tuple((day, Decimal(one)) for day, one in zip(days, equity, strict=False))
    return Row(name=name, kind=kind, daily=daily, **more)


def board(*rows: Row, imports: Sequence[Import] = ()) -> Leaderboard:
    return leaderboard(rows, TERMS, RESAMPLER, imports)


def test_the_best_return_comes_first_and_a_line_without_one_last():
    found = board(
        row("low", "100", "90"),
        failed_row(Entered(name="none", kind=EntrantKind.MODEL, agent="llm:x", account="a"), "no key"),
        row("high", "100", "110"),
        row("flat", "100", "100"),
    )

    assert [one.row.name for one in found.standings] == ["high", "flat", "low", "none"]
    assert found.standings[-1].mean_daily is None


def test_a_lines_returns_are_those_of_its_days():
    one = row("x", "100", "110", "99")

    # 110 / 100 - 1 = 0.10; 99 / 110 - 1 = -0.10; 99 / 100 - 1 = -0.01
    assert list(one.returns.values()) == [pytest.approx(0.10), pytest.approx(-0.10)]
    assert one.total_return == pytest.approx(-0.01)


def test_turnover_is_what_was_traded_over_the_mean_equity():
    one = row("x", "100", "110", "120", traded_cny=Decimal(55))

    assert one.turnover_ratio == pytest.approx(0.5)  # 55 / ((100 + 110 + 120) / 3)
    assert row("y", "100", "110").turnover_ratio is None


def test_a_pair_is_compared_over_the_days_both_have():
    longer = row("longer", "100", "110", "121", "121")
    shorter = row("shorter", "100", "100", "90")

    (pair,) = board(longer, shorter).pairs

    # Day 1: 0.10 - 0.00, day 2: 0.10 - (-0.10); together 1.21 - 0.90 over the two days.
    assert (pair.first, pair.second, pair.days, pair.days_ahead) == ("longer", "shorter", 2, 2)
    assert pair.mean_daily.value == pytest.approx(0.15)
    assert pair.growth.value == pytest.approx(0.31)


def test_lines_without_a_day_in_common_make_no_pair():
    assert board(row("x", "100", "110"), row("y", "100")).pairs == ()


def test_an_account_that_lost_everything_has_no_returns_to_compare():
    assert row("gone", "100", "0", "0").returns == {}


def test_days_up_to_the_training_cut_off_are_counted_and_said():
    one = row("m", "100", "101", "102", "103", kind=EntrantKind.MODEL, cutoff=MON + timedelta(days=1))

    assert one.days_known_before == 2
    said = notes(board(one), "en")
    assert any("m:" in line and "2 of 3" in line and "2025-10-14" in line for line in said)


def test_a_model_without_a_cut_off_is_named_and_a_rule_is_not():
    found = board(row("m", "100", "101", kind=EntrantKind.MODEL), row("r", "100", "101"))

    said = [line for line in notes(found, "en") if "cut-off" in line]
    assert len(said) == 1
    assert "of m:" in said[0]


def test_a_cut_off_before_the_period_says_nothing():
    one = row("m", "100", "101", kind=EntrantKind.MODEL, cutoff=MON - timedelta(days=1))

    assert one.days_known_before == 0
    assert not any("cut-off" in line for line in notes(board(one), "en"))


def test_a_short_sample_is_called_one():
    short = board(row("x", "100", "101"))
    equity = [str(100 + at) for at in range(61)]

    assert any("1 trading days" in line for line in notes(short, "en"))
    assert not any("short sample" in line for line in notes(board(row("x", *equity)), "en"))


def test_who_did_not_come_to_the_end_is_said_first():
    failed = failed_row(Entered(name="x", kind=EntrantKind.MODEL, agent="llm:x", account="a-x"), "no key")
    killed = row("y", "100", "101", state=RowState.KILLED)

    first, second, *_ = notes(board(row("z", "100", "102"), failed, killed), "en")

    assert "y" in first
    assert "x" in second
    assert "no key" in second


def test_the_notes_are_there_in_both_languages():
    found = board(
        row("m", "100", "101", kind=EntrantKind.MODEL, cutoff=MON),
        row("r", "100", "102", kind=EntrantKind.RECORD),
        imports=[Import(name="r", file="f", trades=3, left_out=((7, "0 shares"),))],
    )

    assert len(notes(found, "en")) == len(notes(found, "zh")) == 7
    assert not set(notes(found, "en")) & set(notes(found, "zh"))


def test_json_states_returns_over_baselines_and_index_alone():
    found = board(
        row("m", "100", "110", kind=EntrantKind.MODEL),
        row("other", "100", "105"),
        row("momentum", "100", "104", kind=EntrantKind.BASELINE),
        row("index", "100", "102", kind=EntrantKind.INDEX),
    )

    lines: Any = board_json(found, "en")["rows"]
    first = lines[0]
    assert first["name"] == "m"
    # 10 % less 4 % and less 2 %
    assert first["over"] == {"momentum": pytest.approx(0.06), "index": pytest.approx(0.08)}


def test_a_strangers_text_cannot_act_on_the_page():
    evil = "<script>alert(1)</script>"
    evil_row = row("x", "100", "101", agent=evil, state=RowState.FAILED, why=evil)
    page = render_arena(board(evil_row), "en")

    assert evil not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_names_everybody_and_is_the_same_each_time(lang: str):
    found = board(
        row("alpha", "100", "101", "102", refusals={"cash": 2}, orders=3, fills=1, answers=Answers(asked=2)),
        row("index", "100", "99", "98", kind=EntrantKind.INDEX),
    )

    page = render_arena(found, lang)

    assert "<b>alpha</b>" in page
    assert page == render_arena(found, lang)


def call(latency_ms: int) -> RawAnswer:
    return RawAnswer(
        text="{}",
        model="m",
        usage=Usage(input_tokens=100, output_tokens=10, latency_ms=latency_ms, cost_cny=Decimal("0.25")),
        calls=(ModelCall(request="r", model="m"),),
    )


def journal(*steps: tuple[str, object]) -> Sequence[Event]:
    """Return a journal of those steps, each in a session of its own."""
    written = JournalByHand()
    for number, (step, value) in enumerate(steps):
        written.session = f"s{number}"
        written.write(step, value)
    return written.events


def test_answers_are_counted_by_what_they_took():
    bad = BadAnswer(kind=BadAnswerKind.SCHEMA, reason="x", model="m", answer_hash="h")
    events = journal(
        *(("answer", call(ms)) for ms in range(1, 21)),
        ("answer", RawAnswer(text="{}", model="rule:x")),
        ("answer", FaultRecord(door="agent", asked="a", why="late")),
        ("prices", FaultRecord(door="prices", asked="a", why="down")),
        ("decision", bad),
    )

    # Nearest rank of 20 values: the 10th and the 19th. 20 x 100 tokens, 20 x 0.25.
    assert answers_of(events, inline_value) == Answers(
        asked=20,
        faults=1,
        bad={"schema": 1},
        input_tokens=2000,
        output_tokens=200,
        cost_cny=Decimal("5.00"),
        latency_p50_ms=10,
        latency_p95_ms=19,
    )


def test_a_rule_has_no_latency():
    events = journal(("answer", RawAnswer(text="{}", model="rule:x")))

    assert answers_of(events, inline_value) == Answers()
