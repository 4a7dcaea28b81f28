"""The commands of routing, as a user types them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from capture.cli import run
from capture.settings import settings
from tests.support.sandbox import Sandbox


class Typed:
    """The command line with a database and a GitHub, in this process: starting another one takes longer."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys
        self.code = 0

    def __call__(self, *words: str) -> str:
        """Type a command; its exit code is kept."""
        self.code = run(list(words))
        said = self.capsys.readouterr()
        assert "Traceback" not in said.err, said.err
        return said.out + said.err

    def json(self, *words: str) -> Any:
        """Type a command and read its answer."""
        text = self(*words, "--json")
        assert self.code == 0, text
        return json.loads(text)


@pytest.fixture
def typed(
    database_url: str,
    github: Sandbox,
    capture_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Typed]:
    for name, value in {**github.settings(), "DATABASE_URL": database_url, "COLUMNS": "150"}.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    yield Typed(capsys)
    settings.cache_clear()


def test_a_request_shows_its_decision_first_and_then_makes_the_jobs(typed: Typed, github: Sandbox) -> None:
    preview = typed("request", github.repository, "--all", "--dry-run")
    assert "Split: 60 items are more than 50" in preview
    assert "Real-time processing" in preview
    assert "Bulk processing in background" in preview
    made = typed.json("request", github.repository, "--all")
    assert made["outcome"] == "created"
    assert len(made["jobs"]) == 3
    assert "Already asked for" in typed("request", github.repository, "--all")


def test_the_rollout_is_shown_changed_and_remembered(typed: Typed, github: Sandbox) -> None:
    assert typed.json("rollout", "set", "--percentage", "10", "--reason", "begin small")["percentage"] == 10
    assert typed.json("rollout", "exclude", github.repository)["excluded"] == [github.github_id]
    assert "stopped" in typed("rollout", "stop", "--reason", "a test")
    history = typed("rollout", "history")
    assert "begin small" in history
    assert "percentage 10" in history
    assert "101" in typed("rollout", "set", "--percentage", "101")
    assert typed.code == 2


def test_repositories_are_tracked_and_the_queue_is_filled_with_them(typed: Typed, github: Sandbox) -> None:
    assert github.repository in typed("repos", "add", github.repository)
    assert [row["tracked"] for row in typed.json("repos", "list")] == [True]
    assert typed.json("repos", "bootstrap")[0]["outcome"] == "created"
    typed("repos", "remove", github.repository)
    assert "None yet" in typed("repos", "list")


def test_cost_and_shadow_report_say_so_where_there_is_nothing(typed: Typed) -> None:
    assert "Nothing was captured" in typed("cost")
    assert typed.code == 0
    assert "nothing to compare" in typed("shadow", "report")
    assert typed.code == 3


@pytest.mark.parametrize(
    ("words", "field"),
    [(("--force",), "force"), (("--processor", "local"), "processor"), (("--mode", "dark"), "mode"),
     (("--pr", "0"), "numbers"), (("--days", "3", "--pr", "1"), "numbers")],
)  # fmt: skip
def test_a_mistake_is_one_sentence_and_exit_code_2(typed: Typed, words: tuple[str, ...], field: str) -> None:
    said = typed("request", "octo/repo", *words)
    assert typed.code == 2
    assert said.startswith(f"capture: {field}: ")
    assert len(said.splitlines()) == 1
