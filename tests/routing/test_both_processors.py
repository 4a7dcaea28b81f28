"""Both processors at work on one request, by the product's own capture: nothing missing, the overlap seen by both."""

from uuid import UUID

import pytest

from capture.core.errors import InvalidInput, Unreadable
from capture.core.models import Executor, Job
from capture.core.ports import Verdict
from capture.usecases.drain import run_waiting
from capture.usecases.reroute import after_listing
from capture.usecases.run_job import Outcome, run_job
from capture.usecases.shadow import compare
from capture.usecases.steps import DirectSteps
from tests.routing.conftest import Desk

pytestmark = pytest.mark.anyio


async def work(desk: Desk, job_id: UUID, executor: Executor) -> list[Outcome]:
    """Do a job and whatever continues it, as this executor does."""
    outcomes: list[Outcome] = []
    following: UUID | None = job_id
    while following is not None:
        outcome = await run_job(
            desk.tools, following, executed_by=executor, owner="a test", steps=DirectSteps(), force=True
        )
        outcomes.append(outcome)
        assert len(outcomes) < 10, "it goes on for ever"
        following = outcome.continuation_id
    return outcomes


def captured(desk: Desk) -> int:
    return desk.sql("select count(*) from pull_requests where deleted_at is null")[0][0]


def overlap(desk: Desk) -> dict[str, set[int]]:
    rows = desk.sql("select processor, number from capture_observations where reason = 'overlap'")
    return {name: {number for by, number in rows if by == name} for name in ("inngest", "github_actions")}


@pytest.mark.slow
@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["real-time first", "bulk first"])
async def test_a_split_captures_everything_and_both_see_the_same_overlap(desk: Desk, order: tuple[int, int]) -> None:
    submission = await desk.ask(whole_history=True)
    executors: list[Executor] = ["inngest", "github_actions"]
    for place in order:
        await work(desk, submission.jobs[place].id, executors[place])
    assert captured(desk) == desk.github.truth()["pull_requests"]
    band = set(submission.decision.slices[0].overlap_numbers or ())
    assert len(band) == 10
    seen = overlap(desk)
    assert band <= seen["inngest"]
    assert band <= seen["github_actions"]
    assert submission.parent is not None
    assert (await desk.job(submission.parent)).status == "completed"


async def test_where_the_decision_could_not_know_the_overlap_the_real_time_slice_tells_it(desk: Desk) -> None:
    desk.github.faults({"match": {"operation": "Manifest"}, "action": {"kind": "hold"}})
    await desk.store.track_repository(github_id=desk.github.github_id, owner=desk.github.owner, name=desk.github.name)
    desk.sql("update repositories set pull_requests_total = 5000")
    submission = await desk.ask(whole_history=True, listing_seconds=0.2)
    desk.github.faults()
    desk.github.release()
    assert submission.decision.ruling == 8
    assert submission.decision.slices[0].overlap_numbers is None
    newest, bulk = submission.jobs
    await work(desk, newest.id, "inngest")
    assert len((await desk.job(bulk)).overlap_numbers or ()) == 10
    await work(desk, bulk.id, "github_actions")
    seen = overlap(desk)
    assert set((await desk.job(bulk)).overlap_numbers or ()) <= seen["inngest"] & seen["github_actions"]
    assert captured(desk) == desk.github.truth()["pull_requests"]


@pytest.mark.slow
async def test_an_unknown_volume_is_routed_again_by_the_runs_own_listing(desk: Desk) -> None:
    desk.github.faults({"match": {"operation": "Manifest"}, "action": {"kind": "hold"}})
    submission = await desk.ask(whole_history=True, listing_seconds=0.2)
    desk.github.faults()
    desk.github.release()
    assert submission.decision.ruling == 7
    assert submission.parent is not None
    await work(desk, submission.jobs[0].id, "inngest")
    bulk = next(job for job in await desk.store.children(submission.parent.id) if job.id != submission.jobs[0].id)
    assert (bulk.processor_type, bulk.status) == ("github_actions", "pending")
    assert (bulk.decision or {})["ruling"] == 8
    assert (await desk.job(submission.parent)).status == "processing"
    await work(desk, bulk.id, "github_actions")
    assert captured(desk) == desk.github.truth()["pull_requests"]
    assert (await desk.job(submission.parent)).status == "completed"
    seen = overlap(desk)
    assert len(seen["inngest"] & seen["github_actions"]) == 10


async def unknown(desk: Desk, **words: object) -> Job:
    """The real-time job of a request whose volume nobody knows."""
    desk.github.faults({"match": {"operation": "Manifest"}, "action": {"kind": "hold"}})
    submission = await desk.ask(whole_history=True, listing_seconds=0.1, **words)
    desk.github.faults()
    desk.github.release()
    return await desk.job(submission.jobs[0])


async def test_a_listing_decides_by_the_same_rulings_as_the_router(desk: Desk) -> None:
    await desk.store.track_repository(github_id=desk.github.github_id, owner=desk.github.owner, name=desk.github.name)
    job = await unknown(desk)
    small = await after_listing(desk.store, job, 50, [])
    assert (small.limit, small.others) == (None, ())
    split = await after_listing(desk.store, job, 51, list(range(51, 0, -1)))
    assert split.limit == 50
    assert split.overlap_numbers == tuple(range(2, 12))
    again = await after_listing(desk.store, job, 51, list(range(51, 0, -1)))
    assert [other.id for other in again.others] == [other.id for other in split.others]
    scheduled = await unknown(desk, trigger="bootstrap", max_items=900)
    assert (await after_listing(desk.store, scheduled, 51, [])).limit == 0
    await desk.store.change_rollout("set", percentage=0)
    outside = await unknown(desk, max_items=5000)
    assert (await after_listing(desk.store, outside, 1000, [])).limit == 5000
    beyond = await after_listing(desk.store, outside, 1001, [])
    assert beyond.limit == 1000
    rest = await desk.job(beyond.others[0])
    assert (rest.status, rest.deferred_reason, rest.parent_id) == ("deferred", "outside_rollout", None)


async def test_a_repair_of_more_than_fifty_outside_the_rollout_ends_after_two_linked_runs(desk: Desk) -> None:
    await desk.store.change_rollout("set", percentage=0)
    numbers = list(range(1, 200))  # issues have numbers too, so 60 pull requests lie among them
    submission = await desk.ask(numbers=numbers, trigger="repair")
    outcomes = await work(desk, submission.head.id, "inngest")
    assert [outcome.items for outcome in outcomes] == [50, 10]
    assert captured(desk) == 60


@pytest.mark.slow
async def test_a_shadow_run_writes_observations_only_and_the_report_says_that_both_agree(desk: Desk) -> None:
    submission = await desk.ask(whole_history=True, mode="shadow")
    capture, observe = submission.jobs
    await work(desk, observe.id, "github_actions")
    assert captured(desk) == 0
    await work(desk, capture.id, "inngest")
    found = await compare(desk.store)
    assert found["exit_code"] == 0, found
    assert found["records"]["both"] == found["records"]["agree"] > 60
    sides = {side["side"]: side for side in found["sides"]}
    assert sides["inngest"]["requests"] > 0
    assert sides["github_actions"]["points"] > 0


@pytest.mark.slow
async def test_a_planted_difference_is_named_by_record_and_field(desk: Desk) -> None:
    first = await desk.ask(whole_history=True)
    for job, executor in zip(first.jobs, ("inngest", "github_actions"), strict=True):
        await work(desk, job.id, executor)  # type: ignore[arg-type]
    submission = await desk.ask(whole_history=True, mode="shadow")
    capture, observe = submission.jobs
    await work(desk, capture.id, "inngest")  # fetches what is stored already, or there would be nothing to compare
    await work(desk, observe.id, "github_actions")
    ((number, key),) = desk.sql(
        "update capture_observations set fields = jsonb_set(fields, '{state}', '\"dismissed\"') where ctid = ("
        "select ctid from capture_observations where processor = 'github_actions' and record_kind = 'reviews' "
        "and reason = 'shadow' and fields ->> 'state' <> 'dismissed' order by number limit 1) "
        "returning number, record_key"
    )
    desk.sql("delete from capture_observations where ctid = (select ctid from capture_observations where processor = "
             "'inngest' and record_kind = 'file_changes' and reason = 'shadow' order by number limit 1)")  # fmt: skip
    found = await compare(desk.store, desk.github.repository)
    (wrong,) = found["disagreements"]
    assert (wrong["number"], wrong["record_kind"], wrong["record_key"], wrong["field"]) == (
        number,
        "reviews",
        key,
        "state",
    )
    assert wrong["github_actions"] == "dismissed"
    assert found["by_field"] == {"reviews.state": 1}
    assert [row["seen_by"] for row in found["one_sided"]] == ["github_actions"]
    assert found["exit_code"] == 1
    assert found["verdict"].startswith("1 of ")


async def test_nothing_to_compare_is_not_agreement(desk: Desk) -> None:
    assert (await compare(desk.store))["exit_code"] == 3


async def test_a_repository_that_vanishes_fails_its_job_with_a_code_and_is_remembered(desk: Desk) -> None:
    first = await desk.ask(numbers=[1])
    await work(desk, first.head.id, "inngest")
    desk.github.faults({"match": {"operation": "Manifest"}, "action": {"kind": "not_found"}})
    with pytest.raises(Unreadable):
        await desk.ask(whole_history=True)
    row = await desk.store.find_repository(desk.github.owner, desk.github.name)
    assert row is not None
    assert row["access"] == "gone"


async def test_with_both_processors_down_the_queue_is_drained_by_hand(desk: Desk) -> None:
    desk.inngest.verdict = desk.actions.verdict = Verdict(False, "api_down", "connection refused")
    submission = await desk.ask(whole_history=True)
    assert {(await desk.job(job)).status for job in submission.jobs} == {"deferred"}
    outcomes = [outcome async for outcome in run_waiting(desk.tools, owner="by hand", steps=DirectSteps())]
    assert [outcome.status for outcome in outcomes] == ["completed", "completed"]
    assert {(await desk.job(job)).executed_by for job in submission.jobs} == {"local"}
    assert submission.parent is not None
    assert (await desk.job(submission.parent)).status == "completed"
    assert captured(desk) == desk.github.truth()["pull_requests"]


async def test_a_parent_run_by_hand_stands_for_its_children(desk: Desk) -> None:
    submission = await desk.ask(whole_history=True, handing=False)
    ids = [submission.head.id]
    outcomes = [outcome async for outcome in run_waiting(desk.tools, owner="me", steps=DirectSteps(), job_ids=ids)]
    assert [outcome.job_id for outcome in outcomes] == [job.id for job in submission.jobs]
    with pytest.raises(InvalidInput, match="there is no job"):
        _ = [
            outcome async for outcome in run_waiting(desk.tools, owner="me", steps=DirectSteps(), job_ids=[UUID(int=1)])
        ]
