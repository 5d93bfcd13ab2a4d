from __future__ import annotations

import json
from decimal import Decimal

import orjson
import pytest

from monitor.summary import summarise
from services.domain.bars import CorporateAction
from services.domain.events import Outcome, Verdicts
from services.domain.fills import Fees
from services.domain.orders import Rule, Side
from tests.monitor_journal import MON, TUE, A, JournalByHand, daily_panel, refused, terms_of, three_days

CONTRACT = (
    "mode frequency account run_id sessions completed no_trade orders fills refusals",
    "initial_cash final_cash final_equity return max_drawdown sharpe fees positions",
)


def test_the_json_has_every_figure_of_the_contract():
    written = summarise(three_days().events, daily_panel()).as_json()

    assert [name for name in " ".join(CONTRACT).split() if name not in written] == []
    assert json.loads(json.dumps(written, allow_nan=False)) == written


def test_the_json_of_a_market_with_dividends_holds_plain_numbers():
    action = CorporateAction(
        symbol=A, ex_date=TUE, cash_per_share=Decimal("0.50"), shares_per_share=Decimal("0")
    )

    written = summarise(three_days().events, daily_panel(actions=(action,))).as_json()

    # 11250 / 10000 as without it, and 0.50 on each of 500 A.
    assert orjson.loads(orjson.dumps(written))["benchmark_return"] == pytest.approx(0.15)


def test_figures_of_three_days_worked_by_hand():
    written = summarise(three_days().events, daily_panel()).as_json()

    assert (written["sessions"], written["completed"], written["no_trade"]) == (3, 2, 1)
    assert (written["orders"], written["fills"]) == (2, 2)
    assert written["refusals"] == {"cash": 1, "t_plus_1": 1}
    assert written["initial_cash"] == 10000.0
    assert written["final_cash"] == written["final_equity"] == 10189.38
    assert written["return"] == pytest.approx(0.018938)
    assert written["max_drawdown"] == 0.0  # 10000, 10044.99, 10144.99, 10189.38 at the days' ends
    assert written["fees"] == {
        "commission": 10.0,
        "stamp_duty": 0.6,
        "transfer_fee": 0.02,
        "handling_fee": 0.0,
        "csrc_fee": 0.0,
        "total": 10.62,
    }
    assert written["positions"] == {}
    assert written["benchmark_return"] == pytest.approx(0.125)  # 11250 / 10000


def test_what_is_held_at_the_end_counts_at_the_last_close():
    journal = JournalByHand()
    journal.genesis()
    journal.open(MON)
    order = terms_of(journal.session, Side.BUY, 100)
    journal.trade(order, "10.00", Fees(commission=Decimal("5.00")))
    journal.close()
    journal.finish()

    summary = summarise(journal.events, daily_panel())

    (held,) = summary.positions
    assert (held.symbol, held.name, held.shares) == (A, "甲", 100)
    assert (held.cost_cny, held.price_cny, held.value_cny) == (
        Decimal("1000.00"),
        Decimal("10.5"),
        Decimal("1050.00"),
    )
    assert summary.final_equity_cny == Decimal("10045.00")  # 10000 - 1005 + 1050
    assert summary.as_json()["positions"] == {"600519.SH": 100}


def test_a_run_without_a_trade_has_no_sharpe_ratio_and_no_nan():
    journal = JournalByHand()
    journal.genesis()
    journal.open(MON)
    journal.close(Outcome.NO_TRADE)
    journal.finish()

    written = summarise(journal.events, daily_panel()).as_json()

    assert written["sharpe"] is None
    assert written["return"] == 0.0


def test_an_empty_journal_has_a_summary():
    written = summarise((), None).as_json()

    assert (written["sessions"], written["final_equity"], written["max_drawdown"]) == (0, 0.0, None)


@pytest.mark.parametrize("by", ["genesis", "panel"])
def test_an_invented_market_is_marked(by: str):
    journal = JournalByHand()
    journal.genesis(synthetic=by == "genesis")

    assert summarise(journal.events, daily_panel(synthetic=by == "panel")).synthetic


def test_a_real_market_is_not_marked_as_invented():
    assert not summarise(three_days().events, daily_panel()).synthetic


@pytest.mark.parametrize(
    ("outcome", "completed", "no_trade"),
    [
        (Outcome.DONE, 1, 0),
        (Outcome.NO_TRADE, 0, 1),
        (Outcome.RISK_ONLY, 0, 1),
        (Outcome.MARKET_CLOSED, 0, 1),
        (Outcome.MISSED, 0, 0),
        (Outcome.FAILED, 0, 0),
        (Outcome.HALTED, 0, 0),
    ],
)
def test_a_session_is_counted_by_the_state_it_ended_in(outcome: Outcome, completed: int, no_trade: int):
    journal = JournalByHand()
    journal.genesis()
    journal.open(MON)
    journal.close(outcome)

    summary = summarise(journal.events, daily_panel())

    assert (summary.sessions, summary.completed, summary.no_trade) == (1, completed, no_trade)


def test_a_session_of_exits_alone_completed():
    journal = JournalByHand()
    journal.genesis()
    journal.open(MON)
    journal.trade(terms_of(journal.session, Side.BUY, 100), "10.00", Fees())
    journal.close(Outcome.RISK_ONLY)

    assert summarise(journal.events, daily_panel()).completed == 1


def test_the_settings_of_the_journal_are_in_the_json_without_the_watchlist_again():
    journal = JournalByHand()
    journal.genesis()
    journal.settings(slippage_bp='"0"', grace_s="300", watchlist='["600519.SH"]')

    written = summarise(journal.events, None).as_json()

    assert written["settings"] == {"slippage_bp": "0", "grace_s": 300}
    assert written["watchlist"] == ["600519.SH", "000001.SZ"]


def test_refusals_of_all_verdicts_of_a_session_count_each_once():
    journal = JournalByHand()
    journal.genesis()
    journal.open(MON)
    journal.write("verdicts", Verdicts(refused=(refused(Rule.TICK), refused(Rule.CASH, index=1))))
    journal.write("funded", Verdicts(refused=(refused(Rule.CASH, index=1), refused(Rule.CASH, index=2))))

    assert summarise(journal.events, None).refusals == {"cash": 2, "tick": 1}
