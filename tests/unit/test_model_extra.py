"""What else a model's server is told: never a secret, and nothing that the request says itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.settings import Settings, SettingsError
from services.settings_file import load_settings
from services.settings_models import extra_text


def load(folder: Path, extra: str) -> Settings:
    path = folder / "c.yaml"
    path.write_text(f"models:\n  - name: m\n    model: x\n    extra: {extra}\n", encoding="utf-8")
    return load_settings(path, environment={}, dotenv=None)


@pytest.mark.parametrize(
    ("extra", "text"),
    [
        ("{}", ""),
        ("{enable_thinking: false}", '{"enable_thinking":false}'),
        (
            "{thinking: {type: disabled}, a: [1, 2.50, 好]}",
            '{"a":[1,2.50,"好"],"thinking":{"type":"disabled"}}',
        ),
    ],
)
def test_json_values_are_taken_and_written_one_way(tmp_path: Path, extra: str, text: str):
    assert extra_text(load(tmp_path, extra).models[0].extra) == text


@pytest.mark.parametrize(
    ("extra", "named"),
    [
        ("{model: other}", "'model'"),
        ("{stream: true}", "'stream'"),
        ("{n: 5}", "'n'"),
        ("{max_tokens: 9}", "'max_tokens'"),
        ("{api_key: abc}", "secret"),
        ("{auth: {apiKey: abc}}", "secret"),
        ("{x: '${OPENAI_API_KEY}'}", "secret"),
        ("{x: [sk-abc]}", "secret"),
        ("{x: 1e999}", "too large"),
        ("{x: [[[[[[[[[1]]]]]]]]]}", "nested"),
        (f"{{x: {'y' * 4000}}}", "4000"),
        ("[1]", "mapping"),
    ],
)
def test_anything_else_is_refused_with_its_key(tmp_path: Path, extra: str, named: str):
    with pytest.raises(SettingsError, match=named) as caught:
        load(tmp_path, extra)

    assert "models[0].extra" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert "sk-abc" not in str(caught.value)
