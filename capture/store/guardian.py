"""The process that outlives its starter: it stops the embedded Postgres when nobody uses it any more.

Run as a script by `capture.store.embedded`, so it needs nothing but the standard library and starts in 20 ms. Every
user of the database holds a shared `flock` on `users.lock`; the kernel gives it back however a user ends. The guardian
waits for the exclusive lock, which it can only get when no user is left.
"""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

USERS = "users.lock"
STARTING = "starting.lock"
GUARDIAN = "guardian.lock"


@contextlib.contextmanager
def locked(path: Path, *, exclusive: bool = True) -> Generator[int, None, None]:
    """Hold a file lock; waits for it. The lock ends with the block or with the process."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        yield descriptor
    finally:
        os.close(descriptor)


def take(descriptor: int, *, shared: bool = False) -> bool:
    """Lock an open lock file if nobody else holds it; `shared` is enough to look and keeps no other looker away."""
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def postmaster(data: Path) -> int | None:
    """The process id of the live Postgres on this data folder; None when the pid file is missing or stale.

    A pid in the file proves nothing: its process may be dead, dead but not reaped, or by now somebody else's. It
    counts only if it is a running `postgres` that was given this folder.
    """
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
    return pid if _is_postgres_on(pid, data) else None


def stop(data: Path, *, patience: float = 60.0) -> None:
    """Stop the Postgres on this folder and wait until it is gone: open sessions are cut, what is committed stays."""
    deadline = time.monotonic() + patience
    signals = [signal.SIGINT, signal.SIGQUIT]  # "fast", then "immediate", in the words of pg_ctl
    pid = postmaster(data)
    if pid is None:
        return
    while signals:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signals.pop(0))
        while time.monotonic() < deadline:
            if postmaster(data) != pid:
                return
            time.sleep(0.01)
        deadline += 10


def _is_postgres_on(pid: int, data: Path) -> bool:
    process = Path("/proc") / str(pid)
    if not Path("/proc/self").exists():
        return _is_postgres_by_ps(pid, data)
    try:
        state = (process / "stat").read_text().rpartition(")")[2].split()[0]
        words = (process / "cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in ("Z", "X") and Path(os.fsdecode(words[0])).name == "postgres" and os.fsencode(data) in words


def _is_postgres_by_ps(pid: int, data: Path) -> bool:
    """Where there is no /proc (macOS)."""
    answer = subprocess.run(["ps", "-o", "stat=,command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    line = answer.stdout.strip()
    return bool(line) and not line.startswith("Z") and "postgres" in line and str(data) in line


def watch(room: Path, data: Path, own_lock: int) -> None:
    """Wait until no user is left, stop the database, and give up the guardian's lock before anybody can start again."""
    while True:
        with locked(room / USERS):
            pass  # nobody used it for a moment; a new user may come before the next line
        with locked(room / STARTING), locked(room / USERS, exclusive=False) as users:
            if take(users):
                stop(data)
                os.close(own_lock)
                return


def main() -> None:
    """`guardian.py ROOM DATA DESCRIPTOR`: the descriptor is the guardian's own lock, inherited from the starter."""
    room, data, descriptor = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    for ignored in (signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)  # it is there exactly for the moment when others are stopped
    with contextlib.suppress(FileNotFoundError):  # the folder was deleted: nothing is left to guard
        watch(room, data, descriptor)


if __name__ == "__main__":
    main()
