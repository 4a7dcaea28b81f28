"""The runner of the stand-in: matrices, conditions, outputs, reusable workflows, and what it refuses to guess."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.actions_process import masked, read_pairs
from sandbox.actions_run import ExpressionError, matrix
from sandbox.actions_workflow import Refused, accept, load
from tests.support.actions import ActionsSandbox, start_actions
from tests.support.waiting import eventually

WORKFLOWS = {
    "all.yml": """
name: all
run-name: all ${{ inputs.word }}
on:
  workflow_dispatch:
    inputs:
      word: { type: string, required: false, default: "hello" }
      flag: { type: boolean, required: false }
env:
  OUTER: outer
jobs:
  first:
    runs-on: ubuntu-24.04
    outputs:
      list: ${{ steps.make.outputs.list }}
      long: ${{ steps.make.outputs.long }}
    steps:
      - id: make
        env:
          WORD: ${{ inputs.word }}
        run: |
          echo "list=[\\"a\\", \\"b\\"]" >> "$GITHUB_OUTPUT"
          printf 'long<<END\\none\\ntwo\\nEND\\n' >> "$GITHUB_OUTPUT"
          echo "LATER=from $OUTER: $WORD" >> "$GITHUB_ENV"
          mkdir -p bin && printf '#!/bin/sh\\necho tool\\n' > bin/tool && chmod +x bin/tool
          echo "$PWD/bin" >> "$GITHUB_PATH"
      - run: echo "later is $LATER, $(tool), in $GITHUB_REPOSITORY at ${#GITHUB_SHA}"
  spread:
    needs: first
    runs-on: ubuntu-24.04
    name: spread ${{ matrix.letter }}
    strategy: { matrix: { letter: "${{ fromJSON(needs.first.outputs.list) }}" } }
    steps:
      - env: { LONG: "${{ needs.first.outputs.long }}", LETTER: "${{ matrix.letter }}" }
        run: echo "$LETTER has $(echo "$LONG" | wc -l) lines"
  broken:
    runs-on: ubuntu-24.04
    steps:
      - id: bad
        run: exit 3
      - run: echo never
      - if: failure() && inputs.flag
        run: echo "after ${{ steps.bad.outcome }}"
      - if: always()
        run: echo always
  after:
    needs: broken
    runs-on: ubuntu-24.04
    steps: [ { run: echo unreachable } ]
  cleanup:
    needs: [ broken, spread ]
    if: always()
    runs-on: ubuntu-24.04
    steps:
      - env: { RESULTS: "${{ needs.broken.result }}, ${{ needs.spread.result }}" }
        run: echo "results are $RESULTS"
""",
    "grouped.yml": """
name: grouped
run-name: ${{ inputs.who }}
on: { workflow_dispatch: { inputs: { who: { type: string } } } }
concurrency: { group: "capture-${{ inputs.who || 'all' }}" }
jobs: { one: { runs-on: ubuntu-24.04, steps: [ { run: exec sleep 600 } ] } }
""",
    "queued.yml": """
name: queued
on: workflow_dispatch
concurrency: { group: LINE, queue: max }
jobs: { one: { runs-on: ubuntu-24.04, steps: [ { run: "true" } ] } }
""",
    "strange.yml": """
name: strange
on: { workflow_dispatch: { inputs: { what: { type: string } } } }
jobs:
  one:
    runs-on: ubuntu-24.04
    steps:
      - uses: someone/else@0000000000000000000000000000000000000000
""",
    "unknown.yml": """
name: unknown
on: workflow_dispatch
jobs: { one: { runs-on: ubuntu-24.04, container: debian, steps: [ { run: "true" } ] } }
""",
}


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ActionsSandbox]:
    """A GitHub with workflows that show what a runner does. The project is not under version control."""
    project = tmp_path_factory.mktemp("project")
    folder = project / ".github" / "workflows"
    folder.mkdir(parents=True)
    for name, text in WORKFLOWS.items():
        (folder / name).write_text(text)
    with start_actions(project=project, pull_requests=3, environment={"MACHINE": "here"}) as started:
        yield started


def finished(github: ActionsSandbox, workflow: str, **inputs: str) -> dict[str, Any]:
    """Dispatch a workflow and wait for the end of its run."""
    body = {"ref": "main", "inputs": inputs, "return_run_details": True}
    run_id = github.call("POST", f"workflows/{workflow}/dispatches", body).json()["workflow_run_id"]

    def over() -> Any:
        run = github.call("GET", f"runs/{run_id}").json()
        return run if run["status"] == "completed" else None

    return eventually(over, what="the end of the run")


def test_jobs_steps_and_outputs_go_the_way_they_go_on_github(github: ActionsSandbox) -> None:
    run = finished(github, "all.yml", flag="true", word="say")
    assert (run["display_title"], run["conclusion"], run["event"]) == ("all say", "failure", "workflow_dispatch")
    jobs = {job["name"]: job for job in github.jobs(run["id"])}
    assert {name: job["conclusion"] for name, job in jobs.items()} == {
        "first": "success", "spread a": "success", "spread b": "success", "broken": "failure", "cleanup": "success",
    }  # fmt: skip
    log = github.log(run["id"])
    for line in (
        "later is from outer: say, tool, in octo-sandbox/capture-jobs at 40",
        "a has 2 lines", "b has 2 lines", "after failure", "always", "results are failure, success",
    ):  # fmt: skip
        assert line in log
    assert "never\n" not in log
    assert "unreachable\n" not in log
    steps = {step["number"]: step["conclusion"] for step in jobs["broken"]["steps"]}
    assert steps == {1: "failure", 2: "skipped", 3: "success", 4: "success"}


@pytest.mark.parametrize(
    ("workflow", "word"), [("strange.yml", "knows only its pinned actions"), ("unknown.yml", "does not know container")]
)
def test_what_the_stand_in_does_not_know_fails_the_run_and_says_so(
    github: ActionsSandbox, workflow: str, word: str
) -> None:
    run = finished(github, workflow)
    assert run["conclusion"] == "failure"
    assert word in github.log(run["id"])


def test_a_newer_run_of_a_group_cancels_the_one_that_waits_and_not_the_one_at_work(github: ActionsSandbox) -> None:
    body = {"ref": "main", "return_run_details": True}
    ids = []
    for number in range(3):
        ids.append(github.call("POST", "workflows/grouped.yml/dispatches", body).json()["workflow_run_id"])
        if number == 0:
            eventually(lambda: github.jobs(ids[0]), what="the first run at work")

    def seen() -> list[tuple[str, str | None]]:
        runs = [github.call("GET", f"runs/{run_id}").json() for run_id in ids]
        return [(run["status"], run["conclusion"]) for run in runs]

    wanted = [("in_progress", None), ("completed", "cancelled"), ("queued", None)]
    eventually(lambda: seen() == wanted, what="the middle run cancelled")
    assert github.jobs(ids[1]) == []
    github.call("POST", f"runs/{ids[0]}/cancel")
    eventually(lambda: seen()[2][0] == "in_progress", what="the last run at work")
    github.call("POST", f"runs/{ids[2]}/cancel")


def test_a_group_that_keeps_a_queue_lets_every_run_have_its_turn(github: ActionsSandbox) -> None:
    body = {"ref": "main", "return_run_details": True}
    ids = [github.call("POST", "workflows/queued.yml/dispatches", body).json()["workflow_run_id"] for _ in range(4)]

    def over() -> bool:
        return all(github.call("GET", f"runs/{run_id}").json()["conclusion"] == "success" for run_id in ids)

    assert eventually(over, what="all four runs")


def test_an_empty_matrix_and_one_with_exceptions_are_errors() -> None:
    for wrong in ({"matrix": {"a": []}}, {"matrix": {"include": [1]}}, {"matrix": {"a": list(range(300))}}, {"x": 1}):
        with pytest.raises(ExpressionError):
            matrix(wrong, {})
    assert matrix({"matrix": {"a": [1, 2], "b": ["x"]}}, {}) == [{"a": 1, "b": "x"}, {"a": 2, "b": "x"}]
    assert matrix({}, {}) == [{}]


def test_yaml_is_read_as_github_reads_it(tmp_path: Path) -> None:
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    (folder / "a.yml").write_text(
        "on: push\nenv: { A: yes, B: 12:30:00, C: on, D: 2026-01-02, E: 07, F: true }\njobs: {}\n"
    )
    workflow = load(tmp_path)["a.yml"]
    assert workflow.trigger("push") == {}
    assert workflow.body["env"] == {"A": "yes", "B": "12:30:00", "C": "on", "D": "2026-01-02", "E": 7, "F": True}
    with pytest.raises(Refused, match="does not have 'workflow_dispatch' trigger"):
        accept(workflow, {})


def test_what_a_step_wrote_is_read_line_by_line_and_a_block_without_an_end_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "output"
    file.write_text("a=1=2\nb<<EOF\nx=y\nz\nEOF\nc=\n")
    assert read_pairs(file) == {"a": "1=2", "b": "x=y\nz", "c": ""}
    file.write_text("b<<EOF\nx\n")
    with pytest.raises(ValueError, match="does not end"):
        read_pairs(file)


def test_every_line_of_a_secret_is_hidden() -> None:
    assert masked("key: line-one then line-two", ["line-one\nline-two", ""]) == "key: *** then ***"


def test_a_project_under_version_control_is_checked_out_with_what_is_not_committed(tmp_path: Path) -> None:
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    text = """
on: workflow_dispatch
jobs:
  one:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with: { token: "${{ github.token }}" }
      - run: echo "$(cat committed) and $(cat changed), $(ls)"
"""
    (folder / "w.yml").write_text(text)
    for name in ("committed", "changed", "removed"):
        (tmp_path / name).write_text("old")
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    for command in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "first"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "changed").write_text("new")
    (tmp_path / "removed").unlink()
    with start_actions(project=tmp_path, pull_requests=3) as github:
        run = finished(github, "w.yml")
        assert run["conclusion"] == "success"
        assert "old and new, changed" in github.log(run["id"])
        assert "removed" not in github.log(run["id"])
