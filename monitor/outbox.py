"""The alerts of one account on their way: written first, then sent, then marked; in a file of their own."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Connection, text

from monitor.delivery import Attempt, Waiting
from services.domain.alerts import Alert, AlertKind, Severity, Words
from services.journal.database import DamagedFile, Database, faults, open_for_writing
from services.ports import JournalFault

OUTBOX_NAME = "alerts.sqlite3"
"""The file in an account's folder."""

KEPT_DAYS = 90
"""For so long what is over stays on record; the keys of later alerts never fall back that far."""

_TABLES = (
    "CREATE TABLE IF NOT EXISTS alerts (id INTEGER PRIMARY KEY AUTOINCREMENT, dedupe TEXT NOT NULL UNIQUE, "
    "topic TEXT NOT NULL, at TEXT NOT NULL, kind TEXT NOT NULL, severity TEXT NOT NULL, "
    "account TEXT NOT NULL, title_en TEXT NOT NULL, title_zh TEXT NOT NULL, text_en TEXT NOT NULL, "
    "text_zh TEXT NOT NULL, folded INTEGER NOT NULL, held_back INTEGER NOT NULL)",
    "CREATE INDEX IF NOT EXISTS alerts_by_topic ON alerts (topic, id)",
    "CREATE TABLE IF NOT EXISTS deliveries (alert_id INTEGER NOT NULL, channel TEXT NOT NULL, "
    "state TEXT NOT NULL, attempts INTEGER NOT NULL, why TEXT NOT NULL, at TEXT NOT NULL, "
    "PRIMARY KEY (alert_id, channel))",
    "CREATE TABLE IF NOT EXISTS attempts (id INTEGER PRIMARY KEY AUTOINCREMENT, channel TEXT NOT NULL, "
    "at TEXT NOT NULL, ok INTEGER NOT NULL)",
    "CREATE INDEX IF NOT EXISTS attempts_by_channel ON attempts (channel, id)",
    "CREATE TABLE IF NOT EXISTS seen (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL)",
)
_ATTEMPTS_READ = 128
"""More than any channel's messages of a minute, and than the failures that change a wait."""


class Put(StrEnum):
    """What became of an alert: to be sent, known already, or held back, as its topic was told of."""

    NEW = "new"
    KNOWN = "known"
    FOLDED = "folded"


class State(StrEnum):
    """Where a delivery stands."""

    WAITING = "waiting"
    SENT = "sent"
    GIVEN_UP = "given_up"


class Outbox:
    """The alerts of one account and what became of them. One thread at a time.

    What `put` returned from is durable, and is sent at least once: a process that dies between a
    platform's yes and its mark sends it again.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database: Database | None = None

    def seen(self) -> int | None:
        """Return the `seq` of the last journal event whose alerts are here, None for a new outbox.

        A file that is not there yet is not made.

        Raises:
            JournalFault: The file cannot be read.
        """
        if self._database is None and not self._path.exists():
            return None
        return self._open().read("read", lambda connection: _number(connection, "SELECT seq FROM seen"))

    def mark_seen(self, seq: int) -> None:
        """Note that the alerts of all events up to `seq` are here.

        Raises:
            JournalFault: The file cannot be written.
        """
        with self._open().transaction("note in") as connection:
            connection.execute(
                text("INSERT INTO seen VALUES (1, :seq) ON CONFLICT (one) DO UPDATE SET seq = :seq"),
                {"seq": seq},
            )

    def has(self, key: str) -> bool:
        """Answer whether an alert of that key is here.

        Raises:
            JournalFault: The file cannot be read.
        """
        query = "SELECT id FROM alerts WHERE dedupe = :key"
        return self._open().read("read", lambda connection: _number(connection, query, key=key)) is not None

    def put(self, alert: Alert, channels: Sequence[str], repeat_s: int) -> Put:
        """Keep an alert to be sent to `channels`; one of a topic told in the last `repeat_s` is held back.

        Raises:
            JournalFault: The file cannot be written.
        """
        with self._open().transaction("put an alert into") as connection:
            if _number(connection, "SELECT id FROM alerts WHERE dedupe = :key", key=alert.key) is not None:
                return Put.KNOWN
            folded = _told_lately(connection, alert, repeat_s)
            alert_id = _insert(connection, alert, folded=folded)
            if folded:
                return Put.FOLDED
            for channel in dict.fromkeys(channels):
                connection.execute(
                    text("INSERT INTO deliveries VALUES (:id, :channel, 'waiting', 0, '', :at)"),
                    {"id": alert_id, "channel": channel, "at": _stamp(alert.at)},
                )
        return Put.NEW

    def waiting(self) -> tuple[Waiting, ...]:
        """Return what is still to be sent, oldest first.

        Raises:
            DamagedFile: What it holds is not what was put there.
            JournalFault: The file cannot be read.
        """
        try:
            return self._open().read("read", _waiting)
        except ValueError as error:
            raise DamagedFile(f"read {self._path}", str(error)) from error

    def given_up(self) -> int:
        """Return how many deliveries were given up; a file that is not there yet is not made.

        Raises:
            JournalFault: The file cannot be read.
        """
        if self._database is None and not self._path.exists():
            return 0
        query = "SELECT count(*) FROM deliveries WHERE state = 'given_up'"
        return self._open().read("read", lambda connection: _number(connection, query)) or 0

    def attempts(self, channel: str) -> tuple[Attempt, ...]:
        """Return the last attempts at a channel, oldest first.

        Raises:
            JournalFault: The file cannot be read.
        """
        query = text("SELECT at, ok FROM attempts WHERE channel = :channel ORDER BY id DESC LIMIT :most")

        def read(connection: Connection) -> tuple[Attempt, ...]:
            rows = connection.execute(query, {"channel": channel, "most": _ATTEMPTS_READ}).all()
            return tuple(Attempt(at=datetime.fromisoformat(at), ok=bool(ok)) for at, ok in reversed(rows))

        return self._open().read("read", read)

    def sent(self, one: Waiting, at: datetime) -> None:
        """Mark that a platform took it.

        Raises:
            JournalFault: The file cannot be written; it will be sent again.
        """
        self._tried(one, at, State.SENT, "")

    def failed(self, one: Waiting, at: datetime, why: str, *, give_up: bool) -> None:
        """Mark that a platform did not take it, and whether it is tried again.

        Raises:
            JournalFault: The file cannot be written.
        """
        self._tried(one, at, State.GIVEN_UP if give_up else State.WAITING, why)

    def forget_old(self, now: datetime) -> None:
        """Take away what has been over for `KEPT_DAYS`.

        Raises:
            JournalFault: The file cannot be written.
        """
        before = _stamp(now - timedelta(days=KEPT_DAYS))
        with self._open().transaction("tidy") as connection:
            over = "SELECT id FROM alerts WHERE at < :before AND id NOT IN (SELECT alert_id FROM deliveries "
            over += "WHERE state = 'waiting')"
            for statement in (
                f"DELETE FROM deliveries WHERE alert_id IN ({over})",
                f"DELETE FROM alerts WHERE id IN ({over})",
                "DELETE FROM attempts WHERE at < :before",
            ):
                connection.execute(text(statement), {"before": before})

    def set_aside(self, now: datetime) -> Path:
        """Give the file another name, which is returned; the next `put` makes a new one.

        Raises:
            JournalFault: It cannot be renamed.
        """
        with suppress(JournalFault):  # What is damaged cannot be completed either.
            self.close()
        self._database = None
        aside = self._path.with_name(f"{self._path.name}.damaged-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}")
        with faults("set aside", str(self._path)):
            for suffix in ("", "-wal", "-shm"):
                part = self._path.with_name(self._path.name + suffix)
                if part.exists():
                    part.replace(aside.with_name(aside.name + suffix))
        return aside

    def close(self) -> None:
        """Give the file back.

        Raises:
            JournalFault: It cannot be completed.
        """
        if self._database is not None:
            self._database.close()
            self._database = None

    def _tried(self, one: Waiting, at: datetime, state: State, why: str) -> None:
        with self._open().transaction("mark a delivery in") as connection:
            connection.execute(
                text(
                    "UPDATE deliveries SET state = :state, attempts = attempts + 1, why = :why, at = :at "
                    "WHERE alert_id = :id AND channel = :channel"
                ),
                {"state": state, "why": why, "at": _stamp(at), "id": one.alert_id, "channel": one.channel},
            )
            connection.execute(
                text("INSERT INTO attempts (channel, at, ok) VALUES (:channel, :at, :ok)"),
                {"channel": one.channel, "at": _stamp(at), "ok": state is State.SENT},
            )

    def _open(self) -> Database:
        if self._database is None:
            database = open_for_writing(self._path)
            with database.transaction("make the tables of") as connection:
                for table in _TABLES:
                    connection.execute(text(table))
            self._database = database
        return self._database


def _stamp(at: datetime) -> str:
    """Return a moment as text that sorts as moments do."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _number(connection: Connection, query: str, **values: object) -> int | None:
    found = connection.execute(text(query), values).scalar()
    return None if found is None else int(found)


def _told_lately(connection: Connection, alert: Alert, repeat_s: int) -> bool:
    """Answer whether one of the topic was told in the time before, and not less urgently."""
    query = text(
        "SELECT severity FROM alerts WHERE topic = :topic AND folded = 0 AND at > :since AND at <= :at"
    )
    since = _stamp(alert.at - timedelta(seconds=repeat_s))
    told = connection.execute(query, {"topic": alert.topic, "since": since, "at": _stamp(alert.at)}).scalars()
    return any(Severity(severity).rank >= alert.severity.rank for severity in told)


def _insert(connection: Connection, alert: Alert, *, folded: bool) -> int:
    """Write an alert, with how many of its topic were held back since the last one told."""
    held_back = _number(
        connection,
        "SELECT count(*) FROM alerts WHERE topic = :topic AND folded = 1 AND id > "
        "(SELECT coalesce(max(id), 0) FROM alerts WHERE topic = :topic AND folded = 0)",
        topic=alert.topic,
    )
    row = connection.execute(
        text(
            "INSERT INTO alerts (dedupe, topic, at, kind, severity, account, title_en, title_zh, text_en, "
            "text_zh, folded, held_back) VALUES (:dedupe, :topic, :at, :kind, :severity, :account, "
            ":title_en, :title_zh, :text_en, :text_zh, :folded, :held_back) RETURNING id"
        ),
        {
            "dedupe": alert.key,
            "topic": alert.topic,
            "at": _stamp(alert.at),
            "kind": alert.kind,
            "severity": alert.severity,
            "account": alert.account,
            "title_en": alert.title.en,
            "title_zh": alert.title.zh,
            "text_en": alert.text.en,
            "text_zh": alert.text.zh,
            "folded": folded,
            "held_back": 0 if folded else held_back,
        },
    )
    return int(row.scalar_one())


def _waiting(connection: Connection) -> tuple[Waiting, ...]:
    rows = connection.execute(
        text(
            "SELECT d.channel, d.attempts, a.* FROM deliveries d JOIN alerts a ON a.id = d.alert_id "
            "WHERE d.state = 'waiting' ORDER BY d.alert_id, d.channel"
        )
    ).mappings()
    return tuple(
        Waiting(
            alert_id=row["id"],
            channel=row["channel"],
            attempts=row["attempts"],
            held_back=row["held_back"],
            alert=Alert(
                kind=AlertKind(row["kind"]),
                severity=Severity(row["severity"]),
                account=row["account"],
                key=row["dedupe"],
                topic=row["topic"],
                title=Words(row["title_en"], row["title_zh"]),
                text=Words(row["text_en"], row["text_zh"]),
                at=datetime.fromisoformat(row["at"]),
            ),
        )
        for row in rows
    )
