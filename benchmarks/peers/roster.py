"""Who is measured: what is installed for each, how it is started, and what it really simulates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.peers.rows import UnknownName

OURS = "kaipan"
BARE = "bare loop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulates:
    """What a run does, each in the words of the table; `-` is what it does not."""

    fills: str
    t_plus_1: str
    limits: str
    lots: str
    fees: str
    cash: str
    record: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One line of the table.

    `requirements` are what pip installs into the environment `home`, whose Python runs `script` with
    `options`; nothing for ours and the bare loop, which run on this very Python. `prepares`: the
    script first writes the prices in the form its engine reads, which is not measured.
    """

    name: str
    home: str = ""
    requirements: tuple[str, ...] = ()
    script: str = ""
    options: tuple[str, ...] = ()
    prepares: bool = False
    simulates: Simulates = field(repr=False)


_OWN_FEES = "2.5 bp, min 5; duty 5 bp, by our own callback"
_NOTHING = "-"

_RQALPHA = Simulates(
    fills="close of the bar that decides",
    t_plus_1="yes",
    limits="yes",
    lots="yes",
    fees="2.5 bp, min 5; its dated duty",
    cash="yes",
    record="orders and trades in memory",
)

PEERS = (
    Peer(
        name=OURS,
        simulates=Simulates(
            fills="open of the next bar",
            t_plus_1="yes",
            limits="yes, also what trades off a limit later in the bar",
            lots="yes, by board",
            fees="2.5 bp, min 5; dated duty and transfer fee",
            cash="yes, frozen at the worst price",
            record="gate, journal of every step, hash chain, audit line a fill and session, saved as SQLite",
        ),
    ),
    Peer(
        name=BARE,
        script="bare_loop.py",
        simulates=Simulates(
            fills="as ours",
            t_plus_1="yes",
            limits="as ours",
            lots="100",
            fees="as ours",
            cash="as ours",
            record="one hash-chained JSON line a session",
        ),
    ),
    Peer(
        name="vnpy",
        home="vnpy",
        requirements=("vnpy==4.5.0", "vnpy_portfoliostrategy==1.3.0"),
        script="in_vnpy.py",
        simulates=Simulates(
            fills="limit order at the open of the next bar",
            t_plus_1=_NOTHING,
            limits=_NOTHING,
            lots="by the rule alone",
            fees="2.5 bp on both sides; the rule reckons the rest for itself",
            cash=f"{_NOTHING} (no account)",
            record="trades and daily results in memory",
        ),
    ),
    Peer(
        name="vectorbt",
        home="vectorbt",
        requirements=("vectorbt==1.2.0",),
        script="in_vectorbt.py",
        simulates=Simulates(
            fills="close of the bar that decides",
            t_plus_1=_NOTHING,
            limits=_NOTHING,
            lots="100",
            fees="5 bp on both sides, no minimum",
            cash="yes",
            record="order records in memory; no call per bar, one array for the whole run",
        ),
    ),
    Peer(
        name="bt",
        home="bt",
        requirements=("bt==1.4.1",),
        script="in_bt.py",
        simulates=Simulates(
            fills="close of the bar that decides",
            t_plus_1=_NOTHING,
            limits=_NOTHING,
            lots="by the rule alone",
            fees=_OWN_FEES,
            cash=f"{_NOTHING} (may go below zero)",
            record="positions and values in memory",
        ),
    ),
    Peer(
        name="lib-pybroker",
        home="lib-pybroker",
        requirements=("lib-pybroker==2.0.2",),
        script="in_lib_pybroker.py",
        simulates=Simulates(
            fills="open of the next bar",
            t_plus_1=_NOTHING,
            limits=_NOTHING,
            lots="by the rule alone",
            fees=_OWN_FEES,
            cash="yes",
            record="orders and portfolio in memory",
        ),
    ),
    Peer(
        name="backtrader",
        home="backtrader",
        requirements=("backtrader==1.9.78.123", "numpy<3"),
        script="in_backtrader.py",
        simulates=Simulates(
            fills="open of the next bar",
            t_plus_1=_NOTHING,
            limits=_NOTHING,
            lots="by the rule alone",
            fees=_OWN_FEES,
            cash="yes",
            record="orders in memory",
        ),
    ),
    Peer(
        name="rqalpha",
        home="rqalpha",
        requirements=("rqalpha==6.4.2", "numpy<2", "pyarrow<20", "setuptools<80"),
        script="in_rqalpha.py",
        prepares=True,
        simulates=_RQALPHA,
    ),
    Peer(
        name="rqalpha, own closes",
        home="rqalpha",
        requirements=("rqalpha==6.4.2", "numpy<2", "pyarrow<20", "setuptools<80"),
        script="in_rqalpha.py",
        options=("--own-closes",),
        prepares=True,
        simulates=_RQALPHA,
    ),
    Peer(
        name="nautilus_trader",
        home="nautilus_trader",
        requirements=("nautilus_trader==1.221.0",),
        script="in_nautilus_trader.py",
        simulates=Simulates(
            fills="close of the bar that decides",
            t_plus_1=_NOTHING,
            limits=_NOTHING,
            lots="by the rule alone",
            fees=_OWN_FEES,
            cash="yes",
            record="orders and events in memory",
        ),
    ),
    Peer(
        name="akquant",
        home="akquant",
        requirements=("akquant==0.3.71",),
        script="in_akquant.py",
        simulates=Simulates(
            fills="open of the next bar",
            t_plus_1="yes",
            limits=_NOTHING,
            lots="yes",
            fees="2.5 bp, min 5; duty 5 bp",
            cash="yes, at the order: what sells of the same bar bring does not count",
            record="orders and trades in memory",
        ),
    ),
    Peer(
        name="zipline-reloaded",
        home="zipline-reloaded",
        requirements=("zipline-reloaded==3.2.1",),
        script="in_zipline_reloaded.py",
        prepares=True,
        simulates=Simulates(
            fills="close of the next bar",
            t_plus_1=_NOTHING,
            limits=_NOTHING,
            lots="by the rule alone",
            fees=_OWN_FEES,
            cash=f"{_NOTHING} (may go below zero)",
            record="transactions and daily results in memory; every minute of the day is simulated",
        ),
    ),
)


def peers_named(names: Sequence[str]) -> tuple[Peer, ...]:
    """Return the peers of those names; all where nothing is named. `rqalpha` means both its lines.

    Raises:
        UnknownName: No such peer.
    """
    there = {peer.name for peer in PEERS} | {peer.home for peer in PEERS}
    for name in names:
        if name not in there:
            raise UnknownName(f"no peer is called {name!r}; there are: {', '.join(p.name for p in PEERS)}")
    return tuple(peer for peer in PEERS if not names or peer.name in names or peer.home in names)
