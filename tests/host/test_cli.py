"""The command line: one clear sentence and the right exit code for every ending; help that can be read."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def capture(*words: str, **env: str) -> "subprocess.CompletedProcess[str]":
    """Run the command line as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "capture.cli", *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "100", **env},
    )


def sentence(answer: "subprocess.CompletedProcess[str]") -> str:
    """What a refused command says: one line, on standard error, without a traceback."""
    assert "Traceback" not in answer.stderr
    (line,) = answer.stderr.splitlines()
    return line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("sync", "not-a-repo", "--all"), "not-a-repo"),
        (("sync", "owner/name", "--datasets", "stars", "--all"), "stars"),
        (("sync", "owner/name", "--since", "yesterday"), "since"),
        (("demo", "--data", "/nowhere"), "--data: /nowhere holds no records"),
        (("demo", "--pull-requests", "0"), "--pull-requests: 0 is not between"),
    ],
)
def test_bad_input_is_one_sentence_that_names_it_and_exit_code_2(
    words: tuple[str, ...], said: str, capture_home: Path
) -> None:
    answer = capture(*words)
    assert (answer.returncode, said in sentence(answer)) == (2, True), answer.stderr
    assert answer.stdout == ""


def test_a_setting_that_cannot_be_read_is_named(capture_home: Path) -> None:
    answer = capture("migrate", GITHUB_APP_INSTALLATION_ID="many")
    assert answer.returncode == 2
    assert "GITHUB_APP_INSTALLATION_ID" in sentence(answer)


def test_a_database_that_is_not_there_is_exit_code_3(capture_home: Path) -> None:
    answer = capture("migrate", DATABASE_URL="postgresql://postgres@127.0.0.1:1/postgres")
    assert answer.returncode == 3
    assert "database cannot be reached" in sentence(answer)


def test_a_wrong_database_password_is_exit_code_2(database_url: str, capture_home: Path) -> None:
    answer = capture("migrate", DATABASE_URL=database_url.replace("postgres:", "postgres:not"))
    assert answer.returncode == 2
    assert "refuses the credentials" in sentence(answer)
    assert database_url.split(":")[2].split("@")[0] not in answer.stderr


def test_an_address_that_is_no_database_is_exit_code_2(capture_home: Path) -> None:
    answer = capture("migrate", DATABASE_URL="nonsense")
    assert answer.returncode == 2
    assert "DATABASE_URL" in sentence(answer)


def test_an_unknown_command_is_exit_code_2() -> None:
    assert capture("fly").returncode == 2


def test_the_help_page_lists_every_command() -> None:
    page = capture("--help").stdout
    commands = (
        "demo up down doctor migrate plan request sync run-job jobs repos status reconcile validate report shadow "
        "rollout cost serve"
    )
    assert [name for name in commands.split() if f" {name} " not in page] == []
    assert "Exit codes" in page


def test_the_version_is_printed() -> None:
    assert capture("--version").stdout.startswith("hybrid-progressive-capture ")
