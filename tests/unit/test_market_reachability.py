import asyncio
import threading
from datetime import UTC, datetime, timedelta

import pytest

from services.market.reachability import Reading, answer_within, host_problem, proxy_in_use, time_at
from tests.loopback_server import closed_address, web_server

STATED = "Fri, 20 Nov 2026 02:35:10 GMT"
MIDDLE = datetime(2026, 11, 20, 2, 35, 10, 500_000, tzinfo=UTC)  # A header counts whole seconds.


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")


def port_of(address):
    return int(address.rstrip("/").rpartition(":")[2])


def reading(address, seconds):
    """Ask a server for the time while the stopwatch shows each of `seconds` once."""
    shown = iter(seconds)
    return asyncio.run(time_at(address, 3.0, lambda: next(shown)))


def test_a_host_that_takes_a_connection_has_no_problem():
    with web_server() as address:
        assert asyncio.run(host_problem("127.0.0.1", port_of(address), 3.0)) == ""


@pytest.mark.parametrize("host", ["127.0.0.1", "a" * 64 + ".localhost"])
def test_what_stands_in_the_way_is_said(host):
    assert asyncio.run(host_problem(host, port_of(closed_address()), 3.0)) != ""


def test_who_asks_gets_the_answer_or_what_was_raised():
    assert asyncio.run(answer_within(3.0, lambda: "here", "late")) == "here"
    with pytest.raises(ZeroDivisionError):
        asyncio.run(answer_within(3.0, lambda: 1 // 0, 0))


def test_nobody_waits_for_an_answer_that_is_late_not_even_the_end_of_the_program():
    released, ended = threading.Event(), threading.Event()
    daemons = []

    def slow():
        daemons.append(threading.current_thread().daemon)
        released.wait(30)
        ended.set()
        return "at last"

    answer = asyncio.run(answer_within(0.05, slow, "late"))
    waited_for_it = ended.is_set()
    released.set()

    assert answer == "late"
    assert not waited_for_it
    assert ended.wait(30)
    assert daemons == [True]  # The interpreter joins any other thread before it ends.


def test_the_time_of_a_host_stands_in_the_middle_of_the_request():
    with web_server(headers={"Date": STATED}) as address:
        # Asked at 4.0 s, answered at 5.0 s.
        assert reading(address, [4.0, 5.0]) == Reading(stated=MIDDLE, at_s=4.5, within_s=0.5)


def test_a_refusal_states_the_time_too():
    with web_server(status=403, headers={"Date": STATED}) as address:
        told = reading(address, [0.0, 0.0])

    assert told is not None
    assert told.stated == MIDDLE


def test_an_answer_out_of_a_cache_is_as_old_as_it_says():
    with web_server(headers={"Date": STATED, "Age": "30"}) as address:
        told = reading(address, [0.0, 0.0])

    assert told is not None
    assert told.stated == MIDDLE + timedelta(seconds=30)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Date": "soon"},
        {"Date": "Fri, 20 Nov 2026 02:35:10 -0000"},
        {"Date": STATED, "Age": "old"},
    ],
)
def test_without_a_date_that_can_be_read_there_is_no_time(headers):
    with web_server(headers=headers) as address:
        assert reading(address, [0.0, 0.0]) is None


def test_where_nobody_answers_there_is_no_time():
    assert reading(closed_address(), [0.0, 0.0]) is None


@pytest.mark.parametrize(
    ("environment", "variable"),
    [
        ({}, ""),
        ({"HTTPS_PROXY": ""}, ""),
        ({"HTTPS_PROXY": "http://127.0.0.1:7890"}, "HTTPS_PROXY"),
        ({"https_proxy": "http://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:2"}, "https_proxy"),
        ({"ALL_PROXY": "socks5://127.0.0.1:7890"}, "ALL_PROXY"),
        ({"ALL_PROXY": "socks5://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:2"}, "HTTPS_PROXY"),
        ({"HTTP_PROXY": "http://127.0.0.1:7890"}, ""),  # Of other addresses than https.
        ({"HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": "eastmoney.com"}, ""),
        ({"HTTPS_PROXY": "http://127.0.0.1:1", "no_proxy": "localhost, .eastmoney.com"}, ""),
        ({"HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": "*"}, ""),
        ({"HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": "money.com"}, "HTTPS_PROXY"),
    ],
)
def test_the_proxy_of_a_host_is_the_one_the_environment_names(environment, variable):
    assert proxy_in_use(environment, "push2.eastmoney.com") == variable


def test_an_address_without_tls_has_a_proxy_of_its_own():
    environment = {"HTTP_PROXY": "http://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:2"}

    assert proxy_in_use(environment, "localhost", "http") == "HTTP_PROXY"
    assert proxy_in_use(environment) == "HTTPS_PROXY"
