"""`list`: all accounts of a data folder, one line each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from commands.failures import CommandFailed, Exit
from commands.halt_view import stopped
from commands.life_view import life_of
from commands.live_plan import next_slot_shown
from commands.screen import Screen
from commands.stored_account import StoredAccount, stored_account
from commands.taking import accounts_of
from commands.wording import tell
from monitor.equity import course_of, final_equity_cny
from monitor.figures import UNDEFINED, money
from monitor.halts import halt_line
from monitor.plain_text import printable
from monitor.signs import Signs
from monitor.trail import follow
from monitor.valuing import Valuer
from monitor.wording import say
from services.ports import Fault
from services.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Row:
    """One account; `halts` in one line each, `next_slot` market-local, None where there is none.

    `state` is `unreadable` where the account cannot be read, and `why` tells why.
    """

    account: str
    state: str
    mode: str = ""
    agent: str = ""
    equity_cny: Decimal | None = None
    pnl_today_cny: Decimal | None = None
    next_slot: str | None = None
    halts: tuple[str, ...] = ()
    killed: bool = False
    paused: bool = False
    answers: bool = True
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it as `--json` prints it."""
        return {
            "account": self.account,
            "state": self.state,
            "mode": self.mode,
            "agent": self.agent,
            "equity": None if self.equity_cny is None else float(self.equity_cny),
            "pnl_today": None if self.pnl_today_cny is None else float(self.pnl_today_cny),
            "next_slot": self.next_slot,
            "halts": list(self.halts),
            "killed": self.killed,
            "paused": self.paused,
            "answers": self.answers,
            "why": self.why,
        }


def list_accounts(settings: Settings, screen: Screen, now: datetime) -> Exit:
    """List the accounts of the data folder.

    Raises:
        CommandFailed: There is no such data folder.
        JournalFault: They cannot be listed.
    """
    if settings.journal_url is None and not settings.data_dir.is_dir():
        raise CommandFailed(Exit.USAGE, f"there is no data folder {settings.data_dir}; see --data-dir")
    rows = [_row(settings, name, screen.lang, now) for name in accounts_of(settings)]
    screen.result({"data_dir": str(settings.data_dir), "accounts": [row.as_json() for row in rows]})
    if not rows:
        screen.line("list.none", data_dir=settings.data_dir)
    if rows and not screen.as_json:
        from rich.table import Table
        from rich.text import Text

        table = Table(*(tell(f"list.{name}", screen.lang) for name in _COLUMNS))
        for row in rows:
            table.add_row(*map(Text, _cells(row, screen.lang)))
        screen.show(table)
    return Exit.DONE


_COLUMNS = ("account", "state", "mode", "equity", "pnl", "next", "halts")


def _cells(row: Row, lang: str) -> list[str]:
    state = tell(f"list.state.{row.state}", lang)
    marks = [
        tell(f"list.state.{name}", lang)
        for name, is_so in (("paused", row.paused and row.state != "paused"), ("silent", not row.answers))
        if is_so
    ]
    stops = [tell("list.killed", lang)] if row.killed else []
    return [
        row.account,
        ", ".join([state, *marks]),
        say(f"mode.{row.mode}", lang) if row.mode else UNDEFINED,
        UNDEFINED if row.equity_cny is None else money(row.equity_cny),
        UNDEFINED if row.pnl_today_cny is None else money(row.pnl_today_cny),
        row.next_slot or UNDEFINED,
        "; ".join([*stops, *row.halts]) or printable(row.why) or UNDEFINED,
    ]


def _row(settings: Settings, name: str, lang: str, now: datetime) -> Row:
    """Return one account's row; what cannot be read of it is nobody else's trouble."""
    own = replace(settings, account=name)
    signs = Signs()
    try:
        with stored_account(own, (signs.listen,)) as account:
            return _read(account, own, signs, lang, now)
    except (CommandFailed, Fault) as error:
        return Row(account=name, state="unreadable", why=str(error))


def _read(account: StoredAccount, own: Settings, signs: Signs, lang: str, now: datetime) -> Row:
    genesis, life, stop = account.genesis, life_of(account, own, signs, now), stopped(account, own)
    equity_cny = signs.equity_cny
    if account.panel is not None:
        trail = follow(account.events, account.journal.value, vendor_prices=False)
        equity_cny = final_equity_cny(course_of(trail, Valuer(panel=account.panel)), trail)
    return Row(
        account=genesis.account,
        state=life.state,
        mode=genesis.mode,
        agent=genesis.agent,
        equity_cny=equity_cny,
        pnl_today_cny=life.pnl_today_cny,
        next_slot=next_slot_shown(account, own, life, now),
        halts=tuple(halt_line(one.halt, lang) for one in stop.halts),
        killed=stop.kill is not None,
        paused=life.pause is not None,
        answers=life.silent_since is None,
        why=life.vitals.why if life.vitals is not None else "",
    )
