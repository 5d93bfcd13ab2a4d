import hashlib
from dataclasses import replace

import numpy as np
import pytest

from services.domain.bars import Frequency
from services.market import atomic_file
from services.market.columns import (
    PanelDamaged,
    open_panel,
    panel_bytes_digest,
    panel_path,
    release,
    save_panel,
    with_digest,
)
from services.market.demo import demo_panel

ARRAYS = ("starts", "ends", "days", "open", "high", "low", "close", "volume", "prev_close")


def test_a_stored_panel_comes_back_with_every_field(tmp_path):
    panel = demo_panel(frequency=Frequency.DAILY)

    stored = open_panel(tmp_path, save_panel(panel, tmp_path))

    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(stored, name), getattr(panel, name))
        assert getattr(stored, name).dtype == getattr(panel, name).dtype
    for name in (
        "symbols",
        "names",
        "frequency",
        "adjustment",
        "volume_unit",
        "source",
        "synthetic",
        "actions",
    ):
        assert getattr(stored, name) == getattr(panel, name)
    assert dict(stored.instruments) == dict(panel.instruments)
    assert stored.digest == panel.digest


def test_a_panel_without_previous_closes_comes_back_without_them(tmp_path):
    panel = replace(demo_panel(), prev_close=None)

    assert open_panel(tmp_path, save_panel(panel, tmp_path)).prev_close is None


def test_the_digest_is_the_sha256_of_the_whole_file(tmp_path):
    panel = demo_panel()

    digest = save_panel(panel, tmp_path)
    path = panel_path(tmp_path, digest)

    assert digest == with_digest(panel).digest == panel.digest
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest() == panel_bytes_digest(path)
    assert path.name == f"{digest}.panel"


def test_what_is_handed_out_cannot_be_written(tmp_path):
    stored = open_panel(tmp_path, save_panel(demo_panel(), tmp_path))

    for name in ARRAYS:
        with pytest.raises(ValueError, match="read-only"):
            getattr(stored, name)[0] = 1


def test_any_changed_byte_is_found(tmp_path):
    digest = save_panel(demo_panel(frequency=Frequency.DAILY), tmp_path)
    path = panel_path(tmp_path, digest)
    whole = path.read_bytes()

    for position in (*range(0, len(whole), 997), len(whole) - 1):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        assert panel_bytes_digest(path) != digest
        with pytest.raises(PanelDamaged, match=digest):
            open_panel(tmp_path, digest)


@pytest.mark.parametrize("change", [lambda whole: whole[:-64], lambda whole: whole + b"\0", lambda _: b""])
def test_a_cut_or_longer_file_is_found(tmp_path, change):
    digest = save_panel(demo_panel(), tmp_path)
    path = panel_path(tmp_path, digest)
    path.write_bytes(change(path.read_bytes()))

    with pytest.raises(PanelDamaged):
        open_panel(tmp_path, digest)


def test_a_file_of_another_format_is_refused_even_under_its_right_name(tmp_path):
    content = b"kaipan panel 2\n" + bytes(200)
    digest = hashlib.sha256(content).hexdigest()
    panel_path(tmp_path, digest).write_bytes(content)

    with pytest.raises(PanelDamaged):
        open_panel(tmp_path, digest)


def test_a_panel_that_was_never_stored_is_refused(tmp_path):
    with pytest.raises(PanelDamaged):
        open_panel(tmp_path, "0" * 64)


def test_saving_twice_leaves_the_file_alone_and_saving_over_damage_mends_it(tmp_path):
    panel = demo_panel()
    path = panel_path(tmp_path, save_panel(panel, tmp_path))
    inode, whole = path.stat().st_ino, path.read_bytes()

    save_panel(panel, tmp_path)
    assert path.stat().st_ino == inode

    path.write_bytes(whole[:100])
    save_panel(panel, tmp_path)
    assert path.read_bytes() == whole


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "kept"
    atomic_file.write_whole(path, [b"old"])

    def no_space(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic_file.os, "fsync", no_space)
    with pytest.raises(OSError, match="No space"):
        atomic_file.write_whole(path, [b"new"])

    assert [entry.name for entry in tmp_path.iterdir()] == ["kept"]
    assert path.read_bytes() == b"old"


def test_a_panel_whose_pages_were_given_back_shows_the_same(tmp_path):
    panel = demo_panel()
    stored = open_panel(tmp_path, save_panel(panel, tmp_path))
    before = stored.close.copy()

    release(stored)
    release(panel)

    assert np.array_equal(stored.close, before, equal_nan=True)
    assert np.array_equal(panel.close, before, equal_nan=True)
