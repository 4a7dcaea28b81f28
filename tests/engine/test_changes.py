"""What changes at GitHub, before, between and during captures, arrives in the database."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.rig import Rig
from tests.support.sandbox import Sandbox, start_sandbox

pytestmark = pytest.mark.anyio


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A small repository of the test's own."""
    with start_sandbox(pull_requests=24, seed=2) as started:
        yield started


def busy(sandbox: Sandbox, **lists: int) -> int:
    """The number of a pull request that has at least so many rows in each of these lists."""
    for row in sandbox.client.get("/_sandbox/dump").json():
        if all(len(row[name]) >= count for name, count in lists.items()):
            return int(row["number"])
    raise AssertionError(f"no pull request with {lists}")


async def test_an_edited_comment_arrives_although_neither_time_nor_counts_moved(own: Rig) -> None:
    await own.sync()
    number = busy(own.sandbox, inline=1, conversation=1)
    for name in ("inline", "conversation"):
        own.sandbox.mutate({"do": "edit_comment", "number": number, "list": name, "body": f"edited {name}"})
    own.sandbox.reset_stats()
    outcome = await own.sync(days_back=None)
    assert outcome.items == 1
    bodies = own.sql("select kind, body from comments where body like 'edited %%' order by kind")
    assert bodies == [("conversation", "edited conversation"), ("inline", "edited inline")]
    assert own.sandbox.stats()["requests"] <= 4


async def test_a_minimised_comment_is_seen_when_its_pull_request_is_read_again(own: Rig) -> None:
    await own.sync()
    number = busy(own.sandbox, conversation=1)
    own.sandbox.mutate(
        {"do": "minimize", "number": number, "list": "conversation", "reason": "spam"},
        {"do": "touch", "number": number},
    )
    await own.sync(days_back=None)
    reasons = own.sql("select minimized_reason from comments where is_minimized and kind = 'conversation'")
    assert ("spam",) in reasons


@pytest.mark.parametrize("name", ["reviews", "inline", "conversation"])
async def test_what_was_deleted_is_marked_by_the_next_whole_listing(own: Rig, name: str) -> None:
    await own.sync()
    number = busy(own.sandbox, **{name: 2})
    do = "delete_review" if name == "reviews" else "delete_comment"
    own.sandbox.mutate({"do": do, "number": number, "list": name, "index": -1})
    await own.sync()
    assert own.stored() == own.sandbox.truth()


async def test_a_deleted_pull_request_is_marked_and_not_erased(own: Rig) -> None:
    await own.sync()
    number = busy(own.sandbox)
    own.sandbox.mutate({"do": "delete_pull_request", "number": number})
    await own.sync()
    assert own.sql("select deleted_at is not null from pull_requests where number = %s", number) == [(True,)]
    assert own.stored()["pull_requests"] == own.sandbox.truth()["pull_requests"]


async def test_a_force_push_replaces_the_files_and_a_reopened_pull_request_is_open(own: Rig) -> None:
    await own.sync()
    number = busy(own.sandbox, files=1)
    own.sandbox.mutate({"do": "force_push", "number": number, "files": 3}, {"do": "reopen", "number": number})
    outcome = await own.sync(days_back=None)
    assert outcome.items >= 1
    files = own.sql(
        "select f.path from file_changes f join pull_requests p on p.id = f.pull_request_id"
        " where p.number = %s and f.deleted_at is null order by 1",
        number,
    )
    assert files == [(f"src/pushed_{at}.py",) for at in range(3)]
    state = own.sql("select state, closed_at, merged_at from pull_requests where number = %s", number)
    assert state == [("open", None, None)]


CHANGES: list[dict[str, Any]] = [
    {"do": "edit", "title": "Edited during the scan"},
    {"do": "review_comment", "body": "added inline during the scan"},
    {"do": "edit_comment", "body": "edited during the scan"},
    {"do": "force_push"},
    {"do": "new_pull_request"},
]
POINTS = [
    ("Manifest", 1, "before"),
    ("Manifest", 1, "after"),
    ("Items", 1, "after"),
    ("More", 1, "after"),
]


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES, ids=[change["do"] for change in CHANGES])
async def test_a_change_at_any_point_of_a_scan_is_stored_after_the_next_incremental_run(own: Rig, change: Any) -> None:
    number = busy(own.sandbox, conversation=1, reviews=1)
    for operation, nth, when in POINTS:
        own.sql("truncate repositories, progressive_capture_jobs cascade")
        own.sandbox.faults(
            {
                "match": {"operation": operation, "nth": nth},
                "action": {"kind": "mutate", "when": when, "changes": [{"number": number, **change}]},
            }
        )
        assert (await own.sync(concurrency=1)).status == "completed"
        assert own.sandbox.fired()[0]["fired"] == 1, (operation, nth)
        own.sandbox.faults()
        assert (await own.sync(days_back=None)).status == "completed"
        assert own.stored() == own.sandbox.truth(), (operation, nth, when)
        assert own.open_lists() == []
        pull = own.sandbox.pull(number)
        title, head = own.sql("select title, head_sha from pull_requests where number = %s", number)[0]
        assert (title, head) == (pull["title"], pull["headRefOid"])
        bodies = own.sql(
            "select c.body from comments c join pull_requests p on p.id = c.pull_request_id where p.number = %s"
            " and c.kind = 'conversation' and c.deleted_at is null order by c.github_id",
            number,
        )
        clean = [row["body"].replace("\0", "") for row in pull["conversation"]]
        assert sorted(body for (body,) in bodies) == sorted(clean)


async def test_a_pull_request_deleted_during_the_scan_is_gone_at_once(own: Rig) -> None:
    number = busy(own.sandbox)
    own.sandbox.faults(
        {
            "match": {"operation": "Items", "nth": 1},
            "action": {"kind": "mutate", "changes": [{"do": "delete_pull_request", "number": number}]},
        }
    )
    outcome = await own.sync(concurrency=1)
    assert outcome.status == "completed"
    assert own.stored() == own.sandbox.truth()
    assert own.sql("select count(*) from pull_request_manifest where deleted_at is null") == [
        (own.sandbox.truth()["pull_requests"],)
    ]


async def test_hidden_rows_that_github_counts_but_never_lists_are_never_called_complete(own: Rig) -> None:
    number = busy(own.sandbox, conversation=1)
    own.sandbox.mutate({"do": "hide", "number": number, "list": "conversation", "count": 2})
    outcome = await own.sync()
    assert outcome.status == "completed"
    ((listed, name, expected, captured),) = own.open_lists()
    assert (listed, name, expected - captured) == (number, "conversation_comments", 2)
    assert (await own.job(outcome)).items_incomplete == 1


async def test_ghosts_bots_and_large_ids_survive(own: Rig) -> None:
    number = busy(own.sandbox)
    own.sandbox.mutate({"do": "comment", "number": number})
    await own.sync()
    kinds = {row[0] for row in own.sql("select distinct kind from contributors")}
    assert {"user", "bot", "ghost"} <= kinds
    assert own.sql("select count(*) > 0 from comments where author_key = 'ghost'") == [(True,)]
    assert own.sql("select count(*) > 0 from comments where github_id > 2147483647") == [(True,)]
    assert own.sql("select count(*) from contributors where login like '%%[bot]'") == [(0,)]


async def test_reviews_that_are_pending_stay_invisible_to_an_app_and_break_nothing(own: Rig) -> None:
    number = busy(own.sandbox)
    own.sandbox.mutate({"do": "review", "number": number, "state": "PENDING"})
    await own.sync()
    assert own.stored() == own.sandbox.truth()
    assert own.sql("select count(*) from reviews where state = 'pending'") == [(0,)]
    assert own.open_lists() == []
