"""Capturing without disturbance: complete, cheap, and nothing twice."""

from datetime import datetime

import pytest

from capture.core.planning import OVERLAP
from tests.engine.rig import Rig, rig
from tests.support.sandbox import start_sandbox

pytestmark = pytest.mark.anyio


async def test_a_whole_history_is_stored_row_by_row_as_github_counts_it(engine: Rig) -> None:
    outcome = await engine.sync()
    assert (outcome.status, outcome.items) == ("completed", 60)
    assert engine.stored() == engine.sandbox.truth()
    assert engine.open_lists() == []
    job = await engine.job(outcome)
    stats = engine.sandbox.stats()
    assert (job.metrics["requests"], job.metrics["points"]) == (stats["requests"], stats["points"])
    assert job.items_done == job.items_total == 60


async def test_the_same_again_asks_for_no_details_and_writes_nothing(engine: Rig) -> None:
    await engine.sync()
    engine.sandbox.reset_stats()
    outcome = await engine.sync()
    assert (outcome.items, outcome.rows) == (0, 0)
    assert engine.sandbox.calls("Items") == []
    assert engine.sandbox.stats()["requests"] == 3  # one listing page, two listings of edited comments


async def test_without_words_only_what_moved_since_the_watermark_is_listed(engine: Rig) -> None:
    await engine.sync()
    engine.sandbox.reset_stats()
    outcome = await engine.sync(days_back=None)
    assert (outcome.status, outcome.items) == ("completed", 0)
    assert [call["operation"] for call in engine.sandbox.calls("Manifest")] == ["Manifest"]


async def test_one_missing_dataset_is_fetched_alone_for_what_is_known(engine: Rig) -> None:
    await engine.sync(whole_history=True, datasets=["pull_requests"])
    assert engine.stored() == {**dict.fromkeys(engine.stored(), 0), "pull_requests": 60}
    truth = engine.sandbox.truth()
    for dataset, tables in (
        ("reviews", ["reviews"]),
        ("comments", ["inline", "conversation"]),
        ("file_changes", ["files"]),
    ):
        await engine.sync(whole_history=True, datasets=[dataset])
        assert {table: engine.stored()[table] for table in tables} == {table: truth[table] for table in tables}
    engine.sandbox.reset_stats()
    assert (await engine.sync()).items == 0
    assert engine.sandbox.calls("Items") == []


async def test_single_numbers_are_captured_whole_and_a_number_that_is_none_is_left_out(engine: Rig) -> None:
    numbers = [row["number"] for row in engine.sandbox.client.get("/_sandbox/dump").json()][:3]
    outcome = await engine.sync(numbers=[*numbers, 99_999])
    assert (outcome.status, outcome.items) == ("completed", 3)
    assert [row[0] for row in engine.sql("select number from pull_requests order by number")] == sorted(numbers)
    assert engine.open_lists() == []


async def test_a_limit_keeps_the_newest_and_says_what_it_cut_off(engine: Rig) -> None:
    outcome = await engine.sync(whole_history=True, max_items=10)
    assert outcome.items == 10
    newest = sorted(engine.sandbox.client.get("/_sandbox/dump").json(), key=lambda row: row["updatedAt"])[-10:]
    stored = {row[0] for row in engine.sql("select number from pull_requests")}
    assert stored == {row["number"] for row in newest}
    covered = engine.sql("select covered, reason from capture_coverage order by covered desc")
    assert covered == [(True, None), (False, "the limit of 10 items ends here")]
    assert engine.sql("select watermark from repositories") == [(None,)]
    assert (await engine.sync()).items == 50
    assert engine.sql("select watermark is not null from repositories") == [(True,)]


async def test_a_window_holds_what_was_updated_within_it_and_ten_minutes_before(engine: Rig) -> None:
    pulls = sorted(engine.sandbox.client.get("/_sandbox/dump").json(), key=lambda row: row["updatedAt"])
    since, until = (datetime.fromisoformat(pulls[at]["updatedAt"]) for at in (20, 40))
    outcome = await engine.sync(since=since, until=until)
    assert outcome.status == "completed"
    within = [row["number"] for row in pulls if since - OVERLAP <= datetime.fromisoformat(row["updatedAt"]) <= until]
    assert [row[0] for row in engine.sql("select number from pull_requests order by 1")] == sorted(within)
    assert engine.sql("select since, until from capture_coverage") == [(since, until)]
    assert engine.sql("select watermark from repositories") == [(None,)]  # what lies before is not covered


@pytest.mark.slow
async def test_the_workload_stays_within_its_requests_and_points(store: object, database_url: str) -> None:
    with start_sandbox("--shape", "workload", pull_requests=1000) as github:
        async with rig(store, database_url, github) as engine:  # type: ignore[arg-type]
            assert (await engine.sync()).items == 1000
            assert engine.stored() == github.truth()
            stats = github.stats()
            assert stats["requests"] <= 60
            assert stats["points"] <= 100
            github.reset_stats()
            assert (await engine.sync()).rows == 0
            assert github.stats()["requests"] <= 13


@pytest.mark.slow
async def test_the_heavy_repository_is_complete_and_its_limits_are_flagged_once(
    store: object, database_url: str
) -> None:
    with start_sandbox("--shape", "heavy", pull_requests=12) as github:
        async with rig(store, database_url, github) as engine:  # type: ignore[arg-type]
            await engine.sync()
            assert engine.stored() == github.truth()  # which holds 3,000 files of the one that has 3,127
            assert engine.open_lists() == []
            cut = engine.sql(
                "select p.number, l.captured, l.expected, l.complete from pull_request_lists l"
                " join pull_requests p on p.id = l.pull_request_id where l.truncated"
            )
            assert [(row[1], row[2], row[3]) for row in cut] == [(3_000, None, False)]
            github.reset_stats()
            assert (await engine.sync()).items == 0  # the 3,000 are final: not asked for again
            assert github.calls(route="/files") == []


async def test_inline_comments_that_hang_below_no_review_are_looked_for_where_the_sum_of_comments_hints_at_some(
    engine: Rig,
) -> None:
    from capture.core.batching import Wanted
    from capture.usecases.by_rest import Target
    from capture.usecases.fetch import fetch

    pulls = engine.sandbox.client.get("/_sandbox/dump").json()
    pull = next(row for row in pulls if row["inline"])
    item = Wanted(
        pull["number"],
        pull["id"],
        ("inline_comments",),
        (None,),
        pull["updatedAt"],
        comments_total=900,
        inline_hint=900,
    )
    (found,) = await fetch(engine.tools, Target(engine.sandbox.owner, engine.sandbox.name), [item])
    assert len(engine.sandbox.calls(route="/comments")) == 1
    assert found.beside_reviews == []  # every one of them hangs below a review here
    assert found.complete("inline_comments")
