"""`arena replay`: other minds asked over recorded sessions of one account, each session by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from commands.failures import CommandFailed, Exit
from commands.kept_answers import kept_answers
from commands.masked_replay import by_the_mask, require_reader, without_look_ups
from commands.minds import Mind, mind_of
from commands.past import Past
from commands.screen import Screen
from commands.session_choice import session_named
from commands.stored_account import StoredAccount, stored_account
from commands.twin import OtherMind, Twin
from commands.wording import tell
from monitor.figures import UNDEFINED, money
from monitor.json_value import Json
from monitor.leaderboard import interval_json
from monitor.resampling import Interval, Resampler
from monitor.session_side import Compared, Side, compared_json, side_of
from monitor.trail import MarkKind, follow
from services.domain.book import Book, BookBroken
from services.domain.money import ZERO, to_cent
from services.domain.quotes import PanelSnapshot, Snapshot, VendorSnapshot
from services.journal.account import SessionState
from services.journal.journal import JournalDrift
from services.models.spending import Takings
from services.ports import Fault
from services.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSpan:
    """From one session to another, each given as its ID or as a day, both included."""

    first: str
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sessions:
    """The sessions asked for, what each left as recorded, and the prices of the one after."""

    ids: tuple[str, ...]
    books: Mapping[str, Book]
    after: Mapping[str, Snapshot | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Means:
    """What one mind has for all it is asked: one budget, and whose turn it is where days share that.

    Sessions of a day, or month, that has a budget are asked one after the other, so that the same ones
    are asked however fast the answers come.
    """

    takings: Takings = field(default_factory=Takings)
    turn: AbstractAsyncContextManager[object] = field(default_factory=nullcontext)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A mind that is asked, behind a mask where there is a seed for it."""

    mind: Mind
    mask_seed: int | None
    means: _Means

    @property
    def name(self) -> str:
        return self.mind.name if self.mask_seed is None else f"{self.mind.name} (masked)"


def arena_replay(
    others: Sequence[Settings],
    span: SessionSpan,
    llm: str | None,
    screen: Screen,
    mask_seed: int | None = None,
) -> Exit:
    """Ask the other minds, named by the `agent_type` of each settings, and show paired differences.

    A model's kept answers are used first unless `llm` says otherwise. With a `mask_seed` each mind is
    asked a second time behind the mask, both times without look-ups, and the two are compared.

    Raises:
        CommandFailed: There is no such account, session or mind.
    """
    settings = others[0]
    if mask_seed is not None:
        others = [without_look_ups(one) for one in others]
    with stored_account(settings) as account:
        asked = _sessions(account, span)
        minds = [mind_of(one, kept_answers(one, llm, screen, usual="cache")) for one in others]
        entrants = [
            _Asked(mind=mind, mask_seed=seed, means=means)
            for mind, means in zip(minds, map(_means, others), strict=True)
            for seed in _seeds(mask_seed)
        ]
        with screen.waiting("replay.asking", agent=", ".join(mind.name for mind in minds)):
            found = asyncio.run(_ask_all(account, asked, entrants, settings.arena.parallel_max))
    arena = settings.arena
    resampler = Resampler(draws=arena.draws, block_days=arena.block_days, seed=arena.seed)
    tables = [
        _agent_json(one.name, compared, resampler) for one, compared in zip(entrants, found, strict=True)
    ]
    masks = [] if mask_seed is None else _by_masks(minds, found)
    screen.result(
        {
            "account": settings.account,
            "from": asked.ids[0],
            "to": asked.ids[-1],
            "sessions": len(asked.ids),
            "agents": tables,
            "mask_seed": mask_seed,
            "masked": [_agent_json(name, compared, resampler) for name, compared in masks],
        }
    )
    shown = [(one.name, compared) for one, compared in zip(entrants, found, strict=True)]
    shown += [(tell("arena.by_the_mask", screen.lang, agent=name), compared) for name, compared in masks]
    _show(shown, resampler, screen)
    failed = any(one.other is None for compared in found for one in compared)
    return Exit.UNAVAILABLE if failed else Exit.DONE


def _means(settings: Settings) -> _Means:
    """Return the means of a mind with these settings."""
    budget = settings.budget
    shared = budget.cny_per_day is not None or budget.cny_per_month is not None
    return _Means(turn=asyncio.Semaphore(1)) if shared else _Means()


def _seeds(mask_seed: int | None) -> tuple[int | None, ...]:
    """Return how often each mind is asked: without a mask, and with it where there is one."""
    return (None,) if mask_seed is None else (None, mask_seed)


def _by_masks(minds: Sequence[Mind], found: Sequence[list[Compared]]) -> list[tuple[str, list[Compared]]]:
    """Return of each mind, asked without and with a mask in turn, what the mask changes."""
    return [
        (mind.name, by_the_mask(plain, masked))
        for mind, plain, masked in zip(minds, found[::2], found[1::2], strict=True)
    ]


def _sessions(account: StoredAccount, span: SessionSpan) -> _Sessions:
    """Return the sessions of a span.

    Raises:
        CommandFailed: There is none, or an end of it is not known.
    """
    states = account.journal.account.sessions
    order = list(states)
    first, last = _place(states, span.first, "--from", 0), _place(states, span.last, "--to", -1)
    ids = tuple(order[first : last + 1])
    if not ids:
        raise CommandFailed(Exit.USAGE, f"--to {span.last} lies before --from {span.first}; exchange the two")
    trail = follow(account.events, account.journal.value)
    left = {mark.session: mark.book for mark in trail.marks if mark.kind is MarkKind.SESSION}
    following = dict(zip(order, [*order[1:], None], strict=True))
    after = {one: _prices(account, following[one]) for one in ids}
    return _Sessions(ids=tuple(one for one in ids if one in left), books=left, after=after)


def _place(states: Mapping[str, SessionState], wanted: str, option: str, end: int) -> int:
    """Return where a session stands in the account's order; of a day's, the first (0) or last (-1)."""
    try:
        day = date.fromisoformat(wanted)
    except ValueError:
        return list(states).index(session_named(wanted, states, option))
    of_day = [at for at, state in enumerate(states.values()) if state.opened.day == day]
    if not of_day:
        raise CommandFailed(Exit.USAGE, f"{option} {wanted}: is no day with a session; see `sessions`")
    return of_day[end]


def _prices(account: StoredAccount, session: str | None) -> Snapshot | None:
    """Return what a session saw, None where there is none or it saw nothing."""
    event = None if session is None else account.journal.find(session, "prices")
    value = None if event is None else account.journal.value(event)
    return value if isinstance(value, PanelSnapshot | VendorSnapshot) else None


async def _ask_all(
    account: StoredAccount, asked: _Sessions, minds: Sequence[_Asked], parallel_max: int
) -> list[list[Compared]]:
    """Return each mind's sessions in order, at most `parallel_max` of them lived at a time."""
    turns = asyncio.Semaphore(parallel_max)

    async def one(mind: _Asked, session: str) -> Compared:
        async with mind.means.turn, turns:
            return await _compared(account, asked, mind, session)

    return [
        list(ones)
        for ones in await asyncio.gather(
            *(asyncio.gather(*(one(mind, session) for session in asked.ids)) for mind in minds)
        )
    ]


async def _compared(account: StoredAccount, asked: _Sessions, mind: _Asked, session: str) -> Compared:
    after = asked.after[session]
    recorded = side_of(account.events, account.journal.value, session, asked.books[session], after)
    try:
        return Compared(
            session=session, recorded=recorded, other=await _other_side(account, mind, session, after)
        )
    except (BookBroken, Fault, JournalDrift) as problem:
        return Compared(session=session, recorded=recorded, other=None, failed=str(problem))


async def _other_side(account: StoredAccount, asked: _Asked, session: str, after: Snapshot | None) -> Side:
    """Return what the session comes to where another mind decides it; what went before is as recorded.

    Raises:
        Fault: Something on record cannot be read.
        JournalDrift: What went before does not come out again.
    """
    ordinal = account.journal.account.sessions[session].ordinal
    agent = asked.mind.make(Past(ordinal_of=lambda _session: ordinal, takings=asked.means.takings))
    if asked.mask_seed is not None:
        require_reader(agent)
    other = OtherMind(session=session, agent=agent, mask_seed=asked.mask_seed)
    twin = Twin(account.store, account.genesis, account.panels, other=other)
    await twin.replay.run(session)
    return side_of(twin.journal.events, twin.journal.value, session, twin.journal.account.book, after)


def _agent_json(agent: str, compared: Sequence[Compared], resampler: Resampler) -> dict[str, Json]:
    return {
        "agent": agent,
        "total": _total(compared),
        "next_mark_difference": interval_json(_interval(compared, resampler)),
        "compared": len(_differences(compared)),
        "sessions": [compared_json(one) for one in compared],
    }


def _total(compared: Sequence[Compared]) -> dict[str, Json]:
    """Return the sums of the differences over the sessions that could be lived again."""
    both = [(one.recorded, one.other) for one in compared if one.other is not None]
    notional = sum((other.notional_cny - ours.notional_cny for ours, other in both), ZERO)
    return {
        "orders": sum(other.orders - ours.orders for ours, other in both),
        "refusals": sum(other.refusals - ours.refusals for ours, other in both),
        "notional": float(to_cent(notional)),
        "next_mark": float(to_cent(_gained_cny(compared))),
    }


def _gained_cny(compared: Sequence[Compared]) -> Decimal:
    found = (one.mark_difference_cny for one in compared)
    return sum((difference for difference in found if difference is not None), ZERO)


def _differences(compared: Sequence[Compared]) -> list[float]:
    found = (one.mark_difference for one in compared)
    return [difference for difference in found if difference is not None]


def _interval(compared: Sequence[Compared], resampler: Resampler) -> Interval | None:
    """Return the mean of a session's difference, as a fraction of the account; None without one."""
    differences = _differences(compared)
    return resampler.mean(differences) if differences else None


def _show(found: Sequence[tuple[str, Sequence[Compared]]], resampler: Resampler, screen: Screen) -> None:
    if screen.as_json:
        return
    for name, compared in found:
        total, mean = _total(compared), _interval(compared, resampler)
        screen.line(
            "arena.replayed",
            agent=name,
            sessions=len(compared),
            orders=f"{total['orders']:+}",
            refusals=f"{total['refusals']:+}",
            worth=money(_gained_cny(compared)),
            mean=UNDEFINED if mean is None else _in_bp(mean),
        )
        for one in compared:
            if one.failed or (one.other is not None and one.other.why):
                why = one.failed or (one.other.why if one.other else "")
                screen.line("arena.not_decided", session=one.session, why=why)


def _in_bp(mean: Interval) -> str:
    shown = f"{mean.value * 10_000:+.2f}"
    if mean.low is None or mean.high is None:
        return shown
    return f"{shown} ({mean.low * 10_000:.2f} … {mean.high * 10_000:.2f})"
