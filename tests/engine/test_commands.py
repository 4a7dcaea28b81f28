"""`capture sync`, `run-job` and `plan` as a user runs them: answers, exit codes, and what they import."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.sandbox import Sandbox, start_sandbox

pytestmark = pytest.mark.slow  # each test starts processes

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def github() -> Iterator[Sandbox]:
    """GitHub with a small repository."""
    with start_sandbox(pull_requests=12, seed=4) as started:
        yield started


class Terminal:
    """Runs commands with the environment of a user."""

    def __init__(self, dsn: str, sandbox: Sandbox, home: Path) -> None:
        self.sandbox = sandbox
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "CAPTURE_HOME": str(home),
            "DATABASE_URL": dsn,
            "NO_PROXY": "*",
            **sandbox.settings(),
        }

    def run(self, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run `capture WORDS`."""
        return subprocess.run(
            [sys.executable, "-m", "capture.cli", *words],
            cwd=ROOT,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=120,
        )


@pytest.fixture
def terminal(database_url: str, github: Sandbox, tmp_path: Path) -> Iterator[Terminal]:
    """A terminal on a fresh database."""
    github.faults()
    github.limits("graphql", limit=5_000, remaining=5_000, reset_in=3_600)
    yield Terminal(database_url, github, tmp_path)
    github.faults()


def test_sync_says_what_it_captured_and_the_second_time_that_all_is_up_to_date(terminal: Terminal) -> None:
    first = terminal.run("sync", terminal.sandbox.repository, "--all")
    assert first.returncode == 0, first.stderr
    assert "12 pull requests captured" in first.stdout
    answer = json.loads(terminal.run("sync", terminal.sandbox.repository, "--json").stdout)
    assert (answer["status"], answer["items"], answer["exit_code"]) == ("completed", 0, 0)


@pytest.mark.parametrize(
    ("words", "environment", "code", "sentence"),
    [
        (["sync", "not-a-repo"], {}, 2, "repository"),
        (["sync", "o/n", "--datasets", "stars"], {}, 2, "datasets"),
        (["sync", "o/n", "--days", "3", "--pr", "1"], {}, 2, "numbers"),
        (["sync", "octo-sandbox/absent", "--all"], {}, 2, "does not exist"),
        (["sync", "octo-sandbox/progressive"], {"GITHUB_TOKEN": "wrong"}, 2, "refuses the token"),
        (["sync", "octo-sandbox/progressive"], {"GITHUB_APP_ID": "1"}, 2, "GITHUB_APP_PRIVATE_KEY"),
        (["run-job", "7"], {}, 2, "job"),
        (["run-job", "00000000-0000-0000-0000-000000000007"], {}, 2, "there is no job"),
        (["plan", "octo-sandbox/absent"], {}, 2, "does not exist"),
    ],
)
def test_a_users_mistake_is_one_sentence_and_exit_code_2(
    terminal: Terminal, words: list[str], environment: dict[str, str], code: int, sentence: str
) -> None:
    answer = terminal.run(*words, **environment)
    assert answer.returncode == code, answer.stderr
    said = (answer.stderr + answer.stdout).strip()
    assert sentence in said
    assert "Traceback" not in said
    assert len(said.splitlines()) == 1


def test_an_unreachable_github_is_exit_code_3(terminal: Terminal) -> None:
    nowhere = {"GITHUB_API_URL": "http://127.0.0.1:9", "GITHUB_GRAPHQL_URL": "http://127.0.0.1:9/graphql"}
    answer = terminal.run("sync", "octo-sandbox/progressive", **nowhere)
    assert answer.returncode == 3, answer.stderr
    assert "cannot be reached" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_deferred_job_is_exit_code_3_and_says_until_when(terminal: Terminal) -> None:
    terminal.sandbox.faults({"match": {"operation": "Items"}, "action": {"kind": "rate_limit", "reset_in": 2_000}})
    answer = terminal.run("sync", terminal.sandbox.repository, "--all")
    assert answer.returncode == 3
    assert "put off until" in answer.stdout
    with psycopg.connect(terminal.environment["DATABASE_URL"], autocommit=True) as database:
        database.execute("delete from rate_budgets")
        ((job_id,),) = database.execute("select id::text from progressive_capture_jobs").fetchall()
    terminal.sandbox.faults()
    terminal.sandbox.limits("graphql", limit=5_000, remaining=5_000, reset_in=3_600)
    early = terminal.run("run-job", job_id)
    assert (early.returncode, "--force" in early.stdout) == (3, True)
    assert terminal.run("run-job", job_id, "--force").returncode == 0
    assert "ended already" in terminal.run("run-job", job_id).stdout


def test_plan_estimates_and_answers_json(terminal: Terminal) -> None:
    terminal.sandbox.reset_stats()
    answer = json.loads(terminal.run("plan", terminal.sandbox.repository, "--json", DATABASE_URL="").stdout)
    assert answer["items"] == 12
    for figure in ("requests", "points", "minutes", "dollars", "rows"):
        assert answer[figure]["low"] <= answer[figure]["value"] <= answer[figure]["high"]
    assert terminal.sandbox.stats()["requests"] <= 3


def test_sync_imports_no_heavy_library(terminal: Terminal) -> None:
    script = (
        "import sys\nfrom capture.cli import run\n"
        f"code = run(['sync', {terminal.sandbox.repository!r}, '--all', '--json'])\n"
        "heavy = [name for name in ('prefect', 'great_expectations', 'pandas', 'supabase') if name in sys.modules]\n"
        "sys.stderr.write(f'{code} {heavy}')\n"
    )
    answer: Any = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=terminal.environment, capture_output=True, text=True, timeout=120
    )
    assert answer.stderr.endswith("0 []"), answer.stderr
