"""No secret in text: those that are known in any spelling, and what looks like one."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.redaction import Redaction, secrets_of
from services.settings import Settings
from services.settings_reading import read_section
from services.settings_values import Secret

CANARY = 'c4n"ary/ключ+key=='


@pytest.mark.parametrize(
    "spelled",
    [
        CANARY,
        json.dumps(CANARY),
        json.dumps(CANARY, ensure_ascii=False),
        quote(CANARY, safe=""),
        quote(CANARY),
    ],
    ids=["plain", "json", "json-utf8", "address", "address-with-slashes"],
)
def test_a_known_secret_is_gone_in_every_spelling(spelled: str):
    assert Redaction([CANARY])(f"before {spelled} after") in ("before *** after", 'before "***" after')


@given(st.text(min_size=4).filter(lambda one: len(one.strip()) >= 4), st.text(), st.text())
def test_no_text_carries_a_known_secret(secret: str, before: str, after: str):
    assert secret.strip() not in Redaction([secret])(f"{before}{secret}{after}").replace("***", "")


def test_of_two_secrets_the_longer_one_is_taken_whole():
    assert Redaction(["abcd", "abcdefgh"])("abcdefgh") == "***"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Authorization: Bearer abc.def-123456", "Authorization: Bearer ***"),
        ("GET /bot12345:AAAAAAAAAAAAAAAAAAAAAAAA/send", "GET /bot***/send"),
        ("postgresql://me:pw1234@host/db", "postgresql://me:***@host/db"),
        ("incorrect key sk-proj-abcdefgh1234", "incorrect key ***"),
        ('{"token":"0123456789abcdef"}', '{"token":"***"}'),
        ("?access_token=0123456789&x=1", "?access_token=***&x=1"),
        (r"{\"api_key\": \"qwertyuiop\"}", r"{\"api_key\": \"***\"}"),
    ],
)
def test_what_looks_like_a_secret_is_blotted_out(text: str, left: str):
    assert Redaction([])(text) == left


@pytest.mark.parametrize(
    "text",
    ["600519.SH buy 100 at 1,688.00", "session 20251010-1035-main-live closed: done", "no secret, no key"],
)
def test_ordinary_words_stay(text: str):
    assert Redaction(["SECRETWORD"])(text) == text


def test_secrets_are_found_in_the_configuration_and_the_environment():
    settings = read_section(
        Settings,
        {
            "broker": {"api_key": Secret("canary-broker")},
            "models": [{"name": "m", "model": "m", "api_key": Secret("canary-model")}],
            "journal_url": Secret("postgresql://me:canary-pw@host/db"),
        },
    )

    found = secrets_of(settings, {"TUSHARE_TOKEN": "canary-token", "EDITOR": "an-editor", "A_URL": "no ://["})

    assert set(found) >= {"canary-broker", "canary-model", "canary-pw", "canary-token"}
    assert "an-editor" not in found


def test_a_hooks_address_gives_away_its_secret_part_and_not_its_host():
    hook = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"

    text = Redaction(secrets_of(Settings(), {"KAIPAN_ALERT_TEAM_URL": hook}))(f"cannot reach {hook}")

    assert text == "cannot reach https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=***"
