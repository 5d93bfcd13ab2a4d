"""What a stranger meets first: the locks, the two READMEs, the version, and nothing of our own machines."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
READMES = ("README.md", "README.zh-CN.md")
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-local-llm.lock")

# Written in pieces, so that this file does not hold what it looks for.
FOLDERS = ("wo" + "rk", "ro" + "ot", "ho" + "me", "Us" + "ers")
REGISTRIES = ("py" + r"pi\.org", "python" + "hosted", "ana" + r"conda\.org", "npm" + r"js\.org")
PIP_SOURCES = ("index" + "-url", "find" + "-links", "trusted" + "-host", "--reg" + "istry")
FORBIDDEN = re.compile(
    rf"(?<![\w.-])/({'|'.join(FOLDERS)})/|{'|'.join((*REGISTRIES, *PIP_SOURCES))}", re.IGNORECASE
)
# First cells of the table of audit fields, which look like commands.
AUDIT_FIELDS = {"fees", "lots", "refusals", "reason", "positions"}


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


PROJECT = tomllib.loads(text("pyproject.toml"))["project"]


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def requirements(lock: str) -> dict[str, list[str]]:
    """Return the hashes by `name==version` of a lock."""
    found: dict[str, list[str]] = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", lock.replace("\\\n", " ")):
        if (pin := re.match(r"[A-Za-z0-9._-]+==[^ ;]+", block)) is not None:
            found[pin[0]] = re.findall(r"--hash=(sha256:[0-9a-f]{64})(?![0-9a-f])", block)
    return found


def lock_problems(lock: str) -> list[str]:
    """Return the lines that are no pinned, hashed requirement, and those that hold an address."""
    pins = requirements(lock)
    shape = re.compile(r"([A-Za-z0-9._-]+==[^ ;]+( ; .+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?)")
    return [line for line in lock.splitlines() if not shape.fullmatch(line)] + [
        pin for pin, hashes in pins.items() if not hashes
    ]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_is_pins_and_hashes_without_addresses(name: str) -> None:
    assert len(requirements(text(name))) >= (2 if "local-llm" in name else 20)
    assert lock_problems(text(name)) == []


@pytest.mark.parametrize("line", [
    "numpy==2.4.6",
    "numpy>=2.4 \\\n    --hash=sha256:" + "0" * 64,
    "numpy @ https://example.com/numpy.whl",
    "--extra-index" + "-url https://example.com/simple",
    "numpy==2.4.6 \\\n    --hash=md5:" + "0" * 32,
])  # fmt: skip
def test_a_line_that_is_not_pinned_and_hashed_would_be_seen(line: str) -> None:
    assert lock_problems(line + "\n")


def versions(name: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for pin in requirements(text(name)):
        package, _, version = pin.partition("==")
        found.setdefault(package, set()).add(version)
    return found


def test_both_locks_hold_the_same_versions() -> None:
    runtime, development = (versions(name) for name in LOCKS[:2])

    assert {name: development.get(name) for name in runtime} == runtime
    assert len(development) > len(runtime)


def test_the_locks_hold_whatever_the_project_asks_for() -> None:
    extras = dict(PROJECT["optional-dependencies"])
    groups = tomllib.loads(text("pyproject.toml"))["dependency-groups"]
    runtime = [*PROJECT["dependencies"], *extras["postgres"]]
    # Weights are for who wants them: no developer has to carry them about.
    local = extras.pop("local-llm")
    development = [*runtime, *(need for needs in (*extras.values(), *groups.values()) for need in needs)]

    for needs, lock in ((runtime, LOCKS[0]), (development, LOCKS[1]), (local, LOCKS[2])):
        asked = {plain(re.split(r"[\[<>=!~ ]", need)[0]) for need in needs}
        assert asked <= {plain(name) for name in versions(lock)}, f"run `make lock`: {lock}"


def test_the_version_is_the_changelogs_newest() -> None:
    newest = re.search(r"^## (\d+\.\d+\.\d+)", text("CHANGELOG.md"), re.MULTILINE)

    assert newest is not None
    assert newest[1] == PROJECT["version"]


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):(?!=)", text("Makefile"), re.MULTILINE))


def made(page: str) -> set[str]:
    """Return the targets a page tells the reader to make."""
    return set(re.findall(r"(?:^|`)make ([a-z-]+)(?=`|$|\s)", page, re.MULTILINE))


@pytest.mark.parametrize("name", [*READMES, "CONTRIBUTING.md", "CHANGELOG.md"])
def test_every_target_a_page_names_is_in_the_makefile(name: str) -> None:
    assert made(text(name))
    assert made(text(name)) <= targets()


def test_a_target_that_is_not_there_would_be_seen() -> None:
    assert not made("run `make moon` now") <= targets()


def test_the_makefile_has_the_promised_targets() -> None:
    assert {"demo", "demo-llm", "test", "check", "bench", "lock", "session"} <= targets()


def test_continuous_integration_runs_the_readmes_test_command() -> None:
    script = ROOT / ".ci/run"
    commands = [line for line in text(".ci/run").splitlines() if line and not line.startswith("#")]

    assert commands == ["set -euo pipefail", 'cd "$(dirname "${BASH_SOURCE[0]}")/.."', "make test"]
    assert os.access(script, os.X_OK)
    assert "make test" in text("README.md")


def options(page: str) -> set[str]:
    """Return the options a page names, pip's and pytest's own lines left out."""
    kept = [line for line in page.splitlines() if "pip install" not in line and "pytest" not in line]
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", "\n".join(kept)))


@cache
def help_of(*arguments: str) -> str:
    screen = {**os.environ, "COLUMNS": "240", "TERM": "dumb", "NO_COLOR": "1"}
    run = subprocess.run(
        [sys.executable, "run_live.py", *arguments, "--help"],
        cwd=ROOT, env=screen, capture_output=True, encoding="utf-8", check=False, timeout=60,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return run.stdout


CALLS = (
    ("status",),
    ("list",),
    ("sessions",),
    ("show",),
    ("replay",),
    ("verify",),
    ("backup",),
    ("restore",),
    ("report",),
    ("doctor",),
    ("quotes",),
    ("rules", "explain"),
    ("rules", "check"),
    ("audit",),
    ("arena",),
    ("arena", "replay"),
    ("day",),
    ("alert", "test"),
    ("watchdog",),
    ("calendar",),
    ("calendar", "check"),
    ("halt",),
    ("lift",),
    ("settle",),
    ("pause",),
    ("resume",),
    ("stop",),
    ("start",),
    ("up",),
    ("kill",),
    ("mcp",),
    ("local-model",),
    ("data", "download"),
    ("data", "check"),
    ("data", "import"),
    ("data", "resample"),
    ("data", "list"),
    ("data", "remove"),
)


def test_both_readmes_name_every_command() -> None:
    for name in READMES:
        for call in CALLS:
            assert re.search(rf"`{' '.join(call)}\b", text(name)), call


def test_every_command_of_the_help_is_in_the_readmes() -> None:
    listed = re.findall(r"^  ([a-z-]+)  ", help_of().partition("Commands:")[2], re.MULTILINE)

    assert len(listed) > 5
    assert set(listed) == {call[0] for call in CALLS}


def test_every_option_of_the_readmes_is_known_to_the_help() -> None:
    known = set[str]()
    for call in ((), *CALLS):
        known |= options(help_of(*call))

    for name in READMES:
        assert {"--mode", "--json"} <= options(text(name)), "saw no options"
        assert options(text(name)) - known == set()


def test_an_option_that_is_not_there_would_be_seen() -> None:
    assert options("run_live.py `--moon` x--no -- --pip\npip install --other") == {"--moon", "--pip"}


def blocks(page: str) -> list[str]:
    """Return the lines of a page that are typed: its shell blocks."""
    return re.findall(r"^```(?:sh|bat|json)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def first_cells(page: str) -> list[str]:
    return re.findall(r"^\| (`[^|]*(?:\\\|[^|]*)*|\d+) \|", page, re.MULTILINE)


@pytest.mark.parametrize("part", [blocks, first_cells, options, made])
def test_both_readmes_say_the_same(part: Callable[[str], Iterable[str]]) -> None:
    english, chinese = (part(text(name)) for name in READMES)

    assert english
    assert english == chinese


def test_both_readmes_have_the_same_sections() -> None:
    english, chinese = (re.findall(r"^(#+) ", text(name), re.MULTILINE) for name in READMES)

    assert english == chinese


def broken_links(page: str) -> list[str]:
    """Return the links of a page that lead to no file here."""
    found = re.findall(r"\]\((?!https?:|#)([^)#]+)[^)]*\)", page)
    return [target for target in found if not (ROOT / target).exists()]


@pytest.mark.parametrize("name", [*READMES, "CHANGELOG.md", "CONTRIBUTING.md"])
def test_every_link_leads_somewhere(name: str) -> None:
    assert broken_links(text(name)) == []


def test_a_link_to_nowhere_would_be_seen() -> None:
    assert broken_links("[a](moon.md) [b](README.md) [c](https://x.example) [d](#there)") == ["moon.md"]


def test_git_leaves_out_the_folders_in_which_the_readme_keeps_data() -> None:
    asked = {one.partition("/")[0] for one in re.findall(r"--data-dir ([\w./-]+)", text("README.md"))}
    ignored = text(".gitignore").splitlines()

    assert len(asked) > 1
    assert {one for one in asked if f"{one}/" not in ignored} == set()


def project_files() -> list[Path]:
    """Return the files that git keeps or would keep; skips where there is no git to ask."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, capture_output=True, encoding="utf-8", check=True,
        ).stdout  # fmt: skip
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout, so nobody knows which files are the project's")
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def traces(name: str, content: str) -> list[str]:
    """Return the places where a text names a machine's path or a package registry."""
    lines = content.splitlines()
    return [f"{name}:{number}" for number, line in enumerate(lines, 1) if FORBIDDEN.search(line)]


def test_no_file_names_a_machine_or_a_registry() -> None:
    files = project_files()
    contents: Mapping[Path, str] = {path: path.read_bytes().decode("utf-8", "replace") for path in files}

    assert len(files) > 50
    assert [place for path, content in contents.items() for place in traces(path.name, content)] == []


@pytest.mark.parametrize("line", [
    "see /wo" + "rk/notes.md",
    "cd /ro" + "ot/x",
    'path = "/ho' + 'me/ada/x"',
    "https://files.python" + "hosted.org/x",
    "pip install --index" + "-url x",
])  # fmt: skip
def test_a_trace_of_a_machine_would_be_seen(line: str) -> None:
    assert traces("x", f"fine\n{line}\n") == ["x:2"]


def test_words_that_only_look_alike_are_let_pass() -> None:
    assert traces("x", "the framework/ and network/ folders, a work/ folder, docs/root/x") == []
