"""The arrows between the packages, and the rules no reader should have to check by eye."""

import importlib.metadata
import re
import sys
from collections.abc import Iterator, Mapping

import pytest

from tests.architecture_guards import (
    COMPUTED,
    GUARDS,
    MAY_IMPORT,
    PACKAGES,
    PYPROJECT,
    ROOT,
    TOP,
    Guard,
    Source,
    guard_approval,
    guard_arrows,
    guard_assert,
    guard_chance,
    guard_clock,
    guard_computed_imports,
    guard_environment,
    guard_length,
    guard_module_name,
    guard_promised,
    guard_pure,
    guard_swallow,
    imports,
    parse,
    planted,
    product_files,
)


@pytest.fixture(scope="module")
def sources() -> list[Source]:
    return [parse(path) for path in product_files()]


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.__name__.removeprefix("guard_"))
def test_the_product_keeps(guard: Guard, sources: list[Source]) -> None:
    assert len(sources) > len(PACKAGES), "saw too few files to guard anything"

    assert [offence for source in sources for offence in guard(source)] == []


def test_every_package_is_seen_and_holds_code(sources: list[Source]) -> None:
    with_code = {
        source.module if source.is_package else source.module.rpartition(".")[0] or source.module
        for source in sources
        if not source.is_package or len(source.tree.body) > 1
    }

    assert PACKAGES | {"run_live"} <= with_code


def test_every_package_on_disk_is_listed() -> None:
    folders = {path.parent.relative_to(ROOT) for path in product_files()}
    on_disk = {".".join(folder.parts) for folder in folders} - {""}
    strangers = {path.parent.name for path in ROOT.glob("*/__init__.py")} - TOP - {"tests", "benchmarks"}

    assert on_disk == set(PACKAGES)
    assert strangers == set()


def test_the_table_has_a_row_for_every_top_level_package() -> None:
    assert set(MAY_IMPORT) >= TOP


BAD: tuple[tuple[Guard, str, str], ...] = (
    (guard_arrows, "services.domain.book", "import services.rules.limits"),
    (guard_arrows, "services.domain.book", "from services import slots"),
    (guard_arrows, "services.rules.limits", "from services.ports import Fault"),
    (guard_arrows, "services.slots", "from services.calendars import MarketCalendar"),
    (guard_arrows, "services.executor", "from risk.gate import review"),
    (guard_arrows, "services.executor", "def late():\n    import scheduler.session"),
    (guard_arrows, "risk.gate", "from services.brokers.simulated import Exchange"),
    (guard_arrows, "risk.gate", "from agents import parsing"),
    (guard_arrows, "risk.gate", "from services import clock"),
    (guard_arrows, "agents.llm", "from services.brokers import simulated"),
    (guard_arrows, "agents.llm", "from services import brokers"),
    (guard_arrows, "agents.llm", "from services.models.openai_client import OpenAiClient"),
    (guard_arrows, "agents.llm", "import risk"),
    (guard_arrows, "agents.llm", "from ..services import brokers"),
    (guard_arrows, "monitor.report", "from scheduler import session"),
    (guard_arrows, "monitor.report", "from agents.parsing import parse"),
    (guard_arrows, "scheduler.loop", "from services.market.demo import demo_panel"),
    (guard_arrows, "scheduler.loop", "from services.journal.sql_store import SqlStore"),
    (guard_arrows, "scheduler.loop", "from services.journal import sql_store"),
    (
        guard_arrows,
        "scheduler.loop",
        "import importlib\nimportlib.import_module('services.brokers.simulated')",
    ),
    (guard_arrows, "scheduler.loop", "from commands import status"),
    (guard_arrows, "commands.status", "import run_live"),
    (guard_computed_imports, "commands.status", "import importlib\nimportlib.import_module(name)"),
    (guard_computed_imports, "commands.status", "import importlib\nimportlib.import_module(f'com{name}')"),
    (guard_arrows, "scheduler.loop", "import importlib\nimportlib.import_module(f'services.brokers.{name}')"),
    (guard_pure, "risk.gate", "import os"),
    (guard_pure, "risk.gate", "from pathlib import Path"),
    (guard_pure, "risk.limits", "import asyncio"),
    (guard_pure, "services.domain.book", "import sqlite3"),
    (guard_pure, "services.rules.fees", "rows = open('rows.csv')"),
    (guard_pure, "services.slots", "async def wait(): ..."),
    (guard_pure, "agents.parsing", "import httpx"),
    (guard_clock, "services.executor", "from datetime import datetime\ndatetime.now()"),
    (guard_clock, "services.executor", "import datetime\ndatetime.datetime.utcnow()"),
    (guard_clock, "services.executor", "import datetime as dt\ndt.date.today()"),
    (guard_clock, "scheduler.loop", "import time\ntime.sleep(1)"),
    (guard_clock, "scheduler.loop", "from time import perf_counter as tick\ntick()"),
    (guard_clock, "scheduler.loop", "import time\ndef wait(clock=time.monotonic_ns): ..."),
    (guard_clock, "services.calendars", "import pandas as pd\npd.Timestamp.now()"),
    (guard_chance, "agents.rule", "import random\nrandom.shuffle(x)"),
    (guard_chance, "agents.rule", "from uuid import uuid4\nuuid4()"),
    (guard_chance, "agents.rule", "import numpy as np\nnp.random.rand()"),
    (guard_chance, "agents.rule", "import numpy as np\nnp.random.default_rng()"),
    (guard_chance, "agents.rule", "import random\nrandom.Random()"),
    (guard_chance, "services.journal.journal", "import secrets\nsecrets.token_hex(8)"),
    (guard_environment, "agents.llm", "import os\nos.environ['KEY']"),
    (guard_environment, "agents.llm", "from os import getenv\ngetenv('KEY')"),
    (guard_assert, "services.executor", "assert order"),
    (guard_swallow, "services.executor", "try: send()\nexcept Exception: pass"),
    (
        guard_swallow,
        "services.executor",
        "try: send()\nexcept: pass",
    ),
    (
        guard_swallow,
        "services.executor",
        "def f():\n  try: send()\n  except (ValueError, Exception):\n    return None",
    ),
    (guard_swallow, "services.executor", "from contextlib import suppress\nwith suppress(Exception): send()"),
    (
        guard_approval,
        "services.executor",
        "from services.domain.orders import ApprovedOrder\nApprovedOrder(terms=t)",
    ),
    (
        guard_approval,
        "services.executor",
        "from services.domain import orders\norders.ApprovedOrder(terms=t)",
    ),
    (guard_approval, "agents.llm", "from services.domain.orders import ApprovedOrder as Yes\nYes(terms=t)"),
    (
        guard_approval,
        "agents.llm",
        "from services.domain.orders import ApprovedOrder\nobject.__new__(ApprovedOrder)",
    ),
    (guard_length, "services.executor", "def long():\n" + "    x = 1\n" * 60),
    (guard_module_name, "services.calendar", ""),
    (guard_module_name, "services.utils", ""),
    (guard_module_name, "types.orders", ""),
    (guard_promised, "services.executor", "raise NotImplementedError"),
    (guard_promised, "services.executor", "raise NotImplementedError('later') from None"),
)

GOOD: tuple[tuple[Guard, str, str], ...] = (
    (guard_arrows, "services.domain.book", "from services.domain.fills import Fill"),
    (guard_arrows, "services.rules.limits", "from services.rules.rows import Row"),
    (guard_arrows, "services.brokers.simulated", "from services.rules.limits import price_band"),
    (guard_arrows, "scheduler.session", "from services.journal.journal import Journal"),
    (guard_arrows, "commands.run", "from services.brokers.simulated import Exchange"),
    (guard_arrows, "run_live", "from commands import status"),
    (guard_computed_imports, "run_live", "import importlib\nimportlib.import_module(name)"),
    (
        guard_computed_imports,
        "services.calendars",
        "import importlib\nimportlib.import_module(f'library.{name}')",
    ),
    (guard_pure, "services.executor", "import asyncio"),
    (guard_pure, "risk.gate", "import numpy as np\nfrom decimal import Decimal"),
    (guard_clock, "services.clock", "import time\ntime.perf_counter()"),
    (
        guard_clock,
        "services.executor",
        "from datetime import datetime\ndatetime.fromisoformat(x)\nself.clock.now()",
    ),
    (guard_chance, "services.journal.inbox", "import secrets\nsecrets.token_hex(8)"),
    (guard_chance, "services.market.demo", "import numpy as np\nnp.random.default_rng(7)"),
    (guard_environment, "services.settings_file", "import os\nos.environ"),
    (
        guard_swallow,
        "services.executor",
        "try: send()\nexcept Exception as e:\n    raise BrokerFault() from e",
    ),
    (guard_swallow, "services.executor", "try: send()\nexcept KeyError: pass"),
    (guard_approval, "risk.gate", "ApprovedOrder(terms=t)"),
    (guard_approval, "services.executor", "def place(order: ApprovedOrder): ..."),
    (guard_length, "services.executor", "def just():\n" + "    x = 1\n" * 59),
    (guard_module_name, "services.calendars", ""),
    (guard_promised, "commands.live_run", "try: add()\nexcept NotImplementedError: wait()"),
)


def named(case: tuple[Guard, str, str]) -> str:
    return f"{case[0].__name__.removeprefix('guard_')}-{case[1]}"


@pytest.mark.parametrize("case", BAD, ids=named)
def test_a_guard_sees_a_planted_offence(case: tuple[Guard, str, str]) -> None:
    guard, module, text = case

    assert list(guard(planted(module, text)))


@pytest.mark.parametrize("case", GOOD, ids=named)
def test_a_guard_lets_pass_what_is_right(case: tuple[Guard, str, str]) -> None:
    guard, module, text = case

    assert list(guard(planted(module, text))) == []


def test_every_guard_was_shown_failing() -> None:
    assert {guard for guard, _, _ in BAD} == set(GUARDS)


def taken(distributions: Mapping[str, list[str]]) -> set[str]:
    """Return our top-level names that some other distribution installs as well."""
    return {name for name in TOP if set(distributions.get(name, [])) - {"kaipan"}}


def test_no_other_distribution_installs_a_package_of_our_names() -> None:
    distributions = importlib.metadata.packages_distributions()

    assert "pytest" in distributions, "saw no installed distributions"
    assert taken(distributions) == set()


def test_a_distribution_with_one_of_our_names_would_be_seen() -> None:
    assert taken({"agents": ["openai-agents"], "numpy": ["numpy"]}) == {"agents"}


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked() -> set[str]:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    extras = [need for needs in PYPROJECT["project"]["optional-dependencies"].values() for need in needs]
    names = re.findall(r"^([A-Za-z0-9._-]+)==", lock, re.MULTILINE)
    return {plain(name) for name in (*names, *(re.split(r"[\[<>=!~ ]", need)[0] for need in extras))}


def unlocked(source: Source, distributions: Mapping[str, list[str]], names: set[str]) -> Iterator[str]:
    for line, name in imports(source):
        top = name.partition(".")[0]
        if top in TOP or top in sys.stdlib_module_names or name == COMPUTED:
            continue
        if not {plain(found) for found in distributions.get(top, [top])} & names:
            yield f"{source.module}:{line} imports {name}"


def test_the_product_imports_only_what_the_lock_installs(sources: list[Source]) -> None:
    distributions = importlib.metadata.packages_distributions()

    assert len(locked()) > 20
    assert [found for source in sources for found in unlocked(source, distributions, locked())] == []


def test_an_import_that_no_lock_installs_would_be_seen() -> None:
    source = planted("services.executor", "import numpy, stranger")

    assert list(unlocked(source, {"numpy": ["numpy"]}, {"numpy"})) == ["services.executor:1 imports stranger"]
