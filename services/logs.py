"""The log of a process that stays up: JSON lines in a file that rotates, without a secret in them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, MutableMapping
from contextlib import suppress
from datetime import UTC
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import orjson
import structlog

from services.ports import Clock
from services.redaction import Redaction

LOG_NAME = "kaipan.log"
_OWN = "kaipan"
_FIELD_CHARACTERS_MAX = 2000
"""A longer field is cut: what is said in full lies in the journal."""


class LogFile:
    """A log file that is full at `bytes_max` and then kept as one of `files` older ones.

    What libraries log as warnings and errors is in it too. A line that cannot be written is lost and
    nothing else: a full disk stops trading by the journal, not by the log. One per process.
    """

    def __init__(
        self, path: Path, clock: Clock, secrets: Iterable[str], *, bytes_max: int, files: int
    ) -> None:
        self.lost = 0
        self._redaction = Redaction(secrets)
        self._handler = _Handler(path, bytes_max, files, self._lose)
        self._handler.setFormatter(_formatter(clock, self._redaction))
        self._own = logging.Logger(_OWN, logging.DEBUG)
        self._own.addHandler(self._handler)
        self._root = logging.getLogger()
        self._handler.addFilter(lambda record: record.name == _OWN or record.levelno >= logging.WARNING)
        self._root.addHandler(self._handler)
        self._log = structlog.wrap_logger(
            self._own,
            processors=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
            ],
            wrapper_class=structlog.stdlib.BoundLogger,
        )

    def __call__(self, event: str, level: str = "info", /, **fields: object) -> None:
        """Write one line; never raises. `exc_info=True` adds the exception under way."""
        self._log.log(logging.getLevelNamesMapping()[level.upper()], event, **fields)

    def close(self) -> None:
        """Give the file back; nothing is logged into it any more."""
        self._root.removeHandler(self._handler)
        self._own.removeHandler(self._handler)
        self._handler.close()

    def _lose(self) -> None:
        self.lost += 1


class _Handler(RotatingFileHandler):
    """A rotating file that counts what it could not write."""

    def __init__(self, path: Path, bytes_max: int, files: int, lost: Callable[[], None]) -> None:
        # Where there is no folder each line finds that out, and is lost.
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
        super().__init__(path, maxBytes=bytes_max, backupCount=files, encoding="utf-8", delay=True)
        self._lost = lost

    def handleError(self, record: logging.LogRecord) -> None:  # The library's name.
        """Count the line as lost."""
        self._lost()


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Renders a line, then takes the secrets out of it, so that no field can carry one past."""

    def __init__(self, redaction: Redaction, **options: Any) -> None:
        super().__init__(**options)
        self._redaction = redaction

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return self._redaction(super().format(record))


def _formatter(clock: Clock, redaction: Redaction) -> _Formatter:
    def stamped(_logger: object, _name: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        at = clock.now().astimezone(UTC).isoformat(timespec="milliseconds")
        first = {"at": at, "level": fields.pop("level", ""), "event": fields.pop("event", "")}
        return {name: _cut(value) for name, value in (first | dict(fields)).items()}

    return _Formatter(
        redaction,
        foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            stamped,
            structlog.processors.JSONRenderer(serializer=_dumps),
        ],
    )


def _cut(value: object) -> object:
    if isinstance(value, str) and len(value) > _FIELD_CHARACTERS_MAX:
        return f"{value[:_FIELD_CHARACTERS_MAX]} … ({len(value)} characters)"
    return value


def _dumps(fields: object, **_options: object) -> str:
    return orjson.dumps(fields, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
