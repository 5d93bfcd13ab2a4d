"""The files in deploy/ say what the program understands, and leave nothing of it out."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import tomllib
from configparser import RawConfigParser
from pathlib import Path

import pytest
import yaml

from tests.command_line import call

ROOT = Path(__file__).parents[1]
UNITS = sorted((ROOT / "deploy/systemd").glob("*.service"))


def _unit(path: Path) -> RawConfigParser:
    parser = RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(path, encoding="utf-8")
    return parser


def _calls(words: list[str]) -> list[str]:
    """Return a call's words with files and folders of another machine left out: only the help is asked."""
    commands = [word for word in words if re.fullmatch(r"[a-z-]+", word) and not word.startswith("-")]
    return [*commands[:1], "--help"]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_calls_what_there_is(path: Path):
    words = shlex.split(_unit(path)["Service"]["ExecStart"])
    program = words.index("run_live.py")

    told = call(*_calls(words[program + 1 :]))

    assert told.code == 0
    for option in (word for word in words[program + 1 :] if word.startswith("--")):
        assert option in told.out


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_keeps_secrets_out_of_itself_and_gains_no_rights(path: Path):
    service = _unit(path)["Service"]

    assert service["EnvironmentFile"] == "-/etc/kaipan/secrets.env"
    assert service["NoNewPrivileges"] == "yes"
    assert service["User"] == "kaipan"


def test_the_wrapper_calls_the_program_with_the_account_before_the_command(tmp_path: Path):
    fake = tmp_path / "runuser"
    fake.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n', encoding="utf-8")
    fake.chmod(0o755)
    wrapper = ROOT / "deploy/systemd/kaipan"
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    root = os.geteuid() == 0

    done = subprocess.run(
        ("sh", str(wrapper), "paper", "status", "--json"), env=environment,
        capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    alone = subprocess.run(("sh", str(wrapper), "paper"), capture_output=True, check=False)

    assert alone.returncode == 2
    assert done.returncode == (0 if root else 2)
    if root:
        words = done.stdout.split()
        assert words[:3] == ["-u", "kaipan", "--"]
        assert words[words.index("--config") :] == [
            "--config", "/etc/kaipan/paper.yaml", "--data-dir", "/var/lib/kaipan", "status", "--json",
        ]  # fmt: skip


def test_the_account_is_not_started_again_where_a_person_is_needed():
    service = _unit(ROOT / "deploy/systemd/kaipan@.service")["Service"]

    # Differences 1, usage 2 and killed 4 wait; unavailable 3 is tried again, and so is a death by a signal.
    assert service["Restart"] == "on-abnormal"
    assert service["RestartForceExitStatus"] == "3"


def test_the_image_holds_every_package_and_the_lock():
    text = (ROOT / "deploy/compose/Dockerfile").read_text(encoding="utf-8")
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    roots = {name.partition(".")[0] for name in packages["packages"]}

    copied = set(re.findall(r"^COPY ([a-z_]+) \1$", text, flags=re.MULTILINE))

    assert copied >= roots | {"configs"}
    assert "--require-hashes -r requirements.lock" in text


def test_the_compose_file_runs_account_watchdog_and_database():
    compose = yaml.safe_load((ROOT / "deploy/compose/compose.yaml").read_text(encoding="utf-8"))

    assert set(compose["services"]) == {"postgres", "account", "watchdog"}
    for name in ("account", "watchdog"):
        assert "${POSTGRES_PASSWORD:?" in compose["services"][name]["environment"]["KAIPAN_JOURNAL_URL"]
        assert call(*_calls(compose["services"][name]["command"])).code == 0


def test_each_container_may_write_where_its_program_writes():
    compose = yaml.safe_load((ROOT / "deploy/compose/compose.yaml").read_text(encoding="utf-8"))
    image = (ROOT / "deploy/compose/Dockerfile").read_text(encoding="utf-8")
    services = compose["services"]

    def mounted(name: str) -> set[str]:
        return {volume.split(":")[1] for volume in services[name]["volumes"]}

    assert "/var/lib/kaipan" in mounted("account")
    # The watchdog keeps its own files in `<data_dir>-watchdog`.
    assert {"/var/lib/kaipan", "/var/lib/kaipan-watchdog"} <= mounted("watchdog")
    assert "-m 0700 /var/lib/kaipan /var/lib/kaipan-watchdog" in image
    # Whoever shares a process table dies with its first process.
    assert not any("pid" in service for service in services.values())
    assert services["account"]["restart"] == services["watchdog"]["restart"] == "unless-stopped"


def test_no_secret_lies_in_deploy():
    for path in (ROOT / "deploy").rglob("*"):
        if path.is_file():
            assert not re.search(r"(?i)(password|token|api_key)=[^\s$]", path.read_text(encoding="utf-8"))
