from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

import monitor
from monitor.wording import CATALOGUE, LANGUAGES, say
from services.domain.decision import BadAnswerKind
from services.domain.events import Outcome
from services.domain.fills import MovementKind
from services.domain.orders import OrderState, Rule, Side

MEMBERS = [
    *(f"rule.{rule}" for rule in Rule),
    *(f"outcome.{outcome}" for outcome in Outcome),
    *(f"bad_answer.{kind}" for kind in BadAnswerKind),
    *(f"side.{side}" for side in Side),
    *(f"movement.{kind}" for kind in MovementKind),
    *(f"order_state.{state}" for state in OrderState),
]


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("key", MEMBERS)
def test_every_member_has_a_wording_in_both_languages(key: str):
    english, chinese = say(key, "en"), say(key, "zh")

    assert english
    assert re.search(r"[\u4e00-\u9fff]", chinese)


def test_both_languages_of_a_wording_take_the_same_values():
    differing = [key for key, (en, zh) in CATALOGUE.items() if placeholders(en) != placeholders(zh)]

    assert differing == []


def test_every_key_named_in_the_code_is_in_the_catalogue():
    files = Path(next(iter(monitor.__path__))).glob("*.py")
    sources = [file.read_text(encoding="utf-8") for file in files]
    named = {key for source in sources for key in re.findall(r'say\(\s*"([a-z_.]+)"', source)}

    assert len(named) > 20
    assert named - CATALOGUE.keys() == set()


def test_values_are_put_in_their_places():
    for lang in LANGUAGES:
        assert "3" in say("view.refused_count", lang, count=3)


@pytest.mark.parametrize(
    ("key", "lang"), [("no such key", "en"), ("account", "fr"), ("view.refused_count", "en")]
)
def test_an_unknown_key_or_language_or_a_missing_value_is_an_error(key: str, lang: str):
    with pytest.raises(KeyError):
        say(key, lang)
