"""Hosts are asked by the proxy and the certificates that the environment names, and no secret gets out."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from os import pathsep
from pathlib import Path

import pytest

from commands.doctor_check import Words
from commands.doctor_network import Host, reachable
from services.clock import SystemClock
from services.market.feeds.web_client import client_problem
from services.market.feeds.wire import Request, Wire
from services.ports import PriceFault
from services.web_way import proxy_address
from tests.market_twins.net import Reply, VendorNet
from tests.vendor_network import PACE

URL = "https://quotes.example/one"
NOW = datetime(2026, 7, 14, 2, 35, tzinfo=UTC)
SECRET = "S3"


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory):
    with VendorNet(tmp_path_factory.mktemp("net"), lambda _asked: Reply(b"yes"), lambda: NOW) as made:
        yield made


def asked(environment: Mapping[str, str]) -> str:
    """Return what one request by that environment brings, or the fault."""
    wire = Wire(SystemClock(), PACE, deadline_s=5.0, environment=environment)

    async def life() -> str:
        async with wire.line() as line:
            return await line.ask(Request(url=URL), lambda body: body.decode())

    try:
        return asyncio.run(life())
    except PriceFault as fault:
        return f"{fault.asked}: {fault.why}"


def trusting(net: VendorNet, **proxies: str) -> dict[str, str]:
    return {"REQUESTS_CA_BUNDLE": str(net.authority.bundle), **proxies}


def test_a_proxy_for_everything_beside_one_for_https_shuts_nobody_out(net: VendorNet):
    environment = trusting(net, HTTPS_PROXY=net.address, ALL_PROXY="socks5://127.0.0.1:7890")

    assert asked(environment) == "yes"


def test_a_proxy_for_everything_serves_where_there_is_no_other(net: VendorNet):
    assert asked(trusting(net, all_proxy=net.address)) == "yes"


def test_a_proxy_without_a_scheme_speaks_http(net: VendorNet):
    assert asked(trusting(net, HTTPS_PROXY=net.address.removeprefix("http://"))) == "yes"


def test_the_processs_own_variables_do_not_count_where_others_are_given(
    net: VendorNet, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")

    assert asked(trusting(net, HTTPS_PROXY=net.address)) == "yes"


def test_nor_do_they_where_no_proxy_is_given(net: VendorNet, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTPS_PROXY", net.address)
    before = len(net.asked)

    said = asked(trusting(net))

    assert "cannot be reached" in said or "no answer" in said
    assert len(net.asked) == before


def test_a_host_that_no_proxy_names_is_asked_directly(net: VendorNet):
    before = len(net.asked)

    said = asked(trusting(net, HTTPS_PROXY=net.address, NO_PROXY="localhost, .quotes.example"))

    # Nobody answers for that name.
    assert "cannot be reached" in said or "no answer" in said
    assert len(net.asked) == before


def test_a_socks_proxy_without_its_package_is_one_line_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setitem(sys.modules, "socksio", None)

    said = asked({"ALL_PROXY": "socks5://u:S3cret@127.0.0.1:7890"})

    assert said.startswith("proxy named by ALL_PROXY: ")
    assert "HTTPS_PROXY" in said
    assert "socksio" in said
    assert SECRET not in said


@pytest.mark.parametrize(
    "proxy",
    [
        "http://user:S3/cret@127.0.0.1:9",
        "http://user:S3#cret@127.0.0.1:9",
        "http://user:S3?cret@127.0.0.1:9",
        "http://user:33/S3cret@127.0.0.1:9",
        "http://user:S3cret@127.0.0.1:9x",
        "http://user:S3cret@127.0.0.1:0",
        "sockz9://user:S3cret@127.0.0.1:9",
        "http://:S3cret@:9",
        "http://user:S3cret@[::1:9",
        "gopher://proxy.example",
    ],
)
def test_a_proxy_that_cannot_be_one_is_named_by_its_variable_and_quoted_nowhere(proxy: str):
    said = asked({"HTTPS_PROXY": proxy})

    assert said.startswith("proxy named by HTTPS_PROXY: ")
    assert "%2F" in said
    assert SECRET not in said
    assert "user" not in said
    assert client_problem({"HTTPS_PROXY": proxy}, URL) == said


def test_a_password_that_is_spelled_out_is_passed_on():
    address = "http://user:S3%2Fcret@127.0.0.1:9"

    assert proxy_address(address, "HTTPS_PROXY") == address


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to name certificates by hash")
@pytest.mark.parametrize(("variable", "stated"), [
    ("REQUESTS_CA_BUNDLE", "{}"), ("SSL_CERT_DIR", "{}"), ("SSL_CERT_DIR", f"no-such-folder{pathsep}{{}}"),
])  # fmt: skip
def test_certificates_may_lie_in_a_folder(net: VendorNet, tmp_path: Path, variable: str, stated: str):
    (tmp_path / "ca.pem").write_bytes(Path(net.authority.bundle).read_bytes())
    subprocess.run(["openssl", "rehash", str(tmp_path)], check=True, capture_output=True)

    assert asked({"HTTPS_PROXY": net.address, variable: stated.format(tmp_path)}) == "yes"


def test_a_folder_of_certificates_counts_where_no_file_is_named(net: VendorNet, tmp_path: Path):
    environment = {"HTTPS_PROXY": net.address, "SSL_CERT_DIR": str(tmp_path)}

    assert asked({**environment, "SSL_CERT_FILE": str(net.authority.bundle)}) == "yes"
    assert asked(environment) != "yes"  # It holds none.
    assert "SSL_CERT_DIR" in client_problem({"SSL_CERT_DIR": "no-such-folder"}, URL)


def test_doctor_makes_the_client_that_would_ask():
    host = Host(name="host", address=URL)
    environment = {"HTTPS_PROXY": "http://user:S3/cret@127.0.0.1:9"}

    check = asyncio.run(reachable(Words("en"), host, environment))

    assert check.ok is False
    assert "HTTPS_PROXY" in check.detail
    assert SECRET not in check.detail
    assert check.mend
    assert client_problem({"SSL_CERT_FILE": "no-such.pem"}, URL).startswith("certificates named by SSL_CERT")
    assert client_problem({}, URL) == ""


@pytest.mark.parametrize("proxies", [{}, {"HTTPS_PROXY": "http://127.0.0.1:9"}])
def test_doctor_calls_an_address_with_a_port_that_is_none_no_address(proxies: dict[str, str]):
    host = Host(name="model", address="https://llm.example:port/v1")

    check = asyncio.run(reachable(Words("en"), host, proxies))

    assert check.ok is False
    assert Words("en").tell("not_an_address") in check.detail


def test_doctor_tells_of_a_socks_proxy_that_can_be_reached_and_not_be_used(
    net: VendorNet, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "socksio", None)
    environment = {"ALL_PROXY": net.address.replace("http://", "socks5://")}

    check = asyncio.run(reachable(Words("en"), Host(name="host", address=URL), environment))

    assert check.ok is False
    assert "socksio" in check.detail
