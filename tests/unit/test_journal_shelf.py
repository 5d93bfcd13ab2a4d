"""A journal of a process that stays up: what is long over is let go, and read again when asked for."""

from __future__ import annotations

from services.domain.events import Event
from services.journal.shelf import PAGE_EVENTS, Shelf, paged


def event(seq: int) -> Event:
    return Event(seq, "main", f"s{seq // 10}", f"step{seq}", "closed", 1, "", "{}", "", f"h{seq}")


def stored(count: int) -> tuple[list[Event], list[tuple[int, int]]]:
    return [event(seq) for seq in range(1, count + 1)], []


def shelf_of(count: int, forgotten: int) -> tuple[Shelf, list[Event], list[tuple[int, int]]]:
    there, asked = stored(count)

    def read(first: int, last: int) -> list[Event]:
        asked.append((first, last))
        return there[first - 1 : last]

    shelf = Shelf(read)
    for one in there:
        shelf.append(one)
    shelf.forget(forgotten + 1)
    return shelf, there, asked


def test_it_is_the_journal_whatever_was_let_go():
    for forgotten in (0, 1, 7, 1_200, 1_300):
        shelf, there, _ = shelf_of(1_300, forgotten)

        assert len(shelf) == 1_300
        assert list(shelf) == there
        assert list(reversed(shelf)) == there[::-1]
        assert (shelf[0], shelf[-1], shelf[700]) == (there[0], there[-1], there[700])
        assert shelf[3:6] == tuple(there[3:6])
        assert shelf[-4:] == tuple(there[-4:])


def test_what_is_at_hand_is_not_read_again():
    shelf, there, asked = shelf_of(1_300, 1_000)

    assert shelf[1_000] == there[1_000]
    assert next(reversed(shelf)) == there[-1]
    assert asked == []


def test_who_stops_early_going_back_reads_no_more_than_a_page():
    shelf, there, asked = shelf_of(2_000, 1_900)

    found = next(one for one in reversed(shelf) if one.seq == 1_850)

    assert found == there[1_849]
    assert asked == [(1_901 - PAGE_EVENTS, 1_900)]


def test_nothing_is_let_go_twice():
    shelf, there, _ = shelf_of(20, 10)

    shelf.forget(5)
    shelf.forget(11)

    assert list(shelf) == there


def test_a_store_is_read_page_by_page_to_its_end():
    there, asked = stored(2 * PAGE_EVENTS)

    def read(first: int, last: int) -> list[Event]:
        asked.append((first, last))
        return there[first - 1 : last]

    assert list(paged(read)) == there
    assert len(asked) == 3
