"""`audit`: holds anybody's `position.jsonl` to the arena's terms or to the dated rules. Never writes."""

from __future__ import annotations

from pathlib import Path

from commands.audit_view import as_json, show
from commands.contract import commission_of
from commands.failures import CommandFailed, Exit
from commands.screen import Screen
from monitor.foreign_record import ForeignRecord, read_record
from monitor.record_audit import RecordAudit, Terms
from monitor.record_prices import LabelledPrices, RecordUnusable, require_same_frequency
from services.market.price_files import PriceFileError, load_prices
from services.settings import Settings


def audit(settings: Settings, screen: Screen, path: Path, prices: Path, terms: str) -> Exit:
    """Audit the record and show what was found.

    Raises:
        CommandFailed: Record or prices cannot be used, or are of different frequencies.
    """
    if terms not in frozenset(Terms):
        raise CommandFailed(Exit.USAGE, f"--rules {terms}: is not known; give {' or '.join(Terms)}")
    record = read_foreign(path)
    try:
        panel = load_prices(
            prices,
            cache_dir=None,
            adjustment=settings.prices.adjustment,
            volume_unit=settings.prices.volume_unit,
        )
        labelled = LabelledPrices(panel)
        require_same_frequency(record.lines, labelled)
    except PriceFileError as problem:
        raise CommandFailed(Exit.USAGE, str(problem)) from None
    except RecordUnusable as problem:
        raise CommandFailed(Exit.USAGE, f"{path}: {problem}") from None
    found = _audited(Terms(terms), record, labelled, settings)
    screen.result(as_json(found, screen.lang))
    show(found, path, screen)
    return Exit.DONE if found.clean else Exit.DIFFERENCES


def _audited(terms: Terms, record: ForeignRecord, prices: LabelledPrices, settings: Settings) -> RecordAudit:
    if terms is Terms.LEGACY:
        from monitor.record_legacy import audit_legacy

        return audit_legacy(record, prices)
    from monitor.record_strict import audit_strict
    from monitor.record_trade import Slippage

    slippage = Slippage(bp=settings.broker.slippage_bp, ticks=settings.broker.slippage_ticks)
    return audit_strict(record, prices, commission_of(settings), slippage)


def read_foreign(path: Path) -> ForeignRecord:
    """Return a record of which at least one line can be read.

    Raises:
        CommandFailed: There is none.
    """
    try:
        record = read_record(path.read_bytes())
    except OSError as problem:
        raise CommandFailed(
            Exit.USAGE, f"{path}: cannot be read ({problem.strerror}); give a position.jsonl"
        ) from None
    if not record.lines:
        why = f"line {record.damage[0].line} {record.damage[0].problem}" if record.damage else "it is empty"
        raise CommandFailed(Exit.USAGE, f"{path}: no line can be read ({why}); give a position.jsonl")
    return record
