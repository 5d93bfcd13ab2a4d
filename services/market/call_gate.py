"""Rate and circuit breaker for vendors' libraries, which ask by a way of their own and in threads."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import ParamSpec, TypeVar

from services.clock import stopwatch_s
from services.market.feeds.breaker import Breaker, HostState, Standing
from services.market.feeds.throttle import USUAL_PACE, Pace, Throttle
from services.ports import Clock

_P = ParamSpec("_P")
_T = TypeVar("_T")

Failures = tuple[type[Exception], ...]


class NotAsked(ValueError):
    """The library was not called: it is left alone, its turn lies too far off, or time is up."""


class LibraryGate:
    """Lets calls of libraries through at the pace, and leaves alone a call whose host fails or bans.

    A library's calls ask different hosts, so each is counted by its own name. Any thread may use it.
    """

    def __init__(
        self, clock: Clock, pace: Pace = USUAL_PACE, *, stopwatch: Callable[[], float] = stopwatch_s
    ) -> None:
        self._clock, self._lock = clock, Lock()
        self._throttle = Throttle(pace, stopwatch)
        self._breakers: dict[str, Breaker] = {}
        self._probing: set[str] = set()

    def slow_to(self, pace: Pace) -> None:
        """Let calls through no faster than this from now on."""
        with self._lock:
            self._throttle.slow_to(pace)

    def host_states(self) -> tuple[HostState, ...]:
        """Return how each call made so far is treated now, under its name in place of a host's."""
        with self._lock:
            return tuple(breaker.state() for breaker in self._breakers.values())

    def around(
        self,
        name: str,
        call: Callable[_P, _T],
        *,
        most_s: float,
        wait: Callable[[float], bool],
        failures: Failures,
        bans: Failures = (),
    ) -> Callable[_P, _T]:
        """Return `call` behind the gate: it raises NotAsked where it is not let through.

        A turn in more than `most_s` is not taken. `wait` waits so many seconds and tells whether time is
        up. `failures` count against the call, `bans` at once; other exceptions tell that the host answers.
        """

        def gated(*args: _P.args, **options: _P.kwargs) -> _T:
            self._enter(name, most_s, wait)
            try:
                answer = call(*args, **options)
            except (*failures, *bans) as problem:
                self._count(name, f"{type(problem).__name__}: {problem}", banned=isinstance(problem, bans))
                raise
            except Exception:
                self._count(name, "")
                raise
            self._count(name, "")
            return answer

        return gated

    def _enter(self, name: str, most_s: float, wait: Callable[[float], bool]) -> None:
        with self._lock:
            breaker = self._breakers.setdefault(name, Breaker(name, self._clock))
            state = breaker.state()
            if state.standing is not Standing.SERVING:
                if state.standing is Standing.RESTING or name in self._probing:
                    until = "" if state.resumes_at is None else f" until {state.resumes_at:%H:%M:%S} UTC"
                    raise NotAsked(f"left alone{until} after: {state.why}")
                self._probing.add(name)
            wait_s = self._throttle.turn_in_s(most_s)
            if wait_s is None:
                self._probing.discard(name)
        if wait_s is None:
            raise NotAsked("not asked: at the rate configured no time")
        if wait_s and wait(wait_s):
            with self._lock:
                self._probing.discard(name)
            raise NotAsked("not asked: too late")

    def _count(self, name: str, why: str, *, banned: bool = False) -> None:
        with self._lock:
            self._probing.discard(name)
            if why:
                self._breakers[name].failed(why, banned=banned)
            else:
                self._breakers[name].succeeded()
