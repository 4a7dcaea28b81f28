"""Jobs that run in Inngest, from the HTTP request to the rows."""

from tests.inngest.rig import Rig
from tests.support.truth import differences
from tests.support.waiting import eventually


def test_numbers_that_are_asked_for_arrive_through_inngest(rig: Rig) -> None:
    job = rig.ended(rig.request(numbers=[1, 2, 3]))
    assert (job["status"], job["executed_by"], job["items_done"]) == ("completed", "inngest", 3)
    assert job["lease_owner"] is None
    stored = rig.sql("select number, captured_by from pull_requests where number <= 3 order by number")
    assert [(row["number"], row["captured_by"]) for row in stored] == [(n, "inngest") for n in (1, 2, 3)]


def test_a_long_history_goes_on_in_linked_runs_of_50_until_nothing_is_missing(rig: Rig) -> None:
    first = rig.ended(rig.request(whole_history=True, processor="inngest"))
    assert (first["status"], first["items_done"]) == ("completed", 50)

    def following() -> list[dict[str, object]]:
        jobs = rig.sql("select * from progressive_capture_jobs where continuation_of is not null")
        return jobs if jobs and all(job["status"] == "completed" for job in jobs) else []

    assert eventually(following, what="the linked run")
    names = {run["event"]["name"] for run in rig.inngest.runs("capture-capture-job")}
    assert "capture/continued" in names
    assert differences(rig.dsn, rig.github) == []


def test_step_results_hold_counts_and_no_captured_data(rig: Rig) -> None:
    rig.ended(rig.request(numbers=[4]))
    outputs = [run["output"] for run in rig.inngest.runs("capture-capture-job") if run["status"] == "Completed"]
    assert outputs
    for output in outputs:
        assert set(output) == {"status", "items", "rows", "reason"}


def test_the_heartbeat_function_beats(rig: Rig) -> None:
    rig.inngest.fire_crons()
    eventually(
        lambda: rig.sql(
            "select 1 as beat from processor_health where processor = 'inngest' and heartbeat_at is not null"
        )
    )


def test_a_gone_repository_is_recorded_and_not_tried_again(rig: Rig) -> None:
    answer = rig.app.post("/api/capture", {"repository": "nobody/nothing", "numbers": [1]})
    assert answer.status_code == 404
    assert "nobody/nothing" in answer.json()["error"]
