"""What goes wrong at the wire: per host, and from one moment to another.

`Trouble(ban("*.eastmoney.com", noon), Spell("hq.sinajs.cn", Fault.HANG, since=nine, until=ten))`: the one
cuts every connection for twenty hours from noon, the other says nothing for an hour.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from fnmatch import fnmatch

from tests.market_twins.market import Level, Market, Minute, Price, Sight
from tests.market_twins.net import Asked, Conduct, Reply

PAGE = "<html><head><title>验证</title></head><body>请完成验证后继续访问</body></html>".encode()

_EVER, _NEVER = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
BAN = timedelta(hours=20)


class Fault(StrEnum):
    """One way in which a vendor fails."""

    NONE = "none"

    REFUSE = "refuse"
    RESET = "reset"
    HANG = "hang"
    DRIP = "drip"
    WRONG_CERTIFICATE = "wrong certificate"

    HTTP_403 = "http 403"
    HTTP_429 = "http 429"
    HTTP_500 = "http 500"
    HTTP_502 = "http 502"
    REDIRECT = "redirect"
    HTML = "html"
    TRUNCATED = "truncated"
    EMPTY = "empty"
    WRONG_CHARSET = "wrong charset"

    RENAMED = "columns renamed"
    DATA_NULL = "data null"
    HALF_MISSING = "half missing"
    RESTAMPED = "yesterday, stamped today"
    YESTERDAY = "yesterday"
    STALE = "stale"
    ZERO = "zero"
    NEGATIVE = "negative"
    NAN = "nan"
    HYPHEN = "hyphen"
    SWAPPED = "swapped"
    ANOTHER = "another symbol"
    PREV_CLOSE = "prev close altered"


OLD_BY = timedelta(minutes=20)
"""How far behind a vendor lies that stands still."""

_CONDUCT = {
    Fault.REFUSE: Conduct(refuse=True),
    Fault.RESET: Conduct(reset=True),
    Fault.HANG: Conduct(hang=True),
    Fault.DRIP: Conduct(drip=True),
    Fault.WRONG_CERTIFICATE: Conduct(stranger=True),
}
_STATUS = {Fault.HTTP_403: 403, Fault.HTTP_429: 429, Fault.HTTP_500: 500, Fault.HTTP_502: 502}
_PRICES: dict[Fault, Callable[[Price], Price]] = {
    Fault.ZERO: lambda _price: Decimal(0),
    Fault.NEGATIVE: lambda price: -price if isinstance(price, Decimal) else price,
    Fault.NAN: lambda _price: Decimal("NaN"),
    Fault.HYPHEN: lambda _price: "-",
}


@dataclass(frozen=True)
class Spell:
    """A fault of the hosts that `host` matches, from `since` on and before `until`."""

    host: str
    fault: Fault
    since: datetime = _EVER
    until: datetime = _NEVER

    def hits(self, host: str, at: datetime) -> bool:
        return fnmatch(host, self.host) and self.since <= at < self.until


def ban(host: str, since: datetime, length: timedelta = BAN) -> Spell:
    """Return how an address is shut out: its connections are cut, for twenty hours as a rule."""
    return Spell(host, Fault.RESET, since, since + length)


class Trouble:
    """The faults there are, and what they make of a connection and of an answer."""

    def __init__(self, *spells: Spell) -> None:
        self.spells = spells

    def at(self, host: str, moment: datetime) -> Fault:
        """Return the first fault a host has at a moment."""
        return next((one.fault for one in self.spells if one.hits(host, moment)), Fault.NONE)

    def conduct(self, host: str, moment: datetime, usual: Conduct) -> Conduct:
        return _CONDUCT.get(self.at(host, moment), usual)

    def reply(self, asked: Asked, twin: Callable[[Market], Reply], market: Market) -> Reply:
        """Return what a host says to whom asks, given who answers for it on a sound day."""
        fault = self.at(asked.host, asked.at)
        if fault in _STATUS:
            return Reply(PAGE, "text/html; charset=utf-8", _STATUS[fault], {"Retry-After": "1"})
        if fault is Fault.REDIRECT:
            return Reply(b"", "text/html", 302, {"Location": "http://login.example.com/verify"})
        if fault is Fault.HTML:
            return Reply(PAGE, "text/html; charset=utf-8")
        return _spoilt(twin(_Altered(market.day, market.listed, market.news, market.announced, fault)), fault)


_LAST_PRICES = (b'"f43"', b'"f2"', b'"close"', b'"regularMarketPrice"')
"""What vendors that name their columns call the last price."""


def _renamed(body: bytes) -> bytes:
    """Return an answer whose last price has another name; where columns have none a new one stands first."""
    for name in _LAST_PRICES:
        body = body.replace(name, name[:-1] + b'_new"')
    return body.replace(b'="', b'="new~' if b"~" in body else b'="new,')


def _spoilt(reply: Reply, fault: Fault) -> Reply:
    if fault is Fault.RENAMED:
        return replace(reply, body=_renamed(reply.body))
    if fault is Fault.TRUNCATED:
        return replace(reply, body=reply.body[: len(reply.body) * 2 // 3])
    if fault is Fault.EMPTY:
        return replace(reply, body=b"")
    if fault is Fault.WRONG_CHARSET:
        return replace(reply, body=reply.body.decode("latin-1").encode("utf-16"))
    return reply


@dataclass(frozen=True)
class _Altered(Market):
    """The market as a vendor with a fault tells it."""

    fault: Fault = Fault.NONE

    def sight(self, symbol: str, moment: datetime) -> Sight | None:
        match self.fault:
            case Fault.DATA_NULL:
                return None
            case Fault.HALF_MISSING if self._odd(symbol):
                return None
            case Fault.STALE:
                return super().sight(symbol, moment - OLD_BY)
            case Fault.YESTERDAY | Fault.RESTAMPED:
                return self._yesterday(symbol, moment)
            case Fault.SWAPPED:
                return _as(super().sight(self._other(symbol), moment), super().sight(symbol, moment))
            case Fault.ANOTHER:
                return super().sight(self._other(symbol), moment)
            case Fault.PREV_CLOSE:
                return _with_prev_close(super().sight(symbol, moment))
        sight = super().sight(symbol, moment)
        return sight if sight is None or self.fault not in _PRICES else _priced(sight, _PRICES[self.fault])

    def minutes(self, symbol: str, moment: datetime) -> tuple[Minute, ...]:
        match self.fault:
            case Fault.DATA_NULL | Fault.YESTERDAY:
                return ()
            case Fault.HALF_MISSING if self._odd(symbol):
                return ()
            case Fault.STALE:
                return super().minutes(symbol, moment - OLD_BY)
            case Fault.SWAPPED | Fault.ANOTHER:
                return super().minutes(self._other(symbol), moment)
        return super().minutes(symbol, moment)

    def _odd(self, symbol: str) -> bool:
        return symbol in self.codes() and self.codes().index(symbol) % 2 == 1

    def _other(self, symbol: str) -> str:
        """Return the share a symbol is taken for: each pair of neighbours for one another."""
        codes = self.codes()
        place = codes.index(symbol) ^ 1
        return codes[place] if place < len(codes) else codes[0]

    def _yesterday(self, symbol: str, moment: datetime) -> Sight | None:
        now = super().sight(symbol, moment)
        if now is None:
            return None
        share = self.listed[symbol]
        before, day = share.days[-2].close, share.days[-1]
        then = datetime.combine(day.day, moment.time().replace(hour=15, minute=0, second=0), moment.tzinfo)
        today = self.fault is Fault.RESTAMPED
        return replace(
            now, stamp=now.stamp if today else then, last=day.close, prev_close=before, open=day.open,
            high=day.high, low=day.low, limit_up=_rounded(before * (1 + share.limit)),
            limit_down=_rounded(before * (1 - share.limit)), bids=(Level(day.close, 500),),
            asks=(Level(day.close + Decimal("0.01"), 500),), shares=day.shares,
        )  # fmt: skip


def _as(values: Sight | None, named: Sight | None) -> Sight | None:
    if values is None or named is None:
        return None
    return replace(values, symbol=named.symbol, name=named.name)


def _with_prev_close(sight: Sight | None) -> Sight | None:
    if sight is None or not isinstance(sight.prev_close, Decimal):
        return sight
    return replace(sight, prev_close=_rounded(sight.prev_close * Decimal("1.03")))


def _priced(sight: Sight, change: Callable[[Price], Price]) -> Sight:
    return replace(
        sight,
        last=change(sight.last),
        open=change(sight.open),
        high=change(sight.high),
        low=change(sight.low),
    )


def _rounded(price: Decimal) -> Decimal:
    return price.quantize(Decimal("0.01"), ROUND_HALF_UP)


def faults() -> Iterator[Fault]:
    """Yield every fault there is."""
    yield from (fault for fault in Fault if fault is not Fault.NONE)
