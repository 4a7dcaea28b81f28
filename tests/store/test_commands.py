"""`capture jobs` and `capture doctor`, as a user meets them."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from capture import cli
from capture.settings import settings
from capture.store.postgres_transport import open_postgres
from capture.store.store import Store
from tests.store.make import claimed, new_job

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run a command against a database of the test's own: exit code, standard output, standard error."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "140")
    settings.cache_clear()

    def command(*words: object) -> tuple[int, str, str]:
        code = cli.run([str(word) for word in words])
        out, err = capsys.readouterr()
        return code, out, err

    yield command
    settings.cache_clear()


def with_store(dsn: str, action: Callable[[Store], Coroutine[Any, Any, Any]]) -> Any:
    """Do something with a store of its own."""

    async def main() -> Any:
        async with open_postgres(dsn) as transport:
            return await action(Store(transport))

    return asyncio.run(main())


async def some_jobs(store: Store) -> list[UUID]:
    """A pending one, a failed one, and a family."""
    waiting, parent, child = await store.submit_jobs(
        [new_job(owner="octo", name="tools"), new_job(is_parent=True), new_job(parent=1)]
    )
    failed = await claimed(store)
    await store.finish_job(failed.job.id, failed.lease_token, "failed", "repository_gone", "octo/x is gone")
    return [waiting.id, failed.job.id, parent.id, child.id]


def test_the_queue_is_listed_with_the_reason_of_what_failed(run: Run, database_url: str) -> None:
    """As a table for people and as JSON for programs, by status and repository."""
    waiting, failed, *_ = with_store(database_url, some_jobs)
    code, out, _ = run("jobs", "list")
    assert code == 0
    assert "octo/tools" in out
    code, out, _ = run("jobs", "list", "--status", "failed", "--json")
    assert [(job["id"], job["error"]) for job in json.loads(out)] == [(str(failed), "octo/x is gone")]
    code, out, _ = run("jobs", "list", "--repository", "Octo/Tools", "--json")
    assert [job["id"] for job in json.loads(out)] == [str(waiting)]
    code, _, err = run("jobs", "list", "--status", "lost")
    assert (code, err.count("\n")) == (2, 1)
    assert "status: 'lost' is not one of" in err


def test_one_job_is_shown_with_its_parts(run: Run, database_url: str) -> None:
    """An unknown id and text that is no id are the user's mistake, said in one sentence."""
    _, failed, parent, child = with_store(database_url, some_jobs)
    code, out, _ = run("jobs", "show", failed)
    assert code == 0
    assert "octo/x is gone" in out
    code, out, _ = run("jobs", "show", parent, "--json")
    assert [part["id"] for part in json.loads(out)["children"]] == [str(child)]
    for unknown, words in ((uuid4(), "there is no job"), ("seven", "is not a job's id")):
        code, _, err = run("jobs", "show", unknown)
        assert (code, err.count("\n")) == (2, 1)
        assert words in err


def test_jobs_are_retried_cancelled_and_pruned(run: Run, database_url: str) -> None:
    """Each says what became of it."""
    waiting, failed, *_ = with_store(database_url, some_jobs)
    code, out, _ = run("jobs", "retry", failed, "--json")
    assert (code, json.loads(out)["outcome"]) == (0, "created")
    assert "is pending already" in run("jobs", "retry", failed)[1]
    assert "cancelled" in run("jobs", "cancel", waiting)[1]
    assert "ended already" in run("jobs", "cancel", waiting)[1]
    assert run("jobs", "cancel", uuid4())[0] == 2
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("update progressive_capture_jobs set completed_at = completed_at - interval '1 year'")
    assert run("jobs", "prune", "--days", 30)[1] == "2 jobs and 0 observations removed.\n"


def test_doctor_finds_a_schema_that_was_changed_by_hand(
    run: Run, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Line by line; the exit code tells a wrong configuration from an outage."""
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:9")
    settings.cache_clear()
    code, out, _ = run("doctor")
    assert code == 3
    assert "good  database: schema as expected, a row written and read back" in out
    assert "bad   GitHub: GitHub does not answer" in out
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("drop index reviews_pull_request")
    code, out, _ = run("doctor", "--json")
    (database,) = [row for row in json.loads(out) if row["check"] == "database"]
    assert database["state"] == "bad"
    assert "index reviews_pull_request is missing" in database["detail"]
