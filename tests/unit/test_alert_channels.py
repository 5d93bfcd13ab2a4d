"""Each channel against a twin of its platform: what it sends, and what counts as taken."""

from __future__ import annotations

import asyncio
import logging
import shutil
import ssl
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_string, policy
from pathlib import Path

import pytest

from services.alerts.fitting import in_bytes, in_characters, in_utf16_units
from services.alerts.mail import Mail
from services.alerts.post import Poster
from services.alerts.push import PushPlus, ServerChan, Telegram
from services.alerts.robots import DingTalk, Feishu, WeCom
from services.alerts.webhook import Webhook
from services.clock import VirtualClock
from services.domain.alerts import AlertKind, Notice, Severity
from services.ports import AlertChannel, AlertFault
from tests import channel_twins as twins
from tests.loopback_server import closed_address
from tests.provider_twin import Asked, Behaviour, Line, drips, hangs, in_turn, resets

NOW = datetime(2025, 10, 10, 1, 35, tzinfo=UTC)
TOKEN, SIGN = "canary-token-7731", "canary-sign-9942"
CLOCK = VirtualClock(NOW)


def notice(text: str = "第二行", title: str = "[严重] 停止交易") -> Notice:
    return Notice(
        kind=AlertKind.HALT, severity=Severity.CRITICAL, account="main", title=title, text=text, at=NOW
    )


def poster(deadline_s: float = 5.0) -> Poster:
    return Poster(channel="mine", secrets=(TOKEN, SIGN), deadline_s=deadline_s)


Make = Callable[[str, str, float], AlertChannel]


def _hook(base: str, token: str, wait_s: float) -> Webhook:
    return Webhook(
        name="mine", poster=poster(wait_s), url=f"{base}/hook/{{token}}", token=token, sign_secret=SIGN,
        body={"msg": "{title} {text}", "key": "{sign_secret}"}, success_key="code", success_value="0",
    )  # fmt: skip


MAKE: Mapping[str, Make] = {
    "wecom": lambda base, token, wait_s: WeCom(
        name="mine", poster=poster(wait_s), token=token, base_url=base
    ),
    "dingtalk": lambda base, token, wait_s: DingTalk(
        name="mine", poster=poster(wait_s), clock=CLOCK, token=token, sign_secret=SIGN, base_url=base
    ),
    "feishu": lambda base, token, wait_s: Feishu(
        name="mine", poster=poster(wait_s), clock=CLOCK, token=token, sign_secret=SIGN, base_url=base
    ),
    "serverchan": lambda base, token, wait_s: ServerChan(
        name="mine", poster=poster(wait_s), token=token, base_url=base
    ),
    "pushplus": lambda base, token, wait_s: PushPlus(
        name="mine", poster=poster(wait_s), token=token, base_url=base
    ),
    "telegram": lambda base, token, wait_s: Telegram(
        name="mine", poster=poster(wait_s), chat_id="-100", token=token, base_url=base
    ),
    "webhook": _hook,
}


def _sms(asked: Asked, line: Line) -> None:
    right = asked.path == f"/hook/{TOKEN}" and asked.body["key"] == SIGN
    body = b'{"code": "0", "errorMsg": ""}' if right else b'{"code": "102", "errorMsg": "wrong"}'
    line.respond(200, body)


TWINS: Mapping[str, Behaviour] = {
    "wecom": twins.wecom(TOKEN),
    "dingtalk": twins.dingtalk(TOKEN, SIGN, NOW.timestamp()),
    "feishu": twins.feishu(TOKEN, SIGN, NOW.timestamp()),
    "serverchan": twins.serverchan(TOKEN),
    "pushplus": twins.pushplus(TOKEN),
    "telegram": twins.telegram(TOKEN, "-100"),
    "webhook": _sms,
}


def send(channel: AlertChannel, told: Notice | None = None) -> None:
    asyncio.run(channel.send(told or notice()))


def why_not(channel: AlertChannel, told: Notice | None = None) -> str:
    with pytest.raises(AlertFault) as caught:
        send(channel, told)
    shown = str(caught.value)
    assert caught.value.__cause__ is None
    assert TOKEN not in shown
    assert SIGN not in shown
    return shown


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


@pytest.mark.parametrize("name", MAKE)
def test_a_platform_takes_what_its_channel_sends(name: str):
    with twins.twin(TWINS[name]) as server:
        send(MAKE[name](twins.address(server), TOKEN, 5.0))

    assert "停止交易" in server.requests[0].raw.decode()


@pytest.mark.parametrize("name", MAKE)
def test_a_longer_text_than_the_platform_takes_is_cut(name: str):
    with twins.twin(TWINS[name]) as server:
        send(MAKE[name](twins.address(server), TOKEN, 5.0), notice("盈亏\n" * 30_000, "长" * 300))

    assert "…" in server.requests[0].raw.decode()


@pytest.mark.parametrize("name", MAKE)
def test_a_wrong_secret_is_a_fault_whatever_the_status(name: str):
    with twins.twin(TWINS[name]) as server:
        why_not(MAKE[name](twins.address(server), "another-token", 5.0))

    assert len(server.requests) == 1


ERRORS: tuple[tuple[str, object], ...] = (
    ("wecom", {"errcode": 45009, "errmsg": "api freq out of limit"}),
    ("dingtalk", {"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"}),
    ("feishu", {"code": 11232, "msg": "frequency limited"}),
    ("feishu", {"StatusCode": 1, "StatusMessage": "no"}),
    ("serverchan", {"code": 40001, "message": "[AUTH]"}),
    ("pushplus", {"code": 900, "msg": "账号受限", "data": None}),
    ("telegram", {"ok": False, "description": "no"}),
    ("webhook", {"code": "102", "errorMsg": "no"}),
)


@pytest.mark.parametrize(("name", "body"), ERRORS)
def test_an_error_in_the_body_of_an_answer_with_status_200_is_a_fault(name: str, body: object):
    with twins.twin(twins.says(body)) as server:
        assert "HTTP 200" in why_not(MAKE[name](twins.address(server), TOKEN, 5.0))


@pytest.mark.parametrize("name", MAKE)
@pytest.mark.parametrize("body", [{}, [], "ok", None, {"errcode": False, "code": False, "ok": 1}, 0])
def test_an_answer_that_does_not_say_it_was_taken_is_a_fault(name: str, body: object):
    with twins.twin(twins.says(body)) as server:
        why_not(MAKE[name](twins.address(server), TOKEN, 5.0))


@pytest.mark.parametrize("name", MAKE)
def test_a_good_body_with_a_bad_status_is_a_fault(name: str):
    good = {"errcode": 0, "code": 200 if name == "pushplus" else 0, "ok": True}
    with twins.twin(twins.says(good, 502)) as server:
        assert "HTTP 502" in why_not(MAKE[name](twins.address(server), TOKEN, 5.0))


@pytest.mark.parametrize("behaviour", [hangs, drips("x"), resets], ids=["hangs", "drips", "resets"])
def test_a_platform_that_does_not_answer_in_time_is_a_fault(behaviour: Behaviour):
    with twins.twin(behaviour) as server:
        why_not(MAKE["wecom"](twins.address(server), TOKEN, 0.3))


def test_no_more_of_an_answer_is_read_than_one_may_have():
    sent: list[int] = []

    def pours(_asked: Asked, line: Line) -> None:
        line.send(b"HTTP/1.1 200 Said\r\nContent-Type: application/json\r\n\r\n")
        for _ in range(2000):
            line.send(b" " * 65_536)
            sent.append(65_536)

    with twins.twin(pours) as server:
        why_not(MAKE["wecom"](twins.address(server), TOKEN, 5.0))

    assert sum(sent) < 50_000_000  # What lies between the two ends is some megabytes.


def test_an_address_where_nobody_is_and_a_redirect_are_faults():
    why_not(MAKE["wecom"](closed_address().rstrip("/"), TOKEN, 5.0))

    def elsewhere(_asked: Asked, line: Line) -> None:
        line.respond(302, b"", headers={"Location": "http://127.0.0.1:9/"})

    with twins.twin(elsewhere) as server:
        assert "redirect" in why_not(MAKE["wecom"](twins.address(server), TOKEN, 5.0))


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "http://user:S3/cret@127.0.0.1:1", "nonsense"])
def test_a_proxy_that_is_none_is_a_fault_that_quotes_nothing_of_it(
    monkeypatch: pytest.MonkeyPatch, proxy: str
):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALL_PROXY", proxy)
    poster = Poster(channel="team", secrets=(), deadline_s=2.0)

    with pytest.raises(AlertFault) as raised:
        asyncio.run(poster.post("https://hook.example/send", {}))

    assert "S3" not in str(raised.value)
    assert "cret" not in str(raised.value)


@pytest.mark.parametrize("name", MAKE)
def test_a_platform_that_repeats_the_secret_does_not_bring_it_into_a_fault_or_a_log(
    name: str, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    echo = {"errcode": 1, "code": 1, "ok": False, "msg": f"{TOKEN} {SIGN} is wrong"}
    with twins.twin(twins.says(echo)) as server:
        assert "[secret]" in why_not(MAKE[name](twins.address(server), TOKEN, 5.0))

    assert TOKEN not in caplog.text
    assert SIGN not in caplog.text
    assert TOKEN not in repr(MAKE[name]("http://127.0.0.1", TOKEN, 5.0))


def test_the_requests_of_others_are_logged_as_ever(caplog: pytest.LogCaptureFixture):
    import httpx2

    async def both(base: str) -> None:
        await MAKE["wecom"](base, TOKEN, 5.0).send(notice())
        async with httpx2.AsyncClient() as client:
            await client.post(f"{base}/somebody-else")

    caplog.set_level(logging.INFO)
    answers = in_turn(twins.wecom(TOKEN), twins.says({}))
    with twins.twin(answers) as server:
        asyncio.run(both(twins.address(server)))

    assert "somebody-else" in caplog.text
    assert TOKEN not in caplog.text


@pytest.mark.parametrize(("name", "shown"), [
    ("wecom", f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={TOKEN}"),
    ("dingtalk", f"https://oapi.dingtalk.com/robot/send?access_token={TOKEN}"),
    ("feishu", f"https://open.feishu.cn/open-apis/bot/v2/hook/{TOKEN}"),
])  # fmt: skip
def test_a_robots_whole_address_serves_as_its_token(name: str, shown: str):
    with twins.twin(TWINS[name]) as server:
        send(MAKE[name](twins.address(server), shown, 5.0))


def test_a_key_of_the_third_serverchan_goes_to_its_own_address():
    key = "sctp123tabc"
    with twins.twin(twins.serverchan(key)) as server:
        send(ServerChan(name="mine", poster=poster(), token=key, base_url=twins.address(server)))

    assert ServerChan(name="mine", poster=poster(), token=key)._url() == (
        "https://123.push.ft07.com/send/sctp123tabc.send"
    )


def test_the_signature_of_dingtalk_is_the_documented_one():
    # printf '1700000000000\nthis is secret' | openssl dgst -sha256 -hmac 'this is secret' -binary | base64
    clock = VirtualClock(datetime.fromtimestamp(1_700_000_000, UTC))
    robot = DingTalk(name="mine", poster=poster(), clock=clock, token="t", sign_secret="this is secret")

    assert robot._signature() == f"&timestamp=1700000000000&sign={DINGTALK_SIGN}"


DINGTALK_SIGN = "sSFWELbV2YwjdDQhWZwTcWlX5BWUx5J6TPpsZmuPii0%3D"


def test_robots_without_a_sign_secret_send_no_signature():
    with twins.twin(twins.says({"errcode": 0, "code": 0})) as server:
        base = twins.address(server)
        send(DingTalk(name="mine", poster=poster(), clock=CLOCK, token=TOKEN, base_url=base))
        send(Feishu(name="mine", poster=poster(), clock=CLOCK, token=TOKEN, base_url=base))

    assert server.requests[0].path == f"/robot/send?access_token={TOKEN}"
    assert server.bodies[1].keys() == {"msg_type", "content"}


@pytest.mark.parametrize("name", ["wecom", "dingtalk", "feishu"])
def test_a_strangers_words_call_nobody(name: str):
    words = '<@all> <at user_id="all"> <at\tuser_id="all"> <at\nuser_id="all"> <AT user_id="all">'
    with twins.twin(TWINS[name]) as server:
        send(MAKE[name](twins.address(server), TOKEN, 5.0), notice(words))

    said = server.requests[0].raw.decode().lower()
    assert "<@" not in said
    assert "<at" not in said


def test_a_hook_fills_its_template_everywhere_and_leaves_the_rest():
    hook = Webhook(
        name="mine", poster=poster(), url="URL/sms?k={token}", token="a b&c",
        body={"phone": "13800000000", "n": 1, "list": ["{severity}", {"x": "{account} {kind} {at}"}],
              "json": "{not ours}"},
        headers={"Authorization": "Bearer {token}", "X-Title": "{title}"},
    )  # fmt: skip
    with twins.twin(twins.says({})) as server:
        send(replace(hook, url=hook.url.replace("URL", twins.address(server))), notice(title="停\r\nX: y"))

    (asked,) = server.requests
    assert asked.path == "/sms?k=a%20b%26c"
    assert asked.body == {
        "phone": "13800000000",
        "n": 1,
        "list": ["critical", {"x": "main halt 2025-10-10T01:35:00+00:00"}],
        "json": "{not ours}",
    }
    assert asked.headers["authorization"] == "Bearer a b&c"
    assert asked.headers["x-title"] == "? X: y"


@pytest.mark.parametrize(("body", "taken"), [
    ({"result": {"code": 0}}, True),
    ({"result": {"code": "0"}}, True),
    ({"result": {"code": 1}}, False),
    ({"result": 0}, False),
    ({}, False),
])  # fmt: skip
def test_a_hooks_answer_is_looked_into_where_a_key_is_given(body: object, taken: bool):
    with twins.twin(twins.says(body)) as server:
        hook = Webhook(
            name="mine", poster=poster(), url=twins.address(server), body={"a": "{text}"},
            success_key="result.code", success_value="0",
        )  # fmt: skip
        if taken:
            send(hook)
        else:
            why_not(hook)


@pytest.mark.parametrize(("cut", "measured"), [
    (in_bytes("盈亏盈亏", 9), 9),  # Two signs of 3 bytes and the mark of 3.
    (in_bytes("盈亏盈亏", 10), 9),
    (in_bytes("盈亏盈亏", 12), 12),
])  # fmt: skip
def test_a_cut_text_is_whole_characters(cut: str, measured: int):
    assert len(cut.encode()) == measured


def test_characters_and_utf16_units_are_counted_as_the_platforms_do():
    assert in_characters("abcdef", 4) == "abc…"
    assert in_utf16_units("📈📈📈", 5) == "📈📈…"  # An emoji is two units.
    assert in_utf16_units("📈📈📈", 6) == "📈📈📈"


# Mail.


def mail(office: twins.PostOffice, security: str = "none", wait_s: float = 5.0) -> Mail:
    return Mail(
        name="mine", poster=poster(wait_s), clock=CLOCK, host="127.0.0.1", port=office.port,
        security=security, sender="kaipan@example.com", to=("a@example.com", "b@example.com"),
        user="me", token=TOKEN,
    )  # fmt: skip


def test_a_letter_arrives_with_its_subject_and_text():
    with twins.post_office(twins.PostOffice(password=TOKEN)) as office:
        send(mail(office), notice("第一行\n第二行", "停止\r\nBcc: x@example.com"))

    letter = message_from_string(office.letters[0], policy=policy.default)
    assert letter["Subject"] == "停止 Bcc: x@example.com"
    assert letter["Bcc"] is None
    assert letter["Date"] == "Fri, 10 Oct 2025 01:35:00 +0000"
    assert letter.get_content().split() == ["第一行", "第二行"]


def test_a_letter_that_one_address_does_not_take_is_a_fault_naming_it():
    with twins.post_office(twins.PostOffice(password=TOKEN, refuses=("b@example.com",))) as office:
        assert "b@example.com" in why_not(mail(office))
    with twins.post_office(twins.PostOffice(password=TOKEN, refuses=("@example.com",))) as office:
        assert "a@example.com, b@example.com" in why_not(mail(office))


def test_a_wrong_password_is_a_fault_that_does_not_repeat_it():
    with twins.post_office(twins.PostOffice(password="other")) as office:
        assert "535" in why_not(mail(office))


def test_nothing_is_said_to_a_server_that_does_not_encrypt():
    with twins.post_office(twins.PostOffice(password=TOKEN)) as office:
        why_not(mail(office, "starttls"))
        why_not(mail(office, "ssl", 1.0))

    assert not [line for line in office.heard if "AUTH" in line or "MAIL" in line]


def test_a_mail_server_that_says_nothing_is_a_fault_in_time():
    with twins.post_office(twins.PostOffice(silent=True)) as office:
        why_not(mail(office, wait_s=0.3))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
@pytest.mark.parametrize("security", ["ssl", "starttls"])
def test_a_letter_goes_encrypted_and_only_to_whom_we_trust(security: str, tmp_path: Path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    trusting = ssl.create_default_context(cafile=str(certificate))

    office = twins.PostOffice(password=TOKEN, tls=server, tls_at_once=security == "ssl")
    with twins.post_office(office):
        send(replace(mail(office, security), tls=trusting))
        why_not(mail(office, security))

    assert len(office.letters) == 1
