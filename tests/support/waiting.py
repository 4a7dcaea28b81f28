"""Waiting for conditions: generous, because a loaded machine is slow and not wrong."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def eventually(question: Callable[[], T], *, patience: float = 60.0, what: str = "it") -> T:
    """Ask until the answer is true, and give it back."""
    deadline = time.monotonic() + patience
    while True:
        answer = question()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"{what} did not happen within {patience:.0f} s"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    """Whether a process does anything still; one that ended and waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return False


def processes_with(word: str) -> list[int]:
    """All running processes whose command line holds `word`."""
    found: list[int] = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if word.encode() in (entry / "cmdline").read_bytes() and is_running(int(entry.name)):
                found.append(int(entry.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def processes_of(home: Path) -> list[str]:
    """The command lines of all running processes that belong to a CAPTURE_HOME, by their words or environment."""
    found: list[str] = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words, environment = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
        except OSError:  # it has just ended, or is somebody else's
            continue
        if os.fsencode(home) in words + environment and int(entry.name) != os.getpid() and is_running(int(entry.name)):
            found.append(words.replace(b"\0", b" ").decode(errors="replace").strip())
    return found
