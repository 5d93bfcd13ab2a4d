"""What is told of instruments, each of some days: risk warnings and suspensions of these days alone. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from msgspec.structs import asdict, replace

from services.domain.instruments import Instrument, Span, Symbol, marks_of
from services.history.spans import Covered, Days, covering, cut, joined

FILE = "file:"
"""What a source's name begins with where a person's file told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """An instrument's facts with its industry, whose word they are, and the days they speak of.

    Of risk warnings and suspensions on other days they say nothing.
    """

    instrument: Instrument
    industry: str
    source: str
    days: Days

    def on(self, days: Days) -> Described:
        """Return what they say of fewer days."""
        facts = _by_days(self).instrument
        told = replace(facts, st=cut(facts.st, days), suspended=cut(facts.suspended, days))
        return _by_days(Described(instrument=told, industry=self.industry, source=self.source, days=days))

    @property
    def is_name_alone(self) -> bool:
        """Answer whether they say nothing but a name."""
        return self.instrument == Instrument(symbol=self.instrument.symbol, name=self.instrument.name)


def together(told: Sequence[Described], until: date | None = None) -> Instrument:
    """Return what is told of several spans of days, ascending, as one; the newest word up to a day counts."""
    then = [one for one in told if until is None or one.days.first <= until]
    # What is told of later days alone (a listing, say) is better than nothing.
    ordered = [_by_days(one) for one in (*(one for one in told if one not in then), *then)]
    stated = {
        name: value
        for one in ordered
        for name, value in asdict(one.instrument).items()
        if value != _UNSTATED.get(name)
    }
    stated["st"] = joined(span for one in ordered for span in one.instrument.st)
    stated["suspended"] = joined(span for one in ordered for span in one.instrument.suspended)
    return Instrument(**stated)


def named_as_on(days: Days, facts: Instrument, told: Sequence[Described]) -> Instrument:
    """Return facts whose name tells no risk warning and no delisting period that did not last all the days.

    Such a name is of other days, and left out. Where nothing but names is told the name speaks, as on a file.
    """
    marks = marks_of(facts.name)
    leaving = () if facts.delisting is None else (facts.delisting,)
    held = (not marks.warned or _on_all(facts.st, days)) and (not marks.leaving or _on_all(leaving, days))
    return facts if held or all(one.is_name_alone for one in told) else replace(facts, name="")


def on_run(days: Days, told: Sequence[Described]) -> Instrument:
    """Return what is told of a run's days, under the name of the first of them: a later one nobody knew then.

    A name that tells what did not last all the days is left out.
    """
    first = max(days.first, told[0].days.first)
    facts = replace(together(told, days.last), name=together(told, first).name)
    return named_as_on(days, facts, told)


def with_files(fresh: Described, there: Iterable[Described]) -> list[Described]:
    """Return what a vendor tells, and over it what files stated of the same days.

    A file that states one thing does not say that there is nothing else.
    """
    files = [one for one in there if FILE in one.source and not one.is_name_alone]
    found = [fresh.on(days) for days in covering([fresh.days]).less(one.days for one in files).spans]
    for one in files:
        both = covering([one.days]).within(fresh.days).spans
        found += [_over(fresh.on(days), one.on(days)) for days in both]
    return found


def _over(vendors: Described, files: Described) -> Described:
    """Return what a vendor tells of some days with what a file states over it; a dated name stays."""
    ours, theirs = files.instrument, vendors.instrument
    stated = {name: value for name, value in asdict(ours).items() if value != _UNSTATED.get(name)}
    stated["name"] = theirs.name or ours.name
    stated["st"] = joined((*theirs.st, *ours.st))
    stated["suspended"] = joined((*theirs.suspended, *ours.suspended))
    return Described(
        instrument=replace(theirs, **stated),
        industry=vendors.industry or files.industry,
        source=f"{vendors.source}, {files.source[files.source.index(FILE) :]}",
        days=vendors.days,
    )


def _on_all(states: Iterable[Span], days: Days) -> bool:
    return not covering(Days(one.since, one.until or date.max) for one in states).missing(*days)


def _by_days(one: Described) -> Described:
    """Return facts that tell by spans what a mark in their name tells.

    Of a file the mark is a person's word, and holds on the days of the file. A vendor tells its days: a mark
    that they do not hold on the last one is of a later name.
    """
    facts, marks = one.instrument, marks_of(one.instrument.name)
    first, last = one.days
    if one.is_name_alone:
        return one
    if not one.source.startswith(FILE):
        facts = named_as_on(Days(last, last), facts, [one])
    elif marks.warned and not facts.st:
        facts = replace(facts, st=(Span(since=first, until=last),))
    elif marks.leaving and facts.delisting is None:
        facts = replace(facts, delisting=Span(since=first))
    return Described(instrument=facts, industry=one.industry, source=one.source, days=one.days)


def facts_known(told: Iterable[Described]) -> Covered:
    """Return the days of which more than a name is told."""
    return covering(one.days for one in told if not one.is_name_alone)


def facts_by_vendors(told: Iterable[Described]) -> Covered:
    """Return the days of which a vendor told more than a name."""
    return facts_known(one for one in told if not one.source.startswith(FILE))


def adjoined(told: Iterable[Described]) -> list[Described]:
    """Return what is told, ascending; as one of days that follow each other where but spans differ."""
    found: list[Described] = []
    for one in sorted(told, key=lambda each: each.days):
        before = found[-1] if found else None
        if before is not None and _continues(before, one):
            facts = before.instrument
            both = replace(
                facts,
                st=joined((*facts.st, *one.instrument.st)),
                suspended=joined((*facts.suspended, *one.instrument.suspended)),
            )
            days = Days(before.days.first, one.days.last)
            found[-1] = Described(instrument=both, industry=one.industry, source=one.source, days=days)
        else:
            found.append(one)
    return found


def _continues(before: Described, one: Described) -> bool:
    """Answer whether days follow others, and the same is told of both but for spans."""
    plain = [replace(each.instrument, st=(), suspended=()) for each in (before, one)]
    same = plain[0] == plain[1] and (before.industry, before.source) == (one.industry, one.source)
    return same and covering([before.days, one.days]) == covering([Days(before.days.first, one.days.last)])


_UNSTATED = asdict(Instrument(symbol=Symbol("")))
