"""What becomes of a job when its run in Inngest fails, waits, or is not understood."""

import httpx
import pytest

from tests.inngest.rig import Rig
from tests.inngest.server import InngestServer
from tests.support.waiting import eventually


def send(server: InngestServer, name: str, **data: object) -> str:
    """Send an event past the product; answers the server's id of it."""
    return httpx.post(f"{server.url}/e/any", json={"name": name, "data": data}).json()["ids"][0]


@pytest.mark.slow
def test_an_outage_uses_up_the_steps_attempts_and_then_the_job_is_tried_again_later(rig: Rig) -> None:
    done = rig.request(numbers=[1, 2])
    rig.ended(done)
    rig.github.faults({"match": {"operation": "*"}, "action": {"kind": "reset"}})
    job_id = rig.app.post(f"/api/jobs/{done}/retry").json()["job_id"]
    waiting = eventually(
        lambda: (row := rig.job(job_id)) and row["status"] == "pending" and row["next_attempt_at"] and row,
        what="the job's own next attempt",
    )
    assert (waiting["error_code"], waiting["attempt"]) == ("outage", 1)
    rig.github.faults()
    jobs = rig.all_end()
    assert {str(job["id"]): job["status"] for job in jobs}[job_id] == "completed"


def failure(run_id: str, job_id: str) -> dict[str, object]:
    """The call that Inngest makes to a function's failure handler."""
    error = {"name": "Error", "message": "step output size is greater than the limit"}
    data = {
        "function_id": "capture-capture-job", "run_id": run_id, "error": error,
        "event": {"name": "capture/requested", "data": {"v": 1, "job_id": job_id}},
    }  # fmt: skip
    event = {"id": "f", "name": "inngest/function.failed", "data": data, "ts": 0}
    ctx = {"attempt": 0, "disable_immediate_execution": False, "run_id": "r", "stack": {"current": 0, "stack": []}}
    return {"ctx": ctx, "event": event, "events": [event], "steps": {}, "use_api": False}


def test_a_run_that_failed_without_a_word_gives_back_the_job_that_it_holds_and_no_other(rig: Rig) -> None:
    job_id = rig.request(numbers=[4])
    rig.ended(job_id)
    rig.sql("alter table progressive_capture_jobs disable trigger guard_job_status")
    rig.sql(
        "update progressive_capture_jobs set status = 'processing', completed_at = null, lease_token = id, "
        "lease_owner = 'inngest:run-1', lease_expires_at = now() + interval '1 hour' where id = %s", job_id,
    )  # fmt: skip
    rig.sql("alter table progressive_capture_jobs enable trigger guard_job_status")
    url = f"{rig.app.url}/api/inngest?fnId=capture-capture-job-failure&stepId=step"
    assert httpx.post(url, json=failure("run-2", job_id)).json() == "fenced"
    assert rig.job(job_id)["status"] == "processing"
    assert httpx.post(url, json=failure("run-1", job_id)).json() == "pending"
    row = rig.job(job_id)
    assert (row["error_code"], row["next_attempt_at"] is not None) == ("inngest_run_failed", True)
    assert "greater than the limit" in row["error"]


def test_an_event_of_a_version_that_is_not_known_fails_its_run_and_touches_no_job(rig: Rig) -> None:
    job_id = rig.request(numbers=[5])
    before = rig.ended(job_id)
    [run] = rig.inngest.finished(
        send(rig.inngest, "capture/requested", v=2, job_id=job_id, repository="a/b", priority=0)
    )
    assert run["status"] == "Failed"
    assert "version 1" in run["output"]["message"]
    after = rig.job(job_id)
    assert [after[name] for name in ("status", "attempt", "error")] == ["completed", before["attempt"], None]


def test_a_job_knows_how_many_executions_it_took(rig: Rig) -> None:
    job_id = rig.request(numbers=[6])
    rig.ended(job_id)
    metrics = eventually(lambda: (found := rig.job(job_id)["metrics"]).get("executions") and found, what="the figure")
    [run] = [run for run in rig.inngest.runs("capture-capture-job") if run["event"]["data"]["job_id"] == job_id]
    assert run["function_id"] == "capture-capture-job"
    assert 5 <= metrics["executions"] <= 12


def test_an_exhausted_limit_defers_the_job_and_uses_up_no_attempt(rig: Rig) -> None:
    """The last of this module: from here on the credential is spent."""
    job_id = rig.request(numbers=[3])
    rig.ended(job_id)
    rig.github.faults({"match": {"operation": "*"}, "action": {"kind": "rate_limit", "reset_in": 3600}})
    again = rig.app.post(f"/api/jobs/{job_id}/retry").json()["job_id"]
    deferred = eventually(lambda: (row := rig.job(again)) and row["status"] == "deferred" and row, what="deferral")
    assert deferred["attempt"] == 0
    assert (deferred["next_attempt_at"] - deferred["created_at"]).total_seconds() > 1800
    runs = [run for run in rig.inngest.runs("capture-capture-job") if run["event"]["data"]["job_id"] == again]
    ended = eventually(
        lambda: [run for run in rig.inngest.runs("capture-capture-job") if run["run_id"] == runs[0]["run_id"]
                 and run["ended_at"]], what="the run's end",
    )  # fmt: skip
    assert (ended[0]["status"], ended[0]["output"]["status"]) == ("Completed", "deferred")
