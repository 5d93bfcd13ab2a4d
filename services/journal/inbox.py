"""What other processes ask of a running account: an append-only list of commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from sqlalchemy import Connection, bindparam, column, insert, inspect, select, table, text

from services.domain.inbox import Command, Scope
from services.journal.database import Database, Where, open_for_reading, open_for_writing
from services.ports import JournalFault

INBOX_NAME = "inbox.sqlite3"
"""The file of commands in an account's folder, and of those to every account in the data folder."""

EVERYWHERE = "*"
"""Under what name the commands to every account lie in a database; no account can be called so."""

_COMMANDS = table("commands", column("account"), column("seq"), column("command"), column("args"))
_MAKE = (
    "CREATE TABLE IF NOT EXISTS commands (account TEXT NOT NULL, seq BIGINT NOT NULL, "
    "command TEXT NOT NULL, args TEXT NOT NULL, PRIMARY KEY (account, seq))"
)
_LAST = text("SELECT coalesce(max(seq), 0) FROM commands WHERE account = :account")
_UNREAD = (
    select(_COMMANDS.c.seq, _COMMANDS.c.command, _COMMANDS.c.args)
    .where(_COMMANDS.c.account == bindparam("of_account"), _COMMANDS.c.seq > bindparam("after_seq"))
    .order_by(_COMMANDS.c.seq)
)
_encode = msgspec.json.Encoder(order="sorted").encode
_args = msgspec.json.Decoder(dict[str, str])


class Inbox:
    """The commands put to one account, by any process, read by the one that runs it. One thread at a time.

    `where` is the path of the inbox file, made at the first `put`, or the URL of the journal's database.
    `scope` is what its commands say of themselves. With `read_only` nothing in it or beside it changes.
    """

    def __init__(
        self, where: Where, account: str, scope: Scope = Scope.HERE, *, read_only: bool = False
    ) -> None:
        self._where, self._account, self._scope = where, account, scope
        self._read_only = read_only
        self._database: Database | None = None
        self._made = False

    def put(self, command: str, args: Mapping[str, str]) -> int:
        """Return the `seq` of the command, now durable.

        Raises:
            JournalFault: It cannot be written.
        """
        row = {"account": self._account, "command": command, "args": _encode(args).decode()}
        database = self._open()
        with database.transaction("put a command into") as connection:
            if database.dialect == "postgresql":
                # One writer at a time: a number given earlier must not become visible later.
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('kaipan/commands'))")
            connection.exec_driver_sql(_MAKE)
            seq = int(connection.execute(_LAST, {"account": self._account}).scalar_one()) + 1
            connection.execute(insert(_COMMANDS).values(seq=seq, **row))
        return seq

    def unread(self, after_seq: int) -> tuple[Command, ...]:
        """Return the commands after `after_seq`, oldest first.

        Raises:
            JournalFault: They cannot be read; a command to stop may be among them.
        """
        if isinstance(self._where, Path) and not self._where.exists():
            return ()
        return self._open().read(
            "read the commands in", lambda connection: self._after(connection, after_seq)
        )

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
                self._database = open_for_writing(self._where, wal=False)
        return self._database

    def _after(self, connection: Connection, after_seq: int) -> tuple[Command, ...]:
        self._made = self._made or inspect(connection).has_table("commands")
        if not self._made:
            return ()
        rows = connection.execute(_UNREAD, {"of_account": self._account, "after_seq": after_seq})
        return tuple(self._command(*row) for row in rows)

    def _command(self, seq: int, command: str, args: str) -> Command:
        try:
            return Command(seq=seq, command=command, args=_args.decode(args), scope=self._scope)
        except msgspec.MsgspecError as error:
            raise JournalFault(f"read command {seq}", f"its arguments are damaged: {error}") from error


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

    def put(self, scope: Scope, command: str, args: Mapping[str, str]) -> int:
        """Return the number of the command in its list, now durable.

        Raises:
            JournalFault: It cannot be written.
        """
        return self._of[scope].put(command, args)

    def unread(self, taken: Mapping[Scope, int]) -> Sequence[Command]:
        """Return the commands after the last one taken of each list, oldest first in each.

        Raises:
            JournalFault: They cannot be read; a command to stop may be among them.
        """
        return tuple(
            command for scope, inbox in self._of.items() for command in inbox.unread(taken.get(scope, 0))
        )

    def close(self) -> None:
        """Give the connections back."""
        for inbox in self._of.values():
            inbox.close()


def everywhere(data: Where, *, read_only: bool = False) -> Inbox:
    """Return the inbox of every account: of the data folder at that path, or of the database at that URL."""
    where = data / INBOX_NAME if isinstance(data, Path) else data
    return Inbox(where, EVERYWHERE, Scope.EVERYWHERE, read_only=read_only)
