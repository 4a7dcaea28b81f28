"""`python -m expectations`: what it answers and how it ends, also when it cannot tell."""

import io
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
import pytest

from capture.settings import settings
from expectations.cli import answer_to


@pytest.fixture
def home(clean: str, capture_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The settings of this process name a clean database."""
    monkeypatch.setenv("DATABASE_URL", clean)
    settings.cache_clear()
    yield capture_home
    settings.cache_clear()


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A webhook of the test's own: its address, and what it was sent."""
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", received
    server.shutdown()
    thread.join(30)
    server.server_close()


def damage(statement: str) -> None:
    """Change the database behind everybody's back."""
    secret = settings().database_url
    assert secret is not None
    with psycopg.connect(secret.get_secret_value(), autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["validate", "--repository", "acme/nowhere"], "acme/nowhere has not been captured yet"),
        (["validate", "--since", "yesterday"], "neither a day nor a time"),
        (["validate", "--since", "2026-01-01T00:00:00"], "has no time zone"),
        (["validate", "--job-id", "7"], "is not a job's id"),
        (["validate", "--colour"], "unrecognized arguments"),
        (["validate", "--since", "2026-01-02", "--until", "2026-01-01"], "must be later than since"),
    ],
)
def test_a_mistake_is_answered_by_one_sentence_and_exit_code_2(home: Path, words: list[str], sentence: str) -> None:
    answer = answer_to(words)
    assert answer.exit_code == 2
    assert sentence in answer.payload["error"]
    assert len(answer.lines) == 1


def test_a_dead_database_is_an_outage_and_its_password_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, capture_home: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://postgres:geheim@127.0.0.1:1/postgres")
    settings.cache_clear()
    answer = answer_to(["validate"])
    settings.cache_clear()
    assert answer.exit_code == 3
    assert "geheim" not in answer.payload["error"]


@pytest.mark.slow
def test_good_data_ends_with_0_and_the_run_is_stored_with_report_and_documents(home: Path) -> None:
    answer = answer_to(["validate", "--repository", "acme/rocket", "--json"])
    assert (answer.exit_code, answer.payload["status"]) == (0, "passed")
    assert Path(answer.payload["report"]).is_relative_to(home)
    assert Path(answer.payload["docs"]).exists()
    assert "Yes" not in answer.lines[0]
    assert stored() == [("demand", "passed", len(answer.payload["results"]))]


@pytest.mark.slow
def test_bad_data_ends_with_1_names_the_record_and_tells_the_webhook(
    home: Path, receiver: tuple[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, received = receiver
    monkeypatch.setenv("CAPTURE_WEBHOOK_URL", url)
    settings.cache_clear()
    damage("delete from reviews where pull_request_id in (select id from pull_requests where number = 31)")
    answer = answer_to(["validate", "--suite", "completeness", "--no-report"])
    assert answer.exit_code == 1
    assert any("#31 reviews" in line and "/acme/rocket/pull/31" in line for line in answer.lines)
    assert [message["checks"][0]["check"] for message in received] == ["reviews_complete"]
    assert "critical defects" in received[0]["text"]


@pytest.mark.slow
def test_a_webhook_that_does_not_answer_changes_nothing_but_is_said(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAPTURE_WEBHOOK_URL", "http://127.0.0.1:1/hook")
    settings.cache_clear()
    damage("delete from reviews where pull_request_id in (select id from pull_requests where number = 31)")
    answer = answer_to(["validate", "--suite", "completeness", "--no-report"])
    assert answer.exit_code == 1
    assert any("webhook could not be told" in line for line in answer.lines)


@pytest.mark.slow
def test_a_check_that_cannot_be_made_is_never_green_and_ends_with_3(home: Path) -> None:
    damage("drop view dq.gaps")
    answer = answer_to(["validate", "--suite", "completeness", "--no-report"])
    assert (answer.exit_code, answer.payload["status"]) == (3, "error")
    assert stored() == [("demand", "error", len(answer.payload["results"]))]


@pytest.mark.slow
def test_without_anything_captured_nobody_can_tell(
    database_url: str, capture_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    settings.cache_clear()
    answer = answer_to(["validate", "--no-report"])
    settings.cache_clear()
    assert answer.exit_code == 3
    assert "nothing has been captured" in answer.payload["message"]


@pytest.mark.slow
def test_after_a_split_without_common_records_the_overlap_suite_is_an_error(home: Path) -> None:
    damage("delete from capture_observations")
    answer = answer_to(["validate", "--suite", "overlap", "--no-report"])
    by_name = {result["expectation"]: result["status"] for result in answer.payload["results"]}
    assert answer.exit_code == 3
    assert by_name["something_to_compare"] == "error"
    assert by_name["audit_agrees"] == "not_applicable"


@pytest.mark.slow
def test_without_a_split_the_overlap_suite_does_not_apply(home: Path) -> None:
    damage("update progressive_capture_jobs set executed_by = 'local' where not is_parent")
    damage("delete from capture_observations")
    answer = answer_to(["validate", "--suite", "overlap", "--no-report"])
    assert answer.exit_code == 0
    assert {result["status"] for result in answer.payload["results"]} == {"not_applicable"}


@pytest.mark.slow
def test_after_a_job_its_repository_is_validated_over_its_window_and_only_once(home: Path) -> None:
    damage("update progressive_capture_jobs set since = now() - interval '3 days'")
    damage("update progressive_capture_jobs set completed_at = now() - interval '2 days' where name = 'lander'")
    first, second = answer_to(["after-jobs"]), answer_to(["after-jobs"])
    (run,) = first.payload["runs"]
    assert (run["repository"], run["checkpoint"], run["status"]) == ("acme/rocket", "window", "passed")
    assert run["since"] is not None
    assert "not_applicable" in {result["status"] for result in run["results"]}
    assert (second.exit_code, second.payload["runs"]) == (0, [])


@pytest.mark.slow
def test_a_warm_process_answers_each_line_by_one_line(home: Path) -> None:
    from expectations.warm import serve

    answers = io.StringIO()
    commands = [["validate", "--suite", "schema", "--no-report"], ["validate", "--suite", "colours"]]
    serve(io.StringIO("".join(json.dumps(words) + "\n" for words in commands)), answers)
    ready, first, second = (json.loads(line) for line in answers.getvalue().splitlines())
    assert ready == {"ready": True}
    assert (first["exit_code"], first["payload"]["status"]) == (0, "passed")
    assert second["exit_code"] == 2


def stored() -> list[tuple[Any, ...]]:
    """The stored runs, each with the number of its results."""
    secret = settings().database_url
    assert secret is not None
    with psycopg.connect(secret.get_secret_value()) as connection:
        return connection.execute(
            "select d.checkpoint, d.status, (select count(*) from dq_results r where r.run_id = d.id) from dq_runs d"
        ).fetchall()
