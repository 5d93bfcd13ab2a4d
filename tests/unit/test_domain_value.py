"""Records as structs that the standard library takes for dataclasses."""

from __future__ import annotations

from dataclasses import asdict, fields, is_dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from msgspec import field

from services.domain.money import ZERO
from services.domain.value import Value

if TYPE_CHECKING:
    from collections.abc import Mapping


class Part(Value, frozen=True, kw_only=True):
    """A record inside another."""

    cost_cny: Decimal = ZERO


class Whole(Value, frozen=True, kw_only=True):
    """A field without a default, one with, one with a maker."""

    name: str
    part: Part = Part(cost_cny=Decimal("1.00"))
    notes: dict[str, int] = field(default_factory=dict)


class Unknown(Value, frozen=True, kw_only=True):
    """What it holds is imported for the type checker alone."""

    held: Mapping[str, int]


def test_a_value_cannot_be_changed():
    with pytest.raises(AttributeError):
        Part().cost_cny = Decimal("2.00")  # type: ignore[misc] # what is refused


def test_equal_values_are_equal_and_hash_alike():
    assert Part(cost_cny=Decimal("1.0")) == Part(cost_cny=Decimal("1.00"))
    assert hash(Part(cost_cny=Decimal("1.0"))) == hash(Part(cost_cny=Decimal("1.00")))


def test_a_copy_with_changes_leaves_the_value_as_it_was():
    whole = Whole(name="one")

    other = replace(whole, name="two")

    assert (whole.name, other.name, other.part) == ("one", "two", whole.part)


def test_the_standard_library_sees_its_fields():
    assert is_dataclass(Whole)
    assert [one.name for one in fields(Whole)] == ["name", "part", "notes"]
    assert asdict(Whole(name="one")) == {
        "name": "one",
        "part": {"cost_cny": Decimal("1.00")},
        "notes": {},
    }


def test_a_value_that_holds_what_only_a_type_checker_knows_is_replaced_like_any_other():
    assert replace(Unknown(held={}), held={"one": 1}).held == {"one": 1}


def test_a_maker_makes_a_new_default_for_each_value():
    assert Whole(name="one").notes is not Whole(name="two").notes
