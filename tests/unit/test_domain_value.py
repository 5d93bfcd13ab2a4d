"""Records as structs that the standard library takes for dataclasses."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
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


def test_every_record_of_the_program_can_be_replaced_by_the_standard_library():
    for folder in ("services", "risk", "agents", "monitor", "scheduler", "commands"):
        for one in pkgutil.walk_packages([folder], f"{folder}."):
            importlib.import_module(one.name)
    records = [*of_kind(Value)]

    assert len(records) > 150
    assert [one.__name__ for one in records if len(fields(one)) != len(one.__struct_fields__)] == []


def of_kind(kind: type[Value]) -> Iterator[type[Value]]:
    for one in kind.__subclasses__():
        yield one
        yield from of_kind(one)
