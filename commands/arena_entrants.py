"""Who enters an arena: enabled models, what the configuration names, recorded runs, and baselines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

from agents.scripted import ScriptedAgent
from commands.audit import read_foreign
from commands.failures import CommandFailed, Exit
from commands.kept_answers import kept_answers
from commands.minds import Mind, mind_of
from commands.opening import Period
from commands.screen import Screen
from monitor.arena_row import Entered, EntrantKind, Row, legacy_row
from monitor.foreign_record import ForeignRecord
from monitor.imported_record import decisions_of
from monitor.leaderboard import Import
from monitor.record_legacy import audit_legacy
from monitor.record_prices import LabelledPrices, RecordUnusable, require_same_frequency
from scheduler.slot_plan import FixedPlan
from services.domain.money import ZERO
from services.settings import Settings, SettingsError

_ACCOUNT_SIGNS_MAX = 32
_RECORD = "record"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """Somebody on an account of their own. `asks` tells whether deciding means waiting for a model.

    Of a recorded run `legacy` is its line by its own terms, and `came` what of it became orders.
    """

    entered: Entered
    settings: Settings
    mind: Mind
    asks: bool
    legacy: Row | None = None
    came: Import | None = None


def entrants_of(
    settings: Settings, period: Period | None, imports: Sequence[Path], llm: str | None, screen: Screen
) -> tuple[Entrant, ...]:
    """Return everybody who enters, in the configuration's order; without a `period` on live prices.

    Raises:
        CommandFailed: There is nobody, two have one name, or one cannot be made.
    """
    found = [_entrant(one, settings, period, llm, screen) for one in _wanted(settings, imports)]
    if not found:
        raise CommandFailed(
            Exit.USAGE,
            "the arena is empty: enable a model, or give arena.entrants, arena.baselines or --import",
        )
    _require_names(found)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Wanted:
    name: str
    kind: EntrantKind
    spec: str


def _wanted(settings: Settings, imports: Sequence[Path]) -> Iterator[_Wanted]:
    arena = settings.arena
    if arena.models:
        for model in settings.models:
            if model.enabled:
                yield _Wanted(_slug(model.name), EntrantKind.MODEL, f"llm:{model.name}")
    for one in arena.entrants:
        kind = one.agent.partition(":")[0]
        of_models = kind in ("llm", "debate")
        usual = EntrantKind.MODEL if of_models else EntrantKind.ENTRANT
        yield _Wanted(one.name, EntrantKind.RECORD if kind == _RECORD else usual, one.agent)
    for path in imports:
        yield _Wanted(_name_of(path), EntrantKind.RECORD, f"{_RECORD}:{path}")
    for rule in arena.baselines:
        yield _Wanted(rule, EntrantKind.BASELINE, f"rule:{rule}")


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "entrant"


def _name_of(path: Path) -> str:
    """Return what a record is called: by its file, or by the folder above `position/position.jsonl`."""
    stem = path.name.removesuffix(".jsonl").removesuffix(".position")
    if stem == "position":
        folders = [part for part in path.absolute().parent.parts if part != "position"]
        stem = folders[-1]
    return _slug(stem)


def _require_names(entrants: Sequence[Entrant]) -> None:
    names = [one.entered.name for one in entrants]
    # Windows and macOS take two folders whose names differ in their capitals for one.
    taken = [name.lower() for name in names]
    for name, entrant in zip(names, entrants, strict=True):
        if name == EntrantKind.INDEX or taken.count(name.lower()) > 1:
            raise CommandFailed(
                Exit.USAGE,
                f"arena: the name {name!r} is taken twice; name one otherwise in arena.entrants",
            )
        if len(entrant.entered.account) > _ACCOUNT_SIGNS_MAX:
            raise CommandFailed(
                Exit.USAGE,
                f"arena: the account {entrant.entered.account!r} is longer than {_ACCOUNT_SIGNS_MAX} signs; "
                "give a shorter --account, or a shorter name in arena.entrants",
            )


def _entrant(
    wanted: _Wanted, settings: Settings, period: Period | None, llm: str | None, screen: Screen
) -> Entrant:
    account = _account_of(wanted, settings)
    if wanted.kind is EntrantKind.RECORD:
        return _recorded(wanted, settings, period, account)
    own = _own_settings(settings, account, wanted.spec)
    mind = mind_of(own, kept_answers(own, llm, screen), live=period is None)
    asks = wanted.spec.partition(":")[0] in ("llm", "debate")
    entered = Entered(
        name=wanted.name, kind=wanted.kind, agent=mind.name, account=account, cutoff=_cutoff(own)
    )
    return Entrant(entered=entered, settings=own, mind=mind, asks=asks)


def _account_of(wanted: _Wanted, settings: Settings) -> str:
    return f"{settings.account}-{wanted.name}"


def _cutoff(own: Settings) -> date | None:
    """Return the last day that the models of an account may remember, None where nobody said."""
    cutoffs = [model.training_cutoff for model in own.models]
    known = [cutoff for cutoff in cutoffs if cutoff is not None]
    # A mind of several models remembers as much as the youngest of them.
    return max(known) if known and len(known) == len(cutoffs) else None


def known_entrants(settings: Settings) -> dict[str, Entered]:
    """Return whom the configuration names now, by account, without making their minds."""
    found: dict[str, Entered] = {}
    for wanted in _wanted(settings, ()):
        account, cutoff = _account_of(wanted, settings), None
        with suppress(SettingsError):  # Its model was taken out of the configuration since.
            cutoff = _cutoff(_own_settings(settings, account, wanted.spec))
        found[account] = Entered(
            name=wanted.name, kind=wanted.kind, agent=wanted.spec, account=account, cutoff=cutoff
        )
    return found


def _own_settings(settings: Settings, account: str, spec: str) -> Settings:
    """Return an account's settings: with the models it may ask alone, so that others can come and go."""
    kind, _, name = spec.partition(":")
    asked: set[str] = set()
    if kind in ("llm", "debate"):
        asked = {settings.model_for(name or None).name, *settings.agent_config.fallback}
    if kind == "debate":
        asked |= settings.agent_config.debate.models
    models = tuple(model for model in settings.models if model.name in asked)
    return replace(settings, account=account, agent_type=spec, models=models)


def _recorded(wanted: _Wanted, settings: Settings, period: Period | None, account: str) -> Entrant:
    """Return a recorded run as a scripted account, with its own line beside it.

    Raises:
        CommandFailed: The file cannot be read, or is not of these prices.
    """
    path = Path(wanted.spec.partition(":")[2])
    if period is None:
        raise CommandFailed(
            Exit.USAGE,
            f"arena: {path} is a record, which cannot trade on live prices; give the prices it is of with "
            "--prices, or take it out",
        )
    record = read_foreign(path)
    prices = LabelledPrices(period.panel)
    try:
        require_same_frequency(record.lines, prices)
    except RecordUnusable as problem:
        raise CommandFailed(Exit.USAGE, f"{path}: {problem}") from None
    plan = FixedPlan(
        settings.market,
        settings.frequency,
        period.calendar,
        period.start,
        period.end,
        settings.slot_times,
    )
    decided = decisions_of(record, plan.slots, prices)
    read = {line.number for line in record.lines}
    unread = [one for one in record.damage if one.line not in read]
    name = f"scripted:{path.name}"
    mind = Mind(
        name=name,
        make=lambda past: ScriptedAgent(decided.answers, past.ordinal_of, name=name),
        script=sha256("\n".join(decided.answers).encode()).hexdigest(),
    )
    own = _own_settings(settings, account, name)
    asking = replace(own.agent_config, initial_cash=_opening_cash(path, record))
    return Entrant(
        entered=Entered(name=wanted.name, kind=wanted.kind, agent=name, account=account),
        settings=replace(own, agent_config=asking),
        mind=mind,
        asks=False,
        legacy=replace(
            legacy_row(f"{wanted.name} (legacy)", audit_legacy(record, prices), prices), agent=name
        ),
        came=Import(
            name=wanted.name,
            file=str(path),
            trades=decided.trades,
            left_out=tuple((one.line, one.problem) for one in (*unread, *decided.left_out)),
        ),
    )


def _opening_cash(path: Path, record: ForeignRecord) -> Decimal:
    """Return what a record begins with.

    Raises:
        CommandFailed: It begins with shares, or in its middle.
    """
    first = record.lines[0]
    if first.action.trades or first.holdings or first.cash <= ZERO:
        raise CommandFailed(
            Exit.USAGE,
            f"{path}: line {first.number} is no opening balance in cash; give the record from its start",
        )
    return first.cash
