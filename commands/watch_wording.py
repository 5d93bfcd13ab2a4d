"""What `watchdog` and `calendar` say on the screen, in English and in Chinese."""

from __future__ import annotations

from collections.abc import Mapping

WATCH: Mapping[str, tuple[str, str]] = {
    "calendar.open": ("open", "开市"),
    "calendar.closed": ("closed", "休市"),
    "calendar.unknown": ("UNKNOWN", "未知"),
    "calendar.day": (
        "{day} {weekday}  {state:7}  {source}  {slots}",
        "{day} {weekday}  {state}  {source}  {slots}",
    ),
    "calendar.until": (
        "known until {until}, {days} days ahead; nothing is traded on a day that is not known",
        "已知至 {until}，还有 {days} 天；未知的日子不会交易",
    ),
    "calendar.no_overlay": (
        "no overlay; name a file of lines such as 2027-01-04: open with calendar_overlay",
        "没有覆盖文件；可用 calendar_overlay 指定文件，每行如 2027-01-04: open",
    ),
    "calendar.overlay": ("overlay {path}, {count} days", "覆盖文件 {path}，{count} 天"),
    "calendar.asking": ("asking other sources", "正在询问其他来源"),
    "calendar.check.source": (
        "{source}: knows days until {until}, {count} differ",
        "{source}：已知至 {until}，{count} 天不同",
    ),
    "calendar.check.fault": ("{source}: no answer: {why}", "{source}：没有应答：{why}"),
    "calendar.check.differs": (
        "{day}: {ours} here, {theirs} by {source}; ask the exchange, then write {day}: open or {day}: closed "
        "into the file of calendar_overlay",
        "{day}：本地为 {ours}，{source} 为 {theirs}；请以交易所公告为准，在 calendar_overlay 文件中写入 "
        "{day}: open 或 {day}: closed",
    ),
    "calendar.check.nobody": (
        "there is no other source for this market's days",
        "该市场没有其他交易日来源",
    ),
    "calendar.check.beyond": (
        "{count} later weekdays until {until} are known to others; --lines prints them for an overlay",
        "其他来源已知后续 {count} 个工作日（至 {until}）；--lines 可按覆盖文件格式列出",
    ),
    "calendar.check.line": ("{line}", "{line}"),
    "watch.started": (
        "watching {account} in {data_dir}; own files in {folder}; {count} alert channel(s). "
        "Stop with Ctrl-C.",
        "正在监视 {data_dir} 中的 {account}；自身文件在 {folder}；{count} 个告警通道。按 Ctrl-C 停止。",
    ),
    "watch.no_channel": (
        "no alert channel: what is found is shown here alone (docs/alerts.md)",
        "没有告警通道：发现的问题只显示在这里（docs/alerts.md）",
    ),
    "watch.told": ("{at}  {title}", "{at}  {title}"),
    "watch.stopped": ("the watchdog has ended", "看门狗已结束"),
}
