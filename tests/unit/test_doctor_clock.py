from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from commands.doctor_check import Check, Words
from commands.doctor_network import Host, clock
from tests.loopback_server import closed_address, web_server

# The header counts whole seconds, so 02:35:10 stands for 02:35:10.5.
DATE = {"Date": "Fri, 20 Nov 2026 02:35:10 GMT"}
TRUE = datetime(2026, 11, 20, 2, 35, 10, 500_000, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


def judged(
    *addresses: str, here: datetime, began_s: float = 0.0, seconds: tuple[float, ...] = (0.0, 0.0)
) -> Check:
    shown = iter(seconds)
    hosts = [Host(name="host", address=address) for address in addresses]
    return asyncio.run(clock(Words("en"), hosts, here, began_s, lambda: next(shown)))


@pytest.mark.parametrize(
    ("offset_s", "ok"), [(0.0, True), (2.0, True), (-2.0, True), (2.1, False), (-2.1, False), (3600.0, False)]
)
def test_a_clock_more_than_two_seconds_off_fails(offset_s: float, ok: bool):
    with web_server(headers=DATE) as address:
        assert judged(address, here=TRUE + timedelta(seconds=offset_s)).ok is ok


def test_the_time_since_the_clock_was_read_is_counted():
    with web_server(headers=DATE) as address:
        # Read at 100.0 s of the stopwatch; the middle of the request is 10.0 s later.
        check = judged(address, here=TRUE - timedelta(seconds=10), began_s=100.0, seconds=(109.5, 110.5))

    assert check.ok is True
    assert "+0.0" in check.detail


def test_a_slow_answer_says_less():
    with web_server(headers=DATE) as address:
        # 3 s off, and the answer took 2.4 s: the host may have read its clock 1.2 s from the middle.
        check = judged(address, here=TRUE + timedelta(seconds=3 - 1.2), seconds=(0.0, 2.4))

    assert check.ok is True


def test_one_host_that_has_the_clocks_time_is_enough_where_another_has_not():
    wrong = {"Date": "Fri, 20 Nov 2026 02:45:10 GMT"}
    with web_server(headers=wrong) as other, web_server(headers=DATE) as address:
        assert judged(other, address, here=TRUE, seconds=(0.0,) * 4).ok is True
        assert judged(other, here=TRUE).ok is False


def test_a_host_that_does_not_answer_keeps_no_other_from_it():
    with web_server(headers=DATE) as address:
        # The first two readings are the start of each request.
        check = judged(closed_address(), address, here=TRUE, seconds=(0.0, 0.0, 0.0))

    assert check.ok is True


def test_without_a_host_it_cannot_be_told():
    assert judged(here=TRUE).ok is None
    assert judged(closed_address(), here=TRUE).ok is None
