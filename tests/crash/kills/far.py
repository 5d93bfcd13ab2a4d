"""Objects of another process, used over a loopback connection as if they were here."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from multiprocessing.connection import Client, Connection, Listener
from threading import Lock, Thread
from typing import Any

_PLAIN = (bool, int, float, str, bytes, Decimal, date, time, timedelta, Enum, tuple, frozenset)
_LISTED = (KeysView, ValuesView, ItemsView, Iterator)
_KEY = b"loopback only"

Path = tuple[tuple[str, Any], ...]
"""How to come to an object from the root: attributes and items, one after the other."""


class Line:
    """A process's end of the connection; one question at a time."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._connection: Connection[Any, Any] = Client(address, authkey=_KEY)

    def ask(self, what: str, path: Path, *given: Any) -> Any:
        """Return what the other process answers; what it raised is raised here."""
        self._connection.send((what, path, given))
        kind, answer = self._connection.recv()
        if kind == "raised":
            raise answer
        return Far(self, answer) if kind == "far" else answer

    def close(self) -> None:
        self._connection.close()


class Far:
    """An object that lives in the other process."""

    def __init__(self, line: Line, path: Path = ()) -> None:
        object.__setattr__(self, "_line", line)
        object.__setattr__(self, "_path", path)

    def __getattr__(self, name: str) -> Any:
        return self._line.ask("look", (*self._path, ("attribute", name)))

    def __setattr__(self, name: str, value: Any) -> None:
        self._line.ask("set", self._path, name, value)

    def __getitem__(self, key: Any) -> Any:
        return self._line.ask("look", (*self._path, ("item", key)))

    def __call__(self, *given: Any) -> Any:
        return self._line.ask("call", self._path, *given)

    def __len__(self) -> int:
        return int(self._line.ask("call", (*self._path, ("attribute", "__len__"))))

    def __contains__(self, one: Any) -> bool:
        return bool(self._line.ask("call", (*self._path, ("attribute", "__contains__")), one))

    def __iter__(self) -> Iterator[Any]:
        return iter(self._line.ask("list", self._path))


class Host:
    """Lets other processes use `root`; one of them at a time, whoever is killed meanwhile."""

    def __init__(self, root: Any) -> None:
        self._root, self._turn = root, Lock()
        self._listener = Listener(("127.0.0.1", 0), authkey=_KEY)

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._listener.address
        return str(host), int(port)

    def serve(self) -> None:
        """Answer until the process ends."""
        while True:
            try:
                connection = self._listener.accept()
            except (OSError, EOFError):  # Killed while it said who it is.
                continue
            Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: Connection[Any, Any]) -> None:
        with connection:
            while True:
                try:
                    what, path, given = connection.recv()
                    with self._turn:
                        answer = self._answered(what, path, given)
                    connection.send(answer)
                except (OSError, EOFError):
                    return

    def _answered(self, what: str, path: Path, given: tuple[Any, ...]) -> tuple[str, Any]:
        try:
            there = self._at(path)
            if what == "set":
                name, value = given
                setattr(there, name, value)
                return "plain", None
            if what == "list":
                return "plain", list(there)
            found = there(*given) if what == "call" else there
        except Exception as error:  # It is the other process's to raise.
            return "raised", error if type(error).__module__ == "builtins" else RuntimeError(repr(error))
        if what == "look" and not _is_plain(found):
            return "far", path
        return "plain", list(found) if isinstance(found, _LISTED) else found

    def _at(self, path: Path) -> Any:
        there = self._root
        for kind, key in path:
            there = getattr(there, key) if kind == "attribute" else there[key]
        return there


def _is_plain(value: object) -> bool:
    """Answer whether a copy serves: all that never changes."""
    if value is None or isinstance(value, _PLAIN):
        return True
    frozen = getattr(type(value), "__dataclass_params__", None)
    return frozen is not None and bool(frozen.frozen)
