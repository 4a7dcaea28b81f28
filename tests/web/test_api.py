"""The HTTP API as its callers meet it."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.inngest.rig import Rig
from tests.support.waiting import eventually


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"repository": "octo"}, "repository"),
        ({"numbers": [1]}, "repository"),
        ({"repository": "octo/hello", "numbers": []}, "numbers"),
        ({"repository": "octo/hello", "numbers": [0]}, "numbers"),
        ({"repository": "octo/hello", "numbers": [1], "days_back": 3}, "numbers"),
        ({"repository": "octo/hello", "since": "2026-01-01T00:00:00"}, "since"),
        ({"repository": "octo/hello", "since": "2999-01-01T00:00:00Z"}, "since"),
        ({"repository": "octo/hello", "trigger": "whim"}, "trigger"),
        ({"repository": "octo/hello", "datasets": ["stars"]}, "datasets"),
        ({"repository": "octo/hello", "max_items": 0}, "max_items"),
        ({"repository": "octo/hello", "colour": "red"}, "colour"),
        ({"repository": "octo/hello", "notes": ["x"]}, "notes"),
        ({"jobType": "recent-prs", "repositoryName": "octo/hello", "timeRange": "many"}, "timeRange"),
        ({"jobType": "embeddings", "repositoryName": "octo/hello"}, "jobType"),
        ({"jobType": "recent-prs", "repositoryId": "nonsense"}, "repositoryId"),
        ({"jobType": "recent-prs", "repositoryId": str(uuid4())}, "repositoryId"),
        ({"jobType": "recent-prs"}, "repositoryName"),
    ],
)
def test_a_mistake_is_answered_with_the_field_in_one_sentence(rig: Rig, body: dict[str, Any], field: str) -> None:
    if body.get("repository") == "octo/hello":
        body = {**body, "repository": rig.github.repository}  # one that exists: what needs the clock is checked later
    for path in ("/api/capture", "/api/decision"):
        answer = rig.app.post(path, body)
        assert answer.status_code == 422
        assert answer.json()["field"] == field
        assert answer.json()["error"].startswith(f"{field}: ")


def test_what_is_no_json_object_is_refused_as_the_body(rig: Rig) -> None:
    headers = {"authorization": "Bearer a token for tests"}
    for content in (b"{", b"[]", b"", b"\xff\xfe"):
        answer = httpx.post(f"{rig.app.url}/api/capture", content=content, headers=headers)
        assert (answer.status_code, answer.json()["field"]) == (422, "body")


UNKNOWN = UUID(int=7)
WRITING = ["/api/capture", "/api/decision", "/api/rollout", f"/api/jobs/{UNKNOWN}/cancel", f"/api/jobs/{UNKNOWN}/retry"]


@pytest.mark.parametrize("path", WRITING)
@pytest.mark.parametrize("token", [None, "wrong", ""])
def test_writing_needs_the_token(rig: Rig, path: str, token: str | None) -> None:
    assert rig.app.post(path, {"action": "stop"}, token=token).status_code == 401


def test_a_preview_says_what_would_be_decided_and_writes_nothing(rig: Rig) -> None:
    before = rig.sql("select count(*) as n from progressive_capture_jobs")
    body = {"repository": rig.github.repository, "numbers": [1, 2]}
    preview = rig.app.post("/api/decision", body).json()
    assert preview["outcome"] == "preview"
    assert preview["decision"]["slices"][0]["label"] == "Real-time processing"
    assert rig.app.post("/api/capture", {**body, "dry_run": True}).json()["decision"] == preview["decision"]
    assert rig.sql("select count(*) as n from progressive_capture_jobs") == before


def test_queue_jobs_fields_are_taken_with_their_meaning(rig: Rig) -> None:
    body = {
        "jobType": "historical-pr-sync",
        "repositoryName": rig.github.repository,
        "timeRange": 7,
        "prNumbers": [5, 6],
        "triggerSource": "manual",
    }
    answer = rig.app.post("/api/capture", body)
    assert answer.status_code == 202
    assert any("prNumbers" in note for note in answer.json()["decision"]["notes"])
    job = rig.ended(answer.json()["job_id"])
    assert (job["status"], job["numbers"], job["trigger"], job["max_items"]) == ("completed", [5, 6], "manual", None)
    [repository] = rig.sql("select id from repositories")
    by_id = {"jobType": "historical-pr-sync", "repositoryId": str(repository["id"]), "prNumbers": [5, 6]}
    assert rig.app.post("/api/decision", by_id).json()["repository"] == rig.github.repository


def test_asking_again_is_answered_with_the_finished_job_and_the_next_time(rig: Rig) -> None:
    job_id = rig.request(numbers=[7])
    rig.ended(job_id)
    again = rig.app.post("/api/capture", {"repository": rig.github.repository, "numbers": [7]})
    assert again.status_code == 200
    assert (again.json()["outcome"], again.json()["job_id"]) == ("throttled", job_id)
    assert again.json()["next_time"]


def test_the_queues_figures_have_the_shape_that_was_asked_for(rig: Rig) -> None:
    rig.ended(rig.request(numbers=[8]))
    figures = rig.app.get("/api/queue/stats")
    assert set(figures) == {"inngest", "github_actions", "total"}
    for part in figures.values():
        assert set(part) == {"pending", "processing", "completed", "failed"}
    assert figures["inngest"]["completed"] >= 1
    assert figures["total"]["completed"] == figures["inngest"]["completed"] + figures["github_actions"]["completed"]


def test_jobs_are_listed_in_pages_and_shown_one_by_one(rig: Rig) -> None:
    ids = {rig.request(numbers=[number]) for number in (9, 10, 11)}
    for job_id in ids:
        rig.ended(job_id)
    seen: list[str] = []
    query = f"?limit=2&repository={rig.github.repository}"
    page = rig.app.get(f"/api/jobs{query}")
    while True:
        seen += [job["id"] for job in page["jobs"]]
        if page["next"] is None:
            break
        page = rig.app.get(f"/api/jobs{query}&after_id={page['next']}")
    assert ids <= set(seen)
    assert len(seen) == len(set(seen))
    one = rig.app.get(f"/api/jobs/{seen[0]}")
    assert (one["label"], one["progress"], one["children"]) == ("Real-time processing", 1.0, [])
    assert httpx.get(f"{rig.app.url}/api/jobs/{uuid4()}").status_code == 404
    for wrong in ("limit=0", "limit=x", "status=gone", "repository=x", "after_id=x"):
        assert httpx.get(f"{rig.app.url}/api/jobs?{wrong}").status_code == 422


def test_a_job_is_cancelled_and_tried_again(rig: Rig) -> None:
    rig.github.faults({"match": {"operation": "*"}, "action": {"kind": "hold", "gate": "wait"}})
    answer = rig.app.post("/api/capture", {"repository": rig.github.repository, "numbers": [12, 13]})
    job_id = answer.json()["job_id"]
    eventually(lambda: rig.github.waiting("wait"), what="a call to GitHub")
    cancelled = rig.app.post(f"/api/jobs/{job_id}/cancel")
    assert (cancelled.status_code, cancelled.json()["outcome"]) == (200, "requested")
    rig.github.faults()
    rig.github.release()
    assert rig.ended(job_id)["status"] == "cancelled"
    assert rig.app.post(f"/api/jobs/{job_id}/cancel").json()["outcome"] == "terminal"

    again = rig.app.post(f"/api/jobs/{job_id}/retry").json()
    assert (again["outcome"], again["retry_of"]) == ("created", job_id)
    assert rig.ended(again["job_id"])["status"] == "completed"
    assert rig.app.post(f"/api/jobs/{uuid4()}/retry").status_code == 404


def test_the_rollout_is_read_and_changed(rig: Rig) -> None:
    stopped = rig.app.post("/api/rollout", {"action": "stop", "reason": "a drill"}).json()
    assert (stopped["changed"], stopped["rollout"]["stop_reason"]) == (True, "a drill")
    assert "Bulk processing is stopped: a drill" in httpx.get(f"{rig.app.url}/").text
    assert rig.app.post("/api/rollout", {"action": "resume"}).json()["rollout"]["stopped_at"] is None
    history = rig.app.get("/api/rollout")["history"]
    assert [entry["action"] for entry in history[:2]] == ["resume", "stop"]
    for body, field in (
        ({"action": "explode"}, "action"),
        ({"action": "set", "percentage": "all"}, "percentage"),
        ({"action": "set", "percentage": True}, "percentage"),
        ({"action": "set", "percentage": 101}, "percentage"),
        ({"action": "include", "repositories": [1]}, "repositories"),
        ({"action": "stop", "until": "later"}, "until"),
    ):
        answer = rig.app.post("/api/rollout", body)
        assert (answer.status_code, answer.json()["field"]) == (422, field)


def test_prometheus_reads_the_figures(rig: Rig) -> None:
    text = httpx.get(f"{rig.app.url}/metrics").text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert families["capture_inngest_registered"].samples[0].value == 1
    labels = {(s.labels["processor"], s.labels["status"]) for s in families["capture_jobs"].samples}
    assert ("inngest", "completed") in labels
    assert ("github_actions", "deferred") in labels
