"""What other processes ask of a running account: an append-only list of commands."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
from sqlalchemy import Connection, TextClause, inspect, text

from services.domain.inbox import Command, Place, Scope, Taken, cut_short
from services.journal.database import (
    DamagedFile,
    Database,
    Where,
    faults,
    open_for_reading,
    open_for_writing,
)
from services.ports import JournalFault

INBOX_NAME = "inbox.sqlite3"
"""The file of commands in an account's folder, and of those to every account in the data folder."""

EVERYWHERE = "*"
"""Under what name the commands to every account lie in a database; no account can be called so."""

MEND = "set it aside under another name: halts in force stay in the journal, say anew what was not taken yet"
"""What to do about a list that cannot be read."""

_MAKE = (
    "CREATE TABLE IF NOT EXISTS commands (account TEXT NOT NULL, seq BIGINT NOT NULL, "
    "command TEXT NOT NULL, args TEXT NOT NULL, PRIMARY KEY (account, seq))",
    # Beside the commands, not in them: lists of before marks were kept, and programs that keep none, go on.
    # Under number 0 the list's own id stands.
    "CREATE TABLE IF NOT EXISTS command_marks (account TEXT NOT NULL, seq BIGINT NOT NULL, "
    "mark TEXT NOT NULL, PRIMARY KEY (account, seq))",
)
_LAST = text(
    "SELECT coalesce(max(seq), 0) FROM (SELECT seq FROM commands WHERE account = :account "
    "UNION ALL SELECT seq FROM command_marks WHERE account = :account) AS given"
)
_PUT = text("INSERT INTO commands (account, seq, command, args) VALUES (:account, :seq, :command, :args)")
_MARK = text("INSERT INTO command_marks (account, seq, mark) VALUES (:account, :seq, :mark)")
_ID = text("SELECT mark FROM command_marks WHERE account = :account AND seq = 0")


def _of_list(what: str, marked: bool, where: str) -> TextClause:
    """Return a query over a list's commands `c` and their marks `m`; none of them where no marks are kept."""
    marks = "command_marks" if marked else "(SELECT account, seq, '' AS mark FROM commands WHERE 1 = 0)"
    return text(
        f"SELECT {what} FROM commands c LEFT JOIN {marks} m ON m.account = c.account AND m.seq = c.seq "
        f"WHERE c.account = :account AND {where}"
    )


_AFTER, _AT, _UNMARKED = (
    {marked: _of_list(what, marked, where) for marked in (True, False)}
    for what, where in (
        ("c.seq, c.command, c.args, coalesce(m.mark, '')", "c.seq > :seq ORDER BY c.seq"),
        ("coalesce(m.mark, '')", "c.seq = :seq"),
        ("min(c.seq)", "m.mark IS NULL"),
    )
)
_encode = msgspec.json.Encoder(order="sorted").encode
_args = msgspec.json.Decoder(dict[str, str])


def new_name() -> str:
    """Return sixteen characters that nothing was ever called by."""
    return secrets.token_hex(8)


class Inbox:
    """The commands put to one account, by any process, read by the one that runs it. One thread at a time.

    `where` is the path of the inbox file, made by `make` or at the first `put`, or the URL of the journal's
    database. `scope` is what its commands say of themselves. `named` makes the names of the list and of each
    command in it: see `services.domain.inbox.Place`. With `read_only` nothing in it or beside it changes.
    """

    def __init__(
        self,
        where: Where,
        account: str,
        scope: Scope = Scope.HERE,
        *,
        read_only: bool = False,
        named: Callable[[], str] = new_name,
    ) -> None:
        self._where, self._account, self._scope = where, account, scope
        self._read_only, self._named = read_only, named
        self._database: Database | None = None
        self._tables: frozenset[str] = frozenset()

    def make(self) -> None:
        """Make the list where it is missing.

        Raises:
            JournalFault: It cannot be written.
        """
        with _mend():
            database = self._open()
            with database.transaction("make the list of commands in") as connection:
                self._list_id(connection, database)

    def put(self, command: str, args: Mapping[str, str]) -> Command:
        """Return the command as it lies there, now durable.

        Raises:
            JournalFault: It cannot be written.
        """
        with _mend():
            database = self._open()
            with database.transaction("put a command into") as connection:
                list_id = self._list_id(connection, database)
                seq = int(connection.execute(_LAST, {"account": self._account}).scalar_one()) + 1
                mark, key = self._named(), {"account": self._account, "seq": seq}
                connection.execute(_PUT, {**key, "command": command, "args": _encode(args).decode()})
                connection.execute(_MARK, {**key, "mark": mark})
        return Command(
            seq=seq, command=command, args=dict(args), scope=self._scope, list_id=list_id, mark=mark
        )

    def unread(self, taken: Taken) -> tuple[Command, ...]:
        """Return the commands not taken, oldest first; before them a halt where the list was cut short.

        Raises:
            JournalFault: They cannot be read; a command to stop may be among them.
        """
        if isinstance(self._where, Path) and not self._where.exists():
            return ()
        with _mend():
            return self._open().read("read the commands in", lambda connection: self._new(connection, taken))

    def close(self) -> None:
        """Give the connection back."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def _open(self) -> Database:
        if self._database is None:
            if self._read_only:
                self._database = open_for_reading(self._where)
            else:
                if isinstance(self._where, Path):
                    _begin_file(self._where)
                self._database = open_for_writing(self._where, wal=False)
        return self._database

    def _list_id(self, connection: Connection, database: Database) -> str:
        """Return the list's id; it and the tables are made where they are missing."""
        if database.dialect == "postgresql":
            # One writer at a time: a number given earlier must not become visible later.
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('kaipan/commands'))")
        for statement in _MAKE:
            connection.exec_driver_sql(statement)
        found = connection.execute(_ID, {"account": self._account}).scalar()
        if found is None:
            found = self._named()
            connection.execute(_MARK, {"account": self._account, "seq": 0, "mark": found})
        return str(found)

    def _new(self, connection: Connection, taken: Taken) -> tuple[Command, ...]:
        if "command_marks" not in self._tables:
            self._tables = frozenset(inspect(connection).get_table_names())
        if "commands" not in self._tables:
            return ()
        marked, mine = "command_marks" in self._tables, {"account": self._account}
        list_id = str(connection.execute(_ID, mine).scalar() or "") if marked else ""
        last = taken.last(self._scope, list_id) if list_id else None
        if last is None and connection.execute(_UNMARKED[marked], mine).scalar() is not None:
            last = taken.last(self._scope, "")
        cut, after_seq = False, 0
        if last is not None:
            cut = connection.execute(_AT[marked], {**mine, "seq": last.seq}).scalar() != last.mark
            after_seq = 0 if cut else last.seq
        rows = connection.execute(_AFTER[marked], {**mine, "seq": after_seq})
        found = [self._unread(list_id, taken, *row) for row in rows]
        if cut and last is not None and not taken.holds((halt := cut_short(last)).place):
            found.insert(0, halt)
        return tuple(one for one in found if one is not None)

    def _unread(
        self, list_id: str, taken: Taken, seq: int, command: str, args: str, mark: str
    ) -> Command | None:
        """Return the command of a row, None where it was taken."""
        place = Place(self._scope, seq, list_id if mark else "", mark)
        if taken.holds(place):
            return None
        try:
            return Command(command=command, args=_args.decode(args), **place._asdict())
        except msgspec.MsgspecError as error:
            raise JournalFault(
                f"read command {seq}", f"its arguments are damaged: {error}; {MEND}"
            ) from error


class Inboxes:
    """What concerns one account, whose journal lies at `journal`: its own inbox, and every account's.

    Nothing is opened or made before it is used; with `read_only` nothing is changed either.
    """

    def __init__(self, journal: Where, account: str, *, read_only: bool = False) -> None:
        here, above = journal, journal
        if isinstance(journal, Path):
            here, above = journal.parent / INBOX_NAME, journal.parent.parent
        self._of = {
            Scope.HERE: Inbox(here, account, Scope.HERE, read_only=read_only),
            Scope.EVERYWHERE: everywhere(above, read_only=read_only),
        }

    def make(self) -> None:
        """Make the lists that are missing, as far as that can be done; a `put` tells why it cannot."""
        for inbox in self._of.values():
            with suppress(JournalFault):
                inbox.make()

    def put(self, scope: Scope, command: str, args: Mapping[str, str]) -> Command:
        """Return the command as it lies in its list, now durable.

        Raises:
            JournalFault: It cannot be written.
        """
        return self._of[scope].put(command, args)

    def unread(self, taken: Taken) -> Sequence[Command]:
        """Return the commands not taken, oldest first in each list; before them a halt for each cut short.

        Raises:
            JournalFault: They cannot be read; a command to stop may be among them.
        """
        return tuple(command for inbox in self._of.values() for command in inbox.unread(taken))

    def close(self) -> None:
        """Give the connections back."""
        for inbox in self._of.values():
            inbox.close()


def everywhere(data: Where, *, read_only: bool = False) -> Inbox:
    """Return the inbox of every account: of the data folder at that path, or of the database at that URL."""
    where = data / INBOX_NAME if isinstance(data, Path) else data
    return Inbox(where, EVERYWHERE, Scope.EVERYWHERE, read_only=read_only)


def _begin_file(path: Path) -> None:
    """Make an empty file where there is none, of the owner and mode of its folder.

    So what the system's administrator puts lies in a file that the account's own user can write too.

    Raises:
        JournalFault: It cannot be made.
    """
    with faults("open", str(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            made = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            return
        os.close(made)
        of = path.parent.stat()
        with suppress(OSError):  # Only an administrator may give a file away, and not on every disk.
            if hasattr(os, "chown"):
                os.chown(path, of.st_uid, of.st_gid)
        with suppress(OSError):
            path.chmod(of.st_mode & 0o666)


@contextmanager
def _mend() -> Iterator[None]:
    """Say what to do where the file is damaged."""
    try:
        yield
    except DamagedFile as fault:
        raise JournalFault(fault.asked, f"{fault.why}; {MEND}") from fault
