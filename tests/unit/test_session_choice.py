"""Which recorded session a person means by what is typed."""

import pytest

from commands.failures import CommandFailed, Exit
from commands.session_choice import session_named

FIRST = "20260713-1505-main-ab12"
SECOND = "20260714-1035-main-ab12"
THIRD = "20260714-1135-main-ab12"
SESSIONS = (FIRST, SECOND, THIRD)


@pytest.mark.parametrize(("wanted", "meant"), [
    (SECOND, SECOND),
    ("20260714-1035", SECOND),
    ("20260713", FIRST),
    ("latest", THIRD),
])  # fmt: skip
def test_a_session_is_named_by_its_id_by_a_beginning_or_as_the_latest(wanted: str, meant: str):
    assert session_named(wanted, SESSIONS) == meant


def test_an_id_in_full_is_that_session_though_another_begins_with_it():
    assert session_named("20260714-1035-main", ("20260714-1035-main", "20260714-1035-main-2")) == (
        "20260714-1035-main"
    )


def test_a_beginning_of_several_is_refused_with_each_of_them():
    with pytest.raises(CommandFailed, match=rf"{SECOND}.*{THIRD}") as refused:
        session_named("20260714", SESSIONS)

    assert refused.value.code is Exit.USAGE
    assert FIRST not in str(refused.value)


def test_of_many_that_may_be_meant_a_few_are_named_and_the_rest_counted():
    sessions = tuple(f"20260714-{hour}05-main-ab12" for hour in range(10, 20))

    with pytest.raises(CommandFailed) as refused:
        session_named("2026", sessions)

    assert [one in str(refused.value) for one in sessions] == [True] * 4 + [False] * 6
    assert " 6 " in str(refused.value)


@pytest.mark.parametrize(("wanted", "sessions"), [("20300101", SESSIONS), ("", (FIRST,)), ("latest", ())])
def test_what_names_no_session_is_refused(wanted: str, sessions: tuple[str, ...]):
    with pytest.raises(CommandFailed) as refused:
        session_named(wanted, sessions)

    assert refused.value.code is Exit.USAGE
    assert repr(wanted) in str(refused.value)
