"""Processes on a leash: nothing that a command started outlives it."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from capture.core.errors import Outage
from capture.local.process import Processes
from tests.support.waiting import eventually, is_running, processes_with

FAMILY = """
import subprocess, sys, time
own = "import time; time.sleep(600)  # {mark}"
subprocess.Popen([sys.executable, "-c", own])
subprocess.Popen([sys.executable, "-c", own], start_new_session=True)
leave = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', sys.argv[1]])"
subprocess.run([sys.executable, "-c", leave, own])
{extra}
print('{{"up": 1}}', flush=True)
time.sleep(600)
"""

STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"


def family(mark: str, extra: str = "") -> list[str]:
    """A program with a child, a child in a session of its own, and an orphan; all carry the mark."""
    return [sys.executable, "-c", FAMILY.format(mark=mark, extra=extra) + f"# {mark}"]


@pytest.fixture
def mark(tmp_path: Path) -> str:
    """A word that only this test's processes carry."""
    return f"marked-{tmp_path.name}-{os.getpid()}"


def test_leaving_stops_children_and_all_that_they_started(tmp_path: Path, mark: str) -> None:
    with Processes(tmp_path) as processes:
        child = processes.start("family", family(mark), env=os.environ)
        child.until(child.json_lines)
        assert len(processes_with(mark)) >= 4
    assert processes_with(mark) == []


def test_a_child_that_ignores_the_request_to_stop_is_killed(tmp_path: Path, mark: str) -> None:
    with Processes(tmp_path) as processes:
        child = processes.start("stubborn", family(mark, STUBBORN), env=os.environ, grace=0.2)
        child.until(child.json_lines)
    assert processes_with(mark) == []


def test_nothing_is_left_when_the_owner_is_killed(tmp_path: Path, mark: str) -> None:
    owner = textwrap.dedent(
        f"""
        import os, sys
        from pathlib import Path
        from capture.local.process import Processes
        child = Processes(Path(sys.argv[1])).start("family", {family(mark)!r}, env=os.environ)
        child.until(child.json_lines)
        print("up", flush=True)
        sys.stdin.read()
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", owner, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        process.kill()
    eventually(lambda: not processes_with(mark), what="the end of all processes")


def test_a_child_ends_when_its_leash_is_killed(tmp_path: Path, mark: str) -> None:
    with Processes(tmp_path) as processes:
        child = processes.start(
            "lonely", [sys.executable, "-c", f"import time; time.sleep(600)  # {mark}"], env=os.environ
        )
        (pid,) = eventually(lambda: [pid for pid in processes_with(mark) if pid != child.process.pid])
        assert child.pid == pid
        child.process.kill()
        eventually(lambda: not processes_with(mark), what="the end of the child")


def test_an_interrupt_from_the_terminal_is_left_to_the_owner(tmp_path: Path, mark: str) -> None:
    with Processes(tmp_path) as processes:
        child = processes.start("family", family(mark), env=os.environ)
        child.until(child.json_lines)
        os.kill(child.process.pid, signal.SIGINT)
        assert is_running(child.process.pid)


def test_a_child_that_ends_too_early_is_reported_with_its_last_words(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        child = processes.start("broken", [sys.executable, "-c", "raise SystemExit('no such thing')"], env=os.environ)
        with pytest.raises(Outage, match=r"broken ended with 1: no such thing \(log: .*broken\.log\)"):
            child.until(child.json_lines)


def test_the_exit_code_of_a_child_is_its_own(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        assert processes.start("seven", [sys.executable, "-c", "raise SystemExit(7)"], env=os.environ).wait() == 7
