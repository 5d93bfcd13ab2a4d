from __future__ import annotations

from hashlib import sha256

import pytest

from services.domain.events import Event
from services.journal.chain import (
    GENESIS_HASH,
    Break,
    ChainBreak,
    Head,
    first_break,
    link,
    require_digests,
)
from services.ports import JournalFault


def chain(length: int) -> list[Event]:
    events: list[Event] = []
    for seq in range(1, length + 1):
        prev = events[-1].hash if events else GENESIS_HASH
        events.append(link(seq, "main", "s", f"step-{seq}", "halt", 1, "at", '{"n":1}', prev))
    return events


def found(events: list[Event], head: Head | None = None) -> tuple[int, Break] | None:
    broken = first_break(events, head)
    return None if broken is None else (broken.seq, broken.what)


def test_the_hash_of_an_event_is_of_the_json_array_of_its_columns():
    event = link(7, "main", "s-1", "fill:开", "fill", 1, "2026-07-06T02:35:00+00:00", '{"a":"b"}', "0" * 64)

    written = (
        '[7,"main","s-1","fill:开","fill",1,"2026-07-06T02:35:00+00:00","{\\"a\\":\\"b\\"}","'
        + "0" * 64
        + '"]'
    )
    assert event.hash == sha256(written.encode()).hexdigest()
    assert event == Event(
        7,
        "main",
        "s-1",
        "fill:开",
        "fill",
        1,
        "2026-07-06T02:35:00+00:00",
        '{"a":"b"}',
        "0" * 64,
        event.hash,
    )


def test_moving_a_character_from_one_column_to_the_next_changes_the_hash():
    columns = ("main", "session", "step", "kind", 1, "at", "{}", GENESIS_HASH)
    moved = ("main", "sessio", "nstep", "kind", 1, "at", "{}", GENESIS_HASH)

    assert link(1, *columns).hash != link(1, *moved).hash


def test_an_unbroken_chain_has_no_break():
    assert first_break([]) is None
    assert first_break([], Head()) is None
    assert first_break(chain(1)) is None
    assert first_break(chain(9), Head(seq=9, hash=chain(9)[-1].hash)) is None


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"seq": 30}, Break.SEQ),
        ({"account": "mine"}, Break.ACCOUNT),
        ({"session": "S"}, Break.HASH),
        ({"step": ""}, Break.HASH),
        ({"kind": "hold"}, Break.HASH),
        ({"version": 2}, Break.HASH),
        ({"at": "At"}, Break.HASH),
        ({"body": '{"n":2}'}, Break.HASH),
        ({"prev": "1" * 64}, Break.PREV),
        ({"hash": "1" * 64}, Break.HASH),
    ],
)
def test_a_change_of_any_column_is_found_at_its_event(changes: dict[str, object], what: Break):
    events = chain(5)
    events[2] = events[2]._replace(**changes)  # type: ignore[arg-type] # The names are Event's own.

    broken = first_break(events)

    assert isinstance(broken, ChainBreak)
    assert broken.what is what
    assert broken.seq == 3


def test_a_change_of_the_only_account_name_is_found_too():
    events = [event._replace(account="mine") for event in chain(3)]

    assert found(events) == (1, Break.HASH)


def test_an_event_rewritten_with_a_fitting_hash_is_found_at_the_next():
    events = chain(5)
    old = events[2]
    events[2] = link(3, "main", "s", old.step, "halt", 1, "at", '{"n":2}', old.prev)

    assert found(events) == (4, Break.PREV)


def test_deleted_swapped_doubled_and_cut_events_are_found():
    events = chain(5)
    whole = Head(seq=5, hash=events[-1].hash)

    assert found(events[1:]) == (1, Break.SEQ)
    assert found([*events[:2], *events[3:]]) == (3, Break.SEQ)
    assert found([events[0], events[2], events[1], *events[3:]]) == (2, Break.SEQ)
    assert found([*events[:2], *events[1:]]) == (3, Break.SEQ)
    assert found(events[:4], whole) == (5, Break.HEAD)
    assert found([], whole) == (1, Break.HEAD)


def test_an_event_written_behind_the_heads_back_is_found():
    events = chain(5)

    assert found(events, Head(seq=4, hash=events[3].hash)) == (5, Break.HEAD)
    assert found(events, Head()) == (1, Break.HEAD)
    assert found(events, Head(seq=5, hash="1" * 64)) == (5, Break.HEAD)


def test_a_body_belongs_under_its_own_sha_256():
    digest = sha256(b"body").hexdigest()

    require_digests({digest: b"body"})
    with pytest.raises(JournalFault):
        require_digests({digest: b"Body"})
