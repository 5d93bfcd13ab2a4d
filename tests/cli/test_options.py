"""The options every command takes, before its name and after it, and the help in both languages."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
import unicodedata
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

import commands.flags
import run_live
from commands import doctor, families
from services.settings import Settings
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
        for name in ("manual", "flags", "groups", "common_options", "families", "usage", *told):
            # Put back with what it is replaced by below.
            patch.setattr(commands, name, getattr(commands, name))
            patch.delitem(sys.modules, f"commands.{name}")
            delattr(commands, name)
        place.loader.exec_module(module)
        assert set(COMMANDS) <= set(importlib.import_module("commands.families").COMMANDS)
    return module


def help_of(program: ModuleType, *command: str, columns: int = 240) -> str:
    environment = {"COLUMNS": str(columns), "TERM": "dumb", "NO_COLOR": "1"}
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
    described = [line for line in lines if re.match(r" +--(data-dir|config|account|json)\b", line)]
    assert len(described) == 4
    assert all(CHINESE.search(line) for line in described)


def test_the_manual_tells_the_exit_codes_and_gives_examples_a_line_each(chinese: ModuleType):
    for program in (run_live, chinese):
        page = help_of(program, columns=40)
        assert "130" in page
        backtest = next(line for line in page.splitlines() if "--mode backtest --f" in line)
        assert backtest.startswith("  run_live.py ")
        assert backtest.endswith(" --end 2025-11-19")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_help_tells_every_command_to_the_end_of_its_sentence(language: str, chinese: ModuleType):
    program = {"en": run_live, "zh": chinese}[language]
    listed = dict(families.COMMANDS) if language == "en" else dict(program.app.commands)
    page = "".join(help_of(program, columns=80).split())

    assert len(listed) > 25
    told = {name: "".join(str(one.help).split()) for name, one in listed.items()}
    assert [name for name, text in told.items() if f"{name}{text}" not in page] == []
    assert all(text.endswith((".", "。")) for text in told.values())
    # The order they are declared in, not the alphabet's.
    assert page.index(f"status{told['status']}") < page.index(f"sessions{told['sessions']}")
    assert page.index(f"watchdog{told['watchdog']}") < page.index(f"calendar{told['calendar']}")


@pytest.mark.parametrize("command", [(), *((name,) for name in families.COMMANDS), ("data", "remove")])
def test_no_line_of_the_help_is_wider_than_the_terminal(command: tuple[str, ...], chinese: ModuleType):
    for program, columns, widest in ((run_live, 80, 80), (chinese, 80, 80), (run_live, 240, 100)):
        page = help_of(program, *command, columns=columns)

        lines = [line for line in page.splitlines() if "run_live.py " not in line]
        widths = [sum(1 + (unicodedata.east_asian_width(one) in "WF") for one in line) for line in lines]
        assert len(lines) > 5
        assert [line for line, width in zip(lines, widths, strict=True) if width > widest] == []


@pytest.mark.parametrize(("arguments", "asked"), [
    (("--moon",), "run_live.py"),
    (("moon",), "run_live.py"),
    (("status", "--moon"), "run_live.py status"),
    (("data",), "run_live.py data"),
    (("data", "moon"), "run_live.py data"),
    (("arena", "replay", "--moon"), "run_live.py arena replay"),  # not the other command of that name
    (("arena", "replay", "--from"), "run_live.py arena replay"),
    (("status", "--json=yes"), "run_live.py status"),
    (("rules", "check"), "run_live.py rules check"),
])  # fmt: skip
def test_a_usage_error_is_one_line_that_says_where_to_read_on(arguments: tuple[str, ...], asked: str):
    plain = call(*arguments)
    as_json = call("--json", *arguments)

    assert (plain.code, plain.out) == (2, "")
    assert plain.err.count("\n") == 1
    assert len(plain.err) < 120
    assert plain.err.endswith(f"; see {asked} --help\n")
    assert as_json.json == {"error": plain.err.strip(), "exit_code": 2}


@pytest.mark.parametrize(("arguments", "named"), [
    (("--moon",), "--moon"),
    (("--mod", "paper"), "--mod"),  # an option's beginning is not the option
    (("--mode",), "--mode"),
    (("--demo=yes",), "--demo"),
    (("--start", "2025-02-30"), "--start"),
    (("--end", "20251332"), "--end"),
    (("--start", "２０２５-10-10"), "--start"),
    (("day", "--date", "２０２５1010"), "--date"),
    (("settle", "X", "--filled", "１００"), "--filled"),
    (("backup",), "--to"),
    (("backup", "--to", "x", "--keep", "0"), "--keep"),
    (("local-model", "--port", "65536"), "--port"),
    (("local-model", "--threads", "many"), "--threads"),
    (("calendar", "--days", "401"), "--days"),
    (("show",), "ID"),
])  # fmt: skip
def test_a_usage_error_names_what_is_wrong(arguments: tuple[str, ...], named: str):
    refused = call(*arguments)

    assert refused.code == 2
    assert f"'{named}'" in refused.err


@pytest.mark.parametrize(("arguments", "named"), [
    (("moon",), "moon"),
    (("--mod", "paper"), "--mode"),
    (("show",), "ID"),
    (("--start", "2025-02-30"), "2025-02-30"),
    (("calendar", "--days", "１４"), "--days"),
])  # fmt: skip
def test_a_usage_error_is_in_chinese_where_that_is_asked_for(arguments: tuple[str, ...], named: str):
    refused = call_process(*arguments, "--lang", "zh")

    assert (refused.code, refused.out) == (2, "")
    assert refused.err.count("\n") == 1
    assert named in refused.err
    assert "--help" in refused.err
    # Beside what was typed and the program's own names no word of English is left.
    rest = re.sub(r"run_live\.py|calendar|show|--\w+|moon|\bID\b", "", refused.err)
    assert re.findall(r"[A-Za-z]{2,}", rest) == []


@pytest.mark.parametrize(("arguments", "named"), [
    (("--mode", "backtest"), "--prices"),
    (("--demo", "--once"), "--once"),
    (("status",), "--data-dir"),
    (("show", "20260714-1035", "--data-dir", "{data}"), "20260714-1035"),
    (("show", "2026", "--data-dir", "{data}"), "20260713-1035-main"),
    (("status", "--account", "other", "--data-dir", "{data}"), "--account main"),
])  # fmt: skip
def test_what_is_mostly_mistaken_is_told_in_chinese_where_that_is_asked_for(
    arguments: tuple[str, ...], named: str, tmp_path: Path
):
    data = tmp_path / "data"
    week = ("--demo", "--frequency", "hourly", "--start", "2026-07-13", "--end", "2026-07-13")
    if "{data}" in arguments:
        assert call("--mode", "backtest", *week, "--no-report", "--data-dir", data).code == 0

    refused = call_process(*(data if one == "{data}" else one for one in arguments), "--lang", "zh")

    assert (refused.code, refused.out, refused.err.count("\n")) == (2, "", 1)
    assert named in refused.err
    assert re.search("[\u4e00-\u9fff]", refused.err)


@pytest.mark.parametrize(("command", "option", "default"), [
    (("calendar",), "--days", "14"),
    (("audit",), "--rules", "strict"),
    (("local-model",), "--threads", "1"),
    (("arena", "replay"), "--seed", "1"),
    (("data", "download"), "--frequency", "1d"),
])  # fmt: skip
def test_the_help_tells_what_an_option_is_by_default(command: tuple[str, ...], option: str, default: str):
    told = help_of(run_live, *command).partition(f"  {option} ")[2].partition("\n  --")[0]

    assert re.search(rf"\[default: {default}[];]", told)


def test_the_chinese_help_tells_defaults_and_what_must_be_given_in_chinese():
    page = call_process("audit", "--help", "--lang", "zh").out

    assert "[必填]" in page
    assert "[默认：strict]" in page


def test_no_shell_is_told_how_a_word_may_go_on():
    refused = call_process("moon", environment={"_RUN_LIVE_PY_COMPLETE": "bash_source"})

    assert (refused.code, refused.out) == (2, "")


def test_of_an_option_given_twice_the_last_counts(data_dir: Path):
    there = ("--data-dir", data_dir)

    assert call("status", *there, "--account", "other", "--account=second").code == 0
    assert call("status", *there, "--account", "second", "--account=other").code == 2


def test_after_two_dashes_a_name_is_no_option(data_dir: Path):
    refused = call("show", "--data-dir", data_dir, "--account", "second", "--", "--json")

    assert (refused.code, refused.out) == (2, "")
    assert "--json" in refused.err


def test_an_interrupt_before_the_command_is_told_by_its_exit_code(monkeypatch: pytest.MonkeyPatch):
    def interrupted() -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(run_live, "cache_folder", interrupted)

    ended = call("--demo")

    assert (ended.code, ended.out, ended.err.strip()) == (130, "", "")


def test_a_command_outside_the_families_is_refused():
    with pytest.raises(TypeError):
        run_live.app.add_command(families.COMMANDS["status"], "own")


@pytest.mark.parametrize(("command", "headings"), [
    ((), ["用法：", "选项：", "命令：", "示例："]),
    (("settle",), ["用法：", "参数：", "选项："]),
])  # fmt: skip
def test_lang_after_help_is_heard_in_a_process_of_its_own(command: tuple[str, ...], headings: list[str]):
    page = call_process(*command, "--help", "--lang", "zh").out

    assert [line.partition("：")[0] + "：" for line in page.splitlines() if line[:1].strip()] == headings


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


def test_the_doctor_looks_at_the_mind_that_is_named(monkeypatch: pytest.MonkeyPatch):
    examined: list[str] = []

    def examine(settings: Settings, *_rest: object) -> int:
        examined.append(settings.agent_type)
        return 0

    monkeypatch.setattr(doctor, "doctor", examine)

    assert call("doctor", "--agent", "rule:hold").code == 0
    assert call("doctor").code == 0
    assert examined == ["rule:hold", "rule"]


def test_an_account_that_is_not_there_is_refused_with_the_ones_that_are(data_dir: Path):
    other = call("status", "--data-dir", data_dir)  # The account main.
    above = call("status", "--data-dir", data_dir.parent)
    beside = call("status", "--data-dir", data_dir.parent, "--account", "second")

    assert (other.code, above.code, beside.code) == (2, 2, 2)
    assert other.err.endswith("; give --account second\n")
    assert above.err.endswith(f"; give --data-dir {data_dir} --account second\n")
    assert beside.err.endswith(f"; give --data-dir {data_dir}\n")


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
