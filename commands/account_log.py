"""What an account that stays up writes into its log: each record of its journal, in few words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from services.domain.book import OrderEnded
from services.domain.decision import BadAnswer, Decision
from services.domain.events import Asked, Closed, Event, FaultRecord, Halt, Lift, Opening, Repaired, Verdicts
from services.domain.fills import Fill, Movement
from services.domain.orders import OrderTerms
from services.domain.statement import Ack
from services.journal.account import Account
from services.journal.journal import Listener
from services.logs import LOG_NAME, LogFile
from services.ports import Clock, Log
from services.redaction import secrets_of
from services.settings import Settings
from services.settings_environment import process_environment

Words = Mapping[str, object]


def log_path(folder: Path) -> Path:
    """Return where the log of the account in `folder` lies."""
    return folder / "log" / LOG_NAME


def open_log(settings: Settings, folder: Path, clock: Clock) -> LogFile:
    """Return the account's log; no secret of the configuration or the environment comes into it."""
    return LogFile(
        log_path(folder),
        clock,
        secrets_of(settings, process_environment()),
        bytes_max=settings.logs.bytes_max,
        files=settings.logs.files,
    )


def journal_log(log: Log, after_seq: int) -> Listener:
    """Return what writes one line for each event of a journal after the one of that number."""

    def listen(event: Event, value: object, _account: Account) -> None:
        if event.seq <= after_seq:
            return
        words = _WORDS.get(type(value))
        told: Words = words(value) if words else {}
        level = "warning" if isinstance(value, _GRAVE) else "info"
        log(
            event.kind,
            level,
            account=event.account,
            session=event.session,
            step=event.step,
            seq=event.seq,
            **told,
        )

    return listen


_GRAVE = (Halt, FaultRecord, BadAnswer)


def _order(value: OrderTerms) -> Words:
    return {
        "order": value.order_id,
        "symbol": value.symbol,
        "side": str(value.side),
        "shares": value.shares,
        "limit_cny": str(value.limit_cny),
    }


def _fill(value: Fill) -> Words:
    return {
        "order": value.order_id,
        "fill": value.fill_id,
        "symbol": value.symbol,
        "side": str(value.side),
        "shares": value.shares,
        "price_cny": str(value.price_cny),
    }


def _ended(value: OrderEnded) -> Words:
    return {"order": value.order_id, "state": str(value.state), "why": value.reason}


def _halt(value: Halt) -> Words:
    return {"symbol": value.symbol, "cause": str(value.cause), "by": value.by, "why": value.why}


def _lift(value: Lift) -> Words:
    return {"symbol": value.symbol, "by": value.by, "why": value.why}


def _fault(value: FaultRecord) -> Words:
    return {"door": value.door, "asked": value.asked, "why": value.why}


def _verdicts(value: Verdicts) -> Words:
    return {"approved": len(value.approved), "refused": len(value.refused), "deferred": len(value.deferred)}


def _closed(value: Closed) -> Words:
    return {"outcome": str(value.outcome), "why": value.reason}


def _opening(value: Opening) -> Words:
    return {"equity_cny": str(value.equity_cny), "cash_cny": str(value.book.cash_cny)}


def _asked(value: Asked) -> Words:
    return {"command": value.command, **{f"arg_{name}": text for name, text in value.args.items()}}


def _movement(value: Movement) -> Words:
    return {"movement": value.movement_id, "symbol": value.symbol, "cash_cny": str(value.cash_cny)}


_WORDS: Mapping[type, Callable[..., Words]] = {
    OrderTerms: _order,
    Fill: _fill,
    OrderEnded: _ended,
    Halt: _halt,
    Lift: _lift,
    FaultRecord: _fault,
    Verdicts: _verdicts,
    Closed: _closed,
    Opening: _opening,
    Asked: _asked,
    Movement: _movement,
    Ack: lambda value: {"ack": str(value.kind), "why": value.reason},
    BadAnswer: lambda value: {"bad": str(value.kind), "why": value.reason},
    Decision: lambda value: {"intents": len(value.intents)},
    Repaired: lambda value: {"torn_bytes": value.torn_bytes, "lines_added": value.lines_added},
}
