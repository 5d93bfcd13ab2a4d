"""What screen and report say of a session that did not do what was said."""

from __future__ import annotations

from collections.abc import Mapping

SAY_DO: Mapping[str, tuple[str, str]] = {
    "say_do": ("Said and done", "言行核对"),
    "say_do.all_well": ("Every session did what was said.", "每个时段都言行一致。"),
    "say_do.count": ("{count} findings, the newest first.", "{count} 项发现，由新到旧。"),
    "say_do.decision_differs": (
        "the answer says {said}, the decision on record is {recorded}",
        "答复写的是 {said}，记录的决定是 {recorded}",
    ),
    "say_do.decision_unsaid": ("a decision without an answer", "有决定而没有答复"),
    "say_do.no_verdict": ("{order}: wanted, and never judged", "{order}：想要的委托没有审核结论"),
    "say_do.verdict_unwanted": ("{order}: judged, and nobody wanted it", "{order}：有审核结论而无人提出"),
    "say_do.not_sent": ("{order}: approved, and never sent", "{order}：已放行而没有报出"),
    "say_do.order_unwanted": ("{order}: sent, and nobody wanted it", "{order}：已报出而无人提出"),
    "say_do.order_unapproved": ("{order}: sent without approval", "{order}：未经放行即报出"),
    "say_do.order_larger": ("{order}: larger than asked ({asked})", "{order}：超过所提数量（{asked}）"),
    "say_do.order_wider": (
        "{order}: limit beyond the one asked ({asked})",
        "{order}：限价超出所提（{asked}）",
    ),
    "say_do.fill_unordered": ("{fill}: filled without an order", "{fill}：没有委托却成交"),
    "say_do.fill_larger": ("{fill}: more than its order ({order})", "{fill}：成交超过委托（{order}）"),
    "say_do.fill_wider": ("{fill}: worse than its limit ({order})", "{fill}：成交价劣于限价（{order}）"),
    "say_do.line_differs": ("{fill}: the audit line says {line}", "{fill}：审计行写的是 {line}"),
    "say_do.line_missing": ("{fill}: not in the audit trail", "{fill}：审计记录中没有"),
    "say_do.said_not_ordered": (
        "note: no order to {side} {symbol}, though it was said: {sentence}",
        "提示：文字说要 {side} {symbol}，却没有这样的委托：{sentence}",
    ),
}
