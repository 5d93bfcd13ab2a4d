"""No answer gets an order outside a limit; and the judge that says so sees every bug planted for it."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from fractions import Fraction

import pytest

from risk.candidate import Proposal
from risk.examination import Earlier
from risk.gate import review
from risk.portfolio import Portfolio
from services.domain.decision import BadAnswerKind
from services.domain.fills import Fees
from services.domain.instruments import Symbol
from services.domain.orders import Side
from services.rules import Band
from tests.firewall import exchange_facts as facts
from tests.firewall.__main__ import main
from tests.firewall.campaign import run_cases, smallest
from tests.firewall.exchange_facts import Truth
from tests.firewall.markets import DAYS
from tests.firewall.oracle import in_order
from tests.firewall.trial import Trial, drawn, run_case, said
from tests.firewall.tricks import TRICKS

SEED = 20261120
CASES = 3000
TAKE = Portfolio.take


def test_no_hostile_answer_gets_an_order_outside_a_limit_and_nothing_crashes() -> None:
    tally = run_cases(SEED, range(CASES))

    assert tally.failed == []
    # It proves nothing where nothing gets through, or where few rules are ever asked.
    assert tally.orders_out > 800
    assert tally.funded > 20
    # No text is one that was not given.
    assert set(tally.bad) == {str(kind) for kind in BadAnswerKind} - {str(BadAnswerKind.NOT_GIVEN)}
    assert len(tally.refusals) >= 35
    assert len(tally.tricks) == 2 + len(TRICKS)


def test_most_bad_answers_can_be_mended_by_asking_again() -> None:
    tally = run_cases(SEED, range(1000))

    # 43 of the 55 tricks spoil the form of what could be said within the contract.
    assert tally.recoverable / sum(tally.bad.values()) > 0.7


def test_a_case_is_the_same_every_time() -> None:
    assert [run_case(SEED, number) for number in range(20)] == [
        run_case(SEED, number) for number in range(20)
    ]
    assert drawn(SEED, 3)[1].desk == drawn(SEED, 3)[1].desk


def without_its_cancel(portfolio: Portfolio, order: Proposal) -> None:
    TAKE(portfolio, order)
    portfolio.orders_today -= 1


def nothing(*_: object, **__: object) -> None:
    return None


class Forgetful(set[object]):
    """Keeps nothing that is put into it."""

    def add(self, _one: object) -> None:
        """Forget it."""


PLANTED: tuple[tuple[str, object, str], ...] = (
    ("risk.gate.fitted", nothing, "at most"),
    ("risk.pricing.cage_bound", nothing, "price cage"),
    ("risk.sizing.settlement_days", lambda *_: 0, "may be sold today"),
    ("risk.sizing.lot_problem", nothing, "no valid size"),
    ("risk.examination.trading_time", lambda *_: timedelta(0), "stale"),
    (
        "risk.examination.order_band",
        lambda *_, **__: Band(limit_down=None, limit_up=None),
        "outside the day's limits",
    ),
    ("risk.gate.fees_of", lambda *_, **__: Fees(), "freezes"),
    # Asked again until it fits; the sector nobody states unbound; a price too late; cancels forgotten.
    (
        "risk.gate.Earlier",
        lambda **given: Earlier(**given, seen=Forgetful()),
        "was asked for before",
    ),
    (
        "risk.limits.PortfolioLimits.sector_bound",
        lambda bounds, name: bounds.sector_ratio_max if name else None,
        "sector ''",
    ),
    ("risk.limits.Desk.unvalued", property(lambda _: ()), "an equity that is not known"),
    ("risk.portfolio.Portfolio.take", without_its_cancel, "orders and cancels in a day"),
    ("agents.parsing._require_single_keys", nothing, "the parser guessed: key_twice"),
)


@pytest.mark.parametrize(
    ("target", "bug", "finding"), PLANTED, ids=lambda one: one if isinstance(one, str) else ""
)
def test_a_planted_bug_is_seen(
    monkeypatch: pytest.MonkeyPatch, target: str, bug: object, finding: str
) -> None:
    monkeypatch.setattr(target, bug)

    found = (trial for number in range(CASES) for trial in [run_case(SEED, number)] if trial.violations)
    seen = next((trial for trial in found if any(finding in one for one in trial.violations)), None)

    assert seen is not None


def test_a_crash_is_counted_with_its_seed_and_case(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr("risk.examination.size", broken)

    tally = run_cases(SEED, range(40))

    assert tally.crashes > 0
    assert f"seed {SEED}, case " in tally.failed[0]
    assert "planted" in tally.failed[0]


def test_a_failure_is_shrunk_to_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("risk.sizing.settlement_days", lambda *_: 0)
    number = next(number for number in range(CASES) if run_case(SEED, number).violations)

    text = smallest(SEED, number)

    # One sale alone shows that shares of today are sold, under no limit at all.
    assert text.count("Intent(") == text.count(f"{Side.SELL!r}") == 1
    assert text.splitlines()[-1].startswith("limits:")


def test_the_command_answers_with_one_json_object(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["firewall", "--count", "100", "--seed", "3", "--processes", "1"])

    code = main()

    said = json.loads(capsys.readouterr().out)
    assert (code, said["seed"], said["answers"], said["violations"], said["crashes"]) == (0, 3, 100, 0, 0)


def test_the_command_fails_where_an_order_got_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("risk.gate.fees_of", lambda *_, **__: Fees())
    monkeypatch.setattr(sys, "argv", ["firewall", "--count", "100", "--seed", "3", "--processes", "1"])

    code = main()

    said = capsys.readouterr()
    assert code == 1
    assert json.loads(said.out)["violations"] > 0
    assert "smallest intents" in said.err


# Worked by hand from the exchanges' rules, for the judge must not be wrong in the way of the gate.
@pytest.mark.parametrize(("symbol", "truth", "day", "prev", "low", "high"), [
    # 10.05 x 1.1 = 11.055, half up; 10.05 x 0.9 = 9.045, half up.
    ("600000.SH", {}, 3, "10.05", "9.05", "11.06"),
    # The same on BSE at 30%: 10.05 x 1.3 = 13.065 down, 10.05 x 0.7 = 7.035 up.
    ("920001.BJ", {}, 3, "10.05", "7.04", "13.06"),
    # A warned share of the main board: 5% before 2026-07-06, 10% from then on.
    ("600000.SH", {"warned": True}, 2, "10.00", "9.50", "10.50"),
    ("600000.SH", {"warned": True}, 3, "10.00", "9.00", "11.00"),
    # 0.04 x 1.1 = 0.044 is no tick away from 0.04: one tick at least.
    ("000999.SZ", {}, 3, "0.04", "0.03", "0.05"),
    ("588000.SH", {}, 3, "1.000", "0.900", "1.100"),
])  # fmt: skip
def test_the_judge_knows_the_days_limits(
    symbol: str, truth: dict[str, bool], day: int, prev: str, low: str, high: str
) -> None:
    of = Symbol(symbol)
    board = facts.board_of(of, DAYS[day]) or ""

    found = facts.band(Truth(symbol=of, **truth), board, DAYS[day], Fraction(prev))  # type: ignore[arg-type]

    assert found == (Fraction(low), Fraction(high))


def test_orders_come_out_on_every_board() -> None:
    boards = set()
    for number in range(400):
        rng, scene = drawn(SEED, number)
        verdicts = review(said(rng, scene, Trial(trick="")), scene.desk).verdicts
        boards |= {facts.board_of(terms.symbol, terms.day) for terms in in_order(verdicts)}

    assert boards == {facts.MAIN, facts.STAR, facts.CHINEXT, facts.BSE, facts.FUND, facts.REIT, facts.BOND}
