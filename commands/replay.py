"""`replay`: a recorded session lived again and compared, or lived with another mind."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from commands.composition import VERSIONS
from commands.failures import CommandFailed, Exit
from commands.kept_answers import kept_answers
from commands.masked_replay import require_reader, without_look_ups
from commands.minds import mind_of
from commands.past import Past
from commands.screen import Screen
from commands.session_choice import session_named
from commands.stored_account import StoredAccount, stored_account
from commands.twin import OtherMind, Twin
from services.domain.book import BookBroken
from services.domain.decision import RawAnswer
from services.domain.events import Event, Verdicts
from services.journal.account import Account
from services.journal.audit import AuditTrail
from services.journal.checking import Difference
from services.ports import Fault
from services.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """What came of living one session again."""

    session: str
    events: int
    differences: tuple[Difference, ...]
    versions: dict[str, tuple[str, str]]


def replay(
    settings: Settings,
    session: str,
    agent: str | None,
    screen: Screen,
    llm: str | None = None,
    mask_seed: int | None = None,
) -> Exit:
    """Replay a session of the stored account; with `agent` let another mind decide it.

    A model's kept answers are used first unless `llm` says otherwise. With a `mask_seed` the other mind
    is asked behind a mask made from it.

    Raises:
        CommandFailed: There is no such account or session, or more than one may be meant.
    """
    if mask_seed is not None and agent is None:
        raise CommandFailed(Exit.USAGE, "--masked: nobody is asked; give --agent llm:NAME")
    with stored_account(settings) as account:
        if session == "all":
            if agent is not None:
                raise CommandFailed(Exit.USAGE, "--agent takes one session's place at a time; give its ID")
            return _replay_all(account, screen)
        session = session_named(session, account.journal.account.sessions)
        if agent is not None:
            return _other_mind(settings, account, session, llm, mask_seed, screen)
        replayed = lived_again(account, session)[0]
        return _show(replayed, screen)


def lived_again(account: StoredAccount, session: str | None) -> tuple[Replayed, ...]:
    """Return what came of living the account again up to `session`, or of all its sessions.

    Differences found in sessions before the one asked for are not hidden: they are in its result,
    since it began with what they left.
    """
    lines: dict[str, list[bytes]] = {}
    trail = AuditTrail()

    def listen(event: Event, value: object, folded: Account) -> None:
        for line in trail.apply(event, value, folded):
            lines.setdefault(_session_of(line), []).append(line)

    twin = Twin(account.store, account.genesis, account.panels, (listen,))
    broken = ""
    try:
        asyncio.run(twin.replay.run(session))
    except (BookBroken, Fault, KeyError, RuntimeError, ValueError) as error:
        broken = f"{type(error).__name__}: {error}"
    there = _lines_by_session(account.folder.audit)
    asked = [session] if session is not None else list(account.journal.account.sessions)
    by_session: dict[str, list[Difference]] = {}
    for one in twin.journal.differences:
        by_session.setdefault(one.session, []).append(one)
    counts = Counter(event.session for event in twin.journal.recorded)
    results: list[Replayed] = []
    for name in asked:
        found = [*by_session.get("", []), *by_session.get(name, []), *_unseen(twin, name)]
        found += _audit_differences(name, lines.get(name, []), there.get(name, []))
        if session is not None:
            found += [one for key, ones in by_session.items() if key not in ("", name) for one in ones]
        if broken and (session is not None or name == asked[-1]):
            found.append(
                Difference(session=name, step="", field="", recorded="the session went on", recomputed=broken)
            )
        results.append(
            Replayed(
                session=name,
                events=counts[name],
                differences=tuple(found),
                versions=_versions(account, name),
            )
        )
    return tuple(results)


def _unseen(twin: Twin, session: str) -> list[Difference]:
    return [
        Difference(session=session, step=event.step, field="", recorded=event.body, recomputed="nothing")
        for event in twin.journal.unseen(session)
    ]


def _audit_differences(session: str, lines: list[bytes], there: list[bytes]) -> list[Difference]:
    """Return the first audit line of the session that is not in the file as it comes out again."""
    for i in range(max(len(lines), len(there))):
        ours = lines[i] if i < len(lines) else b""
        theirs = there[i] if i < len(there) else b""
        if ours != theirs:
            return [
                Difference(
                    session=session,
                    step=f"position.jsonl, line {i} of the session",
                    field="",
                    recorded=theirs.decode(errors="replace").strip() or "nothing",
                    recomputed=ours.decode().strip() or "nothing",
                )
            ]
    return []


def _lines_by_session(audit: Path) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    if audit.exists():
        for line in audit.read_bytes().splitlines(keepends=True):
            found.setdefault(_session_of(line), []).append(line)
    return found


def _session_of(line: bytes) -> str:
    _, _, rest = line.partition(b'"session_id":"')
    return rest.partition(b'"')[0].decode(errors="replace")


def _versions(account: StoredAccount, session: str) -> dict[str, tuple[str, str]]:
    """Return the versions that are not today's: name to (recorded, today)."""
    opened = account.journal.account.sessions[session].opened
    names = sorted(opened.versions.keys() | VERSIONS.keys())
    return {
        name: (opened.versions.get(name, ""), VERSIONS.get(name, ""))
        for name in names
        if opened.versions.get(name) != VERSIONS.get(name)
    }


def _as_json(replayed: Replayed) -> dict[str, Any]:
    first = replayed.differences[0] if replayed.differences else None
    return {
        "session": replayed.session,
        "identical": first is None,
        "events": replayed.events,
        "first_difference": None if first is None else asdict(first),
        "differences": len(replayed.differences),
        "versions": {name: {"recorded": old, "today": new} for name, (old, new) in replayed.versions.items()},
    }


def _show(replayed: Replayed, screen: Screen) -> Exit:
    screen.result(_as_json(replayed))
    identical = not replayed.differences
    screen.line(
        "replay.identical" if identical else "replay.differs",
        session=replayed.session,
        events=replayed.events,
        count=len(replayed.differences),
    )
    for one in replayed.differences[:5]:
        screen.line(
            "replay.difference",
            session=one.session,
            step=one.step,
            field=one.field or "-",
            recorded=one.recorded[:200],
            recomputed=one.recomputed[:200],
        )
    for name, (old, new) in replayed.versions.items():
        screen.line("replay.version", name=name, recorded=old, today=new)
    return Exit.DONE if identical else Exit.DIFFERENCES


def _replay_all(account: StoredAccount, screen: Screen) -> Exit:
    """Replay every session; the result counts them and names the ones that differ."""
    with screen.waiting("replay.all"):
        results = lived_again(account, None)
    differing = [one for one in results if one.differences]
    screen.result(
        {
            "sessions": len(results),
            "identical": len(results) - len(differing),
            "differing": [_as_json(one) for one in differing],
        }
    )
    screen.line("replay.all_done", sessions=len(results), identical=len(results) - len(differing))
    for one in differing[:5]:
        screen.line("replay.differs", session=one.session, events=one.events, count=len(one.differences))
    return Exit.DIFFERENCES if differing else Exit.DONE


def _other_mind(
    settings: Settings,
    account: StoredAccount,
    session: str,
    llm: str | None,
    mask_seed: int | None,
    screen: Screen,
) -> Exit:
    """Let another mind decide the session, and show what would have been different."""
    if mask_seed is not None:
        settings = without_look_ups(settings)
    mind = mind_of(settings, kept_answers(settings, llm, screen, usual="cache"))
    ordinal = list(account.journal.account.sessions).index(session)
    agent = mind.make(Past(ordinal_of=lambda _session: ordinal))
    if mask_seed is not None:
        require_reader(agent)
    other = OtherMind(session=session, agent=agent, mask_seed=mask_seed)
    twin = Twin(account.store, account.genesis, account.panels, other=other)
    with screen.waiting("replay.asking", agent=mind.name):
        asyncio.run(twin.replay.run(session))
    recorded = _sides(account.events, account.journal.value, session)
    would_be = _sides(tuple(twin.journal.events), twin.journal.value, session)
    opened = account.journal.account.sessions[session].opened
    same = recorded == would_be
    screen.result(
        {
            "session": session,
            "identical": same,
            "events": sum(event.session == session for event in account.events),
            "first_difference": _first(twin, session),
            "recorded": {"agent": opened.agent, **recorded},
            "other": {"agent": mind.name, **would_be},
            "mask_seed": mask_seed,
            "transcript": _transcript(twin, session),
        }
    )
    screen.line("replay.sides", session=session, recorded=opened.agent, other=mind.name)
    screen.sides(recorded, would_be)
    return Exit.DONE


def _transcript(twin: Twin, session: str) -> list[dict[str, str]]:
    """Return what was said between the session and the other mind, empty where nobody was spoken to."""
    event = twin.journal.find(session, "answer")
    value = None if event is None else twin.journal.value(event)
    return [dict(line) for line in value.transcript] if isinstance(value, RawAnswer) else []


def _first(twin: Twin, session: str) -> dict[str, str] | None:
    named = [
        one
        for one in twin.journal.differences
        if one.session == session and one.step not in ("opened", "briefing", "answer")
    ]
    return asdict(named[0]) if named else None


def _sides(events: tuple[Event, ...], value_of: Any, session: str) -> dict[str, list[str]]:
    """Return what a session decided, had refused and traded, as sentences to compare."""
    decided: list[str] = []
    sent: list[str] = []
    refused: list[str] = []
    traded: list[str] = []
    funded = any(event.session == session and event.step == "funded" for event in events)
    for event in events:
        if event.session != session or event.step.startswith("late"):
            continue
        match event.kind:
            case "decision":
                decided += [
                    f"{one.side} {one.symbol} {one.shares or one.target_weight} {one.why}".strip()
                    for one in value_of(event).intents
                ]
            case "bad_answer":
                decided.append(f"bad answer: {value_of(event).reason}")
            case "verdicts":
                verdicts: Verdicts = value_of(event)
                # Buys that waited for the proceeds of sells stand in the verdicts on what these brought.
                deferred = () if funded else (one.terms for one in verdicts.deferred)
                sent += [
                    f"{one.side} {one.symbol} {one.shares} at {one.limit_cny}"
                    for one in (*verdicts.approved, *verdicts.waiting, *deferred)
                ]
                refused += [f"{one.side} {one.symbol} {one.shares}: {one.rule}" for one in verdicts.refused]
            case "fill":
                fill = value_of(event)
                traded.append(f"{fill.side} {fill.symbol} {fill.shares} at {fill.price_cny}")
    return {"decision": decided, "orders": sent, "refusals": refused, "fills": traded}
