"""`backup` and `restore`: an account as one file, taken while it runs, and put back where it is gone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC
from pathlib import Path
from tempfile import TemporaryDirectory

from commands.composition import VERSIONS, Panels
from commands.failures import CommandFailed, Exit
from commands.folders import AccountFolder
from commands.screen import Screen
from commands.stored_account import journal_place, read_only_store
from monitor.outbox import OUTBOX_NAME
from services.clock import SystemClock
from services.domain.inbox import Scope, Taken, in_force, place_of
from services.journal.archive import FORMAT, Manifest, pack, parts_of, unpack
from services.journal.audit_file import AuditFile
from services.journal.backup import copy_file, copy_journal, panels_of
from services.journal.chain import Head
from services.journal.inbox import INBOX_NAME, Inboxes
from services.journal.journal import Journal
from services.journal.sql_store import SqlStore
from services.journal.verify import verify as verify_record
from services.market.columns import panel_path
from services.ports import Clock, JournalFault
from services.settings import Settings

ATTEMPTS_MAX = 20
"""How often a copy is begun anew because the account wrote meanwhile; a session lasts seconds."""

_ACCOUNT, _PANELS = "account", "panels"


def backup(settings: Settings, to: Path, keep: int | None, screen: Screen) -> Exit:
    """Write the account as one file into the folder `to`, and keep the newest `keep` of it there.

    What is copied is of one moment, though the account may be running, and is verified before it is kept.

    Raises:
        CommandFailed: There is no such account, the copy does not verify, or the folder cannot be written.
        JournalFault: Something cannot be read.
    """
    clock = SystemClock()
    with read_only_store(settings) as (store, folder), _staged(to) as stage:
        with screen.waiting("backup.copying"):
            head = _one_moment(store, folder, journal_place(settings, folder), stage)
            _require_whole(stage, settings.account, clock, "the account does not verify; see `verify`")
        taken_at = clock.now().astimezone(UTC)
        target = to / f"kaipan-{settings.account}-{taken_at:%Y%m%dT%H%M%SZ}.tar.gz"
        manifest = Manifest(
            format=FORMAT,
            kaipan=VERSIONS["kaipan"],
            account=settings.account,
            taken_at=taken_at,
            seq=head.seq,
            hash=head.hash,
            parts=parts_of(stage),
        )
        with screen.waiting("backup.packing"):
            pack(stage, manifest, target)
    gone = _thin_out(to, settings.account, keep)
    size = target.stat().st_size
    screen.result(
        {
            "file": str(target),
            "bytes": size,
            "account": settings.account,
            "events": head.seq,
            "last_hash": head.hash,
            "removed": [str(path) for path in gone],
        }
    )
    screen.line("backup.done", path=target, megabytes=f"{size / 1e6:.1f}", events=head.seq, hash=head.hash)
    for path in gone:
        screen.line("backup.removed", path=path)
    return Exit.DONE


def restore(settings: Settings, archive: Path, screen: Screen) -> Exit:
    """Put the account of a backup into the data folder, or into the configured database.

    Raises:
        CommandFailed: The account is there already, or the backup is of another one.
        JournalFault: The backup is damaged, or the place cannot be written.
    """
    folder = AccountFolder(settings.data_dir, settings.account)
    _require_free(settings, folder)
    with _staged(settings.data_dir) as stage, screen.waiting("backup.restoring"):
        manifest = unpack(archive, stage)
        if manifest.account != settings.account:
            raise CommandFailed(
                Exit.USAGE,
                f"{archive} is of account {manifest.account}, not {settings.account}; "
                f"say --account {manifest.account}",
            )
        _require_whole(stage, settings.account, SystemClock(), f"{archive} does not verify")
        _put_panels(stage / _PANELS, folder.panels)
        if not isinstance(place := journal_place(settings, folder), Path):
            _into_database(stage / _ACCOUNT, place, settings.account)
        (stage / _ACCOUNT).rename(folder.root)
    screen.result(
        {
            "account": manifest.account,
            "folder": str(folder.root),
            "taken_at": manifest.taken_at.isoformat(),
            "events": manifest.seq,
            "last_hash": manifest.hash,
        }
    )
    screen.line(
        "backup.restored", path=folder.root, at=manifest.taken_at, events=manifest.seq, hash=manifest.hash
    )
    return Exit.DONE


@contextmanager
def _staged(beside: Path) -> Iterator[Path]:
    """Yield an empty folder on the same disk as `beside`, gone afterwards.

    Raises:
        CommandFailed: It cannot be made.
    """
    try:
        beside.mkdir(parents=True, exist_ok=True)
        stage = TemporaryDirectory(dir=beside, prefix=".kaipan-", ignore_cleanup_errors=True)
    except OSError as error:
        raise CommandFailed(
            Exit.UNAVAILABLE, f"{beside}: {error.strerror}; name a folder that can be written"
        ) from None
    with stage as name:
        yield Path(name)


def _one_moment(store: SqlStore, folder: AccountFolder, place: Path | str, stage: Path) -> Head:
    """Copy all that belongs to the account; again where it wrote a record meanwhile.

    The audit trail is copied first: one that is behind its journal is completed at the next start.
    """
    account = folder.account
    for _attempt in range(ATTEMPTS_MAX):
        before = store.head()
        shutil.rmtree(stage / _ACCOUNT, ignore_errors=True)
        copied = AccountFolder(stage, _ACCOUNT)
        copied.audit.parent.mkdir(parents=True)
        with suppress(FileNotFoundError):
            shutil.copyfile(folder.audit, copied.audit)
        if folder.ledger.exists():
            copy_file(folder.ledger, copied.ledger)
        if (folder.root / OUTBOX_NAME).exists():
            copy_file(folder.root / OUTBOX_NAME, copied.root / OUTBOX_NAME)
        with closing(SqlStore.open(copied.journal, account)) as target:
            target.take_fence()
            head = copy_journal(store, target)
            _copy_commands(target, place, copied.journal, account)
            if head == before == store.head():
                _copy_panels(target, folder.panels, stage / _PANELS)
                return head
    raise CommandFailed(
        Exit.UNAVAILABLE,
        f"{folder.root}: the account wrote during each of {ATTEMPTS_MAX} copies; try again after its session",
    )


def _copy_commands(store: SqlStore, place: Path | str, target: Path | str, account: str) -> None:
    """Put what the account at `place` was told and the journal does not hold to the one at `target`.

    What every account was told to halt is put to this one alone.
    """
    taken = Taken(held for event in store.events() if (held := place_of(event.step)))
    with (
        closing(Inboxes(place, account, read_only=True)) as there,
        closing(Inboxes(target, account)) as here,
    ):
        told = there.unread(taken)
        everywhere = [one for one in told if one.scope is Scope.EVERYWHERE]
        for command in told:
            if command.scope is Scope.HERE:
                here.put(Scope.HERE, command.command, command.args)
        for halt in in_force({}, everywhere).values():
            args = {"symbol": halt.symbol, "why": halt.why, "by": halt.by, "cause": str(halt.cause)}
            here.put(Scope.HERE, "halt", args)


def _copy_panels(store: SqlStore, there: Path, target: Path) -> None:
    for digest in panels_of(tuple(store.events())):
        target.mkdir(exist_ok=True)
        path = panel_path(there, digest)
        try:
            shutil.copyfile(path, panel_path(target, digest))
        except OSError as error:
            raise JournalFault(f"copy {path}", error.strerror or str(error)) from error


def _require_whole(stage: Path, account: str, clock: Clock, failed: str) -> None:
    """Do nothing where the copied account verifies; a trail behind its journal is completed first.

    Raises:
        CommandFailed: It does not.
        JournalFault: Its trail is not the journal's.
    """
    copied, panels = AccountFolder(stage, _ACCOUNT), Panels(stage / _PANELS)
    audit = AuditFile(copied.audit)
    with closing(SqlStore.open_read_only(copied.journal, account)) as store:
        Journal(store, account, clock, panels.get, (audit.hears,))
        audit.repair()
        found = verify_record(store, copied.audit, account, clock, panels.get)
    for one in found.problems[:1]:
        raise CommandFailed(Exit.DIFFERENCES, f"{failed}: {one.record}: {one.problem}")


def _require_free(settings: Settings, folder: AccountFolder) -> None:
    """Do nothing where no account of that name is there.

    Raises:
        CommandFailed: One is, and stays as it is.
    """
    if folder.root.exists():
        raise CommandFailed(
            Exit.USAGE,
            f"{folder.root} is there already and stays as it is; move it away, or name another --data-dir",
        )
    if isinstance(place := journal_place(settings, folder), Path):
        return
    with closing(SqlStore.open(place, settings.account)) as store:
        if store.head().seq:
            raise CommandFailed(
                Exit.USAGE, f"the database holds account {settings.account} already; it stays as it is"
            )


def _put_panels(copied: Path, panels: Path) -> None:
    for path in sorted(copied.glob("*")) if copied.exists() else ():
        panels.mkdir(parents=True, exist_ok=True)
        if not (panels / path.name).exists():
            path.rename(panels / path.name)


def _into_database(copied: Path, url: str, account: str) -> None:
    """Copy the journal of a backup into the database, and leave no second one in the folder."""
    path = AccountFolder(copied.parent, copied.name).journal
    with (
        closing(SqlStore.open_read_only(path, account)) as source,
        closing(SqlStore.open(url, account)) as target,
    ):
        target.take_fence()
        copy_journal(source, target)
        _copy_commands(source, path, url, account)
    path.unlink()
    (path.parent / INBOX_NAME).unlink(missing_ok=True)


def _thin_out(to: Path, account: str, keep: int | None) -> list[Path]:
    """Remove all but the newest `keep` backups of the account; None keeps every one."""
    if keep is None:
        return []
    # The moment has sixteen characters, which `?` counts: an account's name may begin with another's.
    found = sorted(to.glob(f"kaipan-{account}-{'?' * 16}.tar.gz"))
    gone = found[: max(len(found) - keep, 0)]
    for path in gone:
        path.unlink()
    return gone
