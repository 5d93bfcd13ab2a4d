"""The options every command takes, before its name and after it, and the help in both languages."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

import commands.flags
import run_live
from commands import families
from tests.command_line import COMMANDS, ROOT, call, call_process, four_days

EVERYWHERE = ("--data-dir", "--config", "--account", "--lang", "--json")
MAIN_JOB = (
    "--mode", "--frequency", "--market", "--agent", "--llm", "--prices", "--start", "--end", "--demo",
    "--once", "--session", "--standby", "--cash", "--adjustment", "--volume-unit",
)  # fmt: skip
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("options")
    done = call(
        "--mode", "backtest", "--prices", four_days(folder), "--data-dir", folder / "data",
        "--account", "second", "--no-report",
    )  # fmt: skip
    assert done.code == 0
    return folder / "data"


@pytest.fixture(scope="module")
def chinese() -> ModuleType:
    """The program as it is loaded when its arguments ask for Chinese."""
    place = importlib.util.spec_from_file_location("run_live_in_chinese", ROOT / "run_live.py")
    assert place is not None
    assert place.loader is not None
    module = importlib.util.module_from_spec(place)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["run_live.py", "--lang", "zh"])
        patch.setitem(sys.modules, place.name, module)
        assert set(COMMANDS) <= set(families.COMMANDS)
        told = [name for name in vars(commands) if name.endswith(("_command", "_commands"))]
        for name in ("flags", "common_options", "families", "usage", *told):
            # Put back with what it is replaced by below.
            patch.setattr(commands, name, getattr(commands, name))
            patch.delitem(sys.modules, f"commands.{name}")
            delattr(commands, name)
        place.loader.exec_module(module)
        assert set(COMMANDS) <= set(importlib.import_module("commands.families").COMMANDS)
    return module


def help_of(program: ModuleType, *command: str) -> str:
    environment = {"COLUMNS": "240", "TERM": "dumb", "NO_COLOR": "1"}
    result = CliRunner().invoke(program.app, [*command, "--help"], env=environment, catch_exceptions=False)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)])
def test_the_help_names_every_option(command: tuple[str, ...]):
    page = help_of(run_live, *command)

    wanted = EVERYWHERE if command else (*EVERYWHERE, *MAIN_JOB)
    assert [name for name in wanted if name not in page] == []
    assert not CHINESE.search(page.replace("开盘", ""))


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)])
def test_the_help_is_there_in_chinese(command: tuple[str, ...], chinese: ModuleType):
    page = help_of(chinese, *command)

    lines = page.splitlines()
    described = [line for line in lines if re.match(r"│ +--(data-dir|config|account|json)\b", line)]
    assert len(described) == 4
    assert all(CHINESE.search(line) for line in described)


def test_the_manual_tells_the_exit_codes_and_gives_examples(chinese: ModuleType):
    for program in (run_live, chinese):
        page = help_of(program)
        assert "130" in page
        assert "run_live.py --mode backtest" in page


def test_lang_after_help_is_heard_in_a_process_of_its_own():
    assert CHINESE.search(call_process("--help", "--lang", "zh").out.replace("开盘", ""))


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "doctor"])
def test_every_option_is_taken_before_the_command_and_after_it(command: str, data_dir: Path, tmp_path: Path):
    config = tmp_path / "own.yaml"
    config.write_text("frequency: daily\n", encoding="utf-8")
    common = ("--data-dir", data_dir, "--config", config, "--account", "second", "--lang", "zh", "--json")
    listed = call("sessions", *common).json["sessions"]
    assert isinstance(listed, list)
    rest = (listed[0]["id"],) if command in ("show", "replay") else ()
    rest += ("--out", tmp_path / "page.html") if command == "report" else ()

    before = call(*common, command, *rest)
    after = call(command, *rest, *common)

    assert (before.code, before.err, after.code, after.err) == (0, "", 0, "")
    assert before.json == after.json


def test_an_option_after_the_command_wins_over_the_same_one_before(data_dir: Path):
    assert call("--account", "other", "status", "--account", "second", "--data-dir", data_dir).code == 0
    assert call("--account", "second", "status", "--account", "other", "--data-dir", data_dir).code == 2


def test_the_screen_speaks_the_language_asked_for(data_dir: Path):
    english, chinese = (
        call("status", "--data-dir", data_dir, "--account", "second", "--lang", lang).out
        for lang in ("en", "zh")
    )

    assert not CHINESE.search(english)
    assert CHINESE.search(chinese)
