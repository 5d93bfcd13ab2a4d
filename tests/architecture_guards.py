"""The guards of the architecture: functions from one source file to its offences."""

import ast
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = frozenset(PYPROJECT["tool"]["setuptools"]["packages"])
TOP = frozenset(
    {name.partition(".")[0] for name in PACKAGES} | set(PYPROJECT["tool"]["setuptools"]["py-modules"])
)

# Who may import whom, by the longest prefix that fits; a module may always import its own layer.
MAY_IMPORT: Mapping[str, frozenset[str]] = {
    "services.domain": frozenset(),
    "services.rules": frozenset({"services.domain"}),
    "services.slots": frozenset({"services.domain"}),
    "services.ports": frozenset({"services.domain"}),
    "services": frozenset({"services"}),
    "risk": frozenset({"services"}),
    "agents": frozenset({"services"}),
    "monitor": frozenset({"services"}),
    "scheduler": frozenset({"services", "risk", "agents", "monitor"}),
    "commands": frozenset({"services", "risk", "agents", "monitor", "scheduler"}),
    "run_live": TOP,
}
ADAPTERS = (
    "services.alerts",
    "services.brokers",
    "services.history",
    "services.market",
    "services.models",
    "services.mcp_client",
    "services.news",
    "services.journal.sql_store",
)
MUST_NOT_IMPORT: Mapping[str, tuple[str, ...]] = {
    "risk": (*ADAPTERS, "services.journal", "services.settings_file", "services.clock"),
    "agents": (
        "services.alerts",
        "services.brokers",
        "services.models",
        "services.mcp_client",
        "services.news",
        "services.journal.sql_store",
        "services.executor",
    ),
    "scheduler": ADAPTERS,
}

# What reaches no file, socket, process, clock or chance; the pure modules may import nothing else.
PURE = (
    "services.domain",
    "services.rules",
    "services.slots",
    "services.market.quote_gate",
    "services.market.quote_soundness",
    "services.market.quote_terms",
    "risk",
    "agents.parsing",
    "agents.briefing",
)
PURE_IMPORTS = frozenset(
    {
        "__future__",
        "abc",
        "base64",
        "bisect",
        "calendar",
        "collections",
        "copy",
        "dataclasses",
        "datetime",
        "decimal",
        "enum",
        "fractions",
        "functools",
        "hashlib",
        "heapq",
        "itertools",
        "json",
        "math",
        "numbers",
        "operator",
        "re",
        "string",
        "textwrap",
        "types",
        "typing",
        "unicodedata",
        "zoneinfo",
        "msgspec",
        "numpy",
        "orjson",
    }
)
PURE_BUILTINS_FORBIDDEN = frozenset({"open", "print", "input", "exec", "eval", "__import__", "breakpoint"})

CLOCKS = re.compile(
    r"datetime\.datetime\.(now|utcnow|today)|datetime\.date\.today|pandas\.Timestamp\.(now|today|utcnow)"
    r"|time\.(time|monotonic|perf_counter|process_time|thread_time)(_ns)?"
    r"|time\.(sleep|localtime|gmtime|ctime|asctime|clock_gettime)"
)
CHANCE = re.compile(
    r"random\.(?!Random$)\w+|secrets\.\w+|uuid\.uuid[14]|os\.urandom"
    r"|numpy\.random\.(?!(Generator|PCG64|SeedSequence|default_rng)$)\w+"
)
ENVIRONMENT = re.compile(r"os\.(environ|environb|getenv|putenv)")
NAMES_FORBIDDEN = frozenset({"utils", "util", "helpers", "helper", "manager", "base", "common", "misc"})
FUNCTION_LINES_MAX = 60
COMPUTED = "a computed name"


@dataclass(frozen=True)
class Source:
    """One file: its dotted module name and its syntax tree."""

    module: str
    tree: ast.Module
    is_package: bool = False


Guard = Callable[[Source], Iterator[str]]


def product_files() -> list[Path]:
    folders = sorted(name for name in TOP if (ROOT / name).is_dir())
    files = [path for name in folders for path in sorted((ROOT / name).rglob("*.py"))]
    return files + [path for name in sorted(TOP) if (path := ROOT / f"{name}.py").is_file()]


def parse(path: Path) -> Source:
    parts = path.relative_to(ROOT).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    module = ".".join(parts[:-1] if is_package else parts)
    return Source(module, ast.parse(path.read_text(encoding="utf-8"), str(path)), is_package)


def planted(module: str, text: str) -> Source:
    return Source(module, ast.parse(text))


def inside(module: str, prefix: str) -> bool:
    return module == prefix or module.startswith(prefix + ".")


def layer(module: str) -> str:
    return max((prefix for prefix in MAY_IMPORT if inside(module, prefix)), key=len, default="")


def imports(source: Source) -> Iterator[tuple[int, str]]:
    """Yield line and full name of everything imported, also inside functions and by `import_module`."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = absolute(source, node)
            yield from ((node.lineno, f"{start}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and called(node) in {"import_module", "__import__"}:
            yield node.lineno, written(node.args[0] if node.args else None)


def written(node: ast.expr | None) -> str:
    """Return the name a text writes, as far as it is written out; its top-level package must be."""
    if isinstance(node, ast.JoinedStr) and node.values:
        start = written(node.values[0])
        return start if "." in start else COMPUTED
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else COMPUTED


def absolute(source: Source, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = source.module.split(".")
    kept = parts[: len(parts) - node.level + (1 if source.is_package else 0)]
    return ".".join([*kept, node.module] if node.module else kept)


def called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def full_names(source: Source) -> Iterator[tuple[int, str]]:
    """Yield line and full name of every imported thing that is mentioned: `t.time` as `time.time`."""
    known: dict[str, str] = {}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            known |= {
                alias.asname or alias.name.partition(".")[0]: alias.name
                if alias.asname
                else alias.name.partition(".")[0]
                for alias in node.names
            }
        elif isinstance(node, ast.ImportFrom):
            known |= {
                alias.asname or alias.name: f"{absolute(source, node)}.{alias.name}" for alias in node.names
            }
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute | ast.Name) and (name := dotted(node, known)):
            yield node.lineno, name


def dotted(node: ast.expr, known: Mapping[str, str]) -> str | None:
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.Attribute) and (owner := dotted(node.value, known)):
        return f"{owner}.{node.attr}"
    return None


def mentions(source: Source, pattern: re.Pattern[str]) -> Iterator[str]:
    for line, name in full_names(source):
        if pattern.fullmatch(name):
            yield f"{source.module}:{line} mentions {name}"


def guard_arrows(source: Source) -> Iterator[str]:
    """Imports follow the table, and no adapter is imported from a layer that must not know it."""
    own = layer(source.module)
    for line, name in imports(source):
        if name.partition(".")[0] not in TOP:
            continue
        allowed = inside(layer(name), own) or any(inside(name, prefix) for prefix in MAY_IMPORT[own])
        forbidden = any(inside(name, prefix) for prefix in MUST_NOT_IMPORT.get(own.partition(".")[0], ()))
        if own != "run_live" and (not allowed or forbidden):
            yield f"{source.module}:{line} imports {name}"


def guard_computed_imports(source: Source) -> Iterator[str]:
    """Only the composition root, which loads commands lazily, may import by a computed name."""
    if source.module != "run_live":
        yield from (f"{source.module}:{at}" for at, name in imports(source) if name == COMPUTED)


def guard_pure(source: Source) -> Iterator[str]:
    """Pure modules import nothing that reaches outside, and call no builtin that does."""
    if not any(inside(source.module, prefix) for prefix in PURE):
        return
    for line, name in imports(source):
        top = name.partition(".")[0]
        if top not in TOP and top not in PURE_IMPORTS:
            yield f"{source.module}:{line} imports {name}"
    for node in ast.walk(source.tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in PURE_BUILTINS_FORBIDDEN
        ):
            yield f"{source.module}:{node.lineno} calls {node.func.id}"
        if isinstance(node, ast.AsyncFunctionDef | ast.Await):
            yield f"{source.module}:{node.lineno} waits"


def guard_clock(source: Source) -> Iterator[str]:
    """The time is read in one module."""
    if source.module != "services.clock":
        yield from mentions(source, CLOCKS)


def guard_chance(source: Source) -> Iterator[str]:
    """Chance comes from a seed; what is put from outside is named by chance where it is put."""
    if source.module != "services.journal.inbox":
        yield from mentions(source, CHANCE)
    for node in ast.walk(source.tree):
        unseeded = isinstance(node, ast.Call) and not node.args and not node.keywords
        if unseeded and isinstance(node, ast.Call) and called(node) in {"default_rng", "Random"}:
            yield f"{source.module}:{node.lineno} draws without a seed"


def guard_environment(source: Source) -> Iterator[str]:
    """The environment is read by the settings' door and the composition root."""
    if source.module != "run_live" and not source.module.startswith("services.settings"):
        yield from mentions(source, ENVIRONMENT)


def guard_assert(source: Source) -> Iterator[str]:
    """No check disappears under `python -O`."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Assert):
            yield f"{source.module}:{node.lineno}"


def is_broad(node: ast.expr | None) -> bool:
    names = node.elts if isinstance(node, ast.Tuple) else [node]
    return any(name is None or getattr(name, "id", "") in {"Exception", "BaseException"} for name in names)


def does_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Return):
        return statement.value is None or isinstance(statement.value, ast.Constant)
    is_word = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return is_word or isinstance(statement, ast.Pass | ast.Continue | ast.Break)


def guard_swallow(source: Source) -> Iterator[str]:
    """Nobody catches everything and goes on."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler) and is_broad(node.type) and all(map(does_nothing, node.body)):
            yield f"{source.module}:{node.lineno}"
        if isinstance(node, ast.Call) and called(node) == "suppress" and any(map(is_broad, node.args)):
            yield f"{source.module}:{node.lineno}"


def guard_approval(source: Source) -> Iterator[str]:
    """Only the gate makes an ApprovedOrder, by whatever name it was imported."""
    if source.module == "risk.gate":
        return
    wanted = "services.domain.orders.ApprovedOrder"
    names = {"ApprovedOrder"}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom):
            names |= {
                alias.asname
                for alias in node.names
                if alias.asname and f"{node.module}.{alias.name}" == wanted
            }
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            made = called(node) in names
            cast = called(node) in {"__new__", "replace", "cast"} and any(
                getattr(part, "id", getattr(part, "attr", "")) in names for part in node.args
            )
            if made or cast:
                yield f"{source.module}:{node.lineno}"


def guard_length(source: Source) -> Iterator[str]:
    """A function fits on a screen."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield f"{source.module}:{node.lineno} {node.name} has {lines} lines"


def guard_module_name(source: Source) -> Iterator[str]:
    """No module is named like one of Python's own, or like a drawer."""
    for part in source.module.split("."):
        if part in sys.stdlib_module_names or part in NAMES_FORBIDDEN:
            yield source.module


def guard_promised(source: Source) -> Iterator[str]:
    """Nothing raises NotImplementedError: what is not there has no door to it."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Raise):
            raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            if isinstance(raised, ast.Name) and raised.id == "NotImplementedError":
                yield f"{source.module}:{node.lineno}"


GUARDS: tuple[Guard, ...] = (
    guard_arrows,
    guard_computed_imports,
    guard_pure,
    guard_clock,
    guard_chance,
    guard_environment,
    guard_assert,
    guard_swallow,
    guard_approval,
    guard_length,
    guard_module_name,
    guard_promised,
)
