"""Who a command from outside is said to be by."""

from __future__ import annotations

import getpass

import pytest

from services.person import person


def test_it_is_the_user_the_system_names(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(getpass, "getuser", lambda: "ann")

    assert person() == "ann"


@pytest.mark.parametrize("error", [KeyError, OSError, ImportError])
def test_a_system_without_names_keeps_nobody_from_halting(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
):
    def nameless() -> str:
        raise error("no such user")

    monkeypatch.setattr(getpass, "getuser", nameless)

    assert person() == "unknown"
