"""A process's figures, off a folder that looks like Linux's /proc."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from services.process_table import process_figures, this_host

LIMITS = (
    "Limit                     Soft Limit           Hard Limit           Units     \n"
    "Max cpu time              unlimited            unlimited            seconds   \n"
    "Max open files            {most}                 524288               files     \n"
)


def proc(folder: Path, *, most: str = "1024", name: str = "py (x) 3") -> Path:
    process = folder / "42"
    (process / "fd").mkdir(parents=True)
    for number in range(3):
        (process / "fd" / str(number)).touch()
    # Fields 14 and 15 of the file, counted from 1, are the time of the process and of the system.
    fields = " ".join(["S", "1", "42", "42", "0", "-1", "0", "0", "0", "0", "0", "250", "50", "0", "0"])
    (process / "stat").write_text(f"42 ({name}) {fields}\n")
    (process / "statm").write_text("5000 2000 300 1 0 900 0\n")
    (process / "limits").write_text(LIMITS.format(most=most))
    return folder


def test_the_figures_are_those_the_system_states(tmp_path: Path):
    figures = process_figures(42, proc(tmp_path))

    assert figures is not None
    assert figures.memory_bytes == 2000 * os.sysconf("SC_PAGE_SIZE")
    assert figures.cpu_s == 300 / os.sysconf("SC_CLK_TCK")
    assert (figures.descriptors, figures.descriptors_max) == (3, 1024)


def test_a_limit_there_is_none_of_is_none(tmp_path: Path):
    figures = process_figures(42, proc(tmp_path, most="unlimited"))

    assert figures is not None
    assert figures.descriptors_max is None


@pytest.mark.parametrize("gone", ["stat", "statm"])
def test_a_process_that_is_not_there_has_no_figures(gone: str, tmp_path: Path):
    (proc(tmp_path) / "42" / gone).unlink()

    assert process_figures(42, tmp_path) is None
    assert process_figures(43, tmp_path) is None


def test_what_this_user_may_not_see_is_none(tmp_path: Path):
    folder = proc(tmp_path) / "42"
    (folder / "limits").unlink()
    for one in (folder / "fd").iterdir():
        one.unlink()
    (folder / "fd").rmdir()

    figures = process_figures(42, tmp_path)

    assert figures is not None
    assert (figures.descriptors, figures.descriptors_max) == (None, None)


def test_a_file_of_another_form_is_no_figure(tmp_path: Path):
    (proc(tmp_path) / "42" / "stat").write_text("42 (py) S\n")

    assert process_figures(42, tmp_path) is None


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc on this system")
def test_this_process_is_found():
    figures = process_figures(os.getpid())

    assert figures is not None
    assert figures.memory_bytes > 1_000_000
    assert this_host()
