"""`capture demo`: one command, everything captured and validated, nothing left running; a defect turns it red."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from capture.store.embedded import embedded_postgres
from tests.support.waiting import eventually, processes_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def capture(home: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run the command line in a CAPTURE_HOME."""
    return subprocess.run(
        [sys.executable, "-m", "capture.cli", *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "CAPTURE_HOME": str(home), "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/not-used"}
        if words[0] == "demo"
        else {**os.environ, "CAPTURE_HOME": str(home)},
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The CAPTURE_HOME of this module's demo; its demo lives in the folder `demo` below it."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def shown(home: Path) -> dict[str, Any]:
    """What a small demo shows."""
    answer = capture(home, "demo", "--pull-requests", "70", "--json")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return json.loads(answer.stdout)


@contextmanager
def database(home: Path) -> Iterator[psycopg.Connection]:
    """The demo's database."""
    with embedded_postgres(home / "demo") as dsn, psycopg.connect(dsn) as connection:
        yield connection


def test_everything_at_the_source_is_captured_and_validated(shown: dict[str, Any]) -> None:
    assert shown["validation"]["status"] == "passed"
    assert {count["dataset"] for count in shown["counts"]} >= {"pull_requests", "reviews", "file_changes"}
    assert all(count["at_github"] == count["captured"] > 0 for count in shown["counts"]), shown["counts"]


def test_the_same_capture_again_writes_nothing_and_asks_for_no_details(shown: dict[str, Any]) -> None:
    assert shown["again"]["rows_written"] == 0
    assert shown["again"]["details"] == 0


def test_the_users_own_database_is_not_touched_and_the_report_opens(shown: dict[str, Any], home: Path) -> None:
    assert Path(shown["report"]).is_relative_to(home / "demo")
    assert "<html" in Path(shown["report"]).read_text()


def test_nothing_is_left_running(shown: dict[str, Any], home: Path) -> None:
    eventually(lambda: not processes_of(home), patience=180.0, what="the end of all processes")


def test_a_second_demo_in_the_same_folder_is_refused(shown: dict[str, Any], home: Path) -> None:
    with (home / "demo" / "demo.lock").open("a") as held:
        from capture.store.guardian import take

        assert take(held.fileno())
        answer = capture(home, "demo")
    assert (answer.returncode, "Another demo is running" in answer.stderr) == (2, True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_or_killed_demo_leaves_nothing_running(tmp_path: Path, number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "capture.cli", "demo"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "CAPTURE_HOME": str(tmp_path)},
    )
    started = tmp_path / "demo" / "logs" / "expectations.log"
    eventually(started.exists, patience=180.0, what="the start of the processes")
    process.send_signal(number)
    _, said = process.communicate(timeout=180)
    assert "Traceback" not in said
    eventually(lambda: not processes_of(tmp_path), patience=180.0, what="the end of all processes")


@pytest.mark.parametrize("defect", ["delete from public.pull_requests where id = %s", "a review"])
def test_a_defect_turns_the_validation_red_and_names_the_pull_request(
    shown: dict[str, Any], home: Path, defect: str
) -> None:
    with database(home) as connection:
        row = connection.execute(
            "select p.id, p.number, p.url, min(r.github_id) from public.pull_requests p"
            " join public.reviews r on r.pull_request_id = p.id where p.deleted_at is null"
            " group by p.id order by p.number desc limit 1"
        ).fetchone()
        assert row is not None
        pull_request, number, url, review = row
        if defect == "a review":
            connection.execute("delete from public.reviews where github_id = %s", (review,))
        else:
            for table in ("reviews", "comments", "file_changes", "pull_request_lists"):
                connection.execute(f"delete from public.{table} where pull_request_id = %s", (pull_request,))  # type: ignore[arg-type]
            connection.execute(defect, (pull_request,))  # type: ignore[arg-type]
        connection.commit()
        answer = capture(home / "demo", "validate", "--repository", shown["repository"])
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert f"#{number}" in answer.stdout
    assert url in answer.stdout
    report = (home / "demo" / "reports" / "index.html").read_text()
    assert url in report
