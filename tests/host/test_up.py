"""`capture up`, `down`, `status`: everything runs, heals, and is gone afterwards, however it ends."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from capture.local import state
from tests.support.waiting import eventually, is_running, processes_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
PATIENCE = 180.0


def command(home: Path, *words: str) -> "subprocess.Popen[str]":
    """Start the command line in a CAPTURE_HOME."""
    return subprocess.Popen(
        [sys.executable, "-m", "capture.cli", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "CAPTURE_HOME": str(home)},
    )


def answer(home: Path, *words: str) -> dict[str, Any]:
    """The JSON that a command prints."""
    done = subprocess.run(
        [sys.executable, "-m", "capture.cli", *words, "--json"],
        capture_output=True,
        text=True,
        env={**os.environ, "CAPTURE_HOME": str(home)},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One CAPTURE_HOME for all, so that Prefect's database is made once."""
    return tmp_path_factory.mktemp("up")


@pytest.fixture
def up(home: Path) -> Iterator["subprocess.Popen[str]"]:
    """A running `capture up`."""
    process = command(home, "up")
    try:
        eventually(lambda: is_ready(home, process), patience=PATIENCE, what="capture up")
        yield process
    finally:
        process.kill()
        process.communicate()
        eventually(lambda: not processes_of(home), patience=PATIENCE, what=f"the end of {processes_of(home)}")


def is_ready(home: Path, process: "subprocess.Popen[str]") -> bool:
    """Whether everything is up; fails at once when the command has ended."""
    assert process.poll() is None, process.communicate()[0]
    found = state.read(home)
    return found is not None and found.ready


def service(home: Path, name: str) -> state.ServiceState:
    """One of the services, as the state file shows it."""
    found = state.read(home)
    assert found is not None
    return next(one for one in found.services if one.name == name)


def test_everything_runs_heals_and_is_stopped_by_down(up: "subprocess.Popen[str]", home: Path) -> None:
    states = {one["name"]: one["state"] for one in answer(home, "status")["up"]["services"]}
    assert states == {
        "prefect": "running",
        "database": "in use",
        "github": "running",
        "inngest": "running",
        "web": "running",
        "worker-here": "running",
        "worker-actions": "running",
    }
    web = service(home, "web")
    assert web.pid
    assert httpx.get(f"{web.address}/healthz").is_success
    assert "prefect" in httpx.get(f"{service(home, 'prefect').address}", follow_redirects=True).text.lower()

    github = service(home, "github")
    assert github.pid
    os.kill(web.pid, signal.SIGKILL)
    os.kill(github.pid, signal.SIGKILL)
    eventually(
        lambda: service(home, "web").pid not in (web.pid, None), patience=PATIENCE, what="the restart of the web"
    )
    eventually(lambda: _answers(f"{web.address}/healthz"), patience=PATIENCE, what="the web application")
    eventually(lambda: service(home, "github").pid not in (github.pid, None), patience=PATIENCE, what="its restart")
    eventually(lambda: _answers(f"{github.address}/_sandbox/stats"), patience=PATIENCE, what="the stand-in")

    second = command(home, "up")
    assert "up already" in second.communicate()[0]
    assert second.returncode == 2

    down = command(home, "down")
    assert down.communicate()[0].strip().endswith("Everything is down.")
    assert up.wait(PATIENCE) == 0
    eventually(lambda: not processes_of(home), patience=PATIENCE, what="the end of all processes")
    assert answer(home, "status")["up"] is None


def test_nothing_is_left_when_it_is_killed_while_it_starts(home: Path) -> None:
    process = command(home, "up")
    eventually(
        lambda: (found := state.read(home)) and len(found.services) >= 3, patience=PATIENCE, what="the first services"
    )
    process.kill()
    process.communicate()
    eventually(lambda: not processes_of(home), patience=PATIENCE, what="the end of all processes")
    assert answer(home, "status")["up"] is None


def test_an_interrupt_while_it_starts_ends_all_of_it(home: Path) -> None:
    process = command(home, "up")
    eventually(
        lambda: (found := state.read(home)) and len(found.services) >= 2, patience=PATIENCE, what="the first services"
    )
    process.send_signal(signal.SIGINT)
    assert "Traceback" not in process.communicate(timeout=PATIENCE)[0]
    assert process.returncode == 130
    eventually(lambda: not processes_of(home), patience=PATIENCE, what="the end of all processes")
    assert not is_running(process.pid)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.HTTPError:
        return False
