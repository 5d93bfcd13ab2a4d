"""`halt` and `lift`: what a person says to accounts that run, or will."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import asdict, dataclass

from commands.boardless import boardless
from commands.failures import CommandFailed, Exit
from commands.folders import AccountFolder
from commands.halt_view import lift_command
from commands.screen import Screen
from commands.stored_account import journal_place, read_only_store, stored_account
from commands.taking import Patience, accounts_of, wait_until_taken
from monitor.halts import halt_line
from services.clock import SystemClock
from services.domain.events import Halt, Lift
from services.domain.inbox import Command, HaltKey, Scope, Taken, in_force, lifted_by, meaning
from services.domain.instruments import NotASymbol, Symbol, parse_symbol
from services.journal.inbox import Inboxes
from services.journal.tail import JournalTail
from services.person import person
from services.ports import JournalFault
from services.settings import Settings

WHY_CHARACTERS_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a person says: of which list, which symbol (empty: all of them), and why."""

    scope: Scope
    why: str
    symbol: str = ""


def halt(settings: Settings, said: Said, screen: Screen, patience: Patience | None = None) -> Exit:
    """Halt the account or every one of the data folder, or one symbol there, until it is lifted.

    It is told of each account whether a process has taken it.

    Raises:
        CommandFailed: There is no such account, folder or symbol, or no reason is given.
        JournalFault: The command cannot be written; nothing is halted by it.
    """
    args = _args(said)
    if said.symbol and boardless([Symbol(said.symbol)]):
        # Whoever mistyped the suffix would believe that the share is halted.
        why = "is traded on no board, so there is nothing to halt; look at its suffix (.SH, .SZ, .BJ, .US)"
        raise CommandFailed(Exit.USAGE, f"{said.symbol} {why}")
    require_place(settings, said.scope)
    command = _put(settings, said, "halt", args)
    screen.line("halt.put", subject=_subject(settings, said))
    halted = meaning(command)
    if isinstance(halted, Halt):
        screen.line("halt.put.lift", command=lift_command(halted, _folder(settings)))
    _tell_taken(settings, command, screen, patience)
    return Exit.DONE


def lift(settings: Settings, said: Said, screen: Screen, patience: Patience | None = None) -> Exit:
    """Lift a halt of the account, of every one of the data folder, or of one symbol there.

    It is told of each account whether a process has taken it.

    Raises:
        CommandFailed: There is no such halt, account, folder or symbol, or no reason is given.
        JournalFault: The command cannot be written; nothing is lifted.
    """
    args = _args(said)
    require_place(settings, said.scope)
    asked = Lift(symbol=said.symbol, why=args["why"], everywhere=said.scope is Scope.EVERYWHERE)
    there = _in_force(settings, said.scope)
    if said.scope is Scope.EVERYWHERE and not lifted_by(asked, there):
        there |= _journaled_everywhere(settings)
    if not lifted_by(asked, there):
        known = "; ".join(halt_line(one, "en") for one in there.values()) or "none"
        raise CommandFailed(
            Exit.USAGE,
            f"{_subject(settings, said)} is not halted; halts of that scope: {known}; `status` lists all "
            "with the call that lifts each",
        )
    command = _put(settings, said, "lift", args)
    screen.line("lift.put", subject=_subject(settings, said))
    _tell_taken(settings, command, screen, patience)
    return Exit.DONE


def reason(why: str) -> str:
    """Return a reason as it is kept: on one line.

    Raises:
        CommandFailed: It is empty or too long.
    """
    text = " ".join(why.split())
    if not text:
        raise CommandFailed(Exit.USAGE, '--why is empty; tell whoever reads the record: --why "…"')
    if len(text) > WHY_CHARACTERS_MAX:
        raise CommandFailed(
            Exit.USAGE, f"--why has {len(text)} characters; say it in {WHY_CHARACTERS_MAX} at most"
        )
    return text


def require_place(settings: Settings, scope: Scope) -> None:
    """Do nothing where somebody will read what is put, or where that cannot be told: it must not wait.

    Raises:
        CommandFailed: There is no such account, or no such data folder.
    """
    if scope is Scope.EVERYWHERE:
        if settings.journal_url is None and not settings.data_dir.is_dir():
            raise CommandFailed(Exit.USAGE, f"there is no data folder {settings.data_dir}; see --data-dir")
        return
    try:
        with read_only_store(settings) as (store, _):
            there = store.head().seq > 0
    except CommandFailed as failed:
        if failed.code is Exit.USAGE:
            raise
        return
    if not there:
        raise CommandFailed(
            Exit.USAGE, f"there is no account {settings.account!r}; see --account and --data-dir"
        )


def _args(said: Said) -> dict[str, str]:
    if said.symbol:
        try:
            parse_symbol(said.symbol)
        except NotASymbol as error:
            raise CommandFailed(Exit.USAGE, f"--symbol: {error}") from error
    return {
        "symbol": said.symbol,
        "why": reason(said.why),
        "by": person(),
        "at": SystemClock().now().isoformat(timespec="seconds"),
    }


def _put(settings: Settings, said: Said, command: str, args: Mapping[str, str]) -> Command:
    with closing(Inboxes(journal_place(settings, _folder(settings)), settings.account)) as inboxes:
        return inboxes.put(said.scope, command, args)


def _tell_taken(settings: Settings, command: Command, screen: Screen, patience: Patience | None) -> None:
    """Wait for the processes that are there, and tell of each account what became of the command."""
    one_account = command.scope is Scope.HERE
    accounts: tuple[str, ...] = (settings.account,) if one_account else ()
    if not one_account:
        with suppress(JournalFault):  # It is put, and whoever runs an account reads it; nobody can be named.
            accounts = accounts_of(settings)
    told = wait_until_taken(command, settings, accounts, patience)
    for one in told:
        screen.line(f"put.{one.outcome}", account=one.account)
    screen.result(
        {
            "command": command.command,
            "scope": "account" if one_account else "everywhere",
            "account": settings.account if one_account else None,
            "data_dir": str(settings.data_dir),
            **{name: command.args[name] for name in ("symbol", "why", "by", "at")},
            "seq": command.seq,
            "accounts": [asdict(one) for one in told],
        }
    )


def _in_force(settings: Settings, scope: Scope) -> dict[HaltKey, Halt]:
    """Return the halts of that scope: what was taken, and what was put and will be."""
    folder = _folder(settings)
    halts: Mapping[HaltKey, Halt] = {}
    taken = Taken()
    if scope is Scope.HERE:
        with stored_account(settings) as account:
            folded = account.journal.account
            halts = {key: one for key, one in folded.halts.items() if not one.everywhere}
            taken = folded.taken
    with closing(Inboxes(journal_place(settings, folder), settings.account, read_only=True)) as inboxes:
        return in_force(halts, [one for one in inboxes.unread(taken) if one.scope is scope])


def _journaled_everywhere(settings: Settings) -> dict[HaltKey, Halt]:
    """Return the halts of every account that journals hold, as where their list was set aside since."""
    found: dict[HaltKey, Halt] = {}
    for name in accounts_of(settings):
        place = journal_place(settings, AccountFolder(settings.data_dir, name))
        tail = JournalTail(place, name)
        with suppress(JournalFault):  # Halts of a journal that cannot be read are not lifted by guess.
            tail.catch_up()
        found |= {key: one for key, one in tail.told.halts.items() if one.everywhere}
    return found


def _subject(settings: Settings, said: Said) -> str:
    """Return what is halted or not, for a sentence: `600519.SH of account main`."""
    if said.scope is Scope.HERE:
        of = f"account {settings.account}"
    else:
        of = f"every account in {settings.data_dir if settings.journal_url is None else 'the database'}"
    return f"{said.symbol} of {of}" if said.symbol else of


def _folder(settings: Settings) -> AccountFolder:
    return AccountFolder(settings.data_dir, settings.account)
