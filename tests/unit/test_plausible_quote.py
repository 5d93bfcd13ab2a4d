"""What lies in a Redis that others write to is a quote only where a feed could have read it."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import fakeredis
import msgspec
import pytest

from commands.failures import CommandFailed, Exit
from commands.live_prices import live_source
from services.clock import VirtualClock
from services.domain.quotes import Level
from services.market.plausible_quote import is_plausible
from services.market.quote_terms import GateTerms
from services.market.raw_quotes import RawQuote
from services.market.redis_quotes import RedisAddressWrong, RedisQuotes
from services.market.vendor_source import VendorSource
from services.settings_values import Secret
from tests.exchange_market import MAIN, OTHER
from tests.unit.raw_market import raw
from tests.unit.test_quote_cache import NOW, Told, cached, feed, run, settings_with
from tests.unit.test_vendor_source import Rest


def quote(**stated: Any) -> RawQuote:
    return replace(raw(MAIN, "one"), **{"received_at": NOW, "stamped_at": NOW, **stated})


def level(price: str, shares: int) -> Level:
    return Level(price_cny=Decimal(price), shares=shares)


def test_what_a_feed_reads_is_plausible():
    assert is_plausible(
        quote(bids=(level("9.99", 100),), asks=(), volume_shares=0, amount_cny=Decimal("1E+3"), name="茅台")
    )
    assert is_plausible(quote(bids=None, asks=None, volume_shares=None, amount_cny=None, name=""))


@pytest.mark.parametrize(
    "stated",
    [
        {"last_cny": Decimal("NaN")},
        {"last_cny": Decimal("Infinity")},
        {"last_cny": Decimal(-5)},
        {"last_cny": Decimal(0)},
        {"last_cny": Decimal("1E+5")},
        {"prev_close_cny": Decimal("sNaN")},
        {"open_cny": Decimal("NaN")},
        {"high_cny": Decimal(10**8)},
        {"low_cny": Decimal("1.1234567")},
        {"limit_up_cny": Decimal("NaN")},
        {"limit_down_cny": Decimal(-1)},
        {"bids": (level("NaN", 100),)},
        {"asks": (level("9.99", 0),)},
        {"asks": (level("9.99", 100), level("10.00", -5))},
        {"bids": (level("9.99", 10**15 + 2),)},
        {"volume_shares": -1},
        {"volume_shares": 10**15 + 1},
        {"amount_cny": Decimal("NaN")},
        {"amount_cny": Decimal(-1)},
        {"received_at": NOW.replace(tzinfo=None)},
        {"stamped_at": NOW.replace(tzinfo=None)},
        {"stamped_at": NOW.replace(year=9999)},
        {"stamped_at": NOW.replace(year=1999)},
        {"name": "x" * 101},
    ],
    ids=str,
)
def test_what_no_feed_would_have_read_is_not(stated: dict[str, object]):
    assert not is_plausible(quote(**stated))


def words(symbol: str, source: str, changed: dict[str, object]) -> bytes:
    stated = json.loads(msgspec.json.encode(quote(last_cny=Decimal("11.11"))))
    return json.dumps(stated | {"symbol": symbol, "source": source} | changed).encode()


FORGED: dict[str, dict[str, object] | bytes] = {
    "NaN": {"last_cny": "NaN"},
    "infinite": {"last_cny": "Infinity"},
    "negative": {"last_cny": "-5"},
    "a time of no zone": {"stamped_at": "2026-07-13T10:35:00"},
    "received in no zone": {"received_at": "2026-07-13T10:35:00"},
    "the last year": {"stamped_at": "9999-12-31T23:59:59+00:00"},
    "a level of NaN": {"bids": [{"price_cny": "NaN", "shares": 5}]},
    "a negative level": {"bids": [{"price_cny": "-1", "shares": -5}]},
    "a limit of NaN": {"limit_up_cny": "NaN"},
    "another symbol": {"symbol": str(OTHER)},
    "no symbol": {"symbol": "../../etc"},
    "another source": {"source": "three"},
    "no text": b"\xff\xfe",
    "half a text": b'{"symbol": "\xff"}',
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_a_forged_value_is_dropped_and_the_vendors_are_asked(forged: dict[str, object] | bytes):
    server, clock = fakeredis.FakeServer(), VirtualClock(NOW)
    feeds = [feed(clock, name) for name in ("one", "two")]
    store = RedisQuotes(
        "redis://nowhere", clock, Told(), lambda _url: fakeredis.FakeAsyncRedis(server=server)
    )
    behind = [cached(clock, one, 60, store) for one in feeds]
    source = VendorSource(behind, Rest(), clock, GateTerms())

    async def life():
        client = fakeredis.FakeAsyncRedis(server=server)
        for name in ("one", "two"):
            value = forged if isinstance(forged, bytes) else words(str(MAIN), name, forged)
            await client.set(f"kaipan:quote:{name}:{MAIN}", value)
        return await source.get_current_prices([MAIN])

    found = run(life()).get(MAIN)

    assert [one.asked for one in feeds] == [[(MAIN,)], [(MAIN,)]]
    assert found is not None
    assert (found.last_cny, found.barred) == (Decimal("10.00"), "")


def test_a_client_that_gives_back_text_or_numbers_is_not_believed():
    class Client:
        async def mget(self, keys: list[str]) -> list[object]:
            return ["a text", 7]

    store = RedisQuotes("redis://nowhere", VirtualClock(NOW), Told(), lambda _url: Client())

    assert run(store.get("one", (MAIN, OTHER))) == {}


@pytest.mark.parametrize(
    "url",
    [
        "redis://:S3cret@h:99x/0",
        "redis://:S3/cret@h:6379/0",
        "redis://:S3#cret@h:6379/0",
        "redis://:S3?cret@h:6379/0",
        "redis://:33/S3cret@h:6379/0",
        "redis://:S3cret@h:6379/0?db=S3",
        "redis://:S3cret@[::1:6379/0",
    ],
)
def test_a_redis_address_that_is_none_is_one_line_without_a_piece_of_the_password(url: str):
    settings = settings_with()
    named = replace(settings.data_source, redis_url=Secret(url))

    with pytest.raises(CommandFailed, match="KAIPAN_REDIS_URL") as refused:
        live_source(replace(settings, data_source=named), VirtualClock(NOW), Told())

    assert refused.value.code is Exit.USAGE
    assert "%2F" in str(refused.value)
    assert "S3" not in str(refused.value)
    assert "\n" not in str(refused.value)
    with pytest.raises(RedisAddressWrong) as wrong:
        RedisQuotes(url, VirtualClock(NOW), Told())
    # Nor does what it came from tell.
    assert wrong.value.__context__ is None or "S3" not in str(wrong.value.__context__)


@pytest.mark.parametrize(
    "url", ["redis://:S3%2Fcret@127.0.0.1:1/0", "redis://:6379/0", "unix:///run/redis.sock?password=a@b"]
)
def test_an_address_with_its_password_spelled_out_is_one(url: str):
    RedisQuotes(url, VirtualClock(NOW), Told())


def test_a_quote_may_be_dated_up_to_the_centurys_end():
    assert is_plausible(quote(stamped_at=NOW.replace(year=2099)))
