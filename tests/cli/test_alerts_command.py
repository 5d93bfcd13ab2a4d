"""`alert test`, `day`, and the configuration of channels, as a person calls them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from commands.alert_channels import missing_secret
from services.domain.alerts import AlertKind
from services.settings_alerts import ChannelType
from services.settings_file import load_settings
from tests import channel_twins as twins
from tests.command_line import ROOT, answer, call, four_days, order, script
from tests.loopback_server import closed_address

TOKEN = "canary-token-7731"


def config(folder: Path, *channels: dict[str, object], **more: object) -> Path:
    path = folder / "c.json"
    path.write_text(json.dumps({"alerts": {"channels": channels, **more}}), encoding="utf-8")
    return path


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TEAM", "DEAD"):
        monkeypatch.setenv(f"KAIPAN_ALERT_{name}_TOKEN", TOKEN)


def test_a_test_message_goes_to_every_channel_and_each_is_told_of(tmp_path: Path, token: None):
    with twins.twin(twins.wecom(TOKEN)) as platform:
        path = config(
            tmp_path,
            {"name": "team", "type": "wecom", "url": twins.address(platform)},
            {"name": "dead", "type": "wecom", "url": closed_address()},
            {"name": "bare", "type": "telegram", "chat_id": "1"},
            {"name": "off", "type": "wecom", "enabled": False},
        )
        done = call("alert", "test", "--config", path, "--json")
        one = call("alert", "test", "--config", path, "--channel", "team", "--lang", "zh")

    assert done.code == 3
    found = {each["name"]: each for each in done.json["channels"]}
    assert {name: each["ok"] for name, each in found.items()} == {"team": True, "dead": False, "bare": False}
    assert "KAIPAN_ALERT_BARE_TOKEN" in found["bare"]["why"]
    assert TOKEN not in done.out + done.err
    assert one.code == 0
    assert "测试" in platform.bodies[1]["text"]["content"]


def test_a_refused_test_message_is_told_with_the_platforms_reason(tmp_path: Path, token: None):
    with twins.twin(twins.wecom("another")) as platform:
        path = config(tmp_path, {"name": "team", "type": "wecom", "url": twins.address(platform)})
        done = call("alert", "test", "--config", path)

    assert done.code == 3
    assert "invalid webhook url" in done.out
    assert TOKEN not in done.out + done.err


@pytest.mark.parametrize("arguments", [(), ("--channel", "moon")])
def test_a_channel_that_is_not_there_is_one_line(arguments: tuple[str, ...], tmp_path: Path):
    path = config(tmp_path, *([{"name": "team", "type": "wecom"}] if arguments else []))

    done = call("alert", "test", "--config", path, *arguments)

    assert (done.code, len(done.err.splitlines())) == (2, 1)


@pytest.mark.parametrize(("channel", "named"), [
    ({"name": "a", "type": "telegram"}, "chat_id"),
    ({"name": "a", "type": "email", "host": "h", "sender": "a@b"}, "to"),
    ({"name": "a", "type": "email", "host": "h", "sender": "a@b", "to": ["c@d"], "security": "none"}, "none"),
    ({"name": "a", "type": "email", "host": "h", "sender": "a@b", "to": ["c@d", "me@"]}, "me@"),
    ({"name": "a", "type": "email", "host": "h", "sender": "a@[", "to": ["c@d"]}, "a@["),
    ({"name": "a", "type": "email", "host": "h", "sender": "Kaipan <a@b", "to": ["c@d"]}, "a@b"),
    ({"name": "a", "type": "webhook", "url": "https://h"}, "body"),
    ({"name": "a", "type": "webhook", "url": "https://h", "body": {"x": ["{moon}"]}}, "moon"),
    ({"name": "a", "type": "webhook", "url": "https://h", "body": {"x": 1}, "success_key": "c"}, "_value"),
    ({"name": "a", "type": "pager"}, "type"),
    ({"name": "a b", "type": "wecom"}, "name"),
    ({"name": "a", "type": "wecom", "token": TOKEN}, "KAIPAN_ALERT_A_TOKEN"),
    ({"name": "a-b", "type": "feishu", "sign_secret": TOKEN}, "KAIPAN_ALERT_A_B_SIGN"),
    ({"name": "a", "type": "wecom", "url": f"https://user:{TOKEN}@h"}, "url"),
])  # fmt: skip
def test_a_channel_that_cannot_be_is_one_line_without_a_secret(
    channel: dict[str, object], named: str, tmp_path: Path
):
    done = call("alert", "test", "--config", config(tmp_path, channel))

    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert named in done.err
    assert TOKEN not in done.err


@pytest.mark.parametrize("more", [
    {"quiet_from": "22:00"},
    {"quiet_from": "22:00", "quiet_until": "22:00"},
    {"halt_on": ["moon"]},
])  # fmt: skip
def test_a_section_that_cannot_be_is_one_line(more: dict[str, object], tmp_path: Path):
    done = call("alert", "test", "--config", config(tmp_path, **more))

    assert (done.code, len(done.err.splitlines())) == (2, 1)


def test_two_channels_of_one_name_are_refused(tmp_path: Path):
    path = config(tmp_path, {"name": "a", "type": "wecom"}, {"name": "a", "type": "feishu"})

    assert "rename" in call("alert", "test", "--config", path).err


def test_a_templates_numbers_are_sent_as_they_are_written(tmp_path: Path):
    with twins.twin(twins.says({})) as hook:
        path = tmp_path / "c.yaml"
        body = "{f: 1.50, i: 3, yes: true, list: [0.1], day: 2025-10-10, text: '{title}'}"
        path.write_text(
            f"alerts: {{channels: [{{name: a, type: webhook, url: '{twins.address(hook)}', body: {body}}}]}}"
        )
        done = call("alert", "test", "--config", path)

    assert done.code == 0
    start = b'{"f":1.50,"i":3,"yes":true,"list":[0.1],"day":"2025-10-10","text":"[info] '
    assert hook.requests[0].raw.startswith(start)


# The documentation's own examples.


def pages_examples() -> list[str]:
    page = (ROOT / "docs/alerts.md").read_text(encoding="utf-8")
    return re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)


def test_the_examples_of_the_page_are_configurations_that_lack_their_secrets_alone(tmp_path: Path):
    assert len(pages_examples()) == 2
    for number, example in enumerate(pages_examples()):
        path = tmp_path / f"{number}.yaml"
        path.write_text(example, encoding="utf-8")
        settings = load_settings(path, environment={}, dotenv=None)
        assert all(missing_secret(channel) for channel in settings.alerts.channels)


def test_the_pages_sms_is_sent_as_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KAIPAN_ALERT_SMS_TOKEN", TOKEN)
    with twins.twin(twins.says({"code": "0", "errorMsg": ""})) as gateway:
        example = pages_examples()[1].replace("https://sms.example.com", twins.address(gateway))
        path = tmp_path / "sms.yaml"
        path.write_text(example, encoding="utf-8")
        done = call("alert", "test", "--config", path)

    assert done.code == 0
    (asked,) = gateway.requests
    assert asked.path == "/msg/v1/send/json"
    assert (asked.body["account"], asked.body["password"], asked.body["phone"]) == (
        "N1234567",
        TOKEN,
        "13800000000",
    )
    assert asked.body["msg"].startswith("【开盘】[info]")
    assert len(asked.body["msg"]) <= 70


def test_the_page_has_a_row_for_every_kind_and_every_channel():
    page = (ROOT / "docs/alerts.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `([a-z_]+)`", page, re.MULTILINE))
    types = set(get_args(ChannelType))

    assert {str(kind) for kind in AlertKind} | types == named


# The day.


@pytest.fixture
def data(tmp_path: Path) -> Path:
    agent = script(tmp_path / "answers.jsonl", [answer(order("buy", 100))])
    done = call(
        "--mode", "backtest", "--prices", four_days(tmp_path), "--adjustment", "raw", "--volume-unit", "lot",
        "--agent", agent, "--data-dir", tmp_path / "data", "--no-report", "--json",
    )  # fmt: skip
    assert done.code == 0
    return tmp_path / "data"


def test_a_day_is_printed_and_its_page_written(data: Path):
    done = call("day", "--date", "2025-10-09", "--data-dir", data, "--json")

    # 100 bought at the open of 10.00, worth 10.50 at the close: 50.00 less 5.00 and 0.01 of fees.
    assert done.code == 0
    assert (done.json["profit"], done.json["equity"]) == (44.99, 100044.99)
    assert done.json["page"] == str(data / "main" / "days" / "2025-10-09.html")
    assert "100,044.99" in Path(str(done.json["page"])).read_text(encoding="utf-8")
    assert done.json["sent"] is None


def test_without_a_date_it_is_the_last_day(data: Path):
    assert call("day", "--data-dir", data, "--json").json["day"] == "2025-10-14"
    assert "2025-10-14" in call("day", "--data-dir", data, "--lang", "zh").out


def test_a_day_without_a_session_is_one_line(data: Path):
    done = call("day", "--date", "2025-10-11", "--data-dir", data)

    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert "2025-10-11" in done.err


def test_a_day_can_be_sent_by_hand(data: Path, tmp_path: Path, token: None):
    with twins.twin(twins.wecom(TOKEN)) as platform:
        path = config(
            tmp_path,
            {"name": "team", "type": "wecom", "url": twins.address(platform), "lang": "zh"},
            {"name": "dead", "type": "wecom", "url": closed_address()},
        )
        done = call("day", "--send", "--config", path, "--data-dir", data, "--json")

    assert done.code == 3
    assert [one["ok"] for one in done.json["sent"]] == [True, False]
    assert "总资产" in platform.bodies[0]["text"]["content"]


def test_sending_to_nobody_is_one_line(data: Path):
    done = call("day", "--send", "--data-dir", data)

    assert (done.code, len(done.err.splitlines())) == (2, 1)
