from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from commands.training_cutoff import training_cutoff
from monitor.training_overlap import NO_OVERLAP, training_overlap
from services.settings import Settings
from services.settings_file import load_settings
from tests.command_line import call
from tests.provider_twin import ProviderTwin, says

WEEK = tuple(date(2026, 7, day) for day in range(13, 18))
HOLD = json.dumps({"rationale": "hold", "orders": []})


def settings_of(path: Path, agent: str, fallback: tuple[str, ...] = (), **debate: str) -> Settings:
    models = [
        {"name": "old", "model": "m", "training_cutoff": "2024-06-30"},
        {"name": "young", "model": "m", "training_cutoff": "2026-07-14"},
        {"name": "silent", "model": "m"},
        {"name": "off", "model": "m", "training_cutoff": "2027-01-01", "enabled": False},
    ]
    asking = {"fallback": list(fallback), "debate": debate}
    path.write_text(json.dumps({"agent_type": agent, "models": models, "agent_config": asking}))
    return load_settings(path, environment={}, dotenv=None)


@pytest.mark.parametrize(
    ("agent", "fallback", "expected"),
    [
        ("llm", (), date(2024, 6, 30)),  # The first enabled one.
        ("llm:young", (), date(2026, 7, 14)),
        ("llm:old", ("young",), date(2026, 7, 14)),  # It may be asked.
        ("llm:silent", (), None),
        ("llm:silent", ("old",), date(2024, 6, 30)),
        ("debate:old", (), date(2024, 6, 30)),
        ("rule:momentum", (), None),
    ],
)
def test_a_mind_remembers_until_the_youngest_of_the_models_it_may_ask(
    tmp_path: Path, agent: str, fallback: tuple[str, ...], expected: date | None
):
    assert training_cutoff(settings_of(tmp_path / "c.json", agent, fallback)) == expected


def test_a_voice_of_a_debate_counts(tmp_path: Path):
    assert training_cutoff(settings_of(tmp_path / "c.json", "debate:old", bull="young")) == date(2026, 7, 14)


@pytest.mark.parametrize(
    ("cutoff", "known"),
    [("2026-07-12", 0), ("2026-07-13", 1), ("2026-07-14", 2), ("2026-12-31", 5)],
)
def test_days_up_to_the_cutoff_are_counted_each_once(cutoff: str, known: int):
    found = training_overlap({"training_cutoff": f'"{cutoff}"'}, (*WEEK, *WEEK))

    assert (found.days_known, found.days, len(found.said)) == (known, 5, int(known > 0))


@pytest.mark.parametrize("settings", [{}, {"training_cutoff": "null"}])
def test_a_record_without_a_cutoff_says_nothing(settings: dict[str, str]):
    found = training_overlap(settings, WEEK)

    assert (found.cutoff, found.days_known, found.said) == (None, 0, ())
    assert NO_OVERLAP.said == ()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_summary_screen_and_report_say_what_may_be_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lang: str
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("no_proxy", "*")
    with ProviderTwin(says(HOLD)) as twin:
        model = {
            "name": "twin", "model": "m", "base_url": twin.url, "dialect": "openai",
            "training_cutoff": "2026-07-14",
        }  # fmt: skip
        config = tmp_path / "config.json"
        config.write_text(json.dumps({"agent_type": "llm", "models": [model]}))
        demo = ("--mode", "backtest", "--demo", "--frequency", "hourly", "--config", config, "--lang", lang)

        ran = call(*demo, "--json", "--data-dir", tmp_path / "data")
        shown = call(*demo, "--data-dir", tmp_path / "data")

    assert ran.json["training"] == {"cutoff": "2026-07-14", "days_up_to_it": 2, "days": 5}
    page = (tmp_path / "data" / "main" / "report.html").read_text(encoding="utf-8")
    for text in (shown.out, page):
        assert "2026-07-14" in text
        assert "--masked" in text


def test_a_rule_has_no_training_to_speak_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)

    ran = call(
        "--mode", "backtest", "--demo", "--frequency", "hourly", "--json",
        "--start", "2026-07-13", "--end", "2026-07-13", "--data-dir", tmp_path / "data",
    )  # fmt: skip

    assert ran.json["training"] == {"cutoff": None, "days_up_to_it": 0, "days": 1}
    assert "--masked" not in (tmp_path / "data" / "main" / "report.html").read_text(encoding="utf-8")
