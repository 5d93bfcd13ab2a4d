"""The leaderboard of the accounts of an arena as they lie in the data folder, whoever runs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from commands.arena_entrants import known_entrants
from commands.arena_index import index_row
from commands.failures import CommandFailed, Exit
from commands.folders import AccountFolder
from commands.stored_account import StoredAccount, stored_account
from monitor.arena_row import Entered, EntrantKind, Row, RowState, failed_row, row_of
from monitor.leaderboard import Leaderboard, Terms, leaderboard
from monitor.resampling import Resampler
from services.domain.events import Genesis
from services.domain.instruments import Market
from services.index_file import IndexDay, IndexFileError, read_index
from services.journal.accounts import accounts_at
from services.journal.kill_file import kill_requested
from services.ports import Fault
from services.settings import Settings
from services.slots import local


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """An account's line and the watchlist's, with what it traded on; no genesis where it cannot be read."""

    row: Row
    basket: Row | None = None
    genesis: Genesis | None = None
    source: str = ""
    synthetic: bool = False


def stored_board(settings: Settings) -> Leaderboard:
    """Return the leaderboard of what lies there, each account valued by its own journal.

    Raises:
        CommandFailed: No account of the arena lies there, or the index file cannot be used.
        JournalFault: The accounts cannot be listed.
    """
    found = [_stored(entered, settings) for entered in _there(settings)]
    terms = _terms(found, settings)
    rows = [one.row for one in found]
    index = _index(found, settings, terms)
    given = settings.arena
    return leaderboard(
        [*rows, *([] if index is None else [index])],
        terms,
        Resampler(draws=given.draws, block_days=given.block_days, seed=given.seed),
    )


def _there(settings: Settings) -> tuple[Entered, ...]:
    """Return whose accounts lie there: those the configuration names first, in its order.

    Raises:
        CommandFailed: There are none.
    """
    folder, url = AccountFolder(settings.data_dir, settings.account), settings.journal_url
    data = settings.data_dir if url is None else url.reveal()
    prefix, named = f"{settings.account}-", known_entrants(settings)
    there = [name for name in accounts_at(data, folder.journal.name) if name.startswith(prefix)]
    if not there:
        raise CommandFailed(
            Exit.USAGE,
            f"{settings.data_dir}: no account of an arena {settings.account!r} lies there; begin one with "
            "--live, or give --prices FILE, --demo or another --data-dir",
        )
    others = (
        Entered(name=name.removeprefix(prefix), kind=EntrantKind.ENTRANT, agent="", account=name)
        for name in there
        if name not in named
    )
    return (*(one for account, one in named.items() if account in there), *others)


def _stored(entered: Entered, settings: Settings) -> _Stored:
    own = replace(settings, account=entered.account)
    try:
        with stored_account(own) as account:
            return _line(entered, account)
    except (CommandFailed, Fault) as failed:
        return _Stored(row=failed_row(entered, str(failed)))


def _line(entered: Entered, account: StoredAccount) -> _Stored:
    genesis, panel = account.genesis, account.panel
    state = RowState.UNDER_WAY
    if account.journal.account.finished is not None:
        state = RowState.FINISHED
    elif kill_requested(account.folder.root):
        state = RowState.KILLED
    kind = entered.kind
    if not entered.agent and genesis.agent.partition(":")[0] in ("llm", "debate"):
        kind = EntrantKind.MODEL
    row, basket = row_of(
        replace(entered, agent=genesis.agent, kind=kind), account.events, panel, account.journal.value, state
    )
    return _Stored(
        row=row,
        basket=basket,
        genesis=genesis,
        source="" if panel is None else panel.source,
        synthetic=panel is not None and panel.synthetic,
    )


def _terms(found: Sequence[_Stored], settings: Settings) -> Terms:
    """Return what the accounts traded on, by the first of them that can be read.

    Raises:
        CommandFailed: None can.
    """
    readable = [one for one in found if one.genesis is not None]
    if not readable or readable[0].genesis is None:
        raise CommandFailed(Exit.UNAVAILABLE, f"{found[0].row.account}: {found[0].row.why}")
    first, genesis = readable[0], readable[0].genesis
    days = [day for one in readable for day, _ in one.row.daily]
    began = genesis.start or local(genesis.opened_at, Market(genesis.market)).date()
    return Terms(
        account=settings.account,
        mode=genesis.mode,
        market=genesis.market,
        frequency=genesis.frequency,
        source=first.source or settings.data_source.type,
        start=min(days, default=began),
        end=max(days, default=began),
        synthetic=any(one.synthetic for one in readable),
        approximate=any(one.row.approximate for one in readable),
    )


def _index(found: Sequence[_Stored], settings: Settings, terms: Terms) -> Row | None:
    """Return the line of the index file up to its last day, else of the longest-lived watchlist."""
    path = settings.arena.index_file
    if path is not None:
        try:
            return _of_file(read_index(path), terms)
        except IndexFileError as error:
            raise CommandFailed(Exit.USAGE, f"arena.index_file: {error}") from error
    baskets = [one.basket for one in found if one.basket is not None]
    longest = max(baskets, key=lambda basket: len(basket.daily), default=None)
    return None if longest is None else replace(longest, agent="watchlist, equal weight")


def _of_file(days: Sequence[IndexDay], terms: Terms) -> Row | None:
    wanted: list[date] = [one.day for one in days if terms.start <= one.day <= terms.end]
    return index_row(days, wanted) if wanted else None
