from __future__ import annotations

from pathlib import Path

import pytest

from agents.parsing import parse
from agents.replay import ReplayAgent
from agents.scripted import ScriptedAgent, ScriptError, read_script
from services.domain.decision import Decision, RawAnswer, Reads, Usage
from services.domain.events import FaultRecord
from services.domain.orders import SessionId
from services.ports import AgentFault
from tests.unit.agents_market import Setting, answer_of, panel_of

BRIEFING = Setting(panel=panel_of({"600001.SH": [10.0, 10.0]})).brief()


def script_of(folder: Path, content: str | bytes) -> Path:
    path = folder / "script.jsonl"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(("ordinal", "text"), [(1, "second"), (0, "first")])
def test_the_sessions_ordinal_chooses_the_answer_not_how_often_it_was_asked(ordinal: int, text: str):
    agent = ScriptedAgent(["first", "second"], lambda session: ordinal)

    assert answer_of(agent, BRIEFING).text == answer_of(agent, BRIEFING).text == text


def test_the_ordinal_is_asked_for_the_briefings_session():
    asked: list[SessionId] = []

    def ordinal_of(session: SessionId) -> int:
        asked.append(session)
        return 0

    answer_of(ScriptedAgent(["x"], ordinal_of), BRIEFING)

    assert asked == [BRIEFING.session]


@pytest.mark.parametrize("ordinal", [2, 99, -1])
def test_past_the_scripts_end_nothing_is_traded(ordinal: int):
    agent = ScriptedAgent(["first", "second"], lambda session: ordinal)

    decision = parse(answer_of(agent, BRIEFING), BRIEFING.watchlist)

    assert isinstance(decision, Decision)
    assert decision.intents == ()


def test_a_script_is_one_json_string_a_line(tmp_path: Path):
    path = script_of(tmp_path, '"{\\"orders\\": []}"\n"not json at all"\n"持有\u2028"\n""\n')

    assert read_script(path) == ('{"orders": []}', "not json at all", "持有\u2028", "")


@pytest.mark.parametrize("content", ['"a"', '"a"\n', '\ufeff"a"\n', '"a"\r\n'])
def test_line_ends_and_a_byte_order_mark_do_not_matter(tmp_path: Path, content: str):
    assert read_script(script_of(tmp_path, content)) == ("a",)


def test_an_empty_script_has_no_answers(tmp_path: Path):
    assert read_script(script_of(tmp_path, "")) == ()


@pytest.mark.parametrize(
    "line", ['{"rationale": "r", "orders": []}', "hold", "", "42", "null", '"half', '"a" "b"']
)
def test_a_line_that_is_not_a_json_string_is_named_by_file_and_number(tmp_path: Path, line: str):
    path = script_of(tmp_path, f'"good"\n{line}\n"good"\n')

    with pytest.raises(ScriptError) as refused:
        read_script(path)

    assert str(refused.value).startswith(f"{path}:2: ")
    assert "\n" not in str(refused.value)


def test_a_script_that_cannot_be_read_is_named(tmp_path: Path):
    for path in (tmp_path / "missing.jsonl", tmp_path, script_of(tmp_path, b'"\xff\xfe"\n')):
        with pytest.raises(ScriptError) as refused:
            read_script(path)
        assert str(refused.value).startswith(f"{path}: ")
        assert "\n" not in str(refused.value)


def test_a_replay_answers_as_recorded():
    recorded = RawAnswer(text="anything", model="m", usage=Usage(input_tokens=7))
    agent = ReplayAgent({BRIEFING.session: recorded}, name="llm:deep", reads=Reads.TEXT)

    assert answer_of(agent, BRIEFING) is recorded
    assert (agent.name, agent.reads) == ("llm:deep", Reads.TEXT)


def test_a_replay_of_a_session_without_a_recorded_answer_is_a_fault():
    with pytest.raises(AgentFault, match=BRIEFING.session):
        answer_of(ReplayAgent({}), BRIEFING)


def test_a_replay_of_a_recorded_fault_is_that_fault():
    agent = ReplayAgent({BRIEFING.session: FaultRecord(door="agent", asked="m at host", why="down")})

    with pytest.raises(AgentFault) as fault:
        answer_of(agent, BRIEFING)

    assert (fault.value.asked, fault.value.why) == ("m at host", "down")
