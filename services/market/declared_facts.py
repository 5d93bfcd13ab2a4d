"""Reads what is declared of a price file, by option or in `<file>.meta.json` beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import msgspec

from services.domain.bars import Adjustment, CorporateAction, VolumeUnit
from services.domain.instruments import Instrument
from services.market.panel_builder import DeclaredFacts
from services.market.raw_bars import PriceFileError

_Record = TypeVar("_Record", Instrument, CorporateAction)

_PER_SHARE = ("cash_per_share", "shares_per_share", "bonus_per_share", "rights_per_share", "rights_price_cny")
_PER_SHARE_MAX = 10**6


class _Stated(msgspec.Struct, forbid_unknown_fields=True):
    adjustment: Adjustment = Adjustment.UNKNOWN
    volume_unit: VolumeUnit = VolumeUnit.UNKNOWN
    instruments: dict[str, dict[str, object]] = {}
    actions: list[dict[str, object]] = []


class _DatedFacts(msgspec.Struct, forbid_unknown_fields=True):
    days: tuple[date, date]
    instruments: dict[str, dict[str, object]] = {}
    actions: list[dict[str, object]] = []


def facts_path(path: Path) -> Path:
    """Return where the declared facts of a price file stand: `daily.jsonl.meta.json`."""
    return path.with_name(path.name + ".meta.json")


def read_declared_facts(
    path: Path, adjustment: Adjustment | None = None, volume_unit: VolumeUnit | None = None
) -> DeclaredFacts:
    """Return the facts declared of the price file at `path`; an option wins over the file beside it.

    What nobody declares is UNKNOWN.

    Raises:
        PriceFileError: The file beside it cannot be read, or is no such JSON.
    """
    beside = facts_path(path)
    stated = _beside(beside)
    return DeclaredFacts(
        adjustment=adjustment or stated.adjustment,
        volume_unit=volume_unit or stated.volume_unit,
        instruments=_instruments(beside, stated.instruments),
        actions=_actions(beside, stated.actions),
    )


def read_dated_facts(path: Path) -> tuple[tuple[date, date], DeclaredFacts]:
    """Return the facts that a file of its own declares, after the first and the last day they speak of.

    Raises:
        PriceFileError: It cannot be read, or is no such JSON.
    """
    try:
        stated = msgspec.json.decode(path.read_bytes(), type=_DatedFacts)
    except OSError as error:
        raise PriceFileError(f"{path}: cannot be read ({error})") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise PriceFileError(
            f"{path}: {problem}; its keys are days ([first, last], like 2025-01-31), instruments, actions"
        ) from None
    facts = DeclaredFacts(
        instruments=_instruments(path, stated.instruments), actions=_actions(path, stated.actions)
    )
    return stated.days, facts


def _beside(path: Path) -> _Stated:
    """Return what the file beside a price file states, nothing where there is none."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return _Stated()
    except OSError as problem:
        raise PriceFileError(
            f"{path}: cannot be read ({problem.strerror}); make it a file, or take it away"
        ) from None
    return _stated(path, raw)


def _instruments(path: Path, stated: Mapping[str, dict[str, object]]) -> tuple[Instrument, ...]:
    found = tuple(
        _record(path, f"instruments.{symbol}", {**facts, "symbol": symbol}, Instrument)
        for symbol, facts in stated.items()
    )
    for one in found:
        leaving = () if one.delisting is None else (one.delisting,)
        for key, states in (("st", one.st), ("suspended", one.suspended), ("delisting", leaving)):
            for state in states:
                if state.until is not None and state.until < state.since:
                    raise PriceFileError(
                        f"{path}: instruments.{one.symbol}.{key}: until {state.until} lies before since "
                        f"{state.since}; exchange the two"
                    )
    return found


def _actions(beside: Path, stated: Sequence[Mapping[str, object]]) -> tuple[CorporateAction, ...]:
    actions: list[CorporateAction] = []
    for i, one in enumerate(stated):
        action = _record(beside, f"actions[{i}]", one, CorporateAction)
        problem = _problem(action)
        if action in actions:
            problem = f"is actions[{actions.index(action)}] again"
        if problem is not None:
            raise PriceFileError(f"{beside}: actions[{i}]: {problem}; correct it")
        actions.append(action)
    return tuple(actions)


def _problem(action: CorporateAction) -> str | None:
    for name in _PER_SHARE:
        amount: Decimal = getattr(action, name)
        if not amount.is_finite() or not 0 <= amount <= _PER_SHARE_MAX:
            return f"{name} is {amount}, not an amount a share"
    if action.bonus_per_share > action.shares_per_share:
        return (
            f"bonus_per_share is {action.bonus_per_share}, above shares_per_share {action.shares_per_share}, "
            "of which it is part"
        )
    if (action.rights_per_share > 0) != (action.rights_price_cny > 0):
        return (
            f"rights_per_share is {action.rights_per_share} and rights_price_cny {action.rights_price_cny}: "
            "a rights issue has both"
        )
    return None


def _stated(beside: Path, content: bytes) -> _Stated:
    try:
        return msgspec.json.decode(content, type=_Stated)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise PriceFileError(
            f"{beside}: {problem}; its keys are adjustment (raw, forward, backward), "
            "volume_unit (share, lot), instruments, actions"
        ) from None


def _record(beside: Path, where: str, stated: Mapping[str, object], kind: type[_Record]) -> _Record:
    known = [field.name for field in fields(kind)]
    unknown = [key for key in stated if key not in known]
    if unknown:
        raise PriceFileError(
            f"{beside}: {where}: key {unknown[0]!r} is unknown; the keys are {', '.join(known)}"
        )
    try:
        return msgspec.convert(stated, kind)
    except msgspec.ValidationError as problem:
        raise PriceFileError(f"{beside}: {where}: {problem}; correct it") from None
