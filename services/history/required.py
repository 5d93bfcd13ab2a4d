"""What a run needs to be known of its days before it may be made on them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from services.domain.instruments import Instrument, Symbol
from services.history.coverage import expected
from services.history.descriptions import Described, facts_known
from services.history.index import HistoryError
from services.history.lengths import BarLength
from services.history.spans import NOTHING, Covered, Days, covering

_NAMED = 5


def require_covered(
    symbols: Sequence[Symbol],
    days: Days,
    covered: Mapping[Symbol, Covered],
    facts: Mapping[Symbol, Instrument],
    length: BarLength,
) -> None:
    """Do nothing where the bars of all symbols are known on all of the days on which they are to have any.

    Raises:
        HistoryError: They are not: that there are none on the others is not known either.
    """
    unknown: dict[Symbol, list[Days]] = {}
    for symbol in symbols:
        missing = covered.get(symbol, NOTHING).missing(*days)
        due = [span for span in missing if expected(_each(span), facts.get(symbol))]
        if due:
            unknown[symbol] = due
    if unknown:
        raise _not_known(f"{length} bars", unknown, days, f" --frequency {length}")


def require_facts(symbols: Sequence[Symbol], days: Days, told: Mapping[Symbol, Sequence[Described]]) -> None:
    """Do nothing where of each symbol facts are told of all of the days, or of none at all.

    Raises:
        HistoryError: Of some days they are not told: a suspension or risk warning on them would read as none.
    """
    unknown: dict[Symbol, list[Days]] = {}
    for symbol in symbols:
        known = facts_known(told.get(symbol, ()))
        missing = known.missing(*days)
        if known.spans and missing:
            unknown[symbol] = list(missing)
    if unknown:
        raise _not_known("facts", unknown, days, " --source tushare")


def _not_known(what: str, unknown: Mapping[Symbol, Sequence[Days]], days: Days, option: str) -> HistoryError:
    named = ",".join(list(unknown)[:_NAMED])
    more = f" and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""
    spans = covering(span for some in unknown.values() for span in some).spans
    known = covering([days]).less(spans).spans
    shorter = ""
    if known:
        first, last = max(known, key=lambda span: span.last - span.first)
        shorter = f", or run with --start {first} --end {last}"
    return HistoryError(
        f"the history does not know the {what} of {named}{more} on {', '.join(map(str, spans[:_NAMED]))}; "
        f"get them with `data download --symbols {named}{option} --start {spans[0].first} "
        f"--end {spans[-1].last}`{shorter}"
    )


def _each(days: Days) -> list[date]:
    return [date.fromordinal(one) for one in range(days.first.toordinal(), days.last.toordinal() + 1)]
