"""Holds one child process, and ends it with everything below it when the owner goes away.

Run as a script (standard library only): `leash.py DESCRIPTOR GRACE COMMAND…`. The descriptor is the reading end of a
pipe whose other end only the owner holds: the kernel closes it however the owner ends, also by `kill -9`.
"""

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that a process gets when its parent ends, here: when somebody kills the leash itself."""

PR_SET_CHILD_SUBREAPER = 36
"""prctl(2): orphans below this process become its children instead of init's, so that none is lost from sight."""


def descendants(root: int) -> list[int]:
    """All processes below `root`, where /proc tells; those that have ended but are not reaped do not count."""
    below: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if fields[0] not in ("Z", "X"):
                below.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, waiting = list[int](), [root]
    while waiting:
        children = below.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def end_all(child: "subprocess.Popen[bytes]", grace: float) -> None:
    """Ask the child to stop, then whatever is still there below us; after `grace` seconds do not ask any more."""
    _signal([child.pid], signal.SIGTERM)
    deadline = time.monotonic() + grace
    asked = {child.pid}
    while time.monotonic() < deadline:
        gone = child.poll() is not None
        left = descendants(os.getpid())
        if gone and not left:
            return
        if gone:  # a child that stops takes its own children down in order; those that it forgot are asked now
            _signal([pid for pid in left if pid not in asked], signal.SIGTERM)
            asked.update(left)
        _reap(but=child.pid)
        time.sleep(0.02)
    for _ in range(50):
        left = descendants(os.getpid())
        if not left:
            return
        _signal(left, signal.SIGKILL)
        child.poll()
        _reap(but=child.pid)
        time.sleep(0.02)


def _prepare_child() -> None:
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)  # what we ignore would be ignored by it, too
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _signal(pids: list[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _reap(*, but: int) -> None:
    """Take orphans that ended off the process table; the child itself (`but`) is left to its Popen."""
    for stat in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for pid in map(int, stat.read_text().split()):
                with contextlib.suppress(OSError):
                    if pid != but:
                        os.waitpid(pid, os.WNOHANG)


def main() -> int:
    """Start the command, wait for its end or the owner's, and answer the command's exit code."""
    owner, grace, command = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # a Ctrl-C is the owner's business; it then lets go of the pipe
    child = subprocess.Popen(
        command, start_new_session=True, preexec_fn=_prepare_child
    )  # safe: there are no threads here
    asked_to_stop = False

    def on_stop(_number: int, _frame: object) -> None:
        nonlocal asked_to_stop
        asked_to_stop = True

    signal.signal(signal.SIGTERM, on_stop)
    while child.poll() is None and not asked_to_stop:
        readable, _, _ = select.select([owner], [], [], 0.1)
        if readable:
            break  # end of file: nobody else ever writes to it
        _reap(but=child.pid)
    end_all(child, grace)
    code = child.poll()
    return 128 + signal.SIGKILL if code is None else (code if code >= 0 else 128 - code)


if __name__ == "__main__":
    sys.exit(main())
