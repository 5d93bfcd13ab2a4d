"""Runs one command and prints what it took as JSON: a process of its own, because it must be small.

On Linux a new process begins with the peak memory of the one that started it.

python -I timed.py SECONDS_AT_MOST COMMAND...
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time


def main() -> None:
    most_s, command = int(sys.argv[1]), sys.argv[2:]
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complained:
        began_s = time.perf_counter()
        process = subprocess.Popen(command, stdout=said, stderr=complained)
        signal.signal(signal.SIGALRM, lambda _number, _frame: process.kill())
        signal.alarm(most_s)
        _, status, used = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - began_s
        signal.alarm(0)
        said.seek(0)
        complained.seek(0)
        unit = 1 if sys.platform == "darwin" else 1024
        found = {
            "wall_s": wall_s,
            "cpu_s": used.ru_utime + used.ru_stime,
            "peak_mib": used.ru_maxrss * unit / 2**20,
            "exit": os.waitstatus_to_exitcode(status),
            "said": said.read().decode(errors="replace"),
            "complained": complained.read().decode(errors="replace"),
        }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
