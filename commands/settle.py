"""`settle`: a person's word on an order of which the broker cannot tell."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from commands.composition import instruments_of
from commands.failures import CommandFailed, Exit
from commands.halts import WHY_CHARACTERS_MAX
from commands.recorded_settings import restored
from commands.screen import Screen
from commands.stored_account import StoredAccount, journal_place, stored_account
from scheduler.settling import NotSettled, Settling
from services.clock import SystemClock
from services.domain.book import OrderEnded
from services.domain.events import SettingsRecord, Settlement
from services.domain.fills import Fill
from services.domain.inbox import Command, Scope, meaning
from services.domain.orders import OrderTerms
from services.journal.inbox import Inboxes
from services.person import person
from services.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What a person says of an order: `filled` None tells that it is gone; prices and fees as text."""

    order_id: str
    gone: bool
    filled: int | None
    price: str | None
    fees: str | None
    why: str


def settle(settings: Settings, word: Word, screen: Screen) -> Exit:
    """Put a person's word on an order to the account, and tell what follows from it.

    Raises:
        CommandFailed: The word makes no sense, or the order is not one of which the broker cannot tell.
        JournalFault: It cannot be written; nothing is settled.
    """
    args = _args(word)
    asked = meaning(Command(seq=0, command="settle", args=args))
    if not isinstance(asked, Settlement):
        raise CommandFailed(Exit.USAGE, "--price takes an amount above 0, --fees one from 0 on")
    with stored_account(settings) as account:
        try:
            events = _settling(account).require(asked)
        except NotSettled as problem:
            raise CommandFailed(Exit.USAGE, f"{problem}; `status` lists what is unresolved") from problem
        journal = account.journal.account
        terms = journal.sessions[journal.order_session[asked.order_id]].orders[asked.order_id]
        place = journal_place(settings, account.folder)
    with closing(Inboxes(place, settings.account)) as inboxes:
        seq = inboxes.put(Scope.HERE, "settle", args).seq
    _tell(settings, asked, terms, events, seq, screen)
    return Exit.DONE


def _args(word: Word) -> dict[str, str]:
    """Return the command's arguments.

    Raises:
        CommandFailed: The options do not go together, or one cannot be read.
    """
    if word.gone is (word.filled is not None):
        raise CommandFailed(Exit.USAGE, "say what became of it: --gone, or --filled SHARES --price PRICE")
    if (word.price is None) is not word.gone or (word.fees is not None and word.gone):
        raise CommandFailed(Exit.USAGE, "--price and --fees belong to --filled, which needs a --price")
    why = " ".join(word.why.split())
    if len(why) > WHY_CHARACTERS_MAX:
        raise CommandFailed(
            Exit.USAGE, f"--why has {len(why)} characters; say it in {WHY_CHARACTERS_MAX} at most"
        )
    return {
        "order_id": word.order_id,
        "shares": str(word.filled or 0),
        "price_cny": str(_amount("--price", word.price or "0")),
        "fees_cny": "" if word.fees is None else str(_amount("--fees", word.fees)),
        "why": why,
        "by": person(),
        "at": SystemClock().now().isoformat(timespec="seconds"),
    }


def _amount(option: str, text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise CommandFailed(Exit.USAGE, f"{option} {text}: is no amount in CNY, such as 12.34") from error


def _settling(account: StoredAccount) -> Settling:
    """Return the settling of a stored account, by the settings it ran under last."""
    written = [event for event in account.events if not event.session and event.step.startswith("settings:")]
    record = account.journal.value(written[-1]) if written else None
    if not isinstance(record, SettingsRecord):
        raise CommandFailed(Exit.USAGE, f"{account.folder.root}: the journal holds no settings; see `verify`")
    decided = restored(record)
    return Settling(
        journal=account.journal,
        commission=decided.commission,
        instruments=instruments_of(account.panel, decided.watchlist),
    )


def _tell(
    settings: Settings,
    word: Settlement,
    terms: OrderTerms,
    events: tuple[Fill | OrderEnded, ...],
    seq: int,
    screen: Screen,
) -> None:
    """Print what was put, and what the account will hold of it."""
    fees = next((event.fees.total for event in events if isinstance(event, Fill)), None)
    screen.result(
        {
            "command": "settle",
            "account": settings.account,
            "order_id": word.order_id,
            "symbol": terms.symbol,
            "side": str(terms.side),
            "filled": word.shares,
            "price_cny": str(word.price_cny) if word.shares else None,
            "fees_cny": None if fees is None else str(fees),
            "rest_gone": any(isinstance(event, OrderEnded) for event in events),
            "why": word.why,
            "by": word.by,
            "at": word.at.isoformat(),
            "seq": seq,
        }
    )
    screen.line(
        "settle.filled" if word.shares else "settle.gone",
        order=word.order_id,
        side=terms.side,
        symbol=terms.symbol,
        shares=word.shares,
        price=word.price_cny,
        fees=fees,
    )
    screen.line("settle.when")
