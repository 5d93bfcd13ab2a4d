"""A session on record, lived again, comes out the same; a changed function is found and named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from commands.replay import Replayed
from commands.stored_account import stored_account
from risk.gate import Review
from services.domain.decision import Decision, RawAnswer
from services.domain.events import Verdicts
from services.domain.fills import Fees, Fill
from services.domain.orders import ApprovedOrder, OrderKind, OrderTerms
from services.journal import account as folding
from services.journal.account import Account
from services.journal.audit import AuditTrail
from services.journal.audit_line import Holdings, Line
from services.settings import Settings
from tests.replay.finished import DATA, TWO_DAYS, lived, ran, ran_demo, replayed, settings_in

Patch = pytest.MonkeyPatch


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return ran_demo(tmp_path_factory.mktemp("demo"), "paper", *TWO_DAYS)


def differing(results: tuple[Replayed, ...]) -> list[Replayed]:
    return [one for one in results if one.differences]


@pytest.mark.parametrize("mode", ["paper", "backtest"])
def test_every_session_of_the_demo_comes_out_the_same(tmp_path, mode):
    settings = ran_demo(tmp_path / "data", mode)

    results = lived(settings)

    assert len(results) == 20
    assert differing(results) == []
    assert sum(one.events for one in results) >= 300


@pytest.mark.parametrize("mode", ["paper", "backtest"])
@pytest.mark.parametrize(("frequency", "sessions"), [("daily", 29), ("hourly", 116)])
def test_every_session_on_real_prices_comes_out_the_same(tmp_path, mode, frequency, sessions):
    prices = DATA / "astock-2025" / f"{frequency}.jsonl"
    if not prices.exists():
        pytest.skip("the real prices do not lie beside this checkout")
    settings = settings_in(tmp_path / "data", mode=mode, frequency=frequency)
    ran(settings, prices=prices, start=date(2025, 10, 10), end=date(2025, 11, 19))

    results = lived(settings)

    assert len(results) == sessions
    assert differing(results) == []


def test_one_session_replays_by_its_id(demo):
    session = "20260714-1135"
    name = next(one.session for one in lived(demo) if one.session.startswith(session))

    code, said = replayed(demo, name)

    assert code == 0
    assert said["identical"] is True
    assert said["first_difference"] is None
    assert said["events"] > 10


def test_all_sessions_replay_in_one_command(demo):
    code, said = replayed(demo, "all")

    assert (code, said["sessions"], said["identical"], said["differing"]) == (0, 8, 8, [])


def test_a_replay_changes_no_byte(demo):
    before = {path: path.read_bytes() for path in demo.data_dir.rglob("*") if path.is_file()}

    lived(demo)

    after = {path: path.read_bytes() for path in demo.data_dir.rglob("*") if path.is_file()}
    assert after == before


# Each mutation: what it changes, and the kind of step that must be named.


def fold_of_a_fill(patch: Patch) -> None:
    true = folding._STEPS[Fill]

    def one_cent_off(account: Account, event: Any, value: Fill) -> None:
        true(account, event, replace(value, amount_cny=value.amount_cny + Decimal("0.01")))

    patch.setitem(folding._STEPS, Fill, one_cent_off)  # type: ignore[arg-type]  # A mapping that is a dict.


def fold_of_the_opening_book(patch: Patch) -> None:
    true = folding._STEPS[folding.Opened]

    def forgetful(account: Account, event: Any, value: Any) -> None:
        true(account, event, value)
        state = account.sessions[event.session]
        state.opening = replace(state.opening, lots=())

    patch.setitem(folding._STEPS, folding.Opened, forgetful)  # type: ignore[arg-type]  # The same.


def briefing_digest(patch: Patch) -> None:
    import scheduler.session as session

    true = session.brief
    patch.setattr(session, "brief", lambda **given: replace(true(**given), digest="0" * 64))


def parsed_shares(patch: Patch) -> None:
    import scheduler.session as session

    true = session.parse

    def greedy(answer: RawAnswer, watched: Any) -> Any:
        decision = true(answer, watched)
        if not isinstance(decision, Decision):
            return decision
        more = tuple(replace(one, shares=(one.shares or 0) + 100) for one in decision.intents)
        return replace(decision, intents=more)

    patch.setattr(session, "parse", greedy)


def parsed_usage(patch: Patch) -> None:
    import scheduler.session as session

    true = session.parse
    patch.setattr(session, "parse", lambda answer, watched: replace(true(answer, watched), model="another"))


def cash_set_aside(patch: Patch) -> None:
    import risk.gate as gate

    true = gate.fees_of
    patch.setattr(
        gate, "fees_of", lambda *given, **named: replace(true(*given, **named), csrc_fee=Decimal("0.01"))
    )


def rule_agent(patch: Patch) -> None:
    import agents.rule as rule

    true = rule.RuleAgent.decide

    async def contrary(self: Any, briefing: Any) -> RawAnswer:
        answer = await true(self, briefing)
        return replace(answer, text=answer.text.replace('"buy"', '"sell"'))

    patch.setattr(rule.RuleAgent, "decide", contrary)


def exchange_price(patch: Patch) -> None:
    import services.brokers.matcher as desk

    true = desk.price_on_offer

    def dearer(*given: Any) -> Decimal | None:
        price = true(*given)
        return None if price is None else price + Decimal("0.01")

    patch.setattr(desk, "price_on_offer", dearer)


def exchange_fees(patch: Patch) -> None:
    import services.brokers.matcher as desk

    true = desk.fees_of

    def dearer(*given: Any, **named: Any) -> Fees:
        fees = true(*given, **named)
        return replace(fees, transfer_fee=fees.transfer_fee + Decimal("0.01"))

    patch.setattr(desk, "fees_of", dearer)


def exchange_rejects(patch: Patch) -> None:
    from services.brokers.simulated import SimulatedExchange
    from services.domain.statement import Ack, AckKind

    async def refuse(_self: Any, _order: Any) -> Ack:
        return Ack(kind=AckKind.REJECTED, reason="another")

    patch.setattr(SimulatedExchange, "submit_order", refuse)


def outcome_of_a_session(patch: Patch) -> None:
    import scheduler.session as session
    from services.domain.events import Outcome

    patch.setattr(session, "_outcome", lambda *_given: (Outcome.DONE, "another"))


def audit_line(patch: Patch) -> None:
    true = AuditTrail._fill_line

    def another(self: AuditTrail, *given: Any) -> Line:
        line = true(self, *given)
        line.reason = "another"
        return line

    patch.setattr(AuditTrail, "_fill_line", another)


def audit_fold(patch: Patch) -> None:
    true = Holdings.turn_to
    patch.setattr(
        Holdings,
        "turn_to",
        lambda self, book: true(self, replace(book, cash_cny=book.cash_cny - Decimal("0.01"))),
    )


MUTATIONS: list[tuple[Callable[[Patch], None], str]] = [
    (fold_of_a_fill, "book"),
    (fold_of_the_opening_book, "book"),
    (briefing_digest, "briefing"),
    (parsed_shares, "decision"),
    (parsed_usage, "decision"),
    (cash_set_aside, "verdicts"),
    (rule_agent, "answer"),
    (exchange_price, "fill:"),
    (exchange_fees, "fill:"),
    (exchange_rejects, "sent:"),
    (outcome_of_a_session, "closed"),
    (audit_line, "position.jsonl"),
    (audit_fold, "position.jsonl"),
]


@pytest.mark.parametrize(("mutate", "step"), MUTATIONS, ids=[one.__name__ for one, _ in MUTATIONS])
def test_a_changed_function_is_found_and_its_step_named(demo, monkeypatch, mutate, step):
    mutate(monkeypatch)

    results = lived(demo)

    named = {one.step for result in results for one in result.differences}
    assert any(one.startswith(step) for one in named), named


@pytest.mark.parametrize(("mutate", "step"), MUTATIONS, ids=[one.__name__ for one, _ in MUTATIONS])
def test_a_changed_function_makes_replay_end_with_1(demo, monkeypatch, mutate, step):
    mutate(monkeypatch)

    code, said = replayed(demo, "all")

    assert code == 1
    assert said["identical"] < said["sessions"]


OTHER_TERMS: dict[str, Callable[[OrderTerms], Any]] = {
    "order_id": lambda terms: terms.order_id[::-1],
    "session": lambda terms: terms.session + "x",
    "symbol": lambda terms: "600000.SH",
    "side": lambda terms: "sell" if terms.side == "buy" else "buy",
    "shares": lambda terms: terms.shares + 100,
    "limit_cny": lambda terms: terms.limit_cny + Decimal("0.01"),
    "freeze_cny": lambda terms: terms.freeze_cny + Decimal("0.01"),
    "not_before": lambda terms: terms.not_before + timedelta(seconds=1),
    "send_by": lambda terms: terms.send_by + timedelta(seconds=1),
    "day": lambda terms: terms.day + timedelta(days=1),
    "why": lambda terms: terms.why + ".",
    "origin": lambda terms: "exit",
    "index": lambda terms: terms.index + 1,
    "rules_version": lambda terms: terms.rules_version + "x",
    "approximate": lambda terms: not terms.approximate,
    "kind": lambda terms: OrderKind.STOP,
    "stop_cny": lambda terms: terms.limit_cny,
}


def test_the_changes_tried_cover_every_field_of_an_order():
    assert set(OTHER_TERMS) == set(OrderTerms.__dataclass_fields__)


@pytest.mark.parametrize("name", list(OTHER_TERMS))
def test_a_change_of_any_field_of_a_submit_is_found(demo, monkeypatch, name):
    import scheduler.session as session

    true = session.review

    def other(*given: Any) -> Review:
        judged: Review = true(*given)
        changed = tuple(replace(one, **{name: OTHER_TERMS[name](one)}) for one in judged.verdicts.approved)
        verdicts = replace(judged.verdicts, approved=changed)
        return Review(approved=tuple(ApprovedOrder(terms=one) for one in changed), verdicts=verdicts)

    monkeypatch.setattr(session, "review", other)

    results = lived(demo)

    found = [one for result in results for one in result.differences if one.step == "verdicts"]
    assert found != []
    assert name in found[0].field


@pytest.mark.parametrize("name", list(OTHER_TERMS))
def test_an_order_sent_otherwise_than_approved_is_found(demo, monkeypatch, name):
    # The verdicts stay true; what leaves does not.
    import scheduler.session as session

    true = session.review

    def other(*given: Any) -> Review:
        judged: Review = true(*given)
        changed = (replace(one, **{name: OTHER_TERMS[name](one)}) for one in judged.verdicts.approved)
        return replace(judged, approved=tuple(ApprovedOrder(terms=one) for one in changed))

    monkeypatch.setattr(session, "review", other)

    assert differing(lived(demo)) != []


def test_a_change_at_the_waking_of_waiting_orders_is_found(demo, monkeypatch):
    import scheduler.stages as stages

    true = stages.review

    def other(*given: Any) -> Review:
        judged: Review = true(*given)
        return replace(judged, verdicts=replace(judged.verdicts, refused=(), approved=()))

    monkeypatch.setattr(stages, "review", other)

    named = {one.step for result in lived(demo) for one in result.differences}

    assert any(step.startswith("late") and step.endswith("verdicts") for step in named), named


def test_a_change_of_what_the_sells_proceeds_pay_for_is_found(demo, monkeypatch):
    import scheduler.session as session

    monkeypatch.setattr(session, "fund", lambda *_given: Review(approved=(), verdicts=Verdicts()))

    named = {one.step for result in lived(demo) for one in result.differences}

    assert any(step.endswith("funded") for step in named), named


def test_other_versions_are_named_apart_from_differences(demo, monkeypatch):
    import commands.replay as command

    monkeypatch.setattr(command, "VERSIONS", {**command.VERSIONS, "rules": "of tomorrow"})
    name = lived(demo)[0].session

    code, said = replayed(demo, name)

    assert (code, said["identical"]) == (0, True)
    assert set(said["versions"]) == {"rules"}
    assert said["versions"]["rules"]["today"] == "of tomorrow"


def test_another_mind_shows_what_would_differ_and_writes_nothing(demo):
    name = next(one.session for one in lived(demo) if one.session.startswith("20260714-1035"))
    before = {path: path.read_bytes() for path in demo.data_dir.rglob("*") if path.is_file()}
    settings = replace(demo, agent_type="rule:hold")

    code, said = replayed(settings, name, "rule:hold")

    assert code == 0
    assert said["identical"] is False
    assert said["recorded"]["agent"].startswith("rule:momentum")
    assert said["recorded"]["fills"] != []
    assert said["other"]["agent"] == "rule:hold"
    assert (said["other"]["orders"], said["other"]["fills"]) == ([], [])
    assert {path: path.read_bytes() for path in demo.data_dir.rglob("*") if path.is_file()} == before


def test_the_same_mind_in_its_own_place_shows_no_difference(demo):
    name = next(one.session for one in lived(demo) if one.session.startswith("20260714-1035"))

    code, said = replayed(demo, name, "rule:momentum")

    assert (code, said["identical"], said["first_difference"]) == (0, True, None)


def test_a_changed_line_of_the_audit_trail_is_named_with_its_session(tmp_path):
    settings = ran_demo(tmp_path / "data", "paper", *TWO_DAYS)
    with stored_account(settings) as account:
        path = account.folder.audit
    lines = path.read_bytes().splitlines(keepends=True)
    lines[3] = lines[3].replace(b'"price":"', b'"price":"1', 1)
    path.write_bytes(b"".join(lines))

    (found,) = differing(lived(settings))

    assert found.session.encode() in lines[3]
    assert found.differences[0].step.startswith("position.jsonl")


def test_an_account_is_replayed_from_its_folder_alone(tmp_path):
    prices = _small_file(tmp_path)
    settings = settings_in(tmp_path / "data", mode="backtest", frequency="daily")
    ran(settings, prices=prices, start=date(2026, 7, 13), end=date(2026, 7, 14))
    prices.unlink()

    results = lived(settings)

    assert (len(results), differing(results)) == (2, [])


def _small_file(folder: Path) -> Path:
    rows = ["ts_code,trade_date,open,high,low,close,vol,amount,pre_close"]
    for day in (10, 13, 14):
        rows.append(f"600000.SH,202607{day},10.00,10.20,9.90,10.10,10000,10100000,10.00")
    path = folder / "small.csv"
    path.write_text("\n".join(rows) + "\n")
    return path
