"""What docs/ says of files, fields, steps and rules is all there is of them, and is true."""

import json
import re
from pathlib import Path

import pytest

from services.domain.events import Outcome
from services.domain.fills import Fees, MovementKind
from services.domain.orders import Rule
from services.journal.codec import KINDS
from services.journal.schema import EVENT_COLUMNS
from services.journal.sql_store import SqlStore
from services.market.price_files import PriceFileError, load_prices
from tests.command_line import call, trail

DOCS = Path(__file__).parents[1] / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def first_column(text: str, heading: str) -> list[str]:
    """Return the names in the first column of the first table whose first heading is `heading`."""
    rows = text.partition(f"| {heading} |")[2].split("\n\n")[0].splitlines()[2:]
    return [re.findall(r"`([^`]+)`", row.split("|")[1])[0] for row in rows]


def named(text: str) -> set[str]:
    return set(re.findall(r"`([^`\n]+)`", text))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's data folder; read only."""
    folder = tmp_path_factory.mktemp("demo")
    done = call("--demo", "--data-dir", folder, "--no-report", "--json")
    assert done.code == 0
    return folder


def test_every_field_of_the_audit_trail_is_described_once_in_its_order(demo: Path):
    lines = trail(demo)
    described = first_column(page("position-jsonl.md"), "field")

    assert [name for name in described if name != "this_action"] == list(lines[0])
    assert {tuple(line) for line in lines[1:]} == {tuple(described)}


def test_every_action_and_fee_is_named():
    actions = {"buy", "sell", "no_trade", *(str(kind) for kind in MovementKind)}
    fees = {*Fees.__dataclass_fields__, "total"}

    assert actions | fees <= named(page("position-jsonl.md"))


def test_every_rule_of_refusal_is_described_in_its_order():
    assert first_column(page("position-jsonl.md"), "`rule`") == [str(rule) for rule in Rule]


def test_every_column_of_the_journal_is_described_in_its_order():
    assert first_column(page("journal.md"), "column of `events`") == list(EVENT_COLUMNS)


def test_every_kind_and_outcome_of_the_journal_is_named():
    assert set(KINDS) <= named(page("journal.md"))
    assert set(first_column(page("journal.md"), "outcome")) == {str(outcome) for outcome in Outcome}


def test_a_name_that_is_missing_would_be_seen():
    assert first_column("| field | x |\n| --- | --- |\n| `a` | 1 |\n| `b` | 2 |\n\n| `c` |", "field") == [
        "a",
        "b",
    ]
    assert named("`a` and `b c`, not d") == {"a", "b c"}


def test_every_step_of_the_demos_journal_is_described(demo: Path):
    store = SqlStore.open_read_only(demo / "main" / "journal.sqlite3", "main")
    events = tuple(store.events())
    store.close()

    described = {re.sub(r"^lateN:", "", name).partition(":")[0] for name in named(page("journal.md"))}
    written = {re.sub(r"^late\d+:", "", event.step).partition(":")[0] for event in events}
    table = dict(re.findall(r"^\| `([a-z_]+)[^|]*\| ([^|]+) \|", page("journal.md"), re.MULTILINE))

    assert len(written) > 15
    assert written - described == set()
    told = [event for event in events if event.session and not event.step.startswith("late")]
    assert {
        (event.step, event.kind)
        for event in told
        if event.kind != "body_ref" and event.kind not in named(table[event.step.partition(":")[0]])
    } == set()


def test_the_example_price_file_loads_with_its_declared_facts(tmp_path: Path):
    examples = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", page("prices.md"), re.DOTALL)]
    series, facts = examples
    path = tmp_path / "prices.jsonl"
    path.write_text(json.dumps(series, ensure_ascii=False) + "\n", encoding="utf-8")
    path.with_name("prices.jsonl.meta.json").write_text(json.dumps(facts), encoding="utf-8")

    panel = load_prices(path, cache_dir=None)

    assert (panel.symbols, panel.names) == (("600519.SH",), ("贵州茅台",))
    assert (panel.close[0, 0], str(panel.adjustment), str(panel.volume_unit)) == (1455.1, "raw", "share")
    assert str(panel.actions[0].cash_per_share) == "23.957"


def test_a_fact_that_is_not_described_is_refused(tmp_path: Path):
    path = tmp_path / "prices.csv"
    path.write_text("ts_code,trade_date,open,high,low,close,vol\n600000.SH,20251010,1,1,1,1,1\n")
    path.with_name("prices.csv.meta.json").write_text('{"moon": 1}')

    with pytest.raises(PriceFileError, match="moon"):
        load_prices(path, cache_dir=None)


def test_the_example_line_has_every_field_and_its_sums():
    text = re.search(r"```json\n(.*?)```", page("position-jsonl.md"), re.DOTALL)
    assert text is not None
    line = json.loads(text[1])

    assert list(line) == first_column(page("position-jsonl.md"), "field")
    # 5.00 + 0.00 + 0.01 = 5.01; 100000.00 - 1000.00 - 5.01 = 98994.99
    assert line["fees"]["total"] == "5.01"
    assert line["positions"]["CASH"] == 98994.99
