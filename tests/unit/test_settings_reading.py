"""Plain values made sections of the configuration: what each kind of key takes, and all that is refused."""

import copy
import os
import pickle
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest

from services.domain.instruments import Market
from services.settings import Settings
from services.settings_keys import all_keys, keys_of, kind_of, section_in
from services.settings_reading import UNKNOWN, Refused, read_section
from services.settings_sections import ModelSettings
from services.settings_values import (
    About,
    Beside,
    Check,
    Distinct,
    NotEmpty,
    Pattern,
    Places,
    Range,
    Secret,
    Section,
)

ROOT = Path(__file__).parents[2]


def _not_more(least: int, most: int) -> None:
    if least > most:
        raise ValueError("is more than `most`")


class Inner(Section, frozen=True, kw_only=True):
    """One of a list."""

    name: str
    size: Annotated[int, Range(ge=1, le=9)] = 1


class Outer(Section, frozen=True, kw_only=True):
    """A section of every kind of key."""

    other_names: ClassVar[Mapping[str, str]] = {"title": "text"}

    truth: bool = False
    whole: int | None = None
    fraction: Annotated[float, Range(gt=0, le=60)] = 1.0
    money: Annotated[Decimal | None, Range(ge=0), Places(2)] = None
    text: Annotated[str, Pattern("[a-z]*")] = ""
    path: Path | None = None
    day: date | None = None
    at: time | None = None
    market: Market = Market.CN
    secret: Secret | None = None
    words: Annotated[tuple[str, ...], NotEmpty(), Distinct("names a word twice")] = ("one",)
    weights: Annotated[Mapping[str, Decimal], About("Of each.")] = {}
    anything: Mapping[str, Any] = {}
    inner: Inner | None = None
    inners: tuple[Inner, ...] = ()
    most: Annotated[int, Range(ge=0)] = 5
    least: Annotated[int, Beside("most", _not_more)] = 0
    upper: Annotated[str, Check(str.upper)] = ""

    def check(self) -> None:
        if self.text == "needy" and self.whole is None:
            raise ValueError("needs whole")


def problems(raw: object) -> dict[tuple[int | str, ...], str]:
    with pytest.raises(Refused) as refused:
        read_section(Outer, raw)
    return {one.at: one.what for one in refused.value.problems}


@pytest.mark.parametrize(
    ("key", "written", "value"),
    [
        ("truth", "yes", True),
        ("truth", "OFF", False),
        ("truth", 0, False),
        ("truth", Decimal("0.0"), False),
        ("whole", "12", 12),
        ("whole", "1e3", 1000),
        ("whole", "1e100", 10**100),
        ("whole", Decimal("7.00"), 7),
        ("whole", None, None),
        ("fraction", Decimal("0.5"), 0.5),
        ("fraction", 60, 60.0),
        ("money", "5.000", Decimal("5.000")),
        ("money", Decimal("1E+2"), Decimal("100")),
        ("money", 0.25, Decimal("0.25")),
        ("money", Decimal("1E+4000"), Decimal("1E+4000")),
        ("text", "abc", "abc"),
        ("path", "a/b.csv", Path("a/b.csv")),
        ("day", "2024-02-29", date(2024, 2, 29)),
        ("day", date(2024, 2, 29), date(2024, 2, 29)),
        ("at", "09:35", time(9, 35)),
        ("market", "us", Market.US),
        ("secret", "abcd", Secret("abcd")),
        ("secret", Secret("abcd"), Secret("abcd")),
        ("words", ["a", 5, Decimal("1.50")], ("a", "5", "1.50")),
        ("weights", {"a": "0.10"}, {"a": Decimal("0.10")}),
        ("anything", {"a": [1, None]}, {"a": [1, None]}),
        ("inners", [Inner(name="a"), Inner(name="b", size=2)], (Inner(name="a"), Inner(name="b", size=2))),
        ("most", 0, 0),
        ("upper", "ab", "AB"),
    ],
)  # fmt: skip
def test_what_a_key_takes_and_what_becomes_of_it(key: str, written: object, value: object):
    found = getattr(read_section(Outer, {key: written}), key)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("truth", [2, "perhaps", "", " yes", None, [], Decimal("1E-400")]),
        ("whole", [True, 1.5, "1.5", "1 000", "0x10", "٣", [], "nan", 1e400, "1e1000"]),
        ("whole", [Decimal("NaN"), Decimal("1E+5000")]),
        ("fraction", [0, 61, True, float("nan"), float("inf"), Decimal("1E+400"), None, "x"]),
        ("money", [Decimal("0.001"), -1, Decimal("Infinity"), Decimal("sNaN"), "1,000", {}]),
        ("money", [Decimal("1E+4001"), Decimal("1E-4001"), Decimal("0E-4001")]),
        ("text", ["A", "a\n", True, None, []]),
        ("path", [1, True, [], "a\0b"]),
        ("day", ["2025-02-29", "2025-1-1", 20250101, datetime(2025, 1, 1, tzinfo=UTC)]),
        ("at", ["9:35", "24:00", "09:35:00", 935]),
        ("market", ["US", "hk", 1, [], None]),
        ("secret", [True, []]),
        ("words", ["a", [], ["a", "a"], {"a": 1}, None]),
        ("weights", ["a", [], None]),
        ("inners", [{}, "a", None]),
        ("inner", [[], "a", 5]),
        ("upper", ["\ud800", "a\0b"]),  # Half a character, and one at which a file's name would end.
    ],
)  # fmt: skip
def test_what_a_key_does_not_take_is_refused_at_it(key: str, wrong: list[object]):
    for written in wrong:
        assert list(problems({key: written})) == [(key,)]


@pytest.mark.skipif(os.name == "nt", reason="a file's name may hold half a character there")
def test_a_path_that_no_file_can_be_named_by_is_refused_and_bytes_of_another_encoding_are_none():
    assert list(problems({"path": "a\ud800"})) == [("path",)]
    assert read_section(Outer, {"path": "a\udcff"}).path == Path(os.fsdecode(b"a\xff"))


@pytest.mark.parametrize("value", ["\ud800", ["\ud800"], {"a": [1, "\ud800"]}, {"\ud800": 1}])
def test_text_that_nothing_can_send_is_refused_wherever_any_value_goes(value: object):
    assert list(problems({"anything": {"sent": value}})) == [("anything", "sent")]


def test_a_refusal_names_both_ends_of_the_range():
    assert "more than 0 and at most 60" in problems({"fraction": 61})[("fraction",)]


def test_a_refusal_names_every_choice_as_it_is_written():
    assert problems({"market": "hk"})[("market",)].endswith("'cn' or 'us'")


def test_everything_that_is_wrong_is_told_in_the_order_of_the_keys():
    raw = {
        "zzz": 1, "inners": [{"name": "a", "size": 0, "sise": 1}, {}, 5], "words": ["a", None],
        "weights": {"a": "x", "b": 1, "c": []}, "truth": "perhaps", "written": [],
    }  # fmt: skip

    assert list(problems(raw)) == [
        ("truth",), ("words", 1), ("weights", "a"), ("weights", "c"),
        ("inners", 0, "size"), ("inners", 0, "sise"), ("inners", 1, "name"), ("inners", 2),
        ("zzz",), ("written",),
    ]  # fmt: skip
    assert problems(raw)[("zzz",)] == problems(raw)[("written",)] == UNKNOWN


def test_what_is_no_mapping_is_refused_as_a_whole():
    assert list(problems([])) == list(problems("text")) == [()]


def test_a_key_is_held_against_another_unless_that_one_was_refused_itself():
    assert list(problems({"least": 6})) == [("least",)]  # More than the 5 that `most` is by default.
    assert list(problems({"least": 3, "most": 2})) == [("least",)]
    assert list(problems({"least": 6, "most": -1})) == [("most",)]
    assert read_section(Outer, {"least": 6, "most": 6}).least == 6


def test_keys_are_held_together_where_each_of_them_is_right():
    assert problems({"text": "needy"}) == {(): "needs whole"}
    assert list(problems({"text": "needy", "whole": "x"})) == [("whole",)]
    assert read_section(Outer, {"text": "needy", "whole": 1}).whole == 1


def test_a_key_may_be_spelled_as_elsewhere_but_not_twice():
    assert read_section(Outer, {"title": "abc"}).text == "abc"
    assert list(problems({"title": "ABC"})) == [("text",)]
    assert "'title'" in problems({"title": "abc", "text": "abc"})[()]


def test_what_was_written_is_known_apart_from_what_is_so_by_default():
    found = read_section(Outer, {"truth": False, "title": "", "inners": [{"name": "a"}]})

    assert found.written == {"truth", "text", "inners"}
    assert found.inners[0].written == {"name"}
    assert Outer().written == frozenset()


def test_a_section_that_spells_out_a_default_equals_one_that_does_not():
    plain, spelt = (read_section(Outer, {"inner": {"name": "a"} | more}) for more in ({}, {"size": 1}))

    assert plain == spelt
    assert hash(plain.inner) == hash(spelt.inner)
    assert plain != read_section(Outer, {"inner": {"name": "a", "size": 2}})
    assert Inner(name="a") != ModelSettings(name="a", model="b")


def test_what_was_refused_is_not_in_the_error_and_a_list_or_a_mapping_is_not_passed_on():
    with pytest.raises(Refused) as refused:
        read_section(Outer, {"text": "SECRET", "words": "SECRET", "inner": "SECRET"})

    assert "SECRET" not in str(refused.value) + repr(refused.value.problems)
    assert [one.given for one in refused.value.problems] == ["SECRET", None, None]


def test_a_secret_shows_nowhere_and_is_one_with_its_like():
    secret = Secret("canary-1")
    held = read_section(Outer, {"secret": secret})

    for shown in (repr(secret), str(secret), f"{secret}", repr(held), str(held), str(asdict(held))):
        assert "canary-1" not in shown
    assert secret.reveal() == "canary-1"
    assert secret == Secret("canary-1") == copy.deepcopy(secret) == pickle.loads(pickle.dumps(secret))
    assert len({secret, Secret("canary-1"), Secret("canary-2")}) == 2
    assert secret != "canary-1"
    assert secret != Secret("canary-2")


def test_keys_are_found_by_what_the_sections_declare():
    assert list(keys_of(Inner)) == ["name", "size"]
    assert kind_of(keys_of(Outer)["money"].type).of is Decimal
    assert section_in(kind_of(keys_of(Settings)["models"].type)) is ModelSettings
    assert list(all_keys(Outer))[-7:] == [
        "inner.name", "inner.size", "inners[].name", "inners[].size", "most", "least", "upper",
    ]  # fmt: skip


def test_a_key_is_of_one_type_or_null():
    assert kind_of(int | None).optional
    with pytest.raises(TypeError):
        kind_of(int | str | None)


def test_every_key_is_described():
    described = []

    def walk(section: type[Section]) -> None:
        for name, key in keys_of(section).items():
            kind = kind_of(key.type)
            nested = section_in(kind)
            described.append(nested is not None or any(isinstance(mark, About) for mark in kind.marks))
            assert described[-1], name
            if nested is not None:
                walk(nested)

    walk(Settings)

    assert len(described) > 200


def test_reading_a_configuration_loads_no_other_library_for_it():
    code = (
        "import sys\n"
        "from services.settings_file import load_settings\n"
        "load_settings(None, environment={}, dotenv=None).config_hash\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)

    loaded = set(done.stdout.split())
    assert "services.settings_reading" in loaded
    assert loaded & {"pydantic", "pydantic_core", "annotated_types", "email", "importlib.metadata"} == set()
