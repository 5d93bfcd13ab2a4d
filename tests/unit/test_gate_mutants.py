"""Every check of the gate, spoiled on purpose: the rows must turn red, or they guard nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

import risk
import tests.unit
from services.domain.orders import Rule
from tests.unit import gate_corpus
from tests.unit.gate_mutants import MUTANTS, Mutant

RISK = Path(risk.__path__[0])
SHARED = {"risk.limits", "risk.measures"}
"""Not made anew for a change elsewhere: the cases are made of the one, and the other says no verdict."""
CASES = "tests.unit.gate_"
"""How the modules of the cases begin: those are made anew where what they are made of is changed."""


class Changed(MetaPathFinder, Loader):
    """Loads one module of `risk` from a changed source; the rest of a fresh `risk` comes from its files."""

    def __init__(self, mutant: Mutant | None) -> None:
        self._mutant = mutant

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        named = self._mutant is not None and fullname == f"risk.{self._mutant.module}"
        return spec_from_loader(fullname, self) if named else None

    def create_module(self, _spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        assert self._mutant is not None
        exec(compile(changed(self._mutant), module.__name__, "exec"), module.__dict__)


def source(module: str) -> str:
    return (RISK / f"{module}.py").read_text(encoding="utf-8")


def changed(mutant: Mutant) -> str:
    """Return the changed source; one that no longer matches is a fault of the table."""
    text = source(mutant.module)
    if text.count(mutant.old) != 1 or mutant.old == mutant.new:
        pytest.fail(f"{mutant.old!r} stands {text.count(mutant.old)} times in risk/{mutant.module}.py")
    return text.replace(mutant.old, mutant.new)


def loaded() -> dict[str, ModuleType]:
    """Return the modules of `risk` and of the cases."""
    return {
        name: one
        for name, one in sys.modules.items()
        if name.partition(".")[0] == "risk" or name.startswith(CASES)
    }


@contextmanager
def fresh(mutant: Mutant | None) -> Iterator[Iterator[str]]:
    """Yield the cases that the gate of a `risk` loaded anew, changed by the mutant, answers wrongly."""
    before = loaded()
    of_shared = mutant is not None and f"risk.{mutant.module}" in SHARED
    kept = () if of_shared else [name for name in before if name in SHARED or name.startswith(CASES)]
    finder = Changed(mutant)
    for name in before.keys() - kept:
        del sys.modules[name]
    sys.meta_path.insert(0, finder)
    try:
        gate, halts = import_module("risk.gate"), import_module("risk.breaches")
        corpus = import_module(gate_corpus.__name__)
        yield corpus.red(corpus.Gate(review=gate.review, fund=gate.fund, breaches=halts.breaches))
    finally:
        sys.meta_path.remove(finder)
        for name in loaded():
            del sys.modules[name]
        sys.modules.update(before)
        for name, one in before.items():
            # An import sets a module's name in its package too.
            if name.startswith(CASES):
                setattr(tests.unit, name.rpartition(".")[2], one)


def spoiled(mutant: Mutant) -> str | None:
    """Return the first case that the mutant gets wrong, None where it gets none wrong."""
    with fresh(mutant) as wrong:
        return next(wrong, None)


def missing(table: Sequence[Mutant]) -> set[Rule]:
    """Return the rules that no mutant of the table spoils."""
    return set(Rule) - {one.of for one in table if isinstance(one.of, Rule)}


@pytest.mark.parametrize(
    "mutant", MUTANTS, ids=[f"{place}-{one.module}-{one.of}" for place, one in enumerate(MUTANTS)]
)
def test_a_spoiled_check_turns_a_row_red(mutant: Mutant):
    assert spoiled(mutant) is not None


def test_the_gate_as_it_is_turns_no_row_red():
    with fresh(None) as wrong:
        assert list(wrong) == []


def test_every_rule_has_a_mutant():
    assert missing(MUTANTS) == set()


def test_a_table_that_lost_its_rows_would_be_seen():
    assert missing(()) == set(Rule)
    assert missing([one for one in MUTANTS if one.of is not Rule.VAR]) == {Rule.VAR}


def test_a_change_that_no_longer_matches_the_source_is_no_mutant():
    gone = Mutant(of=Rule.CASH, module="gate", old="if cash_is_plenty:", new="if True:")

    with pytest.raises(pytest.fail.Exception):
        changed(gone)


def test_a_change_that_changes_nothing_would_be_seen():
    harmless = Mutant(of=Rule.CASH, module="gate", old="net_cny >= ZERO:", new="ZERO <= net_cny:")

    assert spoiled(harmless) is None


@pytest.mark.parametrize("module", ["gate", "limits"])
def test_what_is_in_use_is_not_what_was_changed(module: str):
    used = loaded()

    assert spoiled(next(one for one in MUTANTS if one.module == module)) is not None
    assert loaded() == used
    assert tests.unit.gate_corpus is gate_corpus
