"""`settle` end to end: an order nobody can tell of, a person's word on it, and the process that takes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from commands.folders import AccountFolder
from services.brokers.ledger_file import FileLedger
from services.clock import SystemClock
from services.journal.inbox import INBOX_NAME, Inboxes
from services.journal.sql_store import SqlStore
from services.journal.verify import Problem, verify
from tests.command_line import Ran, call, contents
from tests.unit.test_reconciler import BUY, Office, muted, setup_with
from tests.unit.vendor import Vendor
from tests.unit.world import HOLD, MAIN, MON, Live, Memory, Setup, at


@contextmanager
def opened(data_dir: Path, office: Office) -> Iterator[Setup]:
    """Yield an account on a vendor's prices, its journal open for writing."""
    folder = AccountFolder(data_dir, "main")
    folder.root.mkdir(parents=True, exist_ok=True)
    store, ledger = SqlStore.open(folder.journal, "main"), FileLedger(folder.ledger)
    inboxes = Inboxes(folder.journal, "main")
    store.take_fence()
    try:
        yield setup_with(
            office,
            BUY,
            HOLD,
            store=store,
            ledger=ledger,
            audit=folder.audit,
            commands=inboxes,
            vendor=lambda clock: Vendor(clock, lambda _symbol, _moment: "10.00"),
        )
    finally:
        inboxes.close()
        ledger.close()
        store.close()


@pytest.fixture
def order_id(tmp_path: Path) -> str:
    """Leave an account with one order of which the broker cannot tell."""
    with opened(tmp_path, muted()) as setup:
        live = setup.open()
        live.tick(at(MON, "10:35"))
        return str(live.only_order())


def settle(data_dir: Path, order_id: str, *options: str) -> Ran:
    return call("settle", order_id, "--data-dir", data_dir, "--why", "asked the desk", "--json", *options)


def taken(data_dir: Path) -> Live:
    """Return the account once the next process has taken what was put."""
    with opened(data_dir, muted()) as setup:
        live = setup.open(at(MON, "11:05"))
        live.tick()
        return live


def problems(data_dir: Path) -> tuple[Problem, ...]:
    """Return what is wrong with journal and audit trail; what the exchange really had is not asked."""
    folder = AccountFolder(data_dir, "main")
    store = SqlStore.open_read_only(folder.journal, "main")
    try:
        return verify(store, folder.audit, "main", SystemClock(), Memory().get).problems
    finally:
        store.close()


def test_status_names_the_order_and_the_call_that_settles_it(tmp_path: Path, order_id: str):
    status = call("status", "--data-dir", tmp_path, "--json").json

    (halt,) = status["halts"]
    assert halt["cause"] == "unresolved"
    assert halt["lift"].startswith(f"run_live.py settle {order_id} --account main")


def test_a_filled_order_is_booked_by_the_next_process_at_what_was_told(tmp_path: Path, order_id: str):
    ran = settle(tmp_path, order_id, "--filled", "300", "--price", "10.02")

    assert ran.code == 0
    said: dict[str, Any] = ran.json
    assert (said["symbol"], said["side"], said["filled"], said["price_cny"]) == (MAIN, "buy", 300, "10.02")
    # Commission at least 5.00, and 0.001 % of 3,006.00 for the transfer.
    assert (said["fees_cny"], said["rest_gone"]) == ("5.03", True)
    live = taken(tmp_path)
    assert live.journal.account.book.holdings() == {MAIN: 300}
    assert live.journal.account.unresolved == {}
    assert problems(tmp_path) == ()


def test_an_order_that_is_gone_holds_no_cash_any_more(tmp_path: Path, order_id: str):
    assert settle(tmp_path, order_id, "--gone").code == 0

    book = taken(tmp_path).journal.account.book
    assert (book.frozen_cny, book.holdings()) == (0, {})


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--gone", "--filled", "100", "--price", "10"),
        ("--filled", "100"),
        ("--gone", "--price", "10"),
        ("--gone", "--fees", "1"),
        ("--filled", "100", "--price", "ten"),
        ("--filled", "100", "--price", "0"),
        ("--filled", "100", "--price", "10", "--fees", "-1"),
        ("--filled", "1100", "--price", "10"),
        ("--gone", "--why", "x" * 501),
    ],
)
def test_a_word_that_makes_no_sense_is_one_line_and_is_not_put(
    tmp_path: Path, order_id: str, options: tuple[str, ...]
):
    before = contents(tmp_path)

    ran = settle(tmp_path, order_id, *options)

    assert ran.code == 2
    assert len(ran.err.strip().splitlines()) == 1
    assert contents(tmp_path) == before


def test_an_order_that_is_not_unresolved_is_refused_with_those_that_are(tmp_path: Path, order_id: str):
    ran = settle(tmp_path, "SOMEBODYS", "--gone")

    assert ran.code == 2
    assert order_id in ran.err
    assert not (tmp_path / "main" / INBOX_NAME).exists()


def test_it_speaks_chinese(tmp_path: Path, order_id: str):
    ran = call("settle", order_id, "--data-dir", tmp_path, "--gone", "--lang", "zh")

    assert ran.code == 0
    assert "委托" in ran.out
