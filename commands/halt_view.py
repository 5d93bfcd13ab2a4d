"""What keeps an account from trading, as a person reads it: what, since when, why, and how it ends."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from commands.folders import AccountFolder
from commands.screen import Screen
from commands.stored_account import StoredAccount, journal_place
from monitor.halts import halt_line
from monitor.plain_text import printable
from services.domain.events import Halt, HaltCause
from services.domain.inbox import Command, HaltKey, in_force, put_at
from services.domain.instruments import Market
from services.journal.inbox import Inboxes
from services.journal.kill_file import kill_requested, kill_words
from services.ports import JournalFault
from services.settings import Settings
from services.slots import ZONES


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltInForce:
    """A halt; `since` is market-local, empty where whoever put it did not say.

    `taken` is False while no process of the account has read it. `lift` is the call that ends it.
    """

    halt: Halt
    since: str
    taken: bool
    lift: str

    def as_json(self) -> dict[str, Any]:
        """Return it as `--json` prints it."""
        halt = self.halt
        return {
            "scope": "everywhere" if halt.everywhere else "account",
            "symbol": halt.symbol,
            "cause": str(halt.cause),
            "by": halt.by,
            "why": halt.why,
            "since": self.since,
            "taken": self.taken,
            "lift": self.lift,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """What keeps an account from trading: halts, and what the kill file says (None without one).

    `unread` tells why the commands put from outside could not be read, empty where they were.
    """

    halts: tuple[HaltInForce, ...]
    kill: str | None
    unread: str = ""

    def as_json(self) -> list[dict[str, Any]]:
        """Return the halts as `--json` prints them."""
        return [one.as_json() for one in self.halts]

    def show(self, screen: Screen) -> None:
        """Print each on a line of its own, with how it ends."""
        if self.kill is not None:
            screen.line("status.kill", why=printable(self.kill) or "-")
        for one in self.halts:
            key = "status.halt" if one.taken else "status.halt.put"
            screen.line(key, halt=halt_line(one.halt, screen.lang), since=one.since or "?")
            screen.line(f"status.lift.{one.halt.cause}", command=one.lift)
        if self.unread:
            screen.line("status.unread", why=self.unread)


def stopped(account: StoredAccount, settings: Settings) -> Stopped:
    """Return what keeps the account from trading now, read or yet to be read; looking changes nothing."""
    folded, market = account.journal.account, Market(account.genesis.market)
    halts, since = dict(folded.halts), {key: _local(at, market) for key, at in folded.halted_at.items()}
    unread, why = _unread(account, settings)
    for command in unread:
        halts = in_force(halts, [command])
        newly = {key: _put_at(command, market) for key in halts.keys() - since.keys()}
        since = {key: at for key, at in since.items() if key in halts} | newly
    root = account.folder.root
    return Stopped(
        halts=tuple(_shown(key, halt, since, account) for key, halt in halts.items()),
        kill=kill_words(root) if kill_requested(root) else None,
        unread=why,
    )


def lift_command(halt: Halt, folder: AccountFolder) -> str:
    """Return the call that ends the halt; its reason is the person's to write.

    Of an order of which the broker cannot tell a person tells; that ends its halt.
    """
    if halt.cause is HaltCause.UNRESOLVED:
        of = f"--account {folder.account} --data-dir {folder.data_dir}"
        return f"run_live.py settle {halt.by} {of} --gone (or --filled SHARES --price CNY)"
    account = "" if halt.everywhere else f" --account {folder.account}"
    symbol = f" --symbol {halt.symbol}" if halt.symbol else ""
    return f'run_live.py lift{account}{symbol} --data-dir {folder.data_dir} --why "…"'


def _shown(key: HaltKey, halt: Halt, since: dict[HaltKey, str], account: StoredAccount) -> HaltInForce:
    taken = account.journal.account.halts.get(key) is halt
    return HaltInForce(halt=halt, since=since[key], taken=taken, lift=lift_command(halt, account.folder))


def _unread(account: StoredAccount, settings: Settings) -> tuple[tuple[Command, ...], str]:
    """Return the commands no process of the account has taken yet, and why they cannot be told."""
    place, name = journal_place(settings, account.folder), account.genesis.account
    with closing(Inboxes(place, name, read_only=True)) as inboxes:
        try:
            return tuple(inboxes.unread(account.journal.account.taken)), ""
        except JournalFault as fault:
            return (), str(fault)


def _put_at(command: Command, market: Market) -> str:
    moment = put_at(command.args)
    return "" if moment is None else _local(moment, market)


def _local(moment: datetime, market: Market) -> str:
    return moment.astimezone(ZONES[market]).isoformat(" ", "seconds")
