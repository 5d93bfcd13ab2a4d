"""What --help says of the whole program, in the language asked for on the command line."""

from __future__ import annotations

import sys

ZH = any(one == "--lang=zh" for one in sys.argv) or any(
    one == "--lang" and after == "zh" for one, after in zip(sys.argv, sys.argv[1:], strict=False)
)


def said(en: str, zh: str) -> str:
    """Return the wording in the language asked for on the command line."""
    return zh if ZH else en


MANUAL = said(
    """Kaipan lets a language model trade A-shares unattended.

Without a command it runs the main job: at each slot (daily 09:35; hourly 10:35, 11:35, 14:05, 15:05) \
one session asks prices, asks the agent, passes its wishes through the gate, hands what is approved to \
the broker and writes the audit trail position.jsonl.

Exit codes: 0 done, 1 a check found differences, 2 usage or configuration, 3 a source, broker or \
account is not available, 4 stopped by a kill file, 130 interrupted.""",
    """Kaipan（开盘）让大语言模型无人值守地交易 A 股。

不带子命令即运行主流程：在每个时点（日频 09:35；小时频 10:35、11:35、14:05、15:05）执行一个交易时段：\
取行情、询问决策者、经风控闸门、将获批委托交给券商，并写入审计轨迹 position.jsonl。

退出码：0 完成；1 检查发现差异；2 用法或配置有误；3 数据源、券商或账户不可用；\
4 因急停文件停止；130 被中断。""",
)

EXAMPLES = f"""\
run_live.py --mode paper --frequency hourly --demo{said("", " --lang zh")}
run_live.py --mode backtest --frequency daily --prices daily.jsonl --start 2025-10-10 --end 2025-11-19
run_live.py --mode paper --frequency hourly --config configs/paper.yaml
run_live.py verify --data-dir kaipan-data/demo"""
