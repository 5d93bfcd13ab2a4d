"""What a value works out of itself once and keeps. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

T = TypeVar("T")


class Kept(Generic[T]):
    """A property of a value that has a `__dict__`, worked out when it is first asked for and kept in there.

    As `functools.cached_property`, which takes a lock for it up to Python 3.11: what never changes comes out
    the same for two who ask at once.
    """

    def __init__(self, work_out: Callable[[Any], T]) -> None:
        self._work_out, self._name, self.__doc__ = work_out, work_out.__name__, work_out.__doc__

    @overload
    def __get__(self, of: None, owner: type) -> Self: ...

    @overload
    def __get__(self, of: object, owner: type) -> T: ...

    def __get__(self, of: object, owner: type) -> Self | T:
        """Return what is worked out, or of a class the property itself."""
        if of is None:
            return self
        found = of.__dict__[self._name] = self._work_out(of)
        return found
