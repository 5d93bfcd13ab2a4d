"""What the `data` commands say, in English and in Chinese."""

from __future__ import annotations

from collections.abc import Mapping

DATA: Mapping[str, tuple[str, str]] = {
    "data.certainty.error": ("ERROR", "错误"),
    "data.certainty.suspect": ("SUSPECT", "可疑"),
    "data.certainty.note": ("note", "提示"),
    "data.kind.unreadable": ("the file cannot be read", "文件无法读取"),
    "data.kind.damaged": ("a stored file is damaged", "历史库文件损坏"),
    "data.kind.orphaned": ("files that no index names", "索引未登记的文件"),
    "data.kind.members_short": ("a list of members that is not whole", "指数成份名单不完整"),
    "data.kind.other_market": ("symbols of another market", "其他市场的证券"),
    "data.kind.mixed_lengths": ("bars of another length", "混入其他周期的 K 线"),
    "data.kind.bad_label": ("a label that is none", "时间标签无效"),
    "data.kind.start_label": ("labels at the bars' beginning", "时间标签为 K 线起点而非终点"),
    "data.kind.off_session": ("bars outside trading hours", "交易时段之外的 K 线"),
    "data.kind.closed_day": ("bars of a day without trading", "休市日的 K 线"),
    "data.kind.out_of_order": ("bars out of order", "K 线顺序有误"),
    "data.kind.duplicate": ("a bar twice", "K 线重复"),
    "data.kind.incomplete": ("a bar that lacks numbers", "K 线缺少字段"),
    "data.kind.no_price": ("a price of zero or less", "价格为零或负"),
    "data.kind.too_large": ("a number too large to be one", "数值过大，不可能成立"),
    "data.kind.too_fine": ("a price with more decimals than are kept", "价格小数位数过多"),
    "data.kind.high_low": ("a bar that contradicts itself", "K 线自相矛盾"),
    "data.kind.zero_volume": ("bars without trade", "无成交的 K 线"),
    "data.kind.missing_bars": ("missing bars", "缺少 K 线"),
    "data.kind.missing_days": ("missing days", "缺少交易日"),
    "data.kind.not_covered": ("days nobody asked for", "未曾请求的交易日"),
    "data.kind.suspended": ("suspended", "停牌"),
    "data.kind.begins_late": ("begins later than the others", "起始晚于其他证券"),
    "data.kind.ends_early": ("ends earlier than the others", "结束早于其他证券"),
    "data.kind.limit_breach": ("prices outside the limits", "价格超出涨跌停"),
    "data.kind.ex_day": ("an ex-day the prices do not hold", "价格未反映的除权除息日"),
    "data.kind.factor": ("a factor that the ex-days do not explain", "复权因子与除权除息资料不符"),
    "data.kind.unit_mixed": ("shares and lots mixed", "股与手混用"),
    "data.kind.unit_declared": ("another volume unit than declared", "成交量单位与声明不符"),
    "data.kind.unit_unlikely": ("an unlikely volume unit", "成交量单位可疑"),
    "data.kind.adjustment_differs": ("adjusted and unadjusted prices", "复权与不复权价格混杂"),
    "data.kind.unit_differs": ("volume units differ", "成交量单位不同"),
    "data.kind.bars_differ": ("the same bars say different things", "同一 K 线数值不一"),
    "data.kind.in_progress": ("bars in progress", "未完成的 K 线"),
    "data.kind.set_aside": ("set aside by a download", "下载时被隔离"),
    "data.check.file": ("{name}: {verdict}", "{name}：{verdict}"),
    "data.check.passes": ("passes ({symbols} symbols, {bars} bars)", "通过（{symbols} 只证券，{bars} 根）"),
    "data.check.fails": ("FAILS ({symbols} symbols, {bars} bars)", "未通过（{symbols} 只证券，{bars} 根）"),
    "data.check.between": ("between the files", "文件之间"),
    "data.check.finding": (
        "  {certainty}  {kind}{span}: {of}",
        "  {certainty}  {kind}{span}：{of}",
    ),
    "data.check.detail": ("           {detail}", "           {detail}"),
    "data.check.mend": ("           mend: {mend}", "           修复：{mend}"),
    "data.check.symbols": ("{symbols}", "{symbols}"),
    "data.check.more": ("{symbols} and {more} more", "{symbols} 等共 {all} 只"),
    "data.check.all": ("all symbols", "全部证券"),
    "data.check.empty": (
        "{folder} holds no bars; get them with `data download` or `data import`",
        "{folder} 没有 K 线；请用 data download 或 data import 获取",
    ),
    "data.import.done": (
        "{name}: {bars} new bars of {symbols} symbols ({kind}), whole from {first} to {last}",
        "{name}：新增 {bars} 根，{symbols} 只证券（{kind}），完整区间 {first} 至 {last}",
    ),
    "data.import.facts": (
        "{name}: facts of {instruments} instruments and {actions} ex-days, of {first} to {last}",
        "{name}：{instruments} 只证券的资料、{actions} 个除权除息日，适用于 {first} 至 {last}",
    ),
    "data.import.facts_stay": (
        "of {count} of them what a vendor told of these days stays; for your own word alone, first "
        "`data remove --facts --symbols {symbols}`",
        "其中 {count} 只证券的同日资料已由数据商提供，予以保留；如须仅以自行申报为准，请先执行 "
        "data remove --facts --symbols {symbols}",
    ),
    "data.import.roll": (
        "{name}: members of {index} on {days} day(s), the last {last}",
        "{name}：{index} 成份名单 {days} 日，最近 {last}",
    ),
    "data.resample.done": (
        "{bars} new bars of {symbols} symbols ({kind})",
        "新增 {bars} 根，{symbols} 只证券（{kind}）",
    ),
    "data.resample.partial": (
        "{bars} bars left out of which a part is missing: not over yet, cut off by the period, or a gap",
        "{bars} 根因缺少组成部分而略去：尚未结束、被区间截断或存在缺口",
    ),
    "data.resample.conflict": ("not stored: {why}", "未入库：{why}"),
    "data.list.bars": (
        "{kind}, {source}: {symbols} symbols, {bars} bars, {first} to {last}, fetched {fetched}",
        "{kind}，{source}：{symbols} 只证券，{bars} 根，{first} 至 {last}，获取于 {fetched}",
    ),
    "data.list.orphans": (
        "{folder}: {files} files of bars, and no index ({index}) that tells what is in them; put the index "
        "back from a copy (see `data check`)",
        "{folder}：有 {files} 个 K 线文件，但缺少说明其内容的索引（{index}）；"
        "请从备份恢复索引（参见 data check）",
    ),
    "data.list.index": (
        "members of {index}: {days} list(s), {first} to {last}",
        "{index} 成份名单：{days} 份，{first} 至 {last}",
    ),
    "data.list.facts": (
        "facts of {instruments} instruments, {actions} ex-days, {days} calendar days",
        "{instruments} 只证券的资料，{actions} 个除权除息日，{days} 个日历日",
    ),
    "data.list.aside": ("set aside: {symbol}, {job}: {why}", "已隔离：{symbol}，{job}：{why}"),
    "data.run": ("prices: {source}", "行情：{source}"),
    "data.removed.bars": ("{count} bars removed", "已移除 {count} 根"),
    "data.removed.files": ("{count} files removed", "已移除 {count} 个文件"),
    "data.removed.facts": (
        "facts, ex-days and factors of {count} symbols removed",
        "已移除 {count} 只证券的资料、除权除息日与复权因子",
    ),
    "data.removed.members": (
        "{index}: {count} lists and spans of members removed",
        "{index}：已移除 {count} 条成份名单与起止日期",
    ),
    "data.import.stays": (
        "{name}: {stays} spans of members' days in an index",
        "{name}：{stays} 条指数成份的纳入与剔除日期",
    ),
    "data.importing": ("importing", "导入中"),
    "data.checking": ("checking", "检查中"),
    "data.removing": ("removing", "移除中"),
    "data.resampling": ("resampling", "合成中"),
    "data.describing": ("asking for facts", "获取证券资料"),
    "data.downloading": ("downloading", "下载中"),
    "data.download.done": (
        "{stored} symbols stored ({bars} new bars), {already} were there already",
        "已入库 {stored} 只（新增 {bars} 根），此前已有 {already} 只",
    ),
    "data.download.aside": ("set aside: {symbol}: {why}", "已隔离：{symbol}：{why}"),
    "data.download.failed": ("not told: {symbol}: {why}", "未取得：{symbol}：{why}"),
    "data.download.declare": (
        "if a symbol was suspended or not listed then, say so in a file of facts and `data import` it: these "
        "days are not asked for any more (docs/history.md)",
        "若证券当时停牌或尚未上市，请在资料文件中申报并以 data import 导入，此后不再请求这些日期"
        "（见 docs/history.md）",
    ),
    "data.download.lacks": (
        "not told beside the bars, and asked for again next time: {symbol}: {why}",
        "K 线之外的资料未取得，下次将再次请求：{symbol}：{why}",
    ),
    "data.download.more": ("... and {count} more", "……另有 {count} 项"),
    "data.download.unreached": (
        "{source} gave nothing: {why}",
        "{source} 未给出任何数据：{why}",
    ),
    "data.download.alternatives": (
        "or: data download --source {others}; data import FILE, for bars you have",
        "亦可：data download --source {others}；已有 K 线文件可用 data import 导入",
    ),
    "data.download.again": (
        "the same command goes on where this one stopped",
        "再次执行同一命令即可续传",
    ),
    "data.download.members": (
        "{index}: {source} tells the members of {days} day(s), the first {first}; of days before that a run "
        "with --index is refused",
        "{index}：{source} 提供 {days} 日的成份名单，最早 {first}；此前日期以 --index 运行将被拒绝",
    ),
    "data.download.stays": (
        "{index}: since when members belong to it is not told ({why}); its lists count alone",
        "{index}：未取得成份的纳入日期（{why}）；仅以成份名单为准",
    ),
    "data.download.short": (
        "stored in part, and asked for again next time: {symbol}: {why}; cut off, or not traded then",
        "仅部分入库，下次将再次请求：{symbol}：{why}；数据被截断，或当时未交易",
    ),
}
