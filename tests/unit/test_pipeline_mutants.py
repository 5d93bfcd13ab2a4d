"""Each check around the gate, spoiled on purpose: the test that is named for it must turn red."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from inspect import signature
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.unit.pipeline_mutants import PIPELINE_MUTANTS, PipelineMutant

OURS = frozenset({"agents", "commands", "monitor", "risk", "scheduler", "services", "tests"})


class Changed(MetaPathFinder, Loader):
    """Loads one module from a changed source; the rest comes from its files."""

    def __init__(self, module: str, source: str) -> None:
        self._module, self._source = module, source

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._module:
            return None
        spec = spec_from_loader(fullname, self, origin=file_of(fullname))
        if spec is not None:
            spec.has_location = True
        return spec

    def create_module(self, _spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        code = compile(self._source, file_of(module.__name__), "exec")
        exec(code, module.__dict__)


def file_of(module: str) -> str:
    return str(Path(__file__).parents[2].joinpath(*module.split(".")).with_suffix(".py"))


def changed(mutant: PipelineMutant) -> str:
    """Return the changed source; one that no longer matches is a fault of the table."""
    text = Path(file_of(mutant.module)).read_text(encoding="utf-8")
    if text.count(mutant.old) != 1 or mutant.old == mutant.new:
        pytest.fail(f"{mutant.old!r} stands {text.count(mutant.old)} times in {mutant.module}")
    return text.replace(mutant.old, mutant.new)


@contextmanager
def anew(module: str, source: str) -> Iterator[None]:
    """Load all that is ours anew, and that module from `source`, while the context lasts."""
    before = {name: one for name, one in sys.modules.items() if name.partition(".")[0] in OURS}
    finder = Changed(module, source)
    for name in before:
        del sys.modules[name]
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.partition(".")[0] in OURS]:
            del sys.modules[name]
        sys.modules.update(before)


def fails(module: str, source: str, test: str, folder: Path) -> bool:
    """Answer whether a test, `file:function`, fails with that source, in any of its cases."""
    file, _, name = test.partition(":")
    with anew(module, source):
        function = getattr(import_module(f"tests.unit.{file}"), name)
        return any(_fails(function, case, folder) for case in cases_of(function))


def _fails(function: Callable[..., object], case: dict[str, Any], folder: Path) -> bool:
    with pytest.MonkeyPatch.context() as patch:
        given = {"tmp_path": folder, "monkeypatch": patch}
        asked = {name: one for name, one in given.items() if name in signature(function).parameters}
        try:
            function(**case, **asked)
        except (Exception, pytest.fail.Exception):  # A crash is red as well.
            return True
    return False


def cases_of(function: Callable[..., object]) -> Iterator[dict[str, Any]]:
    """Yield the arguments of each case of a parametrized test, once without any of a plain one."""
    marks = [mark for mark in getattr(function, "pytestmark", ()) if mark.name == "parametrize"]
    for combined in product(*(tuple(_rows(*mark.args[:2])) for mark in marks)):
        yield {name: value for row in combined for name, value in row.items()}


def _rows(names: str | Sequence[str], values: Sequence[Any]) -> Iterator[dict[str, Any]]:
    wanted = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    for value in values:
        row = getattr(value, "values", value) if type(value).__name__ == "ParameterSet" else value
        whole = row if len(wanted) > 1 or type(value).__name__ == "ParameterSet" else (row,)
        yield dict(zip(wanted, whole, strict=True))


@pytest.mark.parametrize(
    "mutant",
    PIPELINE_MUTANTS,
    ids=[f"{place}-{one.module}" for place, one in enumerate(PIPELINE_MUTANTS)],
)
def test_a_spoiled_check_turns_its_test_red(mutant: PipelineMutant, tmp_path: Path):
    assert fails(mutant.module, changed(mutant), mutant.red, tmp_path)


@pytest.mark.parametrize("red", sorted({one.red for one in PIPELINE_MUTANTS}))
def test_the_test_is_green_with_the_source_as_it_is(red: str, tmp_path: Path):
    module = next(one.module for one in PIPELINE_MUTANTS if one.red == red)

    assert not fails(module, Path(file_of(module)).read_text(encoding="utf-8"), red, tmp_path)


def test_the_modules_in_use_are_not_the_changed_ones(tmp_path: Path):
    mutant = PIPELINE_MUTANTS[0]
    used = import_module(mutant.module)

    assert fails(mutant.module, changed(mutant), mutant.red, tmp_path)

    assert sys.modules[mutant.module] is used
    assert used.__file__ == file_of(mutant.module)


def test_a_change_that_no_longer_matches_is_no_mutant():
    gone = PipelineMutant(module="risk.exits", old="if it is Tuesday:", new="if True:", red="test_exits:x")

    with pytest.raises(pytest.fail.Exception):
        changed(gone)
