"""Which way an address is asked: what NO_PROXY may name, and the proxies of the system's settings."""

from __future__ import annotations

import urllib.request

import pytest

from services.settings_environment import process_environment
from services.web_way import NoWay, way_to

PROXY = "http://proxy.example:3128"


def is_direct(url: str, no_proxy: str) -> bool:
    named = {"HTTP_PROXY": PROXY, "HTTPS_PROXY": PROXY, "NO_PROXY": no_proxy}
    return way_to(url, named).proxy is None


@pytest.mark.parametrize(("no_proxy", "url", "direct"), [
    ("10.0.0.0/8", "http://10.0.0.5:8000/v1", True),
    ("10.0.0.0/8", "http://11.0.0.5:8000/v1", False),
    ("10.0.0.0/8", "http://a10.example", False),
    ("10.0.0.7/8", "http://10.0.0.5:8000/v1", True),  # A network by one of its addresses.
    ("10.0.0.5", "http://10.0.0.5:8000/v1", True),
    ("10.0.0.5", "http://110.0.0.5", False),
    ("10.0.0.5:8000", "http://10.0.0.5:8000/v1", True),
    ("10.0.0.5:8000", "http://10.0.0.5:9000/v1", False),
    ("10.0.0.5:80", "http://10.0.0.5/v1", True),
    ("llm.lan:8000", "http://llm.lan:8000/v1", True),
    ("llm.lan:8000", "http://a.llm.lan:8000/v1", True),
    ("llm.lan:8000", "https://llm.lan/v1", False),
    ("llm.lan:443", "https://llm.lan/v1", True),
    ("llm.lan", "http://LLM.lan:8000/v1", True),
    ("llm.lan", "http://myllm.lan:8000/v1", False),
    ("*.corp", "https://a.corp", True),
    ("*.corp", "https://acorp", False),
    (".corp", "https://a.corp", True),
    ("[::1]", "http://[::1]:8000", True),
    ("::1", "http://[::1]:8000", True),
    ("[::1]:8000", "http://[::1]:8000", True),
    ("[::1]:8000", "http://[::1]:9000", False),
    ("fd00::/8", "http://[fd12::1]", True),
    ("[fd00::]/8", "http://[fd12::1]", True),
    ("fd00::/8", "http://10.0.0.5", False),
    ("http://10.0.0.5", "http://10.0.0.5", True),
    ("http://10.0.0.5/", "http://10.0.0.5:8000", True),
    ("http://10.0.0.5", "https://10.0.0.5", False),
    ("all://a.corp", "https://a.corp", True),
    ("a.example, *", "https://model.example", True),
    ("", "https://model.example", False),
    # What names nothing hinders nothing.
    ("[::1, 10.0.0.5:port, .,*., /8, ,llm.lan", "http://llm.lan:8000", True),
    ("[::1, 10.0.0.5:port, .,*., /8, ", "http://10.0.0.5:8000", False),
    ("., *., /8", "http://llm.lan.:8000", False),
])  # fmt: skip
def test_no_proxy_names_hosts_networks_and_ports(no_proxy: str, url: str, direct: bool):
    assert is_direct(url, no_proxy) is direct


def test_an_address_with_a_port_that_is_none_has_no_way():
    with pytest.raises(NoWay):
        way_to("http://model.example:port", {})


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A system whose settings name proxies, and no variable that does."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    stated = {"http": "http://plain.example:1", "https": PROXY, "ftp": "http://files.example:2"}
    monkeypatch.setattr(urllib.request, "getproxies", lambda: stated)
    return monkeypatch


def test_the_systems_proxies_count_where_no_variable_names_any(system: pytest.MonkeyPatch):
    system.setenv("SSL_CERT_FILE", "")

    there = process_environment()

    assert way_to("https://model.example/v1", there).proxy == PROXY
    assert way_to("http://model.example/v1", there).proxy == "http://plain.example:1"
    assert there["SSL_CERT_FILE"] == ""


@pytest.mark.parametrize("url", ["http://127.0.0.1:11434", "http://localhost:8000", "https://[::1]"])
def test_the_systems_proxies_are_not_for_this_machine(system: pytest.MonkeyPatch, url: str):
    assert way_to(url, process_environment()).proxy is None


@pytest.mark.parametrize(("variable", "proxy"), [
    ("HTTPS_PROXY", "http://127.0.0.1:9"), ("all_proxy", "http://127.0.0.1:9"), ("HTTP_PROXY", None),
    ("NO_PROXY", None),
])  # fmt: skip
def test_any_variable_for_proxies_silences_the_systems(
    system: pytest.MonkeyPatch, variable: str, proxy: str | None
):
    system.setenv(variable, "http://127.0.0.1:9")

    assert way_to("https://model.example/v1", process_environment()).proxy == proxy
