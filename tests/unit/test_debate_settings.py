from __future__ import annotations

from pathlib import Path

import pytest

from agents.debate_words import Voice
from commands.failures import CommandFailed
from commands.minds import mind_of
from services.settings import Settings, SettingsError
from services.settings_debate import DebateSettings
from services.settings_file import load_settings
from services.settings_keys import keys_of
from services.settings_reading import read_section

MODELS = """
models:
  - {name: calm, model: calm-1, base_url: "http://127.0.0.1:9/v1"}
  - {name: bold, model: bold-1, base_url: "http://127.0.0.1:9/v1"}
  - {name: off, model: off-1, base_url: "http://127.0.0.1:9/v1", enabled: false}
"""


def settings_of(folder: Path, agent: str = "debate", more: str = "") -> Settings:
    path = folder / "config.yaml"
    path.write_text(f"agent_type: {agent}\ndata_dir: {folder / 'data'}\n{MODELS}{more}")
    return load_settings(path, overrides={}, environment={}, dotenv=None)


@pytest.mark.parametrize(("agent", "name"), [("debate", "debate:calm"), ("debate:bold", "debate:bold")])
def test_a_debate_is_named_after_the_model_of_its_voices(tmp_path: Path, agent: str, name: str):
    mind = mind_of(settings_of(tmp_path, agent))

    assert mind.name == name
    assert mind.counts is not None


@pytest.mark.parametrize(
    ("agent", "more"),
    [
        ("debate:nobody", ""),
        ("debate:off", ""),
        ("debate", "agent_config: {debate: {reviewer: nobody}}"),
    ],
)
def test_a_voice_without_its_model_is_refused_before_anything_begins(tmp_path: Path, agent: str, more: str):
    with pytest.raises(CommandFailed, match="models"):
        mind_of(settings_of(tmp_path, agent, more))


@pytest.mark.parametrize(
    "more",
    [
        "agent_config: {debate: {rounds: 6}}",
        "agent_config: {debate: {analysts: [astrologer]}}",
        "agent_config: {debate: {analysts: [news, news]}}",
        "agent_config: {debate: {trader: 'a b'}}",
        "agent_config: {briefing_tokens_max: 10}",
        "agent_config: {memory_sessions: -1}",
    ],
)
def test_settings_that_make_no_sense_are_refused_in_one_line(tmp_path: Path, more: str):
    with pytest.raises(SettingsError) as refused:
        settings_of(tmp_path, more=more)

    assert str(refused.value).count("\n") == 0
    assert "agent_config" in str(refused.value)


def test_every_voice_has_its_key():
    assert {str(voice) for voice in Voice} <= set(keys_of(DebateSettings))


def test_the_models_of_a_debate_are_those_of_its_voices_and_none_twice():
    seven = read_section(DebateSettings, {str(voice): f"m-{voice}" for voice in Voice})

    assert seven.models == {f"m-{voice}" for voice in Voice}
    assert read_section(DebateSettings, {"bull": "a", "bear": "a"}).models == {"a"}
    assert DebateSettings().models == set()
