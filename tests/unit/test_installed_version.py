"""Which version of a library is installed, as its metadata's folder says it."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from services.installed_version import installed_version


def library(folder: Path, monkeypatch: pytest.MonkeyPatch, *metadata: str) -> None:
    """Install a library `known_days` in a folder, with the folders of metadata that are named."""
    (folder / "known_days").mkdir()
    (folder / "known_days" / "__init__.py").write_text("raise RuntimeError('was imported')\n")
    for name in metadata:
        (folder / name).mkdir()
        (folder / name / "METADATA").write_text("Metadata-Version: 2.1\nName: known_days\nVersion: 7.0\n")
    monkeypatch.syspath_prepend(str(folder))


def test_it_is_what_the_folder_beside_the_library_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    library(tmp_path, monkeypatch, "known_days-4.13.2.dist-info", "known_days_more-1.0.dist-info")

    assert installed_version("known_days") == "4.13.2"


def test_of_a_library_with_the_folders_of_two_versions_the_metadata_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    library(tmp_path, monkeypatch, "known_days-4.13.2.dist-info", "known_days-4.12.dist-info")

    assert installed_version("known_days") == "7.0"


def test_a_library_that_is_not_there_has_none():
    with pytest.raises(PackageNotFoundError):
        installed_version("known_days_of_nobody")


def test_of_what_is_installed_here_both_say_the_same():
    assert installed_version("exchange_calendars") == version("exchange_calendars")
