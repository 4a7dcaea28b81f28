"""What GitHub's answers and conclusions mean: tables by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.core.models import Job
from capture.processors.actions_rules import EXIT_CODES, Run, ending, refusal
from deployments.following import View, next_move
from deployments.orphans import is_mine, signature
from tests.actions.test_dispatch_contract import job

AT = datetime(2026, 11, 1, tzinfo=UTC)
STATUSES = ["pending", "dispatched", "processing", "deferred", "completed", "failed", "cancelled"]


def run(status: str = "completed", conclusion: str | None = "success", minutes: float = 5) -> Run:
    """A workflow run."""
    return Run(7, "https://example/runs/7", "title", status, conclusion, AT, AT + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("conclusion", "job_status", "state", "action"),
    [
        ("success", "completed", "Completed", "nothing"),
        ("success", "deferred", "Completed", "nothing"),
        ("success", "pending", "Completed", "nothing"),
        ("success", "failed", "Failed", "nothing"),
        ("success", "cancelled", "Cancelled", "nothing"),
        ("success", "dispatched", "Crashed", "requeue"),
        ("success", "processing", "Crashed", "requeue"),
        ("skipped", "dispatched", "Crashed", "requeue"),
        ("failure", "completed", "Completed", "nothing"),
        ("failure", "failed", "Failed", "nothing"),
        ("failure", "processing", "Crashed", "requeue"),
        ("failure", "pending", "Crashed", "requeue"),
        ("failure", "deferred", "Completed", "nothing"),
        ("cancelled", "processing", "Cancelled", "cancel"),
        ("cancelled", "dispatched", "Cancelled", "cancel"),
        ("cancelled", "cancelled", "Cancelled", "nothing"),
        ("cancelled", "completed", "Completed", "nothing"),
        ("timed_out", "processing", "Crashed", "requeue"),
        ("stale", "dispatched", "Crashed", "requeue"),
        ("startup_failure", "dispatched", "Crashed", "requeue"),
        ("action_required", "dispatched", "Crashed", "requeue"),
        ("neutral", "completed", "Completed", "nothing"),
        ("something_new", "processing", "Crashed", "requeue"),
    ],
)
def test_the_jobs_row_decides_and_the_conclusion_speaks_for_the_rest(
    conclusion: str, job_status: Any, state: str, action: str
) -> None:
    found = ending(run(conclusion=conclusion), job_status)
    assert (found.state, found.action) == (state, action)


def test_a_run_that_githubs_time_limit_cut_off_is_tried_again_and_not_taken_for_a_wish() -> None:
    assert ending(run(conclusion="cancelled", minutes=345), "processing").action == "requeue"


@given(st.sampled_from([*EXIT_CODES, "new", None]), st.sampled_from([*STATUSES, None]), st.floats(0, 400))
def test_every_ending_is_one_final_state_and_zero_means_completed_or_ended_before(
    conclusion: Any, job_status: Any, minutes: float
) -> None:
    found = ending(run(conclusion=conclusion, minutes=minutes), job_status)
    assert found.state in ("Completed", "Failed", "Cancelled", "Crashed")
    assert (found.code == 0) == (found.state == "Completed")
    assert found.message


@pytest.mark.parametrize(
    ("status", "message", "code", "retryable"),
    [
        (422, 'Unexpected inputs provided: ["foo", "bar"]', "dispatch_unexpected_inputs", False),
        (422, "No ref found for: main", "dispatch_unknown_ref", True),
        (422, "Workflow does not have 'workflow_dispatch' trigger", "dispatch_no_trigger", True),
        (422, "Provided value '' for input 'debug' not in the list of allowed values", "dispatch_invalid_value", False),
        (422, "Cannot trigger a 'workflow_dispatch' on a disabled workflow", "dispatch_disabled", True),
        (422, "Required input 'x' not provided", "dispatch_missing_input", False),
        (422, "something that GitHub says next year", "dispatch_refused", False),
        (404, "Not Found", "dispatch_not_found", True),
        (403, "Resource not accessible by integration", "dispatch_forbidden", True),
        (401, "Bad credentials", "dispatch_bad_credentials", True),
    ],
)
def test_a_refused_dispatch_has_a_code_and_says_whether_an_operator_can_repair_it(
    status: int, message: str, code: str, retryable: bool
) -> None:
    error = refusal(status, {"message": message}, "historical-pr-sync.yml")
    assert (error.code, error.retryable) == (code, retryable)
    assert "historical-pr-sync.yml" in str(error)


def view(flow: str = "RUNNING", status: str = "processing", **more: Any) -> View:
    """One look of the follower."""
    found: Job | None = job(status=status, handover_count=more.pop("handovers", 1), **more)
    return View(run("in_progress", None), found, flow)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (view("PENDING", "dispatched"), set[str]()),
        (view("PENDING", "processing"), {"running"}),
        (view("RUNNING", "processing"), set()),
        (view("CANCELLING", "processing"), {"cancel_job", "cancel_run"}),
        (view("CANCELLED", "dispatched"), {"cancel_job", "cancel_run"}),
        (view("CANCELLING", "processing", cancel_requested_at=AT), {"cancel_run"}),
        (view("RUNNING", "processing", cancel_requested_at=AT), {"cancel_run"}),
        (view("RUNNING", "cancelled"), {"cancel_run"}),
        (view("CANCELLING", "completed"), {"cancel_run"}),
    ],
)
def test_one_look_decides_what_is_passed_on(seen: View, expected: set[str]) -> None:
    move = next_move(seen, handover=1, overdue=False)
    assert {name for name in ("cancel_job", "cancel_run", "running") if getattr(move, name)} == expected
    assert move.end is None


def test_a_run_whose_job_was_handed_over_again_is_cancelled_and_the_job_is_left_alone() -> None:
    move = next_move(view("PENDING", "dispatched", handovers=2), handover=1, overdue=False)
    assert move.cancel_run
    assert not move.cancel_job
    assert move.end is not None
    assert (move.end.state, move.end.action) == ("Cancelled", "nothing")


def test_a_run_that_has_claimed_its_job_goes_on_whatever_was_handed_over_meanwhile() -> None:
    assert next_move(view("RUNNING", "processing", handovers=2), handover=1, overdue=False).end is None


def test_a_run_that_is_gone_or_outlives_its_time_ends_as_crashed_and_its_job_is_tried_again() -> None:
    gone = next_move(View(None, job(status="processing"), "RUNNING"), handover=1, overdue=False)
    late = next_move(view("RUNNING", "processing"), handover=1, overdue=True)
    assert gone.end is not None
    assert late.end is not None
    assert (gone.end.state, gone.end.action, gone.cancel_run) == ("Crashed", "requeue", False)
    assert (late.end.state, late.end.action, late.cancel_run) == ("Crashed", "requeue", True)


@pytest.mark.parametrize(
    ("follower", "minutes", "online", "mine"),
    [
        ("b", 0, {"b"}, True),
        ("b", 0, {"a", "b"}, True),  # its own, after a restart
        ("a", 99, {"a", "b"}, False),
        ("z", 0, {"b"}, True),
        ("z", 0, {"b", "c"}, True),  # the first of those on line takes them
        ("z", 0, {"a", "b"}, False),
        (None, 0, {"b"}, True),
        (None, 0, set(), True),  # not listed yet itself
        (None, 9, {"b", "c"}, False),  # another may be dispatching it
        (None, 11, {"b", "c"}, True),
        (None, 11, {"a", "b"}, False),
    ],
)
def test_a_begun_run_is_taken_up_by_exactly_one_worker(
    follower: str | None, minutes: int, online: set[str], mine: bool
) -> None:
    assert is_mine(follower, timedelta(minutes=minutes), "b", online) is mine


@pytest.mark.parametrize(
    ("infrastructure", "parts"),
    [("o/n:12@first", ("o/n:12", "first")), ("o/n:12", ("o/n:12", None)), (None, (None, None))],
)
def test_a_flow_run_shows_the_workflow_run_and_who_follows_it(
    infrastructure: str | None, parts: tuple[str | None, str | None]
) -> None:
    assert signature(infrastructure) == parts
