"""What of a hostile answer reaches a journal, a screen and the model that is asked again."""

from __future__ import annotations

import json

import pytest

from agents.parsing import TEXT_BYTES_MAX, parse, recordable
from services.domain.decision import BadAnswer, BadAnswerKind, RawAnswer

NOTE_BYTES = 64
"""More than the note that a text was cut."""
TOO_LONG = '{"rationale":"r","orders":[]}' + " " * TEXT_BYTES_MAX


def read(text: str) -> BadAnswer:
    bad = parse(RawAnswer(text=text, model="m"), ())
    assert isinstance(bad, BadAnswer)
    return bad


@pytest.mark.parametrize("filler", [" ", "长", "😀", "x"])
def test_a_text_that_is_too_long_is_kept_in_part_and_never_becomes_a_decision(filler: str) -> None:
    whole = RawAnswer(text='{"rationale":"r","orders":[]}' + filler * TEXT_BYTES_MAX, model="m")

    kept = recordable(whole)

    assert TEXT_BYTES_MAX < len(kept.text.encode()) < TEXT_BYTES_MAX + NOTE_BYTES
    assert whole.text.startswith(kept.text[: TEXT_BYTES_MAX // 4])
    assert read(kept.text).kind is BadAnswerKind.SCHEMA
    assert "more than" in read(kept.text).reason
    assert recordable(kept) is kept


def test_a_text_of_just_the_most_bytes_is_kept_whole() -> None:
    text = TOO_LONG[:TEXT_BYTES_MAX]
    answer = RawAnswer(text=text, model="m")

    assert recordable(answer) is answer
    assert not isinstance(parse(answer, ()), BadAnswer)


def test_the_reason_names_the_bytes_of_a_text_that_was_not_cut() -> None:
    assert str(len(TOO_LONG)) in read(TOO_LONG).reason


def test_what_a_model_said_is_cut_and_what_it_was_told_is_not() -> None:
    told = {"role": "user", "content": "x" * (2 * TEXT_BYTES_MAX)}
    said = {"role": "assistant", "content": "y" * (2 * TEXT_BYTES_MAX), "finish_reason": "stop"}

    kept = recordable(RawAnswer(text="{}", model="m", transcript=(told, said)))

    assert kept.transcript[0] == told
    assert len(kept.transcript[1]["content"]) < TEXT_BYTES_MAX + NOTE_BYTES
    assert kept.transcript[1]["finish_reason"] == "stop"


@pytest.mark.parametrize(
    "name", ["k" * 200_000, "a\nb", "\x1b[2J", "\u202eevil", "zero\u200bwidth", "line\u2028break", "\x85"]
)
def test_a_reason_is_one_short_line_that_commands_nothing(name: str) -> None:
    reason = read(json.dumps({name: 0}, ensure_ascii=True)).reason

    assert len(reason) <= 300
    assert reason.isprintable()


def test_a_long_reason_keeps_the_place_it_speaks_of() -> None:
    text = json.dumps({"rationale": "r", "orders": [{"symbol": "x", "side": "s" * 5000, "shares": 1}]})

    assert read(text).reason.endswith("$.orders[0].side`")
