"""A briefing as text for a mind that reads text, no longer than asked for. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time

from agents.account_text import account_text, halts_text, holdings_text, limits_text, orders_text
from agents.languages import LANGUAGES
from agents.market_text import closes_text, indicators_text, market_text, watchlist_text
from agents.page import Page
from agents.past_text import past_text, recent
from agents.phrases import TEMPLATE_VERSION, Cut, Phrases
from agents.shape import Shape
from services.domain.bars import Adjustment, Panel
from services.domain.decision import Briefing
from services.domain.instruments import Symbol
from services.domain.quotes import PanelSnapshot
from services.domain.tokens import tokens_bound
from services.rules import Phase, Rules, phase_at


def render(briefing: Briefing, lang: str, shape: Shape) -> str:
    """Return the text of a briefing in `lang` (en or zh), within `shape.tokens_max` tokens if it can be.

    Where all there is would be longer, parts are left out in the order of `Cut` until it fits, and the
    text says which. Cash, holdings, working orders, halts, limits, rules and the form of the answer
    always stay. Nothing in the text is later than the slot's moment.

    Raises:
        ValueError: There is no such language.
    """
    words = LANGUAGES.get(lang)
    if words is None:
        raise ValueError(f"briefings are written in {', '.join(LANGUAGES)}, not in {lang!r}")
    page = Page(briefing=briefing, words=words, shape=shape)
    plan = _Plan(page)
    text = plan.text()
    for cut in Cut:
        if tokens_bound(text) <= shape.tokens_max:
            return text
        if plan.leaves_out(cut):
            text = plan.text()
    if tokens_bound(text) <= shape.tokens_max:
        return plan.with_most_lines()
    return plan.text(fits=False)


@dataclass(slots=True)
class _Plan:
    """What is shown; each cut leaves out more."""

    page: Page
    cuts: tuple[Cut, ...] = ()
    lines: int = 0

    def leaves_out(self, cut: Cut) -> bool:
        """Leave a part out, and answer whether the text says less then."""
        before = self._parts()
        self.cuts = (*self.cuts, cut)
        if self._parts() == before:
            self.cuts = self.cuts[:-1]
            return False
        return True

    def with_most_lines(self) -> str:
        """Return the text with as many lines of the cut watchlist as fit, those that stand first in it."""
        fits, tokens_max = 0, self.page.shape.tokens_max
        too_many = len(self.page.briefing.watchlist)
        while too_many - fits > 1:
            self.lines = (fits + too_many) // 2
            if tokens_bound(self.text()) <= tokens_max:
                fits = self.lines
            else:
                too_many = self.lines
        self.lines = fits
        return self.text()

    def text(self, *, fits: bool = True) -> str:
        """Return the text of what is shown."""
        parts = (*self._parts(), self._left_out(fits), _answer(self.page))
        return "\n\n".join(part for part in parts if part) + "\n"

    def _parts(self) -> tuple[str, ...]:
        page = self.page
        return (
            _head(page),
            "\n".join((page.words.this_slot, *_slot_lines(page))),
            account_text(page),
            halts_text(page),
            limits_text(page),
            holdings_text(page),
            orders_text(page),
            self._past(),
            "" if Cut.MARKET in self.cuts else market_text(page),
            watchlist_text(page, self._listed()),
            self._closes(),
            self._indicators(),
            page.words.house_rules,
        )

    def _past(self) -> str:
        if Cut.SESSIONS in self.cuts:
            return ""
        shown = recent(self.page) if Cut.OLDER_SESSIONS in self.cuts else self.page.briefing.past
        return past_text(self.page, shown)

    def _closes(self) -> str:
        if Cut.CLOSES in self.cuts:
            return ""
        most = 5 if Cut.CLOSES_TO_5 in self.cuts else 10 if Cut.CLOSES_TO_10 in self.cuts else None
        bars = self.page.shape.bars
        return closes_text(self.page, bars if most is None else min(bars, most))

    def _indicators(self) -> str:
        if Cut.INDICATORS in self.cuts:
            return ""
        return indicators_text(self.page, self._unless(Cut.INDICATORS_NOT_HELD))

    def _unless(self, cut: Cut) -> tuple[Symbol, ...]:
        """Return the watchlist, or where `cut` is made what of it is held or has orders at work."""
        watchlist = self.page.briefing.watchlist
        if cut not in self.cuts:
            return watchlist
        return tuple(symbol for symbol in watchlist if symbol in self.page.concerned)

    def _listed(self) -> tuple[Symbol, ...]:
        """Return the symbols that have a line: what is concerned, and of the others the first `lines`."""
        kept = set(self._unless(Cut.WATCHLIST_NOT_HELD))
        watchlist = self.page.briefing.watchlist
        others = [symbol for symbol in watchlist if symbol not in kept]
        kept.update(others[: self.lines])
        return tuple(symbol for symbol in watchlist if symbol in kept)

    def _left_out(self, fits: bool) -> str:
        if not self.cuts and fits:
            return ""
        words, watchlist = self.page.words, self.page.briefing.watchlist
        count = len(watchlist) - len(self._listed())
        # A later cut of the same part says all that the earlier one did.
        said = [cut for cut in self.cuts if not any(later in self.cuts for later in _COVERED_BY.get(cut, ()))]
        phrase = words.left_out if fits else words.still_too_long
        named = words.list_separator.join(words.cuts[cut].format(count=count) for cut in said)
        return phrase.format(tokens=self.page.shape.tokens_max, cuts=named or "-")


_COVERED_BY = {
    Cut.CLOSES_TO_10: (Cut.CLOSES_TO_5, Cut.CLOSES),
    Cut.CLOSES_TO_5: (Cut.CLOSES,),
    Cut.OLDER_SESSIONS: (Cut.SESSIONS,),
    Cut.INDICATORS_NOT_HELD: (Cut.INDICATORS,),
}


def _head(page: Page) -> str:
    briefing, words = page.briefing, page.words
    slot, panel = briefing.slot, _panel(briefing)
    lines = [
        # Neither session nor account is named: a run that sees the same is told the same, to the letter,
        # so that an answer kept from one is found by another.
        words.heading.format(slot=slot.local, market=slot.market, template=TEMPLATE_VERSION),
        words.task,
    ]
    if panel is not None and panel.synthetic:
        lines.append(words.synthetic)
    if panel is not None and panel.adjustment is not Adjustment.RAW:
        lines.append(words.adjusted[panel.adjustment])
    return "\n".join(lines)


def _panel(briefing: Briefing) -> Panel | None:
    if briefing.history is not None:
        return briefing.history.panel
    return briefing.snapshot.panel if isinstance(briefing.snapshot, PanelSnapshot) else None


def _slot_lines(page: Page) -> Iterator[str]:
    """Yield a sentence for each thing that happens now, with the boards it happens to."""
    boards: dict[str, list[str]] = {}
    for symbol in page.briefing.watchlist:
        rules = page.rows[symbol].rules
        sentence = _phase_sentence(rules, page.briefing.slot.at, page.words)
        board = "?" if rules is None else str(rules.board)
        if board not in (names := boards.setdefault(sentence, [])):
            names.append(board)
    for sentence, names in boards.items():
        yield "- " + sentence.replace("{boards}", ", ".join(sorted(names)))


def _phase_sentence(rules: Rules | None, at: time, words: Phrases) -> str:
    if rules is None or not rules.phases:
        return words.rules_unknown
    span = phase_at(rules, at)
    if span.phase is Phase.CLOSED:
        return words.closed
    if span.phase in words.phases:
        return words.phases[span.phase].replace("{end}", f"{span.end:%H:%M}")
    opens = next(
        (later.start for later in rules.phases if later.start >= span.end and later.accepts_orders), None
    )
    return words.closed if opens is None else words.waits.replace("{next}", f"{opens:%H:%M}")


def _answer(page: Page) -> str:
    briefing = page.briefing
    symbol = briefing.watchlist[0] if briefing.watchlist else Symbol("600519.SH")
    quote = briefing.snapshot.get(symbol)
    price = str(quote.last_cny) if quote else "12.34"
    example = {
        "rationale": "...",
        "orders": [
            {"symbol": symbol, "side": "buy", "shares": 100, "limit_price": price, "reason": "..."},
        ],
    }
    return page.words.answer.format(example=json.dumps(example), price=price)


def split_answer(text: str) -> tuple[str, str, str]:
    """Return a rendered text's language, what it tells, and the form of the answer, empty if none."""
    for lang, words in LANGUAGES.items():
        title = words.answer.partition("\n")[0]
        told, mark, form = text.rpartition(f"\n\n{title}\n")
        if mark:
            return lang, told, f"{title}\n{form}"
    return "en", text, ""
