"""The sector file: what is read of it, and the line that says what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.sector_file import SectorFileError, read_sectors
from services.settings import Settings, SettingsError
from services.settings_file import load_settings

TWO = "symbol,sector\n600519.SH,食品饮料\n000001.SZ,银行\n"


def written(folder: Path, text: str | bytes, name: str = "sectors.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    "text",
    [
        TWO,
        "\ufeff" + TWO,  # A byte order mark, as spreadsheets write it.
        TWO.replace("\n", "\r\n"),
        "name,sector,symbol\n贵州茅台,食品饮料,600519.SH\n平安银行, 银行 ,000001.SZ\n",
    ],
)
def test_a_file_tells_the_sector_of_each_symbol(tmp_path: Path, text: str):
    assert read_sectors(written(tmp_path, text)) == {"600519.SH": "食品饮料", "000001.SZ": "银行"}


def test_a_file_without_rows_names_no_sector(tmp_path: Path):
    assert read_sectors(written(tmp_path, "symbol,sector\n")) == {}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ("line 1", "symbol", "sector")),
        ("symbol,industry\n600519.SH,x\n", ("line 1", "sector")),
        (TWO + "600519,x\n", ("line 4", "600519")),
        (TWO + "600519.XX,x\n", ("line 4", "600519.XX")),
        (TWO + ",x\n", ("line 4",)),
        (TWO + "600000.SH,\n", ("line 4", "600000.SH")),
        (TWO + "600000.SH,  \n", ("line 4", "600000.SH")),
        (TWO + "600000.SH\n", ("line 4", "600000.SH")),
        (TWO + "600519.SH,食品饮料\n", ("line 4", "600519.SH", "twice")),
        (TWO.encode("gbk"), ("line 2", "UTF-8")),
        (TWO + 'x"' + "y" * 200_000, ("CSV",)),  # Longer than any field the reader takes.
    ],
)
def test_a_file_that_cannot_be_used_is_one_line_naming_file_and_place(
    tmp_path: Path, text: str | bytes, names: tuple[str, ...]
):
    path = written(tmp_path, text)

    with pytest.raises(SectorFileError) as caught:
        read_sectors(path)

    assert str(caught.value).startswith(f"{path}: ")
    assert len(str(caught.value).splitlines()) == 1
    assert [name for name in names if name not in str(caught.value)] == []


@pytest.mark.parametrize("name", ["nowhere.csv", "."])
def test_a_file_that_is_not_there_is_one_line(tmp_path: Path, name: str):
    with pytest.raises(SectorFileError, match="cannot be read"):
        read_sectors(tmp_path / name)


def configured(folder: Path, risk: str) -> Settings:
    config = folder / "c.yaml"
    config.write_text(f"risk_control: {risk}\n", encoding="utf-8")
    return load_settings(config, environment={}, dotenv=None)


def test_the_configuration_wins_over_the_file(tmp_path: Path):
    path = written(tmp_path, TWO)

    found = configured(tmp_path, f"{{sector_file: {path}, sectors: {{000001.SZ: other}}}}")

    assert found.risk_control.sectors == {"600519.SH": "食品饮料", "000001.SZ": "other"}


def test_a_configuration_with_a_bad_sector_file_is_one_line_naming_key_and_file(tmp_path: Path):
    path = written(tmp_path, "a,b\n")

    with pytest.raises(SettingsError) as caught:
        configured(tmp_path, f"{{sector_file: {path}}}")

    assert "risk_control.sector_file" in str(caught.value)
    assert f"{path}: line 1" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_sectors_that_are_no_mapping_are_refused_beside_a_file_too(tmp_path: Path):
    path = written(tmp_path, TWO)

    with pytest.raises(SettingsError, match=r"risk_control\.sectors"):
        configured(tmp_path, f"{{sector_file: {path}, sectors: [600519.SH]}}")


def test_the_configurations_hash_follows_what_the_file_says_not_where_it_lies(tmp_path: Path):
    one = written(tmp_path, TWO)
    same = written(tmp_path, "sector,symbol\n银行,000001.SZ\n食品饮料,600519.SH\n", "elsewhere.csv")
    other = written(tmp_path, TWO.replace("银行", "金融"), "other.csv")

    hashes = [configured(tmp_path, f"{{sector_file: {path}}}").config_hash for path in (one, same, other)]

    assert hashes[0] == hashes[1]
    assert hashes[0] != hashes[2]
