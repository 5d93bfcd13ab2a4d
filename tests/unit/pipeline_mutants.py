"""What stands around the gate, each check spoiled on purpose, and the test that must turn red.

Exits, measures, facts that are needed, the account as found, halts on the way out, what wakes, the
fold, and what keeps real money from starting.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineMutant:
    """One change: `old` stands exactly once in `module` and becomes `new`; `red` is `file:test`."""

    module: str
    old: str
    new: str
    red: str


def _in(module: str, tests: str, *changes: tuple[str, str, str]) -> tuple[PipelineMutant, ...]:
    return tuple(
        PipelineMutant(module=module, old=old, new=new, red=f"{tests}:{red}") for old, new, red in changes
    )


PIPELINE_MUTANTS: tuple[PipelineMutant, ...] = (
    *_in(
        "risk.exits",
        "test_exits",
        (
            "drawdown = drawn_down(halts) if limits.exits.on_drawdown else None",
            "drawdown = drawn_down(halts)",
            "test_the_drawdown_that_halted_the_account_sells_everything_where_that_is_set",
        ),
        (
            "value <= cost * (1 - loss)",
            "value < cost * (1 - loss)",
            "test_the_boundary_is_exact_where_the_average_has_no_end",
        ),
        (
            "gain is not None and cost and",
            "gain is not None and",
            "test_shares_that_cost_nothing_have_neither_loss_nor_gain",
        ),
        (
            "last <= peak * (1 - fall)",
            "last < peak * (1 - fall)",
            "test_the_first_exit_that_applies_is_the_reason",
        ),
        (
            "    if held < most:",
            "    if held <= most:",
            "test_a_time_stop_counts_the_days_with_a_session_after_the_purchase",
        ),
        (
            "return (0, sealed) if shares > 0 and sealed is not None else (shares, rest)",
            "return shares, rest",
            "test_what_cannot_be_sold_now_stays_armed",
        ),
        (
            "if quote.suspended or facts.is_suspended(day):",
            "if quote.suspended:",
            "test_what_is_declared_suspended_for_the_day_waits",
        ),
        (
            "    for order in book.open_orders:\n        if order.symbol == symbol:\n            return 0",
            "    for order in ():\n        if order.symbol == symbol:\n            return 0",
            "test_while_an_order_in_the_symbol_is_open_its_exit_waits",
        ),
    ),
    *_in(
        "risk.measures",
        "test_risk_measures",
        (
            "volatile = lately > usually",
            "volatile = lately >= usually",
            "test_the_market_does_not_fall_on_an_ex_day",
        ),
        (
            "falling = bool(prices[-1] < mean)",
            "falling = bool(prices[-1] <= mean)",
            "test_the_market_falls_below_its_mean",
        ),
        (
            "2 * len(growth) < len(symbols)",
            "len(growth) < len(symbols)",
            "test_a_watchlist_of_which_half_is_unknown_is_no_market",
        ),
        (
            "int((1 - confidence) * (len(ordered) - 1))",
            "int((1 - confidence) * len(ordered))",
            "test_the_quantile_is_a_return_that_happened_and_the_worse_one_in_doubt",
        ),
        (
            "sqrt(self._squares[place] / (self._bars - 1))",
            "sqrt(self._squares[place] / self._bars)",
            "test_the_deviation_is_that_of_a_sample",
        ),
    ),
    *_in(
        "risk.examination",
        "test_gate_needed_facts",
        (
            "if not off_bars and (down is None or up is None):",
            "if down is None or up is None:",
            "test_prices_read_off_bars_stay_approximate",
        ),
    ),
    *_in(
        "risk.needed_facts",
        "test_gate_needed_facts",
        (
            "unknown_warning(quote, desk)\n        or listing",
            "listing",
            "test_a_fact_of_a_stock_that_could_not_be_told_refuses_with_its_reason",
        ),
        (
            "unknown_warning(quote, desk)\n        or listing",
            "unknown_warning(quote, desk)",
            "test_a_name_of_the_first_days_needs_the_day_of_the_listing",
        ),
        (
            "marks_of(quote.name).warned is not warned",
            "marks_of(quote.name).warned is warned",
            "test_a_vendors_name_and_the_facts_that_speak_differently_refuse_and_are_both_named",
        ),
        (
            'return stated if told is not None and told.kind is not None else stated or ""',
            "return stated",
            "test_no_name_tells_what_kind_of_fund_it_is",
        ),
    ),
    *_in(
        "scheduler.stocktaking",
        "test_limit_halts",
        (
            "if key_of(halt) not in map(key_of, standing.halts):",
            "if not standing.halts:",
            "test_a_streak_that_halted_the_account_does_not_hide_the_drawdown_which_sells_all",
        ),
        (
            "if key_of(halt) not in map(key_of, standing.halts):",
            "if True:",
            "test_a_limit_halts_under_a_persons_halt_too_once_and_one_lift_ends_both",
        ),
        (
            "peak = known if unpriced else max(known, equity)",
            "peak = max(known, equity)",
            "test_a_session_that_cannot_price_everything_makes_no_peak",
        ),
        (
            "equity_cny=None if unpriced else equity,\n        peak",
            "equity_cny=equity,\n        peak",
            "test_a_holding_without_a_price_halts_nothing_by_the_drawdown",
        ),
        (
            "+ paid_in if standing.peak_equity_cny else ZERO",
            "if standing.peak_equity_cny else ZERO",
            "test_the_peak_is_the_highest_equity_less_what_was_paid_in_or_out",
        ),
        (
            "movement.kind is MovementKind.ADJUST and movement.order_id is None",
            "movement.kind is MovementKind.ADJUST",
            "test_the_peak_is_the_highest_equity_less_what_was_paid_in_or_out",
        ),
        (
            "        cash_cny, held = book.cash_cny, book.holdings()\n",
            "",
            "test_what_was_lost_before_everything_had_a_price_counts_as_lost_that_day",
        ),
        (
            '        first = cast(Snapshot, _of_day(journal, "prices"))\n',
            "",
            "test_the_previous_close_of_what_was_sold_meanwhile_is_the_first_sessions",
        ),
        (
            "        if account.day_equity_cny is not None:\n            return account.day_equity_cny\n",
            "",
            "test_the_days_base_stays_what_its_first_whole_session_found",
        ),
    ),
    *_in(
        "scheduler.session",
        "test_day_caps",
        (
            "today=_so_far(standing) if same_day else _NOTHING_YET,",
            "today=_NOTHING_YET,",
            "test_a_cap_of_the_day_counts_the_sessions_before_and_begins_anew_on_the_next",
        ),
        (
            "today=_so_far(standing) if same_day else _NOTHING_YET,",
            "today=_so_far(standing),",
            "test_a_cap_of_the_day_counts_the_sessions_before_and_begins_anew_on_the_next",
        ),
        (
            "orders=standing.orders, cancels=standing.cancels, notional_cny=standing.notional_cny",
            "orders=standing.orders, notional_cny=standing.notional_cny",
            "test_orders_and_their_cancels_together_never_exceed_the_days_cap",
        ),
    ),
    *_in(
        "scheduler.session",
        "test_limit_halts",
        (
            "(-one.cause.strictness, drawn_down((one,)) is None)",
            "-one.cause.strictness",
            "test_at_the_desk_the_drawdowns_halt_goes_before_another_limits",
        ),
        (
            "(-one.cause.strictness, drawn_down((one,)) is None)",
            "drawn_down((one,)) is None",
            "test_at_the_desk_a_halt_that_leaves_the_position_uncertain_goes_before_another_of_its_symbol",
        ),
        (
            "        unpriced=tuple(map(Symbol, opening.unpriced)),\n",
            "",
            "test_at_the_desk_the_drawdowns_halt_goes_before_another_limits",
        ),
    ),
    *_in(
        "scheduler.stages",
        "test_day_caps",
        (
            "found, book=stage.book, halts=stage.standing.halts)",
            "found, book=stage.book)",
            "test_what_waits_over_lunch_is_judged_by_the_halts_in_force_when_it_wakes",
        ),
        (
            "opening, stage.standing, first, fresh, history)",
            "opening, state.standing, first, fresh, history)",
            "test_a_cancel_over_lunch_counts_when_what_waits_is_judged_again",
        ),
    ),
    *_in(
        "scheduler.stages",
        "test_stages",
        (
            "judged = review(in_time, desk)",
            "judged = review(intents, desk)",
            "test_a_waiting_order_woken_after_its_last_moment_is_refused",
        ),
    ),
    *_in(
        "services.executor",
        "test_halts",
        (
            "if self._exits_while_halted and terms.origin is Origin.EXIT:",
            "if self._exits_while_halted:",
            "test_exits_go_on_while_halted_where_the_configuration_lets_them",
        ),
        (
            "if self._exits_while_halted and terms.origin is Origin.EXIT:",
            "if False:",
            "test_exits_go_on_while_halted_where_the_configuration_lets_them",
        ),
        (
            'if halt.symbol in ("", terms.symbol):',
            'if halt.symbol == "":',
            "test_a_halt_of_one_symbol_put_meanwhile_holds_back_that_symbol_alone",
        ),
        (
            'if halt.symbol in ("", terms.symbol):',
            "if True:",
            "test_a_halt_of_one_symbol_put_meanwhile_holds_back_that_symbol_alone",
        ),
        (
            'return f"whether it was halted meanwhile cannot be told: {fault}"',
            'return ""',
            "test_commands_that_cannot_be_read_hold_back_everything",
        ),
    ),
    *_in(
        "services.journal.account",
        "test_account_standing",
        (
            "                self.peak_equity_cny = ZERO\n",
            "",
            "test_what_a_limit_counted_begins_anew_when_its_halt_is_lifted",
        ),
        (
            "                self._sales.clear()\n",
            "",
            "test_what_a_limit_counted_begins_anew_when_its_halt_is_lifted",
        ),
        (
            "if self.halts.pop(key).cause is HaltCause.LIMIT:",
            "if self.halts.pop(key):",
            "test_lifting_another_halt_forgets_nothing",
        ),
        (
            "            self._carry(value.symbol, value.fees.total)\n",
            "            pass\n",
            "test_the_fees_of_the_purchase_count_too_by_the_share",
        ),
        (
            "        self._carry(symbol, -carried)\n",
            "",
            "test_the_fees_of_the_purchase_count_too_by_the_share",
        ),
        (
            "        if self.book.held(symbol):\n            self._carried",
            "        if True:\n            self._carried",
            "test_a_dividend_on_what_is_held_no_more_is_no_gain_of_the_next_purchase",
        ),
        (
            "                self._carry(value.symbol, -value.cash_cny)\n",
            "",
            "test_a_dividend_received_makes_up_for_the_fall_it_causes",
        ),
        (
            "if value.kind is not MovementKind.ADJUST:",
            "if True:",
            "test_what_a_person_paid_in_is_no_dividend",
        ),
        (
            "return sale.amount_cny - sale.fees.total - cost",
            "return sale.amount_cny - cost",
            "test_fees_turn_a_small_gain_into_a_loss",
        ),
        (
            "            if gain >= 0:\n",
            "            if gain > 0:\n",
            "test_sales_in_a_row_that_lost_money_are_counted",
        ),
        (
            "if self.day_equity_cny is None and not value.unpriced:",
            "if self.day_equity_cny is None:",
            "test_a_days_loss_counts_from_its_first_session_that_could_price_everything",
        ),
    ),
    *_in(
        "services.domain.inbox",
        "test_domain_inbox",
        (
            'halt.by if apart else ""',
            '""',
            "test_a_persons_halt_stands_beside_a_limits_and_one_lift_ends_both",
        ),
        (
            "if key[:2] == (lift.symbol, lift.everywhere)",
            "if key[0] == lift.symbol",
            "test_halts_of_account_symbol_and_all_accounts_are_lifted_each_by_itself",
        ),
        (
            "if held is None or halt.cause.strictness > held.cause.strictness:",
            "if True:",
            "test_a_stricter_halt_takes_the_place_of_another_but_of_no_limits",
        ),
    ),
    *_in(
        "scheduler.reconciler",
        "test_reconciler",
        (
            "return since is not None and until is not None and since <= now < until",
            "return False",
            "test_it_is_asked_again_after_a_pause_and_each_reason_is_recorded_once",
        ),
        (
            "since <= now < until",
            "now < until",
            "test_a_clock_set_back_does_not_make_the_pause_longer",
        ),
        (
            "if self._told != self.why:",
            "if True:",
            "test_it_is_asked_again_after_a_pause_and_each_reason_is_recorded_once",
        ),
        (
            "if now < due or (checked is not None and checked >= due):",
            "if now < due:",
            "test_the_statement_is_compared_before_the_first_slot_and_after_the_close_of_each_day",
        ),
        (
            "if world.calendar.trading_day(day) is TradingDay.OPEN:",
            "if True:",
            "test_a_day_without_trading_has_no_comparison",
        ),
        (
            "if sighting.sight is not Sight.CANNOT_TELL:",
            "if False:",
            "test_it_is_asked_for_after_the_close_too",
        ),
        (
            "world.daily_checks or world.journal.account.last_session is not None",
            "world.daily_checks",
            "test_a_process_that_goes_on_with_an_account_compares_it_before_its_next_session",
        ),
    ),
    *_in(
        "scheduler.statement_check",
        "test_reconciler",
        (
            "await world.broker.get_open_orders()",
            "pass",
            "test_a_session_cut_off_waits_for_the_broker_and_goes_on_when_it_answers",
        ),
        (
            "if held is None or halt.cause.strictness > held.cause.strictness:",
            "if True:",
            "test_a_difference_known_and_halted_is_not_halted_again_at_the_next_start",
        ),
        (
            "await world.executor.collect(min(terms.day for terms in working))",
            "pass",
            "test_a_session_cut_off_sends_the_rest_only_on_a_fresh_statement",
        ),
        (
            "(*differences(book, statement), *not_ours(account.book, statement))",
            "differences(book, statement)",
            "test_an_order_at_the_broker_that_is_not_ours_halts_its_symbol",
        ),
    ),
    *_in(
        "scheduler.stocktaking",
        "test_settling",
        (
            "(*not_ours(book, statement), *differences(book, statement))",
            "differences(book, statement)",
            "test_an_order_said_to_be_gone_that_works_at_the_broker_halts_its_symbol_in_the_next_session",
        ),
    ),
    *_in(
        "scheduler.settling",
        "test_settling",
        (
            "if word.order_id not in account.unresolved or",
            "if",
            "test_an_order_that_works_and_is_told_of_is_not_settled",
        ),
        (
            "fold(account.book, events)",
            "account.book",
            "test_a_word_that_cannot_be_carried_out_changes_nothing_and_says_why",
        ),
        (
            "if short_cny > ZERO and",
            "if False and",
            "test_a_word_that_takes_the_cash_of_another_open_order_is_not_carried_out",
        ),
        (
            "return word.fees_cny is not None and word.fees_cny <= most_cny",
            "return False",
            "test_fees_that_are_more_than_was_frozen_for_them_are_taken_as_far_as_a_broker_may_charge_them",
        ),
        (
            "word.price_cny < terms.limit_cny",
            "False",
            "test_a_sale_said_below_its_limit_is_not_settled_and_one_at_it_is",
        ),
        (
            "if order_id in account.unresolved:",
            "if False:",
            "test_cut_off_anywhere_it_is_carried_out_once",
        ),
    ),
    *_in(
        "services.executor",
        "test_reconciler",
        (
            "self._stop() or self._halted_since(terms) or",
            "self._stop() or",
            "test_what_differs_by_then_is_not_sent",
        ),
        (
            'halt.symbol in ("", terms.symbol) and halt.cause is not HaltCause.LIMIT',
            "halt.cause is not HaltCause.LIMIT",
            "test_a_symbol_that_differs_does_not_hold_back_another",
        ),
        (
            "elif resolving and order is not None and",
            "elif False and",
            "test_a_working_order_the_broker_cannot_tell_of_at_the_start_halts_its_symbol",
        ),
    ),
    *_in(
        "services.executor",
        "test_settling",
        (
            "if order_id in account.settlements:",
            "if False:",
            "test_what_the_broker_says_of_a_settled_order_later_is_not_counted_again",
        ),
    ),
    *_in(
        "commands.going_live",
        "test_going_live",
        (
            "elif ours > declared:",
            "elif ours >= declared:",
            "test_each_thing_that_is_missing_is_found_by_itself",
        ),
        (
            "elif ours > declared:",
            "elif ours > declared + 1:",
            "test_each_thing_that_is_missing_is_found_by_itself",
        ),
        (
            "if not told.acknowledged:",
            "if False:",
            "test_each_thing_that_is_missing_is_found_by_itself",
        ),
        (
            "ours * FAR_BELOW > threshold:",
            "ours * FAR_BELOW >= threshold:",
            "test_our_own_bound_is_at_most_a_tenth_of_the_high_frequency_threshold",
        ),
        (
            "declared >= threshold:",
            "declared > threshold:",
            "test_each_thing_that_is_missing_is_found_by_itself",
        ),
        (
            '"max_daily_loss_ratio": risk.max_daily_loss_ratio < 1,',
            '"max_daily_loss_ratio": True,',
            "test_each_thing_that_is_missing_is_found_by_itself",
        ),
    ),
)
