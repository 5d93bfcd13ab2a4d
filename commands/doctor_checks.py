"""What `doctor` looks at on this machine: the configuration, the account, the folder, the calendar."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryFile
from urllib.parse import urlsplit

from commands.boardless import boardless
from commands.doctor_check import Check, Words
from commands.failures import CommandFailed
from commands.folders import AccountFolder
from commands.going_live import lacks
from commands.idle_settings import idle_keys
from commands.minds import mind_of
from commands.opening import open_calendar
from commands.stored_account import journal_place
from services.journal.account_lock import LOCK_NAME, AccountBusy, account_lock
from services.ports import JournalFault
from services.settings import Mode, Settings, SettingsError
from services.settings_file import find_secrets
from services.settings_secrets import SecretKey
from services.settings_sections import ModelSettings
from services.slots import local

PYTHON_LEAST = (3, 11)
RUNWAY_DAYS_LEAST = 30
GIB = 1024**3
FREE_BYTES_WANTED = GIB
FREE_BYTES_LEAST = 100 * 1024**2


def python(words: Words, version: tuple[int, int]) -> Check:
    """Return whether the interpreter is new enough."""
    shown = ".".join(map(str, version))
    if version < PYTHON_LEAST:
        return words.failed("python.old", version=shown, least=".".join(map(str, PYTHON_LEAST)))
    return words.passed("python.ok", version=shown)


def config(words: Words, settings: Settings, path: Path | None) -> Check:
    """Return which configuration was read; one with a mistake in it does not come this far."""
    key = "config.defaults" if path is None else "config.file"
    return words.passed(key, path=path, mode=settings.mode, frequency=settings.frequency)


def secrets(
    words: Words, settings: Settings, path: Path | None, environment: Mapping[str, str]
) -> list[Check]:
    """Return for each secret that this configuration needs whether a variable holds it."""
    try:
        found = find_secrets(path, environment=environment)
    except SettingsError as error:
        return [words.failed("config.unreadable", why=error)]
    needed = [key for key in found if key.key.startswith(tuple(_needed(settings)))]
    checks = [_secret(words, key, asked_model(settings)) for key in needed]
    return checks or [words.passed("secrets.none")]


def agent(words: Words, settings: Settings) -> Check:
    """Return whether the mind that is named can be made."""
    try:
        return words.passed("agent.ok", agent=mind_of(settings).name)
    except CommandFailed as failed:
        return words.failed("agent.wrong", why=failed)


def broker(words: Words, settings: Settings) -> Check:
    """Return whether there is a broker for the mode."""
    named = settings.broker.type
    if settings.mode is not Mode.LIVE:
        return words.passed("broker.simulated")
    return words.failed("broker.not_real" if named == "simulated" else "broker.unknown", broker=named)


def going_live(words: Words, settings: Settings, now: datetime) -> list[Check]:
    """Return what else the configuration lacks for real money, one finding each; empty in other modes."""
    if settings.mode is not Mode.LIVE:
        return []
    found = lacks(settings, local(now, settings.market).date())
    return [words.failed(one.finding, **one.values) for one in found] or [words.passed("live.ok")]


def idle_limits(words: Words, settings: Settings) -> list[Check]:
    """Return a warning for each key of `risk_control` that is set and does nothing beside the others."""
    return [
        words.warned("risk.idle", key=one.key, needs=one.needs) for one in idle_keys(settings.risk_control)
    ]


def watchlist(words: Words, settings: Settings) -> list[Check]:
    """Return a warning where symbols of the watchlist can never be traded."""
    found = boardless(settings.watchlist)
    return [words.warned("watchlist.boardless", symbols=found)] if found else []


def calendar(words: Words, settings: Settings, now: datetime) -> Check:
    """Return how far ahead trading days are known."""
    try:
        known = open_calendar(settings, None)
    except CommandFailed as failed:
        return words.failed("calendar.wrong", why=failed)
    days = known.runway_days(local(now, settings.market).date())
    told = {"until": known.known_until, "days": days}
    if days <= 0:
        return words.failed("calendar.ended", **told)
    if days < RUNWAY_DAYS_LEAST:
        return words.warned("calendar.short", **told)
    return words.passed("calendar.ok", **told)


def free_bytes_at(place: Path) -> int:
    """Return the free space of the file system that `place` is on.

    Raises:
        OSError: It cannot be told.
    """
    return shutil.disk_usage(place).free


def folder_and_disk(
    words: Words, settings: Settings, free_at: Callable[[Path], int] = free_bytes_at
) -> list[Check]:
    """Return whether the account's folder can be written, and how much space is left there; makes nothing."""
    wanted = AccountFolder(settings.data_dir, settings.account).root
    try:
        place = next(one for one in (wanted, *wanted.absolute().parents) if one.exists())
        with TemporaryFile(dir=place):
            free_bytes = free_at(place)
    except OSError as error:
        why = error.strerror or error
        return [words.failed("data_dir.unwritable", path=settings.data_dir, why=why)]
    return [words.passed("data_dir.ok", path=settings.data_dir), disk(words, free_bytes)]


def disk(words: Words, free_bytes: int) -> Check:
    """Return whether that much free space is enough."""
    free = f"{free_bytes / GIB:.1f}"
    if free_bytes < FREE_BYTES_LEAST:
        return words.failed("disk.full", free=free)
    if free_bytes < FREE_BYTES_WANTED:
        return words.warned("disk.low", free=free, least=FREE_BYTES_WANTED // GIB)
    return words.passed("disk.ok", free=free)


def account(words: Words, settings: Settings) -> Check:
    """Return whether another process runs the account. Takes its lock for a moment, makes no file."""
    place = journal_place(settings, AccountFolder(settings.data_dir, settings.account))
    free = words.passed("account.free", account=settings.account)
    try:
        if isinstance(place, Path) and not (place.parent / LOCK_NAME).exists():
            return free
        lock = account_lock(place, settings.account)
        lock.acquire()
    except AccountBusy:
        return words.failed("account.busy", account=settings.account)
    except JournalFault as fault:
        return words.warned("account.unknown", account=settings.account, why=fault.why)
    except OSError as error:
        return words.warned("account.unknown", account=settings.account, why=error.strerror or error)
    lock.release()
    return free


def journal(words: Words, settings: Settings) -> Check:
    """Return whether the journal can be opened; one that is not there yet can be made."""
    from services.journal.database import NoJournal
    from services.journal.sql_store import SqlStore

    where = journal_place(settings, AccountFolder(settings.data_dir, settings.account))
    server = isinstance(where, str)
    if server and find_spec("psycopg") is None:
        return words.failed("journal.driver")
    place = "PostgreSQL" if server else where
    try:
        SqlStore.open_read_only(where, settings.account).close()
    except NoJournal:
        return words.passed("journal.none", place=place)
    except JournalFault as fault:
        return words.failed("journal.server" if server else "journal.fault", place=place, why=fault.why)
    return words.passed("journal.ok", place=place)


def asked_model(settings: Settings) -> ModelSettings | None:
    """Return the language model that decides, None where none does or it is not there."""
    kind, _, name = settings.agent_type.partition(":")
    if kind not in ("llm", "debate"):
        return None
    try:
        return settings.model_for(name or None)
    except SettingsError:
        return None


def is_local(address: str) -> bool:
    """Answer whether a web address is on this machine."""
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _needed(settings: Settings) -> Iterator[str]:
    """Yield how the keys of the secrets begin that the configuration cannot do without."""
    model = asked_model(settings)
    if model is not None:
        yield f"models[{settings.models.index(model)}]."
    if settings.mode is not Mode.BACKTEST and settings.data_source.type != "akshare":
        yield "data_source."
    if settings.mode is Mode.LIVE and settings.broker.type != "simulated":
        yield "broker."


def _secret(words: Words, secret: SecretKey, model: ModelSettings | None) -> Check:
    told = {"key": secret.key, "variables": words.tell("or").join(secret.variables)}
    if secret.present:
        return words.passed("secrets.set", **told)
    if secret.key.startswith("models") and model is not None and is_local(model.base_url):
        return words.passed("secrets.local", **told)
    return words.failed("secrets.missing", **told)
