"""A property that is worked out once: for each value its own, and nothing of the value changes by it."""

from __future__ import annotations

from services.domain.kept import Kept
from services.domain.value import Value

asked: list[int] = []


class Number(Value, frozen=True, kw_only=True, dict=True):
    of: int

    @Kept
    def doubled(self) -> int:
        """Twice the number."""
        asked.append(self.of)
        return 2 * self.of


def test_it_is_worked_out_when_it_is_first_asked_for_and_once_for_each_value():
    asked.clear()
    one, other = Number(of=1), Number(of=2)

    answers = [one.doubled, other.doubled, one.doubled, other.doubled]

    assert (answers, asked) == ([2, 4, 2, 4], [1, 2])


def test_a_value_that_keeps_it_is_the_same_value():
    one, other = Number(of=1), Number(of=1)

    told = one.doubled

    assert told == 2
    assert (one == other, hash(one) == hash(other), repr(one)) == (True, True, repr(other))


def test_a_class_tells_what_the_property_is():
    assert Number.doubled.__doc__ == "Twice the number."
